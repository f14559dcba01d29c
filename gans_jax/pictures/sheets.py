"""Contact sheets: rows of images that belong together, each column under its name."""

import colorsys
import math
from collections.abc import Mapping, Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gans_jax.data.image import to_uint8

MARGIN, GAP, LINE = 2, 12, 14
NARROWEST, HIGHEST, LONGEST = 64, 4096, 1024
GOLDEN = 0.618034


def as_rgb(image: np.ndarray) -> np.ndarray:
    """Colours a float image `[h, w, c]` in [-1, 1], as uint8 `[h, w, 3]`.

    One channel is grey, three are RGB. With any other number the image is a map of labels: each
    pixel gets the colour of its largest channel, and the hue depends on the channel's number alone.
    """
    channels = image.shape[-1]
    if channels in (1, 3):
        return np.broadcast_to(to_uint8(image), (*image.shape[:2], 3))
    hues = [colorsys.hsv_to_rgb(i * GOLDEN % 1, 0.75, 0.95) for i in range(channels)]
    return np.rint(255 * np.array(hues)).astype(np.uint8)[image.argmax(-1)]


def thinned(image: np.ndarray) -> np.ndarray:
    """Returns every k-th pixel of an image `[h, w, c]`, so that no side is longer than 1024."""
    step = -(-max(image.shape[:2]) // LONGEST)
    return image[::step, ::step].copy()  # a view would keep the whole image in memory


def sheet(rows: Sequence[Mapping[str, np.ndarray]]) -> np.ndarray:
    """Lays rows of float images `[h, w, c]` in [-1, 1] out in one uint8 picture `[H, W, 3]`.

    The images of a row have names, which are the same in all rows and head the columns. Sizes and
    channels may differ. If the widest image has fewer than 64 pixels, all are enlarged by a whole
    factor, which makes no image higher than 4096 pixels. Many rows of few images are put side by
    side in several blocks.
    """
    cells = [{name: as_rgb(np.asarray(image)) for name, image in row.items()} for row in rows]
    height, width = (max(c.shape[side] for row in cells for c in row.values()) for side in (0, 1))
    factor = min(-(-NARROWEST // width), max(1, HIGHEST // height))
    length = math.ceil(len(rows) / max(1, round(math.sqrt(len(rows) / len(rows[0])))))
    blocks = [_block(cells[i : i + length], factor) for i in range(0, len(rows), length)]
    height = max(block.shape[0] for block in blocks)
    below = [((0, height - block.shape[0]), (0, GAP), (0, 0)) for block in blocks]
    return np.concatenate(list(map(np.pad, blocks, below)), axis=1)[:, :-GAP]


def _block(rows: Sequence[Mapping[str, np.ndarray]], factor: int) -> np.ndarray:
    cells = [[c.repeat(factor, 0).repeat(factor, 1) for c in row.values()] for row in rows]
    heights = [max(cell.shape[0] for cell in row) for row in cells]
    font = ImageFont.load_default(10)
    texts = [math.ceil(font.getlength(name)) + 2 for name in rows[0]]
    columns = zip(texts, *cells, strict=True)
    widths = [max(text, *(cell.shape[1] for cell in column)) for text, *column in columns]
    picture = Image.new("RGB", (_total(widths), LINE + _total(heights)))
    pen = ImageDraw.Draw(picture)
    for name, x in zip(rows[0], _starts(widths), strict=True):
        pen.text((x + 1, 0), name, "white", font)
    for row, y in zip(cells, _starts(heights), strict=True):
        for cell, x in zip(row, _starts(widths), strict=True):
            picture.paste(Image.fromarray(np.ascontiguousarray(cell)), (x, LINE + y))
    return np.array(picture)


def _total(sides: Sequence[int]) -> int:
    return sum(sides) + MARGIN * (len(sides) - 1)


def _starts(sides: Sequence[int]) -> list[int]:
    return [_total(sides[: i + 1]) - side for i, side in enumerate(sides)]
