"""The feature networks of the metrics, and what a result says of them."""

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gans_jax import metrics
from gans_jax.weights import WeightsError


@dataclasses.dataclass(frozen=True)
class Network:
    """Images `[n, h, w, c]` to features and logits, and what a result says of it.

    `suffix` is what the names of its metrics end in; it is empty for the published ones, FID, KID
    and IS.
    """

    run: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] = dataclasses.field(repr=False)
    suffix: str
    resize: str
    name: str
    sha256: str
    verified: bool = True


def digits() -> Network:
    """The classifier of digits, which is trained at its first use."""
    classifier = metrics.digits_classifier()
    name = f"classifier of digits, accuracy {classifier.accuracy:.3f}"
    return Network(classifier, "-digits", "none (the middle 28x28 pixels)", name, classifier.sha256)


def efficientnet() -> Network:
    """EfficientNet-Lite0; WeightsError without its package."""
    network = metrics.load_efficientnet()
    resize = f"{network.resize} to {network.size}"
    return Network(network, "-EfficientNetLite0", resize, "EfficientNet-Lite0", network.sha256)


def inception(path: Path | None, sha256: str | None = None) -> Network:
    """Inception from the public `.pth` file, or from what `convert_inception` made of it.

    Only with a hash that agrees, the public file's or `sha256`, do its metrics have the names of
    published ones.

    Raises:
      WeightsError: if there is no file, it has another hash or holds another network.
    """
    if path is None:
        raise WeightsError(
            "FID needs the weights of Inception, which are not part of this package: give "
            "--inception-weights FILE, or take fd-efficientnet"
        )
    if path.suffix == ".pth":
        network = _from_torch(path)
    else:
        network = metrics.load_inception(path, sha256=sha256)
    verified = path.suffix == ".pth" or sha256 is not None
    resize, suffix = (
        f"{network.resize} to {network.size}",
        "" if verified else "-Inception-unverified",
    )
    return Network(
        network, suffix, resize, "Inception (TensorFlow, 2015)", network.sha256, verified
    )


def _from_torch(path: Path) -> metrics.FeatureNetwork:
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder, "inception.npz")
        try:
            digest = metrics.convert_inception(path, converted)
        except ImportError as error:
            raise WeightsError(
                f"{path} is read by PyTorch, which is not installed: convert it where it is"
            ) from error
        return metrics.load_inception(converted, sha256=digest)
