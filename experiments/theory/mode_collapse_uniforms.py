"""Mode collapse and an untrainable generator, on a mixture of two uniform distributions.

Claim (figures 1 and 2 of Mangal & Banerjee, Understanding Generative Adversarial Networks): if the
generator is trained much more than the discriminator, its distribution collapses to a very small
range, which is known as mode collapse or the Helvetica scenario (Goodfellow et al. 2014,
arXiv:1406.2661, section 6); if the discriminator is trained to its optimum, the generator cannot
learn the whole distribution.

    python -m experiments.theory.mode_collapse_uniforms \\
        --out docs/experiments/mode_collapse_uniforms.png

The data are uniform on [-0.9, -0.3] and [0.3, 0.9]. The generator ends in tanh, because it would
otherwise run away from a discriminator that is linear far out. With the minimax loss, an iteration
has one update of each player, or one of the discriminator and 50 of the generator, or 50 of the
discriminator and one of the generator.

Measured on a core of an Intel Xeon (Sapphire Rapids) shared with other jobs, jax 0.10.2, Python
3.11.7, 2026-11-29, seed 0, in 48 s. One and one: 90 % of the samples in [-0.83, 0.87], 51 % and
44 % of them in the two intervals, Earth-Mover distance 0.140. The generator 50 times as often: 90 %
in [-0.42, -0.39], in one interval alone, 0.623, which is the collapse. The discriminator 50 times
as often: 50 % and 36 % in the two intervals, 0.135 (47 %, 40 % and 0.082 on another Xeon, whose
rounding differs), so that the second half of the claim does not show here.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np

from experiments.common import command_line, plots
from experiments.common.fit import iterate
from gans_jax import GAN, core, data, losses, priors
from gans_jax.metrics import earth_mover
from gans_jax.networks import MLPDiscriminator, MLPGenerator

NUM = 128


class Setting(NamedTuple):
    """How often each player is updated in an iteration, and how many iterations there are."""

    title: str
    discriminator_updates: int
    generator_updates: int
    iterations: int


source = data.TwoUniforms(left=(-0.9, -0.3), right=(0.3, 0.9))
method = GAN(
    generator=MLPGenerator((1,), features=(64, 64)),
    discriminator=MLPDiscriminator(features=(64, 64), activation="leaky_relu"),
    prior=priors.Uniform(4),
    loss=losses.Minimax(),
    learning_rate=1e-3,
)
SETTINGS = (
    Setting("one and one", 1, 1, 10_000),
    Setting("the generator 50 times as often", 1, 50, 400),
    Setting("the discriminator 50 times as often", 50, 1, 400),
)


def train(method: GAN, source: data.TwoUniforms, setting: Setting, seed: int = 0) -> np.ndarray:
    """Returns samples `[5000]` of a generator that was trained in a setting."""
    examples, rng = source.arrays["image"], np.random.default_rng(seed)

    def step(state: Any, real: jax.Array, key: jax.Array) -> tuple[Any, core.Metrics]:
        d_key, g_key = jax.random.split(key)

        def update_discriminator(player: core.Player, minibatch: jax.Array, key: jax.Array) -> Any:
            return method.update_discriminator(player, state, minibatch, key)

        d_keys = jax.random.split(d_key, setting.discriminator_updates)
        discriminator, metrics = core.repeat_update(
            update_discriminator, state.discriminator, real, d_keys
        )

        def update_generator(player: core.Player, key: jax.Array) -> Any:
            return method.update_generator(
                state._replace(generator=player), discriminator, NUM, key
            )

        g_keys = jax.random.split(g_key, setting.generator_updates)
        generator, _ = core.repeat_update(update_generator, state.generator, g_keys)
        state = state._replace(generator=generator, discriminator=discriminator)
        return state._replace(step=state.step + 1), metrics

    def batches() -> Iterator[np.ndarray]:
        for _ in range(setting.iterations):
            yield examples[rng.integers(source.num, size=(setting.discriminator_updates, NUM))]

    state = jax.jit(method.init)(jax.random.key(seed), {"image": examples[None, :NUM]})
    keys = jax.random.split(jax.random.key(seed + 1), setting.iterations)
    state, _, _ = iterate(step, state, batches(), keys)
    return np.asarray(method.sample(state, jax.random.key(2), 5000)[:, 0])


def main(out: Path) -> None:
    real = source.arrays["image"][:5000, 0]
    with plots.figure(out, 3, "Two uniform distributions, by how often each player learns") as axes:
        for ax, setting in zip(axes, SETTINGS, strict=True):
            samples = train(method, source, setting)
            low, high = np.quantile(samples, [0.05, 0.95])
            inside = [
                np.mean((samples > a) & (samples < b)) for a, b in (source.left, source.right)
            ]
            print(
                f"{setting.title}: 90 % of the samples in [{low:.2f}, {high:.2f}], shares of the "
                f"two intervals {inside[0]:.3f} and {inside[1]:.3f}, Earth-Mover distance "
                f"{earth_mover(samples[:300], real[:300]).distance:.3f}"
            )
            bins = np.linspace(-1, 1, 101)
            for x, colour, name in (
                (real, plots.REAL, "real"),
                (samples, plots.GENERATED, "generated"),
            ):
                shares, _ = np.histogram(x, bins)
                ax.stairs(shares / len(x), bins, fill=True, color=colour, alpha=0.5, label=name)
            ax.set(title=setting.title, xlabel="x", ylabel="share", yscale="log", ylim=(1e-4, 1))
            ax.set_xticks([-1, -0.5, 0, 0.5, 1])
            ax.legend(frameon=False)


if __name__ == "__main__":
    main(command_line.picture_options(__doc__, "mode_collapse_uniforms.png").out)
