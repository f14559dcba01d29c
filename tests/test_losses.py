"""The adversarial losses against numbers worked out by hand."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import losses

LOG3 = np.log(3.0)  # sigmoid(log 3) = 3/4, sigmoid(-log 3) = 1/4

# (loss, logits on real, logits on fake, discriminator's loss, generator's loss)
BY_HAND = [
    (losses.Minimax(), [LOG3], [-LOG3], -2 * np.log(3 / 4), np.log(3 / 4)),
    (
        losses.Minimax(),
        [0.0, LOG3],
        [LOG3],
        (np.log(2) + np.log(4 / 3)) / 2 + np.log(4),
        -np.log(4),
    ),
    (losses.NonSaturating(), [LOG3], [-LOG3], -2 * np.log(3 / 4), np.log(4)),
    (losses.LeastSquares(), [3.0], [2.0], 0.5 * 4 + 0.5 * 4, 0.5 * 1),
    (losses.LeastSquares(a=-1, b=1, c=0), [3.0], [2.0], 0.5 * 4 + 0.5 * 9, 0.5 * 4),
    (losses.LeastSquares(generator_scale=1.0), [3.0], [4.0], 0.5 * 4 + 0.5 * 16, 9.0),
    (losses.Wasserstein(), [1.0, 3.0], [5.0], 5.0 - 2.0, -5.0),
    (losses.Hinge(), [0.25, 4.0], [-0.5, -3.0], 0.75 / 2 + 0.5 / 2, 1.75),
]


@pytest.mark.parametrize(("loss", "real", "fake", "discriminator", "generator"), BY_HAND)
def test_by_hand(loss, real, fake, discriminator, generator):
    real, fake = jnp.array(real), jnp.array(fake)
    np.testing.assert_allclose(loss.discriminator(real, fake), discriminator, rtol=1e-6)
    np.testing.assert_allclose(loss.generator(fake), generator, rtol=1e-6)


ALL = [
    losses.Minimax(),
    losses.NonSaturating(),
    losses.LeastSquares(),
    losses.Wasserstein(),
    losses.Hinge(),
]


@pytest.mark.parametrize("loss", ALL, ids=lambda loss: type(loss).__name__)
def test_bfloat16_logits_are_averaged_in_float32(loss):
    # In bfloat16 the mean of 257 times 1.0 and a 2.0 has no room for the 2.0.
    logits = jnp.array([1.0] * 257 + [2.0], jnp.bfloat16)
    value = loss.generator(logits)
    assert value.dtype == jnp.float32
    np.testing.assert_allclose(value, loss.generator(logits.astype(jnp.float32)), rtol=1e-6)


def test_losses_on_float64_stay_float64():
    with jax.enable_x64(True):
        assert losses.NonSaturating().generator(jnp.zeros(3, jnp.float64)).dtype == jnp.float64


@pytest.mark.parametrize("loss", [losses.Minimax(), losses.NonSaturating()])
def test_extreme_logits_stay_finite(loss):
    logits = jnp.array([-1e4, 1e4])
    values, grads = jax.value_and_grad(lambda x: loss.discriminator(x, x) + loss.generator(x))(
        logits
    )
    assert np.isfinite(values)
    assert np.isfinite(grads).all()


def test_only_the_non_saturating_generator_learns_from_a_sure_discriminator():
    sure = jnp.array([-20.0])
    assert abs(jax.grad(losses.Minimax().generator)(sure)[0]) < 1e-8
    np.testing.assert_allclose(jax.grad(losses.NonSaturating().generator)(sure), [-1.0], rtol=1e-6)
