"""The history against a plain loop over a list, on the same draws."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax.core import image_history as history
from tests.support import tiny

KEY = jax.random.key(0)


class Pool:
    """What CycleGAN's paper describes, image by image."""

    def __init__(self, size):
        self.size, self.images = size, []

    def query(self, images, exchanges, places):
        return [self.show(*item) for item in zip(images, exchanges, places, strict=True)]

    def show(self, image, exchange, place):
        if len(self.images) < self.size:
            self.images.append(image)
            return image
        if not exchange:
            return image
        old, self.images[place] = self.images[place], image
        return old


@pytest.mark.parametrize("num", [1, 3, 7])
def test_query(num):
    """Seven images at a time are more than the history of five holds."""
    size, query = 5, tiny.jit(history.query)
    state, pool, exchanged = history.create(size, jnp.zeros((1, 2, 2, 1))), Pool(size), 0
    for t in range(20):
        images = np.random.default_rng(t).normal(size=(num, 2, 2, 1)).astype("float32")
        key = jax.random.fold_in(KEY, t)
        expected = np.stack(pool.query(images, *history.draws(key, num, size)))
        state, shown = query(state, images, key)
        np.testing.assert_array_equal(shown, expected)
        np.testing.assert_array_equal(state.images[: len(pool.images)], np.stack(pool.images))
        assert int(state.count) == len(pool.images) == min(size, num * (t + 1))
        exchanged += (shown != images).any(axis=(1, 2, 3)).sum()
    assert exchanged > 2


def test_draws():
    """A fair coin, all places alike, and no draw that depends on the number of images."""
    exchange, place = history.draws(KEY, 4000, 4)
    assert abs(np.mean(exchange) - 0.5) < 0.03
    np.testing.assert_allclose(np.bincount(place) / 4000, np.full(4, 0.25), atol=0.03)
    assert abs(np.corrcoef(exchange, place)[0, 1]) < 0.05
    np.testing.assert_array_equal(history.draws(KEY, 3, 4)[1], place[:3])


def test_each_device_gets_back_what_belongs_to_its_images():
    images = jax.random.normal(KEY, (8, 2, 2, 1))
    state = history.create(3, images)
    whole, shown = tiny.jit(history.query)(state, images, KEY)
    query = tiny.jit(jax.vmap(history.query, (None, 0, None), axis_name="data"))
    parts, part_shown = query(state, images.reshape(4, 2, 2, 2, 1), KEY)
    np.testing.assert_array_equal(part_shown.reshape(images.shape), shown)
    for device in range(4):
        tiny.assert_same_bits(jax.tree.map(lambda leaf: leaf[device], parts), whole)  # noqa: B023
    assert (shown != images).any()


def test_a_history_of_no_images_shows_the_latest():
    images = jnp.ones((2, 2, 2, 1))
    state = history.create(0, images)
    after, shown = history.query(state, images, KEY)
    tiny.assert_same_bits((after, shown), (state, images))


def test_no_gradient_passes():
    state = history.create(3, jnp.zeros((1, 2, 2, 1)))
    shown = lambda images: history.query(state, images, KEY)[1].sum()
    assert not jax.grad(shown)(jnp.ones((2, 2, 2, 1))).any()
