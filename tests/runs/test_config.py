"""A configuration survives its JSON, and nothing else is read."""

import dataclasses
import functools
import json
from typing import Any

import flax.linen as nn
import numpy as np
import optax
import pytest

import gans_jax
from gans_jax import data, losses, networks, penalties, priors, schedules
from gans_jax.runs import config
from gans_jax.runs.config import ConfigError, differences, from_json, to_json
from gans_jax.runs.experiment import Experiment

GENERATOR = networks.MLPGenerator((2,), (8,))
CRITIC = networks.MLPDiscriminator((8, 4), dropout=0.5)
METHODS = {
    "GAN": gans_jax.GAN(
        GENERATOR,
        CRITIC,
        prior=priors.Uniform(3),
        loss=losses.LeastSquares(-1.0, 1.0, 0.0),
        penalty=penalties.GradientPenalty(1.0),
        discriminator_learning_rate=1e-3,
        schedule=schedules.LinearDecay(100),
    ),
    "WGAN": gans_jax.WGAN(GENERATOR, CRITIC, clip=0.1 + 0.2, optimizer=optax.sgd),
    "WGANGP": gans_jax.WGANGP(GENERATOR, CRITIC, optimizer=functools.partial(optax.adamw, b1=0.1)),
    "DCGAN": gans_jax.GAN(networks.DCGANGenerator(32), networks.DCGANDiscriminator()),
    "residual": gans_jax.WGANGP(networks.ResidualGenerator32(), networks.ResidualCritic32()),
}


class UserNet(nn.Module):
    width: int = None
    act: Any = "relu"

    @nn.compact
    def __call__(self, x):
        return nn.Dense(self.width)(x)


@dataclasses.dataclass(frozen=True)
class Warmup:
    steps: int
    inner: Any = None
    name: str = "a dataclass may have fields that linen skips"

    def __post_init__(self):
        if self.steps == 13:
            raise ValueError("13 brings bad luck: take 14")


def clipped_adam(learning_rate, limit: float = 1.0):
    return optax.chain(optax.clip(limit), optax.adam(learning_rate))


def experiment(method=METHODS["WGAN"]) -> Experiment:
    return Experiment(method, data.Digits(size=32), iterations=10)


def edited(text: str, *path: str | int, value: Any) -> str:
    """The JSON with one place changed; `path` goes through "with" by itself."""
    tree = node = json.loads(text)
    for name in path[:-1]:
        node = node["with"][name] if "with" in node else node[name]
    (node["with"] if "with" in node and path[-1] not in node else node)[path[-1]] = value
    return json.dumps(tree)


def refusal(text: str, extra=()) -> str:
    with pytest.raises(ConfigError) as caught:
        from_json(text, extra)
    return str(caught.value)


@pytest.mark.parametrize("name", METHODS)
def test_round_trip(name):
    before = experiment(METHODS[name])
    after = from_json(to_json(before))
    assert to_json(after) == to_json(before)
    # Partials compare by identity, so they are compared by what they are made of.
    ours, theirs = after.method.optimizer, before.method.optimizer
    if isinstance(theirs, functools.partial):
        assert (ours.func, ours.keywords) == (theirs.func, theirs.keywords)
        theirs = ours
    assert dataclasses.replace(after.method, optimizer=theirs) == dataclasses.replace(
        before.method, optimizer=theirs
    )
    assert dataclasses.replace(after, method=before.method) == before


def test_what_is_no_method_or_source_is_refused():
    """Also where the configuration is read, with the place."""
    lacks = r"lacks batch_axis, .*, step: derive its class from core.MethodBase and define init"
    with pytest.raises(ValueError, match=rf"^method is Warmup\(.*\), which {lacks}"):
        experiment(Warmup(3))
    with pytest.raises(ValueError, match=r"^data is 3, which lacks __getitem__, __len__: give a s"):
        Experiment(METHODS["WGAN"], 3, iterations=10)
    assert "config.json: method is 0, which lacks" in refusal(
        edited(to_json(experiment()), "method", value=0)
    )


def test_every_field_is_written_and_linens_own_are_not():
    node = json.loads(to_json(experiment()))["with"]["method"]
    assert set(node["with"]) == {f.name for f in dataclasses.fields(gans_jax.WGAN)}
    assert set(node["with"]["generator"]["with"]) == {"shape", "features", "output", "dtype"}
    assert node["with"]["optimizer"] == {"type": "optax.sgd", "with": {}}


def test_default_optimizer_is_written_by_name():
    node = json.loads(to_json(gans_jax.WGAN(GENERATOR, CRITIC)))["with"]["optimizer"]
    assert node == {"type": "optax.rmsprop", "with": {"decay": 0.99, "eps_in_sqrt": False}}


def test_plain_values():
    value = {"a": (1, -0.0, None, (True, "é")), "b": {"c": 1e-300}, "d": [2], "e": np.float64(0.1)}
    after = from_json(to_json(value))
    assert after == {**value, "d": (2,), "e": 0.1}
    assert str(after["a"][1]) == "-0.0"
    assert type(after["e"]) is float
    assert np.isnan(from_json(to_json(float("nan"))))


def test_library_names_are_unique():
    table = config._table(())
    assert {"GAN", "WGANGP", "Experiment", "Hinge", "Normal", "TFDS", "optax.adam"} <= table.keys()
    assert all(len(targets) == 1 for targets in table.values())


def test_data_sources_keep_the_field_that_is_called_name():
    assert from_json(to_json(data.TFDS("mnist", size=32))) == data.TFDS("mnist", size=32)


def test_classes_of_the_user():
    method = gans_jax.WGAN(UserNet(8), UserNet(), prior=Warmup(3, Warmup(4)))
    text = to_json(method)
    after = from_json(text, [UserNet, Warmup, UserNet])
    assert (after.generator, after.critic, after.prior) == (
        UserNet(8),
        UserNet(),
        Warmup(3, Warmup(4)),
    )
    assert "critic: unknown type 'UserNet': pass its class, `extra=[...]`" in refusal(
        text, [Warmup]
    )


def test_functions_of_the_user():
    method = gans_jax.WGAN(GENERATOR, CRITIC, optimizer=functools.partial(clipped_adam, limit=2.0))
    after = from_json(to_json(method, [clipped_adam]), [clipped_adam]).optimizer
    assert (after.func, after.keywords) == (clipped_adam, {"limit": 2.0})
    with pytest.raises(
        ConfigError, match=r"optimizer: the function clipped_adam cannot be written"
    ):
        to_json(method)


def test_namesakes_are_refused():
    mine = dataclasses.make_dataclass("Hinge", [("margin", float)], frozen=True)
    method = gans_jax.GAN(GENERATOR, CRITIC, loss=losses.Hinge())
    assert "loss: Hinge is the name of two things" in refusal(to_json(method), [mine])
    with pytest.raises(ConfigError, match="prior: Hinge is the name of two things"):
        to_json(gans_jax.GAN(GENERATOR, CRITIC, prior=mine(1.0)))
    assert from_json(to_json(priors.Normal()), [mine]) == priors.Normal()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"optimizer": lambda rate: optax.sgd(rate)}, "optimizer: the function <lambda> cannot"),
        ({"optimizer": functools.partial(optax.adam, 0.1)}, "optimizer: arguments of optax.adam"),
        ({"optimizer": functools.partial(optax.adam, decay=1)}, "optax.adam has no field 'decay'"),
        ({"optimizer": functools.partial(optax.adam, b1="x")}, "optimizer.b1: must be"),
        ({"critic": UserNet(8, act=nn.relu)}, "critic.act: the function relu cannot be written"),
        ({"critic": UserNet(8, act=np.float32)}, "critic.act: float32 cannot .*'float32' for a"),
        ({"critic": UserNet(8, act=np.ones(2))}, "critic.act: a value of type ndarray cannot"),
        ({"critic": UserNet(8, act={"type": 1})}, "critic.act: keys must be strings other than"),
        ({"critic": UserNet("8")}, r"critic.width: must be .*int.*, but is '8'"),
        ({"n_critic": 5.0}, "n_critic: must be int, but is 5.0"),
        ({"prior": functools.reduce(lambda i, _: Warmup(1, i), range(60), None)}, "deeper than 50"),
    ],
)
def test_what_cannot_be_read_is_not_written(change, message):
    with pytest.raises(ConfigError, match=message):
        to_json(dataclasses.replace(METHODS["WGAN"], **change))


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("method", "type"), "os.system", "method: unknown type 'os.system'"),
        (("method", "generator", "type"), "Foo", "method.generator: unknown type 'Foo'"),
        (("method", "type"), ["WGAN"], "method: a node is"),
        (("method", "with"), None, "method: a node is"),
        (("method", "clip"), "0.01", "method.clip: must be float, but is '0.01'"),
        (("method", "clip"), True, "method.clip: must be float, but is True"),
        (("method", "clip"), -1.0, "method: clip must be positive"),
        (("method", "n_critic"), 2.5, "method.n_critic: must be int, but is 2.5"),
        (("method", "warmup"), 1, "method.warmup: must be bool, but is 1"),
        (("method", "foo"), 1, "method: WGAN has no field 'foo'"),
        (
            ("method", "generator"),
            {"type": "Normal", "with": {"size": 1}},
            "generator: must be Mod",
        ),
        (("method", "generator"), {"type": "Normal"}, "method.generator: a node is"),
        (("method", "generator", "output"), "sigmoid", "generator.output: must be Literal"),
        (("method", "generator", "shape"), [2, "2"], r"generator.shape: must be tuple\[int, ...\]"),
        (("method", "generator", "shape"), 2, r"generator.shape: must be tuple\[int, ...\]"),
        (("method", "generator", "parent"), None, "MLPGenerator has no field 'parent'"),
        (("method", "optimizer"), {"type": "optax.exec", "with": {}}, "unknown type 'optax.exec'"),
        (("method", "optimizer"), {"type": "optax.adam", "with": {"learning_rate": 1}}, "no field"),
        (("method", "optimizer"), 3, "method.optimizer: must be .*Callable"),
        (("data", "size"), 32.0, "data.size: must be Literal"),
        (("data", "size"), 29, "data.size: must be Literal"),
        (("iterations",), None, "iterations: must be int, but is None"),
        (("seed",), "x" * 1000, "seed: must be int, but is 'x.{,60}'$"),
    ],
)
def test_hostile_values_are_refused_with_their_path(path, value, message):
    text = edited(to_json(experiment()), *path, value=value)
    with pytest.raises(ConfigError, match=rf"^config.json: .*{message}"):
        from_json(text)


def test_missing_fields_and_extra_keys_are_refused():
    tree = json.loads(to_json(experiment()))
    del tree["with"]["method"]["with"]["clip"]
    assert "method: WGAN needs the field 'clip': add it" in refusal(json.dumps(tree))
    tree = json.loads(to_json(experiment()))
    tree["with"]["method"]["module"] = "os"
    assert "method: a node is" in refusal(json.dumps(tree))


def test_fields_that_a_class_got_later_have_their_default():
    tree = json.loads(to_json(experiment()))
    method = tree["with"]["method"]["with"]
    del method["clip_first"], method["prior"]["with"]["std"]
    assert from_json(json.dumps(tree)) == experiment()


def test_places_in_tuples_and_dicts_are_named():
    message = refusal('[1, {"a": [{"type": "Foo", "with": {}}]}]')
    assert message.startswith("config.json: [1].a[0]: unknown type 'Foo'")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not JSON"),
        ("{", "is not JSON"),
        ("9" * 10_000, "is not JSON"),
        ("[" * 100_000, "nested too deep"),
        ("[" * 52 + "]" * 52, "deeper than 50"),
        ('{"a":' * 52 + "1" + "}" * 52, "deeper than 50"),
        (" " * 1_000_001, "more than 1000000 characters"),
        ('{"a": 1, "b": 2, "a": 3}', "the key 'a' occurs twice"),
    ],
)
def test_hostile_text_is_refused(text, message):
    assert message in refusal(text)
    with pytest.raises(ConfigError, match=message):
        differences(text, "1")


def test_errors_of_a_class_and_what_is_no_dataclass_are_refused():
    assert "inner: 13 brings bad luck: take 14" in refusal(
        edited(to_json(Warmup(1, Warmup(2))), "inner", "steps", value=13), [Warmup]
    )
    assert "Path is not a dataclass" in refusal(
        '{"type": "Path", "with": {}}', [type("Path", (), {})]
    )


def test_differences():
    before = to_json(experiment(METHODS["WGAN"]))
    assert differences(before, before) == []
    changed = dataclasses.replace(
        METHODS["WGAN"],
        clip=0.02,
        generator=networks.MLPGenerator((2,), (8, 8)),
        critic=networks.MLPDiscriminator((8, 5), dropout=0.5),
        prior=priors.Uniform(),
        optimizer=functools.partial(optax.sgd, momentum=0.9),
    )
    assert differences(before, to_json(experiment(changed))) == [
        "method.clip: 0.30000000000000004 -> 0.02",
        "method.critic.features[1]: 4 -> 5",
        "method.generator.features: (8,) -> (8, 8)",
        "method.optimizer.momentum: absent -> 0.9",
        "method.prior: Normal -> Uniform",
    ]


def test_differences_of_values():
    assert differences("1", "1.0") == differences("NaN", "NaN") == []
    assert differences("1", "true") == ["value: 1 -> True"]
    penalty = to_json({"penalty": penalties.GradientPenalty(2.0)})
    assert differences('{"penalty": null}', penalty) == [
        "penalty: None -> GradientPenalty(weight=2.0)"
    ]
