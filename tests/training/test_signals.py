"""Signals are collected, and act as before afterwards."""

import contextlib
import os
import signal

import pytest

from gans_jax.training.signals import collected, remembered

ENDING = [signal.SIGINT, signal.SIGTERM, signal.SIGHUP]


@pytest.mark.parametrize("number", ENDING)
def test_the_first_is_collected_and_the_second_acts_as_before(number):
    seen = []
    before = signal.signal(number, lambda *_: seen.append("before"))
    try:
        with collected() as received:
            os.kill(os.getpid(), number)
            assert (received, seen) == ([number], [])
            os.kill(os.getpid(), number)
            assert (received, seen) == ([number], ["before"])
        os.kill(os.getpid(), number)
        assert seen == ["before"] * 2
    finally:
        signal.signal(number, before)


def test_a_hang_up_that_is_ignored_stays_ignored():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with collected() as received:
            os.kill(os.getpid(), signal.SIGHUP)
        assert received == []
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_handler_that_c_code_has_set_gives_way_to_the_default(monkeypatch):
    before = {number: signal.getsignal(number) for number in ENDING}
    monkeypatch.setattr(signal, "getsignal", lambda number: None)
    try:
        with collected():
            pass
        monkeypatch.undo()
        assert [signal.getsignal(number) for number in ENDING] == [signal.SIG_DFL] * 3
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_without_a_reader_of_the_standard_error_a_signal_is_collected():
    reader, writer = os.pipe()
    os.close(reader)
    kept = os.dup(2)
    os.dup2(writer, 2)
    try:
        with collected() as received:
            os.kill(os.getpid(), signal.SIGTERM)
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(writer)
    assert received == [signal.SIGTERM]


def test_an_interrupt_that_a_callback_has_swallowed_is_obeyed_later():
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with remembered():
            with contextlib.suppress(KeyboardInterrupt):  # as a callback of the collector does
                os.kill(os.getpid(), signal.SIGINT)
            with collected() as received:
                assert received == [signal.SIGINT]
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
        with collected() as received:
            assert received == []
    finally:
        signal.signal(signal.SIGINT, before)
