"""The methods under the conformance suite: a tiny form for mechanics, a form that learns a ring."""

import dataclasses
import functools
from typing import Any

import optax

from gans_jax import GAN, WGAN, WGANGP, losses, penalties, priors, schedules
from gans_jax.networks import MLPDiscriminator, MLPGenerator
from tests import tiny


@dataclasses.dataclass(frozen=True)
class Case:
    """A method, the name of its generator's opponent, and its settings for the ring."""

    name: str
    method: Any
    opponent: str
    ring: Any
    ring_iterations: int


# Adam's first step is about lr * sign(gradient), which would blow rounding up in comparisons.
_sgd = {"learning_rate": 0.05, "optimizer": functools.partial(optax.sgd, momentum=0.9)}
_tiny = (tiny.Generator(), tiny.Discriminator())
_smooth = (tiny.Generator(), tiny.Discriminator(batch_norm=False))
# Uniform draws have the same bits in every program; the last bits of normal ones may differ.
_z = priors.Uniform(8)

_ring_networks = (
    MLPGenerator((2,), (64, 64), output="linear"),
    MLPDiscriminator((64, 64), activation="leaky_relu"),
)
_ring = {"prior": priors.Normal(2), "learning_rate": 1e-3}


def _gan(name: str, loss: Any, discriminator_learning_rate: float = 2e-3) -> Case:
    decay = schedules.LinearDecay(start=750, end=1500)
    return Case(
        name,
        GAN(*_tiny, prior=_z, loss=loss, k=2, **_sgd),
        "discriminator",
        GAN(
            *_ring_networks,
            loss=loss,
            k=3,
            discriminator_learning_rate=discriminator_learning_rate,
            schedule=decay,
            **_ring,
        ),
        ring_iterations=1500,
    )


def _penalised() -> Case:
    penalty = penalties.GradientPenalty(1.0)
    return Case(
        "gan_penalised",
        GAN(*_smooth, prior=_z, penalty=penalty, k=2, **_sgd),
        "discriminator",
        GAN(*_ring_networks, penalty=penalty, k=3, **_ring),
        ring_iterations=1000,
    )


CASES = [
    _gan("minimax", losses.Minimax()),
    _gan("non_saturating", losses.NonSaturating()),
    _gan("least_squares", losses.LeastSquares(), discriminator_learning_rate=1e-3),
    _gan("hinge", losses.Hinge()),
    _penalised(),
    Case(
        "wgan",
        WGAN(*_tiny, prior=_z, n_critic=2, **_sgd),
        "critic",
        WGAN(*_ring_networks, clip=0.1, **_ring | {"learning_rate": 5e-4}),
        ring_iterations=1500,
    ),
    Case(
        "wgan_gp",
        WGANGP(*_smooth, prior=_z, n_critic=2, generator_batch=2, **_sgd),
        "critic",
        WGANGP(*_ring_networks, penalty=penalties.GradientPenalty(1.0), **_ring),
        ring_iterations=1000,
    ),
]
