"""The protocols, and the examples in the methods' docstrings."""

import doctest
import inspect

import jax
import jax.numpy as jnp
import pytest

from gans_jax import BiGAN, Pix2Pix, core, methods
from gans_jax.wrappers import with_ema
from tests.support import tiny
from tests.support.cases import CASES

CLASSES = [
    each for each in vars(methods).values() if isinstance(each, type) and hasattr(each, "init")
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_method_is_what_its_protocol_says(case):
    assert isinstance(case.method, core.Method)
    assert core.is_sampler(case.method) or core.is_translator(case.method)
    for method in (case.method, with_ema(case.method, 0.9)):
        assert not core.is_sampler(method) or isinstance(method, core.Sampler)
        assert not core.is_translator(method) or isinstance(method, core.Translator)
    first, second = case.method.minibatches(0), case.method.minibatches(1)
    assert (first.start, first.stop) == (0, second.start)


def test_predicates():
    pix2pix = Pix2Pix(tiny.Painter(), tiny.Patches())
    assert core.is_translator(pix2pix)
    assert not core.is_sampler(pix2pix)
    assert not core.is_sampler(with_ema(pix2pix, 0.9))
    assert not core.is_sampler(BiGAN(tiny.Translator(), tiny.Patches()))


def test_the_defaults_are_not_enough_for_a_method():
    assert not isinstance(core.MethodBase(), core.Method)


@pytest.mark.parametrize(
    "cls",
    [
        pytest.param(cls, id=cls.__name__, marks=[pytest.mark.slow] * bool(cls.directions))
        for cls in CLASSES
    ],
)
def test_the_example_of_each_method(cls, monkeypatch):
    monkeypatch.setattr(jax, "jit", tiny.jit)
    namespace = vars(inspect.getmodule(cls)) | {"jax": jax, "jnp": jnp}
    (example,) = doctest.DocTestFinder(recurse=False).find(cls, cls.__name__, globs=namespace)
    assert example.examples, f"{cls.__name__} has no example in its docstring"
    outcome = doctest.DocTestRunner(verbose=False).run(example)
    assert outcome.failed == 0
