"""Files are written as a whole or not at all."""

from pathlib import Path

import pytest

from gans_jax.core import files


@pytest.mark.parametrize("content", ["bent über\n", b"\x00\r\n"])
def test_text_and_bytes_are_written_as_they_are(content, tmp_path):
    files.write(tmp_path / "a", "the old and longer content")
    files.write(tmp_path / "a", content)
    written = content if isinstance(content, bytes) else content.encode()
    assert (tmp_path / "a").read_bytes() == written
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


@pytest.mark.parametrize("name", ["write_bytes", "replace"])
def test_a_failure_leaves_the_old_file_and_no_other(name, tmp_path, monkeypatch):
    files.write(tmp_path / "a", "old")

    def fail(path, *_):
        path.write_text("half")
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, name, fail)
    with pytest.raises(OSError, match="no space"):
        files.write(tmp_path / "a", "new")
    assert (tmp_path / "a").read_text() == "old"
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
