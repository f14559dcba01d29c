"""Where a run's metrics and pictures go: its folder, TensorBoard and the terminal."""

import contextlib
import json
import math
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from gans_jax.training import pictures
from gans_jax.training.config import ConfigError
from gans_jax.training.folder import replace

# A line has some tens of metrics.
MAX_LINE = 100_000


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


def read_metrics(path: Path, strict: bool = True) -> list[dict[str, float]]:
    """The lines of a metrics file, without a last one that a crash has cut off; none without it.

    ConfigError for a line before the last that is not one of metrics; if not strict, the lines
    before it.
    """
    lines = []
    texts = path.read_bytes().splitlines() if path.is_file() else []
    for number, text in enumerate(texts, start=1):
        try:
            lines.append(_line(text))
        except (ValueError, RecursionError, OverflowError) as error:
            if number == len(texts) or not strict:
                break
            raise ConfigError(
                f"{path} is damaged in line {number} ({error}): restore it from a copy, or move "
                "it away, which costs the run its curves alone"
            ) from error
    return lines


def _line(text: bytes) -> dict[str, float]:
    if len(text) > MAX_LINE:
        raise ValueError(f"more than {MAX_LINE} characters")
    found = json.loads(text)
    if not isinstance(found, dict) or type(found.get("step")) is not int:
        raise ValueError("no object with a step")
    for name, value in found.items():
        if value is not None:
            if type(value) not in (int, float):
                raise ValueError(f"{name[:50]!r} is no number")
            float(value)  # OverflowError where it is too large
    return found


def keep_lines(path: Path, last: int) -> None:
    """Drops the lines after iteration `last` from a metrics file, if there is one."""
    kept = [line for line in read_metrics(path) if line["step"] <= last]
    replace(path, "".join(json.dumps(line) + "\n" for line in kept))
