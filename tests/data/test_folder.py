import struct
import zlib

import numpy as np
import pytest
from PIL import Image

from gans_jax.data import Augment, DataError, ImageFolder, PairedFolder, UnpairedFolders

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)


def save(path, color=RED, size=(8, 8), mode="RGB", **options):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new(mode, size, color).save(path, **options)


def save_16_bits(path, channels):
    def chunk(kind, body):
        checksum = struct.pack(">I", zlib.crc32(kind + body))
        return struct.pack(">I", len(body)) + kind + body + checksum

    header = struct.pack(">IIBBBBB", 4, 4, 16, {1: 0, 3: 2, 4: 6}[channels], 0, 0, 0)
    rows = (b"\0" + b"\x12\x34" * channels * 4) * 4
    body = chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    path.write_bytes(b"\x89PNG\r\n\x1a\n" + body)


def only(folder, **fields):
    return ImageFolder(str(folder), **({"size": 8} | fields))[0]["image"]


def refused(folder, index=0, **fields):
    with pytest.raises(DataError) as caught:
        ImageFolder(str(folder), **({"size": 8} | fields))[index]
    return str(caught.value)


def test_files_are_found_in_every_folder_and_sorted(tmp_path):
    for name in ["b.png", "a/z.JPG", "a/c/d.WebP", "a.bmp", "e.jpeg"]:
        save(tmp_path / name)
    (tmp_path / "notes.txt").write_text("no image")
    (tmp_path / "._b.png").write_text("a resource fork")
    source = ImageFolder(str(tmp_path), size=8)
    assert source.files == ("a.bmp", "a/c/d.WebP", "a/z.JPG", "b.png", "e.jpeg")
    assert len(source) == 5
    assert source.classes == ()
    assert set(source[0]) == {"image"}
    assert all(example["image"].shape == (8, 8, 3) for example in source)


def test_labels_are_the_first_level_folders(tmp_path):
    for name in ["dog/1.png", "cat/deep/1.png", "cat/2.png"]:
        save(tmp_path / name)
    source = ImageFolder(str(tmp_path), size=8)
    assert source.classes == ("cat", "dog")
    labels = [example["label"] for example in source]
    assert labels == [0, 0, 1]
    assert labels[0].dtype == np.int32


def test_examples_are_read_lazily(tmp_path):
    save(tmp_path / "a.png")
    (tmp_path / "b.png").write_bytes(b"garbage")
    assert set(ImageFolder(str(tmp_path), size=8)[0]) == {"image"}


@pytest.mark.parametrize("transpose", [False, True])
def test_shorter_side_is_resized_and_the_centre_kept(tmp_path, transpose):
    pixels = np.zeros((16, 64, 3), np.uint8)
    pixels[:, 24:40] = RED
    pixels = pixels.swapaxes(0, 1) if transpose else pixels
    Image.fromarray(pixels).save(tmp_path / "wide.png")
    image = only(tmp_path)
    inner = image[:, 2:-2] if not transpose else image[2:-2]
    assert image.shape == (8, 8, 3)
    assert (inner == RED).all()


@pytest.mark.parametrize("size", [(64, 48), (47, 333), (9, 288), (3, 96), (1, 32), (640, 20)])
def test_ordinary_images_are_resized_as_a_whole_and_then_cut(tmp_path, size):
    pixels = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    shorter = min(size)
    sides = tuple(round(side * 24 / shorter) for side in reversed(size))
    whole = np.asarray(Image.fromarray(pixels).resize(sides, Image.Resampling.BICUBIC))
    top, left = ((side - 24) // 2 for side in whole.shape[:2])
    np.testing.assert_array_equal(only(tmp_path, size=24), whole[top : top + 24, left : left + 24])


@pytest.mark.parametrize("transpose", [False, True])
@pytest.mark.parametrize("length", [60_000, 60_001])
def test_a_long_strip_of_pixels_fits_into_the_memory(tmp_path, transpose, length, monkeypatch):
    resize = Image.Image.resize

    def bounded(image, size, *args):
        assert max(size) <= 32 * 256
        return resize(image, size, *args)

    monkeypatch.setattr(Image.Image, "resize", bounded)
    level = np.arange(length) % 251  # so that an image tells which part of the strip it shows
    pixels = np.repeat(level.astype(np.uint8)[None, :, None], 3, axis=2)
    pixels = pixels.swapaxes(0, 1) if transpose else pixels
    Image.fromarray(pixels).save(tmp_path / "strip.png")
    image = only(tmp_path, size=256)
    assert image.shape == (256, 256, 3)
    image = image.swapaxes(0, 1) if transpose else image
    assert np.ptp(image) <= 4  # the width of one pixel, and of its neighbours what smoothing takes
    middle = level[(length - 1) // 2 : length // 2 + 1].mean()
    assert abs(image[:, 127:129].mean() - middle) <= 1
    augment = Augment(enlarge=1.25)
    pairs = PairedFolder(str(tmp_path), str(tmp_path), size=64, augment=augment)
    assert pairs.draw(0, 0)["a"].shape == (64, 64, 3)


def test_downscaling_averages(tmp_path):
    stripes = np.tile(np.array([[0, 255]], np.uint8), (64, 32))
    Image.fromarray(stripes).save(tmp_path / "stripes.png")
    assert abs(only(tmp_path).astype(int) - 127).max() < 16


def test_without_size_the_pixels_of_the_file_are_kept(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    Image.fromarray(pixels).save(tmp_path / "a.png")
    np.testing.assert_array_equal(only(tmp_path, size=None), pixels)


def test_crop_cuts_the_centre_of_the_original(tmp_path):
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[6:14, 11:19] = GREEN
    Image.fromarray(pixels).save(tmp_path / "a.png")
    assert (only(tmp_path, crop=8) == GREEN).all()
    message = refused(tmp_path, crop=21)
    assert "a.png" in message
    assert "crop" in message


def test_palette_grey_cmyk_and_bilevel(tmp_path):
    Image.new("RGB", (8, 8), BLUE).quantize().save(tmp_path / "0.png")
    save(tmp_path / "1.png", 77, mode="L")
    save(tmp_path / "2.jpg", (0, 255, 255, 0), mode="CMYK", quality=100)
    save(tmp_path / "3.png", 1, mode="1")
    images = [example["image"] for example in ImageFolder(str(tmp_path), size=8)]
    for image, color in zip(images, [BLUE, (77, 77, 77), RED, (255, 255, 255)], strict=True):
        assert abs(image.astype(int) - color).max() <= 2


@pytest.mark.parametrize(("mode", "color"), [("RGBA", (255, 0, 0, 0)), ("LA", (0, 0))])
def test_transparency_is_laid_on_white(tmp_path, mode, color):
    save(tmp_path / "a.png", color, mode=mode)
    assert (only(tmp_path) == 255).all()


def test_half_transparent_red_is_pink(tmp_path):
    save(tmp_path / "a.png", (255, 0, 0, 128), mode="RGBA")
    assert abs(only(tmp_path)[0, 0].astype(int) - (255, 127, 127)).max() <= 1


def test_transparent_palette_entry_is_white(tmp_path):
    Image.new("RGB", (8, 8), BLUE).quantize().save(tmp_path / "a.png", transparency=0)
    assert (only(tmp_path) == 255).all()


def test_one_channel(tmp_path):
    save(tmp_path / "a.png", (200, 200, 200))
    image = only(tmp_path, channels=1)
    assert image.shape == (8, 8, 1)
    assert (image == 200).all()


def test_orientation_tag_is_applied(tmp_path):
    pixels = np.zeros((8, 8, 3), np.uint8)
    pixels[:4] = 255
    exif = Image.Exif()
    exif[0x0112] = 6
    Image.fromarray(pixels).save(tmp_path / "a.jpg", exif=exif, quality=100)
    image = only(tmp_path).astype(int)
    assert image[:, 5:].min() > 240
    assert image[:, :3].max() < 15


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_are_refused(tmp_path, channels):
    save_16_bits(tmp_path / "deep.png", channels)
    message = refused(tmp_path)
    assert "deep.png has 16 bits" in message
    assert "convert" in message


@pytest.mark.parametrize("source", [ImageFolder, lambda path: UnpairedFolders(path).a])
def test_a_missing_folder_is_named_with_where_it_was_looked_for(source, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(DataError, match=f"the folder photos.* is missing in {tmp_path}: "):
        len(source("photos"))


def test_missing_folder(tmp_path):
    message = refused(tmp_path / "absent")
    assert "absent" in message
    assert "check the path" in message


def test_folder_without_images(tmp_path):
    (tmp_path / "notes.txt").write_text("no image")
    message = refused(tmp_path)
    assert str(tmp_path) in message
    assert ".png" in message


@pytest.mark.parametrize("content", [b"", b"garbage", b"\x89PNG\r\n\x1a\n"])
def test_unreadable_image(tmp_path, content):
    (tmp_path / "bad.png").write_bytes(content)
    message = refused(tmp_path)
    assert "bad.png cannot be read" in message
    assert "replace or remove" in message


@pytest.mark.parametrize("suffix", ["png", "jpg", "webp", "bmp", "gif", "tif", "ppm"])
def test_truncated_image(tmp_path, suffix):
    path = tmp_path / f"bad.{suffix}"
    noise = np.random.default_rng(0).integers(0, 256, (32, 32, 3), np.uint8)
    Image.fromarray(noise).save(path)
    path.write_bytes(path.read_bytes()[:-200])
    assert f"bad.{suffix} cannot be read" in refused(tmp_path)


def test_link_to_nothing(tmp_path):
    (tmp_path / "gone.png").symlink_to(tmp_path / "absent.png")
    assert "gone.png cannot be read" in refused(tmp_path)


def test_loop_of_links_ends(tmp_path):
    save(tmp_path / "a/1.png")
    (tmp_path / "a/up").symlink_to(tmp_path, target_is_directory=True)
    (tmp_path / "self").symlink_to(tmp_path / "self")
    assert ImageFolder(str(tmp_path)).files == ("a/1.png",)


def test_linked_class_folder_is_read(tmp_path):
    save(tmp_path / "elsewhere/1.png")
    (tmp_path / "set").mkdir()
    (tmp_path / "set/cat").symlink_to(tmp_path / "elsewhere", target_is_directory=True)
    assert ImageFolder(str(tmp_path / "set")).files == ("cat/1.png",)


def test_wrong_number_of_channels():
    with pytest.raises(DataError, match="channels cannot be 2: choose 1 or 3"):
        ImageFolder("any", channels=2)
