"""What the runs of a claim measured, in one JSON file a claim."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.claims.framework.catalogue import FOLDER
from experiments.claims.framework.claim import Claim, Results, Shared
from gans_jax.core import files


@dataclasses.dataclass(frozen=True)
class Run:
    """One seed of an arm: what it measured, in how many seconds, and when, where and by what.

    `classifier` is the hash of the digits classifier that judged, which is trained on each machine:
    numbers of two classifiers do not compare.
    """

    arm: str
    seed: int
    numbers: dict[str, float]
    seconds: float
    date: str
    machine: str
    versions: str
    commit: str
    classifier: str = ""


def file(name: str) -> Path:
    return FOLDER / "results" / f"{name}.json"


def read(name: str) -> list[Run]:
    """Returns the runs of a claim that were made so far."""
    if not file(name).exists():
        return []
    return [Run(**run) for run in json.loads(file(name).read_text())]


def of_claim(name: str, claim: Claim) -> list[Run]:
    """Returns the runs of a claim, also of the arms that other claims have run."""
    runs = [run for run in read(name) if run.arm in claim.arms]
    for arm, shared in claim.arms.items():
        if isinstance(shared, Shared):
            there = (run for run in read(shared.claim) if run.arm == shared.arm)
            runs += [dataclasses.replace(run, arm=arm) for run in there]
    return runs


def add(name: str, run: Run) -> None:
    """Writes a run beside the claim's other runs, whole or not at all."""
    place = lambda run: (run.arm, run.seed)
    runs = {place(old): old for old in read(name)} | {place(run): run}
    lines = [json.dumps(dataclasses.asdict(runs[key])) for key in sorted(runs)]
    file(name).parent.mkdir(exist_ok=True)
    files.write(file(name), "[\n" + ",\n".join(lines) + "\n]\n")


def of_seeds(claim: Claim, runs: list[Run], seeds: Sequence[int]) -> Results | None:
    """Returns the numbers of all arms for the seeds, or None if a run is missing."""
    found = {(run.arm, run.seed): run.numbers for run in runs}
    if any((arm, seed) not in found for arm in claim.arms for seed in seeds):
        return None
    return {
        arm: {
            measure: np.array([found[arm, seed][measure] for seed in seeds])
            for measure in claim.measures
            if measure in found[arm, seeds[0]]
        }
        for arm in claim.arms
    }
