"""A trained sampler as a file that runs without this package."""

import jax
import jax.numpy as jnp

from gans_jax import core

PLATFORMS = ("cpu", "cuda", "tpu")


def export_sampler(method: core.Sampler, state: core.State, num: int) -> bytes:
    """Serialises the function from a uint32 seed to `num` samples, with the parameters in it.

    The function returns what `method.sample(state, jax.random.key(seed), num)` does. A conditional
    method's function takes labels, int32 `[num]`, behind the seed. Without this package,
    `jax.export.deserialize(data).call(numpy.uint32(0))` runs it. Both sides need `flatbuffers`,
    which JAX does not install by itself.

    Returns:
      A serialised `jax.export.Exported` for CPU, CUDA and TPU.
    """
    from jax import export

    def sample(seed: jax.Array, label: jax.Array | None = None) -> jax.Array:
        return method.sample(state, jax.random.key(seed), num, label)

    given = [jax.ShapeDtypeStruct((), jnp.uint32)]
    if method.classes:
        given.append(jax.ShapeDtypeStruct((num,), jnp.int32))
    exported = export.export(jax.jit(sample), platforms=PLATFORMS)
    return bytes(exported(*given).serialize())
