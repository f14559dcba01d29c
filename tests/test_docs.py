"""What the documentation shows runs, and what it names exists."""

import dataclasses
import re
import shutil
import subprocess
import sys
from pathlib import Path

import jax
import numpy as np
import pytest

from gans_jax import data, losses, methods, networks, penalties, priors, schedules
from gans_jax.cli import load_file, main
from tests.support.processes import environment

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    ROOT / "CHANGELOG.md",
    ROOT / "tests/README.md",
    ROOT / "experiments/benchmark/README.md",
    *sorted(DOCS.glob("*.md")),
]
# Where a page may find a file that it names without its folder.
FOLDERS = ("", "gans_jax", "tests", "tests/support", "experiments")
ELSEWHERE = {"test.py"}  # the code of pix2pix and CycleGAN has it
PLACEHOLDER = re.compile(r"\b(FILE|RUN|NAME|FOLDER)\b")


def pages(test):
    ids = [str(page.relative_to(ROOT)) for page in PAGES]
    return pytest.mark.parametrize("page", PAGES, ids=ids)(test)


def python_blocks(page: Path) -> list[str]:
    return re.findall(r"```python\n(.*?)```", page.read_text(), re.DOTALL)


@pytest.mark.slow
def test_compose_runs():
    blocks = python_blocks(DOCS / "compose.md")
    assert len(blocks) > 5
    names = {}
    exec("\n".join(blocks), names)  # one program, as the page says
    assert all(np.isfinite(g).all() and g.any() for g in jax.tree.leaves(names["gradients"]))
    assert names["error"](names["z"]) < names["error"](names["method"].prior(names["key"], 1))


@pytest.mark.slow
def test_the_readmes_code_runs(capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blocks = python_blocks(ROOT / "README.md")
    assert len(blocks) == 3
    exec("\n".join(blocks), {})  # each goes on from the one before
    assert "wasserstein" in capsys.readouterr().out
    assert Path("runs/mine/report.png").exists()
    assert main(["sample", "runs/mine"]) == 0


def test_the_vocabularys_code_runs():
    names = {}
    exec("\n".join(python_blocks(DOCS / "vocabulary.md")), names)
    assert callable(names["method"].step)


@pages
def test_links_lead_somewhere(page):
    for link in re.findall(r"\]\((?!http)([^)]+)\)", page.read_text()):
        path, _, anchor = link.partition("#")
        target = page.parent / path if path else page
        assert target.exists(), link
        assert not anchor or anchor in anchors(target), link


def anchors(page: Path) -> set[str]:
    """The anchors that a site makes of the headings of a page."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
def test_files_that_are_named_exist(page):
    text = without_moved_paths(page)
    for name in re.findall(r"(?<!`)`([^`\s*{}<>]+)`(?!`)", text):
        path = re.split(r":", name)[0].rstrip("/")
        in_repository = re.match(r"(gans_jax|experiments|tests|docs)/", name)
        is_file = path.endswith((".py", ".md")) and name not in ELSEWHERE
        if (in_repository or is_file) and not PLACEHOLDER.search(name):
            places = [page.parent, *(ROOT / folder for folder in FOLDERS)]
            assert any((place / path).exists() for place in places), name


def without_moved_paths(page: Path) -> str:
    """The text of a page without the column of paths that were left behind."""
    return re.sub(r"^\| (`[^|]+) \| `", "| | `", page.read_text(), flags=re.MULTILINE)


@pages
def test_commands_name_experiments_that_exist(page):
    text = page.read_text()
    its_own = re.findall(r"```python\n# (\S+\.py)\n", text)  # which the reader is to write
    for file in re.findall(r"\b(?:train|resume|plan) (\w[\w/]*\.py(?::\w+)?)", text):
        if not PLACEHOLDER.search(file) and file not in its_own:
            load_file(str(ROOT / file))
    for module in re.findall(r"python -m ([\w.]+)", text):
        path = ROOT.joinpath(*module.split("."))
        if module.split(".")[0] in ("experiments", "tests", "gans_jax"):
            assert path.with_suffix(".py").exists() or (path / "__main__.py").exists(), module
    for file in re.findall(r"python (\w[\w/]*\.py)", text):
        assert (ROOT / file).exists(), file


def test_the_tree_of_rooms_is_the_package():
    text = (DOCS / "architecture.md").read_text()
    (tree,) = re.findall(r"```\ngans_jax/\n(.*?)```", text, re.DOTALL)
    named = set(re.findall(r"^  (\w+(?:/|\.py)) ", tree, re.MULTILINE))
    package = ROOT / "gans_jax"
    found = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    found |= {path.name for path in package.glob("*.py")} - {"__init__.py", "__main__.py"}
    assert named == found


@pytest.mark.slow
def test_contributings_method_passes_the_conformance_suite(tmp_path):
    """Follows the page in a copy: its new files, and its lines at the end of others."""
    for folder in ("gans_jax", "tests", "experiments"):
        shutil.copytree(ROOT / folder, tmp_path / folder)
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    for block in python_blocks(ROOT / "CONTRIBUTING.md"):
        first, _, code = block.partition("\n")
        if named := re.fullmatch(r"# (\S+\.py)", first):
            with (tmp_path / named[1]).open("a") as file:
                file.write(code)
    for name, source in (
        ("gans_jax/methods/__init__.py", "gans_jax.methods.gmmn"),
        ("gans_jax/__init__.py", "gans_jax.methods"),
    ):
        with (tmp_path / name).open("a") as file:
            file.write(f"\nfrom {source} import GMMN as GMMN\n")
    command = [sys.executable, "-m", "pytest", "-q", "-k", "gmmn", "-p", "no:cacheprovider"]
    files = [
        "tests/core/test_method.py",
        "tests/methods/test_methods.py",
        "tests/experiments/test_experiments.py",
    ]
    variables = environment(1) | {"PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [*command, *files], cwd=tmp_path, env=variables, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\b1\d passed", done.stdout), done.stdout


def test_every_promise_names_tests_that_exist():
    text = (DOCS / "reliability.md").read_text()
    defined = {
        name
        for file in Path(__file__).parent.glob("**/*.py")
        for name in re.findall(r"^def (test_\w+)", file.read_text(), re.MULTILINE)
    }
    rows = [row for row in text.splitlines() if row.startswith("| ") and "promise" not in row]
    assert len(rows) > 25
    for row in rows:
        names = re.findall(r"`(test_\w+)`", row.split(" | ")[-1])
        assert names, row
        assert set(names) <= defined, set(names) - defined


VOCABULARY = (data, losses, methods, networks, penalties, priors, schedules)


@pytest.mark.parametrize("room", VOCABULARY, ids=lambda room: room.__name__)
def test_every_field_has_a_line_of_help(room):
    """The line is what `train FILE --help` shows, and what the reference has."""
    kinds = [kind for kind in vars(room).values() if isinstance(kind, type)]
    fields = [
        (kind, field.name)
        for kind in filter(dataclasses.is_dataclass, kinds)
        for field in dataclasses.fields(kind)
        if field.name not in ("parent", "name")  # of every linen module
    ]
    silent = [f"{kind.__name__}.{name}" for kind, name in fields if not _has_help(kind, name)]
    assert len(fields) > 3
    assert not silent


def _has_help(kind, name):
    docs = "\n".join(each.__doc__ or "" for each in kind.__mro__)
    return re.search(rf"^\s+(\w+, )*{name}(, \w+)*: ", docs, re.M) is not None
