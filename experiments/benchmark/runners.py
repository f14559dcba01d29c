"""Both frameworks' training loops, as their users write them, behind one interface."""

import dataclasses
import time
from typing import Any

import jax
import machine
import numpy as np
import torch
from jax import Array
from reference import weights
from reference.steps import Losses
from torch import Tensor
from workloads import Workload, opponent, torch_networks, torch_trainer

from gans_jax import WGANGP, priors


class JaxRunner:
    """`jax.jit(method.step, donate_argnums=0)` in a loop; several seeds are one `jax.vmap`."""

    def __init__(self, workload: Workload, batches: list[np.ndarray]) -> None:
        init, step = workload.method.init, workload.method.step
        if workload.seeds > 1:
            init, step = jax.vmap(init, (0, None)), jax.vmap(step, (0, None, 0))
        self._seeds, self._done = workload.seeds, 0
        self._init_key, self._run_key = jax.random.split(jax.random.key(0))
        self._batches = [jax.device_put({"image": batch}) for batch in batches]
        self._step = jax.jit(step, donate_argnums=0)
        self.state = jax.jit(init)(self._keys(self._init_key), self._batches[0])

    def compile(self) -> float:
        """Seconds from the Python function to the executable, which the loop then finds cached."""
        start = time.perf_counter()
        self._step.lower(self.state, self._batches[0], self.key(0)).compile()
        return time.perf_counter() - start

    def key(self, t: int) -> Array:
        """The key of iteration t; `[seeds]` keys where there are several."""
        return self._keys(jax.random.fold_in(self._run_key, t))

    def step(self) -> dict[str, Array]:
        """The next iteration; its metrics."""
        batch = self._batches[self._done % len(self._batches)]
        self.state, metrics = self._step(self.state, batch, self.key(self._done))
        self._done += 1
        return metrics

    def run(self, num: int) -> None:
        for _ in range(num):
            self.step()
        jax.block_until_ready(self.state)

    def _keys(self, key: Array) -> Array:
        return jax.random.split(key, self._seeds) if self._seeds > 1 else key


@dataclasses.dataclass(frozen=True)
class Options:
    """What a PyTorch user may try for speed; all off is eager PyTorch as it comes."""

    channels_last: bool = False
    frozen: bool = False
    fused: bool = False
    compile: bool = False

    def __str__(self) -> str:
        return "+".join(name for name, on in dataclasses.asdict(self).items() if on) or "eager"


class TorchRunner:
    """The PyTorch trainer in a loop; several seeds are trained one after the other.

    `states` holds the weights to begin with, one `gans_jax` state per seed.
    """

    def __init__(
        self,
        workload: Workload,
        batches: list[np.ndarray],
        options: Options = Options(),
        states: list[Any] | None = None,
    ) -> None:
        self._workload, self._device = workload, machine.device()
        layout = torch.channels_last if options.channels_last else torch.contiguous_format
        to = {"device": self._device, "memory_format": layout}
        self._batches = [[_as_float(reals).to(**to) for reals in batch] for batch in batches]
        self._trainers = []
        for seed in range(workload.seeds):
            pair = torch_networks(workload)
            if states:
                _load(pair, states[seed], opponent(workload.method))
            for network in pair:
                network.to(**to)
            if options.compile:
                # Not network.compile(), which leaves nn.Sequential as it is.
                pair = tuple(torch.compile(network) for network in pair)
            flags = {"freeze": options.frozen, "fused": options.fused}
            self._trainers.append(torch_trainer(workload.method, *pair, **flags))

    def step(self, t: int, *noise: Tensor) -> list[Losses]:
        """Iteration t of every seed on the given noise, `[seeds, ...]` each; its losses."""
        reals = self._batches[t % len(self._batches)]
        return [
            trainer.step(reals, *(draws[seed].to(self._device) for draws in noise))
            for seed, trainer in enumerate(self._trainers)
        ]

    def run(self, num: int) -> None:
        for trainer in self._trainers:
            for t in range(num):
                trainer.step(self._batches[t % len(self._batches)], *self._draw())
        if self._device.type == "cuda":
            torch.cuda.synchronize()

    def _draw(self) -> tuple[Tensor, ...]:
        method, num = self._workload.method, self._workload.batch_size
        k, z_size = method.critic_iterations(0), method.prior.size
        if isinstance(method.prior, priors.Uniform):
            zs = torch.rand(k + 1, num, z_size, device=self._device) * 2 - 1
        else:
            zs = torch.randn(k + 1, num, z_size, device=self._device)
        if isinstance(method, WGANGP):
            return zs, torch.rand(k, num, device=self._device)
        return (zs,)


def _as_float(images: np.ndarray) -> Tensor:
    """uint8 `[n, h, w, c]` as float32 `[n, c, h, w]` in [-1, 1]."""
    return weights.nchw(images).float() / 127.5 - 1


def _load(pair: tuple, state: Any, opponent: str) -> None:
    for network, name in zip(pair, ("generator", opponent), strict=True):
        player = getattr(state, name)
        weights.load(network, player.params, player.batch_stats)
