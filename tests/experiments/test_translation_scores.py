"""The scores of the experiments on translation, on images whose scores can be told."""

import numpy as np
import pytest
from PIL import Image

from experiments.common import facade_labels, held_out_pairs
from experiments.common import translation_scores as scores
from gans_jax import data, metrics


def noise(*shape):
    return np.random.default_rng(0).uniform(-1, 1, shape).astype(np.float32)


def test_only_the_background_counts():
    before, mask = noise(2, 16, 16, 3), np.zeros((2, 16, 16, 1))
    mask[:, :8] = 1
    after = before.copy()
    after[:, :8] = 0
    assert scores.background_scores(before, after, mask) == {"psnr": np.inf, "ssim": 1.0}
    after[:, 8:] = np.where(before[:, 8:] > 0, before[:, 8:] - 0.2, before[:, 8:] + 0.2)
    found = scores.background_scores(before, after, mask)
    # A difference of 0.2 in a range of 2 is 20 decibels, however large the object is.
    assert found["psnr"] == pytest.approx(20, abs=1e-4)
    assert 0.5 < found["ssim"] < 1


class ByBatch:
    """Subtracts the mean of a batch from its images, as a method that normalises with it does."""

    def translate(self, state, images, key, direction):
        return images - images.mean()


def test_batches_of_a_set_that_is_sorted_are_mixed():
    images = np.arange(100.0)[:, None, None, None]
    made = scores.translated(ByBatch(), None, images, 10)
    means = (images - made).ravel()
    # Ten at a time they would be 4.5, 14.5 and so on; the mean of ten drawn from all is near 50.
    assert np.ptp(means) < 50
    assert means.mean() == pytest.approx(49.5)
    assert [np.sum(np.isclose(means, mean)) for mean in means] == [10] * 100
    again = scores.translated(ByBatch(), None, images, 10, seed=2)
    np.testing.assert_array_equal(made, again)


def test_intersection_over_union_of_masks():
    mask, found = np.zeros((2, 4, 4, 1)), np.zeros((2, 4, 4, 1))
    mask[:, :2], found[0, :, :2], found[1, :2] = 1, 0.9, 0.9
    assert scores.mask_iou(mask, found) == pytest.approx((4 / 12 + 1) / 2)
    assert scores.mask_iou(np.zeros_like(mask), found) == 0


def test_sharpness_is_the_gradient_of_the_mean_of_the_channels():
    ramp = np.linspace(-1, 1, 11)[None, None, :, None] * np.ones((2, 11, 1, 3))
    assert scores.sharpness(ramp) == pytest.approx(0.2)
    assert scores.sharpness(ramp.swapaxes(1, 2)) == pytest.approx(0.2)
    assert scores.sharpness(np.zeros((1, 4, 4, 3))) == 0


def test_label_maps_of_files_are_read_before_they_are_made_small(tmp_path):
    colours = metrics.FACADES.colours
    labels = colours[np.arange(64).reshape(8, 8) % 12]
    Image.fromarray(np.concatenate((np.zeros_like(labels), labels), 1)).save(tmp_path / "1.png")
    pairs = data.PairedFolder(str(tmp_path), direction="b_to_a", size=4)
    truth = facade_labels.true_labels(pairs, "a", 4)
    assert (truth == (np.arange(64).reshape(1, 8, 8) % 12)[:, 1::2, 1::2]).all()
    assert facade_labels.label_scores(truth, truth)["class_iou"] == 1
    assert (facade_labels.read_labels(labels[None]) == np.arange(64).reshape(1, 8, 8) % 12).all()


@pytest.mark.slow
def test_a_network_learns_to_read_photos():
    truth = np.zeros((8, 16, 16), np.uint8)
    truth[:, 8:], truth[::2, :, 8:] = 3, 7
    photos = metrics.FACADES.colours[truth]
    params = facade_labels.train_segmenter(photos, truth)
    assert (facade_labels.read_photos(params, photos, batch_size=5) == truth).mean() > 0.98


def test_held_out_pairs_are_those_of_the_run_without_jitter():
    jittered = data.PairedFolder("none", direction="b_to_a", size=8, augment=data.Augment())
    plain = data.PairedFolder("none", direction="b_to_a", size=8)
    assert jittered != plain
    for source in (jittered, data.Unaligned(jittered)):
        assert held_out_pairs.pairs(source) == plain


def test_a_translation_is_scored_by_its_distance_and_sharpness():
    truth = noise(2, 16, 16, 3)
    assert held_out_pairs.score(truth, truth, None) == "PSNR inf, SSIM 1.000, sharpness 1.000"
    found = held_out_pairs.score(truth / 2, truth, None)
    assert found.endswith("sharpness 0.500")
    assert "pixel_accuracy" in held_out_pairs.score(truth, truth, np.zeros((2, 16, 16), int))
