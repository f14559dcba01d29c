"""TPU chips, the slices that one can rent, and the least time that work takes on them."""

import dataclasses
import math
from collections.abc import Iterable

# "A note on ICI latency" in https://jax-ml.github.io/scaling-book/sharding: about 1 us per hop.
HOP_SECONDS = 1e-6

_FLAT = ("1x1", "2x2", "2x4", "4x4", "4x8", "8x8", "8x16", "16x16")
_CUBIC = ("2x2x1", "2x2x2", "2x2x4", "2x4x4", "4x4x4", "4x4x8", "4x8x8", "8x8x8", "8x8x16")


class PlanError(ValueError):
    """A plan cannot be made; the message names the reason and the remedy."""


@dataclasses.dataclass(frozen=True)
class Chip:
    """The peak rates of a chip, as its maker publishes them.

    Attributes:
      flops: operations of the matrix units per second, in bfloat16. By default, JAX multiplies
        float32 on TPU in one pass of bfloat16, so that this is the peak for both. With
        `jax_default_matmul_precision` "highest" it takes six passes
        (https://docs.jax.dev/en/latest/jax.lax.html#jax.lax.Precision).
      memory: bytes of HBM.
      memory_bandwidth: bytes of HBM per second.
      interconnect: bytes that a chip sends per second over all its links, half of the published
        bidirectional bandwidth.
      slices: the shapes of slices that one can rent.
      host_chips: the chips of a host. The virtual machines of a slice of v5e or v6e may have half
        of a host's chips each, and then feed half as much.
    """

    flops: float
    memory: float
    memory_bandwidth: float
    interconnect: float
    slices: tuple[str, ...]
    host_chips: int


# https://docs.cloud.google.com/tpu/docs/ has a page for each of v4, v5e, v5p and v6e, with a table
# of key specifications. Those of v5e and v6e have 8 chips a host, and v5p's has 2 hosts for 2x2x2;
# the chips of a host of v4 are unconfirmed. The page of v4 lacks the interconnect: its
# 2400 Gbps are unconfirmed, so that a plan's milliseconds of interconnect on v4 are a guess.
CHIPS = {
    "v4": Chip(275e12, 32 * 2**30, 1200e9, 300e9, _CUBIC, 4),
    "v5e": Chip(197e12, 16 * 2**30, 819e9, 200e9, _FLAT, 8),
    "v5p": Chip(459e12, 95 * 2**30, 2765e9, 600e9, _CUBIC, 4),
    "v6e": Chip(918e12, 32 * 2**30, 1638e9, 400e9, _FLAT, 8),
}


@dataclasses.dataclass(frozen=True)
class Slice:
    """A slice of chips.

    Attributes:
      name: such as `v5e:16x16`.

    Raises:
      PlanError: if the name is unknown; it lists the known ones.
    """

    name: str

    def __post_init__(self) -> None:
        kind, _, shape = self.name.partition(":")
        if kind not in CHIPS:
            raise PlanError(f"unknown topology {self.name!r}: choose among {_known(CHIPS)}")
        if shape not in self.chip.slices:
            raise PlanError(f"unknown topology {self.name!r}: choose among {_known([kind])}")

    @property
    def kind(self) -> str:
        return self.name.partition(":")[0]

    @property
    def chip(self) -> Chip:
        return CHIPS[self.kind]

    @property
    def sides(self) -> tuple[int, ...]:
        """The number of chips along each side of the torus."""
        return tuple(map(int, self.name.partition(":")[2].split("x")))

    @property
    def chips(self) -> int:
        return math.prod(self.sides)

    @property
    def hosts(self) -> int:
        """The number of machines that the chips are plugged into."""
        return -(-self.chips // self.chip.host_chips)

    @property
    def smallest(self) -> "Slice":
        """The smallest slice of this kind of chip."""
        return Slice(f"{self.kind}:{self.chip.slices[0]}")

    def collective_seconds(self, sent: float) -> float:
        """Returns the least time of a collective in which every chip sends so many bytes.

        In an all-reduce, a message goes around the ring of each side of the torus twice, once to be
        summed and once to be spread, each time half of it in either direction.
        """
        hops = sum(side for side in self.sides if side > 1)
        return max(sent / self.chip.interconnect, hops * HOP_SECONDS)


def _known(kinds: Iterable[str]) -> str:
    return "; ".join(f"{kind}:{{{','.join(CHIPS[kind].slices)}}}" for kind in kinds)


def parse_slices(text: str) -> list[Slice]:
    """Returns the slices in a text such as `v5e:4x4,v5e:16x16`.

    Raises:
      PlanError: if a slice is unknown.
    """
    return [Slice(name) for name in dict.fromkeys(text.split(","))]
