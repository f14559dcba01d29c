"""The best discriminator and the best critic between two Gaussians (figure 2 of Wasserstein GAN,
Arjovsky et al. 2017, arXiv:1701.07875).

Claim: a discriminator trained to its optimum is flat where the generated examples are, so that the
generator learns nothing from log(1 - D); a critic with clipped weights is linear between the two,
and so gives a gradient everywhere.

    python experiments/theory_two_gaussians.py --out docs/experiments/theory_two_gaussians.png

Real examples are N(0, 0.5^2), generated ones theta + 0.5 z with theta = 4 fixed. Both opponents are
trained by the library's methods and compared with the exact ones: D* = p / (p + q), and the
1-Lipschitz function of the transport's dual on 100 quantiles of each, for which W = 4 and its
derivative in theta is 1.

Measured on two cores of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11,
2026-11-22, seeds 0 to 2: 32 s. The derivative of log(1 - D) is 0.00053, that of -log D 6.43. The
critic is flat nowhere, but not linear: its slopes between -1 and 5 are 1.32 to 4.1, for its kinks
can lie only where the clipped biases reach, in [-1, 1]. The largest slope is the bound that
clipping gives, 4.096; over it, the derivative is 0.40 and the estimate 1.86 where W is 4.
"""

from pathlib import Path

import drawing
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from scipy.stats import norm

from gans_jax import GAN, WGAN, core, losses, priors
from gans_jax.metrics import (
    c_transform,
    clipped_lipschitz_bound,
    lipschitz_critic,
    optimal_discriminator,
)
from gans_jax.networks import MLPDiscriminator

START, STD, ITERATIONS, NUM = 4.0, 0.5, 3000, 256
GRID = np.linspace(-2, 6, 401)


class Location(nn.Module):
    """theta + 0.5 z, `[n, 1] -> [n, 1]`."""

    @nn.compact
    def __call__(self, z: Array) -> Array:
        return self.param("theta", nn.initializers.constant(START), ()) + STD * z


def respond(update, player: core.Player, seed: int) -> core.Player:
    """The opponent after ITERATIONS updates against the fixed generator."""
    noise_key, key = jax.random.split(jax.random.key(seed))
    real = STD * jax.random.normal(noise_key, (ITERATIONS, NUM, 1))
    keys = jax.random.split(key, ITERATIONS)
    player, _ = jax.jit(lambda *args: core.repeat_update(update, *args))(player, real, keys)
    return player


def derivative(method, generator: core.Player, opponent: core.Player) -> float:
    """That of the generator's loss in theta, over 10,000 examples."""
    key = jax.random.key(1)
    z = method.prior(key, 10_000)
    gradient = jax.grad(
        lambda params: method.generator_loss(generator._replace(params=params), opponent, z, key)[0]
    )(generator.params)
    return float(gradient["theta"])


def exact_critic() -> tuple[float, np.ndarray]:
    """The distance, and the dual's f on GRID."""
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

    state = jax.jit(gan.init)(jax.random.key(0), batch)
    discriminator = respond(
        lambda player, real, key: gan.update_discriminator(player, state, real, key),
        state.discriminator,
        seed=2,
    )
    wstate = jax.jit(wgan.init)(jax.random.key(0), batch)
    critic = respond(
        lambda player, real, key: wgan.update_critic(player, wstate.generator, real, key),
        wstate.critic,
        seed=2,
    )
    x = jnp.asarray(GRID[:, None], jnp.float32)
    on_grid = [np.asarray(core.apply(network, p, x)[0], float) for p in (discriminator, critic)]
    slopes = np.gradient(on_grid[1], GRID)
    steepest = float(np.abs(slopes).max())
    between = np.abs(slopes[(GRID > -1) & (GRID < 5)])
    real, fake = norm.pdf(GRID, 0, STD), norm.pdf(GRID, START, STD)
    best = optimal_discriminator(real, fake)
    distance, exact = exact_critic()
    gap = float(on_grid[1] @ (real - fake) * (GRID[1] - GRID[0]))

    print("derivative in theta of the generator's loss:")
    print(f"  log(1 - D)  {derivative(gan, state.generator, discriminator):.3g}")
    print(f"  -log D      {derivative(softer, state.generator, discriminator):.3g}")
    scaled = derivative(wgan, wstate.generator, critic) / steepest
    print(f"  WGAN        {scaled:.3g}, over the critic's largest slope; exact 1")
    print(f"slope of the exact D* at theta: {np.gradient(best, GRID)[300]:.2g}")
    print(f"critic's slopes between -1 and 5: {between.min():.3g} to {between.max():.3g}")
    bound = clipped_lipschitz_bound(network, wgan.clip, x)
    print(f"its bound by clipping: {bound:.4g}")
    print(f"E f(x) - E f(y) over the largest slope: {gap / steepest:.3g}; exact W {distance:.4g}")

    drawn, axes = drawing.figure(2, "Optimal discriminator and critic between two Gaussians")
    for ax in axes:
        ax.fill_between(GRID, real, color=drawing.REAL, alpha=0.25, linewidth=0, label="real")
        ax.fill_between(GRID, fake, color=drawing.FAKE, alpha=0.25, linewidth=0, label="generated")
        ax.set_xlabel("x")
    axes[0].plot(GRID, 1 / (1 + np.exp(-on_grid[0])), color="black", label="trained D")
    axes[0].plot(GRID, best, "--", color=drawing.MUTED, label="p / (p + q)")
    middle = len(GRID) // 2
    axes[1].plot(
        GRID, (on_grid[1] - on_grid[1][middle]) / steepest, color="black", label="trained f, scaled"
    )
    axes[1].plot(GRID, exact - exact[middle], "--", color=drawing.MUTED, label="exact f")
    axes[0].set_title("GAN: D saturates")
    axes[1].set_title("WGAN: f is flat nowhere")
    for ax in axes:
        ax.legend(frameon=False, fontsize=8, ncols=2, loc="upper right")
    axes[0].set_ylim(0, 1.3)
    drawing.save(drawn, out)


if __name__ == "__main__":
    main(drawing.out_argument(__doc__, "theory_two_gaussians.png"))
