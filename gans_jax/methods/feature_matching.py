"""Feature matching."""

import dataclasses

import jax
import jax.numpy as jnp
from chex import Numeric
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Condition, Loss, Passes, Player
from gans_jax.methods.gan import GAN


@dataclasses.dataclass(frozen=True)
class FeatureMatching(GAN):
    """Feature matching (Salimans et al. 2016, arXiv:1606.03498, section 3.1), on top of GAN.

    The discriminator is GAN's, with any loss and penalty. The generator minimises
    |E f(x) - E f(G(z))|^2 instead, where f is what the discriminator sows as `features`, and the
    means are over the global batch. The discriminators of `gans_jax.networks` sow their last
    hidden layer; your own calls `self.sow("intermediates", "features", x)`.

    Batch, state and metrics are GAN's. The real examples are the last minibatch's.

    >>> from gans_jax.networks import MLPDiscriminator, MLPGenerator
    >>> networks = MLPGenerator((2,), (8,), output="linear"), MLPDiscriminator((8,))
    >>> method = FeatureMatching(*networks)
    >>> batch = {"image": jnp.ones((1, 4, 2))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> bool(metrics["generator_loss"] > 0)
    True
    """

    couples_examples = True

    @property
    def needs_real(self) -> bool:
        return True

    def generator_loss(
        self,
        generator: Player,
        discriminator: Player,
        z: Array,
        key: Array,
        step: Numeric = 0,
        condition: Condition = (),
        real: Array | None = None,
    ) -> Loss:
        """Returns |E f(x) - E f(G(z))|^2.

        Raises:
          ValueError: if the discriminator sows no features.
        """
        del step
        generator_key, discriminator_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key, condition)
        against = lax.stop_gradient(discriminator)
        d = Passes(self.discriminator, against, discriminator_key, condition)
        of_real, of_fake = d.features(real), d.features(g(z))
        difference = core.mean_over_devices(jnp.mean(of_real, axis=0) - jnp.mean(of_fake, axis=0))
        return jnp.sum(jnp.square(difference)), Aux(g.batch_stats, {})
