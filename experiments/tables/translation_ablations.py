"""The ablations of pix2pix and CycleGAN, row by row, on facades.

    python experiments/translation_ablations.py --data facades --out runs/ablations
    python experiments/translation_ablations.py --data facades --rows l1,l1_cgan

`facades` holds pix2pix's folders `train` (400 pairs, to train on) and `test` (106, to score on);
iterations are fixed below, and nothing is chosen by scores. Each row trains with seed 0 and leaves
NAME.json and NAME.png (inputs, translations, truths) in `--out`; a row whose JSON is there is not
run again, so that a stopped program goes on with the next row. At the end all rows that are there
are printed.

Labels to photo is scored by a network that was trained on the real training pairs and reads the
classes of the photo, photo to labels by the nearest colours (`translation_scores.py`); the row
`truth` scores the real images alike: of the photos that network reads just over half. `sharpness`
is the mean gradient of the translations over that of the real images, `twice` the accuracy of
translations of labels at twice the training size, read at the training size, `ms` the time of the
translation of one image. The papers' tables are on Cityscapes at 256 pixels, after many more
iterations: orders of rows can be compared, numbers cannot.

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
  its photos are grey smears, in which the network reads classes as well as in real ones.
- Without skips almost nothing of the labels arrives. L2 is as blurred as L1. Patches of one pixel
  leave the blur and, against the paper, add no colour yet; those of 16 are nearly as blurred. 70
  are the sharpest, and the whole image is worse in both numbers, as in the paper.
- Twice the size costs no accuracy. A translation takes 6 to 14 ms (U-Net of 16 features at 128
  pixels) or 20 to 30 ms (ResNet at 64), with a neighbour on the other core.
- CycleGAN's rows, but GAN with the forward cycle, are no better than the encoder-decoders, whose
  pictures show nothing of the labels: after 1,000 iterations the order of its tables 4 and 5 does
  not show.
"""

import argparse
import dataclasses
import functools
import json
import time
from pathlib import Path
from typing import Any

import jax
import numpy as np
import translation_scores as scores
from flax import serialization

from gans_jax import CycleGAN, Pix2Pix, data, ops, pictures
from gans_jax.data.image import resize, to_uint8
from gans_jax.networks import (
    PatchGANDiscriminator,
    PixelGANDiscriminator,
    ResNetGenerator,
    TwoGenerators,
    UNetGenerator,
)

SHOWN = 6


@dataclasses.dataclass(frozen=True)
class Row:
    """What is trained, on pairs in the direction of `labels`, or taken apart."""

    method: Any
    size: int
    iterations: int
    batch_size: int
    labels: str = "a"

    def pairs(self, folder: Path, split: str) -> data.PairedFolder:
        direction = "b_to_a" if self.labels == "a" else "a_to_b"
        return data.PairedFolder(str(folder / split), direction=direction, size=self.size)

    def source(self, folder: Path) -> Any:
        pairs = dataclasses.replace(self.pairs(folder, "train"), augment=data.Augment())
        return data.Unaligned(pairs) if isinstance(self.method, CycleGAN) else pairs


def _pix2pix(
    discriminator: Any = None, skip: bool = True, labels: str = "a", **settings: Any
) -> Row:
    method = Pix2Pix(
        UNetGenerator(size=128, features=16, skip=skip),
        discriminator or PatchGANDiscriminator(features=16, layers=3),
        **settings,
    )
    return Row(method, size=128, iterations=600, batch_size=4, labels=labels)


def _cyclegan(**settings: Any) -> Row:
    generator = ResNetGenerator(features=16, blocks=6)
    method = CycleGAN(
        TwoGenerators(generator, generator),
        PatchGANDiscriminator(features=16, layers=2, norm="instance"),
        identity_weight=0.0,
        **settings,
    )
    return Row(method, size=64, iterations=1000, batch_size=1)


_L1, _CGAN = {"adversarial": False}, {"weight": 0.0}
_patch = functools.partial(PatchGANDiscriminator, features=16)
ROWS = {
    "l1": _pix2pix(**_L1),
    "l2": _pix2pix(**_L1, distance="l2"),
    "gan": _pix2pix(weight=0.0, conditional=False),
    "cgan": _pix2pix(**_CGAN),
    "l1_gan": _pix2pix(conditional=False),
    "l1_cgan": _pix2pix(),
    "l1_cgan_patch1": _pix2pix(PixelGANDiscriminator(features=16)),
    "l1_cgan_patch16": _pix2pix(_patch(layers=1)),
    "l1_cgan_patch286": _pix2pix(_patch(layers=5)),
    "l1_encoder_decoder": _pix2pix(skip=False, **_L1),
    "l1_cgan_encoder_decoder": _pix2pix(skip=False),
    "labels_l1": _pix2pix(labels="b", **_L1),
    "labels_cgan": _pix2pix(labels="b", **_CGAN),
    "labels_l1_cgan": _pix2pix(labels="b"),
    "cycle_alone": _cyclegan(adversarial=False),
    "gan_alone": _cyclegan(forward_weight=0.0, backward_weight=0.0),
    "gan_forward": _cyclegan(backward_weight=0.0),
    "gan_backward": _cyclegan(forward_weight=0.0),
    "cyclegan": _cyclegan(),
}


class Judge:
    """The real test pairs at one size, and what reads labels from images of either domain."""

    def __init__(self, folder: Path, out: Path, size: int) -> None:
        pairs = dataclasses.replace(ROWS["l1"], size=size).pairs
        self.real = scores.stacked(pairs(folder, "test"))
        self.truth = scores.true_labels(pairs(folder, "test"), "a", size)
        self.segmenter = _segmenter(pairs(folder, "train"), out / f"segmenter_{size}.msgpack")

    def __call__(self, images: np.ndarray, domain: str) -> dict[str, float]:
        """Scores of labels (domain a) or photos (b)."""
        if domain == "a":
            found = scores.read_labels(images)
        else:
            found = scores.read_photos(self.segmenter, images)
        sharpness = scores.sharpness(images) / scores.sharpness(self.real[domain])
        return scores.label_scores(self.truth, found) | {"sharpness": sharpness}


def _segmenter(train: data.PairedFolder, file: Path) -> Any:
    if not file.exists():
        photos, truth = scores.stacked(train)["b"], scores.true_labels(train, "a", train.size)
        file.write_bytes(serialization.to_bytes(scores.train_segmenter(photos, truth)))
    return serialization.msgpack_restore(file.read_bytes())


def judged(row: Row, state: Any, folder: Path, judge: Judge, picture: Path) -> dict[str, Any]:
    """The scores of each direction that the row has learned; draws the first pairs."""
    directions = [("a_to_b", "a", "b")]
    if isinstance(row.method, CycleGAN):
        directions.append(("b_to_a", "b", "a"))
    found, shown = {}, []
    for direction, source, target in directions:
        # The row's own a and b, of which the judge knows the labels as a.
        domains = [side if row.labels == "a" else "ba"["ab".index(side)] for side in "ab"]
        given, wanted = (domains["ab".index(side)] for side in (source, target))
        images = judge.real[given]
        made = scores.translated(row.method, state, images, row.batch_size, direction)
        name = {"a": "labels", "b": "photo"}[wanted]
        found[name] = judge(made, wanted)
        found[name]["ms"] = _milliseconds(row.method, state, images[:1], direction)
        if direction == "a_to_b" and wanted == "b" and row.size == 128:
            found[name]["twice"] = _twice(row, state, folder, judge)
        shown += [scores.as_float(images[:SHOWN]), made[:SHOWN]]
        shown.append(scores.as_float(judge.real[wanted][:SHOWN]))
    pictures.save(picture, pictures.grid(np.concatenate(shown), columns=SHOWN))
    return found


def _milliseconds(method: Any, state: Any, image: np.ndarray, direction: str) -> float:
    translate = jax.jit(functools.partial(method.translate, direction=direction))
    times = []
    for _ in range(12):
        start = time.perf_counter()
        jax.block_until_ready(translate(state, image))
        times.append(time.perf_counter() - start)
    return 1e3 * float(np.median(times[2:]))


def _twice(row: Row, state: Any, folder: Path, judge: Judge) -> float:
    """Per-pixel accuracy of photos from labels at twice the size, read at the size of training."""
    labels = dataclasses.replace(row.pairs(folder, "test"), size=2 * row.size)
    made = scores.translated(row.method, state, scores.stacked(labels)["a"], row.batch_size)
    halved = np.stack([resize(image, row.size, row.size) for image in to_uint8(made)])
    return judge(halved, "b")["pixel_accuracy"]


def run(name: str, folder: Path, out: Path, iterations: int | None) -> dict[str, Any]:
    """Trains and scores a row, or scores the real images for `truth_SIZE`."""
    if name.startswith("truth"):
        judge = Judge(folder, out, int(name.removeprefix("truth_")))
        return {n: judge(judge.real[d], d) for n, d in (("labels", "a"), ("photo", "b"))}
    row = ROWS[name]
    row = dataclasses.replace(row, iterations=iterations or row.iterations)
    judge = Judge(folder, out, row.size)
    training = row.method, row.source(folder), row.batch_size, row.iterations
    state, seconds = scores.trained(*training)
    found = judged(row, state, folder, judge, out / f"{name}.png")
    return found | {"seconds": seconds, "iterations": row.iterations, "size": row.size}


def show(out: Path) -> None:
    """Prints a table for each direction of all rows that are there."""
    files = {name: out / f"{name}.json" for name in NAMES}
    found = {name: json.loads(file.read_text()) for name, file in files.items() if file.exists()}
    columns = ("pixel_accuracy", "class_accuracy", "class_iou", "sharpness", "twice", "ms")
    for direction, title in (("photo", "labels to photo"), ("labels", "photo to labels")):
        heads = ("pixel", "class", "IoU", "sharpness", "twice", "ms")
        print(f"\n| {title} | size | {' | '.join(heads)} | seconds |")
        print("|---" * (len(heads) + 3) + "|")
        for name, row in ((n, r) for n, r in found.items() if direction in r):
            values = [row[direction].get(column) for column in columns]
            cells = ["" if v is None else f"{v:.1f}" if v > 10 else f"{v:.2f}" for v in values]
            size = row.get("size", name.split("_")[-1])
            print(f"| {name} | {size} | {' | '.join(cells)} | {row.get('seconds', 0):.0f} |")


NAMES = ("truth_128", "truth_64", *ROWS)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, default=Path("data/facades"))
    parser.add_argument("--out", type=Path, default=Path("runs/ablations"))
    parser.add_argument("--rows", default=",".join(NAMES), help="names, separated by commas")
    parser.add_argument("--iterations", type=int, help="of every row, to try the program")
    options = parser.parse_args()
    names = options.rows.split(",")
    if unknown := sorted(set(names) - set(NAMES)):
        parser.error(f"there is no row {', '.join(unknown)}: choose from {', '.join(NAMES)}")
    ops.keep_freed_memory()
    options.out.mkdir(parents=True, exist_ok=True)
    for name in names:
        file = options.out / f"{name}.json"
        if not file.exists():
            found = run(name, options.data, options.out, options.iterations)
            file.write_text(json.dumps(found, indent=1) + "\n")
            print(name, "done", flush=True)
    show(options.out)


if __name__ == "__main__":
    main()
