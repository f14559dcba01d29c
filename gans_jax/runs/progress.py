"""The progress bar of whatever takes long."""

import sys
from typing import Any


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
