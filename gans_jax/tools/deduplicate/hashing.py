"""Hashes of images and of their parts, by an autoencoder that is trained on the images.

Radford et al. 2016, section 4.1.1: a denoising ReLU autoencoder with dropout is trained on central
crops of 32x32 pixels. The hash of an image tells which units of its code are positive.
"""

import functools
from collections.abc import Callable

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from gans_jax.core import as_float
from gans_jax.tools.deduplicate import search
from gans_jax.tools.deduplicate.thumbnails import BLOCK, SIDE, Thumbnails

CODE, ITERATIONS = search.BITS, 1500
_BATCH, _NOISE = 128, 0.1
Part = tuple[float, float, float]  # share of each side, and place in y and x
# The parts of an image that a cropped copy may show.
PARTS: list[Part] = [(1.0, 0.0, 0.0)] + [
    (share, y, x) for share in (0.97, 0.94) for y in (0.0, 0.5, 1.0) for x in (0.0, 0.5, 1.0)
]


class Autoencoder(nn.Module):
    """The paper's autoencoder with 3072, 128 and 3072 units, `[n, 3072] -> [n, 3072]`.

    `dropout` is the rate at which units of the code are dropped.
    """

    dropout: float = 0.3

    def setup(self) -> None:
        self.encoder, self.decoder = nn.Dense(CODE), nn.Dense(3 * SIDE**2)
        self.drop = nn.Dropout(self.dropout, deterministic=False)

    def encode(self, x: Array) -> Array:
        return nn.relu(self.encoder(x))

    def __call__(self, x: Array) -> Array:
        return self.decoder(self.drop(self.encode(x)))


class Encoder:
    """Hashes images and their parts with the first layer of an autoencoder.

    A part of an image, resized to the size of the whole, is a linear function of the image, and so
    is the first layer. So the layer's weights for a part are found once for all images.

    Args:
      kernel: the weights of the layer, `[3072, 128]`.
      bias: of the layer, `[128]`.
      mean: the image that is taken from every image before the layer, `[3072]`.
    """

    def __init__(self, kernel: np.ndarray, bias: np.ndarray, mean: np.ndarray) -> None:
        pixels = kernel.reshape(SIDE, SIDE, 3 * CODE)
        of_parts = [
            np.tensordot(cut(*part)[0], np.tensordot(cut(*part)[1], pixels, (0, 1)), (0, 1))
            for part in PARTS
        ]
        self._weights = np.concatenate([w.reshape(-1, CODE) for w in of_parts], axis=1)
        self._offset = bias - mean @ kernel

    def wholes(self, images: np.ndarray) -> np.ndarray:
        """Returns the hashes of images uint8 `[n, 32, 32, 3]` as codes, uint64 `[n, 2]`."""
        return search.pack(np.asarray(_bits(images, self._weights[:, :CODE], self._offset)))

    def parts(self, images: np.ndarray) -> np.ndarray:
        """Returns the hashes of the `PARTS` of images as codes, uint64 `[n, parts, 2]`."""
        offset = np.tile(self._offset, len(PARTS))
        bits = np.asarray(_bits(images, self._weights, offset)).reshape(-1, CODE)
        return search.pack(bits).reshape(len(images), len(PARTS), 2)


@jax.jit
def _bits(images: Array, weights: Array, offset: Array) -> Array:
    return as_float(images).reshape(len(images), -1) @ weights + offset > 0


@functools.cache
def cut(share: float, y: float, x: float) -> tuple[np.ndarray, np.ndarray]:
    """Returns the matrices `rows` and `columns`, `[32, 32]`, that cut a part out of an image.

    `rows @ image @ columns.T` is the part, resized to the size of the whole image.
    """
    scale = jnp.full(2, 1 / share)
    offset = -SIDE * (1 - share) / share * jnp.array([y, x])
    basis = jnp.eye(SIDE)[:, :, None] * jnp.ones(SIDE)  # image k is 1 in its row k
    rows, columns = (
        jax.image.scale_and_translate(
            images, images.shape, (1, 2), scale, offset, "linear", antialias=False
        )
        for images in (basis, basis.transpose(0, 2, 1))
    )
    return np.asarray(rows[:, :, 0]).T, np.asarray(columns[:, 0, :]).T


def train(images: Thumbnails, iterations: int = ITERATIONS, seed: int = 0) -> Encoder:
    """Trains an autoencoder on images, and returns what hashes images with it.

    Args:
      images: the images.
      iterations: of the training.
      seed: of the weights, the batches and the noise.
    """
    sums = [images[start : start + BLOCK].sum(0) for start in range(0, len(images), BLOCK)]
    mean = np.asarray(np.sum(sums, axis=0).ravel() / (127.5 * len(images)) - 1, np.float32)
    params = _train(images, lambda x: as_float(x).reshape(len(x), -1) - mean, iterations, seed)
    layer = params["params"]["encoder"]
    return Encoder(np.asarray(layer["kernel"]), np.asarray(layer["bias"]), mean)


def _train(
    images: Thumbnails, centred: Callable[[Array], Array], iterations: int, seed: int
) -> chex.ArrayTree:
    optimizer, key, rng = optax.adam(1e-3), jax.random.key(seed), np.random.default_rng(seed)
    params = Autoencoder().init({"params": key, "dropout": key}, jnp.zeros((1, 3 * SIDE**2)))

    @jax.jit
    def step(params, opt_state, batch, key):
        noise_key, dropout_key = jax.random.split(key)
        clean = centred(batch)
        noisy = clean + _NOISE * jax.random.normal(noise_key, clean.shape)

        def loss(params):
            decoded = Autoencoder().apply(params, noisy, rngs={"dropout": dropout_key})
            return jnp.mean(jnp.square(decoded - clean))

        updates, opt_state = optimizer.update(jax.grad(loss)(params), opt_state)
        return optax.apply_updates(params, updates), opt_state

    opt_state = optimizer.init(params)
    for t in range(iterations):
        batch = images[rng.integers(0, len(images), _BATCH)]
        params, opt_state = step(params, opt_state, batch, jax.random.fold_in(key, t))
    return params
