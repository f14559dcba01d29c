"""The methods under the conformance suite: a tiny form for mechanics, a form that learns a toy."""

import dataclasses
import functools
from collections.abc import Callable
from typing import Any

import jax
import numpy as np
import optax

from gans_jax import (
    BEGAN,
    GAN,
    MMDGAN,
    WGAN,
    WGANGP,
    AdversarialAutoencoder,
    AttentionGAN,
    BiGAN,
    CoGAN,
    CoulombGAN,
    CycleGAN,
    DistanceGAN,
    FeatureMatching,
    Pix2Pix,
    PretrainedSimGAN,
    SimGAN,
    SmoothGAN,
    StyleTransfer,
    core,
    losses,
    penalties,
    priors,
    schedules,
)
from gans_jax.networks import (
    Augmented,
    AuxiliaryClassifier,
    ConditionalBatchNorm,
    EncoderDecoder,
    GaussianEncoder,
    LabelInput,
    LayeredTranslator,
    MLPDiscriminator,
    MLPGenerator,
    NoiseChannels,
    ProjectionDiscriminator,
    TwoGenerators,
)
from tests.support import tiny

N = 4


@dataclasses.dataclass(frozen=True)
class Case:
    """A method under the conformance suite.

    Attributes:
      name: what pytest calls it.
      method: a tiny form, which the mechanics are tested with.
      players: the names of its players, of whose losses each one moves its own player only.
      batch: `batch(method, t, n)` returns n examples for iteration t.
      images: `images(method, state, key, num)` returns what the method makes.
      losses: `losses(method, state, batch, key)` returns what the loss of each player returns.
      toy: a form that learns a toy, where the suite trains the method.
      iterations: how many iterations that takes.
      slow: whether `make test` leaves the case out.
    """

    name: str
    method: Any
    players: tuple[str, ...]
    batch: Callable[..., dict[str, np.ndarray]]
    images: Callable[..., jax.Array]
    losses: Callable[..., dict[str, Any]]
    toy: Any = None
    iterations: int = 0
    slow: bool = False


# Adam's first step is about lr * sign(gradient), which would blow rounding up in comparisons.
_sgd = {"learning_rate": 0.05, "optimizer": functools.partial(optax.sgd, momentum=0.9)}
_tiny = (tiny.Generator(), tiny.Discriminator())
_smooth = (tiny.Generator(), tiny.Discriminator(batch_norm=False))
# Uniform draws have the same bits in every program; the last bits of normal ones may differ.
_z = priors.Uniform(8)

_ring_networks = (
    MLPGenerator((2,), (64, 64), output="linear"),
    MLPDiscriminator((64, 64), activation="leaky_relu"),
)
_ring = {"prior": priors.Normal(2), "learning_rate": 1e-3}


def _minibatches(method: Any, t: int, n: int = N) -> dict[str, np.ndarray]:
    return {"image": tiny.images(len(method.minibatches(t)), n, seed=t)}


def _from_noise(
    name: str,
    method: Any,
    opponent: str,
    toy: Any = None,
    iterations: int = 0,
    slow: bool = False,
) -> Case:
    def both(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
        real, z = core.as_float(batch["image"][0]), method.prior(key, N)
        players = getattr(state, opponent), state.generator
        more = {"real": real} if getattr(method, "needs_real", False) else {}
        return {
            opponent: getattr(method, f"{opponent}_loss")(*players, real, z, key),
            "generator": method.generator_loss(*players[::-1], z, key, **more),
        }

    sample = lambda method, state, key, num: method.sample(state, key, num)
    players = opponent, "generator"
    return Case(name, method, players, _minibatches, sample, both, toy, iterations, slow)


def _gan(
    name: str, loss: Any, discriminator_learning_rate: float = 2e-3, slow: bool = False
) -> Case:
    decay = schedules.LinearDecay(start=750, end=1500)
    toy = GAN(
        *_ring_networks,
        loss=loss,
        k=3,
        discriminator_learning_rate=discriminator_learning_rate,
        schedule=decay,
        **_ring,
    )
    method = GAN(*_tiny, prior=_z, loss=loss, k=2, **_sgd)
    return _from_noise(name, method, "discriminator", toy, iterations=1500, slow=slow)


def _pairs(method: Any, t: int, n: int = N) -> dict[str, np.ndarray]:
    names = ("a", "b", "mask_a", "mask_b") if getattr(method, "supervised", False) else ("a", "b")
    return {name: tiny.images(n, seed=100 * i + t) for i, name in enumerate(names)}


def _translated(method: Any, state: Any, key: Any, num: int) -> jax.Array:
    return method.translate(state, tiny.images(8)[:num], key=key)


def _many_pairs(method: Any, t: int, n: int = N) -> dict[str, np.ndarray]:
    k = len(method.minibatches(t))
    return {name: tiny.images(k, n, seed=100 * i + t) for i, name in enumerate("ab")}


def _one_minibatch(method: Any, t: int, n: int = N) -> dict[str, np.ndarray]:
    return {"image": tiny.images(n, seed=t)}


def _coulomb_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    real, z = core.as_float(batch["image"]), method.prior(key, N)
    players = state.discriminator, state.generator
    return {
        "discriminator": method.discriminator_loss(*players, real, z, key),
        "generator": method.generator_loss(*players[::-1], z, key),
    }


def _began_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    real, z = core.as_float(batch["image"]), method.prior(key, N)
    players = state.discriminator, state.generator
    return {
        "discriminator": method.discriminator_loss(*players, real, z, key, 0.5),
        "generator": method.generator_loss(*players[::-1], z, key),
    }


def _mmd_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    given = core.as_float(batch["image"][0]), method.prior(key, N), key
    return {
        "critic": method.critic_loss(state.critic, state.generator, *given),
        "generator": method.generator_loss(state.generator, state.critic, *given),
    }


def _pix2pix_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    a, b = core.as_float(batch["a"]), core.as_float(batch["b"])
    fake, stats = core.apply(method.generator, state.generator, a, train=True, key=key)
    loss, metrics = method.generator_loss(fake, state.discriminator, a, b, key)
    return {
        "discriminator": method.discriminator_loss(state.discriminator, a, b, fake, key),
        "generator": (loss, (stats, metrics)),
    }


def _two_domains_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    a, b = core.as_float(batch["a"]), core.as_float(batch["b"])
    discriminators = state.discriminator_a, state.discriminator_b
    translator = method.translator_loss(state.translator, *discriminators, batch, key)
    fake_a, fake_b = translator[1].outputs
    return {
        "translator": translator,
        "discriminator_a": method.discriminator_loss(discriminators[0], a, fake_a, key),
        "discriminator_b": method.discriminator_loss(discriminators[1], b, fake_b, key),
    }


def _simgan_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    a, b = core.as_float(batch["a"][0]), core.as_float(batch["b"][0])
    fake, _ = core.apply(method.refiner, state.refiner, a, train=True, key=key)
    return {
        "refiner": method.refiner_loss(state.refiner, state.discriminator, a, key),
        "discriminator": method.discriminator_loss(state.discriminator, b, fake, key),
    }


def _style_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    a, b = core.as_float(batch["a"]), core.as_float(batch["b"])
    return {"generator": method.generator_loss(state.generator, a, b, key)}


def _cogan_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    a, b, z = core.as_float(batch["a"]), core.as_float(batch["b"]), method.prior(key, N)
    generator, discriminator = state.generator, state.discriminator
    return {
        "generator": method.generator_loss(generator, discriminator, z, key),
        "discriminator": method.discriminator_loss(discriminator, generator, a, b, z, key),
    }


def _bigan_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    x, z = core.as_float(batch["image"]), method.prior(key, N)
    translator, discriminator = state.translator, state.discriminator
    return {
        "translator": method.translator_loss(translator, discriminator, x, z, key),
        "discriminator": method.discriminator_loss(discriminator, translator, x, z, key),
    }


@dataclasses.dataclass(frozen=True)
class Intervals:
    """Uniform noise, moved by the label; its bits are the same in every program, too."""

    components: int = 3

    def __call__(self, key: jax.Array, num: int) -> jax.Array:
        return priors.Uniform(2)(key, num)

    def given(self, key: jax.Array, labels: jax.Array) -> jax.Array:
        return self(key, labels.shape[0]) + labels.astype("float32")[:, None]


def _labelled(method: Any, t: int, n: int = N) -> dict[str, np.ndarray]:
    """Labels -1 to 2, of which the first is unknown."""
    return _one_minibatch(method, t, n) | {"label": np.arange(t, t + n, dtype="i4") % 4 - 1}


def _autoencoder_losses(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
    x, z, label = method.given(batch, key)
    shown = z if label is None else jax.numpy.concatenate((z, label), axis=1)
    return {
        "autoencoder": method.autoencoder_loss(state.autoencoder, x, key),
        "discriminator": method.discriminator_loss(state.discriminator, shown, shown, key),
    }


_pix2pix = functools.partial(
    Case,
    players=("discriminator", "generator"),
    batch=_pairs,
    images=_translated,
    losses=_pix2pix_losses,
)
_two_domains = functools.partial(
    Case,
    players=("translator", "discriminator_a", "discriminator_b"),
    batch=_pairs,
    images=_translated,
    losses=_two_domains_losses,
)
# In the third iteration this history fills up in the middle of a batch.
_translators = {"history_size": 10, **_sgd | {"learning_rate": 0.01}}
_attentive = LayeredTranslator(
    tiny.Translator(), tiny.Translator(tiny.Attention(), tiny.Attention())
)

_painter = tiny.Painter(16, channels=2, batch_norm=False, dropout=0.0)
# One module object in two places would be one network.
_toy_translator = tiny.Translator(_painter, _painter.clone())
_toy_discriminator = tiny.Patches(32, batch_norm=False)
_toy_layers = LayeredTranslator(
    _toy_translator, tiny.Translator(tiny.Attention(16), tiny.Attention(16))
)
_toy = {"learning_rate": 2e-3}


def _attention_gan(name: str, iterations: int, **settings: Any) -> Case:
    """Slow: its step is CycleGAN's, and the terms of its loss are tested one by one."""
    return _two_domains(
        name,
        AttentionGAN(_attentive, tiny.Patches(), **settings, **_translators),
        toy=AttentionGAN(_toy_layers, _toy_discriminator, cycle_weight=1.0, **settings, **_toy),
        iterations=iterations,
        slow=True,
    )


_r1_r2 = penalties.Sum((penalties.R1(1.0), penalties.R2(1.0)))
_weak_r1_r2 = penalties.Sum((penalties.R1(0.1), penalties.R2(0.1)))
FROM_NOISE = [
    _gan("minimax", losses.Minimax(), slow=True),
    _gan("non_saturating", losses.NonSaturating()),
    _gan("least_squares", losses.LeastSquares(), discriminator_learning_rate=1e-3, slow=True),
    _gan("hinge", losses.Hinge(), slow=True),
    _gan("positive_unlabeled", losses.PositiveUnlabeled(prior=losses.RisingPrior()), slow=True),
    _from_noise(
        "gan_penalised",
        GAN(*_smooth, prior=_z, penalty=penalties.GradientPenalty(1.0), k=2, **_sgd),
        "discriminator",
        GAN(*_ring_networks, penalty=penalties.GradientPenalty(1.0), k=3, **_ring),
        iterations=1000,
        slow=True,
    ),
    _from_noise(
        "r3gan",
        GAN(*_smooth, prior=_z, loss=losses.RelativisticPairing(), penalty=_r1_r2, **_sgd),
        "discriminator",
        GAN(*_ring_networks, loss=losses.RelativisticPairing(), penalty=_weak_r1_r2, k=3, **_ring),
        iterations=1000,
        slow=True,
    ),
    _from_noise(
        "wgan_gp_dragan",
        WGANGP(*_smooth, prior=_z, penalty=penalties.DRAGAN(1.0), n_critic=2, **_sgd),
        "critic",
        WGANGP(*_ring_networks, penalty=penalties.DRAGAN(1.0), **_ring),
        iterations=1000,
        slow=True,
    ),
    _from_noise(
        "wgan",
        WGAN(*_tiny, prior=_z, n_critic=2, **_sgd),
        "critic",
        WGAN(*_ring_networks, clip=0.1, **_ring | {"learning_rate": 5e-4}),
        iterations=1500,
    ),
    _from_noise(
        "wgan_gp",
        WGANGP(*_smooth, prior=_z, n_critic=2, generator_batch=2, **_sgd),
        "critic",
        WGANGP(*_ring_networks, penalty=penalties.GradientPenalty(1.0), **_ring),
        iterations=1000,
    ),
    _from_noise(
        "smooth_gan",
        SmoothGAN(*_smooth, prior=_z, n_critic=2, generator_weight=0.5, critic_weight=0.25, **_sgd),
        "critic",
        SmoothGAN(
            *_ring_networks,
            penalty=penalties.GradientPenalty(1.0),
            generator_weight=0.01,
            critic_weight=0.01,
            **_ring,
        ),
        iterations=1000,
        slow=True,
    ),
]
TRANSLATORS = [
    _pix2pix(
        "pix2pix",
        # With the statistics of the test batch, an image would depend on those beside it.
        Pix2Pix(tiny.Painter(), tiny.Patches(), weight=2.0, test_batch_statistics=False, **_sgd),
        toy=Pix2Pix(_painter, _toy_discriminator, **_toy),
        iterations=500,
    ),
    _pix2pix(
        "pix2pix_noise_channels",
        Pix2Pix(
            NoiseChannels(tiny.Painter(dropout=0.0), 2),
            tiny.Patches(),
            weight=2.0,
            test_batch_statistics=False,
            **_sgd,
        ),
        toy=Pix2Pix(NoiseChannels(_painter, 2), _toy_discriminator, **_toy),
        iterations=500,
        slow=True,
    ),
    _two_domains(
        "cyclegan",
        CycleGAN(tiny.Translator(), tiny.Patches(), identity_weight=5.0, **_translators),
        toy=CycleGAN(_toy_translator, _toy_discriminator, identity_weight=5.0, **_toy),
        iterations=1000,
    ),
    _two_domains(
        "distance_gan",
        DistanceGAN(tiny.Translator(), tiny.Patches(), cycle_weight=1.0, **_translators),
        toy=DistanceGAN(_toy_translator, _toy_discriminator, **_toy),
        iterations=750,
        slow=True,
    ),
    Case(
        "simgan",
        SimGAN(tiny.Painter(), tiny.Patches(), weight=1.0, **_translators),
        players=("refiner", "discriminator"),
        batch=_many_pairs,
        images=_translated,
        losses=_simgan_losses,
        toy=SimGAN(_painter, _toy_discriminator, weight=1.0, **_toy),
        iterations=500,
        slow=True,
    ),
    _attention_gan("attention_gan", iterations=750),
    _attention_gan("attention_gan_supervised", iterations=500, supervised=True),
]
SIMGAN_PRETRAINED = Case(
    "simgan_pretrained",
    # The tests of mechanics take no more than four iterations, which are all of them pre-training.
    PretrainedSimGAN(
        tiny.Painter(),
        tiny.Patches(),
        weight=1.0,
        refiner_pretraining=2,
        discriminator_pretraining=2,
        **_translators,
    ),
    players=("refiner", "discriminator"),
    batch=_many_pairs,
    images=_translated,
    losses=_simgan_losses,
    slow=True,
)
BIGAN = Case(
    "bigan",
    BiGAN(tiny.Translator(tiny.Encoder(), tiny.Generator()), tiny.Joint(), prior=_z, **_sgd),
    players=("translator", "discriminator"),
    batch=_one_minibatch,
    images=lambda method, state, key, num: method.sample(state, key, num),
    losses=_bigan_losses,
    toy=BiGAN(
        TwoGenerators(_ring_networks[0], _ring_networks[0]),
        tiny.Joint(_ring_networks[1]),
        prior=priors.Normal(2),
        learning_rate=1e-3,
        schedule=schedules.LinearDecay(start=1500, end=3000),
    ),
    iterations=3000,
    slow=True,
)
_autoencoder = functools.partial(
    Case,
    players=("autoencoder", "discriminator"),
    images=lambda method, state, key, num: method.sample(state, key, num),
    losses=_autoencoder_losses,
    slow=True,
)
AUTOENCODERS = [
    _autoencoder(
        "adversarial_autoencoder",
        AdversarialAutoencoder(
            EncoderDecoder(tiny.Encoder(), tiny.Generator()),
            tiny.Discriminator(),
            prior=_z,
            **_sgd,
        ),
        batch=_one_minibatch,
    ),
    _autoencoder(
        "adversarial_autoencoder_gaussian",
        AdversarialAutoencoder(
            EncoderDecoder(GaussianEncoder(tiny.Encoder(16)), tiny.Generator()),
            tiny.Discriminator(),
            prior=_z,
            **_sgd,
        ),
        batch=_one_minibatch,
    ),
    _autoencoder(
        "adversarial_autoencoder_labelled",
        AdversarialAutoencoder(
            EncoderDecoder(tiny.Encoder(2), tiny.Generator()),
            tiny.Discriminator(),
            prior=Intervals(),
            labels=3,
            **_sgd,
        ),
        batch=_labelled,
    ),
]
ALI = dataclasses.replace(
    BIGAN,
    name="ali",
    method=dataclasses.replace(
        BIGAN.method,
        translator=tiny.Translator(GaussianEncoder(tiny.Encoder(16)), tiny.Generator()),
    ),
)
COGAN = Case(
    "cogan",
    CoGAN(tiny.Twins(), tiny.TwinDiscriminators(), prior=_z, search=5, **_sgd),
    players=("generator", "discriminator"),
    batch=_pairs,
    images=_translated,
    losses=_cogan_losses,
    slow=True,
)
_sampled = functools.partial(
    Case, images=lambda method, state, key, num: method.sample(state, key, num)
)
STYLE = Case(
    "style_transfer",
    StyleTransfer(tiny.Painter(), tiny.Pyramid(), variation_weight=1.0, **_sgd),
    players=("generator",),
    batch=_pairs,
    images=_translated,
    losses=_style_losses,
    slow=True,
)
COULOMB = _sampled(
    "coulomb_gan",
    CoulombGAN(*_tiny, prior=_z, **_sgd),
    players=("discriminator", "generator"),
    batch=_one_minibatch,
    losses=_coulomb_losses,
)
_codec = EncoderDecoder(tiny.Encoder(), tiny.Generator())
BEGAN_CASE = _sampled(
    "began",
    # With the paper's lambda_k, k would hardly leave 0 here.
    BEGAN(_tiny[0], _codec, prior=_z, lambda_k=0.1, **_sgd),
    players=("discriminator", "generator"),
    batch=_one_minibatch,
    losses=_began_losses,
    slow=True,
)
MMD = _sampled(
    "mmd_gan",
    # The limit is wide enough that codes, and so the discrepancy, have gradients here.
    MMDGAN(_tiny[0], _codec, prior=_z, n_critic=2, warmup=False, clip=0.5, **_sgd),
    players=("critic", "generator"),
    batch=_minibatches,
    losses=_mmd_losses,
    slow=True,
)


def _conditional(name: str, method: Any, opponent: str, slow: bool = True) -> Case:
    def batch(method: Any, t: int, n: int = N) -> dict[str, np.ndarray]:
        k = len(method.minibatches(t))
        label = np.random.default_rng(t).integers(0, 3, (k, n), "i4")
        return _minibatches(method, t, n) | {"label": label}

    def both(method: Any, state: Any, batch: Any, key: Any) -> dict[str, Any]:
        real, z = core.as_float(batch["image"][0]), method.prior(key, N)
        players, condition = (getattr(state, opponent), state.generator), (batch["label"][0],)
        loss = getattr(method, f"{opponent}_loss")
        return {
            opponent: loss(*players, real, z, key, condition=condition),
            "generator": method.generator_loss(*players[::-1], z, key, condition=condition),
        }

    return _sampled(
        name, method, players=(opponent, "generator"), batch=batch, losses=both, slow=slow
    )


_changed, _shown = ConditionalBatchNorm(tiny.Generator(), 3), LabelInput(tiny.Generator(), 3, 2)
_projected = ProjectionDiscriminator(tiny.Encoder(), 3)
CONDITIONAL = [
    _conditional("conditional_gan", GAN(_changed, _projected, prior=_z, **_sgd), "discriminator"),
    _conditional(
        "auxiliary_classifier",
        GAN(_shown, AuxiliaryClassifier(tiny.Encoder(), 3), prior=_z, k=2, **_sgd),
        "discriminator",
    ),
    _conditional(
        "conditional_wgan",
        WGAN(_shown, LabelInput(tiny.Discriminator(), 3), prior=_z, n_critic=2, **_sgd),
        "critic",
    ),
    _conditional(
        "conditional_wgan_gp",
        WGANGP(_shown, _projected, prior=_z, n_critic=2, generator_batch=2, **_sgd),
        "critic",
        slow=False,
    ),
]
STABILISED = [
    _from_noise(
        "gan_stabilised",
        GAN(
            tiny.Generator(),
            Augmented(tiny.Stabilised()),
            prior=_z,
            loss=losses.RelativisticPairing(),
            penalty=_r1_r2,
            **_sgd,
        ),
        "discriminator",
        slow=True,
    ),
    _from_noise(
        "feature_matching",
        FeatureMatching(
            tiny.VirtualGenerator(),
            tiny.Stabilised("virtual", minibatch_std=True),
            prior=_z,
            loss=losses.OneSidedSmoothing(losses.LeastSquares()),
            **_sgd,
        ),
        "discriminator",
        slow=True,
    ),
    _from_noise(
        "wgan_augmented",
        WGAN(tiny.Generator(), Augmented(tiny.Stabilised("none")), prior=_z, n_critic=2, **_sgd),
        "critic",
        slow=True,
    ),
    _pix2pix(
        "pix2pix_augmented",
        Pix2Pix(
            tiny.Painter(),
            Augmented(tiny.Patches(), images=2),
            test_batch_statistics=False,
            **_sgd,
        ),
        slow=True,
    ),
]
CASES = [
    *FROM_NOISE,
    *TRANSLATORS,
    SIMGAN_PRETRAINED,
    BIGAN,
    ALI,
    COGAN,
    *AUTOENCODERS,
    STYLE,
    COULOMB,
    BEGAN_CASE,
    MMD,
    *STABILISED,
    *CONDITIONAL,
]
