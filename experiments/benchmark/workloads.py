"""The workloads: methods with their default optimizers, and batches of random images."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import numpy as np
from torch import nn

from experiments.benchmark.reference import networks, steps
from gans_jax import GAN, WGAN, WGANGP, CycleGAN, Pix2Pix, priors
from gans_jax.networks import (
    DCGANDiscriminator,
    DCGANGenerator,
    MLPDiscriminator,
    MLPGenerator,
    PatchGANDiscriminator,
    ResNetGenerator,
    TwoGenerators,
    UNetGenerator,
)

Method = GAN | WGAN | WGANGP | Pix2Pix | CycleGAN
Trainer = steps.GAN | steps.WGAN | steps.WGANGP | steps.Pix2Pix | steps.CycleGAN


@dataclasses.dataclass(frozen=True)
class Workload:
    """A method on images `[size, size, channels]`; `seeds` above 1 trains that many runs of it.

    With `autocast`, PyTorch's networks compute in bfloat16, as ours do with `dtype="bfloat16"`.
    """

    name: str
    method: Method
    size: int
    channels: int
    batch_size: int = 64
    seeds: int = 1
    autocast: bool = False

    def batches(self, num: int) -> list[dict[str, np.ndarray]]:
        """Returns the batches of `num` iterations, random uint8 images.

        With several seeds a batch has a leading axis of them.
        """
        rng = np.random.default_rng(0)
        shape = self.batch_size, self.size, self.size, self.channels
        names = ("a", "b") if translates(self.method) else ("image",)
        if not translates(self.method):
            shape = len(self.method.minibatches(0)), *shape
        if self.seeds > 1:
            shape = self.seeds, *shape
        return [{name: rng.integers(0, 256, shape, np.uint8) for name in names} for _ in range(num)]


def translates(method: Method) -> bool:
    """Returns whether the method makes images from images."""
    return isinstance(method, Pix2Pix | CycleGAN)


def players(method: Method, state: Any) -> list[tuple[Any, Any]]:
    """Returns parameters and batch statistics of each network, in `torch_networks`' order."""
    if isinstance(method, CycleGAN):
        params, stats = state.translator.params, state.translator.batch_stats
        pair = [(params[name], stats.get(name, {})) for name in ("ab", "ba")]
        return pair + [p[:2] for p in (state.discriminator_a, state.discriminator_b)]
    opponent = state.critic if isinstance(method, WGAN | WGANGP) else state.discriminator
    return [state.generator[:2], opponent[:2]]


def is_convolutional(method: Method) -> bool:
    """Returns whether the method's networks have convolutions."""
    return translates(method) or isinstance(method.generator, DCGANGenerator)


def torch_networks(workload: Workload) -> list[nn.Module]:
    """Returns the method's networks in PyTorch, generators first, with PyTorch's own weights."""
    method, size, channels = workload.method, workload.size, workload.channels
    match method:
        case Pix2Pix(generator=g, discriminator=d):
            shape = size, channels, channels, g.features, g.norm, g.dropout
            discriminator = networks.patchgan(2 * channels, d.features, d.layers, d.norm)
            return [networks.unet_generator(*shape), discriminator]
        case CycleGAN(translator=TwoGenerators(generator_ab=g), discriminator=d):
            shape = channels, channels, g.features, g.blocks, g.norm
            generators = [networks.resnet_generator(*shape) for _ in range(2)]
            shape = channels, d.features, d.layers, d.norm
            return generators + [networks.patchgan(*shape) for _ in range(2)]
    critic = method.critic if isinstance(method, WGAN | WGANGP) else method.discriminator
    generator, image, z_size = method.generator, (size, channels), method.prior.size
    if not is_convolutional(method):
        return [
            networks.mlp_generator(*image, generator.features, z_size),
            networks.mlp_discriminator(*image, critic.features),
        ]
    return [
        networks.dcgan_generator(*image, generator.features, z_size, generator.norm),
        networks.dcgan_discriminator(*image, critic.features, critic.norm),
    ]


def torch_trainer(
    method: Method, networks: Sequence[nn.Module], freeze: bool, fused: bool
) -> Trainer:
    """Returns the method's iteration in PyTorch, with its hyperparameters."""
    options = {"lr": method.learning_rate, "freeze": freeze, "fused": fused}
    match method:
        case GAN():
            return steps.GAN(*networks, **options)
        case WGAN():
            return steps.WGAN(*networks, clip=method.clip, **options)
        case WGANGP():
            return steps.WGANGP(*networks, weight=method.penalty.weight, **options)
        case Pix2Pix():
            return steps.Pix2Pix(*networks, weight=method.weight, **options)
        case CycleGAN():
            weights = method.forward_weight, method.identity_weight, method.history_size
            return steps.CycleGAN(*networks, options.pop("lr"), *weights, **options)


def _mlp(features: Sequence[int]) -> GAN:
    return GAN(MLPGenerator((28, 28, 1), features), MLPDiscriminator(features))


def _dcgan(size: int, channels: int, features: int, norm: str = "batch") -> tuple:
    return DCGANGenerator(size, channels, features), DCGANDiscriminator(features, norm)


def _pix2pix(size: int) -> Pix2Pix:
    # Without dropout, whose masks the two frameworks cannot share: three layers of at most 8x8.
    return Pix2Pix(UNetGenerator(size, dropout=0.0), PatchGANDiscriminator())


def _cyclegan(blocks: int) -> CycleGAN:
    generator = ResNetGenerator(blocks=blocks)
    # With the identity loss, which the authors' script has by default.
    return CycleGAN(
        TwoGenerators(generator, generator),
        PatchGANDiscriminator(norm="instance"),
        identity_weight=5.0,
    )


# Too long for a comparison on a CPU, but its layers are the paper's.
CYCLEGAN_256 = Workload("cyclegan_256", _cyclegan(9), 256, 3, batch_size=1)
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
        Workload("pix2pix_256", _pix2pix(256), 256, 3, batch_size=1),
        Workload("cyclegan_128", _cyclegan(6), 128, 3, batch_size=1),
        Workload("seeds_mlp", _mlp((128,)), 28, 1, seeds=8),
    )
}
