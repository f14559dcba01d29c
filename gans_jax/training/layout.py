"""Where states and batches lie: on one device, along an axis of seeds, or on a mesh."""

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
class Layout:
    """Turns one tree a seed, as run folders hold them, into the tree that the step takes, and back.

    Attributes:
      seeds: the seed or seeds of the run.
      stacked: whether every leaf has a leading axis of seeds. Else there is only one seed.
      mesh: devices that each hold the state and their rows of a batch, or None for the default
        device. They may belong to several processes.
    """

    seeds: tuple[int, ...]
    stacked: bool = False
    mesh: Mesh | None = None

    @property
    def device_count(self) -> int:
        """How many devices share a batch."""
        return 1 if self.mesh is None else self.mesh.size

    def wrap(self, method: core.Method) -> Any:
        """Returns the method that trains all seeds in one program."""
        return wrappers.seeds(method, len(self.seeds)) if self.stacked else method

    def compile(self, method: core.Method) -> Callable[..., Any]:
        """Returns the compiled step of a wrapped method, which donates the state."""
        if self.mesh is None:
            return jax.jit(method.step, donate_argnums=0)
        return parallel.sharded_step(method, self.mesh)

    def map(self, function: Callable[..., Any], in_axes: Any, out_axes: Any) -> Callable[..., Any]:
        """Returns a function jitted for where the step runs; the axes are `parallel.mapped`'s."""
        if self.mesh is None:
            return jax.jit(function)
        return jax.jit(parallel.mapped(function, self.mesh, in_axes, out_axes))

    def join(self, trees: Sequence[Any]) -> Any:
        """Makes one tree of one tree a seed."""
        return jax.tree.map(_stack, *trees) if self.stacked else trees[0]

    def place(self, states: Sequence[core.State]) -> core.State:
        """Makes the state that the step takes of one state a seed."""
        state = self.join(states)
        return state if self.mesh is None else parallel.replicate(self.mesh, state)

    def everywhere(self, tree: Any) -> Any:
        """Copies a tree of arrays to every device on which the step runs."""
        if self.mesh is None:
            return jax.tree.map(jnp.asarray, tree)
        return parallel.replicate(self.mesh, tree)

    def put(self, batches: Sequence[Any], batch_axis: int) -> core.Batch:
        """Moves one batch a seed, with its examples along `batch_axis`, to where the step runs."""
        return self.put_joined(self.join(batches), batch_axis)

    def put_joined(self, batch: Any, batch_axis: int) -> Any:
        """Moves the batch of all seeds to where the step runs; `batch_axis` is as for `put`."""
        if self.mesh is None:
            return jax.device_put(batch)
        return parallel.put_batch(self.mesh, batch, batch_axis)

    def placed_shapes(self, state: Any, batch: Any, batch_axis: int) -> tuple[Any, Any]:
        """Returns shapes of a state and a batch with the places that `place` and `put` give."""
        if self.mesh is None:
            return state, batch
        return parallel.placed_shapes(self.mesh, state, batch, batch_axis)

    def local(self, tree: Any) -> Any:
        """Returns on one device of this process what the step has returned."""
        if self.mesh is None:
            return tree
        return jax.tree.map(lambda leaf: leaf.addressable_data(0), tree)

    def each(self, tree: Any) -> list[Any]:
        """Splits a tree of this process into one tree a seed."""
        if not self.stacked:
            return [tree]
        seeds = range(len(self.seeds))
        return [jax.tree.map(lambda leaf, seed=seed: leaf[seed], tree) for seed in seeds]

    def on_host(self, tree: Any) -> list[Any]:
        """Returns as one NumPy tree a seed what the step has returned."""
        return self.each(jax.device_get(self.local(tree)))


def choose_layout(
    experiment: Experiment, seeds: Sequence[int] | None, devices: Sequence[jax.Device] | None
) -> Layout:
    """Returns the layout for several seeds, for devices, or, where both are None, for neither.

    ConfigError if both are given, there are no seeds, or the devices do not divide the batch.
    """
    if seeds is not None and devices is not None:
        raise ConfigError("seeds are trained on one device: leave out the devices or the seeds")
    if seeds is not None and len(seeds) < 1:
        raise ConfigError("seeds must be at least 1, but is 0")
    size, micro = experiment.batch_size, experiment.micro_batches
    count = 1 if devices is None else len(devices)
    if size % (count * micro):
        raise ConfigError(
            f"batch_size {size} does not divide over {count} devices with {micro} "
            f"micro-batches each: choose a multiple of {count * micro}"
        )
    if seeds is not None:
        return Layout(tuple(seeds), stacked=True)
    return Layout((experiment.seed,), mesh=None if devices is None else parallel.mesh(devices))


def _stack(*leaves: Any) -> Any:
    """Stacks the seeds' leaves where they are: batches on the host, states on the device."""
    return np.stack(leaves) if isinstance(leaves[0], np.ndarray) else jnp.stack(leaves)
