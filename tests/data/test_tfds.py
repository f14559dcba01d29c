import json
import shutil
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from gans_jax.data import TFDS, DataError, Unpaired, fingerprint, stream

tfds = pytest.importorskip("tensorflow_datasets")
pytest.importorskip("array_record")
pytest.importorskip("importlib_resources")


class TinyShapes(tfds.core.GeneratorBasedBuilder):
    """Six 8x12 images; image i is filled with 10 i and labelled i % 2."""

    VERSION = tfds.core.Version("1.0.0")

    def _info(self):
        features = {
            "image": tfds.features.Image(shape=(8, 12, 3)),
            "label": tfds.features.ClassLabel(num_classes=2),
            "id": tfds.features.Text(),
        }
        return tfds.core.DatasetInfo(builder=self, features=tfds.features.FeaturesDict(features))

    def _split_generators(self, dl_manager):
        return {"train": self._generate_examples()}

    def _generate_examples(self):
        for i in range(6):
            # Arrays would be encoded by TensorFlow, Pillow images by Pillow.
            image = Image.fromarray(np.full((8, 12, 3), 10 * i, np.uint8))
            yield i, {"image": image, "label": i % 2, "id": str(i)}


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    data_dir = str(tmp_path_factory.mktemp("tfds"))
    TinyShapes(data_dir=data_dir, file_format="array_record").download_and_prepare()
    return data_dir


def test_shapes_come_from_the_description_of_the_dataset(prepared, tmp_path):
    assert TFDS("tiny_shapes", data_dir=prepared).shapes() == {"image": (8, 12, 3), "label": ()}
    absent = TFDS("tiny_shapes", data_dir=str(tmp_path), size=4)
    assert absent.shapes() == {"image": (4, 4, 3), "label": ()}
    with pytest.raises(DataError, match="'no_such_set'"):
        TFDS("no_such_set", data_dir=str(tmp_path)).shapes()


def refused(source):
    with pytest.raises(DataError) as caught:
        len(source)
    return str(caught.value)


def test_prepared_array_record(prepared):
    source = TFDS("tiny_shapes", data_dir=prepared)
    assert len(source) == 6
    levels = set()
    for example in (source[i] for i in range(6)):
        assert set(example) == {"image", "label"}
        assert example["image"].shape == (8, 12, 3)
        assert example["image"].dtype == np.uint8
        assert example["label"].shape == ()
        assert example["label"].dtype == np.int32
        level = int(example["image"][0, 0, 0])
        assert example["label"] == level // 10 % 2
        levels.add(level)
    assert levels == {0, 10, 20, 30, 40, 50}


def test_slices_of_a_split(prepared):
    assert len(TFDS("tiny_shapes", split="train[:4]", data_dir=prepared)) == 4


def test_fingerprint(prepared, tmp_path):
    before = fingerprint(TFDS("tiny_shapes", data_dir=prepared))
    shutil.copytree(prepared, tmp_path / "copy")
    assert fingerprint(TFDS("tiny_shapes", data_dir=str(tmp_path / "copy"))) == before
    path = tmp_path / "copy/tiny_shapes/1.0.0/dataset_info.json"
    path.write_text(path.read_text().replace('"6"', '"5"'))
    assert fingerprint(TFDS("tiny_shapes", data_dir=str(tmp_path / "copy"))) != before


def test_size(prepared):
    image = TFDS("tiny_shapes", data_dir=prepared, size=4)[0]["image"]
    assert image.shape == (4, 4, 3)
    assert np.ptp(image) == 0


def test_batches(prepared):
    batch = stream(TFDS("tiny_shapes", data_dir=prepared), batch_size=6)[0]
    assert sorted(batch["image"][:, 0, 0, 0]) == [0, 10, 20, 30, 40, 50]


def test_unpaired_splits_of_different_length(prepared):
    few, many = (TFDS("tiny_shapes", split, prepared) for split in ("train[:2]", "train[2:]"))
    source = Unpaired(few, many, size=4)
    assert len(source) == 4
    batch = stream(source, batch_size=4)[0]
    assert batch["a"].shape == batch["b"].shape == (4, 4, 4, 3)
    counts = [np.unique(batch[name][:, 0, 0, 0], return_counts=True)[1] for name in ("a", "b")]
    assert [list(count) for count in counts] == [[2, 2], [1, 1, 1, 1]]


@pytest.mark.parametrize(("size", "shape"), [(None, (28, 28, 1)), (16, (16, 16, 1))])
def test_mocked_mnist(size, shape):
    with tfds.testing.mock_data(num_examples=5):
        source = TFDS("mnist", size=size)
        assert len(source) == 5
        assert source[4]["image"].shape == shape
        assert source[4]["image"].dtype == np.uint8
        assert source[4]["label"].dtype == np.int32


def test_tfrecord_names_the_command_that_prepares_array_record(tmp_path):
    builder = TinyShapes(data_dir=str(tmp_path), file_format="array_record")
    builder.download_and_prepare()
    path = tmp_path / "tiny_shapes/1.0.0/dataset_info.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"fileFormat": "tfrecord"}))
    message = refused(TFDS("tiny_shapes", data_dir=str(tmp_path)))
    command = (
        'python -c "import tensorflow_datasets as tfds; '
        f"tfds.builder('tiny_shapes', data_dir='{tmp_path}', file_format='array_record')"
        '.download_and_prepare()"'
    )
    assert command in message
    assert "random access" in message.lower()


@pytest.mark.parametrize("name", ["mnist", "lsun/church_outdoor"])
def test_unprepared_data_set(name, tmp_path):
    message = refused(TFDS(name, data_dir=str(tmp_path)))
    assert f"'{name}'" in message
    assert "file_format='array_record'" in message


def test_unknown_split_and_name(prepared):
    assert "Should be one of ['train']" in refused(TFDS("tiny_shapes", "val", prepared))
    assert "'no_such_set'" in refused(TFDS("no_such_set", data_dir=prepared))


def test_missing_package(monkeypatch):
    monkeypatch.setitem(sys.modules, "tensorflow_datasets", None)
    assert "'mnist' needs tensorflow-datasets: run `pip install" in refused(TFDS("mnist"))


@pytest.mark.parametrize(
    ("found", "part"), [({"text": "a"}, "['text']"), ({"image": 0.5}, "float64")]
)
def test_unfit_features(found, part):
    source = TFDS("some_set")
    source.__dict__["examples"] = [found]
    with pytest.raises(DataError) as caught:
        source[0]
    assert "'some_set'" in str(caught.value)
    assert part in str(caught.value)


def test_reading_imports_no_tensorflow(prepared):
    program = (
        "import sys; from gans_jax.data import TFDS; "
        "assert 'tensorflow_datasets' not in sys.modules; "
        f"TFDS('tiny_shapes', data_dir={prepared!r})[0]; "
        "assert 'tensorflow_datasets' in sys.modules and 'tensorflow' not in sys.modules"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
