"""Which of GAN and WGAN train without batch norm, over four seeds.

Claim (Arjovsky et al. 2017, arXiv:1701.07875, section 4.3, figures 5 and 6): without batch norm in
the generator the GAN fails to learn, while WGAN still makes samples. As in the paper, the critic or
discriminator is DCGAN's with batch norm in all settings. The paper's generator without batch norm
also has the same number of filters in every layer, unlike DCGAN's generator here.

    python -m experiments.tables.stability_without_batch_norm \\
        --out docs/experiments/stability_without_batch_norm.png

The GAN is taken from `dcgan_digits` and the WGAN from `wgan_digits`, with 16 features. All settings
have the same number of updates of the discriminator or critic. The seeds of a setting are trained
by one program, `wrappers.seeds`, which takes them one after another on a CPU.

What counts as training was decided before the runs: FD-digits of 2,000 samples below THRESHOLD, and
an entropy above ENTROPY of the classes that the digits classifier sees in them (it is log 10, 2.30
nats, if all classes are equally frequent). FD-digits and entropy of other samples were 8.4 and 2.30
(training digits), 88 and 2.21 (`wgan_mlp_digits`), 135 and 2.23 (`wgan_gp_digits`), 246 and 2.10
(`wgan_digits` with the paper's learning rate), 293 and 2.12 (`gan_digits`, many of whose digits
cannot be named), 1432 and 0 (uniform noise). An iteration that is not finite is skipped, so that a
seed that diverges does not end the others. The runs are in the folder `--runs`, where a setting
that was stopped goes on. The picture has a column for each setting and a row for each seed.

Measured on one core of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11, 2026-11-22,
seeds 0 to 3, classifier b547c9baa7e8 (picture: docs/experiments/stability_without_batch_norm.png):

    setting                    train  FD-digits                         seconds
    GAN with batch norm        4      146.9,  162.1,  131.8,  168.7     629
    GAN without batch norm     0      2005,   2006,   2003,   2006      480
    WGAN with batch norm       4      175.6,  169.5,  164.0,  170.5     414
    WGAN without batch norm    4      190.1,  217.1,  200.9,  202.4     377

The claim shows: without batch norm every GAN makes grey images. The comparison is at 3,000 updates
of the discriminator or critic, which was decided after a first run at 600 iterations, the number
that WGAN has: there the GAN with batch norm had not begun either, with FD-digits of 325 for seed 2
and 2,003 to 2,059 for the others.
"""

import dataclasses
import time
from pathlib import Path

import jax
import numpy as np
from scipy.stats import entropy

from experiments.common import command_line, fd_digits, plots
from experiments.digits import dcgan_digits, wgan_digits
from gans_jax import GAN, WGAN, data, pictures, training, wrappers
from gans_jax.metrics import digits_classifier
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator

SEEDS, FEATURES, NUM, SHOWN = 4, 16, 2000, 10
THRESHOLD, ENTROPY = 300.0, 2.0


def methods() -> dict[str, GAN | WGAN]:
    """Returns the method of each setting by its title."""
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


def sample(method: GAN | WGAN, workdir: Path, iterations: int) -> np.ndarray:
    """Returns samples `[SEEDS, NUM, 28, 28, 1]` of the trained generators of all seeds.

    Runs that are in `workdir` are continued, others begin there.
    """
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
    """Returns the entropy in nats of the shares of the ten classes among labels `[n]`."""
    return float(entropy(np.bincount(labels, minlength=10)))


def trains(distance: float, spread: float) -> bool:
    """Returns whether samples with this FD-digits and this entropy count as trained."""
    return distance < THRESHOLD and spread > ENTROPY


def main(out: Path, runs: Path, updates: int) -> None:
    classifier = digits_classifier()
    print(f"trains: FD-digits below {THRESHOLD} and entropy above {ENTROPY}", end=", ")
    print(f"classifier {classifier.sha256[:12]}")
    settings = methods()
    with plots.figure(out, len(settings), "Four seeds of each setting", height=2.5) as axes:
        for ax, (title, method) in zip(axes, settings.items(), strict=True):
            start = time.monotonic()
            iterations = updates // (method.n_critic if isinstance(method, WGAN) else method.k)
            samples = sample(method, runs / title.replace(" ", "_"), iterations)
            good = 0
            for seed, images in enumerate(samples):
                distance = fd_digits.distance(images)
                spread = class_entropy(classifier.logits(images).argmax(axis=1))
                good += trains(distance, spread)
                verdict = "trains" if trains(distance, spread) else "does not train"
                print(
                    f"{title}, seed {seed}: {verdict}, FD-digits {distance:.1f}, "
                    f"entropy {spread:.2f}"
                )
            print(
                f"{title}: {good} of {SEEDS} train ({time.monotonic() - start:.0f} s)", flush=True
            )
            shown = pictures.grid(samples[:, :SHOWN].reshape(-1, 28, 28, 1), columns=SHOWN)
            ax.imshow(shown[..., 0], cmap="gray", vmin=0, vmax=255)
            ax.set_axis_off()
            ax.set_title(f"{title}: {good} of {SEEDS} train")


if __name__ == "__main__":
    name = "stability_without_batch_norm"
    options = command_line.picture_options(
        __doc__, f"{name}.png", runs=Path("runs", name), updates=3000
    )
    main(options.out, options.runs, options.updates)
