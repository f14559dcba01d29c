"""Reads the pickles in PyTorch's files as plain values; nothing that they name is imported."""

import pickletools
from collections.abc import Callable
from typing import Any, BinaryIO, NamedTuple


class Refused(ValueError):
    """A file is not a state dict; the message completes a sentence that begins with the file."""


class Storage(NamedTuple):
    """A run of `size` numbers elsewhere in the file; `type` is a name such as "FloatStorage"."""

    type: str
    key: str
    size: int


class StoredTensor(NamedTuple):
    """A view of a storage; the offset and the strides count numbers, not bytes."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Name(NamedTuple):
    module: str
    name: str


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_PLAIN = {
    *("BININT", "BININT1", "BININT2", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINSTRING", "SHORT_BINSTRING"),
}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}


def load(file: BinaryIO) -> Any:
    """Returns the value of the pickle that begins here, and leaves the file at its end.

    A value is what `torch.save` writes for a state dict: numbers, text, tuples, lists, dictionaries
    and `StoredTensor`. This function itself executes the opcodes of pickle's protocol 2 that make
    such values.

    Raises:
      Refused: if the pickle asks for anything else.
      ValueError, IndexError, KeyError, TypeError: if the pickle is damaged.
    """
    machine = _Machine()
    for opcode, argument, _ in pickletools.genops(file):
        if opcode.name == "STOP":
            return machine.stack.pop()
        machine.execute(opcode.name, argument)
    raise Refused("is damaged: a pickle in it has no end")


class _Machine:
    """The stack and the memo that the opcodes of a pickle work on."""

    def __init__(self) -> None:
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def execute(self, name: str, argument: Any) -> None:
        push, pop = self.stack.append, self.stack.pop
        if name in _CONSTANTS:
            push(_CONSTANTS[name])
        elif name in _PLAIN:
            push(argument)
        elif name in ("BINPUT", "LONG_BINPUT"):
            self.memo[argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            push(self.memo[argument])
        elif name == "GLOBAL":
            push(_known(argument))
        elif name == "REDUCE":
            arguments = pop()
            push(_call(pop(), arguments))
        elif name == "BINPERSID":
            push(_storage(pop()))
        elif name == "BUILD":
            pop()  # the versions of the layers, which PyTorch keeps beside the tensors
        elif name != "PROTO":
            self._execute_on_containers(name)

    def _execute_on_containers(self, name: str) -> None:
        if name in _EMPTY:
            self.stack.append(_EMPTY[name]())
        elif name in _TUPLES:
            self.stack.append(tuple(self._top(_TUPLES[name])))
        elif name == "MARK":
            self.marks.append(self.stack)
            self.stack = []
        elif name == "TUPLE":
            items = self._marked()
            self.stack.append(tuple(items))
        elif name in ("APPENDS", "SETITEMS"):
            items = self._marked()
            self._extend(items)
        elif name in ("APPEND", "SETITEM"):
            self._extend(self._top(1 if name == "APPEND" else 2))
        else:
            raise Refused(f"is not a state dict: its pickle has the opcode {name}")

    def _top(self, count: int) -> list[Any]:
        return [self.stack.pop() for _ in range(count)][::-1]

    def _marked(self) -> list[Any]:
        """Returns what was pushed since the last mark, and takes it from the stack."""
        self.stack, items = self.marks.pop(), self.stack
        return items

    def _extend(self, items: list[Any]) -> None:
        target = self.stack[-1]
        if isinstance(target, list):
            target.extend(items)
        elif isinstance(target, dict):
            target.update(zip(items[::2], items[1::2], strict=True))
        else:
            raise Refused("is damaged: its pickle adds items to a value that cannot hold any")


_ORDERED = _Name("collections", "OrderedDict")
_REBUILD = _Name("torch._utils", "_rebuild_tensor"), _Name("torch._utils", "_rebuild_tensor_v2")
_PARAMETER = _Name("torch._utils", "_rebuild_parameter")


def _known(argument: str) -> _Name:
    name = _Name(*argument.split(" ", 1))
    storage = name.module == "torch" and name.name.endswith("Storage")
    if not storage and name not in (_ORDERED, *_REBUILD, _PARAMETER):
        raise Refused(
            f"asks for {name.module}.{name.name}, which is code and not a tensor: "
            "save `network.state_dict()` alone"
        )
    return name


def _call(name: Any, arguments: Any) -> Any:
    if name == _ORDERED:
        return dict(*arguments)
    if name in _REBUILD:
        storage, offset, shape, strides = arguments[:4]
        if not isinstance(storage, Storage):
            raise Refused("is damaged: a tensor in it has no storage")
        return StoredTensor(storage, offset, shape, strides)
    if name == _PARAMETER:
        return arguments[0]
    raise Refused("is damaged: its pickle calls a value that is not a function")


def _storage(described: Any) -> Storage:
    kind, storage_type, key, _, count, *views = described
    if kind != "storage" or not isinstance(storage_type, _Name) or any(views):
        raise Refused("has storages of an unknown kind: save it with a newer PyTorch")
    return Storage(storage_type.name, key, count)
