"""The similarity of pairs of images: PSNR, SSIM and MS-SSIM, one number per pair, in float64.

Images are `[n, h, w, c]` in any units; `data_range` is the distance between the smallest and the
largest value that a pixel can have: 2 for images in [-1, 1], 1 for [0, 1], 255 for uint8.
"""

import numpy as np

# Wang, Simoncelli & Bovik 2003, section 3.2: from the finest scale to the coarsest.
_WEIGHTS = np.array([0.0448, 0.2856, 0.3001, 0.2363, 0.1333])
_RADIUS, _SIGMA = 5, 1.5


def psnr(x: np.ndarray, y: np.ndarray, *, data_range: float) -> np.ndarray:
    """Returns peak signal-to-noise ratios in decibels, `[n]`; infinite for equal images.

    Raises:
      ValueError: if the shapes differ or the values span more than `data_range`.
    """
    x, y = _pairs(x, y, data_range)
    with np.errstate(divide="ignore"):
        return 10 * np.log10(data_range**2 / np.square(x - y).mean(axis=(1, 2, 3)))


def ssim(x: np.ndarray, y: np.ndarray, *, data_range: float) -> np.ndarray:
    """Returns structural similarities, `[n]`, at most 1 (Wang, Bovik, Sheikh & Simoncelli 2004).

    The window is the paper's: 11x11 pixels of a Gaussian with standard deviation 1.5. Only windows
    that lie within the image count, and the values of the channels are averaged.

    Raises:
      ValueError: if the shapes differ, a side is under 11, or the values span more than
        `data_range`.
    """
    x, y = _pairs(x, y, data_range)
    _check_side(x, scales=1)
    return _similarities(x, y, data_range)[0].mean(axis=1)


def ms_ssim(x: np.ndarray, y: np.ndarray, *, data_range: float, scales: int = 5) -> np.ndarray:
    """Returns multi-scale structural similarities, `[n]` (Wang, Simoncelli & Bovik 2003).

    Contrast and structure are compared at every scale, luminance at the coarsest. Each scale halves
    the image by the mean of 2x2 pixels (an odd last row or column counts twice). A negative mean
    counts as 0. With fewer than five `scales`, the weights are the first of the paper's, made to
    sum to 1. Such a number cannot be compared with others, and `ms_ssim_name` names it differently.

    Raises:
      ValueError: if the shapes differ, a side is under `10 * 2 ** (scales - 1) + 1` pixels (161 for
        five scales), there are not 1 to 5 scales, or the values span more than `data_range`.
    """
    x, y = _pairs(x, y, data_range)
    if not 1 <= scales <= len(_WEIGHTS):
        raise ValueError(f"MS-SSIM is defined for 1 to 5 scales, so choose one of these: {scales}")
    _check_side(x, scales)
    weights = _WEIGHTS[:scales]
    if scales < len(_WEIGHTS):  # the paper's five sum to 1.0001
        weights = weights / weights.sum()
    product = np.ones((x.shape[0], x.shape[3]))
    for scale, weight in enumerate(weights):
        whole, contrast_structure = _similarities(x, y, data_range)
        term = whole if scale == scales - 1 else contrast_structure
        product *= np.maximum(term, 0) ** weight
        x, y = _halve(x), _halve(y)
    return product.mean(axis=1)


def ms_ssim_name(scales: int) -> str:
    """Returns the name of `ms_ssim` with so many scales: "MS-SSIM", or "MS-SSIM-2" for two."""
    return "MS-SSIM" if scales == len(_WEIGHTS) else f"MS-SSIM-{scales}"


def adjacent_ms_ssim(frames: np.ndarray, *, data_range: float, scales: int = 5) -> np.ndarray:
    """Returns the MS-SSIM of each frame of an interpolation with the next frame.

    A smooth generator has a high mean and no low outlier; a jump between two modes is one low
    value. The mean over an interpolation depends on t: compare only equal numbers of frames.

    Args:
      frames: `[n, t, h, w, c]`, the images at t equally spaced points of a path between two noises.
      data_range: see above.
      scales: as in `ms_ssim`.

    Returns:
      Similarities `[n, t - 1]`.

    Raises:
      ValueError: if there are fewer than two frames, or `ms_ssim` raises it.
    """
    if frames.ndim != 5 or frames.shape[1] < 2:
        raise ValueError(
            f"interpolations have the shape [n, t, h, w, c] with at least two frames: "
            f"reshape {frames.shape}"
        )
    n, t, *shape = frames.shape
    first, second = (f.reshape(-1, *shape) for f in (frames[:, :-1], frames[:, 1:]))
    return ms_ssim(first, second, data_range=data_range, scales=scales).reshape(n, t - 1)


def _pairs(x: np.ndarray, y: np.ndarray, data_range: float) -> tuple[np.ndarray, np.ndarray]:
    x, y = (np.asarray(images, np.float64) for images in (x, y))
    if x.ndim != 4 or x.shape != y.shape or not x.size:
        raise ValueError(
            f"image measures need two equal shapes [n, h, w, c]: resize {x.shape} or {y.shape}"
        )
    low, high = min(x.min(), y.min()), max(x.max(), y.max())
    # Not `high - low > data_range`, which is false for NaN.
    if not high - low <= data_range * (1 + 1e-6):
        raise ValueError(
            f"pixels from {low:g} to {high:g} do not fit into data_range {data_range:g}: "
            "give the range of the units, such as 2 for [-1, 1]"
        )
    return x, y


def _check_side(images: np.ndarray, scales: int) -> None:
    side, needed = min(images.shape[1:3]), 2 * _RADIUS * 2 ** (scales - 1) + 1
    if side < needed:
        remedy = "fewer scales or larger images" if scales > 1 else "larger images"
        raise ValueError(
            f"images of {side} pixels are too small for SSIM at {scales} scale(s), which needs "
            f"{needed}: use {remedy}"
        )


def _similarities(x: np.ndarray, y: np.ndarray, data_range: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns SSIM and its contrast-structure factor, `[n, c]` both, as means over all windows."""
    mean_x, mean_y = _blur(x), _blur(y)
    variances = _blur(x * x) + _blur(y * y) - mean_x**2 - mean_y**2
    covariance = _blur(x * y) - mean_x * mean_y
    c1, c2 = (0.01 * data_range) ** 2, (0.03 * data_range) ** 2
    luminance = (2 * mean_x * mean_y + c1) / (mean_x**2 + mean_y**2 + c1)
    contrast_structure = (2 * covariance + c2) / (variances + c2)
    return (luminance * contrast_structure).mean((1, 2)), contrast_structure.mean((1, 2))


def _blur(images: np.ndarray) -> np.ndarray:
    """Returns the Gaussian means of all windows within the image."""
    from scipy.ndimage import correlate1d  # slow to import

    window = np.exp(-(np.arange(-_RADIUS, _RADIUS + 1) ** 2) / (2 * _SIGMA**2))
    window /= window.sum()
    rows = correlate1d(images, window, axis=1)[:, _RADIUS:-_RADIUS]
    return correlate1d(rows, window, axis=2)[:, :, _RADIUS:-_RADIUS]


def _halve(images: np.ndarray) -> np.ndarray:
    odd = [(0, 0), *((0, side % 2) for side in images.shape[1:3]), (0, 0)]
    padded = np.pad(images, odd, "edge")
    n, h, w, c = padded.shape
    return padded.reshape(n, h // 2, 2, w // 2, 2, c).mean(axis=(2, 4))
