"""WGAN-GP with residual networks on CIFAR-10 (Gulrajani et al. 2017, section 5.3, unsupervised).

    python -m gans_jax train experiments/paper/wgan_gp.py:cifar10 --data.data-dir DIR

Not run here: it needs an accelerator. Prepare `cifar10` with tfds in the array_record format.

The authors' settings: batches of 64, twice as large for the generator, Adam 2e-4 with betas (0,
0.9) decaying linearly to 0 over 100,000 iterations, five critic iterations, penalty 10, batch norm
in the generator and no norm in the critic.
"""

from gans_jax import WGANGP, data, schedules
from gans_jax.networks import ResidualCritic32, ResidualGenerator32
from gans_jax.training import Experiment

experiments = {
    "cifar10": Experiment(
        method=WGANGP(
            generator=ResidualGenerator32(features=128),
            critic=ResidualCritic32(features=128),
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
