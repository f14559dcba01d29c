"""MMD GAN."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core, penalties
from gans_jax.core import Batch, Metrics, Player, apply, checks, descend
from gans_jax.core.kernels import safe_root, squared_mmd
from gans_jax.core.networks import Passes
from gans_jax.methods.generative import Generative
from gans_jax.methods.wgan import WGANState, critic_iterations, critic_iterations_before, rmsprop
from gans_jax.priors import Normal


@dataclasses.dataclass(frozen=True)
class MMDGAN(Generative):
    """MMD GAN (Li et al. 2017, arXiv:1705.08584), Algorithm 1: WGAN with a kernel on its codes.

    The critic, an auto-encoder (`networks.EncoderDecoder`), maximises the discrepancy of the codes
    of real and generated examples, which the generator minimises; it must reconstruct both, and
    real codes should be larger in the mean of each component. Its encoder alone has its weights
    clipped, before each update. `warmup` and RMSProp are WGAN's, the weights the authors' code's.

    Batch: `image` `[n_critic + 1, n, ...]`, uint8 or float in [-1, 1], n at least 2; the generator
    has the last minibatch. Metrics: loss and gradient norm of each player; `mmd`, `rank` and
    `reconstruction` (of both kinds) at the critic's last update.
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
    optimizer: Callable[..., optax.GradientTransformation] = rmsprop
    batch_axis: ClassVar[int] = 1
    couples_examples: ClassVar[bool] = True

    def __post_init__(self) -> None:
        checks.positive(learning_rate=self.learning_rate, clip=self.clip, n_critic=self.n_critic)

    def critic_iterations(self, t: int) -> int:
        """How many minibatches iteration t takes: one more than critic updates."""
        return critic_iterations(t, self.n_critic, self.warmup) + 1

    def minibatches_before(self, t: int) -> int:
        """How many minibatches the iterations before t took."""
        return critic_iterations_before(t, self.n_critic, self.warmup) + t

    def init(self, key: Array, batch: Batch) -> WGANState:
        """The state before iteration 0; ValueError if the networks do not fit the batch."""
        real, optimizer = core.as_float(batch["image"][0]), self.optimizer(self.learning_rate)
        players = (self.generator, optimizer), (self.critic, optimizer)
        generator, critic = core.create_pair(key, self.prior, real, *players)
        if "encoder" not in critic.params:
            raise ValueError("MMD GAN clips its critic's encoder: use networks.EncoderDecoder")
        return WGANState(jnp.zeros((), jnp.int32), generator, critic)

    def distance(self, on_real: Array, on_fake: Array) -> tuple[Array, Metrics]:
        """sqrt(MMD^2) - rank_weight * mean_k max(0, E f_k(y) - E f_k(x)), of codes `[n, size]`."""
        on_real, on_fake = core.gather((on_real, on_fake))
        checks.coupled(type(self).__name__, on_real.shape[0])
        mmd = safe_root(squared_mmd(on_real, on_fake, self.sigmas))
        rank = -jnp.mean(jax.nn.relu(jnp.mean(on_fake, axis=0) - jnp.mean(on_real, axis=0)))
        return mmd + self.rank_weight * rank, {"mmd": mmd, "rank": rank}

    def critic_loss(
        self, critic: Player, generator: Player, real: Array, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """-distance + reconstruction_weight * (E (x - d(f(x)))^2 + E (y - d(f(y)))^2)."""
        keys = jax.random.split(key)
        fake, _ = apply(self.generator, generator, z, train=True, key=keys[0])
        run, codes, reconstruction = Passes(self.critic, critic, keys[1]), [], 0
        for x in (real, lax.stop_gradient(fake)):
            codes.append(run(x, method="encode"))
            reconstruction += jnp.mean((run(codes[-1], method="decode") - x) ** 2)
        distance, metrics = self.distance(*codes)
        loss = self.reconstruction_weight * reconstruction - distance
        return loss, (run.player.batch_stats, metrics | {"reconstruction": reconstruction})

    def generator_loss(
        self, generator: Player, critic: Player, real: Array, z: Array, key: Array
    ) -> tuple[Array, tuple[Any, Metrics]]:
        """The distance."""
        keys = jax.random.split(key)
        fake, stats = apply(self.generator, generator, z, train=True, key=keys[0])
        run = Passes(self.critic, lax.stop_gradient(critic), keys[1])
        distance, _ = self.distance(run(real, method="encode"), run(fake, method="encode"))
        return distance, (stats, {})

    def step(self, state: WGANState, batch: Batch, key: Array) -> tuple[WGANState, Metrics]:
        """The critic's updates on all minibatches but the last, then the generator's on that."""
        optimizer, real = self.optimizer(self.learning_rate), core.as_float(batch["image"])
        keys = jax.vmap(jax.random.split)(jax.random.split(key, real.shape[0]))

        def update_critic(critic: Player, real: Array, keys: Array) -> tuple[Player, Metrics]:
            encoder = penalties.clip_weights(critic.params["encoder"], self.clip)
            critic = critic._replace(params=critic.params | {"encoder": encoder})
            rest = critic, state.generator, real, self.prior(keys[0], real.shape[0]), keys[1]
            return descend(self.critic_loss, optimizer, *rest, name="critic")

        critic, metrics = core.repeat_update(update_critic, state.critic, real[:-1], keys[:-1])
        z = self.prior(keys[-1, 0], real.shape[1])
        rest = state.generator, critic, real[-1], z, keys[-1, 1]
        generator, more = descend(self.generator_loss, optimizer, *rest, name="generator")
        return WGANState(state.step + 1, generator, critic), metrics | more
