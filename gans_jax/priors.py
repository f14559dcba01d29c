"""Priors of the noise z: frozen dataclasses that draw `[num, size]` float32 from a key.

Each example has its own key, by its place in the global batch: the first m of n draws are the m
draws of the same key, and no draw depends on the number of devices.
"""

import dataclasses

import jax
from jax import Array

from gans_jax import checks, core


@dataclasses.dataclass(frozen=True)
class Normal:
    """Standard normal noise."""

    size: int = 100

    def __post_init__(self) -> None:
        checks.positive(size=self.size)

    def __call__(self, key: Array, num: int) -> Array:
        keys = core.example_keys(key, num)
        return jax.vmap(lambda key: jax.random.normal(key, (self.size,), "float32"))(keys)


@dataclasses.dataclass(frozen=True)
class Uniform:
    """Uniform noise in [-1, 1) (GAN, DCGAN, BEGAN)."""

    size: int = 100

    def __post_init__(self) -> None:
        checks.positive(size=self.size)

    def __call__(self, key: Array, num: int) -> Array:
        keys = core.example_keys(key, num)
        draw = lambda key: jax.random.uniform(key, (self.size,), "float32", -1, 1)  # noqa: E731
        return jax.vmap(draw)(keys)
