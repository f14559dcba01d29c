"""The metrics, each a function that yields one number or several about two collected sets."""

import dataclasses
import math
import warnings
from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from gans_jax import metrics, pictures
from gans_jax.evaluation.collect import Collected
from gans_jax.evaluation.errors import EvaluationError, FewerImagesWarning, MemorisationWarning

LOWER, HIGHER = "lower", "higher"
SUBSET = 1000  # images of a subset, of which the kernel distance is an average
_NEIGHBOURS, _PAIRS, _ENERGY, _SHOWN = 1000, 1000, 2000, 8
_SIDES = {scales: 10 * 2 ** (scales - 1) + 1 for scales in (5, 4, 3, 2, 1)}


@dataclasses.dataclass(frozen=True)
class Value:
    """The number of a metric, with the part of a `Result` that the metric itself knows.

    `real` and `fake` are how many examples of each set the number is of, and None where it is of
    all. `picture` is a uint8 picture that belongs to the number.
    """

    metric: str
    value: float
    std: float | None = None
    better: str | None = None
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    real: int | None = None
    fake: int | None = None
    picture: np.ndarray | None = None


class Inputs(NamedTuple):
    """The sets that a metric compares, as they were collected for it.

    `training` are the examples that the fakes learned from. `network` is the name of the metric's
    feature network and `suffix` what the metric's name ends in; both are empty without a network.
    """

    real: Collected
    fake: Collected
    training: Collected | None
    network: str
    suffix: str

    @property
    def features(self) -> tuple[np.ndarray, np.ndarray]:
        """The features of the real and of the fake examples, `[n, d]` and `[m, d]`."""
        return self.real.features[self.network], self.fake.features[self.network]


def frechet(inputs: Inputs) -> Iterator[Value]:
    """Computes the Fréchet distance of the features, called FID for Inception's verified ones."""
    real, fake = inputs.real.gaussians[inputs.network], inputs.fake.gaussians[inputs.network]
    distance = metrics.frechet_distance(real, fake)
    name = f"FD{inputs.suffix}" if inputs.suffix else "FID"
    yield Value(name, distance, better=LOWER, settings={"features": len(real.mean)})


def kernel(inputs: Inputs) -> Iterator[Value]:
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
    yield Value(name, mean, None if all_subsets_are_equal else std, LOWER, settings)


def score(inputs: Inputs) -> Iterator[Value]:
    """Computes the Inception score of the fakes, by the classes of the metric's own network."""
    logits = inputs.fake.logits[inputs.network]
    mean, std = metrics.inception_score(logits)
    settings = {"splits": 10, "classes": logits.shape[1]}
    yield Value(f"IS{inputs.suffix}", mean, std, HIGHER, settings, real=0)


def manifold(inputs: Inputs) -> Iterator[Value]:
    """Computes precision, recall, density and coverage of the features."""
    scores = metrics.manifold_scores(*inputs.features)._asdict()
    for name, value in scores.items():
        name += inputs.suffix or "-Inception"
        yield Value(name, value, better=HIGHER, settings={"k": 5})


def label_accuracy(inputs: Inputs) -> Iterator[Value]:
    """Computes the share of fakes that the network puts into the class that they are meant for."""
    labels = inputs.fake.examples.labels
    assert labels is not None  # the catalogue refuses a set without
    predicted = inputs.fake.logits[inputs.network].argmax(axis=1)
    share = float((predicted == np.array([int(label) for label in labels])).mean())
    yield Value(f"label accuracy{inputs.suffix}", share, better=HIGHER, real=0)


def sliced(inputs: Inputs) -> Iterator[Value]:
    """Computes the sliced Wasserstein distance of pixels, or of points."""
    real, fake = _floats(inputs.real), _floats(inputs.fake)
    n = min(len(real), len(fake))
    distance = metrics.sliced_wasserstein(real[:n], fake[:n])
    name = "SWD-pixels" if inputs.real.examples.are_images else "SWD"
    settings = {"projections": 512, "units": _units(inputs)}
    yield Value(name, distance, None, LOWER, settings, real=n, fake=n)


def energy(inputs: Inputs) -> Iterator[Value]:
    """Computes the energy distance of the first 2000 examples of each set."""
    real, fake = _floats(inputs.real)[:_ENERGY], _floats(inputs.fake)[:_ENERGY]
    distance, settings = metrics.energy_distance(real, fake), {"units": _units(inputs)}
    yield Value("energy distance", distance, None, LOWER, settings, len(real), len(fake))


def modes(inputs: Inputs) -> Iterator[Value]:
    """Counts the modes of a known density that have samples, and the samples near a mode."""
    examples, count = inputs.real.examples, len(inputs.fake.pixels)
    assert examples.centers is not None  # the catalogue refuses a set without
    shares = metrics.mode_shares(inputs.fake.pixels, examples.centers, examples.std)
    settings = {"modes": len(shares), "within": "3 standard deviations"}
    reached, near = float((shares > 0).sum()), float(shares.sum())
    yield Value("modes with a sample", reached, None, HIGHER, settings, real=0, fake=count)
    yield Value("share of samples near modes", near, None, HIGHER, settings, real=0, fake=count)


def parzen(inputs: Inputs) -> Iterator[Value]:
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
    yield Value(name, float(values.mean()), error, HIGHER, settings, len(test), len(fake))


def scales(side: int) -> int:
    """Returns how many scales of MS-SSIM images of this side allow, and 0 for too small ones."""
    return next((number for number, needed in _SIDES.items() if side >= needed), 0)


def similarity(inputs: Inputs) -> Iterator[Value]:
    """Computes the mean MS-SSIM of pairs of fakes, and of real images to compare it with."""
    number = scales(min(inputs.fake.examples.shape[:2]))
    fake = _pair_similarities(inputs.fake.pixels, number)
    real = _pair_similarities(inputs.real.pixels, number)
    name = f"{metrics.ms_ssim_name(number)} of pairs"
    settings = {"real_value": float(real.mean()), "scales": number, "std": "between pairs"}
    counts = 2 * len(real), 2 * len(fake)
    yield Value(name, float(fake.mean()), float(fake.std()), None, settings, *counts)


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


def neighbours(inputs: Inputs) -> Iterator[Value]:
    """Computes the share of fakes that are as near to a training image as a copy would be.

    The value's picture has a row for each of eight fakes, those that look like copies first: the
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
    shown = fake[np.argsort(~found.copies, kind="stable")[:_SHOWN]]
    picture = neighbours_picture(shown, training)
    counts = len(held_out), len(fake)
    yield Value("share of near copies", share, None, LOWER, settings, *counts, picture)


def neighbours_picture(fake: np.ndarray, training: np.ndarray, k: int = 5) -> np.ndarray:
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


def check_finite(value: Value) -> None:
    """Raises EvaluationError if a number is NaN or infinite, which no comparison would notice."""
    if not math.isfinite(value.value):
        raise EvaluationError(
            f"{value.metric} is {value.value}: look at the images for constant or equal ones"
        )
