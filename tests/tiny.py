"""Networks and batches small enough that a method compiles in seconds."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array


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
_QUICK = {"xla_backend_optimization_level": 0, "xla_cpu_use_fusion_emitters": False}
jit = functools.partial(jax.jit, compiler_options=_known(_QUICK))


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


def images(*shape: int, seed: int = 0) -> np.ndarray:
    """uint8 images `[*shape, 8, 8, 1]`."""
    return np.random.default_rng(seed).integers(0, 256, (*shape, 8, 8, 1), np.uint8)


def leaves(tree) -> dict[str, np.ndarray]:
    """The leaves of a tree by path, as NumPy arrays."""
    flat, _ = jax.tree.flatten_with_path(tree)
    return {jax.tree_util.keystr(path): np.asarray(leaf) for path, leaf in flat}


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
