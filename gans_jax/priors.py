"""Priors of the noise z: frozen dataclasses that draw `[num, size]` float32 from a key.

Each example has its own key, by its place in the global batch: the first m of n draws are the m
draws of the same key, and no draw depends on the number of devices.

A prior with `components` also draws from the component of each label: `given(key, labels)`, with
labels `[num]` in 0, ..., components - 1.
"""

import dataclasses
import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array

from gans_jax.core import checks, example_keys


@dataclasses.dataclass(frozen=True)
class Normal:
    """Normal noise of mean 0; adversarial autoencoders have the standard deviation 5.

    Attributes:
      size: how many numbers a draw has.
      std: the standard deviation of each.
    """

    size: int = 100
    std: float = dataclasses.field(default=1.0, metadata={"later": True})

    def __post_init__(self) -> None:
        checks.positive(size=self.size, std=self.std)

    def __call__(self, key: Array, num: int) -> Array:
        return self.std * _normal(key, num, self.size)


@dataclasses.dataclass(frozen=True)
class Uniform:
    """Uniform noise in [-1, 1) (GAN, DCGAN, BEGAN).

    Attributes:
      size: how many numbers a draw has.
    """

    size: int = 100

    def __post_init__(self) -> None:
        checks.positive(size=self.size)

    def __call__(self, key: Array, num: int) -> Array:
        return _draw(lambda key: jax.random.uniform(key, (self.size,), "float32", -1, 1), key, num)


@dataclasses.dataclass(frozen=True)
class GaussianMixture:
    """Equally likely Gaussians in a plane, on a circle, each longer along its radius than across.

    The figure 4 of adversarial autoencoders (Makhzani et al. 2015) shows it without stating sizes;
    with these, neighbours are seven standard deviations apart. `std` is (along, across).

    Attributes:
      components: how many Gaussians there are.
      radius: of the circle on which their means lie.
      std: the standard deviations along the radius and across it.
    """

    components: int = 10
    radius: float = 3.0
    std: tuple[float, float] = (0.6, 0.25)

    def __post_init__(self) -> None:
        checks.positive(components=self.components, radius=self.radius)

    def __call__(self, key: Array, num: int) -> Array:
        component_key, key = jax.random.split(key)
        return self.given(key, _components(component_key, num, self.components))

    def given(self, key: Array, labels: Array) -> Array:
        """Draws each point from the Gaussian of its label, `[num] -> [num, 2]`."""
        noise = _normal(key, labels.shape[0], 2) * jnp.array(self.std, "float32")
        along, across = self.radius + noise[:, 0], noise[:, 1]
        angle = labels.astype("float32") * (2 * math.pi / self.components)
        cos, sin = jnp.cos(angle), jnp.sin(angle)
        return jnp.stack((along * cos - across * sin, along * sin + across * cos), axis=1)


@dataclasses.dataclass(frozen=True)
class SwissRoll:
    """A spiral in a plane, about as dense everywhere, cut into one piece per component.

    Pieces follow each other from the centre outwards. As for `GaussianMixture`, the paper states no
    sizes. `std` is the standard deviation of the normal noise around the spiral.

    Attributes:
      components: how many pieces the spiral is cut into.
      radius: of its outer end.
      turns: how often it turns around its centre.
      std: the standard deviation of the noise around it.
    """

    components: int = 10
    radius: float = 3.0
    turns: float = 2.0
    std: float = 0.05

    def __post_init__(self) -> None:
        checks.positive(components=self.components, radius=self.radius, turns=self.turns)

    def __call__(self, key: Array, num: int) -> Array:
        component_key, key = jax.random.split(key)
        return self.given(key, _components(component_key, num, self.components))

    def given(self, key: Array, labels: Array) -> Array:
        """Draws each point from the piece of its label, `[num] -> [num, 2]`."""
        place_key, key = jax.random.split(key)
        within = _draw(
            lambda key: jax.random.uniform(key, dtype="float32"), place_key, labels.shape[0]
        )
        # The length of a spiral grows with the square of its angle.
        place = jnp.sqrt((labels.astype("float32") + within) / self.components)
        angle = 2 * math.pi * self.turns * place
        spiral = self.radius * place[:, None] * jnp.stack((jnp.cos(angle), jnp.sin(angle)), axis=1)
        return spiral + self.std * _normal(key, labels.shape[0], 2)


def _draw(one: Callable[[Array], Array], key: Array, num: int) -> Array:
    """Draws `num` examples, each with its own key."""
    draws: Array = jax.vmap(one)(example_keys(key, num))
    return draws


def _normal(key: Array, num: int, size: int) -> Array:
    return _draw(lambda key: jax.random.normal(key, (size,), "float32"), key, num)


def _components(key: Array, num: int, components: int) -> Array:
    return _draw(lambda key: jax.random.randint(key, (), 0, components), key, num)
