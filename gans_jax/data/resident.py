"""Examples that stay in device memory, from which a program gathers its batches."""

import dataclasses
import functools
import math
from collections.abc import Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.sharding import Mesh

from gans_jax import core, parallel
from gans_jax.core import AXIS, Batch
from gans_jax.data.prefetch import Prefetched
from gans_jax.data.source import DataError, Example, Source, gather
from gans_jax.data.stream import refuse_drawn

PART = 256  # examples that a thread reads at once
LANES = 128  # a TPU keeps the last axis of an array in multiples of so many numbers


@functools.partial(
    jax.tree_util.register_dataclass, data_fields=("rows",), meta_fields=("shapes", "sharded")
)
@dataclasses.dataclass(frozen=True, eq=False)
class Resident:
    """The examples of a source in device memory; the function `on_device` makes it.

    `examples[indices]` is the batch of these examples, to the bit the one that
    `data.stream(...)[t]` has for `stream.indices(t)`. It is a pytree: give it to a jitted, scanned
    or mapped function as an argument. In a program mapped over devices each device gives the
    indices of its own rows of the batch, and gets these rows.

    Attributes:
      rows: for each name the numbers of all examples, `[examples, numbers of an example]`. Where a
        mesh holds them, rows of zeros fill up to a multiple of the number of devices.
      shapes: for each name the shape of an example.
      sharded: whether each device of a mesh holds a contiguous share of the rows, not all of them.
    """

    rows: dict[str, Array]
    shapes: tuple[tuple[str, tuple[int, ...]], ...]
    sharded: bool = False

    def __getitem__(self, indices: Array) -> Batch:
        """Returns the examples at `indices` [..., n], as arrays [..., n, *shape of an example]."""
        take = _from_all_devices if self.sharded and core.bound_axis() else _from_own
        taken = {name: take(rows, jnp.asarray(indices)) for name, rows in self.rows.items()}
        return {name: taken[name].reshape(*indices.shape, *shape) for name, shape in self.shapes}


def on_device(source: Source, mesh: Mesh | None = None, sharded: bool = False) -> Resident:
    """Reads all examples of a source into device memory, once.

    Args:
      source: the source; the types of its examples are kept, so that images of uint8 stay uint8.
      mesh: the devices that hold the examples; None for the default device.
      sharded: whether each device of the mesh holds a share of the examples; else it holds all.

    Raises:
      DataError: if the source draws its examples at random, or examples have different shapes.
    """
    refuse_drawn(source)
    share = Share.of(len(source), mesh)
    first = read(source, range(1))
    rows = Rows(
        share.rows, {n: jax.ShapeDtypeStruct(v.shape[1:], v.dtype) for n, v in first.items()}
    )
    for part in Prefetched(functools.partial(read, source), share.parts(), threads=2, buffer=4):
        rows.add(part)
    return rows.place(mesh, sharded)


def read(source: Source, part: range) -> Example:
    """Returns the examples of a range, stacked."""
    return gather(source, np.array(part))


@dataclasses.dataclass(frozen=True)
class Share:
    """The examples that this process reads: a contiguous share, so that each is read once.

    Attributes:
      examples: the examples' numbers.
      rows: how many rows they have with the rows of zeros after them, as many on each process.
    """

    examples: range
    rows: int

    @classmethod
    def of(cls, num: int, mesh: Mesh | None) -> "Share":
        """Returns this process's share of `num` examples over the devices of a mesh."""
        if mesh is None:
            return cls(range(num), num)
        each, own = -(-num // mesh.size), len(mesh.local_devices)
        first = each * [*mesh.devices.flat].index(mesh.local_devices[0])
        return cls(range(min(first, num), min(first + each * own, num)), each * own)

    def parts(self) -> list[range]:
        """Returns the ranges that are read at once."""
        return [self.examples[i : i + PART] for i in range(0, len(self.examples), PART)]


class Rows:
    """The rows of a process's share in host memory, which are filled part after part.

    Args:
      num: how many rows there are.
      first: the names, shapes and types of the source's first example. A process whose share has
        no examples needs them, too, because it places its rows together with the others.
    """

    def __init__(self, num: int, first: Mapping[str, jax.ShapeDtypeStruct]) -> None:
        self._filled = 0
        self._shapes = {name: leaf.shape for name, leaf in first.items()}
        self._rows = {
            name: np.zeros((num, math.prod(leaf.shape)), jax.dtypes.canonicalize_dtype(leaf.dtype))
            for name, leaf in first.items()
        }

    def add(self, examples: Example) -> None:
        """Adds the next examples; DataError if they differ from the first in names or shapes."""
        if {name: values.shape[1:] for name, values in examples.items()} != self._shapes:
            shapes = {name: list(values.shape[1:]) for name, values in examples.items()}
            first = {name: list(shape) for name, shape in self._shapes.items()}
            raise DataError(
                f"examples from number {self._filled} on have shapes {shapes}, but the first have "
                f"{first}: make all examples of the source alike"
            )
        end = self._filled
        for name, values in examples.items():
            end = self._filled + len(values)
            self._rows[name][self._filled : end] = values.reshape(len(values), -1)
        self._filled = end

    def place(self, mesh: Mesh | None, sharded: bool) -> Resident:
        """Moves the rows to the devices of a mesh, or to the default device."""
        shapes = tuple(self._shapes.items())
        if mesh is None:
            return Resident({n: jnp.asarray(rows) for n, rows in self._rows.items()}, shapes)
        # Each process has read its share alone, so that the devices tell each other the rest.
        rows: Any = parallel.put_batch(mesh, self._rows, 0)
        if not sharded:
            rows = jax.jit(parallel.mapped(core.gather, mesh, (0,), None))(rows)
        return Resident(rows, shapes, sharded)


def device_bytes(num: int, examples: Mapping[str, Any], shares: int, platform: str) -> int:
    """Returns the bytes that examples take on each device.

    Args:
      num: how many examples there are.
      examples: an array, or a shape and type, for each name of an example.
      shares: over how many devices they are sharded; 1 if every device holds all.
      platform: the kind of the device, such as "tpu", which fills up short rows.
    """
    rows = -(-num // shares)
    total = 0
    for leaf in examples.values():
        size = math.prod(leaf.shape)
        if platform == "tpu":
            size = -(-size // LANES) * LANES
        total += rows * size * jax.dtypes.canonicalize_dtype(leaf.dtype).itemsize
    return total


def _from_own(rows: Array, indices: Array) -> Array:
    return rows.at[indices].get(mode="promise_in_bounds")


def _from_all_devices(rows: Array, indices: Array) -> Array:
    """Returns the rows at this device's indices, wherever they lie.

    Every device gives the rows that it holds of the global batch and zeros for the others, and each
    device gets the sum for its part of the batch. The bits are added as whole numbers, so that the
    sum with zeros is exact for every type, and for -0.0.
    """
    axis = indices.ndim - 1
    places = lax.all_gather(indices, AXIS, axis=axis, tiled=True) - (
        lax.axis_index(AXIS) * rows.shape[0]
    )
    own = (places >= 0) & (places < rows.shape[0])
    taken = _from_own(rows, jnp.where(own, places, 0))
    words = jnp.where(own[..., None], _as_words(taken), 0)
    summed = lax.psum_scatter(words, AXIS, scatter_dimension=axis, tiled=True)
    return _from_words(summed, rows.dtype, rows.shape[1])


def _as_words(x: Array) -> Array:
    """Returns the bits of numbers [..., size] as uint32, because not all devices add bytes."""
    if x.dtype == jnp.bool_:
        x = x.astype(jnp.uint8)
    lead, size = x.shape[:-1], x.dtype.itemsize
    if size < 4:
        x = jnp.pad(x, [*[(0, 0)] * len(lead), (0, -x.shape[-1] % (4 // size))])
        x = x.reshape(*lead, -1, 4 // size)
    return lax.bitcast_convert_type(x, jnp.uint32).reshape(*lead, -1)


def _from_words(words: Array, dtype: np.dtype, size: int) -> Array:
    """Returns the numbers [..., size] of a type that have these bits."""
    kind = np.dtype(np.uint8) if dtype == np.bool_ else dtype
    lead = words.shape[:-1]
    if kind.itemsize > 4:
        words = words.reshape(*lead, -1, kind.itemsize // 4)
    values = lax.bitcast_convert_type(words, kind).reshape(*lead, -1)
    return values[..., :size].astype(dtype)
