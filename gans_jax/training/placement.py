"""Whether the examples of a run stay in device memory, and how."""

import dataclasses
from collections.abc import Callable
from typing import Literal, TypeAlias

import jax

from gans_jax import data
from gans_jax.data.resident import device_bytes
from gans_jax.data.source import Drawn
from gans_jax.data.stream import refuse_drawn
from gans_jax.training.feed import Feed

Choice: TypeAlias = Literal["auto", "yes", "no"]
Where: TypeAlias = Literal["host", "replicated", "sharded"]

# Evaluations and pictures, which are compiled later, need some of the memory that a step leaves.
SHARE = 0.5


@dataclasses.dataclass(frozen=True)
class Placement:
    """Where the examples of a run are.

    Attributes:
      where: on the host, whole on every device, or in shares over the devices of a mesh.
      bytes: what they take on each device.
    """

    where: Where
    bytes: int = 0


def free_bytes(device: jax.Device) -> int | None:
    """Returns the bytes that are free on a device; None where it does not say, as a CPU."""
    memory = device.memory_stats() or {}
    if "bytes_limit" not in memory:
        return None
    return memory["bytes_limit"] - memory.get("bytes_in_use", 0)


def choose(
    wanted: Choice, feed: Feed, free: int | None, step_bytes: Callable[[], int]
) -> Placement:
    """Returns where the examples of a run are to be.

    Every device holds all examples if they take at most half of its free memory, because then no
    device waits for another one's rows. Else each device of a mesh holds a share, if that fits.
    "auto" subtracts the memory of the step first, and leaves the examples on the host where the
    memory is unknown, where they are drawn at random, or where the run reads less than an epoch.

    Args:
      wanted: whether the examples must be on the device.
      feed: the batches of the run.
      free: the free bytes of a device; None if they are unknown.
      step_bytes: returns the bytes that a dispatch needs; it may have to compile the step.

    Raises:
      DataError: for "yes", if the source draws its examples at random, or the memory is too small.
    """
    source = feed.experiment.data
    if wanted == "yes":
        refuse_drawn(source)
    elif wanted == "no" or free is None or isinstance(source, Drawn) or not _reads_all(feed):
        return Placement("host")
    whole, share = (_bytes(feed, shares) for shares in (1, feed.layout.device_count))
    if free is None:
        return Placement("replicated", whole)
    least = free if wanted == "yes" else SHARE * free
    if share <= least and wanted == "auto":
        free = max(0, free - step_bytes())
    if whole <= SHARE * free:
        return Placement("replicated", whole)
    if share <= (free if wanted == "yes" else SHARE * free):
        return Placement("sharded" if feed.layout.device_count > 1 else "replicated", share)
    if wanted == "auto":
        return Placement("host")
    raise data.DataError(
        f"the {len(source):,} examples take {share / 1e6:,.0f} MB on each device, of which "
        f"{free / 1e6:,.0f} MB are free: leave them on the host with `--data-on-device no`, or use "
        "more devices"
    )


def _reads_all(feed: Feed) -> bool:
    """Returns whether the run reads as many examples as the source has."""
    run = feed.experiment
    last = run.method.minibatches(run.iterations - 1)
    return run.batch_size * last.stop >= len(run.data)


def _bytes(feed: Feed, shares: int) -> int:
    """Returns the bytes on each device of the examples and of the order of an epoch."""
    run = feed.experiment
    order = 4 * max(len(run.data), run.batch_size) * len(feed.layout.seeds)
    rows = device_bytes(len(run.data), feed.example_shapes, shares, jax.default_backend())
    return rows + order
