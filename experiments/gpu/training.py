"""A configuration of experiments/paper, trained for as long as is left."""

import dataclasses
import functools
import importlib
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any
from unittest import mock

import jax
import numpy as np

from experiments.gpu.part import Task
from experiments.gpu.results import Results
from gans_jax import data
from gans_jax.data.source import InMemory

# The loop needs them, and the last one only for a file that TensorBoard reads.
LOOP = ("orbax.checkpoint", "matplotlib", "tqdm", "tensorboardX")
NEEDED = LOOP[:-1]
# Seconds kept for the last checkpoint and the report, and at most this share of the time.
RESERVE, MOST_RESERVE = 20.0, 0.3
CONFIGURATION = {"gpu": "celeba64", "cpu": "a small form of celeba64"}


@dataclasses.dataclass(frozen=True)
class EnlargedDigits(InMemory):
    """The packaged digits as colour images, enlarged: what can be had without a network.

    Examples: `image` uint8 [size, size, 3].
    """

    size: int = 64

    @functools.cached_property
    def arrays(self) -> dict[str, np.ndarray]:
        digits = data.Digits(size=32).arrays["image"]
        factor = self.size // 32
        return {"image": np.tile(digits.repeat(factor, 1).repeat(factor, 2), 3)}


def run(results: Results, task: Task) -> None:
    """Trains DCGAN with gans_jax's loop, or with a plain one where the loop lacks a package."""
    missing = [name for name in LOOP if not _imports(name)]
    results["configuration"] = f"experiments/paper/dcgan.py:{CONFIGURATION[task.device]}"
    results["data"] = "the packaged digits, enlarged, instead of CelebA"
    results["missing"] = missing
    with _stand_ins(missing):
        experiment = _experiment(task.device)
        results["batch_size"] = experiment.batch_size
        end = task.end - min(RESERVE, MOST_RESERVE * task.seconds_left)
        plain = bool(set(missing) & set(NEEDED))
        results["loop"] = "plain" if plain else "gans_jax.training.train"
        results.save()
        (_plainly if plain else _with_loop)(results, experiment, end)


def _imports(name: str) -> bool:
    try:
        importlib.import_module(name)
    except ModuleNotFoundError:
        return False
    return True


def _stand_ins(missing: list[str]) -> Any:
    """Puts objects without effect in the place of missing packages, so that files import them."""
    names = {part for name in missing for part in (name, name.partition(".")[0])}
    return mock.patch.dict(sys.modules, {name: mock.MagicMock() for name in names})


def _experiment(device: str) -> Any:
    """Returns the paper's experiment on the digits."""
    paper = importlib.import_module("experiments.paper.dcgan")
    if device == "gpu":
        experiment = paper.experiments["celeba64"]
        changes = {"data": EnlargedDigits(), "log_every": 20}
    else:
        experiment = paper.dcgan(EnlargedDigits(size=32), 10**6, size=32, features=4)
        changes = {"batch_size": 8, "log_every": 1}
    return dataclasses.replace(experiment, iterations=2**31 - 1, **changes)


def _with_loop(results: Results, experiment: Any, end: float) -> None:
    """Trains until a signal to this process, then reads what the run has left on the disk."""
    from gans_jax.runs.metrics_file import read_metrics
    from gans_jax.training import Interrupted, load, train

    with tempfile.TemporaryDirectory() as folder:
        workdir = Path(folder) / "run"
        seconds = max(0.0, end - time.monotonic())
        timer = threading.Timer(seconds, os.kill, (os.getpid(), signal.SIGTERM))
        timer.daemon = True
        timer.start()
        try:
            train(experiment, workdir, extra=[EnlargedDigits], progress=False)
        except Interrupted as stopped:
            results["stopped"] = str(stopped).partition(":")[0]
        lines = read_metrics(workdir / "metrics.jsonl")
        _, state = load(workdir, extra=[EnlargedDigits])
        results["iterations"] = int(state.step)
    rates = [line["images_per_second"] for line in lines[1:]]
    results["images_per_second"] = median(rates) if rates else None
    results["metrics"] = {"first": lines[0], "last": lines[-1]} if lines else {}


def _plainly(results: Results, experiment: Any, end: float) -> None:
    """Trains as code of one's own does: the jitted step on the stream."""
    method, batch_size = experiment.method, experiment.batch_size
    stream = data.stream(experiment.data, batch_size=batch_size, method=method)
    init_key, run_key = jax.random.split(jax.random.key(0))
    state = jax.jit(method.init)(init_key, stream[0])
    step = jax.jit(method.step, donate_argnums=0)
    first, spans, start = None, [], time.monotonic()
    for block in _blocks(experiment.log_every, end):
        for t in block:
            state, metrics = step(state, stream[t], jax.random.fold_in(run_key, t))
        last = {name: float(value) for name, value in metrics.items()}  # waits for the device
        first, now = first or last, time.monotonic()
        spans.append(now - start)
        start = now
        results |= {"iterations": block.stop, "metrics": {"first": first, "last": last}}
        if len(spans) > 1:  # the first block compiles
            results["images_per_second"] = len(block) * batch_size / median(spans[1:])
        results.save()


def _blocks(size: int, end: float) -> Iterator[range]:
    """Yields the iterations of one block after another, until a time."""
    start = 0
    while time.monotonic() < end:
        yield range(start, start + size)
        start += size
