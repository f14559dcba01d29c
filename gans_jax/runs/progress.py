"""The progress bar of everything that takes long."""

import sys

from tqdm import tqdm

from gans_jax.core.output import Unfailing


def progress_bar(title: str | None, total: int, start: int = 0, unit: str = "it") -> tqdm:
    """Returns a bar on the standard error, which shows nothing if it has no title."""
    stream = Unfailing(sys.stderr)
    return tqdm(
        desc=title,
        total=total,
        initial=start,
        file=stream,
        disable=title is None,
        unit=unit,
        # Without a terminal every refresh is one more line of a log file.
        mininterval=0.2 if stream.isatty() else 30,
        dynamic_ncols=True,
    )
