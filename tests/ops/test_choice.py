"""Which form of convolutions a program gets, and how a user chooses it."""

import contextlib

import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax.ops import conv, fast, use_convolutions
from gans_jax.ops.plain import Geometry


def normal(seed, *shape):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), np.float32)


def text_for(platform, form="auto"):
    """The program of second derivatives, which hold all operations."""
    loss = lambda x, w: jnp.sum(jnp.sin(conv(x, w, 2, 1)))
    slopes = lambda x, w: sum(jnp.sum(jnp.cos(dx)) for dx in jax.grad(loss, (0, 1))(x, w))
    x, w = jnp.zeros((4, 8, 8, 3)), jnp.zeros((4, 4, 3, 5))
    with use_convolutions(form):
        traced = jax.jit(jax.grad(slopes, (0, 1))).trace(x, w)
        return traced.lower(lowering_platforms=(platform,)).as_text()


@pytest.mark.parametrize("platform", ["tpu", "cuda", "rocm"])
def test_accelerators_get_convolutions_only(platform):
    text = text_for(platform)
    assert "stablehlo.convolution" in text
    assert "dot_general" not in text
    assert "optimization_barrier" not in text
    assert "dot_general" in text_for(platform, "fast")


def test_cpu_gets_the_fast_forms():
    assert "dot_general" in text_for("cpu")
    assert "dot_general" not in text_for("cpu", "plain")


def test_the_choice_is_part_of_the_jit_cache_and_ends_with_its_block():
    traces = []
    f = jax.jit(lambda x, w: (traces.append(None), conv(x, w, 2, 1))[1])
    x, w = normal(0, 1, 4, 4, 2), normal(1, 4, 4, 2, 3)
    for form in ("auto", "plain", "fast", "plain"):
        with use_convolutions(form):
            f(x, w)
    with contextlib.suppress(KeyError), use_convolutions("plain"):
        raise KeyError
    f(x, w)
    assert len(traces) == 3


def test_derivatives_keep_the_choice_of_their_function():
    x, w = normal(0, 1, 8, 8, 3), normal(1, 4, 4, 3, 5)
    with use_convolutions("fast"):
        y, back = jax.vjp(lambda w: conv(x, w, 2, 1), w)
    assert "dot_general" in str(jax.make_jaxpr(back)(y))
    with use_convolutions("plain"):
        y, back = jax.vjp(lambda w: conv(x, w, 2, 1), w)
    assert "dot_general" not in str(jax.make_jaxpr(back)(y))


def test_only_the_plain_form_has_forward_mode():
    x, w = normal(0, 1, 4, 4, 2), normal(1, 4, 4, 2, 3)
    with use_convolutions("plain"):
        y, tangent = jax.jvp(lambda x: conv(x, w, 2, 1), (x,), (x,))
    chex.assert_trees_all_close(tangent, y, rtol=1e-6, atol=1e-5)
    with pytest.raises(TypeError, match="forward-mode"):
        jax.jvp(lambda x: conv(x, w, 2, 1), (x,), (x,))


def test_an_unknown_form_is_refused():
    with pytest.raises(ValueError, match="'quick'"):
        use_convolutions("quick")


def test_wide_images_of_few_channels_come_from_one_product_on_a_cpu():
    """A convolution with vectors of three numbers took four times as long."""
    geometry = Geometry(stride=1, padding=(0, 0), image=(262, 262), kernel=(7, 7))
    y = jax.ShapeDtypeStruct((1, 256, 256, 64), jnp.float32)
    w = jax.ShapeDtypeStruct((7, 7, 3, 64), jnp.float32)
    text = str(jax.make_jaxpr(fast.transpose, static_argnums=2)(y, w, geometry))
    assert "dot_general" in text
    assert "conv_general_dilated" not in text
