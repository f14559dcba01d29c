"""Processes in which packages are not installed, although they are."""

import os
from pathlib import Path

# Python runs it as each process starts, also in the processes that a process starts.
_CODE = """
import importlib.abc, importlib.metadata, sys

HIDDEN, DISTRIBUTIONS = {hidden!r}, {distributions!r}


class Hidden(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in HIDDEN:
            raise ModuleNotFoundError(f"No module named {{name!r}}", name=name)


def distributions(found=importlib.metadata.distributions, **context):
    return (each for each in found(**context) if each.metadata["Name"] not in DISTRIBUTIONS)


def distribution(name, found=importlib.metadata.distribution):
    if name in DISTRIBUTIONS:
        raise importlib.metadata.PackageNotFoundError(name)
    return found(name)


sys.meta_path.insert(0, Hidden())
importlib.metadata.distributions = distributions
importlib.metadata.distribution = distribution
"""


def environment_without(folder: Path, packages: dict[str, str]) -> dict[str, str]:
    """The environment of such a process; `packages` maps pip's names to imported ones."""
    code = _CODE.format(hidden=set(packages.values()), distributions=set(packages))
    (folder / "sitecustomize.py").write_text(code)
    path = [str(folder), *filter(None, [os.environ.get("PYTHONPATH")])]
    return os.environ | {"PYTHONPATH": os.pathsep.join(path)}
