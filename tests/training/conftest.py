import pytest

import gans_jax
from gans_jax import data, networks, priors
from gans_jax.training import Experiment, train


@pytest.fixture(scope="session")
def tiny():
    """Makes an experiment on the ring whose iterations take a millisecond."""

    def make(method=(), **changes):
        fields = {
            "generator": networks.MLPGenerator((2,), (8,), output="linear"),
            "discriminator": networks.MLPDiscriminator((8,)),
            "prior": priors.Normal(4),
        }
        settings = {
            "method": gans_jax.GAN(**fields | dict(method)),
            "data": data.GaussianRing(num=200),
            "iterations": 12,
            "batch_size": 16,
            "log_every": 5,
            "sample_every": 8,
            "checkpoint_every": 4,
            "keep": 2,
            "samples": 9,
        }
        return Experiment(**settings | changes)

    return make


@pytest.fixture(scope="session")
def finished(tiny, tmp_path_factory):
    """A complete run: its folder, its experiment and the state that `train` returned."""
    workdir, experiment = tmp_path_factory.mktemp("runs") / "ring", tiny()
    return workdir, experiment, train(experiment, workdir, progress=False)
