"""The event file of a run, which TensorBoard shows."""

import math
import time
from pathlib import Path
from typing import Any

import numpy as np


class EventFile:
    """An open event file in a folder; TensorBoard drops what it has from step `start` on.

    tensorboardX's SummaryWriter is not used: its thread dies when the disk is full, and then the
    run waits for it forever.
    """

    def __init__(self, folder: Path, start: int) -> None:
        # Only here, for it imports PyTorch where that is installed, which takes a second.
        import tensorboardX

        self._library: Any = tensorboardX
        self._writer = tensorboardX.event_file_writer.EventsWriter(str(folder / "events"))
        session = tensorboardX.proto.event_pb2.SessionLog
        self._write(start, session_log=session(status=session.START))

    def scalars(self, step: int, values: dict[str, float | None]) -> None:
        """Writes the values that are finite."""
        for name, value in values.items():
            if value is not None and math.isfinite(value):
                self._write(step, summary=self._library.summary.scalar(name, value))

    def picture(self, step: int, picture: np.ndarray) -> None:
        """Writes a uint8 picture `[h, w, c]`."""
        summary = self._library.summary.image("samples", picture, dataformats="HWC")
        self._write(step, summary=summary)

    def close(self) -> None:
        # The writer's own `close` flushes first, and where the disk is full it closes nothing.
        self._writer._py_recordio_writer.close()

    def _write(self, step: int, **content: Any) -> None:
        event = self._library.proto.event_pb2.Event(wall_time=time.time(), step=step, **content)
        self._writer.write_event(event)
        self._writer.flush()
