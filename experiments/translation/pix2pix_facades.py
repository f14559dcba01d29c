"""pix2pix paints facades from their labels (Isola et al. 2017, arXiv:1611.07004, section 4).

Claim: with L1 and a conditional discriminator of patches, 400 pairs are enough to learn how walls,
windows and balconies look.

    python -m gans_jax train experiments/translation/pix2pix_facades.py --data.path facades/train

`facades/train` holds the paper's 400 pairs, a file each, the photo at the left and the labels at
the right; CMP's 106 test pairs stay unseen. This command translates photos to labels instead:

    python -m gans_jax train experiments/translation/pix2pix_facades.py --data.path facades/train \\
        --data.direction a_to_b --workdir runs/pix2pix_facades_labels

What differs from the paper: 64 pixels instead of 256 and half the features, so that two CPU cores
take minutes; a discriminator with two strided layers, whose patches of 34 pixels take as much of
the image (half a side) as 142 do of 256; batches of 4, for speed. The jitter, the losses and Adam
are the paper's.

Measured on two cores of an AVX-512 Xeon that three other jobs shared, jax 0.10.2, Python 3.11,
2026-11-22, seed 0 (`experiments.common.held_out_pairs RUN --test facades/test`, for labels with
`--labels b`):

- Labels to photo: 1264 s of a processor. By eye, on the 106 held-out pairs: walls, windows in
  place, cornices and balconies, all in the sandy colours of the training set; streets and skies
  are smears. PSNR 13.1, SSIM 0.126, and 0.92 of the real photos' sharpness; the mean training
  photo, the best guess without labels, has 14.0, 0.039 and 0.09.
- Photos to labels: 1104 s of a processor. By eye: roofs, cornices, rows of windows and shops are
  found, with blurred borders. Of the pixels 43 % have the right class, 24 % in the mean of the
  classes, class IoU 0.15 (the mean label image, the best guess without a photo: 31 %, 12 %,
  0.06); PSNR 10.4, SSIM 0.25.
"""

from gans_jax import Pix2Pix, data
from gans_jax.networks import PatchGANDiscriminator, UNetGenerator
from gans_jax.training import Experiment

experiment = Experiment(
    method=Pix2Pix(
        generator=UNetGenerator(size=64, features=32),
        discriminator=PatchGANDiscriminator(features=32, layers=2),
    ),
    data=data.PairedFolder(
        "data/facades/train", direction="b_to_a", size=64, augment=data.Augment()
    ),
    batch_size=4,
    iterations=6000,
    sample_every=1000,
    checkpoint_every=1000,
    samples=8,
)
