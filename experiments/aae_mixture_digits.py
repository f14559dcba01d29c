"""An adversarial autoencoder with a Gaussian per digit (Makhzani et al. 2015, section 2.3).

Claim: a discriminator that is shown labels puts each digit into its own component of a mixture, and
leaves its style to the place within.

    python -m gans_jax train experiments/aae_mixture_digits.py
    python experiments/codes.py runs/aae_mixture_digits
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
        prior=priors.GaussianMixture(10),
        labels=10,
    ),
    data=data.Digits(),
    iterations=2000,
    batch_size=100,
    sample_every=500,
)
