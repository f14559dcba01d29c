"""Image files for the tests of pairs."""

import numpy as np
from PIL import Image


def noise(seed, height=12, width=12):
    return np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


def negative(image):
    return 255 - image
