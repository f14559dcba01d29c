"""What is measured: methods with their default optimizers, and batches of random images."""

import dataclasses
from collections.abc import Sequence

import numpy as np
from reference import networks, steps
from torch import nn

from gans_jax import GAN, WGAN, WGANGP, priors
from gans_jax.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
)

Method = GAN | WGAN | WGANGP
Trainer = steps.GAN | steps.WGAN | steps.WGANGP


@dataclasses.dataclass(frozen=True)
class Workload:
    """A method on images `[size, size, channels]`; with `seeds` above 1, as many runs of it."""

    name: str
    method: Method
    size: int
    channels: int
    batch_size: int = 64
    seeds: int = 1

    def batches(self, num: int) -> list[np.ndarray]:
        """uint8 images `[k, batch_size, size, size, channels]`, of `num` iterations."""
        rng = np.random.default_rng(0)
        k = self.method.critic_iterations(0)
        shape = k, self.batch_size, self.size, self.size, self.channels
        return [rng.integers(0, 256, shape, np.uint8) for _ in range(num)]


def opponent(method: Method) -> str:
    """The name of the generator's opponent, in the method and in its state."""
    return "discriminator" if isinstance(method, GAN) else "critic"


def is_convolutional(method: Method) -> bool:
    return isinstance(method.generator, DCGANGenerator)


def torch_networks(workload: Workload) -> tuple[nn.Module, nn.Module]:
    """The method's generator and its opponent in PyTorch, with weights of their own."""
    method, image = workload.method, (workload.size, workload.channels)
    generator, critic = method.generator, getattr(method, opponent(method))
    z_size = method.prior.size
    if not is_convolutional(method):
        return (
            networks.mlp_generator(*image, generator.features, z_size),
            networks.mlp_discriminator(*image, critic.features),
        )
    return (
        networks.dcgan_generator(*image, generator.features, z_size, generator.norm),
        networks.dcgan_discriminator(*image, critic.features, critic.norm),
    )


def torch_trainer(
    method: Method, generator: nn.Module, critic: nn.Module, freeze: bool, fused: bool
) -> Trainer:
    """The method's iteration in PyTorch, with its hyperparameters."""
    options = {"lr": method.learning_rate, "freeze": freeze, "fused": fused}
    match method:
        case GAN():
            return steps.GAN(generator, critic, **options)
        case WGAN():
            return steps.WGAN(generator, critic, clip=method.clip, **options)
        case WGANGP():
            return steps.WGANGP(generator, critic, weight=method.penalty.weight, **options)


def _mlp(features: Sequence[int]) -> GAN:
    return GAN(MLPGenerator((28, 28, 1), features), MLPDiscriminator(features))


def _dcgan(size: int, channels: int, features: int, norm: str = "batch") -> tuple:
    return DCGANGenerator(size, channels, features), DCGANDiscriminator(features, norm)


_small, _large = _dcgan(32, 1, 32), _dcgan(64, 3, 64)
WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("mlp", _mlp((512, 512)), 28, 1),
        Workload("dcgan_32", GAN(*_small, priors.Uniform(100)), 32, 1),
        Workload("dcgan_64", GAN(*_large, priors.Uniform(100)), 64, 3),
        Workload("wgan_32", WGAN(*_small), 32, 1),
        Workload("wgan_64", WGAN(*_large), 64, 3),
        Workload("wgan_gp_32", WGANGP(*_dcgan(32, 3, 64, "layer")), 32, 3),
        Workload("seeds_mlp", _mlp((128,)), 28, 1, seeds=8),
    )
}
