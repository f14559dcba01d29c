"""Folders of pairs of images."""

import numpy as np
import pytest

from tests.support.pairs import negative, noise, save


@pytest.fixture
def beside(tmp_path):
    """Seven files whose right half is the left one's negative."""
    for i in range(7):
        left = noise(i)
        save(tmp_path / f"{i}.png", np.concatenate([left, negative(left)], axis=1))
    return str(tmp_path)


@pytest.fixture
def apart(tmp_path):
    """The same in two folders of different suffixes."""
    for i in range(7):
        save(tmp_path / f"A/x/{i}.png", noise(i))
        save(tmp_path / f"B/x/{i}.bmp", negative(noise(i)))
    return str(tmp_path / "A"), str(tmp_path / "B")
