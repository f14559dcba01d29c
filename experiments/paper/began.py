"""BEGAN on CelebA faces at 64 pixels (Berthelot et al. 2017).

    python -m gans_jax train experiments/paper/began.py:celeba64 --data.path img_align_celeba

Not run here: it needs an accelerator. Unpack `img_align_celeba` first.

The networks are the paper's, with 128 filters and a code of 64, and so is gamma, 0.5. Adam 1e-4
halved every 100,000 iterations, batches of 16 and 500,000 iterations come from the reproduction of
Kim 2017. The paper's faces are a set of its own.
"""

from gans_jax import BEGAN, data
from gans_jax.networks import BEGANDiscriminator, BEGANGenerator
from gans_jax.training import Experiment

experiments = {
    "celeba64": Experiment(
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
}
