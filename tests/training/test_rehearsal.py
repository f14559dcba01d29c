"""What cannot be trained, logged or saved is refused before a run has a folder."""

import dataclasses
from typing import Any, ClassVar, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import GAN, WGANGP, CoulombGAN, CycleGAN, core, losses, priors
from gans_jax.schedules import LinearDecay
from gans_jax.training import ConfigError, Experiment, recorder, resume, train
from gans_jax.training.observers import Pictures
from tests.support import tiny


@dataclasses.dataclass(frozen=True)
class Images:
    """Images of two domains with so many channels."""

    a: int = 1
    b: int = 1

    def __len__(self):
        return 8

    def __getitem__(self, index):
        image = np.zeros((8, 8, 1), np.uint8)
        return {"image": image, "a": image.repeat(self.a, -1), "b": image.repeat(self.b, -1)}


class State(NamedTuple):
    step: Any
    player: Any


@dataclasses.dataclass(frozen=True)
class Own(core.MethodBase):
    """A method of the user's own, whose functions the tests exchange."""

    learning_rate: Any = 0.1
    prior: ClassVar = priors.Normal(2)
    traces: ClassVar[list] = []

    def init(self, key, batch):
        return State(jnp.int32(0), jnp.zeros(3))

    def step(self, state, batch, key):
        Own.traces.append(1)
        player, metrics = self.update(state.player)
        return State(state.step + 1, player), metrics

    def update(self, player):
        return player + 1, {"loss": player.sum()}

    def sample(self, state, key, num):
        return jnp.zeros((num, 2))


class Failing(nn.Module):
    """Fits one example, as which its parameters are made, and three."""

    @nn.compact
    def __call__(self, x):
        return nn.Dense(1)(x) + (jnp.zeros(3) + jnp.zeros(x.shape[0])).sum()


NETWORKS = {"generator": tiny.Generator(), "prior": priors.Normal(4)}
PU = losses.PositiveUnlabeled()
EXTRA = [Images, Own, tiny.Generator, tiny.Discriminator, tiny.Patches, tiny.Painter]


def refusal(method, tmp_path, source=Images(), **changes):
    """The words with which a run is refused that must leave nothing behind."""
    experiment = Experiment(method, source, 2, **({"batch_size": 4, "samples": 4} | changes))
    with pytest.raises(ConfigError) as error:
        train(experiment, tmp_path / "run", progress=False)
    assert not (tmp_path / "run").exists()
    assert "\n" not in str(error.value)
    assert error.value.__cause__ is None or error.value.__cause__.__traceback__
    return str(error.value)


@pytest.mark.parametrize(
    ("method", "changes", "words"),
    [
        (
            CoulombGAN(discriminator=tiny.Discriminator(), **NETWORKS),
            {"batch_size": 1},
            "CoulombGAN cannot train on these data: CoulombGAN couples the examples of a batch, of "
            "which 1 is too few: use a global batch of two or more",
        ),
        (
            GAN(discriminator=tiny.Discriminator(), loss=PU, **NETWORKS),
            {"batch_size": 1},
            "PositiveUnlabeled couples the examples of a batch, of which 1 is too few",
        ),
        (
            WGANGP(critic=tiny.Patches(batch_norm=False), **NETWORKS),
            {},
            "one logit per example is needed here, but the network returns (4, 2, 2, 1): use a",
        ),
        (
            CycleGAN(
                tiny.Translator(tiny.Painter(channels=3), tiny.Painter()),
                tiny.Patches(),
                identity_weight=5.0,
            ),
            {"source": Images(1, 3)},
            "a has 1 and b has 3: set identity_weight to 0",
        ),
        (
            GAN(discriminator=Failing(), **NETWORKS),
            {},
            "add got incompatible shapes for broadcasting: (3,), (4,) (test_rehearsal.py, line ",
        ),
    ],
)
def test_what_only_the_step_refuses(tmp_path, method, changes, words):
    assert words in refusal(method, tmp_path, **changes)


@pytest.fixture
def no_pictures(monkeypatch):
    """Pictures and reports take longer than a run."""
    monkeypatch.setattr(Pictures, "draw", lambda pictures, state: iter(()))
    monkeypatch.setattr(recorder, "write_report", lambda workdir, experiment: None)


def update(result):
    return lambda method, player: (player + 1, result)


@pytest.mark.parametrize(
    ("name", "wrong", "words"),
    [
        (
            "update",
            update({"loss": jnp.zeros(3)}),
            "the metric 'loss' of Own is float32[3], which cannot be logged: return a real scalar",
        ),
        ("update", update({"loss": jnp.zeros((), jnp.complex64)}), "'loss' of Own is complex64[],"),
        (
            "update",
            update({"step": jnp.float32(0)}),
            "Own cannot name a metric 'step': use another",
        ),
        ("update", update([]), "the metrics of a step are a dict, not a list"),
        (
            "update",
            lambda method, player: (player > 0, {}),
            "Own.step takes state.player as float32[3] but returns it as bool[3]: return the state",
        ),
        (
            "update",
            lambda method, player: ({"a": player}, {}),
            "Own.step takes state.player as float32[3] but returns it as absent",
        ),
        (
            "learning_rates",
            lambda method, t: {"learning_rate": LinearDecay(2, 1)},
            "the learning rates of Own cannot be logged: float() argument must be a string or a "
            "real number, not 'LinearDecay'",
        ),
        (
            "sample",
            lambda method, state, key, num: state.generator,
            "Own cannot make samples: 'State' object has no attribute 'generator'",
        ),
    ],
)
@pytest.mark.parametrize("seeds", [None, 2])
def test_what_the_loop_cannot_use(tmp_path, monkeypatch, name, wrong, words, seeds):
    monkeypatch.setattr(Own, name, wrong)
    experiment = Experiment(Own(), Images(), 2, batch_size=4)
    with pytest.raises(ConfigError) as error:
        train(experiment, tmp_path / "run", progress=False, seeds=seeds)
    assert words in str(error.value)
    assert not (tmp_path / "run").exists()


def test_a_run_is_refused_when_it_goes_on_too(tmp_path, monkeypatch, no_pictures):
    experiment = Experiment(Own(), Images(), 2, batch_size=4)
    train(experiment, tmp_path / "run", progress=False)
    before = sorted((tmp_path / "run").iterdir())
    monkeypatch.setattr(Own, "update", update({"loss": jnp.zeros(3)}))
    longer = dataclasses.replace(experiment, iterations=4)
    with pytest.raises(ConfigError, match="the metric 'loss' of Own is"):
        resume(tmp_path / "run", longer, extra=[Own, Images], progress=False)
    assert sorted((tmp_path / "run").iterdir()) == before


@pytest.mark.parametrize(
    ("changes", "arguments"),
    [
        ({}, {}),
        ({"repeat": 2, "log_every": 2, "sample_every": 2, "checkpoint_every": 2}, {}),
        ({"ema": None}, {"seeds": 2}),
        ({}, {"devices": jax.devices()[:1]}),
    ],
)
def test_the_rehearsal_is_the_only_trace(tmp_path, no_pictures, changes, arguments):
    Own.traces.clear()
    experiment = Experiment(Own(), Images(), 6, batch_size=4, **changes)
    train(experiment, tmp_path / "run", progress=False, **arguments)
    assert len(Own.traces) == 1
