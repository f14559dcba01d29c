"""Adversarial losses: pairs of pure functions on logits, as frozen dataclasses.

Each loss is stated by three elementwise functions of logits (any shape, no sigmoid before them):
`real` and `fake`, which the discriminator minimises on real and on generated examples, and
`fool`, which the generator minimises. `discriminator` and `generator` are their means, computed in
at least float32. The step argument is for losses with a schedule. `l1` is the distance that
translators and auto-encoders minimise beside them.
"""

import dataclasses
from typing import Any

import chex
import jax
import jax.numpy as jnp
from jax import Array, lax

from gans_jax import core
from gans_jax.core import checks


def absolute(x: Array) -> Array:
    """Returns |x|, whose derivative at exactly 0 is 0, as in PyTorch; `jnp.abs` has 1 there."""
    return x * lax.stop_gradient(jnp.sign(x))


def l1(x: Array, y: Array) -> Array:
    """Returns the mean of |x - y| over all values of two arrays of one shape."""
    chex.assert_equal_shape((x, y))
    return jnp.mean(absolute(x - y))


class AdversarialLoss:
    """The means of three elementwise functions; a loss defines `real`, `fake` and `fool`.

    A loss that is not a mean over examples declares `couples_examples = True`. One whose
    `generator` needs the discriminator's logits on real examples too declares `needs_real = True`;
    it has them as `on_real`, of as many examples, where a method can give them (`GAN`).
    """

    couples_examples: bool = False
    needs_real: bool = False

    def real(self, logits: Array) -> Array:
        """Returns what the discriminator minimises on real examples, elementwise."""
        raise NotImplementedError

    def fake(self, logits: Array) -> Array:
        """Returns what the discriminator minimises on generated examples, elementwise."""
        raise NotImplementedError

    def fool(self, logits: Array) -> Array:
        """Returns what the generator minimises on its examples, elementwise."""
        raise NotImplementedError

    def discriminator(self, on_real: Array, on_fake: Array, step: chex.Numeric = 0) -> Array:
        """Returns the discriminator's loss, a scalar to minimise."""
        del step
        on_real, on_fake = core.at_least_float32(on_real), core.at_least_float32(on_fake)
        return jnp.mean(self.real(on_real)) + jnp.mean(self.fake(on_fake))

    def generator(
        self, on_fake: Array, step: chex.Numeric = 0, on_real: Array | None = None
    ) -> Array:
        """Returns the generator's loss, a scalar to minimise."""
        del step, on_real
        return jnp.mean(self.fool(core.at_least_float32(on_fake)))


@dataclasses.dataclass(frozen=True)
class Minimax(AdversarialLoss):
    """min_G max_D E log D(x) + E log(1 - D(G(z))) (Goodfellow et al. 2014, equation 1).

    The generator minimises log(1 - D(G(z))), which saturates where the discriminator is sure.
    """

    def real(self, logits: Array) -> Array:
        return jax.nn.softplus(-logits)

    def fake(self, logits: Array) -> Array:
        return jax.nn.softplus(logits)

    def fool(self, logits: Array) -> Array:
        return -jax.nn.softplus(logits)


@dataclasses.dataclass(frozen=True)
class NonSaturating(Minimax):
    """The same discriminator; the generator maximises log D(G(z)) (same paper, section 3)."""

    def fool(self, logits: Array) -> Array:
        return jax.nn.softplus(-logits)


@dataclasses.dataclass(frozen=True)
class LeastSquares(AdversarialLoss):
    """LSGAN (Mao et al. 2017, arXiv:1611.04076, equation 2) with its a-b-c coding.

    The default is the 0-1 coding; a=-1, b=1, c=0 minimises the Pearson chi-square divergence.
    Both factors are the paper's 1/2; CycleGAN's code has 1 for the generator.

    Attributes:
      a: what the discriminator is to say on generated examples.
      b: what it is to say on real examples.
      c: what the generator makes it say.
      discriminator_scale: factor of the discriminator's loss.
      generator_scale: factor of the generator's loss.
    """

    a: float = 0.0
    b: float = 1.0
    c: float = 1.0
    discriminator_scale: float = 0.5
    generator_scale: float = 0.5

    def real(self, logits: Array) -> Array:
        return self.discriminator_scale * (logits - self.b) ** 2

    def fake(self, logits: Array) -> Array:
        return self.discriminator_scale * (logits - self.a) ** 2

    def fool(self, logits: Array) -> Array:
        return self.generator_scale * (logits - self.c) ** 2


@dataclasses.dataclass(frozen=True)
class Wasserstein(AdversarialLoss):
    """The critic maximises E f(x) - E f(G(z)) (Arjovsky et al. 2017, equation 3).

    For `GAN` with a penalty that keeps the critic Lipschitz; `WGAN` and `WGANGP` state their own.
    """

    def real(self, logits: Array) -> Array:
        return -logits

    def fake(self, logits: Array) -> Array:
        return logits

    def fool(self, logits: Array) -> Array:
        return -logits


@dataclasses.dataclass(frozen=True)
class Hinge(AdversarialLoss):
    """Geometric GAN (Lim & Ye 2017, arXiv:1705.02894): margins of 1 around zero."""

    def real(self, logits: Array) -> Array:
        return jax.nn.relu(1 - logits)

    def fake(self, logits: Array) -> Array:
        return jax.nn.relu(1 + logits)

    def fool(self, logits: Array) -> Array:
        return -logits


@dataclasses.dataclass(frozen=True)
class RisingPrior:
    """A class prior that rises by `increase` every so many iterations, up to `limit`.

    The default is the schedule of PUGAN's code: its iteration number 10,000, which is step 9,999,
    is the first with the prior 0.4.

    Attributes:
      start: the prior of the first iterations.
      increase: by how much it rises each time.
      every: iterations between two rises.
      limit: the largest prior.

    Raises:
      ValueError: unless start and limit are in (0, 1).
    """

    start: float = 0.3
    increase: float = 0.1
    every: int = 10_000
    limit: float = 0.6

    def __post_init__(self) -> None:
        checks.share(start=self.start, limit=self.limit)
        checks.positive(increase=self.increase, every=self.every)

    def __call__(self, step: chex.Numeric) -> Array:
        rises = jnp.asarray((step + 1) // self.every, jnp.float32)
        return jnp.minimum(self.start + self.increase * rises, self.limit)


@dataclasses.dataclass(frozen=True)
class PositiveUnlabeled(AdversarialLoss):
    """PUGAN (Guo et al. 2020, CVPR), equation 11: some generated examples count as good ones.

    The discriminator takes them for a mixture of good examples, a share `prior` of them, and bad
    ones, whose risk E fake(D(G(z))) - prior * E fake(D(x)) cannot be negative: it minimises
    prior * E real(D(x)) + max(0, risk), with means over the global batch. Where the risk is clipped
    it has no gradient, as in the authors' code (nnPU ascends it). The generator minimises what
    `loss` alone makes it minimise.

    The authors' public code (huangjiadidi/PUGAN) has PU for the non-saturating loss and for least
    squares with a=-1 alone, whose baseline without PU has a=0. Around other losses equation 11 is
    extrapolated. With `Wasserstein` and a `GradientPenalty` in `GAN` it is called PUWGAN-GP here,
    but its risk E D(G(z)) - prior * E D(x) has no lower bound, so that clipping cuts off more than
    errors of estimation: while prior * E D(x) exceeds E D(G(z)), generated examples have no
    gradient and D(x) goes on rising. A constant c that the critic adds changes the loss by
    (1 - 2 * prior) * c where it is not clipped, so that no minimum exists for a prior above 1/2.

    Attributes:
      loss: the loss whose risks are weighed.
      prior: the share of good examples, in (0, 1), or a function of the step (`RisingPrior`).

    Raises:
      ValueError: for a prior out of range, for a loss of pairs, and for a global batch of one
        logit.
    """

    loss: AdversarialLoss = NonSaturating()
    prior: Any = 0.3
    couples_examples = True

    def __post_init__(self) -> None:
        checks.share(prior=self.prior)
        if self.loss.needs_real:
            raise ValueError(
                f"PositiveUnlabeled weighs the risks of single examples, but "
                f"{type(self.loss).__name__} judges pairs: give it a loss such as NonSaturating"
            )

    def discriminator(self, on_real: Array, on_fake: Array, step: chex.Numeric = 0) -> Array:
        on_real, on_fake = core.at_least_float32(on_real), core.at_least_float32(on_fake)
        checks.coupled(type(self).__name__, core.device_count() * on_real.size)
        prior: chex.Numeric = self.prior(step) if callable(self.prior) else self.prior
        risk = jnp.mean(self.loss.fake(on_fake)) - prior * jnp.mean(self.loss.fake(on_real))
        good: Array = prior * jnp.mean(self.loss.real(on_real))
        return good + jax.nn.relu(core.mean_over_devices(risk))

    def generator(
        self, on_fake: Array, step: chex.Numeric = 0, on_real: Array | None = None
    ) -> Array:
        return self.loss.generator(on_fake, step, on_real)


@dataclasses.dataclass(frozen=True)
class OneSidedSmoothing(AdversarialLoss):
    """The discriminator is to say 1 - `by`, and not 1, on real examples (Salimans et al. 2016).

    A cross entropy with the probability 1 - `by` (section 3.5), or least squares with the target
    b - `by` * (b - a). The targets of generated examples, and the generator's loss, stay as they
    are.

    Attributes:
      loss: the loss whose targets of real examples are smoothed.
      by: how far the target moves towards the one of generated examples, in (0, 1).

    Raises:
      ValueError: for a loss without targets, and for `by` out of range.
    """

    loss: AdversarialLoss = NonSaturating()
    by: float = 0.1

    def __post_init__(self) -> None:
        checks.share(by=self.by)
        if not isinstance(self.loss, Minimax | LeastSquares):
            raise ValueError(
                f"{type(self.loss).__name__} has no target for real examples that could be "
                "smoothed: use OneSidedSmoothing with Minimax, NonSaturating or LeastSquares"
            )

    def real(self, logits: Array) -> Array:
        if isinstance(self.loss, LeastSquares):
            target = self.loss.b - self.by * (self.loss.b - self.loss.a)
            return dataclasses.replace(self.loss, b=target).real(logits)
        return (1 - self.by) * self.loss.real(logits) + self.by * self.loss.fake(logits)

    def fake(self, logits: Array) -> Array:
        return self.loss.fake(logits)

    def fool(self, logits: Array) -> Array:
        return self.loss.fool(logits)


@dataclasses.dataclass(frozen=True)
class RelativisticPairing(AdversarialLoss):
    """The discriminator compares a real example with a generated one, RpGAN.

    With pairs (x, G(z)) by their place in the minibatch, the discriminator minimises
    E softplus(-(D(x) - D(G(z)))), and the generator E softplus(-(D(G(z)) - D(x))) (Jolicoeur-
    Martineau 2018, arXiv:1807.00734, section 4.1, with f = softplus; Huang et al. 2024,
    arXiv:2501.05441, equation 2). So the generator's loss needs real examples, too. With the
    penalties R1 and R2 it is the loss of R3GAN.

    Raises:
      ValueError: if there are not as many logits on real as on generated examples.
    """

    needs_real = True

    def discriminator(self, on_real: Array, on_fake: Array, step: chex.Numeric = 0) -> Array:
        del step
        return self._mean(on_real, on_fake)

    def generator(
        self, on_fake: Array, step: chex.Numeric = 0, on_real: Array | None = None
    ) -> Array:
        del step
        if on_real is None:
            raise ValueError(
                "RelativisticPairing compares generated with real examples, which this method's "
                "generator does not see: use it in GAN"
            )
        return self._mean(on_fake, on_real)

    def _mean(self, greater: Array, smaller: Array) -> Array:
        if greater.shape != smaller.shape:
            raise ValueError(
                f"RelativisticPairing pairs logits {greater.shape} with {smaller.shape}: "
                "give as many real as generated examples"
            )
        margin = core.at_least_float32(greater) - core.at_least_float32(smaller)
        return jnp.mean(jax.nn.softplus(-margin))
