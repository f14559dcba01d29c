"""What a claim is, and the rule that decides it."""

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Literal

import numpy as np

Numbers = dict[str, float]  # what one run of an arm measured, by the measure's name
Results = Mapping[str, Mapping[str, np.ndarray]]  # arm -> measure -> one number for each seed
Outcome = Literal["holds", "opposite", "open"]
Verdict = Literal["shows", "shows in part", "does not show", "not reached here"]
RESAMPLES = 10_000


@dataclasses.dataclass(frozen=True)
class Interval:
    """A value and its 95 % bootstrap interval."""

    value: float
    low: float
    high: float


@dataclasses.dataclass(frozen=True)
class Condition:
    """That the median of a measure in an arm is below or above another arm's, or a number.

    The other arm's may be multiplied: `times=0.5` asks whether a measure is below the half.

    It holds if the 95 % bootstrap interval of the difference lies on that side of 0. Where the
    interval lies on the other side the outcome is "opposite", and "open" where it has 0 in it.
    """

    measure: str
    arm: str
    sign: Literal["<", ">"]
    than: str | float
    times: float = 1.0

    def __str__(self) -> str:
        than = self.than if isinstance(self.than, str) else f"{self.than:g}"
        than = than if self.times == 1 else f"{self.times:g} times {than}"
        return f"{self.measure}: {self.arm} {self.sign} {than}"

    def effect(self, results: Results) -> Interval:
        """Returns the difference of the medians, the arm's minus the other one."""
        arm = results[self.arm][self.measure]
        if isinstance(self.than, str):
            return difference(arm, self.times * results[self.than][self.measure])
        return difference(arm, np.array([self.than]))

    def outcome(self, results: Results) -> Outcome:
        effect = self.effect(results)
        below, above = effect.high < 0, effect.low > 0
        if not below and not above:
            return "open"
        return "holds" if below == (self.sign == "<") else "opposite"


@dataclasses.dataclass(frozen=True)
class Shared:
    """An arm that another claim has, too, and that is run there alone."""

    claim: str
    arm: str


@dataclasses.dataclass(frozen=True)
class Claim:
    """A sentence of a source, and the experiment that decides here whether it shows.

    Attributes:
      sentence: what the source says, in our words.
      source: the document and the page, section, figure or table.
      null: what would be true if the claim were not.
      arms: what is compared. An arm takes a seed and returns what it measures.
      rule: the claim shows if all of these hold, in part if some do, and does not if none does.
        It is written before the runs, and no run changes it.
      reached: where one of these does not hold, the runs do not settle the claim.
      measures: what each measure is, and which direction is better.
      setup: what is trained, on what, how long.
      seeds: how many there are; 10 where a run takes less than a minute.
      minutes: of a core, for all arms and seeds.
      picture: a file in `docs/experiments` that shows what the numbers say, of one seed.
      beyond: the command that would settle the claim on one GPU, with its estimated hours.
      remark: what a reader of the verdict has to know, a sentence that was written after the runs.
    """

    sentence: str
    source: str
    null: str
    setup: str
    arms: Mapping[str, Callable[[int], Numbers] | Shared]
    measures: Mapping[str, str]
    rule: Sequence[Condition]
    reached: Sequence[Condition] = ()
    seeds: int = 5
    minutes: float = 1
    picture: str = ""
    beyond: str = ""
    remark: str = ""

    def __post_init__(self) -> None:
        for condition in (*self.rule, *self.reached):
            arms = {condition.arm, condition.than} - set(self.arms)
            if any(isinstance(arm, str) for arm in arms):
                raise ValueError(f"{condition}: the arms are {', '.join(self.arms)}")
            if condition.measure not in self.measures:
                raise ValueError(f"{condition}: the measures are {', '.join(self.measures)}")

    def verdict(self, results: Results) -> Verdict:
        """Returns what the rule says of numbers of all arms."""
        if any(condition.outcome(results) != "holds" for condition in self.reached):
            return "not reached here"
        holds = [condition.outcome(results) == "holds" for condition in self.rule]
        if all(holds):
            return "shows"
        return "shows in part" if any(holds) else "does not show"


def median(values: np.ndarray) -> Interval:
    """Returns the median of the numbers `[seeds]`."""
    drawn = _medians(tuple(values.tolist()))
    return Interval(float(np.median(values)), *_percentiles(drawn))


def difference(a: np.ndarray, b: np.ndarray) -> Interval:
    """Returns the median of `a` minus the median of `b`, whose seeds are resampled apart."""
    drawn = _medians(tuple(a.tolist())) - _medians(tuple(b.tolist()), stream=1)
    return Interval(float(np.median(a) - np.median(b)), *_percentiles(drawn))


@functools.lru_cache(maxsize=256)
def _medians(values: tuple[float, ...], stream: int = 0) -> np.ndarray:
    """Returns the medians of `RESAMPLES` draws with replacement."""
    rows = np.random.default_rng(stream).integers(len(values), size=(RESAMPLES, len(values)))
    return np.median(np.array(values)[rows], axis=1)


def _percentiles(drawn: np.ndarray) -> tuple[float, float]:
    low, high = np.percentile(drawn, [2.5, 97.5])
    return float(low), float(high)
