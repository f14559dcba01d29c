"""The evaluation of a run, from its folder, and of images in folders, whatever made them."""

import dataclasses
import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Literal

import jax

from gans_jax.data.source import Source
from gans_jax.evaluation.errors import SelectedCheckpointWarning
from gans_jax.evaluation.evaluator import Evaluator, noted
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.sets import Examples, generated, held_out, of_folder, of_source
from gans_jax.evaluation.settings import DEFAULTS, Settings
from gans_jax.runs import best_checkpoint, load

FILE, PICTURE = "evaluations.json", "neighbours.png"


@jax.transfer_guard("allow")
def evaluate_run(
    workdir: Path,
    names: Sequence[str] | None = None,
    *,
    num: int = 10_000,
    seed: int = 0,
    split: str = "test",
    real_folder: str | None = None,
    size: int | None = None,
    use_best: bool = False,
    batch_size: int = 64,
    devices: Sequence[jax.Device] | None = None,
    weights: Path | None = None,
    sha256: str | None = None,
    picture: Path | None = None,
    settings: Settings = DEFAULTS,
    progress: bool = False,
    extra: Sequence[Any] = (),
    data: Source | None = None,
) -> list[Result]:
    """Compares samples of a run with real examples.

    The samples are what the command `sample` draws. They come from the average of the generator
    where the run keeps one.

    Args:
      workdir: the run folder.
      names: the metrics; by default all that apply without a download.
      num: how many samples are drawn, and how many real examples are read at most.
      seed: the seed of the noise.
      split: the split of the run's data that holds the real examples.
      real_folder: a folder of real images to compare with instead.
      size: the side in pixels to which the images in this folder are resized.
      use_best: whether the samples come from the checkpoint that the evaluations during training
        rated best, instead of the newest.
      batch_size: how many samples are generated at a time.
      devices: the devices that share each batch; by default the first.
      weights: the file of Inception's weights.
      sha256: the hash that this file must have.
      picture: a PNG file for the metric that makes a picture.
      settings: what else there is to choose of metrics.
      progress: whether to show how many examples and metrics are done.
      extra: classes and functions of the user's own that the experiment is made of.
      data: the run's data, where they were in memory and the folder does not hold them.

    Raises:
      ConfigError: if the folder holds no run, or its experiment cannot be rebuilt.
      CheckpointError: if there is no intact checkpoint.
      DataError: if the data are missing.
      EvaluationError: see `Evaluator`.
      WeightsError: see `Evaluator`.
    """
    experiment, state = load(workdir, extra, best=use_best)
    source = data or experiment.data
    fake = generated(
        experiment.method, state, num, seed=seed, batch_size=batch_size, devices=devices
    )
    with noted() as notes:
        real = _real(source, fake, num, split, real_folder, size)
        checkpoint = "newest checkpoint"
        if use_best:
            checkpoint = best_checkpoint.read_best(workdir)["label"]
            message = f"the checkpoint is the {checkpoint}, so that this metric may flatter it"
            warnings.warn(message, SelectedCheckpointWarning, stacklevel=2)
    evaluator = Evaluator(
        real,
        training=of_source(source, split="train"),
        weights=weights,
        sha256=sha256,
        notes=notes,
        settings=settings,
        progress=progress,
    )
    return [
        dataclasses.replace(result, seed=seed, step=int(state.step), checkpoint=checkpoint)
        for result in evaluator(fake, names, picture)
    ]


def _real(
    source: Source, fake: Examples, num: int, split: str, images: str | None, size: int | None
) -> Examples:
    if images is not None:
        channels: Literal[1, 3] = 1 if fake.are_images and fake.shape[2] == 1 else 3
        return of_folder(images, num, channels=channels, size=size, split="given by --real")
    held, name = held_out(source, split)
    return of_source(held, num, name)


@jax.transfer_guard("allow")
def evaluate_folders(
    real: str,
    fake: str,
    names: Sequence[str] | None = None,
    *,
    train: str | None = None,
    num: int | None = None,
    size: int | None = None,
    channels: Literal[1, 3] | None = None,
    split: str | None = None,
    weights: Path | None = None,
    sha256: str | None = None,
    picture: Path | None = None,
    settings: Settings = DEFAULTS,
    progress: bool = False,
) -> list[Result]:
    """Compares the images of two folders.

    Args:
      real: the folder of real images.
      fake: the folder of generated images.
      names: the metrics; by default all that apply without a download.
      train: the folder of the images that the fakes were learned from.
      num: how many images of `real` and `fake` are compared at most; they are chosen at random.
      size: the side in pixels to which all images are resized.
      channels: 1 to read all images as grey, 3 as RGB; by default RGB unless all are grey.
      split: which split of their data the real images are.
      weights: the file of Inception's weights.
      sha256: the hash that this file must have.
      picture: a PNG file for the metric that makes a picture.
      settings: what else there is to choose of metrics.
      progress: whether to show how many examples and metrics are done.

    Raises:
      DataError: if images cannot be read or have several sizes.
      EvaluationError: see `Evaluator`.
      WeightsError: see `Evaluator`.
    """

    def read(channels: Literal[1, 3] | None) -> dict[str, Examples]:
        found = {
            "real": of_folder(real, num, channels=channels, size=size),
            "fake": of_folder(fake, num, channels=channels, size=size),
        }
        if train is not None:
            found["train"] = of_folder(train, channels=channels, size=size)
        return found

    sets = read(channels)
    if len({examples.shape[2] for examples in sets.values()}) > 1:
        sets = read(channels=3)
    evaluator = Evaluator(
        dataclasses.replace(sets["real"], split=split),
        training=sets.get("train"),
        weights=weights,
        sha256=sha256,
        settings=settings,
        progress=progress,
    )
    return evaluator(sets["fake"], names, picture)
