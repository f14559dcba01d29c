"""The two settings that the benchmark is run in, and its workloads."""

import dataclasses

import flax.linen as nn

from experiments.benchmark.workloads import CYCLEGAN_256, WORKLOADS, Method, Workload
from gans_jax import WGANGP
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator, TwoGenerators


@dataclasses.dataclass(frozen=True)
class Setting:
    """The precision of both frameworks: the networks' type, and whether float32 may be TF32."""

    dtype: str
    tf32: bool


SETTINGS = {
    "float32": Setting("float32", tf32=False),
    # As users train: PyTorch's networks under autocast, ours with dtype="bfloat16".
    "mixed": Setting("bfloat16", tf32=True),
}


# The papers' batch sizes: WGAN and WGAN-GP 64, DCGAN 128, pix2pix and CycleGAN 1.
WORKLOADS_OF = {
    "gpu": {
        "wgan_64": WORKLOADS["wgan_64"],
        "dcgan_64": dataclasses.replace(WORKLOADS["dcgan_64"], batch_size=128),
        "wgan_gp_32": WORKLOADS["wgan_gp_32"],
        "pix2pix_256": WORKLOADS["pix2pix_256"],
        "cyclegan_256": CYCLEGAN_256,
    },
    # For a trial of the script; the second has second derivatives.
    "cpu": {
        "mlp": WORKLOADS["mlp"],
        "wgan_gp_16": Workload(
            "wgan_gp_16",
            WGANGP(DCGANGenerator(16, 1, 4), DCGANDiscriminator(4, "layer"), n_critic=1),
            size=16,
            channels=1,
            batch_size=4,
        ),
    },
}


def in_setting(workload: Workload, setting: Setting) -> Workload:
    """Returns a workload whose networks compute in the setting's type, in both frameworks."""
    autocast = setting.dtype == "bfloat16"
    method = _with_dtype(workload.method, setting.dtype)
    return dataclasses.replace(workload, method=method, autocast=autocast)


def _with_dtype(method: Method, dtype: str) -> Method:
    networks = {
        field.name: _network(value, dtype)
        for field in dataclasses.fields(method)
        if isinstance(value := getattr(method, field.name), nn.Module)
    }
    return dataclasses.replace(method, **networks)


def _network(network: nn.Module, dtype: str) -> nn.Module:
    if isinstance(network, TwoGenerators):
        pair = network.generator_ab, network.generator_ba
        return TwoGenerators(*(_network(generator, dtype) for generator in pair))
    return network.clone(dtype=dtype)
