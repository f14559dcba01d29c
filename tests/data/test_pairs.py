import dataclasses
import itertools
import shutil
from pathlib import Path

import chex
import numpy as np
import pytest
from PIL import Image

from gans_jax import WGAN
from gans_jax.cli import override
from gans_jax.data import Augment, DataError, PairedFolder, Unaligned, stream
from gans_jax.runs.config import from_json, to_json
from gans_jax.training import Experiment
from tests.support import tiny
from tests.support.pairs import negative, noise, save

RED, GREEN, BLUE = (255, 0, 0), (0, 255, 0), (0, 0, 255)
JITTER = Augment(enlarge=1.25)


def refused(source, index=0):
    with pytest.raises(DataError) as caught:
        source[index]
    return str(caught.value)


def test_halves(beside):
    source = PairedFolder(beside)
    assert len(source) == 7
    for i, example in enumerate(source):
        chex.assert_trees_all_equal(example, {"a": noise(i), "b": negative(noise(i))})


def test_direction_exchanges_the_halves(beside):
    example = PairedFolder(beside, direction="b_to_a")[2]
    chex.assert_trees_all_equal(example, {"a": negative(noise(2)), "b": noise(2)})


def test_two_folders(apart):
    source = PairedFolder(*apart)
    assert len(source) == 7
    for i, example in enumerate(source):
        chex.assert_trees_all_equal(example, {"a": noise(i), "b": negative(noise(i))})
    exchanged = PairedFolder(*apart, direction="b_to_a")[3]
    chex.assert_trees_all_equal(exchanged, {"a": negative(noise(3)), "b": noise(3)})


@pytest.mark.parametrize("layout", ["beside", "apart"])
def test_augmentation_keeps_a_pair_aligned(layout, request):
    found = request.getfixturevalue(layout)
    paths = (found,) if layout == "beside" else found
    batches = stream(PairedFolder(*paths, size=8, augment=JITTER), 5)
    for t in range(8):
        a, b = batches[t]["a"], batches[t]["b"]
        assert a.shape == (5, 8, 8, 3)
        assert a.dtype == np.uint8
        assert abs(a.astype(int) - negative(b)).max() <= 1  # resized, then rounded


def test_windows_differ_between_visits(tmp_path):
    save(tmp_path / "0.png", np.concatenate([noise(0, 10, 10)] * 2, axis=1))
    batches = stream(PairedFolder(str(tmp_path), size=8, augment=JITTER), 1)
    assert len({batches[t]["a"].tobytes() for t in range(100)}) == 18  # 3 x 3 places, mirrored


def test_batch_is_a_function_of_seed_and_iteration(beside):
    source = PairedFolder(beside, size=8, augment=JITTER)
    batches = stream(source, 3, seed=5)
    wanted = [batches[t] for t in range(6)]
    again = stream(dataclasses.replace(source), 3, seed=5)
    for t in (5, 1, 3):
        chex.assert_trees_all_equal(again[t], wanted[t])
    other = stream(source, 3, seed=6)
    assert not np.array_equal(other[0]["a"], wanted[0]["a"])


@pytest.mark.parametrize("kind", [lambda source: source, Unaligned])
def test_shards_in_a_row_are_the_global_batch(beside, kind):
    source = kind(PairedFolder(beside, size=8, augment=JITTER))
    whole = stream(source, 4)
    for t in range(4):
        parts = [stream(source, 4, shard=(i, 2))[t] for i in range(2)]
        assert parts[0]["a"].shape == (2, 8, 8, 3)
        chex.assert_trees_all_equal(
            {name: np.concatenate([part[name] for part in parts]) for name in ("a", "b")}, whole[t]
        )


def test_prefetch_equals_indexing(beside):
    batches = stream(PairedFolder(beside, size=8, augment=JITTER), 3)
    fresh = stream(PairedFolder(beside, size=8, augment=JITTER), 3)
    for t, batch in enumerate(batches.prefetch(2, 12, threads=3), start=2):
        chex.assert_trees_all_equal(batch, fresh[t])


def test_every_epoch_holds_every_pair(beside):
    batches = stream(PairedFolder(beside), 7)
    known = sorted(noise(i).tobytes() for i in range(7))
    orders = [[image.tobytes() for image in batches[t]["a"]] for t in range(3)]
    assert all(sorted(order) == known for order in orders)
    assert orders[0] != orders[1]


def test_indexing_is_not_random(beside):
    source = PairedFolder(beside, size=8, augment=JITTER)
    chex.assert_trees_all_equal(source[4], source[4])
    centre = np.asarray(Image.fromarray(noise(4)).resize((10, 10), Image.Resampling.BICUBIC))
    np.testing.assert_array_equal(source[4]["a"], centre[1:9, 1:9])


def test_size_keeps_the_proportions(tmp_path):
    for folder, colour in (("A", RED), ("B", GREEN)):
        pixels = np.zeros((8, 16, 3), np.uint8)
        pixels[:, 4:12] = colour
        save(tmp_path / folder / "wide.png", pixels)
    example = PairedFolder(str(tmp_path / "A"), str(tmp_path / "B"), size=4)[0]
    assert (example["a"][:, 1:-1] == RED).all()
    assert (example["b"][:, 1:-1] == GREEN).all()


def test_partner_of_another_resolution(tmp_path):
    coarse = noise(0, 4, 6)
    save(tmp_path / "A/0.png", coarse.repeat(4, axis=0).repeat(4, axis=1))
    save(tmp_path / "B/0.png", coarse.repeat(2, axis=0).repeat(2, axis=1))
    folders = str(tmp_path / "A"), str(tmp_path / "B")
    example = PairedFolder(*folders, size=4)[0]
    assert abs(example["a"].astype(int) - example["b"]).max() < 40
    message = refused(PairedFolder(*folders))
    assert "A/0.png has 24x16 pixels" in message
    assert "B/0.png 12x8: give a `size`" in message


def test_partners_of_other_proportions(tmp_path):
    save(tmp_path / "A/0.png", noise(0, 8, 16))
    save(tmp_path / "B/0.png", noise(0, 8, 12))
    message = refused(PairedFolder(str(tmp_path / "A"), str(tmp_path / "B"), size=8))
    assert "A/0.png has 16x8 pixels" in message
    assert "cut both to the same view" in message


def test_files_of_different_size_need_a_size(tmp_path):
    save(tmp_path / "0.png", noise(0, 8, 16))
    save(tmp_path / "1.png", noise(0, 10, 20))
    with pytest.raises(DataError, match=r"'a' has shapes .*`size`"):
        stream(PairedFolder(str(tmp_path)), 2)[0]
    assert stream(PairedFolder(str(tmp_path), size=8), 2)[0]["b"].shape == (2, 8, 8, 3)


def test_images_are_read_once_unless_memory_is_off(beside):
    kept, reread = PairedFolder(beside, size=8), PairedFolder(beside, size=8, cache=0)
    before = [kept[i] for i in range(7)]
    before[0]["a"][:] = 0
    assert len(reread) == 7
    expected = reread[0]
    shutil.rmtree(beside)
    chex.assert_trees_all_equal(kept[0], expected)
    assert "0.png cannot be read" in refused(reread)


def test_loaded_source_compares_and_copies_as_its_configuration(beside):
    source = PairedFolder(beside, size=8)
    source[0]
    assert source == PairedFolder(beside, size=8)
    assert dataclasses.replace(source, size=4)[0]["a"].shape == (4, 4, 3)


def test_grey_palette_and_transparent_files(tmp_path):
    halves = Image.fromarray(np.full((4, 8, 3), BLUE, np.uint8))
    halves.quantize().save(tmp_path / "0.png")
    Image.new("L", (8, 4), 77).save(tmp_path / "1.png")
    Image.new("RGBA", (8, 4), (255, 0, 0, 0)).save(tmp_path / "2.png")
    for example, color in zip(
        PairedFolder(str(tmp_path)), [BLUE, (77, 77, 77), (255, 255, 255)], strict=True
    ):
        for half in example.values():
            assert half.shape == (4, 4, 3)
            assert (half == color).all()
    assert PairedFolder(str(tmp_path), channels=1)[1]["b"].shape == (4, 4, 1)


def test_orientation_is_applied_before_halving(tmp_path):
    pixels = np.full((8, 4, 3), RED, np.uint8)
    pixels[4:] = GREEN
    exif = Image.Exif()
    exif[0x0112] = 8  # turned a quarter to the left when shown
    Image.fromarray(pixels).save(tmp_path / "0.png", exif=exif)
    example = PairedFolder(str(tmp_path))[0]
    assert (example["a"] == RED).all()
    assert (example["b"] == GREEN).all()


def test_sixteen_bits_are_refused(tmp_path):
    save(tmp_path / "deep.png", np.full((4, 8), 1000, np.uint16))
    assert "deep.png has 16 bits per channel: convert" in refused(PairedFolder(str(tmp_path)))


@pytest.mark.parametrize(("lacking", "suffix"), [("A", ".png"), ("B", ".bmp")])
def test_file_without_partner(apart, lacking, suffix):
    full, short = apart if lacking == "B" else apart[::-1]
    for name in ("5", "3"):
        Path(short, "x", name).with_suffix(suffix).unlink()
    with pytest.raises(DataError) as caught:
        len(PairedFolder(*apart))
    assert f"{full}/x/3." in str(caught.value)
    assert f"has no partner in {short}: add it" in str(caught.value)


def test_two_files_of_one_name(apart):
    save(Path(apart[0], "x/3.bmp"), noise(0))
    with pytest.raises(DataError, match=r"has both x/3.bmp and x/3.png: remove one"):
        len(PairedFolder(*apart))


@pytest.mark.parametrize(("height", "width"), [(8, 8), (9, 16), (12, 8), (6, 9), (8, 20)])
def test_a_photo_is_no_pair(tmp_path, height, width):
    save(tmp_path / "photo.png", noise(0, height, width))
    message = refused(PairedFolder(str(tmp_path), size=4))
    assert f"photo.png has {width}x{height} pixels" in message
    assert "give `path_b`" in message


def test_unpaired_domains_are_no_pairs(tmp_path):
    for name in ("trainA", "trainB"):
        save(tmp_path / name / "0.png", noise(0, 8, 16))
    with pytest.raises(DataError, match=r"two domains without partners.*cyclegan_folders"):
        len(PairedFolder(str(tmp_path), size=4))


def test_odd_width(tmp_path):
    save(tmp_path / "odd.png", noise(0, 4, 9))
    message = refused(PairedFolder(str(tmp_path), size=4))
    assert "odd.png has the odd width 9" in message
    assert "`path_b`" in message


def test_unreadable_image(beside):
    Path(beside, "3.png").write_bytes(b"garbage")
    assert "3.png cannot be read" in refused(PairedFolder(beside), 3)


def test_missing_and_empty_folders(tmp_path, beside):
    assert "check the path" in refused(PairedFolder(str(tmp_path / "absent")))
    (tmp_path / "empty").mkdir()
    assert "empty holds no image" in refused(PairedFolder(str(tmp_path / "empty")))
    assert "empty holds no image" in refused(PairedFolder(beside, str(tmp_path / "empty")))


def test_a_training_and_a_test_set_are_not_mixed(tmp_path):
    for name in ("train", "test"):
        (tmp_path / name).mkdir()
        Image.new("RGB", (8, 4)).save(tmp_path / name / "1.png")
    assert f"not to be mixed: give {tmp_path}/train" in refused(PairedFolder(str(tmp_path)))
    assert len(PairedFolder(f"{tmp_path}/train")) == 1


def test_unfit_settings():
    for fields, message in [
        ({"direction": "left"}, "'left': choose 'a_to_b' or 'b_to_a'"),
        ({"channels": 2}, "channels cannot be 2: choose 1 or 3"),
        ({"augment": Augment()}, "give a `size`"),
        ({"cache": -1}, "-1 MiB"),
    ]:
        with pytest.raises(DataError, match=message):
            PairedFolder("any", **fields)
    with pytest.raises(ValueError, match="size must be positive"):
        PairedFolder("any", size=0)


def test_configuration():
    source = PairedFolder("A", "B", direction="b_to_a", size=256, augment=Augment(flip=False))
    assert from_json(to_json(source)) == source
    assert from_json(to_json(Unaligned(source))) == Unaligned(source)
    run = Experiment(WGAN(tiny.Generator(), tiny.Discriminator()), source, iterations=1)
    changed = override(run, ["--data.augment.enlarge", "1.5", "--data.cache", "0"], "train")
    assert changed.data == dataclasses.replace(source, augment=Augment(1.5, flip=False), cache=0)


def test_scale_of_the_papers():
    assert [round(size * Augment().enlarge) for size in (128, 256)] == [143, 286]


def test_iterating_ends(beside):
    assert len(list(itertools.islice(PairedFolder(beside), 20))) == 7
