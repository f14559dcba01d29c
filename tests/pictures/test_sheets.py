import numpy as np
import pytest

from gans_jax.pictures.sheets import LINE, as_rgb, sheet, thinned


def plain(height, width, *values):
    return np.tile(np.float32(values), (height, width, 1))


def test_grey_and_colours():
    np.testing.assert_array_equal(as_rgb(plain(2, 3, 0.2)), np.full((2, 3, 3), 153))
    np.testing.assert_array_equal(as_rgb(plain(1, 1, -1, 1, 0)), [[[0, 255, 128]]])


@pytest.mark.parametrize("channels", [2, 4, 19])
def test_other_numbers_of_channels_are_labels(channels):
    labels = np.arange(channels)
    shown = as_rgb(np.eye(channels, dtype="float32")[None] * 2 - 1)
    assert shown.shape == (1, channels, 3)
    assert shown.dtype == np.uint8
    assert len({tuple(colour) for colour in shown[0]}) == channels
    first_two = as_rgb(np.eye(2, dtype="float32")[None])
    np.testing.assert_array_equal(shown[:, labels < 2], first_two)


def test_images_stand_in_rows_under_their_names():
    rows = [
        {"a": plain(100, 70, -0.2), "b": plain(100, 80, 1, 0, -1)},
        {"a": plain(90, 70, 0.2), "b": plain(60, 50, -1, 0, 1)},
    ]
    picture = sheet(rows)
    assert picture.shape == (LINE + 100 + 2 + 90, 70 + 2 + 80, 3)
    assert min(picture[:LINE, :70].max(), picture[:LINE, 72:].max()) > 200
    body = picture[LINE:]
    assert (body[:100, :70] == 102).all()
    assert (body[102:, :70] == 153).all()
    assert (body[:100, 72:] == (255, 128, 0)).all()
    assert (body[102:162, 72:122] == (0, 128, 255)).all()
    body[:100, :70], body[102:, :70], body[:100, 72:], body[102:162, 72:122] = 0, 0, 0, 0
    assert not body.any()


def test_small_images_are_enlarged_by_a_whole_factor():
    image = np.linspace(-1, 1, 40, dtype="float32").reshape(4, 10, 1)
    picture = sheet([{"a": image, "b": plain(4, 5, 1)}])
    assert picture.shape == (LINE + 4 * 7, 70 + 2 + 35, 3)
    np.testing.assert_array_equal(picture[LINE::7, :70:7], as_rgb(image))
    assert (picture[LINE:, 72:] == 255).all()


@pytest.mark.parametrize(
    ("sides", "step"), [((1024, 3), 1), ((1025, 3), 2), ((1, 60_000), 59), ((3000, 2000), 3)]
)
def test_a_large_image_is_thinned_out(sides, step):
    image = np.arange(np.prod(sides)).reshape(*sides, 1)
    seen = thinned(image)
    assert max(seen.shape) <= 1024
    np.testing.assert_array_equal(seen, image[::step, ::step])


def test_a_long_strip_is_not_enlarged_beyond_the_memory():
    assert sheet([{"a": plain(60_000, 1, 0)}]).shape[0] == LINE + 60_000
    assert sheet([{"a": plain(1000, 1, 0)}]).shape[0] == LINE + 4000


def test_a_column_is_as_wide_as_its_name():
    long = "how the translation changes"
    picture = sheet([{long: plain(64, 64, 0), "b": plain(64, 64, 1)}])
    first = picture[LINE:].max(axis=(0, 2)).argmin()
    assert first == 64
    assert picture.shape[1] > 100 + 64
    assert not picture[:LINE, -66:-64].any()


def test_many_rows_of_few_images_stand_beside_each_other():
    rows = [{"a": plain(64, 64, i / 8 - 1), "b": plain(64, 64, 1)} for i in range(7)]
    picture = sheet(rows)  # in two blocks, for 7 / 2 is nearer to 4 than to 1
    assert picture.shape == (LINE + 4 * 64 + 3 * 2, 2 * 130 + 12, 3)
    for i in range(7):
        y, x = LINE + 66 * (i % 4), 142 * (i // 4)
        assert (picture[y : y + 64, x : x + 64] == as_rgb(rows[i]["a"])).all()
    assert not picture[-64:, 142:].any()
