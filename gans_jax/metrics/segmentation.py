"""Scores of label maps, such as the FCN score: how well photos are translated to labels, or back.

For labels to photos, pix2pix (Isola et al. 2017, arXiv:1611.07004, section 4.1) runs a segmentation
network on the photo. For photos to labels, `label_map` reads the colours of the output.
"""

import dataclasses
from collections.abc import Mapping

import numpy as np

IGNORED = 255


@dataclasses.dataclass(frozen=True)
class Palette:
    """The colours of label maps, as RGB in 0..255.

    Attributes:
      classes: the colour of each class, in the order of the classes' indices.
      ignored: the colours of pixels without a class.
    """

    classes: Mapping[str, tuple[int, int, int]]
    ignored: tuple[tuple[int, int, int], ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.classes)

    @property
    def colours(self) -> np.ndarray:
        """The colours of the classes, uint8 `[classes, 3]`."""
        return np.array(list(self.classes.values()), np.uint8)


# CMP Facade Database (Tylecek & Sara 2013), as pix2pix paints it: every fifth colour of MATLAB's
# jet(64) from the sixth on. Flat regions of its JPEG files are within 8 levels of these colours. A
# blurred edge between two classes can be nearest to the colour of a third.
FACADES = Palette(
    {
        "background": (0, 0, 223),
        "facade": (0, 48, 255),
        "window": (0, 128, 255),
        "door": (0, 207, 255),
        "cornice": (32, 255, 223),
        "sill": (112, 255, 143),
        "balcony": (191, 255, 64),
        "blind": (255, 239, 0),
        "deco": (255, 159, 0),
        "molding": (255, 80, 0),
        "pillar": (255, 0, 0),
        "shop": (175, 0, 0),
    }
)

# The 19 classes of Cityscapes' benchmark (Cordts et al. 2016) by train id, and the colours of the
# classes that it does not score, from `cityscapesscripts/helpers/labels.py`.
CITYSCAPES = Palette(
    {
        "road": (128, 64, 128),
        "sidewalk": (244, 35, 232),
        "building": (70, 70, 70),
        "wall": (102, 102, 156),
        "fence": (190, 153, 153),
        "pole": (153, 153, 153),
        "traffic light": (250, 170, 30),
        "traffic sign": (220, 220, 0),
        "vegetation": (107, 142, 35),
        "terrain": (152, 251, 152),
        "sky": (70, 130, 180),
        "person": (220, 20, 60),
        "rider": (255, 0, 0),
        "car": (0, 0, 142),
        "truck": (0, 0, 70),
        "bus": (0, 60, 100),
        "train": (0, 80, 100),
        "motorcycle": (0, 0, 230),
        "bicycle": (119, 11, 32),
    },
    ignored=(
        (0, 0, 0),
        (111, 74, 0),
        (81, 0, 81),
        (250, 170, 160),
        (230, 150, 140),
        (180, 165, 180),
        (150, 100, 100),
        (150, 120, 90),
        (0, 0, 90),
        (0, 0, 110),
    ),
)


def label_map(images: np.ndarray, palette: Palette, *, ignore: bool) -> np.ndarray:
    """Returns the class of each pixel, by the nearest colour (Euclidean distance in RGB).

    Args:
      images: `[n, h, w, 3]`, uint8, or float in [-1, 1].
      palette: the colours of the classes.
      ignore: True for the ground truth: a pixel nearest to one of `palette.ignored` becomes 255.
        False for predictions: every pixel gets a class.

    Returns:
      uint8 `[n, h, w]`.

    Raises:
      ValueError: if the images are not RGB.
    """
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[3] != 3:
        raise ValueError(f"label maps are read from RGB images [n, h, w, 3], not {images.shape}")
    pixels = images.astype(np.float32)
    if images.dtype != np.uint8:
        pixels = (pixels + 1) * 127.5
    colours, classes = palette.colours, np.arange(len(palette.names))
    if ignore and palette.ignored:
        colours = np.concatenate([colours, np.array(palette.ignored, np.uint8)])
        classes = np.append(classes, np.full(len(palette.ignored), IGNORED))
    nearest = np.zeros(images.shape[:3], np.uint8)
    smallest = np.full(images.shape[:3], np.inf, np.float32)
    # One colour after another, because all at once would need `classes` times the images' memory.
    for colour, index in zip(colours, classes, strict=True):
        distance = np.square(pixels - colour).sum(axis=3)
        nearest[distance < smallest] = index
        smallest = np.minimum(distance, smallest)
    return nearest


def confusion_matrix(truth: np.ndarray, predicted: np.ndarray, classes: int) -> np.ndarray:
    """Counts the pixels of each true class (rows) for which each class (columns) was predicted.

    The matrix of a whole set is the sum of the matrices of its batches.

    Args:
      truth: integers of any shape, from 0 to classes - 1, or 255 for a pixel that does not count.
      predicted: integers of the same shape, from 0 to classes - 1.
      classes: the number of classes.

    Returns:
      int64 `[classes, classes]`.

    Raises:
      ValueError: if the shapes differ or a label is out of range.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    if truth.shape != predicted.shape:
        raise ValueError(
            f"label maps of shape {truth.shape} and {predicted.shape} cannot be compared: "
            "resize the images before reading them"
        )
    counted = truth != IGNORED
    truth, predicted = truth[counted].astype(np.int64), predicted[counted].astype(np.int64)
    for name, labels in (("true", truth), ("predicted", predicted)):
        if labels.size and (labels.min() < 0 or labels.max() >= classes):
            raise ValueError(
                f"{name} labels run from {labels.min()} to {labels.max()}, but there are {classes} "
                "classes: read predictions with ignore=False, and mark what has no class as 255"
            )
    counts = np.bincount(classes * truth + predicted, minlength=classes**2)
    return counts.reshape(classes, classes)


def segmentation_scores(confusion: np.ndarray) -> dict[str, float]:
    """Returns scores of a confusion matrix `[classes, classes]`, each in [0, 1].

    The papers' script adds 1e-12 to the denominators instead of leaving classes out, so that a
    class that never occurs counts as 0. On the whole of Cityscapes every class occurs.

    Returns:
      `pixel_accuracy`, the share of right pixels; `class_accuracy`, the mean of this share over the
      classes that occur in the truth; `class_iou`, the mean intersection over union of the classes
      that occur in the truth or the prediction.

    Raises:
      ValueError: if the matrix is empty.
    """
    confusion = np.asarray(confusion, np.float64)
    hits, true, predicted = np.diagonal(confusion), confusion.sum(axis=1), confusion.sum(axis=0)
    if not confusion.sum():
        raise ValueError("the confusion matrix counts no pixel: give it label maps that have some")
    union, occurs = true + predicted - hits, true > 0
    return {
        "pixel_accuracy": float(hits.sum() / confusion.sum()),
        "class_accuracy": float((hits[occurs] / true[occurs]).mean()),
        "class_iou": float((hits[union > 0] / union[union > 0]).mean()),
    }
