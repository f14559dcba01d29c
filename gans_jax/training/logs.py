"""Where a run's metrics and pictures go: its folder, TensorBoard and the terminal."""

import contextlib
import json
import math
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gans_jax import pictures
from gans_jax.runs.metrics_file import keep_lines
from gans_jax.runs.progress import progress_bar


class Logs:
    """The open log files of a run, a context manager.

    Lines of `metrics.jsonl` after iteration `start`, written before a crash, are dropped. `title`
    is that of the progress bar, None for no bar.
    """

    def __init__(self, workdir: Path, start: int, iterations: int, title: str | None) -> None:
        self._samples = workdir / "samples"
        self._samples.mkdir(exist_ok=True)
        self._began = time.perf_counter()
        self._seen, self._since = 0, None
        keep_lines(workdir / "metrics.jsonl", start)
        self._lines = (workdir / "metrics.jsonl").open("a")
        self._board = _Board(workdir, start + 1)
        self._bar = progress_bar(title, iterations, start)

    def __enter__(self) -> "Logs":
        return self

    def __exit__(self, *exception: Any) -> None:
        self._bar.close()
        # What an error has left unwritten cannot be written now, and must not hide that error.
        with contextlib.suppress(OSError) if exception[0] else contextlib.nullcontext():
            self._board.close()
            self._lines.close()

    def advance(self, iterations: int, images: int) -> None:
        """Counts a dispatch of so many iterations, which have read that many real images in all."""
        self._bar.update(iterations)
        if self._since is None:  # the first dispatch compiles, which says nothing of the speed
            self._since = time.perf_counter()
        else:
            self._seen += images

    @contextlib.contextmanager
    def paused(self) -> Iterator[None]:
        """What its block takes does not count as time of training."""
        began = time.perf_counter()
        yield
        if self._since is not None:
            self._since += time.perf_counter() - began

    def metrics(self, step: int, values: dict[str, float]) -> None:
        """Writes the metrics of iteration number `step`, null for what is not finite."""
        now = time.perf_counter()
        rate = self._seen / (now - self._since) if self._seen else None
        self._seen, self._since = 0, now
        line = {"step": step, "seconds": round(now - self._began, 3), "images_per_second": rate}
        finite = {name: value for name, value in values.items() if math.isfinite(value)}
        line |= dict.fromkeys(values) | finite
        print(json.dumps(line, allow_nan=False), file=self._lines, flush=True)
        self._board.scalars(step, finite | ({"images_per_second": rate} if rate else {}))
        shown = {k: v for k, v in values.items() if k.endswith("_loss") or k == "wasserstein"}
        if rate:
            shown["images/s"] = rate
        self._bar.set_postfix({k: f"{v:.4g}" for k, v in shown.items()}, refresh=False)

    def picture(self, step: int, picture: np.ndarray) -> None:
        """Saves a uint8 picture of samples, `samples/{step}.png`."""
        pictures.save(self._samples / f"{step:08d}.png", picture)
        self._board.picture(step, picture)


class _Board:
    """TensorBoard's event file.

    Not tensorboardX's SummaryWriter: its thread dies when the disk is full, and then the run waits
    for it forever.
    """

    def __init__(self, workdir: Path, purge_step: int) -> None:
        from tensorboardX.event_file_writer import EventsWriter
        from tensorboardX.proto.event_pb2 import SessionLog

        self._writer = EventsWriter(str(workdir / "events"))
        self._write(purge_step, session_log=SessionLog(status=SessionLog.START))

    def _write(self, step: int, **content: Any) -> None:
        from tensorboardX.proto.event_pb2 import Event

        self._writer.write_event(Event(wall_time=time.time(), step=step, **content))
        self._writer.flush()

    def scalars(self, step: int, values: dict[str, float]) -> None:
        from tensorboardX import summary

        for name, value in values.items():
            self._write(step, summary=summary.scalar(name, value))

    def picture(self, step: int, picture: np.ndarray) -> None:
        from tensorboardX import summary

        self._write(step, summary=summary.image("samples", picture, dataformats="HWC"))

    def close(self) -> None:
        self._writer.close()
