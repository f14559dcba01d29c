"""The evaluation of a run, from its folder."""

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jax

from gans_jax.evaluation.errors import SelectedCheckpointWarning
from gans_jax.evaluation.evaluator import Evaluator, described, noted
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.sets import Examples, generated, held_out, of_folder, of_source
from gans_jax.runs import folder, load

FILE, PICTURE = "evaluations.json", "neighbours.png"


def evaluate_run(
    workdir: Path,
    names: Sequence[str] | None = None,
    *,
    num: int = 10_000,
    seed: int = 0,
    split: str = "test",
    real_folder: str | None = None,
    use_best: bool = False,
    batch_size: int = 64,
    devices: Sequence[jax.Device] | None = None,
    weights: Path | None = None,
    sha256: str | None = None,
    picture: Path | None = None,
    extra: Sequence[Any] = (),
) -> list[Result]:
    """Compares `num` samples of a run with as many real examples, or all that there are.

    The samples are those that `sample` draws with this seed, of the average of the generator where
    the run keeps one, from the newest checkpoint or, with `use_best`, from the one that evaluations
    during training chose. The real examples are those of the data's split `split`, or the images in
    a folder.

    Raises what `training.load` and `Evaluator` raise, and `DataError` if the data are missing.
    """
    experiment, state = load(workdir, extra, best=use_best)
    how = {"seed": seed, "batch_size": batch_size, "devices": devices}
    fake = generated(experiment.method, state, num, **how)
    with noted() as notes:
        real = _real(experiment.data, fake, num, split, real_folder)
        checkpoint = "newest checkpoint"
        if use_best:
            checkpoint = folder.read_best(workdir)["label"]
            warnings.warn(
                f"the checkpoint is the {checkpoint}, so that a number by the same metric and "
                "images is biased in its favour",
                SelectedCheckpointWarning,
                stacklevel=2,
            )
    learned = of_source(experiment.data, split="train")
    settings = {"training": learned, "weights": weights, "sha256": sha256, "notes": notes}
    results = Evaluator(real, **settings)(fake, names, picture)
    provenance = {"seed": seed, "step": int(state.step), "checkpoint": checkpoint}
    return described(results, **provenance)


def _real(source: Any, fake: Examples, num: int, split: str, images: str | None) -> Examples:
    if images is not None:
        channels = fake.shape[2] if fake.are_images else None
        return of_folder(images, num, channels=channels, split="given by --real")
    held, name = held_out(source, split)
    return of_source(held, num, name)
