"""How much clipped weights depend on the clip c, the optimizer and the number of critic updates.

Claims. In a deep critic without batch norm the gradient of the critic's loss grows or decays
exponentially from layer to layer unless c is tuned, and weights go to both ends of [-c, c]; with a
gradient penalty neither happens (Gulrajani et al. 2017, arXiv:1704.00028, section 3.2 and figure
1b). A critic can be trained to its optimum, so that more updates of it do no harm, and training
gets unstable with an optimizer that has momentum, such as Adam, so that the paper takes RMSProp
(Arjovsky et al. 2017, arXiv:1701.07875, section 3 and Algorithm 1).

    python -m experiments.tables.wgan_clip_sensitivity \\
        --out docs/experiments/wgan_clip_sensitivity.png

The data (eight Gaussians, where the paper has a Swiss roll), the generator, the learning rate and
the batch are those of `wgan_gaussians`. In the first part the critic has twelve layers, as in the
paper, of 128 leaky units: clipped ReLU units die (see `wgan_mlp_digits`), after which all gradients
are 0. The norms are norms of the gradient of -(E f(x) - E f(g(z))) with respect to the inputs of
each layer, over 1,000 real and 1,000 generated examples at the end of training. The inputs of the
first layer are the examples. A norm of 0 is smaller than float32 can hold. WGAN-GP has its own
defaults. The second part has the critic and c = 0.1 of `wgan_gaussians`. All rows have the same
number of generator updates, so that those with 25 critic updates take the most time.

The energy distance compares 2,000 samples with as many held-out points. The estimate is the
critic's: K times the distance, where every critic has its own K. Adam has b1 = 0.5, as in the
authors' code.

Measured on one core of an AMD EPYC with AVX-512, jax 0.10.2, Python 3.11.7, 2026-11-30, seed 0, in
255 s. The first claim shows without a doubt: from the last of twelve layers
to the examples the norm falls from 5e-3 to 5e-16 with c = 0.01 and below float32 with c = 0.001,
grows from 0.05 to 2e7 with c = 0.1, and stays at 0.04 to 0.05 with the gradient penalty; 99, 92 and
84 % of the weights are at +-c. None of the four draws the ring yet (energy distance 1.04, 1.04,
0.75 and 0.88 after 1,000 iterations). The second part has these energy distances with 1, 5 and 25
critic updates: RMSProp 0.286, 0.083 and 0.206, Adam 4.57, 0.495 and 0.109. So Adam is worse with
few updates, as the paper says, but not with 25, and RMSProp gains nothing from more than 5.
"""

import dataclasses
import functools
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from experiments.common import command_line, plots
from experiments.common.fit import train
from experiments.gaussians import wgan_gaussians
from gans_jax import WGAN, WGANGP, core
from gans_jax.metrics import energy_distance
from gans_jax.networks import MLPDiscriminator
from gans_jax.pictures import theme

NUM, SAMPLES = 1000, 2000
CLIPS = (0.001, 0.01, 0.1)
UPDATES = (1, 5, 25)
BASE: WGAN = wgan_gaussians.experiment.method
SOURCE = wgan_gaussians.experiment.data
CRITIC = MLPDiscriminator(features=(128,) * 11, activation="leaky_relu")
DEEP = {f"c = {c}": dataclasses.replace(BASE, critic=CRITIC, clip=c) for c in CLIPS}
DEEP["gradient penalty"] = WGANGP(BASE.generator, CRITIC, BASE.prior)
BLUE, RED, YELLOW, GREEN = theme.COLOURS
COLOURS = dict(zip(DEEP, (YELLOW, RED, GREEN, BLUE), strict=True))
COLUMNS = "energy distance | estimate | seconds"
OPTIMIZERS = {"RMSProp": BASE.optimizer, "Adam": functools.partial(optax.adam, b1=0.5)}


def gradient_norms(critic: nn.Module, player: core.Player, real: Array, fake: Array) -> np.ndarray:
    """Returns the norms `[layers]` of the gradients of the critic's loss at each layer's inputs.

    The loss is -(E f(x) - E f(g(z))) over examples `real` and `fake`, `[n, d]` each; the layers are
    the critic's `Dense_0`, `Dense_1`, ...
    """
    x = jnp.concatenate((real, fake))
    shares = jnp.repeat(jnp.array([-1.0, 1.0]) / len(real), len(real))

    def loss(shifts: dict[str, Array]) -> Array:
        def shifted(next_call: Any, args: tuple, kwargs: dict, context: Any) -> Any:
            if isinstance(context.module, nn.Dense) and context.method_name == "__call__":
                args = (args[0] + shifts[context.module.name],)
            return next_call(*args, **kwargs)

        with nn.intercept_methods(shifted):
            return shares @ core.apply(critic, player, x)[0]

    layers = [f"Dense_{i}" for i in range(len(player.params))]
    zeros = {name: jnp.zeros((len(x), len(player.params[name]["kernel"]))) for name in layers}
    gradients = jax.jit(jax.grad(loss))(zeros)
    return np.array([np.linalg.norm(gradients[name]) for name in layers])


def kernels(player: core.Player) -> np.ndarray:
    """Returns all weights of a player except the biases, `[n]`."""
    return np.concatenate([np.ravel(layer["kernel"]) for layer in player.params.values()])


def run(method: WGAN | WGANGP, iterations: int) -> tuple[Any, np.ndarray, str]:
    """Returns the trained state, samples `[SAMPLES, 2]`, and the three columns `COLUMNS`."""
    state, seconds = train(method, SOURCE, wgan_gaussians.experiment.batch_size, iterations)
    samples = np.asarray(method.sample(state, jax.random.key(1), SAMPLES))
    real = dataclasses.replace(SOURCE, seed=SOURCE.seed + 1).arrays["image"][:SAMPLES]
    on_real, on_fake = (core.apply(method.critic, state.critic, x)[0] for x in (real, samples))
    estimate = float(on_real.mean() - on_fake.mean())
    found = f"{energy_distance(samples, real):.4f} | {estimate:.3g} | {seconds:.0f}"
    return state, samples, found


def deep(axes: list[Any], iterations: int) -> None:
    """Prints and draws the first part: what clipping and the penalty do to twelve layers."""
    print(f"twelve layers | {COLUMNS} | norm at the examples | at the last layer | weights at +-c")
    real = jnp.asarray(SOURCE.arrays["image"][:NUM])
    for name, method in DEEP.items():
        state, samples, found = run(method, iterations)
        norms = gradient_norms(method.critic, state.critic, real, jnp.asarray(samples[:NUM]))
        weights = kernels(state.critic)
        limit = method.clip if isinstance(method, WGAN) else np.inf
        share = np.mean(np.abs(weights) > 0.99 * limit)
        print(f"{name} | {found} | {norms[0]:.2e} | {norms[-1]:.2e} | {share:.2f}", flush=True)
        axes[0].plot(
            range(1, len(norms) + 1), norms, "o-", color=COLOURS[name], markersize=4, label=name
        )
        if name in ("c = 0.01", "gradient penalty"):
            ax = axes[2 if name == "gradient penalty" else 1]
            shares, bins = np.histogram(weights, 100)
            ax.stairs(shares / len(weights), bins, fill=True, color=COLOURS[name])
            ax.set(title=f"weights, {name}", xlabel="weight", ylabel="share", yscale="log")
            ax.locator_params(axis="x", nbins=5)
    axes[0].set(title="gradients of the critic's loss", xlabel="layer", ylabel="norm", yscale="log")
    axes[0].set_ylim(top=1e18)  # room for the legend, where no line runs
    axes[0].legend(frameon=False, loc="upper right")


def updates(iterations: int) -> None:
    """Prints the second part: optimizers and numbers of critic updates."""
    print(f"optimizer | n_critic | {COLUMNS}")
    for name, optimizer in OPTIMIZERS.items():
        for n_critic in UPDATES:
            method = dataclasses.replace(BASE, optimizer=optimizer, n_critic=n_critic)
            print(f"{name} | {n_critic} | {run(method, iterations)[2]}", flush=True)


def main(out: Path, iterations: int) -> None:
    with plots.figure(out, 3, "A critic of twelve layers without batch norm") as axes:
        deep(axes, iterations)
    updates(iterations)


if __name__ == "__main__":
    options = command_line.picture_options(__doc__, "wgan_clip_sensitivity.png", iterations=1000)
    main(options.out, options.iterations)
