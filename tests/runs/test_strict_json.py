import pytest

from gans_jax.runs import strict_json


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"{", "it is not JSON"),
        (b"\xff", "it is not JSON"),
        (b"9" * 10_000, "it is not JSON"),
        (b"[" * 100_000, "it is nested too deep"),
        (b'{"a": Infinity}', "'Infinity' is no finite number"),
        (b'{"a": NaN}', "'NaN' is no finite number"),
        (b'{"a": -1e999}', "'-1e999' is no finite number"),
        (b'{"a": 1, "a": 2}', "the key 'a' occurs twice"),
        (b" " * 101 + b"1", "it has more than 100 bytes"),
    ],
)
def test_what_readers_would_disagree_on_is_refused(tmp_path, content, words):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(ValueError, match=words):
        strict_json.read(tmp_path / "file", 100 if words.endswith("bytes") else 10**6)


def test_only_files_are_read(tmp_path):
    with pytest.raises(ValueError, match="it is not a regular file"):
        strict_json.read(tmp_path, 100)
    with pytest.raises(FileNotFoundError):
        strict_json.read(tmp_path / "absent", 100)
    (tmp_path / "file").write_text('{"a": [1, 2.5, null]}')
    assert strict_json.read(tmp_path / "file", 100) == {"a": [1, 2.5, None]}
