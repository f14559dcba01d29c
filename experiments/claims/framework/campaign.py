"""Runs what is missing of the claims, on all cores, until the time is over."""

import dataclasses
import datetime
import functools
import multiprocessing
import os
import platform
import subprocess
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, wait
from importlib import metadata
from pathlib import Path

from experiments.claims.framework import catalogue, results
from experiments.claims.framework.claim import Shared
from gans_jax import ops
from gans_jax.metrics import digits_classifier


@dataclasses.dataclass(frozen=True)
class Job:
    """One run: a seed of an arm of a claim."""

    claim: str
    arm: str
    seed: int


def missing(names: Sequence[str], seeds: range | None) -> Iterator[Job]:
    """Yields the runs that have no result; `seeds` None means as many as each claim has."""
    yielded = set()
    for name in names:
        claim = catalogue.load(name)
        done = {(run.arm, run.seed) for run in results.of_claim(name, claim)}
        for seed in seeds or range(claim.seeds):
            for arm, measured in claim.arms.items():
                where = measured if isinstance(measured, Shared) else Shared(name, arm)
                job = Job(where.claim, where.arm, seed)
                if (arm, seed) not in done and job not in yielded:
                    yielded.add(job)
                    yield job


def run(jobs: Sequence[Job], workers: int, minutes: float) -> list[str]:
    """Runs jobs, each on a core of its own, and writes each result as soon as it is there.

    No job begins after `minutes`. A job that fails ends no other one.

    Returns:
      A sentence for each job that failed.
    """
    until, waiting, failed = time.monotonic() + 60 * minutes, list(jobs), []
    workers = min(workers, len(available_cores()))
    context = multiprocessing.get_context("spawn")
    cores = context.Queue()
    for core in available_cores()[:workers]:
        cores.put(core)
    running: dict[Future[results.Run], Job] = {}
    with ProcessPoolExecutor(workers, context, _begin, (cores,)) as pool:
        while running or (waiting and time.monotonic() < until):
            while waiting and len(running) < workers and time.monotonic() < until:
                job = waiting.pop(0)
                running[pool.submit(_measure, job)] = job
            for future in wait(running, return_when="FIRST_COMPLETED").done:
                job = running.pop(future)
                if error := future.exception():
                    failed.append(f"{job.claim}, {job.arm}, seed {job.seed}: {error!r}")
                    print(failed[-1], flush=True)
                    continue
                done = future.result()
                results.add(job.claim, done)
                numbers = ", ".join(f"{key} {value:.4g}" for key, value in done.numbers.items())
                print(f"{job.claim}, {job.arm}, seed {job.seed}: {numbers} ({done.seconds:.0f} s)")
    return failed


def available_cores() -> list[int]:
    """Returns the cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def _begin(cores: "multiprocessing.Queue[int]") -> None:
    threading.Thread(target=_end_with_parent, daemon=True).start()
    core = cores.get()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    ops.keep_freed_memory()


def _end_with_parent() -> None:
    """Ends this process with the campaign's, which a signal may end in the middle of a run."""
    if parent := multiprocessing.parent_process():
        parent.join()
        os._exit(1)


def _measure(job: Job) -> results.Run:
    start = time.monotonic()
    numbers = catalogue.load(job.claim).arms[job.arm](job.seed)
    return results.Run(
        arm=job.arm,
        seed=job.seed,
        numbers={name: float(f"{value:.6g}") for name, value in numbers.items()},
        seconds=round(time.monotonic() - start, 1),
        date=datetime.date.today().isoformat(),
        machine=_machine(),
        versions=_versions(),
        commit=_commit(),
        classifier=_classifier(catalogue.names()[job.claim]),
    )


def _classifier(topic: str) -> str:
    return digits_classifier().sha256[:12] if topic in ("digits", "translation") else ""


@functools.cache
def _machine() -> str:
    """Returns the processor's name where the system tells it."""
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return f"a core of {names[0]}" if names else platform.machine()


@functools.cache
def _versions() -> str:
    packages = ", ".join(f"{name} {metadata.version(name)}" for name in ("jax", "flax", "optax"))
    return f"{packages}, Python {platform.python_version()}"


@functools.cache
def _commit() -> str:
    command = ["git", "-C", str(catalogue.FOLDER), "rev-parse", "--short", "HEAD"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip()
