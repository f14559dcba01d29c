"""Where the records of an array_record file lie, so that they are read without an index.

A shard is an array_record file (github.com/google/array_record) of uncompressed records of one size
in groups of one, which any reader of that format reads. Such a reader makes a Python object of one
record after the other. In turns, on a core of an AMD EPYC (Zen 3) that other programs used, too, it
gave 22,000 records of 12 KB for each second of processor time (array_record 0.8.6, 2026-11-30), and
reading by offset gave 70,000, digests included. Every record ends in the mark of its shard, 8
bytes, and a CRC-32 of all before it, because the checksums of array_record (HighwayHash, one for
each header and each record) are in no library that Python has.
"""

import os
import weakref
import zlib
from collections.abc import Sequence
from pathlib import Path

from gans_jax.data.source import DataError, missing, shown

# The format of Riegeli, on which array_record is built: a header of 24 bytes begins each block of
# 64 KiB, a chunk without records begins the file, and each other chunk holds one record.
BLOCK, BLOCK_HEADER, CHUNK_HEADER = 2**16, 24, 40
CONTENT = BLOCK - BLOCK_HEADER
MARK, CRC = 8, 4
TRAILER = MARK + CRC
RESIDUE = 0x2144DF1C  # the CRC-32 of anything that ends in its own CRC-32
OPTIONS = "group_size:1,uncompressed"
BUFFERS = 1024  # the most that a system reads into at once (IOV_MAX)


def seal(payload: bytes, mark: bytes) -> bytes:
    """Returns a record: the payload, the mark of its shard, and the CRC-32 of both."""
    body = payload + mark
    return body + zlib.crc32(body).to_bytes(CRC, "little")


class Shard:
    """A shard that is open for reading, by any number of threads at once.

    Args:
      path: the file.
      size: bytes of a record.
      length: bytes of the file.
      mark: how each record ends before its CRC-32.

    Raises:
      DataError: if the file is missing, cannot be read, has another length, or the first record is
        damaged or marked as one of another shard.
    """

    def __init__(self, path: Path, size: int, length: int, mark: bytes) -> None:
        self._name = shown(path)
        if not hasattr(os, "preadv"):
            raise DataError(f"{self._name} cannot be read: this system lacks the call `preadv`")
        try:
            self._descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
        except FileNotFoundError as error:
            raise missing("shard", path, "copy all shards of the set, or pack it again") from error
        except OSError as error:
            raise DataError(f"{self._name} cannot be opened ({error.strerror})") from error
        weakref.finalize(self, os.close, self._descriptor)
        if (found := os.fstat(self._descriptor).st_size) != length:
            raise DataError(
                f"{self._name} has {found} bytes where the manifest has {length}, so that it is "
                "cut off or of another set: copy it again, or pack the source again"
            )
        # One byte for the kind of compression, one for the number of bytes of the size, and the
        # size, with 7 bits in a byte.
        before = CHUNK_HEADER + 2 + -(-size.bit_length() // 7)
        self._stride, self._first = before + size, CHUNK_HEADER + before
        self._scrap = memoryview(bytearray(BLOCK_HEADER))  # what is read into it is never used
        self._known = bytearray(length // size)  # which records have the CRC-32 that they end in
        record = memoryview(bytearray(size))
        self.read(0, [record])
        if record[-TRAILER:-CRC] != mark:
            raise DataError(
                f"{self._name} belongs to another set than the manifest beside it: copy the shards "
                "and the manifest of one set, or pack the source again"
            )

    def read(self, index: int, parts: Sequence[memoryview]) -> None:
        """Reads a record into buffers, which together have the size of one.

        A record is compared with its CRC-32 when it is read for the first time, since that takes
        longer than to read it from memory (72 and 30 microseconds for 245 KB on an AMD EPYC).

        Raises:
          DataError: if the record cannot be read, or does not have the CRC-32 that it ends in.
        """
        block, start = divmod(self._first + index * self._stride, CONTENT)
        left, pieces, digest = CONTENT - start, [], 0
        for part in parts:
            rest = part
            while len(rest) > left:
                pieces += [rest[:left], self._scrap]
                rest, left = rest[left:], CONTENT
            pieces.append(rest)
            left -= len(rest)
        try:
            whole = self._fill(pieces, block * BLOCK + BLOCK_HEADER + start)
        except OSError as error:
            raise DataError(
                f"record {index} of {self._name} cannot be read ({error.strerror}): mend this and "
                "try again"
            ) from error
        if whole and not self._known[index]:
            for part in parts:
                digest = zlib.crc32(part, digest)
            self._known[index] = whole = digest == RESIDUE
        if not whole:
            raise DataError(
                f"record {index} of {self._name} does not have the digest that it was written "
                "with: copy the file again, or run `pack` again, which writes damaged shards anew"
            )

    def _fill(self, pieces: list[memoryview], place: int) -> bool:
        """Reads buffers full from a place in the file on, and returns False if it ends before."""
        for first in range(0, len(pieces), BUFFERS):
            rest = pieces[first : first + BUFFERS]
            while rest:
                # A file system of a network may read less than it was asked for.
                read = os.preadv(self._descriptor, rest, place)
                if not read:
                    return False
                place += read
                while rest and read >= len(rest[0]):
                    read -= len(rest.pop(0))
                if rest:
                    rest[0] = rest[0][read:]
        return True
