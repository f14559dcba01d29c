"""The training loop. Nothing but the state is carried from one iteration to the next."""

import contextlib
import os
import signal
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import jax

from gans_jax import wrappers
from gans_jax.training import folder, record
from gans_jax.training.config import ConfigError
from gans_jax.training.experiment import Experiment
from gans_jax.training.program import Program


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
) -> Any:
    """Runs an experiment in a new folder, whose contents `gans_jax.training.folder` states.

    The key of iteration t is `fold_in(run_key, t)` and its batch `stream[t]`, so that a run stopped
    at any iteration and resumed ends in the same state, to the bit, as one that was not.

    With `seeds` it trains so many, `experiment.seed` and those that follow it, in one program (see
    `wrappers.seeds`). Each has a folder `seed_0`, ... in `workdir`, which is the run that its seed
    alone would be, up to rounding: its own noise, order of the data, checkpoints and report.

    Returns the final state of `experiment.method`, as `gans_jax.training.load` does, with `seeds`
    those of all along a leading axis. `extra` are functions of the user's own that the experiment
    is made of. SIGINT and SIGTERM end the run after the current iteration, or all those of the
    current dispatch.

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
    program = Program(experiment, _numbered(experiment.seed, seeds))
    program.state_shapes()  # refuses what does not fit before anything is written
    places = folder.runs(workdir, program.seeds)
    runs = dict(zip(places, program.experiments, strict=True))
    folder.create(workdir, runs, program.batch_shapes, extra)
    return _run(program, workdir, places, progress)


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
    begins anew, a complete one gets its report again. The seeds that `train` has put into a folder
    go on together from the newest step that all have; `experiment` is then that of the first.

    Raises:
      ConfigError: if there is no run, or `experiment` is another one; it lists the differences.
      CheckpointError: if no checkpoint is intact, or the seeds have none in common.
      And what `train` raises during the run.
    """
    workdir = Path(workdir)
    places = folder.runs(workdir)
    saved = [folder.read_experiment(place, extra) for place in places]
    seeds = None if places == [workdir] else tuple(each.seed for each in saved)
    program = Program(experiment or saved[0], seeds)
    wanted = [program.experiment, *program.experiments[1:]]
    for place, before, now in zip(places, saved, wanted, strict=True):
        folder.change(place, before, now, extra)
        folder.check_examples(place, len(before.data))
    return _run(program, workdir, places, progress)


def _numbered(first: int, count: int | None) -> tuple[int, ...] | None:
    if count is None:
        return None
    if count < 1:
        raise ConfigError(f"seeds must be at least 1, but is {count}")
    return tuple(range(first, first + count))


def _run(program: Program, workdir: Path, places: Sequence[Path], progress: bool) -> Any:
    experiment, k = program.experiment, program.experiment.repeat
    names = [f" of seed {seed}" for seed in program.seeds or ()] or [""]
    with record.Record(places, experiment) as files:
        start, states = files.restore(program.state_shapes())
        state = program.join(states) if states else program.init()
        files.open(start, workdir.name if progress else None)
        received = files.enter_context(_signals())
        if start == 0:
            files.pictures(0, program.draw(state))
        previous = None
        for t, batch in zip(
            range(start, experiment.iterations, k), program.batches(start), strict=True
        ):
            state, metrics = program.step(state, batch, program.keys(t))
            # More in flight would only hold memory, as two already do where they share the cores.
            jax.block_until_ready(metrics if jax.default_backend() == "cpu" else previous)
            previous, done = metrics, t + k
            files.advance(k, program.examples(batch))
            stop = received and done < experiment.iterations
            every = experiment.log_every, experiment.sample_every, experiment.checkpoint_every
            log, draw, save = (experiment.due(done, interval) for interval in every)
            if log or save or stop:
                values = program.numbers(metrics)
                # A state that is lost must not push out a good one.
                record.check(values, done, names, experiment.skip_nonfinite)
            if log:
                files.metrics(done, values)
            if draw:
                files.pictures(done, program.draw(state))
            if save or stop:
                files.save(done, program.split(state))
            if stop:
                raise Interrupted(received[0], done, workdir)
    files.report()
    return wrappers.unwrap(state)


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
