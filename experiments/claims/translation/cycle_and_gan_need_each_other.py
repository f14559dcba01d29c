"""CycleGAN's ablations: the cycle alone, the GAN alone, one direction of the cycle, and all."""

import dataclasses
import functools

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Claim, Condition, Numbers
from experiments.claims.translation.settings import CYCLEGAN, cycle_judged

METHODS = {
    "cycle alone": dataclasses.replace(CYCLEGAN, adversarial=False),
    "GAN alone": dataclasses.replace(CYCLEGAN, forward_weight=0.0, backward_weight=0.0),
    "GAN and forward cycle": dataclasses.replace(CYCLEGAN, backward_weight=0.0),
    "GAN and backward cycle": dataclasses.replace(CYCLEGAN, forward_weight=0.0),
    "CycleGAN": CYCLEGAN,
}


def run(name: str, seed: int) -> Numbers:
    return cycle_judged(METHODS[name], seed)


claim = Claim(
    sentence="Removing the GAN loss, or the cycle's, degrades translations, and one direction of "
    "the cycle alone is not enough.",
    source="Zhu et al. 2017, CycleGAN, section 5.1.4 (arXiv), tables 4 and 5",
    null="a part of the objective alone translates as well",
    setup="white digits on black to blue digits on yellow and back, ResNets of 16 features and 3 "
    "blocks, 2,000 iterations of one image; the conditions on PSNR joined the rule when one seed "
    "of CycleGAN had run, whose accuracy is the truth's",
    arms={name: functools.partial(run, name) for name in METHODS},
    measures={
        **judges.measures("accuracy", "PSNR"),
        "accuracy back": "the same from blue digits on yellow to white digits on black",
        "PSNR back": "the same",
    },
    rule=tuple(
        Condition(measure, "CycleGAN", ">", name)
        for name in list(METHODS)[:-1]
        for measure in ("accuracy", "accuracy back", "PSNR", "PSNR back")
    ),
    minutes=45,
    remark="the classifier reads nearly all translations of CycleGAN and of both cycles of one "
    "direction, so that here their PSNR tells them apart.",
)
