"""Search for codes within a small Hamming distance, by an index of the codes' parts.

Norouzi, Punjani and Fleet 2012, "Fast search in Hamming space with multi-index hashing"
(arXiv:1307.2982). A code of 128 bits is cut into m chunks. If two codes differ in at most
d = m r + a bits, where a < m, then one of the first a + 1 chunks differs in at most r bits, or one
of the others in at most r - 1 (their proposition 2, which is the pigeonhole principle). So a query
looks up all keys that are so near to each of its chunks, and compares itself with what it finds.
"""

import dataclasses
import itertools
import math
from collections.abc import Iterator

import numpy as np

BITS = 128
WIDEST = 24  # a chunk is a key into a table, whose numbers are exact in float32
_AT_ONCE, _CODES = 1 << 22, 1 << 16  # candidates and codes that are in memory together
# A look-up costs as much as 2 comparisons. Buckets hold 10 times the codes that they would hold if
# all codes were equally likely: this was measured with codes of photos.
_LOOKUP, _SKEW = 2.0, 10.0


def pack(bits: np.ndarray) -> np.ndarray:
    """Packs bits, bool `[n, 128]`, into codes, uint64 `[n, 2]`."""
    return np.packbits(bits, axis=1, bitorder="little").view(np.uint64)


def unpack(codes: np.ndarray) -> np.ndarray:
    """Returns the bits of codes, uint8 `[n, 128]`."""
    return np.unpackbits(np.ascontiguousarray(codes).view(np.uint8), axis=1, bitorder="little")


def hamming(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Returns in how many bits codes `[..., 2]` differ, `[...]`."""
    return np.bitwise_count(a ^ b).sum(axis=-1, dtype=np.int64)


@dataclasses.dataclass(frozen=True)
class Chunks:
    """How codes are cut: the width in bits of each chunk, and the radius of its look-ups.

    The chunks lie side by side from bit 0. Those without a look-up are left out.
    """

    widths: tuple[int, ...]
    radii: tuple[int, ...]

    @classmethod
    def fitting(cls, num: int, distance: int) -> "Chunks":
        """Returns the cut that takes the least time among `num` codes."""
        options = [cls.of(m, distance) for m in range(-(-BITS // WIDEST), BITS // 4 + 1)]
        return min(options, key=lambda chunks: chunks._cost(num))

    @classmethod
    def of(cls, m: int, distance: int) -> "Chunks":
        """Returns the cut into m chunks that are equally wide up to one bit."""
        r, a = divmod(distance, m)
        widths = [len(part) for part in np.array_split(np.arange(BITS), m)]
        looked_up = m if r else a + 1
        radii = [min(r - (k > a), width) for k, width in enumerate(widths)]
        return cls(tuple(widths[:looked_up]), tuple(radii[:looked_up]))

    def keys(self, codes: np.ndarray) -> np.ndarray:
        """Returns the chunks of codes as numbers, int32 `[chunks, n]`."""
        weights = np.zeros((len(self.widths), BITS), np.float32)
        ends = np.cumsum(self.widths)
        for chunk, (end, width) in enumerate(zip(ends, self.widths, strict=True)):
            weights[chunk, end - width : end] = 2.0 ** np.arange(width)
        found = np.empty((len(self.widths), len(codes)), np.int32)
        for start in range(0, len(codes), _CODES):
            some = slice(start, start + _CODES)
            found[:, some] = weights @ unpack(codes[some]).astype(np.float32).T
        return found

    def _cost(self, num: int) -> float:
        cost = 0.0
        for width, radius in zip(self.widths, self.radii, strict=True):
            lookups = sum(math.comb(width, flips) for flips in range(radius + 1))
            cost += lookups * (_LOOKUP + min(_SKEW * num / 2**width, num))
        return cost


class MultiIndex:
    """Finds the codes within a Hamming distance of a query.

    It holds 16 bytes for each code, and 4 for each code and chunk. Each chunk of w bits has a table
    of 4 (2^w + 1) bytes; that is 67 MB in all for the six chunks that fit millions of codes.

    Args:
      codes: uint64 `[n, 2]`, as `pack` returns them.
      distance: the largest distance that is found, in bits.
      chunks: how codes are cut, None for the quickest cut.
    """

    def __init__(self, codes: np.ndarray, distance: int, chunks: Chunks | None = None) -> None:
        self.codes, self.distance = codes, distance
        self.chunks = chunks or Chunks.fitting(len(codes), distance)
        self._tables = []
        for keys, width in zip(self.chunks.keys(codes), self.chunks.widths, strict=True):
            starts = np.zeros(2**width + 1, np.int32)
            np.cumsum(np.bincount(keys, minlength=2**width), out=starts[1:])
            self._tables.append((starts, np.argsort(keys, kind="stable").astype(np.int32)))

    def near(self, queries: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns all pairs of a query and a code that differ in at most `distance` bits.

        Args:
          queries: codes uint64 `[q, 2]`.

        Returns:
          The indices of the queries and of the codes, int64 `[pairs]` each, sorted, each pair once.
        """
        found = [np.zeros(0, np.int64)]
        first, of_codes = (np.ascontiguousarray(codes[:, 0]) for codes in (queries, self.codes))
        for query, place in self._candidates(queries):
            # The first half of the code rules most candidates out, in half of the time.
            near = np.bitwise_count(first[query] ^ of_codes[place]) <= self.distance
            query, place = query[near], place[near]
            near = hamming(queries[query], self.codes[place]) <= self.distance
            found.append(query[near] * len(self.codes) + place[near])
        query, place = np.divmod(np.unique(np.concatenate(found)), max(len(self.codes), 1))
        return query, place

    def _candidates(self, queries: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
        """Yields pairs of a query and a code that lie in near buckets of a chunk."""
        cut = zip(self.chunks.keys(queries), self._tables, self._flips(), strict=True)
        for keys, (starts, order), flips in cut:
            for some in np.array_split(flips, max(1, len(flips) * len(keys) // _AT_ONCE)):
                buckets = (keys[:, None] ^ some).ravel()
                first = starts[buckets]
                sizes = starts[buckets + 1] - first
                full = np.flatnonzero(sizes)
                for part in _split(full, sizes[full]):
                    query = np.repeat(part // len(some), sizes[part])
                    yield query, order[_ranges(first[part], sizes[part])]

    def _flips(self) -> list[np.ndarray]:
        """Returns for each chunk the numbers by which near keys differ."""
        flips = []
        for width, radius in zip(self.chunks.widths, self.chunks.radii, strict=True):
            chosen = [
                sum(1 << bit for bit in bits)
                for num in range(radius + 1)
                for bits in itertools.combinations(range(width), num)
            ]
            flips.append(np.array(chosen, np.int32))
        return flips


def _split(items: np.ndarray, sizes: np.ndarray) -> Iterator[np.ndarray]:
    """Yields parts of the items, each with sizes of about `_AT_ONCE` in all."""
    part = np.cumsum(sizes, dtype=np.int64) // _AT_ONCE
    yield from np.split(items, np.flatnonzero(np.diff(part)) + 1)


def _ranges(first: np.ndarray, sizes: np.ndarray) -> np.ndarray:
    """Returns the numbers of ranges, which begin at `first` and have these sizes, in a row."""
    before = np.cumsum(sizes, dtype=np.int64) - sizes
    return np.repeat(first - before, sizes) + np.arange(sizes.sum())
