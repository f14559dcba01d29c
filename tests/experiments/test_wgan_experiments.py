"""What the programs on clipping, on a critic's loss and on batch norm compute."""

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from experiments.tables import stability_without_batch_norm as stability
from experiments.tables import wgan_clip_sensitivity as sensitivity
from experiments.tables import wgan_loss_correlates as correlates
from gans_jax import core
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator
from tests.support import tiny

PNG = b"\x89PNG"


def test_gradient_norms_are_those_of_the_inputs_of_every_layer():
    critic = MLPDiscriminator(features=(3,) * 11, activation="leaky_relu")
    real, fake = jax.random.normal(jax.random.key(0), (2, 6, 2))
    create = tiny.jit(lambda key: core.create(critic, optax.identity(), key, real))
    player = create(jax.random.key(1))
    found = sensitivity.gradient_norms(critic, player, real, fake)
    assert found.shape == (12,)

    def loss(real, fake):
        on_real, on_fake = (core.apply(critic, player, x)[0].mean() for x in (real, fake))
        return on_fake - on_real

    gradients = tiny.jit(jax.grad(loss, (0, 1)))(real, fake)
    np.testing.assert_allclose(found[0], jnp.linalg.norm(jnp.stack(gradients)), rtol=1e-5)
    last = player.params["Dense_11"]["kernel"]  # the gradient of every example is it over 6
    np.testing.assert_allclose(found[-1], np.sqrt(12) / 6 * jnp.linalg.norm(last), rtol=1e-5)


def test_kernels_are_all_weights_but_the_biases():
    params = {"a": {"kernel": np.ones((2, 3)), "bias": np.zeros(3)}, "b": {"kernel": np.ones(4)}}
    np.testing.assert_array_equal(sensitivity.kernels(core.Player(params, {}, ())), np.ones(10))


def test_an_estimate_is_the_mean_since_the_evaluation_before():
    values = [(1, 5.0, None), (2, 3.0, 9.0), (3, 2.0, None), (4, 1.0, 7.0), (5, 8.0, None)]
    lines = [{"step": t, "w": w} | ({"FD-digits": f} if f else {}) for t, w, f in values]
    assert correlates.pairs(lines, "w") == [(2, 4.0, 9.0), (4, 1.5, 7.0)]


def test_what_trains_is_near_and_has_all_classes():
    every, one = np.arange(200) % 10, np.full(200, 3)
    assert stability.class_entropy(every) == pytest.approx(np.log(10))
    assert stability.class_entropy(one) == 0
    near, far = 0.99 * stability.THRESHOLD, 1.01 * stability.THRESHOLD
    assert stability.trains(near, stability.class_entropy(every))
    assert not stability.trains(far, stability.class_entropy(every))
    assert not stability.trains(near, stability.class_entropy(one))


def test_settings_differ_in_what_their_names_say():
    found = stability.methods()
    norms = {name: method.generator.norm for name, method in found.items()}
    assert norms == {
        "GAN with batch norm": "batch",
        "GAN without batch norm": "none",
        "WGAN with batch norm": "batch",
        "WGAN without batch norm": "none",
    }
    found = correlates.methods()
    kinds = {name: (type(m).__name__, type(m.generator)) for name, m in found.items()}
    assert kinds == {
        "WGAN MLP": ("WGAN", MLPGenerator),
        "WGAN DCGAN": ("WGAN", DCGANGenerator),
        "GAN MLP": ("GAN", MLPGenerator),
        "GAN DCGAN": ("GAN", DCGANGenerator),
    }


@pytest.mark.slow
def test_clip_sensitivity_is_drawn(monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(sensitivity, "UPDATES", (1, 2))
    sensitivity.main(tmp_path / "picture.png", iterations=2)
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)
    printed = capsys.readouterr().out
    assert "c = 0.001 | " in printed
    assert "Adam | 2 | " in printed


@pytest.mark.slow
def test_correlations_are_drawn_and_runs_are_taken_as_they_are(monkeypatch, tmp_path, capsys):
    generators = {"MLP": MLPGenerator(features=(4,)), "DCGAN": DCGANGenerator(28, 1, 2)}
    monkeypatch.setattr(correlates, "GENERATORS", generators)
    monkeypatch.setattr(correlates, "CRITIC", DCGANDiscriminator(2))
    monkeypatch.setattr(correlates, "NUM", 100)
    arguments = tmp_path / "picture.png", tmp_path / "runs"
    correlates.main(*arguments, iterations=2)
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)
    printed = capsys.readouterr().out
    assert "GAN DCGAN: rank correlation" in printed
    correlates.main(*arguments, iterations=2)
    assert capsys.readouterr().out == printed


@pytest.mark.slow
def test_stability_is_drawn_and_runs_are_taken_as_they_are(monkeypatch, tmp_path, capsys):
    for name, value in {"SEEDS": 2, "FEATURES": 2, "NUM": 100, "SHOWN": 3}.items():
        monkeypatch.setattr(stability, name, value)
    arguments = tmp_path / "picture.png", tmp_path / "runs"
    stability.main(*arguments, updates=5)
    assert (tmp_path / "picture.png").read_bytes().startswith(PNG)
    printed = [line for line in capsys.readouterr().out.splitlines() if "FD-digits" in line]
    assert len(printed) == 1 + 4 * 2
    stability.main(*arguments, updates=5)
    again = [line for line in capsys.readouterr().out.splitlines() if "FD-digits" in line]
    assert again == printed
