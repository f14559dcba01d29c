"""The arguments that a configuration's types take, and whether values fit their annotations."""

import collections.abc
import dataclasses
import inspect
import types
import typing
from collections.abc import Callable
from typing import Any

import flax.linen as nn


def arguments(target: type | Callable) -> dict[str, Any]:
    """Returns the fields of a dataclass, or the arguments of an optimizer, with their types.

    Linen's own fields are left out, and an optimizer's first argument, the learning rate, which a
    method gives.
    """
    try:
        hints = typing.get_type_hints(target)
    except (AttributeError, NameError, TypeError):
        hints = {}  # a class defined in a function, or what is not annotated at all
    if not isinstance(target, type):
        return {name: hints.get(name, Any) for name in [*inspect.signature(target).parameters][1:]}
    skipped = ("parent", "name") if issubclass(target, nn.Module) else ()
    fields = [f for f in dataclasses.fields(target) if f.init and f.name not in skipped]
    found = {f.name: hints.get(f.name, Any) for f in fields}
    # `width: int = None` is common, and means what it says.
    return found | {f.name: found[f.name] | None for f in fields if f.default is None}


def fits(value: Any, hint: Any) -> bool:
    """Returns whether a value is of an annotated type; True where this cannot be told.

    An int is a float, a bool is neither, and a list is as good as a tuple.
    """
    origin, args = typing.get_origin(hint), typing.get_args(hint)
    if origin is typing.Literal:
        return any(type(value) is type(choice) and value == choice for choice in args)
    if origin in (typing.Union, types.UnionType):
        return any(fits(value, choice) for choice in args)
    kind = origin or hint
    if kind in (tuple, list, collections.abc.Sequence):
        return isinstance(value, tuple | list) and (not args or _elements_fit(value, args))
    if kind in (int, float):
        numbers = int if kind is int else int | float
        return isinstance(value, numbers) and not isinstance(value, bool)
    try:
        return not isinstance(kind, type) or isinstance(value, kind)
    except TypeError:  # Any, or a protocol that cannot be checked at runtime
        return True


def _elements_fit(values: tuple | list, args: tuple) -> bool:
    if len(args) == 1 or args[1:] == (...,):
        args = args[:1] * len(values)
    return len(values) == len(args) and all(map(fits, values, args))
