"""Examples from noise, as every method with a generator makes them."""

from typing import Any

from jax import Array

from gans_jax.core import apply


class Generative:
    """`generate` and `sample` by the fields `prior` and `generator`, and the player of its name."""

    def generate(self, state: Any, z: Array) -> Array:
        """Images from noise, `[n, size] -> [n, ...]`, with the generator's running statistics."""
        return apply(self.generator, state.generator, z)[0]

    def sample(self, state: Any, key: Array, num: int) -> Array:
        """`num` examples; the first m of them are those of `sample(state, key, m)`."""
        return self.generate(state, self.prior(key, num))
