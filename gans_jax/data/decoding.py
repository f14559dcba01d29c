"""Image files: which of them are read, and the pixels that are in them."""

import contextlib
import errno
import io
import re
import struct
from pathlib import Path

from PIL import Image, PpmImagePlugin, TiffImagePlugin, UnidentifiedImageError

from gans_jax.core import files
from gans_jax.data.skipping import BadExample
from gans_jax.data.source import DataError, shown

# Each of these formats begins with a mark of its own, so that no garbage passes for pixels, tells
# its bits per channel, and is read by every build of Pillow, so that all hosts list the same files.
# For none of them Pillow starts another program, as it does for PostScript.
FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "PPM")
SUFFIXES = (
    *(".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif"),
    *(".tif", ".tiff", ".ppm", ".pgm", ".pbm", ".pnm"),
)
PNG_MAGIC, JPEG_MAGIC = b"\x89PNG\r\n\x1a\n", b"\xff\xd8"
PNG_BIT_DEPTH = 24
MOST_BYTES = 2**30  # an image of as many pixels as Pillow reads has fewer
BITS_PER_SAMPLE, ORIENTATION = 258, 274
TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
FIRST_QUARTER_TURN = 5
# The system's errors that stay with a file on every host. Another may be gone the next time.
LASTING = (None, errno.ENOENT, errno.ELOOP, errno.EISDIR, errno.EINVAL, errno.ENXIO, errno.EFBIG)

_EXIF_IN_JPEG = re.compile(rb"\xff\xe1(?=(..)(Exif\0\0))", re.DOTALL)
_ORIENTATION_IN_XMP = re.compile(rb'tiff:Orientation(?:="|>)([1-8])')
_WHOLE_NUMBERS = {1: "B", 3: "H", 4: "I", 6: "b", 8: "h", 9: "i"}  # by their type in EXIF


def decode(path: Path, channels: int) -> Image.Image:
    """Returns the upright image in a file: grey (1 channel), RGB (3) or RGB with transparency (4).

    Transparent pixels are laid on white unless there are 4 channels.

    Raises:
      BadExample: if the file holds anything but an image of at most 8 bits per channel.
      DataError: if the system fails to read the file.
    """
    try:
        image = _opened(path)
        image.load()
        turn = TURNS.get(_orientation(image))
        upright = image if turn is None else image.transpose(turn)
        if channels == 4:
            return upright.convert("RGBA")
        if upright.has_transparency_data:
            white = Image.new("RGBA", upright.size, "white")
            upright = Image.alpha_composite(white, upright.convert("RGBA"))
        mode = "L" if channels == 1 else "RGB"
        return upright if upright.mode == mode else upright.convert(mode)
    except DataError:
        raise
    except Exception as error:  # damage makes Pillow raise nearly anything
        raise _named(path, error) from error


def size_and_mode(path: Path) -> tuple[tuple[int, int], str]:
    """Returns the width and height of the upright image in a file, and Pillow's mode of it.

    Raises:
      DataError: as `decode` does, as far as the head of the file tells.
    """
    try:
        image = _opened(path)
        if image.format in ("PNG", "TIFF"):
            # EXIF may come after the pixels in a PNG file, and loading turns a TIFF file.
            image.load()
        width, height = image.size
        turned = _orientation(image) >= FIRST_QUARTER_TURN
        return (height, width) if turned else (width, height), image.mode
    except DataError:
        raise
    except Exception as error:
        raise _named(path, error) from error


def _opened(path: Path) -> Image.Image:
    """Opens an image of at most 8 bits per channel, of whose EXIF block Pillow has read nothing."""
    content = files.read(path, MOST_BYTES)
    if content.startswith(JPEG_MAGIC):
        image = _open_jpeg(content)
    else:
        image = Image.open(io.BytesIO(content), formats=FORMATS)
    is_png = content.startswith(PNG_MAGIC)
    bits = content[PNG_BIT_DEPTH] if is_png else _bits(image)
    if bits > 8:
        name = shown(path)
        raise BadExample(f"{name} has {bits} bits per channel: convert it to 8 bits first")
    return image


def _named(path: Path, error: Exception) -> DataError:
    """Returns the error that names an image file for what reading it has raised."""
    if isinstance(error, MemoryError):
        return DataError(f"{shown(path)} cannot be read: the memory does not suffice")
    reason = str(error) or type(error).__name__
    if isinstance(error, UnidentifiedImageError):
        reason = f"it is not a whole {', '.join(FORMATS[:-1])} or {FORMATS[-1]} file"
    elif isinstance(error, OSError) and error.strerror:
        reason = error.strerror
    text = f"{shown(path)} cannot be read ({shown(reason)})"
    if isinstance(error, OSError) and error.errno not in LASTING:
        return DataError(f"{text}, which may be no fault of the image: try again")
    return BadExample(f"{text}: replace or remove it")


def _open_jpeg(content: bytes) -> Image.Image:
    """Opens a JPEG file with its EXIF block hidden, and puts the block into `info`.

    Pillow would look for a resolution in it, and refuse the image if that makes no sense.
    """
    image = Image.open(io.BytesIO(_EXIF_IN_JPEG.sub(b"\xff\xef", content)), formats=["JPEG"])
    if found := _EXIF_IN_JPEG.search(content):
        image.info["exif"] = content[found.start(2) :][: int.from_bytes(found[1]) - 2]
    return image


def _bits(image: Image.Image) -> int:
    """Returns the bits per channel of an image that is no PNG, as its file has them."""
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        return max(image.tag_v2.get(BITS_PER_SAMPLE, (1,)))
    if image.mode in ("I", "F"):  # of a PPM file
        return 16 if image.mode == "I" else 32
    if isinstance(image, PpmImagePlugin.PpmImageFile):
        arguments = image.tile[0][3]  # with the largest level, unless it is 255
        return int(arguments[1]).bit_length() if isinstance(arguments, tuple) else 8
    return 8


def _orientation(image: Image.Image) -> int:
    """Returns the orientation of an image by EXIF or XMP; 1 if there is none or it makes no sense.

    Nothing else in these blocks is read, so that no other tag can make the image unreadable.
    """
    block = image.info.get("exif")
    if not isinstance(block, bytes):
        profile = str(image.info.get("Raw profile type exif", ""))
        with contextlib.suppress(ValueError):
            block = bytes.fromhex("".join(profile.split("\n")[3:]))
    if isinstance(block, bytes) and (value := _orientation_in(block)) in (1, *TURNS):
        return value
    for name in ("XML:com.adobe.xmp", "xmp"):
        text = image.info.get(name, b"")
        text = text if isinstance(text, bytes) else str(text).encode(errors="replace")
        if found := _ORIENTATION_IN_XMP.search(text):
            return int(found[1])
    return 1


def _orientation_in(block: bytes) -> int:
    """Returns the value of the tag Orientation in an EXIF block, 0 without one."""
    block = block.removeprefix(b"Exif\0\0").removeprefix(b"Exif\0\0")
    order = {b"II": "<", b"MM": ">"}.get(block[:2], "<")
    try:
        (start,) = struct.unpack_from(f"{order}I", block, 4)
        (count,) = struct.unpack_from(f"{order}H", block, start)
        for place in range(start + 2, start + 2 + 12 * count, 12):
            tag, kind, number = struct.unpack_from(f"{order}HHI", block, place)
            if tag == ORIENTATION and number == 1 and kind in _WHOLE_NUMBERS:
                return int(struct.unpack_from(order + _WHOLE_NUMBERS[kind], block, place + 8)[0])
    except struct.error:
        pass  # the block ends too early
    return 0
