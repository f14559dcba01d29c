"""ALI draws the codes of digits from a Gaussian that it learns (Dumoulin et al. 2017, section 2).

Claim (arXiv:1606.00704): with a stochastic encoder a discriminator of pairs matches the joint
distributions q(x, z) and p(x, z), so that reconstructions keep what matters of an image.

    python -m gans_jax train experiments/digits/ali_digits.py

The authors' networks for CIFAR-10, with half the discriminator's features and a quarter of the
others', on digits of 32 pixels with codes of 16 numbers. The learning rate is ten times theirs.

Not measured yet: the tests build it and take its step in shapes alone.
"""

from gans_jax import BiGAN, data, priors
from gans_jax.networks import (
    ALIDiscriminator,
    ALIEncoder,
    ALIGenerator,
    GaussianEncoder,
    TwoGenerators,
)
from gans_jax.training import Experiment

experiment = Experiment(
    method=BiGAN(
        translator=TwoGenerators(
            GaussianEncoder(ALIEncoder(size=16, features=8)), ALIGenerator(1, features=8)
        ),
        discriminator=ALIDiscriminator(features=16),
        prior=priors.Normal(16),
        learning_rate=1e-3,
    ),
    data=data.Digits(size=32),
    iterations=1500,
    batch_size=64,
    sample_every=500,
)
