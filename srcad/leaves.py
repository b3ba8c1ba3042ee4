"""What a call's arguments are made of: containers are taken apart into leaves, and put together again.

`key` is on the path of every call: it decides which kernel answers. Two arguments have one key when a kernel made
for the first may run on the second: same containers, dtypes, ranks, and extents that are exactly 1.
"""

from __future__ import annotations

import copy
import dataclasses
import enum
import sys
import types
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeAlias

import numpy as np

Path: TypeAlias = tuple[Any, ...]

NUMBERS = frozenset({float, int, bool, complex, *np.sctypeDict.values()})
_BY_VALUE = frozenset({str, bytes, type(None), type(...), range})
_STRUCTURE = (types.ModuleType, slice, np.dtype)
_FIELDS: dict[type, tuple[str, ...] | None] = {}


def key(value: Any, leaves: list[Any]) -> Any:
    """The part of a specialisation's key that `value` decides; its leaves are appended to `leaves`, in order."""
    kind = type(value)
    if kind is np.ndarray:
        leaves.append(value)
        shape = value.shape
        return (value.dtype, tuple([n == 1 for n in shape])) if 1 in shape else (value.dtype, len(shape))
    if kind in NUMBERS:
        leaves.append(value)
        return kind
    if kind is dict:
        return dict, tuple(value), *[key(item, leaves) for item in value.values()]
    if kind is tuple or kind is list:
        return kind, *[key(item, leaves) for item in value]
    return _rare_key(value, kind, leaves)


def _rare_key(value: Any, kind: type, leaves: list[Any]) -> Any:
    parts = children(value)
    if parts is not None:
        return kind, tuple(k for k, _ in parts), *[key(item, leaves) for _, item in parts]
    leaves.append(value)
    if kind in _BY_VALUE:
        return kind, value
    if kind is slice:  # not hashable in every Python
        return kind, repr(value)
    if is_array(value):  # CuPy, memmap, and what `types.describe` refuses
        return kind, str(value.dtype), tuple(n == 1 for n in value.shape)
    if callable(value) or isinstance(value, np.dtype):
        return kind, value if _hashable(value) else id(value)
    return _by_content(value, kind)


def _by_content(value: Any, kind: type) -> Any:
    found = content(value)
    return kind if found is None else (kind, found)


def content(value: Any) -> str | None:
    """All of a value of Python's own kinds that is no number or container (a set, a fraction, a date), as a text.

    None for an object of the user's: what is read of it counts by itself.
    """
    if isinstance(value, enum.Enum):
        return value.name
    if isinstance(value, (set, frozenset)):
        return repr(sorted(map(repr, value)))
    own = type(value).__module__ in sys.stdlib_module_names and not hasattr(value, "__dict__")
    return repr(value) if own or isinstance(value, (str, bytes)) else None


@dataclasses.dataclass(frozen=True)
class Form:
    """What is baked in of a captured container: its classes, keys and lengths, its strings, the types of its leaves."""

    key: Any

    @classmethod
    def of(cls, value: Any) -> Form:
        return cls(key(value, []))


def is_array(value: Any) -> bool:
    """Whether a value has what an array has; an object of the user's that knows a `dtype` is none."""
    return not isinstance(value, type) and hasattr(value, "dtype") and hasattr(value, "shape")


def is_structure(value: Any) -> bool:
    """Whether a captured value shapes the program by what it is: a function, a module, None, a slice, a dtype."""
    return type(value) in _BY_VALUE or isinstance(value, _STRUCTURE) or callable(value)


def _hashable(value: Any) -> bool:
    return type(value).__hash__ is not None


def fields(kind: type) -> tuple[str, ...] | None:
    """The field names of a named tuple or a dataclass; None for other types."""
    if kind not in _FIELDS:
        named = getattr(kind, "_fields", None) if issubclass(kind, tuple) else None
        if named is None and dataclasses.is_dataclass(kind):
            named = tuple(f.name for f in dataclasses.fields(kind))
        _FIELDS[kind] = named
    return _FIELDS[kind]


def children(value: Any) -> list[tuple[Any, Any]] | None:
    """(key, item) of a container: positions, dict keys or field names; None for a leaf."""
    if isinstance(value, dict):
        return list(value.items())
    if isinstance(value, type):
        return None
    names = members(value)
    if names is not None:
        return [(name, getattr(value, name)) for name in names]
    if isinstance(value, (tuple, list)):
        return list(enumerate(value))
    return None


def members(value: Any) -> tuple[str, ...] | None:
    """The names of the items of a named tuple or a dataclass; None for other values.

    A dataclass may have attributes that are no fields (`__post_init__`). One that they lead back to is no container.
    """
    names = fields(type(value))
    if names is None or isinstance(value, tuple) or not hasattr(value, "__dict__"):
        return names
    more = {name: item for name, item in vars(value).items() if name not in names}
    if not more:
        return names
    return None if _leads_to(more.values(), value) else (*names, *more)


def _leads_to(values: Iterable[Any], goal: Any) -> bool:
    """Whether an object is among values or the parts of containers and dataclasses among them."""
    waiting, seen = list(values), set()
    while waiting:
        value = waiting.pop()
        if value is goal:
            return True
        if id(value) in seen or isinstance(value, type):
            continue
        seen.add(id(value))
        if isinstance(value, dict):
            waiting += value.values()
        elif isinstance(value, (tuple, list)):
            waiting += value
        elif dataclasses.is_dataclass(value):
            waiting += getattr(value, "__dict__", {}).values()
    return False


def paths(value: Any, root: Path = ()) -> Iterator[tuple[Path, Any]]:
    """(path, leaf) of every leaf, in the order of `key`."""
    parts = children(value)
    if parts is None:
        yield root, value
        return
    for name, item in parts:
        yield from paths(item, (*root, name))


@dataclasses.dataclass(frozen=True)
class Extent:
    """The last key of a path that leads to an extent of an array."""

    axis: int


@dataclasses.dataclass(frozen=True)
class Presence:
    """The last key of a path that leads to whether an object has an attribute."""

    name: str


@dataclasses.dataclass(frozen=True)
class Keys:
    """The last key of a path that leads to the keys of a dict."""


@dataclasses.dataclass(frozen=True)
class Same:
    """The last key of a path that leads to whether an object is the one found at another place."""

    origin: str
    path: Path


def follow(value: Any, path: Path) -> Any:
    """The part of a live value at a path: items of dicts, lists and tuples, attributes of everything else."""
    for name in path:
        if isinstance(name, Extent):
            return value.shape[name.axis]
        if isinstance(name, Presence):
            return hasattr(value, name.name)
        if isinstance(name, Keys):
            return tuple(value)
        by_item = isinstance(value, (dict, list, tuple)) and not (isinstance(name, str) and hasattr(value, "_fields"))
        value = value[name] if by_item else getattr(value, name)
    return value


def rebuild(value: Any, replace: Callable[[Path, Any], Any], root: Path = ()) -> Any:
    """A container like `value` whose leaves are what `replace(path, leaf)` returns."""
    parts = children(value)
    if parts is None:
        return replace(root, value)
    items = [(name, rebuild(item, replace, (*root, name))) for name, item in parts]
    return assemble(value, items)


def assemble(value: Any, items: list[tuple[Any, Any]]) -> Any:
    """A container like `value` with these (key, item) pairs."""
    kind = type(value)
    if kind is dict:
        return dict(items)
    if kind in (tuple, list):
        return kind([item for _, item in items])
    if isinstance(value, tuple):
        return kind(*[item for _, item in items]) if fields(kind) else kind([item for _, item in items])
    result = copy.copy(value)  # neither __init__ nor __post_init__ runs
    if isinstance(value, list):
        result[:] = [item for _, item in items]
    own = fields(kind) or ()
    for name, item in items:
        if isinstance(value, dict):
            result[name] = item
        elif not isinstance(value, list) and (
            item is not None or name in own
        ):  # what is no field stays where it has none
            object.__setattr__(result, name, item)
    return result


def is_floating(leaf: Any) -> bool:
    """Whether a leaf is a real or complex floating number or array, what a derivative can be taken of."""
    kind = type(leaf)
    if kind is float or kind is complex:
        return True
    dtype = getattr(leaf, "dtype", None)
    return isinstance(dtype, np.dtype) and dtype.kind in "fc"


def spell(root: str, path: Path, value: Any) -> str:
    """How a user writes the part of argument `root` at `path`: ``params['w'][0]``, ``state.x``."""
    text = root
    for name in path:
        by_item = isinstance(value, (dict, list, tuple)) and not hasattr(value, "_fields")
        text += f"[{name!r}]" if by_item else f".{name}"
        value = follow(value, (name,))
    return text


def snapshot(value: Any) -> Any:
    """A copy that later writes into the original do not reach: of arrays and random generators; the rest is shared."""
    return rebuild(value, lambda _, leaf: copied(leaf))


def copied(leaf: Any) -> Any:
    """A copy of an array or random generator; anything else itself."""
    if isinstance(leaf, np.ndarray):
        return leaf.copy()
    return copy.deepcopy(leaf) if is_generator(leaf) else leaf


def is_generator(leaf: Any) -> bool:
    """Whether a leaf is a random generator, which a run changes."""
    return isinstance(leaf, (np.random.Generator, np.random.RandomState))


def draws(leaf: Any) -> bool:
    """Whether a leaf is a generator that compiled code can draw from."""
    return type(leaf) is np.random.Generator


def stand_ins(value: Any) -> Any:
    """The same structure, dtypes and shapes, with arrays that hold no memory."""
    return rebuild(value, lambda _, leaf: _stand_in(leaf) if type(leaf) is np.ndarray else leaf)


def _stand_in(array: np.ndarray) -> np.ndarray:
    return np.broadcast_to(np.zeros((), array.dtype), array.shape)


def equal(a: Any, b: Any) -> bool:
    """Whether two values of one type are equal, arrays and containers included."""
    parts = children(a)
    if parts is not None:
        others = children(b) or []
        return [k for k, _ in parts] == [k for k, _ in others] and all(
            x is y or type(x) is type(y) and equal(x, y) for (_, x), (_, y) in zip(parts, others)
        )
    if isinstance(a, np.ndarray):
        return a.shape == b.shape and a.dtype == b.dtype and bool((a == b).all())
    return bool(repr(a) == repr(b) if isinstance(a, (float, complex)) else a == b)  # -0.0 is not 0.0, nan is nan
