"""MMD GAN draws digits (Li et al. 2017, arXiv:1705.08584, Algorithm 1).

Claim: with a kernel on the codes of a learned encoder, moment matching draws images, and the
discrepancy falls as they get better.

    python -m gans_jax train experiments/mmd_gan_digits.py

The learning rate is ten times the paper's, and there is no warm-up of 100 critic updates, so that
the demonstration takes minutes.
"""

from gans_jax import MMDGAN, data
from gans_jax.networks import DCGANEncoder, DCGANGenerator, EncoderDecoder
from gans_jax.training import Experiment

generator = DCGANGenerator(size=28, channels=1, features=32)
experiment = Experiment(
    method=MMDGAN(
        generator=generator,
        critic=EncoderDecoder(DCGANEncoder(code=16, features=32), generator.clone()),
        learning_rate=5e-4,
        warmup=False,
    ),
    data=data.Digits(),
    iterations=600,
    sample_every=200,
    checkpoint_every=300,
)
