"""The best discriminator and the best critic between two Gaussians.

Claim (Arjovsky et al. 2017, arXiv:1701.07875, figure 2): a discriminator that is trained to its
optimum is flat where the generated examples are, so that the generator learns nothing from
log(1 - D). A critic with clipped weights is linear between the two, and so gives a gradient
everywhere.

    python -m experiments.theory.theory_two_gaussians \\
        --out docs/experiments/theory_two_gaussians.png

Real examples come from N(0, 0.5^2), generated examples are theta + 0.5 z with theta = 4 fixed. The
library's methods train both opponents. They are compared with the exact ones: D* = p / (p + q), and
the 1-Lipschitz function that solves the dual of the transport problem on 100 quantiles of each, for
which W = 4 and its derivative in theta is 1.

Measured on two cores of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11,
2026-11-22, seeds 0 to 2: 32 s. The derivative of log(1 - D) is 0.00053, the derivative of -log D
6.43. The critic is flat nowhere, but not linear: its slopes between -1 and 5 are 1.32 to 4.1, as
its kinks can lie only where the clipped biases reach, in [-1, 1]. The largest slope is the bound
that clipping gives, 4.096. Divided by it, the derivative is 0.40, and the estimate is 1.86 where W
is 4.
"""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.stats import norm

from experiments.common import command_line, plots
from gans_jax import GAN, WGAN, core, losses, priors
from gans_jax.metrics import (
    c_transform,
    clipped_lipschitz_bound,
    lipschitz_critic,
    optimal_discriminator,
)
from gans_jax.networks import MLPDiscriminator
from gans_jax.pictures import theme

START, STD, ITERATIONS, NUM = 4.0, 0.5, 3000, 256
GRID = np.linspace(-2, 6, 401)


class Location(nn.Module):
    """A generator with one parameter: theta + 0.5 z, `[n, 1] -> [n, 1]`."""

    @nn.compact
    def __call__(self, z: Array) -> Array:
        return self.param("theta", nn.initializers.constant(START), ()) + STD * z


def respond(
    update: Callable[..., tuple[core.Player, core.Metrics]], player: core.Player, seed: int
) -> core.Player:
    """Returns the opponent after ITERATIONS calls of `update(player, real, key)`."""
    noise_key, key = jax.random.split(jax.random.key(seed))
    real = STD * jax.random.normal(noise_key, (ITERATIONS, NUM, 1))
    keys = jax.random.split(key, ITERATIONS)
    player, _ = jax.jit(lambda *args: core.repeat_update(update, *args))(player, real, keys)
    return player


def derivative(method: GAN | WGAN, generator: core.Player, opponent: core.Player) -> float:
    """Returns the derivative of the generator's loss in theta, over 10,000 examples."""
    key = jax.random.key(1)
    z = method.prior(key, 10_000)

    def loss(params: chex.ArrayTree) -> jax.Array:
        return method.generator_loss(generator._replace(params=params), opponent, z, key)[0]

    return float(jax.grad(loss)(generator.params)["theta"])


def exact_critic() -> tuple[float, np.ndarray]:
    """Returns the distance, and the exact critic on GRID."""
    quantiles = STD * norm.ppf((np.arange(100) + 0.5) / 100)[:, None]
    critic = lipschitz_critic(quantiles, quantiles + START)
    return critic.value, -c_transform(-critic.on_x, np.abs(quantiles - GRID))


def main(out: Path) -> None:
    shared = {"generator": Location(), "prior": priors.Normal(1), "learning_rate": 1e-3}
    network = MLPDiscriminator(features=(64, 64), activation="leaky_relu")
    gan = GAN(discriminator=network, loss=losses.Minimax(), **shared)
    softer = GAN(discriminator=network, loss=losses.NonSaturating(), **shared)
    wgan = WGAN(critic=network, clip=0.1, **shared)
    batch = {"image": jnp.zeros((1, NUM, 1))}
    gan_state = jax.jit(gan.init)(jax.random.key(0), batch)
    wgan_state = jax.jit(wgan.init)(jax.random.key(0), batch)

    def update_discriminator(player: core.Player, real: Array, key: Array) -> Any:
        return gan.update_discriminator(player, gan_state, real, key)

    def update_critic(player: core.Player, real: Array, key: Array) -> Any:
        return wgan.update_critic(player, wgan_state, real, key)

    discriminator = respond(update_discriminator, gan_state.discriminator, seed=2)
    critic = respond(update_critic, wgan_state.critic, seed=2)
    x = jnp.asarray(GRID[:, None], jnp.float32)
    logits, values = (
        np.asarray(core.apply(network, player, x)[0], float) for player in (discriminator, critic)
    )
    slopes = np.abs(np.gradient(values, GRID))
    steepest = float(slopes.max())
    between = slopes[(GRID > -1) & (GRID < 5)]
    real, fake = norm.pdf(GRID, 0, STD), norm.pdf(GRID, START, STD)
    best = optimal_discriminator(real, fake)
    distance, exact = exact_critic()
    estimate = float(values @ (real - fake) * (GRID[1] - GRID[0]))

    print("derivative in theta of the generator's loss:")
    print(f"  log(1 - D)  {derivative(gan, gan_state.generator, discriminator):.3g}")
    print(f"  -log D      {derivative(softer, gan_state.generator, discriminator):.3g}")
    scaled = derivative(wgan, wgan_state.generator, critic) / steepest
    print(f"  WGAN        {scaled:.3g}, divided by the critic's largest slope; exact 1")
    print(f"slope of the exact D* at theta: {np.gradient(best, GRID)[300]:.2g}")
    print(f"critic's slopes between -1 and 5: {between.min():.3g} to {between.max():.3g}")
    bound = clipped_lipschitz_bound(network, wgan.clip, x)
    print(f"bound of the slopes by clipping: {bound:.4g}")
    print(
        f"E f(x) - E f(y) over the largest slope: {estimate / steepest:.3g}; exact W {distance:.4g}"
    )
    draw(out, logits, best, values / steepest, exact)


def draw(
    out: Path, logits: np.ndarray, best: np.ndarray, values: np.ndarray, exact: np.ndarray
) -> None:
    """Draws the trained and exact discriminators, and the critics, over the two densities.

    Args:
      out: the picture's file.
      logits: the trained discriminator on GRID.
      best: the probabilities of the exact discriminator.
      values: the trained critic, scaled to a largest slope of 1.
      exact: the exact critic.
    """
    with plots.figure(out, 2, "Optimal discriminator and critic between two Gaussians") as axes:
        for ax in axes:
            for mean, colour, label in (
                (0, plots.REAL, "real"),
                (START, plots.GENERATED, "generated"),
            ):
                density = norm.pdf(GRID, mean, STD)
                ax.fill_between(GRID, density, color=colour, alpha=0.25, linewidth=0, label=label)
            ax.set_xlabel("x")
        middle = len(GRID) // 2
        axes[0].plot(GRID, 1 / (1 + np.exp(-logits)), color="black", label="trained D")
        axes[0].plot(GRID, best, "--", color=theme.MUTED, label="p / (p + q)")
        axes[0].set_title("GAN: D saturates")
        axes[0].set_ylim(0, 1.3)
        axes[1].plot(GRID, values - values[middle], color="black", label="trained f, scaled")
        axes[1].plot(GRID, exact - exact[middle], "--", color=theme.MUTED, label="exact f")
        axes[1].set_title("WGAN: f is flat nowhere")
        for ax in axes:
            ax.legend(frameon=False, fontsize=8, ncols=2, loc="upper right")


if __name__ == "__main__":
    main(command_line.picture_options(__doc__, "theory_two_gaussians.png").out)
