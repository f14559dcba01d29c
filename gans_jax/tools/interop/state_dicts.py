"""Turns state dicts of pix2pix's and CycleGAN's PyTorch code into networks, and back."""

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
from gans_jax.tools.interop.names import Discriminator, Generator, Layer
from gans_jax.weights import WeightsError
from gans_jax.weights.state_pickle import shortened

Tensors = Mapping[str, np.ndarray]
Variables = Mapping[str, Any]

GENERATORS: dict[str, Generator] = {
    "resnet_9blocks": ResNetGenerator(blocks=9),
    "resnet_6blocks": ResNetGenerator(blocks=6),
    "unet_256": UNetGenerator(256),
    "unet_128": UNetGenerator(128),
}
DISCRIMINATORS: dict[str, Discriminator] = {
    "basic": PatchGANDiscriminator(layers=3),
    "n_layers": PatchGANDiscriminator(layers=3),
    "pixel": PixelGANDiscriminator(),
}
_NETWORKS: dict[str, Generator | Discriminator] = {**GENERATORS, **DISCRIMINATORS}
_MOST_LAYERS = 6  # patches then have sides of 574 pixels
# What DataParallel, torch.compile, FSDP and activation checkpoints put into the names of layers.
_WRAPPERS = ("module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module")
_COUNTS = ("num_batches_tracked", "n_averaged")
# The order of axes that turns linen's kernels, [k, k, in, out], into PyTorch's. Transposed
# convolutions have [k, k, out, in] here.
_AXES = (3, 2, 0, 1)


class Imported(NamedTuple):
    """A network with the weights of a state dict.

    Attributes:
      network: the module.
      params: its parameters.
      batch_stats: its running statistics; {} without batch norm.
      inputs: the number of channels that it takes.
    """

    network: Any
    params: dict[str, Any]
    batch_stats: dict[str, Any]
    inputs: int


class _Leaf(NamedTuple):
    """A tensor.

    Attributes:
      name: in PyTorch.
      path: the collection and the path in linen's variables.
      shape: in PyTorch.
    """

    name: str
    path: tuple[str, ...]
    shape: tuple[int, ...]


def from_pytorch(name: str, tensors: Tensors, file: str = "the state dict") -> Imported:
    """Returns a network of the PyTorch code with the weights of its state dict.

    The tensors tell channels, widths, the layers of `n_layers`, and the norm: batch norm if there
    are running statistics beside a scale, else instance norm. Ignored are the names of PyTorch's
    wrappers such as `module.` and `_orig_mod.`, counts of batches, dropout in residual blocks, and
    the running statistics that instance norm kept before PyTorch 0.4, which the authors' code
    ignores, too.

    Running variances stay as they are. PyTorch averages unbiased variances and linen biased ones,
    so that outputs are equal, and further training moves towards the biased ones.

    Args:
      name: the network's name in the PyTorch code, one of `GENERATORS` or `DISCRIMINATORS`.
      tensors: the state dict.
      file: how an error calls the state dict.

    Raises:
      WeightsError: if the tensors belong to another network, or are no finite floats. It names the
        first layer that differs, with both shapes.
    """
    tensors = _cleaned(tensors, file)
    # Blocks with dropout have a convolution in this place, others a norm.
    place = tensors.get("model.10.conv_block.6.weight")
    dropout = place is not None and place.ndim == 4
    network, inputs = _inferred(name, tensors, dropout)
    leaves = list(_leaves(network, inputs, dropout))
    _check(name, leaves, tensors, file)
    found: dict[str, Any] = {"params": {}, "batch_stats": {}}
    for leaf in leaves:
        *scopes, last = leaf.path
        scope = found
        for key in scopes:
            scope = scope.setdefault(key, {})
        value = _floats(tensors[leaf.name], leaf.name, file)
        scope[last] = value.transpose(2, 3, 1, 0) if value.ndim == 4 else value
    return Imported(network, found["params"], found["batch_stats"], inputs)


def _floats(tensor: np.ndarray, name: str, file: str) -> np.ndarray:
    """Returns a tensor of any floating type as float32."""
    if not jnp.issubdtype(tensor.dtype, jnp.floating):
        raise WeightsError(
            f"{file} has a {name} of {tensor.dtype}, which may be codes of weights whose scale it "
            "does not tell: convert it to float32"
        )
    value = tensor.astype(np.float32)
    if not np.isfinite(value).all():
        raise WeightsError(f"{file} has a {name} that is not finite: give another file")
    return value


def to_pytorch(
    network: nn.Module, params: Variables, batch_stats: Variables
) -> dict[str, np.ndarray]:
    """Returns the state dict of a network, for `load_state_dict(strict=True)` in the PyTorch code.

    A residual generator is for the setting `--no_dropout` of that code.

    Raises:
      WeightsError: if that code does not have the network.
    """
    network = _with_counterpart(network)
    variables: Variables = {"params": params, "batch_stats": batch_stats}
    tensors = {}
    for layer in names.layers(network):
        for name, path in _places(layer, variables):
            value = np.asarray(functools.reduce(operator.getitem, path, variables), np.float32)
            tensors[name] = value.transpose(_AXES) if value.ndim == 4 else value
            if name.endswith("running_var"):
                tensors[f"{layer.theirs}.num_batches_tracked"] = np.zeros((), np.int64)
    return tensors


def _cleaned(tensors: Tensors, file: str) -> dict[str, np.ndarray]:
    """Returns the tensors that count, by their names outside of PyTorch's wrappers."""
    found: dict[str, np.ndarray] = {}
    for long_name, tensor in tensors.items():
        name = ".".join(part for part in long_name.split(".") if part not in _WRAPPERS)
        if name in found:
            raise WeightsError(f"{file} has two tensors {shortened(name)}: save one network alone")
        found[name] = tensor

    def kept(name: str) -> bool:
        layer, _, last = name.rpartition(".")
        if last in ("running_mean", "running_var"):
            return f"{layer}.weight" in found
        return last not in _COUNTS

    return {name: tensor for name, tensor in found.items() if kept(name)}


def _inferred(name: str, tensors: Tensors, dropout: bool) -> tuple[Generator | Discriminator, int]:
    """Returns the network in the sizes of its first and last layer, and its input channels."""
    network = _NETWORKS[name]
    norm = "batch" if any(key.endswith(".running_mean") for key in tensors) else "instance"
    options: dict[str, Any] = {"norm": norm}
    if name == "n_layers":
        kernels = [tensor for tensor in tensors.values() if tensor.ndim == 4]
        options["layers"] = min(max(len(kernels) - 2, 1), _MOST_LAYERS)
    network = network.clone(**options)
    layers = names.layers(network, dropout)
    first, last = (_kernel_shape(tensors.get(f"{layers[end].theirs}.weight")) for end in (0, -1))
    options["features"], inputs = first[:2] if first else (network.features, 3)
    if name in GENERATORS and last:
        options["channels"] = last[1 if isinstance(network, UNetGenerator) else 0]
    return network.clone(**options), inputs


def _kernel_shape(tensor: np.ndarray | None) -> tuple[int, ...] | None:
    return tensor.shape if tensor is not None and tensor.ndim == 4 and tensor.size else None


def _leaves(network: Generator | Discriminator, inputs: int, dropout: bool) -> Iterator[_Leaf]:
    """Yields the tensors that the network has in PyTorch."""
    side = 8
    if isinstance(network, UNetGenerator):
        side = network.size
    elif isinstance(network, PatchGANDiscriminator):
        side = 3 * 2**network.layers
    images = jax.ShapeDtypeStruct((1, side, side, inputs), jnp.float32)
    shapes = jax.eval_shape(network.init, jax.random.key(0), images)
    for layer in names.layers(network, dropout):
        for name, path in _places(layer, shapes):
            shape = functools.reduce(operator.getitem, path, shapes).shape
            yield _Leaf(name, path, tuple(shape[a] for a in _AXES) if len(shape) == 4 else shape)


def _places(layer: Layer, variables: Variables) -> Iterator[tuple[str, tuple[str, ...]]]:
    """Yields the name in PyTorch and the path in linen's variables of each tensor of a layer."""
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
    """Raises a WeightsError that names the first difference between the file and the network."""
    known = {leaf.name for leaf in leaves}
    unknown = next((key for key in tensors if key not in known), None)
    there = f"{shortened(unknown)} {tensors[unknown].shape}" if unknown else "nothing"
    for leaf in leaves:
        found = tensors.get(leaf.name)
        if found is None:
            _refuse_prefix(leaf.name, tensors, file)
            what = f"lacks {leaf.name} {leaf.shape} of {name} (and has {there} besides)"
        elif found.shape != leaf.shape:
            what = f"has {leaf.name} {found.shape}, which in {name} is {leaf.shape}"
        else:
            continue
        raise WeightsError(f"{file} {what}: {_remedy(name, tensors)}")
    if unknown:
        raise WeightsError(f"{file} has {there}, which {name} lacks: {_remedy(name, tensors)}")


def _refuse_prefix(name: str, tensors: Tensors, file: str) -> None:
    """Raises a WeightsError if the tensor is there with more in front, as `netG.model.0.weight`."""
    for longer in tensors:
        if longer.endswith(f".{name}"):
            prefix = shortened(longer.removesuffix(name))
            raise WeightsError(
                f"{file} has {prefix}{name} in place of {name}: save the part of the state dict "
                f"whose names begin with {prefix!r}, without this prefix"
            )


def _remedy(wanted: str, tensors: Tensors) -> str:
    """Returns the remedy for a file of another network, which it names if it is known."""
    kernels = {key.removesuffix(".weight") for key, value in tensors.items() if value.ndim == 4}
    for name in _NETWORKS:
        network, _ = _inferred(name, tensors, dropout=False)
        own = {layer.theirs for layer in names.layers(network) if "BatchNorm" not in layer.ours[-1]}
        if own == kernels and name != wanted:
            return f"choose the network {name}, whose convolutions it has"
    return f"give the file of a {wanted} with batch or instance norm"


def _with_counterpart(network: Any) -> Generator | Discriminator:
    """Returns the network, or raises a WeightsError if the PyTorch code does not have it."""
    kind = type(network).__name__
    # A subclass, such as AttentionNetwork, is another network.
    missing = [] if type(network) in names.KINDS else [kind]
    for field, allowed in (
        ("norm", ("batch", "instance")),
        ("upsample", ("transpose",)),
        ("skip", (True,)),
        ("borders", ("zeros",)),
        ("last_padding", (1,)),
        ("average", (False,)),
    ):
        value = getattr(network, field, allowed[0])
        if value not in allowed:
            missing.append(f"{kind} with {field} {value!r}")
    if missing:
        raise WeightsError(
            f"the PyTorch code has no counterpart of {missing[0]}: export another network"
        )
    return network
