"""Which of GAN and WGAN train without batch norm, over four seeds.

Claim (Arjovsky et al. 2017, arXiv:1701.07875, section 4.3, figures 5 and 6): without batch norm in
the generator the GAN fails to learn, while WGAN still makes samples. As there, the critic or
discriminator is DCGAN's with batch norm in all settings; the paper's generator without it also has
the same number of filters in every layer, which DCGAN's here has not.

    python experiments/stability_without_batch_norm.py \\
        --out docs/experiments/stability_without_batch_norm.png

GAN is that of `dcgan_digits` and WGAN that of `wgan_digits`, with 16 features, all with as many
updates of the discriminator or critic. The seeds of a setting are one program, in which
`wrappers.seeds` takes them one after another by `lax.map` on a CPU, where it says how much longer
convolutions take with `vmap`.

What trains is decided before the runs: FD-digits of 2,000 samples below THRESHOLD, and the entropy
of the classes that the classifier of digits sees in them above ENTROPY (log 10, 2.30 nats, where
all are as frequent). For other samples they were 8.4 and 2.30 (training digits), 88 and 2.21
(`wgan_mlp_digits`), 135 and 2.23 (`wgan_gp_digits`), 246 and 2.10 (`wgan_digits` with the paper's
learning rate), 293 and 2.12 (`gan_digits`, many of whose digits are not to be named), 1432 and 0
(uniform noise). An iteration that is not finite is skipped, so that a seed that diverges does not
end the others. The runs are in the folder `--runs`, where a setting that was stopped goes on. The
picture has one column a setting and one row a seed.

Measured on one core of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11, 2026-11-22,
seeds 0 to 3, classifier b547c9baa7e8 (picture: docs/experiments/stability_without_batch_norm.png):

    setting                    train  FD-digits                         seconds
    GAN with batch norm        4      146.9,  162.1,  131.8,  168.7     629
    GAN without batch norm     0      2005,   2006,   2003,   2006      480
    WGAN with batch norm       4      175.6,  169.5,  164.0,  170.5     414
    WGAN without batch norm    4      190.1,  217.1,  200.9,  202.4     377

The claim shows: without batch norm every GAN makes grey images. After 600 iterations, as many as
WGAN has, GAN had not begun with it either (325 with seed 2, 2,003 to 2,059 with the others): the
comparison is at 3,000 updates of the discriminator or critic, which was changed after that run.
"""

import dataclasses
import time
from pathlib import Path
from typing import Any

import dcgan_digits
import drawing
import jax
import numpy as np
import table
import wgan_digits
from scipy.stats import entropy

from gans_jax import GAN, WGAN, data, pictures, training, wrappers
from gans_jax.metrics import digits_classifier
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator

SEEDS, FEATURES, NUM, SHOWN = 4, 16, 2000, 10
THRESHOLD, ENTROPY = 300.0, 2.0


def methods() -> dict[str, GAN | WGAN]:
    """The four settings."""
    critic = DCGANDiscriminator(features=FEATURES)
    gan = dataclasses.replace(dcgan_digits.experiment.method, discriminator=critic)
    wgan = dataclasses.replace(wgan_digits.experiment.method, critic=critic)
    norms = {"with batch norm": "batch", "without batch norm": "none"}
    return {
        f"{kind} {words}": dataclasses.replace(
            method, generator=DCGANGenerator(28, 1, FEATURES, norm)
        )
        for kind, method in (("GAN", gan), ("WGAN", wgan))
        for words, norm in norms.items()
    }


def sample(method: Any, workdir: Path, iterations: int) -> np.ndarray:
    """Samples `[SEEDS, NUM, 28, 28, 1]` of trained generators, new ones unless they are there."""
    settings = training.Experiment(
        method=method,
        data=data.Digits(),
        iterations=iterations,
        sample_every=iterations,
        checkpoint_every=iterations,
        skip_nonfinite=iterations,
    )
    if workdir.exists():
        states = training.resume(workdir, settings, progress=False)
    else:
        states = training.train(settings, workdir, seeds=SEEDS, progress=False)
    draw = jax.jit(wrappers.seeds(method, SEEDS).sample, static_argnums=2)
    return np.asarray(draw(states, jax.random.split(jax.random.key(1), SEEDS), NUM))


def class_entropy(labels: np.ndarray) -> float:
    """In nats, of the shares of the ten classes among labels `[n]`."""
    return float(entropy(np.bincount(labels, minlength=10)))


def trains(distance: float, spread: float) -> bool:
    return distance < THRESHOLD and spread > ENTROPY


def main(out: Path, runs: Path, updates: int) -> None:
    classifier = digits_classifier()
    print(f"trains: FD-digits below {THRESHOLD} and entropy above {ENTROPY}", end=", ")
    print(f"classifier {classifier.sha256[:12]}")
    settings = methods()
    drawn, axes = drawing.figure(len(settings), "Four seeds of each setting")
    for ax, (title, method) in zip(axes, settings.items(), strict=True):
        start = time.monotonic()
        iterations = updates // (method.n_critic if isinstance(method, WGAN) else method.k)
        samples = sample(method, runs / title.replace(" ", "_"), iterations)
        good = 0
        for seed, images in enumerate(samples):
            distance = table.distance(images)
            spread = class_entropy(classifier.logits(images).argmax(axis=1))
            good += trains(distance, spread)
            verdict = "trains" if trains(distance, spread) else "does not"
            print(f"{title}, seed {seed}: {verdict}, FD-digits {distance:.1f}, {spread:.2f} nats")
        print(f"{title}: {good} of {SEEDS} train ({time.monotonic() - start:.0f} s)", flush=True)
        shown = pictures.grid(samples[:, :SHOWN].reshape(-1, 28, 28, 1), columns=SHOWN)
        ax.imshow(shown[..., 0], cmap="gray", vmin=0, vmax=255)
        ax.set_axis_off()
        ax.set_title(f"{title}: {good} of {SEEDS} train")
    drawing.save(drawn, out)


if __name__ == "__main__":
    given = drawing.arguments(
        __doc__,
        "stability_without_batch_norm.png",
        runs=Path("runs/stability_without_batch_norm"),
        updates=3000,
    )
    main(given.out, given.runs, given.updates)
