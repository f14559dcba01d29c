"""The evaluation of images in folders, whatever program made them."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

from gans_jax.evaluation.evaluator import Evaluator
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.sets import of_folder


def evaluate_folders(
    real: str,
    fake: str,
    names: Sequence[str] | None = None,
    *,
    train: str | None = None,
    num: int | None = None,
    size: int | None = None,
    channels: int | None = None,
    split: str | None = None,
    weights: Path | None = None,
    sha256: str | None = None,
    picture: Path | None = None,
) -> list[Result]:
    """Compares at most `num` images of each folder, chosen at random.

    All are read alike: in colour unless every folder is grey or `channels` says how, and with
    `size` resized. `split` names the real images; `train` is the folder that the fakes were learned
    from.

    Raises what `Evaluator` raises, and `DataError` for images that cannot be read or have several
    sizes.
    """
    paths = {"real": (real, num), "fake": (fake, num)}
    if train is not None:
        paths["train"] = train, None
    found = {n: of_folder(*p, channels=channels, size=size) for n, p in paths.items()}
    if channels is None:
        common = max(each.shape[2] for each in found.values())
        found = {n: of_folder(*p, channels=common, size=size) for n, p in paths.items()}
    reference = dataclasses.replace(found["real"], split=split)
    settings = {"training": found.get("train"), "weights": weights, "sha256": sha256}
    return Evaluator(reference, **settings)(found["fake"], names, picture)
