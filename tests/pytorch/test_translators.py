"""One iteration of pix2pix and of CycleGAN against PyTorch, on the same weights, data and draws."""

import flax.linen as linen
import jax
import jax.numpy as jnp
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from torch import nn

from experiments.benchmark.reference import steps, weights
from gans_jax import CycleGAN, Pix2Pix
from gans_jax.core import image_history as history
from gans_jax.networks.layers import Conv
from tests.pytorch import double
from tests.support import tiny

pytestmark = pytest.mark.torch

_BATCH, _CHANNELS, _FEATURES = 3, 2, 4
_KEY = jax.random.key(2)


class _Painter(linen.Module):
    """Images to images."""

    @linen.compact
    def __call__(self, x, train: bool = False):
        x = Conv(_FEATURES, 3, padding=1, dtype="float64")(x)
        x = linen.BatchNorm(use_running_average=not train, momentum=0.9, use_fast_variance=False)(x)
        x = linen.leaky_relu(x, 0.2)
        return jnp.tanh(Conv(_CHANNELS, 3, padding=1, use_bias=True, dtype="float64")(x))


class _Patches(linen.Module):
    """Images to logits `[n, h / 2, w / 2, 1]`."""

    @linen.compact
    def __call__(self, x, train: bool = False):
        x = Conv(_FEATURES, 4, 2, 1, dtype="float64")(x)
        x = linen.BatchNorm(use_running_average=not train, momentum=0.9, use_fast_variance=False)(x)
        return Conv(1, 3, padding=1, use_bias=True, dtype="float64")(linen.leaky_relu(x, 0.2))


def _painter(player):
    first = nn.Conv2d(_CHANNELS, _FEATURES, 3, 1, 1, bias=False)
    last = nn.Conv2d(_FEATURES, _CHANNELS, 3, 1, 1)
    layers = first, nn.BatchNorm2d(_FEATURES), nn.LeakyReLU(0.2), last, nn.Tanh()
    return double.load(nn.Sequential(*layers), player)


def _patches(player, channels=_CHANNELS):
    first = nn.Conv2d(channels, _FEATURES, 4, 2, 1, bias=False)
    last = nn.Conv2d(_FEATURES, 1, 3, 1, 1)
    layers = first, nn.BatchNorm2d(_FEATURES), nn.LeakyReLU(0.2), last
    return double.load(nn.Sequential(*layers), player)


def _batch():
    return {
        name: jnp.asarray(double.uniform(_BATCH, 8, 8, _CHANNELS, seed=seed))
        for seed, name in enumerate("ab")
    }


def _part(player, name):
    """One network's share of a player of several."""
    return player._replace(
        params=player.params[name], batch_stats=player.batch_stats[name], opt_state=()
    )


def _check_losses(metrics, losses) -> None:
    for name, loss in losses.items():
        np.testing.assert_allclose(metrics[name], loss.item(), rtol=1e-10, err_msg=name)


def _check(player, network) -> None:
    """The gradients, and the parameters after a step of Adam on them."""
    tiny.assert_close(double.recorded(player, 0), weights.gradients(network), 1e-10)
    tiny.assert_close(player.params, weights.parameters(network), 1e-7)


@pytest.mark.parametrize("freeze", [True, False])
def test_pix2pix_iteration(freeze) -> None:
    networks = _Painter(), _Patches()
    method = Pix2Pix(*networks, optimizer=double.recording(Pix2Pix(*networks).optimizer, 1))
    batch = _batch()
    state = double.initial(method, batch)
    after, metrics = tiny.jit(method.step)(state, batch, _KEY)

    generator, discriminator = _painter(state.generator), _patches(state.discriminator, 4)
    trainer = steps.Pix2Pix(generator, discriminator, freeze=freeze)
    _check_losses(metrics, trainer.step(*map(weights.nchw, batch.values())))
    _check(after.generator, generator)
    if freeze:  # else the generator's update adds to the discriminator's gradients
        _check(after.discriminator, discriminator)
    tiny.assert_close(after.discriminator.params, weights.parameters(discriminator), 1e-7)
    statistics = weights.running_statistics(generator)["BatchNorm_0"]
    tiny.assert_close(after.generator.batch_stats["BatchNorm_0"]["mean"], statistics["mean"], 1e-10)


def _full_histories(state, size):
    images = [jnp.asarray(double.uniform(size, 8, 8, _CHANNELS, seed=seed)) for seed in (5, 6)]
    full = [history.History(x, jnp.int32(size)) for x in images]
    return state._replace(history_a=full[0], history_b=full[1])


@pytest.mark.parametrize(("full", "identity_weight"), [(False, 5.0), (True, 5.0), (True, 0.0)])
def test_cyclegan_iteration(full, identity_weight) -> None:
    """With histories that fill up within the batch, and with full ones."""
    size = 4 if full else 2
    settings = {"history_size": size, "identity_weight": identity_weight}
    networks = tiny.Translator(_Painter(), _Painter()), _Patches()
    optimizer = double.recording(CycleGAN(*networks).optimizer, 1)
    method, batch = CycleGAN(*networks, optimizer=optimizer, **settings), _batch()
    state = double.initial(method, batch)
    state = _full_histories(state, size) if full else state
    after, metrics = tiny.jit(method.step)(state, batch, _KEY)

    names = ("generator_ab", "generator_ba")
    generators = [_painter(_part(state.translator, name)) for name in names]
    discriminators = [_patches(state.discriminator_a), _patches(state.discriminator_b)]
    trainer = steps.CycleGAN(*generators, *discriminators, freeze=True, **settings)
    pools = trainer.pool_a, trainer.pool_b
    histories = state.history_a, state.history_b
    for pool, stored in zip(pools, histories, strict=True):
        pool.images = list(weights.nchw(stored.images)) if full else []
    keys = jax.random.split(jax.random.split(_KEY)[1], 4)[:2]
    draws = [map(np.asarray, history.draws(key, _BATCH, size)) for key in keys]
    draws = [tuple(draw) for draw in draws]
    assert any(exchange.any() and not exchange.all() for exchange, _ in draws)
    _check_losses(metrics, trainer.step(*map(weights.nchw, batch.values()), *draws))

    for name, generator in zip(names, generators, strict=True):
        tiny.assert_close(
            double.recorded(after.translator, 0)[name], weights.gradients(generator), 1e-10
        )
        parameters = weights.parameters(generator)
        tiny.assert_close(after.translator.params[name], parameters, 1e-7)
        statistics = weights.running_statistics(generator)["BatchNorm_0"]["mean"]
        ours = after.translator.batch_stats[name]["BatchNorm_0"]["mean"]
        tiny.assert_close(ours, statistics, 1e-10)
    _check(after.discriminator_a, discriminators[0])
    _check(after.discriminator_b, discriminators[1])
    for pool, stored in zip(pools, (after.history_a, after.history_b), strict=True):
        tiny.assert_close(stored.images, weights.nhwc(torch.stack(pool.images)), 1e-10)
