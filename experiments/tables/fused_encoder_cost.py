"""What CycleGAN costs with one encoder for both directions, and with two.

    python experiments/fused_encoder_cost.py

Prints for both translators the parameters, the operations of an iteration, with and without the
identity loss, and the measured seconds of one, the two taking turns. Operations are those of XLA's
cost analysis of the plain formulation, which counts a multiplication and an addition as two, and of
a convolution's gradients those that fall on padding and on holes, too. `--rounds` and `--sizes`
choose how long and at which sizes it measures.

An iteration translates each image in one direction at a time: with both weights of the cycle, every
pass through a decoder follows a pass through an encoder, whether or not the other direction uses
the same one. Sharing saves parameters and their update; it saves no operation of a pass.

Measured with `--sizes 64 --rounds 5` on one core of an AVX-512 Xeon beside other jobs, jax 0.10.2,
2026-11-22 (speed is the median ratio of the turns, and its range):

| CycleGAN | identity loss | translator | million parameters | GFLOP | ms | speed |
|---|---|---|---|---|---|---|
| 64 px, 32 features | yes | plain | 3.93 | 21.6 | 1312 | 1 |
| 64 px, 32 features | yes | fused | 2.95 | 21.5 | 1245 | 1.05 (0.85 to 1.13) |
| 64 px, 32 features | no | plain | 3.93 | 14.8 | 635 | 1 |
| 64 px, 32 features | no | fused | 2.95 | 14.8 | 642 | 1.01 (0.88 to 1.13) |

A quarter of the parameters goes and nothing of the time: the report's more than twice as fast does
not show.
"""

import argparse
import statistics
import time
from typing import Any

import jax
import numpy as np

from gans_jax import CycleGAN, ops
from gans_jax.networks import (
    PatchGANDiscriminator,
    ResNetGenerator,
    SharedEncoderTranslator,
    TwoGenerators,
)

SIZES = {"128": (128, 64, 3), "64": (64, 32, 2)}  # features and layers of the discriminator


def methods(features: int, layers: int, identity_weight: float) -> dict[str, CycleGAN]:
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


def gflop(method: CycleGAN, batch: dict[str, Any]) -> float:
    """Of one iteration, in the plain formulation."""
    key = jax.random.key(0)
    with ops.use_convolutions("plain"):
        state = jax.eval_shape(method.init, key, batch)
        lowered = jax.jit(method.step).lower(state, batch, key)
    return lowered.cost_analysis()["flops"] / 1e9


def millions(method: CycleGAN, batch: dict[str, Any]) -> float:
    """Parameters of the translator."""
    state = jax.eval_shape(method.init, jax.random.key(0), batch)
    return sum(leaf.size for leaf in jax.tree.leaves(state.translator.params)) / 1e6


class Run:
    """Iterations of one method on one batch, timed."""

    def __init__(self, method: CycleGAN, batch: dict[str, Any]) -> None:
        self.batch, self.keys = batch, jax.random.split(jax.random.key(0), 4)
        self.state = jax.jit(method.init)(self.keys[0], batch)
        self.step = jax.jit(method.step, donate_argnums=0)
        self.seconds(2)

    def seconds(self, num: int) -> float:
        """Of an iteration, over `num`."""
        start = time.perf_counter()
        for t in range(num):
            self.state, _ = self.step(self.state, self.batch, self.keys[t % len(self.keys)])
        jax.block_until_ready(self.state)
        return (time.perf_counter() - start) / num


def compare(size: int, features: int, layers: int, identity: float, rounds: int) -> None:
    """Prints a line of the table for each translator."""
    images = np.random.default_rng(0).integers(0, 256, (2, 1, size, size, 3), np.uint8)
    batch = {"a": images[0], "b": images[1]}
    both = methods(features, layers, identity)
    runs = {name: Run(method, batch) for name, method in both.items()}
    num = max(1, round(2 / runs["plain"].seconds(1)))
    turns = [{name: run.seconds(num) for name, run in runs.items()} for _ in range(rounds)]
    ratios = [turn["plain"] / turn["fused"] for turn in turns]
    for name, method in both.items():
        ms = 1e3 * statistics.median(turn[name] for turn in turns)
        speed = f"{statistics.median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
        cells = (f"{size} px, {features} features", "yes" if identity else "no", name)
        numbers = f"{millions(method, batch):.2f} | {gflop(method, batch):.1f} | {ms:.0f}"
        speed = speed if name == "fused" else "1"
        print(f"| {' | '.join(cells)} | {numbers} | {speed} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--sizes", default=",".join(SIZES))
    options = parser.parse_args()
    ops.keep_freed_memory()
    print("| CycleGAN | identity loss | translator | million parameters | GFLOP | ms | speed |")
    print("|---" * 7 + "|")
    for size in options.sizes.split(","):
        for identity in (5.0, 0.0):
            compare(*SIZES[size], identity, options.rounds)


if __name__ == "__main__":
    main()
