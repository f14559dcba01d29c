"""The methods under the conformance suite: a tiny form for mechanics, a form that learns a ring."""

import dataclasses
import functools
from typing import Any

import optax

from gans_jax import GAN, WGAN, WGANGP, losses, penalties, priors
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from tests import tiny


@dataclasses.dataclass(frozen=True)
class Case:
    """A method, the name of its generator's opponent, and its settings for the ring."""

    name: str
    method: Any
    opponent: str
    ring: Any
    ring_batch: int = 128
    ring_iterations: int = 1000


# Adam's first step is about lr * sign(gradient), which would blow rounding up in comparisons.
_sgd = {"learning_rate": 0.05, "optimizer": functools.partial(optax.sgd, momentum=0.9)}
_tiny = (tiny.Generator(), tiny.Discriminator())
_smooth = (tiny.Generator(), tiny.Discriminator(batch_norm=False))
_ring = (MLPGenerator((2,), (64, 64), output="linear"), MLPDiscriminator((64, 64)))
_z = priors.Normal(8)


def _gan(name: str, loss: Any, **ring: Any) -> Case:
    return Case(
        name,
        GAN(*_tiny, prior=_z, loss=loss, k=2, **_sgd),
        "discriminator",
        GAN(*_ring, prior=_z, loss=loss, **{"k": 3, "learning_rate": 1e-3} | ring),
        ring_iterations=1500,
    )


CASES = [
    _gan("minimax", losses.Minimax()),
    _gan("non_saturating", losses.NonSaturating()),
    _gan("least_squares", losses.LeastSquares()),
    _gan("hinge", losses.Hinge()),
    Case(
        "wgan",
        WGAN(*_tiny, prior=_z, n_critic=2, **_sgd),
        "critic",
        WGAN(*_ring, prior=_z, learning_rate=1e-3, clip=0.1),
        ring_iterations=1500,
    ),
    Case(
        "wgan_gp",
        WGANGP(*_smooth, prior=_z, n_critic=2, **_sgd),
        "critic",
        WGANGP(*_ring, prior=_z, learning_rate=1e-3, penalty=penalties.GradientPenalty(1.0)),
    ),
]
