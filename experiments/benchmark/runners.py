"""The training loops of both frameworks, as their users write them, behind one interface."""

import dataclasses
import time
from typing import Any

import jax
import numpy as np
import torch
from jax import Array
from torch import Tensor, nn

from experiments.benchmark import machine
from experiments.benchmark.reference import weights
from experiments.benchmark.reference.steps import Losses
from experiments.benchmark.workloads import (
    Workload,
    players,
    torch_networks,
    torch_trainer,
    translates,
)
from gans_jax import WGANGP, CycleGAN, Pix2Pix, priors, wrappers


class JaxRunner:
    """Calls `jax.jit(method.step, donate_argnums=0)` in a loop; several seeds are one program."""

    def __init__(self, workload: Workload, batches: list[dict[str, np.ndarray]]) -> None:
        method = workload.method
        if workload.seeds > 1:
            method = wrappers.seeds(method, workload.seeds)
        self._seeds, self._done = workload.seeds, 0
        self._init_key, self._run_key = jax.random.split(jax.random.key(0))
        self._batches = [jax.device_put(batch) for batch in batches]
        self._step = jax.jit(method.step, donate_argnums=0)
        # The key of iteration t, or the keys `[seeds]` of several seeds.
        self.key = jax.jit(lambda t: self._keys(jax.random.fold_in(self._run_key, t)))
        self._on_cpu = jax.default_backend() == "cpu"
        self.state = jax.jit(method.init)(self._keys(self._init_key), self._batches[0])

    def compile(self) -> float:
        """Compiles the step, which the loop then finds cached, and returns how long it took."""
        start = time.perf_counter()
        self._step.lower(self.state, self._batches[0], self.key(0)).compile()
        return time.perf_counter() - start

    def step(self) -> dict[str, Array]:
        """Runs the next iteration and returns its metrics."""
        batch = self._batches[self._done % len(self._batches)]
        self.state, metrics = self._step(self.state, batch, self.key(self._done))
        self._done += 1
        return metrics

    def run(self, num: int) -> None:
        """Runs `num` iterations and waits for the last."""
        for _ in range(num):
            metrics = self.step()
            if self._on_cpu:
                # The training loop waits, too, since iterations in flight hold memory.
                jax.block_until_ready(metrics)
        jax.block_until_ready(self.state)

    def _keys(self, key: Array) -> Array:
        return jax.random.split(key, self._seeds) if self._seeds > 1 else key


@dataclasses.dataclass(frozen=True)
class Options:
    """What a PyTorch user may try for speed; with all options off it is eager PyTorch."""

    channels_last: bool = False
    frozen: bool = False
    fused: bool = False
    compile: bool = False

    def __str__(self) -> str:
        return "+".join(name for name, on in dataclasses.asdict(self).items() if on) or "eager"


class Autocast(nn.Module):
    """A network that computes in bfloat16 with float32 weights, and returns float32.

    Losses, penalties and updates stay outside, as PyTorch asks for.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    def forward(self, x: Tensor) -> Tensor:
        with torch.autocast(x.device.type, dtype=torch.bfloat16):
            return self.network(x).float()


class TorchRunner:
    """Calls the PyTorch trainer in a loop; several seeds are trained one after the other.

    Args:
      workload: what is trained.
      batches: the batches, which are read in turn.
      options: PyTorch's options for speed.
      states: `gans_jax` states with the weights to begin with, one for each seed; None for
        PyTorch's own weights.
    """

    def __init__(
        self,
        workload: Workload,
        batches: list[dict[str, np.ndarray]],
        options: Options = Options(),
        states: list[Any] | None = None,
    ) -> None:
        self._workload, self._device = workload, machine.device()
        layout = torch.channels_last if options.channels_last else torch.contiguous_format
        self._to = {"device": self._device, "memory_format": layout}
        self._batches = [[self._inputs(batch, seed) for batch in batches] for seed in self._seeds()]
        self._trainers = []
        for seed in self._seeds():
            networks = torch_networks(workload)
            if states:
                for network, weights_ in zip(
                    networks, players(workload.method, states[seed]), strict=True
                ):
                    weights.load(network, *weights_)
            networks = [network.to(**self._to) for network in networks]
            if workload.autocast:
                networks = [Autocast(network) for network in networks]
            if options.compile:
                # Not network.compile(), which leaves nn.Sequential as it is.
                networks = [torch.compile(network) for network in networks]
            flags = {"freeze": options.frozen, "fused": options.fused}
            self._trainers.append(torch_trainer(workload.method, networks, **flags))

    def step(self, t: int, *noise: Any) -> list[Losses]:
        """Runs iteration t of every seed on noise `[seeds, ...]`; returns each seed's losses."""
        losses = []
        for seed, (trainer, batches) in enumerate(zip(self._trainers, self._batches, strict=True)):
            draws = [torch.from_numpy(np.array(draw[seed])).to(self._device) for draw in noise]
            losses.append(trainer.step(*batches[t % len(batches)], *draws))
        return losses

    def run(self, num: int) -> None:
        """Runs `num` iterations of every seed and waits for the last."""
        for trainer, batches in zip(self._trainers, self._batches, strict=True):
            for t in range(num):
                trainer.step(*batches[t % len(batches)], *self._draw())
        if self._device.type == "cuda":
            torch.cuda.synchronize()

    def _seeds(self) -> range:
        return range(self._workload.seeds)

    def _inputs(self, batch: dict[str, np.ndarray], seed: int) -> tuple:
        """Returns a seed's images as the arguments of the trainer's step."""
        if self._workload.seeds > 1:
            batch = {name: images[seed] for name, images in batch.items()}
        if translates(self._workload.method):
            return tuple(_as_float(images).to(**self._to) for images in batch.values())
        return ([_as_float(images).to(**self._to) for images in batch["image"]],)

    def _draw(self) -> tuple[Tensor, ...]:
        """Returns the noise of an iteration, drawn by PyTorch."""
        method, num = self._workload.method, self._workload.batch_size
        if isinstance(method, Pix2Pix):
            return ()
        if isinstance(method, CycleGAN):
            exchange, place = (
                torch.randint(0, 2, (2, num)),
                torch.randint(0, method.history_size, (2, num)),
            )
            return tuple(torch.stack(draws) for draws in zip(exchange, place, strict=True))
        k, z_size = len(method.minibatches(0)), method.prior.size
        if isinstance(method.prior, priors.Uniform):
            zs = torch.rand(k + 1, num, z_size, device=self._device) * 2 - 1
        else:
            zs = torch.randn(k + 1, num, z_size, device=self._device)
        if isinstance(method, WGANGP):
            return zs, torch.rand(k, num, device=self._device)
        return (zs,)


def _as_float(images: np.ndarray) -> Tensor:
    """Returns uint8 images `[n, h, w, c]` as float32 `[n, c, h, w]` in [-1, 1]."""
    return weights.nchw(images).float() / 127.5 - 1
