import dataclasses
from typing import ClassVar

import jax
import jax.numpy as jnp
import numpy as np
import pytest

import gans_jax
from gans_jax import core, priors
from gans_jax.translation.compiled import CompiledTranslator, UnfitError
from tests.support import cases, tiny


@dataclasses.dataclass(frozen=True)
class Negative(core.MethodBase):
    """Negatives, darker by the state, lighter by noise; on the way back they are halved, too."""

    directions: ClassVar = ("a_to_b", "b_to_a")
    translates_with_noise: ClassVar = True
    multiple: int = 1
    factor: int = 1

    def translate(self, state, images, direction, key=None, deterministic=False):
        core.checks.noise_key(key, deterministic)
        if images.shape[1] % self.multiple or images.shape[2] % self.multiple:
            raise ValueError("pad or resize\nto multiples")
        noise = 0 if deterministic else jax.random.uniform(key, images.shape)
        made = -images * (1 if direction == "a_to_b" else 0.5) - state + noise
        return made.repeat(self.factor, axis=1)


@dataclasses.dataclass(frozen=True)
class Attentive(Negative):
    def attention(self, state, images, direction):
        return (images[..., :1] > 0).astype(jnp.float32) * (1 if direction == "a_to_b" else 0.5)


@dataclasses.dataclass(frozen=True)
class OneWay(Negative):
    directions: ClassVar = ("a_to_b",)


@dataclasses.dataclass(frozen=True)
class Centred(core.MethodBase):
    """Images minus the mean of the batch, as batch norm with the statistics of the test batch."""

    directions: ClassVar = ("a_to_b",)
    translates_by_batch: ClassVar = True

    def translate(self, state, images, direction, key=None, deterministic=False):
        return images - images.mean()


IMAGE = np.linspace(-1, 1, 12, dtype="float32").reshape(2, 2, 3)
EXAMPLE = {"a": IMAGE, "b": IMAGE[..., :1] / 2}


def row(method, example=EXAMPLE, state=0.0):
    return CompiledTranslator(method).row(state, example, jax.random.key(0))


def test_a_row_shows_both_directions_and_what_comes_back():
    shown = row(Negative(), {n: v * 0.5 for n, v in EXAMPLE.items()})
    assert list(shown) == ["a", "a to b", "back to a", "b", "b to a", "back to b"]
    noise = np.asarray(shown["a to b"] + shown["a"])
    assert 0 <= noise.min() < noise.max() <= 1
    np.testing.assert_array_equal(shown["b"], EXAMPLE["b"] * 0.5)
    assert shown["back to b"].shape == (2, 2, 1)


def test_columns_without_noise():
    translator, images = CompiledTranslator(Negative()), IMAGE[None]
    made = translator.translate(0.25, images, "a_to_b", None)
    np.testing.assert_allclose(made, -images - 0.25)
    columns = translator.columns(0.25, images, made, "a_to_b", None)
    np.testing.assert_allclose(columns["back to a"], -0.5 * np.asarray(made) - 0.25)
    back = translator.translate(0.25, images, "b_to_a", None)
    columns = translator.columns(0.25, images, back, "b_to_a", None)
    assert list(columns) == ["b", "b to a", "back to b"]
    np.testing.assert_allclose(columns["back to b"], -np.asarray(back) - 0.25)


def test_one_direction_shows_the_target():
    shown = row(OneWay(), {"a": np.uint8([[[0]]]), "b": np.uint8([[[255]]])})
    assert list(shown) == ["a", "a to b", "b"]
    assert shown["a"] == -1
    assert shown["b"] == 1


def test_attention_of_both_directions_as_grey():
    shown = row(Attentive())
    names = ["a", "a to b", "back to a", "attention on a"]
    assert list(shown) == [*names, "b", "b to a", "back to b", "attention on b"]
    np.testing.assert_array_equal(shown["attention on a"][..., 0], np.sign(IMAGE[..., 0]))
    np.testing.assert_array_equal(
        shown["attention on b"][..., 0], np.where(EXAMPLE["b"][..., 0] > 0, 0, -1)
    )


def test_no_image_depends_on_those_beside_it():
    images = np.float32([[[[0]], [[1]]], [[[4]], [[6]]]])
    translate = CompiledTranslator(Centred()).translate
    alone = [translate((), image[None], "a_to_b", None)[0] for image in images]
    together = translate((), images, "a_to_b", None)
    np.testing.assert_array_equal(together, np.stack(alone))
    np.testing.assert_array_equal(together.ravel(), [-0.5, 0.5, -1, 1])


def test_each_image_has_the_noise_of_its_key():
    keys = jax.random.split(jax.random.key(1), 3)
    made = CompiledTranslator(Negative()).translate(
        0.0, np.zeros((3, 2, 2, 1), "float32"), "a_to_b", keys
    )
    for image, key in zip(made, keys, strict=True):
        np.testing.assert_array_equal(image, jax.random.uniform(key, (1, 2, 2, 1))[0])


@pytest.mark.parametrize(
    ("multiple", "size", "wanted"),
    [(1, (5, 7), (5, 7)), (4, (5, 8), (8, 8)), (4, (1, 1), (4, 4)), (256, (300, 10), (512, 256))],
)
def test_the_least_size_that_the_network_takes(multiple, size, wanted):
    assert CompiledTranslator(Negative(multiple)).padded(0.0, size, 3, "a_to_b") == wanted


def test_a_size_that_the_network_does_not_take():
    with pytest.raises(UnfitError, match=r"images of 6x6 .*\(pad or resize\)$"):
        CompiledTranslator(Negative(multiple=5)).padded(0.0, (6, 6), 3, "a_to_b")
    with pytest.raises(UnfitError, match=r"images of 5x5 .*\(images of 5x5 become 10x5\)"):
        CompiledTranslator(Negative(factor=2)).padded(0.0, (5, 5), 3, "a_to_b")


def test_a_method_makes_its_pictures_from_noise_or_from_images():
    networks = tiny.Translator(), tiny.Joint()
    assert not core.is_sampler(gans_jax.BiGAN(*networks))
    assert core.is_sampler(gans_jax.BiGAN(*networks, prior=priors.Normal(8)))
    assert not any(core.is_sampler(c.method) for c in cases.TRANSLATORS)
    for case in cases.CASES:
        assert core.is_sampler(case.method) or core.is_translator(case.method), case.name


@pytest.mark.parametrize("case", cases.TRANSLATORS, ids=lambda case: case.name)
def test_methods_declare_the_directions_that_they_have(case):
    batch = case.batch(case.method, 0)
    state = jax.eval_shape(case.method.init, jax.random.key(0), batch)
    images = jax.ShapeDtypeStruct((2, 8, 8, 1), jnp.float32)
    for direction in ("a_to_b", "b_to_a"):
        run = lambda s, x, d=direction: case.method.translate(s, x, d, deterministic=True)
        if direction in case.method.directions:
            assert jax.eval_shape(run, state, images).shape == (2, 8, 8, 1)
        else:
            with pytest.raises(ValueError, match="learns a_to_b alone"):
                jax.eval_shape(run, state, images)
