"""Image files that other programs wrote: odd tags, other formats, and what is no file of pixels."""

import errno
import os
import socket
import struct
import warnings
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from gans_jax.data import CutOuts, DataError, ImageFolder, LeftOutWarning, MixedSplitsWarning
from gans_jax.data.decoding import decode, size_and_mode
from gans_jax.data.skipping import BadExample
from gans_jax.data.source import shown
from tests.support.exif import (
    LONG,
    MAKE,
    ORIENTATION,
    RATIONAL,
    SHORT,
    SIGNED_RATIONAL,
    TEXT,
    UNIT,
    X_RESOLUTION,
    exif,
)

PIXELS = np.random.default_rng(0).integers(0, 256, (6, 4, 3), np.uint8)


def save(path, block):
    """Saves the pixels under an EXIF block, as a camera does, which writes no other resolution."""
    options = {".jpg": {"quality": 100}, ".png": {}, ".webp": {"lossless": True}}[path.suffix]
    Image.fromarray(PIXELS).save(path, exif=block, **options)
    if path.suffix == ".jpg":
        content = path.read_bytes()
        path.write_bytes(content[:2] + content[4 + int.from_bytes(content[4:6]) :])


SIXTH = (ORIENTATION, SHORT, 1, b"\6\0")
BESIDE = {
    "nothing": [],
    "resolution as text": [(X_RESOLUTION, TEXT, 3, b"72\0"), (UNIT, SHORT, 1, b"\2\0")],
    "resolution of a byte": [(X_RESOLUTION, TEXT, 1, b"7"), (UNIT, SHORT, 1, b"\2\0")],
    "resolution of a letter": [(X_RESOLUTION, TEXT, 2, b"x\0"), (UNIT, SHORT, 1, b"\2\0")],
    "negative resolution": [
        (X_RESOLUTION, SIGNED_RATIONAL, 1, struct.pack("<ii", -72, 1)),
        (UNIT, SHORT, 1, b"\2\0"),
    ],
    "resolution over 0": [(X_RESOLUTION, RATIONAL, 1, bytes(8)), (UNIT, SHORT, 1, b"\2\0")],
    "rational make": [(MAKE, RATIONAL, 1, struct.pack("<II", 1, 3))],
    "unknown type": [(MAKE, 99, 7, b"abcd")],
    "content beyond the end": [(MAKE, TEXT, 1000, b"\xff\xff\xff\x7f")],
    "a pointer to nowhere": [(0x8769, LONG, 1, b"\xff\xff\xff\x7f")],
}


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize("beside", BESIDE.values(), ids=BESIDE)
def test_no_other_tag_matters_beside_the_orientation(tmp_path, suffix, beside):
    path = tmp_path / f"a.{suffix}"
    save(path, exif(SIXTH))
    with Image.open(path) as image:
        wanted = np.asarray(image.transpose(Image.Transpose.ROTATE_270))
    save(path, exif(SIXTH, *beside))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        np.testing.assert_array_equal(np.asarray(decode(path, 3)), wanted)
        assert size_and_mode(path) == ((6, 4), "RGB")


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("kind", "code"), [(1, "B"), (SHORT, "H"), (LONG, "I")])
def test_orientations_of_any_type_of_whole_number(tmp_path, order, kind, code):
    block = exif((ORIENTATION, kind, 1, struct.pack(order + code, 8)), order=order)
    save(tmp_path / "a.png", block)
    np.testing.assert_array_equal(decode(tmp_path / "a.png", 3), np.rot90(PIXELS))


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp"])
@pytest.mark.parametrize(
    "tag",
    [
        (TEXT, 2, b"6\0"),
        (7, 1, b"\6"),
        (SHORT, 2, b"\6\0\6\0"),
        (SHORT, 1, b"\0\0"),
        (SHORT, 1, b"\x09\0"),
        (RATIONAL, 1, struct.pack("<II", 6, 1)),
        (SHORT, 0, b"\6\0"),
        (99, 1, b"\6\0"),
    ],
)
def test_an_orientation_that_makes_no_sense_is_no_orientation(tmp_path, suffix, tag):
    save(tmp_path / f"a.{suffix}", exif((ORIENTATION, *tag)))
    assert decode(tmp_path / f"a.{suffix}", 3).size == (4, 6)
    assert size_and_mode(tmp_path / f"a.{suffix}")[0] == (4, 6)


@pytest.mark.parametrize("length", range(6, 30, 4))
def test_a_block_that_is_cut_off(tmp_path, length):
    save(tmp_path / "a.jpg", exif((MAKE, TEXT, 9, b"A camera\0"), SIXTH)[:length])
    assert decode(tmp_path / "a.jpg", 3).size == (4, 6)


def test_the_orientation_of_xmp_counts_where_exif_has_none(tmp_path):
    xmp = b'<x:xmpmeta tiff:Orientation="6"/>'
    Image.fromarray(PIXELS).save(tmp_path / "a.webp", xmp=xmp, lossless=True)
    assert decode(tmp_path / "a.webp", 3).size == size_and_mode(tmp_path / "a.webp")[0] == (6, 4)
    Image.fromarray(PIXELS).save(tmp_path / "c.webp", xmp=xmp.replace(b"6", b"9"), lossless=True)
    assert decode(tmp_path / "c.webp", 3).size == size_and_mode(tmp_path / "c.webp")[0] == (4, 6)
    tags = {700: xmp}  # which Pillow itself applies
    Image.fromarray(PIXELS).save(tmp_path / "a.tif", tiffinfo=tags)
    assert decode(tmp_path / "a.tif", 3).size == size_and_mode(tmp_path / "a.tif")[0] == (6, 4)
    one = exif((ORIENTATION, SHORT, 1, b"\1\0"))
    Image.fromarray(PIXELS).save(tmp_path / "b.webp", xmp=xmp, exif=one, lossless=True)
    assert decode(tmp_path / "b.webp", 3).size == (4, 6)


@pytest.mark.parametrize("hexadecimal", [True, False])
def test_exif_in_the_text_of_a_png(tmp_path, hexadecimal):
    text = PngImagePlugin.PngInfo()
    block = exif(SIXTH)
    profile = f"\nexif\n{len(block):8}\n{block.hex() if hexadecimal else 'nothing'}\n"
    text.add_text("Raw profile type exif", profile)
    text.add_itxt("exif", "this text is no block")
    Image.fromarray(PIXELS).save(tmp_path / "a.png", pnginfo=text)
    wanted = (6, 4) if hexadecimal else (4, 6)
    assert decode(tmp_path / "a.png", 3).size == size_and_mode(tmp_path / "a.png")[0] == wanted


@pytest.mark.parametrize("compression", [None, "tiff_lzw"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_tiff_is_turned_once(tmp_path, compression, orientation):
    image, path = Image.fromarray(PIXELS), tmp_path / "a.tif"
    image.save(tmp_path / "a.png", exif=exif((ORIENTATION, SHORT, 1, bytes([orientation, 0]))))
    image.save(path, compression=compression, tiffinfo={ORIENTATION: orientation})
    wanted = decode(tmp_path / "a.png", 3)
    np.testing.assert_array_equal(decode(path, 3), wanted)
    assert size_and_mode(path) == (wanted.size, "RGB")


def test_cut_outs_are_read_as_all_images_are(tmp_path):
    pixels = np.dstack([PIXELS, np.arange(24, dtype=np.uint8).reshape(6, 4)])
    Image.fromarray(pixels).save(tmp_path / "a.png", exif=exif(SIXTH, *BESIDE["rational make"]))
    (example,) = CutOuts(str(tmp_path))
    np.testing.assert_array_equal(example["image"], np.rot90(pixels, -1))
    Image.new("RGB", (16, 16)).save(tmp_path / "b.png", "EPS")
    with pytest.raises(DataError, match=r"b\.png cannot be read \(it is not a whole PNG"):
        len(CutOuts(str(tmp_path)))


SUFFIXES = ["apng", "jfif", "jpe", "gif", "tif", "TIFF", "ppm", "pnm"]


@pytest.mark.parametrize("suffix", SUFFIXES)
def test_other_suffixes_are_read(tmp_path, suffix):
    kind = {"apng": "PNG", "pnm": "PPM"}.get(suffix)
    Image.fromarray(np.full((6, 4, 3), 255, np.uint8)).save(tmp_path / f"a.{suffix}", kind)
    (example,) = ImageFolder(str(tmp_path), size=None)
    np.testing.assert_array_equal(example["image"], np.full((6, 4, 3), 255))


@pytest.mark.parametrize(
    ("suffix", "mode"), [("pgm", "L"), ("pbm", "1"), ("tif", "L"), ("gif", "P")]
)
def test_other_suffixes_of_grey_images(tmp_path, suffix, mode):
    Image.new("1" if mode == "1" else "L", (4, 6), 255).save(tmp_path / f"a.{suffix}")
    assert (np.asarray(decode(tmp_path / f"a.{suffix}", 1)) == 255).all()
    assert size_and_mode(tmp_path / f"a.{suffix}") == ((4, 6), mode)


def ppm(path, magic, largest, content):
    path.write_bytes(b"%s 2 1 %d\n" % (magic, largest) + content)


DEEP = {
    "16-bit grey TIFF": lambda path: Image.new("I;16", (4, 4)).save(path, "TIFF"),
    "32-bit TIFF": lambda path: Image.new("F", (4, 4)).save(path, "TIFF"),
    "16-bit PGM": lambda path: ppm(path, b"P5", 65535, bytes(4)),
    "10-bit PGM": lambda path: ppm(path, b"P5", 1000, bytes(4)),
    "10-bit PPM": lambda path: ppm(path, b"P6", 1000, bytes(12)),
    "16-bit PPM of text": lambda path: ppm(path, b"P3", 65535, b"0 0 0 0 0 0"),
    "PFM": lambda path: path.write_bytes(b"Pf 2 1 -1.0\n" + bytes(8)),
}


@pytest.mark.parametrize("write", DEEP.values(), ids=DEEP)
def test_more_than_8_bits_are_refused(tmp_path, write):
    write(tmp_path / "a.png")
    for read in (lambda path: decode(path, 3), size_and_mode):
        with pytest.raises(BadExample, match=r"a\.png has (10|16|32) bits per channel: convert"):
            read(tmp_path / "a.png")


@pytest.mark.parametrize("largest", [1, 100, 255])
def test_a_ppm_of_fewer_levels_is_read(tmp_path, largest):
    ppm(tmp_path / "a.ppm", b"P6", largest, bytes([0, largest, 0] * 2))
    assert np.asarray(decode(tmp_path / "a.ppm", 3)).tolist() == [[[0, 255, 0]] * 2]


def test_what_is_left_out_is_named(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    (tmp_path / "x").mkdir()
    for name in ["b.heic", "c.HEIC", "x/d.psd", "e", ".hidden.heic", "._a.png", "Thumbs.db"]:
        (tmp_path / name).write_bytes(b"")
    with pytest.warns(LeftOutWarning) as caught:
        assert ImageFolder(str(tmp_path)).files == ("a.png",)
    (warning,) = caught
    kinds = f"left out of {tmp_path}: 2 .heic, 1 without a suffix, 1 .psd (only .png, .apng, "
    assert str(warning.message).startswith(kinds)


def test_photos_of_another_format_are_counted_where_no_image_is(tmp_path):
    for name in ["b.heic", "c.HEIC"]:
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(DataError, match=r"holds no image that is read, but 2 \.heic: convert"):
        len(ImageFolder(str(tmp_path)))


def test_a_folder_with_a_training_and_a_test_set_is_named(tmp_path):
    for name in ["train/x/a.png", "test/x/b.png"]:
        (tmp_path / name).parent.mkdir(parents=True)
        Image.fromarray(PIXELS).save(tmp_path / name)
    with pytest.warns(MixedSplitsWarning, match=rf"are read: give {tmp_path}/train to keep"):
        assert len(ImageFolder(str(tmp_path))) == 2


def test_a_folder_of_images_alone_warns_of_nothing(tmp_path):
    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    (tmp_path / ".DS_Store").write_bytes(b"")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert len(ImageFolder(str(tmp_path))) == 1


def make_socket(path):
    with socket.socket(socket.AF_UNIX) as server:
        before = Path.cwd()
        os.chdir(path.parent)  # the path of a socket may have 107 bytes
        server.bind(path.name)
        os.chdir(before)


UNFIT = {
    "a pipe": os.mkfifo,
    "a device": lambda path: path.symlink_to("/dev/zero"),
    "a terminal": lambda path: path.symlink_to("/dev/tty"),
    "a folder": lambda path: path.symlink_to(path.parent, target_is_directory=True),
    "a socket": make_socket,
}


@pytest.mark.parametrize("make", UNFIT.values(), ids=UNFIT)
def test_what_is_no_regular_file_is_a_bad_image(tmp_path, make):
    make(tmp_path / "a.png")
    for read in (lambda path: decode(path, 3), size_and_mode):
        with pytest.raises(BadExample, match=r"a\.png cannot be read \((it is not a|No such)"):
            read(tmp_path / "a.png")


@pytest.mark.parametrize(
    "number", [errno.EIO, errno.EMFILE, errno.ENFILE, errno.ENOMEM, errno.EACCES, errno.ESTALE]
)
@pytest.mark.parametrize("place", ["open", "read"])
def test_a_failure_of_the_system_is_no_bad_image(tmp_path, monkeypatch, number, place):
    Image.fromarray(PIXELS).save(tmp_path / "a.png")

    def fail(*_, **__):
        raise OSError(number, os.strerror(number))

    if place == "open":
        monkeypatch.setattr(os, "open", fail)
    else:
        monkeypatch.setattr(Image.Image, "load", fail)
        monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    source = ImageFolder(str(tmp_path), on_bad="skip")
    with pytest.raises(DataError, match=f"{os.strerror(number)}\\), which may be no"):
        source[0]
    assert source.skipped == ()


def test_too_little_memory_is_no_bad_image(tmp_path, monkeypatch):
    def fail(*_, **__):
        raise MemoryError

    Image.fromarray(PIXELS).save(tmp_path / "a.png")
    monkeypatch.setattr("PIL.ImageFile.ImageFile.load", fail)
    source = ImageFolder(str(tmp_path), on_bad="skip")
    with pytest.raises(DataError, match="the memory does not suffice"):
        source[0]
    assert source.skipped == ()


def test_names_are_shown_on_one_line():
    assert shown("a\nb\x1b[0m \u2028é\udcff.png") == "a\\nb\\x1b[0m \\u2028é\\udcff.png"
    assert shown(Path("a b/ü漢.png")) == "a b/ü漢.png"
