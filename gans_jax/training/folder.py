"""The run folder, which holds all that is needed to continue a run or to use its networks.

`config.json` is the whole experiment, `data.json` the number of examples and the shapes of a batch
(so that the networks can be rebuilt without the data), `metrics.jsonl` one JSON object per logged
iteration, `samples/` the pictures, `checkpoints/` the states, `events.out.tfevents...` the same for
TensorBoard, and `report.png` the whole run on one page. Several seeds trained together are as many
such folders in one, `seed_0`, ...
"""

import dataclasses
import json
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from gans_jax import wrappers
from gans_jax.training import config
from gans_jax.training.checkpoint import CheckpointError, Checkpoints
from gans_jax.training.config import ConfigError
from gans_jax.training.experiment import Experiment

SKIPS = re.compile(r"data\.(\w+\.)*on_bad: 'raise' -> 'skip'")


def places(workdir: Path, seeds: Sequence[int] | None) -> list[Path]:
    """The folder of each run: `seed_0`, ... of these seeds, `workdir` itself for one without."""
    return [workdir] if seeds is None else [workdir / f"seed_{seed}" for seed in seeds]


def runs(workdir: Path) -> list[Path]:
    """The folders of the seeds that `workdir` holds, `seed_0`, ..., or `workdir` itself."""
    entries = workdir.iterdir() if workdir.is_dir() else ()
    matches = [re.fullmatch(r"seed_(\d+)", path.name) for path in entries]
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
    shapes = {name: [v.shape, v.dtype.name] for name, v in batch.items()}
    try:
        workdir.mkdir(parents=True, exist_ok=True)
        if (runs(workdir)[0] / "config.json").exists():
            raise ConfigError(
                f"{workdir} already holds a run: continue it with "
                f"`python -m gans_jax resume {workdir}`, or choose another --workdir"
            )
        if any(workdir.iterdir()):
            raise ConfigError(f"{workdir} is not empty: choose another --workdir")
        for place, experiment in experiments.items():
            place.mkdir(exist_ok=True)
            found = {"examples": len(experiment.data), "batch": shapes}
            replace(place / "data.json", json.dumps(found))
            replace(place / "config.json", texts[place])
    except OSError as error:
        raise OSError(
            f"the run folder {workdir} cannot be written ({error.strerror}): "
            "choose another --workdir"
        ) from error


def replace(path: Path, text: str) -> None:
    """Writes a file as a whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)


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
        replace(workdir / "config.json", config.to_json(wanted, extra))


def state_shapes(method: Any, batch: dict[str, Any]) -> Any:
    """Shapes and types of the method's state, for a batch of arrays or of their shapes.

    ConfigError with the method's own words if its networks do not fit the data.
    """
    try:
        return jax.eval_shape(method.init, jax.random.key(0), batch)
    except (ValueError, TypeError, ZeroDivisionError) as error:
        raise ConfigError(f"the networks cannot be built for these data: {error}") from error


def load(workdir: str | os.PathLike[str], extra: Sequence[Any] = ()) -> tuple[Experiment, Any]:
    """The experiment of a run and its newest state, from the run folder alone.

    The state is that of `experiment.method`; in a run with `ema`, the players that sampling reads
    are their averages.

    `extra` are classes and functions of the user's own that the experiment is made of.

    Raises:
      ConfigError: if the folder holds no run, or its experiment cannot be rebuilt.
      CheckpointError: if there is no checkpoint, or none is intact.
    """
    workdir = Path(workdir)
    experiment = read_experiment(workdir, extra)
    with Checkpoints(workdir / "checkpoints", experiment.keep) as checkpoints:
        if checkpoints.latest() is None:
            raise CheckpointError(
                f"{workdir} has no checkpoint yet: continue it with "
                f"`python -m gans_jax resume {workdir}`"
            )
        batch = batch_shapes(workdir)
        _, state = checkpoints.restore(state_shapes(experiment.wrapped(), batch))
    return experiment, wrappers.unwrap(state)


def batch_shapes(workdir: Path) -> dict[str, jax.ShapeDtypeStruct]:
    """Shapes and types of the batches of a run; ConfigError if the folder holds none."""
    return _data(workdir)[1]


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
    try:
        found = json.loads(_read(workdir, "data.json"))
        shapes = {name: jax.ShapeDtypeStruct(*v) for name, v in found["batch"].items()}
        return found["examples"], shapes
    except (json.JSONDecodeError, AttributeError, KeyError, TypeError) as error:
        file = workdir / "data.json"
        raise ConfigError(f"{file} is damaged ({error}): restore it from a copy") from error


def _read(workdir: Path, name: str) -> str:
    try:
        return (workdir / name).read_text("utf-8")
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
