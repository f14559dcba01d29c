"""Pictures of examples and runs as uint8 arrays: grids, contact sheets, plots."""

from gans_jax.pictures.grids import grid
from gans_jax.pictures.overview import write_report
from gans_jax.pictures.png import enlarged, save, save_moving, to_png
from gans_jax.pictures.points import points
from gans_jax.pictures.samples import between, draw, label_columns
from gans_jax.pictures.titles import titled

__all__ = [
    "between",
    "draw",
    "enlarged",
    "grid",
    "label_columns",
    "points",
    "save",
    "save_moving",
    "titled",
    "to_png",
    "write_report",
]
