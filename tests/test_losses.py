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
    # The risk of a generated example is log 4; that of a real one, of which 1/4 counts, log 2.
    (
        losses.PositiveUnlabeled(prior=0.25),
        [0.0, 0.0],
        [LOG3, LOG3],
        np.log(2) / 4 + np.log(4) - np.log(2) / 4,
        np.log(4 / 3),
    ),
    (losses.PositiveUnlabeled(losses.Hinge(), 0.5), [0.5] * 2, [0.0, 1.0], 0.25 + 1.5 - 0.75, -0.5),
    (losses.PositiveUnlabeled(losses.Hinge(), 0.5), [0.5] * 2, [-1.0, -1.0], 0.25, 1.0),
    (
        losses.PositiveUnlabeled(losses.LeastSquares(a=-1), 0.5),
        [0.0, 2.0],
        [1.0, 0.0],
        0.5 * 0.5 + 0.5 * 2.5 - 0.5 * 0.5 * 5,
        0.25,
    ),
    (losses.PositiveUnlabeled(losses.Wasserstein(), 0.5), [1.0, 3.0], [2.0, 5.0], 1.5, -3.5),
    # The cross entropy of D(x) = 3/4 with 0.8, and the target 1 - 0.25 * 2 between b=1 and a=-1.
    (
        losses.OneSidedSmoothing(by=0.2),
        [LOG3],
        [-LOG3],
        -0.8 * np.log(3 / 4) - 0.2 * np.log(1 / 4) - np.log(3 / 4),
        np.log(4),
    ),
    (losses.OneSidedSmoothing(losses.Minimax(), 0.2), [0.0], [LOG3], np.log(8), -np.log(4)),
    (
        losses.OneSidedSmoothing(losses.LeastSquares(a=-1, c=0), 0.25),
        [3.0],
        [2.0],
        0.5 * 2.5**2 + 0.5 * 9,
        0.5 * 4,
    ),
]


@pytest.mark.parametrize(("loss", "real", "fake", "discriminator", "generator"), BY_HAND)
def test_by_hand(loss, real, fake, discriminator, generator):
    real, fake = jnp.array(real), jnp.array(fake)
    np.testing.assert_allclose(loss.discriminator(real, fake), discriminator, rtol=1e-6)
    np.testing.assert_allclose(loss.generator(fake), generator, rtol=1e-6)


def test_relativistic_pairing_by_hand():
    """Pairs by their place: margins of log 3 and log 7 cost log 4/3 and log 8/7."""
    loss, log7 = losses.RelativisticPairing(), float(np.log(7))
    real, fake = jnp.array([LOG3, 2 + log7]), jnp.array([0.0, 2.0])
    expected = (np.log(4 / 3) + np.log(8 / 7)) / 2
    np.testing.assert_allclose(loss.discriminator(real, fake), expected, rtol=1e-6)
    expected = (np.log(4) + np.log(8)) / 2  # the generator's margins are -log 3 and -log 7
    np.testing.assert_allclose(loss.generator(fake, 0, real), expected, rtol=1e-6)
    margins = np.array([2 - LOG3, -2 - log7])
    swapped = loss.generator(fake[::-1], 0, real)
    np.testing.assert_allclose(swapped, np.log1p(np.exp(-margins)).mean(), rtol=1e-6)
    with pytest.raises(ValueError, match=r"pairs logits \(2,\) with \(1,\)"):
        loss.discriminator(real, fake[:1])


@pytest.mark.parametrize(
    "loss", [losses.Wasserstein(), losses.Hinge(), losses.RelativisticPairing()]
)
def test_a_loss_without_targets_is_not_smoothed(loss):
    with pytest.raises(ValueError, match=f"{type(loss).__name__} has no target for real examples"):
        losses.OneSidedSmoothing(loss)


def test_pairs_are_neither_unlabeled_nor_for_every_method():
    with pytest.raises(ValueError, match="but RelativisticPairing judges pairs"):
        losses.PositiveUnlabeled(losses.RelativisticPairing())
    with pytest.raises(ValueError, match="generator does not see: use it in GAN"):
        losses.RelativisticPairing().generator(jnp.ones(2))


ALL = [
    losses.Minimax(),
    losses.NonSaturating(),
    losses.LeastSquares(),
    losses.Wasserstein(),
    losses.Hinge(),
    losses.PositiveUnlabeled(),
    losses.OneSidedSmoothing(),
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


def cross_entropy(logits, target):
    p = 1 / (1 + np.exp(-logits))
    return -(target * np.log(p) + (1 - target) * np.log(1 - p))


AUTHORS = [
    (losses.NonSaturating(), lambda x: cross_entropy(x, 1), lambda x: cross_entropy(x, 0)),
    (
        losses.LeastSquares(a=-1, discriminator_scale=1.0),
        lambda x: (x - 1) ** 2,
        lambda x: (x + 1) ** 2,
    ),
    (losses.Hinge(), lambda x: np.maximum(0, 1 - x), lambda x: np.maximum(0, 1 + x)),
    (losses.Wasserstein(), lambda x: -x, lambda x: x),
]


@pytest.mark.parametrize(("loss", "one", "zero"), AUTHORS, ids=lambda loss: type(loss).__name__)
@pytest.mark.parametrize("shift", [-2.0, 0.0, 2.0])
def test_positive_unlabeled_is_the_authors_formula(loss, one, zero, shift):
    """pi L(real, 1) + max(0, L(fake, 0) - pi L(real, 0)); with the first shift it is clipped."""
    real, fake = np.random.default_rng(0).normal(0.5, 2, (2, 64)).astype("f4")
    fake += np.float32(shift)
    for prior in (0.3, 0.6):
        risk = zero(fake).mean() - prior * zero(real).mean()
        expected = prior * one(real).mean() + max(0, risk)
        value = losses.PositiveUnlabeled(loss, prior).discriminator(real, fake)
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-6)


def test_a_clipped_risk_has_no_gradient():
    loss = losses.PositiveUnlabeled(losses.Hinge(), 0.5)
    gradient = jax.grad(loss.discriminator, argnums=(0, 1))
    of_real, of_fake = gradient(jnp.array([0.5, 0.5]), jnp.array([-0.5, -0.6]))
    assert not of_fake.any()
    np.testing.assert_allclose(of_real, [-0.25, -0.25])
    assert gradient(jnp.array([0.5, 0.5]), jnp.array([0.5, 0.6]))[1].all()


def test_a_critic_that_is_sure_of_real_examples_learns_nothing_from_generated_ones():
    """PU around `Wasserstein`: the risk 1 - 0.3 * 5 is clipped, and D(x) goes on rising."""
    loss = losses.PositiveUnlabeled(losses.Wasserstein(), 0.3)
    real, fake = jnp.array([4.0, 6.0]), jnp.array([0.0, 2.0])
    value, (of_real, of_fake) = jax.value_and_grad(loss.discriminator, argnums=(0, 1))(real, fake)
    np.testing.assert_allclose(value, -0.3 * 5, rtol=1e-6)
    np.testing.assert_array_equal(of_fake, [0, 0])
    np.testing.assert_allclose(of_real, [-0.15, -0.15], rtol=1e-6)
    # Without PU, and with PU where D(x) is small, they have the gradient 1 / 2 each.
    alone = jax.grad(losses.Wasserstein().discriminator, argnums=1)(real, fake)
    np.testing.assert_allclose(alone, [0.5, 0.5])
    small = jax.grad(loss.discriminator, argnums=1)(real - 3, fake)
    np.testing.assert_allclose(small, [0.5, 0.5])


def test_with_a_prior_above_one_half_the_wasserstein_loss_has_no_minimum():
    loss = losses.PositiveUnlabeled(losses.Wasserstein(), 0.6)
    real, fake = jnp.array([0.0, 1.0]), jnp.array([1.0, 2.0])
    values = [loss.discriminator(real + c, fake + c) for c in (0.0, 10.0, 100.0)]
    np.testing.assert_allclose(np.diff(values), [(1 - 1.2) * 10, (1 - 1.2) * 90], rtol=1e-5)


def test_the_risk_is_clipped_over_the_global_batch():
    """Of two shards one alone would be clipped, but their mean is not."""
    loss = losses.PositiveUnlabeled(losses.Hinge(), 0.5)
    real, fake = jnp.full((2, 4), 0.5), jnp.array([[-2.0] * 4, [1.0] * 4])
    gradients = lambda real, fake: jax.value_and_grad(loss.discriminator, argnums=1)(real, fake)
    values, shards = jax.vmap(gradients, axis_name="data")(real, fake)
    whole, expected = gradients(real.reshape(-1), fake.reshape(-1))
    np.testing.assert_allclose(values, [whole, whole], rtol=1e-6)
    # A device's gradient counts half in the mean over the devices.
    np.testing.assert_allclose(shards.reshape(-1) / 2, expected, rtol=1e-6)
    assert expected[4:].all()


def test_the_prior_rises_as_in_the_authors_code():
    prior = losses.RisingPrior()
    steps = [0, 9_998, 9_999, 29_998, 29_999, 10**6]
    expected = [0.3, 0.3, 0.4, 0.5, 0.6, 0.6]
    np.testing.assert_allclose([prior(step) for step in steps], expected, rtol=1e-6)
    loss = losses.PositiveUnlabeled(losses.Hinge(), prior)
    logits = jnp.array([-3.0, -3.0])
    np.testing.assert_allclose(loss.discriminator(logits, logits, 15_000), 0.4 * 4, rtol=1e-6)


@pytest.mark.parametrize("prior", [0, 1.0, -0.1, 1.5])
def test_a_prior_that_is_no_share_is_refused(prior):
    with pytest.raises(ValueError, match=f"prior must be between 0 and 1, but is {prior}"):
        losses.PositiveUnlabeled(prior=prior)
    with pytest.raises(ValueError, match=f"limit must be between 0 and 1, but is {prior}"):
        losses.RisingPrior(limit=prior)


def test_one_logit_is_too_few_for_a_clipped_mean():
    with pytest.raises(ValueError, match="PositiveUnlabeled couples the examples"):
        losses.PositiveUnlabeled().discriminator(jnp.ones(1), jnp.ones(1))
    patches = jnp.ones((1, 2, 2, 1))
    assert np.isfinite(losses.PositiveUnlabeled().discriminator(patches, patches))
