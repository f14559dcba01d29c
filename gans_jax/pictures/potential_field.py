"""The potential that Coulomb GAN's examples make in the plane, and a picture of it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax.core.kernels import potential
from gans_jax.methods import CoulombGAN
from gans_jax.pictures import theme
from gans_jax.pictures.theme import GENERATED


class Field(NamedTuple):
    """On a grid: places `x` `[columns]`, `y` `[rows]`; `potential` `[rows, columns]`; and `force`.

    The force `[rows, columns, 2]` is the potential's gradient, along which generated examples move.
    """

    x: np.ndarray
    y: np.ndarray
    potential: np.ndarray
    force: np.ndarray


def potential_field(
    method: CoulombGAN, real: np.ndarray, fake: np.ndarray, cells: int = 100, margin: float = 0.15
) -> Field:
    """The field of real and generated points, `[n, 2]` and `[m, 2]`, with the method's kernel.

    The grid of `cells` x `cells` places covers the real points and a margin around them, as a share
    of their extent. ValueError for points not in the plane.
    """
    real, fake = (np.asarray(points, np.float32) for points in (real, fake))
    if real.shape[1:] != (2,) or fake.shape[1:] != (2,):
        raise ValueError(
            f"a field is drawn of points [n, 2], not of {real.shape} and {fake.shape}: "
            "project them on a plane"
        )
    low, high = real.min(axis=0), real.max(axis=0)
    low, high = low - margin * (high - low), high + margin * (high - low)
    x, y = np.linspace(low, high, cells, dtype=np.float32).T
    kernel = method.d, method.epsilon

    @jax.jit
    def row(y: jax.Array) -> tuple[jax.Array, jax.Array]:
        total = lambda at: jnp.sum(potential(at, real, fake, *kernel))
        at = jnp.stack([x, jnp.full_like(x, y)], axis=1)
        return potential(at, real, fake, *kernel), jax.grad(total)(at)

    values, forces = zip(*map(row, y), strict=True)
    return Field(x, y, np.stack(values), np.stack(forces))


def draw_field(
    field: Field, real: np.ndarray, fake: np.ndarray, arrows: int = 25, points: int = 500
) -> np.ndarray:
    """A uint8 picture `[height, 800, 3]`: the potential as colour, its force as arrows, the points.

    Real points (blue) are sinks, where the potential is high and generated ones (red) flow to;
    these are sources. `arrows` is their number along a row, all of one length, since forces
    differ by orders of magnitude; `points` is how many of each kind are drawn.
    """
    from matplotlib.figure import Figure  # slow to import

    aspect = np.clip(np.ptp(field.y) / max(np.ptp(field.x), 1e-12), 0.1, 2)
    figure = Figure(figsize=(8, 1.5 + 7.5 * aspect), dpi=100, layout="constrained")
    axes = figure.add_subplot()
    limit = np.quantile(np.abs(field.potential), 0.99)
    colours = {"cmap": "RdBu", "vmin": -limit, "vmax": limit, "shading": "nearest"}
    mesh = axes.pcolormesh(field.x, field.y, field.potential, **colours)
    figure.colorbar(mesh, ax=axes, label="potential", location="bottom", aspect=50)
    every = max(1, len(field.x) // arrows)
    rows = max(1, round(every / aspect))
    force = field.force[::rows, ::every]
    length = np.maximum(np.linalg.norm(force, axis=-1, keepdims=True), 1e-12)
    axes.quiver(
        *(field.x[::every], field.y[::rows], *np.moveaxis(force / length, -1, 0)),
        **{"color": "#303030", "scale": 1.3 * arrows, "width": 0.002, "pivot": "mid"},
    )
    axes.scatter(*real[:points].T, s=7, color="#1f4e9c", linewidths=0, label="real: sinks")
    axes.scatter(*fake[:points].T, s=7, color=GENERATED, linewidths=0, label="generated: sources")
    axes.set(xlim=field.x[[0, -1]], ylim=field.y[[0, -1]], aspect="equal")
    figure.legend(loc="outside upper center", ncols=2, fontsize=8)
    return theme.to_array(figure)
