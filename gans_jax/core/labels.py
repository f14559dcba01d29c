"""Labels: which networks take them, and what a batch has to give them."""

import inspect
from typing import Any, NamedTuple, TypeAlias

import chex
import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from gans_jax.core.method import Batch

# What networks are given behind their input: `(label,)`, or `()` in a method without labels.
Condition: TypeAlias = tuple[Array, ...]


class Classified(NamedTuple):
    """What a discriminator with an auxiliary classifier returns.

    Attributes:
      logits: whether the examples are real.
      cross_entropy: -log of the probability that the classifier gives to each label, `[n]`.
    """

    logits: Array
    cross_entropy: Array


def judged(output: Any) -> tuple[Array, chex.Numeric]:
    """Returns a discriminator's logits, and the mean cross entropy of its classifier or 0."""
    if isinstance(output, Classified):
        return output.logits, jnp.mean(output.cross_entropy)
    return output, 0


def takes_label(network: nn.Module) -> bool:
    """Returns whether a network takes labels, `__call__(self, x, label, ...)`.

    A network around another one, `__call__(self, x, label=None, ...)`, does if it has `classes`.

    Raises:
      ValueError: if the parameter `label` is not the one behind the input.
    """
    parameters = inspect.signature(type(network).__call__).parameters
    names = list(parameters)
    if "label" not in names:
        return False
    if parameters["label"].default is None and not getattr(network, "classes", 0):
        return False
    if names.index("label") != 2:
        raise ValueError(
            f"{_name(network)} takes its label in another place than behind its input: write "
            "__call__(self, x, label, ...)"
        )
    return True


def classes(network: nn.Module) -> int:
    """Returns the number of classes of a network that takes labels; 0 for another network.

    Raises:
      ValueError: if the network does not say its number of classes.
    """
    if not takes_label(network):
        return 0
    count = getattr(network, "classes", None)
    if not isinstance(count, int) or count < 1:
        raise ValueError(
            f"{_name(network)} takes a label but does not say of how many classes: give it a field "
            "`classes: int` of 1 or more"
        )
    return count


def condition(batch: Batch, generator: nn.Module, critic: nn.Module) -> Condition:
    """Returns the labels that both networks take, `(batch["label"],)`, or `()` if neither does.

    Raises:
      ValueError: if only one of the networks takes labels, if their numbers of classes differ, and
        if the batch has no label for each of its images.
    """
    one, other = (classes(network) for network in (generator, critic))
    if not one and not other:
        return ()
    if not one or not other:
        labelled, plain = (generator, critic) if one else (critic, generator)
        raise ValueError(
            f"{_name(labelled)} takes labels and {_name(plain)} does not: a conditional method "
            "needs two networks with a parameter `label`, any other method two without"
        )
    if one != other:
        raise ValueError(
            f"{_name(generator)} has {one} classes and {_name(critic)} {other}: give both the "
            "number of classes of the data"
        )
    if "label" not in batch:
        raise ValueError(
            f"the batch has no `label`, which {_name(generator)} takes: use data with labels, or "
            "networks without"
        )
    label = batch["label"]
    if label.shape != batch["image"].shape[:2]:
        raise ValueError(
            f"labels of shape {label.shape} do not fit images of shape {batch['image'].shape}: "
            "give one label for each image, [k, n] for k minibatches of n"
        )
    refuse_other_labels(label, one)
    return (label,)


def refuse_other_labels(label: chex.Array, count: int) -> None:
    """Raises ValueError unless labels are integers in 0, ..., count - 1.

    The values of traced labels are not known, and pass.
    """
    if not jnp.issubdtype(label.dtype, jnp.integer):
        raise ValueError(
            f"labels are of type {label.dtype}: give integers from 0 to {count - 1}, one for each "
            "image"
        )
    if isinstance(label, jax.core.Tracer | jax.ShapeDtypeStruct):
        return
    values = np.asarray(label)
    wrong = values[(values < 0) | (values >= count)]
    if wrong.size:
        raise ValueError(
            f"the label {wrong[0]} is not one of {count} classes, 0 to {count - 1}: number the "
            "labels from 0, or give the networks more `classes`"
        )


def _name(network: nn.Module) -> str:
    return type(network).__name__
