"""Fixtures of tests that evaluate: a run on digits, folders of images."""

import numpy as np
import pytest

import gans_jax
from gans_jax import data, networks, priors
from gans_jax.training import Experiment, train


@pytest.fixture(scope="session")
def digits():
    """Makes an experiment on digits whose iterations take a millisecond."""

    def make(**changes):
        settings = {
            "method": gans_jax.GAN(
                networks.MLPGenerator((28, 28, 1), (8,)),
                networks.MLPDiscriminator((8,)),
                priors.Normal(4),
            ),
            "data": data.Digits(),
            "iterations": 6,
            "batch_size": 16,
            "ema": 0.5,
            "samples": 4,
        }
        return Experiment(**settings | changes)

    return make


@pytest.fixture(scope="session")
def run(digits, tmp_path_factory):
    """The folder of a complete run on digits, with an average."""
    workdir = tmp_path_factory.mktemp("runs") / "digits"
    train(digits(), workdir, progress=False)
    return workdir


@pytest.fixture
def write(tmp_path):
    """Writes images into a folder, by default 12 coloured ones of 16 pixels."""
    from PIL import Image

    def write(name, shape=(12, 16, 16, 3), suffix="png", seed=0):
        folder = tmp_path / name
        folder.mkdir(parents=True, exist_ok=True)
        images = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
        for index, image in enumerate(images):
            pixels = image[..., 0] if shape[-1] == 1 else image
            Image.fromarray(pixels).save(folder / f"{index}.{suffix}")
        return folder

    return write
