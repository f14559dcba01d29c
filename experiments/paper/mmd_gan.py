"""MMD GAN on CIFAR-10 (Li et al. 2017), with the settings of the authors' code.

    python -m gans_jax train experiments/paper/mmd_gan.py:cifar10 --data.data-dir DIR

Not run here: it needs an accelerator. Prepare `cifar10` with tfds in the array_record format.

DCGAN's networks at 32 pixels with an encoder and a decoder as the critic, batches of 64, RMSProp
5e-5, five Gaussian kernels, the encoder's weights clipped at 0.01. An iteration has five critic
updates, but 100 in the first 25 iterations and in every 500th. The noise and the code have 128
numbers, and training takes 1,000 epochs, as in the authors' script (10 numbers for MNIST, 64 for
CelebA).
"""

from gans_jax import MMDGAN, data, priors
from gans_jax.networks import DCGANEncoder, DCGANGenerator, EncoderDecoder
from gans_jax.training import Experiment

decoder = DCGANGenerator(size=32, features=64)
experiments = {
    "cifar10": Experiment(
        method=MMDGAN(
            generator=DCGANGenerator(size=32, features=64),
            critic=EncoderDecoder(DCGANEncoder(code=128, features=64), decoder),
            prior=priors.Normal(128),
        ),
        data=data.TFDS("cifar10"),
        iterations=130_000,
        log_every=100,
        sample_every=1000,
        checkpoint_every=5000,
    )
}
