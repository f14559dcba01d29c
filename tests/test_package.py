"""What the package is as a whole: its import and its version."""

import os
import shutil
import subprocess
import sys
import tarfile
from importlib import metadata
from pathlib import Path

import pytest

import gans_jax

ROOT = Path(__file__).parent.parent

IMPORT = """
import sys, gans_jax
from jax._src import xla_bridge
[getattr(gans_jax, name) for name in dir(gans_jax) if name != "training"]
print(xla_bridge.backends_are_initialized())
heavy = {"torch", "tensorflow", "orbax", "matplotlib", "tyro", "tensorflow_datasets"}
print(sorted(heavy & sys.modules.keys()))
gans_jax.training.train
"""


def python(code: str) -> str:
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_import_starts_no_backend_and_loads_nothing_heavy():
    assert python(IMPORT).splitlines() == ["False", "[]"]


def test_import_takes_under_three_seconds():
    """Of a processor, for the clock depends on what else the machine does."""
    code = "import time, gans_jax.methods; print(time.process_time())"
    assert any(float(python(code)) < 3 for _ in range(5))


def test_help_and_an_unknown_command_load_no_jax():
    for words in (["--help"], ["--version"], ["trian"]):
        code = f"""
import sys
import tarfile
from gans_jax.cli import main
try:
    main({words!r})
except SystemExit:
    print("jax" in sys.modules)
"""
        assert python(code).splitlines()[-1] == "False"


def test_all_methods_are_in_the_package_itself():
    methods = gans_jax.methods
    every = {name for name, value in vars(methods).items() if hasattr(value, "minibatches")}
    assert len(every) > 15
    assert {name: getattr(gans_jax, name, None) for name in every} == {
        name: getattr(methods, name) for name in every
    }
    assert every <= {*dir(gans_jax)}


def test_version():
    assert metadata.version("gans_jax") == gans_jax.__version__
    changes = (ROOT / "CHANGELOG.md").read_text()
    assert f"## {gans_jax.__version__}" in changes
    assert f"\nversion: {gans_jax.__version__}\n" in (ROOT / "CITATION.cff").read_text()


def test_unknown_names_are_attribute_errors():
    with pytest.raises(AttributeError, match="no attribute 'StyleGAN'"):
        gans_jax.StyleGAN  # noqa: B018


@pytest.mark.torch  # requirements-torch.txt brings build and twine, too
def test_the_wheel_trains_an_experiment_by_its_name(tmp_path):
    pytest.importorskip("build")
    pytest.importorskip("twine")
    source, dist, site = tmp_path / "source", tmp_path / "dist", tmp_path / "site"
    source.mkdir()
    for name in ("gans_jax", "experiments", "tests", "docs"):
        ignored = shutil.ignore_patterns("__pycache__", "*.png")
        shutil.copytree(ROOT / name, source / name, ignore=ignored)
    for file in ("setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "Makefile"):
        shutil.copy(ROOT / file, source)

    def run(*words, cwd, **variables):
        environment = {**os.environ, **variables}
        done = subprocess.run(
            [sys.executable, "-m", *map(str, words)],
            cwd=cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    run("build", "--no-isolation", "--outdir", dist, source, cwd=tmp_path)
    wheel, sdist = sorted(dist.glob("*.whl")), sorted(dist.glob("*.tar.gz"))
    assert (len(wheel), len(sdist)) == (1, 1)
    run("twine", "check", "--strict", *wheel, *sdist, cwd=tmp_path)
    with tarfile.open(sdist[0]) as archive:
        names = {name.partition("/")[2] for name in archive.getnames()}
    assert {"tests/test_package.py", "docs/architecture.md", "experiments/__init__.py"} <= names
    run("pip", "install", "--no-deps", "--no-index", "--target", site, *wheel, cwd=tmp_path)
    (tmp_path / "elsewhere").mkdir()
    words = "--iterations", "1", "--method.n-critic", "1", "--samples", "4"
    command = "gans_jax", "train", "wgan_digits", *words
    out = run(*command, cwd=tmp_path / "elsewhere", PYTHONPATH=str(site))
    assert "1 iteration done" in out
    assert (tmp_path / "elsewhere/runs/wgan_digits/report.png").is_file()
    listed = run("gans_jax", "list", cwd=tmp_path / "elsewhere", PYTHONPATH=str(site))
    assert str(site / "experiments/digits/wgan_digits.py") in listed
