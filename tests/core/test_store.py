"""Object stores: whole objects, requests that are tried again, and errors that name the remedy."""

import errno
import os
import re
import sys
import types
from pathlib import Path

import fsspec
import pytest

from gans_jax.core import store
from gans_jax.core.store import Store, StoreError
from tests.support.stores import Clock, Silent, failing


@pytest.fixture(params=["memory", "file"])
def there(request, tmp_path):
    """An empty folder in a store."""
    root = "memory://" if request.param == "memory" else f"file://{tmp_path}"
    found = Store(f"{root}/bucket-{tmp_path.name}/run")
    yield found
    found.remove(found.list())


@pytest.fixture
def in_memory(tmp_path):
    found = Store(f"memory://bucket-{tmp_path.name}/run")
    yield found
    found.remove(found.list())


@pytest.mark.parametrize("address", ["gs://bucket/run", "s3://bucket", Path("gs://bucket/run")])
def test_addresses_are_told_from_paths(address):
    assert store.is_address(address)
    assert re.fullmatch(r"(gs|s3)://bucket(/run)?", Store(str(address)).address)


@pytest.mark.parametrize("path", ["runs/gs:/a", "/gs://a", "a:b", "C:/runs", "runs"])
def test_a_path_of_this_machine_is_no_address(path):
    assert not store.is_address(path)


def test_objects_are_written_listed_read_and_removed(there, tmp_path):
    assert there.list() == {}
    there.write("a/b", b"1")
    there.write("c", b"2")
    assert there.list().keys() == {"a/b", "c"}
    assert there.read("a/b") == b"1"
    (tmp_path / "file").write_bytes(b"3")
    there.upload(tmp_path / "file", "d/e/f")
    there.download("d/e/f", tmp_path / "new/folder/file")
    assert (tmp_path / "new/folder/file").read_bytes() == b"3"
    assert [path.name for path in (tmp_path / "new/folder").iterdir()] == ["file"]
    there.remove(["a/b", "never there"])
    assert there.list().keys() == {"c", "d/e/f"}
    with pytest.raises(FileNotFoundError):
        there.read("a/b")
    with pytest.raises(FileNotFoundError):
        there.download("a/b", tmp_path / "absent")
    assert not (tmp_path / "absent").exists()


def test_a_version_changes_with_the_content(there):
    there.write("a", b"1")
    before = there.list()
    assert there.list() == before
    there.write("a", b"22")
    assert there.list() != before


def test_an_object_is_created_once(there):
    assert there.create("lock", b"mine")
    assert not there.create("lock", b"yours")
    assert there.read("lock") == b"mine"


def test_an_object_that_an_unanswered_attempt_has_created_is_ours(in_memory, monkeypatch):
    monkeypatch.setattr(store, "PAUSES", (0.0,))
    lost = iter([ConnectionResetError("no answer")])
    in_memory.write("lock", b"mine")  # what the first attempt did
    with failing(monkeypatch, lambda request, _: next(lost, None)):
        assert in_memory.create("lock", b"mine")


def test_a_failing_request_is_tried_again_after_longer_and_longer_pauses(in_memory, monkeypatch):
    paused = []
    monkeypatch.setattr(store.time, "sleep", paused.append)
    errors = iter([TimeoutError("slow"), ConnectionError("gone"), OSError("503")])
    with failing(monkeypatch, lambda request, _: next(errors, None)) as record:
        in_memory.write("a", b"1")
    assert len(record.calls) == 4
    assert in_memory.read("a") == b"1"
    for pause, most in zip(paused, (1, 2, 4), strict=True):
        assert most / 2 <= pause <= most


def test_a_store_that_stays_silent_is_named_with_the_remedy(in_memory, monkeypatch):
    monkeypatch.setattr(store, "PAUSES", (0.0, 0.0))
    with (
        failing(monkeypatch, lambda *_: TimeoutError("no answer\nat all")) as record,
        pytest.raises(StoreError, match=r"memory://.* cannot be reached \(no answer\): check"),
    ):
        in_memory.list()
    assert len(record.calls) == 3


class NoCredentialsError(Exception):
    """As botocore raises it."""


class HttpError(Exception):
    """As gcsfs raises it."""

    code = 403


@pytest.mark.parametrize(
    "error",
    [PermissionError("Access Denied"), NoCredentialsError("Unable to locate"), HttpError("No")],
)
def test_a_refusal_is_not_tried_again(in_memory, monkeypatch, error):
    with (
        failing(monkeypatch, lambda *_: error) as record,
        pytest.raises(StoreError, match=r"refuses access .*: check the credentials"),
    ):
        in_memory.write("a", b"1")
    assert len(record.calls) == 1


LOCAL = [errno.EACCES, errno.ENAMETOOLONG, errno.ENOSPC]


@pytest.mark.parametrize("code", LOCAL)
@pytest.mark.parametrize("request_", ["upload", "download"])
def test_an_error_of_this_machine_is_no_fault_of_the_store(
    in_memory, tmp_path, monkeypatch, code, request_
):
    """Neither is it tried again; a full disk says nothing of the file."""
    monkeypatch.setattr(store, "PAUSES", (0.0,) * 3)
    in_memory.write("a", b"1")
    file = tmp_path / "file"
    file.write_bytes(b"1")
    asked = []

    def refuse(system, *arguments, **options):
        own = arguments[0] if request_ == "upload" else arguments[1]
        asked.append(own)
        raise OSError(code, os.strerror(code), *([own] if code != errno.ENOSPC else []))

    monkeypatch.setattr(type(in_memory._system), "put_file", refuse)
    monkeypatch.setattr(type(in_memory._system), "get_file", refuse)
    arguments = (file, "a") if request_ == "upload" else ("a", file)
    with pytest.raises(OSError, match=re.escape(os.strerror(code))) as caught:
        getattr(in_memory, request_)(*arguments)
    assert not isinstance(caught.value, StoreError)
    assert asked == [caught.value.filename]


def test_an_error_of_the_store_about_another_file_is_the_store_s(in_memory, tmp_path, monkeypatch):
    (tmp_path / "file").write_bytes(b"1")
    error = PermissionError(errno.EACCES, "Access Denied", "bucket/run/a")
    with (
        failing(monkeypatch, lambda *_: error),
        pytest.raises(StoreError, match="refuses access"),
    ):
        in_memory.upload(tmp_path / "file", "a")


def test_a_bucket_that_is_missing_is_named(in_memory, monkeypatch):
    missing = FileNotFoundError("The specified bucket does not exist")
    with (
        failing(monkeypatch, lambda *_: missing),
        pytest.raises(StoreError, match=r"cannot be written .*: make the bucket"),
    ):
        in_memory.write("a", b"1")


def test_a_protocol_without_its_package_and_an_unknown_one_are_named(monkeypatch):
    with pytest.raises(StoreError, match=r"nowhere://bucket is of an unknown kind \(.*: give a f"):
        Store("nowhere://bucket").list()
    monkeypatch.setitem(store.extras.OLDEST, "s3fs", ("s3", "9999.1"))  # not even a new one will do
    with pytest.raises(StoreError, match=r"s3://bucket needs s3fs .* `pip install '\.\[s3\]'`"):
        Store("s3://bucket").list()


def test_a_folder_whose_name_begins_alike_is_another_one(in_memory, monkeypatch):
    """As gcsfs 2025.2 finds it, too."""
    root = in_memory._path("")
    found = {f"{root}a": {"size": 1}, f"{root.rstrip('/')}_2/b": {"size": 1}}
    monkeypatch.setattr(type(in_memory._system), "find", lambda *_, **__: found)
    assert in_memory.list().keys() == {"a"}


def test_names_that_would_leave_the_folder_are_left_out(in_memory, monkeypatch):
    in_memory.write("good", b"1")
    system = in_memory._system
    root = in_memory._path("").rstrip("/")
    names = ["good", "../bad", "a/../../bad", "/bad", "folder/"]
    found = {f"{root}/{name}": {"size": 1} for name in names}
    monkeypatch.setattr(type(system), "find", lambda *_, **__: found)
    assert in_memory.list().keys() == {"good"}


@pytest.mark.parametrize("request_", ["read", "write", "create", "upload", "remove"])
def test_a_request_that_is_never_answered_ends(tmp_path, monkeypatch, request_):
    fsspec.register_implementation("silent", Silent, clobber=True)
    monkeypatch.setattr(store, "ATTEMPT", 0.05)
    monkeypatch.setattr(store, "PAUSES", (0.0,))
    (tmp_path / "file").write_bytes(b"1")
    arguments = {
        **{"read": ["a"], "write": ["a", b"1"], "create": ["a", b"1"]},
        **{"upload": [tmp_path / "file", "a"], "remove": [["a"]]},
    }
    with pytest.raises(StoreError, match=r"cannot be reached \(no answer in time\): check"):
        getattr(Store("silent://bucket/run"), request_)(*arguments[request_])


def test_the_libraries_of_stores_are_given_limits_of_time(monkeypatch):
    """As gcsfs and s3fs take them from version 2025.2 on."""
    given = {}
    monkeypatch.setattr(store.extras, "lack", lambda package: None)
    limits = types.SimpleNamespace(ClientTimeout=lambda **limits: limits)
    monkeypatch.setitem(sys.modules, "aiohttp", limits)
    monkeypatch.setattr(fsspec, "filesystem", lambda protocol, **own: given.update({protocol: own}))
    for protocol in ("gs", "s3", "memory"):
        _ = Store(f"{protocol}://bucket/run")._system
    assert given["gs"] == {"requests_timeout": {"total": None, "sock_connect": 10, "sock_read": 15}}
    assert given["s3"] == {
        "config_kwargs": {
            "connect_timeout": 10,
            "read_timeout": 15,
            "retries": {"total_max_attempts": 1},
        }
    }
    assert given["memory"] == {}


@pytest.mark.parametrize(("size", "most"), [(0, 90), (2**16 * 100, 190)])
def test_no_attempt_begins_after_90_seconds_unless_much_is_moved(
    in_memory, tmp_path, monkeypatch, size, most
):
    monkeypatch.setattr(store, "time", clock := Clock())
    monkeypatch.setattr(store, "PAUSES", (1.0,) * 1000)
    (tmp_path / "file").write_bytes(bytes(size))
    began = []

    def silent(request, path):
        began.append(clock.now)
        clock.now += 15
        return TimeoutError("no answer")

    with failing(monkeypatch, silent), pytest.raises(StoreError, match="cannot be reached"):
        in_memory.upload(tmp_path / "file", "a")
    assert most - 17 < began[-1] <= most


def test_an_attempt_is_made_only_while_it_may(in_memory, monkeypatch):
    monkeypatch.setattr(store, "PAUSES", (0.0,) * 5)

    def refuse():
        raise StoreError("another process has taken over")

    own = store.dataclasses.replace(in_memory, before_retry=refuse)
    with (
        failing(monkeypatch, lambda *_: TimeoutError("no answer")) as record,
        pytest.raises(StoreError, match="taken over"),
    ):
        own.write("a", b"1")
    assert len(record.calls) == 1
