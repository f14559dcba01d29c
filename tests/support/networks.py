"""Networks with parameters, images, and their shapes, for the tests of networks."""

import jax
import jax.numpy as jnp
import numpy as np

KEY = jax.random.key(0)


def shapes(network, *images):
    return jax.eval_shape(network.init, KEY, *(jnp.zeros(shape) for shape in images))


def count(params):
    return sum(leaf.size for leaf in jax.tree.leaves(params))


def output(network, *shape):
    x = jnp.zeros(shape, "float32")
    return jax.eval_shape(lambda x: network.init_with_output(KEY, x)[0], x)


def images(*shape, seed=0):
    return jnp.asarray(np.random.default_rng(seed).uniform(-1, 1, shape), "float32")


def filled(network, *inputs):
    """Larger parameters than the initial ones, so that no part of a tiny network falls silent."""
    rng = np.random.default_rng(1)
    variables = jax.eval_shape(network.init, KEY, *inputs)
    params = jax.tree.map(
        lambda leaf: jnp.asarray(rng.normal(0, 0.2, leaf.shape), leaf.dtype), variables["params"]
    )
    statistics = variables.get("batch_stats", {})
    return {"params": params, "batch_stats": jax.tree.map(jnp.ones_like, zeros(statistics))}


def zeros(shapes):
    return jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
