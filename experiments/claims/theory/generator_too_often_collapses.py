"""A generator that learns much more often than its opponent collapses (the report's figure 1)."""

import functools

import numpy as np

from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.theory.mode_collapse_uniforms import SETTINGS, method, source, train
from gans_jax.metrics import earth_mover

ARMS = {"one and one": SETTINGS[0], "generator 50 times": SETTINGS[1]}


def samples(name: str, seed: int) -> Numbers:
    """Returns how wide the samples are spread, and how far they are from the data."""
    made, real = train(method, source, ARMS[name], seed), source.arrays["image"][:300, 0]
    low, high = np.quantile(made, [0.05, 0.95])
    return {
        "range": float(high - low),
        "distance": earth_mover(made[:300], real).distance,
    }


claim = Claim(
    sentence="If the generator is trained much more than the discriminator, its samples collapse "
    "to a very small range.",
    source="Mangal and Banerjee, Understanding Generative Adversarial Networks, figure 1; "
    "Goodfellow et al. 2014, section 6",
    null="the samples spread as far as with one update of each",
    setup="two uniform distributions on a line, [-0.9, -0.3] and [0.3, 0.9]; the minimax loss; "
    "10,000 iterations with one update of each, 400 with 50 updates of the generator",
    arms={name: functools.partial(samples, name) for name in ARMS},
    measures={
        "range": "width of the range of 90 % of the samples; the data's is 1.7",
        "distance": "Earth-Mover distance of 300 samples to 300 data; lower is better",
    },
    rule=(
        Condition("range", "generator 50 times", "<", "one and one"),
        Condition("range", "generator 50 times", "<", 0.5),
    ),
    seeds=10,
    picture="mode_collapse_uniforms.png",
)
