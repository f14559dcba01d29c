"""What the loop and the commands ask of a method that makes images from images."""

import dataclasses
import functools
from collections.abc import Mapping
from typing import Any

import flax.errors
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from gans_jax import core

OTHER = {"a_to_b": "b_to_a", "b_to_a": "a_to_b"}
MULTIPLES = tuple(2**i for i in range(11))
UNFIT = (ValueError, TypeError, ZeroDivisionError, flax.errors.FlaxError)

Size = tuple[int, int]


class UnfitError(ValueError):
    """Images that a network does not take."""


def draws_translations(method: Any) -> bool:
    """Whether the pictures of a run are of what the method makes from images, not from noise."""
    return core.is_translator(method) and not core.is_sampler(method)


@dataclasses.dataclass(frozen=True)
class Translator:
    """The compiled functions of a method, for images of any shape that its networks take.

    A method lists in a class variable `directions` those of its `translate`, or it is `a_to_b`.
    """

    method: Any

    @property
    def directions(self) -> tuple[str, ...]:
        return self.method.directions

    def translate(
        self, state: Any, images: Array, direction: str, keys: Array | None = None
    ) -> Array:
        """Translations `[n, h, w, c]` of images, each as if it were alone, with its key or none.

        They go together, unless they have keys, or the method translates with the statistics of the
        batch (`test_batch_statistics`): what an image becomes is not to depend on its neighbours.
        """
        if keys is None and not self.method.translates_by_batch:
            return self._translate(state, images, direction, None)
        each = enumerate([None] * len(images) if keys is None else keys)
        made = [self._translate(state, images[i : i + 1], direction, key) for i, key in each]
        return jnp.concatenate(made)

    @functools.cached_property
    def _translate(self) -> Any:
        return jax.jit(self.method.translate, static_argnums=2)

    @functools.cached_property
    def _attention(self) -> Any:
        return jax.jit(self.method.attention, static_argnums=2)

    def columns(
        self, state: Any, images: Array, made: Array, direction: str, keys: Array | None
    ) -> dict[str, Array]:
        """What a sheet shows of images and their translations, by name, in [-1, 1].

        Beside both that is the translation back, where the method has the other direction, and the
        attention, where it has one.
        """
        source, target = direction.split("_to_")
        images = core.as_float(images)
        found = {source: images, f"{source} to {target}": made}
        if OTHER[direction] in self.directions:
            found[f"back to {source}"] = self.translate(state, made, OTHER[direction], keys)
        attention = self._attention(state, images, direction)
        if attention is not None:
            found[f"attention on {source}"] = 2 * attention - 1
        return found

    def row(self, state: Any, example: Mapping[str, np.ndarray], key: Array) -> dict[str, Array]:
        """What a sheet shows of an example: the columns of all directions, and both images."""
        shown = {}
        for direction in self.directions:
            images = core.as_float(example[direction[0]])[None]
            made = self.translate(state, images, direction, key[None])
            columns = self.columns(state, images, made, direction, key[None])
            shown |= {name: values[0] for name, values in columns.items()}
        return shown | {name: core.as_float(example[name]) for name in "ab" if name not in shown}

    def padded(self, state: Any, size: Size, channels: int, direction: str) -> Size:
        """The least height and width from `size` on for which translations have the same.

        Both are multiples of one power of two up to 1024. UnfitError with the reason if none fits.
        """
        tried, reasons = set(), []
        for multiple in MULTIPLES:
            height, width = larger = tuple(-(-side // multiple) * multiple for side in size)
            if larger in tried:
                continue
            tried.add(larger)
            images = jax.ShapeDtypeStruct((1, *larger, channels), jnp.float32)
            run = functools.partial(self.method.translate, direction=direction)
            try:
                made = jax.eval_shape(run, state, images).shape[1:3]
            except UNFIT as error:
                reasons.append(str(error).split("\n")[0])
                continue
            if made == larger:
                return larger
            reasons.append(f"those of {height}x{width} become {made[0]}x{made[1]}")
        raise UnfitError(f"images of {size[0]}x{size[1]} pixels cannot be used ({reasons[0]})")
