"""Smooth GAN."""

import dataclasses

import chex
import jax
import jax.numpy as jnp
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Condition, Loss, Passes, Player, apply, checks, judged, mean_logit
from gans_jax.methods.wgan_gp import WGANGP


@dataclasses.dataclass(frozen=True, kw_only=True)
class SmoothGAN(WGANGP):
    """Smooth deep image generator from noises (Guo et al., AAAI 2019), on top of WGAN-GP.

    A step of the noise changes pixel i by less than e if it is shorter than e / |grad G_i|, taken
    at the steepest point nearby (theorem 1), and the critic's value of the image if it is shorter
    than e / (|grad f| |grad G|) (theorem 2). So the generator's loss has two more terms, means of
    squared norms at the noise that is drawn:

        generator_weight * E mean_i |grad_z G_i(z)|^2 + critic_weight * E |grad_z f(G(z))|^2

    and WGAN-GP's penalty keeps |grad f| near 1. We found no code of the authors, and did not read
    their weights, so there are no defaults, nor any number to reproduce.

    The first norm belongs to a Jacobian J with a row per pixel. For independent signs v of mean 0,
    E |J^T v|^2 = |J|^2, so one product J^T v per image, a pullback, is an unbiased estimate at the
    cost of one more backward pass. Products J u with directions of the noise would do as well, but
    need forward mode, which the fast convolutions do not have. The second norm is exact: the
    pullback of the critic's gradient at the image. Where the generator has batch norm, what z does
    to the other images of the batch counts, too.

    Attributes:
      generator_weight: of the penalty on the generator.
      critic_weight: of the penalty on the critic.

    Batch, state and metrics are WGAN-GP's; the generator adds both means without their weights, as
    `generator_slope` and `critic_slope`.

    >>> from gans_jax.networks import MLPDiscriminator, MLPGenerator
    >>> networks = MLPGenerator((2,), (8,), output="linear"), MLPDiscriminator((8,))
    >>> method = SmoothGAN(*networks, generator_weight=0.1, critic_weight=0.1)
    >>> batch = {"image": jnp.zeros((5, 4, 2))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> bool(metrics["generator_slope"] > 0)
    True
    """

    generator_weight: float
    critic_weight: float

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.not_negative(generator_weight=self.generator_weight)
        checks.not_negative(critic_weight=self.critic_weight)

    def generator_loss(
        self, generator: Player, critic: Player, z: Array, key: Array, condition: Condition = ()
    ) -> Loss:
        """Returns -E f(g(z)) and the two penalties, plus what an auxiliary classifier adds."""
        generator_key, critic_key, sign_key = jax.random.split(key, 3)
        f = Passes(self.critic, lax.stop_gradient(critic), critic_key, condition)

        def g(z: Array) -> tuple[Array, chex.ArrayTree]:
            return apply(self.generator, generator, z, *condition, train=True, key=generator_key)

        # The gradients have the type of z, which priors draw as float32 where others are doubles.
        fake, pull, batch_stats = jax.vjp(g, z.astype(jnp.result_type(float)), has_aux=True)

        def value(x: Array) -> tuple[Array, chex.Numeric]:
            logits, class_fake = judged(f(x))
            return core.per_example(logits), class_fake

        on_fake, pull_critic, class_fake = jax.vjp(value, fake, has_aux=True)

        keys = core.example_keys(sign_key, fake.shape[0])
        signs = jax.vmap(lambda key: jax.random.rademacher(key, fake.shape[1:], fake.dtype))(keys)
        (product,) = pull(signs)
        (gradient,) = pull(*pull_critic(jnp.ones_like(on_fake)))
        generator_slope = jnp.mean(_squared_norms(product)) / fake[0].size
        critic_slope = jnp.mean(_squared_norms(gradient))

        penalty = self.generator_weight * generator_slope + self.critic_weight * critic_slope
        metrics = {"generator_slope": generator_slope, "critic_slope": critic_slope}
        return penalty + class_fake - mean_logit(on_fake), Aux(batch_stats, metrics)


def _squared_norms(x: Array) -> Array:
    """Returns the squared norms of rows, `[n, size] -> [n]`."""
    return jnp.sum(jnp.square(x), axis=1)
