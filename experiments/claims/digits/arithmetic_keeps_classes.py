"""Arithmetic of mean codes: thick a minus thin a plus thin b is a thick b."""

import jax
import jax.numpy as jnp
import numpy as np

from experiments.claims.digits.settings import DIGITS_WGAN, UPDATES, trained
from experiments.claims.framework.claim import Claim, Condition, Numbers
from gans_jax.metrics import digits_classifier

METHOD = DIGITS_WGAN
TRIPLES, POOL = 200, 6000


def examples(images: np.ndarray, thick: bool) -> dict[int, np.ndarray]:
    """Returns, for each class, the places of its thick or thin images that are clearly of it."""
    probabilities = digits_classifier().probabilities(images)
    read, sure = probabilities.argmax(axis=1), probabilities.max(axis=1) > 0.9
    ink, found = images.mean(axis=(1, 2, 3)), {}
    for label in range(10):
        of_class = np.flatnonzero(sure & (read == label))
        ranked = of_class[ink[of_class].argsort()]
        third = max(len(ranked) // 3, 1)
        found[label] = ranked[-third:] if thick else ranked[:third]
    return found


def run(seed: int) -> Numbers:
    """Returns how many of 200 sums keep their class and get thicker."""
    state = trained(METHOD, UPDATES // METHOD.n_critic, seed)
    z = np.asarray(METHOD.draw(jax.random.key(1), POOL)[0])
    generate = jax.jit(METHOD.generate)
    drawn = lambda codes: np.asarray(generate(state, jnp.asarray(codes)))
    ink = lambda codes: drawn(codes).mean(axis=(1, 2, 3))
    images, rng = drawn(z), np.random.default_rng(seed)
    thick, thin = examples(images, thick=True), examples(images, thick=False)
    a, b = np.array([rng.choice(10, 2, replace=False) for _ in range(TRIPLES)]).T
    three = lambda places, classes: z[np.array([rng.choice(places[c], 3) for c in classes])]
    codes = three(thick, a), three(thin, a), three(thin, b), three(thin, a)
    read = lambda codes: digits_classifier().logits(drawn(codes)).argmax(axis=1)
    thick_a, thin_a, thin_b, other_a = (each.mean(axis=1) for each in codes)
    one = codes[0][:, 0] - codes[1][:, 0] + codes[2][:, 0]
    kept, of_one = read(thick_a - thin_a + thin_b) == b, read(one) == b
    found = {
        "kept": kept,
        "kept of one": of_one,
        "gain": kept.astype(float) - of_one,
        "thicker": ink(thick_a - thin_a + thin_b) > ink(thin_b),
        "thicker by thin": ink(other_a - thin_a + thin_b) > ink(thin_b),
    }
    return {name: float(values.mean()) for name, values in found.items()}


claim = Claim(
    sentence="The code space has arithmetic: a property is added by the difference of mean codes, "
    "and means of three examples do it more surely than single ones.",
    source="Radford et al. 2016, DCGAN, section 6.3.2 and figure 7",
    null="a sum shows a class by chance, is as often thinner as thicker, or single codes "
    "do as well",
    setup="WGAN with DCGAN's networks, 16 features, 600 iterations; 200 sums of a thick a minus a "
    "thin a plus a thin b, for classes a and b drawn by chance; thick and thin are the thirds with "
    "the most and the least ink of those digits that the classifier is sure of",
    arms={"WGAN": run},
    measures={
        "kept": "share of the sums that the classifier reads as b; 0.1 by chance",
        "kept of one": "the same where each mean is of one code",
        "gain": "the first minus the second",
        "thicker": "share of the sums with more ink than the mean code of the thin b",
        "thicker by thin": "the same where a thin a takes the place of the thick one, which should "
        "be a half",
    },
    rule=(
        Condition("kept", "WGAN", ">", 0.5),
        Condition("gain", "WGAN", ">", 0),
        Condition("thicker", "WGAN", ">", 0.75),
    ),
    minutes=6,
)
