"""ALI draws the codes of digits from a Gaussian that it learns (Dumoulin et al. 2017, section 2).

Claim (arXiv:1606.00704): with a stochastic encoder a discriminator of pairs matches the joint
distributions q(x, z) and p(x, z), so that reconstructions keep what matters of an image.

    python -m gans_jax train experiments/digits/ali_digits.py

The authors' networks for CIFAR-10, with half the discriminator's features and a quarter of the
others', on digits of 32 pixels with codes of 16 numbers. The learning rate is ten times theirs.

It does not train yet. Measured on a core of an AVX-512 Xeon shared with other jobs, jax 0.10.2,
Python 3.11, 2026-11-29, seed 0: after 1,500 iterations (815 s) all samples are one grey shape, and
FD-digits is 2167 (classifier cf592778e4b9), for the discriminator wins: its loss ends at 0.007,
with logits of 9.9 and -6.7 for the two kinds of pairs. A learning rate of 2e-4, twice the authors',
is no better after 650 iterations (a loss of 0.0005, logits of 166 and -16). Why was not found out;
the authors' discriminator has no norm, and digits on plain black may be easier to tell from samples
than the photos that it was made for.
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
