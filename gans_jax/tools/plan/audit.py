"""Compiles an experiment's iteration for a slice, and reads off what it costs there."""

import functools
import importlib.metadata
import importlib.util
import os
import re
import statistics
import warnings
from collections.abc import Callable, Sequence
from typing import Any

import jax
import numpy as np
import optax
from jax.experimental import topologies
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from gans_jax import core, parallel
from gans_jax.data import DataError
from gans_jax.runs import Experiment
from gans_jax.tools.plan import hlo
from gans_jax.tools.plan.chips import PlanError, Slice
from gans_jax.tools.plan.cost import Plan, assemble, refusal

# Without these, libtpu looks for the machine that it runs on, and waits for it in vain.
_ENVIRONMENT = {
    "TPU_SKIP_MDS_QUERY": "1",
    "TPU_ACCELERATOR_TYPE": "v5litepod-16",
    "TPU_WORKER_HOSTNAMES": "localhost",
    "ALLOW_MULTIPLE_LIBTPU_LOAD": "1",  # no TPU is used, so that none needs to be locked
}
# The two cores of a v4 chip work as one, as they do by default on the machine itself.
_OPTIONS = {"v4": {"chip_config_name": "megacore"}}
_UNITS = {"K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


def versions() -> str:
    """Those of jax and of the compiler, on which a plan depends."""
    return f"jax {jax.__version__}, libtpu {importlib.metadata.version('libtpu')}"


def plan(experiment: Experiment, place: Slice, batch_per_chip: int) -> Plan:
    """The cost of an iteration on a slice, with so many examples of a minibatch on each chip.

    It sets environment variables that a TPU at hand would not want: use a process of its own.

    Raises:
      PlanError: if libtpu is missing, or the data are and their shape cannot be told.
      DoesNotFit: if the chip has too little memory.
    """
    mesh = parallel.mesh(_devices(place))
    method, k, examples = experiment.method, _minibatches(experiment), _examples(experiment)
    compiled = functools.partial(_compile, experiment.wrapped(), mesh, examples, batch_per_chip)
    try:
        program = compiled(k)
        read = hlo.read(program.as_text())
        cost, loops = _total_cost(program, read.loops, k, compiled)
    except jax.errors.JaxRuntimeError as error:
        raise _too_large(error, method, place, batch_per_chip) from error
    memory = program.memory_analysis()
    return assemble(place, method, batch_per_chip, k, cost, memory, read.collectives, loops)


def compare(
    experiment: Experiment, places: Sequence[Slice], global_batch: int | None = None
) -> list[tuple[Plan, Plan]]:
    """For each slice its plan, and that of the same work per chip on the smallest of its kind.

    Each chip has the experiment's batch size, or its share of `global_batch`. PlanError, before
    anything is compiled, if the chips do not divide that.
    """
    for place in places:
        if global_batch is not None and global_batch % place.chips:
            raise PlanError(
                f"the chips of {place.name} do not divide a global batch of {global_batch}: "
                f"choose a multiple of {place.chips}"
            )
    one = functools.cache(lambda place, share: plan(experiment, place, share))
    shares = [global_batch // p.chips if global_batch else experiment.batch_size for p in places]
    both = zip(places, shares, strict=True)
    return [(one(place, share), one(place.smallest, share)) for place, share in both]


def _devices(place: Slice) -> list[Any]:
    if importlib.util.find_spec("libtpu") is None:
        raise PlanError(
            "planning needs libtpu, the compiler for TPUs: run `pip install 'gans_jax[tpu]'`"
        )
    os.environ.update(_ENVIRONMENT)
    options = _OPTIONS.get(place.kind, {})
    return topologies.get_topology_desc(place.name, platform="tpu", **options).devices


def _minibatches(experiment: Experiment) -> int:
    """How many minibatches most iterations near the end take, past a warm-up."""
    method, end = experiment.method, experiment.iterations
    if not method.batch_axis:
        return 1
    return statistics.mode(len(method.minibatches(t)) for t in range(max(0, end - 1000), end))


def _examples(experiment: Experiment) -> dict[str, jax.ShapeDtypeStruct]:
    """Shape and type of an example, from the data if they are here."""
    try:
        example = experiment.data[0]
    except (DataError, OSError) as error:
        shape = _image_shape(experiment)
        if shape is None:
            raise PlanError(
                f"{error}; a plan needs the images' shape: give the data a `size`"
            ) from error
        # Of the methods without noise of their own, all translate.
        names = ("image",) if core.is_sampler(experiment.method) else ("a", "b")
        return dict.fromkeys(names, jax.ShapeDtypeStruct(shape, np.uint8))
    return {n: jax.ShapeDtypeStruct(np.shape(x), np.asarray(x).dtype) for n, x in example.items()}


def _image_shape(experiment: Experiment) -> tuple[int, ...] | None:
    """The shape of an image that the generator makes from noise, or that the source's size says."""
    method, source = experiment.method, experiment.data

    def make(key: jax.Array) -> jax.Array:
        z = method.prior(key, 1)
        player = core.create(method.generator, optax.identity(), key, z)
        return core.apply(method.generator, player, z)[0]

    if core.is_sampler(method) and hasattr(method, "generator"):
        return jax.eval_shape(make, jax.eval_shape(lambda: jax.random.key(0))).shape[1:]
    while hasattr(source, "source"):
        source = source.source
    side = getattr(source, "size", None)
    return (side, side, getattr(source, "channels", 3)) if side else None


def _compile(
    method: core.Method,
    mesh: Mesh,
    examples: dict[str, jax.ShapeDtypeStruct],
    batch_per_chip: int,
    minibatches: int,
    unrolled: bool = False,
) -> Any:
    leading = (minibatches,) if method.batch_axis else ()
    shape = (*leading, batch_per_chip * mesh.size)
    batch = {n: jax.ShapeDtypeStruct(shape + x.shape, x.dtype) for n, x in examples.items()}
    key = jax.eval_shape(lambda: jax.random.key(0))
    state = jax.eval_shape(method.init, key, batch)
    whole, split = PartitionSpec(), PartitionSpec(*[None] * method.batch_axis, core.AXIS)
    places = ((state, whole), (batch, split), (key, whole))
    arguments = [_placed(tree, NamedSharding(mesh, spec)) for tree, spec in places]
    with core.unrolled(unrolled), warnings.catch_warnings():
        # A program for a TPU enters jax's cache, but cannot be read from it without a TPU.
        warnings.filterwarnings("ignore", "Error reading persistent compilation cache entry")
        return parallel.sharded_step(method, mesh).lower(*arguments).compile()


def _total_cost(
    program: Any, loops: tuple[int, ...], k: int, compiled: Callable[..., Any]
) -> tuple[dict[str, float], tuple[int, ...]]:
    """Operations and bytes of all k updates, and the loops in which they are counted once.

    XLA counts the body of a loop once: the program counts one update, and a program with two of
    them, one after the other, tells what each further one costs.
    """
    trips = [trips for trips in loops if trips > 1]
    if not trips:
        return _cost(program), ()
    single = program if trips == [k] else compiled(1, unrolled=True)
    double = single if k == 1 else compiled(2, unrolled=True)
    once, more = _cost(single), _cost(double)
    cost = {name: value + (k - 1) * (more[name] - value) for name, value in once.items()}
    return cost, tuple(trips for trips in hlo.read(double.as_text()).loops if trips > 1)


def _placed(tree: Any, sharding: NamedSharding) -> Any:
    place = lambda x: jax.ShapeDtypeStruct(x.shape, x.dtype, sharding=sharding)
    return jax.tree.map(place, tree)


def _cost(program: Any) -> dict[str, float]:
    cost = program.cost_analysis()
    return {name: cost[name] for name in ("flops", "bytes accessed")}


def _too_large(
    error: jax.errors.JaxRuntimeError, method: Any, place: Slice, batch_per_chip: int
) -> Exception:
    found = re.search(r"Used ([\d.]+)([KMGT])?\w* of ([\d.]+)([KMGT])?\w* hbm", str(error))
    if "RESOURCE_EXHAUSTED" not in str(error) or not found:
        return error
    return refusal(method, place, batch_per_chip, float(found[1]) * _UNITS.get(found[2], 1))
