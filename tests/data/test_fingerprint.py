"""Whether the files behind a source are the same as before."""

import dataclasses
import errno
import gzip
import os
from pathlib import Path

import numpy as np
import pytest

from gans_jax import data
from gans_jax.data import fingerprint

NAMES = ("0.png", "1.png", "x/2.png")


def write(folder, names=NAMES, size=100):
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(bytes(size))


@dataclasses.dataclass(frozen=True)
class Several:
    sources: tuple[data.Digits, data.ImageFolder]


SOURCES = {
    "folder": lambda path: data.ImageFolder(path),
    "halves": lambda path: data.PairedFolder(path),
    "pairs": lambda path: data.PairedFolder(path, path),
    "cut-outs": lambda path: data.CutOuts(path, ("[01].png", "[2-9].png")),
    "task": lambda path: data.Denoising(data.ImageFolder(path)),
    "side": lambda path: data.Side(data.Unaligned(data.PairedFolder(path))),
    "unpaired": lambda path: data.Unpaired(data.Digits(), data.ImageFolder(path)),
    "pasted": lambda path: data.PastedObjects(data.Digits(), data.CutOuts(path), data.Digits()),
    "tuple": lambda path: Several((data.Digits(), data.ImageFolder(path))),
}


def swap(folder):
    (folder / "1.png").unlink()
    write(folder, ["3.png"])


CHANGES = {
    "one more": lambda folder: write(folder, ["x/3.png"]),
    "one less": lambda folder: (folder / "1.png").unlink(),
    "another name": lambda folder: (folder / "1.png").rename(folder / "4.png"),
    "another folder": lambda folder: (folder / "x/2.png").rename(folder / "2.png"),
    "one for another": swap,
    "another size": lambda folder: write(folder, ["1.png"], 101),
}


@pytest.mark.parametrize("make", SOURCES.values(), ids=SOURCES)
@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_change_of_the_files_changes_it(tmp_path, make, change):
    write(tmp_path / "a")
    before = fingerprint(make(str(tmp_path / "a")))
    (tmp_path / "a").rename(tmp_path / "moved")
    (tmp_path / "moved/notes.txt").write_text("no image")
    assert fingerprint(make(str(tmp_path / "moved"))) == before
    change(tmp_path / "moved")
    assert fingerprint(make(str(tmp_path / "moved"))) not in (before, None)


def test_a_file_that_goes_from_one_domain_to_the_other(tmp_path):
    for domain, names in {"trainA": ("0.png", "1.png"), "trainB": ("2.png", "3.png")}.items():
        write(tmp_path / domain, names)
    before = fingerprint(data.UnpairedFolders(str(tmp_path)))
    (tmp_path / "trainA/1.png").rename(tmp_path / "trainB/1.png")
    assert fingerprint(data.UnpairedFolders(str(tmp_path))) not in (before, None)


def test_names_of_any_bytes_and_links_to_nothing(tmp_path):
    write(tmp_path, [os.fsdecode(b"\xff.png"), "a\nb.png"])
    before = fingerprint(data.ImageFolder(str(tmp_path)))
    (tmp_path / "gone.png").symlink_to(tmp_path / "absent")
    assert fingerprint(data.ImageFolder(str(tmp_path))) not in (before, None)


def test_a_failure_of_the_system_is_no_change(tmp_path, monkeypatch):
    write(tmp_path)

    def fail(path):
        raise OSError(errno.EIO, "Input/output error")

    source = data.ImageFolder(str(tmp_path))
    assert source.files == NAMES
    monkeypatch.setattr(Path, "stat", fail)
    with pytest.raises(data.DataError, match=r"0\.png has no known size \(Input/output error\)"):
        fingerprint(source)


def test_an_idx_file_is_known_by_its_content(tmp_path):
    def idx(name, pixels, write=lambda path, content: path.write_bytes(content)):
        header = bytes([0, 0, 8, 3]) + b"".join(n.to_bytes(4, "big") for n in pixels.shape)
        write(tmp_path / name, header + pixels.tobytes())
        return fingerprint(data.IDX(str(tmp_path / name)))

    pixels = np.arange(2 * 3 * 3, dtype=np.uint8).reshape(2, 3, 3)
    packed = idx("b.gz", pixels, lambda path, content: path.write_bytes(gzip.compress(content)))
    assert idx("a", pixels) == packed
    assert idx("a", pixels[::-1]) not in (packed, None)


@pytest.mark.parametrize("source", [data.Digits(), data.GaussianRing(), data.DigitDomains()])
def test_a_source_without_files_has_none(source):
    assert fingerprint(source) is None


def test_a_folder_that_is_missing_is_named(tmp_path):
    with pytest.raises(data.DataError, match="absent is missing"):
        fingerprint(data.Colourisation(data.ImageFolder(str(tmp_path / "absent"))))
