"""An adversarial autoencoder of digits that draws its codes (Makhzani et al. 2015, section 2.1).

Claim (arXiv:1511.05644): q(z|x) may be deterministic, Gaussian or a universal approximator; the
aggregated posterior follows the prior with each.

    python -m gans_jax train experiments/digits/aae_gaussian_digits.py
    python -m experiments.common.autoencoder_codes runs/aae_gaussian_digits

Nothing but the encoder differs from `aae_digits`: it returns the mean and the log std of a
Gaussian, from which each phase draws.

Not measured yet: the tests build it and take its step in shapes alone.
"""

from gans_jax import AdversarialAutoencoder, data, priors
from gans_jax.networks import EncoderDecoder, GaussianEncoder, MLPDiscriminator, MLPGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=AdversarialAutoencoder(
        autoencoder=EncoderDecoder(
            encoder=GaussianEncoder(MLPGenerator((4,), (1000, 1000), output="linear")),
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
