"""One iteration of each method in plain PyTorch, with the optimizers of the methods' defaults.

A step takes k minibatches `reals`, tensors `[n, c, h, w]`, and noise `zs`, `[k + 1, n, z_size]`: k
parts for the updates of the discriminator or critic, and the last for the generator's update. It
returns the losses of the last updates as tensors, so that it does not wait for the device.
Translators take one batch of each domain instead, `a` and `b`. With `freeze`, the generator's
update computes no gradients of the weights of the discriminator or critic, which nobody uses.
"""

import contextlib
import itertools
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Losses = dict[str, Tensor]


@contextlib.contextmanager
def frozen(network: nn.Module, active: bool) -> Iterator[None]:
    """Inside the block, computes no gradients of the network's parameters if `active`."""
    network.requires_grad_(not active)
    yield
    network.requires_grad_(True)


def descend(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """Takes one step of an optimizer down the gradient of a loss, and returns the loss."""
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


class GAN:
    """Non-saturating GAN with Adam and DCGAN's settings."""

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
    """WGAN with weight clipping and RMSProp, whose nearest to a fused optimizer is `foreach`."""

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
    """WGAN with gradient penalty and Adam; `us`, `[k, n]`, are places on the penalty's lines."""

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


class Pix2Pix:
    """pix2pix with Adam: the discriminator, then the generator, on the same translations."""

    def __init__(
        self,
        generator: nn.Module,
        discriminator: nn.Module,
        lr: float = 2e-4,
        weight: float = 100.0,
        freeze: bool = False,
        fused: bool = False,
    ) -> None:
        self.generator, self.discriminator = generator, discriminator
        self.weight, self.freeze = weight, freeze
        adam = {"lr": lr, "betas": (0.5, 0.999), "fused": fused or None}
        self.generator_optimizer = torch.optim.Adam(generator.parameters(), **adam)
        self.discriminator_optimizer = torch.optim.Adam(discriminator.parameters(), **adam)

    def update_discriminator(self, a: Tensor, b: Tensor, fake: Tensor) -> Tensor:
        on_real = self.discriminator(torch.cat((a, b), 1))
        on_fake = self.discriminator(torch.cat((a, fake.detach()), 1))
        loss = F.binary_cross_entropy_with_logits(on_real, torch.ones_like(on_real))
        loss = loss + F.binary_cross_entropy_with_logits(on_fake, torch.zeros_like(on_fake))
        return descend(self.discriminator_optimizer, loss / 2)

    def update_generator(self, a: Tensor, b: Tensor, fake: Tensor) -> Tensor:
        with frozen(self.discriminator, self.freeze):
            on_fake = self.discriminator(torch.cat((a, fake), 1))
            loss = F.binary_cross_entropy_with_logits(on_fake, torch.ones_like(on_fake))
            loss = loss + self.weight * F.l1_loss(fake, b)
            return descend(self.generator_optimizer, loss)

    def step(self, a: Tensor, b: Tensor) -> Losses:
        fake = self.generator(a)
        loss = self.update_discriminator(a, b, fake)
        return {"discriminator_loss": loss, "generator_loss": self.update_generator(a, b, fake)}


class ImagePool:
    """Up to `size` translations of a domain; half of the time an old one is shown for a new."""

    def __init__(self, size: int = 50) -> None:
        self.size, self.images = size, []

    def query(self, images: Tensor, exchange: Sequence[bool], place: Sequence[int]) -> Tensor:
        """Returns what the discriminator sees for `images`.

        For each image `exchange` tells whether an old one is shown instead, `place` which one.
        """
        shown = [self._show(*item) for item in zip(images.detach(), exchange, place, strict=True)]
        return torch.stack(shown)

    def _show(self, image: Tensor, exchange: bool, place: int) -> Tensor:
        if len(self.images) < self.size:
            self.images.append(image)
        elif exchange:
            image, self.images[place] = self.images[place], image
        return image


class CycleGAN:
    """CycleGAN with least squares and Adam: both generators, then the discriminators.

    A step also takes the draws of each domain's pool, (exchange, place), `[n]` each.
    """

    def __init__(
        self,
        generator_ab: nn.Module,
        generator_ba: nn.Module,
        discriminator_a: nn.Module,
        discriminator_b: nn.Module,
        lr: float = 2e-4,
        cycle_weight: float = 10.0,
        identity_weight: float = 5.0,
        history_size: int = 50,
        freeze: bool = False,
        fused: bool = False,
    ) -> None:
        self.generator_ab, self.generator_ba = generator_ab, generator_ba
        self.discriminator_a, self.discriminator_b = discriminator_a, discriminator_b
        self.pool_a, self.pool_b = ImagePool(history_size), ImagePool(history_size)
        self.cycle_weight, self.identity_weight = cycle_weight, identity_weight
        self.freeze = freeze
        adam = {"lr": lr, "betas": (0.5, 0.999), "fused": fused or None}
        both = itertools.chain(generator_ab.parameters(), generator_ba.parameters())
        self.translator_optimizer = torch.optim.Adam(both, **adam)
        self.optimizer_a = torch.optim.Adam(discriminator_a.parameters(), **adam)
        self.optimizer_b = torch.optim.Adam(discriminator_b.parameters(), **adam)

    def translator_loss(self, a: Tensor, b: Tensor, fake_a: Tensor, fake_b: Tensor) -> Tensor:
        on_a, on_b = self.discriminator_a(fake_a), self.discriminator_b(fake_b)
        loss = F.mse_loss(on_a, torch.ones_like(on_a)) + F.mse_loss(on_b, torch.ones_like(on_b))
        cycle = F.l1_loss(self.generator_ba(fake_b), a) + F.l1_loss(self.generator_ab(fake_a), b)
        loss = loss + self.cycle_weight * cycle
        if self.identity_weight:
            same = F.l1_loss(self.generator_ba(a), a) + F.l1_loss(self.generator_ab(b), b)
            loss = loss + self.identity_weight * same
        return loss

    def update_discriminator(
        self, network: nn.Module, optimizer: torch.optim.Optimizer, real: Tensor, shown: Tensor
    ) -> Tensor:
        on_real, on_fake = network(real), network(shown)
        loss = F.mse_loss(on_real, torch.ones_like(on_real))
        loss = loss + F.mse_loss(on_fake, torch.zeros_like(on_fake))
        return descend(optimizer, loss / 2)

    def step(self, a: Tensor, b: Tensor, draws_a: tuple, draws_b: tuple) -> Losses:
        fake_b, fake_a = self.generator_ab(a), self.generator_ba(b)
        with frozen(self.discriminator_a, self.freeze), frozen(self.discriminator_b, self.freeze):
            loss = self.translator_loss(a, b, fake_a, fake_b)
            losses = {"translator_loss": descend(self.translator_optimizer, loss)}
        shown_a, shown_b = self.pool_a.query(fake_a, *draws_a), self.pool_b.query(fake_b, *draws_b)
        losses["discriminator_a_loss"] = self.update_discriminator(
            self.discriminator_a, self.optimizer_a, a, shown_a
        )
        losses["discriminator_b_loss"] = self.update_discriminator(
            self.discriminator_b, self.optimizer_b, b, shown_b
        )
        return losses
