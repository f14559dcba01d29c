"""The result of a metric, with all that its number depends on."""

import dataclasses
import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from gans_jax.core import files
from gans_jax.evaluation.errors import EvaluationError
from gans_jax.version import __version__

MAX_BYTES = 50_000_000
_UNREADABLE = RecursionError, files.UnfitFile
Note = dict[str, str]  # a warning, by `name` and `message`


@dataclasses.dataclass(frozen=True)
class Result:
    """The number of a metric, with its provenance.

    Attributes:
      metric: the metric's name. FID is so called only with Inception's verified weights.
      value: the number.
      std: its standard deviation, for the metrics that state one.
      better: `lower`, `higher`, or None where neither is better by itself.
      real: how many real examples the number is of.
      fake: how many generated examples the number is of.
      split: which split of the data the real examples are.
      real_images: what the real examples come from.
      fake_images: what made the generated examples.
      resize: how images were resized before the feature network saw them.
      network: the feature network, or None for a metric without features.
      sha256: the hash of the network's weights.
      seed: the seed of the noise that the samples were made from.
      step: the iteration of the state that made them.
      checkpoint: which checkpoint of the run this state is.
      settings: what else the metric was computed with.
      picture: the name of a PNG file beside the results, or None.
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
    warnings: tuple[Note, ...] = ()

    def describes_the_same(self, other: "Result") -> bool:
        """Returns whether both have the same metric and the same provenance."""
        measured = {"value", "std", "warnings", "picture"}
        names = [f.name for f in dataclasses.fields(self) if f.name not in measured]
        return all(getattr(self, name) == getattr(other, name) for name in names)


def read(path: Path) -> list[Result]:
    """Reads the results in a file; a missing file has none.

    Raises:
      EvaluationError: if the file holds something else.
    """
    try:
        content = files.read(path, MAX_BYTES)
        return [_result(found) for found in json.loads(content)["results"]]
    except FileNotFoundError:
        return []
    except (LookupError, ValueError, TypeError, AttributeError, *_UNREADABLE) as error:
        raise EvaluationError(
            f"{path} holds no results of `evaluate` ({error}): move it away"
        ) from error


def _result(found: dict[str, Any]) -> Result:
    """Makes a result of its JSON, without the fields that this version does not know."""
    names = {field.name for field in dataclasses.fields(Result)}
    result = Result(**{name: value for name, value in found.items() if name in names})
    numbers = (result.value, result.real, result.fake, 0 if result.std is None else result.std)
    if not all(isinstance(number, int | float) for number in numbers):
        raise TypeError(f"{result.metric} has no numbers")
    notes = [{"name": str(w["name"]), "message": str(w["message"])} for w in result.warnings]
    return dataclasses.replace(result, settings=dict(result.settings), warnings=tuple(notes))


def add_to(path: Path, results: Sequence[Result]) -> None:
    """Writes results into a file, in place of old ones that describe the same.

    The other results in the file are kept, before the new ones.
    """
    old = [r for r in read(path) if not any(new.describes_the_same(r) for new in results)]
    listed = [dataclasses.asdict(result) for result in (*old, *results)]
    text = json.dumps({"gans_jax": __version__, "results": listed}, indent=2, allow_nan=False)
    files.write(path, text + "\n")


def as_text(results: Sequence[Result]) -> str:
    """Returns the results as lines of text, with each different warning once below them."""
    lines = []
    width = max(len(result.metric) for result in results)
    for r in results:
        spread = "" if r.std is None else f" ± {r.std:.2g}"
        counts = f"{r.real:,} real, {r.fake:,} fake" if r.real else f"{r.fake:,} fake"
        better = f"  ({r.better} is better)" if r.better else ""
        lines.append(f"{r.metric:{width}}  {f'{r.value:.6g}{spread}':20}  {counts}{better}")
    first = results[0]
    step = "" if first.step is None else f", {first.checkpoint} at step {first.step}"
    seed = "" if first.seed is None else f", seed {first.seed}"
    for r in results:
        lines.append(f"fake: {r.fake_images}{step}{seed}")
        lines.append(f"real: {r.real_images}, split {r.split or 'not known'}")
    lines += [
        f"features: {r.network}, sha256 {r.sha256[:16]}, resize {r.resize}"
        for r in results
        if r.network and r.sha256
    ]
    lines += [f"{note['name']}: {note['message']}" for r in results for note in r.warnings]
    return "\n".join(dict.fromkeys(lines))
