"""The files and folders that a command line names, found without loading what takes long."""

import difflib
import os
from collections.abc import Sequence
from pathlib import Path

# The commands whose first argument is an experiment's file, and those where it is a run.
OF_A_FILE = ("train", "plan")
OF_A_RUN = (
    *("resume", "sample", "interpolate", "arithmetic", "translate", "evaluate", "report"),
    "export",
)


def absent(command: str, words: Sequence[str]) -> str | None:
    """Returns the error for a file or a run that a command names and that is not there, or None."""
    if not words or words[0].startswith("-") or {"-h", "--help"} & {*words}:
        return None
    if command in OF_A_FILE:
        path, _ = split_name(words[0])
        if not os.path.isfile(path) and installed(path) is None:
            return no_file(path)
    if command in OF_A_RUN and "://" not in words[0] and not os.path.lexists(words[0]):
        return f"there is no folder {words[0]}: give the folder that `train` made"
    return None


def no_file(path: str) -> str:
    """Returns the error for an experiment's file that is not there."""
    if os.path.isdir(path):
        return (
            f"{path} is a folder: name the file of an experiment first, and a folder of images as "
            f"its data: `train FILE --data.path {path}`"
        )
    places = (*Path(path).parent.glob("*.py"), *Path("experiments").glob("**/*.py"))
    shipped = installed_experiments()
    names = shipped.glob("*/*.py") if shipped else ()
    known = {file.stem: file.stem for file in names} | {p.stem: str(p) for p in places}
    remedy = "name the file of an experiment first, and its options after it"
    if close := difflib.get_close_matches(Path(path).stem, known, n=1):
        remedy = f"did you mean {known[close[0]]}?"
    return f"there is no file {path}: {remedy}"


def split_name(file: str) -> tuple[str, str]:
    """Splits `FILE:NAME` into the path and the name, which is empty for `FILE` alone."""
    path, colon, name = file.rpartition(":")
    return (path, name) if colon and not os.path.isfile(file) else (file, "")


def default_workdir(file: str) -> Path:
    """Returns the run folder of an experiment that is given no other: `runs/FILE_NAME`."""
    path, name = split_name(file)
    return Path("runs", "_".join([Path(path).stem, *name.split()]))


def installed_experiments() -> Path | None:
    """Returns the folder of the experiments that come with the package, where there is one."""
    shipped = Path(__file__).parents[2] / "experiments"
    return shipped if (shipped / "digits" / "wgan_digits.py").is_file() else None


def installed(name: str) -> Path | None:
    """Returns the file of an installed experiment by its name, such as `wgan_digits`."""
    shipped = installed_experiments()
    if shipped is None or not name.isidentifier():
        return None
    return next(iter(sorted(shipped.glob(f"*/{name}.py"))), None)
