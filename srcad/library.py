"""What a library object is called: by identity, never by how a program spells it.

``np.abs`` and ``numpy.absolute`` are one object and one path, ``numpy.absolute``.
"""

from __future__ import annotations

import builtins
import enum
import functools
import importlib
import numbers
import os
import sys
import types
from typing import Any

KNOWN = frozenset(
    "numpy scipy math cmath builtins operator functools itertools dataclasses collections typing numba srcad "
    "srcad_runtime warnings random copy contextlib abc enum heapq bisect __future__".split()
)

# searched, in this order, for objects that do not know their module (ufuncs, C functions)
_FALLBACK = (
    "builtins numpy math cmath scipy.special numpy.linalg numpy.fft numpy.random operator functools itertools "
    "collections collections.abc random copy contextlib heapq bisect"
).split()

# older or second names of a function that is not the same object
_ALIASES = {
    "numpy.amax": "numpy.max",
    "numpy.amin": "numpy.min",
    "numpy.around": "numpy.round",
    "numpy.round_": "numpy.round",
    "numpy.product": "numpy.prod",
    "numpy.cumproduct": "numpy.cumprod",
    "numpy.trapz": "numpy.trapezoid",
    "numpy.row_stack": "numpy.vstack",
    "numpy.linalg.matmul": "numpy.matmul",
    "numpy.linalg.outer": "numpy.outer",
    "numpy.linalg.tensordot": "numpy.tensordot",
}


def is_library(module: str) -> bool:
    """Whether a module belongs to a library that is known, and may be imported, while transforming."""
    return module.partition(".")[0] in KNOWN


def is_standard(module: str) -> bool:
    """Whether a module is of Python's own library, and none of those that are known; by its file, not by its name."""
    top = module.partition(".")[0]
    home = getattr(sys.modules.get(top), "__file__", None) or os.__file__
    return top in sys.stdlib_module_names and not is_library(top) and home.startswith(os.path.dirname(os.__file__))


_FIXED = (type, types.ModuleType, types.FunctionType, types.MethodType, enum.Enum, str, bytes, tuple, BaseException)


def has_state(obj: object) -> bool:
    """Whether a value is an instance of a class of the user's, or a namespace: what it equals, or says, may change."""
    if isinstance(obj, (*_FIXED, int, float, complex)):
        return False
    home = type(obj).__module__
    return type(obj) is types.SimpleNamespace or not (home == "builtins" or is_library(home) or is_standard(home))


def is_plain_value(obj: object) -> bool:
    """Whether an object is data: a number, a string, None, an array or a container; such things have no path."""
    data = (numbers.Number, str, bytes, type(None), type(...), tuple, list, dict, set, frozenset)
    return isinstance(obj, data) or hasattr(type(obj), "__array_interface__") or hasattr(type(obj), "dtype")


def path_of(obj: Any) -> str | None:
    """The canonical public path of a library function, class, ufunc, module or other named object; else None."""
    if isinstance(obj, types.ModuleType):
        return obj.__name__ if is_library(obj.__name__) else None
    if is_plain_value(obj):
        return None
    for module in (*_owners(obj), *_FALLBACK):
        name = _name_in(module, obj)
        if name is not None:
            path = f"{module}.{name}"
            return _ALIASES.get(path, path)
    return None


def _owners(obj: Any) -> list[str]:
    """The modules an object may be public in, the shortest first: numpy, numpy.linalg, numpy.linalg._linalg."""
    home = getattr(obj, "__module__", None)
    if not isinstance(home, str):
        home = str(type(obj).__module__)
    if not is_library(home):
        return []
    parts = home.split(".")
    return [".".join(parts[: i + 1]) for i in range(len(parts))]


def _name_in(module: str, obj: Any) -> str | None:
    space = sys.modules.get(module)
    if space is None:
        return None
    name = getattr(obj, "__name__", None)
    if isinstance(name, str) and getattr(space, name, None) is obj:
        return name
    return _names(module, len(vars(space))).get(id(obj))


@functools.cache
def _names(module: str, size: int) -> dict[int, str]:
    """A module's public objects by identity; `size` renews the table when a lazy module has grown."""
    table: dict[int, str] = {}
    for name, obj in sorted(vars(sys.modules[module]).items()):
        if not name.startswith("_") and not is_plain_value(obj) and not isinstance(obj, types.ModuleType):
            table.setdefault(id(obj), name)
    return table


def load(path: str) -> Any:
    """The live object of a path such as ``numpy.linalg.inv``; AttributeError or ImportError if there is none."""
    head, *rest = path.split(".")
    obj: Any = importlib.import_module(head)
    for attr in rest:
        obj = member(obj, attr) if isinstance(obj, types.ModuleType) else getattr(obj, attr)
    return obj


def member(module: types.ModuleType, attr: str) -> Any:
    """An attribute of a module, a submodule that is not yet loaded included."""
    try:
        return getattr(module, attr)
    except AttributeError:
        if not is_library(module.__name__):
            raise
    try:
        return importlib.import_module(f"{module.__name__}.{attr}")
    except ImportError:
        raise AttributeError(f"module {module.__name__!r} has no attribute {attr!r}") from None


def builtin(name: str) -> Any:
    """A builtin by name; AttributeError if there is none."""
    return getattr(builtins, name)
