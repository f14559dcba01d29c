"""One of two processes with two devices each; `tests/test_parallel.py` starts both.

python -m tests.two_processes {train,seeds,die} PORT INDEX FOLDER
"""

import dataclasses
import os
import signal
import sys
from pathlib import Path

import jax
import numpy as np

from gans_jax import data, parallel
from gans_jax.data.source import InMemory
from tests import tiny
from tests.cases import CASES

METHOD = next(case.method for case in CASES if case.name == "wgan")
ITERATIONS, BATCH_SIZE = 3, 16


@dataclasses.dataclass(frozen=True)
class Images(InMemory):
    """40 images, so that the third iteration goes into a second epoch."""

    @property
    def arrays(self):
        return {"image": tiny.images(40)}


def train(step, place_batch, place_state, shard):
    """The state after some iterations on this process's shard of the data."""
    stream = data.stream(Images(), BATCH_SIZE, seed=0, method=METHOD, shard=shard)
    key = jax.random.key(0)
    state = place_state(tiny.jit(METHOD.init)(key, stream[0]))
    for t in range(ITERATIONS):
        batch = place_batch(stream[t])
        state, _ = jax.block_until_ready(step(state, batch, jax.random.fold_in(key, t)))
    return state


def main(mode, port, index, folder):
    for _ in range(2):
        assert parallel.initialize(f"localhost:{port}", 2, index, heartbeat_timeout_seconds=10)
    parallel.check_same(index if mode == "seeds" else 0, "the seed")
    mesh = parallel.mesh()
    assert (mesh.size, len(mesh.local_devices)) == (4, 2)
    place = {
        "place_batch": lambda batch: parallel.put_batch(mesh, batch, METHOD.batch_axis),
        "place_state": lambda state: parallel.replicate(mesh, state),
    }
    step = parallel.sharded_step(METHOD, mesh)
    state = train(step, **place, shard=parallel.shard())
    np.savez(folder / f"sharded{index}.npz", **tiny.leaves(state))
    if mode == "die":
        print("trained", flush=True)
        if index == 1:
            os.kill(os.getpid(), signal.SIGKILL)
        while True:
            train(step, **place, shard=parallel.shard())
    local = {"place_batch": lambda batch: batch, "place_state": lambda state: state}
    state = train(parallel.pmapped_step(METHOD), **local, shard=parallel.shard())
    np.savez(folder / f"pmapped{index}.npz", **tiny.leaves(state))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4]))
