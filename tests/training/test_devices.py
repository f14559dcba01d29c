"""Runs over several devices and processes, by the command that a user gives."""

import dataclasses
import json
import signal
import socket
import subprocess
import sys
import time

import jax
import pytest

from gans_jax.cli import load_file, main
from gans_jax.training import ConfigError, load, resume, train
from tests.support.processes import ROOT, environment
from tests.support.tiny import assert_close, assert_same_bits

RING = """
import functools
import optax
import gans_jax
from gans_jax import networks, priors
from gans_jax.training import Experiment

experiment = Experiment(
    method=gans_jax.GAN(
        networks.MLPGenerator((2,), (8,), output="linear"),
        networks.MLPDiscriminator((8,)),
        priors.Normal(4),
        optimizer=functools.partial(optax.sgd),
        learning_rate=0.05,
    ),
    data=gans_jax.data.GaussianRing(num=200),
    iterations=12,
    batch_size=16,
    checkpoint_every=4,
    log_every=4,
    samples=9,
)
"""


@pytest.fixture(scope="module")
def ring(tmp_path_factory):
    """The experiment's file, the experiment and its state after 12 iterations on one device."""
    folder = tmp_path_factory.mktemp("ring")
    file = folder / "ring.py"
    file.write_text(RING)
    experiment, _ = load_file(str(file))
    return file, experiment, train(experiment, folder / "straight", progress=False)


@pytest.fixture
def start():
    """Starts `python -m gans_jax` with the arguments on so many virtual devices."""
    started = []

    def start(devices, *arguments):
        command = [sys.executable, "-m", "gans_jax", *map(str, arguments)]
        pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT, "text": True}
        started.append(subprocess.Popen(command, cwd=ROOT, env=environment(devices), **pipes))
        return started[-1]

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def cluster(start):
    """Starts two processes of two devices each, with arguments for each."""

    def both(*arguments):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        named = ("--distributed", "--coordinator", f"localhost:{port}", "--num-processes", 2)
        return [start(2, *own, *named, "--process-id", i) for i, own in enumerate(arguments)]

    return both


def finish(processes, code=0):
    outputs = [process.communicate(timeout=240)[0] for process in processes]
    assert [process.returncode for process in processes] == [code] * len(outputs), outputs
    return outputs


def test_four_devices_are_one(ring, start, tmp_path):
    file, _, state = ring
    finish([start(4, "train", file, "--workdir", tmp_path / "run", "--devices", "all")])
    experiment, found = load(tmp_path / "run")
    assert_close(found, state, 1e-5)
    lines = [json.loads(line) for line in (tmp_path / "run/metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8, 12]
    shapes = json.loads((tmp_path / "run/data.json").read_text())["batch"]
    assert shapes["image"][0][-2:] == [experiment.batch_size, 2]


@pytest.mark.slow
def test_two_processes_and_one_resume_each_others_run(ring, cluster, tmp_path):
    file, _, state = ring
    run, unused = tmp_path / "run", tmp_path / "unused"
    rated = ("--evaluate-every", 4, "--evaluate-num", 50)
    short = ("train", file, "--iterations", 4, *rated, "--workdir")
    first, second = finish(cluster((*short, run), (*short, unused)))
    assert "4 iterations done" in first
    assert "iterations done" not in second
    assert not unused.exists()  # process 0 alone writes
    assert main(["resume", str(run), "--iterations", "8"]) == 0
    longer = ("resume", run, "--iterations", 12)
    finish(cluster(longer, longer))
    assert_close(load(run)[1], state, 1e-5)
    lines = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [line["step"] for line in lines] == [4, 8, 12]
    rates = [line["energy distance"] for line in lines]
    found = json.loads((run / "best.json").read_text())
    assert (found["step"], found["value"]) == (4 + 4 * rates.index(min(rates)), min(rates))
    samples = sorted(path.name for path in (run / "samples").iterdir())
    assert samples == [f"{step:08d}.png" for step in (0, 4, 8, 12)]


@pytest.mark.slow
def test_two_processes_keep_the_examples_on_their_devices(ring, cluster, tmp_path):
    file, _, state = ring
    for choice in ("no", "yes"):
        command = ("train", file, "--data-on-device", choice, "--workdir", tmp_path / choice)
        first, _ = finish(cluster(command, command))
        assert ("each device keeps all examples in its memory" in first) == (choice == "yes")
    assert_close(load(tmp_path / "yes")[1], state, 1e-5)
    assert_same_bits(*(load(tmp_path / choice)[1] for choice in ("no", "yes")))


@pytest.mark.slow
def test_two_processes_train_and_resume_in_an_object_store(ring, cluster, tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    file, _, state = ring
    run = f"file://{tmp_path}/bucket/run"
    first, second = finish(cluster(*[("train", file, "--iterations", 4, "--workdir", run)] * 2))
    assert f"{run}: 4 iterations done" in first
    assert "iterations done" not in second
    finish(cluster(*[("resume", run, "--iterations", 12)] * 2))
    assert_close(load(run)[1], state, 1e-5)


@pytest.mark.slow
def test_a_signal_to_one_process_stops_both_at_the_same_step(ring, cluster, tmp_path):
    file, run = ring[0], tmp_path / "run"
    rare = ("--log-every", 10**8, "--sample-every", 10**8, "--checkpoint-every", 10**8)
    command = ("train", file, "--iterations", 10**8, *rare, "--profile", 0)
    processes = cluster(*[(*command, "--workdir", run)] * 2)
    deadline = time.monotonic() + 200
    while not list((run / "profile").rglob("*.pb")):  # the trace of the first four iterations
        assert time.monotonic() < deadline, finish(processes)
        time.sleep(0.5)
    processes[1].send_signal(signal.SIGTERM)
    first, second = finish(processes, 128 + signal.SIGTERM)
    _, state = load(run)
    assert f"stopped after iteration {state.step}, whose state is saved" in first
    assert f"stopped after iteration {state.step}, whose state is saved" in second


@pytest.mark.slow
@pytest.mark.parametrize("fault", ["seeds", "folder", "store"])
def test_what_one_process_refuses_ends_both(ring, cluster, tmp_path, fault):
    file, run = ring[0], tmp_path / "run"
    place = f"file://{run}" if fault == "store" else run
    command = ("train", file, "--workdir", place)
    if fault == "seeds":
        outputs = finish(cluster((*command, "--seed", 1), (*command, "--seed", 2)), 1)
        for output in outputs:
            assert "process 1 has another than process 0 (seed: 1 -> 2): start every" in output
        assert not run.exists()
    else:
        run.mkdir()
        (run / "notes.txt").touch()
        first, second = finish(cluster(command, command), 1)
        assert "is not empty: choose another --workdir" in first
        assert "process 0 has ended the run: its message says why" in second


@pytest.mark.slow
def test_devices_may_change_when_a_run_is_resumed(ring, tmp_path):
    _, experiment, state = ring
    short = dataclasses.replace(experiment, iterations=4)
    train(short, tmp_path / "run", progress=False, devices=jax.devices()[:1])
    assert_close(resume(tmp_path / "run", experiment, progress=False), state, 1e-5)


@pytest.mark.slow
def test_micro_batches_are_the_same_run(ring, tmp_path):
    _, experiment, state = ring
    split = dataclasses.replace(experiment, micro_batches=4)
    assert_close(train(split, tmp_path / "run", progress=False), state, 1e-5)
    odd = dataclasses.replace(experiment, micro_batches=3)
    with pytest.raises(ConfigError, match="16 does not divide over 1 devices with 3 micro-batches"):
        train(odd, tmp_path / "odd", progress=False)
    assert not (tmp_path / "odd").exists()


def test_a_profile_is_in_the_folder(ring, tmp_path):
    _, experiment, state = ring
    assert_close(train(experiment, tmp_path / "run", progress=False, profile=6), state, 0)
    assert len(list((tmp_path / "run/profile").rglob("*.xplane.pb"))) == 1


@pytest.mark.filterwarnings("ignore:no cluster was looked for")
@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--seeds", "2", "--devices", "1"], "seeds are trained on one device: leave out"),
        (["--devices", "99"], "has 1 device, not 99: ask for fewer"),
        (["--distributed", "--devices", "all"], "uses all devices of all hosts: leave out"),
        (["--coordinator", "localhost:1"], "is named, but not asked for: add --distributed"),
        (["--distributed"], "no cluster was found: name it with --coordinator"),
        (["--distributed", "--process-id", "0"], "the cluster cannot be joined: "),
    ],
)
def test_devices_that_cannot_be_had_are_refused(ring, tmp_path, capsys, options, words):
    command = ["train", str(ring[0]), "--workdir", str(tmp_path / "run"), *options]
    assert main(command) == 1
    assert words in capsys.readouterr().err
    assert not (tmp_path / "run").exists()
