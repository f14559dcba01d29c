"""Sources of examples, and the step-indexed stream that batches them."""

from gans_jax.data.augment import Augment
from gans_jax.data.digits import Digits
from gans_jax.data.domains import DigitDomains, Unpaired, UnpairedFolders
from gans_jax.data.folder import ImageFolder
from gans_jax.data.idx import IDX
from gans_jax.data.objects import CutOuts, PastedObjects, Side
from gans_jax.data.pairs import PairedFolder, Unaligned
from gans_jax.data.source import DataError
from gans_jax.data.stream import Stream, stream
from gans_jax.data.tasks import (
    Colourisation,
    Denoising,
    Deraining,
    EdgesToPhoto,
    Inpainting,
    Rotation,
    SuperResolution,
)
from gans_jax.data.tfds import TFDS
from gans_jax.data.toy import GaussianGrid, GaussianRing, ParallelLines, TwoGaussians, TwoUniforms

__all__ = [
    "IDX",
    "TFDS",
    "Augment",
    "Colourisation",
    "CutOuts",
    "DataError",
    "Denoising",
    "Deraining",
    "DigitDomains",
    "Digits",
    "EdgesToPhoto",
    "GaussianGrid",
    "GaussianRing",
    "ImageFolder",
    "Inpainting",
    "PairedFolder",
    "ParallelLines",
    "PastedObjects",
    "Rotation",
    "Side",
    "Stream",
    "SuperResolution",
    "TwoGaussians",
    "TwoUniforms",
    "Unaligned",
    "Unpaired",
    "UnpairedFolders",
    "stream",
]
