import collections
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gans_jax.data import (
    Augment,
    DataError,
    DigitDomains,
    Digits,
    GaussianRing,
    ImageFolder,
    Unpaired,
    UnpairedFolders,
    stream,
)
from gans_jax.runs.config import from_json, to_json


def level(domain, index):
    return 20 * index + (130 if domain == "B" else 0)


def save(path, pixels):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)


@pytest.fixture
def root(tmp_path):
    """Three images in trainA and five in trainB, of one level each; two each to test."""
    for folder, count in {"trainA": 3, "trainB": 5, "testA": 2, "testB": 2}.items():
        for i in range(count):
            pixels = np.full((8, 8, 3), level(folder[-1], i), np.uint8)
            save(tmp_path / f"{folder}/{i}.png", pixels)
    return str(tmp_path)


def levels(batches, name, count):
    images = np.concatenate([batches[t][name] for t in range(count)])
    assert np.ptp(images, axis=(1, 2, 3)).max() == 0
    return [int(image[0, 0, 0]) for image in images]


def refused(source):
    with pytest.raises(DataError) as caught:
        source[0]
    return str(caught.value)


def test_examples(root):
    source = UnpairedFolders(root)
    assert len(source) == 5
    for i, example in enumerate(source):
        assert (example["a"] == level("A", i % 3)).all()
        assert (example["b"] == level("B", i)).all()
        assert example["a"].shape == (8, 8, 3)
        assert example["a"].dtype == np.uint8
    assert len(UnpairedFolders(root, "test")) == 2


def test_each_domain_is_gone_through_in_orders_of_its_own(root):
    batches = stream(UnpairedFolders(root), 5, seed=1)
    for name, count in (("a", 3), ("b", 5)):
        drawn = np.array(levels(batches, name, 30)).reshape(-1, count)
        known = [level(name.upper(), i) for i in range(count)]
        np.testing.assert_array_equal(np.sort(drawn, axis=1), np.tile(known, (len(drawn), 1)))
        assert len({tuple(order) for order in drawn}) > count


def test_any_two_images_meet(root):
    batches = stream(UnpairedFolders(root), 5)
    met = collections.Counter(zip(levels(batches, "a", 60), levels(batches, "b", 60), strict=True))
    assert len(met) == 15
    assert max(met.values()) < 45


def test_domains_of_one_length_do_not_share_an_order(root):
    batches = stream(UnpairedFolders(root, "test"), 2)
    orders = zip(levels(batches, "a", 40), levels(batches, "b", 40), strict=True)
    same = np.mean([a // 20 == (b - 130) // 20 for a, b in orders])
    assert 0.2 < same < 0.8


def test_batch_is_a_function_of_seed_and_iteration(root):
    batches = stream(UnpairedFolders(root), 2, seed=4)
    wanted = [levels(batches, "a", 12), levels(batches, "b", 12)]
    again = stream(UnpairedFolders(root), 2, seed=4)
    for t in (11, 0, 7):
        for name, drawn in zip("ab", wanted, strict=True):
            assert [int(image[0, 0, 0]) for image in again[t][name]] == drawn[2 * t : 2 * t + 2]
    assert levels(stream(UnpairedFolders(root), 2, seed=5), "a", 12) != wanted[0]


def test_shards_in_a_row_are_the_global_batch(root):
    source = UnpairedFolders(root, size=8, augment=Augment())
    whole = stream(source, 4)
    for t in range(5):
        for name in ("a", "b"):
            parts = [stream(source, 4, shard=(i, 4))[t][name] for i in range(4)]
            np.testing.assert_array_equal(np.concatenate(parts), whole[t][name])


def test_augmentation_is_independent(tmp_path):
    pixels = np.random.default_rng(0).integers(0, 256, (10, 10, 3), np.uint8)
    for domain in "AB":
        save(tmp_path / f"train{domain}/0.png", pixels)
    source = UnpairedFolders(str(tmp_path), size=8, augment=Augment(enlarge=1.25))
    batches = stream(source, 1)
    for name in ("a", "b"):
        assert len({batches[t][name].tobytes() for t in range(150)}) == 18  # 3 x 3, mirrored
    same = [np.array_equal(batches[t]["a"], batches[t]["b"]) for t in range(50)]
    assert 0 < sum(same) < 10
    np.testing.assert_array_equal(source[0]["a"], pixels[1:9, 1:9])


def test_images_are_read_once(root):
    source, reread = UnpairedFolders(root), UnpairedFolders(root, cache=0)
    examples = [source[i] for i in range(5)]
    assert len(reread) == 5
    shutil.rmtree(f"{root}/trainA")
    np.testing.assert_array_equal(source[2]["a"], examples[2]["a"])
    assert "0.png cannot be read" in refused(reread)


def test_two_sources(root):
    a, b = ImageFolder(f"{root}/trainB", size=None), Digits(size=32)
    source = Unpaired(a, b, size=16)
    assert len(source) == 4000
    batch = stream(source, 6)[3]
    assert batch["a"].shape == (6, 16, 16, 3)
    assert batch["b"].shape == (6, 16, 16, 1)


def test_points_are_no_images():
    message = refused(Unpaired(Digits(), GaussianRing(num=10)))
    assert "GaussianRing has examples float32 [2]: choose one with uint8 images" in message


def test_pairs_are_no_images():
    assert "DigitDomains has no images" in refused(Unpaired(Digits(), DigitDomains()))


@pytest.mark.parametrize("domain", ["A", "B"])
def test_missing_domain(root, domain):
    shutil.rmtree(f"{root}/train{domain}")
    message = refused(UnpairedFolders(root))
    assert f"the folder {root}/train{domain} is missing: " in message
    assert "trainA and trainB" in message


def test_empty_domain_and_unreadable_image(root):
    Path(root, "trainA/0.png").write_bytes(b"garbage")
    assert "trainA/0.png cannot be read" in refused(UnpairedFolders(root))
    shutil.rmtree(f"{root}/trainB")
    Path(root, "trainB").mkdir()
    with pytest.raises(DataError, match="trainB holds no image"):
        len(UnpairedFolders(root))


def test_sixteen_bits_and_channels(root):
    save_to = f"{root}/trainB/0.png"
    Image.fromarray(np.full((8, 8), 1000, np.uint16)).save(save_to)
    assert "trainB/0.png has 16 bits per channel" in refused(UnpairedFolders(root))
    with pytest.raises(DataError, match="channels cannot be 4"):
        UnpairedFolders(root, channels=4)
    assert UnpairedFolders(root, "test", channels=1)[0]["a"].shape == (8, 8, 1)


def test_index_out_of_range(root):
    with pytest.raises(IndexError, match="example 5 is not one of the 5"):
        UnpairedFolders(root)[5]


def test_digit_domains_to_train_on_share_no_digit():
    source = DigitDomains()
    assert len(source) == len(source.a) == len(source.b) == 2000
    a, b = source.a.arrays["image"], source.b.arrays["image"]
    assert a.shape == b.shape == (2000, 32, 32, 3)
    ink = {(image[..., 0] > 127).tobytes() for image in a}
    assert not ink & {(image[..., 0] < 135).tobytes() for image in b}


def test_digit_domains_to_test_on_are_aligned():
    source = DigitDomains("test")
    assert len(source) == 1000
    share = source[17]["a"] / 255
    wanted = share * (20, 40, 140) + (1 - share) * (250, 210, 60)
    np.testing.assert_allclose(source[17]["b"], wanted, atol=0.5)
    assert source[17]["a"].max() > 200
    np.testing.assert_array_equal(source[17]["a"][..., :1], Digits("test", size=32)[17]["image"])


def test_digit_domains_batch():
    batch = stream(DigitDomains(), 8)[2]
    assert batch["a"].shape == batch["b"].shape == (8, 32, 32, 3)
    assert batch["b"].dtype == np.uint8
    assert (batch["b"][:, 0, 0] == (250, 210, 60)).all()


def test_unknown_split_of_the_digits():
    with pytest.raises(DataError, match="split cannot be 'val'"):
        len(DigitDomains("val"))


def test_configuration():
    for source in (
        Unpaired(ImageFolder("A", size=None), ImageFolder("B", size=None), size=64),
        UnpairedFolders("root", "test", size=256, augment=Augment(), cache=100),
        DigitDomains("test"),
    ):
        assert from_json(to_json(source)) == source
