"""Adversarial autoencoder."""

import dataclasses
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import optax
from jax import Array, lax

from gans_jax import core
from gans_jax.core import Batch, Metrics, Player, apply, checks, descend
from gans_jax.core.networks import Passes
from gans_jax.losses import NonSaturating
from gans_jax.methods.generative import Generative
from gans_jax.priors import Normal

LOSS = NonSaturating()
Loss = tuple[Array, tuple[Any, Metrics]]


class AAEState(NamedTuple):
    """Iterations done (int32), players, and the encoder's second optimizer, as a generator."""

    step: Array
    autoencoder: Player
    discriminator: Player
    encoder_opt_state: optax.OptState


@dataclasses.dataclass(frozen=True)
class AdversarialAutoencoder(Generative):
    """Adversarial autoencoders (Makhzani et al. 2015, arXiv:1511.05644), figures 1 and 3.

    A phase of reconstruction, by mean squared error, then one of regularisation: a discriminator of
    codes and draws of the prior, then the encoder, which is to deceive it. `autoencoder` has the
    methods `encode`, deterministic, and `decode` (`networks.EncoderDecoder`).

    With `labels`, so many, the discriminator also sees a one-hot label, that of the example or of
    the component that a draw is from: each label gets one component of the prior, `GaussianMixture`
    or `SwissRoll`. A label below 0 is unknown: it has its own place, and any component.

    Batch: `image` `[n, ...]`, uint8 or float in [-1, 1]; with `labels` also `label`, int `[n]`.
    Metrics: loss and gradient norm of `autoencoder`, `discriminator` and `encoder`, mean logits on
    draws, `logit_real`, and on codes, `logit_fake`.
    """

    autoencoder: nn.Module
    discriminator: nn.Module
    prior: Any = Normal(2, std=5.0)
    labels: int = 0
    learning_rate: float = 1e-3
    optimizer: Callable[..., optax.GradientTransformation] = optax.adam
    batch_axis: ClassVar[int] = 0
    sampled: ClassVar[tuple[str, ...]] = ("autoencoder",)

    def __post_init__(self) -> None:
        checks.positive(learning_rate=self.learning_rate)
        components = getattr(self.prior, "components", 0)
        if self.labels and components != self.labels:
            raise ValueError(
                f"prior.components is {components}, but labels is {self.labels}: each label needs "
                "a component of its own, so make them equal"
            )

    def given(self, batch: Batch, key: Array) -> tuple[Array, Array, Array]:
        """Images x, draws z of the prior and labels one-hot, which are `[n, 0]` without any."""
        x = core.as_float(batch["image"])
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
        """The state before iteration 0; ValueError if networks and prior do not fit the batch."""
        keys, optimizer = jax.random.split(key, 3), self.optimizer(self.learning_rate)
        x, z, label = self.given(batch, keys[2])
        autoencoder = core.create(self.autoencoder, optimizer, keys[0], x[:1])
        shown = jnp.concatenate((z, label), 1)[:1]
        discriminator = core.create(self.discriminator, optimizer, keys[1], shown)
        players = autoencoder, discriminator, optimizer.init(autoencoder.params)
        state = AAEState(jnp.zeros((), jnp.int32), *players)
        codes = jax.eval_shape(self.encode, state, x)
        if codes.shape != z.shape:
            raise ValueError(
                f"the encoder makes codes of shape {codes.shape[1:]}, but the prior draws "
                f"{z.shape[1:]}: give both one size"
            )
        core.refuse_other_shape(jax.eval_shape(self.generate, state, z), x)
        return state

    def autoencoder_loss(self, autoencoder: Player, x: Array, key: Array) -> Loss:
        """The mean of (x - decode(encode(x)))^2."""
        again, stats = apply(self.autoencoder, autoencoder, x, train=True, key=key)
        return jnp.mean(jnp.square(x - again)), (stats, {})

    def discriminator_loss(
        self, discriminator: Player, real: Array, fake: Array, key: Array
    ) -> Loss:
        """-log D(real) - log(1 - D(fake)), of draws and of codes, each with its label behind it."""
        judge = Passes(self.discriminator, discriminator, key)
        on_real, on_fake = judge(real), judge(fake)
        metrics = {"logit_real": core.mean_logit(on_real), "logit_fake": core.mean_logit(on_fake)}
        return LOSS.discriminator(on_real, on_fake), (judge.player.batch_stats, metrics)

    def encoder_loss(
        self, autoencoder: Player, discriminator: Player, x: Array, label: Array, key: Array
    ) -> Loss:
        """-log D(encode(x)), which does not move the decoder."""
        keys = jax.random.split(key)
        encode = Passes(self.autoencoder, autoencoder, keys[0])
        judge = Passes(self.discriminator, lax.stop_gradient(discriminator), keys[1])
        on_fake = judge(jnp.concatenate((encode(x, method="encode"), label), 1))
        return LOSS.generator(on_fake), (encode.player.batch_stats, {})

    def step(self, state: AAEState, batch: Batch, key: Array) -> tuple[AAEState, Metrics]:
        """Reconstruction, the discriminator's update, the encoder's as a generator."""
        keys, optimizer = jax.random.split(key, 5), self.optimizer(self.learning_rate)
        x, z, label = self.given(batch, keys[0])
        autoencoder, metrics = descend(
            self.autoencoder_loss, optimizer, state.autoencoder, x, keys[1], name="autoencoder"
        )
        code = Passes(self.autoencoder, autoencoder, keys[2])(x, method="encode")
        rest = *(jnp.concatenate((shown, label), 1) for shown in (z, code)), keys[3]
        discriminator, more = descend(
            self.discriminator_loss, optimizer, state.discriminator, *rest, name="discriminator"
        )
        encoder = autoencoder._replace(opt_state=state.encoder_opt_state)
        rest = (discriminator, x, label, keys[4])
        encoder, most = descend(self.encoder_loss, optimizer, encoder, *rest, name="encoder")
        players = encoder._replace(opt_state=autoencoder.opt_state), discriminator
        return AAEState(state.step + 1, *players, encoder.opt_state), metrics | more | most

    def encode(self, state: AAEState, images: Array) -> Array:
        """Codes `[n, size]` of images, uint8 or float in [-1, 1]."""
        x = core.as_float(images)
        return apply(self.autoencoder, state.autoencoder, x, method="encode")[0]

    def reconstruct(self, state: AAEState, images: Array) -> Array:
        """Images from their codes, `[n, ...]`."""
        return self.generate(state, self.encode(state, images))

    def generate(self, state: AAEState, z: Array) -> Array:
        """Images from codes, `[n, size] -> [n, ...]`."""
        return apply(self.autoencoder, state.autoencoder, z, method="decode")[0]
