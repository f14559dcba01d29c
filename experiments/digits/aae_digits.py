"""An adversarial autoencoder of digits with a Gaussian code (Makhzani et al. 2015, section 2.1).

Claim: an adversary makes the codes of an autoencoder follow a prior of which only samples are
needed, so that the decoder becomes a generator.

    python -m gans_jax train experiments/digits/aae_digits.py
    python -m experiments.common.autoencoder_codes runs/aae_digits

Measured on one core of an AVX-512 Xeon, jax 0.10.2, Python 3.11, 2026-11-22, seed 0: 280 s. Most
samples are digits, somewhat blurred. Codes of the 1,000 held-out digits (left half of
docs/experiments/aae_codes.png) cover the Gaussian, but are too dense in the middle: their energy
distance to draws of the prior is 0.157, the distance between two sets of draws 0.013. The mean
squared error of reconstructions from two numbers is 0.177; of the mean digit, 0.276.
"""

from gans_jax import AdversarialAutoencoder, data, priors
from gans_jax.networks import EncoderDecoder, MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=AdversarialAutoencoder(
        autoencoder=EncoderDecoder(
            encoder=MLPGenerator((2,), (1000, 1000), output="linear"),
            decoder=MLPGenerator((28, 28, 1), (1000, 1000)),
        ),
        discriminator=MLPDiscriminator((1000, 1000)),
        prior=priors.Normal(2, std=5.0),
    ),
    data=data.Digits(),
    iterations=2000,
    batch_size=100,
    sample_every=500,
)
