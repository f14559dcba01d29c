"""Processes that tests start: where, in which environment, and an experiment for them."""

import os
from pathlib import Path

from tests.support import tiny

ROOT = Path(__file__).parents[2]

# Its source is a class of the user's own, which stops the run when it is told to.
OWN = """
import dataclasses, itertools, os, signal
from typing import ClassVar
import numpy as np
import gans_jax
from gans_jax import networks, priors
from gans_jax.training import Experiment

@dataclasses.dataclass(frozen=True)
class Circle:
    num: int = 100
    reads: ClassVar = itertools.count(1)

    def __len__(self):
        return self.num

    def __getitem__(self, index):
        if next(self.reads) == int(os.environ.get("STOP_AT", 0)):
            os.kill(os.getpid(), getattr(signal, os.environ["STOP_BY"]))
        return {"image": np.array([np.cos(index), np.sin(index)], np.float32)}

experiment = Experiment(
    method=gans_jax.GAN(
        networks.MLPGenerator((2,), (8,), output="linear"),
        networks.MLPDiscriminator((8,)),
        priors.Normal(4),
    ),
    data=Circle(),
    iterations=60,
    batch_size=10,
    log_every=7,
)
"""


def environment(devices: int) -> dict[str, str]:
    """Of a process with virtual devices, which compiles as quickly as `tiny.jit`."""
    quick = tiny.jit.keywords["compiler_options"]
    flags = [f"--{name}={str(value).lower()}" for name, value in quick.items()]
    flags.append(f"--xla_force_host_platform_device_count={devices}")
    # Four devices on two cores starve each other, and XLA then ends the process, unless NPROC
    # gives them more threads.
    return os.environ | {"XLA_FLAGS": " ".join(flags), "NPROC": "16", "JAX_PLATFORMS": "cpu"}
