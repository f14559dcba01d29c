"""What is shown in a study: pairs of images, and the order in which each rater sees them."""

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
Pair = Mapping[str, str]  # a file per role: of `real`, `fake` and `against` two or all three


@dataclasses.dataclass(frozen=True)
class Image:
    """A file of a study, relative to the folder of its `role`: `real`, `fake` or `against`."""

    role: str
    file: str


@dataclasses.dataclass(frozen=True)
class Trial:
    """Two images side by side; the answer to a practice trial is told and not counted."""

    left: Image
    right: Image
    practice: bool


@dataclasses.dataclass(frozen=True)
class Study:
    """Two or three folders compared by the protocol of pix2pix (Isola et al. 2017, section 4.1).

    A rater sees each of `pairs` once, the first `practice` of them as practice, for `exposure`
    seconds. `pictures` are PNG files of `size` pixels square. `name` tells studies apart: it is a
    hash of the files and of all settings, so that the same study on another machine has the same.
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
        return REAL in self.pairs[0]

    def session(self, rater: str) -> tuple[Trial, ...]:
        """The trials of a rater, whose order and sides depend on the seed and the name alone.

        Of two methods against real images each has every second trial, so that no image is seen
        twice; which method it is for which image differs between raters.
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
    """`num` pairs (or triples) of files, none of which is in two of them.

    `files` has those of each role. Images whose names agree but for the suffix are put together, as
    pix2pix did for colours. Where no names agree, or with `unpaired`, as pix2pix did for maps, they
    are drawn at random; with `unpaired` no name meets itself if enough of them agree.

    Raises:
      DataError: if there are too few.
    """
    random = np.random.default_rng(seed)
    named = {role: {_stem(file): file for file in found} for role, found in files.items()}
    common = sorted(set.intersection(*(set(found) for found in named.values())))
    by_name = bool(common) and not unpaired
    role = min(files, key=lambda role: len(files[role]))
    most = len(common) if by_name else len(files[role])
    if most < num:
        what = "names are in all folders" if by_name else f"images are in the {role} folder"
        other = ", or give --unpaired" if by_name else ""
        raise DataError(
            f"{most} {what}, and {num} trials, practice included, need as many: ask for fewer with "
            f"--trials and --practice{other}"
        )
    if len(common) >= num:
        drawn = [common[i] for i in random.permutation(len(common))[:num]]
        # Rolled against each other, the drawn names never meet themselves.
        columns = [np.roll(drawn, shift * unpaired) for shift in range(len(named))]
        chosen = [[named[role][name] for name in c] for role, c in zip(named, columns, strict=True)]
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

    `folders` has two or three of the roles `real`, `fake` and `against`. All images are brought to
    `size` pixels square, bicubic, for a difference in size would give the real ones away.

    Raises:
      DataError: if a folder is missing, has too few images, or one cannot be read.
    """
    order = [role for role in ROLES if role in folders]
    sources = {role: ImageFolder(folders[role], size=size) for role in order}
    files = {role: source.files for role, source in sources.items()}
    drawn = pairs(files, practice + trials, seed, unpaired)
    images = [Image(role, file) for pair in drawn for role, file in pair.items()]
    pictures = {i: to_png(_pixels(sources[i.role], i.file)) for i in images}
    hashes = [_sha256(Path(folders[image.role], image.file)) for image in images]
    settings = [[dict(pair) for pair in drawn], hashes, practice, exposure, seed, size]
    name = hashlib.sha256(json.dumps(settings).encode()).hexdigest()[:16]
    return Study(name, drawn, practice, exposure, seed, size, pictures)


def _pixels(source: ImageFolder, file: str) -> np.ndarray:
    return source[source.files.index(file)]["image"]


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
