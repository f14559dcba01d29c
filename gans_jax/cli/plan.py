"""The command `plan`."""

import argparse
import json
from typing import Any

import jax

import gans_jax.tools.plan as planning
from gans_jax.cli.arguments import command, count, new_file
from gans_jax.cli.experiment_file import load_file, override
from gans_jax.core import files

PLAN = """\
Compiles an iteration of the experiment in FILE for TPU slices, without a TPU, and prints what it
costs there, beside the same work per chip on the smallest slice of that kind. It needs libtpu:
`pip install 'gans_jax[tpu]'`. Times are those of the roofline, at the chips' published peaks.
Further options override any field of the experiment, as for `train`. The exit code is 2 for an
unknown slice, or an experiment that does not fit the chip."""


def add(commands: Any) -> None:
    parser = command(commands, plan, "tell what a TPU slice will do", PLAN, own_help=True)
    parser.add_argument("file", metavar="FILE", help="as for `train`")
    parser.add_argument("--topology", required=True, help="such as v5e:4x4,v5e:16x16")
    text = "examples of a minibatch on the whole slice (default: batch_size on every chip)"
    parser.add_argument("--global-batch", type=count, metavar="N", help=text)
    parser.add_argument("--json", type=new_file, metavar="FILE", help="to write all figures to")


def plan(options: argparse.Namespace, overrides: list[str]) -> None:
    slices = planning.parse_slices(options.topology)
    experiment, _ = load_file(options.file)
    experiment = override(experiment, overrides, f"plan {options.file}")
    jax.config.update("jax_platforms", "cpu")  # a TPU or GPU at hand may be busy
    pairs = planning.compare(experiment, slices, options.global_batch)
    print(planning.table(list(dict.fromkeys(p for pair in pairs for p in reversed(pair)))))
    print(f"{options.file}, {planning.versions()}")
    if options.json:
        found = [p.as_dict() | {"smallest_slice": small.as_dict()} for p, small in pairs]
        files.write(options.json, json.dumps(found, indent=2) + "\n")
