"""The plan for a TPU slice: what it reads and reckons, and that work per chip does not grow."""

import dataclasses
import functools
import importlib.util
import json
import math
import os
import re
from pathlib import Path
from types import SimpleNamespace

import jax
import numpy as np
import pytest
from jax.experimental import topologies

from gans_jax import GAN, WGAN, WGANGP, data, parallel, priors
from gans_jax.cli import main
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator, MLPDiscriminator, MLPGenerator
from gans_jax.tools.plan import audit, chips, columns, cost, hlo, source_rate
from gans_jax.tools.plan.chips import Slice
from gans_jax.training import Experiment
from tests.support import tiny
from tests.support.cases import MMD
from tests.support.tiny import install

ROOT = Path(__file__).parents[2]
needs_libtpu = pytest.mark.skipif(
    importlib.util.find_spec("libtpu") is None,
    reason="libtpu is not installed: pip install '.[plan]'",
)

# Lines of programs compiled for TPU, without most of what is not read.
PROGRAM = """\
HloModule jit_step, is_scheduled=true

%region_12.15 (a.1: f32[], b.1: f32[]) -> f32[] {
  ROOT %add.1 = f32[]{:T(128)} add(%a.1, %b.1)
}

%body.9 (p: (s32[], f32[16])) -> (s32[], f32[16]) {
  %psum.5 = f32[2,64]{1,0:T(2,128)S(1)} all-reduce(%f.1), channel_id=1, to_apply=%region_12.15, \
metadata={op_name="jit(step)/shard_map/while/body/psum"}
  %all-reduce.1 = (f32[2,32]{1,0:T(2,128)S(1)}, /*index=1*/bf16[10]{0:T(128)}, f32[]{:T(128)}) \
all-reduce(%f.2, %f.3, %f.4), channel_id=1, to_apply=%region_12.15
  %gte.1 = f32[2,32]{1,0:T(2,128)S(1)} get-tuple-element(%all-reduce.1), index=0
}

%condition.7 (p.2: (s32[], f32[16])) -> pred[] {
  %constant.1 = s32[]{:T(128)} constant(5), metadata={op_name="jit(step)/shard_map"}
  ROOT %lt.6 = pred[]{:T(512)} compare(%gte.2, %constant.1), direction=LT
}

%fused.3 (p.4: u8[4,8]) -> u8[8,8] {
  ROOT %ag.1 = u8[8,8]{1,0} all-gather(%p.4), channel_id=2, dimensions={0}
}

ENTRY %main.132_spmd (param.55: s32[], param.56: f32[64]) -> (s32[], f32[64]) {
  %while.61 = (s32[]{:T(128)}, f32[16]{0:T(128)S(1)}) while(%t), condition=%condition.7, \
body=%body.9, metadata={op_name="jit(step)/shard_map/while"}
  %fusion.1 = u8[8,8]{1,0} fusion(%x), kind=kLoop, calls=%fused.3
  %start.1 = (f32[4]{0}, f32[16]{0}) all-gather-start(%y), channel_id=3, dimensions={0}
  %done.1 = f32[16]{0} all-gather-done(%start.1)
  ROOT %psum.9 = f32[64]{0:T(128)S(1)} all-reduce(%z), channel_id=1, to_apply=%region_12.15
}
"""


def test_collectives_in_loops_count_as_often_as_they_run():
    found = hlo.read(PROGRAM)
    assert found.loops == (5,)
    assert found.collectives == (
        ("all-gather", 64, 2),  # one uint8 [8, 8], one float32 [16]
        ("all-reduce", 256, 1),
        ("all-reduce", 256 + 20 + 4, 5),
        ("all-reduce", 512, 5),
    )


def test_a_loop_without_a_known_range_counts_once():
    found = hlo.read(PROGRAM.replace("constant(5)", "parameter(0)"))
    assert found.loops == (1,)
    assert sum(c.times for c in found.collectives if c.kind == "all-reduce") == 3


def test_slices():
    big, cube = chips.parse_slices("v5e:16x16,v4:4x4x8")
    assert (big.chips, big.smallest.name, cube.chips) == (256, "v5e:1x1", 128)
    assert cube.smallest.name == "v4:2x2x1"
    # 32 hops of a microsecond, until 6.4 MB take as long over 200 GB/s.
    assert big.collective_seconds(64) == pytest.approx(32e-6)
    assert big.collective_seconds(64e6) == pytest.approx(320e-6)


@pytest.mark.parametrize(
    ("name", "hosts"),
    [("v5e:1x1", 1), ("v6e:2x4", 1), ("v5e:4x4", 2), ("v5e:16x16", 32), ("v4:2x2x2", 2)],
)
def test_hosts(name, hosts):
    assert Slice(name).hosts == hosts


@pytest.mark.parametrize(
    ("name", "known"),
    [("v9:2x2", "v6e:{1x1,2x2"), ("v5e:3x3", "v5e:{1x1,2x2,2x4,4x4,"), ("v5e", "16x16}")],
)
def test_an_unknown_slice_is_refused_with_those_that_are_known(name, known, capsys):
    assert main(["plan", "wgan_digits", "--topology", f"v5e:4x4,{name}"]) == 2
    message = capsys.readouterr().err
    assert f"unknown topology {name!r}" in message
    assert known in message


def test_roofline():
    collectives = (hlo.Collective("all-reduce", 64_000_000, 2), hlo.Collective("all-gather", 8, 3))
    found = cost.roofline(Slice("v5e:4x4"), 394e9, 81.9e9, collectives)
    assert found["compute_s"] == pytest.approx(2e-3)
    assert found["memory_s"] == pytest.approx(0.1)
    # All-reduces send 2 * 15/16 of their bytes over 200 GB/s; gathers this small take 8 hops.
    assert found["interconnect_s"] == pytest.approx(2 * 0.6e-3 + 3 * 8e-6)


def mlp_experiment(n_critic: int = 2, **changes) -> Experiment:
    method = WGAN(
        MLPGenerator((28, 28, 1), (256,)),
        MLPDiscriminator((256,)),
        priors.Normal(64),
        n_critic=n_critic,
    )
    settings = {"method": method, "data": data.Digits(), "iterations": 9, "batch_size": 256}
    return Experiment(**settings | changes)


@pytest.fixture
def on_cpu(monkeypatch):
    """Plans for the slice v5e:1x1 are compiled for this CPU instead."""
    monkeypatch.setattr(audit, "_devices", lambda place: jax.devices()[:1])
    return Slice("v5e:1x1")


def test_bytes_are_counted_before_arrays_move_to_the_fast_memory(on_cpu, monkeypatch):
    levels = []

    def compiled(*_):
        levels.append(jax.config.values["jax_optimization_level"])
        cost = {"flops": 2.0, "bytes accessed": 3.0 if levels[-1] == "O0" else 100.0}
        sizes = ("argument", "output", "alias", "temp")
        memory = SimpleNamespace(**{f"{name}_size_in_bytes": len(levels) for name in sizes})
        return SimpleNamespace(
            as_text=lambda: "", cost_analysis=lambda: cost, memory_analysis=lambda: memory
        )

    monkeypatch.setattr(audit, "_compile", compiled)
    before = jax.config.values["jax_optimization_level"]
    plan = audit.plan(mlp_experiment(), on_cpu, 256)
    assert levels == [before, "O0"]
    # The memory is that of the program that would run, the first one here.
    assert (plan.moved_bytes_per_chip, plan.temp_bytes_per_chip) == (3, 1)
    assert audit.work(mlp_experiment(), on_cpu, 256) == {"flops": 2.0, "bytes accessed": 3.0}
    assert jax.config.values["jax_optimization_level"] == before


@pytest.mark.slow
def test_operations_are_linear_in_the_critic_iterations_and_as_counted_by_hand(on_cpu):
    flops = [1e9 * audit.plan(mlp_experiment(k), on_cpu, 256).gflop_per_chip for k in (1, 2, 4)]
    # A program with one update has no update whose operations XLA shares with the one before.
    assert flops[2] - flops[1] == pytest.approx(2 * (flops[1] - flops[0]), rel=5e-3)
    hidden, first, last = 2 * 256 * 256 * 784, 2 * 256 * 64 * 256, 2 * 256 * 256
    generator, critic = first + hidden, hidden + last
    # Forward, gradients of the weights, gradients of the inputs of all layers but the first.
    critic_update = generator + 2 * (critic + critic + last)
    generator_update = generator + critic + critic + generator + hidden
    assert flops[2] == pytest.approx(4 * critic_update + generator_update, rel=0.05)


@pytest.mark.slow
def test_a_method_whose_last_minibatch_is_the_generators(on_cpu):
    changed = functools.partial(dataclasses.replace, MMD.method)
    settings = {"data": data.Arrays(tiny.images(8)), "iterations": 9, "batch_size": 4}
    experiments = [Experiment(method=changed(n_critic=k), **settings) for k in (1, 2, 3, 5)]
    flops = [audit.work(experiment, on_cpu, 4)["flops"] for experiment in experiments]
    update = flops[1] - flops[0]
    assert update > 0.2 * flops[0]
    assert flops[2:] == pytest.approx([flops[1] + update, flops[1] + 3 * update], rel=1e-3)


@pytest.mark.slow
def test_operations_of_micro_batches_are_all_counted(on_cpu):
    experiment = mlp_experiment(2)
    split = dataclasses.replace(experiment, method=parallel.accumulate(experiment.method, 4))
    whole, parts = (audit.plan(e, on_cpu, 256) for e in (experiment, split))
    assert parts.gflop_per_chip == pytest.approx(whole.gflop_per_chip, rel=0.03)


@pytest.mark.slow
def test_an_experiment_that_does_not_fit_is_refused(on_cpu, monkeypatch):
    small = dataclasses.replace(chips.CHIPS["v5e"], memory=2**20)
    monkeypatch.setitem(chips.CHIPS, "v5e", small)
    with pytest.raises(cost.DoesNotFit, match=r"WGAN with 256 examples on a chip needs 0\.0 GiB"):
        audit.plan(mlp_experiment(), on_cpu, 256)


def test_what_the_compiler_says_of_too_little_memory():
    text = "RESOURCE_EXHAUSTED: Ran out of memory in memory space hbm. Used 20.31G of 15.75G hbm."
    where = mlp_experiment().method, Slice("v5e:4x4"), 512
    refusal = audit._too_large(jax.errors.JaxRuntimeError(text), *where)
    assert "WGAN with 512 examples on a chip needs 20.3 GiB, but a v5e chip has 16" in str(refusal)
    bug = jax.errors.JaxRuntimeError("INTERNAL: something else")
    assert audit._too_large(bug, *where) is bug


def test_the_data_may_be_elsewhere():
    pixels, folder = (48, 48, 3), "no such folder"
    images = data.ImageFolder(folder, size=None, channels=1)
    pairs = data.PairedFolder(folder, size=48)
    for source, shapes in (
        (data.ImageFolder(folder, size=48), {"image": pixels}),
        (data.IDX(folder, size=32), {"image": (32, 32, 1)}),
        (data.IDX(folder, folder, size=32), {"image": (32, 32, 1), "label": ()}),
        (data.RandomCrop(data.IDX(folder, folder, 32), 8), {"image": (8, 8, 1), "label": ()}),
        (data.Unaligned(pairs), {"a": pixels, "b": pixels}),
        (data.Side(pairs, "b"), {"image": pixels}),
        (data.UnpairedFolders(folder, size=48), {"a": pixels, "b": pixels}),
        (data.Unpaired(images, images, size=8), {"a": (8, 8, 1), "b": (8, 8, 1)}),
        (data.Denoising(images, size=8), {"a": (8, 8, 1), "b": (8, 8, 1)}),
    ):
        found = audit.shapes(source)
        assert {n: (x.shape, x.dtype) for n, x in found.items()} == {
            name: (shape, np.uint8 if shape else np.int32) for name, shape in shapes.items()
        }
    for source in (images, data.IDX(folder), data.CutOuts(folder), data.Denoising(images)):
        with pytest.raises(chips.PlanError, match="give the data a `size`"):
            audit.shapes(source)


def test_a_warm_up_is_not_planned():
    method = dataclasses.replace(mlp_experiment().method, warmup=True, n_critic=7)
    assert audit._minibatches(mlp_experiment(method=method, iterations=700)) == 7


FILE = """
from gans_jax import WGAN, data
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=WGAN(MLPGenerator(features=(8,)), MLPDiscriminator((8,))),
    data=data.Digits(),
    iterations=9,
    batch_size=32,
)
"""


@pytest.fixture
def file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    cache = jax.config.jax_compilation_cache_dir or ""
    monkeypatch.setenv("JAX_COMPILATION_CACHE_DIR", cache)
    Path("small.py").write_text(FILE)
    return "small.py"


def test_the_command_prints_a_table_and_writes_json(file, on_cpu, monkeypatch, capsys):
    monkeypatch.setattr(audit, "versions", lambda: "libtpu")
    arguments = ["--topology", "v5e:1x1", "--json", "a.json", "--method.n-critic", "3"]
    arguments += ["--measure-input", "1"]
    assert main(["plan", file, *arguments]) == 0
    assert "| per chip and iteration" in capsys.readouterr().out
    (found,) = json.loads(Path("a.json").read_text())
    assert (found["topology"], found["chips"], found["minibatches"]) == ("v5e:1x1", 1, 3)
    assert found["iteration_s"] == max(
        found[f"{n}_s"] for n in ("compute", "memory", "interconnect")
    )
    assert found["images_per_second"] == pytest.approx(3 * 32 / found["iteration_s"])
    assert found["images_per_second_per_host"] == found["images_per_second"]
    pixels = 28 * 28 + 4  # and the label
    assert found["input_bytes_per_second_per_host"] == pixels * found["images_per_second"]
    assert (found["set_bytes"], found["set_on_device"]) == (len(data.Digits()) * pixels, "whole")
    assert found["cores_per_host"] >= 1
    assert found["smallest_slice"]["gflop_per_chip"] == found["gflop_per_chip"] > 0
    assert found["all_reduce_bytes"] == found["collectives"]["all-reduce"]["bytes"]
    assert found["interconnect_s"] == 0
    assert found["temp_bytes_per_chip"] > 0


def input_plan(chips: int = 16, hosts: int = 4, free: float = 1e6) -> cost.Plan:
    """A plan whose hosts feed 1000 images a second each, of a kilobyte."""
    numbers = {f.name: 1 for f in dataclasses.fields(cost.Plan) if f.default is dataclasses.MISSING}
    numbers |= {"chips": chips, "hosts": hosts, "collectives": {}, "loops": (), "topology": "v"}
    numbers |= {"images_per_second_per_host": 1000, "input_bytes_per_second_per_host": 1e6}
    return cost.Plan(**numbers | {"hbm_bytes_per_chip": free + 1})


@pytest.mark.parametrize(
    ("size", "place"),
    [(500_000, "whole"), (500_001, "sharded"), (8 * 10**6, "sharded"), (9 * 10**6, "too large")],
)
def test_the_cores_that_a_host_needs_and_where_the_set_fits(size, place):
    found = source_rate.SourceRate(300.0, size).added_to(input_plan())
    assert (found.cores_per_host, found.set_on_device) == (4, place)
    table = columns.side_by_side([found])
    rows = dict(re.findall(r"^\| (.*?) +\| (.*?) +\|$", table, re.MULTILINE))
    assert rows["such cores to feed, each host"] == "4"
    assert rows["all examples on the chips"] == place
    assert "of a core here" not in columns.side_by_side([input_plan()])


def test_examples_that_are_drawn_do_not_stay_on_the_chips():
    """As little as they take: `data.on_device` refuses them."""
    experiment = mlp_experiment(batch_size=100, data=data.RandomCrop(data.Digits(), 20))
    found = source_rate.measure(experiment, 0).added_to(input_plan(free=1e9))
    assert found.set_on_device == "drawn on the hosts"
    assert re.search(r"all examples on the chips +\| drawn on the", columns.side_by_side([found]))


def test_a_core_is_measured_by_its_own_time(monkeypatch):
    waits = iter(range(100))
    clock = {"monotonic": lambda: next(waits), "process_time": iter([7.0, 7.5]).__next__}
    monkeypatch.setattr(source_rate, "time", SimpleNamespace(**clock))
    found = source_rate.measure(mlp_experiment(batch_size=100), 3)
    # Read at 1 and 2 and, as the first is read whatever the time is, once before.
    assert found == source_rate.SourceRate(3 * 100 / 0.5, len(data.Digits()) * (28 * 28 + 4))


def test_only_what_is_measured_must_be_there(file, on_cpu, monkeypatch, capsys):
    monkeypatch.setattr(audit, "versions", lambda: "libtpu")
    Path(file).write_text(
        FILE.replace("data.Digits()", "data.ImageFolder('absent', size=28, channels=1)")
    )
    command = ["plan", file, "--topology", "v5e:1x1"]
    assert main(command) == 0
    out = capsys.readouterr().out
    assert "| hosts " in out
    assert "of a core here" not in out
    assert main([*command, "--measure-input", "1"]) != 0
    (line,) = capsys.readouterr().err.splitlines()
    assert "the folder absent is missing" in line


def test_what_the_command_refuses(file, monkeypatch, capsys):
    command = ["plan", file, "--topology", "v5e:4x4"]
    assert main([*command, "--global-batch", "100"]) == 2
    assert "v5e:4x4 do not divide a global batch of 100: choose" in capsys.readouterr().err
    for installed, reason in (
        (None, "planning needs libtpu 0.0.50 or newer, which is not installed"),
        ("0.0.42.1", "planning needs libtpu 0.0.50 or newer, but 0.0.42.1 is installed"),
    ):
        install(monkeypatch, libtpu=installed)
        assert main(command) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert line == (
            f"error: {reason}: run `pip install '.[plan]'` in the clone of "
            "gans_jax, best in an environment of its own"
        )


def test_a_compiler_that_does_not_know_a_slice_is_named(file, monkeypatch, capsys):
    def refuse(*_, **__):
        raise jax.errors.JaxRuntimeError("INVALID_ARGUMENT: no such layout\n  a long trace")

    install(monkeypatch, libtpu="0.0.99")
    for name in audit._ENVIRONMENT:
        monkeypatch.setenv(name, os.environ.get(name, ""))
    monkeypatch.setattr(topologies, "get_topology_desc", refuse)
    assert main(["plan", file, "--topology", "v5e:4x4"]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert (
        f"v5e:4x4 (jax {jax.__version__}, libtpu 0.0.99: INVALID_ARGUMENT: no such layout)" in line
    )


def test_the_batch_of_a_slice_is_shared(monkeypatch):
    monkeypatch.setattr(audit, "plan", lambda experiment, place, share: (place.name, share))
    slices = chips.parse_slices("v5e:4x4,v5e:2x2")
    assert audit.compare(mlp_experiment(), slices, 64) == [
        (("v5e:4x4", 4), ("v5e:1x1", 4)),
        (("v5e:2x2", 16), ("v5e:1x1", 16)),
    ]
    assert audit.compare(mlp_experiment(), slices)[0] == (("v5e:4x4", 256), ("v5e:1x1", 256))


METHODS = {
    "wgan": WGAN(DCGANGenerator(size=16, features=8), DCGANDiscriminator(8), n_critic=2),
    "dcgan": GAN(DCGANGenerator(size=16, features=128), DCGANDiscriminator(128)),
    "wgan_gp": WGANGP(MLPGenerator((16, 16, 3), (64,)), MLPDiscriminator((64,)), n_critic=2),
}


@functools.cache
def compiled(name: str, place: str) -> cost.Plan:
    experiment = mlp_experiment(method=METHODS[name], data=data.ImageFolder("absent", size=16))
    return audit.plan(experiment, Slice(place), 64)


def size(tree) -> int:
    return sum(math.prod(leaf.shape) * leaf.dtype.itemsize for leaf in jax.tree.leaves(tree))


def all_reduced(method) -> int:
    """Bytes of gradients, statistics and metrics, and of what batch norm shares, in an iteration.

    Batch norm shares two numbers per channel, as many as it keeps, and their gradients.
    """
    batch = {"image": jax.ShapeDtypeStruct((2, 64, 16, 16, 3), np.uint8)}
    state = jax.eval_shape(method.init, jax.eval_shape(lambda: jax.random.key(0)), batch)
    generator = state.generator
    opponent = state.discriminator if isinstance(method, GAN) else state.critic
    k, g, d = len(method.minibatches(0)), size(generator.batch_stats), size(opponent.batch_stats)
    scalars = {GAN: 3, WGAN: 4, WGANGP: 5}[type(method)]
    opponents = size(opponent.params) + d + 4 * scalars + g + 4 * d
    # A Wasserstein critic's last bias has a constant gradient: XLA sums it once, before the loop.
    constant = 4 if isinstance(method, WGANGP) else 0
    once = size(generator.params) + g + 4 + 2 * g + 2 * d + constant
    return k * (opponents - constant) + once


@pytest.mark.slow
@needs_libtpu
@pytest.mark.parametrize("name", METHODS)
def test_work_per_chip_does_not_grow_with_the_slice(name):
    few, many = compiled(name, "v5e:4x4"), compiled(name, "v5e:16x16")
    assert many.gflop_per_chip == pytest.approx(few.gflop_per_chip, rel=0.02)
    assert many.temp_bytes_per_chip == pytest.approx(few.temp_bytes_per_chip, rel=0.02)
    assert list(many.collectives) == ["all-reduce"]
    assert few.all_reduce_bytes == many.all_reduce_bytes == all_reduced(METHODS[name])


@pytest.mark.slow
@needs_libtpu
def test_convolutions_for_a_tpu_are_the_plain_ones_counted_by_hand():
    def layers(*sizes: int) -> float:
        return 2.0 * 64 * sum(sizes)

    def taps(side: int) -> int:  # of a 4x4 kernel with stride 2 and padding 1, without the border
        return (4 * side - 2) ** 2

    project, double, last = 16 * 100 * 256, taps(4) * 256 * 128, taps(8) * 128 * 3
    generator, opponent = layers(project, double, last), layers(last, double, 16 * 256)
    update = generator + 2 * (3 * opponent - layers(last))
    wanted = update + 3 * generator - layers(project) + 2 * opponent
    assert 1e9 * compiled("dcgan", "v5e:4x4").gflop_per_chip == pytest.approx(wanted, rel=0.05)
