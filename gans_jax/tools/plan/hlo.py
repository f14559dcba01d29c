"""Reads collectives and loops from the text of a compiled program."""

import math
import re
from collections import Counter
from typing import NamedTuple

_KINDS = "all-reduce|all-gather|reduce-scatter|all-to-all|collective-permute|collective-broadcast"
_COMPUTATION = re.compile(r"^(ENTRY )?%?([\w.\-]+) .*\{$")
_COLLECTIVE = re.compile(rf" = (.*?) (?:ragged-)?({_KINDS})(-start)?\(")
_LOOP = re.compile(r" while\(.*?condition=%?([\w.\-]+), body=%?([\w.\-]+)")
_CALLED = re.compile(r"(?:calls|to_apply|called_computations|branch_computations)=(\{[^}]*\}|\S+)")
_ARRAY = re.compile(r"\b([a-z]+)(\d+)?\w*\[([\d,]*)\]")
_TRIPS = re.compile(r" s(?:32|64)\[\]\S* constant\((\d+)\)")


class Collective(NamedTuple):
    """An exchange between devices.

    Attributes:
      kind: such as "all-reduce".
      size: the bytes of its result.
      times: how often it runs.
    """

    kind: str
    size: int
    times: int


class Program(NamedTuple):
    """A compiled program.

    Attributes:
      collectives: its exchanges between devices.
      loops: how often each of its loops runs.
    """

    collectives: tuple[Collective, ...]
    loops: tuple[int, ...]


def read(text: str) -> Program:
    """Reads the text of the compiled program of one device.

    A collective in a loop runs as often as the loop. XLA's loops over a known range count from 0 up
    to the one constant in their condition; other loops are assumed to run once. Both branches of a
    conditional are counted.
    """
    computations, entry = _split(text)
    collectives: Counter[tuple[str, int]] = Counter()
    loops: list[int] = []

    def visit(name: str, times: int) -> None:
        for line in computations.get(name, ()):
            if found := _COLLECTIVE.search(line):
                collectives[found[2], _result_bytes(found[1], found[2], bool(found[3]))] += times
                continue  # the computation that it calls is a sum of two numbers
            if found := _LOOP.search(line):
                trips = _trips(computations.get(found[1], []))
                loops.append(trips)
                visit(found[2], times * trips)
            for called in _CALLED.findall(line):
                for inner in re.findall(r"[\w.\-]+", called):
                    visit(inner, times)

    visit(entry, 1)
    found = (Collective(kind, size, times) for (kind, size), times in collectives.items())
    return Program(tuple(sorted(found)), tuple(loops))


def _split(text: str) -> tuple[dict[str, list[str]], str]:
    """Returns the lines of each computation by its name, and the name of the first to run."""
    computations: dict[str, list[str]] = {}
    entry, lines = "", []
    for line in text.splitlines():
        if found := _COMPUTATION.match(line):
            lines = computations.setdefault(found[2], [])
            entry = found[2] if found[1] else entry
        elif line.startswith(" "):
            lines.append(line)
    return computations, entry


def _trips(condition: list[str]) -> int:
    """Returns how often a loop with this condition runs; 1 if that is unknown."""
    constants = [int(n) for line in condition for n in _TRIPS.findall(line)]
    return constants[0] if len(constants) == 1 else 1


def _result_bytes(shape: str, kind: str, start: bool) -> int:
    """Returns the bytes of a result, which may be a tuple of arrays.

    The start of an asynchronous collective other than an all-reduce also returns its operand.
    """
    sizes = [
        math.prod(map(int, filter(None, sides.split(",")))) * _element_bytes(letters, bits)
        for letters, bits, sides in _ARRAY.findall(shape)
    ]
    if start and kind != "all-reduce":
        sizes = sizes[1:2]  # (operand, result, contexts)
    return sum(sizes)


def _element_bytes(letters: str, bits: str) -> int:
    return 1 if letters == "pred" else max(1, int(bits or 0) // 8)
