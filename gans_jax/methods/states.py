"""The states of algorithms with two players."""

from typing import NamedTuple

from jax import Array

from gans_jax.core import Player


class GANState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32) and the two players."""

    step: Array
    generator: Player
    discriminator: Player


class WGANState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32) and the two players."""

    step: Array
    generator: Player
    critic: Player
