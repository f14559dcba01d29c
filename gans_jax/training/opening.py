"""What a run says before its first iteration, which may be silent for minutes."""

import collections
import math
import sys

import jax

from gans_jax import core, wrappers
from gans_jax.core.output import Unfailing, counted
from gans_jax.training.program import Program


def say_opening(program: Program, title: str) -> None:
    """Names the method, the data, the devices and the parameters on the standard error."""
    _say(program, f"{title}: {opening(program)}")
    # After the first line, because it may compile the step.
    placement = program.placement
    if placement.where != "host":
        held = "all examples" if placement.where == "replicated" else "a share of the examples"
        size = f"{placement.bytes / 1e6:,.1f} MB"
        _say(program, f"{title}: each device keeps {held} in its memory, {size}")


def _say(program: Program, line: str) -> None:
    if program.processes.is_first:
        stream = Unfailing(sys.stderr)
        stream.write(f"{line}\n")
        stream.flush()


def opening(program: Program) -> str:
    """Returns a line such as "WGAN on 4,000 examples; 1 x cpu; 900 parameters; compiling ..."."""
    run, layout = program.experiment, program.layout
    devices = jax.devices()[:1] if layout.mesh is None else [*layout.mesh.devices.flat]
    kinds = collections.Counter(device.device_kind for device in devices)
    parts = [
        f"{type(run.method).__name__} on {counted(len(run.data), 'example')}",
        *(f"{count} x {kind}" for kind, count in kinds.items()),
        f"{parameters(program.state_shapes):,} parameters",
        "compiling, which takes seconds to minutes the first time",
    ]
    return "; ".join(parts)


def parameters(state: core.State) -> int:
    """Returns how many parameters the players in a state have, all together."""
    is_player = lambda node: isinstance(node, core.Player)
    players = [
        p for p in jax.tree.leaves(wrappers.unwrap(state), is_leaf=is_player) if is_player(p)
    ]
    return sum(math.prod(leaf.shape) for p in players for leaf in jax.tree.leaves(p.params))
