"""BiGAN learns codes of digits beside a generator (Donahue et al. 2017, section 4.1).

Claim (arXiv:1605.09782): an encoder that is trained only to make pairs (x, E(x)) look like pairs
(G(z), z) inverts the generator, though no loss compares x with G(E(x)).

    python -m gans_jax train experiments/digits/bigan_digits.py

The authors' networks for MNIST, with half the units, and their uniform noise of 50 numbers, Adam
2e-4 with b1 0.5 and batches of 128. They train for 400 epochs of 60,000 digits with a decaying
learning rate.

Measured on one core of an AMD EPYC, jax 0.10.2, Python 3.11, 2026-11-29, seed 0: FD-digits of
10,000 samples is 150 after these 3,000 iterations (70 s) and 37 after 15,000 (298 s), the picture
docs/experiments/bigan_digits.png. The claim shows in part: G(E(x)) of the held-out digits has
the class of x, as the digits classifier reads it, in 26 % after 3,000 and in 30 % after 15,000
iterations, where chance has 10 %; of the digits themselves it reads 97.4 %. The mean distance of
G(E(x)) to x is 0.27 of values in [-1, 1], to another digit than x 0.33, and of the mean digit 0.31.
"""

from gans_jax import BiGAN, data, priors
from gans_jax.networks import BiGANDiscriminator, BiGANEncoder, BiGANGenerator, TwoGenerators
from gans_jax.training import Experiment

experiment = Experiment(
    method=BiGAN(
        translator=TwoGenerators(
            BiGANEncoder(size=50, features=512), BiGANGenerator((28, 28, 1), features=512)
        ),
        discriminator=BiGANDiscriminator(features=512),
        prior=priors.Uniform(50),
    ),
    data=data.Digits(),
    iterations=3000,
    batch_size=128,
    sample_every=1000,
)
