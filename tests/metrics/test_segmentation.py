import numpy as np
import pytest
from scipy.spatial.distance import cdist
from sklearn import metrics

from gans_jax.metrics import CITYSCAPES, FACADES, confusion_matrix, label_map, segmentation_scores

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("palette", [FACADES, CITYSCAPES])
def test_reads_noisy_colours(palette):
    labels = RNG.integers(0, len(palette.names), (2, 9, 7))
    noise = RNG.integers(-6, 7, (2, 9, 7, 3))
    images = (palette.colours[labels].astype(int) + noise).clip(0, 255).astype(np.uint8)
    np.testing.assert_array_equal(label_map(images, palette, ignore=False), labels)
    np.testing.assert_array_equal(label_map(images / 127.5 - 1, palette, ignore=False), labels)


def test_reads_any_colour_as_the_nearest():
    images = RNG.integers(0, 256, (2, 20, 20, 3), np.uint8)
    nearest = cdist(images.reshape(-1, 3), CITYSCAPES.colours).argmin(axis=1)
    labels = label_map(images, CITYSCAPES, ignore=False)
    np.testing.assert_array_equal(labels.ravel(), nearest)


def test_palettes():
    assert len(FACADES.names) == 12
    assert len(CITYSCAPES.names) == 19
    assert FACADES.colours[FACADES.names.index("window")].tolist() == [0, 128, 255]
    jet = lambda i: np.clip(1.5 - np.abs(4 * i / 64 - np.array([3, 2, 1])), 0, 1)
    table = np.round(255 * np.array([jet(i) for i in range(6, 62, 5)]))
    np.testing.assert_allclose(FACADES.colours, table, atol=1)


def test_ignored_colours_belong_to_the_truth_alone():
    images = np.array([[[[0, 0, 0], [81, 0, 81], [128, 64, 128]]]], np.uint8)
    assert label_map(images, CITYSCAPES, ignore=True).tolist() == [[[255, 255, 0]]]
    assert label_map(images, CITYSCAPES, ignore=False).max() < 19


def test_confusion_matrix_by_hand():
    truth = np.array([[0, 0, 1], [2, 255, 1]])
    predicted = np.array([[0, 1, 1], [0, 2, 1]])
    confusion = confusion_matrix(truth, predicted, classes=4)
    assert confusion.tolist() == [[1, 1, 0, 0], [0, 2, 0, 0], [1, 0, 0, 0], [0, 0, 0, 0]]
    scores = segmentation_scores(confusion)
    assert scores["pixel_accuracy"] == pytest.approx(3 / 5)
    assert scores["class_accuracy"] == pytest.approx((1 / 2 + 1 + 0) / 3)
    assert scores["class_iou"] == pytest.approx((1 / 3 + 2 / 3 + 0) / 3)


def test_agrees_with_scikit_learn():
    truth, predicted = RNG.integers(0, 6, (2, 4, 8, 8))
    scores = segmentation_scores(confusion_matrix(truth, predicted, classes=6))
    truth, predicted = truth.ravel(), predicted.ravel()
    assert scores == pytest.approx(
        {
            "pixel_accuracy": metrics.accuracy_score(truth, predicted),
            "class_accuracy": metrics.balanced_accuracy_score(truth, predicted),
            "class_iou": metrics.jaccard_score(truth, predicted, average="macro"),
        }
    )


def test_truth_against_itself_is_perfect():
    truth = label_map(RNG.integers(0, 256, (3, 8, 8, 3), np.uint8), CITYSCAPES, ignore=True)
    scores = segmentation_scores(confusion_matrix(truth, truth, classes=19))
    assert set(scores.values()) == {1.0}


def test_batches_add_up():
    truth, predicted = RNG.integers(0, 5, (2, 13, 4, 4))
    whole = confusion_matrix(truth, predicted, classes=5)
    for size in (1, 7, 64):
        parts = [
            confusion_matrix(truth[i : i + size], predicted[i : i + size], classes=5)
            for i in range(0, 13, size)
        ]
        np.testing.assert_array_equal(sum(parts), whole)


def test_refuses_what_cannot_be_compared():
    labels = np.zeros((2, 4, 4), int)
    with pytest.raises(ValueError, match="resize the images"):
        confusion_matrix(labels, labels[:, :2], classes=3)
    with pytest.raises(ValueError, match="predicted labels run from 255 to 255"):
        confusion_matrix(labels, labels + 255, classes=3)
    with pytest.raises(ValueError, match="true labels run from 3 to 3"):
        confusion_matrix(labels + 3, labels, classes=3)
    with pytest.raises(ValueError, match="counts no pixel"):
        segmentation_scores(np.zeros((3, 3)))
    with pytest.raises(ValueError, match="RGB"):
        label_map(np.zeros((2, 4, 4, 1)), FACADES, ignore=False)
