"""The parts of the measurement: their order, their shares of the time, their environments."""

import dataclasses
import itertools
import os
import subprocess
import sys
from collections.abc import Sequence
from typing import Any

from experiments.gpu.surroundings import ROOT

# The rest of the budget is for ending the last part.
USED = 0.97
WORKLOADS = {
    "gpu": ("wgan_64", "dcgan_64", "wgan_gp_32", "pix2pix_256", "cyclegan_256"),
    "cpu": ("mlp", "wgan_gp_16"),
}
# So that a test which compares bits or rounding sees the method and not the order of a sum.
_EXACT = {"JAX_DEFAULT_MATMUL_PRECISION": "highest", "NVIDIA_TF32_OVERRIDE": "0"}
# XLA ends the process if it does not know a flag, so that the first one that it knows is taken.
_DETERMINISTIC = ("--xla_gpu_deterministic_ops=true", "--xla_gpu_exclude_nondeterministic_ops=true")


@dataclasses.dataclass(frozen=True)
class Part:
    """A part of the measurement.

    Attributes:
      name: the part's name in the file, which says what its module is to do.
      module: the module of this package that runs it.
      share: of the budget, relative to the shares of the other parts.
      exact: whether it runs in full float32, with deterministic operations.
    """

    name: str
    module: str
    share: float
    exact: bool = False


def parts(device: str) -> list[Part]:
    """Returns all parts in their order."""
    names = WORKLOADS[device]
    return [
        Part("conformance", "checks", 15, exact=True),
        Part("parity", "checks", 8, exact=True),
        Part("products", "products", 4),
        *(Part(name, "speed", 45 / len(names)) for name in names),
        Part("training", "training", 28),
    ]


def marks(chosen: Sequence[Part], budget: float) -> list[float]:
    """Returns by which second of the budget each part ends.

    A part that ends earlier leaves its time to the next ones.
    """
    total = sum(part.share for part in chosen)
    return [USED * budget * done / total for done in itertools.accumulate(p.share for p in chosen)]


def environment(device: str) -> dict[str, str]:
    """Returns the environment in which jax and PyTorch look for the device.

    Of several cards they see the first. JAX_PLATFORMS is left to jax, or set to the CPU.
    """
    changed = {name: value for name, value in os.environ.items() if name != "JAX_PLATFORMS"}
    changed["PYTHONPATH"] = os.pathsep.join([str(ROOT), *filter(None, [changed.get("PYTHONPATH")])])
    # PyTorch needs memory beside jax, which otherwise takes three quarters of the card at once.
    changed["XLA_PYTHON_CLIENT_PREALLOCATE"] = "false"
    changed["CUDA_DEVICE_ORDER"] = "PCI_BUS_ID"  # as nvidia-smi counts
    changed["CUDA_VISIBLE_DEVICES"] = card() if device == "gpu" else ""
    return changed | ({"JAX_PLATFORMS": "cpu"} if device == "cpu" else {})


def card() -> str:
    """Returns the card that is measured, as CUDA_VISIBLE_DEVICES and nvidia-smi name it."""
    return os.environ.get("CUDA_VISIBLE_DEVICES", "0").partition(",")[0]


def environment_of(part: Part, common: dict[str, str], jax: dict[str, Any]) -> dict[str, str]:
    """Returns the environment of a part, where `jax` is what jax says of its device."""
    changed = dict(common)
    if jax["platform"] == "gpu":
        # Named, so that jax ends with the reason instead of falling back to the CPU, and tests/
        # does not choose the CPU.
        changed["JAX_PLATFORMS"] = "rocm,cpu" if "rocm" in jax["runtime"].lower() else "cuda,cpu"
    if not part.exact:
        return changed
    changed |= _EXACT
    for flag in _DETERMINISTIC:
        flags = f"{changed.get('XLA_FLAGS', '')} {flag}".strip()
        if _is_known(changed | {"XLA_FLAGS": flags}):
            return changed | {"XLA_FLAGS": flags}
    return changed


def _is_known(environment: dict[str, str]) -> bool:
    """Returns whether jax starts with these flags of XLA."""
    command = [sys.executable, "-c", "import jax; jax.jit(lambda x: x + 1)(0)"]
    how = {"env": environment | {"JAX_PLATFORMS": "cpu"}, "capture_output": True}
    return subprocess.run(command, check=False, **how).returncode == 0
