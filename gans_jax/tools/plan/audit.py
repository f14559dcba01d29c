"""Compiles an experiment's iteration for a slice, and reads from the program what it costs.

Memory and collectives are those of the program that would run. Operations and bytes are counted in
a program that is compiled at XLA's lowest level of optimization, which keeps all arrays in HBM: the
other one copies arrays to the chip's fast memory, and XLA counts the copies and what is read there
as bytes, too. It is compiled in a seventh of the time.
"""

import contextlib
import functools
import importlib.metadata
import math
import os
import re
import statistics
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import Any, cast

import chex
import jax
import numpy as np
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.stages import Compiled, Wrapped

from gans_jax import core, parallel
from gans_jax.core import extras
from gans_jax.data import DataError
from gans_jax.data.source import Shaped, Source
from gans_jax.runs import Experiment
from gans_jax.tools.plan import hlo
from gans_jax.tools.plan.chips import PlanError, Slice
from gans_jax.tools.plan.cost import Plan, assemble, refusal

# Without these, libtpu looks for the machine that it runs on, and waits for it in vain.
_ENVIRONMENT = {
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-16",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # nothing to lock, because the TPU is not used
}
# The two cores of a v4 chip work as one, as they do by default on the machine itself.
_OPTIONS = {"v4": {"chip_config_name": "megacore"}}
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def versions() -> str:
    """Returns the versions of jax and of the compiler, on which a plan depends."""
    return f"jax {jax.__version__}, libtpu {importlib.metadata.version('libtpu')}"


def plan(experiment: Experiment, place: Slice, batch_per_chip: int) -> Plan:
    """Returns the cost of an iteration on a slice.

    It sets environment variables that would disturb the use of a TPU: call it in a process of its
    own.

    Args:
      experiment: what to plan. Its data may be missing, if their fields tell the images' shape.
      place: the slice.
      batch_per_chip: examples of a minibatch on each chip.

    Raises:
      PlanError: if libtpu is missing, is too old or does not know the slice, or the shape of the
        images is unknown.
      DoesNotFit: if the chip has too little memory.
    """
    method, k, examples = experiment.method, _minibatches(experiment), shapes(experiment.data)
    compiled = _compiler(experiment, place, batch_per_chip)
    try:
        program = compiled(k)
        cost, loops = _total_cost(k, compiled)
    except jax.errors.JaxRuntimeError as error:
        raise _too_large(error, method, place, batch_per_chip) from error
    memory, exchanged = program.memory_analysis(), hlo.read(program.as_text() or "").collectives
    size = sum(math.prod(x.shape) * x.dtype.itemsize for x in examples.values())
    return assemble(place, method, batch_per_chip, k, size, cost, memory, exchanged, loops)


def work(experiment: Experiment, place: Slice, batch_per_chip: int) -> dict[str, float]:
    """Returns "flops" and "bytes accessed" of an iteration on one chip, as `plan` counts them.

    This compiles in a small part of the time that `plan` takes, and does not tell whether the
    iteration fits.

    Raises:
      PlanError: as `plan` does.
    """
    try:
        return _total_cost(_minibatches(experiment), _compiler(experiment, place, batch_per_chip))[
            0
        ]
    except jax.errors.JaxRuntimeError as error:
        raise _too_large(error, experiment.method, place, batch_per_chip) from error


def compare(
    experiment: Experiment, places: Sequence[Slice], global_batch: int | None = None
) -> list[tuple[Plan, Plan]]:
    """Plans each slice, and the same work per chip on the smallest slice of its kind.

    Args:
      experiment: what to plan.
      places: the slices.
      global_batch: examples of a minibatch on a whole slice; None for the experiment's batch size
        on every chip.

    Returns:
      For each slice its plan, and the plan of the smallest slice.

    Raises:
      PlanError: as `plan` does, or, before anything is compiled, if the chips of a slice do not
        divide `global_batch`.
      DoesNotFit: if a chip has too little memory.
    """
    for place in places:
        if global_batch is not None and global_batch % place.chips:
            raise PlanError(
                f"the chips of {place.name} do not divide a global batch of {global_batch}: "
                f"choose a multiple of {place.chips}"
            )
    one = functools.cache(lambda place, share: plan(experiment, place, share))
    shares = [global_batch // p.chips if global_batch else experiment.batch_size for p in places]
    return [
        (one(place, share), one(place.smallest, share))
        for place, share in zip(places, shares, strict=True)
    ]


def _devices(place: Slice) -> list[jax.Device]:
    if missing := extras.lack("libtpu"):
        raise PlanError(f"planning {missing}, best in an environment of its own")
    os.environ.update(_ENVIRONMENT)
    options = _OPTIONS.get(place.kind, {})
    try:
        return topologies.get_topology_desc(place.name, platform="tpu", **options).devices
    except jax.errors.JaxRuntimeError as error:
        reason = str(error).partition("\n")[0]
        raise PlanError(
            f"the compiler refuses {place.name} ({versions()}: {reason}): choose another slice, or "
            "install the versions that docs/pods.md names"
        ) from error


def _minibatches(experiment: Experiment) -> int:
    """Returns how many minibatches most iterations near the end take, after a warm-up."""
    method, end = experiment.method, experiment.iterations
    if not method.batch_axis:
        return 1
    return statistics.mode(len(method.minibatches(t)) for t in range(max(0, end - 1000), end))


def shapes(source: Source) -> dict[str, jax.ShapeDtypeStruct]:
    """Returns shape and type of an example's arrays, without any data from the source's fields."""
    try:
        example = source[0]
    except (DataError, OSError) as error:
        known = source.shapes() if isinstance(source, Shaped) else {}
        if not known or any(None in shape for shape in known.values()):
            raise PlanError(
                f"{error}; a plan needs the images' shape: give the data a `size`"
            ) from error
        kinds = {name: np.uint8 if shape else np.int32 for name, shape in known.items()}
        return {name: jax.ShapeDtypeStruct(known[name], kinds[name]) for name in known}
    return {n: jax.ShapeDtypeStruct(np.shape(x), np.asarray(x).dtype) for n, x in example.items()}


def _compiler(experiment: Experiment, place: Slice, batch_per_chip: int) -> Callable[..., Compiled]:
    """Returns `_compile` for an experiment and a slice, which lacks the number of minibatches."""
    method, mesh = experiment.wrapped(), parallel.mesh(_devices(place))
    return functools.partial(_compile, method, mesh, shapes(experiment.data), batch_per_chip)


def _compile(
    method: core.Method,
    mesh: Mesh,
    examples: dict[str, jax.ShapeDtypeStruct],
    batch_per_chip: int,
    minibatches: int,
    unrolled: bool = False,
) -> Compiled:
    """Returns the compiled step of a method over the devices of a mesh."""
    leading = (minibatches,) if method.batch_axis else ()
    shape = (*leading, batch_per_chip * mesh.size)
    batch = {n: jax.ShapeDtypeStruct(shape + x.shape, x.dtype) for n, x in examples.items()}
    key = jax.eval_shape(lambda: jax.random.key(0))
    state = jax.eval_shape(method.init, key, batch)
    whole, split = PartitionSpec(), PartitionSpec(*[None] * method.batch_axis, core.AXIS)
    arguments = [
        _placed(tree, NamedSharding(mesh, spec))
        for tree, spec in ((state, whole), (batch, split), (key, whole))
    ]
    with core.unrolled(unrolled), warnings.catch_warnings():
        # jax caches a program for a TPU, but cannot read it again without a TPU.
        warnings.filterwarnings("ignore", "Error reading persistent compilation cache entry")
        step = cast(Wrapped, parallel.sharded_step(method, mesh))
        return step.lower(*arguments).compile()


def _total_cost(
    k: int, compiled: Callable[..., Compiled]
) -> tuple[dict[str, float], tuple[int, ...]]:
    """Returns operations and bytes of all k updates, and the loops whose body is counted once.

    XLA counts the body of a loop once. Programs with two and with three updates, one after the
    other, tell what each further update costs; MMD GAN has no program with fewer than two.
    """
    with _all_in_hbm():
        program = compiled(k)
        if not _loops(program):
            return _cost(program), ()
        few = min(k, 2)
        base = compiled(few, unrolled=True)
        once_more = base if k == few else compiled(few + 1, unrolled=True)
    cost, more = _cost(base), _cost(once_more)
    total = {name: value + (k - few) * (more[name] - value) for name, value in cost.items()}
    return total, _loops(base)


@contextlib.contextmanager
def _all_in_hbm() -> Iterator[None]:
    before = jax.config.values["jax_optimization_level"]
    jax.config.update("jax_optimization_level", "O0")
    try:
        yield
    finally:
        jax.config.update("jax_optimization_level", before)


def _loops(program: Compiled) -> tuple[int, ...]:
    return tuple(trips for trips in hlo.read(program.as_text() or "").loops if trips > 1)


def _placed(tree: chex.ArrayTree, sharding: NamedSharding) -> chex.ArrayTree:
    """Returns shapes and types of the tree's arrays with a sharding."""
    place = lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding)
    return jax.tree.map(place, tree)


def _cost(program: Compiled) -> dict[str, float]:
    cost: Any = program.cost_analysis()
    return {name: cost[name] for name in ("flops", "bytes accessed")}


def _too_large(
    error: jax.errors.JaxRuntimeError, method: core.Method, place: Slice, batch_per_chip: int
) -> Exception:
    """Returns a DoesNotFit if the compiler ran out of memory, or else the error itself."""
    found = re.search(r"Used ([\d.]+)([KMGT])?\w* of ([\d.]+)([KMGT])?\w* hbm", str(error))
    if "RESOURCE_EXHAUSTED" not in str(error) or not found:
        return error
    return refusal(method, place, batch_per_chip, float(found[1]) * _UNITS.get(found[2], 1))
