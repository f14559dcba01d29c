"""BiGAN learns codes of digits beside a generator (Donahue et al. 2017, section 4.1).

Claim (arXiv:1605.09782): an encoder that is trained only to make pairs (x, E(x)) look like pairs
(G(z), z) inverts the generator, though no loss compares x with G(E(x)).

    python -m gans_jax train experiments/digits/bigan_digits.py

The authors' networks for MNIST, with half the units, and their uniform noise of 50 numbers, Adam
2e-4 with b1 0.5 and batches of 128. They train for 400 epochs of 60,000 digits with a decaying
learning rate.

Not reached yet: a run on two cores of an AVX-512 Xeon that many other jobs shared was stopped after
274 of the iterations (35 s of a processor; jax 0.10.2, Python 3.11, 2026-11-28, seed 0). By then
strokes and rings of digits stood out from grey noise, and neither player had won (the mean logits
on encoded and on generated pairs were 0.27 and -0.36).
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
