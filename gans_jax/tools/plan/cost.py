"""What a plan says, reckoned from what was counted in a compiled program."""

import dataclasses
from collections import Counter
from typing import Any

from gans_jax.tools.plan import hlo
from gans_jax.tools.plan.chips import PlanError, Slice


class DoesNotFit(PlanError):
    """An iteration needs more memory than the chip has."""


@dataclasses.dataclass(frozen=True)
class Plan:
    """What one iteration costs on a slice; all but `images_per_second` is of one chip.

    Attributes:
      topology: the slice's name.
      chips: how many it has.
      batch_per_chip: real examples of a minibatch on one chip.
      minibatches: how many an iteration takes.
      gflop_per_chip: 10^9 floating-point operations.
      moved_bytes_per_chip: what all fused operations read and write, as XLA counts it. Some of
        that stays in the chip's fast memory, so that HBM may see less.
      argument_bytes_per_chip, output_bytes_per_chip, alias_bytes_per_chip, temp_bytes_per_chip:
        memory of the state and the batch, of the results, of those that replace arguments, and of
        all between.
      peak_bytes_per_chip: arguments + temporaries + output - aliased.
      hbm_bytes_per_chip: the memory of the chip.
      collectives: (kind, how often it runs, the bytes that result of all) for each kind.
      all_reduce_bytes: those bytes of all-reduces.
      loops: iterations of each loop that the operations and bytes count only once; usually ().
      compute_s, memory_s, interconnect_s: seconds for each at the chip's published peaks.
      iteration_s: the longest of the three. A run takes longer: it overlaps them in part, and
        layers with few channels leave most of the matrix units idle.
      images_per_second: real examples of the whole slice in that time.
    """

    topology: str
    chips: int
    batch_per_chip: int
    minibatches: int
    gflop_per_chip: float
    moved_bytes_per_chip: float
    argument_bytes_per_chip: int
    output_bytes_per_chip: int
    alias_bytes_per_chip: int
    temp_bytes_per_chip: int
    peak_bytes_per_chip: int
    hbm_bytes_per_chip: int
    collectives: tuple[tuple[str, int, int], ...]
    all_reduce_bytes: int
    loops: tuple[int, ...]
    compute_s: float
    memory_s: float
    interconnect_s: float
    iteration_s: float
    images_per_second: float

    def as_dict(self) -> dict[str, Any]:
        """The fields, and the collectives as `{kind: {"count": ..., "bytes": ...}}`."""
        found = dataclasses.asdict(self)
        kinds = {kind: {"count": n, "bytes": size} for kind, n, size in self.collectives}
        return found | {"collectives": kinds}


def refusal(method: Any, place: Slice, batch_per_chip: int, needed: float) -> DoesNotFit:
    """The error that names what does not fit, the bytes needed, those there are, and remedies."""
    return DoesNotFit(
        f"{type(method).__name__} with {batch_per_chip} examples on a chip needs "
        f"{needed / 2**30:.1f} GiB, but a {place.kind} chip has {place.chip.memory / 2**30:.0f}: "
        "lower the batch size, compute in bfloat16, or choose a chip with more memory"
    )


def assemble(
    place: Slice,
    method: Any,
    batch_per_chip: int,
    k: int,
    cost: dict[str, float],
    memory: Any,
    collectives: tuple[hlo.Collective, ...],
    loops: tuple[int, ...],
) -> Plan:
    """The plan, from what was counted in the compiled program; DoesNotFit if that is too large."""
    argument, output = memory.argument_size_in_bytes, memory.output_size_in_bytes
    alias, temp = memory.alias_size_in_bytes, memory.temp_size_in_bytes
    peak = argument + temp + output - alias
    if peak > place.chip.memory:
        raise refusal(method, place, batch_per_chip, peak)
    counts, sizes = Counter[str](), Counter[str]()
    for kind, size, times in collectives:
        counts[kind] += times
        sizes[kind] += times * size
    seconds = roofline(place, cost["flops"], cost["bytes accessed"], collectives)
    return Plan(
        topology=place.name,
        chips=place.chips,
        batch_per_chip=batch_per_chip,
        minibatches=k,
        gflop_per_chip=cost["flops"] / 1e9,
        moved_bytes_per_chip=cost["bytes accessed"],
        argument_bytes_per_chip=argument,
        output_bytes_per_chip=output,
        alias_bytes_per_chip=alias,
        temp_bytes_per_chip=temp,
        peak_bytes_per_chip=peak,
        hbm_bytes_per_chip=place.chip.memory,
        collectives=tuple((kind, counts[kind], sizes[kind]) for kind in counts),
        all_reduce_bytes=sizes["all-reduce"],
        loops=loops,
        **seconds,
        iteration_s=max(seconds.values()),
        images_per_second=k * batch_per_chip * place.chips / max(seconds.values()),
    )


def roofline(
    place: Slice, flops: float, moved: float, collectives: tuple[hlo.Collective, ...]
) -> dict[str, float]:
    """The least seconds for operations, bytes and collectives of one chip.

    The collectives are one after another. An all-reduce of b bytes over n chips sends
    2 b (n - 1) / n from every chip, another kind half of that.
    """
    share = (place.chips - 1) / place.chips

    def seconds(found: hlo.Collective) -> float:
        passes = 2 if found.kind == "all-reduce" else 1
        return found.times * place.collective_seconds(passes * share * found.size)

    return {
        "compute_s": flops / place.chip.flops,
        "memory_s": moved / place.chip.memory_bandwidth,
        "interconnect_s": sum(map(seconds, collectives)),
    }
