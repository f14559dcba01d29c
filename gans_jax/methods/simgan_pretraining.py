"""The pre-training of SimGAN's players."""

import dataclasses

import jax
import jax.numpy as jnp
from chex import Numeric
from jax import Array

from gans_jax.core import Batch, Loss, Metrics, Player, checks
from gans_jax.methods.simgan import SimGAN, SimGANState


@dataclasses.dataclass(frozen=True)
class PretrainedSimGAN(SimGAN):
    """SimGAN whose players are first trained alone (Shrivastava et al. 2017, section 3.1).

    The paper first trains the refiner by its distance from the source alone, for 1,000 updates,
    then the discriminator, for 200. Here the first `refiner_pretraining` iterations are such
    updates of the refiner, and the next `discriminator_pretraining` of the discriminator; each
    takes one minibatch, and a schedule counts it. Its metrics are of both players, of which one
    moves. All iterations after them are SimGAN's.

    Attributes:
      refiner_pretraining: iterations that train the refiner alone.
      discriminator_pretraining: iterations after these that train the discriminator alone.

    Batch, state and metrics are SimGAN's; in pre-training a batch is `[1, n, h, w, c]`.

    >>> from gans_jax.networks import PixelGANDiscriminator, ResNetGenerator
    >>> networks = ResNetGenerator(features=2, blocks=1), PixelGANDiscriminator(2)
    >>> method = PretrainedSimGAN(*networks, refiner_pretraining=4, discriminator_pretraining=2)
    >>> [len(method.minibatches(t)) for t in range(8)]
    [1, 1, 1, 1, 1, 1, 3, 3]
    """

    refiner_pretraining: int = 1000
    discriminator_pretraining: int = 200

    def __post_init__(self) -> None:
        super().__post_init__()
        checks.positive(refiner_pretraining=self.refiner_pretraining)
        checks.not_negative(discriminator_pretraining=self.discriminator_pretraining)

    def minibatches(self, t: int) -> range:
        """Returns the one minibatch of an iteration of pre-training, or SimGAN's after it."""
        alone = self.refiner_pretraining + self.discriminator_pretraining
        if t < alone:
            return range(t, t + 1)
        after = super().minibatches(t - alone)
        return range(alone + after.start, alone + after.stop)

    def refiner_loss(
        self, refiner: Player, discriminator: Player, a: Array, key: Array, step: Numeric = 0
    ) -> Loss:
        """Returns SimGAN's loss, in the refiner's pre-training its distance alone."""
        loss, aux = super().refiner_loss(refiner, discriminator, a, key, step)
        distance = self.weight * aux.metrics["content"]
        return jnp.where(step < self.refiner_pretraining, distance, loss), aux

    def pretrain(
        self, state: SimGANState, a: Array, b: Array, key: Array
    ) -> tuple[SimGANState, Metrics]:
        """Keeps one step of the refiner in its iterations, then one of the discriminator."""
        refiner_key, discriminator_key = jax.random.split(key)
        refiner, refiner_metrics = self.update_refiner(state.refiner, state, a, refiner_key)
        judged, discriminator_metrics = self.update_discriminator(state, a, b, discriminator_key)
        turn = state.step < self.refiner_pretraining
        refined = state._replace(refiner=refiner)
        state = jax.tree.map(lambda x, y: jnp.where(turn, x, y), refined, judged)
        return state._replace(step=state.step + 1), refiner_metrics | discriminator_metrics

    def step(self, state: SimGANState, batch: Batch, key: Array) -> tuple[SimGANState, Metrics]:
        """Runs an iteration of pre-training if the batch has one minibatch, else SimGAN's."""
        if batch["a"].shape[0] == 1:
            return self.pretrain(state, batch["a"][0], batch["b"][0], key)
        return super().step(state, batch, key)
