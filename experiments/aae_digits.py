"""An adversarial autoencoder of digits with a Gaussian code (Makhzani et al. 2015, section 2.1).

Claim: an adversary makes the codes of an autoencoder follow a prior that is only sampled from, so
that the decoder is a generator.

    python -m gans_jax train experiments/aae_digits.py
    python experiments/codes.py runs/aae_digits
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
