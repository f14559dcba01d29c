"""MMD GAN draws digits (Li et al. 2017, arXiv:1705.08584, Algorithm 1).

Claim: with a kernel on the codes of a learned encoder, moment matching draws images, and the
discrepancy falls as they get better.

    python -m gans_jax train experiments/digits/mmd_gan_digits.py

The learning rate is ten times the paper's, and the warm-up of 100 critic updates is left out, so
that the demonstration takes minutes. The kernels are an eighth as wide as the paper's: the clipped
encoder has 16 features instead of 64 and sums 1,568 numbers into a code instead of 4,096, so that
its codes are small beside the paper's kernels. With these, the discrepancy is 0.06 at the start and
0.01 after 200 iterations, while 8 times the reconstruction errors are 0.95: the critic hardly
learns to tell codes apart, and two of three seeds failed in 600 iterations (FD-digits 258, 1301 and
1386; 2026-11-22, classifier b547c9baa7e8).

Measured on one core of an AVX-512 Xeon, jax 0.10.2, Python 3.11, 2026-11-29, classifier
cf592778e4b9: FD-digits after 600 iterations, of 10,000 samples, is 184, 186, 172, 253 and 197 with
seeds 0 to 4 (seed 0 on 2026-11-28); a run takes 130 to 180 s on a core. The claim shows: the
generator's loss falls from 0.78 to 0.05 while strokes and then digits appear
(docs/experiments/mmd_gan_digits.png). One change at a time, seed 1, FD-digits after 200 iterations:

    the paper's kernels                       653 (562 after 300)
    kernels an eighth as wide                 311
    an eighth of the reconstruction weight    398
"""

from gans_jax import MMDGAN, data
from gans_jax.networks import DCGANEncoder, DCGANGenerator, EncoderDecoder
from gans_jax.training import Experiment

generator = DCGANGenerator(size=28, channels=1, features=16)
experiment = Experiment(
    method=MMDGAN(
        generator=generator,
        critic=EncoderDecoder(DCGANEncoder(code=16, features=16), generator.clone()),
        sigmas=(0.125, 0.25, 0.5, 1.0, 2.0),
        learning_rate=5e-4,
        warmup=False,
    ),
    data=data.Digits(),
    iterations=600,
    sample_every=200,
    checkpoint_every=300,
)
