"""The progress bar of everything that takes long."""

import sys

from tqdm import tqdm


def progress_bar(title: str | None, total: int, start: int = 0, unit: str = "it") -> tqdm:
    """Returns a bar on the standard error, which shows nothing if it has no title."""
    # Without a terminal every refresh is one more line of a log file.
    interval = 0.2 if sys.stderr.isatty() else 30
    return tqdm(
        desc=title,
        total=total,
        initial=start,
        disable=title is None,
        unit=unit,
        mininterval=interval,
        dynamic_ncols=True,
    )
