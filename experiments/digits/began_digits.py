"""BEGAN draws digits (Berthelot et al. 2017, arXiv:1703.10717).

Claim: a GAN whose discriminator is an autoencoder, with balanced reconstruction errors, trains
without batch norm, and its measure of convergence falls as the samples get better.

    python -m gans_jax train experiments/digits/began_digits.py

The networks are fully connected, so that the demonstration takes minutes; the paper's networks are
in `experiments/paper/began.py`. The learning rate is halved every 2,000 iterations, as the run is
short.

Measured on a core of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11, 2026-11-22,
seed 0: 326 s (docs/experiments/began_digits.png). The claim shows in part: the measure falls from
0.40 to 0.20 while noise becomes a digit, without batch norm, but all samples are the same digit,
which changes as the run goes on: BEGAN collapses here, with seeds 1 and 2 too, with gamma 0.5 and
0.9, and with a learning rate of 1e-3. The energy distance of 1,000 samples to the held-out digits
is 12.7; of 1,000 training digits 0.070, of an untrained generator 27.7.

The paper's convolutional networks with few features, and a control that acts within a short run,
are the experiment `convolutional`:

    python -m gans_jax train experiments/digits/began_digits.py:convolutional

experiments/digits/BEGAN.md has the reasons and the measurements behind its settings, which are the
best of those that were tried: FD-digits 931, 685 and 693 after 400, 800 and 1,000 iterations
(2026-11-29, one seed, in a loop with batches of its own). Samples are strokes of many kinds, and
few digits. The command itself, run to its end on 2026-11-29, gave 1,623 (seed 0, 100 s on one of
two busy cores of an AMD EPYC): grey discs, and few strokes. So the settings do not train in every
seed, either.
"""

from gans_jax import BEGAN, data, priors, schedules
from gans_jax.networks import BEGANDiscriminator, BEGANGenerator, EncoderDecoder, MLPGenerator
from gans_jax.training import Experiment

CODE, WIDTHS = 32, (512, 512)

experiment = Experiment(
    method=BEGAN(
        generator=MLPGenerator((28, 28, 1), WIDTHS, output="linear"),
        discriminator=EncoderDecoder(
            encoder=MLPGenerator((CODE,), WIDTHS, output="linear"),
            decoder=MLPGenerator((28, 28, 1), WIDTHS, output="linear"),
        ),
        prior=priors.Uniform(CODE),
        gamma=0.7,
        learning_rate=2e-4,
        schedule=schedules.StepDecay(every=2000, factor=0.5),
    ),
    data=data.Digits(),
    batch_size=32,
    iterations=6000,
    sample_every=1000,
    log_every=100,
    repeat=20,
)
experiments = {
    "convolutional": Experiment(
        method=BEGAN(
            generator=BEGANGenerator(size=32, channels=1, features=16),
            discriminator=BEGANDiscriminator(code=16, features=16),
            prior=priors.Uniform(16),
            gamma=1.2,
            lambda_k=0.3,
            learning_rate=1e-3,
        ),
        data=data.Digits(size=32),
        batch_size=16,
        iterations=1000,
        sample_every=200,
        log_every=100,
    )
}
