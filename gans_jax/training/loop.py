"""The training loop. Nothing but the state is carried from one iteration to the next."""

import contextlib
import functools
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, TypeVar

import jax

from gans_jax import wrappers
from gans_jax.data import DataError
from gans_jax.runs import config, folder
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment
from gans_jax.training import processes as hosts
from gans_jax.training import recorder as record
from gans_jax.training.program import Program

T = TypeVar("T")


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
    seeds: int | None = None,
    devices: Sequence[jax.Device] | None = None,
    profile: int | None = None,
) -> Any:
    """Runs an experiment in a new folder, whose contents `gans_jax.runs.folder` states.

    The key of iteration t is `fold_in(run_key, t)` and its batch `stream[t]`, so that a run stopped
    at any iteration and resumed ends in the same state, to the bit, as one that was not.

    With `seeds` it trains so many, `experiment.seed` and those that follow it, in one program (see
    `wrappers.seeds`). Each has a folder `seed_0`, ... in `workdir`, which is the run that its seed
    alone would be, up to rounding: its own noise, order of the data, checkpoints and report.

    With `devices` each iteration is that of `parallel.sharded_step` on them; without, of `jax.jit`
    on the default device. They may be of several processes (`jax.devices()` after
    `parallel.initialize()`) that all call this with the same arguments: process 0 alone writes, and
    a signal to any ends all, at the end of the iteration after it. With `profile` the folder gets a
    trace of iterations `profile` to `profile + 3` for TensorBoard.

    Returns the final state of `experiment.method`, as `gans_jax.training.load` does, with `seeds`
    those of all along a leading axis. `extra` are functions of the user's own that the experiment
    is made of. SIGINT and SIGTERM end the run after the current iteration, or all those of the
    current dispatch.

    Raises:
      ConfigError: if the folder holds anything, the networks do not fit the data, the devices do
        not divide the batch, or processes have different arguments.
      DataError: if the data are missing, unfit, or fewer than a batch; in the middle of a run its
        state is saved first, as for any other error of the data.
      OSError: if the folder cannot be written.
      FloatingPointError: if a metric of an iteration is not finite, or as many iterations in a row
        as `skip_nonfinite` says were skipped; earlier checkpoints stay.
      CheckpointError: if a state that is to be saved is not finite, differs between the devices, or
        cannot be written.
      Interrupted: after a signal.
    """
    workdir = Path(workdir)
    program = _program(experiment, _numbered(experiment.seed, seeds), devices, extra)
    program.state_shapes()  # refuses what does not fit before anything is written
    _ = program.monitor  # so does this
    places = folder.places(workdir, program.seeds)
    runs = dict(zip(places, program.experiments, strict=True))
    make = functools.partial(folder.create, workdir, runs, program.batch_shapes, extra)
    hosts.on_first(make, program.several)
    return _run(program, workdir, places, progress, profile)


def resume(
    workdir: str | os.PathLike[str],
    experiment: Experiment | None = None,
    *,
    extra: Sequence[Any] = (),
    progress: bool = True,
    devices: Sequence[jax.Device] | None = None,
    profile: int | None = None,
) -> Any:
    """Continues the run in a folder from its newest checkpoint, and returns the final state.

    `experiment`, if given, is the run's own with as many iterations or more. `extra` are classes
    and functions of the user's own that the experiment is made of. A run without a checkpoint
    begins anew, a complete one gets its report again. The seeds that `train` has put into a folder
    go on together from the newest step that all have; `experiment` is then that of the first.

    `devices` and `profile` are as for `train`, and need not be those of the run so far. Several
    processes must all see the folder.

    Raises:
      ConfigError: if there is no run, or `experiment` is another one; it lists the differences.
      CheckpointError: if no checkpoint is intact, or the seeds have none in common.
      And what `train` raises during the run.
    """
    workdir = Path(workdir)
    places = folder.runs(workdir)
    saved = [folder.read_experiment(place, extra) for place in places]
    seeds = None if places == [workdir] else tuple(each.seed for each in saved)
    program = _program(experiment or saved[0], seeds, devices, extra)
    wanted = [program.experiment, *program.experiments[1:]]
    for place, before, now in zip(places, saved, wanted, strict=True):
        change = functools.partial(folder.change, place, before, now, extra)
        hosts.on_first(change, program.several)
        folder.check_examples(place, len(before.data))
    return _run(program, workdir, places, progress, profile)


def _numbered(first: int, count: int | None) -> tuple[int, ...] | None:
    if count is None:
        return None
    if count < 1:
        raise ConfigError(f"seeds must be at least 1, but is {count}")
    return tuple(range(first, first + count))


def _program(
    experiment: Experiment,
    seeds: tuple[int, ...] | None,
    devices: Sequence[jax.Device] | None,
    extra: Sequence[Any],
) -> Program:
    """What every process runs; ConfigError unless it is the same."""
    program = Program(experiment, seeds, None if devices is None else tuple(devices))
    text = config.to_json(experiment, extra)
    hosts.check_same(text, "the configuration", program.several)
    hosts.check_same(len(experiment.data), "the number of examples", program.several)
    hosts.check_same(hosts.files(experiment.data), "the list of files", program.several)
    return program


def _run(
    program: Program, workdir: Path, places: Sequence[Path], progress: bool, profile: int | None
) -> Any:
    experiment, k, several = program.experiment, program.experiment.repeat, program.several
    names = [f" of seed {seed}" for seed in program.seeds or ()] or [""]
    follows = several and jax.process_index() > 0
    with record.Record([] if follows else places, program) as files:
        start, state = _start(program, files)
        files.open(start, workdir.name if progress else None)
        received = files.enter_context(_signals())
        trace = files.enter_context(_Trace(None if follows else profile, places[0] / "profile", k))
        if start == 0:
            files.pictures(0, program.draw(state))
        previous, batches = None, program.batches(start)
        for t in range(start, experiment.iterations, k):
            batch = _next(batches, program, state, workdir, t if t > start else 0)
            trace.before(t, previous)
            state, told = program.dispatch(state, batch, t, received)
            done = t + k
            # A second in flight holds its temporaries, too. On a CPU that gained 2 % of an MLP's
            # iteration, and nothing measurable where convolutions make the temporaries large.
            ready, at = (told, done) if jax.default_backend() == "cpu" else (previous, t)
            if ready and not program.are_finite(ready.finite):
                record.check(program.numbers(ready.metrics), at, names, experiment.skip_nonfinite)
            previous = told
            files.advance(k, program.examples(batch))
            every = experiment.log_every, experiment.sample_every, experiment.checkpoint_every
            log, draw, save = (experiment.due(done, interval) for interval in every)
            rate = experiment.due(done, experiment.evaluate_every)
            log = log or rate
            number = program.signal(ready, received) if done < experiment.iterations else 0
            if log or save or number:
                values = program.numbers(told.metrics)
                # A state that is lost must not push out a good one.
                record.check(values, done, names, experiment.skip_nonfinite)
            if rate:
                evaluate = functools.partial(files.evaluate, done, program.split(state))
                found = hosts.on_first(evaluate, several) or [{}]
                values = [own | more for own, more in zip(values, found, strict=True)]
            if log:
                files.metrics(done, values)
            if draw:
                files.pictures(done, program.draw(state))
            if save or number:
                program.check_replicas(state, done)
                write = functools.partial(files.save, done, program.split(state))
                hosts.on_first(write, several)
            if number:
                raise Interrupted(number, done, workdir)
    hosts.on_first(files.report, several)
    return wrappers.unwrap(program.local(state))


def _start(program: Program, files: record.Record) -> tuple[int, Any]:
    """The first iteration and the state before it, which process 0 reads and tells the others."""
    like = program.state_shapes()
    found = hosts.on_first(lambda: files.restore(like), program.several)
    start, states = found or (0, [])
    # An imported state is one of step 0.
    if program.several and hosts.largest(bool(states)):
        start, states = hosts.largest(start), [hosts.share(states[0] if states else None, like)]
    return start, program.restored(states) if states else program.init()


def _next(batches: Iterator[T], program: Program, state: Any, workdir: Path, t: int) -> T:
    """The next batch; where there is none, the state after iteration t is saved, unless t is 0."""
    try:
        return next(batches)
    except Exception as error:
        places, keep = folder.places(workdir, program.seeds), program.experiment.keep
        if not t or not record.rescue(places, keep, t, program.split(state)):
            raise
        saved = f"the state after iteration {t} is saved: `python -m gans_jax resume {workdir}`"
        if isinstance(error, DataError):
            raise DataError(f"{error}; {saved}") from error
        error.add_note(saved)
        raise


class _Trace(contextlib.ExitStack):
    """A profiler's trace of the dispatches that have iterations `first` to `first + 3`."""

    def __init__(self, first: int | None, directory: Path, k: int) -> None:
        super().__init__()
        self._first, self._directory, self._k, self._on = first, directory, k, False

    def before(self, t: int, previous: Any) -> None:
        """Begins or ends the trace before iteration t, when `previous` is ready."""
        wanted = self._first is not None and self._first - self._k < t < self._first + 4
        if wanted == self._on:
            return
        jax.block_until_ready(previous)
        self._on = wanted
        if wanted:
            self.enter_context(jax.profiler.trace(self._directory))
        else:
            self.close()


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
