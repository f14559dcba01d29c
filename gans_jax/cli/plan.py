"""The command `plan`."""

import argparse
import dataclasses
import json
from typing import Any

import jax

from gans_jax.cli.arguments import command, count, new_file
from gans_jax.cli.experiment_file import load_overridden
from gans_jax.core import files
from gans_jax.tools.plan import audit, source_rate
from gans_jax.tools.plan.chips import parse_slices
from gans_jax.tools.plan.columns import side_by_side

PLAN = """\
Compiles an iteration of the experiment in FILE for TPU slices, without a TPU, and prints what it
will cost on each. For comparison it also prints the cost of the same work per chip on the smallest
slice of that kind. Times are lower bounds, which follow from the chips' published peaks (the
roofline model). It also prints how many images and bytes each host must feed at that speed. With
--measure-input it reads the data here for some seconds, and prints what a core gives, how many such
cores each host needs, and whether all examples can stay in the chips' memory beside an iteration;
only then the data must be there. The command needs libtpu: run `pip install '.[plan]'`, best in an
environment of its own, since `jax[tpu]` may ask for an older version.

Further options override any field of the experiment, as for `train`. The exit code is 2 if a slice
is unknown, or the experiment does not fit on the chip."""


def add(commands: Any) -> None:
    parser = command(commands, plan, PLAN, own_help=True)
    parser.add_argument("file", metavar="FILE", help="a Python file, as for `train`")
    text = "such as v5e:4x4,v5e:16x16"
    parser.add_argument("--topology", required=True, metavar="SLICES", help=text)
    text = "examples of a minibatch on a whole slice (default: batch_size on each chip)"
    parser.add_argument("--global-batch", type=count, metavar="N", help=text)
    text = "read the data for so many seconds, and print what a core of this machine gives"
    parser.add_argument("--measure-input", type=count, metavar="SECONDS", help=text)
    parser.add_argument("--json", type=new_file, metavar="FILE", help="write all figures to FILE")


def plan(options: argparse.Namespace, overrides: list[str]) -> None:
    slices = parse_slices(options.topology)
    experiment, _ = load_overridden(options.file, overrides, "plan")
    jax.config.update("jax_platforms", "cpu")  # a TPU or GPU at hand may be busy
    # First, because it may find no data, and compiling takes minutes.
    seconds = options.measure_input
    measured = None if seconds is None else source_rate.measure(experiment, seconds)
    pairs = audit.compare(experiment, slices, options.global_batch)
    if measured:
        pairs = [(measured.added_to(own), measured.added_to(small)) for own, small in pairs]
    print(side_by_side(list(dict.fromkeys(p for pair in pairs for p in reversed(pair)))))
    print(f"{options.file}, {audit.versions()}")
    if options.json:
        figures = [[dataclasses.asdict(found) for found in pair] for pair in pairs]
        found = [own | {"smallest_slice": smallest} for own, smallest in figures]
        files.write(options.json, json.dumps(found, indent=2) + "\n")
