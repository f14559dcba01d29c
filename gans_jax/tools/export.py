"""A trained sampler as a file that runs without this package."""

from typing import Any

import jax
import jax.numpy as jnp

PLATFORMS = ("cpu", "cuda", "tpu")


def export_sampler(method: Any, state: Any, num: int) -> bytes:
    """The function from a uint32 seed to `method.sample(state, jax.random.key(seed), num)`.

    The bytes are a serialised `jax.export.Exported` for CPU, CUDA and TPU, with the parameters in
    it; `jax.export.deserialize(data).call(numpy.uint32(0))` runs it without this package. Both
    sides need `flatbuffers`, which JAX does not install by itself.
    """
    from jax import export

    def sample(seed: jax.Array) -> jax.Array:
        return method.sample(state, jax.random.key(seed), num)

    exported = export.export(jax.jit(sample), platforms=PLATFORMS)
    return bytes(exported(jax.ShapeDtypeStruct((), jnp.uint32)).serialize())
