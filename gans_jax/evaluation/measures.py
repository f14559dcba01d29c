"""The metrics, each a function that yields one number or several about two collected sets."""

import dataclasses
import math
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from gans_jax import metrics, pictures
from gans_jax.evaluation.collect import Collected
from gans_jax.evaluation.errors import (
    EvaluationError,
    FewerImagesWarning,
    MemorisationWarning,
    PictureWarning,
)
from gans_jax.evaluation.feature_networks import Network
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.settings import DEFAULTS, Settings

LOWER, HIGHER = "lower", "higher"
SUBSET = 1000  # images of a subset, of which the kernel distance is an average
_NEIGHBOURS, _PAIRS, _ENERGY, _SHOWN, _ROW = 1000, 1000, 2000, 8, 5
_SIDES = {scales: 10 * 2 ** (scales - 1) + 1 for scales in (5, 4, 3, 2, 1)}


class Inputs(NamedTuple):
    """The sets that a metric compares, as they were collected for it.

    Attributes:
      real: the real examples.
      fake: the generated examples.
      training: the examples that the fakes learned from.
      kind: the name of the metric's feature network in the collected sets; empty without one.
      network: the feature network.
      picture: the PNG file for the metric that makes a picture.
      settings: what the user has chosen.
    """

    real: Collected
    fake: Collected
    training: Collected | None
    kind: str
    network: Network | None
    picture: Path | None
    settings: Settings = DEFAULTS

    @property
    def suffix(self) -> str:
        """The end of the metric's name."""
        return self.network.suffix if self.network else ""

    @property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """The features of the real and of the fake examples, `[n, d]` and `[m, d]`."""
        return self.real.features[self.kind], self.fake.features[self.kind]

    def result(
        self,
        metric: str,
        value: float,
        std: float | None = None,
        better: str | None = None,
        settings: dict[str, Any] | None = None,
        real: int | None = None,
        fake: int | None = None,
    ) -> Result:
        """Returns a number with its provenance.

        Args:
          metric: the metric's name.
          value: the number.
          std: its standard deviation.
          better: `LOWER`, `HIGHER`, or None where neither is better by itself.
          settings: what else the metric was computed with.
          real: how many real examples the number is of, by default all.
          fake: how many generated examples the number is of, by default all.

        Raises:
          EvaluationError: if the number is NaN or infinite, which no comparison would notice.
        """
        if not math.isfinite(value):
            raise EvaluationError(
                f"{metric} is {value}: look at the images for constant or equal ones"
            )
        real_set, fake_set, network = self.real.examples, self.fake.examples, self.network
        resizes = [real_set.resize, network.resize if network else None]
        return Result(
            metric,
            value,
            std,
            better,
            real=real_set.count if real is None else real,
            fake=fake_set.count if fake is None else fake,
            split=real_set.split,
            real_images=real_set.what,
            fake_images=fake_set.what,
            resize=", then ".join(filter(None, resizes)) or "none",
            network=network.name if network else None,
            sha256=network.sha256 if network else None,
            settings=settings or {},
        )


def frechet(inputs: Inputs) -> Iterator[Result]:
    """Computes the Fréchet distance of the features, called FID for Inception's verified ones."""
    real, fake = (each.gaussians[inputs.kind] for each in inputs[:2])
    distance = metrics.frechet_distance(real, fake)
    name = f"FD{inputs.suffix}" if inputs.suffix else "FID"
    yield inputs.result(name, distance, better=LOWER, settings={"features": len(real.mean)})


def kernel(inputs: Inputs) -> Iterator[Result]:
    """Computes the kernel distance of the features, called KID for Inception's verified ones."""
    real, fake = inputs.features
    size = min(SUBSET, len(real), len(fake))
    if size < SUBSET:
        warnings.warn(
            f"the kernel distance is the mean over subsets of {size} images, since one of the sets "
            f"has fewer than {SUBSET}: compare it only with others of such subsets",
            FewerImagesWarning,
            stacklevel=2,
        )
    mean, std = metrics.kernel_distance(real, fake, subset_size=size)
    all_subsets_are_equal = size == len(real) == len(fake)
    name = f"KD{inputs.suffix}" if inputs.suffix else "KID"
    settings = {"subsets": 100, "subset_size": size}
    yield inputs.result(name, mean, None if all_subsets_are_equal else std, LOWER, settings)


def score(inputs: Inputs) -> Iterator[Result]:
    """Computes the Inception score of the fakes, by the classes of the metric's own network."""
    logits = inputs.fake.logits[inputs.kind]
    splits = inputs.settings.splits
    mean, std = metrics.inception_score(logits, splits=splits)
    settings = {"splits": splits, "classes": logits.shape[1]}
    yield inputs.result(f"IS{inputs.suffix}", mean, std, HIGHER, settings, real=0)


def manifold(inputs: Inputs) -> Iterator[Result]:
    """Computes precision, recall, density and coverage of the features."""
    k = inputs.settings.k
    scores = metrics.manifold_scores(*inputs.features, k=k)._asdict()
    for name, value in scores.items():
        name += inputs.suffix or "-Inception"
        yield inputs.result(name, value, better=HIGHER, settings={"k": k})


def label_accuracy(inputs: Inputs) -> Iterator[Result]:
    """Computes the share of fakes that the network puts into the class that they are meant for."""
    labels = inputs.fake.examples.labels
    assert labels is not None  # the catalogue refuses a set without
    predicted = inputs.fake.logits[inputs.kind].argmax(axis=1)
    wanted = np.array([int(label) for label in labels])
    right = predicted == wanted
    shares = {str(label): float(right[wanted == label].mean()) for label in np.unique(wanted)}
    name = f"label accuracy{inputs.suffix}"
    yield inputs.result(name, float(right.mean()), None, HIGHER, {"by_class": shares}, real=0)


def sliced(inputs: Inputs) -> Iterator[Result]:
    """Computes the sliced Wasserstein distance of pixels, or of points."""
    real, fake = _floats(inputs.real), _floats(inputs.fake)
    n = min(len(real), len(fake))
    distance = metrics.sliced_wasserstein(real[:n], fake[:n])
    name = "SWD-pixels" if inputs.real.examples.are_images else "SWD"
    settings = {"projections": 512, "units": _units(inputs)}
    yield inputs.result(name, distance, None, LOWER, settings, real=n, fake=n)


def energy(inputs: Inputs) -> Iterator[Result]:
    """Computes the energy distance of the first 2000 examples of each set."""
    real, fake = _floats(inputs.real)[:_ENERGY], _floats(inputs.fake)[:_ENERGY]
    distance, settings = metrics.energy_distance(real, fake), {"units": _units(inputs)}
    yield inputs.result("energy distance", distance, None, LOWER, settings, len(real), len(fake))


def modes(inputs: Inputs) -> Iterator[Result]:
    """Counts the modes of a known density that have samples, and the samples near a mode."""
    examples, count = inputs.real.examples, len(inputs.fake.pixels)
    assert examples.centers is not None  # the catalogue refuses a set without
    shares = metrics.mode_shares(inputs.fake.pixels, examples.centers, examples.std)
    settings = {"modes": len(shares), "within": "3 standard deviations"}
    reached, near = float((shares > 0).sum()), float(shares.sum())
    yield inputs.result("modes with a sample", reached, None, HIGHER, settings, 0, count)
    yield inputs.result("share of samples near modes", near, None, HIGHER, settings, 0, count)


def parzen(inputs: Inputs) -> Iterator[Result]:
    """Computes the log-likelihood of real images under Parzen windows around the fakes.

    Every other real image chooses the bandwidth; the number is of the others.
    """
    real, fake = inputs.real.pixels / 255, inputs.fake.pixels / 255
    validation, test = real[0::2], real[1::2]
    bandwidth = metrics.choose_bandwidth(validation, fake)
    values = metrics.parzen_log_likelihood(test, fake, bandwidth)
    error = float(values.std() / math.sqrt(len(values)))
    settings = {
        "bandwidth": bandwidth,
        "validation": len(validation),
        "units": "[0, 1]",
        "std": "standard error of the mean",
    }
    name = "Parzen log-likelihood in nats"
    yield inputs.result(name, float(values.mean()), error, HIGHER, settings, len(test), len(fake))


def scales(side: int) -> int:
    """Returns how many scales of MS-SSIM images of this side allow, and 0 for too small ones."""
    return next((number for number, needed in _SIDES.items() if side >= needed), 0)


def similarity(inputs: Inputs) -> Iterator[Result]:
    """Computes the mean MS-SSIM of pairs of fakes, and of real images to compare it with."""
    number = scales(min(inputs.fake.examples.shape[:2]))
    fake = _pair_similarities(inputs.fake.pixels, number)
    real = _pair_similarities(inputs.real.pixels, number)
    name = f"{metrics.ms_ssim_name(number)} of pairs"
    settings = {"real_value": float(real.mean()), "scales": number, "std": "between pairs"}
    counts = 2 * len(real), 2 * len(fake)
    yield inputs.result(name, float(fake.mean()), float(fake.std()), None, settings, *counts)


def _pair_similarities(images: np.ndarray, number: int) -> np.ndarray:
    """Returns the MS-SSIM of images 0 and 1, of 2 and 3, and so on, `[at most 1000]`.

    The more alike the images of a pair are, the less diverse is the set.
    """
    count = min(_PAIRS, len(images) // 2)
    block = max(1, 2**22 // images[0].size)
    values = []
    for start in range(0, count, block):
        rows = 2 * np.arange(start, min(count, start + block))
        first, second = images[rows], images[rows + 1]
        values.append(metrics.ms_ssim(first, second, data_range=255, scales=number))
    return np.concatenate(values)


def neighbours(inputs: Inputs) -> Iterator[Result]:
    """Computes the share of fakes that are as near to a training image as a copy would be.

    The picture has a row for each of eight fakes, those that look like copies first: the
    fake and its five nearest training images.
    """
    assert inputs.training is not None  # the catalogue refuses a task without
    fake, training = inputs.fake.pixels[:_NEIGHBOURS], inputs.training.pixels
    held_out = inputs.real.pixels[:_NEIGHBOURS]
    found = metrics.memorisation(fake, training, held_out)
    if found.memorised:
        warnings.warn(
            f"{found.copies.sum()} of {len(fake)} samples are nearer to a training example than "
            f"99 % of held-out ones are, which has the probability {found.probability:.1e} by "
            "chance: look at the picture for copies",
            MemorisationWarning,
            stacklevel=2,
        )
    share = float(found.copies.mean())
    settings = {
        "training": len(training),
        "expected": 0.01,
        "probability": found.probability,
        "distance": "Euclidean, pixels",
    }
    counts = len(held_out), len(fake)
    result = inputs.result("share of near copies", share, None, LOWER, settings, *counts)
    if inputs.picture is not None:
        shown = fake[np.argsort(~found.copies, kind="stable")[:_SHOWN]]
        count = min(_ROW, len(training))
        try:
            pictures.save(inputs.picture, neighbours_picture(shown, training, count))
            result = dataclasses.replace(result, picture=inputs.picture.name)
        except OSError as error:
            message = f"{inputs.picture} cannot be written ({error.strerror}): make room for it"
            warnings.warn(message, PictureWarning, stacklevel=2)
    yield result


def neighbours_picture(fake: np.ndarray, training: np.ndarray, k: int) -> np.ndarray:
    """Draws each uint8 image of `fake` beside its `k` nearest training images, a row for each."""
    indices = metrics.nearest_neighbours(fake, training, k=k).indices
    rows = np.concatenate([fake[:, None], training[indices]], axis=1)
    return pictures.grid(rows.reshape(-1, *fake.shape[1:]) / 127.5 - 1, columns=k + 1)


def _floats(collected: Collected) -> np.ndarray:
    """Returns images in [-1, 1], and points in their own units."""
    pixels = collected.pixels
    return pixels / 127.5 - 1 if collected.examples.are_images else pixels


def _units(inputs: Inputs) -> str:
    return "[-1, 1]" if inputs.real.examples.are_images else "the data's own"
