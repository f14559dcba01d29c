"""Groups of images that are near-copies of each other, in time and memory linear in the images."""

import hashlib
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import numpy as np

from gans_jax.core import as_float
from gans_jax.data.prefetch import CORES
from gans_jax.tools.deduplicate.hashing import PARTS, Encoder, Part, cut
from gans_jax.tools.deduplicate.search import Chunks, MultiIndex, hamming
from gans_jax.tools.deduplicate.thumbnails import BLOCK, SIDE, Thumbnails

DISTANCE, CORRELATION, DETAILS = 12, 0.85, 0.7
CELLS = 4  # a side of the grid whose averages are an image's outline
CROWD, _PIVOTS = 1000, 16
_ROUNDING = 0.005  # of the product of two outlines in half precision


def groups(images: Thumbnails, encoder: Encoder, distance: int = DISTANCE) -> list[list[int]]:
    """Returns groups of images that chains of near-copies connect.

    Two images are near-copies if their hashes, or the hash of one and of a part of the other,
    differ in at most `distance` bits, their pixels correlate by `CORRELATION` or more, and their
    details, what is left without the averages of 4x4 cells, by `DETAILS` or more. The parts and the
    correlations are not in the paper. Parts of 97 and 94 % of the sides, at nine places, find
    cropped copies. The correlation of pixels tells apart images whose hash depends on their colour
    alone, such as photos of water; the one of details, two photos of a bright sky over dark ground.

    Of images with equal pixels, the first alone is searched. Near hashes are found by
    `MultiIndex`, and a pair that other pairs connect already is not compared again. Where more
    than `CROWD` hashes agree in a whole chunk, as those of blank images do, all are first compared
    with 16 of them, and the near-copies of these leave the search: what is a near-copy of such a
    one, and of no image that stays, is not found.

    Args:
      images: the images.
      encoder: hashes them, as `train` returns it.
      distance: bits of 128 in which the hashes of near-copies may differ.

    Returns:
      Sorted indices of the images of each group of two or more, sorted.
    """
    forest = Forest(len(images))
    forest.join(*_equal(images))
    blocks = [(encoder.wholes(block), _outline(_unit(block))) for _, block in images.blocks()]
    codes, outlines = (np.concatenate(parts) for parts in zip(*blocks, strict=True))
    for pairs in _crowded(images, codes, forest.roots(), distance):
        forest.join(*pairs)
    searched = np.flatnonzero(forest.roots() == np.arange(len(images)))
    index = MultiIndex(codes[searched], distance)

    def join(start: int) -> None:
        owners = searched[start : start + BLOCK]
        query, place = index.near(encoder.parts(images[owners]).reshape(-1, 2))
        owner, part = np.divmod(query, len(PARTS))
        _join_alike(images, outlines, forest, owners[owner], searched[place], part)

    with ThreadPoolExecutor(CORES) as threads:
        for _ in threads.map(join, range(0, len(searched), BLOCK)):
            pass
    return forest.groups()


class Forest:
    """Sets of connected images, which threads may join; the first image of a set is its root."""

    def __init__(self, num: int) -> None:
        self._parent, self._lock = np.arange(num), threading.Lock()

    def roots(self, images: np.ndarray | None = None) -> np.ndarray:
        """Returns the first image of the set of each of the images, by default of all."""
        found = self._parent if images is None else self._parent[images]
        while not np.array_equal(above := self._parent[found], found):
            found = above
        return found

    def join(self, a: np.ndarray, b: np.ndarray) -> None:
        """Joins the set of each image in `a` with the set of the image beside it in `b`."""
        with self._lock:
            for x, y in zip(a.tolist(), b.tolist(), strict=True):
                x, y = self._root(x), self._root(y)
                self._parent[max(x, y)] = min(x, y)

    def groups(self) -> list[list[int]]:
        """Returns the sorted images of each set of two or more, sorted."""
        roots = self.roots()
        members = np.argsort(roots, kind="stable")
        parts = np.split(members, np.flatnonzero(np.diff(roots[members])) + 1)
        return [part.tolist() for part in parts if len(part) > 1]

    def _root(self, image: int) -> int:
        while (above := int(self._parent[image])) != image:
            self._parent[image] = self._parent[above]
            image = above
        return image


def _equal(images: Thumbnails) -> tuple[np.ndarray, np.ndarray]:
    """Returns images with the pixels of an earlier one, and the first one with these pixels."""
    digest = lambda image: hashlib.blake2b(image.tobytes(), digest_size=16).digest()
    digests = np.array([digest(image) for _, block in images.blocks() for image in block], "V16")
    _, first, bucket = np.unique(digests, return_index=True, return_inverse=True)
    later = np.flatnonzero(first[bucket] != np.arange(len(images)))
    return later, first[bucket[later]]


def _crowded(
    images: Thumbnails, codes: np.ndarray, roots: np.ndarray, distance: int
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Yields near-copies among images whose codes agree in a chunk, if they are many."""
    left = roots == np.arange(len(roots))
    chunks = Chunks.fitting(int(left.sum()), distance)
    for keys in chunks.keys(codes):
        alive = np.flatnonzero(left)
        order = alive[np.argsort(keys[alive], kind="stable")]
        for members in np.split(order, np.flatnonzero(np.diff(keys[order])) + 1):
            while len(members) > CROWD:
                pivots = members[:: -(-len(members) // _PIVOTS)]
                near = np.concatenate([*_near_pivots(images, codes, members, pivots, distance)])
                # The first pivot that an image is near to takes it, if no other took this pivot.
                taken = np.full(len(members), -1)
                for number, pivot in enumerate(pivots):
                    at = np.searchsorted(members, pivot)
                    if taken[at] < 0:
                        taken[near[:, number] & (taken < 0) & (members != pivot)] = number
                gone = taken >= 0
                yield members[gone], pivots[taken[gone]]
                left[members[gone]] = False
                members = members[~gone]
                if gone.sum() * _PIVOTS < len(gone):
                    break


def _near_pivots(
    images: Thumbnails, codes: np.ndarray, members: np.ndarray, pivots: np.ndarray, distance: int
) -> Iterator[np.ndarray]:
    """Yields which members are near-copies of which pivots, bool `[block, pivots]`."""
    of_pivots = _pixels(images[pivots])
    for start in range(0, len(members), BLOCK):
        block = members[start : start + BLOCK]
        near, of_block = hamming(codes[block][:, None], codes[pivots]) <= distance, images[block]
        near &= _unit(of_block) @ _unit(of_pivots).T >= CORRELATION
        yield near & (_unit(_details(of_block)) @ _unit(_details(of_pivots)).T >= DETAILS)


def _join_alike(
    images: Thumbnails,
    outlines: np.ndarray,
    forest: Forest,
    owner: np.ndarray,
    other: np.ndarray,
    part: np.ndarray,
) -> None:
    """Joins each image `owner`, a part of which has a near hash, with `other` if they are alike."""
    for number, place in enumerate(PARTS):
        of_part = np.flatnonzero(part == number)
        for some in np.split(of_part, range(BLOCK, len(of_part), BLOCK)):
            a, b = owner[some], other[some]
            apart = forest.roots(a) != forest.roots(b)
            forest.join(*_alike(images, outlines, a[apart], b[apart], place))


def _alike(
    images: Thumbnails, outlines: np.ndarray, a: np.ndarray, b: np.ndarray, part: Part
) -> tuple[np.ndarray, np.ndarray]:
    """Returns the pairs of images in `a` and `b` where a part of the first is like the second."""
    owners, which = np.unique(a, return_inverse=True)
    parts = _resampled(images[owners], *cut(*part))
    units = _unit(parts)
    # The bound of the correlation rules most pairs out, so that few images are read.
    bound = np.einsum("nd,nd->n", _outline(units)[which], outlines[b].astype(np.float32))
    near = bound >= CORRELATION - _ROUNDING
    a, b, which, others = a[near], b[near], which[near], images[b[near]]
    near = np.einsum("nd,nd->n", units[which], _unit(others)) >= CORRELATION
    a, b, which, others = a[near], b[near], which[near], others[near]
    details = _unit(_details(parts))[which], _unit(_details(others))
    near = np.einsum("nd,nd->n", *details) >= DETAILS
    return a[near], b[near]


def _details(images: np.ndarray) -> np.ndarray:
    """Returns images without the averages of 4x4 cells, which are interpolated between centres."""
    return _pixels(images) - _resampled(images, _SMOOTH, _SMOOTH)


def _resampled(images: np.ndarray, rows: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """Returns `rows @ image @ columns.T` of each image and colour, float32."""
    pixels = _pixels(images)
    across = (rows @ pixels.reshape(-1, SIDE, 3 * SIDE)).reshape(-1, SIDE, 3)
    return (columns @ across).reshape(pixels.shape)


def _pixels(images: np.ndarray) -> np.ndarray:
    return np.asarray(as_float(images), np.float32)


def _smoothing() -> np.ndarray:
    """Returns the matrix `[32, 32]` that averages along cells and interpolates their averages."""
    averages = np.repeat(np.eye(CELLS), SIDE // CELLS, axis=1) * (CELLS / SIDE)
    centres = (np.arange(CELLS) + 0.5) * (SIDE / CELLS) - 0.5
    between = [np.interp(np.arange(SIDE), centres, cell) for cell in np.eye(CELLS)]
    return (np.stack(between, axis=1) @ averages).astype(np.float32)


_SMOOTH = _smoothing()


def _outline(units: np.ndarray) -> np.ndarray:
    """Returns short vectors `[n, 50]` whose products bound the products of vectors of length 1.

    These are 16 averages of each colour, scaled so that their length is the length of the vector's
    projection, the last component, and the length of what is left: the products of what is left
    are at most the product of the lengths (Cauchy and Schwarz).
    """
    side = SIDE // CELLS
    cells = units[:, :-1].reshape(-1, CELLS, side, CELLS, side, 3).mean(axis=(2, 4))
    outline = np.concatenate((cells.reshape(-1, 3 * CELLS**2) * side, units[:, -1:]), axis=1)
    rest = np.sqrt(np.maximum(0, 1 - np.square(outline).sum(axis=1, keepdims=True)))
    return np.concatenate((outline, rest), axis=1).astype(np.float16)


def _unit(images: np.ndarray) -> np.ndarray:
    """Returns vectors `[n, 3073]` of length 1, whose products are correlations of the images."""
    pixels = _pixels(images).reshape(-1, SIDE**2, 3)
    contrast = (pixels - pixels.mean(axis=1, keepdims=True)).reshape(-1, 3 * SIDE**2)
    # The last component, a grey level in every pixel, makes images without any contrast equal.
    level = np.full((len(pixels), 1), (3 * SIDE**2) ** 0.5 / 127.5, np.float32)
    vectors = np.concatenate((contrast, level), axis=1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
