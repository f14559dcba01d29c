"""A WGAN depends on the clip of its weights."""

import dataclasses
import functools

from experiments.claims.digits.settings import DIGITS_WGAN, UPDATES, judged
from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers

CLIPS = {"clip 0.001": 0.001, "clip 0.01": 0.01, "clip 0.1": 0.1}


def run(name: str, seed: int) -> Numbers:
    method = dataclasses.replace(DIGITS_WGAN, clip=CLIPS[name])
    return judged(method, UPDATES // method.n_critic, seed)


claim = Claim(
    sentence="Weight clipping is a terrible way to bound the slope: with a large clip the critic "
    "takes long to reach its optimum, with a small one gradients vanish.",
    source="Wasserstein GAN, section 3",
    null="the samples are as good with a tenth and with ten times the clip",
    setup="WGAN with DCGAN's networks, whose critic has batch norm, 16 features, 600 iterations of "
    "5 critic updates",
    arms={name: functools.partial(run, name) for name in CLIPS},
    measures=judges.measures("FD-digits", "sure", "entropy"),
    rule=(
        Condition("FD-digits", "clip 0.01", "<", "clip 0.001"),
        Condition("FD-digits", "clip 0.01", "<", "clip 0.1"),
    ),
    reached=(Condition("FD-digits", "clip 0.01", "<", 300),),
    seeds=10,
    minutes=25,
    picture="wgan_clip_sensitivity.png",
    remark="only the final samples were measured, and neither the gradients nor the time to the "
    "critic's optimum. The picture is of another experiment, with eight Gaussians.",
)
