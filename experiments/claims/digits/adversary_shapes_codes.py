"""The codes of an adversarial autoencoder follow a prior of which only samples are needed."""

import functools

import jax
import jax.numpy as jnp
import numpy as np

from experiments.claims.digits.settings import trained
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.digits import aae_digits, aae_mixture_digits
from gans_jax import core, data
from gans_jax.metrics import energy_distance

METHODS = {
    "Gaussian": aae_digits.experiment.method,
    "mixture with labels": aae_mixture_digits.experiment.method,
}


def run(name: str, seed: int) -> Numbers:
    """Returns the distances to the prior of held-out codes and of draws, and the class's share."""
    method, digits = METHODS[name], data.Digits(split="test").arrays
    state = trained(method, 2000, seed, batch_size=100)
    codes = np.asarray(method.encode(state, core.as_float(jnp.asarray(digits["image"]))))
    a, b = (np.asarray(method.prior(jax.random.key(key), len(codes))) for key in (1, 2))
    found = {
        "distance": energy_distance(codes, a),
        "draws": energy_distance(b, a),
        "spread": energy_distance(codes, a) / energy_distance(np.zeros_like(a), a),
    }
    if hasattr(method.prior, "components"):
        components = np.arange(10).repeat(200)
        points = np.asarray(method.prior.given(jax.random.key(1), components))
        centres = points.reshape(10, 200, -1).mean(axis=1)
        nearest = np.linalg.norm(codes[:, None] - centres, axis=-1).argmin(axis=1)
        found["class"] = float((nearest == digits["label"]).mean())
    return found


claim = Claim(
    sentence="An adversary makes the codes of held-out digits follow a prior, and with labels each "
    "class its own component.",
    source="Makhzani et al. 2015, adversarial autoencoders, sections 2 and 2.3, figures 2 and 4",
    null="codes are as far from the prior as one point is, and classes are mixed",
    setup="fully connected networks of 1,000 units, codes of two numbers, 2,000 iterations of 100",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures={
        "distance": "energy distance of the codes to draws of the prior; lower is better",
        "draws": "the same of other draws, the least that can be expected",
        "spread": "the distance over the one of a single point in the middle",
        "class": "share of the codes nearest to the component of their class; 0.1 by chance",
    },
    rule=(
        Condition("spread", "Gaussian", "<", 0.1),
        Condition("spread", "mixture with labels", "<", 0.1),
        Condition("class", "mixture with labels", ">", 0.75),
    ),
    minutes=20,
    picture="aae_codes.png",
)
