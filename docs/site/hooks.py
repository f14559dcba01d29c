"""Puts pages of other folders into the site, and turns links to files that it lacks into text."""

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[2]
# The pages of the site that lie elsewhere in the repository.
PAGES = {
    "contributing.md": "CONTRIBUTING.md",
    "changelog.md": "CHANGELOG.md",
    "benchmark.md": "experiments/benchmark/README.md",
}
LINK = re.compile(r"(!?)\[([^]]*)\]\(([^)#\s]+)(#[^)\s]*)?\)")


def on_files(files: Any, config: Any) -> Any:
    """Adds the pages of other folders, and their pictures."""
    for page, source in PAGES.items():
        files.append(File.generated(config, page, content=(ROOT / source).read_text()))
        for picture in re.findall(r"!\[[^]]*\]\(([^)]+\.png)\)", (ROOT / source).read_text()):
            place = posixpath.join(posixpath.dirname(source), picture)
            if not place.startswith("docs/") and files.get_file_from_path(place) is None:
                files.append(File.generated(config, place, abs_src_path=str(ROOT / place)))
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Any) -> str:
    """Points links at pages of the site; a link to another file of the repository becomes text."""
    here = PAGES.get(page.file.src_uri, f"docs/{page.file.src_uri}")
    known = {source: name for name, source in PAGES.items()}

    def link(found: re.Match[str]) -> str:
        mark, text, target, anchor = found.groups()
        if "://" in target or target.startswith("mailto:"):
            return found[0]
        path = posixpath.normpath(posixpath.join(posixpath.dirname(here), target))
        inside = known.get(path, path.removeprefix("docs/"))
        if files.get_file_from_path(inside) is None:
            return text
        start = posixpath.dirname(page.file.src_uri) or "."
        return f"{mark}[{text}]({posixpath.relpath(inside, start)}{anchor or ''})"

    return LINK.sub(link, markdown)
