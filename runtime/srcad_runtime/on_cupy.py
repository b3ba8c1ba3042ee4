"""The helpers of generated code on CuPy's arrays: `srcad_runtime`'s own, with CuPy where they say NumPy.

``on_cupy.take_adjoint`` is `srcad_runtime.take_adjoint` with ``np`` bound to `cupy`, and so are the helpers that it
calls. What is defined here is CuPy's alone: NumPy keeps the last of several values that are written to one element,
CuPy any of them.
"""

from __future__ import annotations

import builtins
import sys
from collections.abc import Iterator
from importlib import import_module
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy

RUNTIME = "srcad_runtime"
_TWINS: dict[Any, Any] = {}


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return twin(getattr(import_module(RUNTIME), name))


def add_at(a: Any, index: Any, g: Any) -> None:
    """``a[index] += g`` with every repetition of an index counted; writes `a`."""
    import_module("cupyx").scatter_add(a, index, g)


def scatter_add(like: Any, index: Any, g: Any) -> Any:
    """Zeros of `like`'s shape with `g` added at `index`, every repetition counted: the adjoint of ``like[index]``."""
    total = import_module("cupy").zeros(like.shape, g.dtype)
    add_at(total, index, g)
    return total


def store(a: Any, index: Any, value: Any) -> None:
    """``a[index] = value`` for an index that may name an element several times: the last of its values stays."""
    cupy = import_module("cupy")
    order, writer = _writers(a.shape, index)
    if order.size == 0:
        return
    values = cupy.broadcast_to(cupy.asarray(value, a.dtype), order.shape).ravel()
    place = cupy.maximum(writer - 1.0, 0.0).astype(cupy.int64)
    a[...] = cupy.where(writer > 0.0, values[place], a)


def last_written(a: Any, index: Any) -> Any:
    """``a[index]`` with 0 at every repetition of an index but its last: what `store` leaves of each value."""
    cupy = import_module("cupy")
    order, writer = _writers(a.shape, index)
    return cupy.where(writer[index] == order, a[index], 0.0)


def written(like: Any, index: Any, g: Any) -> Any:
    """Zeros of `like`'s shape after ``[index] = g``: of several values for one element the last one counts."""
    total = import_module("cupy").zeros_like(g, shape=like.shape)
    store(total, index, g)
    return total


def array(items: list[Any], dtype: Any = None) -> Any:
    """``np.array(items)`` of numbers, or of arrays of one shape, some of them on the device."""
    cupy = import_module("cupy")
    return cupy.stack([cupy.asarray(item, dtype) for item in items]) if items else cupy.zeros(0, dtype or float)


def row_order(piv: Any) -> Any:
    """The order of the rows after the swaps of row k with row ``piv[k]``: numbers, as CuPy's elements are views."""
    order = list(range(len(piv)))
    for k, other in enumerate(piv.tolist()):
        order[k], order[other] = order[other], order[k]
    return import_module("cupy").asarray(order)


def _writers(shape: tuple[int, ...], index: Any) -> tuple[Any, Any]:
    """The places that an index names, numbered from 1, and which of them each element keeps (0: none)."""
    cupy = import_module("cupy")
    writer = cupy.zeros(shape)
    places = writer[index]
    order = cupy.arange(1.0, places.size + 1.0).reshape(places.shape)
    import_module("cupyx").scatter_max(writer, index, order)
    return order, writer


# ---- twins ----


class _Helpers:
    """A module of the runtime, of which every function is its twin."""

    def __init__(self, module: ModuleType) -> None:
        self.module = module

    def __getattr__(self, name: str) -> Any:
        return twin(getattr(self.module, name))


def twin(value: Any) -> Any:
    """What stands on CuPy for something that a helper knows by name: a module, a function, a helper."""
    if isinstance(value, ModuleType):
        return _module(value)
    if isinstance(value, (tuple, list)) and type(value) in (tuple, list):
        return type(value)(map(twin, value))
    if isinstance(value, dict):
        return {key: twin(item) for key, item in value.items()}
    value = getattr(value, "py_func", value)  # of a helper that Numba compiles
    if isinstance(value, FunctionType) and value.__module__.startswith(RUNTIME):
        return globals().get(value.__name__) or _function(value)
    if isinstance(value, numpy.ufunc) or (callable(value) and getattr(value, "__module__", "") == "numpy"):
        return getattr(import_module("cupy"), value.__name__, value)
    return value


def _module(module: ModuleType) -> Any:
    library, _, rest = module.__name__.partition(".")
    if library == "numpy":
        return import_module(f"cupy.{rest}" if rest else "cupy")
    if library == "scipy":
        return import_module(f"cupyx.scipy.{rest}")
    return _Helpers(module) if library == RUNTIME else module


def _function(helper: FunctionType) -> FunctionType:
    """The same code among the names that it uses, each replaced by its twin."""
    key = sys.modules["cupy"], helper
    if key not in _TWINS:
        space: dict[str, Any] = {"__name__": helper.__module__, "__builtins__": builtins}
        closure = tuple(type(cell)(twin(cell.cell_contents)) for cell in helper.__closure__ or ())
        made = FunctionType(helper.__code__, space, helper.__name__, helper.__defaults__, closure or None)
        made.__kwdefaults__ = helper.__kwdefaults__
        _TWINS[key] = made  # before its names: helpers may call themselves
        named = {name for name in _names(helper.__code__) if name in helper.__globals__}
        space.update((name, twin(helper.__globals__[name])) for name in named)
    return _TWINS[key]


def _names(code: CodeType) -> Iterator[str]:
    yield from code.co_names
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from _names(constant)
