import os
import sys
from xml.etree import ElementTree

import matplotlib
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


def plot(label="loss"):
    """Draws a small plot as an array and as SVG."""
    with theme.figure(2, 1) as figure:
        axes = figure.add_subplot()
        theme.style(axes)
        theme.curve(axes, np.arange(3), 1e6 * np.arange(3), theme.COLOURS[0], label)
        axes.set_title(theme.plain(label))
        axes.legend()
        return theme.to_array(figure), theme.to_svg(figure)


def test_names_with_dollars_are_not_mathematics():
    array, svg = plot("$x_$")
    assert array.shape == (100, 200, 3)
    assert b"$x_$" in svg


@pytest.mark.parametrize(
    "name", ["a\\$b\\$", "$", "x_", "\udcff", "\x01\x7f", "a\nb", "--", "%s {x}"]
)
def test_any_name_can_be_drawn(name):
    _, svg = plot(name)
    ElementTree.fromstring(svg)


def test_the_settings_of_a_user_change_no_plot():
    array, svg = plot()
    foreign = {
        "text.usetex": True,
        "axes.formatter.use_mathtext": True,
        "font.size": 30,
        "font.family": "no such font",
        "figure.facecolor": "black",
        "savefig.transparent": True,
        "svg.fonttype": "none",
    }
    with matplotlib.rc_context(foreign):
        changed, changed_svg = plot()
        assert matplotlib.rcParams["text.usetex"]
    np.testing.assert_array_equal(changed, array)
    assert changed_svg == svg


@pytest.fixture
def fresh_matplotlib():
    """Lets Matplotlib be imported as in a new process, and puts it back."""
    loaded = {name: sys.modules.pop(name) for name in [*sys.modules] if _is_matplotlib(name)}
    theme._matplotlib.cache_clear()
    yield
    for name in [*sys.modules]:
        if _is_matplotlib(name):
            del sys.modules[name]
    sys.modules.update(loaded)
    theme._matplotlib.cache_clear()


def _is_matplotlib(name):
    return name.partition(".")[0] in ("matplotlib", "mpl_toolkits")


@pytest.mark.parametrize("backend", ["module://matplotlib_inline.backend_inline", "no such one"])
def test_any_backend_may_be_set(fresh_matplotlib, monkeypatch, backend):
    monkeypatch.setenv("MPLBACKEND", backend)
    array, _ = plot()
    assert array.shape == (100, 200, 3)
    assert os.environ["MPLBACKEND"] == backend
    assert "matplotlib.pyplot" not in sys.modules


@pytest.mark.parametrize("content", [b"\xff", b"text.usetex: True\nno such: 3\nbackend: x\n"])
@pytest.mark.parametrize("by", ["folder", "variable"])
def test_any_file_of_settings_may_be_there(fresh_matplotlib, monkeypatch, tmp_path, by, content):
    (tmp_path / "matplotlibrc").write_bytes(content)
    if by == "folder":
        monkeypatch.chdir(tmp_path)
    else:
        monkeypatch.setenv("MATPLOTLIBRC", str(tmp_path / "matplotlibrc"))
    here = os.getcwd()
    array, _ = plot()
    assert array.shape == (100, 200, 3)
    assert os.getcwd() == here


def test_the_folder_of_matplotlib_may_be_unwritable(fresh_matplotlib, monkeypatch):
    monkeypatch.setenv("MPLCONFIGDIR", "/dev/null/matplotlib")
    array, _ = plot()
    assert array.shape == (100, 200, 3)


def test_many_values_are_shown_by_their_moving_average():
    x = np.arange(100.0)
    with theme.figure(2, 1) as figure:
        axes = figure.add_subplot()
        theme.curve(axes, x, x % 2, theme.COLOURS[0], "loss")
    values, average = axes.lines
    np.testing.assert_array_equal(values.get_ydata(), x % 2)
    np.testing.assert_array_equal(average.get_ydata(), np.full(99, 0.5))
    np.testing.assert_array_equal(average.get_xdata(), x[1:])


@pytest.mark.parametrize("channels", [1, 3])
def test_names_stand_beside_rows_and_above_columns(channels):
    picture = np.full((100, 90, channels), 200, np.uint8)
    found = pictures.titled(picture, rows=["first", "a longer name"], columns=["left", "", "right"])
    left, top = found.shape[1] - 90, found.shape[0] - 100
    np.testing.assert_array_equal(found[top:, left:], picture)
    named = [found[top : top + 50, :left].any(), found[top + 50 :, :left].any()]
    above = [found[:top, left + 30 * i : left + 30 * (i + 1)].any() for i in range(3)]
    assert named == [True, True]
    assert above == [True, False, True]
    np.testing.assert_array_equal(pictures.titled(picture), picture)
