"""The same step on many devices and many hosts: the only module that names pmap and shard_map.

A step on many devices is the method's own step as a per-device program with the mapped axis
`data`, which `gans_jax.core` finds by itself. Plain `jax.jit` on a sharded batch gives the same
numbers, but draws all of the noise, and so runs the whole generator, on every device.

Every host runs the same program:

    parallel.initialize()
    mesh = parallel.mesh()
    step = parallel.sharded_step(method, mesh)
    stream = data.stream(source, batch_size, seed, method, parallel.shard())
    state = parallel.replicate(mesh, jax.jit(method.init)(key, stream[0]))
    for t in range(iterations):
        batch = parallel.put_batch(mesh, stream[t], method.batch_axis)
        state, metrics = step(state, batch, jax.random.fold_in(key, t))
"""

import contextlib
import dataclasses
import functools
import warnings
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias, TypeVar

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax import lax
from jax.sharding import AxisType, Mesh, NamedSharding, PartitionSpec

from gans_jax import core
from gans_jax.core import AXIS, Batch, Metrics, State, checks, roll_call
from gans_jax.core.agreement import check_same as check_same
from gans_jax.wrappers import Wrapper

T = TypeVar("T")
Step: TypeAlias = Callable[[State, Batch, jax.Array], tuple[State, Metrics]]


def mesh(devices: Sequence[jax.Device] | None = None) -> Mesh:
    """Returns a mesh of all devices, or of the given ones, along the one axis `data`.

    They are ordered by process, so that a process's rows of the global batch are contiguous, and a
    batch means the same whatever the number of hosts.
    """
    devices = sorted(jax.devices() if devices is None else devices, key=lambda d: d.process_index)
    return Mesh(np.array(devices), (AXIS,), axis_types=(AxisType.Auto,))


def sharded_step(method: core.Method, mesh: Mesh) -> Step:
    """Returns `method.step` over the devices of a mesh, jitted; it donates the state.

    State and key are replicated, the leaves of the batch are sharded along `method.batch_axis`.
    A state that does not come from `replicate` compiles a second program, for one call. The result
    is a `jax.jit` function, so that it can be lowered for a mesh of abstract devices.

    Raises:
      ValueError: when called, before anything compiles, if the devices do not divide the global
        batch.
    """
    per_device = mapped(method.step, mesh, (None, method.batch_axis, None), None)

    def step(state: State, batch: Batch, key: jax.Array) -> tuple[State, Metrics]:
        check_batch(batch, method.batch_axis, mesh.size)
        state, metrics = per_device(state, batch, key)
        return state, metrics

    return jax.jit(step, donate_argnums=0)


def mapped(function: Callable[..., T], mesh: Mesh, in_axes: Any, out_axes: Any) -> Callable[..., T]:
    """Returns a function as a program of each device of a mesh, in which the axis `data` is bound.

    As for `jax.vmap`, `in_axes` and `out_axes` say along which axis the leaves of an argument or a
    result are sharded over the devices; None stands for leaves that every device holds whole.
    """
    specs = jax.tree.map(_spec, (in_axes, out_axes), is_leaf=lambda axis: axis is None)
    # With the default check_vma=True, jax.shard_map makes of the mean of the gradients their sum.
    program: Callable[..., T] = jax.shard_map(
        function, mesh=mesh, in_specs=specs[0], out_specs=specs[1], check_vma=False
    )
    return program


def pmapped_step(method: core.Method, devices: Sequence[jax.Device] | None = None) -> Step:
    """Returns `method.step` under `jax.pmap` over all devices, or the given ones.

    It donates the state, which goes in and comes out without an axis of devices. Let the first
    state come from `replicate` over `mesh().local_mesh`: with another state the second call
    compiles once more, and where there are several processes jax deletes the scalars in it. The
    batch is this process's rows, `[n, ...]` or `[k, n, ...]`.

    Raises:
      ValueError: when called, if the process's devices do not divide its rows.
    """
    over = mesh(devices)
    axis, count = method.batch_axis, len(over.local_devices)
    mapped = jax.pmap(
        method.step,
        axis_name=AXIS,
        in_axes=(None, axis, None),
        out_axes=None,
        donate_argnums=0,
        devices=list(over.devices),
    )

    def split(x: jax.Array) -> jax.Array:
        return x.reshape(*x.shape[:axis], count, -1, *x.shape[axis + 1 :])

    def step(state: State, batch: Batch, key: jax.Array) -> tuple[State, Metrics]:
        check_batch(batch, axis, count)
        state, metrics = mapped(state, jax.tree.map(split, batch), key)
        return state, metrics

    return step


def check_batch(batch: Any, batch_axis: int, devices: int) -> None:
    """Raises ValueError unless the number of devices divides the examples of every leaf."""
    for leaf in jax.tree.leaves(batch):
        if leaf.shape[batch_axis] % devices:
            raise ValueError(
                f"a batch of {leaf.shape[batch_axis]} does not divide over {devices} devices: "
                f"choose a multiple of {devices}"
            )


def put_batch(mesh: Mesh, batch: T, batch_axis: int) -> T:
    """Makes global arrays, sharded over the mesh, of each process's contiguous rows of a batch.

    The rows are along axis `batch_axis` of every leaf.

    Raises:
      ValueError: if the process's devices do not divide its rows.
    """
    check_batch(batch, batch_axis, len(mesh.local_devices))
    sharding = NamedSharding(mesh, _spec(batch_axis))
    put = functools.partial(jax.make_array_from_process_local_data, sharding)
    placed: T = jax.tree.map(put, batch)
    return placed


def replicate(mesh: Mesh, tree: T) -> T:
    """Copies a tree of arrays, equal on every process, to every device of the mesh."""
    # Not by device_put: it shares the memory of a device that holds the tree, so that a step that
    # is given the result deletes the tree; and among processes it compares every leaf.
    sharding = NamedSharding(mesh, PartitionSpec())

    def put(leaf: Any) -> Any:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            data = put(jax.random.key_data(leaf))
            return jax.random.wrap_key_data(data, impl=jax.random.key_impl(leaf))
        return jax.make_array_from_process_local_data(sharding, np.array(leaf))

    copies: T = jax.tree.map(put, tree)
    return copies


def placed_shapes(mesh: Mesh, state: Any, batch: Any, batch_axis: int) -> tuple[Any, Any]:
    """Returns the shapes of a state and a global batch as `replicate` and `put_batch` place them.

    A step that was traced for these is not traced again for the arrays.
    """

    def place(tree: Any, spec: PartitionSpec) -> Any:
        sharding = NamedSharding(mesh, spec)
        put = lambda leaf: jax.ShapeDtypeStruct(leaf.shape, leaf.dtype, sharding=sharding)
        return jax.tree.map(put, tree)

    return place(state, PartitionSpec()), place(batch, _spec(batch_axis))


def diverged(mesh: Mesh, tree: chex.ArrayTree) -> list[str]:
    """Returns the paths of the leaves of a replicated tree whose bits differ between devices.

    Every process of the mesh must call it. It costs two all-reduces of the tree.
    """
    differs = np.asarray(_comparison(mesh)(tree).addressable_data(0))
    paths = [jax.tree_util.keystr(path) for path, _ in jax.tree_util.tree_leaves_with_path(tree)]
    return [path for path, differ in zip(paths, differs, strict=True) if differ]


@functools.cache
def _comparison(mesh: Mesh) -> Callable[[chex.ArrayTree], jax.Array]:
    def differs(leaf: jax.Array) -> jax.Array:
        if jnp.issubdtype(leaf.dtype, jax.dtypes.prng_key):
            leaf = jax.random.key_data(leaf)
        bits = leaf
        if jnp.issubdtype(leaf.dtype, jnp.floating):
            bits = lax.bitcast_convert_type(leaf, f"int{8 * leaf.dtype.itemsize}")
        if leaf.dtype.itemsize < 4:
            bits = bits.astype(jnp.int32)  # not every backend reduces smaller types
        unequal: jax.Array = lax.pmax(bits, AXIS) != lax.pmin(bits, AXIS)
        return unequal.any()

    every = lambda tree: jnp.stack([differs(leaf) for leaf in jax.tree.leaves(tree)])
    return jax.jit(mapped(every, mesh, None, None))


def shard() -> tuple[int, int]:
    """Returns (index, count) of this process, for `data.stream(..., shard=)`."""
    return jax.process_index(), jax.process_count()


def initialize(
    coordinator: str | None = None,
    num_processes: int | None = None,
    process_id: int | None = None,
    heartbeat_timeout_seconds: int = 100,
) -> bool:
    """Joins the cluster that the arguments name or that jax detects.

    jax detects TPU pods, SLURM, Open MPI and Kubernetes. Elsewhere give `coordinator` (the
    `host:port` of process 0), `num_processes` and `process_id`. Without a cluster, or called again,
    it changes nothing. It must come before anything that uses a device. A process that is silent
    for `heartbeat_timeout_seconds` is dead, and ends the others with an error that names it. The
    processes of a named cluster wait as long for each other at the start.

    Returns:
      Whether there is a cluster.

    Raises:
      ValueError: if some of the arguments are missing or impossible.
      RuntimeError: if it comes too late to join the cluster named, or the processes do not meet.
    """
    if jax.distributed.is_initialized():
        return True
    given = coordinator, num_processes, process_id
    if coordinator is not None and num_processes is not None and process_id is not None:
        _refuse_if_late(coordinator)
        roll_call.answer(coordinator, num_processes, process_id, heartbeat_timeout_seconds)
    try:
        jax.distributed.initialize(
            *given,
            heartbeat_timeout_seconds=heartbeat_timeout_seconds,
            # A process that an error has ended waits so long for the others before it is gone.
            shutdown_timeout_seconds=heartbeat_timeout_seconds,
        )
    except ValueError as error:
        if given == (None, None, None) and "coordinator_address" in str(error):
            return False
        raise ValueError(
            f"a cluster that jax does not detect needs coordinator, num_processes and process_id, "
            f"but is given {given}"
        ) from error
    except RuntimeError:
        if given != (None, None, None):
            raise
        # Devices are in use already, which jax refuses before it looks for a cluster.
        warnings.warn(
            "no cluster was looked for, because jax has used its devices already: call "
            "parallel.initialize() before anything else",
            stacklevel=2,
        )
        return False
    return True


def _refuse_if_late(coordinator: str) -> None:
    """Raises RuntimeError if jax has used its devices already."""
    # Which jax tells only who asks it to initialize; it refuses process -1 before it does.
    with contextlib.suppress(ValueError):
        jax.distributed.initialize(coordinator, 1, -1, cluster_detection_method="deactivate")


@dataclasses.dataclass(frozen=True)
class _Accumulated(Wrapper):
    micro_batches: int

    def step(self, state: State, batch: Batch, key: jax.Array) -> tuple[State, Metrics]:
        with core.micro_batches(self.micro_batches):
            after, metrics = self.method.step(state, batch, key)
        return after, metrics


def accumulate(method: core.Method, micro_batches: int) -> core.Method:
    """Returns the method with the gradients of each update taken over micro-batches in turn.

    An update then needs the memory of a micro-batch, `1 / micro_batches` of a device's examples,
    and is the update on the whole batch, with the same noise and dropout, except that batch norm
    normalises each micro-batch by itself and averages their running statistics.

    Raises:
      ValueError: if the method's losses couple examples: they are not means over micro-batches.
    """
    checks.positive(micro_batches=micro_batches)
    if method.couples_examples:
        raise ValueError(
            f"the losses of {type(method).__name__} couple the examples of a batch, which "
            "micro-batches would take apart: use more devices or a smaller batch instead"
        )
    return _Accumulated(method, micro_batches)


def _spec(axis: int | None) -> PartitionSpec:
    return PartitionSpec() if axis is None else PartitionSpec(*[None] * axis, AXIS)
