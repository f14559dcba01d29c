"""Biases that start a generator at the mean image."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import data
from gans_jax.data.source import InMemory
from gans_jax.networks import ALIGenerator


@dataclasses.dataclass(frozen=True, eq=False)
class Images(InMemory):
    images: np.ndarray

    @property
    def arrays(self):
        return {"image": self.images}


LEVELS = np.random.default_rng(0).integers(0, 256, (5, 32, 32, 1), np.uint8)


def test_log_odds_of_whole_numbers_and_floats():
    mean = LEVELS.mean(axis=0) / 255
    of = lambda images: data.LogOdds(Images(images))(jax.random.key(0), (32, 32, 1))
    np.testing.assert_allclose(of(LEVELS), np.log(mean / (1 - mean)), rtol=1e-4, atol=1e-5)
    floats = np.float32(LEVELS / 127.5 - 1)
    np.testing.assert_allclose(of(floats), of(LEVELS), rtol=1e-4, atol=1e-4)
    black = of(np.zeros_like(LEVELS))
    np.testing.assert_allclose(black, np.log(1e-7), rtol=1e-5)


def test_alis_generator_starts_at_the_mean_image():
    network = ALIGenerator(1, 2, bias_init=data.LogOdds(Images(LEVELS)))
    z = jnp.zeros((1, 4))
    variables = jax.jit(network.init)(jax.random.key(0), z)
    made = jax.jit(network.apply)(variables, z)
    np.testing.assert_allclose(made[0], LEVELS.mean(axis=0) / 127.5 - 1, atol=0.05)


def test_images_of_another_shape_are_refused():
    with pytest.raises(data.DataError, match=r"images of \(28, 28, 1\) do not fit a bias of"):
        data.LogOdds(data.Digits())(jax.random.key(0), (32, 32, 1))
