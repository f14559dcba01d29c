"""The run folder, which holds all that is needed to continue a run or to use its networks.

| entry | holds |
|---|---|
| `config.json` | the whole experiment |
| `data.json` | the number of examples and the shapes of a batch, which rebuild the networks |
| `metrics.jsonl` | one JSON object for each logged iteration |
| `samples/` | the pictures |
| `events.out.tfevents...` | the metrics and pictures for TensorBoard |
| `checkpoints/` | the newest states |
| `report.png` | the whole run on one page |
| `best/`, `best.json` | with `evaluate_every`, the state that was rated best, and by what |

Several seeds that are trained together are folders of this kind in one: `seed_0`, ...
"""

import contextlib
import dataclasses
import json
import os
import re
import reprlib
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp

from gans_jax import core, wrappers
from gans_jax.core import files
from gans_jax.runs import config
from gans_jax.runs.checkpoint import CheckpointError, Checkpoints
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment
from gans_jax.runs.unfit import refused

SKIPS = re.compile(r"data\.(\w+\.)*on_bad: 'raise' -> 'skip'")
# The length that `config` accepts, with four bytes a character as the longest in UTF-8.
MAX_BYTES = 4 * config.MAX_CHARACTERS
# It grows when the same run would have other random numbers. Format 1 does not state its number.
FORMAT = 2


def places(workdir: Path, seeds: Sequence[int] | None) -> list[Path]:
    """Returns the folder of each seed, `seed_0`, ...; `workdir` itself where `seeds` is None."""
    return [workdir] if seeds is None else [workdir / f"seed_{seed}" for seed in seeds]


def runs(workdir: Path) -> list[Path]:
    """Returns the folders `seed_0`, ... in `workdir`, or, where it has none, `workdir` itself."""
    entries = workdir.iterdir() if workdir.is_dir() else ()
    matches = [re.fullmatch(r"seed_(0|[1-9][0-9]{0,18})", path.name) for path in entries]
    return places(workdir, sorted(int(match[1]) for match in matches if match) or None)


def create(
    workdir: Path,
    experiments: Mapping[Path, Experiment],
    batch: dict[str, jax.ShapeDtypeStruct],
    extra: Sequence[Any] = (),
) -> None:
    """Makes the folder of a new run, or of several runs with a folder each.

    Args:
      workdir: the folder that is to hold the run or the runs.
      experiments: the experiment of each run by its folder.
      batch: the shapes and types of a batch.
      extra: functions of the user's own that the experiments are made of.

    Raises:
      ConfigError: if `workdir` is not empty.
      OSError: if it cannot be written.
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
    """Raises ConfigError if the folder is not empty."""
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
    """Writes `config.json`, the given text, and `data.json`."""
    shapes = {name: [v.shape, v.dtype.name] for name, v in batch.items()}
    files.write(
        place / "data.json", json.dumps({"format": FORMAT, "examples": examples, "batch": shapes})
    )
    files.write(place / "config.json", experiment)


@contextlib.contextmanager
def writing(workdir: Path) -> Iterator[None]:
    """Turns an OSError of the block into one that names the run's folder and the remedy."""
    try:
        yield
    except OSError as error:
        raise OSError(
            f"{workdir} cannot be written ({error.strerror or error}): make room there and allow "
            f"writing, then continue with `python -m gans_jax resume {workdir}`"
        ) from error


def read_experiment(workdir: Path, extra: Sequence[Any] = ()) -> Experiment:
    """Reads the experiment of a run, with the user's own classes and functions in `extra`.

    ConfigError if the folder holds no run, or its experiment cannot be rebuilt.
    """
    experiment = config.from_json(_read(workdir, "config.json"), extra)
    if not isinstance(experiment, Experiment):
        raise ConfigError(f"{workdir / 'config.json'} holds no Experiment: give a run's folder")
    return experiment


def change(workdir: Path, saved: Experiment, wanted: Experiment, extra: Sequence[Any] = ()) -> None:
    """Makes `wanted` the experiment of the run in a folder.

    It is `saved` with as many iterations or more. Its data may also skip bad examples from now on,
    for a bad example ended a run that did not. ConfigError lists all other differences.
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


def state_shapes(method: core.Method, batch: Mapping[str, Any]) -> core.State:
    """Returns the shapes and types of the method's state, for a batch of arrays or of shapes.

    ConfigError, with the method's own words, if its networks do not fit the data.
    """
    with refused("the networks cannot be built for these data"):
        return jax.eval_shape(method.init, jax.random.key(0), batch)


def load(
    workdir: str | os.PathLike[str], extra: Sequence[Any] = (), *, best: bool = False
) -> tuple[Experiment, Any]:
    """Reads a run from its folder alone.

    Args:
      workdir: the folder that `train` made.
      extra: classes and functions of your own that the experiment is made of.
      best: whether to read the state that the run's evaluations rated best, not the newest one.

    Returns:
      The experiment, and a state of `experiment.method`. In a run with `ema`, the players in it
      that sampling reads are their averages.

    Raises:
      ConfigError: if the folder holds no run, or its experiment cannot be rebuilt.
      CheckpointError: if there is no checkpoint, or no checkpoint is intact.
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
    """Returns the shapes and types of a run's batches; ConfigError if the folder holds no run."""
    return _data(workdir).batch


def read_best(workdir: Path) -> dict[str, Any]:
    """Reads which checkpoint is in `best` and why; CheckpointError if there is no `best.json`."""
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


def check_data(workdir: Path, num: int) -> None:
    """Raises ConfigError unless a run goes on exactly with `num` examples in its data.

    Another number of examples has another order, and an older format other random numbers.
    """
    began = _data(workdir)
    if began.format != FORMAT:
        age = "an older" if began.format < FORMAT else "a newer"
        raise ConfigError(
            f"{workdir} has format {began.format}, of {age} version of gans_jax that draws other "
            f"random numbers than format {FORMAT}: train it anew, or only use its networks"
        )
    if num != began.examples:
        raise ConfigError(
            f"{workdir} began with {began.examples} examples, but the data now have {num}: "
            "restore the data, or train in another --workdir"
        )


class _Data(NamedTuple):
    """The content of `data.json`."""

    format: int
    examples: int
    batch: dict[str, jax.ShapeDtypeStruct]


def _data(workdir: Path) -> _Data:
    """Reads the format of a run, how many examples its data had, and the shapes of a batch."""
    text = _read(workdir, "data.json")
    try:
        found = json.loads(text)
        shapes = {str(name): _shape(*v) for name, v in found["batch"].items()}
        numbers = found.get("format", 1), found["examples"]
        if any(type(number) is not int for number in numbers):
            raise ValueError("format or examples is not a number")
        return _Data(*numbers, shapes)
    except (ValueError, AttributeError, KeyError, TypeError, RecursionError) as error:
        file = workdir / "data.json"
        raise ConfigError(f"{file} is damaged ({error}): restore it from a copy") from error


def _shape(shape: Any, dtype: Any) -> jax.ShapeDtypeStruct:
    """Returns the shape and type of an array of numbers, or raises ValueError or TypeError."""
    if not all(type(side) is int and 0 <= side < 2**31 for side in shape):
        raise ValueError(f"{reprlib.repr(shape)} is not a shape")
    if not isinstance(dtype, str) or not jnp.issubdtype(jnp.dtype(dtype), jnp.number):
        raise ValueError(f"{reprlib.repr(dtype)} is not a type of numbers")
    return jax.ShapeDtypeStruct(tuple(shape), jnp.dtype(dtype))


def _read(workdir: Path, name: str) -> str:
    """Reads a file of a run; ConfigError says what is wrong with the file or the folder."""
    file = workdir / name
    if file.exists() and not file.is_file():  # to read a pipe would never end
        raise ConfigError(f"{file} is not a file: give the folder that `train` made")
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_BYTES + 1)
        if len(content) > MAX_BYTES:
            raise ConfigError(f"{file} has more than {MAX_BYTES} bytes: restore it from a copy")
        return content.decode()
    except UnicodeDecodeError as error:
        raise ConfigError(f"{file} is damaged ({error}): restore it from a copy") from error
    except (FileNotFoundError, NotADirectoryError) as error:
        if (inside := runs(workdir)) != [workdir]:
            raise ConfigError(
                f"{workdir} holds the runs of several seeds: give one of them, such as {inside[0]}"
            ) from error
        raise ConfigError(
            f"{workdir} holds no run (it has no {name}): give the folder that `train` made"
        ) from error
