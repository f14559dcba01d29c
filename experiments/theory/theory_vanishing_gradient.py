"""The generator's gradient while its opponent is trained to the optimum (after figures 2 and 3 of
Arjovsky & Bottou 2017, arXiv:1701.04862; the problem that Wasserstein GAN starts from).

Claim: as the discriminator gets better, the gradient of log(1 - D) vanishes; that of -log D does
not, but grows, and its variance with it; the critic's settles, which is why it can be trained to
its optimum.

    python experiments/theory_vanishing_gradient.py \\
        --out docs/experiments/theory_vanishing_gradient.png

The generator is as initialised, and fixed. Of its gradients on 100 minibatches of 64: the norm of
their mean, and the root of the sum of their variances.

Measured on two cores of an AVX-512 Xeon that another job shared, jax 0.10.2, Python 3.11,
2026-11-22, seed 0, in 85 s: all of it shows. From 10 to 4,000 updates of the opponent the norm for
log(1 - D) goes from 0.87 to 0.00033, that for -log D from 2.8 to 82 with a deviation from 0.51 to
13, and the critic's from 0.78 to 6.9, nearly reached after 500 (6.8), with a deviation of 1.0.
"""

from collections.abc import Callable
from pathlib import Path

import drawing
import jax
import jax.numpy as jnp
import numpy as np
from jax.flatten_util import ravel_pytree

from gans_jax import GAN, WGAN, core, data, losses, priors
from gans_jax.networks import MLPDiscriminator, MLPGenerator

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
COLOURS = dict(zip(METHODS, (drawing.FAKE, "#edae49", drawing.REAL), strict=True))


def opponent_of(method: GAN | WGAN, state) -> tuple[core.Player, Callable]:
    """The opponent, and `update(opponent, real, key)`."""
    if isinstance(method, GAN):
        return state.discriminator, lambda player, real, key: method.update_discriminator(
            player, state, real, key
        )
    return state.critic, lambda player, real, key: method.update_critic(
        player, state.generator, real, key
    )


def spread(method: GAN | WGAN, generator: core.Player, opponent: core.Player) -> jax.Array:
    """The norm of the mean gradient and the deviation of the gradients from it, `[2]`."""

    def gradient(key):
        z = method.prior(key, NUM)
        loss = lambda params: method.generator_loss(
            generator._replace(params=params), opponent, z, key
        )[0]
        return ravel_pytree(jax.grad(loss)(generator.params))[0]

    gradients = jax.lax.map(gradient, jax.random.split(jax.random.key(1), MINIBATCHES))
    deviation = jnp.sqrt(gradients.var(axis=0).sum())
    return jnp.stack([jnp.linalg.norm(gradients.mean(axis=0)), deviation])


def measure(method: GAN | WGAN, source) -> tuple[np.ndarray, core.Player, np.ndarray]:
    """Norm and deviation at CHECKS, `[2, checks]`, the opponent at their end, and samples."""
    state = jax.jit(method.init)(jax.random.key(0), {"image": jnp.zeros((1, NUM, 1))})
    opponent, update = opponent_of(method, state)
    train = jax.jit(lambda *args: update(*args)[0])
    look = jax.jit(lambda opponent: spread(method, state.generator, opponent))
    rng = np.random.default_rng(0)
    curve = []
    for t, key in enumerate(jax.random.split(jax.random.key(2), CHECKS[-1] + 1)):
        if t in CHECKS:
            curve.append(look(opponent))
        opponent = train(opponent, source.arrays["image"][rng.integers(source.num, size=NUM)], key)
    samples = method.sample(state, jax.random.key(3), 5000)
    return np.array(curve).T, opponent, np.asarray(samples[:, 0])


def main(out: Path) -> None:
    source = data.TwoGaussians(means=(1.5, 2.5), std=0.25)
    results = {name: measure(method, source) for name, method in METHODS.items()}
    drawn, axes = drawing.figure(3, "The generator's gradient, its opponent better and better")
    for name, (curve, _, _) in results.items():
        print(f"{name}: norm", *(f"{v:.2e}" for v in curve[0]))
        print(f"{name}: deviation", *(f"{v:.2e}" for v in curve[1]))
        for ax, values in zip(axes, curve, strict=False):
            ax.plot(CHECKS, values, "o-", color=COLOURS[name], markersize=4, label=name)
    for ax, title in zip(axes, ("norm", "deviation"), strict=False):
        ax.set(title=title, xlabel="updates of the opponent", yscale="log")
        ax.set_xscale("symlog", linthresh=1)
        ax.set_xlim(left=0)
        ax.legend(frameon=False)
    density(axes[2], source, results)
    drawing.save(drawn, out)


def density(ax, source, results) -> None:
    """Real and generated densities, and what the trained opponents make of x."""
    bins = np.linspace(GRID[0], GRID[-1], 121)
    for x, colour, name in (
        (source.arrays["image"][:, 0], drawing.REAL, "real"),
        (results["WGAN"][2], drawing.FAKE, "generated"),
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
        np.asarray(core.apply(NETWORK, results[name][1], x)[0]) for name in ("log(1 - D)", "WGAN")
    )
    ax.plot(GRID, 1 / (1 + np.exp(-logits)), color=COLOURS["log(1 - D)"], label="D(x)")
    scaled = (critic - critic.min()) / np.ptp(critic)
    ax.plot(GRID, scaled, color=COLOURS["WGAN"], label="f(x), scaled")
    ax.set(title=f"after {CHECKS[-1]} updates", xlabel="x")
    ax.legend(frameon=False, fontsize=8, ncols=2, loc="upper center", bbox_to_anchor=(0.5, -0.15))


if __name__ == "__main__":
    main(drawing.out_argument(__doc__, "theory_vanishing_gradient.png"))
