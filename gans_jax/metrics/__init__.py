"""Measures of samples: pure functions of images, features and label maps, in float64."""

from gans_jax.metrics.densities import energy_distance, mode_shares
from gans_jax.metrics.images import adjacent_ms_ssim, ms_ssim, ms_ssim_name, psnr, ssim

__all__ = [
    "adjacent_ms_ssim",
    "energy_distance",
    "mode_shares",
    "ms_ssim",
    "ms_ssim_name",
    "psnr",
    "ssim",
]
