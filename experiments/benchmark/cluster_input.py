"""Times what one host of a simulated cluster of 1, 8 and 64 hosts reads, in turns.

    python -m experiments.benchmark.cluster_input --examples 1280000

Every host reads the same number of PNG files of 64x64 pixels from each batch, whose size grows with
the hosts. Only the input side runs, without devices, one host at a time on this machine. What could
make a host slower in a larger cluster is what it does for all hosts: it makes the permutation of
an epoch, which a larger cluster ends sooner. A line is a cluster: the images a second of a host,
the median over rounds with the range, then the milliseconds of a permutation and its share of the
time of an epoch.
"""

import argparse
import dataclasses
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from experiments.benchmark.timing import in_turns
from gans_jax import data, pictures
from gans_jax.data.order import permutation

HOSTS = (1, 8, 64)
FILES, SIZE = 256, 64


@dataclasses.dataclass(frozen=True)
class Repeated:
    """A folder of images that seems to hold `length` of them."""

    images: data.ImageFolder
    length: int

    def __len__(self) -> int:
        return self.length

    def __getitem__(self, index: int) -> dict[str, np.ndarray]:
        return self.images[index % len(self.images)]


@dataclasses.dataclass
class Host:
    """Reads its rows of one batch after another."""

    stream: data.Stream
    done: int = 0

    def run(self, num: int) -> None:
        """Reads `num` batches."""
        for t in range(self.done, self.done + num):
            self.stream[t]
        self.done += num


def write_images(folder: Path) -> None:
    """Writes PNG files of random blocks, which compress about as photos do."""
    rng = np.random.default_rng(0)
    for number in range(FILES):
        blocks = rng.integers(0, 256, (SIZE // 4, SIZE // 4, 3)).repeat(4, 0).repeat(4, 1)
        image = np.clip(blocks + rng.integers(-9, 9, (SIZE, SIZE, 3)), 0, 255)
        pictures.save(folder / f"{number}.png", image.astype(np.uint8))


def permutation_seconds(examples: int, rounds: int) -> float:
    """Returns the median time of the permutation of an epoch, each of a new epoch."""
    times = []
    for epoch in range(rounds):
        start = time.perf_counter()
        permutation.__wrapped__(examples, 0, epoch)
        times.append(time.perf_counter() - start)
    return float(np.median(times))


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--examples", type=int, default=1_280_000, help="of an epoch")
    parser.add_argument("--rows", type=int, default=64, help="of a batch that a host reads")
    parser.add_argument("--rounds", type=int, default=11, help="blocks of batches of each cluster")
    parser.add_argument("--batches", type=int, default=10, help="in a block")
    options = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory() as folder:
        write_images(Path(folder))
        source = Repeated(data.ImageFolder(folder, size=SIZE), options.examples)
        # The last host, whose rows are the farthest from the first.
        hosts = {
            str(n): Host(data.stream(source, n * options.rows, shard=(n - 1, n))) for n in HOSTS
        }
        seconds = in_turns(hosts, options.rounds, options.batches)
    shuffling = permutation_seconds(options.examples, options.rounds)
    for name, times in seconds.items():
        rates = options.rows / times
        rate, low, high = np.median(rates), rates.min(), rates.max()
        epoch = options.examples / int(name) / rate
        print(
            f"{name:>2} hosts: {rate:,.0f} images/s a host ({low:,.0f} to {high:,.0f}), "
            f"{1e3 * shuffling:.0f} ms of permutation are {shuffling / (epoch + shuffling):.3%} "
            "of an epoch"
        )


if __name__ == "__main__":
    main()
