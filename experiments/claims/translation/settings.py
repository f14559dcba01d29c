"""Pairs of digits whose truth is known, and pix2pix and CycleGAN for them.

The paired task is to sharpen digits of 4x4 pixels to 32x32, from which the digits classifier still
names 23 %; in the unpaired one white digits on black become blue digits on yellow, and back.
"""

import dataclasses
import time
from typing import Any, Literal

import numpy as np

from experiments.claims.framework import judges
from experiments.claims.framework.claim import Numbers
from experiments.common import translation_scores as scores
from experiments.common.fit import train
from gans_jax import CycleGAN, Pix2Pix, data
from gans_jax.data.source import Source
from gans_jax.networks import PatchGANDiscriminator, ResNetGenerator, TwoGenerators, UNetGenerator

BATCH, ITERATIONS = 16, 3000
UNET = UNetGenerator(size=32, channels=1, features=16)
PATCHES = PatchGANDiscriminator(features=16, layers=2)
PIX2PIX = Pix2Pix(UNET, PATCHES)
RESNET = ResNetGenerator(channels=3, features=16, blocks=3)
CYCLEGAN = CycleGAN(
    TwoGenerators(RESNET, RESNET), PatchGANDiscriminator(features=16, layers=2, norm="instance")
)
CYCLE_ITERATIONS = 2000


def small_digits(split: str = "train") -> data.SuperResolution:
    """Returns digits of 4x4 pixels beside the same digits of 32x32."""
    return data.SuperResolution(data.Digits(split, size=32), factor=8)


def sharpened(
    method: Pix2Pix, seed: int, source: Source | None = None, iterations: int = ITERATIONS
) -> tuple[Any, np.ndarray]:
    """Returns the trained state, and the translations of the 1,000 held-out digits."""
    state, _ = train(method, source or small_digits(), BATCH, iterations, seed)
    test = scores.stacked(small_digits("test"))
    return state, scores.translated(method, state, test["a"], BATCH)


def judged(method: Pix2Pix, seed: int, source: Source | None = None) -> Numbers:
    """Trains pix2pix to sharpen digits, and judges its translations of the held-out ones."""
    _, made = sharpened(method, seed, source)
    return judges.translations(made, scores.stacked(small_digits("test"))["b"])


def cycle_judged(
    method: Any,
    seed: int,
    iterations: int = CYCLE_ITERATIONS,
    batch_size: int = 1,
    size: Literal[28, 32] = 32,
) -> Numbers:
    """Trains a translator without pairs, and judges blue digits on yellow, and the way back.

    Its "seconds" are those of the processor, so that other programs on the core are not counted.
    """
    source, after_first = data.DigitDomains(size=size), 0.0

    def after(done: int, *_: Any) -> None:
        nonlocal after_first
        after_first = after_first or time.process_time()

    state, _ = train(method, source, batch_size, iterations, seed, after=after)
    seconds = time.process_time() - after_first
    test = scores.stacked(dataclasses.replace(source, split="test"))
    made = scores.translated(method, state, test["a"], 50)
    forward = judges.translations(made, test["b"])
    found = {"PSNR": forward["PSNR"], "accuracy": forward["accuracy"], "seconds": seconds}
    if "b_to_a" in method.directions:
        back = scores.translated(method, state, test["b"], 50, "b_to_a")
        backward = judges.translations(back, test["a"])
        found |= {"PSNR back": backward["PSNR"], "accuracy back": backward["accuracy"]}
    return found
