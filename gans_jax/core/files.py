"""Files that are written as a whole or not at all."""

import os
from pathlib import Path


def write(path: Path, content: str | bytes) -> None:
    """Writes a file, so that no reader and no crash ever meets half of it; text is UTF-8.

    The content first goes into a hidden file in the same folder, which then takes the place of
    `path`. An OSError leaves neither the hidden file nor a change of `path` behind.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content.encode() if isinstance(content, str) else content)
        beside.replace(path)
    finally:
        beside.unlink(missing_ok=True)
