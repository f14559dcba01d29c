"""The run folder, which holds all that is needed to continue a run or to use its networks.

`config.json` is the whole experiment, `data.json` the number of examples and the shapes of a batch
(so that the networks can be rebuilt without the data), `metrics.jsonl` one JSON object per logged
iteration, `samples/` the pictures, `checkpoints/` the states, `events.out.tfevents...` the same for
TensorBoard, and `report.png` the whole run on one page. A run with `evaluate_every` has the state
that its evaluations rated best in `best/`, and in `best.json` what chose it. Several seeds trained
together are as many such folders in one, `seed_0`, ...
"""

import contextlib
import dataclasses
import json
import os
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
from flax.errors import FlaxError

from gans_jax import wrappers
from gans_jax.core import files
from gans_jax.runs import config
from gans_jax.runs.checkpoint import CheckpointError, Checkpoints
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment

SKIPS = re.compile(r"data\.(\w+\.)*on_bad: 'raise' -> 'skip'")
# What `config` accepts, if every character is as long as UTF-8 has them.
MAX_BYTES = 4 * config.MAX_CHARACTERS
# What networks raise that do not fit the data, or a configuration whose fields do not fit together.
_UNFIT = (ValueError, TypeError, ArithmeticError, LookupError, AttributeError, FlaxError)


def places(workdir: Path, seeds: Sequence[int] | None) -> list[Path]:
    """The folder of each run: `seed_0`, ... of these seeds, `workdir` itself for one without."""
    return [workdir] if seeds is None else [workdir / f"seed_{seed}" for seed in seeds]


def runs(workdir: Path) -> list[Path]:
    """The folders of the seeds that `workdir` holds, `seed_0`, ..., or `workdir` itself."""
    entries = workdir.iterdir() if workdir.is_dir() else ()
    matches = [re.fullmatch(r"seed_(0|[1-9][0-9]{0,18})", path.name) for path in entries]
    return places(workdir, sorted(int(match[1]) for match in matches if match) or None)


def create(
    workdir: Path,
    experiments: Mapping[Path, Experiment],
    batch: dict[str, jax.ShapeDtypeStruct],
    extra: Sequence[Any] = (),
) -> None:
    """Makes the folder of a new run, or of several in folders of their own.

    `batch` has the shapes and types of a batch.

    ConfigError if it holds anything, a run above all; OSError if it cannot be written.
    """
    texts = {place: config.to_json(e, extra) for place, e in experiments.items()}
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        refuse_occupied(workdir)
        for place, experiment in experiments.items():
            place.mkdir(exist_ok=True)
            write(place, texts[place], len(experiment.data), batch)
    except OSError as error:
        raise OSError(
            f"the run folder {workdir} cannot be written ({error.strerror}): "
            "choose another --workdir"
        ) from error


def refuse_occupied(workdir: Path) -> None:
    """ConfigError if the folder holds anything, a run above all."""
    if (runs(workdir)[0] / "config.json").exists():
        raise ConfigError(
            f"{workdir} already holds a run: continue it with "
            f"`python -m gans_jax resume {workdir}`, or choose another --workdir"
        )
    if any(workdir.iterdir()):
        raise ConfigError(f"{workdir} is not empty: choose another --workdir")


def write(
    place: Path, experiment: str, examples: int, batch: dict[str, jax.ShapeDtypeStruct]
) -> None:
    """Writes what a run begins with, of its experiment's JSON and the number of examples."""
    shapes = {name: [v.shape, v.dtype.name] for name, v in batch.items()}
    files.write(place / "data.json", json.dumps({"examples": examples, "batch": shapes}))
    files.write(place / "config.json", experiment)


@contextlib.contextmanager
def writing(workdir: Path) -> Iterator[None]:
    """Turns an OSError of its block into one that names the run's folder and the remedy."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"{workdir} cannot be written ({error.strerror or error}): make room there and allow "
            f"writing, then continue with `python -m gans_jax resume {workdir}`"
        ) from error


def read_experiment(workdir: Path, extra: Sequence[Any] = ()) -> Experiment:
    """The experiment of a run; `extra` are classes and functions of the user's own in it.

    ConfigError if the folder holds no run, or one that cannot be rebuilt.
    """
    experiment = config.from_json(_read(workdir, "config.json"), extra)
    if not isinstance(experiment, Experiment):
        raise ConfigError(f"{workdir / 'config.json'} holds no Experiment: give a run's folder")
    return experiment


def change(workdir: Path, saved: Experiment, wanted: Experiment, extra: Sequence[Any] = ()) -> None:
    """Makes `wanted` the experiment of the run: `saved` with as many iterations or more.

    Its data may also skip bad examples from now on, which ended the run before it met any.

    ConfigError that lists the differences if it is another one.
    """
    shorter = dataclasses.replace(wanted, iterations=saved.iterations)
    changed = config.differences(config.to_json(saved, extra), config.to_json(shorter, extra))
    found = [line for line in changed if not SKIPS.fullmatch(line)]
    if found:
        raise ConfigError(
            f"{workdir} has another configuration ({'; '.join(found)}): resume it without these "
            "changes, or train in another --workdir"
        )
    if wanted.iterations < saved.iterations:
        raise ConfigError(
            f"{workdir} is a run of {saved.iterations} iterations, which cannot become "
            f"{wanted.iterations}: give a larger number"
        )
    if changed or wanted.iterations > saved.iterations:
        files.write(workdir / "config.json", config.to_json(wanted, extra))


def state_shapes(method: Any, batch: dict[str, Any]) -> Any:
    """Shapes and types of the method's state, for a batch of arrays or of their shapes.

    ConfigError with the method's own words if its networks do not fit the data.
    """
    try:
        return jax.eval_shape(method.init, jax.random.key(0), batch)
    except _UNFIT as error:
        what = f"{error} is missing" if isinstance(error, KeyError) else error
        raise ConfigError(f"the networks cannot be built for these data: {what}") from error


def load(
    workdir: str | os.PathLike[str], extra: Sequence[Any] = (), *, best: bool = False
) -> tuple[Experiment, Any]:
    """The experiment of a run and its newest state, from the run folder alone.

    With `best` it is the state that the evaluations of the run rated best.

    The state is that of `experiment.method`; in a run with `ema`, the players that sampling reads
    are their averages.

    `extra` are classes and functions of the user's own that the experiment is made of.

    Raises:
      ConfigError: if the folder holds no run, or its experiment cannot be rebuilt.
      CheckpointError: if there is no checkpoint, or none is intact.
    """
    workdir = Path(workdir)
    experiment = read_experiment(workdir, extra)
    directory, step = workdir / "checkpoints", None
    if best:
        directory, step = workdir / "best", read_best(workdir)["step"]
    with Checkpoints(directory, experiment.keep) as checkpoints:
        if checkpoints.latest() is None:
            raise CheckpointError(
                f"{workdir} has no checkpoint yet: continue it with "
                f"`python -m gans_jax resume {workdir}`"
            )
        batch = batch_shapes(workdir)
        _, state = checkpoints.restore(state_shapes(experiment.wrapped(), batch), step)
    return experiment, wrappers.unwrap(state)


def batch_shapes(workdir: Path) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes and types of the batches of a run; ConfigError if the folder holds none."""
    return _data(workdir)[1]


def read_best(workdir: Path) -> dict[str, Any]:
    """What `best.json` says of the checkpoint in `best`; CheckpointError if there is none."""
    try:
        found = json.loads((workdir / "best.json").read_text("utf-8"))
        kept = {name: found[name] for name in ("metric", "evaluations", "label")}
        return kept | {"step": int(found["step"]), "value": float(found["value"])}
    except FileNotFoundError as error:
        raise CheckpointError(
            f"{workdir} has no best checkpoint: train with --evaluate-every, or take the newest"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        file = workdir / "best.json"
        raise CheckpointError(f"{file} is damaged ({error!r}): take the newest one") from error


def check_examples(workdir: Path, num: int) -> None:
    """ConfigError if the data of a run had another number of examples, and so another order."""
    began, _ = _data(workdir)
    if num != began:
        raise ConfigError(
            f"{workdir} began with {began} examples, but the data now have {num}: "
            "restore the data, or train in another --workdir"
        )


def _data(workdir: Path) -> tuple[int, dict[str, jax.ShapeDtypeStruct]]:
    """How many examples a run's data had, and the shapes of a batch."""
    text = _read(workdir, "data.json")
    try:
        found = json.loads(text)
        shapes = {str(name): _shape(*v) for name, v in found["batch"].items()}
        if type(found["examples"]) is not int:
            raise ValueError("examples is no number")
        return found["examples"], shapes
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        file = workdir / "data.json"
        raise ConfigError(f"{file} is damaged ({error}): restore it from a copy") from error


def _shape(shape: Any, dtype: Any) -> jax.ShapeDtypeStruct:
    """ValueError or TypeError for what is no shape and type of an array of numbers."""
    if not all(type(side) is int and 0 <= side < 2**31 for side in shape):
        raise ValueError(f"{reprlib.repr(shape)} is no shape")
    if not isinstance(dtype, str) or not jnp.issubdtype(jnp.dtype(dtype), jnp.number):
        raise ValueError(f"{reprlib.repr(dtype)} is no type of numbers")
    return jax.ShapeDtypeStruct(tuple(shape), jnp.dtype(dtype))


def _read(workdir: Path, name: str) -> str:
    file = workdir / name
    if file.exists() and not file.is_file():  # to read a pipe would never end
        raise ConfigError(f"{file} is no file: give the folder that `train` made")
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError(
                f"{file} has more than {MAX_BYTES} bytes: `train` writes no such file"
            )
        return content.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(
            f"{workdir / name} is damaged ({error}): restore it from a copy"
        ) from error
    except (FileNotFoundError, NotADirectoryError) as error:
        if (inside := runs(workdir)) != [workdir]:
            raise ConfigError(
                f"{workdir} holds the runs of several seeds: give one of them, such as {inside[0]}"
            ) from error
        raise ConfigError(
            f"{workdir} holds no run (it has no {name}): give the folder that `train` made"
        ) from error
