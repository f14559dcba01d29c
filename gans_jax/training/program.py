"""What a run computes: the iterations of one seed, or of several in one program."""

import dataclasses
import functools
import math
from collections.abc import Iterator, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from gans_jax import core, data, parallel, pictures, wrappers
from gans_jax.pictures import sheets
from gans_jax.runs import folder
from gans_jax.runs.checkpoint import CheckpointError
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment
from gans_jax.training.outcome import SIGNAL, Judged, Told
from gans_jax.translation.compiled import CompiledTranslator

SHEET_ROWS = 8  # each is up to eight images wide


@dataclasses.dataclass(frozen=True)
class Program:
    """The compiled functions of an experiment, and the batches and keys that they take.

    With a number of `seeds` (None for the experiment's own alone), all but the configuration has a
    leading axis of them on the device, while the loop and the run folders see one item a seed.
    Over `devices`, which may be of several processes, each of which has a part of a batch's rows,
    the state is replicated. ConfigError if they do not divide the batch.
    """

    experiment: Experiment
    seeds: tuple[int, ...] | None = None
    devices: tuple[jax.Device, ...] | None = None

    def __post_init__(self) -> None:
        size, micro = self.experiment.batch_size, self.experiment.micro_batches
        count = len(self.devices or (None,))
        if self.seeds is not None and self.devices is not None:
            raise ConfigError("seeds are trained on one device: leave out the devices or the seeds")
        if size % (count * micro):
            raise ConfigError(
                f"batch_size {size} does not divide over {count} devices with {micro} "
                f"micro-batches each: choose a multiple of {count * micro}"
            )

    @functools.cached_property
    def mesh(self) -> Mesh | None:
        return None if self.devices is None else parallel.mesh(self.devices)

    @functools.cached_property
    def several(self) -> bool:
        """Whether the devices are of several processes."""
        return len({device.process_index for device in self.devices or ()}) > 1

    @property
    def experiments(self) -> list[Experiment]:
        """One a seed."""
        seeds = (self.experiment.seed,) if self.seeds is None else self.seeds
        return [dataclasses.replace(self.experiment, seed=seed) for seed in seeds]

    @functools.cached_property
    def method(self) -> Any:
        return self._for_seeds(self.experiment.wrapped())

    @functools.cached_property
    def stepped(self) -> Any:
        """The method whose step is a dispatch."""
        method, k = self.experiment.wrapped(), self.experiment.repeat
        return Judged(self._for_seeds(wrappers.repeat(method, k) if k > 1 else method))

    @functools.cached_property
    def step(self) -> Any:
        """A dispatch, which returns the state and what is `Told`."""
        if self.mesh is not None:
            return parallel.sharded_step(self.stepped, self.mesh)
        return jax.jit(self.stepped.step, donate_argnums=0)

    def dispatch(
        self, state: Any, batch: dict[str, jax.Array], t: int, received: Sequence[int]
    ) -> tuple[Any, Told]:
        """That of iteration t, with the numbers of the signals that this process has received."""
        if self.several:
            axis, devices = self.stepped.batch_axis, len(self.mesh.local_devices)
            number = np.full((1,) * axis + (devices,), max(received, default=0), np.int32)
            batch = batch | parallel.put_batch(self.mesh, {SIGNAL: number}, axis)
        return self.step(state, batch, self.keys(t))

    def signal(self, told: Told | None, received: Sequence[int]) -> int:
        """The number of one to any process, or 0, on all of them the same; None told is none."""
        if not self.several:
            return max(received, default=0)
        return int(self.local(told.signal)) if told else 0

    @functools.cached_property
    def streams(self) -> list[data.Stream]:
        shard = parallel.shard() if self.several else (0, 1)
        streams = [(e.data, e.batch_size, e.seed, e.method, shard) for e in self.experiments]
        return [data.stream(*each) for each in streams]

    @functools.cached_property
    def batch_shapes(self) -> dict[str, jax.ShapeDtypeStruct]:
        """Those of the global batch."""
        axis, size = self.experiment.method.batch_axis, self.experiment.batch_size
        shape = lambda v: (*v.shape[:axis], size, *v.shape[axis + 1 :])
        batch = self.streams[0][0]
        return jax.tree.map(lambda v: jax.ShapeDtypeStruct(shape(v), v.dtype), batch)

    def state_shapes(self) -> Any:
        """Those of one seed's state; ConfigError if the networks do not fit the data."""
        return folder.state_shapes(self.experiment.wrapped(), self.batch_shapes)

    def init(self) -> Any:
        """The initial state, of each seed to the bit that of its run alone."""
        init = jax.jit(self.experiment.wrapped().init)
        keys = self._keys[0] if self.seeds is not None else [self._keys[0]]
        pairs = zip(keys, self.streams, strict=True)
        return self.restored([init(key, stream[0]) for key, stream in pairs])

    def restored(self, states: Sequence[Any]) -> Any:
        """The state that the seeds' states are."""
        return self._place(self.join(states))

    def local(self, tree: Any) -> Any:
        """What this process needs of a state or of metrics, on one device."""
        if self.mesh is None:
            return tree
        return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)

    def _place(self, state: Any) -> Any:
        return state if self.mesh is None else parallel.replicate(self.mesh, state)

    def keys(self, t: int) -> jax.Array:
        """The key of iteration t, or those of the dispatch that begins with it."""
        return _fold_in(self._keys[1], t, self.experiment.repeat)

    def batches(self, start: int) -> Iterator[dict[str, jax.Array]]:
        """Those of each dispatch, on the device."""
        own = [stream.prefetch(start, self.experiment.iterations) for stream in self.streams]
        stacked = [_stack(batches, self.experiment.repeat) for batches in own]
        groups = (self.join(group, np.stack) for group in zip(*stacked, strict=True))
        return _ahead(map(self._put, groups))

    def _put(self, batch: dict[str, np.ndarray]) -> dict[str, jax.Array]:
        if self.mesh is None:
            return jax.device_put(batch)
        return parallel.put_batch(self.mesh, batch, self.stepped.batch_axis)

    def examples(self, batch: dict[str, jax.Array]) -> int:
        """How many real examples of a seed a dispatch reads."""
        leading = jax.tree.leaves(batch)[0].shape[: self.stepped.batch_axis + 1]
        return math.prod(leading) // len(self.experiments)

    def draw(self, state: Any) -> Iterator[np.ndarray]:
        """A picture a seed, once it is asked for: of samples from the same noise, or, if the method
        translates, of what it makes of the same examples.
        """
        state, keys = self.local(state), self._keys[2]
        if not core.is_sampler(self.experiment.method):
            for own, key in zip(self._each(state), self._each(keys), strict=True):
                own = wrappers.unwrap(own)
                yield sheets.sheet([self._translator.row(own, e, key) for e in self._held])
            return
        for own in self._split(self._sample(state, keys, self.experiment.samples)):
            yield pictures.draw(own, self.experiment.data)

    @functools.cached_property
    def _translator(self) -> CompiledTranslator:
        return CompiledTranslator(self.experiment.method)

    @functools.cached_property
    def _held(self) -> list[dict[str, np.ndarray]]:
        """The examples in a sheet of translations, from all over the source."""
        source = self.experiment.data
        num = min(self.experiment.samples, len(source), SHEET_ROWS)
        return [source[index * len(source) // num] for index in range(num)]

    @functools.cached_property
    def monitor(self) -> Any:
        """What rates states during the run, None without; ConfigError if it cannot."""
        if self.experiment.evaluate_every is None:
            return None
        from gans_jax import evaluation  # which builds on this package

        try:
            return evaluation.Monitor(self.experiment)
        except evaluation.EvaluationError as error:
            raise ConfigError(str(error)) from error

    def join(self, items: Sequence[Any], stack: Any = jnp.stack) -> Any:
        """Trees of the seeds as one tree with their axis; the only item where that is missing."""
        if self.seeds is None:
            return items[0]
        return jax.tree.map(lambda *leaves: stack(leaves), *items)

    def split(self, tree: Any) -> list[Any]:
        """A state or metrics as NumPy trees of the seeds."""
        return self._split(self.local(tree))

    def _split(self, tree: Any) -> list[Any]:
        return self._each(jax.device_get(tree))

    def _each(self, tree: Any) -> list[Any]:
        """The tree of each seed, where it was."""
        if self.seeds is None:
            return [tree]
        return [jax.tree.map(lambda leaf: leaf[i], tree) for i in range(len(self.seeds))]  # noqa: B023

    def numbers(self, metrics: dict[str, jax.Array]) -> list[dict[str, float]]:
        return [{n: float(v) for n, v in own.items()} for own in self.split(metrics)]

    def are_finite(self, finite: jax.Array) -> bool:
        """What a step tells of its metrics; this waits for them."""
        return bool(self.local(finite))

    def check_replicas(self, state: Any, done: int) -> None:
        """CheckpointError unless all devices have the same state; every process must call it."""
        if self.mesh is None or self.mesh.size == 1:
            return
        if differing := parallel.diverged(self.mesh, state):
            raise CheckpointError(
                f"state{differing[0]}, one of {len(differing)} leaves, differs between the devices "
                f"after iteration {done} and is not saved: resume from the checkpoint before it, "
                "and replace a device where this happens again"
            )

    def _for_seeds(self, method: Any) -> Any:
        return method if self.seeds is None else wrappers.seeds(method, len(self.seeds))

    @functools.cached_property
    def _keys(self) -> jax.Array:
        """Of the initial state, the iterations and the pictures, `[3, ...]`."""
        keys = [jax.random.split(jax.random.key(e.seed), 3) for e in self.experiments]
        return keys[0] if self.seeds is None else jnp.stack(keys, axis=1)

    @functools.cached_property
    def _sample(self) -> Any:
        return jax.jit(self.method.sample, static_argnums=2)


@functools.partial(jax.jit, static_argnums=2)
def _fold_in(run_keys: jax.Array, t: int, k: int) -> jax.Array:
    """For each run's key that of iteration t, or those of the k iterations from t on."""
    if run_keys.ndim:
        return jax.vmap(lambda key: _fold_in(key, t, k))(run_keys)
    if k == 1:
        return jax.random.fold_in(run_keys, t)
    return jax.vmap(jax.random.fold_in, (None, 0))(run_keys, t + jnp.arange(k))


def _stack(batches: Iterator[dict[str, np.ndarray]], k: int) -> Iterator[dict[str, np.ndarray]]:
    """k batches at a time as one with a leading axis, where k is above 1."""
    if k == 1:
        return batches
    groups = zip(*[batches] * k, strict=True)
    return (jax.tree.map(lambda *leaves: np.stack(leaves), *group) for group in groups)


def _ahead(batches: Iterator[dict[str, jax.Array]]) -> Iterator[dict[str, jax.Array]]:
    """The same, each moved to the device while the one before it is in use.

    An error comes after the batches before it.
    """
    ahead, error = next(batches, None), None
    while ahead is not None:
        try:
            following = next(batches, None)
        except Exception as caught:
            following, error = None, caught
        yield ahead
        ahead = following
    if error is not None:
        raise error
