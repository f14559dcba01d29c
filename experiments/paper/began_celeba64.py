"""BEGAN on CelebA faces at 64 pixels (Berthelot et al. 2017).

The paper's networks, 128 filters and a code of 64, and gamma 0.5. Adam 1e-4 halved every 100,000
iterations, batches of 16 and 500,000 iterations are those of the reproduction of Kim 2017; the
paper's faces are a set of its own. Not run here: it needs an accelerator. Unpack
`img_align_celeba`, then

    python -m gans_jax train experiments/paper/began_celeba64.py --data.path img_align_celeba
"""

from gans_jax import BEGAN, data
from gans_jax.networks import BEGANDiscriminator, BEGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=BEGAN(
        generator=BEGANGenerator(size=64, features=128),
        discriminator=BEGANDiscriminator(code=64, features=128),
    ),
    data=data.ImageFolder("img_align_celeba", size=64, crop=108),
    batch_size=16,
    iterations=500_000,
    log_every=100,
    sample_every=5000,
    checkpoint_every=10_000,
)
