"""Data in object stores are copied to this machine once, and then only what has changed."""

import errno
import gzip
import json
import os
import threading
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gans_jax import data
from gans_jax.core import store
from gans_jax.core.store import Store
from gans_jax.data import DataError, fetched
from gans_jax.tools.pack import pack
from tests.support.stores import failing


@pytest.fixture
def bucket(tmp_path, monkeypatch):
    """The address of an empty folder in a store, and a cache that no other test has."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    another_process()
    found = Store(f"memory://bucket-{tmp_path.name}")
    yield found
    found.remove(found.list())
    another_process()


def another_process():
    """Makes this process one that has read nothing from a store yet."""
    fetched._copy.cache_clear()
    while fetched._IN_USE:
        os.close(fetched._IN_USE.pop())


def put(bucket, folder, under):
    """Copies a folder into the store, and returns its address there."""
    for path in folder.rglob("*"):
        if path.is_file():
            bucket.upload(path, f"{under}/{path.relative_to(folder).as_posix()}")
    return f"{bucket.address}/{under}"


def photos(folder, values):
    folder.mkdir(parents=True)
    for value in values:
        Image.new("RGB", (8, 8), (value,) * 3).save(folder / f"{value:03d}.png")
    return folder


def test_sources_read_an_address_as_they_read_a_folder(bucket, tmp_path):
    folder = photos(tmp_path / "photos/cats", range(5)).parent
    address = put(bucket, folder, "photos")
    here, there = (data.ImageFolder(path, size=4) for path in (str(folder), address))
    assert data.fingerprint(here) == data.fingerprint(there)
    assert there.classes == ("cats",)
    for index in range(5):
        np.testing.assert_array_equal(here[index]["image"], there[index]["image"])

    for name in ("trainA", "trainB"):
        photos(tmp_path / "two" / name, range(3))
    address = put(bucket, tmp_path / "two", "two")
    assert len(data.UnpairedFolders(address, size=8).b) == 3
    with pytest.raises(DataError, match="trainA and trainB, two domains without partners"):
        len(data.PairedFolder(address, size=8))

    images = np.arange(2 * 4 * 4, dtype=np.uint8).reshape(2, 4, 4)
    header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in images.shape)
    bucket.write("mnist/images.gz", gzip.compress(header + images.tobytes()))
    found = data.IDX(f"{bucket.address}/mnist/images.gz")
    np.testing.assert_array_equal(found.arrays["image"][..., 0], images)


def test_packed_data_are_read_from_an_address(bucket, tmp_path):
    pytest.importorskip("array_record")
    folder = photos(tmp_path / "photos", range(20))
    source = data.ImageFolder(str(folder), size=8)
    pack(source, tmp_path / "packed")
    address = put(bucket, tmp_path / "packed", "packed")
    packed = data.Packed(address)
    assert data.fingerprint(packed) == data.fingerprint(data.Packed(str(tmp_path / "packed")))
    batch = packed.batch(np.array([3, 19, 0]))
    expected = np.stack([source[i]["image"] for i in (3, 19, 0)])
    np.testing.assert_array_equal(batch["image"], expected)


def test_only_what_has_changed_is_copied_again(bucket, tmp_path, monkeypatch):
    address = put(bucket, photos(tmp_path / "photos", range(4)), "photos")
    assert len(data.ImageFolder(address).files) == 4

    Image.new("RGB", (9, 9)).save(tmp_path / "other.png")
    bucket.upload(tmp_path / "other.png", "photos/002.png")
    bucket.remove(["photos/003.png"])
    another_process()
    with failing(monkeypatch, lambda *_: None) as record:
        found = data.ImageFolder(address, size=None)
        assert found.files == ("000.png", "001.png", "002.png")
    assert [call for call, _ in record.calls].count("get_file") == 1
    assert found[2]["image"].shape == (9, 9, 3)


def test_a_copy_is_not_changed_while_another_process_reads_it(bucket, tmp_path):
    address = put(bucket, photos(tmp_path / "photos", range(2)), "photos")
    reader = data.ImageFolder(address, size=8)
    assert len(reader) == 2
    bucket.remove(["photos/000.png"])
    fetched._copy.cache_clear()  # the other process begins, and the first one still reads
    assert len(data.ImageFolder(address)) == 2
    assert reader[0]["image"].mean() == 0
    another_process()
    assert len(data.ImageFolder(address)) == 1


def test_a_copy_that_was_cut_off_is_made_again(bucket, tmp_path):
    address = put(bucket, photos(tmp_path / "photos", range(2)), "photos")
    file = Path(data.ImageFolder(address).root, "000.png")
    content = file.read_bytes()
    file.write_bytes(content[:10])
    another_process()
    len(data.ImageFolder(address))
    assert file.read_bytes() == content


def test_a_full_disk_is_told_as_such(bucket, tmp_path, monkeypatch):
    address = put(bucket, photos(tmp_path / "photos", range(2)), "photos")
    full = OSError(errno.ENOSPC, "No space left on device")
    fails = lambda request, path: full if request == "get_file" else None
    with (
        failing(monkeypatch, fails) as record,
        pytest.raises(DataError, match=r"photos cannot be copied to .*\(No space left on device\)"),
    ):
        len(data.ImageFolder(address))
    assert [call for call, _ in record.calls].count("get_file") <= 2
    assert len(data.ImageFolder(address)) == 2  # it holds no lock


def test_a_copy_that_was_stopped_goes_on(bucket, tmp_path, monkeypatch):
    monkeypatch.setattr(store, "PAUSES", ())
    monkeypatch.setattr(store, "REQUESTS", 1)
    address = put(bucket, photos(tmp_path / "photos", range(6)), "photos")
    gone = lambda request, path: (
        ConnectionError("gone") if (request, path[-7:]) == ("get_file", "003.png") else None
    )
    with failing(monkeypatch, gone), pytest.raises(DataError, match="cannot be reached"):
        len(data.ImageFolder(address))
    with failing(monkeypatch, lambda *_: None) as record:
        assert len(data.ImageFolder(address)) == 6
    copied = [path[-7:] for call, path in record.calls if call == "get_file"]
    assert "003.png" in copied
    assert not {"000.png", "001.png", "002.png"} & {*copied}


def test_threads_that_need_the_same_copy_wait_for_it(bucket, tmp_path):
    address = put(bucket, photos(tmp_path / "photos", range(4)), "photos")
    found = []
    read = lambda: found.append(data.ImageFolder(address, size=8)[3]["image"].mean())
    threads = [threading.Thread(target=read) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [3.0] * 4


def test_errors_name_the_address_and_the_remedy(bucket, tmp_path, monkeypatch):
    with pytest.raises(DataError, match=r"memory://.*/nothing holds nothing: check the address"):
        len(data.ImageFolder(f"{bucket.address}/nothing"))
    with pytest.raises(DataError, match="unknown kind"):
        len(data.ImageFolder("nowhere://bucket/photos"))
    address = put(bucket, photos(tmp_path / "photos", range(2)), "photos")
    (tmp_path / "file").touch()
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "file"))
    with pytest.raises(DataError, match=r"memory://.*/photos cannot be copied to .*: make room"):
        len(data.ImageFolder(address))


def test_a_damaged_line_of_the_index_costs_one_download(bucket, tmp_path, monkeypatch):
    address = put(bucket, photos(tmp_path / "photos", range(3)), "photos")
    len(data.ImageFolder(address))
    (index,) = (tmp_path / "cache").rglob(fetched.INDEX)
    lines = index.read_text().splitlines()
    assert sorted(json.loads(line)[0] for line in lines) == ["000.png", "001.png", "002.png"]
    index.write_text("\n".join([*lines[:2], lines[2][:10]]))
    another_process()
    with failing(monkeypatch, lambda *_: None) as record:
        assert len(data.ImageFolder(address)) == 3
    assert [call for call, _ in record.calls].count("get_file") == 1
