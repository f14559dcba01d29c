"""Smooth GAN."""

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Metrics, Player, apply, checks
from gans_jax.methods.wgan_gp import WGANGP


@dataclasses.dataclass(frozen=True, kw_only=True)
class SmoothGAN(WGANGP):
    """Smooth deep image generator from noises (Guo et al., AAAI 2019), on top of WGAN-GP.

    A step of the noise changes pixel i by less than e if it is shorter than e / |grad G_i|, taken
    at the steepest point nearby (theorem 1), and the critic's value of the image if it is shorter
    than e / (|grad f| |grad G|) (theorem 2). So the generator's loss has two more terms, means of
    squared norms at the noise that is drawn:

        generator_weight * E mean_i |grad_z G_i(z)|^2 + critic_weight * E |grad_z f(G(z))|^2

    and WGAN-GP's penalty keeps |grad f| near 1. No public reference states the weights, so there
    are no defaults, nor any number to reproduce.

    The first norm is that of a Jacobian with a row per pixel, J. For independent signs v of mean 0,
    E |J^T v|^2 = |J|^2, so one product J^T v per image, a pullback, is an unbiased estimate at the
    cost of one more backward pass. Products J u with directions of the noise would do as well, but
    need forward mode, which the fast convolutions do not have. The second norm is exact: the
    pullback of the critic's gradient at the image. Where the generator has batch norm, what z does
    to the other images of the batch counts, too.

    Batch, state and metrics are WGAN-GP's; the generator adds both means without their weights, as
    `generator_slope` and `critic_slope`.
    """

    generator_weight: float
    critic_weight: float

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.not_negative(generator_weight=self.generator_weight)
        checks.not_negative(critic_weight=self.critic_weight)

    def generator_loss(
        self, generator: Player, critic: Player, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-E f(g(z)) and the two penalties."""
        keys, critic = jax.random.split(key, 3), lax.stop_gradient(critic)
        make = lambda z: apply(self.generator, generator, z, train=True, key=keys[0])  # noqa: E731
        judge = lambda x: apply(self.critic, critic, x, train=True, key=keys[1])[0]  # noqa: E731
        # The gradients have the type of z, which priors draw as float32 where others are doubles.
        fake, pull, stats = jax.vjp(make, z.astype(jnp.result_type(float)), has_aux=True)
        on_fake, pull_critic = jax.vjp(lambda x: core.per_example(judge(x)), fake)

        signs = jax.vmap(lambda key: jax.random.rademacher(key, fake.shape[1:], fake.dtype))
        (product,) = pull(signs(core.example_keys(keys[2], fake.shape[0])))
        (gradient,) = pull(*pull_critic(jnp.ones_like(on_fake)))
        of_generator = jnp.mean(_squares(product)) / fake[0].size
        of_critic = jnp.mean(_squares(gradient))

        loss = self.generator_weight * of_generator + self.critic_weight * of_critic
        metrics = {"generator_slope": of_generator, "critic_slope": of_critic}
        return loss - core.mean_logit(on_fake), (stats, metrics)


def _squares(x: Array) -> Array:
    """Squared norms of rows, `[n, size] -> [n]`."""
    return jnp.sum(jnp.square(x), axis=1)
