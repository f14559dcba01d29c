"""A translator that changes an image only where its attention lies."""

import flax.linen as nn
from jax import Array

from gans_jax.core import Direction


class LayeredTranslator(nn.Module):
    """G(x) = A(x) T(x) + (1 - A(x)) x in both directions (Chen et al. 2018, arXiv:1803.06798).

    Attributes:
      translator: the module T with methods `a_to_b(x, train)` and `b_to_a(x, train)`, which return
        images.
      attention: the module A with the same methods, which return maps `[n, h, w, 1]` in [0, 1].
    """

    translator: nn.Module
    attention: nn.Module

    def layers(self, x: Array, direction: Direction, train: bool = False) -> tuple[Array, Array]:
        """Returns translations `[n, h, w, c]` and attention maps `[n, h, w, 1]` of images."""
        translated = getattr(self.translator, direction)(x, train=train)
        attention = getattr(self.attention, direction)(x, train=train)
        return attention * translated + (1 - attention) * x, attention

    def a_to_b(self, x: Array, train: bool = False) -> Array:
        """Translates images of domain a, `[n, h, w, c]`, to domain b."""
        return self.layers(x, "a_to_b", train)[0]

    def b_to_a(self, x: Array, train: bool = False) -> Array:
        """Translates images of domain b, `[n, h, w, c]`, to domain a."""
        return self.layers(x, "b_to_a", train)[0]

    def __call__(self, a: Array, b: Array) -> tuple[Array, Array]:
        """Translates in both directions at once, which creates the parameters of both."""
        return self.a_to_b(a), self.b_to_a(b)
