"""Makes `docs/claims.md` of the results."""

import collections
from collections.abc import Sequence
from pathlib import Path
from typing import get_args

from experiments.claims.framework import catalogue, results
from experiments.claims.framework.claim import Claim, Interval, Results, Verdict, median

PAGE = Path(__file__).parents[3] / "docs" / "claims.md"
HEAD = """# Claims

This page has each claim of the papers, the lecture and the report that was run here, with a
verdict. It is made by `python -m experiments.claims` from the files in
`experiments/claims/results/`, one for each claim, which hold the number of every seed with its
machine, versions, date and commit.

A claim's rule was written before its runs, except where the setup or a sentence that begins with
"After the runs" says otherwise; the learning rates of DCGAN were chosen by seeds that are counted
here, too. Each condition compares two medians over seeds, or a median with a number, and holds if
the 95 % bootstrap interval of the difference lies on its side of 0 (the interval of one median of
five seeds reaches from the lowest to the highest); "opposite" says that it lies on the other side,
and "open" that it has 0 in it. A claim **shows** if all of its conditions hold, **shows in part**
if some do, and **does not show** if none does. It is **not reached here** where the runs did not
come far enough to tell. Sets are small and runs are short, so that a verdict is about the setup
beside it.
"""


Judged = dict[str, tuple[Claim, list[results.Run], Results]]


def page() -> str:
    """Returns the page of all claims whose runs are complete."""
    judged = complete()
    parts = [HEAD, count() + "\n", _summary(judged)]
    for topic, title in catalogue.TOPICS.items():
        of_topic = [name for name in judged if catalogue.names()[name] == topic]
        parts += [f"## {title}\n"] * bool(of_topic)
        parts += [_section(name, *judged[name]) for name in of_topic]
    return "\n".join([*parts, *_waiting(judged)])


def complete() -> Judged:
    """Returns the claims all of whose runs were made, with the runs and their numbers."""
    judged = {}
    for name in catalogue.names():
        claim = catalogue.load(name)
        runs = results.of_claim(name, claim)
        if found := results.of_seeds(claim, runs, range(claim.seeds)):
            judged[name] = claim, runs, found
    return judged


def count() -> str:
    """Returns a sentence that says how many claims have each verdict."""
    found = collections.Counter(claim.verdict(of) for claim, _, of in complete().values())
    verdicts = ", ".join(f"{found[verdict]} {verdict}" for verdict in get_args(Verdict))
    waiting = len(catalogue.names()) - found.total()
    more = f" {waiting} more are written and not run yet." if waiting else ""
    return f"The verdicts of the {found.total()} claims that were run: {verdicts}.{more}"


def _waiting(judged: Judged) -> list[str]:
    """Returns the claims whose runs are not complete, with their commands and costs."""
    names = [name for name in catalogue.names() if name not in judged]
    if not names:
        return []
    lines = [
        "## Not run yet\n",
        "| claim | source | command | minutes of a core |",
        "|---|---|---|---|",
    ]
    for name in names:
        claim = catalogue.load(name)
        command = f"`python -m experiments.claims --only {name}`"
        lines.append(f"| {claim.sentence} | {claim.source} | {command} | {claim.minutes:g} |")
    return [*lines, ""]


def _summary(judged: Judged) -> str:
    lines = ["| claim | source | verdict |", "|---|---|---|"]
    for name, (claim, _, found) in judged.items():
        lines.append(f"| [{claim.sentence}](#{name}) | {claim.source} | {claim.verdict(found)} |")
    return "\n".join(lines) + "\n"


def _section(name: str, claim: Claim, runs: list[results.Run], found: Results) -> str:
    used = [run for run in runs if run.seed < claim.seeds]
    dates = sorted({run.date for run in used})
    machines, versions = {run.machine for run in used}, {run.versions for run in used}
    classifiers = sorted({run.classifier for run in used if run.classifier})
    minutes = sum(run.seconds for run in used) / 60
    again = results.of_seeds(claim, runs, range(claim.seeds, 2 * claim.seeds))
    lines = [
        f"### `{name}`\n",
        f"{claim.sentence} ({claim.source}; "
        f"[the file](../experiments/claims/{catalogue.names()[name]}/{name}.py))\n",
        f"- If it were not so: {claim.null}.",
        f"- Setup: {claim.setup}.",
        f"- **Verdict: {claim.verdict(found)}.**",
    ]
    lines += [
        f"- {condition}: {condition.outcome(found)}, difference {_text(condition.effect(found))}"
        for condition in claim.rule
    ]
    lines += [
        f"- For the runs to tell, {condition}: {condition.outcome(found)}, difference "
        f"{_text(condition.effect(found))}"
        for condition in claim.reached
    ]
    if again:
        seeds = f"{claim.seeds} to {2 * claim.seeds - 1}"
        lines.append(f"- With seeds {seeds} the verdict is: {claim.verdict(again)}.")
    if claim.remark:
        lines.append(f"- After the runs: {claim.remark}")
    if claim.beyond:
        lines.append(f"- {claim.beyond}")
    lines += ["", _table(claim, found), ""]
    if claim.picture:
        lines += [f"![{claim.sentence}](experiments/{claim.picture})", ""]
    lines += [f"- {name}: {text}." for name, text in claim.measures.items()]
    lines.append(
        f"- {claim.seeds} seeds, {minutes:.1f} minutes of {' and '.join(sorted(machines))} "
        f"({' and '.join(sorted(versions))}"
        f"{'; digits classifier ' * bool(classifiers)}{' and '.join(classifiers)}; "
        f"{' to '.join(dict.fromkeys((dates[0], dates[-1])))}).\n"
    )
    return "\n".join(lines)


def _table(claim: Claim, found: Results) -> str:
    columns = list(claim.measures)
    lines = [f"| | {' | '.join(columns)} |", "|---" * (len(columns) + 1) + "|"]
    for arm, numbers in found.items():
        cells = [_text(median(numbers[name])) if name in numbers else "" for name in columns]
        lines.append(f"| {arm} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _text(interval: Interval) -> str:
    return f"{_digits(interval.value)} [{_digits(interval.low)}, {_digits(interval.high)}]"


def _digits(value: float) -> str:
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"


def verdicts(names: Sequence[str]) -> list[str]:
    """Returns a line with the verdict of each claim, or with what is missing."""
    lines = []
    for name in names:
        claim = catalogue.load(name)
        runs = results.of_claim(name, claim)
        found = results.of_seeds(claim, runs, range(claim.seeds))
        wanted = claim.seeds * len(claim.arms)
        missing = f"{len(runs)} of {wanted} runs"
        lines.append(f"{name}: {claim.verdict(found) if found else missing}")
    return lines
