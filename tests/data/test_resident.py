"""Examples in device memory are gathered to the bit as the stream reads them."""

import dataclasses

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from gans_jax import WGAN, data
from gans_jax.data.resident import Rows, device_bytes
from tests.support import tiny
from tests.support.every_type import Every


def test_indices_are_the_examples_of_the_stream():
    method = WGAN(tiny.Generator(), tiny.Discriminator(), n_critic=3)
    source = Every()
    for shard in ((0, 1), (1, 2)):
        stream = data.stream(source, 8, 5, method, shard)
        for t in range(4):  # 24 examples each, of 37: across epochs
            indices = stream.indices(t)
            assert indices.shape == (3, 8 // shard[1])
            for name, values in stream[t].items():
                np.testing.assert_array_equal(source.arrays[name][indices], values)


@pytest.mark.parametrize("x64", [False, True])
def test_a_gathered_batch_is_the_streams(x64):
    with jax.enable_x64(x64):
        examples, stream = data.on_device(Every()), data.stream(Every(), 8)
        gather = jax.jit(lambda examples, indices: examples[indices])
        for t in range(10):
            batch = gather(examples, jnp.asarray(stream.indices(t), jnp.int32))
            tiny.assert_same_bits(batch, jax.tree.map(jnp.asarray, stream[t]))


def test_a_scan_gathers_its_batches():
    """A step in code of one's own, with the indices of an epoch and nothing else to move."""
    source = Every()
    examples, stream = data.on_device(source), data.stream(source, 8)
    indices = jnp.asarray(np.stack([stream.indices(t) for t in range(6)]), jnp.int32)
    add = lambda total, i: (total + examples[i]["image"].astype(jnp.int32).sum(), None)
    total, _ = jax.jit(lambda indices: jax.lax.scan(add, jnp.int32(0), indices))(indices)
    assert total == sum(stream[t]["image"].sum(dtype=int) for t in range(6))


@dataclasses.dataclass(frozen=True)
class Uneven:
    """300 images, of which the last is larger; they are read in more than one part."""

    def __len__(self):
        return 300

    def __getitem__(self, index):
        return {"image": np.zeros((4 if index < 299 else 5, 4, 1), np.uint8)}


class Even(Uneven):
    """The same without another shape in a part, but with one after the first part."""

    def __getitem__(self, index):
        return {"image": np.zeros((4 if index < 256 else 5, 4, 1), np.uint8)}


def test_examples_of_other_shapes_are_refused():
    with pytest.raises(data.DataError, match="within one batch"):
        data.on_device(Uneven())
    with pytest.raises(data.DataError, match=r"from number 256 on have shapes .*\[5, 4, 1\]"):
        data.on_device(Even())


def test_examples_drawn_at_random_are_refused():
    domains = data.DigitDomains()
    with pytest.raises(data.DataError, match="DigitDomains draws its examples at random"):
        data.on_device(domains)
    with pytest.raises(data.DataError, match="DigitDomains draws its examples at random"):
        data.stream(domains, 4).indices(0)


def test_a_share_without_examples_is_placed_as_the_others():
    """The processes place their rows together, so that none may lack a name."""
    first = {n: jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for n, x in Every().arrays.items()}
    empty, filled = Rows(37, first).place(None, False), data.on_device(Every())
    assert jax.tree.structure(empty) == jax.tree.structure(filled)
    assert all(not rows.any() for rows in empty.rows.values())
    for name, rows in filled.rows.items():
        assert (empty.rows[name].shape, empty.rows[name].dtype) == (rows.shape, rows.dtype)


def test_memory_is_what_the_arrays_take():
    examples = data.on_device(Every())
    shapes = {
        name: jax.ShapeDtypeStruct(x.shape[1:], x.dtype) for name, x in Every().arrays.items()
    }
    assert device_bytes(37, shapes, 1, "cpu") == sum(x.nbytes for x in examples.rows.values())
    cifar = {"image": jax.ShapeDtypeStruct((32, 32, 3), np.uint8)}
    assert device_bytes(50_000, cifar, 1, "cpu") == 153_600_000
    assert device_bytes(50_000, cifar, 16, "cpu") == 9_600_000
    points = {"image": jax.ShapeDtypeStruct((2,), np.float32)}
    assert device_bytes(10, points, 1, "tpu") == 10 * 128 * 4  # it fills up short rows
