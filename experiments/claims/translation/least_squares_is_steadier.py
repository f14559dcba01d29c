"""CycleGAN with least squares trains more steadily than with the log loss."""

import dataclasses
import functools
import itertools

import jax
import numpy as np

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.claims.translation.settings import CYCLE_ITERATIONS, CYCLEGAN
from experiments.common import translation_scores as scores
from gans_jax import data, losses

METHODS = {
    "least squares": CYCLEGAN,
    "log": dataclasses.replace(CYCLEGAN, loss=losses.NonSaturating()),
    "no history": dataclasses.replace(CYCLEGAN, history_size=0),
}


def run(name: str, seed: int) -> Numbers:
    """Returns the scores, and how much the translations change between the last checkpoints."""
    method, source = METHODS[name], data.DigitDomains(size=32)
    test = scores.stacked(dataclasses.replace(source, split="test"))
    stream = data.stream(source, 1, seed=seed, method=method)
    init_key, run_key = jax.random.split(jax.random.key(seed))
    state, step = jax.jit(method.init)(init_key, stream[0]), jax.jit(method.step, donate_argnums=0)
    made, losses_of_d = [], []
    for t, batch in enumerate(stream.prefetch(0, CYCLE_ITERATIONS)):
        state, metrics = step(state, batch, jax.random.fold_in(run_key, t))
        if t >= CYCLE_ITERATIONS // 2:
            losses_of_d.append(metrics["discriminator_b_loss"])
            if (t + 1) % 200 == 0:
                made.append(scores.translated(method, state, test["a"][::10], 50))
    d = np.array(losses_of_d)
    final = judges.translations(scores.translated(method, state, test["a"], 50), test["b"])
    return {
        "change": float(np.mean([np.abs(x - y).mean() for x, y in itertools.pairwise(made)])),
        "variation": float(d.std() / d.mean()),
        "accuracy": final["accuracy"],
        "PSNR": final["PSNR"],
    }


claim = Claim(
    sentence="Least squares instead of the log loss, and a history of generated images, make "
    "CycleGAN's training more stable and reduce its oscillation.",
    source="Zhu et al. 2017, CycleGAN, section 4",
    null="translations change as much between checkpoints with the log loss, or without a history",
    setup="as in `cycle_and_gan_need_each_other`; the last 1,000 of 2,000 iterations",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures={
        "change": "mean absolute change of the translations over 200 iterations, in [-1, 1]; lower "
        "is steadier",
        "variation": "standard deviation of the discriminator's loss over its mean; lower is "
        "steadier",
        **judges.measures("accuracy", "PSNR"),
    },
    rule=(
        Condition("change", "least squares", "<", "log"),
        Condition("change", "least squares", "<", "no history"),
        Condition("variation", "least squares", "<", "log"),
    ),
    minutes=30,
)
