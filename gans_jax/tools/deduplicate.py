"""Finds near-duplicates among images by semantic hashing, as DCGAN's authors cleaned their data.

Radford et al. 2016, section 4.1.1: a denoising ReLU autoencoder with dropout is trained on central
crops of 32x32 pixels. The hash of an image tells which units of its code are positive.
"""

from collections.abc import Callable, Iterator

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array

from gans_jax.core import as_float

SIDE, CODE, DISTANCE, ITERATIONS = 32, 128, 12, 1500
CORRELATION = 0.85
_BATCH, _NOISE, _BLOCK = 128, 0.1, 1000
# The parts of an image that a cropped copy may show: share of each side, and place in y and x.
_PARTS = [(1.0, 0.0, 0.0)] + [
    (share, y, x) for share in (0.97, 0.94) for y in (0.0, 0.5, 1.0) for x in (0.0, 0.5, 1.0)
]

Encode = Callable[[np.ndarray], np.ndarray]


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


def groups(images: np.ndarray, encode: Encode, distance: int = DISTANCE) -> list[list[int]]:
    """Returns groups of images that chains of near-copies connect.

    Two images are near-copies if their hashes, or the hash of one and of a part of the other,
    differ in at most `distance` bits, and their pixels correlate by `CORRELATION` or more. The
    parts and the correlation are not in the paper. Parts of 97 and 94 % of the sides, at nine
    places, find cropped copies. Correlation tells apart images whose hash depends on their colour
    alone, such as photos of water. All pairs of hashes are compared, so that time grows as the
    square of n.

    Args:
      images: uint8 `[n, 32, 32, 3]`.
      encode: a function of images to hashes, as `encoder` returns it.
      distance: bits of 128 in which the hashes of near-copies may differ.

    Returns:
      Sorted indices of the images of each group of two or more.
    """
    from scipy.sparse import coo_array  # slow to import
    from scipy.sparse.csgraph import connected_components

    n = len(images)
    rows, columns = np.concatenate([*_pairs(images, encode, distance)], axis=1)
    graph = coo_array((np.ones(len(rows), bool), (rows, columns)), shape=(n, n))
    _, component = connected_components(graph, directed=False)
    members = np.argsort(component, kind="stable")
    parts = np.split(members, np.cumsum(np.bincount(component))[:-1])
    return sorted(part.tolist() for part in parts if len(part) > 1)


def _pairs(images: np.ndarray, encode: Encode, distance: int) -> Iterator[np.ndarray]:
    """Yields the indices `[2, pairs]` of near-copies, a block of images at a time."""
    whole = _signs(encode(images))
    for part in _PARTS:
        for start in range(0, len(images), _BLOCK):
            block = np.asarray(_cut(images[start : start + _BLOCK], *part))
            near = _signs(encode(block)) @ whole.T >= CODE - 2 * distance
            near[np.arange(len(block)), start + np.arange(len(block))] = False
            # Only the few images with a similar hash need their pixels compared.
            rows, columns = (np.flatnonzero(near.any(axis)) for axis in (1, 0))
            alike = _unit(block[rows]) @ _unit(images[columns]).T >= CORRELATION
            row, column = np.nonzero(near[np.ix_(rows, columns)] & alike)
            yield np.stack((start + rows[row], columns[column]))


def _signs(codes: np.ndarray) -> np.ndarray:
    return np.where(codes, np.float32(1), np.float32(-1))


def _unit(images: np.ndarray) -> np.ndarray:
    """Returns vectors `[n, 3073]` of length 1, whose products are correlations of the images."""
    pixels = np.asarray(as_float(jnp.asarray(images)), np.float32)
    contrast = (pixels - pixels.mean(axis=(1, 2), keepdims=True)).reshape(-1, 3 * SIDE**2)
    # The last component, a grey level in every pixel, makes images without any contrast equal.
    level = np.full((len(pixels), 1), (3 * SIDE**2) ** 0.5 / 127.5, np.float32)
    vectors = np.concatenate((contrast, level), axis=1)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


@jax.jit
def _cut(images: Array, share: float, y: float, x: float) -> Array:
    """Returns a part of each image, resized to the size of the whole image."""
    offset = SIDE * (1 - share) * jnp.array([y, x])
    shape, scale = images.shape, jnp.full(2, 1 / share)
    return jax.image.scale_and_translate(
        as_float(images), shape, (1, 2), scale, -offset / share, "linear", antialias=False
    )


def encoder(images: np.ndarray, iterations: int = ITERATIONS, seed: int = 0) -> Encode:
    """Trains an autoencoder on images, and returns the function that hashes images with it.

    Args:
      images: uint8 `[n, 32, 32, 3]`.
      iterations: of the training.
      seed: of the weights, the batches and the noise.

    Returns:
      A function of images uint8 `[m, 32, 32, 3]` to hashes, bool `[m, 128]`.
    """
    mean = np.float32(images.mean(axis=0, dtype=np.float64).ravel() / 127.5 - 1)
    centred = lambda x: as_float(x).reshape(len(x), -1) - mean
    params = _train(images, centred, iterations, seed)

    @jax.jit
    def run(images):
        return Autoencoder().apply(params, centred(images), method="encode") > 0

    def encode(images: np.ndarray) -> np.ndarray:
        starts = range(0, len(images), _BLOCK)
        return np.concatenate([np.asarray(run(images[start : start + _BLOCK])) for start in starts])

    return encode


def _train(
    images: np.ndarray, centred: Callable[[Array], Array], iterations: int, seed: int
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
