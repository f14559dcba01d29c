"""Runs of every method that are killed and resumed; `tests/training/test_crashes.py` starts both.

python -m tests.support.every_method {begin,end} FOLDER

`begin` takes all runs, each in a thread, into the sixth of eight iterations and kills itself; `end`
resumes them, and compares each with a run that was not killed.
"""

import dataclasses
import json
import os
import signal
import sys
import threading
from pathlib import Path

from gans_jax.data.source import InMemory
from gans_jax.training import Experiment, recorder, resume, train
from gans_jax.training.observers import Pictures
from gans_jax.training.program import Program
from tests.support import tiny
from tests.support.cases import CASES

KILLED_AT = 5
# Pictures and reports take most of the time, and not every method makes pictures.
Pictures.draw = lambda pictures, state: iter(())
recorder.write_report = lambda workdir, experiment: None


@dataclasses.dataclass(frozen=True)
class Images(InMemory):
    """Ten images of all kinds that a method may ask for, so that epochs end within batches."""

    @property
    def arrays(self):
        names = ("image", "a", "b", "mask_a", "mask_b")
        return {name: tiny.images(10, seed=seed) for seed, name in enumerate(names)}


EXTRA = [
    Images,
    *(v for v in vars(tiny).values() if isinstance(v, type) and dataclasses.is_dataclass(v)),
]


def experiments() -> dict[str, Experiment]:
    """One for each method, with an average; image histories are full in their third iteration."""
    # Of several cases of a class the first counts; later ones may need other data.
    by_method = {type(case.method): case.method for case in reversed(CASES)}
    every = {"log_every": 1, "checkpoint_every": 2, "ema": 0.5}
    return {
        cls.__name__: Experiment(method, Images(), 8, batch_size=4, **every)
        for cls, method in by_method.items()
    }


def begin(folder: Path) -> None:
    original, arrived = Program.keys, threading.Semaphore(0)

    def keys(program, t):
        if t == KILLED_AT:
            arrived.release()
            threading.Event().wait()
        return original(program, t)

    Program.keys = keys
    for name, experiment in experiments().items():
        arguments = {"extra": EXTRA, "progress": False}
        run = threading.Thread(
            target=train, args=(experiment, folder / "killed" / name), kwargs=arguments, daemon=True
        )
        run.start()
        assert arrived.acquire(timeout=600), name
    os.kill(os.getpid(), signal.SIGKILL)


def lines(workdir: Path) -> list[dict]:
    found = [json.loads(line) for line in (workdir / "metrics.jsonl").read_text().splitlines()]
    for line in found:
        del line["seconds"], line["images_per_second"], line["input_wait"]
    return found


def end(folder: Path) -> None:
    for name, experiment in experiments().items():
        killed, straight = folder / "killed" / name, folder / "straight" / name
        assert [line["step"] for line in lines(killed)] == [1, 2, 3, 4, 5], name
        resume(killed, extra=EXTRA, progress=False)
        train(experiment, straight, extra=EXTRA, progress=False)
        assert lines(killed) == lines(straight), name
        assert [line["step"] for line in lines(killed)] == [1, 2, 3, 4, 5, 6, 7, 8], name
        # The SHA-256 of every leaf.
        records = (run / "checkpoints/8/leaves/metadata" for run in (killed, straight))
        ours, theirs = (json.loads(record.read_text())["leaves"] for record in records)
        assert ours == theirs, name
        print(name, flush=True)
    print("all methods are the same to the bit")


if __name__ == "__main__":
    {"begin": begin, "end": end}[sys.argv[1]](Path(sys.argv[2]))
