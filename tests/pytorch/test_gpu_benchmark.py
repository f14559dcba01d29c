"""The benchmark of a GPU in its two settings, on the CPU."""

import flax.linen as nn
import jax
import pytest

torch = pytest.importorskip("torch")

from experiments.benchmark.workloads import Workload
from experiments.gpu import plan, products, speed
from experiments.gpu.settings import SETTINGS, WORKLOADS_OF, in_setting
from gans_jax import GAN, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator

pytestmark = pytest.mark.torch


@pytest.fixture
def float64() -> None:
    """Keeps float32 in these tests, as the benchmark has it."""


TINY = Workload(
    "gan",
    GAN(DCGANGenerator(8, 1, 4), DCGANDiscriminator(4), priors.Uniform(5)),
    size=8,
    channels=1,
    batch_size=8,
)


def test_every_workload_is_a_part() -> None:
    names = {device: tuple(workloads) for device, workloads in WORKLOADS_OF.items()}
    assert names == plan.WORKLOADS


@pytest.mark.parametrize("name", ["wgan_gp_32", "cyclegan_256"])
def test_all_networks_compute_in_the_type_of_the_setting(name) -> None:
    workload = WORKLOADS_OF["gpu"][name]
    for setting in SETTINGS.values():
        method = in_setting(workload, setting).method
        modules = [value for value in vars(method).values() if isinstance(value, nn.Module)]
        pairs = [vars(module).get(f"generator_{way}") for module in modules for way in ("ab", "ba")]
        networks = [module for module in modules + pairs if hasattr(module, "dtype")]
        assert len(networks) == (3 if name == "cyclegan_256" else 2)
        assert {network.dtype for network in networks} == {setting.dtype}


def test_the_mixed_setting_rounds_and_the_other_does_not(monkeypatch) -> None:
    monkeypatch.setattr(speed, "ROUNDS", 2)
    monkeypatch.setattr(speed, "BLOCK_SECONDS", 1e-3)
    full, mixed = (
        speed.measure(in_setting(TINY, setting), setting) for setting in SETTINGS.values()
    )
    assert 10 * full["loss_difference"] < mixed["loss_difference"] < 0.2
    for found in (full, mixed):
        assert found["ratio"] == found["torch_best_ms"] / found["jax_ms"]
        assert found["jax_tflops"] == found["gflop"] / found["jax_ms"] > 0


def test_the_errors_tell_rounded_factors_from_full_float32(monkeypatch) -> None:
    for errors in (products.product_errors(), products.convolution_errors()):
        assert max(errors.values()) < 1e-5
    round_ = lambda x: x.astype("bfloat16").astype("float32")
    product = jax.numpy.matmul
    monkeypatch.setattr(jax.numpy, "matmul", lambda x, y: product(round_(x), round_(y)))
    assert products.product_errors()["jax"] > 1e-4
