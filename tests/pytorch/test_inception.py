"""Inception-v3 on random weights against torch-fidelity's."""

import jax
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from gans_jax.metrics import convert_inception, load_inception
from gans_jax.weights import WeightsError
from tests.pytorch.fidelity import torch_fidelity

(reference,) = torch_fidelity("feature_extractor_inceptionv3")
pytestmark = [pytest.mark.torch, pytest.mark.slow]


@pytest.fixture(scope="module")
def pth(tmp_path_factory):
    """Weights under which activations neither vanish nor saturate through 48 layers."""
    torch.manual_seed(0)
    path = tmp_path_factory.mktemp("weights") / "inception.pth"
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(reference, "load_state_dict_from_url", lambda *_, **__: {})
        patch.setattr(torch.nn.Module, "load_state_dict", lambda *_, **__: None)
        module = reference.FeatureExtractorInceptionV3("random", ["2048"])
    for layer in module.modules():
        if isinstance(layer, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(layer.weight)
        if isinstance(layer, torch.nn.BatchNorm2d):
            for tensor, low, high in (
                (layer.weight, 0.8, 1.2),
                (layer.running_var, 0.7, 1.5),
                (layer.bias, -0.2, 0.2),
                (layer.running_mean, -0.2, 0.2),
            ):
                torch.nn.init.uniform_(tensor, low, high)
    torch.save(module.state_dict(), path)
    return path


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_features_and_logits(pth, tmp_path, suffix) -> None:
    digest = convert_inception(pth, tmp_path / f"weights{suffix}", sha256_prefix="")
    network = load_inception(tmp_path / f"weights{suffix}", sha256=digest)
    images = np.random.default_rng(0).integers(0, 256, (2, 40, 33, 3), np.uint8)
    with jax.enable_x64(False):
        features, logits = network(images)

    module = reference.FeatureExtractorInceptionV3(
        "random", ["2048", "logits_unbiased"], feature_extractor_weights_path=pth
    )
    expected = module(torch.from_numpy(images.transpose(0, 3, 1, 2).copy()))
    for ours, theirs in zip((features, logits), expected, strict=True):
        theirs = theirs.numpy()
        assert theirs.std(axis=0).max() > 1e-3 * np.abs(theirs).max(), "images do not matter"
        assert np.abs(ours - theirs).max() <= 1e-4 * np.abs(theirs).max()


def test_refuses_other_files(pth, tmp_path) -> None:
    with pytest.raises(WeightsError, match="does not begin with 6726825d"):
        convert_inception(pth, tmp_path / "weights.npz")
    other = tmp_path / "other.pth"
    torch.save({"weight": torch.zeros(1)}, other)
    with pytest.raises(WeightsError, match="lacks 'Conv2d_1a_3x3"):
        convert_inception(other, tmp_path / "weights.npz", sha256_prefix="")
