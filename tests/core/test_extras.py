"""Versions of the optional packages."""

import configparser
import re
from pathlib import Path

import pytest

from gans_jax.core import extras
from gans_jax.weights import WeightsError, read_tensors, write_tensors
from tests.support.tiny import install


def test_the_oldest_versions_are_those_of_the_extras():
    config = configparser.ConfigParser()
    config.read(Path(__file__).parents[2] / "setup.cfg")
    wanted = {
        (extra, *re.split(">=", line))
        for extra, lines in config["options.extras_require"].items()
        for line in lines.split()
    }
    assert {(extra, name, oldest) for name, (extra, oldest) in extras.OLDEST.items()} <= wanted
    backends = {"cuda12", "cuda13", "tpu"}
    used = {extra for extra, _ in extras.OLDEST.values()}
    assert {extra for extra, *_ in wanted} == {"docs", "test"} | backends | used
    assert all((extra, f"jax[{extra}]") in wanted for extra in backends)


@pytest.mark.parametrize("installed", ["0.5", "0.5.0", "0.5.1rc1", "0.10", "1", "1.0.dev3+cpu"])
def test_a_version_that_is_new_enough(installed, monkeypatch):
    install(monkeypatch, safetensors=installed)
    assert extras.lack("safetensors") is None


@pytest.mark.parametrize("installed", ["0.4.9", "0.0.42.1", "0"])
def test_an_older_version_is_named_with_the_remedy(installed, monkeypatch, tmp_path):
    install(monkeypatch, safetensors=installed)
    text = (
        rf"net\.safetensors needs safetensors 0\.5 or newer, but {re.escape(installed)} is "
        r"installed: run `pip install '\.\[interop\]'`"
    )
    with pytest.raises(WeightsError, match=text):
        write_tensors(tmp_path / "net.safetensors", {})
    (tmp_path / "net.safetensors").write_bytes(b"")
    with pytest.raises(WeightsError, match=text):
        read_tensors(tmp_path / "net.safetensors")


def test_a_missing_package_is_named_with_the_remedy(monkeypatch):
    install(monkeypatch, libtpu=None)
    reason = "needs libtpu 0.0.50 or newer, which is not installed: run `pip install"
    assert extras.lack("libtpu") == f"{reason} '.[plan]'` in the clone of gans_jax"
