"""The networks that the PyTorch code saves in files of their own, and where they are in a state."""

from typing import Literal, NamedTuple

import flax.linen as nn

from gans_jax import Pix2Pix, core
from gans_jax.methods.two_domains import TwoDomains
from gans_jax.networks import TwoGenerators

Part = Literal["a-to-b", "b-to-a", "discriminator-a-to-b", "discriminator-b-to-a"]
PARTS: tuple[Part, ...] = ("a-to-b", "b-to-a", "discriminator-a-to-b", "discriminator-b-to-a")


class Place(NamedTuple):
    """Where the variables of a network are.

    Attributes:
      network: the module.
      player: the name of the player in the state.
      key: the network's part of the player's variables; None if they are all its own.
    """

    network: nn.Module
    player: str
    key: str | None = None


def places(method: core.Method) -> dict[Part, Place]:
    """Returns where each part is in the method's state; {} if the PyTorch code lacks the method."""
    if isinstance(method, Pix2Pix):
        return {
            "a-to-b": Place(method.generator, "generator"),
            "discriminator-a-to-b": Place(method.discriminator, "discriminator"),
        }
    if not isinstance(method, TwoDomains) or not isinstance(method.translator, TwoGenerators):
        return {}
    return {
        "a-to-b": Place(method.translator.generator_ab, "translator", "ab"),
        "b-to-a": Place(method.translator.generator_ba, "translator", "ba"),
        # PyTorch's code names a discriminator after the generator that it opposes, this package
        # after the domain that it judges.
        "discriminator-a-to-b": Place(method.discriminator, "discriminator_b"),
        "discriminator-b-to-a": Place(method.discriminator, "discriminator_a"),
    }
