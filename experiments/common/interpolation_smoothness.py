"""What `smooth_gan_digits` reports beside others: python experiments/smoothness.py RUN...

Prints FD-digits of 1,000 samples and of 1,000 interpolated images to the 1,000 held-out digits
(the Fréchet distance in features of the digits classifier, which the first use trains), and
MS-SSIM-2 of adjacent frames: 100 straight lines between two draws of the noise, ten frames each. A
smooth generator has a high mean and a high lowest hundredth, where jumps are. The slide's own
numbers are FID and sliced MS-SSIM on CIFAR-10, and compare with none of these.
"""

import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np

from gans_jax import data, training
from gans_jax.metrics import (
    adjacent_ms_ssim,
    digits_classifier,
    fit_gaussian,
    frechet_distance,
    ms_ssim_name,
)

ROWS, FRAMES, SCALES = 100, 10, 2


def report(workdir: Path) -> None:
    experiment, state = training.load(workdir)
    method, classifier = experiment.method, digits_classifier()
    generate = jax.jit(method.generate)
    ends = method.prior(jax.random.key(1), 2 * ROWS).reshape(2, ROWS, 1, -1)
    z = ends[0] + jnp.linspace(0, 1, FRAMES)[:, None] * (ends[1] - ends[0])
    frames = np.asarray(generate(state, z.reshape(ROWS * FRAMES, -1)))
    samples = np.asarray(generate(state, method.prior(jax.random.key(2), ROWS * FRAMES)))
    real = fit_gaussian([classifier.features(data.Digits(split="test").arrays["image"])])
    rows = frames.reshape(ROWS, FRAMES, *frames.shape[1:])
    similarity = adjacent_ms_ssim(rows, data_range=2, scales=SCALES)
    print(f"{workdir}, iteration {int(state.step)}, classifier {classifier.sha256[:8]}:")
    for name, images in (("samples", samples), ("interpolated", frames)):
        distance = frechet_distance(fit_gaussian([classifier.features(images)]), real)
        print(f"  FD-digits of {name:20} {distance:.2f}")
    low = np.quantile(similarity, 0.01)
    what = f"{ms_ssim_name(SCALES)} of adjacent frames"
    print(f"  {what:33} {similarity.mean():.4f}, a hundredth under {low:.4f}")


if __name__ == "__main__":
    for argument in sys.argv[1:]:
        report(Path(argument))
