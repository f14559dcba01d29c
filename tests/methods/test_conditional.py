"""What conditional methods state beyond the conformance suite."""

import dataclasses
import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gans_jax import GAN, WGAN, WGANGP, CoulombGAN, core, losses, penalties, pictures, priors
from gans_jax.networks import (
    AuxiliaryClassifier,
    ConditionalBatchNorm,
    LabelInput,
    MLPDiscriminator,
    MLPGenerator,
    ProjectionDiscriminator,
)
from gans_jax.wrappers import seeds, with_ema
from tests.support import tiny

KEY = jax.random.key(0)
NETWORKS = (
    LabelInput(MLPGenerator((2,), (8,), output="linear"), 3),
    LabelInput(MLPDiscriminator((8,)), 3),
)
BATCH = {"image": np.ones((2, 4, 2), "f4"), "label": np.int32([[0, 0, 0, 0], [1, 1, 2, 1]])}
METHOD = GAN(*NETWORKS, priors.Normal(2), k=2, optimizer=optax.sgd, learning_rate=0.1)


class Moved(nn.Module):
    """G(z, y) = z + y."""

    classes: int = 4

    @nn.compact
    def __call__(self, z, label):
        return z + self.param("unit", nn.initializers.ones, ()) * label[:, None]


class Scaled(nn.Module):
    """D(x, y) = (y + 1) x, and a cross entropy of 10 y if it classifies."""

    classes: int = 4
    classifies: bool = False

    @nn.compact
    def __call__(self, x, label):
        logits = self.param("unit", nn.initializers.ones, ()) * (label + 1) * x[:, 0]
        return core.Classified(logits, 10.0 * label) if self.classifies else logits


REAL, Z, LABEL = jnp.array([[1.0], [2.0]]), jnp.array([[0.5], [-1.0]]), jnp.array([0, 3])
ON_REAL, ON_FAKE, PENALTY, ENTROPY = (1 + 8) / 2, (0.5 + 8) / 2, (0 + 9) / 2, 15


@pytest.mark.parametrize("classifies", [False, True])
@pytest.mark.parametrize("method", [GAN, WGAN, WGANGP])
def test_each_example_is_judged_by_its_label(method, classifies):
    """The numbers are by hand; a slope is y + 1, so that the penalty is the mean of y^2."""
    given = {"prior": priors.Normal(1)}
    if method is not WGAN:
        given["penalty"] = penalties.GradientPenalty(1.0)
    loss = {"loss": losses.Wasserstein()} if method is GAN else {}
    method = method(Moved(), Scaled(classifies=classifies), **given, **loss)
    state = method.init(KEY, {"image": REAL[None], "label": LABEL[None]})
    opponent = "discriminator" if isinstance(method, GAN) else "critic"
    players, given = (state[2], state.generator), {"key": KEY, "condition": (LABEL,)}
    value, _ = getattr(method, f"{opponent}_loss")(*players, REAL, Z, **given)
    penalty = PENALTY * (not isinstance(method, WGAN))
    np.testing.assert_allclose(value, ON_FAKE - ON_REAL + penalty + 2 * ENTROPY * classifies)
    value, _ = method.generator_loss(*players[::-1], Z, **given)
    np.testing.assert_allclose(value, -ON_FAKE + ENTROPY * classifies)


def test_the_generator_has_the_labels_of_the_last_minibatch():
    before = METHOD.init(KEY, BATCH)
    after, _ = tiny.jit(METHOD.step)(before, BATCH, KEY)
    changed = [
        np.any(new.params["Embed_0"]["embedding"] != old.params["Embed_0"]["embedding"], axis=1)
        for new, old in zip(after[1:], before[1:], strict=True)
    ]
    np.testing.assert_array_equal(changed, [[False, True, True], [True, True, True]])


def test_samples_have_the_labels_that_are_asked_for():
    state = METHOD.init(KEY, BATCH)
    _, label = METHOD.draw(KEY, 300)
    assert set(label.tolist()) == {0, 1, 2}
    assert np.bincount(label).min() > 70
    for method, own in (
        (METHOD, state),
        (with_ema(METHOD, 0.9), with_ema(METHOD, 0.9).init(KEY, BATCH)),
    ):
        assert method.classes == 3
        given = method.sample(own, KEY, 300, label)
        np.testing.assert_array_equal(given, method.sample(own, KEY, 300))
        np.testing.assert_allclose(method.sample(own, KEY, 5), given[:5], rtol=1e-5)
        same = method.sample(own, KEY, 300, label=1)
        np.testing.assert_allclose(given[label == 1], same[label == 1], rtol=1e-5)
        assert not np.any(np.isclose(given[label == 2], same[label == 2], rtol=1e-5))
    stacked = jax.tree.map(lambda leaf: leaf[None], state)
    np.testing.assert_allclose(seeds(METHOD, 1).sample(stacked, KEY[None], 3, 1)[0], same[:3], 1e-5)


def test_pictures_have_a_class_a_column():
    labels, columns = pictures.label_columns(METHOD, 7)
    assert (labels.tolist(), columns) == ([0, 1, 2, 0, 1, 2, 0], 3)
    labels, columns = pictures.label_columns(METHOD, 4, [2, 0])
    assert (labels.tolist(), columns) == ([2, 0, 2, 0], 2)
    assert pictures.label_columns(METHOD, 2)[1] == 2
    state = METHOD.init(KEY, BATCH)
    rows = pictures.between(METHOD, state, KEY, 2, 3)
    z, label = METHOD.draw(KEY, 4)
    np.testing.assert_allclose(rows[3], METHOD.generate(state, z, label)[1], rtol=1e-5)
    np.testing.assert_allclose(
        rows[5], METHOD.generate(state, z, label[np.array([0, 1, 0, 1])])[3], rtol=1e-5
    )


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"label": None}, "the batch has no `label`, which LabelInput takes: use data with labels"),
        ({"label": BATCH["label"][:, :3]}, r"labels of shape \(2, 3\) do not fit images of shape"),
        ({"label": BATCH["label"][0]}, r"labels of shape \(4,\) do not fit images"),
        ({"label": np.float32(BATCH["label"])}, "labels are of type float32: give integers from 0"),
        ({"label": BATCH["label"] + 1}, "the label 3 is not one of 3 classes, 0 to 2: number"),
        ({"label": BATCH["label"] - 1}, "the label -1 is not one of 3 classes"),
    ],
)
def test_labels_that_do_not_fit_are_refused(changes, words):
    batch = {name: value for name, value in (BATCH | changes).items() if value is not None}
    with pytest.raises(ValueError, match=words):
        METHOD.init(KEY, batch)
    if "not one of" not in words:  # of traced labels only shapes and types are known
        state = jax.eval_shape(METHOD.init, KEY, BATCH)
        with pytest.raises(ValueError, match=words):
            jax.eval_shape(METHOD.step, state, batch, KEY)


class Last(nn.Module):
    """Its label is in the wrong place."""

    classes: int = 3

    def __call__(self, x, train, label):
        return x


class Countless(nn.Module):
    def __call__(self, x, label):
        return x


@pytest.mark.parametrize(
    ("networks", "words"),
    [
        (
            {"discriminator": MLPDiscriminator()},
            "LabelInput takes labels and MLPDiscriminator does not: a conditional method needs two",
        ),
        ({"generator": MLPGenerator((2,))}, "LabelInput takes labels and MLPGenerator does not"),
        (
            {"discriminator": LabelInput(MLPDiscriminator(), 4)},
            "LabelInput has 3 classes and LabelInput 4: give both the number of classes",
        ),
        (
            {"generator": Last()},
            r"Last takes its label in another place .* __call__\(self, x, label",
        ),
        (
            {"generator": Countless()},
            "Countless takes a label but does not say of how many classes",
        ),
        (
            {"generator": ConditionalBatchNorm(MLPGenerator((2,)), 3)},
            "MLPGenerator has no batch norm that could depend on the label: give it batch norm",
        ),
    ],
)
def test_networks_that_do_not_fit_are_refused(networks, words):
    with pytest.raises(ValueError, match=words):
        dataclasses.replace(METHOD, **networks).init(KEY, BATCH)


def test_labels_where_there_are_none_are_refused():
    state, plain = METHOD.init(KEY, BATCH), GAN(MLPGenerator((2,)), MLPDiscriminator())
    for sample, words in (
        (functools.partial(METHOD.sample, label=3), "the label 3 is not one of 3 classes"),
        (functools.partial(METHOD.sample, label=[0, 1]), r"labels of shape \(2,\) for 4 examples"),
        (
            functools.partial(plain.sample, label=1),
            "makes examples without labels: leave the label",
        ),
    ):
        with pytest.raises(ValueError, match=words):
            sample(state, KEY, 4)
    with pytest.raises(ValueError, match="LabelInput takes labels: give one for each row of z"):
        METHOD.generate(state, jnp.ones((4, 2)))
    with pytest.raises(ValueError, match="MLPGenerator takes no labels: give it z alone"):
        plain.generate(state, jnp.ones((4, 2)), jnp.zeros(4, "i4"))
    coulomb = CoulombGAN(NETWORKS[0], MLPDiscriminator())
    with pytest.raises(ValueError, match="LabelInput takes labels, which this method does not"):
        coulomb.init(KEY, {"image": BATCH["image"][0]})


def test_a_projection_by_hand():
    """With the code x: psi is (1, 2) x + 0.5, and the class 1 has the direction (10, 0)."""
    network = ProjectionDiscriminator(MLPGenerator((2,), (), output="linear"), 2)
    params = {
        "encoder": {"Dense_0": {"kernel": jnp.eye(2), "bias": jnp.zeros(2)}},
        "Dense_0": {"kernel": jnp.array([[1.0], [2.0]]), "bias": jnp.array([0.5])},
        "Embed_0": {"embedding": jnp.array([[0.0, 0.0], [10.0, 0.0]])},
    }
    logits = network.apply(
        {"params": params}, jnp.array([[3.0, 1.0], [3.0, 1.0]]), jnp.array([0, 1])
    )
    np.testing.assert_allclose(logits, [5.5, 35.5], rtol=1e-6)


def test_an_auxiliary_classifier_by_hand():
    network = AuxiliaryClassifier(MLPGenerator((2,), (), output="linear"), 2)
    params = {
        "encoder": {"Dense_0": {"kernel": jnp.eye(2), "bias": jnp.zeros(2)}},
        "Dense_0": {"kernel": jnp.eye(2), "bias": jnp.zeros(2)},
        "Dense_1": {"kernel": jnp.array([[1.0], [1.0]]), "bias": jnp.zeros(1)},
    }
    x = jnp.array([[3.0, 1.0], [3.0, 1.0]])
    logits, entropy = network.apply({"params": params}, x, jnp.array([0, 1]))
    np.testing.assert_allclose(logits, [4, 4], rtol=1e-6)
    np.testing.assert_allclose(entropy, np.log1p(np.exp([-2.0, 2.0])), rtol=1e-6)


class Normed(nn.Module):
    @nn.compact
    def __call__(self, x, train=False):
        return nn.BatchNorm(use_running_average=not train)(nn.BatchNorm(not train)(x))


def test_a_conditional_batch_norm_changes_scale_and_offset_of_each_layer_by_class():
    network = ConditionalBatchNorm(Normed(), 2)
    x, label = jnp.array([[2.0], [2.0]]), jnp.array([0, 1])
    variables = network.init(KEY, x, label)
    embed = lambda value: {"embedding": jnp.array([[0.0], [value]])}
    changes = {"scale_0": 1.0, "offset_0": 0.5, "scale_1": -0.5, "offset_1": 3.0}
    changes = {name: embed(value) for name, value in changes.items()}
    y = network.apply({**variables, "params": variables["params"] | changes}, x, label)
    np.testing.assert_allclose(y, [[2], [(2 * 2 + 0.5) / 2 + 3]], rtol=1e-4)
