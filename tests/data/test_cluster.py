"""A simulated cluster of 64 hosts: what each of them reads of the epochs that all share."""

import dataclasses

import numpy as np
import pytest

from gans_jax import data
from gans_jax.data.order import permutation
from tests.data.test_stream import critic_first

HOSTS, EXAMPLES, BATCH = 64, 1000, 256  # an epoch ends within a batch, and within a host's rows


@dataclasses.dataclass
class Recording:
    """Numbers below `EXAMPLES`; `read` has the indices that one host asked for."""

    read: list[int] = dataclasses.field(default_factory=list)

    def __len__(self):
        return EXAMPLES

    def __getitem__(self, index):
        self.read.append(index)
        return {"image": np.array(index)}


@pytest.fixture(scope="module", params=[None, critic_first(2, 3)], ids=["GAN", "WGAN"])
def cluster(request):
    """The global stream, and for each host its source, its stream and its batches of 12 epochs."""
    whole = data.stream(Recording(), BATCH, seed=3, method=request.param)
    sources = [Recording() for _ in range(HOSTS)]
    streams = [data.stream(s, BATCH, 3, request.param, (i, HOSTS)) for i, s in enumerate(sources)]
    iterations = range(48 if request.param is None else 28)
    batches = [[stream[t]["image"] for t in iterations] for stream in streams]
    return whole, sources, batches


def test_every_example_is_read_once_an_epoch(cluster):
    _, sources, _ = cluster
    rows = np.array([source.read for source in sources]).reshape(HOSTS, -1, BATCH // HOSTS)
    order = rows.transpose(1, 0, 2).reshape(-1)  # minibatch after minibatch, host after host
    epochs = order[: order.size // EXAMPLES * EXAMPLES].reshape(-1, EXAMPLES)
    assert len(epochs) >= 11
    for number, epoch in enumerate(epochs):
        np.testing.assert_array_equal(np.sort(epoch), np.arange(EXAMPLES))
        np.testing.assert_array_equal(epoch, permutation(EXAMPLES, 3, number))


def test_no_host_reads_the_rows_of_another(cluster):
    _, sources, batches = cluster
    minibatches = len(sources[0].read) * HOSTS // BATCH
    epochs = [permutation(EXAMPLES, 3, e) for e in range(minibatches * BATCH // EXAMPLES + 1)]
    order = np.concatenate(epochs)[: minibatches * BATCH].reshape(minibatches, HOSTS, -1)
    for host, (source, own) in enumerate(zip(sources, batches, strict=True)):
        np.testing.assert_array_equal(source.read, order[:, host].reshape(-1))
        np.testing.assert_array_equal(source.read, np.concatenate([b.reshape(-1) for b in own]))


def test_the_hosts_batches_in_a_row_are_the_global_batch(cluster):
    whole, _, batches = cluster
    for t in range(len(batches[0])):
        parts = [own[t] for own in batches]
        np.testing.assert_array_equal(np.concatenate(parts, axis=-1), whole[t]["image"])
