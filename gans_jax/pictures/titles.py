"""Names beside the rows and above the columns of a picture."""

import math
from collections.abc import Sequence

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from gans_jax.data.image import from_array, to_array

SIZE, GAP = 12, 4  # pixels of the letters, and between them and the picture


def titled(
    picture: np.ndarray, rows: Sequence[str] = (), columns: Sequence[str] = ()
) -> np.ndarray:
    """Writes names in white on black to a uint8 picture `[h, w, 1 or 3]`.

    Args:
      picture: a grid of equally high rows and equally wide columns.
      rows: the names of all rows, at the left; none without them.
      columns: the names of all columns, above.
    """
    font = ImageFont.load_default(SIZE)
    height, width, _ = picture.shape
    left = max((math.ceil(font.getlength(name)) + 2 * GAP for name in rows), default=0)
    top = SIZE + 2 * GAP if columns else 0
    drawn = from_array(picture)
    whole = Image.new(drawn.mode, (left + width, top + height))
    whole.paste(drawn, (left, top))
    pen, white = ImageDraw.Draw(whole), "white"
    for number, name in enumerate(rows):
        pen.text((GAP, top + height * (number + 0.5) / len(rows)), name, white, font, "lm")
    for number, name in enumerate(columns):
        place = left + width * (number + 0.5) / len(columns), top / 2
        pen.text(place, name, white, font, "mm")
    return to_array(whole)
