"""`data.json`: the identity of a run, and what the data were like when it began."""

import json
import re
import reprlib
import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gans_jax.core import files
from gans_jax.runs import strict_json
from gans_jax.runs.config import ConfigError

NAME = "data.json"
# It grows when the same run would have other random numbers. Format 1 does not state its number.
FORMAT = 2
# A batch has a few arrays.
MAX_BYTES = 4_000_000


class Data(NamedTuple):
    """The content of `data.json`.

    Attributes:
      format: the format of the run.
      examples: how many examples the data had.
      batch: the shapes and types of a batch.
      run: a random text that belongs to this run alone; None in the folders of older versions.
      files: the fingerprint of the files that the examples came from; None if it is unknown.
    """

    format: int
    examples: int
    batch: dict[str, jax.ShapeDtypeStruct]
    run: str | None
    files: str | None


def write(
    place: Path, examples: int, fingerprint: str | None, batch: Mapping[str, jax.ShapeDtypeStruct]
) -> str:
    """Writes `data.json`, and returns the run's new identity."""
    run = secrets.token_hex(16)
    found: dict[str, Any] = {"format": FORMAT, "run": run, "examples": examples}
    if fingerprint is not None:
        found["files"] = fingerprint
    shapes = {name: [v.shape, v.dtype.name] for name, v in batch.items()}
    files.write(place / NAME, json.dumps(found | {"batch": shapes}))
    return run


def read(place: Path) -> Data:
    """Reads `data.json`.

    Raises:
      ConfigError: if it is damaged.
      OSError: if it cannot be read.
    """
    try:
        found = strict_json.read(place / NAME, MAX_BYTES)
        shapes = {str(name): _shape(*v) for name, v in found["batch"].items()}
        numbers = found.get("format", 1), found["examples"]
        if any(type(number) is not int for number in numbers):
            raise ValueError("format or examples is not a number")
        texts = found.get("run"), found.get("files")
        if any(text is not None and not _is_hex(text) for text in texts):
            raise ValueError("run or files is no hexadecimal number")
        return Data(*numbers, shapes, *texts)
    except (ValueError, AttributeError, KeyError, TypeError) as error:
        raise ConfigError(f"{place / NAME} is damaged ({error}): restore it from a copy") from error


def refuse_imported(place: Path) -> None:
    """Raises ConfigError if a run was imported without images, and so cannot go on."""
    if read(place).examples == 0:
        raise ConfigError(
            f"{place} was imported without images to train on: import the networks again with "
            "--data FOLDER, and resume that run with --iterations N"
        )


def check(place: Path, examples: int, fingerprint: str | None) -> None:
    """Raises ConfigError unless a run goes on exactly with these data.

    Another number of examples or other files have another order, and an older format other random
    numbers.
    """
    began = read(place)
    if began.format != FORMAT:
        age = "an older" if began.format < FORMAT else "a newer"
        raise ConfigError(
            f"{place} has format {began.format}, of {age} version of gans_jax that draws other "
            f"random numbers than format {FORMAT}: train it anew, or only use its networks"
        )
    if examples != began.examples:
        raise ConfigError(
            f"{place} began with {began.examples} examples, but the data now have {examples}: "
            "restore the data, or train in another --workdir"
        )
    if began.files not in (None, fingerprint):
        raise ConfigError(
            f"the data of {place} have as many files as when it began, but other names or sizes: "
            f'restore the data, or remove "files" from {place / NAME} to go on with these files'
        )


def _is_hex(value: object) -> bool:
    return isinstance(value, str) and re.fullmatch("[0-9a-f]{1,64}", value) is not None


def _shape(shape: Any, dtype: Any) -> jax.ShapeDtypeStruct:
    """Returns the shape and type of an array of numbers, or raises ValueError or TypeError."""
    if not all(type(side) is int and 0 <= side < 2**31 for side in shape):
        raise ValueError(f"{reprlib.repr(shape)} is not a shape")
    if not isinstance(dtype, str) or not jnp.issubdtype(jnp.dtype(dtype), jnp.number):
        raise ValueError(f"{reprlib.repr(dtype)} is not a type of numbers")
    return jax.ShapeDtypeStruct(tuple(shape), jnp.dtype(dtype))
