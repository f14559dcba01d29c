"""MMD GAN."""

import dataclasses
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax import Array, lax

from gans_jax import core, penalties
from gans_jax.core import Aux, Batch, Loss, Metrics, Passes, Player, checks, descend
from gans_jax.core.kernels import safe_root, squared_mmd
from gans_jax.methods.generative import Generative
from gans_jax.methods.states import WGANState
from gans_jax.methods.wgan import critic_updates_before, rmsprop
from gans_jax.priors import Normal


@dataclasses.dataclass(frozen=True)
class MMDGAN(Generative):
    """MMD GAN (Li et al. 2017, arXiv:1705.08584), Algorithm 1: WGAN with a kernel on its codes.

    The critic, an auto-encoder (`networks.EncoderDecoder`), maximises the discrepancy of the codes
    of real and generated examples, which the generator minimises; it must reconstruct both, and
    real codes should be larger in the mean of each component. Its encoder alone has its weights
    clipped, before each update. `warmup` and RMSProp are WGAN's, the weights the authors' code's.

    `sigmas` are the widths of the kernels in the units of the codes, which are small where a narrow
    encoder has clipped weights. If all kernels are much wider than the codes are apart, `mmd` is
    near 0 and the critic hardly learns more than to reconstruct: use smaller `sigmas` then.

    Attributes:
      generator: the network that makes examples of noise.
      critic: the auto-encoder whose codes are compared.
      prior: the distribution of the noise.
      sigmas: the widths of the Gaussian kernels.
      rank_weight: of the wish that real codes are larger.
      reconstruction_weight: of the mean squared error of reconstructions.
      learning_rate: of the optimizer, before the schedule's factor.
      clip: the bound of a weight of the encoder.
      n_critic: critic updates in an iteration.
      warmup: whether the first 25 iterations and every 500th have 100 critic updates.
      optimizer: a function of the learning rate that makes the optimizer of a player.

    Batch: `image` `[n_critic + 1, n, ...]`, uint8 or float in [-1, 1], n at least 2; the generator
    has the last minibatch.

    Metrics: loss and gradient norm of each player; `mmd`, `rank` and `reconstruction` (of real and
    generated examples) at the critic's last update.

    >>> from gans_jax.networks import EncoderDecoder, MLPGenerator
    >>> code, points = MLPGenerator((1,), (8,)), MLPGenerator((2,), (8,), output="linear")
    >>> method = MMDGAN(points, EncoderDecoder(code, points))
    >>> batch = {"image": jnp.ones((6, 4, 2))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> bool(metrics["mmd"] >= 0)
    True
    """

    generator: nn.Module
    critic: nn.Module
    prior: Any = Normal()
    sigmas: tuple[float, ...] = (1.0, 2.0, 4.0, 8.0, 16.0)
    rank_weight: float = 16.0
    reconstruction_weight: float = 8.0
    learning_rate: float = 5e-5
    clip: float = 0.01
    n_critic: int = 5
    warmup: bool = True
    optimizer: core.OptimizerFactory = rmsprop
    batch_axis = 1
    couples_examples = True

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate, clip=self.clip, n_critic=self.n_critic)

    def minibatches(self, t: int) -> range:
        """Returns the minibatches of iteration t: the critic's, and one for the generator."""
        first, end = (critic_updates_before(i, self.n_critic, self.warmup) + i for i in (t, t + 1))
        return range(first, end)

    def init(self, key: Array, batch: Batch) -> WGANState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the networks do not fit the batch.
        """
        real = core.images(batch, "image")[0]
        optimizer = self.optimizer(self.learning_rate)
        generator, critic = core.create_pair(
            key, self.prior, real, self.generator, self.critic, optimizer
        )
        if "encoder" not in critic.params:
            raise ValueError("MMD GAN clips its critic's encoder: use networks.EncoderDecoder")
        return WGANState(jnp.zeros((), jnp.int32), generator, critic)

    def distance(self, on_real: Array, on_fake: Array) -> tuple[Array, Metrics]:
        """Returns sqrt(MMD^2) - rank_weight * mean_k max(0, E f_k(y) - E f_k(x)).

        The codes f(x) and f(y) are `[n, size]`.
        """
        on_real, on_fake = core.gather((on_real, on_fake))
        checks.coupled(type(self).__name__, on_real.shape[0])
        mmd = safe_root(squared_mmd(on_real, on_fake, self.sigmas))
        rank = -jnp.mean(jax.nn.relu(jnp.mean(on_fake, axis=0) - jnp.mean(on_real, axis=0)))
        return mmd + self.rank_weight * rank, {"mmd": mmd, "rank": rank}

    def critic_loss(
        self, critic: Player, generator: Player, real: Array, z: Array, key: Array
    ) -> Loss:
        """Returns reconstruction_weight * (E (x - d(f(x)))^2 + E (y - d(f(y)))^2) - distance."""
        generator_key, critic_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key)
        f = Passes(self.critic, critic, critic_key)
        fake = lax.stop_gradient(g(z))
        on_real = f(real, method="encode")
        real_again = f(on_real, method="decode")
        on_fake = f(fake, method="encode")
        fake_again = f(on_fake, method="decode")
        distance, metrics = self.distance(on_real, on_fake)
        reconstruction = jnp.mean((real_again - real) ** 2) + jnp.mean((fake_again - fake) ** 2)
        metrics["reconstruction"] = reconstruction
        return self.reconstruction_weight * reconstruction - distance, Aux(f.batch_stats, metrics)

    def generator_loss(
        self, generator: Player, critic: Player, real: Array, z: Array, key: Array
    ) -> Loss:
        """Returns the distance."""
        generator_key, critic_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key)
        f = Passes(self.critic, lax.stop_gradient(critic), critic_key)
        on_real, on_fake = f(real, method="encode"), f(g(z), method="encode")
        distance, _ = self.distance(on_real, on_fake)
        return distance, Aux(g.batch_stats, {})

    def update_critic(
        self, critic: Player, generator: Player, real: Array, key: Array
    ) -> tuple[Player, Metrics]:
        """Clips the critic's encoder, and takes one step of the critic."""
        z_key, loss_key = jax.random.split(key)
        encoder = penalties.clip_weights(critic.params["encoder"], self.clip)
        critic = critic._replace(params=critic.params | {"encoder": encoder})
        z = self.prior(z_key, real.shape[0])
        optimizer = self.optimizer(self.learning_rate)
        update = descend(self.critic_loss, optimizer, "critic")
        return update(critic, generator, real, z, loss_key)[:2]

    def update_generator(
        self, generator: Player, critic: Player, real: Array, key: Array
    ) -> tuple[Player, Metrics]:
        """Takes one step of the generator."""
        z_key, loss_key = jax.random.split(key)
        z = self.prior(z_key, real.shape[0])
        optimizer = self.optimizer(self.learning_rate)
        update = descend(self.generator_loss, optimizer, "generator")
        return update(generator, critic, real, z, loss_key)[:2]

    def step(self, state: WGANState, batch: Batch, key: Array) -> tuple[WGANState, Metrics]:
        """Updates the critic on all minibatches but the last, then the generator on the last."""
        real = core.images(batch, "image")
        keys = jax.random.split(key, real.shape[0])
        critic, critic_metrics = core.repeat_update(
            lambda critic, real, key: self.update_critic(critic, state.generator, real, key),
            state.critic,
            real[:-1],
            keys[:-1],
        )
        generator, generator_metrics = self.update_generator(
            state.generator, critic, real[-1], keys[-1]
        )
        return WGANState(state.step + 1, generator, critic), critic_metrics | generator_metrics
