import numpy as np
import pytest
from skimage.metrics import peak_signal_noise_ratio, structural_similarity

from gans_jax.metrics import adjacent_ms_ssim, ms_ssim, ms_ssim_name, psnr, ssim

RNG = np.random.default_rng(0)


def _pair(n: int, h: int, w: int, c: int) -> tuple[np.ndarray, np.ndarray]:
    """Smooth images in [-1, 1], and noisy copies with another brightness."""
    x = np.sin(np.cumsum(RNG.uniform(0, 1, (n, h, w, c)), axis=2))
    return x, (0.8 * x + 0.1 + RNG.normal(0, 0.1, x.shape)).clip(-1, 1)


@pytest.mark.parametrize(("shape", "data_range"), [((3, 16, 21, 1), 2), ((2, 11, 13, 3), 255)])
def test_agrees_with_scikit_image(shape, data_range):
    x, y = _pair(*shape)
    if data_range == 255:
        x, y = (np.round((a + 1) * 127.5).astype(np.uint8) for a in (x, y))
    settings = {"gaussian_weights": True, "sigma": 1.5, "use_sample_covariance": False}
    for i in range(len(x)):
        expected = structural_similarity(
            x[i], y[i], data_range=data_range, channel_axis=-1, **settings
        )
        assert ssim(x, y, data_range=data_range)[i] == pytest.approx(expected, rel=1e-12)
        expected = peak_signal_noise_ratio(x[i], y[i], data_range=data_range)
        assert psnr(x, y, data_range=data_range)[i] == pytest.approx(expected, rel=1e-12)


def _window_terms(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Luminance and contrast-structure of the only window of an 11x11 image in [-1, 1]."""
    axis = np.arange(-5, 6)
    w = np.exp(-(axis[:, None] ** 2 + axis**2) / 4.5)
    w /= w.sum()
    mx, my = (w * x).sum(), (w * y).sum()
    vx, vy, cov = ((w * d).sum() for d in ((x - mx) ** 2, (y - my) ** 2, (x - mx) * (y - my)))
    c1, c2 = 0.02**2, 0.06**2
    return np.array([(2 * mx * my + c1) / (mx**2 + my**2 + c1), (2 * cov + c2) / (vx + vy + c2)])


def test_ms_ssim_by_hand():
    """At 21 pixels the second scale has a single window, and the first has 11x11 of them."""
    x, y = _pair(1, 21, 21, 1)
    fine = np.mean(
        [
            _window_terms(x[0, i : i + 11, j : j + 11, 0], y[0, i : i + 11, j : j + 11, 0])[1]
            for i in range(11)
            for j in range(11)
        ]
    )
    half = []
    for image in (x[0, :, :, 0], y[0, :, :, 0]):
        even = np.concatenate([image, image[-1:]])
        even = np.concatenate([even, even[:, -1:]], axis=1)
        half.append((even[::2, ::2] + even[1::2, ::2] + even[::2, 1::2] + even[1::2, 1::2]) / 4)
    coarse = _window_terms(*half).prod()
    expected = (fine**0.0448 * coarse**0.2856) ** (1 / (0.0448 + 0.2856))
    assert ms_ssim(x, y, data_range=2, scales=2)[0] == pytest.approx(expected, rel=1e-12)


def test_five_scales():
    x, y = _pair(1, 161, 170, 1)
    assert ms_ssim(x, x, data_range=2) == pytest.approx(1, abs=1e-12)
    assert 0.3 < ms_ssim(x, y, data_range=2)[0] < 0.99


def test_agrees_with_another_implementation():
    """The value of pytorch-msssim 1.0.0 with its window in float64."""
    i, j = np.mgrid[:176, :192]
    x = (np.sin(i / 7) * np.cos(j / 5))[None, :, :, None]
    y = 0.8 * x + 0.1 * np.sin(i * j / 50)[None, :, :, None]
    assert ms_ssim(x, y, data_range=2)[0] == pytest.approx(0.9704242075689745, rel=1e-12)


def test_one_scale_is_ssim():
    x, y = _pair(2, 12, 12, 2)
    assert (ssim(x, y, data_range=2) > 0).all()
    np.testing.assert_allclose(ms_ssim(x, y, data_range=2, scales=1), ssim(x, y, data_range=2))


def test_opposites_have_no_root_of_a_negative_number():
    x = 0.3 * _pair(1, 24, 24, 1)[0]
    assert ssim(0.5 + x, 0.5 - x, data_range=2)[0] < 0
    assert ms_ssim(0.5 + x, 0.5 - x, data_range=2, scales=2)[0] == 0


def test_does_not_depend_on_the_batch():
    x, y = _pair(5, 22, 22, 1)
    settings = {"data_range": 2, "scales": 2}
    one_by_one = [ms_ssim(x[i : i + 1], y[i : i + 1], **settings)[0] for i in range(5)]
    assert ms_ssim(x, y, **settings).tolist() == one_by_one


def test_adjacent_frames():
    x, _ = _pair(4, 22, 22, 1)
    frames = np.stack([[x[0], x[1], x[1]], [x[2], x[3], x[0]]])
    values = adjacent_ms_ssim(frames, data_range=2, scales=2)
    assert values.shape == (2, 2)
    assert values[0, 1] == pytest.approx(1)
    assert values[0, 0] == ms_ssim(x[:1], x[1:2], data_range=2, scales=2)[0]
    assert values[1, 1] == ms_ssim(x[3:], x[:1], data_range=2, scales=2)[0]
    with pytest.raises(ValueError, match="two frames"):
        adjacent_ms_ssim(frames[:, :1], data_range=2)


def test_equal_images_have_infinite_psnr():
    assert psnr(np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 2, 1)), data_range=1) == np.inf


def test_names():
    assert [ms_ssim_name(scales) for scales in (5, 2)] == ["MS-SSIM", "MS-SSIM-2"]


@pytest.mark.parametrize("measure", [psnr, ssim, ms_ssim])
def test_refuses_a_range_that_is_too_small(measure):
    x, y = _pair(1, 170, 170, 1)
    with pytest.raises(ValueError, match="do not fit into data_range 1"):
        measure(x, y, data_range=1)
    x[0, 0, 0, 0] = np.nan
    with pytest.raises(ValueError, match="from nan"):
        measure(x, y, data_range=2)


def test_refuses_sizes_and_scales():
    x, y = _pair(1, 160, 160, 1)
    with pytest.raises(ValueError, match=r"160 pixels are too small for SSIM at 5 .* needs 161"):
        ms_ssim(x, y, data_range=2)
    with pytest.raises(ValueError, match="needs 11: use larger images"):
        ssim(x[:, :10], y[:, :10], data_range=2)
    with pytest.raises(ValueError, match="resize"):
        psnr(x, y[:, 1:], data_range=2)
    for scales in (0, 6):
        with pytest.raises(ValueError, match="1 to 5 scales"):
            ms_ssim(x, y, data_range=2, scales=scales)
