"""Standard output and error end nothing when their reader has gone."""

import contextlib
import io
import os
import sys
import warnings

import pytest

from gans_jax.core import output
from gans_jax.core.output import Unfailing, plain_warnings, unfailing
from gans_jax.data import LeftOutWarning


@contextlib.contextmanager
def without_a_reader():
    """A text stream into a pipe that nothing reads."""
    reader, writer = os.pipe()
    os.close(reader)
    with open(writer, "w") as stream:
        yield stream
        # Else the end of the block would fail to write what the stream still holds.
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, writer)
        os.close(null)


def test_what_the_encoding_lacks_becomes_an_escape():
    content = io.BytesIO()
    stream = Unfailing(io.TextIOWrapper(content, encoding="ascii"))
    print("1 ± 2 \udcff", file=stream, flush=True)
    assert content.getvalue() == b"1 \\xb1 2 \\udcff\n"


@pytest.mark.parametrize("kind", ["none", "closed", "object"])
def test_a_stream_that_is_none_takes_everything(kind):
    closed = io.StringIO()
    closed.close()
    stream = Unfailing({"none": None, "closed": closed, "object": object()}[kind])
    print("lost", file=stream, flush=True)
    assert not stream.isatty()


def test_without_a_reader_nothing_fails_in_the_block_or_after_it(monkeypatch):
    with without_a_reader() as stream:
        monkeypatch.setattr(sys, "stdout", stream)
        with pytest.raises(BrokenPipeError):
            print("lost", flush=True)
        with unfailing():
            print("lost", flush=True)
        assert sys.stdout is stream
        stream.flush()  # as the interpreter does when it ends


def test_the_streams_come_back_after_an_error():
    before = sys.stdout, sys.stderr
    with pytest.raises(SystemExit), unfailing():
        raise SystemExit(2)
    assert (sys.stdout, sys.stderr) == before


def test_a_warning_of_the_package_is_its_sentence_alone():
    def shown(category):
        return warnings.formatwarning(category("a.heic is left out"), category, __file__, 3)

    before = shown(LeftOutWarning)
    with plain_warnings():
        assert shown(LeftOutWarning) == "warning: a.heic is left out\n"
        assert shown(UserWarning).startswith(f"{__file__}:3: UserWarning: a.heic")
        ours = warnings.formatwarning("no images", UserWarning, output.__file__, 3)
        assert ours == "warning: no images\n"
    assert shown(LeftOutWarning) == before
    assert before.startswith(f"{__file__}:3: LeftOutWarning")
