"""Translations in one direction, as the methods with one such network make them."""

from jax import Array

from gans_jax.core import Direction, MethodBase, State, as_float, infer


class OneWay(MethodBase):
    """`translate` from a to b by the player that `sampled` names, without noise."""

    directions = ("a_to_b",)

    def refuse_back(self, direction: str) -> None:
        """Raises ValueError for the direction that the method does not learn."""
        if direction != "a_to_b":
            raise ValueError(
                f"{type(self).__name__} learns a_to_b alone: for the other direction train it "
                "with --data.direction b_to_a"
            )

    def translate(
        self,
        state: State,
        images: Array,
        direction: Direction = "a_to_b",
        key: Array | None = None,
        deterministic: bool = False,
    ) -> Array:
        """Returns images b made from images a, `[n, h, w, c]`, with running statistics.

        Raises:
          ValueError: for the direction `b_to_a`.
        """
        del key, deterministic
        self.refuse_back(direction)
        (player,) = self.sampled
        return infer(getattr(self, player), getattr(state, player), as_float(images))
