"""The generator's gradient while its opponent is trained to the optimum.

Claim (Arjovsky & Bottou 2017, arXiv:1701.04862, figures 2 and 3; the problem that Wasserstein GAN
starts from): as the discriminator gets better, the gradient of log(1 - D) vanishes. The gradient of
-log D grows instead, and its variance with it. The gradient through the critic settles, which is
why the critic can be trained to its optimum.

    python -m experiments.theory.theory_vanishing_gradient \\
        --out docs/experiments/theory_vanishing_gradient.png

The generator stays as it is initialised. From its gradients on 100 minibatches of 64, the program
computes the norm of their mean, and the root of the sum of their variances, called the deviation.

Measured on two cores of an AVX-512 Xeon that another job shared, jax 0.10.2, Python 3.11,
2026-11-22, seed 0, in 85 s. From 10 to 4,000 updates of the opponent the norm goes from 0.87 to
0.00033 for log(1 - D), from 2.8 to 82 for -log D, with a deviation from 0.51 to 13, and from 0.78
to 6.9 for the critic, nearly reached after 500 (6.8), with a deviation of 1.0. So the deviation of
-log D grows, but not faster than its norm (0.18, then 0.16 of it). docs/claims.md has ten seeds: in
eight of them the norm of log(1 - D) does not fall to a tenth. The theorem is about supports that
do not overlap, and Gaussians overlap with whatever a generator makes.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import chex
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.flatten_util import ravel_pytree

from experiments.common import command_line, plots
from gans_jax import GAN, WGAN, core, data, losses, priors
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from gans_jax.pictures import theme

if TYPE_CHECKING:
    from matplotlib.axes import Axes

CHECKS = (0, 1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 4000)
NUM, MINIBATCHES = 64, 100
GRID = np.linspace(-2, 4, 301)
SHARED = {
    "generator": MLPGenerator((1,), features=(32, 32), output="linear"),
    "prior": priors.Normal(2),
    "learning_rate": 1e-3,
}
NETWORK = MLPDiscriminator(features=(64, 64), activation="leaky_relu")
METHODS = {
    "log(1 - D)": GAN(discriminator=NETWORK, loss=losses.Minimax(), **SHARED),
    "-log D": GAN(discriminator=NETWORK, loss=losses.NonSaturating(), **SHARED),
    "WGAN": WGAN(critic=NETWORK, clip=0.1, **SHARED),
}
COLOURS = dict(zip(METHODS, (plots.GENERATED, theme.COLOURS[2], plots.REAL), strict=True))


def opponent_of(
    method: GAN | WGAN, state: Any
) -> tuple[core.Player, Callable[[core.Player, Array, Array], core.Player]]:
    """Returns the opponent, and a function `update(opponent, real, key)`."""

    def update_discriminator(player: core.Player, real: Array, key: Array) -> core.Player:
        return method.update_discriminator(player, state, real, key)[0]

    def update_critic(player: core.Player, real: Array, key: Array) -> core.Player:
        return method.update_critic(player, state, real, key)[0]

    if isinstance(method, GAN):
        return state.discriminator, update_discriminator
    return state.critic, update_critic


def spread(method: GAN | WGAN, generator: core.Player, opponent: core.Player) -> Array:
    """Returns the norm of the generator's mean gradient and the gradients' deviation, `[2]`."""

    def gradient(key: Array) -> Array:
        z = method.prior(key, NUM)

        def loss(params: chex.ArrayTree) -> Array:
            return method.generator_loss(generator._replace(params=params), opponent, z, key)[0]

        return ravel_pytree(jax.grad(loss)(generator.params))[0]

    gradients = jax.lax.map(gradient, jax.random.split(jax.random.key(1), MINIBATCHES))
    deviation = jnp.sqrt(gradients.var(axis=0).sum())
    return jnp.stack([jnp.linalg.norm(gradients.mean(axis=0)), deviation])


class Measured(NamedTuple):
    """Norm and deviation at CHECKS `[2, checks]`, the opponent at the end, samples `[5000]`."""

    curves: np.ndarray
    opponent: core.Player
    samples: np.ndarray


def measure(method: GAN | WGAN, source: data.TwoGaussians, seed: int = 0) -> Measured:
    """Trains the opponent of a fixed generator, and measures the generator's gradient meanwhile."""
    state = jax.jit(method.init)(jax.random.key(seed), {"image": jnp.zeros((1, NUM, 1))})
    opponent, update = opponent_of(method, state)
    train, look = jax.jit(update), jax.jit(functools.partial(spread, method, state.generator))
    rng = np.random.default_rng(seed)
    curves = []
    for t, key in enumerate(jax.random.split(jax.random.key(seed + 2), CHECKS[-1] + 1)):
        if t in CHECKS:
            curves.append(look(opponent))
        opponent = train(opponent, source.arrays["image"][rng.integers(source.num, size=NUM)], key)
    samples = method.sample(state, jax.random.key(3), 5000)
    return Measured(np.array(curves).T, opponent, np.asarray(samples[:, 0]))


def main(out: Path) -> None:
    source = data.TwoGaussians(means=(1.5, 2.5), std=0.25)
    results = {name: measure(method, source) for name, method in METHODS.items()}
    with plots.figure(out, 3, "The generator's gradient, its opponent better and better") as axes:
        for name, result in results.items():
            print(f"{name}: norm", *(f"{v:.2e}" for v in result.curves[0]))
            print(f"{name}: deviation", *(f"{v:.2e}" for v in result.curves[1]))
            for ax, values in zip(axes, result.curves, strict=False):
                ax.plot(CHECKS, values, "o-", color=COLOURS[name], markersize=4, label=name)
        for ax, title in zip(axes, ("norm", "deviation"), strict=False):
            ax.set(title=title, xlabel="updates of the opponent", yscale="log")
            ax.set_xscale("symlog", linthresh=1)
            ax.set_xlim(left=0)
            ax.legend(frameon=False)
        density(axes[2], source, results)


def density(ax: Axes, source: data.TwoGaussians, results: dict[str, Measured]) -> None:
    """Draws the real and generated densities, and the trained opponents as functions of x."""
    bins = np.linspace(GRID[0], GRID[-1], 121)
    for x, colour, name in (
        (source.arrays["image"][:, 0], plots.REAL, "real"),
        (results["WGAN"].samples, plots.GENERATED, "generated"),
    ):
        shares = np.histogram(x, bins)[0]
        ax.stairs(
            shares / shares.max(),
            bins,
            fill=True,
            color=colour,
            alpha=0.25,
            label=f"{name}, scaled",
        )
    x = jnp.asarray(GRID[:, None], jnp.float32)
    logits, critic = (
        np.asarray(core.apply(NETWORK, results[name].opponent, x)[0])
        for name in ("log(1 - D)", "WGAN")
    )
    ax.plot(GRID, 1 / (1 + np.exp(-logits)), color=COLOURS["log(1 - D)"], label="D(x)")
    scaled = (critic - critic.min()) / np.ptp(critic)
    ax.plot(GRID, scaled, color=COLOURS["WGAN"], label="f(x), scaled")
    ax.set(title=f"after {CHECKS[-1]} updates", xlabel="x")
    ax.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.15))


if __name__ == "__main__":
    main(command_line.picture_options(__doc__, "theory_vanishing_gradient.png").out)
