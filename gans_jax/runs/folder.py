"""The run folder, which holds all that is needed to continue a run or to use its networks.

| entry | holds |
|---|---|
| `config.json` | the whole experiment |
| `data.json` | the run's identity, its examples, and the shapes of a batch, for the networks |
| `metrics.jsonl` | one JSON object for each logged iteration |
| `samples/` | the pictures |
| `events.out.tfevents...` | the metrics and pictures for TensorBoard |
| `checkpoints/` | the newest states |
| `saved.json` | the step of the newest checkpoint, so that the loss of all of them is noticed |
| `.gans_jax.lock` | what a process holds that trains in the folder |
| `report.png` | the whole run on one page |
| `best/`, `best.json` | with `evaluate_every`, the state that was rated best, and by what |

Several seeds that are trained together are folders of this kind in one: `seed_0`, ...
"""

import contextlib
import dataclasses
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from gans_jax import core, wrappers
from gans_jax.core import files
from gans_jax.runs import config, data_file, lock, remote, run_states
from gans_jax.runs.best_checkpoint import read_best
from gans_jax.runs.checkpoint import CheckpointError, Checkpoints
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment
from gans_jax.runs.unfit import refused

SKIPS = re.compile(r"data\.(\w+\.)*on_bad: 'raise' -> 'skip'")
# The files are the same, or their fingerprint would differ.
MOVES = re.compile(r"data\.(\w+\.)*(path|path_b|images|labels|data_dir): '.*' -> '.*'")
# The length that `config` accepts, with four bytes a character as the longest in UTF-8.
MAX_BYTES = 4 * config.MAX_CHARACTERS
SEED = re.compile(r"seed_(0|[1-9][0-9]{0,18})")


def places(workdir: Path, seeds: Sequence[int] | None) -> list[Path]:
    """Returns the folder of each seed, `seed_0`, ...; `workdir` itself where `seeds` is None."""
    return [workdir] if seeds is None else [workdir / f"seed_{seed}" for seed in seeds]


def runs(workdir: Path) -> list[Path]:
    """Returns the folders `seed_0`, ... in `workdir`, or, where it has none, `workdir` itself."""
    entries = workdir.iterdir() if workdir.is_dir() else ()
    matches = [SEED.fullmatch(path.name) for path in entries]
    return places(workdir, sorted(int(match[1]) for match in matches if match) or None)


@contextlib.contextmanager
def held(workdir: Path, places: Sequence[Path]) -> Iterator[None]:
    """Keeps other processes from training in the folders of the runs in `workdir`.

    Raises:
      ConfigError: if another process does.
      OSError: if they cannot be written.
    """
    with contextlib.ExitStack() as stack:
        with writing(workdir):
            for folder in dict.fromkeys([workdir, *places]):
                stack.enter_context(lock.held(folder))
        yield


def sealed(experiment: str, run: str | None) -> str:
    """Returns a configuration's JSON with a SHA-256, of it and of the run that it belongs to."""
    node = config.parse(experiment)
    return json.dumps(node | {"sha256": _seal(node, run)}, indent=2, sort_keys=True) + "\n"


def _seal(node: Mapping[str, Any], run: str | None) -> str:
    return hashlib.sha256(json.dumps([run, node], sort_keys=True).encode()).hexdigest()


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
    file = workdir / "config.json"
    with _reading(workdir, file):
        try:
            content = files.read(file, MAX_BYTES).decode()
        except (files.UnfitFile, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise ConfigError(f"{file} is damaged ({reason}): restore it from a copy") from error
        run = data_file.read(workdir).run
    node = config.parse(content)
    # Older versions wrote neither the seal nor the run's identity.
    seal = node.pop("sha256", None) if isinstance(node, dict) else None
    if (seal or run) and seal != _seal(node, run):
        raise ConfigError(
            f"{file} is not as the run wrote it: restore it from a copy (`python -m gans_jax "
            f"resume {workdir}` takes --iterations N for a longer run, and --data.path PATH where "
            "the data have moved)"
        )
    experiment = config.from_node(node, extra)
    if not isinstance(experiment, Experiment):
        raise ConfigError(f"{file} holds no Experiment: give a run's folder")
    return experiment


@contextlib.contextmanager
def _reading(workdir: Path, file: Path) -> Iterator[None]:
    """Turns an OSError of the block into a ConfigError that says what the folder lacks."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        if (inside := runs(workdir)) != [workdir]:
            raise ConfigError(
                f"{workdir} holds the runs of several seeds: give one of them, such as {inside[0]}"
            ) from error
        raise ConfigError(
            f"{workdir} holds no run (it has no {Path(error.filename or file).name}): give the "
            "folder that `train` made"
        ) from error
    except OSError as error:
        raise ConfigError(
            f"{error.filename or file} cannot be read ({error.strerror}): allow reading"
        ) from error


def change(
    workdir: Path,
    saved: Experiment,
    wanted: Experiment,
    fingerprint: str | None,
    extra: Sequence[Any] = (),
) -> None:
    """Makes `wanted` the experiment of the run in a folder.

    It is `saved` with as many iterations or more. Its data may also skip bad examples from now on,
    for a bad example ended a run that did not, and lie elsewhere. `fingerprint` is the one of its
    data. ConfigError lists all other differences, or says how the data differ.
    """
    shorter = dataclasses.replace(wanted, iterations=saved.iterations)
    changed = config.differences(config.to_json(saved, extra), config.to_json(shorter, extra))
    allowed = [SKIPS] if data_file.read(workdir).files is None else [SKIPS, MOVES]
    found = [line for line in changed if not any(kind.fullmatch(line) for kind in allowed)]
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
    data_file.check(workdir, len(wanted.data), fingerprint)
    if changed or wanted.iterations > saved.iterations:
        run = data_file.read(workdir).run
        text = config.to_json(wanted, extra)
        with writing(workdir):
            files.write(workdir / "config.json", text if run is None else sealed(text, run))


def state_shapes(method: core.Method, batch: Mapping[str, Any]) -> core.State:
    """Returns the shapes and types of the method's state, for a batch of arrays or of shapes.

    ConfigError, with the method's own words, if its networks do not fit the data.
    """
    with refused("the networks cannot be built for these data"):
        return jax.eval_shape(method.init, jax.random.key(0), batch)


@jax.transfer_guard("allow")
def load(
    workdir: str | os.PathLike[str], extra: Sequence[Any] = (), *, best: bool = False
) -> tuple[Experiment, Any]:
    """Reads a run from its folder alone.

    Args:
      workdir: the folder that `train` made, or its address in an object store.
      extra: classes and functions of your own that the experiment is made of.
      best: whether to read the state that the run's evaluations rated best, not the newest one.

    Returns:
      The experiment, and a state of `experiment.method`. In a run with `ema`, the players in it
      that sampling reads are their averages.

    Raises:
      ConfigError: if the folder holds no run, or its experiment cannot be rebuilt.
      CheckpointError: if there is no checkpoint, or no checkpoint is intact.
    """
    with remote.visited(workdir) as place:
        experiment = read_experiment(place, extra)
        shapes = state_shapes(experiment.wrapped(), batch_shapes(place))
        state = _best(place, shapes) if best else _newest(place, shapes)
    return experiment, wrappers.unwrap(state)


def _newest(workdir: Path, shapes: core.State) -> core.State:
    with Checkpoints.of_run(workdir) as checkpoints:
        if checkpoints.latest() is None:
            run_states.refuse_lost(workdir, None)
            raise CheckpointError(
                f"{workdir} has no checkpoint yet: continue it with "
                f"`python -m gans_jax resume {workdir}`"
            )
        return checkpoints.restore(shapes)[1]


def _best(workdir: Path, shapes: core.State) -> core.State:
    step = read_best(workdir)["step"]
    with Checkpoints.of_run(workdir, name="best") as checkpoints:
        try:
            return checkpoints.restore(shapes, step)[1]
        except CheckpointError:
            if read_best(workdir)["step"] == step:
                raise
    return _best(workdir, shapes)  # the run has found a better one meanwhile


def batch_shapes(workdir: Path) -> dict[str, jax.ShapeDtypeStruct]:
    """Returns the shapes and types of a run's batches; ConfigError if the folder holds no run."""
    with _reading(workdir, workdir / data_file.NAME):
        return data_file.read(workdir).batch
