"""Packing: equal streams, going on after a stop, and what is refused."""

import dataclasses
from pathlib import Path

import numpy as np
import pytest

from gans_jax import data
from gans_jax.cli import main
from gans_jax.data import DataError, manifest
from gans_jax.runs import config
from gans_jax.tools.pack import pack, writing
from tests.support.pairs import noise, save
from tests.support.tiny import install

pytest.importorskip("array_record")


READ: list[int] = []
BROKEN: set[int] = set()


@dataclasses.dataclass(frozen=True)
class Counting:
    """Seven images, each of one grey level; READ lists those that were read."""

    def __len__(self):
        return 7

    def __getitem__(self, index):
        if index in BROKEN:
            raise DataError(f"example {index} is broken")
        READ.append(index)
        return {"image": np.full((30, 40, 3), index, np.uint8), "label": np.array(index % 2)}


SHARD = 2 * (30 * 40 * 3 + 8)  # bytes of two examples


def assert_same_stream(source, packed, batch_size=4):
    expected, found = (data.stream(each, batch_size, seed=5) for each in (source, packed))
    for t in (0, 1, 2, 7):
        batch = found[t]
        assert batch.keys() == expected[t].keys()
        for name, values in expected[t].items():
            assert batch[name].dtype == values.dtype
            np.testing.assert_array_equal(batch[name], values)


@pytest.fixture
def folder(tmp_path):
    """Nine square images of 24 pixels in two classes."""
    for i in range(9):
        save(tmp_path / f"images/{'ab'[i % 2]}/{i}.png", noise(i, 24, 24))
    return str(tmp_path / "images")


@pytest.fixture
def pairs(tmp_path):
    for i in range(9):
        pair = np.concatenate([noise(i, 24, 24), noise(i + 20, 24, 24)], axis=1)
        save(tmp_path / f"pairs/{i}.png", pair)
    return str(tmp_path / "pairs")


@pytest.fixture
def domains(tmp_path):
    for domain, count in (("A", 7), ("B", 9)):
        for i in range(count):
            save(tmp_path / f"domains/train{domain}/{i}.png", noise(i + count, 24, 24))
    return str(tmp_path / "domains")


JITTER = data.Augment(enlarge=1.25)  # 20 pixels of 16


SOURCES = {
    "digits": lambda path: data.Digits(),
    "folder": lambda path: data.ImageFolder(path("folder"), size=16),
    "arrays": lambda path: data.Arrays(np.linspace(-1, 1, 60, dtype=np.float32).reshape(10, 6)),
    "pairs": lambda path: data.PairedFolder(path("pairs"), size=16),
    "drawn_pairs": lambda path: data.PairedFolder(path("pairs"), size=16, augment=JITTER),
    "unaligned": lambda path: data.Unaligned(
        data.PairedFolder(path("pairs"), size=16, augment=JITTER)
    ),
    "domains": lambda path: data.UnpairedFolders(path("domains"), size=16, augment=JITTER),
    "digit_domains": lambda path: data.DigitDomains(),
    "task": lambda path: data.Inpainting(
        data.ImageFolder(path("folder"), size=None), size=16, augment=JITTER
    ),
    "unaligned_task": lambda path: data.Unaligned(data.Inpainting(data.Digits(size=32))),
}


@pytest.mark.parametrize("name", SOURCES)
def test_a_stream_of_packed_data_is_the_stream_of_the_source(name, request, tmp_path):
    source = SOURCES[name](request.getfixturevalue)
    packed = pack(source, tmp_path / "out", threads=2, shard_bytes=1500)
    assert len(packed) == len(source)
    assert_same_stream(source, packed)


def test_labels_of_a_domain_are_packed(folder, tmp_path):
    source = data.Unpaired(data.ImageFolder(folder, None), data.ImageFolder(folder, None), size=16)
    packed = pack(source, tmp_path / "out")
    assert packed.a[3]["label"] == data.ImageFolder(folder)[3]["label"]


def test_a_folder_with_a_margin(folder, tmp_path):
    source = data.ImageFolder(folder, size=16)
    packed = pack(source, tmp_path / "out", margin=4)
    assert packed == data.RandomCrop(data.Packed(str(tmp_path / "out")), 16)
    larger = dataclasses.replace(source, size=20)
    np.testing.assert_array_equal(packed.source[5]["image"], larger[5]["image"])
    assert_same_stream(data.RandomCrop(larger, 16), packed)


def test_an_excluding_source_with_a_margin(folder, tmp_path):
    source = data.ImageFolder(folder, size=16)
    data.excluding.write(tmp_path / "copies.json", source, [1, 4])
    packed = pack(data.Excluding(source, str(tmp_path / "copies.json")), tmp_path / "out", 4)
    assert len(packed) == 7
    assert packed.source.shapes() == {"image": (20, 20, 3)}


def test_a_run_records_it_and_goes_on_exactly(tmp_path):
    """Its configuration is read again, and the stream depends on t alone."""
    packed = pack(data.Digits(), tmp_path / "out", shard_bytes=100_000)
    again = config.from_json(config.to_json(data.RandomCrop(packed, 20)))
    assert again == data.RandomCrop(packed, 20)
    first, second = (data.stream(source, 16) for source in (again, data.RandomCrop(packed, 20)))
    [first[t] for t in range(3)]
    np.testing.assert_array_equal(first[300]["image"], second[300]["image"])


def test_pairs_keep_their_truth(pairs, tmp_path):
    assert pack(data.PairedFolder(pairs, size=16), tmp_path / "out").has_truth
    assert not pack(data.Digits(), tmp_path / "digits").has_truth


def contents(folder):
    return {file.name: file.read_bytes() for file in Path(folder).iterdir()}


def test_a_stopped_command_goes_on(tmp_path, monkeypatch):
    """Shards that are whole are not written again."""
    out = tmp_path / "out"
    monkeypatch.setitem(globals(), "BROKEN", {5})
    with pytest.raises(DataError, match="example 5 is broken"):
        pack(Counting(), out, shard_bytes=SHARD)
    whole = {f"0000{number}-of-00004.array_record" for number in range(3)}
    kept = {name: (out / name).stat().st_ino for name in whole}
    assert {file.name for file in out.glob("*.array_record*")} == whole
    with pytest.raises(DataError, match=r"manifest.*manifest\.json is missing"):
        len(data.Packed(str(out)))
    monkeypatch.setitem(globals(), "BROKEN", set())
    READ.clear()
    packed = pack(Counting(), out, shard_bytes=SHARD)
    assert {name: (out / name).stat().st_ino for name in whole} == kept
    assert packed.manifest.counts == (1, 2, 2, 2)
    assert sorted(READ) == [0, 5, 6]  # 0 tells the shape of all
    assert_same_stream(Counting(), packed)


def test_shards_that_are_damaged_or_missing_are_written_anew(tmp_path):
    out = tmp_path / "out"
    packed = pack(Counting(), out, shard_bytes=SHARD)
    before = contents(out)
    damaged = bytearray(before[packed.manifest.name(1)])
    damaged[4000] ^= 1
    (out / packed.manifest.name(1)).write_bytes(damaged)
    (out / packed.manifest.name(2)).write_bytes(before[packed.manifest.name(2)][:5000])
    (out / packed.manifest.name(3)).unlink()
    (out / f".{packed.manifest.name(3)}.part").write_bytes(b"half of it")
    READ.clear()
    pack(Counting(), out, shard_bytes=SHARD)
    assert sorted(READ) == [0, 1, 2, 3, 4, 5, 6]
    assert contents(out) == before
    READ.clear()
    pack(Counting(), out, shard_bytes=SHARD)
    assert READ == [0]


@pytest.mark.parametrize("complete", [True, False])
def test_a_shard_whose_end_was_cut_off_is_written_anew(tmp_path, complete):
    """Its records are whole, but other readers of the format find none."""
    out = tmp_path / "out"
    packed = pack(Counting(), out, shard_bytes=SHARD)
    before, name = contents(out), packed.manifest.name(2)
    (out / name).write_bytes(before[name][:-10])
    if not complete:
        manifest.write(out, dataclasses.replace(packed.manifest, written=()), manifest.PLAN)
        (out / manifest.NAME).unlink()
    READ.clear()
    pack(Counting(), out, shard_bytes=SHARD)
    assert sorted(READ) == [0, 3, 4]
    assert contents(out) == before


def test_a_shard_that_the_manifest_does_not_know_is_written_anew(tmp_path):
    out = tmp_path / "out"
    packed = pack(Counting(), out, shard_bytes=SHARD)
    before, name = contents(out), packed.manifest.name(2)
    (out / name).write_bytes(before[name] + b"more")
    READ.clear()
    pack(Counting(), out, shard_bytes=SHARD)
    assert sorted(READ) == [0, 3, 4]
    assert contents(out) == before


@pytest.mark.parametrize("other", ["source", "margin", "file", "sets"])
def test_a_folder_with_anything_else_is_refused(other, folder, tmp_path):
    out, source = tmp_path / "out", data.ImageFolder(folder, size=16)
    if other == "file":
        save(out / "0.png", noise(0))
    elif other == "sets":
        pack(data.DigitDomains("test"), out)
    else:
        pack(data.ImageFolder(folder, 8) if other == "source" else source, out, margin=2)
    before = {path: path.read_bytes() for path in out.rglob("*") if path.is_file()}
    with pytest.raises(DataError, match=r"out (already )?holds .*: name a new folder"):
        pack(source, out)
    assert {path: path.read_bytes() for path in out.rglob("*") if path.is_file()} == before


def test_a_folder_with_one_set_takes_no_two_domains(tmp_path):
    pack(data.Digits(), tmp_path / "out")
    with pytest.raises(DataError, match=r"already holds .*: name a new folder"):
        pack(data.DigitDomains(), tmp_path / "out")


def test_what_cannot_be_packed(folder, pairs, tmp_path):
    photos = data.ImageFolder(folder, size=16)
    objects = data.PastedObjects(photos, photos, photos, size=16)
    refused = {
        "PastedObjects draws its examples anew each time.*pack the sources inside": (objects, 0),
        "Digits has no images that were resized": (data.Digits(), 4),
        "give the PairedFolder a `size`": (data.PairedFolder(pairs), 0),
        "DigitDomains has no images that were resized": (data.DigitDomains(), 4),
    }
    for text, (source, margin) in refused.items():
        with pytest.raises(DataError, match=text):
            pack(source, tmp_path / "out", margin)
    assert not (tmp_path / "out").exists()


def test_images_of_two_sizes_are_refused(tmp_path):
    for i, side in enumerate((8, 9)):
        save(tmp_path / f"images/{i}.png", noise(i, side, side))
    with pytest.raises(DataError, match=r"example 1 has image uint8 \[9, 9, 3\].*give.*a `size`"):
        pack(data.ImageFolder(str(tmp_path / "images"), size=None), tmp_path / "out")


@dataclasses.dataclass(frozen=True)
class Words:
    def __len__(self):
        return 1

    def __getitem__(self, index):
        return {"image": np.array("x")}


def test_what_has_no_numbers_is_refused(tmp_path):
    with pytest.raises(DataError, match="'image' is of type <U1, which cannot be packed"):
        pack(Words(), tmp_path / "out")


def test_without_array_record(monkeypatch, tmp_path):
    install(monkeypatch, array_record=None)
    with pytest.raises(DataError, match=r"packing data needs array_record .*\[pack\]"):
        pack(data.Digits(), tmp_path / "out")


def test_two_processes_do_not_pack_into_one_folder(tmp_path):
    (tmp_path / "out").mkdir()
    with (
        writing.lock.held(tmp_path / "out"),
        pytest.raises(DataError, match=r"another process packs into .*: wait"),
    ):
        pack(data.Digits(), tmp_path / "out")


def test_a_full_disk_leaves_nothing_half_written(monkeypatch, tmp_path):
    from array_record.python import array_record_module

    class Full(array_record_module.ArrayRecordWriter):
        def write(self, record):
            raise RuntimeError("No space left on device; writing out")

    monkeypatch.setattr(array_record_module, "ArrayRecordWriter", Full)
    with pytest.raises(DataError, match=r"cannot be written: No space left on device$"):
        pack(data.Digits(), tmp_path / "out")
    names = {file.name for file in (tmp_path / "out").iterdir()}
    assert names == {"unfinished.json", ".gans_jax.lock"}


def test_the_command(folder, tmp_path, capsys):
    out = str(tmp_path / "out")
    assert main(["pack", folder, out, "--size", "16", "--margin", "2", "--threads", "1"]) == 0
    printed = capsys.readouterr().out.splitlines()
    assert printed[0].startswith("9 examples in ")
    assert eval(printed[1]) == data.RandomCrop(data.Packed(out), 16)
    assert main(["pack", folder, out]) == 1
    assert "was packed from another source" in capsys.readouterr().err


def test_the_command_takes_the_data_of_an_experiment(tmp_path, capsys):
    file, out = "experiments/digits/wgan_digits.py", str(tmp_path / "out")
    assert main(["pack", file, out, "--data.split", "test"]) == 0
    assert len(data.Packed(out)) == 1000
    assert main(["pack", "wgan_digits", out, "--data.split", "test"]) == 0  # whole already
    assert main(["pack", file, str(tmp_path / "other"), "--size", "8"]) == 1
    assert "use --data.size" in capsys.readouterr().err
