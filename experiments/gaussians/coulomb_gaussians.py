"""Coulomb GAN keeps all 25 modes of a grid (Unterthiner et al. 2018, arXiv:1708.08819).

Claim: at the only Nash equilibrium of a Coulomb GAN the distributions agree. Our test: after less
than ten minutes on two cores, at least 24 of 25 modes hold 1 % of 10,000 samples or more. Spacing,
standard deviation and epsilon below were set before anything else was chosen.

    python -m gans_jax train experiments/gaussians/coulomb_gaussians.py

This program makes the whole comparison, with pictures of the potential field:

    python -m experiments.gaussians.coulomb_gaussians runs/coulomb_gaussians

It also trains a GAN and a WGAN-GP with the same networks on the same grid. Then it takes a
generator that puts 10 % of its samples on one of two modes, each of which has half of the data, and
goes on from there with a GAN and with a Coulomb GAN, each with a new discriminator.

A fully connected discriminator alone did not learn wells a tenth of a unit wide. Near the modes the
cosine between its gradient and the potential's was 0.6, with Fourier features 0.97 (1,000 updates
against a fixed generator), and no setting tried without Fourier features held more than 4 modes.

Measured on two cores of an AVX-512 Xeon, jax 0.10.2, Python 3.11, 2026-11-22, seed 0: Coulomb GAN
holds 25 of 25 modes, each with 3.4 to 4.2 % of the samples, 95.7 % of which are within three
standard deviations of one; 207 s. On one core, after as many iterations: Coulomb GAN the same in
366 s; GAN 8 modes, 98.1 % within, 226 s (docs/experiments/coulomb_field_gan.png has its potential:
the generator sits on the modes around the centre, and the arrows lead to the others); WGAN-GP, with
five updates of its critic an iteration, 24 modes, 65.9 % within, bridges between modes, 1,103 s.
The generator that begins with 8.8 and 84.3 % of its samples in the two modes has 44.7 and 45.6 %
there after 10,000 iterations of Coulomb GAN, 21.0 and 77.9 % after as many of GAN.
"""

import dataclasses
import functools
import time
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax

from experiments.common import command_line
from experiments.common.fit import train
from gans_jax import GAN, WGANGP, CoulombGAN, data, pictures, priors, schedules, training
from gans_jax.metrics import mode_shares
from gans_jax.networks import FourierFeatures, MLPDiscriminator, MLPGenerator
from gans_jax.pictures.potential_field import draw_field, potential_field

GRID = data.GaussianGrid(side=5, spacing=2.0, std=0.05)
EPSILON = 0.1
ITERATIONS = 30_000

networks = (
    MLPGenerator((2,), features=(128, 128, 128), output="linear"),
    FourierFeatures(MLPDiscriminator(features=(128, 128), activation="leaky_relu")),
)
method = CoulombGAN(
    *networks,
    prior=priors.Normal(2),
    epsilon=EPSILON,
    learning_rate=1e-3,
    discriminator_learning_rate=2e-3,
    schedule=schedules.LinearDecay(start=ITERATIONS // 2, end=ITERATIONS),
)
experiment = training.Experiment(
    method=method,
    data=GRID,
    batch_size=256,
    iterations=ITERATIONS,
    log_every=100,
    sample_every=5000,
    checkpoint_every=10_000,
    samples=2000,
    repeat=100,
)
schedule = method.schedule
others = {
    "gan": GAN(*networks, prior=method.prior, learning_rate=2e-4, schedule=schedule),
    "wgan_gp": WGANGP(
        *networks,
        prior=method.prior,
        learning_rate=2e-4,
        optimizer=functools.partial(optax.adam, b1=0.5, b2=0.9),
        schedule=schedule,
    ),
}

# Two modes with half of the data each, and the unequal shares that a generator learns first.
TWO = data.TwoGaussians(means=(-2.0, 2.0), std=0.2, dimension=2)
UNEQUAL = dataclasses.replace(TWO, weights=(0.1, 0.9))
STEPS, REPEAT = 10_000, 100


def shares(
    trained: GAN | WGANGP | CoulombGAN, state: Any, source: data.GaussianGrid | data.TwoGaussians
) -> np.ndarray:
    """Returns the shares `[modes]` of 10,000 samples within three standard deviations of a mode."""
    samples = np.asarray(trained.sample(state, jax.random.key(1), 10_000))
    return mode_shares(samples, source.centers, source.std)


def draw(
    field_of: CoulombGAN,
    trained: GAN | WGANGP | CoulombGAN,
    state: Any,
    source: data.GaussianGrid | data.TwoGaussians,
    path: Path,
) -> None:
    """Draws the potential field of 2,000 real and 2,000 generated points."""
    real = source.arrays["image"][:2000]
    fake = np.asarray(trained.sample(state, jax.random.key(2), 2000))
    pictures.save(path, draw_field(potential_field(field_of, real, fake), real, fake))


def compare(workdir: Path) -> None:
    """Trains all methods on the grid, and prints how many modes each holds."""
    for name, chosen in {"coulomb_gan": method, **others}.items():
        start = time.monotonic()
        run = dataclasses.replace(experiment, method=chosen)
        state = training.train(run, workdir / name, progress=False)
        found, seconds = shares(chosen, state, GRID), time.monotonic() - start
        held = int((found >= 0.01).sum())
        print(f"{name}: {held} of 25 modes, {found.sum():.3f} of the samples, {seconds:.0f} s")
        draw(method, chosen, state, GRID, workdir / f"{name}_field.png")


def train_from(state: Any, chosen: GAN | CoulombGAN, source: data.TwoGaussians) -> Any:
    """Returns the state after STEPS iterations on batches of 256; `state` is donated."""
    return train(chosen, source, 256, STEPS, repeat=REPEAT, start=state)[0]


def redistribute(workdir: Path) -> None:
    """Goes on from a generator with unequal shares of two modes, and prints the shares after."""
    decay = schedules.LinearDecay(start=STEPS // 2, end=STEPS)
    coulomb = dataclasses.replace(method, epsilon=0.5, schedule=decay)
    gan = dataclasses.replace(others["gan"], schedule=decay)
    start = coulomb.init(jax.random.key(0), data.stream(TWO, 256, method=coulomb)[0])
    start = train_from(start, coulomb, UNEQUAL)
    print(f"two modes, start: {shares(coulomb, start, TWO).round(3)}")
    for name, chosen in (("gan", gan), ("coulomb_gan", coulomb)):
        state = chosen.init(jax.random.key(1), data.stream(TWO, 256, method=chosen)[0])
        params = jax.tree.map(jnp.copy, start.generator.params)
        state = state._replace(generator=state.generator._replace(params=params))
        state = train_from(state, chosen, TWO)
        print(f"two modes, {name}: {shares(chosen, state, TWO).round(3)}")
        draw(coulomb, chosen, state, TWO, workdir / f"two_modes_{name}_field.png")


if __name__ == "__main__":
    parser = command_line.parser(__doc__)
    folder = Path("runs/coulomb_gaussians")
    parser.add_argument("folder", type=Path, nargs="?", default=folder, help=f"default: {folder}")
    options = parser.parse_args()
    compare(options.folder)
    redistribute(options.folder)
