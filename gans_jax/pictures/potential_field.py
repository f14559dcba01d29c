"""The potential that Coulomb GAN's examples make in the plane, and a picture of it."""

from typing import NamedTuple

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax.core.kernels import potential
from gans_jax.methods import CoulombGAN
from gans_jax.pictures import theme


class Field(NamedTuple):
    """A potential on a grid of the plane.

    Attributes:
      x: the places of the columns, `[columns]`.
      y: the places of the rows, `[rows]`.
      potential: `[rows, columns]`.
      force: the potential's gradient, along which generated examples move, `[rows, columns, 2]`.
    """

    x: np.ndarray
    y: np.ndarray
    potential: np.ndarray
    force: np.ndarray


def potential_field(
    method: CoulombGAN, real: np.ndarray, fake: np.ndarray, cells: int = 100, margin: float = 0.15
) -> Field:
    """Computes the potential of points under the method's kernel.

    Args:
      method: its `d` and `epsilon` make the kernel.
      real: real points `[n, 2]`.
      fake: generated points `[m, 2]`.
      cells: the number of rows and of columns of the grid, which covers the real points.
      margin: how far the grid reaches beyond them, as a share of their extent.

    Raises:
      ValueError: if the points do not lie in a plane.
    """
    real, fake = np.asarray(real, np.float32), np.asarray(fake, np.float32)
    if real.shape[1:] != (2,) or fake.shape[1:] != (2,):
        raise ValueError(
            f"a field is drawn of points [n, 2], not of {real.shape} and {fake.shape}: "
            "project them on a plane"
        )
    low, high = real.min(axis=0), real.max(axis=0)
    low, high = low - margin * (high - low), high + margin * (high - low)
    x, y = np.linspace(low, high, cells, dtype=np.float32).T

    def potential_at(places: jax.Array) -> jax.Array:
        return potential(places, jnp.asarray(real), jnp.asarray(fake), method.d, method.epsilon)

    @jax.jit
    def row(y: jax.Array) -> tuple[jax.Array, jax.Array]:
        places = jnp.stack([x, jnp.full_like(x, y)], axis=1)
        force = jax.grad(lambda places: jnp.sum(potential_at(places)))(places)
        return potential_at(places), force

    values, forces = zip(*map(row, y), strict=True)
    return Field(x, y, np.stack(values), np.stack(forces))


def draw_field(
    field: Field, real: np.ndarray, fake: np.ndarray, arrows: int = 25, points: int = 500
) -> np.ndarray:
    """Draws the potential as colour, its force as arrows, and the points above.

    Real points (blue) are sinks: there the potential is high, and generated points flow to them.
    Generated points (red) are sources.

    Args:
      field: the result of `potential_field`.
      real: real points `[n, 2]`.
      fake: generated points `[m, 2]`.
      arrows: how many arrows a row has. All have one length, since forces differ by orders of
        magnitude.
      points: how many points of each kind are drawn.

    Returns:
      A uint8 picture `[height, 800, 3]`.
    """
    aspect = np.clip(np.ptp(field.y) / max(np.ptp(field.x), 1e-12), 0.1, 2)
    with theme.figure(8, 1.5 + 7.5 * aspect) as figure:
        axes = figure.add_subplot()
        theme.style(axes)
        limit = np.quantile(np.abs(field.potential), 0.99)
        mesh = axes.pcolormesh(
            field.x, field.y, field.potential, cmap="RdBu", vmin=-limit, vmax=limit
        )
        bar = figure.colorbar(mesh, ax=axes, label="potential", location="bottom", aspect=50)
        bar.ax.tick_params(colors=theme.MUTED)
        every = max(1, len(field.x) // arrows)
        rows = max(1, round(every / aspect))
        force = field.force[::rows, ::every]
        force = force / np.maximum(np.linalg.norm(force, axis=-1, keepdims=True), 1e-12)
        x, y, u, v = field.x[::every], field.y[::rows], force[..., 0], force[..., 1]
        axes.quiver(x, y, u, v, color="#303030", scale=1.3 * arrows, width=0.002, pivot="mid")
        sinks = real[:points], "#1f4e9c", "real: sinks"
        sources = fake[:points], theme.GENERATED, "generated: sources"
        for places, colour, label in (sinks, sources):
            axes.scatter(places[:, 0], places[:, 1], s=7, color=colour, linewidths=0, label=label)
        axes.set(xlim=field.x[[0, -1]], ylim=field.y[[0, -1]], aspect="equal")
        figure.legend(loc="outside upper center", ncols=2, fontsize=8)
        return theme.to_array(figure)
