"""The lock of a run folder in an object store, which no system lets go of when its owner dies."""

import contextlib
import dataclasses
import json
import os
import socket
import sys
import threading
import time
import uuid
from collections.abc import Iterator

from gans_jax.core.store import Store, StoreError
from gans_jax.runs.config import ConfigError

NAME = ".gans_jax.lock"
BEAT = 20.0  # seconds between two signs of life of the owner
SILENCE = 90.0  # seconds without one after which the owner counts as dead
SETTLE = 5.0  # seconds in which another process may have taken over, too


class Lease:
    """The lock as its owner has it, who renews it in a thread."""

    def __init__(self, store: Store, token: str) -> None:
        self._store, self._token, self._lost = store, token, False
        self._renewed = time.monotonic()
        # A request of a beat is made once: a late one could take the lock back from a new owner.
        self._at_once = dataclasses.replace(store, pauses=())
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._renew, name="lease", daemon=True)
        self._thread.start()

    def check(self) -> None:
        """Raises StoreError if another process has taken over, or may have."""
        self.check_time()
        if not self._is_ours():
            self._lost = True
        self.check_time()

    def check_time(self) -> None:
        """Raises StoreError as `check` does, by what is known without a request."""
        if self._lost or self._is_late():
            raise StoreError(
                f"another process has taken over {self._store.address}, or may have, since this "
                f"one could not renew its lock for {SILENCE:.0f} seconds: let only one go on"
            )

    def close(self) -> None:
        """Lets go of the folder."""
        self._ended.set()
        self._thread.join(SILENCE)  # if it hangs for so long, the lock is late
        with contextlib.suppress(OSError):
            if not self._lost and not self._is_late() and self._is_ours():
                self._store.remove([NAME])

    def _is_ours(self) -> bool:
        return _token(_read(self._store)) == self._token

    def _is_late(self) -> bool:
        return time.monotonic() - self._renewed >= SILENCE

    def _renew(self) -> None:
        beat = 0
        while not self._lost and not self._ended.wait(BEAT):
            beat += 1
            # A store that is silent now is asked again at the next beat.
            with contextlib.suppress(OSError):
                self._renew_once(beat)
            if self._is_late():
                self._lost = True

    def _renew_once(self, beat: int) -> None:
        if _token(_read(self._at_once)) != self._token:
            self._lost = True
        # A write may have its effect as soon as it begins, from which on others count.
        began = time.monotonic()
        if self._lost or self._is_late():
            return
        self._at_once.write(NAME, _content(self._token, beat))
        if self._is_late():
            self._lost = True
        self._renewed = began


@contextlib.contextmanager
def held(store: Store) -> Iterator[Lease]:
    """Keeps other processes, on any machine, from training in a folder of an object store.

    A lock whose owner gives no sign of life for 90 seconds is taken over. Clocks of machines are
    not compared.

    Raises:
      ConfigError: if another process trains in the folder.
      StoreError: if the store cannot be used.
    """
    token = uuid.uuid4().hex
    if not store.create(NAME, _content(token, 0)):
        _take_over(store, token)
    lease = Lease(store, token)
    try:
        yield lease
    finally:
        lease.close()


def _take_over(store: Store, token: str) -> None:
    if before := _read(store):
        text = f"waiting {SILENCE:.0f} seconds for a sign of life of its owner"
        print(f"{store.address} is locked: {text}", file=sys.stderr)
    deadline = time.monotonic() + SILENCE
    while before and time.monotonic() < deadline and _read(store) == before:
        time.sleep(min(1.0, SILENCE / 10))
    if _read(store) == before:
        store.remove([NAME])
    if store.create(NAME, _content(token, 0)):
        time.sleep(SETTLE)  # another process that found the same dead owner may have removed ours
    found = _read(store)
    if _token(found) != token:
        raise ConfigError(
            f"another process trains in {store.address} ({_owner(found)}): wait until it has "
            "ended, or stop it"
        )


def _read(store: Store) -> bytes | None:
    try:
        return store.read(NAME)
    except FileNotFoundError:
        return None


def _content(token: str, beat: int) -> bytes:
    owner = f"process {os.getpid()} on {socket.gethostname()}"
    return json.dumps({"owner": owner, "token": token, "beat": beat}).encode()


def _token(content: bytes | None) -> str | None:
    return _field(content, "token")


def _owner(content: bytes | None) -> str:
    return _field(content, "owner") or "its number is unknown"


def _field(content: bytes | None, name: str) -> str | None:
    try:
        return str(json.loads(content or b"")[name])
    except (ValueError, KeyError, TypeError):
        return None
