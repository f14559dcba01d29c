"""Measures of samples: pure functions of arrays, in float64."""

from gans_jax.metrics.densities import energy_distance, mode_shares

__all__ = ["energy_distance", "mode_shares"]
