"""The terms of style transfer, by hand, and what it refuses."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import StyleTransfer, core
from gans_jax.methods import style_transfer
from tests.support import tiny

KEY = jax.random.key(0)
BATCH = {"a": tiny.images(4), "b": tiny.images(4, seed=1)}
PAINTER = tiny.Painter(batch_norm=False, dropout=0.0)


def test_gram_by_hand():
    """Two places, channels (1, 2) and (3, 4): sums of products over h w c = 4."""
    features = jnp.array([[1.0, 2.0], [3.0, 4.0]]).reshape(1, 1, 2, 2)
    expected = np.array([[1 + 9, 2 + 12], [2 + 12, 4 + 16]]) / 4
    np.testing.assert_allclose(style_transfer.gram(features)[0], expected)
    both = jnp.concatenate((features, 0 * features))
    distance = style_transfer.style_distance(both, 0 * both)
    np.testing.assert_allclose(distance, (expected**2).sum() / 2)  # the mean of two examples
    shuffled = style_transfer.gram(features[:, :, ::-1])
    np.testing.assert_allclose(shuffled[0], expected)  # the place does not matter


def test_total_variation_by_hand():
    image = jnp.array([[0.0, 1.0, 3.0], [0.0, 2.0, 2.0]])[None, ..., None]
    np.testing.assert_allclose(
        style_transfer.total_variation(image), (0 + 1 + 1) / 3 + (1 + 4 + 4 + 0) / 4
    )


def test_the_loss_is_the_weighted_sum_of_its_terms():
    method = StyleTransfer(
        PAINTER,
        tiny.Pyramid(),
        content_weight=2.0,
        style_weight=3.0,
        variation_weight=5.0,
    )
    state = tiny.jit(method.init)(KEY, BATCH)
    a, b = (np.asarray(core.as_float(images), np.float64) for images in BATCH.values())
    loss, (_, metrics, _) = method.generator_loss(state.generator, jnp.float32(a), b, KEY)
    y = np.float64(method.translate(state, BATCH["a"]))
    content = ((y - a)[:, ::2, ::2] ** 2).mean()
    style = 0
    for step in (1, 2):
        gram_y, gram_b = ((x[:, ::step, ::step] ** 2).mean((1, 2, 3)) for x in (y, b))
        style += ((gram_y - gram_b) ** 2).mean()
    expected = 2 * content + 3 * style + 5 * metrics["variation"]
    np.testing.assert_allclose([metrics["content"], metrics["style"]], [content, style], 1e-4)
    np.testing.assert_allclose(loss, expected, rtol=1e-5)


def test_errors():
    method = StyleTransfer(PAINTER, tiny.Pyramid(), content=2)
    with pytest.raises(ValueError, match="content is 2, but the features are 2 maps"):
        jax.eval_shape(method.init, KEY, BATCH)
    with pytest.raises(ValueError, match="StyleTransfer learns a_to_b alone"):
        method.translate(None, BATCH["a"], "b_to_a")
