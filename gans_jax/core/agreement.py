"""Values that all processes of a cluster must have in common."""

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np


def check_same(
    value: Any, name: str, differences: Callable[[str, str], list[str]] | None = None
) -> None:
    """Checks that a value is the same on every process, each of which must call this.

    Args:
      value: a text, or a value that its `repr` tells from others.
      name: what the error calls it.
      differences: says how two texts differ, in lines for the error; None shows the first place.

    Raises:
      ValueError: on every process, if the value differs on any.
    """
    text = value if isinstance(value, str) else repr(value)
    digests = _of_every_process(hashlib.sha256(text.encode()).digest())
    if len(set(digests)) == 1:
        return
    texts = [found.decode() for found in _of_every_process(text.encode())]
    compare = differences or _first_difference
    found = [
        f"process {index} has another than process 0 ({'; '.join(compare(texts[0], other))})"
        for index, other in enumerate(texts)
        if other != texts[0]
    ]
    raise ValueError(
        f"{name} must be the same on every process, but {', and '.join(found)}: start every "
        "process with the same"
    )


def _of_every_process(own: bytes) -> list[bytes]:
    """Returns the bytes of every process, in their order."""
    from jax.experimental import multihost_utils  # needed only here

    def gather(array: np.ndarray) -> np.ndarray:
        return np.asarray(multihost_utils.process_allgather(array))

    lengths = gather(np.array([len(own)], np.int32)).reshape(-1).tolist()
    padded = np.zeros(max(lengths), np.uint8)
    padded[: len(own)] = np.frombuffer(own, np.uint8)
    rows = gather(padded).reshape(len(lengths), -1)
    return [row[:length].tobytes() for row, length in zip(rows, lengths, strict=True)]


def _first_difference(first: str, other: str) -> list[str]:
    """Shows two texts from a little before the first place where they differ."""
    pairs = enumerate(zip(first, other, strict=False))
    start = max(0, next((i for i, (a, b) in pairs if a != b), min(len(first), len(other))) - 20)
    return [f"{first[start : start + 60]!r} -> {other[start : start + 60]!r}"]
