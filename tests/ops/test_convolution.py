import chex
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from jax.test_util import check_grads

from gans_jax.ops import conv, conv_transpose, fast, plain, use_convolutions, winograd
from gans_jax.ops.plain import Geometry

# One row per form and its borders: images [n, h, w, ci], kernel (kh, kw, co), stride, padding.
LAYERS = {
    "strided": ((2, 8, 6, 3), (4, 4, 5), 2, 1),
    "odd kernel, stride 2": ((2, 8, 9, 3), (3, 3, 4), 2, 1),
    "kernel not square": ((1, 7, 10, 20), (2, 4, 20), 2, 0),
    "padding beyond the kernel": ((1, 3, 4, 2), (2, 2, 3), 1, 3),
    "one window": ((3, 4, 4, 5), (4, 4, 6), 1, 0),
    "one window, padded": ((2, 2, 3, 5), (4, 4, 6), 2, 1),
    "one window sees padding only": ((2, 3, 3, 5), (2, 2, 6), 8, 3),
    "1x1": ((2, 5, 4, 20), (1, 1, 20), 1, 0),
    "1x1, stride 2": ((2, 5, 4, 3), (1, 1, 4), 2, 0),
    "few outputs": ((1, 14, 13, 20), (5, 3, 1), 1, 0),
    "many outputs": ((2, 4, 4, 3), (4, 4, 512), 2, 1),
    "many channels": ((2, 9, 8, 20), (3, 3, 20), 1, 1),
    "many images": ((9, 6, 4, 20), (3, 3, 20), 1, 1),
    "many channels, no padding": ((2, 9, 8, 20), (3, 3, 20), 1, 0),
}


def normal(seed, *shape, dtype=np.float32):
    return jnp.asarray(np.random.default_rng(seed).standard_normal(shape), dtype)


def close(actual, expected, tolerance=1e-11):
    """Compares trees of arrays; the tolerance is relative to the largest number of a leaf, or 1."""
    scales = jax.tree.map(lambda leaf: max(1, np.abs(np.float64(leaf)).max()), expected)
    scaled = lambda tree: jax.tree.map(lambda x, scale: np.float64(x) / scale, tree, scales)
    chex.assert_trees_all_close(scaled(actual), scaled(expected), rtol=1e-7, atol=tolerance)


def run(f, *args):
    """Compiles with little optimisation, which is most of these tests' time."""
    return jax.jit(f, compiler_options={"xla_backend_optimization_level": 0})(*args)


def in_form(form, f, *args):
    with use_convolutions(form):
        return run(f, *args)


def with_gradients(operation, **geometry):
    def f(x, w):
        y, back = jax.vjp(lambda x, w: operation(x, w, **geometry), x, w)
        return y, back(jnp.sin(y))

    return f


def penalised(operation, **geometry):
    """A loss whose gradient holds second derivatives: that of a gradient penalty."""

    def loss(x, w):
        return jnp.sum(jnp.sin(operation(x, w, **geometry)))

    def total(x, w):
        dx, dw = jax.grad(loss, (0, 1))(x, w)
        return jnp.sum(jnp.cos(dx)) + jnp.sum(jnp.cos(dw))

    return jax.grad(total, (0, 1))


def equal_in_both_forms(transform, layer):
    (n, h, width, ci), (kh, kw, co), stride, padding = layer
    with jax.enable_x64(True):
        x, w = normal(0, n, h, width, ci, dtype=float), normal(1, kh, kw, ci, co, dtype=float)
        f = transform(conv, stride=stride, padding=padding)
        close(in_form("fast", f, x, w), in_form("plain", f, x, w))


@pytest.mark.parametrize("layer", LAYERS.values(), ids=LAYERS)
def test_values_and_gradients_equal_the_plain_forms(layer):
    equal_in_both_forms(with_gradients, layer)


def test_large_strided_products_equal_the_plain_forms(monkeypatch):
    monkeypatch.setattr(fast, "_SMALL_PRODUCT", 0)
    equal_in_both_forms(with_gradients, ((2, 9, 6, 3), (4, 2, 5), 2, 0))


def test_groups_of_images_equal_the_plain_forms(monkeypatch):
    monkeypatch.setattr(fast, "_CACHED_OUTPUTS", 4 * 6 * 4 * 20)  # of 9 images: 4, 4 and 1
    equal_in_both_forms(with_gradients, LAYERS["many images"])


@pytest.mark.parametrize("padding", [0, 1, 2])
@pytest.mark.parametrize("image", [(6, 9), (5, 4)])
def test_fewer_products_equal_the_plain_forms(monkeypatch, image, padding):
    monkeypatch.setattr(fast, "_MANY_CHANNELS", 2)
    monkeypatch.setattr(fast, "_MANY_ROWS", 0)
    equal_in_both_forms(with_gradients, ((2, *image, 3), (3, 3, 2), 1, padding))


def test_second_derivatives_of_fewer_products_equal_the_plain_forms(monkeypatch):
    monkeypatch.setattr(fast, "_MANY_CHANNELS", 2)
    monkeypatch.setattr(fast, "_MANY_ROWS", 0)
    equal_in_both_forms(penalised, ((1, 5, 4, 2), (3, 3, 3), 1, 1))


@pytest.mark.parametrize("operation", ["conv", "transpose", "weight_gradient"])
def test_fewer_products_round_at_most_four_times_as_much(operation):
    geometry = Geometry(1, (0, 0), (34, 34), (3, 3))
    rng = np.random.default_rng(0)
    shapes = (1, 34, 34, 128), (1, 32, 32, 128), (3, 3, 128, 128)
    x, y, w = (rng.standard_normal(shape) for shape in shapes)
    a, b = {"conv": (x, w), "transpose": (y, w), "weight_gradient": (x, y)}[operation]
    with jax.enable_x64(True):
        exact = np.asarray(run(lambda a, b: getattr(plain, operation)(a, b, geometry), a, b))

    def error(form):
        found = run(lambda a, b: getattr(form, operation)(a, b, geometry), *map(np.float32, (a, b)))
        return np.sqrt(np.mean((np.float64(found) - exact) ** 2))

    assert error(winograd) <= 4 * error(plain)


@pytest.mark.parametrize("name", ["strided", "one window, padded"])
def test_second_derivatives_equal_the_plain_forms(name):
    equal_in_both_forms(penalised, LAYERS[name])


@settings(max_examples=6, deadline=None, derandomize=True)
@given(
    st.integers(1, 3),
    st.tuples(st.integers(1, 8), st.integers(1, 8)),
    st.sampled_from([1, 3, 18]),
    st.sampled_from([1, 2, 17]),
    st.tuples(st.integers(1, 5), st.integers(1, 5)),
    st.integers(1, 3),
    st.integers(0, 3),
    st.integers(0, 2),
)
@example(2, (4, 5), 3, 2, (3, 3), 2, 1, 1)
def test_any_geometry_equals_the_plain_forms(n, image, ci, co, kernel, stride, padding, extra):
    with jax.enable_x64(True):
        x, w = normal(0, n, *image, ci, dtype=float), normal(1, *kernel, ci, co, dtype=float)
        if all(size + 2 * padding >= k for size, k in zip(image, kernel, strict=True)):
            f = with_gradients(conv, stride=stride, padding=padding)
            close(in_form("auto", f, x, w), in_form("plain", f, x, w))
        extra, w = min(extra, stride - 1), w.swapaxes(2, 3)
        sizes = [(o - 1) * stride - 2 * padding + k for o, k in zip(image, kernel, strict=True)]
        if min(sizes) >= 1:
            geometry = {"stride": stride, "padding": padding, "output_padding": extra}
            f = with_gradients(conv_transpose, **geometry)
            close(in_form("auto", f, x, w), in_form("plain", f, x, w))


def test_derivatives_agree_with_finite_differences():
    with jax.enable_x64(True):
        x, w = normal(0, 1, 4, 4, 2, dtype=float), normal(1, 4, 4, 2, 2, dtype=float)
        check_grads(jax.jit(lambda x, w: conv(x, w, 2, 1)), (x, w), order=1, modes=["rev"])


@pytest.mark.torch
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding"),
    [((8, 8), 4, 2, 1), ((7, 6), 4, 2, 1), ((8, 7), 3, 2, 1), ((9, 8), 7, 1, 0), ((5, 6), 3, 1, 1)],
)
def test_conv_has_the_geometry_of_torch(size, kernel, stride, padding):
    torch = pytest.importorskip("torch")
    x, w = normal(0, 2, *size, 3), normal(1, kernel, kernel, 3, 5)
    images, weights = (
        torch.tensor(np.transpose(a, axes)) for a, axes in ((x, (0, 3, 1, 2)), (w, (3, 2, 0, 1)))
    )
    expected = torch.nn.functional.conv2d(images, weights, stride=stride, padding=padding)
    actual = run(lambda x, w: conv(x, w, stride, padding), x, w)
    close(actual, expected.numpy().transpose(0, 2, 3, 1), 1e-5)


@pytest.mark.torch
@pytest.mark.parametrize(
    ("size", "kernel", "stride", "padding", "extra"),
    [
        ((1, 1), 4, 1, 0, 0),
        ((4, 5), 4, 2, 1, 0),
        ((4, 5), 3, 2, 1, 1),
        ((4, 4), 3, 2, 1, 0),
        ((5, 4), 7, 1, 3, 0),
    ],
)
def test_conv_transpose_has_the_geometry_of_torch(size, kernel, stride, padding, extra):
    torch = pytest.importorskip("torch")
    x, w = normal(0, 2, *size, 3), normal(1, kernel, kernel, 5, 3)
    images, weights = (
        torch.tensor(np.transpose(a, axes)) for a, axes in ((x, (0, 3, 1, 2)), (w, (3, 2, 0, 1)))
    )
    expected = torch.nn.functional.conv_transpose2d(
        images, weights, stride=stride, padding=padding, output_padding=extra
    )
    actual = run(lambda x, w: conv_transpose(x, w, stride, padding, extra), x, w)
    close(actual, expected.numpy().transpose(0, 2, 3, 1), 1e-5)


def test_conv_transpose_is_the_transpose_of_conv():
    x, w, y = normal(0, 2, 8, 8, 3), normal(1, 3, 3, 3, 5), normal(2, 2, 4, 4, 5)
    forward = jnp.vdot(conv(x, w, 2, 1), y)
    close(jnp.vdot(x, conv_transpose(y, w, 2, 1, output_padding=1)), forward, 1e-5)


def test_vmap_over_images_and_over_weights():
    x, w = normal(0, 2, 2, 8, 8, 3), normal(1, 2, 4, 4, 3, 5)
    f = with_gradients(conv, stride=2, padding=1)

    def both(x, w):
        return jax.vmap(f, (0, None))(x, w[0]), jax.vmap(f, (None, 0))(x[0], w)

    def loop(x, w):
        rows = [f(image, w[0]) for image in x], [f(x[0], kernel) for kernel in w]
        return tuple(jax.tree.map(lambda *leaves: jnp.stack(leaves), *row) for row in rows)

    close(run(both, x, w), in_form("plain", loop, x, w), 1e-5)


def test_scan_trains_as_a_loop_does():
    x, w = normal(0, 2, 8, 8, 3), normal(1, 4, 4, 3, 5) / 10

    def update(w, x):
        loss, gradient = jax.value_and_grad(lambda w: jnp.sum(jnp.cos(conv(x, w, 2, 1))))(w)
        return w - 0.01 * gradient, loss

    def loop(w):
        w, first = update(w, x)
        w, second = update(w, 2 * x)
        return w, jnp.stack([first, second])

    scanned = run(lambda w: jax.lax.scan(update, w, jnp.stack([x, 2 * x])), w)
    close(scanned, in_form("plain", loop, w), 1e-5)


def test_bfloat16_stays_bfloat16():
    x, w = normal(0, 2, 8, 8, 3, dtype=jnp.bfloat16), normal(1, 4, 4, 3, 5, dtype=jnp.bfloat16)
    f = jax.value_and_grad(lambda x, w: jnp.sum(jnp.square(conv(x, w, 2, 1))), (0, 1))
    value, gradients = in_form("fast", f, x, w)
    assert value.dtype == gradients[1].dtype == jnp.bfloat16
    expected = in_form("plain", f, x, w)
    close((value, gradients), expected, 3e-2)


def test_empty_batch():
    w = normal(1, 4, 4, 3, 5)
    assert conv(jnp.zeros((0, 8, 8, 3)), w, 2, 1).shape == (0, 4, 4, 5)
    gradient = run(jax.grad(lambda w: jnp.sum(conv(jnp.zeros((0, 8, 8, 3)), w, 2, 1))), w)
    close(gradient, jnp.zeros_like(w))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda x, w: conv(x[0], w), "rank 4"),
        (lambda x, w: conv(x[..., :2], w), "channels"),
        (lambda x, w: conv_transpose(x, w), "channels"),
        (lambda x, w: conv(x, w.astype(jnp.bfloat16)), "one dtype"),
        (lambda x, w: conv(x[:, :1], w), "larger than its image"),
        (lambda x, w: conv(x, w, 0), "stride >= 1"),
        (lambda x, w: conv(x, w, 1, -1), "padding >= 0"),
        (lambda x, w: conv_transpose(x, w.swapaxes(2, 3), 2, 1, 2), "output_padding"),
        (lambda x, w: conv_transpose(x[:, :1], w.swapaxes(2, 3), 2, 2), "reduce its padding"),
    ],
)
def test_impossible_geometry_is_refused(call, message):
    with pytest.raises(ValueError, match=message):
        call(jnp.zeros((1, 8, 8, 3)), jnp.zeros((4, 4, 3, 5)))


def test_geometry_is_hashable_and_knows_its_output():
    assert Geometry(2, (1, 1), (8, 7), (4, 4)).output == (4, 3)
    hash(Geometry(2, (1, 1), (8, 7), (4, 4)))


@pytest.mark.parametrize("channels", [128, 64], ids=["sums", "taps"])
def test_a_weight_gradient_takes_no_memory_before_its_gradients_exist(channels):
    """Its sums, or taps, are four, or nine, times as large as the images that they are of."""

    def loss(kernels, x):
        for w in kernels:
            x = jnp.sin(conv(x, w, 1, 1))
        return jnp.sum(x)

    def temporaries(num):
        x = jax.ShapeDtypeStruct((1, 64, 64, channels), jnp.float32)
        w = jax.ShapeDtypeStruct((3, 3, channels, channels), jnp.float32)
        with use_convolutions("fast"):
            compiled = jax.jit(jax.grad(loss)).lower([w] * num, x).compile()
        return compiled.memory_analysis().temp_size_in_bytes

    image = 4 * 64 * 64 * channels
    assert temporaries(12) - temporaries(4) < 8 * 3 * image
