"""Folders in object stores, such as gs://bucket/run, through the library fsspec.

An object appears as a whole or not at all, and is never changed or renamed; that is all that is
asked of a store. `etils.epath` reaches the same stores through the same library, but it can neither
make an object only where there is none, which a lock needs, nor tell versions of objects apart.
"""

import contextlib
import dataclasses
import errno
import functools
import hashlib
import os
import random
import re
import threading
import time
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path, PurePosixPath
from typing import Any, TypeVar

from gans_jax.core import extras

T = TypeVar("T")

PAUSES: tuple[float, ...] = (1, 2, 4, 8, 16, 32, 64)  # seconds between attempts
PATIENCE = 90.0  # seconds after which no further attempt is made
ATTEMPT = 30.0  # seconds that an attempt may take that moves next to nothing
# Bytes a second that each of several large transfers gets even on a slow link: an attempt to upload
# 50 MB, which gcsfs sends in one request, may take 13 minutes.
SLOWEST = 2**16
CONNECT, READ = 10, 15  # seconds without a sign of the other side, in any request
REQUESTS = 16  # at a time; a request takes some tens of milliseconds, however small it is

# What only the disk of this machine says.
_OF_A_DISK = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS)
_REFUSED = re.compile(r"credential|unauthorized|forbidden|anonymous caller|access ?denied", re.I)
_REMEDIES = {
    "gs": "run `gcloud auth application-default login`, and check what the account may do",
    "s3": "run `aws configure` or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, and check what "
    "the account may do",
}
_PACKAGES = {"gs": "gcsfs", "s3": "s3fs"}


class StoreError(OSError):
    """A store that cannot be used; the message names the address, the reason and the remedy."""


def is_address(path: str | os.PathLike[str]) -> bool:
    """Returns whether a path is an address in an object store, such as gs://bucket/run."""
    # One slash, since `Path` makes one of two.
    return re.match(r"[a-z][a-z0-9+.-]+:/", os.fspath(path)) is not None


@dataclasses.dataclass(frozen=True)
class Store:
    """A folder in an object store. Names are relative to it, with forward slashes.

    Each request is tried again after a pause while the store does not answer as it should.

    Attributes:
      address: such as "gs://bucket/run".
      pauses: seconds between attempts; None for `PAUSES`.
      before_retry: called before each attempt but the first; its StoreError ends the request.

    Raises (StoreError): if the store cannot be reached, asks for credentials, or the package for
      its protocol is missing.
    """

    address: str
    pauses: tuple[float, ...] | None = None
    before_retry: Callable[[], None] = lambda: None

    def __post_init__(self) -> None:
        whole = re.sub(r"^([^:]+):/(?!/)", r"\1://", self.address.rstrip("/"))
        object.__setattr__(self, "address", whole)

    @property
    def name(self) -> str:
        """The last part of the address."""
        return PurePosixPath(self.address).name

    def list(self) -> dict[str, str]:
        """Returns the version of each object by its name; another version is another content."""
        return self._patiently(self._list) or {}

    def read(self, name: str) -> bytes:
        """Returns the content of an object; FileNotFoundError if there is none."""
        return bytes(self._patiently(lambda: self._ask("cat_file", self._path(name))))

    def write(self, name: str, content: bytes) -> None:
        """Makes or replaces an object."""
        size = len(content)
        self._made(lambda: self._ask("pipe_file", self._path(name), content, size=size))

    def create(self, name: str, content: bytes) -> bool:
        """Makes an object, and returns whether there was none."""

        def attempt() -> bool:
            try:
                self._ask("pipe_file", self._path(name), content, mode="create")
            except FileExistsError:
                # An attempt may have been answered by an error although it had its effect.
                return bool(self._ask("cat_file", self._path(name)) == content)
            return True

        return self._made(attempt)

    def remove(self, names: Iterable[str]) -> None:
        """Removes objects; those that are gone already are no error."""

        def remove(name: str) -> None:
            with contextlib.suppress(FileNotFoundError):
                self._patiently(lambda: self._ask("rm_file", self._path(name)))

        each(remove, names)

    def upload(self, file: Path, name: str) -> None:
        """Makes an object of a file; an OSError names the file if it cannot be read."""
        own, size = os.fspath(file), os.stat(file).st_size
        self._made(lambda: self._ask("put_file", own, self._path(name), size=size), file)

    def download(self, name: str, file: Path) -> None:
        """Makes a file of an object, as a whole; FileNotFoundError if it is not there.

        An OSError names the file if it cannot be written.
        """
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_name(f".{os.getpid()}.{threading.get_ident()}.part")
        try:
            self._patiently(lambda: self._system.get_file(self._path(name), os.fspath(part)), part)
            part.replace(file)
        finally:
            part.unlink(missing_ok=True)

    def _list(self) -> dict[str, str]:
        self._system.invalidate_cache()
        root = self._path("")
        try:
            found = self._system.find(root.rstrip("/"), detail=True)
        except FileNotFoundError:
            return {}
        # gcsfs 2025.2 finds all that begins as the folder does, such as run_2 beside run.
        own = {path: about for path, about in found.items() if path.startswith(root)}
        names = {path[len(root) :]: about for path, about in own.items()}
        # The name of an object may have anything in it; one that would leave the folder has no use.
        inside = {n: about for n, about in names.items() if n and ".." not in n.split("/")}
        return {
            name: hashlib.sha256(repr(sorted(about.items())).encode()).hexdigest()
            for name, about in inside.items()
            if not name.startswith("/") and not name.endswith("/")
        }

    def _path(self, name: str) -> str:
        return f"{self._root}/{name}"

    @functools.cached_property
    def _root(self) -> str:
        return str(self._system._strip_protocol(self.address))

    @functools.cached_property
    def _system(self) -> Any:
        import fsspec  # slow to import

        protocol = self.address.partition(":")[0]
        if protocol in _PACKAGES and (reason := extras.lack(_PACKAGES[protocol])):
            raise StoreError(f"{self.address} {reason}")
        try:
            return fsspec.filesystem(protocol, **_settings(protocol))
        except (ImportError, ValueError) as error:
            raise StoreError(
                f"{self.address} is of an unknown kind ({error}): give a folder, or an address "
                "that begins with gs:// or s3://"
            ) from error
        except Exception as error:
            raise self._failure(error) from error

    def _ask(self, request: str, *arguments: Any, size: int = 0, **options: Any) -> Any:
        """Returns what a store answers to a request that sends so many bytes, in time."""
        if self._system.async_impl:  # fsspec then ends the request after `timeout` seconds
            options["timeout"] = ATTEMPT + size / SLOWEST
        return getattr(self._system, request)(*arguments, **options)

    def _made(self, request: Callable[[], T], file: Path | None = None) -> T:
        """Returns what a request returns that makes an object, perhaps of a file."""
        try:
            return self._patiently(request, file)
        except FileNotFoundError as error:
            if _is_local(error, file):
                raise
            raise StoreError(
                f"{self.address} cannot be written ({error}): make the bucket, or check the address"
            ) from error

    def _patiently(self, request: Callable[[], T], file: Path | None = None) -> T:
        """Returns what a request returns, after more attempts if the store fails.

        `file` is what is sent or received, and gives the attempts more time by its size.
        """
        began = time.monotonic()
        for pause in (*(PAUSES if self.pauses is None else self.pauses), None):
            try:
                return request()
            except (FileNotFoundError, FileExistsError, StoreError, MemoryError):
                raise
            except Exception as error:  # each library of a store has errors of its own
                if isinstance(error, OSError) and _is_local(error, file):
                    error.filename = error.filename or (file and os.fspath(file))
                    raise
                moved = file.stat().st_size if file and file.exists() else 0
                left = began + PATIENCE + moved / SLOWEST - time.monotonic()
                if pause is None or left <= 0 or _is_refusal(error):
                    raise self._failure(error) from error
            # At random, so that the hosts of a pod do not all come back at once.
            time.sleep(min(left, pause * random.uniform(0.5, 1)))
            self.before_retry()
        raise AssertionError

    def _failure(self, error: Exception) -> StoreError:
        unsaid = "no answer in time" if isinstance(error, TimeoutError) else type(error).__name__
        words = (str(error).splitlines() or [""])[0][:200] or unsaid
        if _is_refusal(error):
            protocol = self.address.partition(":")[0]
            remedy = _REMEDIES.get(protocol, "check the credentials and what the account may do")
            return StoreError(f"{self.address} refuses access ({words}): {remedy}")
        return StoreError(
            f"{self.address} cannot be reached ({words}): check the network and the address, and "
            "try again"
        )


def _settings(protocol: str) -> dict[str, Any]:
    """Returns the options of a file system, so that no request waits for ever.

    The libraries have attempts of their own: gcsfs six, and s3fs five, within which botocore would
    make another five.
    """
    if protocol == "file":
        return {"auto_mkdir": True}
    if protocol == "gs":
        import aiohttp  # comes with gcsfs

        limits = aiohttp.ClientTimeout(total=None, sock_connect=CONNECT, sock_read=READ)
        return {"requests_timeout": limits}
    if protocol == "s3":
        limits = {"connect_timeout": CONNECT, "read_timeout": READ}
        return {"config_kwargs": limits | {"retries": {"total_max_attempts": 1}}}
    return {}


def _is_local(error: OSError, file: Path | None) -> bool:
    """Returns whether an error is the system's, about a file of this machine or its disk."""
    named = file is not None and error.filename == os.fspath(file)
    return named or error.errno in _OF_A_DISK


def _is_refusal(error: Exception) -> bool:
    """Returns whether a store has said that it will not, so that asking again is of no use."""
    name = type(error).__name__
    code = getattr(error, "code", getattr(error, "status", None))
    refused = isinstance(error, PermissionError) or code in (401, 403)
    return refused or _REFUSED.search(f"{name} {error}") is not None


def each(function: Callable[[str], Any], names: Iterable[str]) -> None:
    """Calls a function with each name, several at a time, and raises the first error."""
    with ThreadPoolExecutor(REQUESTS, "store") as pool:
        list(pool.map(function, names))
