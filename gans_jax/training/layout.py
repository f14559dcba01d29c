"""Where the states and batches of a run lie: on one device, along an axis of seeds, or on a mesh.

The run folders see one tree a seed, the compiled step one tree for all seeds. A layout turns one
into the other; its three classes have the same functions.
"""

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh

from gans_jax import core, parallel, wrappers
from gans_jax.runs.config import ConfigError
from gans_jax.runs.experiment import Experiment


@dataclasses.dataclass(frozen=True)
class OneSeed:
    """One seed on the default device."""

    seeds: tuple[int, ...]
    mesh: Mesh | None = None

    def wrap(self, method: Any) -> Any:
        """Returns the method that trains all seeds in one program."""
        return method

    def compile(self, method: Any) -> Callable[..., Any]:
        """Returns the compiled step of a wrapped method, which donates the state."""
        return jax.jit(method.step, donate_argnums=0)

    def join(self, trees: Sequence[Any]) -> Any:
        """Makes one tree of one tree a seed."""
        return trees[0]

    def place(self, states: Sequence[Any]) -> Any:
        """Makes the state that the step takes of one state a seed."""
        return self.join(states)

    def put(self, batches: Sequence[Any], batch_axis: int) -> core.Batch:
        """Moves one batch a seed, with its examples along `batch_axis`, to where the step runs."""
        return jax.device_put(self.join(batches))

    def local(self, tree: Any) -> Any:
        """Returns on one device of this process what the step has returned."""
        return tree

    def each(self, tree: Any) -> list[Any]:
        """Splits a tree of this process into one tree a seed."""
        return [tree]

    def on_host(self, tree: Any) -> list[Any]:
        """Returns as one NumPy tree a seed what the step has returned."""
        return self.each(jax.device_get(self.local(tree)))


class Seeds(OneSeed):
    """Several seeds on the default device, along a leading axis of every leaf."""

    def wrap(self, method: Any) -> Any:
        return wrappers.seeds(method, len(self.seeds))

    def join(self, trees: Sequence[Any]) -> Any:
        return jax.tree.map(_stack, *trees)

    def each(self, tree: Any) -> list[Any]:
        def of_seed(index: int) -> Any:
            return jax.tree.map(lambda leaf: leaf[index], tree)

        return list(map(of_seed, range(len(self.seeds))))


@dataclasses.dataclass(frozen=True)
class OnMesh(OneSeed):
    """One seed on a mesh of devices, which may belong to several processes.

    Each device has the whole state and its rows of a batch.
    """

    mesh: Mesh

    def compile(self, method: Any) -> Callable[..., Any]:
        return parallel.sharded_step(method, self.mesh)

    def place(self, states: Sequence[Any]) -> Any:
        return parallel.replicate(self.mesh, self.join(states))

    def put(self, batches: Sequence[Any], batch_axis: int) -> core.Batch:
        return parallel.put_batch(self.mesh, self.join(batches), batch_axis)

    def local(self, tree: Any) -> Any:
        return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)


def choose_layout(
    experiment: Experiment, seeds: Sequence[int] | None, devices: Sequence[jax.Device] | None
) -> OneSeed:
    """Returns the layout for several seeds, for devices, or, where both are None, for neither.

    Raises:
      ConfigError: if both are given, or the devices do not divide the batch.
    """
    if seeds is not None and devices is not None:
        raise ConfigError("seeds are trained on one device: leave out the devices or the seeds")
    size, micro = experiment.batch_size, experiment.micro_batches
    count = 1 if devices is None else len(devices)
    if size % (count * micro):
        raise ConfigError(
            f"batch_size {size} does not divide over {count} devices with {micro} "
            f"micro-batches each: choose a multiple of {count * micro}"
        )
    if seeds is not None:
        return Seeds(tuple(seeds))
    own = (experiment.seed,)
    return OneSeed(own) if devices is None else OnMesh(own, parallel.mesh(devices))


def _stack(*leaves: Any) -> Any:
    """Stacks the seeds' leaves where they are: batches on the host, states on the device."""
    return np.stack(leaves) if isinstance(leaves[0], np.ndarray) else jnp.stack(leaves)
