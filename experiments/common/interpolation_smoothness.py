"""Measures how smooth the interpolations of runs on digits are, and how good their images.

    python -m experiments.common.interpolation_smoothness RUN...

Prints FD-digits of 1,000 samples and of 1,000 interpolated images, which is the Fréchet distance to
the 1,000 held-out digits in the features of the digits classifier. The interpolated images are 100
straight lines between two draws of the noise, with ten frames each. MS-SSIM-2 compares adjacent
frames: a smooth generator has a high mean, and a high lowest hundredth, where jumps would show. The
authors' slide gives FID and sliced MS-SSIM on CIFAR-10, which compare with none of these numbers.
"""

from pathlib import Path

import jax
import numpy as np

from experiments.common import command_line, fd_digits
from gans_jax import pictures, training
from gans_jax.metrics import adjacent_ms_ssim, digits_classifier, ms_ssim_name

ROWS, FRAMES, SCALES = 100, 10, 2


def report(workdir: Path) -> None:
    """Prints the distances and the smoothness of a run."""
    experiment, state = training.load(workdir)
    method = experiment.method
    frames = pictures.between(method, state, jax.random.key(1), ROWS, FRAMES)
    samples = np.asarray(method.sample(state, jax.random.key(2), ROWS * FRAMES))
    rows = frames.reshape(ROWS, FRAMES, *frames.shape[1:])
    similarity = adjacent_ms_ssim(rows, data_range=2, scales=SCALES)
    classifier = digits_classifier()
    print(f"{workdir}, iteration {int(state.step)}, classifier {classifier.sha256[:8]}:")
    print(f"  FD-digits of samples              {fd_digits.distance(samples):.2f}")
    print(f"  FD-digits of interpolated images  {fd_digits.distance(frames):.2f}")
    low, what = np.quantile(similarity, 0.01), f"{ms_ssim_name(SCALES)} of adjacent frames"
    print(f"  {what:33} {similarity.mean():.4f}, a hundredth is below {low:.4f}")


if __name__ == "__main__":
    command_line.for_each_run(__doc__, report)
