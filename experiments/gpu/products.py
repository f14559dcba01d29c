"""Rates of large products in both frameworks, and how far their float32 is from float64."""

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import torch

from experiments.benchmark import machine
from experiments.gpu.part import Task
from experiments.gpu.results import Results
from experiments.gpu.settings import SETTINGS
from gans_jax import ops

SIDE = {"gpu": 8192, "cpu": 512}
ROUNDS, PRODUCTS = 5, 10


def run(results: Results, task: Task) -> None:
    """Measures every setting."""
    machine.configure()
    for name, setting in SETTINGS.items():
        machine.allow_tf32(setting.tf32)
        results[name] = {
            "dtype": setting.dtype,
            "tflops": rates(SIDE[task.device], setting.dtype),
            "float32_error_of_products": product_errors(),
            "float32_error_of_convolutions": convolution_errors(),
        }
        results.save()


def rates(side: int, dtype: str) -> dict[str, float]:
    """Returns each framework's best rate of square matrix products, in TFLOPS."""
    x = np.random.default_rng(0).standard_normal((side, side), np.float32)
    ours = jax.device_put(jnp.asarray(x, dtype))
    theirs = torch.from_numpy(x).to(machine.device(), getattr(torch, dtype))
    product = jax.jit(jnp.matmul)

    def in_jax() -> None:
        jax.block_until_ready([product(ours, ours) for _ in range(PRODUCTS)])

    def in_torch() -> None:
        for _ in range(PRODUCTS):
            theirs @ theirs
        if theirs.is_cuda:
            torch.cuda.synchronize()

    flop = 2 * side**3 * PRODUCTS
    return {"jax": flop / _fastest(in_jax) / 1e12, "torch": flop / _fastest(in_torch) / 1e12}


def product_errors(side: int = 1024) -> dict[str, float]:
    """Returns the largest error of a product's entries, relative to the largest entry.

    In full float32 it is at most some 1e-6, with TF32 some 1e-4.
    """
    x = np.random.default_rng(1).standard_normal((side, side), np.float32)
    exact = x.astype(np.float64) @ x
    tensor = torch.from_numpy(x).to(machine.device())
    return _errors(exact, jax.jit(jnp.matmul)(x, x), tensor @ tensor)


def convolution_errors() -> dict[str, float]:
    """Returns the same of a convolution as the networks have it."""
    rng = np.random.default_rng(2)
    x = rng.standard_normal((8, 32, 32, 64), np.float32)
    w = rng.standard_normal((4, 4, 64, 128), np.float32)
    images = torch.from_numpy(x).permute(0, 3, 1, 2)
    kernel = torch.from_numpy(w).permute(3, 2, 0, 1)
    convolve = lambda images, kernel: torch.conv2d(images, kernel, stride=2, padding=1)
    exact = convolve(images.double(), kernel.double()).permute(0, 2, 3, 1).numpy()
    theirs = convolve(images.to(machine.device()), kernel.to(machine.device())).permute(0, 2, 3, 1)
    return _errors(exact, jax.jit(ops.conv, static_argnums=(2, 3))(x, w, 2, 1), theirs)


def _errors(exact: np.ndarray, ours: Any, theirs: torch.Tensor) -> dict[str, float]:
    error = lambda found: float(np.abs(found - exact).max() / np.abs(exact).max())
    return {"jax": error(np.asarray(ours)), "torch": error(theirs.cpu().numpy())}


def _fastest(run: Callable[[], None]) -> float:
    """Returns the seconds of the fastest of several calls, after one that is not timed."""
    run()
    seconds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return min(seconds)
