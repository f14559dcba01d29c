"""Noise by dropout, by channels of z, and none: how much it changes a translation."""

import dataclasses
import functools

import numpy as np

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.claims.translation.settings import BATCH, PIX2PIX, UNET, sharpened, small_digits
from experiments.common import translation_scores as scores
from gans_jax.networks import NoiseChannels

QUIET = UNET.clone(dropout=0.0)
METHODS = {
    "dropout": PIX2PIX,
    "z": dataclasses.replace(PIX2PIX, generator=NoiseChannels(QUIET, channels=8)),
}


def run(name: str, seed: int) -> Numbers:
    """Returns the scores, and the deviation over 20 translations of each of 160 inputs."""
    method, test = METHODS[name], scores.stacked(small_digits("test"))
    state, made = sharpened(method, seed)
    inputs = test["a"][:: len(made) // 160][:160]
    draws = [scores.translated(method, state, inputs, BATCH, seed=draw) for draw in range(20)]
    return judges.translations(made, test["b"]) | {"spread": float(np.std(draws, axis=0).mean())}


claim = Claim(
    sentence="The generator learns to ignore a Gaussian z, and noise by dropout changes its output "
    "only a little.",
    source="Isola et al. 2017, pix2pix, section 3.1",
    null="a translation changes with its noise, by more than 5 % of the range",
    setup="as in `l1_blurs_and_a_gan_sharpens`, L1+cGAN, with dropout or with 8 channels of z",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures=judges.measures("spread", "accuracy", "fine"),
    rule=(
        Condition("spread", "z", "<", 0.01),
        Condition("spread", "z", "<", "dropout"),
        Condition("spread", "dropout", "<", 0.1),
    ),
    minutes=8,
)
