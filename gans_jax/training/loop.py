"""The training loop. Nothing but the state is carried from one iteration to the next."""

import dataclasses
import functools
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from gans_jax import wrappers
from gans_jax.runs import config, folder
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment
from gans_jax.training.feed import listed_files
from gans_jax.training.layout import choose_layout
from gans_jax.training.processes import of_devices
from gans_jax.training.profile import Trace
from gans_jax.training.program import Program
from gans_jax.training.recorder import Recorder
from gans_jax.training.signals import Interrupted, collected


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
    numbers = _numbered(experiment.seed, seeds)
    places = folder.places(workdir, numbers)
    program = _program(experiment, numbers, devices, extra)
    program.state_shapes()  # this and the recorder refuse what does not fit before a file is there
    recorder = Recorder(program, workdir, places)
    runs = dict(zip(places, _of_each_seed(experiment, program), strict=True))
    shapes = program.feed.batch_shapes
    program.processes.on_first(lambda: folder.create(workdir, runs, shapes, extra))
    return _run(program, recorder, progress, profile)


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
    seeds = None if places == [workdir] else [each.seed for each in saved]
    wanted = experiment or saved[0]
    program = _program(wanted, seeds, devices, extra)
    # A seed that `experiment` changes is refused like any other change.
    changed = [wanted, *_of_each_seed(wanted, program)[1:]]
    for place, before, now in zip(places, saved, changed, strict=True):
        change = functools.partial(folder.change, place, before, now, extra)
        program.processes.on_first(change)
        folder.check_examples(place, len(before.data))
    return _run(program, Recorder(program, workdir, places), progress, profile)


def _numbered(first: int, count: int | None) -> range | None:
    """Returns `count` seeds from `first` on, or None where no count is given."""
    if count is None:
        return None
    if count < 1:
        raise ConfigError(f"seeds must be at least 1, but is {count}")
    return range(first, first + count)


def _of_each_seed(experiment: Experiment, program: Program) -> list[Experiment]:
    return [dataclasses.replace(experiment, seed=seed) for seed in program.layout.seeds]


def _program(
    experiment: Experiment,
    seeds: Sequence[int] | None,
    devices: Sequence[jax.Device] | None,
    extra: Sequence[Any],
) -> Program:
    """Returns what every process computes, once it is found to be the same on all of them."""
    processes, layout = of_devices(devices), choose_layout(experiment, seeds, devices)
    processes.check_same(config.to_json(experiment, extra), "the configuration")
    processes.check_same(len(experiment.data), "the number of examples")
    processes.check_same(listed_files(experiment.data), "the list of files")
    return Program(experiment, layout, processes)


def _run(program: Program, recorder: Recorder, progress: bool, profile: int | None) -> Any:
    """Trains from the newest state on, and returns the final one."""
    experiment, processes, workdir = program.experiment, program.processes, recorder.workdir
    trace = Trace(
        profile if processes.is_first else None, recorder.places[0] / "profile", experiment.repeat
    )
    with recorder:
        start, state = recorder.begin(workdir.name if progress else None)
        with collected() as signals, trace:
            recorder.draw_initial(state)
            batches = program.feed.batches(start)
            for t in range(start, experiment.iterations, experiment.repeat):
                with recorder.rescue(t, state):
                    batch = next(batches)
                trace.before(t, state)
                state, outcome = program.dispatch(state, batch, t, max(signals, default=0))
                done = t + experiment.repeat
                ready = recorder.check(done, outcome)
                number = processes.agreed_signal(max(signals, default=0), ready and ready.signal)
                images = program.feed.examples(batch)
                recorder.record(done, state, outcome, images, stopping=number > 0)
                if number and done < experiment.iterations:
                    raise Interrupted(number, done, workdir)
    processes.on_first(recorder.report)
    return wrappers.unwrap(program.layout.local(state))
