"""The result of a metric, with all that its number depends on."""

import dataclasses
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from gans_jax.core import files
from gans_jax.evaluation.errors import EvaluationError
from gans_jax.version import __version__


@dataclasses.dataclass(frozen=True)
class Result:
    """One number.

    Attributes:
      metric: the metric's name; only FID with Inception's verified weights is called FID.
      value: the number, and `std` the deviation that the metric states, where it does.
      better: `lower`, `higher`, or None where neither is better by itself.
      real, fake: how many examples of each the number is of.
      split: which split the real ones are, and `real_images` what they come from.
      fake_images: what made the others.
      resize: what was done to images on the way to the features.
      network, sha256: the feature network and the hash of its weights; None without one.
      seed: that of the noise; `step` and `checkpoint` say which state it went through.
      settings: what else the metric was computed with.
      picture: a PNG file beside the results, or None.
      warnings: what makes the number less than it looks, each with `name` and `message`.
    """

    metric: str
    value: float
    std: float | None = None
    better: str | None = None
    real: int = 0
    fake: int = 0
    split: str | None = None
    real_images: str | None = None
    fake_images: str | None = None
    resize: str | None = None
    network: str | None = None
    sha256: str | None = None
    seed: int | None = None
    step: int | None = None
    checkpoint: str | None = None
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    picture: str | None = None
    warnings: tuple[dict[str, str], ...] = ()

    def describes_the_same(self, other: "Result") -> bool:
        """Whether both are of one metric under one provenance, so that one replaces the other."""
        measured = {"value", "std", "warnings", "picture"}
        names = [f.name for f in dataclasses.fields(self) if f.name not in measured]
        return all(getattr(self, name) == getattr(other, name) for name in names)


def read(path: Path) -> list[Result]:
    """The results in a file, none if it is missing; EvaluationError if it holds something else."""
    try:
        return [_result(found) for found in json.loads(path.read_text("utf-8"))["results"]]
    except FileNotFoundError:
        return []
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise EvaluationError(
            f"{path} holds no results of `evaluate` ({error}): move it away"
        ) from error


def _result(found: dict[str, Any]) -> Result:
    """A result from JSON; fields that this version does not know are left out."""
    names = {field.name for field in dataclasses.fields(Result)}
    result = Result(**{name: value for name, value in found.items() if name in names})
    numbers = (result.value, result.real, result.fake, 0 if result.std is None else result.std)
    if not all(isinstance(number, int | float) for number in numbers):
        raise TypeError(f"{result.metric} has no numbers")
    notes = [{"name": str(w["name"]), "message": str(w["message"])} for w in result.warnings]
    return dataclasses.replace(result, settings=dict(result.settings), warnings=tuple(notes))


def add_to(path: Path, results: Sequence[Result]) -> None:
    """Writes results into a file, after those in it, and in place of those of the same."""
    old = [r for r in read(path) if not any(new.describes_the_same(r) for new in results)]
    listed = [dataclasses.asdict(result) for result in (*old, *results)]
    text = json.dumps({"gans_jax": __version__, "results": listed}, indent=2, allow_nan=False)
    files.write(path, text + "\n")


def table(results: Iterable[Result]) -> str:
    """The results as lines of text, each warning once below them."""
    results, lines = list(results), []
    width = max(len(result.metric) for result in results)
    for r in results:
        spread = "" if r.std is None else f" ± {r.std:.2g}"
        counts = f"{r.real:,} real, {r.fake:,} fake" if r.real else f"{r.fake:,} fake"
        lines.append(f"{r.metric:{width}}  {f'{r.value:.6g}{spread}':20}  {counts}")
    first = results[0]
    step = "" if first.step is None else f", {first.checkpoint} at step {first.step}"
    seed = "" if first.seed is None else f", seed {first.seed}"
    lines.append(f"fake: {first.fake_images}{step}{seed}")
    lines.append(f"real: {first.real_images}, split {first.split or 'not known'}")
    networks = {(r.network, r.resize, r.sha256): None for r in results if r.network}
    lines += [f"features: {n}, sha256 {h[:16]}, resize {how}" for n, how, h in networks]
    cautions = {(w["name"], w["message"]): None for r in results for w in r.warnings}
    return "\n".join(lines + [f"{name}: {message}" for name, message in cautions])
