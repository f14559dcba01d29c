"""One iteration of each method in plain PyTorch, with the optimizers of the methods' defaults.

A step takes k minibatches `reals`, tensors `[n, c, h, w]`, and noise `zs`, `[k + 1, n, z_size]`,
for each update of the discriminator or critic and, last, for the generator's. It returns the losses
of the last updates as tensors, so that it waits for no device. `freeze` spares the gradients of the
discriminator's or critic's weights in the generator's update, where nobody uses them.
"""

import contextlib
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Losses = dict[str, Tensor]


@contextlib.contextmanager
def frozen(network: nn.Module, active: bool) -> Iterator[None]:
    """No gradients for the network's parameters inside the block, if `active`."""
    network.requires_grad_(not active)
    yield
    network.requires_grad_(True)


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


class GAN:
    """Non-saturating GAN with Adam; DCGAN's settings."""

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        lr: float = 2e-4,
        freeze: bool = False,
        fused: bool = False,
    ) -> None:
        self.generator, self.discriminator, self.freeze = generator, discriminator, freeze
        adam = {"lr": lr, "betas": (0.5, 0.999), "fused": fused or None}
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **adam)

    def update_discriminator(self, real: Tensor, z: Tensor) -> Tensor:
        with torch.no_grad():
            fake = self.generator(z)
        on_real, on_fake = self.discriminator(real), self.discriminator(fake)
        loss = F.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
        loss = loss + F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
        return descend(self.discriminator_optimizer, loss)

    def update_generator(self, z: Tensor) -> Tensor:
        with frozen(self.discriminator, self.freeze):
            on_fake = self.discriminator(self.generator(z))
            loss = F.binary_cross_entropy_with_logits(on_fake, torch.ones_like(on_fake))
            return descend(self.generator_optimizer, loss)

    def step(self, reals: Sequence[Tensor], zs: Tensor) -> Losses:
        for real, z in zip(reals, zs[:-1], strict=True):
            loss = self.update_discriminator(real, z)
        return {"discriminator_loss": loss, "generator_loss": self.update_generator(zs[-1])}


class WGAN:
    """WGAN with weight clipping and RMSProp; `fused` is the nearest that it has, `foreach`."""

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        lr: float = 5e-5,
        clip: float = 0.01,
        freeze: bool = False,
        fused: bool = False,
    ) -> None:
        self.generator, self.critic, self.clip, self.freeze = generator, critic, clip, freeze
        rmsprop = {"lr": lr, "alpha": 0.99, "eps": 1e-8, "foreach": fused or None}
        self.generator_optimizer = torch.optim.RMSprop(generator.parameters(), **rmsprop)
        self.critic_optimizer = torch.optim.RMSprop(critic.parameters(), **rmsprop)

    def update_critic(self, real: Tensor, z: Tensor) -> Tensor:
        with torch.no_grad():
            fake = self.generator(z)
        distance = self.critic(real).mean() - self.critic(fake).mean()
        loss = descend(self.critic_optimizer, -distance)
        with torch.no_grad():
            for parameter in self.critic.parameters():
                parameter.clamp_(-self.clip, self.clip)
        return loss

    def update_generator(self, z: Tensor) -> Tensor:
        with frozen(self.critic, self.freeze):
            loss = -self.critic(self.generator(z)).mean()
            return descend(self.generator_optimizer, loss)

    def step(self, reals: Sequence[Tensor], zs: Tensor) -> Losses:
        for real, z in zip(reals, zs[:-1], strict=True):
            loss = self.update_critic(real, z)
        return {"critic_loss": loss, "generator_loss": self.update_generator(zs[-1])}


class WGANGP:
    """WGAN with gradient penalty and Adam; `us`, `[k, n]`, are points of the penalty's lines."""

    def __init__(
        self,
        generator: nn.Module,
        critic: nn.Module,
        lr: float = 1e-4,
        weight: float = 10.0,
        freeze: bool = False,
        fused: bool = False,
    ) -> None:
        self.generator, self.critic, self.weight, self.freeze = generator, critic, weight, freeze
        adam = {"lr": lr, "betas": (0.0, 0.9), "fused": fused or None}
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), **adam)
        self.critic_optimizer = torch.optim.Adam(critic.parameters(), **adam)

    def gradient_penalty(self, real: Tensor, fake: Tensor, u: Tensor) -> Tensor:
        x = torch.lerp(real, fake, u[:, None, None, None]).requires_grad_()
        (gradient,) = torch.autograd.grad(self.critic(x).sum(), x, create_graph=True)
        return self.weight * ((gradient.flatten(1).norm(dim=1) - 1) ** 2).mean()

    def update_critic(self, real: Tensor, z: Tensor, u: Tensor) -> Tensor:
        with torch.no_grad():
            fake = self.generator(z)
        distance = self.critic(real).mean() - self.critic(fake).mean()
        loss = self.gradient_penalty(real, fake, u) - distance
        return descend(self.critic_optimizer, loss)

    def update_generator(self, z: Tensor) -> Tensor:
        with frozen(self.critic, self.freeze):
            loss = -self.critic(self.generator(z)).mean()
            return descend(self.generator_optimizer, loss)

    def step(self, reals: Sequence[Tensor], zs: Tensor, us: Tensor) -> Losses:
        for real, z, u in zip(reals, zs[:-1], us, strict=True):
            loss = self.update_critic(real, z, u)
        return {"critic_loss": loss, "generator_loss": self.update_generator(zs[-1])}
