"""The trials of a study: pairs of images, and the order in which each rater sees them."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from pathlib import Path, PurePosixPath

import numpy as np

from gans_jax.data import DataError, ImageFolder
from gans_jax.pictures import to_png

REAL = "real"
ROLES = (REAL, "fake", "against")
Pair = Mapping[str, str]  # a file for each role: two of `ROLES`, or all three


@dataclasses.dataclass(frozen=True)
class Image:
    """An image of a study: its role (`real`, `fake` or `against`), and its path in that folder."""

    role: str
    file: str


@dataclasses.dataclass(frozen=True)
class Trial:
    """Two images side by side. The answer to a practice trial does not count."""

    left: Image
    right: Image
    practice: bool


@dataclasses.dataclass(frozen=True)
class Study:
    """Two or three folders compared by the protocol of pix2pix (Isola et al. 2017, section 4.1).

    Attributes:
      name: a hash of the files and of all settings, so that the same study has the same name on
        another machine.
      pairs: the files to compare; a rater sees each pair once.
      practice: how many of the first pairs are for practice.
      exposure: how many seconds the images are visible.
      seed: the seed of the pairs, their order and their sides.
      size: the side of the images in pixels.
      pictures: the images as PNG files.
    """

    name: str
    pairs: tuple[Pair, ...]
    practice: int
    exposure: float
    seed: int
    size: int
    pictures: Mapping[Image, bytes] = dataclasses.field(repr=False)

    @property
    def has_real(self) -> bool:
        """Whether real images are among those that are compared."""
        return REAL in self.pairs[0]

    def session(self, rater: str) -> tuple[Trial, ...]:
        """Returns the trials of a rater; their order and sides depend on the seed and the name.

        Where two methods are compared with real images, the trials alternate between the methods,
        so that no image is seen twice. Which method shows which image differs between raters.
        """
        name = int.from_bytes(hashlib.sha256(rater.encode()).digest()[:8])
        random = np.random.default_rng((self.seed, name))
        main = self.practice + random.permutation(len(self.pairs) - self.practice)
        order = (*random.permutation(self.practice), *main)
        return tuple(
            _trial(self.pairs[index], place, place < self.practice, random)
            for place, index in enumerate(order)
        )


def _trial(pair: Pair, place: int, practice: bool, random: np.random.Generator) -> Trial:
    shown = [Image(role, file) for role, file in pair.items()]
    if len(shown) > 2:
        real, *methods = shown
        shown = [real, methods[place % len(methods)]]
    left, right = random.permutation(2)
    return Trial(shown[left], shown[right], practice)


def pairs(
    files: Mapping[str, Sequence[str]], num: int, seed: int, unpaired: bool = False
) -> tuple[Pair, ...]:
    """Draws pairs of files, or triples where there are three roles; no file is drawn twice.

    Images whose names agree, whatever their suffixes, are put together, as pix2pix did for colours.
    Where no names agree, pairs are drawn at random.

    Args:
      files: the files of each role.
      num: how many pairs are drawn.
      seed: the seed of the draw.
      unpaired: draws pairs at random in any case, as pix2pix did for maps. If enough names agree,
        no name is paired with itself.

    Raises:
      DataError: if there are too few files.
    """
    random = np.random.default_rng(seed)
    named = {role: {_stem(file): file for file in found} for role, found in files.items()}
    common = sorted(set.intersection(*(set(found) for found in named.values())))
    by_name = bool(common) and not unpaired
    role = min(files, key=lambda role: len(files[role]))
    most = len(common) if by_name else len(files[role])
    if most < num:
        what = "names that are in all folders" if by_name else f"images in the {role} folder"
        other = ", or give --unpaired" if by_name else ""
        raise DataError(
            f"{num} trials, practice included, need as many images, but there are only {most} "
            f"{what}: ask for fewer with --trials and --practice{other}"
        )
    if len(common) >= num:
        drawn = [common[i] for i in random.permutation(len(common))[:num]]
        # With `unpaired` the names are rolled against each other, so that none meets itself.
        chosen = [
            [found[name] for name in np.roll(drawn, shift * unpaired)]
            for shift, found in enumerate(named.values())
        ]
    else:
        chosen = [[f[i] for i in random.permutation(len(f))[:num]] for f in files.values()]
    return tuple(dict(zip(files, row, strict=True)) for row in zip(*chosen, strict=True))


def _stem(file: str) -> str:
    return str(PurePosixPath(file).with_suffix(""))


def prepare(
    folders: Mapping[str, str],
    *,
    trials: int = 40,
    practice: int = 10,
    exposure: float = 1.0,
    seed: int = 0,
    unpaired: bool = False,
    size: int = 256,
) -> Study:
    """Draws the pairs of a study and reads all their images.

    Args:
      folders: a folder for each role, of which there are two or three.
      trials: how many trials of a session are counted.
      practice: how many trials before them are for practice.
      exposure: how many seconds the images are visible.
      seed: the seed of the pairs, their order and their sides.
      unpaired: see `pairs`.
      size: the side in pixels to which all images are resized, since a difference in size would
        give the real ones away.

    Raises:
      DataError: if a folder is missing or has too few images, or an image cannot be read.
    """
    order = [role for role in ROLES if role in folders]
    sources = {role: ImageFolder(folders[role], size=size) for role in order}
    files = {role: source.files for role, source in sources.items()}
    drawn = pairs(files, practice + trials, seed, unpaired)
    images = [Image(role, file) for pair in drawn for role, file in pair.items()]
    pictures = {image: _picture(sources[image.role], image.file) for image in images}
    hashes = [_sha256(Path(folders[image.role], image.file)) for image in images]
    settings = [[dict(pair) for pair in drawn], hashes, practice, exposure, seed, size]
    name = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
    return Study(name, drawn, practice, exposure, seed, size, pictures)


def _picture(source: ImageFolder, file: str) -> bytes:
    return to_png(source[source.files.index(file)]["image"])


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
