"""The cost of CycleGAN with one encoder for both directions, beside its cost with two.

    python -m experiments.tables.fused_encoder_cost

Prints the parameters of both translators, and the operations and the measured time of an iteration,
with and without the identity loss; the two translators take turns. XLA's cost analysis of the plain
formulation counts the operations: a multiplication and an addition are two, and the products with
padding and holes in a convolution's gradients count, too. `--rounds` chooses how often each is
measured, `--sizes` at which sizes of images.

Without the identity loss an iteration translates each image in one direction: every pass through a
decoder follows a pass through an encoder, whether or not the other direction uses the same encoder.
Sharing saves parameters and their update, but no operation of a pass. With the identity loss the
two directions of an image take one encoding, so that four are computed instead of six.

Measured with `--sizes 64 --rounds 7` on two cores of an AVX-512 Xeon, jax 0.10.2, 2026-11-28 (speed
is the median ratio of the turns, and its range):

| CycleGAN | identity loss | translator | million parameters | GFLOP | ms | speed |
|---|---|---|---|---|---|---|
| 64 px, 32 features | yes | plain | 3.93 | 21.6 | 231 | 1 |
| 64 px, 32 features | yes | fused | 2.95 | 18.2 | 203 | 1.13 (1.04 to 1.20) |
| 64 px, 32 features | no | plain | 3.93 | 14.8 | 171 | 1 |
| 64 px, 32 features | no | fused | 2.95 | 14.8 | 170 | 1.01 (0.98 to 1.09) |

A quarter of the parameters was saved, and with the identity loss an eighth of the time. The claim
of the report that `fused_cyclegan_maps` tests, more than twice the speed, does not show here; its
own setup, 32 filters without the identity loss beside 64 with it, is not in this table.
"""

import statistics
import time

import jax
import numpy as np

from experiments.common import command_line
from gans_jax import CycleGAN, core, ops
from gans_jax.networks import (
    PatchGANDiscriminator,
    ResNetGenerator,
    SharedEncoderTranslator,
    TwoGenerators,
)

SIZES = {"128": (128, 64, 3), "64": (64, 32, 2)}  # features and layers of the discriminator


def methods(features: int, layers: int, identity_weight: float) -> dict[str, CycleGAN]:
    """Returns CycleGAN with two encoders ("plain") and with one ("fused")."""
    generator = ResNetGenerator(features=features, blocks=6)
    translators = {
        "plain": TwoGenerators(generator, generator),
        "fused": SharedEncoderTranslator(features=features, encoder_blocks=3, decoder_blocks=3),
    }
    discriminator = PatchGANDiscriminator(features=features, layers=layers, norm="instance")
    return {
        name: CycleGAN(translator, discriminator, identity_weight=identity_weight)
        for name, translator in translators.items()
    }


def gflop(method: CycleGAN, batch: core.Batch) -> float:
    """Returns the 1e9 operations of an iteration, in the plain formulation."""
    key = jax.random.key(0)
    with ops.use_convolutions("plain"):
        state = jax.eval_shape(method.init, key, batch)
        lowered = jax.jit(method.step).lower(state, batch, key)
    return lowered.cost_analysis()["flops"] / 1e9


def millions(method: CycleGAN, batch: core.Batch) -> float:
    """Returns the millions of parameters of the translator."""
    state = jax.eval_shape(method.init, jax.random.key(0), batch)
    return sum(leaf.size for leaf in jax.tree.leaves(state.translator.params)) / 1e6


class Run:
    """Iterations of one method on one batch, whose time is measured."""

    def __init__(self, method: CycleGAN, batch: core.Batch) -> None:
        self.batch, self.keys = batch, jax.random.split(jax.random.key(0), 4)
        self.state = jax.jit(method.init)(self.keys[0], batch)
        self.step = jax.jit(method.step, donate_argnums=0)
        self.seconds(2)

    def seconds(self, num: int) -> float:
        """Returns the seconds of an iteration, a mean over `num`."""
        start = time.perf_counter()
        for t in range(num):
            self.state, _ = self.step(self.state, self.batch, self.keys[t % len(self.keys)])
        jax.block_until_ready(self.state)
        return (time.perf_counter() - start) / num


def compare(size: int, features: int, layers: int, identity: float, rounds: int) -> None:
    """Prints the table's line for each translator."""
    images = np.random.default_rng(0).integers(0, 256, (2, 1, size, size, 3), np.uint8)
    batch = {"a": images[0], "b": images[1]}
    both = methods(features, layers, identity)
    runs = {name: Run(method, batch) for name, method in both.items()}
    num = max(1, round(2 / runs["plain"].seconds(1)))
    turns = [{name: run.seconds(num) for name, run in runs.items()} for _ in range(rounds)]
    ratios = [turn["plain"] / turn["fused"] for turn in turns]
    for name, method in both.items():
        ms = 1e3 * statistics.median(turn[name] for turn in turns)
        cells = f"{size} px, {features} features", "yes" if identity else "no", name
        numbers = f"{millions(method, batch):.2f} | {gflop(method, batch):.1f} | {ms:.0f}"
        speed = "1"
        if name == "fused":
            speed = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        print(f"| {' | '.join(cells)} | {numbers} | {speed} |", flush=True)


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="default: 7")
    parser.add_argument("--sizes", default=",".join(SIZES), help=f"of {', '.join(SIZES)}")
    options = parser.parse_args()
    ops.keep_freed_memory()
    print("| CycleGAN | identity loss | translator | million parameters | GFLOP | ms | speed |")
    print("|---" * 7 + "|")
    for size in options.sizes.split(","):
        for identity in (5.0, 0.0):
            compare(*SIZES[size], identity, options.rounds)


if __name__ == "__main__":
    main()
