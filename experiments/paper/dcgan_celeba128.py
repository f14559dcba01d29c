"""DCGAN on CelebA faces at 128 pixels, in bfloat16.

The settings of Radford et al. 2016 for faces (batches of 128, Adam 2e-4 with b1 0.5, noise uniform
in [-1, 1]^100, 1024 features at the smallest map) with one layer more in both networks, which is
ours: the paper stops at 64 pixels. 202,599 images, 1,582 iterations an epoch, 25 epochs. Not run
here: it needs an accelerator; docs/pods.md has what it costs on a TPU pod. Unpack
`img_align_celeba`, then

    python -m gans_jax train experiments/paper/dcgan_celeba128.py --data.path img_align_celeba
"""

from gans_jax import GAN, data, priors
from gans_jax.networks import DCGANDiscriminator, DCGANGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=GAN(
        generator=DCGANGenerator(size=128, features=64, lineage="paper", dtype="bfloat16"),
        discriminator=DCGANDiscriminator(features=64, lineage="paper", dtype="bfloat16"),
        prior=priors.Uniform(100),
    ),
    data=data.ImageFolder("img_align_celeba", size=128, crop=178),
    batch_size=128,
    iterations=25 * 1582,
    log_every=100,
    sample_every=1000,
    checkpoint_every=5000,
)
