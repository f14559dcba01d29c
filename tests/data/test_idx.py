import errno
import gzip
import os

import numpy as np
import pytest

from gans_jax.data import IDX, DataError

IMAGES = np.arange(3 * 4 * 4, dtype=np.uint8).reshape(3, 4, 4)
LABELS = np.array([7, 0, 9], np.uint8)


def encode(array):
    lengths = b"".join(length.to_bytes(4, "big") for length in array.shape)
    return bytes([0, 0, 8, array.ndim]) + lengths + array.tobytes()


@pytest.fixture
def paths(tmp_path):
    images, labels = tmp_path / "images-idx3-ubyte", tmp_path / "labels-idx1-ubyte"
    images.write_bytes(encode(IMAGES))
    labels.write_bytes(encode(LABELS))
    return str(images), str(labels)


def write(tmp_path, content):
    path = tmp_path / "broken"
    path.write_bytes(content)
    return str(path)


def refused(path):
    with pytest.raises(DataError) as caught:
        len(IDX(path))
    assert path in str(caught.value)
    return str(caught.value)


def test_images_and_labels(paths):
    source = IDX(*paths)
    assert len(source) == 3
    np.testing.assert_array_equal(source[1]["image"], IMAGES[1][..., None])
    assert source[2]["label"] == 9
    assert source[2]["label"].dtype == np.int32


def test_gzip_is_recognised_by_content(tmp_path):
    path = write(tmp_path, gzip.compress(encode(IMAGES)))
    np.testing.assert_array_equal(IDX(path).arrays["image"][..., 0], IMAGES)


def test_labels_are_optional(paths):
    assert set(IDX(paths[0])[0]) == {"image"}


def test_size_pads_evenly(paths):
    padded = IDX(*paths, size=8)[0]["image"]
    np.testing.assert_array_equal(padded[2:6, 2:6, 0], IMAGES[0])
    assert padded.shape == (8, 8, 1)
    assert padded.astype(int).sum() == IMAGES[0].astype(int).sum()


@pytest.mark.parametrize("size", [2, 7])
def test_size_that_cannot_be_padded(paths, size):
    with pytest.raises(DataError, match=f"4x4 images .* {size}x{size}: choose"):
        len(IDX(*paths, size=size))


def test_missing_file(tmp_path):
    assert "check the path" in refused(str(tmp_path / "absent"))


@pytest.mark.parametrize(
    "content", [b"", b"\0\0\x08", b"<html>not found</html>", b"\0\0\x0d\3" * 9]
)
def test_not_an_idx_file(tmp_path, content):
    assert "not an IDX file" in refused(write(tmp_path, content))


@pytest.mark.parametrize("content", [encode(IMAGES)[:-1], encode(IMAGES) + b"\0", b"\0\0\x08\3\0"])
def test_length_that_contradicts_the_header(tmp_path, content):
    assert "download it again" in refused(write(tmp_path, content))


@pytest.mark.parametrize("keep", [5, -12, -4])
def test_truncated_gzip(tmp_path, keep):
    content = gzip.compress(encode(IMAGES))[:keep]
    assert "download it again" in refused(write(tmp_path, content))


@pytest.mark.parametrize("position", [10, 20])
def test_damaged_gzip(tmp_path, position):
    content = bytearray(gzip.compress(encode(IMAGES)))
    content[position] ^= 0xFF
    assert "download it again" in refused(write(tmp_path, bytes(content)))


def test_labels_in_place_of_images(paths):
    assert "1 axes where 3" in refused(paths[1])


def test_different_counts(tmp_path, paths):
    labels = write(tmp_path, encode(LABELS[:2]))
    with pytest.raises(DataError, match=r"3 images and .*broken 2 labels"):
        len(IDX(paths[0], labels))


def test_a_pipe_and_a_device_are_refused_at_once(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "endless").symlink_to("/dev/zero")
    for name in ("pipe", "endless"):
        assert "cannot be read (it is not a regular file)" in refused(str(tmp_path / name))


def test_an_error_of_the_system_asks_for_no_download(paths, monkeypatch):
    def fail(*_):
        raise OSError(errno.EMFILE, "Too many open files")

    monkeypatch.setattr(os, "open", fail)
    assert "cannot be read (Too many open files): mend this and try again" in refused(paths[0])
