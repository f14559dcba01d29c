"""pix2pix's and CycleGAN's networks on weights of their PyTorch code, and the other way."""

import functools
import operator
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np

from gans_jax.networks import (
    PatchGANDiscriminator,
    PixelGANDiscriminator,
    ResNetGenerator,
    UNetGenerator,
)
from gans_jax.tools.interop import names
from gans_jax.tools.interop.names import Layer
from gans_jax.weights import WeightsError

Tensors = Mapping[str, np.ndarray]

GENERATORS: dict[str, nn.Module] = {
    "resnet_9blocks": ResNetGenerator(blocks=9),
    "resnet_6blocks": ResNetGenerator(blocks=6),
    "unet_256": UNetGenerator(256),
    "unet_128": UNetGenerator(128),
}
DISCRIMINATORS: dict[str, nn.Module] = {
    "basic": PatchGANDiscriminator(layers=3),
    "n_layers": PatchGANDiscriminator(layers=3),
    "pixel": PixelGANDiscriminator(),
}
_NETWORKS = GENERATORS | DISCRIMINATORS
_MOST_LAYERS = 6  # whose patches have 574 pixels a side
# The axes of kernels, [k, k, in, out] (of transposed ones [k, k, out, in]), in PyTorch's order.
_AXES = (3, 2, 0, 1)


class Imported(NamedTuple):
    """A network, its variables, and how many channels it takes."""

    network: Any
    params: Any
    batch_stats: Any
    inputs: int


class _Leaf(NamedTuple):
    """A tensor's name in PyTorch, its collection and path in linen, and its shape in PyTorch."""

    name: str
    path: tuple[str, ...]
    shape: tuple[int, ...]


def from_pytorch(name: str, tensors: Tensors, file: str = "the state dict") -> Imported:
    """The network of that name in PyTorch's code, one of `GENERATORS` or `DISCRIMINATORS`.

    Channels, widths, the layers of `n_layers` and the norm come from the tensors: batch norm is
    where running statistics are kept with a scale, else it is instance norm. A prefix `module.`,
    counts of batches, and the running statistics that instance norm kept before PyTorch 0.4 (which
    the authors' code ignores, too) are left out, and so is dropout in residual blocks.

    Running variances are taken over as they are, though PyTorch averages the unbiased ones and
    linen the biased ones: outputs are equal, and further training moves towards the latter.

    Raises:
      WeightsError: if the tensors are those of another network, or not finite. It names `file`, and
        the first layer that differs with both shapes.
    """
    tensors = _cleaned(tensors)
    # Without dropout in the blocks there is a norm, if anything.
    dropout = np.ndim(tensors.get("model.10.conv_block.6.weight")) == 4
    network, inputs = _inferred(name, tensors, dropout)
    leaves = list(_leaves(network, inputs, dropout))
    _check(name, leaves, tensors, file)
    found: dict[str, Any] = {"params": {}, "batch_stats": {}}
    for leaf in leaves:
        *scopes, last = leaf.path
        scope = functools.reduce(lambda scope, key: scope.setdefault(key, {}), scopes, found)
        value = tensors[leaf.name].astype(np.float32)
        if not np.isfinite(value).all():
            raise WeightsError(f"{file} has a {leaf.name} that is not finite: give another file")
        scope[last] = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value
    return Imported(network, found["params"], found["batch_stats"], inputs)


def to_pytorch(network: nn.Module, params: Any, batch_stats: Any) -> dict[str, np.ndarray]:
    """The state dict for PyTorch's network of the same kind, for `load_state_dict(strict=True)`.

    Residual blocks are those without dropout, the setting `--no_dropout` there.

    Raises:
      WeightsError: if that code has no such network.
    """
    _refuse_without_counterpart(network)
    variables = {"params": params, "batch_stats": batch_stats}
    tensors = {}
    for layer in names.layers(network):
        for name, path in _places(layer, variables):
            value = np.asarray(functools.reduce(operator.getitem, path, variables), np.float32)
            tensors[name] = value.transpose(_AXES) if value.ndim == 4 else value
            if name.endswith("running_var"):
                tensors[f"{layer.theirs}.num_batches_tracked"] = np.zeros((), np.int64)
    return tensors


def _cleaned(tensors: Tensors) -> dict[str, np.ndarray]:
    if all(name.startswith("module.") for name in tensors):
        tensors = {name.removeprefix("module."): tensor for name, tensor in tensors.items()}

    def kept(name: str) -> bool:
        layer, _, last = name.rpartition(".")
        if last in ("running_mean", "running_var"):
            return f"{layer}.weight" in tensors
        return last != "num_batches_tracked"

    return {name: tensor for name, tensor in tensors.items() if kept(name)}


def _inferred(name: str, tensors: Tensors, dropout: bool) -> tuple[Any, int]:
    """The network with the sizes that its first and last layer have, and its input channels."""
    network = _NETWORKS[name]
    norm = "batch" if any(key.endswith(".running_mean") for key in tensors) else "instance"
    options: dict[str, Any] = {"norm": norm}
    if name == "n_layers":
        kernels = [tensor for tensor in tensors.values() if tensor.ndim == 4]
        options["layers"] = min(max(len(kernels) - 2, 1), _MOST_LAYERS)
    network = network.clone(**options)
    ends = [names.layers(network, dropout)[end].theirs for end in (0, -1)]
    first, last = (_kernel_shape(tensors.get(f"{end}.weight")) for end in ends)
    options["features"], inputs = first[:2] if first else (network.features, 3)
    if name in GENERATORS and last:
        options["channels"] = last[1 if isinstance(network, UNetGenerator) else 0]
    return network.clone(**options), inputs


def _kernel_shape(tensor: np.ndarray | None) -> tuple[int, ...] | None:
    return tensor.shape if tensor is not None and tensor.ndim == 4 and tensor.size else None


def _leaves(network: Any, inputs: int, dropout: bool) -> Iterator[_Leaf]:
    side = max(getattr(network, "size", 8), 3 * 2 ** getattr(network, "layers", 0))
    images = jax.ShapeDtypeStruct((1, side, side, inputs), jnp.float32)
    shapes = jax.eval_shape(network.init, jax.random.key(0), images)
    for layer in names.layers(network, dropout):
        for name, path in _places(layer, shapes):
            shape = functools.reduce(operator.getitem, path, shapes).shape
            yield _Leaf(name, path, tuple(shape[a] for a in _AXES) if len(shape) == 4 else shape)


def _places(layer: Layer, variables: Any) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Of each tensor of a layer the name in PyTorch and the path in linen's variables."""
    for collection, key, theirs in (
        ("params", "kernel", "weight"),
        ("params", "scale", "weight"),
        ("params", "bias", "bias"),
        ("batch_stats", "mean", "running_mean"),
        ("batch_stats", "var", "running_var"),
    ):
        scope = variables.get(collection, {})
        for part in layer.ours:
            scope = scope.get(part, {})
        if key in scope:
            yield f"{layer.theirs}.{theirs}", (collection, *layer.ours, key)


def _check(name: str, leaves: list[_Leaf], tensors: Tensors, file: str) -> None:
    """WeightsError that names the first difference between the file and the network."""
    known = {leaf.name for leaf in leaves}
    unknown = next((key for key in tensors if key not in known), None)
    there = f"{unknown} {tensors[unknown].shape}" if unknown else "nothing"
    for leaf in leaves:
        found = tensors.get(leaf.name)
        if found is None:
            what = f"lacks {leaf.name} {leaf.shape} of {name} (and has {there} besides)"
        elif found.shape != leaf.shape:
            what = f"has {leaf.name} {found.shape}, which in {name} is {leaf.shape}"
        else:
            continue
        raise WeightsError(f"{file} {what}: {_remedy(name, tensors)}")
    if unknown:
        raise WeightsError(f"{file} has {there}, which {name} has not: {_remedy(name, tensors)}")


def _remedy(wanted: str, tensors: Tensors) -> str:
    """Names the network whose kernels these are, if it is another known one."""
    kernels = {key.removesuffix(".weight") for key, value in tensors.items() if value.ndim == 4}
    for name in _NETWORKS:
        network, _ = _inferred(name, tensors, dropout=False)
        own = {layer.theirs for layer in names.layers(network) if "BatchNorm" not in layer.ours[-1]}
        if own == kernels and name != wanted:
            return f"it has the convolutions of {name}, so name that network"
    return f"give the file of a {wanted} with batch or instance norm"


def _refuse_without_counterpart(network: Any) -> None:
    try:
        names.layers(network)
    except TypeError as error:
        raise WeightsError(f"{error}: export another network") from error
    for field, allowed in (
        ("norm", ("batch", "instance")),
        ("upsample", ("transpose",)),
        ("skip", (True,)),
    ):
        value = getattr(network, field, allowed[0])
        if value not in allowed:
            raise WeightsError(
                f"a {type(network).__name__} with {field} {value!r} has no counterpart in that "
                "code: export another network"
            )
