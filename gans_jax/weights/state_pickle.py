"""Reads the pickles in PyTorch's files as plain values; nothing that they name is imported."""

import pickletools
import reprlib
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
    """A view of a storage; the offset and the strides count numbers, not bytes.

    `type` is the storage's type, or the name of a dtype such as "float8_e5m2" if it has none.
    """

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    type: str


class _Name(NamedTuple):
    module: str
    name: str


_CONSTANTS = {"NONE": None, "NEWTRUE": True, "NEWFALSE": False, "EMPTY_TUPLE": ()}
_PLAIN = {
    *("INT", "BININT", "BININT1", "BININT2", "LONG", "LONG1", "BINFLOAT"),
    *("BINUNICODE", "SHORT_BINUNICODE", "BINUNICODE8", "BINSTRING", "SHORT_BINSTRING"),
}
_EMPTY: dict[str, Callable[[], Any]] = {"EMPTY_DICT": dict, "EMPTY_LIST": list}
_TUPLES = {"TUPLE1": 1, "TUPLE2": 2, "TUPLE3": 3}
_WITHOUT_EFFECT = {"PROTO", "FRAME"}
# A tensor takes about 40; each takes a microsecond, and up to a hundred bytes of memory.
_MOST_OPCODES = 2_000_000
_MOST_AXES = 32
_BRIEF = reprlib.Repr()
_BRIEF.maxstring = 120


def load(file: BinaryIO, storages: dict[str, Storage] | None = None) -> Any:
    """Returns the value of the pickle that begins here, and leaves the file at its end.

    A value is what `torch.save` writes for a state dict: numbers, text, tuples, lists, dictionaries
    and `StoredTensor`. This function itself executes the opcodes of pickle's protocols 1 to 5 that
    make such values. Time and memory grow no faster than the pickle.

    Raises:
      Refused: if the pickle asks for anything else.
      ValueError, IndexError, KeyError, TypeError: if the pickle is damaged.
    """
    machine = _Machine({} if storages is None else storages)
    for count, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if opcode.name == "STOP":
            return machine.stack.pop()
        if count == _MOST_OPCODES:
            raise Refused("has too large a pickle: save `network.state_dict()` alone")
        machine.execute(opcode.name, argument)
    raise Refused("is damaged: a pickle in it has no end")


class _Machine:
    """The stack and the memo that the opcodes of a pickle work on."""

    def __init__(self, storages: dict[str, Storage]) -> None:
        self.storages = storages
        self.stack: list[Any] = []
        self.marks: list[list[Any]] = []
        self.memo: dict[int, Any] = {}

    def execute(self, name: str, argument: Any) -> None:
        push, pop = self.stack.append, self.stack.pop
        if name in _CONSTANTS:
            push(_CONSTANTS[name])
        elif name in _PLAIN:
            push(argument)
        elif name in ("BINPUT", "LONG_BINPUT", "MEMOIZE"):
            self.memo[len(self.memo) if argument is None else argument] = self.stack[-1]
        elif name in ("BINGET", "LONG_BINGET"):
            push(self.memo[argument])
        elif name == "GLOBAL":
            push(_known(*argument.split(" ", 1)))
        elif name == "STACK_GLOBAL":
            push(_known(*self._top(2)))
        elif name == "REDUCE":
            arguments = pop()
            push(_call(pop(), arguments))
        elif name == "BINPERSID":
            storage = _storage(pop())
            self.storages[storage.key] = storage
            push(storage)
        elif name == "BUILD":
            pop()  # the versions of the layers, which PyTorch keeps beside the tensors
        elif name not in _WITHOUT_EFFECT:
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
            _update(target, items[::2], items[1::2])
        else:
            raise Refused("is damaged: its pickle adds items to a value that cannot hold any")


def _update(target: dict[Any, Any], keys: list[Any], values: list[Any]) -> None:
    """Adds items, after it has refused keys whose hash may take longer than the file is long."""
    if any(type(key) not in (str, int) for key in keys):
        raise Refused("has a dictionary whose keys are no names: save `network.state_dict()` alone")
    target.update(zip(keys, values, strict=True))


_ORDERED = _Name("collections", "OrderedDict")
_REBUILD = _Name("torch._utils", "_rebuild_tensor"), _Name("torch._utils", "_rebuild_tensor_v2")
_REBUILD_UNTYPED = _Name("torch._utils", "_rebuild_tensor_v3")
_PARAMETERS = (
    _Name("torch._utils", "_rebuild_parameter"),
    _Name("torch._utils", "_rebuild_parameter_with_state"),
)
_UNTYPED = _Name("torch.storage", "UntypedStorage")
_KNOWN = {_ORDERED, *_REBUILD, _REBUILD_UNTYPED, *_PARAMETERS, _UNTYPED}
_DTYPES = ("float", "bfloat", "int", "uint", "bool")


def _known(module: Any, name: Any) -> _Name:
    if not isinstance(module, str) or not isinstance(name, str):
        raise Refused("is damaged: its pickle has a name that is no text")
    found = _Name(module, name)
    in_torch = module == "torch" and (name.endswith("Storage") or name.startswith(_DTYPES))
    if not in_torch and found not in _KNOWN:
        raise Refused(
            f"asks for {shortened(module)}.{shortened(name)}, which is code and not a tensor: "
            "save `network.state_dict()` alone"
        )
    return found


def shortened(text: str) -> str:
    """Returns a text from a file as it may stand in an error, on one line."""
    return _BRIEF.repr(text)[1:-1]


def _call(name: Any, arguments: Any) -> Any:
    if not isinstance(name, _Name) or not isinstance(arguments, tuple):
        raise Refused("is damaged: its pickle calls a value that is not a function")
    if name == _ORDERED:
        return _ordered(*arguments)
    if name in _REBUILD:
        return _tensor(arguments, arguments[0].type)
    if name == _REBUILD_UNTYPED:
        return _tensor(arguments, arguments[6].name)
    if name in _PARAMETERS:
        return arguments[0]
    raise Refused("is damaged: its pickle calls a value that is not a function")


def _ordered(pairs: Any = ()) -> dict[Any, Any]:
    """Returns the dictionary of a sequence of pairs."""
    target: dict[Any, Any] = {}
    _update(target, [key for key, _ in pairs], [value for _, value in pairs])
    return target


def _tensor(arguments: tuple[Any, ...], kind: str) -> StoredTensor:
    storage, offset, shape, strides = arguments[:4]
    numbers = (offset, *shape, *strides)
    sizes = len(shape) == len(strides) <= _MOST_AXES and all(_is_size(n) for n in numbers)
    if not isinstance(storage, Storage) or not sizes:
        raise Refused("is damaged: a tensor in it has no storage, or an impossible shape")
    return StoredTensor(storage, offset, tuple(shape), tuple(strides), kind)


def _is_size(value: Any) -> bool:
    return type(value) is int and 0 <= value < 2**48


def _storage(described: Any) -> Storage:
    kind, storage_type, key, _, count, *views = described
    if kind != "storage" or not isinstance(storage_type, _Name) or any(views):
        raise Refused("has storages of an unknown kind: save it with a newer PyTorch")
    if not isinstance(key, str) or not _is_size(count):
        raise Refused("is damaged: a storage in it has no name or no size")
    return Storage(storage_type.name, key, count)
