"""Compares how fast gans_jax and PyTorch's DataLoader read images, in turns.

    python -m experiments.benchmark.input --json input.json

Four sets are made in a temporary folder: 64x64 PNG files, 256x256 JPEG files, and both packed, the
second with 30 pixels more for random windows and mirroring. The DataLoader always reads the files,
with Pillow and without torchvision, as a data set of PyTorch does; gans_jax reads the files or the
packed set. Both have the same number of workers: processes, and threads where gans_jax reads the
packed set. A round is a block of batches from either; the table has medians, in images per
second. It needs PyTorch: pip install -r requirements-torch.txt
"""

import argparse
import dataclasses
import functools
import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from PIL import Image, ImageOps

try:
    import torch
except ModuleNotFoundError:
    sys.exit("the benchmark needs PyTorch: on Python 3.11, pip install -r requirements-torch.txt")

from experiments.benchmark import machine
from experiments.benchmark.timing import in_turns
from gans_jax import data
from gans_jax.data.prefetch import Prefetched
from gans_jax.tools.pack import pack

MARGIN = 30
HEADER = (
    f"{'set':16}{'workers':>8}{'PyTorch':>10}{'gans_jax':>10}{'ratio':>8}  {'range':16}"
    f"{'target':>7}{'one core':>10}"
)


@dataclasses.dataclass(frozen=True)
class Case:
    """A set that both read.

    Attributes:
      name: its name in the table.
      source: what gans_jax reads.
      folder: the image files that PyTorch reads.
      size: the side of the images of a batch.
      augmented: whether windows are random, and half of them mirrored.
      target: the least ratio that is aimed at.
    """

    name: str
    source: data.source.Source
    folder: Path
    size: int
    augmented: bool
    target: float


@dataclasses.dataclass(frozen=True)
class Result:
    """The medians of a case, in images per second, and the ratio with its range.

    `one_core` is gans_jax without threads that read ahead.
    """

    name: str
    workers: int
    gans_jax: float
    pytorch: float
    ratio: float
    ratio_min: float
    ratio_max: float
    target: float
    one_core: float


class Files(torch.utils.data.Dataset):
    """The image files of a folder, as a user of PyTorch reads them without torchvision."""

    def __init__(self, case: Case) -> None:
        self._files = sorted(case.folder.iterdir())
        self._size, self._augmented = case.size, case.augmented

    def __len__(self) -> int:
        return len(self._files)

    def __getitem__(self, index: int) -> torch.Tensor:
        with Image.open(self._files[index]) as file:
            image = file.convert("RGB")
        if self._augmented:
            room = min(image.size) - self._size
            left, top = torch.randint(room + 1, (2,)).tolist()
            image = image.crop((left, top, left + self._size, top + self._size))
            image = ImageOps.mirror(image) if torch.rand(()) < 0.5 else image
        return torch.from_numpy(np.array(image)).permute(2, 0, 1)


class Ours:
    """Batches of a stream of gans_jax, read ahead by threads, or for files by processes."""

    def __init__(self, case: Case, batch_size: int, workers: int) -> None:
        self._stream, self._workers = data.stream(case.source, batch_size), workers
        self._next = 0
        self._read = self._stream.__getitem__
        if isinstance(case.source, data.ImageFolder):
            processes = data.Workers([self._stream], workers)
            self._read = functools.partial(processes.read, 0)

    def run(self, num: int) -> None:
        start, self._next = self._next, self._next + num
        buffer = 2 * self._workers  # as many as the DataLoader reads ahead
        places = range(start, self._next)
        for _ in Prefetched(self._read, places, self._workers + 1, buffer):
            pass


class Alone(Ours):
    """The same batches, read by one thread and none ahead."""

    def run(self, num: int) -> None:
        start, self._next = self._next, self._next + num
        for t in range(start, self._next):
            self._stream[t]


class Theirs:
    """Batches of PyTorch's DataLoader, in permutations of the files one after the other.

    A block begins with empty buffers, as in `Ours`; its processes live on.
    """

    def __init__(self, case: Case, batch_size: int, workers: int) -> None:
        self._files, self._batch_size, self._workers = Files(case), batch_size, workers
        self._loaders: dict[int, torch.utils.data.DataLoader] = {}

    def run(self, num: int) -> None:
        if num not in self._loaders:
            self._loaders[num] = self._loader(num)
            for _ in self._loaders[num]:  # starts the processes
                break
        for _ in self._loaders[num]:
            pass

    def _loader(self, num: int) -> torch.utils.data.DataLoader:
        return torch.utils.data.DataLoader(
            self._files,
            self._batch_size,
            sampler=torch.utils.data.RandomSampler(self._files, num_samples=num * self._batch_size),
            num_workers=self._workers,
            persistent_workers=True,
            multiprocessing_context="forkserver",  # a fork of a process with jax in it may hang
        )


def cases(folder: Path, num: int, workers: int) -> Iterator[Case]:
    """Makes the four sets in a folder, each of `num` images."""
    small, large = folder / "png_64", folder / "jpeg_256"
    _draw(small, num, 64, "png")
    yield Case("png 64", data.ImageFolder(str(small), size=64), small, 64, False, 1.0)
    _draw(large, num, 256, "jpeg")
    yield Case("jpeg 256", data.ImageFolder(str(large), size=256), large, 256, False, 1.0)
    packed = pack(data.ImageFolder(str(small), size=64), folder / "packed_64", threads=workers)
    yield Case("packed 64", packed, small, 64, False, 5.0)
    wide = folder / "jpeg_286"
    _draw(wide, num, 256 + MARGIN, "jpeg")
    source = data.ImageFolder(str(wide), size=256)
    packed = pack(source, folder / "packed_256", margin=MARGIN, threads=workers)
    yield Case("packed 256 crop", packed, wide, 256, True, 5.0)


def _draw(folder: Path, num: int, size: int, suffix: str) -> None:
    """Writes images that compress about as photos do: smooth, with a little noise."""
    folder.mkdir()
    for index in range(num):
        rng = np.random.default_rng(index)
        coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), np.uint8))
        smooth = np.asarray(coarse.resize((size, size), Image.Resampling.BICUBIC), np.float32)
        noisy = smooth + rng.normal(0, 8, smooth.shape)
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(
            folder / f"{index:06}.{suffix}"
        )


def measure(case: Case, batch_size: int, workers: int, rounds: int, images: int) -> Result:
    """Times blocks of `images` images of a case in turns, and returns the medians."""
    kinds = {"theirs": Theirs, "ours": Ours, "alone": Alone}
    runners = {name: kind(case, batch_size, workers) for name, kind in kinds.items()}
    num = max(1, images // batch_size)
    runners["theirs"].run(num)  # the processes start now, and are not timed
    times = in_turns(runners, rounds, num)
    rates = {name: batch_size / float(np.median(seconds)) for name, seconds in times.items()}
    ratios = times["theirs"] / times["ours"]
    return Result(
        case.name,
        workers,
        gans_jax=rates["ours"],
        pytorch=rates["theirs"],
        ratio=rates["ours"] / rates["theirs"],
        ratio_min=float(ratios.min()),
        ratio_max=float(ratios.max()),
        target=case.target,
        one_core=rates["alone"],
    )


def line(result: Result) -> str:
    """Returns the line of the table."""
    spread = f"{result.ratio_min:.2f} to {result.ratio_max:.2f}"
    return (
        f"{result.name:16}{result.workers:8}{result.pytorch:10,.0f}{result.gans_jax:10,.0f}"
        f"{result.ratio:8.2f}  {spread:16}{result.target:7.1f}{result.one_core:10,.0f}"
    )


def main() -> None:
    arguments = _arguments()
    machine.configure()
    torch.set_num_threads(1)  # what the workers have, too
    print(machine.describe())
    if warning := machine.warning():
        print(f"warning: {warning}", file=sys.stderr)
    print(HEADER, flush=True)
    measured: list[Result] = []
    how = arguments.batch_size, arguments.workers, arguments.rounds
    with tempfile.TemporaryDirectory() as folder:
        for case in cases(Path(folder), arguments.num, arguments.workers):
            measured.append(measure(case, *how, arguments.num))
            print(line(measured[-1]), flush=True)
            if arguments.json:
                found = [dataclasses.asdict(result) for result in measured]
                arguments.json.write_text(json.dumps(found, indent=2) + "\n")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--num", type=int, default=2000, help="images of a set (default 2000)")
    parser.add_argument("--batch-size", type=int, default=64, help="of a batch (default 64)")
    parser.add_argument(
        "--workers", type=int, default=machine.cores(), help="of both (default: one a core)"
    )
    parser.add_argument("--rounds", type=int, default=7, help="blocks of each (default 7)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as a list")
    return parser.parse_args()


if __name__ == "__main__":
    main()
