"""Counts, receptive fields, sizes and noise of the networks for image translation."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import core
from gans_jax.networks import (
    AttentionNetwork,
    PatchGANDiscriminator,
    PixelGANDiscriminator,
    ResNetGenerator,
    UNetGenerator,
)
from gans_jax.networks.layers import normalize, reflect
from tests.support import tiny
from tests.support.networks import KEY, count, filled, images, output, shapes, zeros


def test_parameter_counts_of_the_authors_networks():
    counts = {
        UNetGenerator(256): 54_413_955,
        UNetGenerator(256, norm="instance"): 54_409_603,
        UNetGenerator(128): 41_828_995,
        UNetGenerator(128, norm="instance"): 41_825_667,
        ResNetGenerator(): 11_378_179,
        ResNetGenerator(norm="batch"): 11_383_427,
        ResNetGenerator(blocks=6): 7_837_699,
        ResNetGenerator(blocks=6, norm="batch"): 7_841_411,
        AttentionNetwork(): 7_831_425,
        AttentionNetwork(blocks=9): 11_371_905,
    }
    for network, expected in counts.items():
        assert count(shapes(network, (1, 256, 256, 3))["params"]) == expected, network


@pytest.mark.parametrize(
    ("layers", "on_6_batch", "on_3_instance"),
    [
        (0, 9_024, 8_705),
        (1, 139_585, 136_385),
        (2, 666_433, 662_977),
        (3, 2_768_705, 2_764_737),
        (4, 6_964_033, 6_959_553),
        (5, 11_159_361, 11_154_369),
    ],
)
def test_parameter_counts_of_the_authors_discriminators(layers, on_6_batch, on_3_instance):
    network = functools.partial(PatchGANDiscriminator, layers=layers)
    if layers == 0:
        network = PixelGANDiscriminator
    for norm, channels, expected in (("batch", 6, on_6_batch), ("instance", 3, on_3_instance)):
        params = shapes(network(norm=norm), (1, 256, 256, channels))["params"]
        assert count(params) == expected


@pytest.mark.parametrize(("layers", "field"), [(0, 1), (1, 16), (2, 34), (3, 70), (4, 142)])
def test_receptive_fields(layers, field):
    """Which pixels the gradient of one central logit reaches."""
    network = PatchGANDiscriminator(1, layers, norm="none")
    if layers == 0:
        network = PixelGANDiscriminator(1, norm="none")
    x = jnp.ones((1, field + 4 * 2**layers, field + 4 * 2**layers, 1))
    variables = filled(network, x)

    @tiny.jit
    def gradient(x):
        def central(x):
            logits = network.apply(variables, x)
            return logits[0, logits.shape[1] // 2, logits.shape[2] // 2, 0]

        return jax.grad(central)(x)

    rows, columns = np.nonzero(np.asarray(gradient(x))[0, :, :, 0])
    assert np.ptp(rows) + 1 == np.ptp(columns) + 1 == field


def test_the_patchgan_of_286_pixels_sees_whole_images():
    logits = output(PatchGANDiscriminator(1, layers=5), 1, 256, 256, 3)
    assert logits.shape == (1, 6, 6, 1)


@pytest.mark.parametrize(
    ("network", "shape", "expected"),
    [
        (UNetGenerator(8, 1, 2), (2, 24, 16, 4), (2, 24, 16, 1)),
        (UNetGenerator(4, 5, 2, upsample="resize"), (1, 12, 4, 1), (1, 12, 4, 5)),
        (UNetGenerator(64, 3, 1, norm="none", skip=False), (1, 64, 128, 3), (1, 64, 128, 3)),
        (ResNetGenerator(2, 2, 1), (2, 12, 20, 5), (2, 12, 20, 2)),
        (ResNetGenerator(1, 2, 0, "layer", upsample="resize"), (1, 8, 8, 1), (1, 8, 8, 1)),
        (AttentionNetwork(features=2, blocks=1), (3, 8, 12, 3), (3, 8, 12, 1)),
        (PatchGANDiscriminator(2), (2, 24, 41, 6), (2, 1, 3, 1)),
        (PatchGANDiscriminator(2, 1, "instance"), (2, 6, 7, 1), (2, 1, 1, 1)),
        (PixelGANDiscriminator(2), (2, 5, 3, 1), (2, 5, 3, 1)),
    ],
)
def test_output_shapes(network, shape, expected):
    made = output(network, *shape)
    assert (made.shape, made.dtype) == (expected, jnp.float32)


@pytest.mark.parametrize(
    ("network", "shape", "message"),
    [
        (UNetGenerator(8), (1, 24, 20, 3), "24x20 .* multiples of 8, at least 8"),
        (UNetGenerator(12), (1, 24, 24, 3), "size 12: choose 4, 8, 16"),
        (UNetGenerator(2), (1, 24, 24, 3), "size 2: choose 4"),
        (ResNetGenerator(), (1, 30, 32, 3), "30x32 .* multiples of 4, at least 8"),
        (ResNetGenerator(), (1, 4, 32, 3), "4x32 .* multiples of 4, at least 8"),
        (AttentionNetwork(), (1, 30, 32, 3), "multiples of 4"),
        (PatchGANDiscriminator(), (1, 24, 23, 3), "24x24 or more, not 24x23: reduce layers"),
        (PatchGANDiscriminator(layers=0), (1, 24, 24, 3), "use PixelGANDiscriminator"),
    ],
)
def test_what_does_not_fit_is_refused(network, shape, message):
    with pytest.raises(ValueError, match=message):
        output(network, *shape)


@pytest.mark.parametrize("train", [False, True])
def test_the_unet_drops_out_only_with_a_key(train):
    network, x = UNetGenerator(64, 1, 1, norm="none"), images(2, 64, 64, 1)
    player = core.Player(filled(network, x)["params"], {}, ())

    @tiny.jit
    def run(key=None):
        return core.apply(network, player, x, train=train, key=key)[0]

    np.testing.assert_array_equal(run(), run())
    assert (run(jax.random.key(1)) != run(jax.random.key(2))).any()
    assert (run(jax.random.key(1)) != run()).any()


@pytest.mark.parametrize(
    ("size", "expected"),
    [(4, [1]), (8, [2]), (16, [4, 2]), (32, [8, 4]), (64, [8]), (128, [8] * 2), (256, [8] * 3)],
)
def test_dropout_is_in_the_inner_decoder_blocks(size, expected):
    widths = []

    def record(next_call, args, kwargs, context):
        if isinstance(context.module, nn.Dropout):
            widths.append(args[0].shape[-1])
        return next_call(*args, **kwargs)

    with nn.intercept_methods(record):
        output(UNetGenerator(size, features=1), 1, size, size, 3)
    assert widths == expected


def test_averaged_logits():
    """One logit an image, the mean of the logits of its patches, of which padding makes more."""
    network, x = PatchGANDiscriminator(2, 2, "instance", last_padding=3), images(2, 32, 32, 1)
    variables = filled(network, x)
    logits = network.apply(variables, x)
    assert logits.shape == (2, 14, 14, 1)
    averaged = network.clone(average=True).apply(variables, x)
    np.testing.assert_allclose(averaged, logits.mean((1, 2)), rtol=1e-5)


def test_the_ends_of_the_encoder_have_no_norm():
    """Batch norm of the one pixel of one image would give its offset, whatever the image."""
    network = UNetGenerator(8, 1, 2)
    x = images(1, 8, 8, 1)
    variables = filled(network, x)
    assert len(variables["batch_stats"]) == 3  # of encoder and decoder blocks 1, 2 and 1

    @tiny.jit
    def run(x):
        mutable = ["intermediates", "batch_stats"]
        return network.apply(variables, x, train=True, capture_intermediates=True, mutable=mutable)

    bottleneck = run(x)[1]["intermediates"]["Conv_2"]["__call__"][0]
    assert bottleneck.shape == (1, 1, 1, 8)
    assert abs(bottleneck).max() > 1e-2


@pytest.mark.parametrize("skip", [True, False])
def test_only_skips_pass_the_bottleneck(skip):
    network, x = UNetGenerator(8, 1, 2, norm="none", skip=skip), images(1, 8, 8, 1)
    variables = filled(network, x)
    # A bottleneck of zeros: with its kernel gone, nothing of the image goes through it.
    variables["params"]["Conv_2"] = jax.tree.map(jnp.zeros_like, variables["params"]["Conv_2"])
    gradient = tiny.jit(jax.grad(lambda x: network.apply(variables, x).sum()))(x)
    assert (abs(gradient).max() > 0) == skip


@pytest.mark.slow
def test_remat_changes_neither_parameters_nor_values():
    networks = [ResNetGenerator(1, 2, 2, "batch", remat=remat) for remat in (False, True)]
    x = images(2, 8, 12, 3)
    variables = [tiny.jit(network.init)(KEY, x) for network in networks]
    tiny.assert_same_bits(*variables)
    results = []
    for network in networks:

        def loss(params, network=network):
            y, updated = network.apply(
                variables[0] | {"params": params}, x, train=True, mutable=["batch_stats"]
            )
            return (y**2).sum(), updated

        results.append(tiny.jit(jax.value_and_grad(loss, has_aux=True))(variables[0]["params"]))
    tiny.assert_close(*results, 1e-5)
    programs = [
        str(jax.make_jaxpr(lambda v, network=network: network.apply(v, x))(variables[0]))
        for network in networks
    ]
    assert ["remat" in program for program in programs] == [False, True]


def test_attention_is_between_zero_and_one():
    network, x = AttentionNetwork(features=2, blocks=1), images(1, 8, 8, 3)
    variables, apply = filled(network, x), tiny.jit(network.apply)
    mask = apply(variables, x)
    assert 0 <= mask.min() < mask.max() <= 1
    np.testing.assert_array_equal(apply(zeros(variables), x), 0.5)


def test_instance_norm_is_of_each_image_and_exact_at_large_means():
    class Normed(nn.Module):
        @nn.compact
        def __call__(self, x):
            return normalize(x, "instance", True, "float32")

    x = np.float32(1000 + np.random.default_rng(0).normal(size=(2, 16, 12, 3)))
    y, variables = Normed().init_with_output(KEY, x)
    assert variables == {}
    x = np.float64(x)
    expected = (x - x.mean((1, 2), keepdims=True)) / np.sqrt(x.var((1, 2), keepdims=True) + 1e-5)
    np.testing.assert_allclose(y, expected, atol=1e-3)


@pytest.mark.parametrize("borders", ["zeros", "reflected"])
def test_the_gradient_at_an_image_of_one_colour_does_not_explode(borders):
    network = ResNetGenerator(features=8, blocks=6, borders=borders)
    colour, target = jnp.array([178, 209, 255]) / 127.5 - 1, images(1, 32, 32, 3)
    x = jnp.broadcast_to(colour, target.shape)
    variables, apply = filled(network, x), network.apply
    there_and_back = lambda variables: abs(apply(variables, apply(variables, x)) - target).mean()
    gradient = jax.jit(jax.grad(there_and_back))(variables)
    assert 0.01 < max(abs(leaf).max() for leaf in jax.tree.leaves(gradient)) < 1


def test_reflection_leaves_the_border_single():
    x = jnp.arange(12.0).reshape(1, 3, 4, 1)
    assert reflect(x, 2)[0, 2, :, 0].tolist() == [2, 1, 0, 1, 2, 3, 2, 1]
    assert reflect(x, 2)[0, :, 2, 0].tolist() == [8, 4, 0, 4, 8, 4, 0]


@pytest.mark.parametrize(
    "network",
    [UNetGenerator(4, 1, 2), ResNetGenerator(1, 2, 1), PatchGANDiscriminator(2, 1)],
    ids=lambda network: type(network).__name__,
)
def test_bfloat16_is_for_computation_only(network):
    network = network.clone(dtype="bfloat16")
    variables = shapes(network, (1, 8, 8, 1))
    assert {leaf.dtype for leaf in jax.tree.leaves(variables)} == {jnp.dtype("float32")}
    program = str(jax.make_jaxpr(network.apply)(zeros(variables), jnp.zeros((1, 8, 8, 1))))
    convolutions = [line for line in program.splitlines() if "conv_general_dilated[" in line]
    assert convolutions
    assert all("bf16[" in line for line in convolutions)
    made = output(network, 1, 8, 8, 1)
    is_generator = not isinstance(network, PatchGANDiscriminator)
    assert made.dtype == (jnp.float32 if is_generator else jnp.bfloat16)


def test_initial_weights_are_dcgans():
    variables = tiny.jit(ResNetGenerator(3, 16, 1, norm="batch").init)(KEY, images(1, 8, 8, 3))
    block = variables["params"]["ResNetBlock_0"]
    assert abs(block["Conv_0"]["kernel"].std() - 0.02) < 5e-4
    assert abs(block["Conv_0"]["kernel"]).max() > 3 * 0.02  # not truncated, not uniform
    assert abs(block["BatchNorm_0"]["scale"].std() - 0.02) < 5e-3
    assert (variables["params"]["Conv_3"]["bias"] == 0).all()
