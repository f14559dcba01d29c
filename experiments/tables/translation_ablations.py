"""The ablations of pix2pix and CycleGAN on facades, one row each.

    python -m experiments.tables.translation_ablations --data facades --out runs/ablations
    python -m experiments.tables.translation_ablations --data facades --rows l1,l1_cgan

`facades` holds pix2pix's folders `train` (400 pairs, to train on) and `test` (106, to score on).
The iterations are fixed below, and scores choose nothing. Each row trains with seed 0 and writes
NAME.json and NAME.png (inputs, translations, truths) into `--out`. A row whose JSON file is there
is not run again, so that a stopped program goes on with its next row. At the end the program prints
all rows that are there.

A network that was trained on the real training pairs reads the classes of a photo, and so scores
labels to photo; the nearest colours score photo to labels (`facade_labels.py`). The rows
`truth_128` and `truth_64` score the real images in the same way: of real photos that network reads
just over half. `sharpness` is the mean gradient of the translations over the mean gradient of the
real images, `spread` how far two translations of an image are apart by their noise (the mean
absolute difference of values in [-1, 1]), `twice` the accuracy of translations of labels at twice
the training size, read at the training size, and `ms` the time of the translation of one image. The
papers' tables are on Cityscapes at 256 pixels, after many more iterations: the order of rows can be
compared with them, numbers cannot.

Measured on one core of an AVX-512 Xeon, jax 0.10.2, Python 3.11, 2026-11-22, seed 0; 600 iterations
of 4 pairs for pix2pix, 1,000 of one for CycleGAN. Pixel and class accuracy, IoU and sharpness:

| labels to photo | pixel | class | IoU | sharpness | twice | seconds |
|---|---|---|---|---|---|---|
| truth at 128, at 64 pixels | 0.54, 0.51 | 0.28, 0.25 | 0.19, 0.17 | 1 | | |
| L1 | 0.54 | 0.30 | 0.20 | 0.27 | 0.53 | 68 |
| L2 | 0.55 | 0.30 | 0.21 | 0.25 | 0.55 | 66 |
| GAN | 0.30 | 0.12 | 0.07 | 1.04 | 0.29 | 117 |
| cGAN | 0.40 | 0.18 | 0.11 | 1.13 | 0.42 | 131 |
| L1+GAN | 0.51 | 0.25 | 0.17 | 0.87 | 0.52 | 123 |
| L1+cGAN (patch 70) | 0.51 | 0.26 | 0.17 | 0.60 | 0.54 | 125 |
| patch 1 | 0.54 | 0.30 | 0.20 | 0.28 | 0.53 | 127 |
| patch 16 | 0.53 | 0.29 | 0.19 | 0.32 | 0.53 | 135 |
| patch 286, the whole image | 0.48 | 0.23 | 0.15 | 0.45 | 0.51 | 127 |
| encoder-decoder, L1 | 0.31 | 0.11 | 0.06 | 0.09 | 0.32 | 47 |
| encoder-decoder, L1+cGAN | 0.31 | 0.11 | 0.07 | 0.48 | 0.31 | 118 |
| cycle alone | 0.28 | 0.11 | 0.06 | 0.72 | | 326 |
| GAN alone | 0.32 | 0.11 | 0.06 | 1.05 | | 361 |
| GAN and forward cycle | 0.38 | 0.15 | 0.09 | 0.90 | | 388 |
| GAN and backward cycle | 0.32 | 0.12 | 0.07 | 1.18 | | 396 |
| CycleGAN | 0.31 | 0.12 | 0.07 | 0.95 | | 351 |

| photo to labels | pixel | class | IoU | sharpness |
|---|---|---|---|---|
| truth at 128, at 64 pixels | 0.92, 0.90 | 0.89, 0.86 | 0.80, 0.75 | 1 |
| L1 | 0.39 | 0.14 | 0.07 | 0.41 |
| cGAN | 0.22 | 0.12 | 0.06 | 1.45 |
| L1+cGAN | 0.39 | 0.15 | 0.08 | 0.78 |
| cycle alone | 0.16 | 0.08 | 0.04 | 1.02 |
| GAN alone | 0.22 | 0.10 | 0.04 | 1.06 |
| GAN and forward cycle | 0.20 | 0.10 | 0.05 | 1.36 |
| GAN and backward cycle | 0.21 | 0.10 | 0.05 | 1.72 |
| CycleGAN | 0.20 | 0.09 | 0.05 | 1.25 |

- L1+cGAN is above cGAN, and cGAN above GAN alone, as in pix2pix's table 1. By eye GAN alone keeps
  some outlines and paints the same texture over all of them. L1 alone is not below L1+cGAN here:
  its photos are grey smears, in which the network reads classes as well as in real photos.
- Without skips almost nothing of the labels arrives. L2 is as blurred as L1. Patches of one pixel
  leave the blur and, against the paper, add no colour yet; patches of 16 are nearly as blurred.
  Patches of 70 are the sharpest, and the whole image is worse in both numbers, as in the paper.
- Twice the size costs no accuracy. A translation takes 6 to 14 ms (U-Net of 16 features at 128
  pixels) or 20 to 30 ms (ResNet at 64), with a neighbour on the other core.
- Noise (2026-11-29, seed 0, another network that reads classes, 101 to 139 s a row): by dropout, by
  a Gaussian z of 8 channels beside the input, and without any, the pixel accuracy is 0.52, 0.49 and
  0.51, and `spread` is 0.04, 0.05 and 0. So z is not ignored after 600 iterations, though section
  3.1 of pix2pix's paper says that it was; both kinds of noise change the images little.
- CycleGAN's rows, except for GAN with the forward cycle, are no better than the encoder-decoders,
  whose pictures show nothing of the labels: after 1,000 iterations the order of CycleGAN's tables 4
  and 5 does not show.
"""

import dataclasses
import functools
import time
from pathlib import Path
from typing import Any

import chex
import flax.linen as nn
import jax
import numpy as np
from flax import serialization

from experiments.common import facade_labels, saved_rows
from experiments.common import translation_scores as scores
from experiments.common.fit import train
from gans_jax import CycleGAN, Pix2Pix, data, pictures
from gans_jax.core import files
from gans_jax.data.image import resize, to_uint8
from gans_jax.networks import (
    NoiseChannels,
    PatchGANDiscriminator,
    PixelGANDiscriminator,
    ResNetGenerator,
    TwoGenerators,
    UNetGenerator,
)

SHOWN = 6


@dataclasses.dataclass(frozen=True)
class Row:
    """A method and how it is trained; `labels` is the side of the pairs with the label images."""

    method: Pix2Pix | CycleGAN
    size: int
    iterations: int
    batch_size: int
    labels: str = "a"

    def pairs(self, folder: Path, split: str) -> data.PairedFolder:
        """Returns the pairs of a split, without jitter."""
        direction = "b_to_a" if self.labels == "a" else "a_to_b"
        return data.PairedFolder(str(folder / split), direction=direction, size=self.size)

    def source(self, folder: Path) -> data.PairedFolder | data.Unaligned:
        """Returns the training data, with jitter; CycleGAN's pairs are taken apart."""
        pairs = dataclasses.replace(self.pairs(folder, "train"), augment=data.Augment())
        return data.Unaligned(pairs) if isinstance(self.method, CycleGAN) else pairs

    def shows(self, side: str) -> str:
        """Returns what the images of a side show: "labels" or "photo"."""
        return "labels" if side == self.labels else "photo"


_UNET = UNetGenerator(size=128, features=16)


def _pix2pix(
    discriminator: nn.Module | None = None,
    generator: nn.Module = _UNET,
    labels: str = "a",
    **settings: Any,
) -> Row:
    method = Pix2Pix(
        generator,
        discriminator or PatchGANDiscriminator(features=16, layers=3),
        **settings,
    )
    return Row(method, size=128, iterations=600, batch_size=4, labels=labels)


def _cyclegan(**settings: Any) -> Row:
    generator = ResNetGenerator(features=16, blocks=6)
    method = CycleGAN(
        TwoGenerators(generator, generator),
        PatchGANDiscriminator(features=16, layers=2, norm="instance"),
        **settings,
    )
    return Row(method, size=64, iterations=1000, batch_size=1)


_L1, _CGAN = {"adversarial": False}, {"weight": 0.0}
ROWS = {
    "l1": _pix2pix(**_L1),
    "l2": _pix2pix(**_L1, distance="l2"),
    "gan": _pix2pix(weight=0.0, conditional=False),
    "cgan": _pix2pix(**_CGAN),
    "l1_gan": _pix2pix(conditional=False),
    "l1_cgan": _pix2pix(),
    "l1_cgan_patch1": _pix2pix(PixelGANDiscriminator(features=16)),
    "l1_cgan_patch16": _pix2pix(PatchGANDiscriminator(features=16, layers=1)),
    "l1_cgan_patch286": _pix2pix(PatchGANDiscriminator(features=16, layers=5)),
    "l1_encoder_decoder": _pix2pix(generator=_UNET.clone(skip=False), **_L1),
    "l1_cgan_encoder_decoder": _pix2pix(generator=_UNET.clone(skip=False)),
    "l1_cgan_z": _pix2pix(generator=NoiseChannels(_UNET.clone(dropout=0.0), channels=8)),
    "l1_cgan_no_noise": _pix2pix(generator=_UNET.clone(dropout=0.0)),
    "labels_l1": _pix2pix(labels="b", **_L1),
    "labels_cgan": _pix2pix(labels="b", **_CGAN),
    "labels_l1_cgan": _pix2pix(labels="b"),
    "cycle_alone": _cyclegan(adversarial=False),
    "gan_alone": _cyclegan(forward_weight=0.0, backward_weight=0.0),
    "gan_forward": _cyclegan(backward_weight=0.0),
    "gan_backward": _cyclegan(forward_weight=0.0),
    "cyclegan": _cyclegan(),
}
NAMES = ("truth_128", "truth_64", *ROWS)


class Judge:
    """Scores labels and photos of the test pairs at one size.

    `real` holds the real images by what they show, "labels" or "photo".
    """

    def __init__(self, folder: Path, out: Path, size: int) -> None:
        pairs = dataclasses.replace(ROWS["l1"], size=size).pairs
        test = scores.stacked(pairs(folder, "test"))
        self.real = {"labels": test["a"], "photo": test["b"]}
        self.truth = facade_labels.true_labels(pairs(folder, "test"), "a", size)
        self.segmenter = _segmenter(pairs(folder, "train"), out / f"segmenter_{size}.msgpack")

    def __call__(self, images: np.ndarray, shows: str) -> dict[str, float]:
        """Returns the scores of images `[n, size, size, 3]` that are to be "labels" or "photo"."""
        if shows == "labels":
            found = facade_labels.read_labels(images)
        else:
            found = facade_labels.read_photos(self.segmenter, images)
        sharpness = scores.sharpness(images) / scores.sharpness(self.real[shows])
        return facade_labels.label_scores(self.truth, found) | {"sharpness": sharpness}


def _segmenter(train_pairs: data.PairedFolder, file: Path) -> chex.ArrayTree:
    """Returns the parameters in the file, which are trained and written first if it is missing."""
    if not file.exists():
        photos = scores.stacked(train_pairs)["b"]
        truth = facade_labels.true_labels(train_pairs, "a", train_pairs.size)
        params = facade_labels.train_segmenter(photos, truth)
        files.write(file, serialization.to_bytes(params))
    return serialization.msgpack_restore(file.read_bytes())


def judged(row: Row, state: Any, folder: Path, judge: Judge, picture: Path) -> dict[str, Any]:
    """Returns the scores of each direction that the row has learned, and draws the first pairs."""
    found, shown = {}, {}
    for direction in row.method.directions:
        source, target = (row.shows(side) for side in direction.split("_to_"))
        images = judge.real[source]
        made = scores.translated(row.method, state, images, row.batch_size, direction)
        found[target] = judge(made, target)
        found[target]["ms"] = _milliseconds(row.method, state, images[:1], direction)
        found[target]["spread"] = scores.spread(
            row.method, state, images, row.batch_size, direction
        )
        if direction == "a_to_b" and target == "photo" and row.size == 128:
            found[target]["twice"] = _twice(row, state, folder, judge)
        truth = scores.as_float(judge.real[target][:SHOWN])
        shown |= {source: scores.as_float(images[:SHOWN]), f"made {target}": made[:SHOWN]}
        shown[f"true {target}"] = truth
    grid = pictures.grid(np.concatenate([*shown.values()]), columns=SHOWN)
    pictures.save(picture, pictures.titled(grid, rows=[*shown]))
    return found


def _milliseconds(
    method: Pix2Pix | CycleGAN, state: Any, image: np.ndarray, direction: str
) -> float:
    """Returns how long the translation of one image takes, a median."""
    translate = jax.jit(
        functools.partial(method.translate, direction=direction, deterministic=True)
    )
    times = []
    for _ in range(12):
        start = time.perf_counter()
        jax.block_until_ready(translate(state, image))
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times[2:]))


def _twice(row: Row, state: Any, folder: Path, judge: Judge) -> float:
    """Returns the pixel accuracy of photos made at twice the size and read at the size trained."""
    labels = dataclasses.replace(row.pairs(folder, "test"), size=2 * row.size)
    made = scores.translated(row.method, state, scores.stacked(labels)["a"], row.batch_size)
    halved = np.stack([resize(image, row.size, row.size) for image in to_uint8(made)])
    return judge(halved, "photo")["pixel_accuracy"]


def run(name: str, folder: Path, out: Path, iterations: int | None) -> dict[str, Any]:
    """Trains and scores a row, or scores the real images for `truth_SIZE`."""
    if name.startswith("truth"):
        judge = Judge(folder, out, int(name.removeprefix("truth_")))
        return {shows: judge(images, shows) for shows, images in judge.real.items()}
    row = ROWS[name]
    row = dataclasses.replace(row, iterations=iterations or row.iterations)
    judge = Judge(folder, out, row.size)
    state, seconds = train(row.method, row.source(folder), row.batch_size, row.iterations)
    found = judged(row, state, folder, judge, out / f"{name}.png")
    return found | {"seconds": seconds, "iterations": row.iterations, "size": row.size}


def show(out: Path) -> None:
    """Prints one table for each direction, of all rows that are there."""
    heads = ("pixel", "class", "IoU", "sharpness", "spread", "twice", "ms")
    columns = ("pixel_accuracy", "class_accuracy", "class_iou", *heads[3:])
    for target, title in (("photo", "labels to photo"), ("labels", "photo to labels")):
        print(f"\n| {title} | size | {' | '.join(heads)} | seconds |")
        print("|---" * (len(heads) + 3) + "|")
        for name, row in saved_rows.read(NAMES, out):
            if target not in row:
                continue
            values = [row[target].get(column) for column in columns]
            cells = ["" if v is None else f"{v:.1f}" if v > 10 else f"{v:.2f}" for v in values]
            size = row.get("size", name.split("_")[-1])
            print(f"| {name} | {size} | {' | '.join(cells)} | {row.get('seconds', 0):.0f} |")


def main() -> None:
    parser = saved_rows.parser(__doc__, NAMES, "runs/ablations")
    parser.add_argument("--data", type=Path, default=Path("data/facades"), help="pix2pix's facades")
    parser.add_argument("--iterations", type=int, help="of every row, to try the program")
    options = parser.parse_args()

    def compute(name: str) -> dict[str, Any]:
        return run(name, options.data, options.out, options.iterations)

    saved_rows.compute(options.rows, options.out, compute)
    show(options.out)


if __name__ == "__main__":
    main()
