"""Makes the folder of a run; a half-made folder does not count as a run, and may be made anew."""

import contextlib
import os
import re
import shutil
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import jax

from gans_jax import data
from gans_jax.core import files
from gans_jax.data import source
from gans_jax.runs import config, data_file, folder, lock, remote
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment


@contextlib.contextmanager
def created(
    workdir: Path,
    experiments: Mapping[Path, Experiment],
    batch: dict[str, jax.ShapeDtypeStruct],
    extra: Sequence[Any] = (),
    keep: tuple[type[BaseException], ...] = (),
) -> Iterator[None]:
    """Makes the folder of a new run, or of several runs with a folder each, and holds it.

    If the block ends in an error before it has a number or a state to keep, the folder is emptied,
    so that the corrected command may use it.

    Args:
      workdir: the folder that is to hold the run or the runs.
      experiments: the experiment of each run by its folder.
      batch: the shapes and types of a batch.
      extra: functions of the user's own that the experiments are made of.
      keep: errors that leave the folder as it is, since the run is to be continued.

    Raises:
      ConfigError: if `workdir` is not empty, or its path is not UTF-8.
      OSError: if it cannot be written.
    """
    refuse_name(workdir)
    texts = {place: config.to_json(e, extra) for place, e in experiments.items()}
    fingerprint = data.fingerprint(next(iter(experiments.values())).data)  # seeds share their data
    with contextlib.ExitStack() as stack:
        try:
            workdir.mkdir(parents=True, exist_ok=True)
            refuse_occupied(workdir)
            stack.enter_context(lock.held(workdir))
            refuse_occupied(workdir)  # another process may have been quicker
            _remove_remains(workdir)
            # The first run's configuration comes last: without it the folder does not count as one.
            for place, experiment in reversed([*experiments.items()]):
                place.mkdir(exist_ok=True)
                if place != workdir:
                    stack.enter_context(lock.held(place))
                write(place, texts[place], len(experiment.data), fingerprint, batch)
        except OSError as error:
            raise OSError(
                f"the run folder {workdir} cannot be written ({error.strerror}): "
                "choose another --workdir"
            ) from error
        try:
            yield
        except keep:
            raise
        except BaseException as error:
            # Who presses Ctrl-C twice in the first iteration may want to resume.
            begun = isinstance(error, KeyboardInterrupt) and any(workdir.rglob("samples"))
            with contextlib.suppress(OSError):
                if not begun:
                    _undo(workdir, [*experiments])
            raise


def refuse_name(workdir: Path) -> None:
    """Raises ConfigError if a folder's path is not UTF-8, in which checkpoints are addressed."""
    try:
        os.fspath(workdir.absolute()).encode()
    except UnicodeEncodeError as error:
        name = source.shown(workdir)
        raise ConfigError(f"{name} is not UTF-8: choose another name for the run folder") from error


def refuse_occupied(workdir: Path) -> None:
    """Raises ConfigError if a folder holds more than the remains of a run that was being made."""
    if (folder.runs(workdir)[0] / "config.json").exists():
        raise remote.occupied(workdir)
    if not all(map(_is_remains, workdir.rglob("*"))):
        raise ConfigError(f"{workdir} is not empty: choose another --workdir")


def _is_remains(path: Path) -> bool:
    if path.is_dir() and not path.is_symlink():
        return folder.SEED.fullmatch(path.name) is not None
    if re.fullmatch(r"\.\d+\.\d+\.part", path.name):
        return True
    ours = path.name in (lock.NAME, data_file.NAME, "config.json")
    return ours and (path.parent / lock.NAME).is_file()


def _undo(workdir: Path, places: Sequence[Path]) -> None:
    """Removes what a run has written before its first iteration, unless there is more."""
    firsts = {path for place in places for path in _firsts(place)}
    if not all(path in firsts or _is_remains(path) for path in workdir.rglob("*")):
        return
    for path in sorted(firsts, reverse=True):  # a folder comes after its files
        path.rmdir() if path.is_dir() else path.unlink()
    # The first run's configuration goes first: without it the rest does not count as a run.
    for place in places:
        (place / "config.json").unlink(missing_ok=True)
        (place / data_file.NAME).unlink(missing_ok=True)


def _firsts(place: Path) -> Iterator[Path]:
    """Yields what a run writes when it begins, besides its configuration."""
    yield from place.glob("events.out.tfevents.*")
    yield from place.glob("samples")
    yield from place.glob(f"samples/{0:08d}.png")
    yield from (path for path in place.glob("metrics.jsonl") if not path.stat().st_size)


def _remove_remains(workdir: Path) -> None:
    for path in workdir.iterdir():
        if path.is_dir():
            shutil.rmtree(path)
        elif path.name != lock.NAME:
            path.unlink()


def write(
    place: Path,
    experiment: str,
    examples: int,
    fingerprint: str | None,
    batch: Mapping[str, jax.ShapeDtypeStruct],
) -> None:
    """Writes `data.json`, and then `config.json` with the given text."""
    run = data_file.write(place, examples, fingerprint, batch)
    files.write(place / "config.json", folder.sealed(experiment, run))
