"""BEGAN draws digits (Berthelot et al. 2017, arXiv:1703.10717).

Claim: an auto-encoder whose reconstruction errors are balanced trains without batch norm, and the
measure of convergence falls as the samples get better.

    python -m gans_jax train experiments/began_digits.py

The networks are fully connected, so that the demonstration takes minutes; the paper's are in
experiments/paper/began_celeba64.py. The learning rate is halved on a schedule as fast as the run.
"""

from gans_jax import BEGAN, data, priors, schedules
from gans_jax.networks import EncoderDecoder, MLPGenerator
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
