"""Smooth GAN on CIFAR-10 (Guo et al. 2019, AAAI, "Smooth deep image generator from noises").

    python -m gans_jax train experiments/paper/smooth_gan.py:cifar10 --data.data-dir DIR
    python -m gans_jax train experiments/paper/wgan_gp.py:cifar10 --data.data-dir DIR

Not run here: it needs an accelerator. Prepare `cifar10` with tfds in the array_record format.

The second command trains the baseline. All but the two penalties on slopes is the same in both: the
networks and settings of WGAN-GP's authors for CIFAR-10. Neither these networks nor the weights of
the penalties are taken from the paper of Smooth GAN. We found no code of its authors, and of its
text only the introduction, which states no weights. The weights here are the ones with which
`experiments/digits/smooth_gan_digits.py` drew digits as good as WGAN-GP's, so no number of the
paper is to be expected.

Cost: XLA counts 2,928 GFLOP an iteration (before it optimises the program), against 2,271 for
WGAN-GP, which is 293 PFLOP in all. The generator has 1,204,483 parameters, the critic 1,053,825.
"""

from gans_jax import SmoothGAN, data, schedules
from gans_jax.networks import ResidualCritic32, ResidualGenerator32
from gans_jax.training import Experiment

experiments = {
    "cifar10": Experiment(
        method=SmoothGAN(
            generator=ResidualGenerator32(features=128),
            critic=ResidualCritic32(features=128),
            generator_weight=1.0,
            critic_weight=0.01,
            learning_rate=2e-4,
            generator_batch=2,
            schedule=schedules.LinearDecay(end=100_000),
        ),
        data=data.TFDS("cifar10"),
        iterations=100_000,
        log_every=100,
        sample_every=1000,
        checkpoint_every=5000,
    )
}
