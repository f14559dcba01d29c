"""The event file of a run, which TensorBoard shows."""

import math
import time
from pathlib import Path
from typing import Any

import numpy as np
from tensorboardX import summary
from tensorboardX.event_file_writer import EventsWriter
from tensorboardX.proto.event_pb2 import Event, SessionLog


class EventFile:
    """An open event file in a folder; TensorBoard drops what it has from step `start` on.

    tensorboardX's SummaryWriter is not used: its thread dies when the disk is full, and then the
    run waits for it forever.
    """

    def __init__(self, folder: Path, start: int) -> None:
        self._writer = EventsWriter(str(folder / "events"))
        self._write(start, session_log=SessionLog(status=SessionLog.START))

    def scalars(self, step: int, values: dict[str, float | None]) -> None:
        """Writes the values that are finite."""
        for name, value in values.items():
            if value is not None and math.isfinite(value):
                self._write(step, summary=summary.scalar(name, value))

    def picture(self, step: int, picture: np.ndarray) -> None:
        self._write(step, summary=summary.image("samples", picture, dataformats="HWC"))

    def close(self) -> None:
        self._writer.close()

    def _write(self, step: int, **content: Any) -> None:
        self._writer.write_event(Event(wall_time=time.time(), step=step, **content))
        self._writer.flush()
