"""What a run of each paper configuration takes on one TPU chip, by the plan.

    python -m experiments.benchmark.paper_cost [--topology v5e:1x1] [--only NAME ...]

compiles an iteration of each experiment of `experiments/paper` for the slice, without a TPU, and
prints a Markdown table. A chip-hour is a lower bound, because it follows from the chip's published
peaks. What is planned is kept in a JSON file, so that a table that was interrupted goes on. A
compilation takes a minute of a core or, for images of 256x256, more than 20, and needs libtpu:
run `pip install '.[plan]'`.
"""

import argparse
import dataclasses
import hashlib
import importlib
import json
import pkgutil
import re
from pathlib import Path

import jax

from experiments import paper
from gans_jax.core import files
from gans_jax.tools.plan import audit, cost
from gans_jax.tools.plan.chips import PlanError, Slice
from gans_jax.training import Experiment

KEPT = Path(__file__).with_name("paper_cost.json")
HEADER = """\
| configuration | iterations | batch | GFLOP | MB moved | ms an iteration | limit | chip-hours |
|---|---|---|---|---|---|---|---|"""


@dataclasses.dataclass(frozen=True)
class Row:
    """A line of the table: configurations with one program and as many iterations.

    Attributes:
      file: the configurations' file.
      names: their names in it.
      program: what is equal if two configurations compile the same program.
      experiment: one of them.
    """

    file: str
    names: tuple[str, ...]
    program: str
    experiment: Experiment

    def markdown(self, figures: dict[str, float]) -> str:
        """Returns the line, from the figures that `planned` returns."""
        iterations = self.experiment.iterations
        seconds = max(figures["compute_s"], figures["memory_s"])
        limit = "compute" if figures["compute_s"] > figures["memory_s"] else "HBM"
        cells = (
            f"`experiments/paper/{self.file}`: {', '.join(self.names)}",
            f"{iterations:,}",
            f"{self.experiment.batch_size}",
            _short(figures["flops"] / 1e9),
            _short(figures["bytes accessed"] / 1e6),
            _short(1e3 * seconds),
            limit,
            f"{hours:.2g}" if (hours := iterations * seconds / 3600) < 10 else f"{hours:.0f}",
        )
        return f"| {' | '.join(cells)} |"


def rows() -> list[Row]:
    """Returns a row for all configurations of a file that cost the same."""
    found: dict[tuple[str, str, int], Row] = {}
    for module in pkgutil.iter_modules(paper.__path__):
        file = importlib.import_module(f"{paper.__name__}.{module.name}")
        for name, experiment in file.experiments.items():
            key = f"{module.name}.py", _program(experiment), experiment.iterations
            names = found[key].names if key in found else ()
            found[key] = Row(key[0], (*names, name), key[1], experiment)
    return list(found.values())


def planned(experiment: Experiment, place: Slice) -> dict[str, float]:
    """Returns the operations and bytes of an iteration on a chip of the slice, and their times."""
    work = audit.work(experiment, place, experiment.batch_size)
    return work | cost.roofline(place, work["flops"], work["bytes accessed"], ())


def _program(experiment: Experiment) -> str:
    """Returns the fields that shape the program, without the addresses of functions in memory.

    A schedule is one multiplication of it.
    """
    method = {
        field.name: getattr(experiment.method, field.name)
        for field in dataclasses.fields(experiment.method)
        if field.name != "schedule"
    }
    fields = repr((type(experiment.method), method, audit.shapes(experiment.data)))
    return re.sub(" at 0x[0-9a-f]+", "", fields)


def _short(figure: float) -> str:
    return f"{figure:,.0f}" if figure >= 1000 else f"{figure:.3g}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--topology", type=Slice, default=Slice("v5e:1x1"))
    parser.add_argument("--only", nargs="+", metavar="NAME", help="some files, such as wgan")
    options = parser.parse_args()
    jax.config.update("jax_platforms", "cpu")
    kept = json.loads(KEPT.read_text()) if KEPT.exists() else {}
    print(HEADER)
    for row in rows():
        if options.only and row.file.removesuffix(".py") not in options.only:
            continue
        digest = hashlib.sha256(f"{options.topology}{audit.versions()}{row.program}".encode())
        key = f"{row.file} {digest.hexdigest()[:12]}"
        try:
            kept[key] = kept.get(key) or planned(row.experiment, options.topology)
        except PlanError as error:
            print(f"{row.file}, {', '.join(row.names)}: {error}", flush=True)
            continue
        files.write(KEPT, json.dumps(kept, indent=1) + "\n")
        print(row.markdown(kept[key]), flush=True)


if __name__ == "__main__":
    main()
