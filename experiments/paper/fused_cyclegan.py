"""CycleGAN with one encoder for both directions, on paintings and on photos of two seasons.

    python -m gans_jax train experiments/paper/fused_cyclegan.py:report \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/fused_cyclegan.py:monet2photo \\
        --data.a.data-dir DIR --data.b.data-dir DIR
    python -m gans_jax train experiments/paper/fused_cyclegan.py:summer2winter \\
        --data.a.data-dir DIR --data.b.data-dir DIR

Not run here: it needs an accelerator. Prepare `cycle_gan/monet2photo` or
`cycle_gan/summer2winter_yosemite` with tfds in the array_record format.

`report` is the public code of the report that proposes the fused encoder
(Evil-Incorporated/basic-gans): 32 filters, reflected borders, no identity loss, discriminators of
64 filters whose last two layers have padding 3 and whose logits are averaged over the image, photos
of 128 pixels without jitter, a decay to 0 over the last 100 epochs. It is half as wide as what the
report compares it with; `experiments/tables/fused_encoder_cost.py` has the cost of both.

`monet2photo` and `summer2winter` are as wide as CycleGAN. Their generators of 128 pixels share two
strided convolutions and the first three of their six blocks. All else is CycleGAN's for 128 pixels
(Zhu et al. 2017, section 4): 143 pixels cut to 128, a history of 50 images, batches of 1, Adam 2e-4
with b1 0.5, weight 10 for the cycle. An epoch is the larger set; 100 epochs are followed by 100
more of linear decay.
"""

from gans_jax import CycleGAN, data, schedules
from gans_jax.networks import PatchGANDiscriminator, SharedEncoderTranslator
from gans_jax.training import Experiment


def fused_cyclegan(tfds: str, epoch: int, identity_weight: float) -> Experiment:
    """Returns the experiment on a data set whose larger domain has `epoch` images."""
    return Experiment(
        method=CycleGAN(
            translator=SharedEncoderTranslator(features=64, encoder_blocks=3, decoder_blocks=3),
            discriminator=PatchGANDiscriminator(features=64, layers=3, norm="instance"),
            identity_weight=identity_weight,
            schedule=schedules.EpochDecay(epoch),
        ),
        data=data.Unpaired(
            data.TFDS(tfds, "trainA"),
            data.TFDS(tfds, "trainB"),
            size=128,
            augment=data.Augment(),
        ),
        batch_size=1,
        iterations=200 * epoch,
        log_every=100,
        sample_every=epoch,
        checkpoint_every=5 * epoch,
        samples=8,
    )


_WINTER = "cycle_gan/summer2winter_yosemite"
_SUMMER_PHOTOS = 1231

experiments = {
    "report": Experiment(
        method=CycleGAN(
            translator=SharedEncoderTranslator(
                features=32, encoder_blocks=3, decoder_blocks=3, borders="reflected"
            ),
            discriminator=PatchGANDiscriminator(
                features=64, layers=3, norm="instance", last_padding=3, average=True
            ),
            schedule=schedules.EpochDecay(_SUMMER_PHOTOS, constant=101, decay=99),
        ),
        data=data.Unpaired(data.TFDS(_WINTER, "trainA"), data.TFDS(_WINTER, "trainB"), size=128),
        batch_size=1,
        iterations=200 * _SUMMER_PHOTOS,
        log_every=100,
        sample_every=_SUMMER_PHOTOS,
        checkpoint_every=5 * _SUMMER_PHOTOS,
        samples=8,
    ),
    # 1,072 of Monet's paintings and 6,287 photos. The identity loss has half of the cycle's weight.
    "monet2photo": fused_cyclegan("cycle_gan/monet2photo", epoch=6287, identity_weight=5.0),
    # 1,231 photos of Yosemite in summer and 962 in winter, without the identity loss.
    "summer2winter": fused_cyclegan(_WINTER, epoch=_SUMMER_PHOTOS, identity_weight=0.0),
}
