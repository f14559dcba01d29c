"""ALI on CIFAR-10 (Dumoulin et al. 2017, arXiv:1606.00704, table 3), as in the authors' code.

    python -m gans_jax train experiments/paper/ali.py:cifar10 --data.data-dir DIR

Not run here: it needs an accelerator. Prepare `cifar10` with tfds in the array_record format.

Codes of 64 numbers, a maxout discriminator with dropout, Adam 1e-4 with b1 0.5, batches of 100,
both players updated at once. 1,000 epochs, as the authors' `ali_cifar10.py` has them; the table has
6,475.
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

experiments = {
    "cifar10": Experiment(
        method=BiGAN(
            translator=TwoGenerators(GaussianEncoder(ALIEncoder(64)), ALIGenerator(3)),
            discriminator=ALIDiscriminator(),
            prior=priors.Normal(64),
            learning_rate=1e-4,
        ),
        data=data.TFDS("cifar10"),
        iterations=500_000,
        batch_size=100,
        log_every=100,
        sample_every=5000,
        checkpoint_every=5000,
    )
}
