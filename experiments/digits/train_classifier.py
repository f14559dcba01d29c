"""Trains the classifier of digits that ships with the package, in a minute of a core.

python -m experiments.digits.train_classifier [--out FILE] [--seed SEED]

The weights are rounded to float16 and differ between machines in their last bits, so that a new
file changes every Fréchet distance of digits a little: the package keeps the one it has.
"""

import functools
from pathlib import Path

import chex
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import traverse_util
from jax import Array

from experiments.common import command_line
from gans_jax import core
from gans_jax.data import Digits, stream
from gans_jax.metrics.classifier import DigitsNetwork
from gans_jax.weights import write_tensors

NETWORK = DigitsNetwork()
ITERATIONS, BATCH = 1200, 100
SHIFT = 2


def trained(seed: int) -> chex.ArrayTree:
    """Returns the weights after training by Adam on images shifted by up to two pixels."""
    optimizer = optax.adam(optax.cosine_decay_schedule(2e-3, ITERATIONS))

    def loss(player: core.Player, images: Array, labels: Array) -> core.Loss:
        _, logits = NETWORK.apply({"params": player.params}, images)
        entropies = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        return entropies.mean(), core.Aux(player.batch_stats, {})

    update = jax.jit(core.descend(loss, optimizer, "classifier"))
    # A digit padded to 32 pixels is shifted by cutting another part of 28 pixels from it.
    batches = stream(Digits(size=32), BATCH, seed)
    shifts = np.random.default_rng(seed).integers(0, 2 * SHIFT + 1, (ITERATIONS, 2))
    create = jax.jit(functools.partial(core.create, NETWORK, optimizer))
    player = create(jax.random.key(seed), jnp.zeros((1, 28, 28, 1)))
    for t, (y, x) in enumerate(shifts):
        batch = batches[t]
        images = batch["image"][:, y : y + 28, x : x + 28]
        player, _, _ = update(player, images, batch["label"])
    return jax.tree.map(np.asarray, player.params)


def main(out: Path, seed: int) -> None:
    leaves = traverse_util.flatten_dict(trained(seed), sep="/")
    write_tensors(out, {name: leaf.astype(np.float16) for name, leaf in leaves.items()})


if __name__ == "__main__":
    parser = command_line.parser(__doc__)
    parser.add_argument("--out", type=Path, default=Path("digits_classifier.npz"))
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    main(options.out, options.seed)
