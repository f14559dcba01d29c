"""The networks of CycleGAN's baselines: sizes of the authors' code, and what they refuse."""

import functools

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest

from gans_jax import core, networks
from tests.support import tiny

KEY = jax.random.key(0)
GREY_28 = jax.ShapeDtypeStruct((2, 28, 28, 1), np.float32)
RGB_32 = jax.ShapeDtypeStruct((2, 32, 32, 3), np.float32)
RGB_64 = jax.ShapeDtypeStruct((2, 64, 64, 3), np.float32)


def code(size):
    return jax.ShapeDtypeStruct((2, size), np.float32)


def size_and_shapes(network, *inputs):
    """Returns how many parameters a network has, and the shapes of its outputs."""

    def run(*inputs):
        variables = network.init(KEY, *inputs)
        return variables["params"], network.apply(variables, *inputs)

    params, outputs = jax.eval_shape(run, *inputs)
    shapes = jax.tree.map(lambda output: output.shape, outputs)
    return sum(leaf.size for leaf in jax.tree.leaves(params)), shapes


# Kernels by kernel size, channels in and out; beside them biases, or batch norm's two parameters.
ALI_ENCODER = 75 * 32 + 16 * (32 * 64 + 64 * 128 + 128 * 256 + 256 * 512) + 512 * (512 + 128)
ALI_GENERATOR = 16 * (64 * 256 + 256 * 128 + 128 * 64 + 64 * 32) + 25 * 32 * 32 + 32 * 32 + 32 * 3
ALI_OF_IMAGE = 75 * 32 + 16 * (16 * 64 + 32 * 128 + 64 * 256 + 128 * 512)  # maxout halves
ALI_OF_CODE, ALI_OF_BOTH = (64 + 256) * 512, 2 * 512 * 1024 + 512
REFINER = (9 + 1) * 64 + 8 * (9 * 64 + 1) * 64 + (64 + 1)
PATCHES = (9 + 1) * 96 + (9 * 96 + 1) * 64 + (9 * 64 + 1) * 32 + (32 + 1) * 32 + (32 + 1) * 2
STYLE = (
    (81 * 3 + 1) * 32
    + (9 * 32 + 1) * 64
    + (9 * 64 + 1) * 128
    + 10 * (9 * 128 + 1) * 128
    + (9 * 128 + 1) * 64
    + (9 * 64 + 1) * 32
    + (81 * 32 + 1) * 3
)
TWO_IMAGES = (2, 28, 28, 1)


@pytest.mark.parametrize(
    ("name", "inputs", "size", "shapes"),
    [
        ("CoGANGenerators", [code(100)], 7_842_694, (TWO_IMAGES, TWO_IMAGES)),
        ("CoGANDiscriminators", [GREY_28, GREY_28], 427_593, ((2,), (2,))),
        ("ALIEncoder", [RGB_32], ALI_ENCODER + 2 * (32 + 64 + 128 + 256 + 1024) + 128, (2, 128)),
        (
            "ALIGenerator",
            [code(64)],
            ALI_GENERATOR + 2 * (256 + 128 + 64 + 3 * 32) + 32 * 32 * 3,
            (2, 32, 32, 3),
        ),
        (
            "ALIDiscriminator",
            [RGB_32, code(64)],
            ALI_OF_IMAGE + 32 + ALI_OF_CODE + ALI_OF_BOTH + 2 * 1024 + 1,
            (2,),
        ),
        ("BiGANEncoder", [GREY_28], 1024 * (784 + 1024 + 50), (2, 50)),
        ("BiGANGenerator", [code(50)], 1024 * (50 + 1024 + 50 + 784), TWO_IMAGES),
        ("BiGANDiscriminator", [GREY_28, code(50)], 1024 * (784 + 1024 + 50 + 1), (2,)),
        ("SimGANRefiner", [GREY_28], REFINER, TWO_IMAGES),
        ("SimGANDiscriminator", [GREY_28], PATCHES, (2, 7, 7, 1)),
        ("StyleNetwork", [RGB_64], STYLE, (2, 64, 64, 3)),
    ],
)
def test_size(name, inputs, size, shapes):
    assert size_and_shapes(getattr(networks, name)(), *inputs) == (size, shapes)


def test_a_logit_is_the_output_for_real_minus_the_one_for_fake():
    a, b = jnp.zeros((3, 28, 28, 1)), jnp.ones((3, 28, 28, 1))
    network = networks.CoGANDiscriminators()
    params = tiny.jit(network.init)(KEY, a, b)["params"]
    logits = tiny.jit(lambda params, a, b: network.apply({"params": params}, a, b))
    before = logits(params, a, b)
    params["Conv_4"]["bias"] += jnp.array([1.0, 3.0])
    after = logits(params, a, b)
    np.testing.assert_allclose(jnp.stack(after) - jnp.stack(before), 2, rtol=1e-4)
    assert (before[0] != before[1]).all()
    # Each domain has a first layer of its own.
    params["Conv_0"] = params["Conv_1"]
    np.testing.assert_allclose(logits(params, b, a)[0], after[1], rtol=1e-5)


def test_alis_dropout_is_weaker_on_the_inputs():
    """Before each layer of the image, of the code, and of both; none where it does not train."""
    rates = []

    def record(next_call, args, kwargs, context):
        if isinstance(context.module, nn.Dropout):
            rates.append(0.0 if context.module.deterministic else context.module.rate)
        return next_call(*args, **kwargs)

    network = networks.ALIDiscriminator()
    with nn.intercept_methods(record):
        for train in (True, False):
            run = functools.partial(network.init, train=train)
            jax.eval_shape(run, {"params": KEY, "dropout": KEY}, RGB_32, code(64))
    assert rates == [0.2, *[0.5] * 4, 0.2, *[0.5] * 4, *[0.0] * 10]


@pytest.mark.parametrize(
    ("network", "inputs", "message"),
    [
        (networks.CoGANDiscriminators(), [RGB_32, RGB_32], "take images of 28x28, not 32x32"),
        (networks.ALIEncoder(), [GREY_28], "take images of 32x32, not 28x28"),
        (networks.ALIDiscriminator(), [GREY_28, code(64)], "take images of 32x32, not 28x28"),
        (networks.StyleNetwork(), [RGB_32], "multiples of 4, at least 44"),
    ],
)
def test_other_images_are_refused(network, inputs, message):
    with pytest.raises(ValueError, match=message):
        size_and_shapes(network, *inputs)


def test_a_stochastic_gaussian_code_has_the_encoders_mean_and_deviation():
    class Given(nn.Module):
        @nn.compact
        def __call__(self, x):
            return x

    encoder = networks.GaussianEncoder(Given())
    draw = lambda *given: encoder.apply({}, jnp.tile(jnp.array(given), (2000, 1)), rngs=rngs)
    rngs = {"dropout": KEY}
    standard, wide = draw(0.0, 0.0), draw(5.0, np.log(3))
    assert abs(standard.mean()) < 0.1
    assert abs(standard.std() - 1) < 0.1
    np.testing.assert_allclose(wide, 5 + 3 * standard, rtol=1e-5, atol=1e-5)


def test_stochastic_encoders_draw_for_each_example_alone():
    """By its place in the batch, however many there are; without a key there is no noise."""
    linear = networks.MLPGenerator((4,), (), "linear")
    for encoder in (networks.GaussianEncoder(linear), networks.UniversalEncoder(linear)):
        x = jnp.tile(jnp.arange(3.0), (4, 1))
        player = core.create(encoder, optax.identity(), KEY, x)
        four, _ = core.apply(encoder, player, x, train=True, key=KEY)
        two, _ = core.apply(encoder, player, x[:2], train=True, key=KEY)
        np.testing.assert_allclose(four[:2], two, rtol=1e-6)
        assert len(np.unique(four[:, 0])) == 4
        still, _ = core.apply(encoder, player, x, train=True)
        assert len(np.unique(still[:, 0])) == 1
