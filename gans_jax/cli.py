"""The command line, `python -m gans_jax` or `gans_jax`."""

import argparse
import dataclasses
import difflib
import functools
import os
import runpy
import sys
import types
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import ops, training
from gans_jax.data import DataError
from gans_jax.training import ConfigError, Experiment, folder, pictures

PROGRAM = "gans_jax"

TRAIN = """\
Runs the experiment in FILE, a Python file that assigns an Experiment to `experiment`, in a new
folder. Further options override any field of the experiment, its method, networks and data, such
as `--iterations 100 --method.clip 0.02`; `train FILE --help` lists them.

Ctrl-C (exit code 130) and SIGTERM (143) stop the run after the current iteration and save its
state; `resume` continues it."""

RESUME = """\
Continues a run from its newest checkpoint. Of the further options, which are those of `train`,
only a larger `--iterations` changes anything; others must agree with the run's configuration."""

EXPORT = """\
Writes the trained sampler as StableHLO for CPU, CUDA and TPU, with the parameters in it. It runs
with nothing but JAX and flatbuffers:

  import jax.export, numpy
  sampler = jax.export.deserialize(open("sampler.bin", "rb").read())
  images = sampler.call(numpy.uint32(0))

The argument is a seed; `images` is float32 [num, ...] in [-1, 1], what `sample` draws from it."""

EXPECTED = (ConfigError, DataError, training.CheckpointError, FloatingPointError, OSError)


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command and returns its exit code: 1 after an error that its message explains."""
    if "JAX_COMPILATION_CACHE_DIR" not in os.environ:
        cache = Path("~/.cache/gans_jax/xla").expanduser()
        jax.config.update("jax_compilation_cache_dir", str(cache))
    ops.keep_freed_memory()
    parser = _parser()
    options, overrides = parser.parse_known_args(argv)
    if options.run in (train, resume):
        overrides += ["--help"] if options.help else []
    elif overrides:
        parser.error(f"unrecognized arguments: {' '.join(overrides)}")
    try:
        options.run(options, overrides)
    except EXPECTED as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    except training.Interrupted as stop:
        print(stop, file=sys.stderr)
        return 128 + stop.number
    except KeyboardInterrupt:
        return 130
    return 0


def train(options: argparse.Namespace, overrides: list[str]) -> None:
    experiment, extra = load_file(options.file)
    experiment = override(experiment, overrides, f"train {options.file}")
    workdir = options.workdir or Path("runs", Path(options.file).stem)
    training.train(experiment, workdir, extra=extra)
    print(f"{workdir}: {experiment.iterations} iterations done, see {workdir / 'report.png'}")


def resume(options: argparse.Namespace, overrides: list[str]) -> None:
    workdir, extra = options.workdir, _extra(options)
    experiment = folder.read_experiment(workdir, extra)
    experiment = override(experiment, overrides, f"resume {workdir}")
    training.resume(workdir, experiment, extra=extra)
    print(f"{workdir}: {experiment.iterations} iterations done, see {workdir / 'report.png'}")


def sample(options: argparse.Namespace, _: list[str]) -> None:
    experiment, state = training.load(options.workdir, _extra(options))
    images = experiment.method.sample(state, jax.random.key(options.seed), options.num)
    pictures.save(options.out, pictures.draw(images, experiment.data))


def interpolate(options: argparse.Namespace, _: list[str]) -> None:
    """Draws rows of images between two points of noise each."""
    experiment, state = training.load(options.workdir, _extra(options))
    ends = experiment.method.prior(jax.random.key(options.seed), 2 * options.rows)
    start, end = ends[: options.rows, None], ends[options.rows :, None]
    z = start + jnp.linspace(0, 1, options.steps)[:, None] * (end - start)
    images = np.asarray(experiment.method.generate(state, z.reshape(-1, z.shape[-1])))
    if images.ndim != 4:
        raise ConfigError(f"{options.workdir} makes points: draw them with `sample`")
    pictures.save(options.out, pictures.grid(images, columns=options.steps))


def export(options: argparse.Namespace, _: list[str]) -> None:
    experiment, state = training.load(options.workdir, _extra(options))
    data = training.export_sampler(experiment.method, state, options.num)
    options.stablehlo.write_bytes(data)


def load_file(file: str) -> tuple[Experiment, list[Any]]:
    """The experiment in a Python file, and the classes and functions which that file defines."""
    if not os.path.isfile(file):
        places = (Path(file).parent, Path("experiments"))
        known = {path.stem: str(path) for place in places for path in place.glob("*.py")}
        close = [known[stem] for stem in difflib.get_close_matches(Path(file).stem, known)]
        remedy = f"did you mean {' or '.join(close)}?" if close else "give an experiment's path"
        raise ConfigError(f"there is no file {file}: {remedy}")
    name = f"experiment {Path(file).stem}"  # hides no module, as the stem alone could
    try:
        defined = runpy.run_path(file, run_name=name)
    except ValueError as error:
        raise ConfigError(f"{file}: {error}") from error
    if not isinstance(defined.get("experiment"), Experiment):
        raise ConfigError(
            f"{file} has no experiment: assign `experiment = gans_jax.training.Experiment(...)`"
        )
    named = [v for v in defined.values() if isinstance(v, type | types.FunctionType)]
    own = [v for v in named if v.__module__ == name]
    return defined["experiment"], list(dict.fromkeys(own + _foreign(defined["experiment"])))


def _foreign(value: Any) -> list[Any]:
    """Classes and functions of other packages in a configuration, which the file has imported."""
    if isinstance(value, functools.partial):
        return _foreign(value.func)
    if isinstance(value, types.FunctionType):
        return [] if value.__module__.split(".")[0] in ("gans_jax", "optax") else [value]
    if not dataclasses.is_dataclass(value):
        return []
    fields = [getattr(value, f.name) for f in dataclasses.fields(value) if f.name != "parent"]
    inner = [found for field in fields for found in _foreign(field)]
    here = type(value).__module__.split(".")[0] == "gans_jax"
    return inner if here else [type(value), *inner]


def override(experiment: Experiment, arguments: list[str], command: str) -> Experiment:
    """The experiment with fields changed by command-line arguments such as `--method.clip 1`."""
    import tyro  # takes half a second, and most commands do without

    return tyro.cli(
        Experiment,
        prog=f"{PROGRAM} {command}",
        description="Every option overrides a field of the experiment.",
        args=arguments,
        default=experiment,
        config=(tyro.conf.SuppressFixed,),
    )


def _extra(options: argparse.Namespace) -> list[Any]:
    return load_file(options.experiment)[1] if options.experiment else []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        PROGRAM,
        description="Trains generative adversarial networks, and uses the trained ones.",
        allow_abbrev=False,
    )
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)

    command = _command(commands, train, "run an experiment", TRAIN, own_help=True)
    command.add_argument("file", metavar="FILE", help="such as experiments/wgan_digits.py")
    command.add_argument(
        "--workdir", type=Path, help="a new folder (default: runs/NAME of NAME.py)"
    )

    command = _command(commands, resume, "continue a run", RESUME, own_help=True)
    _add_run(command)

    command = _command(commands, sample, "draw generated examples as a PNG file")
    _add_run(command)
    command.add_argument("--num", type=_count, default=64, help="examples (default: 64)")
    _add_picture(command)

    command = _command(commands, interpolate, "draw what lies between two points of noise")
    _add_run(command)
    command.add_argument("--rows", type=_count, default=8, help="pairs of points (default: 8)")
    command.add_argument("--steps", type=_count, default=10, help="images in a row (default: 10)")
    _add_picture(command)

    command = _command(
        commands, export, "write the sampler as a file that runs without this package", EXPORT
    )
    _add_run(command)
    command.add_argument("--num", type=_count, default=64, help="images of a call (default: 64)")
    command.add_argument(
        "--stablehlo", type=_new_file, required=True, metavar="FILE", help="to write"
    )
    return parser


def _command(
    commands: Any, run: Callable[..., None], about: str, details: str = "", own_help: bool = False
) -> argparse.ArgumentParser:
    command = commands.add_parser(
        run.__name__,
        help=about,
        description=details or about[0].upper() + about[1:] + ".",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=not own_help,
    )
    if own_help:
        text = "this, or, after the positional argument, the overrides"
        command.add_argument("-h", "--help", nargs=0, default=False, action=_Help, help=text)
    command.set_defaults(run=run)
    return command


def _add_run(command: argparse.ArgumentParser) -> None:
    command.add_argument("workdir", type=Path, metavar="RUN", help="the folder that `train` made")
    text = "the file that defines classes of your own which the run's experiment is made of"
    command.add_argument("--experiment", metavar="FILE", help=text)


def _add_picture(command: argparse.ArgumentParser) -> None:
    command.add_argument("--out", type=_png, required=True, metavar="PNG", help="file to write")
    command.add_argument("--seed", type=_seed, default=0, help="of the noise (default: 0)")


class _Help(argparse.Action):
    """Help on a command, or, once its positional argument is read, on the overrides."""

    def __call__(self, parser: argparse.ArgumentParser, options: Any, *_: Any) -> None:
        if (options.file if hasattr(options, "file") else options.workdir) is None:
            parser.print_help()
            parser.exit()
        options.help = True


def _png(text: str) -> Path:
    if not text.endswith(".png"):
        raise argparse.ArgumentTypeError(f"{text!r} must end in .png")
    return _new_file(text)


def _new_file(text: str) -> Path:
    path = Path(text)
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no folder {path.parent}: make it first")
    return path


def _seed(text: str) -> int:
    if not (text.isdecimal() and int(text) < 2**63):
        raise argparse.ArgumentTypeError(f"{text!r} must be a whole number from 0 to 2^63 - 1")
    return int(text)


def _count(text: str) -> int:
    if not (text.isdecimal() and int(text) > 0):
        raise argparse.ArgumentTypeError(f"{text!r} must be a positive whole number")
    return int(text)
