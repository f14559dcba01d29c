"""Many devices and many processes, which need processes of their own.

`tests/support/four_devices.py` runs once, in a process of four virtual devices, and is reported
here by method; `tests/support/two_processes.py` is started twice for each test of a cluster.
"""

import dataclasses
import functools
import pickle
import signal
import socket
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import jax
import numpy as np
import pytest
from PIL import Image

from gans_jax import GAN, core, losses, parallel
from gans_jax.training import Checkpoints
from tests.support import four_devices, tiny, two_processes
from tests.support.cases import CASES
from tests.support.processes import ROOT, environment

NAMES = four_devices.params(CASES)


@functools.cache
def outcomes(speed: str) -> dict[str, str | None]:
    """What failed of each test on four devices, None if nothing, by the test's name."""
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder, "report.xml")
        options = ["-q", "-m", speed, f"--junitxml={report}", "-p", "no:cacheprovider"]
        command = [sys.executable, "-m", "pytest", "tests/support/four_devices.py", *options]
        done = subprocess.run(
            command, cwd=ROOT, env=environment(4), capture_output=True, text=True, check=False
        )
        assert report.exists(), done.stdout + done.stderr
        tree = ElementTree.parse(report)
    results = {}
    for test in tree.iter("testcase"):
        failures = [child.text for child in test if child.tag in ("failure", "error", "skipped")]
        results[test.get("name")] = failures[0] if failures else None
    return results


def assert_passed(outcomes: dict, tests: list[str]) -> None:
    assert tests, list(outcomes)
    failures = [outcomes[test] for test in tests if outcomes[test]]
    assert not failures, "\n".join(failures)


def parameters(test: str) -> set[str]:
    """Of `test[a-b]`, a and b."""
    return set(test.partition("[")[2].removesuffix("]").split("-"))


@pytest.mark.parametrize("case", NAMES)
def test_four_devices_are_one(case, request):
    found = outcomes("slow" if request.node.get_closest_marker("slow") else "not slow")
    assert_passed(found, [test for test in found if case.name in parameters(test)])


@pytest.mark.parametrize("speed", ["not slow", pytest.param("slow", marks=pytest.mark.slow)])
def test_whatever_the_method_on_four_devices(speed):
    found = outcomes(speed)
    names = {case.name for case in CASES}
    assert_passed(found, [test for test in found if not parameters(test) & names])


@pytest.fixture
def start(tmp_path):
    """Starts the two processes in a mode, and ends them with the test."""
    started = []

    def start(mode):
        with socket.socket() as free:
            free.bind(("localhost", 0))
            port = free.getsockname()[1]
        command = [sys.executable, "-m", "tests.support.two_processes", mode, str(port)]
        for index in (0, 1):
            process = subprocess.Popen(
                [*command, str(index), str(tmp_path)],
                cwd=ROOT,
                env=environment(2),
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            started.append(process)
        return started

    yield start
    for process in started:
        process.kill()
        process.communicate()


@pytest.mark.slow
def test_two_processes_are_one(start, tmp_path):
    """They also restore what one has saved, and one restores what they have saved."""
    same = lambda x: jax.tree.map(np.asarray, x)
    one = functools.partial(
        two_processes.train, tiny.jit(two_processes.METHOD.step), same, same, shard=(0, 1)
    )
    state = one()
    with Checkpoints(tmp_path / "one_process") as checkpoints:
        checkpoints.save(3, state)
    for process in start("train"):
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 0, output
    for name in ("sharded0", "sharded1", "pmapped0", "pmapped1"):
        tiny.assert_close(arrays(tmp_path / f"{name}.npz"), tiny.leaves(state), 1e-5)
    further = tiny.leaves(one(state=state, start=3, stop=4))
    for name in ("resumed0", "resumed1"):
        tiny.assert_close(arrays(tmp_path / f"{name}.npz"), further, 1e-5)
    restored = tiny.leaves(two_processes.restore(tmp_path / "two_processes"))
    tiny.assert_same_bits(arrays(tmp_path / "sharded0.npz"), restored)


def arrays(file):
    with np.load(file) as leaves:
        return dict(leaves)


@pytest.mark.slow
def test_hosts_with_different_files_stop(start, tmp_path):
    for host, names in enumerate(("abcdefghijklmnop", "abcdefghijklmnoq")):
        (tmp_path / str(host) / "images").mkdir(parents=True)
        for name, pixels in zip(names, tiny.images(16), strict=True):
            Image.fromarray(pixels[..., 0]).save(tmp_path / str(host) / f"images/{name}.png")
    for process in start("files"):
        output, _ = process.communicate(timeout=240)
        assert "the list of files must be the same on every process, but process 1 has" in output
        assert process.returncode == 1
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_a_data_error_of_one_process_loses_nothing(start, tmp_path):
    *_, second = start("data")
    output, _ = second.communicate(timeout=240)
    assert "cannot be read: replace it; the state after iteration 5 is saved" in output
    with Checkpoints(tmp_path / "run/checkpoints") as checkpoints:
        assert checkpoints.steps() == [5]


@pytest.mark.slow
def test_two_processes_with_different_seeds(start):
    for process in start("seeds"):
        output, _ = process.communicate(timeout=120)
        assert process.returncode == 1, output
        assert (
            "ValueError: the seed must be the same on every process, but process 1 has another "
            "than process 0 ('0' -> '1'): start every process with the same"
        ) in output


@pytest.mark.slow
@pytest.mark.parametrize("victim", [0, 1])  # process 0 is the coordinator
def test_a_process_that_dies_ends_the_other(start, tmp_path, victim):
    processes = start(f"die{victim}")
    processes[victim].communicate(timeout=120)
    assert processes[victim].returncode == -signal.SIGKILL
    survivor = processes[1 - victim]
    output, _ = survivor.communicate(timeout=30)
    assert survivor.returncode not in (0, None)
    assert "another task died" in output, output
    restored = tiny.leaves(two_processes.restore(tmp_path / "two_processes"))
    tiny.assert_same_bits(arrays(tmp_path / "sharded0.npz"), restored)


def test_without_a_cluster_there_is_none():
    code = """
import jax
from gans_jax import parallel
assert not parallel.initialize() and not parallel.initialize()
assert jax.process_count() == 1 and parallel.shard() == (0, 1)
parallel.check_same("text", "the configuration")
"""
    subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=ROOT, check=True)


def test_too_late_to_join_a_cluster():
    assert jax.devices()
    with pytest.warns(UserWarning, match=r"call parallel.initialize\(\) before anything else"):
        assert not parallel.initialize()
    with pytest.raises(RuntimeError, match="must be called before"):
        parallel.initialize("localhost:1", 2, 0)


def test_half_a_cluster():
    code = "from gans_jax import parallel; parallel.initialize('localhost:1')"
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert "needs coordinator, num_processes and process_id" in done.stderr


@dataclasses.dataclass(frozen=True)
class Coupled(GAN):
    couples_examples = True


def test_accumulation_is_refused_where_the_loss_couples_examples():
    two_networks = tiny.Generator(), tiny.Discriminator()
    method = Coupled(*two_networks)
    with pytest.raises(ValueError, match="the losses of Coupled couple the examples"):
        parallel.accumulate(method, 2)
    method = GAN(*two_networks, loss=losses.PositiveUnlabeled())
    with pytest.raises(ValueError, match="the losses of GAN couple the examples"):
        parallel.accumulate(method, 2)
    with pytest.raises(ValueError, match="micro_batches must be positive, but is 0"):
        parallel.accumulate(two_processes.METHOD, 0)


def test_an_accumulated_method_is_a_method():
    method = parallel.accumulate(two_processes.METHOD, 2)
    assert method.batch_axis == 1
    assert len(method.minibatches(0)) == 2
    assert isinstance(method, core.Sampler)
    assert pickle.loads(pickle.dumps(method)).micro_batches == 2
    assert hash(method) == hash(parallel.accumulate(two_processes.METHOD, 2))
