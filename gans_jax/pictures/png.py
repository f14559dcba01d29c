"""Pictures as PNG, GIF and MP4 files."""

import io
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from gans_jax.core import files
from gans_jax.data.image import from_array


def to_png(picture: np.ndarray) -> bytes:
    """Encodes a uint8 picture `[h, w, 1 or 3]` as the content of a PNG file."""
    content = io.BytesIO()
    from_array(picture).save(content, "PNG")
    return content.getvalue()


def save(path: Path, picture: np.ndarray) -> None:
    """Writes a uint8 picture `[h, w, 1 or 3]` as a PNG file, as a whole or not at all."""
    files.write(path, to_png(picture))


def enlarged(picture: np.ndarray, side: int) -> np.ndarray:
    """Repeats the pixels of a small picture as often as its longer side fits into `side`."""
    times = max(1, side // max(picture.shape[:2]))
    return picture.repeat(times, axis=0).repeat(times, axis=1)


def save_moving(path: Path, frames: Sequence[np.ndarray], seconds: float) -> None:
    """Writes uint8 pictures of one shape as a file that shows them there and back.

    Args:
      path: the file, which is written as a whole or not at all: a GIF file, which goes on for ever,
        or with the suffix .mp4 a film, which needs the package imageio-ffmpeg.
      frames: the pictures `[h, w, 1 or 3]`.
      seconds: how long each is shown.
    """
    both_ways = [*frames, *frames[-2:0:-1]]
    film = path.suffix == ".mp4"
    files.write(path, _mp4(both_ways, seconds) if film else _gif(both_ways, seconds))


def _gif(frames: Sequence[np.ndarray], seconds: float) -> bytes:
    first, *others = map(from_array, frames)
    content, duration = io.BytesIO(), round(1000 * seconds)
    first.save(content, "GIF", save_all=True, append_images=others, duration=duration, loop=0)
    return content.getvalue()


def _mp4(frames: Sequence[np.ndarray], seconds: float) -> bytes:
    import imageio_ffmpeg  # an extra

    # The format halves the resolution of colours, so that both sides must be even.
    height, width, channels = frames[0].shape
    even = ((0, height % 2), (0, width % 2), (0, 0))
    colours = np.stack([np.pad(frame, even).repeat(3 // channels, axis=2) for frame in frames])
    size = f"{colours.shape[2]}x{colours.shape[1]}"
    pixels = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", size, "-r", str(1 / seconds), "-i", "-"]
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder, "film.mp4")
        words = [imageio_ffmpeg.get_ffmpeg_exe(), *pixels, "-pix_fmt", "yuv420p", str(file)]
        subprocess.run(words, input=colours.tobytes(), capture_output=True, check=True)
        return file.read_bytes()
