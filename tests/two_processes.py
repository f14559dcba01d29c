"""One of two processes with two devices each; `tests/test_parallel.py` starts both.

python -m tests.two_processes {train,seeds,die0,die1} PORT INDEX FOLDER
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

if __name__ == "__main__":  # before the imports below, which use a device
    MODE, PORT, INDEX, FOLDER = sys.argv[1], sys.argv[2], int(sys.argv[3]), Path(sys.argv[4])
    for _ in range(2):  # twice is as once
        assert parallel.initialize(f"localhost:{PORT}", 2, INDEX, heartbeat_timeout_seconds=10)

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


def main(mode, index, folder):
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
    if mode.startswith("die"):
        if mode == f"die{index}":
            os.kill(os.getpid(), signal.SIGKILL)
        while True:
            train(step, **place, shard=parallel.shard())
    place = {
        "place_batch": lambda batch: batch,
        "place_state": lambda state: parallel.replicate(mesh.local_mesh, state),
    }
    state = train(parallel.pmapped_step(METHOD), **place, shard=parallel.shard())
    np.savez(folder / f"pmapped{index}.npz", **tiny.leaves(state))


if __name__ == "__main__":
    main(MODE, INDEX, FOLDER)
