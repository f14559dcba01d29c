"""The cost of an iteration, calculated from what a compiled program does."""

import dataclasses
from typing import Any, Literal, TypeAlias

from gans_jax import core
from gans_jax.tools.plan import hlo
from gans_jax.tools.plan.chips import PlanError, Slice

SetPlace: TypeAlias = Literal["whole", "sharded", "too large", "drawn on the hosts"]


class DoesNotFit(PlanError):
    """An iteration needs more memory than the chip has."""


@dataclasses.dataclass(frozen=True, eq=False)
class Plan:
    """The cost of one iteration on a slice. Numbers are of one chip where no name says otherwise.

    Two plans are equal if they are the same object.

    Attributes:
      topology: the slice's name.
      chips: the number of chips in the slice.
      batch_per_chip: real examples of a minibatch on one chip.
      minibatches: the number of minibatches in an iteration.
      gflop_per_chip: 10^9 floating-point operations.
      moved_bytes_per_chip: the bytes that all fused operations read and write, as XLA counts them.
        Arrays that the compiler keeps in the chip's fast memory are counted as if they were in HBM,
        so that HBM may move fewer.
      argument_bytes_per_chip: the memory of the state and the batch.
      output_bytes_per_chip: the memory of the results.
      alias_bytes_per_chip: the memory of the results that replace arguments.
      temp_bytes_per_chip: the memory of everything between.
      peak_bytes_per_chip: arguments + temporaries + output - aliased.
      hbm_bytes_per_chip: the memory of the chip.
      collectives: for each kind its `count`, which is how often it runs, and the `bytes` of all its
        results.
      all_reduce_bytes: the bytes of all results of all-reduces.
      loops: iterations of each loop whose operations and bytes are counted only once; usually ().
      compute_s: seconds for the operations at the chip's published peak.
      memory_s: seconds for the moved bytes at the chip's published peak.
      interconnect_s: seconds for the collectives at the chip's published peak.
      iteration_s: the longest of the three. A run takes longer, because they overlap only in part,
        and layers with few channels leave most of the matrix units idle.
      images_per_second: real examples of the whole slice in that time.
      hosts: the number of machines that the chips are plugged into.
      images_per_second_per_host: real examples that each host must feed for that.
      input_bytes_per_second_per_host: the bytes of these examples, as they cross to the chips.
      images_per_second_per_core: real examples that a core of this machine reads, decodes and
        stacks; None unless that was measured.
      cores_per_host: cores like that one that a host needs; None as well.
      set_bytes: the memory of all examples of the data; None as well.
      set_on_device: "whole" if all examples take at most half of what the peak leaves, "sharded" if
        all chips together have, and else "too large"; "drawn on the hosts" if the source draws its
        examples anew each time, so that no chip can keep them; None as well.
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
    hbm_bytes_per_chip: float
    collectives: dict[str, dict[str, int]]
    all_reduce_bytes: int
    loops: tuple[int, ...]
    compute_s: float
    memory_s: float
    interconnect_s: float
    iteration_s: float
    images_per_second: float
    hosts: int
    images_per_second_per_host: float
    input_bytes_per_second_per_host: float
    images_per_second_per_core: float | None = None
    cores_per_host: int | None = None
    set_bytes: int | None = None
    set_on_device: SetPlace | None = None


def refusal(method: core.Method, place: Slice, batch_per_chip: int, needed: float) -> DoesNotFit:
    """Returns the error of a method that needs more bytes than a chip has."""
    return DoesNotFit(
        f"{type(method).__name__} with {batch_per_chip} examples on a chip needs "
        f"{needed / 2**30:.1f} GiB, but a {place.kind} chip has {place.chip.memory / 2**30:.0f}: "
        "lower the batch size, compute in bfloat16, or choose a chip with more memory"
    )


def assemble(
    place: Slice,
    method: core.Method,
    batch_per_chip: int,
    k: int,
    example_bytes: int,
    cost: dict[str, float],
    memory: Any,
    collectives: tuple[hlo.Collective, ...],
    loops: tuple[int, ...],
) -> Plan:
    """Returns the plan of a compiled program.

    Args:
      place: the slice that it was compiled for.
      method: the method whose step it is.
      batch_per_chip: real examples of a minibatch on one chip.
      k: minibatches of an iteration.
      example_bytes: the bytes of a real example in a batch.
      cost: "flops" and "bytes accessed" of one chip.
      memory: the result of the program's `memory_analysis`.
      collectives: what the program exchanges.
      loops: iterations of each loop that `cost` counts only once.

    Raises:
      DoesNotFit: if the chip has too little memory.
    """
    argument, output = memory.argument_size_in_bytes, memory.output_size_in_bytes
    alias, temp = memory.alias_size_in_bytes, memory.temp_size_in_bytes
    peak = argument + temp + output - alias
    if peak > place.chip.memory:
        raise refusal(method, place, batch_per_chip, peak)
    seconds = roofline(place, cost["flops"], cost["bytes accessed"], collectives)
    totals = _totals(collectives)
    iteration_s = max(seconds.values())
    rate = k * batch_per_chip * place.chips / iteration_s
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
        collectives=totals,
        all_reduce_bytes=totals.get("all-reduce", {}).get("bytes", 0),
        loops=loops,
        compute_s=seconds["compute_s"],
        memory_s=seconds["memory_s"],
        interconnect_s=seconds["interconnect_s"],
        iteration_s=iteration_s,
        images_per_second=rate,
        hosts=place.hosts,
        images_per_second_per_host=rate / place.hosts,
        input_bytes_per_second_per_host=rate / place.hosts * example_bytes,
    )


def _totals(collectives: tuple[hlo.Collective, ...]) -> dict[str, dict[str, int]]:
    """Returns how often each kind of exchange happens, and the bytes of all its results."""
    totals: dict[str, dict[str, int]] = {}
    for kind, size, times in collectives:
        total = totals.setdefault(kind, {"count": 0, "bytes": 0})
        total["count"] += times
        total["bytes"] += times * size
    return totals


def roofline(
    place: Slice, flops: float, moved: float, collectives: tuple[hlo.Collective, ...]
) -> dict[str, float]:
    """Returns the least seconds that operations, bytes and collectives take on one chip.

    The collectives run one after another. In an all-reduce of b bytes over n chips every chip sends
    2 b (n - 1) / n bytes, in another kind half as many.
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
