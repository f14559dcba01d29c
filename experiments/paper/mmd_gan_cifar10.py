"""MMD GAN on CIFAR-10 (Li et al. 2017), the settings of the authors' code.

DCGAN's networks at 32 pixels with an encoder and a decoder as the critic, batches of 64, RMSProp
5e-5, five Gaussian kernels, the encoder's weights clipped at 0.01; 100 critic updates in the first
25 iterations and every 500th, else five. The size of the code, 100, and the number of iterations
are ours. Not run here: it needs an accelerator. Prepare `cifar10` with tfds in the array_record
format, then

    python -m gans_jax train experiments/paper/mmd_gan_cifar10.py --data.data-dir DIR
"""

from gans_jax import MMDGAN, data
from gans_jax.networks import DCGANEncoder, DCGANGenerator, EncoderDecoder
from gans_jax.training import Experiment

decoder = DCGANGenerator(size=32, features=64)
experiment = Experiment(
    method=MMDGAN(
        generator=DCGANGenerator(size=32, features=64),
        critic=EncoderDecoder(DCGANEncoder(code=100, features=64), decoder),
    ),
    data=data.TFDS("cifar10"),
    iterations=50_000,
    log_every=100,
    sample_every=1000,
    checkpoint_every=5000,
)
