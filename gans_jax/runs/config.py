"""A run's configuration as JSON: rebuilt without pickle, and without an import by name.

A dataclass is written as `{"type": "WGAN", "with": {field: node, ...}}` with all its fields, an
optimizer as `{"type": "optax.adam", "with": {argument: node, ...}}` with the arguments that were
given. Types are looked up in a table, which has the dataclasses of gans_jax, some optimizers of
optax, and the caller's own. Lists and tuples are written alike and read as tuples.
"""

import dataclasses
import functools
import json
import reprlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from typing import Any

import optax

from gans_jax import data, losses, methods, networks, penalties, priors, schedules, wrappers
from gans_jax.metrics import EfficientNetFeatures
from gans_jax.runs import hints, strict_json
from gans_jax.runs.experiment import Experiment

MAX_DEPTH = 50
MAX_CHARACTERS = 1_000_000
# fmt: off
OPTIMIZERS = (
    "adabelief", "adadelta", "adagrad", "adam", "adamax", "adamw", "amsgrad", "lamb", "lion",
    "optimistic_adam", "optimistic_adam_v2", "optimistic_gradient_descent", "radam", "rmsprop",
    "sgd", "yogi",
)
# fmt: on
ABSENT = object()

Table = dict[str, list[Any]]


class ConfigError(ValueError):
    """A configuration that cannot be written or read; the message names the place."""


def to_json(value: Any, extra: Iterable[type | Callable] = ()) -> str:
    """Returns a configuration as indented JSON with sorted keys.

    Args:
      value: the configuration.
      extra: the user's own functions in it, other than optimizers of optax. Dataclasses need no
        mention.

    Raises:
      ConfigError: if `from_json` could not read it again, because of an array, an unknown function,
        a value that is not of its field's type, or two classes of one name.
    """
    node = _encode(value, "", _table(extra))
    _check_depth(node)
    return json.dumps(node, indent=2, sort_keys=True) + "\n"


def from_json(text: str, extra: Iterable[type | Callable] = ()) -> Any:
    """Rebuilds the configuration that `to_json` wrote.

    Args:
      text: the JSON.
      extra: the user's own dataclasses and functions, which are found by their `__name__`. Pass the
        ones that the user's file defines, not all that it imports.

    Raises:
      ConfigError: if a type is unknown, a field is unknown, missing or of another type, or the text
        is nested deeper than 50 or has more than a million characters.
    """
    return from_node(parse(text), extra)


def from_node(node: Any, extra: Iterable[type | Callable] = ()) -> Any:
    """Rebuilds a configuration from what `parse` has returned, as `from_json` does."""
    return _decode(node, "", _table(extra))


def differences(a_json: str, b_json: str) -> list[str]:
    """Returns how two configurations differ, in lines such as `method.clip: 0.01 -> 0.02`."""
    return list(_compare(parse(a_json), parse(b_json), ""))


def _error(path: str, reason: str) -> ConfigError:
    return ConfigError(": ".join(filter(None, ("config.json", path, reason))))


def _join(path: str, name: str) -> str:
    return f"{path}.{name}" if path else name


@functools.cache
def _library() -> tuple[tuple[str, Any], ...]:
    """Returns the dataclasses of gans_jax and the optimizers of optax by their names."""
    modules = (data, losses, methods, networks, penalties, priors, schedules, wrappers)
    public = [vars(m)[name] for m in modules for name in getattr(m, "__all__", vars(m))]
    classes = [c for c in public if isinstance(c, type) and dataclasses.is_dataclass(c)]
    # The oldest optax that is supported lacks the newest of them.
    known = [name for name in OPTIMIZERS if hasattr(optax, name)]
    optimizers = [(f"optax.{name}", getattr(optax, name)) for name in known]
    classes += [Experiment, EfficientNetFeatures]
    return (*((c.__name__, c) for c in classes), *optimizers)


def _table(extra: Iterable[type | Callable]) -> Table:
    """Returns what each name may mean. Two meanings are an error only where the name is used."""
    table: Table = {}
    for name, target in (*_library(), *((target.__name__, target) for target in extra)):
        if target not in table.setdefault(name, []):
            table[name].append(target)
    return table


def _refuse_namesake(name: str, targets: Collection[Any], path: str) -> None:
    if len(targets) > 1:
        where = " and ".join(sorted(target.__module__ for target in targets))
        raise _error(path, f"{name} is the name of two things, in {where}: rename yours")


def _check_type(value: Any, hint: Any, path: str) -> None:
    if not hints.fits(value, hint):
        wanted = hint.__name__ if isinstance(hint, type) else str(hint).replace("typing.", "")
        raise _error(path, f"must be {wanted}, but is {reprlib.repr(value)}")


def _encode(value: Any, path: str, table: Table) -> Any:
    if value is None or type(value) in (bool, int, str) or isinstance(value, float):
        return value
    if type(value) in (tuple, list):
        return [_encode(item, f"{path}[{index}]", table) for index, item in enumerate(value)]
    if isinstance(value, Mapping):
        if any(not isinstance(key, str) or key in ("type", "with") for key in value):
            raise _error(path, "keys must be strings other than 'type' and 'with': rename them")
        return {key: _encode(item, _join(path, key), table) for key, item in value.items()}
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return _encode_dataclass(value, path, table)
    if callable(value) and not isinstance(value, type):
        return _encode_function(value, path, table)
    what = value.__name__ if isinstance(value, type) else f"a value of type {type(value).__name__}"
    remedy = "use numbers, strings, tuples and dataclasses ('float32' for a dtype)"
    raise _error(path, f"{what} cannot be written: {remedy}")


def _encode_dataclass(value: Any, path: str, table: Table) -> dict[str, Any]:
    value, cls = value.recorded if isinstance(value, data.Held) else value, type(value)
    _refuse_namesake(cls.__name__, {*table.get(cls.__name__, []), cls}, path)
    values = {name: getattr(value, name) for name in hints.arguments(cls)}
    return _encode_node(cls.__name__, cls, values, path, table)


def _encode_function(value: Callable, path: str, table: Table) -> dict[str, Any]:
    partial = value if isinstance(value, functools.partial) else functools.partial(value)
    names = [name for name, targets in table.items() if targets == [partial.func]]
    name = names[0] if names else getattr(partial.func, "__name__", repr(partial.func))
    if not names:
        remedy = f"use a dataclass with __call__, or for optimizers one of {', '.join(OPTIMIZERS)}"
        raise _error(path, f"the function {name} cannot be written: {remedy}")
    if partial.args:
        raise _error(path, f"arguments of {name} without a name cannot be written: name them")
    return _encode_node(name, partial.func, partial.keywords, path, table)


def _encode_node(
    name: str, target: Any, values: dict[str, Any], path: str, table: Table
) -> dict[str, Any]:
    _check_arguments(name, target, values, path)
    return {"type": name, "with": {n: _encode(v, _join(path, n), table) for n, v in values.items()}}


def _check_arguments(name: str, target: Any, values: dict[str, Any], path: str) -> None:
    """Raises ConfigError unless a dataclass has these fields, or a function these arguments."""
    parameters = hints.arguments(target)
    for unknown in sorted(values.keys() - parameters.keys()):
        raise _error(path, f"{name} has no field {reprlib.repr(unknown)}: remove it")
    if isinstance(target, type):
        # Configurations of old runs lack the fields that a class got later.
        later = {f.name for f in dataclasses.fields(target) if f.metadata.get("later")}
        for missing in sorted(parameters.keys() - values.keys() - later):
            raise _error(path, f"{name} needs the field {missing!r}: add it")
    for field, value in values.items():
        _check_type(value, parameters[field], _join(path, field))


def parse(text: str) -> Any:
    """Returns a configuration's JSON as dictionaries and lists; ConfigError if it is none."""
    if len(text) > MAX_CHARACTERS:
        raise _error("", f"has more than {MAX_CHARACTERS} characters: no configuration is so long")
    try:
        node = strict_json.parse(text, finite=False)
    except ValueError as error:
        raise _error("", f"{error}: restore the file") from error
    _check_depth(node)
    return node


def _check_depth(node: Any, path: str = "", depth: int = 0) -> None:
    if depth > MAX_DEPTH:
        raise _error(path, f"is nested deeper than {MAX_DEPTH}: flatten it")
    if isinstance(node, list):
        for index, item in enumerate(node):
            _check_depth(item, f"{path}[{index}]", depth + 1)
    elif isinstance(node, dict):
        inner = node["with"] if _is_node(node) else node
        for name, item in inner.items():
            _check_depth(item, _join(path, name), depth + 1)


def _is_node(node: Any) -> bool:
    return (
        isinstance(node, dict)
        and node.keys() == {"type", "with"}
        and isinstance(node["type"], str)
        and isinstance(node["with"], dict)
    )


def _decode(node: Any, path: str, table: Table) -> Any:
    if isinstance(node, list):
        return tuple(_decode(item, f"{path}[{index}]", table) for index, item in enumerate(node))
    if not isinstance(node, dict):
        return node
    values = node["with"] if _is_node(node) else node
    if values is node and node.keys() & {"type", "with"}:
        raise _error(path, 'a node is {"type": name, "with": {field: value}}: correct it')
    values = {name: _decode(item, _join(path, name), table) for name, item in values.items()}
    return _build(node["type"], values, path, table) if _is_node(node) else values


def _build(name: str, values: dict[str, Any], path: str, table: Table) -> Any:
    targets = table.get(name, [])
    if not targets:
        remedy = "pass its class, `extra=[...]`, or on the command line --experiment FILE"
        raise _error(path, f"unknown type {reprlib.repr(name)}: {remedy}")
    _refuse_namesake(name, targets, path)
    (target,) = targets
    if isinstance(target, type) and not dataclasses.is_dataclass(target):
        raise _error(path, f"{name} is not a dataclass: make it one")
    _check_arguments(name, target, values, path)
    if not isinstance(target, type):
        return functools.partial(target, **values) if values else target
    try:
        return target(**values)
    except (TypeError, ValueError) as error:
        raise _error(path, str(error)) from error


def _compare(a: Any, b: Any, path: str) -> Iterator[str]:
    if _is_node(a) and _is_node(b):
        if a["type"] != b["type"]:
            yield f"{path or 'type'}: {a['type']} -> {b['type']}"
            return
        a, b = a["with"], b["with"]
    if isinstance(a, dict) and isinstance(b, dict):
        for name in sorted(a.keys() | b.keys()):
            yield from _compare(a.get(name, ABSENT), b.get(name, ABSENT), _join(path, name))
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for index, (left, right) in enumerate(zip(a, b, strict=True)):
            yield from _compare(left, right, f"{path}[{index}]")
    elif not _same(a, b):
        yield f"{path or 'value'}: {_show(a)} -> {_show(b)}"


def _same(a: Any, b: Any) -> bool:
    # 1 and 1.0 are the same number, True is not a number, and NaN is equal to itself.
    return (a == b and isinstance(a, bool) == isinstance(b, bool)) or (a != a and b != b)


def _show(node: Any) -> str:
    if node is ABSENT:
        return "absent"
    if _is_node(node):
        fields = (f"{name}={_show(value)}" for name, value in node["with"].items())
        return f"{node['type']}({', '.join(fields)})"
    if isinstance(node, list):
        return f"({', '.join(map(_show, node))}{',' * (len(node) == 1)})"
    return repr(node)
