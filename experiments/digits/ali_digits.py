"""ALI draws the codes of digits from a Gaussian that it learns (Dumoulin et al. 2017, section 2).

Claim (arXiv:1606.00704): with a stochastic encoder a discriminator of pairs matches the joint
distributions q(x, z) and p(x, z), so that reconstructions keep what matters of an image.

    python -m gans_jax train experiments/digits/ali_digits.py

The authors' networks for CIFAR-10, with half the discriminator's features and a quarter of the
others', on digits of 32 pixels with codes of 16 numbers. The learning rate is ten times theirs.

Measured on one core of an AMD EPYC shared with another job, jax 0.10.2, Python 3.11, 2026-11-29,
seed 0: 497 s. Samples are digits, many of them in pieces (docs/experiments/ali_digits.png), and
FD-digits of 10,000 samples is 324. The two players are even: the discriminator's loss ends at 1.19,
where 2 log 2 = 1.39 would be chance. The claim does not show: G(E(x)) of a held-out digit has its
class in 13 %, hardly more than the 10 % of chance.

The generator starts at the mean digit, as the authors' does at the mean image. Where its biases
start at 0, at grey, the discriminator wins at once: after 1,500 iterations its loss was 0.007, and
all samples were one grey shape (FD-digits 2167 by another trained classifier).
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
            GaussianEncoder(ALIEncoder(size=16, features=8)),
            ALIGenerator(1, 8, bias_init=data.LogOdds(data.Digits(size=32))),
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
