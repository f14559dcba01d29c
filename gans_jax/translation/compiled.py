"""The compiled functions of a method that makes images from images."""

import dataclasses
import functools
from collections.abc import Callable, Mapping

import chex
import flax.errors
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from gans_jax import core
from gans_jax.core import Direction, State

OTHER: dict[Direction, Direction] = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}
MULTIPLES = tuple(2**i for i in range(11))
UNFIT = (ValueError, TypeError, ZeroDivisionError, flax.errors.FlaxError)

Size = tuple[int, int]


class UnfitError(ValueError):
    """The network does not take images of this size."""


@dataclasses.dataclass(frozen=True)
class CompiledTranslator:
    """A method that translates, compiled for each shape of images that it meets."""

    method: core.Translator

    def translate(
        self, state: State, images: chex.Array, direction: Direction, keys: Array | None
    ) -> Array:
        """Translates images, each as if it were alone.

        They are translated together, unless each has noise of its own or the method
        `translates_by_batch`, since the translation of an image must not depend on the images
        beside it.

        Args:
          state: the state of the method.
          images: `[n, h, w, c]`, uint8 or float in [-1, 1].
          direction: `a_to_b` or `b_to_a`.
          keys: a key for the noise of each image, `[n]`, or None for no noise.

        Returns:
          The translations `[n, h, w, c]` in [-1, 1].
        """
        keys = keys if self.method.translates_with_noise else None
        if keys is None and not self.method.translates_by_batch:
            return self._translate(state, images, direction, None, True)
        made = []
        for i in range(len(images)):
            key = None if keys is None else keys[i]
            made.append(self._translate(state, images[i : i + 1], direction, key, key is None))
        return jnp.concatenate(made)

    @functools.cached_property
    def _translate(self) -> Callable[[State, chex.Array, Direction, Array | None, bool], Array]:
        return jax.jit(self.method.translate, static_argnums=(2, 4))

    @functools.cached_property
    def _attention(self) -> Callable[[State, chex.Array, Direction], Array | None]:
        return jax.jit(self.method.attention, static_argnums=2)

    def columns(
        self,
        state: State,
        images: chex.Array,
        made: Array,
        direction: Direction,
        keys: Array | None,
    ) -> dict[str, Array]:
        """Returns the columns of a sheet by their names, all `[n, h, w, c]` in [-1, 1].

        They are the images and their translations `made`. If the method has the other direction, a
        column shows the images translated back; if it has attention, another shows that.
        """
        source, target = direction.split("_to_")
        images = core.as_float(images)
        found = {source: images, f"{source} to {target}": made}
        if OTHER[direction] in self.method.directions:
            found[f"back to {source}"] = self.translate(state, made, OTHER[direction], keys)
        attention = self._attention(state, images, direction)
        if attention is not None:
            found[f"attention on {source}"] = 2 * attention - 1
        return found

    def row(self, state: State, example: Mapping[str, np.ndarray], key: Array) -> dict[str, Array]:
        """Returns the row of a sheet for an example: both images, and the columns of them.

        Args:
          state: the state of the method.
          example: images `a` and `b`, `[h, w, c]`, uint8 or float in [-1, 1].
          key: the key of the noise.
        """
        shown: dict[str, Array] = {}
        for direction in self.method.directions:
            images = core.as_float(example[direction[0]])[None]
            made = self.translate(state, images, direction, key[None])
            columns = self.columns(state, images, made, direction, key[None])
            shown |= {name: values[0] for name, values in columns.items()}
        others = [name for name in ("a", "b") if name not in shown]
        return shown | {name: core.as_float(example[name]) for name in others}

    def padded(self, state: State, size: Size, channels: int, direction: Direction) -> Size:
        """Finds the least height and width from `size` on which a translation keeps.

        Both are multiples of one power of two up to 1024.

        Raises:
          UnfitError: if no such size fits the network, with the network's reason.
        """
        translate = functools.partial(
            self.method.translate, direction=direction, deterministic=True
        )
        rounded = [tuple(-(-side // m) * m for side in size) for m in MULTIPLES]
        reasons = []
        for height, width in dict.fromkeys(rounded):
            images = jax.ShapeDtypeStruct((1, height, width, channels), jnp.float32)
            try:
                made = jax.eval_shape(translate, state, images).shape[1:3]
            except UNFIT as error:
                reasons.append(str(error).split("\n")[0])
                continue
            if made == (height, width):
                return height, width
            reasons.append(f"images of {height}x{width} become {made[0]}x{made[1]}")
        raise UnfitError(f"images of {size[0]}x{size[1]} pixels cannot be used ({reasons[0]})")
