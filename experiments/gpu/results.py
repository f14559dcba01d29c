"""Figures in a file of JSON that is rewritten as they come, so that a killed program keeps them."""

import json
import os
from pathlib import Path
from typing import Any


class Results(dict[str, Any]):
    """A dict that `save` writes into a file as a whole."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self._path = path

    def save(self) -> None:
        """Replaces the file by one with all figures."""
        unfinished = self._path.with_name(f"{self._path.name}.part")
        unfinished.write_text(json.dumps(self, indent=2) + "\n")
        os.replace(unfinished, self._path)
