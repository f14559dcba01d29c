"""The feature networks of the metrics."""

import dataclasses
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np

from gans_jax import metrics
from gans_jax.weights import WeightsError


@dataclasses.dataclass(frozen=True)
class Network:
    """A feature network, with what a result says of it.

    Attributes:
      run: maps uint8 images `[n, h, w, c]` to features `[n, d]` and logits `[n, classes]`.
      suffix: what the names of its metrics end in; empty for the published FID, KID and IS.
      resize: how it resizes images.
      name: what a result calls the network.
      sha256: the hash of its weights.
      verified: whether the hash is known to be right.
    """

    run: Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]] = dataclasses.field(repr=False)
    suffix: str
    resize: str
    name: str
    sha256: str
    verified: bool = True


def load(name: str, weights: Path | None = None, sha256: str | None = None) -> Network:
    """Loads `digits`, `efficientnet`, or `inception` from the file of its weights."""
    if name == "inception":
        return inception(weights, sha256)
    return digits() if name == "digits" else efficientnet()


def digits() -> Network:
    """Loads the classifier of digits that ships with the package."""
    classifier = metrics.digits_classifier()
    name = f"classifier of digits, accuracy {classifier.accuracy:.3f}"
    return Network(classifier, "-digits", "none (the middle 28x28 pixels)", name, classifier.sha256)


def efficientnet() -> Network:
    """Loads EfficientNet-Lite0.

    Raises:
      WeightsError: if the package with its weights is not installed.
    """
    network = metrics.load_efficientnet()
    resize = f"{network.resize} to {network.size}"
    return Network(network, "-EfficientNetLite0", resize, "EfficientNet-Lite0", network.sha256)


def inception(path: Path | None, sha256: str | None = None) -> Network:
    """Loads Inception from the public `.pth` file, or from a file of `metrics.convert_inception`.

    The public file's hash is checked, a converted file's only against `sha256`. Unless a hash was
    checked, the metrics are not called FID, KID and IS.

    Raises:
      WeightsError: if no file is given, or it has another hash or holds another network.
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
    return Network(
        network,
        suffix="" if verified else "-Inception-unverified",
        resize=f"{network.resize} to {network.size}",
        name="Inception (TensorFlow, 2015)",
        sha256=network.sha256,
        verified=verified,
    )


def _from_torch(path: Path) -> metrics.FeatureNetwork:
    with tempfile.TemporaryDirectory() as folder:
        converted = Path(folder, "inception.npz")
        digest = metrics.convert_inception(path, converted)
        return metrics.load_inception(converted, sha256=digest)
