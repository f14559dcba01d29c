"""The training loop. Nothing but the state is carried from one iteration to the next."""

import contextlib
import dataclasses
import functools
import os
from collections.abc import Sequence
from typing import Any

import jax

from gans_jax import wrappers
from gans_jax.data import fingerprint
from gans_jax.runs import config, creation, data_file, folder
from gans_jax.runs.experiment import Experiment
from gans_jax.training.callback import Callback
from gans_jax.training.layout import choose_layout
from gans_jax.training.placement import Choice
from gans_jax.training.processes import Processes
from gans_jax.training.profile import Trace
from gans_jax.training.program import Program
from gans_jax.training.recorder import Recorder
from gans_jax.training.rehearsal import check_batch, rehearse
from gans_jax.training.signals import Interrupted


@jax.transfer_guard("allow")
def train(
    experiment: Experiment,
    workdir: str | os.PathLike[str],
    *,
    extra: Sequence[Any] = (),
    progress: bool = True,
    seeds: int | None = None,
    devices: Sequence[jax.Device] | None = None,
    profile: int | None = None,
    data_timeout: float | None = None,
    data_on_device: Choice = "auto",
    data_workers: int = 0,
    callbacks: Sequence[Callback] = (),
) -> Any:
    """Runs an experiment in a new folder; `gans_jax.runs.folder` says what the folder then holds.

    The key of iteration t is `fold_in(run_key, t)` and its batch is `stream[t]`, so that a run that
    is stopped and resumed ends in the same state, to the bit, as one that is not. SIGINT, SIGTERM
    and SIGHUP end the run after the current dispatch, whose state is saved.

    Args:
      experiment: the method, the data, and how long and how often.
      workdir: the folder, or the address of one in an object store, such as gs://bucket/run, to
        which a copy on this machine is published with each checkpoint; it must be new or empty.
      extra: functions of your own that the experiment is made of.
      progress: whether to show a progress bar.
      seeds: how many seeds, from `experiment.seed` on, to train in one program (see
        `wrappers.seeds`). Each gets a folder `seed_0`, ... in `workdir`, which holds the run of its
        seed alone, up to rounding.
      devices: the devices that share each batch, as in `parallel.sharded_step`; None is the default
        device. If they belong to several processes (see `parallel.initialize`), all must call this
        function alike. Process 0 alone writes, and a signal to any process ends all of them.
      profile: an iteration from which on four are traced by the profiler, for TensorBoard.
      data_timeout: seconds of silence of the data after which the run ends, with its state saved.
        None waits for ever; after a minute a warning names the data.
      data_on_device: whether all examples stay in device memory, where each dispatch gathers its
        batch. The run is the same to the bit, so that this is no part of its configuration. "auto"
        decides by the memory that the device says it has; a CPU says nothing, and keeps none.
      data_workers: how many processes read the batches that are not on the device, for files that
        Python's threads read too slowly (see `data.Workers`); 0 reads them in threads.
      callbacks: are called on process 0 as `Callback` says; an error of one ends the run, with its
        state saved. They follow one run, and so cannot be had with `seeds`.

    Returns:
      The final state of `experiment.method`, as `gans_jax.training.load` returns it. With `seeds`
      its leaves have a leading axis.

    Raises:
      ConfigError: if the folder is not empty, the method or its networks do not fit the data, the
        devices do not divide the batch, or processes have different arguments.
      DataError: if the data are missing, unfit, silent for too long, fewer than a batch, or cannot
        be on the device as `data_on_device` asks.
      OSError: if the folder cannot be written, or as a StoreError, if the object store cannot.
      FloatingPointError: if a metric is not finite, or too many iterations in a row were skipped.
      CheckpointError: if a state is not finite, differs between devices, or cannot be written.
      Interrupted: after a signal.
      Exception: any other error of the method, the data or an evaluation. After the first iteration
        the newest state is saved before this and any error of the data.
    """
    numbers = None if seeds is None else range(experiment.seed, experiment.seed + seeds)
    program = _program(experiment, numbers, devices, extra, data_on_device, data_workers)
    # This refuses what does not fit, before anything is written.
    rehearse(program)
    shapes = program.feed.batch_shapes
    with contextlib.ExitStack() as stack:
        place = program.processes.opened(stack, workdir, new=True)
        places = folder.places(place.folder, numbers)
        runs = dict(zip(places, _of_each_seed(experiment, program), strict=True))
        recorder = Recorder(program, place, places, callbacks)
        made = creation.created(place.folder, runs, shapes, extra, keep=(Interrupted,))
        program.processes.on_first(lambda: stack.enter_context(made))
        return _run(program, recorder, progress, profile, data_timeout)


@jax.transfer_guard("allow")
def resume(
    workdir: str | os.PathLike[str],
    experiment: Experiment | None = None,
    *,
    extra: Sequence[Any] = (),
    progress: bool = True,
    devices: Sequence[jax.Device] | None = None,
    profile: int | None = None,
    data_timeout: float | None = None,
    data_on_device: Choice = "auto",
    data_workers: int = 0,
    callbacks: Sequence[Callback] = (),
) -> Any:
    """Continues the run in a folder from its newest checkpoint, and returns the final state.

    A run without a checkpoint begins anew, and a complete one gets its report again. Seeds that
    were trained together go on from the newest step that all of them have.

    Args:
      workdir: the folder or the address that `train` was given, which several processes must all
        see.
      experiment: the run's own experiment with as many iterations or more; with several seeds, the
        one of the first seed.
      extra: classes and functions of your own that the experiment is made of.
      progress: as for `train`.
      devices: as for `train`; they may be others.
      profile: as for `train`.
      data_timeout: as for `train`.
      data_on_device: as for `train`; it may be another choice.
      data_workers: as for `train`; it may be another number.
      callbacks: as for `train`.

    Raises:
      ConfigError: if there is no run, or `experiment` is another one; it lists the differences.
      CheckpointError: if no checkpoint is intact, or the seeds have none in common.
      Exception: whatever `train` raises during the run.
    """
    with contextlib.ExitStack() as stack:
        opened = Processes.of(devices).opened(stack, workdir)
        places = folder.runs(opened.folder)
        saved = [folder.read_experiment(place, extra) for place in places]
        data_file.refuse_imported(places[0])
        seeds = None if places == [opened.folder] else [each.seed for each in saved]
        wanted = experiment or saved[0]
        program = _program(wanted, seeds, devices, extra, data_on_device, data_workers)
        # A seed that `experiment` changes is refused like any other change.
        changed = [wanted, *_of_each_seed(wanted, program)[1:]]
        recorder = Recorder(program, opened, places, callbacks)
        found = fingerprint(wanted.data)
        held = folder.held(opened.folder, places)
        program.processes.on_first(lambda: stack.enter_context(held))
        for place, before, now in zip(places, saved, changed, strict=True):
            change = functools.partial(folder.change, place, before, now, found, extra)
            program.processes.on_first(change)
            check_batch(place, program)
        rehearse(program)
        return _run(program, recorder, progress, profile, data_timeout)


def _of_each_seed(experiment: Experiment, program: Program) -> list[Experiment]:
    """Returns the experiment of each seed's run folder."""
    return [dataclasses.replace(experiment, seed=seed) for seed in program.layout.seeds]


def _program(
    experiment: Experiment,
    seeds: Sequence[int] | None,
    devices: Sequence[jax.Device] | None,
    extra: Sequence[Any],
    data_on_device: Choice,
    data_workers: int,
) -> Program:
    """Returns what to compute, after a check that every process would compute the same."""
    processes, layout = Processes.of(devices), choose_layout(experiment, seeds, devices)
    text = config.to_json(experiment, extra)
    processes.check_same(text, "the configuration", config.differences)
    processes.check_same(len(experiment.data), "the number of examples")
    other_files = lambda first, other: ["other names or sizes"]
    processes.check_same(fingerprint(experiment.data), "the list of files", other_files)
    return Program(experiment, layout, processes, data_on_device, data_workers)


def _run(
    program: Program,
    recorder: Recorder,
    progress: bool,
    profile: int | None,
    data_timeout: float | None,
) -> Any:
    """Trains from the newest state on, and returns the final one."""
    experiment, workdir = program.experiment, recorder.workdir
    profile = profile if program.processes.is_first else None
    trace = Trace(profile, recorder.places[0] / "profile", experiment.repeat)
    with recorder, trace:
        start, state = recorder.begin(workdir.name if progress else None)
        batches = program.batches(start, data_timeout)
        with contextlib.closing(batches), recorder.rescue():
            for t in range(start, experiment.iterations, experiment.repeat):
                batch = batches.take(recorder.signal)
                if batch is None:
                    recorder.stop(recorder.signal())
                trace.before(t, state)
                state, outcome = program.dispatch(state, batch, recorder.signal())
                done = t + experiment.repeat
                if number := recorder.record(done, state, outcome, batches.waited):
                    raise Interrupted(number, done, workdir)
    program.processes.on_first(recorder.report)
    return wrappers.unwrap(program.layout.local(state))
