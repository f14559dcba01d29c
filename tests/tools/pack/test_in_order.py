"""Packing of a dataset in tfrecord files, with a stand-in for TensorFlow, and without it."""

import importlib.util
from types import SimpleNamespace

import numpy as np
import pytest

from gans_jax.data import TFDS, DataError
from gans_jax.tools.pack import pack
from gans_jax.tools.pack.in_order import NEAR, InOrder

tfds = pytest.importorskip("tensorflow_datasets")
pytest.importorskip("array_record")
COUNT = 3 * NEAR


class Dataset(list):
    """Numbered examples, which `skip` passes over as a dataset of TensorFlow does."""

    def skip(self, count):
        STARTS.append(count)
        return Dataset(self[count:])


STARTS: list[int] = []
FOUND = Dataset(
    {"image": np.full((2, 3, 1), i % 256, np.uint8), "label": i, "id": str(i)} for i in range(COUNT)
)


class Builder:
    info = SimpleNamespace(
        available_file_formats=lambda: {tfds.core.FileFormat.TFRECORD},
        splits={"train": SimpleNamespace(num_examples=COUNT, num_bytes=9, shard_lengths=[COUNT])},
        full_name="some_set/1.0.0",
    )

    def as_dataset(self, split, *, shuffle_files, read_config):
        assert (split, shuffle_files, read_config.interleave_cycle_length) == ("train", False, 1)
        return FOUND


@pytest.fixture
def prepared(monkeypatch):
    """A dataset in tfrecord files, where TensorFlow seems to be installed."""
    STARTS.clear()
    monkeypatch.setattr(tfds, "builder", lambda name, data_dir: Builder())
    monkeypatch.setattr(tfds, "as_numpy", iter)
    monkeypatch.setattr(tfds, "ReadConfig", SimpleNamespace)
    spec = importlib.util.find_spec
    known = {"tensorflow": object()}
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: known.get(name) or spec(name))
    return known


def test_a_dataset_in_tfrecord_files_is_packed_in_its_order(prepared, tmp_path):
    packed = pack(TFDS("some_set"), tmp_path, threads=4)
    assert len(packed) == COUNT
    batch = packed.batch(np.arange(COUNT))
    np.testing.assert_array_equal(batch["label"], np.arange(COUNT))
    np.testing.assert_array_equal(batch["image"][:, 1, 2, 0], np.arange(COUNT) % 256)
    assert batch["label"].dtype == np.int32
    assert len(STARTS) <= 3


def test_examples_may_be_asked_for_in_nearly_their_order(prepared):
    source = InOrder(TFDS("some_set"))
    order = [0, 2, 1, 4, 5, 3, 2 * NEAR, 2 * NEAR + 1, 7, 8]
    assert [int(source[index]["label"]) for index in order] == order
    assert STARTS == [0, 2 * NEAR, 7]


def test_without_tensorflow_the_remedy_is_named(prepared, monkeypatch, tmp_path):
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(DataError, match=r"'some_set' is prepared as tfrecord.*pip install tensor"):
        pack(TFDS("some_set"), tmp_path / "out")
    assert not (tmp_path / "out").exists()
