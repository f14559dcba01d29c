"""Runs whose examples stay in device memory are, to the bit, the runs that read on the host."""

import dataclasses
import functools
import json
import threading
from typing import ClassVar

import jax
import numpy as np
import pytest

from gans_jax import WGAN, data
from gans_jax.cli import main
from gans_jax.data.resident import Rows, Share
from gans_jax.data.source import InMemory
from gans_jax.training import placement, program, recorder, resident, resume, train
from gans_jax.training.feed import Feed
from gans_jax.training.layout import Layout, choose_layout
from gans_jax.training.placement import Placement, choose
from gans_jax.training.processes import Processes
from gans_jax.training.program import Program
from tests.support import tiny as support
from tests.support.tiny import assert_same_bits

CRITICS = WGAN(support.Generator(), support.Discriminator(batch_norm=False), n_critic=2)
WARM = dataclasses.replace(CRITICS, n_critic=1, warmup=True)


@dataclasses.dataclass(frozen=True)
class Pixels(InMemory):
    """Images of uint8, 70 of them, so that 12 iterations go through several epochs."""

    @property
    def arrays(self):
        return {"image": support.images(70)}


@dataclasses.dataclass(frozen=True)
class Spoiled:
    """Points on the circle, of which number 37 is something else."""

    spoil: ClassVar = None

    def __len__(self):
        return 200

    def __getitem__(self, index):
        point = np.array([np.cos(index), np.sin(index)], np.float32)
        return {"image": Spoiled.spoil(point) if index == 37 else point}


@pytest.fixture(autouse=True)
def no_report(monkeypatch):
    """A report takes longer than a run."""
    monkeypatch.setattr(recorder, "write_report", lambda workdir, experiment: None)


@pytest.fixture
def own(monkeypatch):
    monkeypatch.setattr(Spoiled, "spoil", staticmethod(lambda point: point))
    return lambda spoil: monkeypatch.setattr(Spoiled, "spoil", staticmethod(spoil))


EXTRA = [Pixels, Spoiled, support.Generator, support.Discriminator]
run = functools.partial(train, extra=EXTRA, progress=False)


@pytest.mark.parametrize(
    ("changes", "seeds"),
    [
        ({}, None),
        ({"repeat": 4, "log_every": 4, "sample_every": 4}, None),
        ({}, 2),
        ({"repeat": 4, "log_every": 4, "sample_every": 4}, 2),
        ({"method": CRITICS, "data": Pixels()}, None),
    ],
    ids=["plain", "repeat", "seeds", "repeat of seeds", "several minibatches"],
)
def test_the_state_is_the_same_to_the_bit(tiny, tmp_path, monkeypatch, changes, seeds):
    monkeypatch.setattr(resident, "LEAST", 1)  # a table for each epoch
    experiment = dataclasses.replace(tiny(), **changes)
    states = [
        run(experiment, tmp_path / choice, seeds=seeds, data_on_device=choice)
        for choice in ("no", "yes")
    ]
    assert_same_bits(*states)
    name = "seed_1/config.json" if seeds else "config.json"
    first, second = (drop_digest(tmp_path / choice / name) for choice in ("no", "yes"))
    assert first == second  # it is no part of what a run is


def drop_digest(path):
    """A configuration without its digest, which is also of the run's own number."""
    return {n: v for n, v in json.loads(path.read_text()).items() if n != "sha256"}


def test_a_run_is_resumed_with_the_other_choice(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(resident, "LEAST", 1)
    straight = run(tiny(), tmp_path / "straight", data_on_device="no")
    for first, second in (("yes", "no"), ("no", "yes"), ("yes", "yes")):
        folder = tmp_path / f"{first} {second}"
        run(tiny(iterations=8), folder, data_on_device=first)
        state = resume(folder, tiny(), progress=False, data_on_device=second)
        assert_same_bits(state, straight)


def programs(experiment, seeds=None):
    layout = choose_layout(experiment, seeds, None)
    return [Program(experiment, layout, Processes(False), choice) for choice in ("no", "yes")]


@pytest.mark.parametrize(
    ("method", "least"), [(CRITICS, 1), (WARM, 2**16)], ids=["two critics", "warm-up"]
)
def test_batches_and_keys_are_the_hosts(tiny, monkeypatch, method, least):
    """The warm-up of WGAN ends at iteration 25, for which a table of indices ends."""
    monkeypatch.setattr(resident, "LEAST", least)
    experiment = dataclasses.replace(tiny(data=Pixels(), iterations=30), method=method)
    both = [p.batches(3, None) for p in programs(experiment)]
    for _ in range(3, 30):
        host, device = (batches.take(lambda: 0) for batches in both)
        assert_same_bits(host.batch, device.batch)
        assert_same_bits(jax.random.key_data(host.keys), jax.random.key_data(device.keys))
    for batches in both:
        batches.close()


@pytest.mark.parametrize("repeat", [1, 4])
def test_nothing_moves_to_the_device_within_an_epoch(tiny, repeat):
    _, program = programs(tiny(repeat=repeat, log_every=4, sample_every=4))
    state, batches = program.init(), program.batches(0, None)
    for t in range(0, 12, repeat):
        # The first dispatch compiles, reads the examples and sends the order of an epoch.
        with jax.transfer_guard_host_to_device("disallow_explicit" if t else "allow"):
            state, _ = program.dispatch(state, batches.take(lambda: 0), 0)
    assert state.step == 12


def test_the_host_sends_a_table_an_epoch(tiny, monkeypatch):
    monkeypatch.setattr(resident, "LEAST", 1)
    sent, put = [], Layout.put_joined
    monkeypatch.setattr(
        Layout, "put_joined", lambda self, x, axis: sent.append(x.shape) or put(self, x, axis)
    )
    _, program = programs(tiny(iterations=40))
    batches = program.batches(0, None)
    for _ in range(40):
        batches.take(lambda: 0)
    assert sent == [(13, 1, 16)] * 4  # 200 examples are 13 batches of 16


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda point: point * np.nan, "example 37 of the source holds NaN in `image`: repair"),
        (lambda point: point * 1e12, "example 37 of the source holds .*, which is out of range"),
        (lambda point: point[:1], "within one batch"),
    ],
)
def test_every_example_is_checked_once(own, tiny, tmp_path, spoil, words):
    own(spoil)
    with pytest.raises(data.DataError, match=words):
        # The first iteration does not read this example.
        run(
            tiny(data=Spoiled(), iterations=1, batch_size=4), tmp_path / "run", data_on_device="yes"
        )


def test_labels_are_checked(tiny):
    late = int(data.stream(Pixels(), 16).indices(1)[0])  # which iteration 0 does not read
    source = data.Arrays(support.images(70), np.where(np.arange(70) == late, 4, 0))
    feed = Feed(Labelled(tiny(data=source)), Layout((0,)), 0, (0, 1))
    batches = resident.ResidentBatches(feed, 0, None, jax.random.key(0), None, False)
    words = f"example {late} of the source: the label 4 is not one of 4"
    with pytest.raises(data.DataError, match=words):
        batches.take(lambda: 0)


def test_a_share_without_examples_is_placed_as_the_others(tiny, monkeypatch):
    """As on the last of 64 hosts with 400 examples, who enters the collective that they enter."""
    placed, place = [], Rows.place
    monkeypatch.setattr(Rows, "place", lambda *a: placed.append(place(*a)) or placed[-1])
    experiment = dataclasses.replace(tiny(data=Pixels()), method=CRITICS)
    for examples in (range(2), range(0)):
        monkeypatch.setattr(Share, "of", lambda num, mesh, own=examples: Share(own, 2))
        programs(experiment)[1].batches(0, None).take(lambda: 0)
    some, none = (jax.tree.map(lambda x: (x.shape, x.dtype), found) for found in placed)
    assert (some.rows, some.shapes) == (none.rows, none.shapes)
    assert some.rows.keys() == {"image"}


class Labelled:
    """The experiment with a method of four classes."""

    def __init__(self, experiment):
        self._experiment = experiment
        self.method = dataclasses.make_dataclass("Four", [])()
        self.method.classes, self.method.batch_axis = 4, 0

    def __getattr__(self, name):
        return getattr(self._experiment, name)


def test_a_skipped_iteration_names_its_example(own, tiny, tmp_path):
    own(lambda point: point * np.nan)
    experiment = tiny(data=Spoiled(), skip_nonfinite=1, iterations=26)
    errors = []
    for choice in ("no", "yes"):
        with pytest.raises(FloatingPointError) as caught:
            run(experiment, tmp_path / choice, data_on_device=choice)
        errors.append(str(caught.value))
    assert errors[0] == errors[1]
    assert "holds NaN in `image`" in errors[1]


def test_a_signal_ends_the_reading(own, tiny):
    over = threading.Event()
    _, program = programs(tiny(data=Spoiled()))
    assert program.feed.batch_shapes
    own(lambda point: over.wait() and point)
    assert program.batches(0, None).take(lambda: 15) is None
    with pytest.raises(data.DataError, match=r"no examples 0 to 199 in \d s, and --data-timeout"):
        program.batches(0, 0.1).take(lambda: 0)
    over.set()


def test_examples_drawn_at_random_are_refused(tiny, tmp_path):
    experiment = tiny(data=Drawn())
    with pytest.raises(data.DataError, match=r"Drawn draws its examples at random, so that they"):
        run(experiment, tmp_path / "run", data_on_device="yes")
    assert not (tmp_path / "run").exists()


@dataclasses.dataclass(frozen=True)
class Drawn(Spoiled):
    def draw(self, seed, position):
        return {"image": np.zeros(2, np.float32)}


@pytest.mark.parametrize(
    ("wanted", "free", "step", "devices", "expected"),
    [
        ("no", 10**9, 0, 1, "host"),
        ("auto", None, 0, 1, "host"),
        ("yes", None, 0, 4, "replicated"),
        ("auto", 10**9, 0, 4, "replicated"),
        ("auto", 10**9, 999 * 10**6, 4, "sharded"),
        ("auto", 10**9, 10**9, 4, "host"),
        ("auto", 4000, 0, 4, "sharded"),
        ("auto", 4000, 0, 1, "host"),
        ("yes", 4000, 0, 1, "replicated"),
        ("yes", 4000, 0, 4, "sharded"),
        ("auto", 1000, 0, 4, "host"),
    ],
)
def test_the_memory_decides(tiny, wanted, free, step, devices, expected):
    """200 points of two floats are 1,600 bytes, and their order 800."""
    layout = Shared((0,), count=devices)
    feed = Feed(tiny(iterations=13), layout, 0, (0, 1))
    if step == 999 * 10**6:
        step = free - 4000
    assert choose(wanted, feed, free, lambda: step).where == expected


@dataclasses.dataclass(frozen=True)
class Shared(Layout):
    count: int = 1

    @property
    def device_count(self):
        return self.count


def test_what_does_not_fit_is_refused_in_one_sentence(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr(program, "free_bytes", lambda device: 1000)
    with pytest.raises(data.DataError, match="the 200 examples take 0 MB on each device, of which"):
        run(tiny(), tmp_path / "run", data_on_device="yes")
    assert not (tmp_path / "run").exists()


def test_a_short_run_does_not_read_all(tiny):
    feed = Feed(tiny(iterations=3), Layout((0,)), 0, (0, 1))
    assert choose("auto", feed, 10**9, lambda: 0) == Placement("host")


def test_auto_measures_the_step(tiny, monkeypatch):
    steps = []
    monkeypatch.setattr(program, "free_bytes", lambda device: 10**9)
    choose_by = lambda *args: steps.append(args[3]()) or choose(*args)
    monkeypatch.setattr(program, "choose", choose_by)
    found = Program(tiny(iterations=13), Layout((0,)), Processes(False))
    assert isinstance(found.batches(0, None), resident.ResidentBatches)
    assert steps[0] > 1000


def test_a_device_says_how_much_is_free():
    class Device:
        def __init__(self, memory):
            self.memory_stats = lambda: memory

    assert placement.free_bytes(Device(None)) is None
    assert placement.free_bytes(Device({"bytes_limit": 100, "bytes_in_use": 30})) == 70


def test_the_command_has_the_option(tmp_path, capsys):
    file = "experiments/gaussians/wgan_gaussians.py"
    with pytest.raises(SystemExit):
        main(["train", file, "--workdir", str(tmp_path / "run"), "--data-on-device", "all"])
    assert "invalid choice: 'all'" in capsys.readouterr().err
