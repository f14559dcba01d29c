"""What becomes of image files of every kind: pixels, or a refusal that names the file."""

import os
import struct
import warnings
import zlib

import numpy as np
import pytest
from PIL import Image

from gans_jax.data import DataError, ImageFolder

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def png(width, height, rows=b"", bits=8, extra=b""):
    """A PNG file whose header may say anything of its size."""

    def chunk(kind, body):
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", width, height, bits, 2, 0, 0, 0)
    body = chunk(b"IHDR", header) + extra + chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + chunk(b"IEND", b"")


def only(folder, **fields):
    return ImageFolder(str(folder), **({"size": None} | fields))[0]["image"]


def refused(folder):
    with pytest.raises(DataError) as caught:
        only(folder)
    message = str(caught.value)
    assert "\n" not in message
    return message


def colour_of(image):
    assert np.ptp(image, axis=(0, 1)).max() == 0
    return tuple(map(int, image[0, 0]))


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif", "tif", "ppm"])
@pytest.mark.parametrize("content", [b"", b"\0" * 100, b"garbage" * 1000, b"GIF89a"])
def test_no_image(tmp_path, suffix, content):
    (tmp_path / f"bad.{suffix}").write_bytes(content)
    assert f"bad.{suffix} cannot be read" in refused(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif", "tif", "ppm"])
@pytest.mark.parametrize("share", [0.02, 0.5, 0.9])
def test_cut_off(tmp_path, suffix, share):
    path = tmp_path / f"bad.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[: int(share * path.stat().st_size)])
    assert f"bad.{suffix} cannot be read" in refused(tmp_path)


def test_damaged_inside(tmp_path):
    whole = png(8, 8, bytes(8 * 25))
    (tmp_path / "bad.png").write_bytes(whole[:45] + b"\xff\xff\xff" + whole[48:])
    assert "bad.png cannot be read" in refused(tmp_path)


def test_too_many_pixels_are_refused_before_they_are_unpacked(tmp_path):
    (tmp_path / "bomb.png").write_bytes(png(50_000, 50_000))
    message = refused(tmp_path)
    assert "bomb.png cannot be read" in message
    assert "decompression bomb" in message


def test_a_large_image_is_read_under_a_warning(tmp_path, monkeypatch):
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 50)
    Image.new("RGB", (8, 8), RED).save(tmp_path / "large.png")
    with pytest.warns(Image.DecompressionBombWarning):
        assert colour_of(only(tmp_path)) == RED


def test_text_that_unpacks_to_megabytes_is_refused(tmp_path):
    body = b"comment\0\0" + zlib.compress(bytes(2_000_000))
    text = struct.pack(">I", len(body)) + b"zTXt" + body
    text += struct.pack(">I", zlib.crc32(b"zTXt" + body))
    (tmp_path / "bomb.png").write_bytes(png(8, 8, bytes(8 * 25), extra=text))
    assert "bomb.png cannot be read" in refused(tmp_path)


@pytest.mark.parametrize("suffix", ["png", "webp", "gif", "tif"])
def test_of_an_animation_the_first_picture_is_taken(tmp_path, suffix):
    rest = [Image.new("RGB", (8, 8), GREEN), Image.new("RGB", (8, 8), BLUE)]
    first, options = Image.new("RGB", (8, 8), RED), {"save_all": True, "append_images": rest}
    options |= {"lossless": True} if suffix == "webp" else {}
    first.save(tmp_path / f"a.{suffix}", **options)
    with Image.open(tmp_path / f"a.{suffix}") as image:
        assert image.n_frames == 3
    assert colour_of(only(tmp_path)) == RED


@pytest.mark.parametrize("kind", ["EPS", "TGA", "ICO"])
def test_other_formats_are_refused_under_any_name(tmp_path, kind):
    Image.new("RGB", (16, 16), RED).save(tmp_path / "a.png", kind)
    assert "a.png cannot be read (it is not a whole PNG, JPEG," in refused(tmp_path)


def test_the_content_counts_and_not_the_suffix(tmp_path):
    Image.new("RGB", (8, 8), RED).save(tmp_path / "a.jpg", "PNG")
    assert colour_of(only(tmp_path)) == RED


@pytest.mark.parametrize(
    ("mode", "colour", "wanted"),
    [
        ("RGB", RED, RED),
        ("L", 77, (77, 77, 77)),
        ("LA", (77, 255), (77, 77, 77)),
        ("LA", (77, 0), (255, 255, 255)),
        ("RGBA", (255, 0, 0, 0), (255, 255, 255)),
        ("RGBA", (*BLUE, 255), BLUE),
        ("1", 0, (0, 0, 0)),
    ],
)
def test_modes(tmp_path, mode, colour, wanted):
    Image.new(mode, (4, 4), colour).save(tmp_path / "a.png")
    assert colour_of(only(tmp_path)) == wanted
    grey = colour_of(only(tmp_path, channels=1))
    assert grey == (Image.new("RGB", (1, 1), wanted).convert("L").getpixel((0, 0)),)


@pytest.mark.parametrize("colours", [2, 16, 256])
def test_palettes(tmp_path, colours):
    image = Image.new("P", (4, 4), 1)
    image.putpalette(bytes([*GREEN, *BLUE]) + bytes(3 * (colours - 2)))
    image.save(tmp_path / "a.png")
    assert colour_of(only(tmp_path)) == BLUE


@pytest.mark.parametrize("mode", ["CMYK", "YCbCr"])
def test_jpeg_colour_spaces(tmp_path, mode):
    image = Image.new("RGB", (16, 16), RED).convert(mode)
    image.save(tmp_path / "a.jpg", quality=100)
    np.testing.assert_allclose(only(tmp_path), np.full((16, 16, 3), RED), atol=3)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_orientations(tmp_path, orientation):
    pixels = np.zeros((4, 6, 3), np.uint8)
    pixels[0, 0], pixels[0, -1], pixels[-1, 0] = RED, GREEN, BLUE
    turns = {
        1: pixels,
        2: pixels[:, ::-1],
        3: pixels[::-1, ::-1],
        4: pixels[::-1],
        5: pixels.swapaxes(0, 1),
        6: np.rot90(pixels, 1),
        7: pixels.swapaxes(0, 1)[::-1, ::-1],
        8: np.rot90(pixels, -1),
    }
    exif = Image.Exif()
    exif[0x0112] = orientation
    stored = Image.fromarray(np.ascontiguousarray(turns[orientation]))
    stored.save(tmp_path / "a.png", exif=exif)
    np.testing.assert_array_equal(only(tmp_path), pixels)


def test_a_tag_that_makes_no_sense_is_ignored(tmp_path):
    Image.new("RGB", (4, 6), RED).save(tmp_path / "a.jpg", exif=b"Exif\0\0garbage", quality=100)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert only(tmp_path).shape == (6, 4, 3)


def test_sixteen_bits(tmp_path):
    (tmp_path / "deep.png").write_bytes(png(4, 4, bytes(4 * 25), bits=16))
    assert "deep.png has 16 bits per channel: convert it to 8 bits first" in refused(tmp_path)


@pytest.mark.parametrize("size", [(1, 1), (1, 9), (9, 1)])
def test_one_pixel(tmp_path, size):
    Image.new("RGB", size, RED).save(tmp_path / "a.png")
    assert only(tmp_path).shape == (*size[::-1], 3)
    image = only(tmp_path, size=8)
    assert image.shape == (8, 8, 3)
    assert colour_of(image) == RED


def test_no_pixel(tmp_path):
    (tmp_path / "none.png").write_bytes(png(0, 8))
    assert "none.png cannot be read" in refused(tmp_path)


@pytest.mark.parametrize("name", ["A.PNG", "A.Jpeg", "A.BMP", "A.WEBP", "ä ö.png", "-.png"])
def test_names(tmp_path, name):
    Image.new("RGB", (4, 4)).save(tmp_path / name)
    assert ImageFolder(str(tmp_path)).files == (name,)
    assert only(tmp_path).shape == (4, 4, 3)


def test_a_link_to_itself(tmp_path):
    (tmp_path / "a.png").symlink_to(tmp_path / "a.png")
    assert "a.png cannot be read" in refused(tmp_path)


def test_a_folder_with_the_name_of_an_image(tmp_path):
    (tmp_path / "a.png").mkdir()
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png/b.png")
    assert ImageFolder(str(tmp_path)).files == ("a.png/b.png",)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is forbidden to root")
def test_a_forbidden_file(tmp_path):
    Image.new("RGB", (4, 4)).save(tmp_path / "a.png")
    (tmp_path / "a.png").chmod(0)
    assert "a.png cannot be read" in refused(tmp_path)
