"""A small classifier of digits, trained from the embedded set: features that need no download."""

import dataclasses
import functools
import hashlib
import io
import json
import os
from pathlib import Path
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import traverse_util
from jax import Array

from gans_jax.core import as_float, files
from gans_jax.data import Digits, stream
from gans_jax.metrics.blocks import in_blocks
from gans_jax.networks.layers import Conv

_BLOCK = 100
_SHAPES = ((28, 28, 1), (32, 32, 1))
_SHIFT = 2


class _Network(nn.Module):
    """Digits `[n, 28, 28, 1]` in [-1, 1] to 64 features and 10 logits each."""

    width: int

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, Array]:
        init = nn.initializers.he_normal()
        for width in (self.width, 2 * self.width):
            x = nn.relu(Conv(width, 4, 2, 1, use_bias=True, kernel_init=init)(x))
        features = nn.relu(nn.Dense(64)(x.reshape(x.shape[0], -1)))
        return features, nn.Dense(10)(features)


@dataclasses.dataclass(frozen=True)
class DigitsTraining:
    """How the classifier is trained: Adam with cosine decay, images shifted by up to 2 pixels."""

    width: int = 32
    iterations: int = 1200
    batch_size: int = 100
    learning_rate: float = 2e-3
    seed: int = 0


@dataclasses.dataclass(frozen=True)
class DigitsClassifier:
    """A trained classifier of digits.

    `accuracy` is that on the 1,000 digits of the test split. `sha256` is of the weights: training
    is deterministic on one machine, but rounds otherwise on another, so that distances compare only
    where the hashes agree.
    """

    width: int
    params: Any = dataclasses.field(repr=False, compare=False)
    sha256: str
    accuracy: float

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """What `features` and `logits` return, in one pass."""
        return _run(self.width, self.params, images)

    def features(self, images: np.ndarray) -> np.ndarray:
        """The 64 activations before the last layer, `[n, h, w, 1] -> float32 [n, 64]`.

        Images are uint8, or float in [-1, 1] and rounded as a PNG file would; 28 or 32 pixels wide,
        of which the middle 28 count. A Fréchet distance of these features is called "FD-digits".

        Raises:
          ValueError: if the images are not grey or have another size.
        """
        return _run(self.width, self.params, images)[0]

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """The probabilities of the ten classes, `[n, h, w, 1] -> float64 [n, 10]`; see `logits`."""
        from scipy.special import softmax

        return softmax(self.logits(images).astype(np.float64), axis=1)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """What the Inception score of this classifier takes, float32 [n, 10]; see `features`."""
        return _run(self.width, self.params, images)[1]


@functools.cache
def digits_classifier(training: DigitsTraining = DigitsTraining()) -> DigitsClassifier:
    """The classifier, trained on the embedded 4,000 digits at first use (about a minute).

    It is kept in `$XDG_CACHE_HOME/gans_jax` (by default `~/.cache/gans_jax`), in a file that is
    named by a hash of `training` and the package's version. A file that is damaged is replaced.
    """
    path = _cache_file(training)
    try:
        params = _read(path)
    except Exception:  # missing or damaged: zipfile, zlib and NumPy each raise their own
        params = _train(training)
        _write(path, params)
    test = Digits(split="test").arrays
    logits = _run(training.width, params, test["image"])[1]
    accuracy = float((logits.argmax(axis=1) == test["label"]).mean())
    return DigitsClassifier(training.width, params, _sha256(params), accuracy)


def _train(training: DigitsTraining) -> Any:
    network = _Network(training.width)
    schedule = optax.cosine_decay_schedule(training.learning_rate, training.iterations)
    optimizer = optax.adam(schedule)

    def loss(params: Any, images: Array, labels: Array) -> Array:
        logits = network.apply({"params": params}, as_float(images))[1]
        return optax.softmax_cross_entropy_with_integer_labels(logits, labels).mean()

    @jax.jit
    def step(params: Any, opt_state: Any, images: Array, labels: Array) -> tuple[Any, Any]:
        gradients = jax.grad(loss)(params, images, labels)
        updates, opt_state = optimizer.update(gradients, opt_state)
        return optax.apply_updates(params, updates), opt_state

    # Padded to 32 pixels, a digit is shifted by cutting another part of 28.
    batches = stream(Digits(size=32), training.batch_size, training.seed)
    shifts = np.random.default_rng(training.seed).integers(
        0, 2 * _SHIFT + 1, (training.iterations, 2)
    )
    image = jnp.zeros((1, 28, 28, 1))
    params = jax.jit(network.init)(jax.random.key(training.seed), image)["params"]
    opt_state = jax.jit(optimizer.init)(params)
    for t, (y, x) in enumerate(shifts):
        batch = batches[t]
        images = batch["image"][:, y : y + 28, x : x + 28]
        params, opt_state = step(params, opt_state, images, batch["label"])
    return jax.tree.map(np.asarray, params)


@functools.partial(jax.jit, static_argnums=0)
def _apply(width: int, params: Any, images: Array) -> tuple[Array, Array]:
    with jax.default_matmul_precision("highest"):
        return _Network(width).apply({"params": params}, as_float(images))


def _run(width: int, params: Any, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1:] not in _SHAPES or not len(images):
        raise ValueError(
            f"the classifier of digits reads images [n, 28, 28, 1] or [n, 32, 32, 1]: "
            f"resize {images.shape}"
        )
    border = (images.shape[1] - 28) // 2
    digits = images[:, border : border + 28, border : border + 28]
    return in_blocks(lambda block: _apply(width, params, block), digits, _BLOCK)


def _cache_file(training: DigitsTraining) -> Path:
    from gans_jax.version import __version__

    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    configuration = json.dumps([__version__, dataclasses.asdict(training)], sort_keys=True)
    digest = hashlib.sha256(configuration.encode()).hexdigest()
    return cache / "gans_jax" / f"digits-classifier-{digest[:16]}.npz"


def _read(path: Path) -> Any:
    with np.load(path, allow_pickle=False) as file:
        leaves = dict(file)
    recorded = str(leaves.pop("sha256"))
    params = traverse_util.unflatten_dict(leaves, sep="/")
    if _sha256(params) != recorded:
        raise ValueError(f"{path} is damaged")
    return params


def _write(path: Path, params: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    leaves = traverse_util.flatten_dict(params, sep="/")
    content = io.BytesIO()
    np.savez(content, sha256=_sha256(params), **leaves)
    files.write(path, content.getvalue())


def _sha256(params: Any) -> str:
    digest = hashlib.sha256()
    for name, leaf in sorted(traverse_util.flatten_dict(params, sep="/").items()):
        digest.update(f"{name} {leaf.dtype} {leaf.shape} ".encode())
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()
