"""Networks and batches small enough that a method compiles in seconds, and how tests are fuzzed."""

import dataclasses
import functools
import importlib.metadata

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from hypothesis import HealthCheck, settings
from jax import Array

from gans_jax import networks
from gans_jax.networks.layers import Conv, leaky_relu, run_layer


def _known(options: dict) -> dict:
    """Those of XLA's options that this version has."""

    def known(name: str) -> bool:
        try:
            jax.jit(lambda x: x, compiler_options={name: options[name]}).lower(0.0).compile()
        except jax.errors.JaxRuntimeError:
            return False
        return True

    return {name: value for name, value in options.items() if known(name)}


# What runs a few times on tiny arrays need not be optimised: it compiles in a tenth of the time.
# Elsewhere than on a CPU, the tests are to see the programs that users have.
_QUICK = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
_OPTIONS = _known(_QUICK) if jax.default_backend() == "cpu" else {}
jit = functools.partial(jax.jit, compiler_options=_OPTIONS)


class Generator(nn.Module):
    """Noise to 8x8 images; batch norm and dropout, the two layers that see the whole batch."""

    features: int = 16

    @nn.compact
    def __call__(self, z: Array, train: bool = False) -> Array:
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(
            nn.Dense(self.features, use_bias=False)(z)
        )
        x = nn.Dropout(0.1, deterministic=not train)(nn.relu(x))
        return jnp.tanh(nn.Dense(64)(x)).reshape(-1, 8, 8, 1)


class Discriminator(nn.Module):
    """8x8 images to logits `[n, 1]`, with batch norm unless forbidden."""

    features: int = 16
    batch_norm: bool = True

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        x = nn.Dense(self.features, use_bias=not self.batch_norm)(x.reshape(x.shape[0], -1))
        if self.batch_norm:
            x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        return nn.Dense(1)(nn.leaky_relu(x, 0.2))


class Stabilised(nn.Module):
    """8x8 images to logits `[n]`, by stabilising layers, which compute in float64 if enabled."""

    norm: str = "spectral"
    minibatch_std: bool = False

    @property
    def couples_examples(self) -> bool:
        return self.minibatch_std

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        dtype, n = str(jnp.result_type(float)), x.shape[0]
        x = networks.Reference(2)(x, train) if self.norm == "virtual" else x
        use_bias = self.norm != "virtual"  # which would remove it, and leave rounding
        x = run_layer(Conv(16, 4, 4, use_bias=use_bias, dtype=dtype), x, self.norm, train)
        x = networks.VirtualBatchNorm(2, dtype)(x)[-n:] if self.norm == "virtual" else x
        x = leaky_relu(networks.SelfAttention(self.norm, dtype)(x, train))
        self.sow("intermediates", "features", x)
        x = networks.MinibatchStd()(x) if self.minibatch_std else x
        return run_layer(nn.Dense(1), x.reshape(n, -1), self.norm, train)[:, 0]


class VirtualGenerator(nn.Module):
    """Noise to 8x8 images, with virtual batch norm."""

    @nn.compact
    def __call__(self, z: Array, train: bool = False) -> Array:
        x = nn.Dense(16, use_bias=False)(networks.Reference(2)(z, train))
        x = networks.VirtualBatchNorm(2, str(jnp.result_type(float)))(x)[2:]
        return jnp.tanh(nn.Dense(64)(nn.relu(x))).reshape(-1, 8, 8, 1)


class Painter(nn.Module):
    """Images to images, pixel by pixel; batch norm and dropout as in `Generator`."""

    features: int = 8
    channels: int = 1
    batch_norm: bool = True
    dropout: float = 0.1

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        # Batch norm would take away all that a first layer of one input can learn.
        x = nn.leaky_relu(nn.Dense(self.features)(x), 0.2)
        x = nn.Dense(self.features, use_bias=not self.batch_norm)(x)
        if self.batch_norm:
            x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        x = nn.Dropout(self.dropout, deterministic=not train)(nn.leaky_relu(x, 0.2))
        return jnp.tanh(nn.Dense(self.channels)(x))


class Attention(nn.Module):
    """Images to maps `[n, h, w, 1]` in [0, 1], pixel by pixel."""

    features: int = 8

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        return nn.sigmoid(nn.Dense(1)(nn.leaky_relu(nn.Dense(self.features)(x), 0.2)))


class Translator(nn.Module):
    """A generator per direction, one with dropout, whose draws take long to compile."""

    generator_ab: nn.Module = Painter()
    generator_ba: nn.Module = Painter(dropout=0.0)

    def a_to_b(self, x: Array, train: bool = False) -> Array:
        return self.generator_ab(x, train)

    def b_to_a(self, x: Array, train: bool = False) -> Array:
        return self.generator_ba(x, train)

    def __call__(self, a: Array, b: Array) -> tuple[Array, Array]:
        return self.a_to_b(a), self.b_to_a(b)


class Encoder(nn.Module):
    """8x8 images to codes `[n, size]` in [-1, 1]."""

    size: int = 8

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        return jnp.tanh(nn.Dense(self.size)(x.reshape(x.shape[0], -1)))


class Joint(nn.Module):
    """Arrays and codes to the logits of a discriminator of both at once."""

    discriminator: nn.Module = Discriminator()

    def __call__(self, x: Array, z: Array, train: bool = False) -> Array:
        x = jnp.concatenate((x.reshape(x.shape[0], -1), z), axis=-1)
        return self.discriminator(x, train)


class Twins(nn.Module):
    """Noise to images of two domains, by one hidden layer and two outputs."""

    @nn.compact
    def __call__(self, z: Array, train: bool = False) -> tuple[Array, Array]:
        x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(
            nn.Dense(16, use_bias=False)(z)
        )
        x = nn.Dropout(0.1, deterministic=not train)(nn.relu(x))
        return tuple(jnp.tanh(nn.Dense(64)(x)).reshape(-1, 8, 8, 1) for _ in "ab")


class TwinDiscriminators(nn.Module):
    """8x8 images of two domains to logits `[n, 1]`, by two first layers and one last."""

    @nn.compact
    def __call__(self, a: Array, b: Array, train: bool = False) -> tuple[Array, Array]:
        last = nn.Dense(1)
        hidden = []
        for x in (a, b):
            x = nn.Dense(16, use_bias=False)(x.reshape(x.shape[0], -1))
            hidden.append(nn.BatchNorm(use_running_average=not train, momentum=0.9)(x))
        return tuple(last(nn.leaky_relu(x, 0.2)) for x in hidden)


class Patches(nn.Module):
    """8x8 images to one logit per patch, `[n, 2, 2, 1]`."""

    features: int = 16
    batch_norm: bool = True

    @nn.compact
    def __call__(self, x: Array, train: bool = False) -> Array:
        x = x.reshape(-1, 2, 4, 2, 4, x.shape[-1]).swapaxes(2, 3)
        x = x.reshape(-1, 2, 2, 16 * x.shape[-1])
        x = nn.Dense(self.features, use_bias=not self.batch_norm)(x)
        if self.batch_norm:
            x = nn.BatchNorm(use_running_average=not train, momentum=0.9)(x)
        return nn.Dense(1)(nn.leaky_relu(x, 0.2))


@dataclasses.dataclass(frozen=True)
class Pyramid:
    """Images and every second of their pixels, as feature maps."""

    def __call__(self, images: Array) -> tuple[Array, Array]:
        return images, images[:, ::2, ::2]


def images(*shape: int, seed: int = 0) -> np.ndarray:
    """uint8 images `[*shape, 8, 8, 1]`."""
    return np.random.default_rng(seed).integers(0, 256, (*shape, 8, 8, 1), np.uint8)


def objects(num: int, sign: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Weak noise with a 4x4 square of 0.8 and -0.8, times the sign, `[num, 8, 8, 2]`, and masks.

    With one seed, images of both signs have the same squares on the same noise.
    """
    rng = np.random.default_rng(seed)
    images = rng.normal(0, 0.1, (num, 8, 8, 2)).astype("float32")
    masks = np.zeros((num, 8, 8, 1), "float32")
    for mask, (row, column) in zip(masks, rng.integers(0, 5, (num, 2)), strict=True):
        mask[row : row + 4, column : column + 4] = 1
    return np.where(masks == 1, sign * np.float32([0.8, -0.8]), images), masks


def leaves(tree) -> dict[str, np.ndarray]:
    """The leaves of a tree by path, as NumPy arrays."""
    flat, _ = jax.tree.flatten_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in flat}


def double(tree):
    """The tree with its floating leaves in float64."""
    is_float = lambda x: jnp.issubdtype(x.dtype, jnp.floating)
    return jax.tree.map(lambda x: x.astype("f8") if is_float(x) else x, tree)


def assert_same_bits(a, b) -> None:
    """Fails with the path of the first leaf whose type, shape or bits differ."""
    assert jax.tree.structure(a) == jax.tree.structure(b)
    for (path, x), y in zip(leaves(a).items(), leaves(b).values(), strict=True):
        assert (x.dtype, x.shape) == (y.dtype, y.shape), path
        assert x.tobytes() == y.tobytes(), path


def assert_close(a, b, tolerance: float) -> None:
    """Each leaf within `tolerance` of the largest magnitude in it."""
    for (path, x), y in zip(leaves(a).items(), leaves(b).values(), strict=True):
        scale = max(np.abs(y).max(initial=0), 1e-30)
        assert np.abs(x - y).max(initial=0) <= tolerance * scale, path


def fuzz(cases: int) -> settings:
    """Runs a test on so many cases, always the same."""
    return settings(
        max_examples=cases,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )


def install(monkeypatch, **versions: str | None) -> None:
    """Pretends that packages are installed in other versions, or not at all."""
    known = importlib.metadata.version

    def version(package: str) -> str:
        found = versions[package] if package in versions else known(package)
        if found is None:
            raise importlib.metadata.PackageNotFoundError(package)
        return found

    monkeypatch.setattr(importlib.metadata, "version", version)
