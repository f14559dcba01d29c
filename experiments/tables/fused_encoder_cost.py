"""The cost of CycleGAN with one encoder for both directions, beside its cost with two.

    python -m experiments.tables.fused_encoder_cost

Claim of a students' report on CycleGAN: a fused encoder makes the networks "much smaller" and
training faster by "more than a factor of 2". The report's code (Evil-Incorporated/basic-gans)
compares two generators of 64 filters with the identity loss to a fused translator of 32 filters
without it: `report` here. Both average the logits over the image. `fused` is as wide as `plain`.

Prints the parameters of the translators, and the operations and the measured time of an iteration
of each; all take turns, and the time is the processor's, which other jobs change little. XLA counts
the operations in the compiled and optimised program of the plain formulation: a multiplication and
an addition are two, and the products with padding and holes in a convolution's gradients count,
too. `--rounds` chooses how often each is measured, `--sizes` at which sizes of images;
`--count-only` leaves the times out.

Without the identity loss an iteration translates each image in one direction: every pass through a
decoder follows a pass through an encoder, whether or not the other direction has the same encoder.
Sharing at equal width then saves parameters and their update, but no pass. With the identity loss
the two directions of an image take one encoding, so that four are computed instead of six.

Counted at 64 pixels with 32 features (16 in `report`), jax 0.10.2, 2026-11-28; the last two columns
have the median ratio of five turns and its range, in processor time on two cores of an AVX-512 Xeon
whose other jobs were halted, 2026-11-29:

| translator | million parameters | GFLOP | speed to plain, identity | speed to plain |
|---|---|---|---|---|
| plain, identity | 3.93 | 21.7 | 1 | 0.72 (0.71 to 0.74) |
| plain | 3.93 | 14.9 | 1.39 (1.35 to 1.41) | 1 |
| fused, identity | 2.95 | 18.3 | 1.13 (1.10 to 1.24) | 0.81 (0.79 to 0.88) |
| fused | 2.95 | 14.9 | 1.44 (1.34 to 1.55) | 1.04 (1.00 to 1.09) |
| report | 0.74 | 5.1 | 2.55 (2.42 to 2.74) | 1.84 (1.75 to 1.96) |

At equal width a quarter of the parameters is saved, and with the identity loss 16 % of the
operations and an eighth of the time; without it nothing. `report` has 5.3 times fewer parameters,
and 4.3 times fewer operations than `plain, identity`, 2.9 times fewer than `plain`. So "much
smaller" and "more than a factor of 2" show for the two setups that the report compares, and follow
from half the width and the missing identity loss, hardly from one encoder.
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


def methods(features: int, layers: int) -> dict[str, CycleGAN]:
    """Returns CycleGAN with two encoders ("plain"), with one ("fused"), and the report's own."""
    generator = ResNetGenerator(features=features, blocks=6)
    plain = TwoGenerators(generator, generator)
    fused = SharedEncoderTranslator(features=features, encoder_blocks=3, decoder_blocks=3)
    half = SharedEncoderTranslator(
        features=features // 2, encoder_blocks=3, decoder_blocks=3, borders="reflected"
    )
    judge = PatchGANDiscriminator(features=features, layers=layers, norm="instance")
    return {
        "plain, identity": CycleGAN(plain, judge, identity_weight=5.0),
        "plain": CycleGAN(plain, judge),
        "fused, identity": CycleGAN(fused, judge, identity_weight=5.0),
        "fused": CycleGAN(fused, judge),
        "report": CycleGAN(half, judge.clone(last_padding=3, average=True)),
    }


def gflop(method: CycleGAN, batch: core.Batch) -> float:
    """Returns the 1e9 operations of an iteration, optimised from the plain formulation."""
    key = jax.random.key(0)
    with ops.use_convolutions("plain"):
        state = jax.eval_shape(method.init, key, batch)
        lowered = jax.jit(method.step).lower(state, batch, key)
        # The program is not run: what LLVM would make of it need not be computed.
        compiled = lowered.compile({"xla_backend_optimization_level": 0})
    return compiled.cost_analysis()["flops"] / 1e9


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
        """Returns the processor's seconds of an iteration, a mean over `num`."""
        start = time.process_time()
        for t in range(num):
            self.state, _ = self.step(self.state, self.batch, self.keys[t % len(self.keys)])
        jax.block_until_ready(self.state)
        return (time.process_time() - start) / num


def compare(size: int, features: int, layers: int, rounds: int) -> None:
    """Prints the table's line for each method; without rounds, without times."""
    images = np.random.default_rng(0).integers(0, 256, (2, 1, size, size, 3), np.uint8)
    batch = {"a": images[0], "b": images[1]}
    found = methods(features, layers)
    runs = {name: Run(method, batch) for name, method in found.items()} if rounds else {}
    turns = [{name: run.seconds(5) for name, run in runs.items()} for _ in range(rounds)]
    for name, method in found.items():
        cells = [f"{size} px, {features} features", name]
        cells += [f"{millions(method, batch):.2f}", f"{gflop(method, batch):.1f}"]
        for other in ("plain, identity", "plain") if rounds else ():
            ratios = [turn[other] / turn[name] for turn in turns]
            spread = f"{min(ratios):.2f} to {max(ratios):.2f}"
            cells.append(f"{statistics.median(ratios):.2f} ({spread})")
        if rounds:
            cells.insert(4, f"{1e3 * statistics.median(turn[name] for turn in turns):.0f}")
        print(f"| {' | '.join(cells)} |", flush=True)


def main() -> None:
    parser = command_line.parser(__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="default: 7")
    parser.add_argument("--sizes", default=",".join(SIZES), help=f"of {', '.join(SIZES)}")
    parser.add_argument("--count-only", action="store_true", help="measure no time")
    options = parser.parse_args()
    ops.keep_freed_memory()
    times = (
        [] if options.count_only else ["processor ms", "speed to plain, identity", "speed to plain"]
    )
    heads = ["CycleGAN", "translator", "million parameters", "GFLOP", *times]
    print(f"| {' | '.join(heads)} |\n{'|---' * len(heads)}|")
    for size in options.sizes.split(","):
        compare(*SIZES[size], 0 if options.count_only else options.rounds)


if __name__ == "__main__":
    main()
