"""Times every form of the operations in `gans_jax.ops` on the layers of the workloads.

    python -m experiments.benchmark.forms --workloads dcgan_64,cyclegan_128 --json forms.json

A line is a layer: how often an iteration has it, the milliseconds of the form that the rules of
`gans_jax.ops.fast` choose and its name, and the milliseconds of every form that can compute it, the
quickest first. The last lines say how many milliseconds of an iteration each choice loses against
the quickest forms.
"""

import argparse
import collections
import contextlib
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple
from unittest import mock

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax

from experiments.benchmark import machine
from experiments.benchmark.workloads import CYCLEGAN_256, WORKLOADS, Workload, is_convolutional
from gans_jax import ops
from gans_jax.ops import convolution, fast, plain, winograd
from gans_jax.ops.plain import Geometry, flip

Form = Callable[[Array, Array, Geometry], Array]
BLOCKS, SECONDS = 7, 0.1


class Layer(NamedTuple):
    """An operation on arrays of two shapes."""

    operation: str
    first: tuple[int, ...]
    second: tuple[int, ...]
    geometry: Geometry

    def __str__(self) -> str:
        one, two = ("x".join(map(str, shape)) for shape in (self.first, self.second))
        return f"{self.operation} {one} {two} /{self.geometry.stride}"


def layers(workload: Workload) -> collections.Counter[Layer]:
    """Returns how often an iteration of a workload has each layer; a loop's body counts fully."""
    found: collections.Counter[Layer] = collections.Counter()
    times, scan = [1], lax.scan

    def compute(operation: str, a: Array, b: Array, geometry: Geometry, form: str) -> Array:
        found[Layer(operation, a.shape, b.shape, geometry)] += int(np.prod(times))
        return getattr(plain, operation)(a, b, geometry)

    def counted(body: Any, init: Any, xs: Any = None, length: Any = None, **options: Any) -> Any:
        times.append(length or jax.tree.leaves(xs)[0].shape[0])
        try:
            return scan(body, init, xs, length, **options)
        finally:
            times.pop()

    method, batch = workload.method, workload.batches(1)[0]
    state = jax.eval_shape(method.init, jax.random.key(0), batch)
    with (
        mock.patch.object(convolution, "_compute", compute),
        mock.patch.object(lax, "scan", counted),
    ):
        jax.eval_shape(method.step, state, batch, jax.random.key(0))
    return found


def _overlap(x: Array, w: Array, geometry: Geometry) -> Array:
    return fast._transpose_overlap(x, flip(w), fast._dual(geometry))


def _dual_patches(x: Array, y: Array, geometry: Geometry) -> Array:
    return flip(fast._weight_gradient_patches(y, x, fast._dual(geometry)))


# The forms of each operation, and the function that each one calls first.
FORMS: dict[str, dict[str, tuple[Form, str]]] = {
    "conv": {
        "window": (fast._conv_window, "_conv_window"),
        "patches": (fast._conv_patches, "_conv_patches"),
        "padded": (fast._conv_padded, "_conv_padded"),
        "overlap": (_overlap, "_transpose_overlap"),
        "winograd": (winograd.conv, "conv"),
    },
    "transpose": {
        "window": (fast._transpose_window, "_transpose_window"),
        "overlap": (fast._transpose_overlap, "_transpose_overlap"),
        "subpixel": (fast._transpose_subpixel, "_transpose_subpixel"),
        "winograd": (winograd.transpose, "transpose"),
    },
    "weight_gradient": {
        "window": (fast._weight_gradient_window, "_weight_gradient_window"),
        "patches": (fast._weight_gradient_patches, "_weight_gradient_patches"),
        "dual patches": (_dual_patches, "_dual"),
        "taps": (fast._weight_gradient_taps, "_weight_gradient_taps"),
        "groups": (fast._weight_gradient_groups, "_weight_gradient_groups"),
        "images": (fast._weight_gradient_over_images, "_weight_gradient_over_images"),
        "winograd": (winograd.weight_gradient, "weight_gradient"),
    },
}


def forms(layer: Layer) -> dict[str, Form]:
    """Returns the forms that can compute a layer, with the plain one."""
    g, unfit = layer.geometry, set()
    if g.stride > 1:
        unfit |= {"dual patches"} | ({"overlap"} if layer.operation == "conv" else set())
    if layer.operation == "transpose" and any(k % g.stride for k in g.kernel):
        unfit |= {"overlap", "subpixel"}
    if layer.operation == "conv" and g.padding != (0, 0):
        unfit |= {"padded"}
    if g.kernel != (3, 3) or g.stride > 1:
        unfit |= {"winograd"}
    if not fast._is_one_window(g):
        unfit |= {"window"}
    possible = {name: form for name, (form, _) in FORMS[layer.operation].items()}
    possible = {name: form for name, form in possible.items() if name not in unfit}
    return possible | {"plain": getattr(plain, layer.operation)}


def chosen(layer: Layer) -> str:
    """Returns the name of the form that the rules choose for a layer."""
    called: list[str] = []

    def recorded(name: str, function: Form) -> Form:
        def call(*args: Any) -> Array:
            called.append(name)
            return function(*args)

        return call

    with contextlib.ExitStack() as patches:
        for name, (_, first) in reversed(FORMS[layer.operation].items()):
            module = winograd if name == "winograd" else fast
            call = recorded(name, getattr(module, first))
            patches.enter_context(mock.patch.object(module, first, call))
        arrays = (jax.ShapeDtypeStruct(shape, "float32") for shape in (layer.first, layer.second))
        jax.eval_shape(lambda a, b: getattr(fast, layer.operation)(a, b, layer.geometry), *arrays)
    return called[0] if called else "plain"


def milliseconds(layer: Layer) -> dict[str, float]:
    """Returns the time of each form, the best block of several, all measured in turns."""
    rng = np.random.default_rng(0)
    a, b = (jnp.asarray(rng.normal(size=s).astype("f4")) for s in (layer.first, layer.second))
    compiled, nums = {}, {}
    wanted = jax.jit(getattr(plain, layer.operation), static_argnums=2)(a, b, layer.geometry)
    for name, form in forms(layer).items():
        run = jax.jit(form, static_argnums=2)
        error = float(jnp.abs(run(a, b, layer.geometry) - wanted).max() / jnp.abs(wanted).max())
        assert error < 1e-4, f"{name} of {layer} is off by {error}"
        began = time.perf_counter()
        jax.block_until_ready(run(a, b, layer.geometry))
        nums[name] = max(1, round(SECONDS / (time.perf_counter() - began)))
        compiled[name] = run
    found = dict.fromkeys(compiled, np.inf)
    for _ in range(BLOCKS):
        for name, run in compiled.items():
            began = time.perf_counter()
            for _ in range(nums[name]):
                out = run(a, b, layer.geometry)
            jax.block_until_ready(out)
            took = 1e3 * (time.perf_counter() - began) / nums[name]
            found[name] = min(found[name], took)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    known = WORKLOADS | {CYCLEGAN_256.name: CYCLEGAN_256}
    names = [name for name, workload in known.items() if is_convolutional(workload.method)]
    parser.add_argument("--workloads", default=",".join(names), metavar="NAME,NAME")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all times as a list")
    arguments = parser.parse_args()
    ops.keep_freed_memory()
    print(machine.describe(), flush=True)
    measured: dict[Layer, dict[str, float]] = {}
    for name in arguments.workloads.split(","):
        print(f"\n{name}", flush=True)
        lost: collections.Counter[str] = collections.Counter()
        for layer, count in sorted(layers(known[name]).items(), key=str):
            if layer not in measured:
                measured[layer] = milliseconds(layer)
            times, choice = measured[layer], chosen(layer)
            order = sorted(times, key=times.__getitem__)
            lost[f"{layer.operation} by {choice}"] += count * (times[choice] - times[order[0]])
            listed = ", ".join(f"{form} {times[form]:.2f}" for form in order)
            print(f"{count:4} x {layer}: {times[choice]:.2f} {choice} | {listed}", flush=True)
        for choice, total in lost.most_common():
            if total >= 0.1:
                print(f"{name}: {choice} loses {total:.1f} ms of an iteration")
        if arguments.json:
            written = [{"layer": str(layer), "ms": times} for layer, times in measured.items()]
            arguments.json.write_text(json.dumps(written, indent=2) + "\n")


if __name__ == "__main__":
    main()
