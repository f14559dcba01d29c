"""Pictures of examples and runs as uint8 arrays: grids, contact sheets, plots."""

from gans_jax.pictures.grids import between, draw, grid, points, save, to_png
from gans_jax.pictures.overview import write_report

__all__ = ["between", "draw", "grid", "points", "save", "to_png", "write_report"]
