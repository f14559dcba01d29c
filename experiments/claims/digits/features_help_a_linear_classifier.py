"""A trained discriminator's features serve a linear SVM better than pixels and random weights."""

import dataclasses
import functools

import jax
import numpy as np

from experiments.claims.digits.settings import GENERATOR, TUNED_DCGAN, TUNED_ITERATIONS
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.common.fit import train
from experiments.digits.dcgan_features_digits import splits
from gans_jax import data
from gans_jax.metrics import discriminator_features, linear_svm

METHOD = dataclasses.replace(TUNED_DCGAN, generator=GENERATOR.clone(size=32))


def accuracy(kind: str, seed: int) -> Numbers:
    """Returns the accuracy on the 1,000 test digits of an SVM that is fitted to 3,000."""
    train_set, test = data.Digits(size=32), data.Digits(split="test", size=32)
    batch = {"image": train_set.arrays["image"][None, :1]}
    state = jax.jit(METHOD.init)(jax.random.key(seed + 100), batch)
    if kind == "trained":
        state, _ = train(METHOD, train_set, 64, TUNED_ITERATIONS, seed)

    def features(source: data.Digits) -> np.ndarray:
        images = source.arrays["image"]
        if kind == "pixels":
            return np.float32(images).reshape(len(images), -1)
        return discriminator_features(METHOD.discriminator, state.discriminator, images)

    fitted, validation = splits(features(train_set), train_set, 300)
    held_out = features(test), test.arrays["label"]
    return {"accuracy": linear_svm(fitted, validation, held_out).test}


claim = Claim(
    sentence="The features of a discriminator that was trained without labels serve a linear "
    "classifier better than pixels and than random weights.",
    source="Radford et al. 2016, DCGAN, section 5",
    null="an SVM on the features of random weights is as good",
    setup="DCGAN's networks with 16 features on digits of 32 pixels, 1,500 iterations of 64; an "
    "SVM is fitted to 3,000 digits and its weight chosen on 1,000",
    arms={kind: functools.partial(accuracy, kind) for kind in ("pixels", "random", "trained")},
    measures={"accuracy": "share of the 1,000 test digits named rightly; higher is better"},
    rule=(
        Condition("accuracy", "trained", ">", "random"),
        Condition("accuracy", "trained", ">", "pixels"),
    ),
    minutes=10,
)
