"""Packed data: random access, other readers of the format, and damage."""

import copy
import json
import os
import pickle
import threading
import zlib

import numpy as np
import pytest

from gans_jax import data
from gans_jax.data import DataError, shards
from gans_jax.tools.pack import pack

pytest.importorskip("array_record")

COUNT, SHARDS = 40, 4


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    """Images of 61 KB, some of which lie in two blocks and some in three."""
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (COUNT, 143, 143, 3), np.uint8)
    source = data.Arrays(image, np.arange(COUNT))
    folder = tmp_path_factory.mktemp("packed")
    pack(source, folder, shard_bytes=image.nbytes // SHARDS)
    return source, folder


@pytest.fixture
def copied(written, tmp_path):
    """A copy of the set that a test may damage."""
    for file in written[1].iterdir():
        (tmp_path / file.name).write_bytes(file.read_bytes())
    return tmp_path


def refused(folder, index=0):
    with pytest.raises(DataError) as caught:
        data.Packed(str(folder))[index]
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_every_example_is_the_one_of_the_source(written):
    source, folder = written
    packed = data.Packed(str(folder))
    assert len(packed) == COUNT
    assert len(packed.manifest.counts) == SHARDS
    for index in (*range(COUNT), -1):
        example, expected = packed[index], source[index]
        assert example.keys() == expected.keys()
        for name, value in expected.items():
            np.testing.assert_array_equal(example[name], value)
            assert (example[name].dtype, example[name].shape) == (value.dtype, value.shape)
    with pytest.raises(IndexError):
        packed[COUNT]


def test_records_that_begin_and_end_anywhere_in_a_block(tmp_path):
    """Of nearly every size up to a few blocks, so that headers lie in all places."""
    for size in (1, 100, 115, 116, 127, 128, 16_000, 32_700, 65_400, 65_456, 65_512, 200_000):
        points = np.random.default_rng(size).integers(0, 256, (7, size)).astype(np.uint8)
        packed = pack(data.Arrays(points), tmp_path / str(size))
        found = packed.batch(np.arange(7)[::-1])["image"]
        np.testing.assert_array_equal(found, points[::-1])


def test_a_record_in_more_blocks_than_are_read_at_once(tmp_path):
    """A system refuses to read into more than 1024 buffers."""
    points = np.arange(33 * 2**20, dtype=np.uint32).astype(np.uint8)[None]
    packed = pack(data.Arrays(points), tmp_path)
    assert np.array_equal(packed[0]["image"], points[0])


@pytest.mark.parametrize("most", [1, 23, 30_000])
def test_a_system_that_reads_less_than_it_was_asked_for(written, monkeypatch, most):
    """Of a record that is read for the first time, and of one that was checked before."""
    source, folder = written
    packed, read = data.Packed(str(folder)), os.preadv

    def short(descriptor, buffers, place):
        first = next(buffer for buffer in buffers if len(buffer))
        return read(descriptor, [first[:most]], place)

    packed[7]
    monkeypatch.setattr(os, "preadv", short)
    for index in (7, 8, 7):
        assert np.array_equal(packed[index]["image"], source.image[index])


def test_array_record_reads_the_same_records(written):
    from array_record.python import array_record_module

    source, folder = written
    packed = data.Packed(str(folder))
    index = 0
    for number, count in enumerate(packed.manifest.counts):
        reader = array_record_module.ArrayRecordReader(str(folder / packed.manifest.name(number)))
        assert reader.num_records() == count
        for record in reader.read_all():
            body, digest = record[: -shards.CRC], record[-shards.CRC :]
            assert zlib.crc32(body) == int.from_bytes(digest, "little")
            example = source[index]
            expected = example["image"].tobytes() + example["label"].tobytes()
            assert body == expected + packed.manifest.mark(number)
            index += 1


def test_a_batch_may_be_read_by_many_threads(written):
    source, folder = written
    packed, wrong = data.Packed(str(folder)), []

    def read(seed):
        indices = np.random.default_rng(seed).permutation(COUNT)
        if not np.array_equal(packed.batch(indices)["image"], source.image[indices]):
            wrong.append(seed)

    threads = [threading.Thread(target=read, args=(seed,)) for seed in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_source_goes_to_another_process_without_its_open_files(written):
    packed = data.Packed(str(written[1]))
    packed[0]
    for other in (pickle.loads(pickle.dumps(packed)), copy.deepcopy(packed)):
        assert vars(other) == {"path": packed.path, "_root": packed.path}
        np.testing.assert_array_equal(other[3]["image"], packed[3]["image"])


def test_what_a_source_tells_of_itself(written, copied):
    packed, other = data.Packed(str(written[1])), data.Packed(str(copied))
    assert packed.shapes() == {"image": (143, 143, 3)}
    assert data.fingerprint(packed) == data.fingerprint(other)
    text = json.loads((copied / "manifest.json").read_text())
    text["written"][0]["sha256"] = "0" * 64
    (copied / "manifest.json").write_text(json.dumps(text))
    assert data.fingerprint(data.Packed(str(copied))) != data.fingerprint(packed)


def test_a_missing_folder_is_named(tmp_path):
    assert "manifest.json is missing" in refused(tmp_path / "nowhere")


def test_a_truncated_shard_is_named(copied):
    shard = copied / data.Packed(str(copied)).manifest.name(2)
    shard.write_bytes(shard.read_bytes()[:-1])
    assert "so that it is cut off or of another set: copy it again" in refused(copied)
    shard.unlink()
    assert f"the shard {shard} is missing: copy all shards" in refused(copied)


def test_a_shard_that_shrinks_while_it_is_read_is_named(copied):
    packed = data.Packed(str(copied))
    packed[0]
    shard = copied / packed.manifest.name(0)
    with open(shard, "r+b") as file:
        file.truncate(70_000)
    with pytest.raises(DataError, match=r"record 9 of .* does not have the digest"):
        packed[9]


def test_shards_of_another_set_are_named(copied, tmp_path):
    """As another source of the same sizes has them, and as their names are exchanged."""
    name = data.Packed(str(copied)).manifest.name
    image = np.zeros((COUNT, 143, 143, 3), np.uint8)
    source = data.Arrays(image, np.arange(COUNT))
    pack(source, tmp_path / "other", shard_bytes=image.nbytes // SHARDS)
    good = (copied / name(1)).read_bytes()
    for other in (tmp_path / "other" / name(1), copied / name(0)):
        (copied / name(1)).write_bytes(other.read_bytes())
        assert f"{name(1)} belongs to another set than the manifest" in refused(copied)
    (copied / name(1)).write_bytes(good)
    data.Packed(str(copied))[0]


@pytest.mark.parametrize("place", [200, 30_000, 60_900])
def test_a_damaged_record_is_named(copied, place):
    packed = data.Packed(str(copied))
    shard = copied / packed.manifest.name(1)
    content = bytearray(shard.read_bytes())
    content[content.find(packed[13]["image"].tobytes()[:50]) + place] ^= 1
    shard.write_bytes(content)
    packed = data.Packed(str(copied))  # each record is checked once by a process
    for index in {*range(COUNT)} - {13}:
        packed[index]
    with pytest.raises(DataError, match=r"record 3 of .* does not have the digest .* `pack` again"):
        packed[13]


@pytest.mark.parametrize(
    ("change", "text"),
    [
        ({"version": 2}, "is of version 2, and this gans_jax reads version 1: pack"),
        ({"format": "others"}, "is not a manifest of packed data"),
        ({"counts": [40]}, "is damaged (it does not name all shards)"),
        ({"counts": [10, 10, 20, 0]}, "is damaged (a shard has no examples)"),
        ({"counts": None}, "is damaged ("),
        ({"features": [{"name": "image", "dtype": "O", "shape": [1]}]}, "is damaged ("),
        ({"features": [{"name": "image", "dtype": "u1", "shape": [-1]}]}, "is damaged ("),
        ({"more": 1}, "is damaged ("),
    ],
)
def test_a_manifest_that_is_unfit_is_named(copied, change, text):
    manifest = copied / "manifest.json"
    manifest.write_text(json.dumps(json.loads(manifest.read_text()) | change))
    assert text in refused(copied)


@pytest.mark.parametrize("content", ["", "[]", "{", "[" * 100_000, '{"format": 1}'])
def test_what_is_no_manifest_is_named(copied, content):
    (copied / "manifest.json").write_text(content)
    assert "is not a manifest of packed data" in refused(copied)


def test_a_system_without_preadv_is_named(written, monkeypatch):
    monkeypatch.delattr("os.preadv")
    assert "this system lacks the call `preadv`" in refused(written[1])
