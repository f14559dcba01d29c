"""What each metric computes of two sets of examples."""

import dataclasses
import math
import warnings
from typing import Any, NamedTuple

import numpy as np

from gans_jax import metrics, pictures
from gans_jax.evaluation.collect import Collected, Seen
from gans_jax.evaluation.errors import EvaluationError, FewerImagesWarning, MemorisationWarning

LOWER, HIGHER = "lower", "higher"
SUBSET = 1000  # of the kernel distance
_NEIGHBOURS, _PAIRS, _ENERGY, _SHOWN = 1000, 1000, 2000, 8
_SIDES = {scales: 10 * 2 ** (scales - 1) + 1 for scales in (5, 4, 3, 2, 1)}


@dataclasses.dataclass(frozen=True)
class Value:
    """A number as `result.Result` has it; `real` and `fake` where it is not of all examples."""

    metric: str
    value: float
    std: float | None = None
    better: str | None = None
    settings: dict[str, Any] = dataclasses.field(default_factory=dict)
    real: int | None = None
    fake: int | None = None
    picture: np.ndarray | None = None


class Inputs(NamedTuple):
    """The sets, and the feature network of the metric with the suffix of its names, if any."""

    real: Collected
    fake: Collected
    training: Collected | None
    network: str | None
    suffix: str

    @property
    def seen(self) -> tuple[Seen, Seen]:
        return self.real.seen[self.network], self.fake.seen[self.network]


def frechet(inputs: Inputs) -> list[Value]:
    real, fake = (seen.gaussian for seen in inputs.seen)
    distance = metrics.frechet_distance(real, fake)
    name = f"FD{inputs.suffix}" if inputs.suffix else "FID"
    return [Value(name, distance, better=LOWER, settings={"features": len(real.mean)})]


def kernel(inputs: Inputs) -> list[Value]:
    real, fake = (seen.features for seen in inputs.seen)
    size = min(SUBSET, len(real), len(fake))
    if size < SUBSET:
        warnings.warn(
            f"the kernel distance is of subsets of {size} images, for there are no {SUBSET} of "
            "each: compare it only with others of such subsets",
            FewerImagesWarning,
            stacklevel=2,
        )
    mean, std = metrics.kernel_distance(real, fake, subset_size=size)
    if size == len(real) == len(fake):
        std = None  # all subsets are the whole
    name = f"KD{inputs.suffix}" if inputs.suffix else "KID"
    settings = {"subsets": 100, "subset_size": size}
    return [Value(name, mean, std, LOWER, settings)]


def score(inputs: Inputs) -> list[Value]:
    logits = inputs.seen[1].logits
    settings = {"splits": 10, "classes": logits.shape[1]}
    mean, std = metrics.inception_score(logits)
    return [Value(f"IS{inputs.suffix}", mean, std, HIGHER, settings, real=0)]


def manifold(inputs: Inputs) -> list[Value]:
    real, fake = (seen.features for seen in inputs.seen)
    scores, suffix = metrics.manifold_scores(real, fake)._asdict(), inputs.suffix or "-Inception"
    return [Value(f"{n}{suffix}", v, better=HIGHER, settings={"k": 5}) for n, v in scores.items()]


def label_accuracy(inputs: Inputs) -> list[Value]:
    predicted = inputs.seen[1].logits.argmax(axis=1)
    wanted = np.array([int(label) for label in inputs.fake.examples.labels])
    share = float((predicted == wanted).mean())
    return [Value(f"label accuracy{inputs.suffix}", share, better=HIGHER, real=0)]


def sliced(inputs: Inputs) -> list[Value]:
    real, fake = _floats(inputs.real), _floats(inputs.fake)
    n = min(len(real), len(fake))
    distance = metrics.sliced_wasserstein(real[:n], fake[:n])
    name = "SWD-pixels" if inputs.real.examples.are_images else "SWD"
    settings = {"projections": 512, "units": _units(inputs)}
    return [Value(name, distance, better=LOWER, settings=settings, real=n, fake=n)]


def energy(inputs: Inputs) -> list[Value]:
    real, fake = (_floats(each)[:_ENERGY] for each in (inputs.real, inputs.fake))
    distance = metrics.energy_distance(real, fake)
    counts = {"real": len(real), "fake": len(fake), "settings": {"units": _units(inputs)}}
    return [Value("energy distance", distance, better=LOWER, **counts)]


def modes(inputs: Inputs) -> list[Value]:
    examples = inputs.real.examples
    shares = metrics.mode_shares(inputs.fake.pixels, examples.centers, examples.std)
    settings = {"modes": len(shares), "within": "3 standard deviations"}
    common = {"better": HIGHER, "settings": settings, "real": 0, "fake": len(inputs.fake.pixels)}
    return [
        Value("modes with a sample", float((shares > 0).sum()), **common),
        Value("share of samples near modes", float(shares.sum()), **common),
    ]


def parzen(inputs: Inputs) -> list[Value]:
    real, fake = (each.pixels / 255 for each in (inputs.real, inputs.fake))
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
    counts = {"real": len(test), "fake": len(fake), "settings": settings}
    name = "Parzen log-likelihood in nats"
    return [Value(name, float(values.mean()), error, better=HIGHER, **counts)]


def scales(side: int) -> int:
    """How many scales of MS-SSIM images of this side allow, 0 if none."""
    return next((number for number, needed in _SIDES.items() if side >= needed), 0)


def similarity(inputs: Inputs) -> list[Value]:
    number = scales(min(inputs.fake.examples.shape[:2]))
    fake, real = (_of_pairs(each.pixels, number) for each in (inputs.fake, inputs.real))
    settings = {"real_value": float(real.mean()), "scales": number, "std": "between pairs"}
    name = f"{metrics.ms_ssim_name(number)} of pairs"
    counts = {"real": 2 * len(real), "fake": 2 * len(fake), "settings": settings}
    return [Value(name, float(fake.mean()), float(fake.std()), **counts)]


def _of_pairs(images: np.ndarray, number: int) -> np.ndarray:
    """MS-SSIM of images 0 and 1, 2 and 3, ...: the more alike, the less diverse."""
    count = min(_PAIRS, len(images) // 2)
    block = max(1, 2**22 // images[0].size)
    values = []
    for start in range(0, count, block):
        rows = 2 * np.arange(start, min(count, start + block))
        pair = images[rows], images[rows + 1]
        values.append(metrics.ms_ssim(*pair, data_range=255, scales=number))
    return np.concatenate(values)


def neighbours(inputs: Inputs) -> list[Value]:
    fake = inputs.fake.pixels[:_NEIGHBOURS]
    training, held_out = inputs.training.pixels, inputs.real.pixels[:_NEIGHBOURS]
    found = metrics.memorisation(fake, training, held_out)
    share = float(found.copies.mean())
    if found.memorised:
        warnings.warn(
            f"{found.copies.sum()} of {len(fake)} samples are nearer to a training example than "
            f"99 % of held-out ones are, which has the probability {found.probability:.1e} by "
            "chance: look at the picture for copies",
            MemorisationWarning,
            stacklevel=2,
        )
    order = np.argsort(~found.copies, kind="stable")[:_SHOWN]
    indices = metrics.nearest_neighbours(fake[order], training, k=5).indices
    shown = np.concatenate([fake[order][:, None], training[indices]], axis=1)
    picture = pictures.grid(shown.reshape(-1, *fake.shape[1:]) / 127.5 - 1, columns=6)
    settings = {
        "training": len(training),
        "expected": 0.01,
        "probability": found.probability,
        "distance": "Euclidean, pixels",
    }
    counts = {"real": len(held_out), "fake": len(fake), "settings": settings}
    return [Value("share of near copies", share, better=LOWER, **counts, picture=picture)]


def _floats(collected: Collected) -> np.ndarray:
    """Images in [-1, 1], points in their own units."""
    pixels = collected.pixels
    return pixels / 127.5 - 1 if collected.examples.are_images else pixels


def _units(inputs: Inputs) -> str:
    return "[-1, 1]" if inputs.real.examples.are_images else "those of the data"


def check_finite(value: Value) -> None:
    """EvaluationError for a number that is none, which JSON and comparisons would hide."""
    if not math.isfinite(value.value):
        raise EvaluationError(
            f"{value.metric} is {value.value}: look at the images for constant or equal ones"
        )
