"""JSON that is read from a file within bounds, and means the same to every reader."""

import collections
import json
import math
import os
import reprlib
from typing import Any

from gans_jax.core import files


def read(path: str | os.PathLike[str], limit: int) -> Any:
    """Returns the JSON in a file of at most `limit` bytes.

    Raises:
      ValueError: if the path leads to something else than such a file, or for what `parse` refuses.
      OSError: if the file cannot be read.
    """
    try:
        return parse(files.read(path, limit))
    except files.UnfitFile as error:
        raise ValueError(error.strerror) from error


def parse(content: bytes | str, *, finite: bool = True) -> Any:
    """Returns JSON as Python values; bytes are UTF-8.

    ValueError says what is wrong: no JSON, too deep, a key that occurs twice in one object, or,
    unless `finite` is False, a number that is infinite or not a number.
    """
    check = _finite if finite else float
    try:
        text = content if isinstance(content, str) else content.decode()
        return json.loads(text, object_pairs_hook=_unique, parse_float=check, parse_constant=check)
    except RecursionError:
        raise ValueError("it is nested too deep") from None
    except _RefusedError:
        raise
    except ValueError as error:
        raise ValueError(f"it is not JSON ({error})") from error


class _RefusedError(ValueError):
    """JSON that the library reads, but this module does not."""


def _finite(text: str) -> float:
    if not math.isfinite(value := float(text)):
        raise _RefusedError(f"{reprlib.repr(text)} is no finite number")
    return value


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        ((twice, _),) = collections.Counter(key for key, _ in pairs).most_common(1)
        raise _RefusedError(f"the key {reprlib.repr(twice)} occurs twice in one object")
    return found
