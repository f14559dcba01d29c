"""A small classifier of digits, trained on the embedded set, whose features need no download."""

import dataclasses
import functools
import hashlib
import json
import warnings
from collections.abc import Mapping
from pathlib import Path

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
from flax import traverse_util
from jax import Array

from gans_jax import core
from gans_jax.core import files
from gans_jax.data import Digits, stream
from gans_jax.metrics.blocks import apply_precisely, in_blocks
from gans_jax.networks.layers import Conv
from gans_jax.version import __version__
from gans_jax.weights import WeightsError, read_tensors, write_tensors

_BLOCK = 100
_SHAPES = ((28, 28, 1), (32, 32, 1))
_SHIFT = 2


class _Network(nn.Module):
    """Maps digits `[n, 28, 28, 1]` to features `[n, 64]` and logits `[n, 10]`.

    The digits are uint8, or float in [-1, 1].
    """

    width: int

    @nn.compact
    def __call__(self, x: Array) -> tuple[Array, Array]:
        x = core.as_float(x)
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

    Attributes:
      width: the number of channels of the first layer.
      params: the weights.
      sha256: the hash of the weights. Training is deterministic on one machine, but rounds
        differently on another, so that distances can be compared only if the hashes agree.
      accuracy: the share of the 1,000 digits of the test split that it classifies rightly.
    """

    width: int
    params: chex.ArrayTree = dataclasses.field(repr=False, compare=False)
    sha256: str
    accuracy: float

    def __call__(self, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Returns both `features` and `logits`, in one pass."""
        return _run(self.width, self.params, images)

    def features(self, images: np.ndarray) -> np.ndarray:
        """Returns the activations before the last layer.

        A Fréchet distance of these features is called "FD-digits".

        Args:
          images: `[n, 28, 28, 1]`, or `[n, 32, 32, 1]`, whose middle 28 pixels count; uint8, or
            float in [-1, 1], which is rounded as in a PNG file.

        Returns:
          float32 `[n, 64]`.

        Raises:
          ValueError: if the images are not grey or have another size.
        """
        return _run(self.width, self.params, images)[0]

    def probabilities(self, images: np.ndarray) -> np.ndarray:
        """Returns the probabilities of the ten digits, float64 `[n, 10]`; see `features`."""
        from scipy.special import softmax  # slow to import

        return softmax(self.logits(images).astype(np.float64), axis=1)

    def logits(self, images: np.ndarray) -> np.ndarray:
        """Returns the logits of the ten digits, float32 `[n, 10]`; see `features`."""
        return _run(self.width, self.params, images)[1]


@functools.cache
def digits_classifier(training: DigitsTraining = DigitsTraining()) -> DigitsClassifier:
    """Returns the classifier, trained on the 4,000 embedded digits at the first use (a minute).

    Its weights are kept in `$XDG_CACHE_HOME/gans_jax` (by default `~/.cache/gans_jax`), in a file
    whose name is a hash of `training` and the package's version. A damaged file is replaced. Where
    no file can be written a warning says so, and the classifier is trained again next time.
    """
    path = _cache_file(training)
    params = None if path is None else _read(path)
    if params is None:
        params = _train(training)
        _keep(path, params)
    test = Digits(split="test").arrays
    logits = _run(training.width, params, test["image"])[1]
    accuracy = float((logits.argmax(axis=1) == test["label"]).mean())
    digest = _sha256(traverse_util.flatten_dict(params, sep="/"))
    return DigitsClassifier(training.width, params, digest, accuracy)


def _train(training: DigitsTraining) -> chex.ArrayTree:
    network = _Network(training.width)
    schedule = optax.cosine_decay_schedule(training.learning_rate, training.iterations)
    optimizer = optax.adam(schedule)

    def loss(player: core.Player, images: Array, labels: Array) -> core.Loss:
        _, logits = network.apply({"params": player.params}, images)
        entropies = optax.softmax_cross_entropy_with_integer_labels(logits, labels)
        return entropies.mean(), core.Aux(player.batch_stats, {})

    update = jax.jit(core.descend(loss, optimizer, "classifier"))
    # A digit padded to 32 pixels is shifted by cutting another part of 28 pixels from it.
    batches = stream(Digits(size=32), training.batch_size, training.seed)
    shifts = np.random.default_rng(training.seed).integers(
        0, 2 * _SHIFT + 1, (training.iterations, 2)
    )
    create = jax.jit(functools.partial(core.create, network, optimizer))
    player = create(jax.random.key(training.seed), jnp.zeros((1, 28, 28, 1)))
    for t, (y, x) in enumerate(shifts):
        batch = batches[t]
        images = batch["image"][:, y : y + 28, x : x + 28]
        player, _, _ = update(player, images, batch["label"])
    return jax.tree.map(np.asarray, player.params)


def _run(width: int, params: chex.ArrayTree, images: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    images = np.asarray(images)
    if images.ndim != 4 or images.shape[1:] not in _SHAPES or not len(images):
        raise ValueError(
            f"the classifier of digits reads images [n, 28, 28, 1] or [n, 32, 32, 1]: "
            f"resize {images.shape}"
        )
    border = (images.shape[1] - 28) // 2
    digits = images[:, border : border + 28, border : border + 28]
    run = functools.partial(apply_precisely, _Network(width), params)
    return in_blocks(run, digits, _BLOCK)


def _cache_file(training: DigitsTraining) -> Path | None:
    cache = files.cache_folder()
    configuration = json.dumps([__version__, dataclasses.asdict(training)], sort_keys=True)
    digest = hashlib.sha256(configuration.encode()).hexdigest()
    return cache and cache / f"digits-classifier-{digest[:16]}.npz"


def _read(path: Path) -> chex.ArrayTree | None:
    """Returns the weights in a file, or None if it is missing or damaged."""
    try:
        leaves = read_tensors(path)
    except WeightsError:
        return None
    recorded = str(leaves.pop("sha256", None))
    return traverse_util.unflatten_dict(leaves, sep="/") if _sha256(leaves) == recorded else None


def _keep(path: Path | None, params: chex.ArrayTree) -> None:
    """Writes the weights, or warns that it cannot."""
    leaves = traverse_util.flatten_dict(params, sep="/")
    reason = "there is no home folder: set XDG_CACHE_HOME"
    if path is not None:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return write_tensors(path, {"sha256": np.array(_sha256(leaves)), **leaves})
        except (OSError, WeightsError) as error:
            reason = str(error)
    warnings.warn(
        f"the classifier of digits cannot be kept, and is trained again next time ({reason})",
        stacklevel=3,
    )


def _sha256(leaves: Mapping[str, np.ndarray]) -> str:
    digest = hashlib.sha256()
    for name, leaf in sorted(leaves.items()):
        digest.update(f"{name} {leaf.dtype} {leaf.shape} ".encode())
        digest.update(np.ascontiguousarray(leaf).tobytes())
    return digest.hexdigest()
