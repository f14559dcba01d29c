"""A trained sampler as a file that runs without this package."""

import jax
import jax.numpy as jnp

from gans_jax import core

PLATFORMS = ("cpu", "cuda", "tpu")


def export_sampler(method: core.Sampler, state: core.State, num: int) -> bytes:
    """Serialises the function from a uint32 seed to `num` samples, with the parameters in it.

    The function returns what `method.sample(state, jax.random.key(seed), num)` does. Without this
    package, `jax.export.deserialize(data).call(numpy.uint32(0))` runs it. Both sides need
    `flatbuffers`, which JAX does not install by itself.

    Returns:
      A serialised `jax.export.Exported` for CPU, CUDA and TPU.
    """
    from jax import export

    def sample(seed: jax.Array) -> jax.Array:
        return method.sample(state, jax.random.key(seed), num)

    exported = export.export(jax.jit(sample), platforms=PLATFORMS)
    return bytes(exported(jax.ShapeDtypeStruct((), jnp.uint32)).serialize())
