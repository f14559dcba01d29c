"""Files that are written as a whole or not at all."""

import os
from pathlib import Path


def replace(path: Path, text: str) -> None:
    """Writes a file as a whole or not at all."""
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    beside.write_text(text)
    beside.replace(path)
