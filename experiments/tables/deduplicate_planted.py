"""How many planted copies `deduplicate` finds in a folder of images, and how many it lists wrongly.

Claim (Radford et al. 2016, section 4.1.1): images are near duplicates if their binarised codes in a
denoising, dropout-regularised ReLU autoencoder agree, with a false positive rate under 1 %.

    python -m experiments.tables.deduplicate_planted FOLDER [NUM]

Takes NUM images (2,000 by default) in a random order and plants a copy of each kind below for 200
of them, as the command would read it from a file. False positives are the share of the NUM images
that have another one in their group. Recall is the share of the copies that have their original in
their group. Each kind of copies is grouped with the originals alone, so that no copy is found by
way of another kind.

Measured on two cores of an AMD EPYC, jax 0.10.2, Python 3.11, 2026-11-29, seed 0, 10 to 12 s
each; the column "pixels" has the false positives without the correlation of details, which changes
none of the recalls:

    folder                      images  false   pixels  JPEG 60  JPEG 30  half  97 %   95 %
    CIFAR-10, test split, first  1,000  0       0       1        0.995    1     1      1
    CIFAR-10, test split, next   3,000  0.0007  0.0027  1        1        1     1      1
    facades, photos                506  0.0040  0.0040  1        1        1     0.995  0.965
    maps, aerial photos            400  0       0.0075  1        0.995    1     0.995  0.905

Facades and maps are the left halves of all pairs, as PNG. The distance and the correlations were
chosen without the second row, and the correlation of details also on views of the test split
(`deduplicate_scale`). With hashes alone, at a distance of 8 bits, 8.8 % of the aerial photos were
listed, most of them open water, and 77.5 % of the crops of facades to 95 % were found (2026-11-22).
"""

import io
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from experiments.common import command_line
from gans_jax.data import ImageFolder
from gans_jax.data.image import fit_square, to_array
from gans_jax.data.source import InMemory
from gans_jax.tools import deduplicate

PLANTED = 200
Change = Callable[[Image.Image, np.random.Generator], Image.Image]


def recompressed(quality: int) -> Change:
    """Returns a change that compresses an image as a JPEG file of this quality."""

    def change(image: Image.Image, _: np.random.Generator) -> Image.Image:
        file = io.BytesIO()
        image.save(file, "JPEG", quality=quality)
        return Image.open(file).convert("RGB")

    return change


def resized(share: float) -> Change:
    """Returns a change that scales both sides of an image."""

    def change(image: Image.Image, _: np.random.Generator) -> Image.Image:
        return image.resize([round(share * side) for side in image.size], Image.Resampling.BICUBIC)

    return change


def cropped(share: float) -> Change:
    """Returns a change that cuts a part, with this share of both sides, from a random place."""

    def change(image: Image.Image, rng: np.random.Generator) -> Image.Image:
        width, height = (round(share * side) for side in image.size)
        x, y = rng.integers(0, [image.width - width + 1, image.height - height + 1])
        return image.crop((x, y, x + width, y + height))

    return change


KINDS = {
    "JPEG quality 60": recompressed(60),
    "JPEG quality 30": recompressed(30),
    "half the size": resized(0.5),
    "97 % of the sides": cropped(0.97),
    "95 % of the sides": cropped(0.95),
}


def plant(images: list[Image.Image], rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """Returns the images followed by their copies, uint8 `[n, 32, 32, 3]`, and the places copied.

    The copies are ordered by kind; the places `[PLANTED]` are the same for every kind.
    """
    chosen = rng.permutation(len(images))[:PLANTED]
    copies = [change(images[place], rng) for change in KINDS.values() for place in chosen]
    small = [to_array(fit_square(image, deduplicate.SIDE)) for image in (*images, *copies)]
    return np.stack(small), chosen


def main(folder: Path, num: int) -> None:
    """Plants copies among the images of a folder, and prints false positives and recalls."""
    rng = np.random.default_rng(0)
    files = np.array(ImageFolder(str(folder), size=deduplicate.SIDE).files)
    images = [Image.open(folder / file).convert("RGB") for file in rng.permutation(files)[:num]]
    planted, chosen = plant(images, rng)
    start = time.monotonic()
    encoder = deduplicate.train(deduplicate.Thumbnails(Images(planted)))
    originals, *copies = np.split(planted, len(images) + len(chosen) * np.arange(len(KINDS)))
    group = groups(originals, encoder)
    _, place, count = np.unique(group, return_inverse=True, return_counts=True)
    print(f"{folder}: {len(images)} images, false positives {(count[place] > 1).mean():.4f}")
    for kind, of_kind in zip(KINDS, copies, strict=True):
        group = groups(np.concatenate((originals, of_kind)), encoder)
        print(f"  {kind:20} {(group[len(images) :] == group[chosen]).mean():.3f}")
    print(f"  {time.monotonic() - start:.0f} s")


class Images(InMemory):
    """Images uint8 `[n, 32, 32, 3]` as a source."""

    def __init__(self, images: np.ndarray) -> None:
        self._images = images

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        return {"image": self._images}


def groups(images: np.ndarray, encoder: deduplicate.Encoder) -> np.ndarray:
    """Returns the number of each image's group; an image without a group has its own number."""
    group = -np.arange(len(images)) - 1
    found = deduplicate.groups(deduplicate.Thumbnails(Images(images)), encoder)
    for number, members in enumerate(found):
        group[members] = number
    return group


if __name__ == "__main__":
    parser = command_line.parser(__doc__)
    parser.add_argument("folder", metavar="FOLDER", type=Path, help="a folder of images")
    parser.add_argument("num", metavar="NUM", type=int, nargs="?", default=2000)
    options = parser.parse_args()
    main(options.folder, options.num)
