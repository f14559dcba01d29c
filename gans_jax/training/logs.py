"""Where a run's metrics and pictures go: its folder, TensorBoard and the terminal."""

import json
import math
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from gans_jax.training import pictures
from gans_jax.training.folder import replace


class Logs:
    """The open log files of a run, a context manager.

    Lines of `metrics.jsonl` after iteration `start`, written before a crash, are dropped. `title`
    is that of the progress bar, None for no bar.
    """

    def __init__(self, workdir: Path, start: int, iterations: int, title: str | None) -> None:
        from tensorboardX import SummaryWriter

        self._samples = workdir / "samples"
        self._samples.mkdir(exist_ok=True)
        self._began = time.perf_counter()
        self._seen, self._since = 0, None
        keep_lines(workdir / "metrics.jsonl", start)
        self._lines = (workdir / "metrics.jsonl").open("a")
        self._board = SummaryWriter(str(workdir), purge_step=start + 1)
        self._bar = progress_bar(title, iterations, start)

    def __enter__(self) -> "Logs":
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bar.close()
        self._board.close()
        self._lines.close()

    def advance(self, iterations: int, images: int) -> None:
        """Counts a dispatch of so many iterations, which have read that many real images in all."""
        self._bar.update(iterations)
        if self._since is None:  # the first dispatch compiles, which says nothing of the speed
            self._since = time.perf_counter()
        else:
            self._seen += images

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Writes the metrics of iteration number `step`, null for what is not finite."""
        now = time.perf_counter()
        rate = self._seen / (now - self._since) if self._seen else None
        self._seen, self._since = 0, now
        line = {"step": step, "seconds": round(now - self._began, 3), "images_per_second": rate}
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        line |= dict.fromkeys(values) | finite
        print(json.dumps(line, allow_nan=False), file=self._lines, flush=True)
        for name, value in finite.items():
            self._board.add_scalar(name, value, step)
        shown = {k: v for k, v in values.items() if k.endswith("_loss") or k == "wasserstein"}
        if rate:
            self._board.add_scalar("images_per_second", rate, step)
            shown["images/s"] = rate
        self._bar.set_postfix({k: f"{v:.4g}" for k, v in shown.items()}, refresh=False)

    def picture(self, step: int, picture: np.ndarray) -> None:
        """Saves a uint8 picture of samples, `samples/{step}.png`."""
        pictures.save(self._samples / f"{step:08d}.png", picture)
        self._board.add_image("samples", picture, step, dataformats="HWC")


def progress_bar(title: str | None, total: int, start: int = 0, unit: str = "it") -> Any:
    """A bar of tqdm on the standard error, which shows nothing if it has no title."""
    from tqdm import tqdm

    # Without a terminal every refresh is one more line of a log file.
    interval = 0.2 if sys.stderr.isatty() else 30
    return tqdm(
        *(None, title, total),
        initial=start,
        disable=title is None,
        unit=unit,
        mininterval=interval,
        dynamic_ncols=True,
    )


def read_metrics(path: Path) -> list[dict[str, float]]:
    """The lines of a metrics file, up to one that a crash has cut off."""
    lines = []
    for text in path.read_text().splitlines() if path.exists() else ():
        try:
            lines.append(json.loads(text))
        except json.JSONDecodeError:
            break
    return lines


def keep_lines(path: Path, last: int) -> None:
    """Drops the lines after iteration `last` from a metrics file, if there is one."""
    kept = [line for line in read_metrics(path) if line["step"] <= last]
    replace(path, "".join(json.dumps(line) + "\n" for line in kept))
