"""A loss by its name on the command line."""

import pytest

from gans_jax import GAN, data, losses, networks, priors
from gans_jax.cli import override
from gans_jax.runs import ConfigError, Experiment

EXPERIMENT = Experiment(
    GAN(networks.MLPGenerator((2,)), networks.MLPDiscriminator(), priors.Normal(2)),
    data.GaussianRing(num=100),
    iterations=4,
)


@pytest.mark.parametrize(
    ("words", "loss"),
    [
        (["--method.loss", "hinge"], losses.Hinge()),
        (["--method.loss=Least_Squares"], losses.LeastSquares()),
        (
            ["--method.loss", "least-squares", "--method.loss.a", "-1"],
            losses.LeastSquares(a=-1),
        ),
        ([], losses.NonSaturating()),
    ],
)
def test_a_loss_is_taken_by_its_name(words, loss):
    changed = override(EXPERIMENT, [*words, "--iterations", "8"], "train")
    assert (changed.method.loss, changed.iterations) == (loss, 8)


@pytest.mark.parametrize(
    ("name", "words"),
    [("hing", "'hing': did you mean hinge"), ("foo", "'foo': take minimax, non-saturating")],
)
def test_an_unknown_loss_is_refused_with_the_known_ones(name, words):
    with pytest.raises(ConfigError, match=f"--method.loss cannot be {words}"):
        override(EXPERIMENT, ["--method.loss", name], "train")
