"""The command `report`."""

import argparse
import shutil
from typing import Any

from gans_jax.cli.arguments import beside, command, new_file, workdir
from gans_jax.cli.experiment_file import own_classes
from gans_jax.evaluation.evaluate import FILE
from gans_jax.runs import ConfigError
from gans_jax.tools.report.page import write_page

REPORT = """\
Writes one HTML file that shows runs side by side: their curves, samples over time, interpolations,
nearest training images, and the results of `evaluate` with their provenance. The file contains its
pictures, and opens from disk without a network."""


def add(commands: Any) -> None:
    parser = command(commands, report, REPORT)
    text = "the run folders that `train` made"
    parser.add_argument("workdirs", type=workdir, nargs="+", metavar="RUN", help=text)
    text = "the file to write (default: report.html in the folder of the only run)"
    parser.add_argument("--out", type=new_file, metavar="HTML", help=text)
    text = "the Python file with classes of your own, if the experiments have any"
    parser.add_argument("--experiment", metavar="FILE", help=text)


def report(options: argparse.Namespace, _: list[str]) -> None:
    if options.out is None and len(options.workdirs) > 1:
        raise ConfigError(f"{len(options.workdirs)} runs share one page: name it with --out HTML")
    out = options.out or beside(options, options.workdirs[0], "report.html")
    for run in options.copies:
        # `evaluate` writes what it finds of a run in an object store into the current folder.
        if (results := beside(options, run, FILE)).exists():
            shutil.copy(results, run / FILE)
    write_page(options.workdirs, out, own_classes(options))
    print(f"written to {out}")
