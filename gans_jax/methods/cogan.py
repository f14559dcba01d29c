"""Coupled GAN."""

import dataclasses
import functools
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from chex import Numeric
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Batch, Loss, Metrics, Passes, Player, checks, descend, mean_logit
from gans_jax.losses import AdversarialLoss, NonSaturating
from gans_jax.methods.generative import Generative
from gans_jax.methods.states import GANState
from gans_jax.priors import Normal
from gans_jax.schedules import Constant


@dataclasses.dataclass(frozen=True)
class CoGAN(Generative):
    """Coupled GAN (Liu & Tuzel 2016, arXiv:1606.07536): pairs of images, learned without pairs.

    `generator(z) -> a, b` and `discriminator(a, b) -> logits of a, logits of b` hold two networks
    each, which share their layers of high level. An iteration is one update of the discriminator,
    then one of the generator, from the same noise. `translate` looks for the z whose image in one
    domain is nearest to the given one (section 5), by `search` steps of Adam, and shows its image
    in the other. A player's running batch statistics change in its own update only.

    `networks.CoGANGenerators` and `networks.CoGANDiscriminators` are the authors' networks for
    digits and their edges. `weight_decay` is added to the gradient, as in their code
    (mingyuliutw/CoGAN on GitHub, `trainer_cogan_mnistedge.py`). Its losses are means over both
    domains and here they are sums (equation 2), so that its 5e-4 is 1e-3 here; it also draws other
    noise for the generator.

    Attributes:
      generator: the network that makes a pair of images of noise.
      discriminator: the network that returns the logits of both images.
      prior: the distribution of the noise.
      loss: the adversarial loss; on the command line `--method.loss NAME`.
      learning_rate: of the optimizer, before the schedule's factor.
      weight_decay: what an update adds to the gradient, as a multiple of the weights.
      optimizer: a function of the learning rate that makes the optimizer of a player.
      schedule: the factor of the learning rate after so many iterations.
      search: steps of the search for a translation's noise.
      search_learning_rate: of Adam in that search.

    Batch: `a` and `b`, `[n, h, w, c]`, uint8 or float in [-1, 1].

    Metrics: loss and gradient norm of each player, mean logits on real and on fake images of each
    domain.

    >>> class Generators(nn.Module):
    ...     @nn.compact
    ...     def __call__(self, z):
    ...         x = nn.Dense(8)(z)
    ...         return tuple(nn.Dense(48)(x).reshape(-1, 4, 4, 3) for _ in "ab")
    >>> class Discriminators(nn.Module):
    ...     @nn.compact
    ...     def __call__(self, a, b):
    ...         shared = nn.Dense(1)
    ...         return tuple(shared(nn.Dense(8)(x.reshape(-1, 48))) for x in (a, b))
    >>> method = CoGAN(Generators(), Discriminators(), search=5)
    >>> batch = {"a": jnp.zeros((2, 4, 4, 3)), "b": jnp.zeros((2, 4, 4, 3))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> method.translate(state, batch["a"], key=jax.random.key(1)).shape
    (2, 4, 4, 3)
    """

    generator: nn.Module
    discriminator: nn.Module
    prior: Any = Normal()
    loss: AdversarialLoss = NonSaturating()
    learning_rate: float = 2e-4
    weight_decay: float = 5e-4
    optimizer: core.OptimizerFactory = functools.partial(optax.adam, b1=0.5)
    schedule: Any = Constant()
    search: int = 200
    search_learning_rate: float = 0.1
    directions = ("a_to_b", "b_to_a")
    translates_with_noise = True

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate, search=self.search)

    def decaying_optimizer(self, step: Numeric) -> optax.GradientTransformation:
        """Returns both players' optimizer in iteration `step`, with weight decay."""
        decay = optax.add_decayed_weights(self.weight_decay)
        return optax.chain(decay, self.optimizer(self.learning_rate * self.schedule(step)))

    def init(self, key: Array, batch: Batch) -> GANState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if the generator does not fit the batch.
        """
        generator_key, discriminator_key, z_key = jax.random.split(key, 3)
        a, b = core.images(batch, "a"), core.images(batch, "b")
        optimizer = self.decaying_optimizer(0)
        z = self.prior(z_key, 1)
        generator = core.create(self.generator, optimizer, generator_key, z)
        made = jax.eval_shape(lambda player: core.apply(self.generator, player, z)[0], generator)
        for images, real in zip(made, (a, b), strict=True):
            core.refuse_other_shape(images, real)
        inputs = a[:1], b[:1]
        discriminator = core.create(self.discriminator, optimizer, discriminator_key, *inputs)
        return GANState(jnp.zeros((), jnp.int32), generator, discriminator)

    def discriminator_loss(
        self,
        discriminator: Player,
        generator: Player,
        a: Array,
        b: Array,
        z: Array,
        key: Array,
        step: Numeric = 0,
    ) -> Loss:
        """Returns -log D(x) - log(1 - D(g(z))), summed over the domains."""
        generator_key, discriminator_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key)
        d = Passes(self.discriminator, discriminator, discriminator_key)
        fake_a, fake_b = lax.stop_gradient(g(z))
        on_a, on_b = d(a, b)
        on_fake_a, on_fake_b = d(fake_a, fake_b)
        loss = self.loss.discriminator(on_a, on_fake_a, step)
        loss += self.loss.discriminator(on_b, on_fake_b, step)
        metrics = {
            "logit_real_a": mean_logit(on_a),
            "logit_fake_a": mean_logit(on_fake_a),
            "logit_real_b": mean_logit(on_b),
            "logit_fake_b": mean_logit(on_fake_b),
        }
        return loss, Aux(d.batch_stats, metrics)

    def generator_loss(
        self, generator: Player, discriminator: Player, z: Array, key: Array, step: Numeric = 0
    ) -> Loss:
        """Returns -log D(g(z)), summed over the domains."""
        generator_key, discriminator_key = jax.random.split(key)
        g = Passes(self.generator, generator, generator_key)
        d = Passes(self.discriminator, lax.stop_gradient(discriminator), discriminator_key)
        on_fake_a, on_fake_b = d(*g(z))
        loss = self.loss.generator(on_fake_a, step) + self.loss.generator(on_fake_b, step)
        return loss, Aux(g.batch_stats, {})

    def step(self, state: GANState, batch: Batch, key: Array) -> tuple[GANState, Metrics]:
        """Updates the discriminator, then the generator, on images from the same noise."""
        z_key, discriminator_key, generator_key = jax.random.split(key, 3)
        a, b = core.images(batch, "a"), core.images(batch, "b")
        z = self.prior(z_key, a.shape[0])
        optimizer = self.decaying_optimizer(state.step)
        step, generator, discriminator = state
        update = descend(self.discriminator_loss, optimizer, "discriminator")
        discriminator, discriminator_metrics, _ = update(
            discriminator, generator, a, b, z, discriminator_key, step
        )
        update = descend(self.generator_loss, optimizer, "generator")
        generator, generator_metrics, _ = update(generator, discriminator, z, generator_key, step)
        state = GANState(step + 1, generator, discriminator)
        return state, discriminator_metrics | generator_metrics

    def pairs(self, state: GANState, z: Array) -> tuple[Array, Array]:
        """Makes images of both domains from noise `[n, size]`, with the running statistics."""
        a, b = core.apply(self.generator, state.generator, z)[0]
        return a, b

    def generate(self, state: GANState, z: Array) -> Array:
        """Makes pairs side by side, `[n, size] -> [n, h, 2 w, c]`."""
        return jnp.concatenate(self.pairs(state, z), axis=2)

    def translate(
        self,
        state: GANState,
        images: Array,
        direction: core.Direction = "a_to_b",
        key: Array | None = None,
        deterministic: bool = False,
    ) -> Array:
        """Returns images of the other domain, `[n, h, w, c]`; the key draws the first z.

        A deterministic search begins at the z of a fixed key.
        """
        checks.one_of(("a_to_b", "b_to_a"), direction=direction)
        checks.noise_key(key, deterministic)
        source, target = (0, 1) if direction == "a_to_b" else (1, 0)
        images = core.as_float(images)
        first = jax.random.key(0) if deterministic or key is None else key
        z = self.prior(first, images.shape[0])
        optimizer = optax.adam(self.search_learning_rate)

        def error(z: Array) -> Array:
            # A sum, so that no image's search depends on how many there are beside it.
            return jnp.sum((self.pairs(state, z)[source] - images) ** 2)

        def improve(
            carry: tuple[Array, optax.OptState], _: None
        ) -> tuple[tuple[Array, optax.OptState], None]:
            z, opt_state = carry
            updates, opt_state = optimizer.update(jax.grad(error)(z), opt_state)
            return (optax.apply_updates(z, updates), opt_state), None

        (z, _), _ = lax.scan(improve, (z, optimizer.init(z)), length=self.search)
        return self.pairs(state, z)[target]
