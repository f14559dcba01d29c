"""Sources of examples, and the step-indexed stream that batches them."""

from gans_jax.data.digits import Digits
from gans_jax.data.folder import ImageFolder
from gans_jax.data.idx import IDX
from gans_jax.data.source import DataError
from gans_jax.data.stream import Stream, stream
from gans_jax.data.tfds import TFDS
from gans_jax.data.toy import (
    GaussianGrid,
    GaussianRing,
    ParallelLines,
    TwoGaussians,
    TwoUniforms,
)

__all__ = [
    "IDX",
    "TFDS",
    "DataError",
    "Digits",
    "GaussianGrid",
    "GaussianRing",
    "ImageFolder",
    "ParallelLines",
    "Stream",
    "TwoGaussians",
    "TwoUniforms",
    "stream",
]
