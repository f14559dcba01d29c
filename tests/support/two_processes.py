"""One of two processes with two devices each; `tests/test_parallel.py` starts both.

python -m tests.support.two_processes {train,seeds,die0,die1,files,data} PORT INDEX FOLDER
"""

import dataclasses
import os
import signal
import sys
import time
from pathlib import Path

import jax
import numpy as np

from gans_jax import data, parallel, training
from gans_jax.data.order import permutation
from gans_jax.data.source import InMemory
from gans_jax.training import Checkpoints, ConfigError, Experiment

if __name__ == "__main__":  # before the imports below, which use a device
    MODE, PORT, INDEX, FOLDER = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    HEARTBEAT = 10 if MODE.startswith("die") else 60  # seconds
    for _ in range(2):  # twice is as once
        assert parallel.initialize(
            f"localhost:{PORT}", 2, INDEX, heartbeat_timeout_seconds=HEARTBEAT
        )

from tests.support import tiny
from tests.support.cases import CASES

METHOD = next(case.method for case in CASES if case.name == "wgan")
ITERATIONS, BATCH_SIZE = 3, 16


@dataclasses.dataclass(frozen=True)
class Images(InMemory):
    """40 images, so that the third iteration goes into a second epoch."""

    @property
    def arrays(self):
        return {"image": tiny.images(40)}


@dataclasses.dataclass(frozen=True)
class Few(InMemory):
    """Two images, which leave process 1 none to read."""

    @property
    def arrays(self):
        return {"image": tiny.images(2)}


@dataclasses.dataclass(frozen=True)
class Unreadable:
    """400 images, of which one that process 1 alone needs for iteration 5 cannot be read."""

    num: int = 400

    def __len__(self):
        return self.num

    def __getitem__(self, index):
        if index == permutation(self.num, 0, 0)[5 * 2 * BATCH_SIZE + BATCH_SIZE // 2]:
            raise data.DataError(f"example {index} cannot be read: replace it")
        return {"image": tiny.images(1, seed=index)[0]}


def initial():
    return tiny.jit(METHOD.init)(jax.random.key(0), data.stream(Images(), 16, 0, METHOD)[0])


def train(step, place_batch, place_state, shard, state=None, start=0, stop=ITERATIONS):
    """The state after some iterations on this process's shard of the data."""
    stream = data.stream(Images(), BATCH_SIZE, seed=0, method=METHOD, shard=shard)
    state = place_state(initial() if state is None else state)
    for t in range(start, stop):
        batch, key = place_batch(stream[t]), jax.random.fold_in(jax.random.key(0), t)
        state, _ = jax.block_until_ready(step(state, batch, key))
    return state


def save(folder, state):
    with Checkpoints(folder) as checkpoints:
        checkpoints.save(int(state.step), jax.tree.map(lambda x: x.addressable_data(0), state))


def restore(folder):
    with Checkpoints(folder) as checkpoints:
        batch = data.stream(Images(), 16, 0, METHOD)[0]
        return checkpoints.restore(jax.eval_shape(METHOD.init, jax.random.key(0), batch))[1]


def train_run(source, folder):
    """Ends with the error of a run on this source that it is expected to have."""
    every = {"log_every": 100, "sample_every": 100, "checkpoint_every": 100, "samples": 4}
    experiment = Experiment(METHOD, source, 12, batch_size=BATCH_SIZE, **every)
    extra = [Unreadable, tiny.Generator, tiny.Discriminator]
    try:
        training.train(
            experiment, folder / "run", devices=jax.devices(), extra=extra, progress=False
        )
    except (data.DataError, ConfigError) as error:
        print(error, flush=True)
    if jax.process_index() == 0:
        time.sleep(2)  # jax would end the other, which prints too, as soon as this one is gone
    os._exit(1)  # without waiting for the other


def check_resident(mesh, sharded):
    """Examples that each process has read a half of are gathered on all devices."""
    examples = data.on_device(Images(), mesh, sharded)
    axes = (0 if sharded else None, METHOD.batch_axis)
    gather = jax.jit(parallel.mapped(lambda e, i: e[i], mesh, axes, METHOD.batch_axis))
    stream = data.stream(Images(), BATCH_SIZE, 0, METHOD, parallel.shard())
    for t in range(2):
        indices = parallel.put_batch(mesh, np.int32(stream.indices(t)), METHOD.batch_axis)
        own = gather(examples, indices)["image"].addressable_shards
        own = np.concatenate([np.asarray(shard.data) for shard in own], METHOD.batch_axis)
        np.testing.assert_array_equal(own, stream[t]["image"])


def check_share_without_examples(mesh, sharded):
    examples = data.on_device(Few(), mesh, sharded)
    gather = jax.jit(parallel.mapped(lambda e, i: e[i], mesh, (0 if sharded else None, 0), 0))
    indices = parallel.put_batch(mesh, np.int32([[0, 1], [1, 0]][jax.process_index()]), 0)
    for shard in gather(examples, indices)["image"].addressable_shards:
        own = Few().arrays["image"][[0, 1, 1, 0]][shard.index]
        np.testing.assert_array_equal(np.asarray(shard.data), own)


def main(mode, index, folder):
    if mode == "files":
        os.chdir(folder / str(index))
        train_run(data.ImageFolder("images", size=8, channels=1), folder)
    if mode == "data":
        train_run(Unreadable(), folder)
    parallel.check_same(index if mode == "seeds" else 0, "the seed")
    mesh = parallel.mesh()
    assert (mesh.size, len(mesh.local_devices)) == (4, 2)
    for sharded in (False, True):
        check_resident(mesh, sharded)
        check_share_without_examples(mesh, sharded)
    place = {
        "place_batch": lambda batch: parallel.put_batch(mesh, batch, METHOD.batch_axis),
        "place_state": lambda state: parallel.replicate(mesh, state),
    }
    step = parallel.sharded_step(METHOD, mesh)
    state = train(step, **place, shard=parallel.shard())
    np.savez(folder / f"sharded{index}.npz", **tiny.leaves(state))
    if index == 0:
        save(folder / "two_processes", state)
    if mode.startswith("die"):
        if mode == f"die{index}":
            os.kill(os.getpid(), signal.SIGKILL)
        while True:
            train(step, **place, shard=parallel.shard())
    state = restore(folder / "one_process")
    state = train(step, **place, shard=parallel.shard(), state=state, start=3, stop=4)
    np.savez(folder / f"resumed{index}.npz", **tiny.leaves(state))
    place = {
        "place_batch": lambda batch: batch,
        "place_state": lambda state: parallel.replicate(mesh.local_mesh, state),
    }
    state = train(parallel.pmapped_step(METHOD), **place, shard=parallel.shard())
    np.savez(folder / f"pmapped{index}.npz", **tiny.leaves(state))


if __name__ == "__main__":
    main(MODE, INDEX, FOLDER)
