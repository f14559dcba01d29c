import dataclasses

import numpy as np
import pytest
from PIL import Image

from gans_jax.data import CutOuts, DataError, Digits, PastedObjects, Side, stream
from gans_jax.data.source import InMemory
from gans_jax.runs.config import from_json, to_json

SIZE = 16


@dataclasses.dataclass(frozen=True)
class Images(InMemory):
    """Five images of one level each, 0 to 4."""

    channels: int = 3
    size: int = SIZE

    @property
    def arrays(self):
        shape = (5, self.size, self.size, self.channels)
        return {"image": np.broadcast_to(np.arange(5, dtype=np.uint8)[:, None, None, None], shape)}


@dataclasses.dataclass(frozen=True)
class Pairs:
    def __len__(self):
        return 3

    def __getitem__(self, index):
        return {"a": np.full((4, 4, 3), index, np.uint8), "b": np.zeros((4, 4, 3), np.uint8)}


def save(path, level, opaque=False):
    """A square of a level, with a transparent border a quarter wide."""
    pixels = np.full((8, 8, 4), level, np.uint8)
    pixels[..., 3] = 255
    if not opaque:
        pixels[:2], pixels[-2:], pixels[:, :2], pixels[:, -2:] = 0, 0, 0, 0
    Image.fromarray(pixels).save(path)


@pytest.fixture
def source(tmp_path):
    for name, level in (("x1", 100), ("x2", 110), ("y1", 200), ("z", 250)):
        save(tmp_path / f"{name}.png", level)
    kinds = [CutOuts(str(tmp_path), (pattern,)) for pattern in ("x*.png", "y?.png")]
    return PastedObjects(Images(), *kinds, size=SIZE, smallest=0.5, largest=0.5)


def test_an_image_is_its_object_where_the_mask_is_and_its_background_elsewhere(source):
    levels = {"a": (100, 110), "b": (200,)}
    for position in range(20):
        example = source.draw(0, position)
        for name in ("a", "b"):
            image, mask = example[name], example[f"mask_{name}"][..., 0]
            assert image.shape == (SIZE, SIZE, 3)
            assert image.dtype == mask.dtype == np.uint8
            # Half of the side is 8 pixels, half of which is opaque; resizing blurs its corners.
            assert (mask == 255).sum() == pytest.approx(16, abs=4)
            assert np.isin(image[mask == 255], levels[name]).all()
            background = image[mask == 0]
            assert background.max() < 5
            assert np.ptp(background) == 0


def test_backgrounds_are_used_equally_often_and_apart(source):
    examples = [source.draw(0, position) for position in range(10)]
    corner = lambda e, name: e[name][e[f"mask_{name}"][..., 0] == 0][0, 0]
    drawn = {name: [int(corner(e, name)) for e in examples] for name in ("a", "b")}
    assert all(sorted(levels) == sorted(2 * [*range(5)]) for levels in drawn.values())
    assert drawn["a"] != drawn["b"]


def test_an_index_has_one_background_in_both_domains_and_never_changes(source):
    for index in range(len(source)):
        example, again = source[index], source[index]
        assert all((example[name] == again[name]).all() for name in example)
        for name in ("a", "b"):
            assert (example[name][example[f"mask_{name}"][..., 0] == 0] == index).all()
    with pytest.raises(IndexError, match="example 5 is not one of the 5"):
        source[5]


def test_draws_differ_in_place_and_object(source):
    masks = [source.draw(0, position)["mask_a"] for position in range(8)]
    assert len({mask.tobytes() for mask in masks}) > 4
    assert {int(source.draw(0, p)["a"].max()) for p in range(20)} == {100, 110}


def test_sizes_keep_to_their_limits(source):
    source = dataclasses.replace(source, smallest=0.25, largest=1.0)
    widths = []
    for position in range(60):
        columns = np.flatnonzero(source.draw(0, position)["mask_b"].any(axis=(0, 2)))
        widths.append(np.ptp(columns) + 1)
    # The opaque part is half of the object, and blurred by a pixel on each side.
    assert min(widths) <= 5
    assert 8 <= max(widths) <= 12


def test_it_streams_and_its_configuration_survives(source):
    batch = stream(source, 2)[0]
    shapes = {name: values.shape for name, values in batch.items()}
    image, mask = (2, SIZE, SIZE, 3), (2, SIZE, SIZE, 1)
    assert shapes == {"a": image, "b": image, "mask_a": mask, "mask_b": mask}
    digits = dataclasses.replace(source, backgrounds=Digits())
    assert from_json(to_json(digits)) == digits


def test_a_side_of_pairs():
    side = Side(Pairs())
    assert len(side) == 3
    assert side[2]["image"].max() == 2
    assert Side(Pairs(), "b")[2]["image"].max() == 0


def refused(source):
    with pytest.raises(DataError) as caught:
        source[0]
    return str(caught.value)


def test_errors_name_the_thing_and_the_remedy(source, tmp_path):
    replace = dataclasses.replace
    assert "the size 16" in refused(replace(source, backgrounds=Images(size=8)))
    assert "3 channels" in refused(replace(source, backgrounds=Images(channels=1)))
    assert "has 3 channels, not 4" in refused(replace(source, objects_a=Images()))
    assert "no file q*" in refused(replace(source, objects_b=CutOuts(str(tmp_path), ("q*",))))
    assert "nowhere is missing" in refused(replace(source, objects_b=CutOuts("nowhere")))
    with pytest.raises(DataError, match="smallest <= largest"):
        replace(source, smallest=0.7)
    save(tmp_path / "opaque.png", 3, opaque=True)
    assert "is opaque" in refused(CutOuts(str(tmp_path), ("opaque*",)))
    (tmp_path / "broken.png").write_bytes(b"no image")
    assert "cannot be read" in refused(CutOuts(str(tmp_path), ("broken*",)))
