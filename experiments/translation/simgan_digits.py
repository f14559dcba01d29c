"""SimGAN refines digits of one colouring to look like another (Shrivastava et al. 2017).

Claim (arXiv:1612.07828): a refiner that stays near its input and deceives a discriminator of
patches changes how an image looks, and not what it shows.

    python -m gans_jax train experiments/translation/simgan_digits.py

White digits on black are to become blue ones on yellow. The networks are the paper's, with half the
refiner's features and blocks; the pre-training of both players is a tenth of the paper's 1,000 and
200 updates. The distance has a small weight, since these two domains are far apart, as the paper's
eyes are not.

Measured on a core of an AVX-512 Xeon shared with other jobs, jax 0.10.2, Python 3.11, 2026-11-29,
seed 0: 421 s. The claim shows: every held-out digit becomes blue on yellow and keeps its shape
(docs/experiments/simgan_digits.png). The discriminator's loss ends at 1.37, near the 2 log 2 = 1.39
of one that cannot tell refined digits from real ones.
"""

from gans_jax import PretrainedSimGAN, data
from gans_jax.networks import SimGANDiscriminator, SimGANRefiner
from gans_jax.training import Experiment

experiment = Experiment(
    method=PretrainedSimGAN(
        refiner=SimGANRefiner(channels=3, features=32, blocks=2),
        discriminator=SimGANDiscriminator(),
        weight=0.5,
        refiner_pretraining=100,
        discriminator_pretraining=20,
        learning_rate=5e-4,
    ),
    data=data.DigitDomains(),
    iterations=620,
    batch_size=32,
    sample_every=100,
    samples=8,
)
