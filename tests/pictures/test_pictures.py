import numpy as np
import pytest
from PIL import Image

from gans_jax import pictures
from gans_jax.data import GaussianRing
from gans_jax.data.image import to_uint8
from gans_jax.pictures import theme


def test_values_are_rounded_and_clipped():
    values = np.array([-1.5, -1, -0.999, 0, 0.5, 1, 7], np.float32)
    # (x + 1) * 127.5 is 0.1275, 127.5 and 191.25; half goes to the even neighbour.
    np.testing.assert_array_equal(to_uint8(values), [0, 0, 0, 128, 191, 255, 255])


def test_grid_goes_row_by_row():
    images = np.linspace(-1, 1, 3)[:, None, None, None] * np.ones((3, 1, 2, 1))
    wanted = [
        [0, 0, 0, 0, 128, 128],
        [0, 0, 0, 0, 0, 0],
        [0, 0, 0, 0, 0, 0],
        [255, 255, 0, 0, 0, 0],
    ]
    np.testing.assert_array_equal(pictures.grid(images)[..., 0], wanted)
    assert pictures.grid(images, columns=3).shape == (1, 10, 1)


def test_sixty_four_images_are_eight_by_eight():
    picture = pictures.grid(np.zeros((64, 5, 4, 3)))
    assert picture.shape == (8 * 5 + 7 * 2, 8 * 4 + 7 * 2, 3)


@pytest.mark.parametrize("shape", [(4, 8, 8, 2), (4, 8, 8), (4, 2)])
def test_a_grid_of_something_else_is_refused(shape):
    with pytest.raises(ValueError, match="a grid shows grey or RGB images"):
        pictures.grid(np.zeros(shape))


@pytest.mark.parametrize(("channels", "mode"), [(1, "L"), (3, "RGB")])
def test_png_files_hold_the_picture(tmp_path, channels, mode):
    picture = np.arange(24 * channels, dtype=np.uint8).reshape(4, 6, channels)
    pictures.save(tmp_path / "a.png", picture)
    with Image.open(tmp_path / "a.png") as image:
        assert image.mode == mode
        np.testing.assert_array_equal(np.asarray(image).reshape(picture.shape), picture)


@pytest.mark.parametrize("axes", [1, 2, 3])
def test_points_are_plotted(axes):
    real = np.random.default_rng(0).normal(size=(50, axes))
    near, far = pictures.points(real, real), pictures.points(real * 0, real)
    assert near.shape == (480, 480, 3)
    assert near.dtype == np.uint8
    assert (near != far).any()


def test_what_is_drawn_follows_from_the_examples():
    source = GaussianRing(num=100)
    images = np.zeros((4, 3, 3, 1))
    np.testing.assert_array_equal(pictures.draw(images, source), pictures.grid(images))
    points = np.ones((20, 2))
    wanted = pictures.points(points, source.arrays["image"][:20])
    np.testing.assert_array_equal(pictures.draw(points, source), wanted)


def test_names_with_dollars_are_not_mathematics():
    figure = theme.figure(2, 1)
    axes = figure.add_subplot()
    theme.curve(axes, np.arange(3), np.arange(3), theme.COLOURS[0], "$x_$")
    axes.set_title(theme.plain("$x_$"))
    axes.legend()
    assert theme.to_array(figure).shape == (100, 200, 3)
    assert b"$x_$" in theme.to_svg(figure)


def test_many_values_are_shown_by_their_moving_average():
    axes = theme.figure(2, 1).add_subplot()
    x = np.arange(100.0)
    theme.curve(axes, x, x % 2, theme.COLOURS[0], "loss")
    values, average = axes.lines
    np.testing.assert_array_equal(values.get_ydata(), x % 2)
    np.testing.assert_array_equal(average.get_ydata(), np.full(99, 0.5))
    np.testing.assert_array_equal(average.get_xdata(), x[1:])
