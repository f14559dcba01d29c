"""The score of a study: percentages with intervals, and votes for each image."""

import dataclasses
from collections import Counter
from collections.abc import Sequence

import numpy as np

from gans_jax.data import DataError
from gans_jax.tools.study.answers import Answer
from gans_jax.tools.study.trials import REAL, Image

RESAMPLES = 10_000


@dataclasses.dataclass(frozen=True)
class Share:
    """How often raters chose a method's image.

    Beside real images this is how often the method fooled a rater; beside another method it is how
    often the rater preferred it.

    Attributes:
      name: `fake`, `against`, or `fake - against` for their difference.
      percent: the share in percent of `trials`.
      low: the lower end of the 95 % interval, in percent.
      high: the upper end.
      trials: how many trials showed the method.
    """

    name: str
    percent: float
    low: float
    high: float
    trials: int


@dataclasses.dataclass(frozen=True)
class Votes:
    """How many of a method's images were chosen by most raters, by half of them, and by fewer."""

    name: str
    won: int
    tied: int
    lost: int


@dataclasses.dataclass(frozen=True)
class Score:
    """The result of a study, from the trials that count.

    Attributes:
      study: the name of the study.
      has_real: whether raters chose between real and fake, and not between two methods.
      raters: how many raters answered.
      unfinished: the raters whose session is not complete; their answers count, too.
      shares: how often each method was chosen, and the difference of two.
      votes: how many images of each method were chosen by most raters.
      resamples: how many bootstrap samples the intervals are made from.
      seed: the seed of the bootstrap.
    """

    study: str
    has_real: bool
    raters: int
    unfinished: tuple[str, ...]
    shares: tuple[Share, ...]
    votes: tuple[Votes, ...]
    resamples: int
    seed: int


def score(answers: Sequence[Answer], seed: int = 0, resamples: int = RESAMPLES) -> Score:
    """Scores the answers of all raters to one study.

    The intervals are percentiles of a bootstrap, which draws raters with replacement, and then as
    many trials of each as that rater has, also with replacement. With a single rater they say what
    other trials could have given, and nothing about other people. An image is tied if as many
    raters chose it as did not (the chart of Attention-GAN, Chen et al. 2018, arXiv:1803.06798).

    Raises:
      DataError: if the answers belong to several studies, a trial occurs twice, or none counts.
    """
    studies = sorted({answer.study for answer in answers})
    main = [answer for answer in answers if not answer.practice]
    if not main:
        raise DataError("no trial that counts has been answered yet: answer some, then score them")
    if len(studies) > 1:
        raise DataError(f"the answers belong to {len(studies)} studies: score one at a time")
    places = Counter((answer.rater, answer.trial) for answer in answers)
    (rater, trial), times = places.most_common(1)[0]
    if times > 1:
        raise DataError(f"trial {trial} of {rater} is answered {times} times: give each file once")
    has_real = any(REAL in (answer.left, answer.right) for answer in main)
    roles = {role for answer in main for role in (answer.left, answer.right)} - {REAL}
    methods = sorted(roles, reverse=True) if has_real else ["fake"]
    done = Counter(answer.rater for answer in answers)
    sizes = {answer.rater: answer.trials for answer in answers}
    return Score(
        study=studies[0],
        has_real=has_real,
        raters=len({answer.rater for answer in main}),
        unfinished=tuple(sorted(rater for rater in done if done[rater] < sizes[rater])),
        shares=_shares(main, methods, seed, resamples),
        votes=tuple(_votes(main, method) for method in methods),
        resamples=resamples,
        seed=seed,
    )


def _shares(
    main: Sequence[Answer], methods: Sequence[str], seed: int, resamples: int
) -> tuple[Share, ...]:
    raters = sorted({answer.rater for answer in main})
    shown, chosen = np.zeros((2, len(methods), len(raters)), int)
    for answer in main:
        for row, method in enumerate(methods):
            place = row, raters.index(answer.rater)
            shown[place] += method in (answer.left, answer.right)
            chosen[place] += answer.chosen == method
    drawn = _bootstrap(shown, chosen, seed, resamples)
    percent = 100 * chosen.sum(1) / shown.sum(1)
    columns = zip(methods, percent, drawn, shown.sum(1), strict=True)
    shares = [_share(*column) for column in columns]
    if len(methods) == 2:
        name = " - ".join(methods)
        shares.append(_share(name, percent[0] - percent[1], drawn[0] - drawn[1], shown.sum()))
    return tuple(shares)


def _bootstrap(shown: np.ndarray, chosen: np.ndarray, seed: int, resamples: int) -> np.ndarray:
    """Resamples counts `[methods, raters]` into percentages `[methods, resamples]`."""
    random = np.random.default_rng(seed)
    raters = random.integers(shown.shape[1], size=(resamples, shown.shape[1]))
    chance = chosen / np.maximum(shown, 1)
    # Of n trials drawn with replacement, the number chosen has a binomial distribution.
    redrawn = random.binomial(shown[:, raters], chance[:, raters]).sum(2)
    total = shown[:, raters].sum(2)
    return 100 * np.divide(redrawn, total, out=np.full(total.shape, np.nan), where=total > 0)


def _share(name: str, percent: float, draws: np.ndarray, trials: int) -> Share:
    low, high = np.nanpercentile(draws, [2.5, 97.5])
    return Share(name, float(percent), float(low), float(high), int(trials))


def _votes(main: Sequence[Answer], method: str) -> Votes:
    balance: Counter[frozenset[Image]] = Counter()
    for answer in main:
        if method in (answer.left, answer.right):
            balance[frozenset(answer.images)] += 1 if answer.chosen == method else -1
    signs = Counter(np.sign(list(balance.values())).tolist())
    return Votes(method, signs[1], signs[0], signs[-1])


def as_text(scores: Sequence[tuple[str, Score]]) -> str:
    """Returns the scores as lines of text, each below its name."""
    return "\n\n".join("\n".join([name, *_lines(found)]) for name, found in scores)


def _lines(found: Score) -> list[str]:
    what = "taken for real" if found.has_real else "preferred"
    lines = []
    for share in found.shares:
        unit = "points" if len(share.name.split()) > 1 else f"% {what}"
        interval = f"95 % interval {share.low:.1f} to {share.high:.1f}"
        value = f"{share.percent:5.1f} {unit} ({interval})"
        lines.append(f"  {share.name:15} {value}, {share.trials:,} trials")
    for votes in found.votes:
        most = f"most raters {'took' if found.has_real else 'preferred'}"
        as_real = " for real" if found.has_real else ""
        lines.append(
            f"  images: {most} {votes.name}'s{as_real} {votes.won}, tied {votes.tied}, "
            f"did not {votes.lost}"
        )
    lines.append(f"  {found.raters} raters; {found.resamples:,} resamples, seed {found.seed}")
    if found.raters == 1:
        lines.append("  one rater: the interval says nothing about other people")
    if found.unfinished:
        lines.append(f"  not finished, but counted: {', '.join(found.unfinished)}")
    return lines
