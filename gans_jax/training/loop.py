"""The training loop. Nothing but the state is carried from one iteration to the next."""

import contextlib
import functools
import math
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import data, wrappers
from gans_jax.training import folder, pictures
from gans_jax.training.checkpoint import Checkpoints
from gans_jax.training.experiment import Experiment
from gans_jax.training.logs import Logs
from gans_jax.training.report import write_report


class Interrupted(KeyboardInterrupt):
    """SIGINT or SIGTERM (`number`) ended the run, after its state was saved."""

    def __init__(self, number: int, done: int, workdir: Path) -> None:
        super().__init__(
            f"stopped after iteration {done}, whose state is saved: "
            f"continue with `python -m gans_jax resume {workdir}`"
        )
        self.number = number


def train(
    experiment: Experiment,
    workdir: str | os.PathLike[str],
    *,
    extra: Sequence[Any] = (),
    progress: bool = True,
) -> Any:
    """Runs an experiment in a new folder, whose contents `gans_jax.training.folder` states.

    The key of iteration t is `fold_in(run_key, t)` and its batch `stream[t]`, so that a run stopped
    at any iteration and resumed ends in the same state, to the bit, as one that was not.

    Returns the final state of `experiment.method`, as `gans_jax.training.load` does. `extra` are
    functions of the user's own that the experiment is made of. SIGINT and SIGTERM end the run after
    the current iteration, or all those of the current dispatch.

    Raises:
      ConfigError: if the folder holds anything, or the networks do not fit the data.
      DataError: if the data are missing, unfit, or fewer than a batch.
      OSError: if the folder cannot be written.
      FloatingPointError: if a metric that is read (to be logged, or before a checkpoint) is not
        finite, or as many iterations in a row as `skip_nonfinite` says were skipped; earlier
        checkpoints stay.
      Interrupted: after a signal.
    """
    workdir = Path(workdir)
    batch = _stream(experiment)[0]
    folder.state_shapes(experiment.wrapped(), batch)  # refuses what does not fit before writing
    folder.create(workdir, experiment, batch, extra)
    return _run(experiment, workdir, progress)


def resume(
    workdir: str | os.PathLike[str],
    experiment: Experiment | None = None,
    *,
    extra: Sequence[Any] = (),
    progress: bool = True,
) -> Any:
    """Continues the run in a folder from its newest checkpoint, and returns the final state.

    `experiment`, if given, is the run's own with as many iterations or more. `extra` are classes
    and functions of the user's own that the experiment is made of. A run without a checkpoint
    begins anew, a complete one gets its report again.

    Raises:
      ConfigError: if there is no run, or `experiment` is another one; it lists the differences.
      CheckpointError: if no checkpoint is intact.
      And what `train` raises during the run.
    """
    workdir = Path(workdir)
    saved = folder.read_experiment(workdir, extra)
    if experiment is not None:
        folder.change(workdir, saved, experiment, extra)
    folder.check_examples(workdir, len(saved.data))
    return _run(experiment or saved, workdir, progress)


def _run(experiment: Experiment, workdir: Path, progress: bool) -> Any:
    method, iterations, k = experiment.wrapped(), experiment.iterations, experiment.repeat
    init_key, run_key, sample_key = jax.random.split(jax.random.key(experiment.seed), 3)
    stream = _stream(experiment)
    stepped = wrappers.repeat(method, k) if k > 1 else method
    step = jax.jit(stepped.step, donate_argnums=0)
    sample = jax.jit(method.sample, static_argnums=2)

    def draw(state: Any) -> np.ndarray:
        return pictures.draw(sample(state, sample_key, experiment.samples), experiment.data)

    with Checkpoints(workdir / "checkpoints", experiment.keep) as checkpoints:
        if checkpoints.latest() is None:
            start, state = 0, jax.jit(method.init)(init_key, stream[0])
        else:
            start, state = checkpoints.restore(folder.state_shapes(method, stream[0]))
        with Logs(workdir, start, iterations, progress) as logs, _signals() as received:
            if start == 0:
                logs.picture(0, draw(state))
            previous, batches = None, _on_device(_stack(stream.prefetch(start, iterations), k))
            for t, batch in zip(range(start, iterations, k), batches, strict=True):
                state, metrics = step(state, batch, _keys(run_key, t, k))
                jax.block_until_ready(previous)  # more than two in flight would only hold memory
                previous, done = metrics, t + k
                logs.advance(k, _examples(batch, stepped.batch_axis))
                stop = received and done < iterations
                if experiment.due(done, experiment.log_every):
                    logs.metrics(done, _read(metrics, done, experiment.skip_nonfinite))
                if experiment.due(done, experiment.sample_every):
                    logs.picture(done, draw(state))
                if stop or experiment.due(done, experiment.checkpoint_every):
                    # A state that is lost must not push out a good one.
                    _read(metrics, done, experiment.skip_nonfinite)
                    checkpoints.save(done, state)
                if stop:
                    raise Interrupted(received[0], done, workdir)
    write_report(workdir, experiment)
    return wrappers.unwrap(state)


def _stream(experiment: Experiment) -> data.Stream:
    return data.stream(experiment.data, experiment.batch_size, experiment.seed, experiment.method)


def _stack(batches: Iterator[dict[str, np.ndarray]], k: int) -> Iterator[dict[str, np.ndarray]]:
    """k batches at a time as one with a leading axis, where k is above 1."""
    if k == 1:
        return batches
    groups = zip(*[batches] * k, strict=True)
    return (jax.tree.map(lambda *leaves: np.stack(leaves), *group) for group in groups)


@functools.partial(jax.jit, static_argnums=2)
def _keys(run_key: jax.Array, t: int, k: int) -> jax.Array:
    """The key of iteration t, or those of the k iterations from t on."""
    if k == 1:
        return jax.random.fold_in(run_key, t)
    return jax.vmap(jax.random.fold_in, (None, 0))(run_key, t + jnp.arange(k))


def _on_device(batches: Iterator[dict[str, np.ndarray]]) -> Iterator[dict[str, jax.Array]]:
    """Moves each batch to the device while the one before it is in use."""
    ahead = None
    for batch in batches:
        batch = jax.device_put(batch)
        if ahead is not None:
            yield ahead
        ahead = batch
    if ahead is not None:
        yield ahead


def _examples(batch: dict[str, jax.Array], batch_axis: int) -> int:
    return math.prod(jax.tree.leaves(batch)[0].shape[: batch_axis + 1])


def _read(metrics: dict[str, jax.Array], done: int, limit: int) -> dict[str, float]:
    """The metrics as numbers.

    FloatingPointError that names the first one not finite, or, with a limit above 0, if the last
    `limit` iterations were skipped.
    """
    values = {name: float(value) for name, value in jax.device_get(metrics).items()}
    remedy = (
        "lower the learning rate, or change what bounds the networks; "
        "the checkpoints before it are kept"
    )
    if limit:
        if values["skipped_in_a_row"] >= limit:
            raise FloatingPointError(
                f"{values['skipped_in_a_row']:.0f} iterations in a row up to iteration {done} were "
                f"skipped, since a loss or a gradient was not finite: {remedy}"
            )
        return values
    for name, value in values.items():
        if not math.isfinite(value):
            raise FloatingPointError(f"{name} is {value} after iteration {done}: {remedy}")
    return values


@contextlib.contextmanager
def _signals() -> Iterator[list[int]]:
    """Collects SIGINT and SIGTERM, so that an iteration is finished; the second acts as usual."""
    received: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield received  # only the main thread may set handlers
        return

    def note(number: int, frame: Any) -> None:
        received.append(number)
        restore()
        # Not print, which fails if the signal interrupts another print.
        os.write(2, b"\nfinishing this iteration and saving; once more to quit at once\n")

    def restore() -> None:
        for number, handler in before.items():
            signal.signal(number, handler)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield received
    finally:
        restore()
