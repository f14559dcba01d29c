"""Adversarial autoencoder."""

import dataclasses
from typing import Any, NamedTuple, cast

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Aux, Batch, Loss, Metrics, Passes, Player, checks, descend, mean_logit
from gans_jax.losses import NonSaturating
from gans_jax.methods.generative import Generative
from gans_jax.priors import Normal

LOSS = NonSaturating()


class AAEState(NamedTuple):
    """What an iteration changes: the count of iterations done (int32), players and optimizers.

    `encoder_opt_state` is the encoder's second optimizer, with which it deceives the discriminator.
    """

    step: Array
    autoencoder: Player
    discriminator: Player
    encoder_opt_state: optax.OptState


@dataclasses.dataclass(frozen=True)
class AdversarialAutoencoder(Generative):
    """Adversarial autoencoders (Makhzani et al. 2015, arXiv:1511.05644), figures 1 and 3.

    A phase of reconstruction, by mean squared error, then one of regularisation: a discriminator of
    codes and draws of the prior, then the encoder, which is to deceive it. `autoencoder` has the
    methods `encode` and `decode` (`networks.EncoderDecoder`). Its encoder decides which of the
    paper's three q(z|x) this is (section 2.1): a network is deterministic, in a
    `networks.GaussianEncoder` it is a Gaussian posterior, and in a `networks.UniversalEncoder` a
    universal approximator posterior. Each phase has draws of its own.

    `labels` is the number of labels. With labels the discriminator also sees one, one-hot: the
    example's, or the number of the component that a draw is from. Each label gets one component of
    the prior, `GaussianMixture` or `SwissRoll`. A label below 0 is unknown: it has its own place,
    and any component.

    Attributes:
      autoencoder: the network with `encode` and `decode`.
      discriminator: the network that returns logits of codes.
      prior: the distribution that the codes are to have.
      labels: how many labels there are; 0 for none.
      learning_rate: of the optimizer, before the schedule's factor.
      optimizer: a function of the learning rate that makes the optimizer of a player.

    Batch: `image` `[n, ...]`, uint8 or float in [-1, 1]; with `labels` also `label`, int `[n]`.

    Metrics: loss and gradient norm of `autoencoder`, `discriminator` and `encoder`, mean logits on
    draws, `logit_real`, and on codes, `logit_fake`.

    >>> from gans_jax.networks import EncoderDecoder, MLPDiscriminator, MLPGenerator
    >>> autoencoder = EncoderDecoder(MLPGenerator((2,), (8,)), MLPGenerator((6,), (8,)))
    >>> method = AdversarialAutoencoder(autoencoder, MLPDiscriminator((8,)))
    >>> batch = {"image": jnp.zeros((4, 6))}
    >>> state = method.init(jax.random.key(0), batch)
    >>> state, metrics = jax.jit(method.step)(state, batch, jax.random.key(1))
    >>> method.encode(state, batch["image"]).shape
    (4, 2)
    """

    autoencoder: nn.Module
    discriminator: nn.Module
    prior: Any = Normal(2, std=5.0)
    labels: int = 0
    learning_rate: float = 1e-3
    optimizer: core.OptimizerFactory = optax.adam
    sampled = ("autoencoder",)

    def __post_init__(self) -> None:
        checks.factory(self.optimizer)
        checks.positive(learning_rate=self.learning_rate)
        components = getattr(self.prior, "components", 0)
        if self.labels and components != self.labels:
            raise ValueError(
                f"prior.components is {components}, but labels is {self.labels}: each label needs "
                "a component of its own, so make them equal"
            )

    def given(self, batch: Batch, key: Array) -> tuple[Array, Array, Array]:
        """Returns images x, draws z of the prior, and labels one-hot, `[n, 0]` without labels."""
        x = core.images(batch, "image")
        z = self.prior(key, x.shape[0])
        if not self.labels:
            return x, z, z[:, :0]
        if "label" not in batch:
            raise ValueError("the batch has no `label`: use data that have labels, or labels=0")
        label = batch["label"]
        z = jnp.where(label[:, None] < 0, z, self.prior.given(key, jnp.maximum(label, 0)))
        place = jnp.where(label < 0, self.labels, label)
        return x, z, jax.nn.one_hot(place, self.labels + 1, dtype=z.dtype)

    def init(self, key: Array, batch: Batch) -> AAEState:
        """Returns the state before iteration 0.

        Raises:
          ValueError: if networks and prior do not fit the batch.
        """
        autoencoder_key, discriminator_key, z_key = jax.random.split(key, 3)
        optimizer = self.optimizer(self.learning_rate)
        x, z, label = self.given(batch, z_key)
        autoencoder = core.create(self.autoencoder, optimizer, autoencoder_key, x[:1])
        shown = _beside(z, label)[:1]
        discriminator = core.create(self.discriminator, optimizer, discriminator_key, shown)
        encoder_opt_state = optimizer.init(autoencoder.params)
        zero = jnp.zeros((), jnp.int32)
        state = AAEState(zero, autoencoder, discriminator, encoder_opt_state)
        codes = jax.eval_shape(self.encode, state, x)
        if codes.shape != z.shape:
            raise ValueError(
                f"the encoder makes codes of shape {codes.shape[1:]}, but the prior draws "
                f"{z.shape[1:]}: give both one size"
            )
        core.refuse_other_shape(jax.eval_shape(self.generate, state, z), x)
        return state

    def autoencoder_loss(self, autoencoder: Player, x: Array, key: Array) -> Loss:
        """Returns the mean of (x - decode(encode(x)))^2."""
        q = Passes(self.autoencoder, autoencoder, key)
        return jnp.mean(jnp.square(x - q(x))), Aux(q.batch_stats, {})

    def discriminator_loss(
        self, discriminator: Player, real: Array, fake: Array, key: Array
    ) -> Loss:
        """Returns -log D(real) - log(1 - D(fake)), of draws and of codes beside their labels."""
        d = Passes(self.discriminator, discriminator, key)
        on_real, on_fake = d(real), d(fake)
        metrics = {"logit_real": mean_logit(on_real), "logit_fake": mean_logit(on_fake)}
        return LOSS.discriminator(on_real, on_fake), Aux(d.batch_stats, metrics)

    def encoder_loss(
        self, autoencoder: Player, discriminator: Player, x: Array, label: Array, key: Array
    ) -> Loss:
        """Returns -log D(encode(x)), which does not move the decoder."""
        encoder_key, discriminator_key = jax.random.split(key)
        q = Passes(self.autoencoder, autoencoder, encoder_key)
        d = Passes(self.discriminator, lax.stop_gradient(discriminator), discriminator_key)
        on_fake = d(_beside(q(x, method="encode"), label))
        return LOSS.generator(on_fake), Aux(q.batch_stats, {})

    def step(self, state: AAEState, batch: Batch, key: Array) -> tuple[AAEState, Metrics]:
        """Runs the phase of reconstruction, then the phase of regularisation."""
        z_key, autoencoder_key, code_key, discriminator_key, encoder_key = jax.random.split(key, 5)
        optimizer = self.optimizer(self.learning_rate)
        x, z, label = self.given(batch, z_key)

        update = descend(self.autoencoder_loss, optimizer, "autoencoder")
        autoencoder, autoencoder_metrics, _ = update(state.autoencoder, x, autoencoder_key)

        code = Passes(self.autoencoder, autoencoder, code_key)(x, method="encode")
        real, fake = _beside(z, label), _beside(code, label)
        update = descend(self.discriminator_loss, optimizer, "discriminator")
        discriminator, discriminator_metrics, _ = update(
            state.discriminator, real, fake, discriminator_key
        )
        encoder = autoencoder._replace(opt_state=state.encoder_opt_state)
        update = descend(self.encoder_loss, optimizer, "encoder")
        encoder, encoder_metrics, _ = update(encoder, discriminator, x, label, encoder_key)

        state = AAEState(
            step=state.step + 1,
            autoencoder=encoder._replace(opt_state=autoencoder.opt_state),
            discriminator=discriminator,
            encoder_opt_state=encoder.opt_state,
        )
        return state, autoencoder_metrics | discriminator_metrics | encoder_metrics

    def encode(self, state: AAEState, images: Array, key: Array | None = None) -> Array:
        """Returns the codes `[n, size]` of images, uint8 or float in [-1, 1].

        With a key, the codes of a stochastic encoder are draws from q(z|x); without one, it has no
        noise.
        """
        x = core.as_float(images)
        codes, _ = core.apply(self.autoencoder, state.autoencoder, x, key=key, method="encode")
        return cast(Array, codes)

    def reconstruct(self, state: AAEState, images: Array) -> Array:
        """Returns images made from the codes of images, `[n, ...]`."""
        return self.generate(state, self.encode(state, images))

    def generate(self, state: AAEState, z: Array) -> Array:
        """Makes images from codes, `[n, size] -> [n, ...]`."""
        return core.infer(self.autoencoder, state.autoencoder, z, method="decode")


def _beside(code: Array, label: Array) -> Array:
    """Returns codes with their labels behind them, `[n, size + labels]`."""
    return jnp.concatenate((code, label), axis=1)
