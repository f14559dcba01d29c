"""The commands that train: `train` and `resume`."""

import argparse
import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jax

from gans_jax import parallel, training
from gans_jax.cli.arguments import (
    add_devices,
    add_run,
    command,
    count,
    local_devices,
    seed,
    workers,
)
from gans_jax.cli.arguments import workdir as as_workdir
from gans_jax.cli.experiment_file import (
    load_overridden,
    override,
    own_classes,
    with_held_data,
)
from gans_jax.cli.paths import default_workdir
from gans_jax.core.output import counted
from gans_jax.runs import ConfigError, Experiment, folder, remote

TRAIN = """\
Runs an experiment in a new folder. FILE is a Python file that assigns an Experiment to the variable
`experiment`. If it assigns a dictionary of experiments to `experiments`, FILE:NAME is the one of
that name. Further options override any field of the experiment, its method, networks and data, such
as `--iterations 100 --method.clip 0.02`; `train FILE --help` lists them.

Ctrl-C (exit code 130), SIGTERM (143) and a closed terminal (SIGHUP, 129) stop the run after the
current iteration and save its state; `resume` continues it."""

RESUME = """\
Continues a run from its newest checkpoint. A larger `--iterations` makes the run longer, and
`--data.path` says where the data have moved to; the other options of `train FILE` must agree with
the run's configuration. If RUN holds the runs of several seeds, they go on together from the newest
step that all of them have."""


def add(commands: Any) -> None:
    parser = command(commands, train, TRAIN, own_help=True)
    parser.add_argument("file", metavar="FILE", help="such as experiments/digits/wgan_digits.py")
    text = (
        "a new folder, or the address of one in an object store, such as gs://bucket/run (default: "
        "runs/STEM for STEM.py, runs/STEM_NAME for STEM.py:NAME)"
    )
    parser.add_argument("--workdir", type=as_workdir, help=text)
    text = "train so many seeds in one program: the experiment's seed and the next ones"
    parser.add_argument("--seeds", type=count, metavar="NUM", help=text)
    _add_machines(parser)

    parser = command(commands, resume, RESUME, own_help=True)
    add_run(parser)
    _add_machines(parser)


def train(options: argparse.Namespace, overrides: list[str]) -> None:
    devices = _devices(options)
    experiment, extra = load_overridden(options.file, overrides, "train")
    workdir = options.workdir or default_workdir(options.file)
    with _callbacks(options, workdir) as callbacks:
        training.train(
            experiment,
            workdir,
            extra=extra,
            seeds=options.seeds,
            devices=devices,
            profile=options.profile,
            data_timeout=options.data_timeout,
            data_on_device=options.data_on_device,
            data_workers=options.data_workers,
            callbacks=callbacks,
        )
    _say_done(workdir, experiment)


def resume(options: argparse.Namespace, overrides: list[str]) -> None:
    devices = _devices(options)
    workdir, extra = options.workdir, own_classes(options)
    with remote.configured(workdir) as place:
        experiment = folder.read_experiment(folder.runs(place)[0], extra)
    experiment = with_held_data(experiment, options.experiment)
    experiment = override(experiment, overrides, f"resume {workdir}")
    with _callbacks(options, workdir) as callbacks:
        training.resume(
            workdir,
            experiment,
            extra=extra,
            devices=devices,
            profile=options.profile,
            data_timeout=options.data_timeout,
            data_on_device=options.data_on_device,
            data_workers=options.data_workers,
            callbacks=callbacks,
        )
    _say_done(workdir, experiment)


@contextlib.contextmanager
def _callbacks(
    options: argparse.Namespace, workdir: Path | str
) -> Iterator[list[training.Callback]]:
    """Yields the callbacks that the options ask for, and ends them after the run."""
    if options.wandb is None or jax.process_index() > 0:
        yield []
        return
    logger = training.WeightsAndBiases(options.wandb, name=Path(workdir).name)
    try:
        yield [logger]
    finally:
        logger.finish()


def _devices(options: argparse.Namespace) -> list[jax.Device] | None:
    """Returns the devices that the options ask for, or None for the default device.

    It must be called before anything uses a device.
    """
    cluster = options.coordinator, options.num_processes, options.process_id
    if options.distributed:
        if options.devices is not None:
            raise ConfigError("--distributed uses all devices of all hosts: leave out --devices")
        try:
            found = parallel.initialize(*cluster, options.heartbeat)
        except (ValueError, RuntimeError) as error:
            raise ConfigError(f"the cluster cannot be joined: {error}") from error
        if not found:
            raise ConfigError(
                "no cluster was found: name it with --coordinator, --num-processes and "
                "--process-id, or use the devices of this machine with --devices all"
            )
        return jax.devices()
    if cluster != (None, None, None):
        raise ConfigError("a cluster is named, but not asked for: add --distributed")
    return local_devices(options.devices)


def _say_done(workdir: Path | str, experiment: Experiment) -> None:
    if jax.process_index() > 0:
        return
    with remote.configured(workdir) as place:
        several = folder.runs(place) != [place]
    done = counted(experiment.iterations, "iteration")
    print(f"{workdir}: {done} done, see {workdir}/{'seed_*/' if several else ''}report.png")


def _add_machines(parser: argparse.ArgumentParser) -> None:
    add_devices(parser)
    text = "use all devices of a cluster; each of its processes runs this same command"
    parser.add_argument("--distributed", action="store_true", help=text)
    text = "the address of process 0; needed only if jax does not detect the cluster"
    parser.add_argument("--coordinator", metavar="HOST:PORT", help=text)
    parser.add_argument(
        "--num-processes", type=count, metavar="N", help="how many processes it has"
    )
    parser.add_argument(
        "--process-id", type=seed, metavar="I", help="this process's number, from 0"
    )
    text = "how long a process may be silent before the others end (default: %(default)s)"
    parser.add_argument("--heartbeat", type=count, metavar="SECONDS", default=100, help=text)
    text = "end the run, and save its state, once its data are silent for so long (default: never)"
    parser.add_argument("--data-timeout", type=count, metavar="SECONDS", help=text)
    text = (
        "keep all examples in device memory, which changes no bit of the run; auto does so on an "
        "accelerator with room for them (default: %(default)s)"
    )
    choices = ("auto", "yes", "no")
    parser.add_argument("--data-on-device", choices=choices, default="auto", help=text)
    text = (
        "read batches in N processes, for files that are read too slowly by the threads of one "
        "(default: 0, the threads)"
    )
    parser.add_argument("--data-workers", type=workers, metavar="N", default=0, help=text)
    text = "log the metrics to this project of Weights & Biases, too; needs its package `wandb`"
    parser.add_argument("--wandb", metavar="PROJECT", help=text)
    text = "write a profiler trace of iterations N to N + 3 into the run folder"
    parser.add_argument("--profile", type=seed, metavar="N", help=text)
