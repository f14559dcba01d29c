"""Which networks make what they say of one example depend on the others."""

import dataclasses

import flax.linen as nn


def couples_examples(network: nn.Module) -> bool:
    """Returns whether a network, or a network in its fields, declares `couples_examples`.

    Batch norm, whose statistics give it away, and virtual batch norm need not declare it.
    """
    names = [field.name for field in dataclasses.fields(network) if field.name != "parent"]
    parts = [part for name in names if isinstance(part := getattr(network, name), nn.Module)]
    return bool(getattr(network, "couples_examples", False)) or any(map(couples_examples, parts))
