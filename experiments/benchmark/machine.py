"""The same device, threads and precision for both frameworks."""

import os
import time

import jax
import jax.numpy as jnp
import torch

from gans_jax import ops


def configure(threads: int | None = None) -> None:
    """Gives both frameworks the same cores, memory allocator and precision.

    Both keep the memory that they free, as the command line does for training. Compiled programs
    are not read from a cache, so that compile times are true. On a GPU both compute in full
    float32, and cuDNN searches for its fastest algorithms.

    Args:
      threads: how many cores both may use; None for all that this process may use.

    Raises:
      ValueError: if the frameworks do not see the same kind of device, or the system cannot limit
        the cores of a process.
    """
    ops.keep_freed_memory()
    if threads:
        _limit_cores(threads)
    jax.config.update("jax_enable_compilation_cache", False)
    torch.set_num_threads(cores())
    if jax.default_backend() not in ("cpu", "gpu"):
        raise ValueError(
            f"jax runs on {jax.default_backend()}, which this PyTorch cannot use: "
            "set JAX_PLATFORMS=cpu to compare on the CPU"
        )
    if jax.default_backend() == "gpu":
        if not torch.cuda.is_available():
            raise ValueError(
                "jax runs on a GPU that this PyTorch cannot use: install PyTorch for CUDA, "
                "or set JAX_PLATFORMS=cpu to compare on the CPU"
            )
        allow_tf32(False)
        torch.backends.cudnn.benchmark = True


def allow_tf32(allow: bool) -> None:
    """Lets both frameworks round the factors of float32 products to TF32 on a GPU, or not."""
    jax.config.update("jax_default_matmul_precision", None if allow else "float32")
    torch.backends.cuda.matmul.allow_tf32 = allow
    torch.backends.cudnn.allow_tf32 = allow


def device() -> torch.device:
    """Returns PyTorch's device of the kind that jax uses."""
    return torch.device("cuda" if jax.default_backend() == "gpu" else "cpu")


def cores() -> int:
    """Returns how many cores this process may use, which is the size of XLA's thread pool."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def describe() -> str:
    """Returns the versions, devices and threads as text."""
    return (
        f"jax {jax.__version__} ({jax.devices()[0].device_kind}, {cores()} cores), "
        f"PyTorch {torch.__version__} ({device().type}, {torch.get_num_threads()} threads)"
    )


def matmul_gflops(size: int = 4096, rounds: int = 5) -> float:
    """Returns the best rate of a float32 matrix product in either framework, in GFLOPS."""
    x = jnp.ones((size, size))
    y = torch.ones(size, size, device=device())
    product = jax.jit(jnp.matmul)
    seconds = []
    for run in (lambda: product(x, x).block_until_ready(), lambda: (y @ y)[0, 0].item()):
        run()
        for _ in range(rounds):
            start = time.perf_counter()
            run()
            seconds.append(time.perf_counter() - start)
    return 2e-9 * size**3 / min(seconds)


def warning() -> str | None:
    """Returns a warning if other programs run, judged by the load of the last minute."""
    load = os.getloadavg()[0]
    if load < 0.5:
        return None
    return (
        f"the machine is busy (load {load:.1f}): PyTorch's threads then wait for each other, "
        "and the ratios favour jax; measure on an idle machine"
    )


def _limit_cores(num: int) -> None:
    """Limits this process; call it before jax starts, as XLA's threads have no other setting."""
    if not hasattr(os, "sched_setaffinity"):
        raise ValueError("this system cannot limit the cores of a process: leave out --threads")
    if num > cores():
        raise ValueError(f"this process may use {cores()} cores: choose --threads up to that")
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:num])
