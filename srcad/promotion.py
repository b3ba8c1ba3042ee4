"""What arithmetic makes of types: NEP 50 promotion by NumPy's own rules, Python's for its own numbers."""

from __future__ import annotations

import dataclasses
import functools
import itertools
import operator
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from srcad import shapes
from srcad.abstract import UNKNOWN, Abstract, Num, Static, Struct, describe, is_integer
from srcad.dims import combine
from srcad.shapes import Assumptions


def as_number(t: Abstract) -> Num | None:
    if isinstance(t, Static) and isinstance(t.value, (bool, int, float, complex, np.generic)):
        t = describe(t.value, "")
    return t if isinstance(t, Num) else None


def ufunc(function: np.ufunc, args: Sequence[Num], assumptions: Assumptions) -> Abstract:
    """An elementwise function: its own type resolution, and broadcasting."""
    dtypes = resolve(function, args)
    dims = shapes.broadcast([a.dims for a in args], assumptions)
    outputs = tuple(_maybe_single(Num(dtype, dims), args) for dtype in dtypes)
    return outputs[0] if function.nout == 1 else Struct("tuple", tuple(range(function.nout)), outputs, tuple)


def _maybe_single(result: Num, args: Sequence[Num]) -> Num:
    """A number computed from one that is NumPy's of single precision on some paths is such a number, too."""
    narrow = all(a.weak or a.single or a.dtype in _NARROW for a in args)
    if result.dims != () or result.dtype not in _WIDE or not narrow or not any(a.single for a in args):
        return result
    return dataclasses.replace(result, weak=True, single=True)


_NARROW, _WIDE = ("float32", "complex64"), ("float64", "complex128")


def resolve(function: np.ufunc, args: Sequence[Num]) -> tuple[str | None, ...]:
    return _resolved(function, tuple((a.dtype, a.weak) for a in args))


@functools.lru_cache(maxsize=4096)
def _resolved(function: np.ufunc, args: tuple[tuple[str | None, bool], ...]) -> tuple[str | None, ...]:
    possible = [["float64", "int64", "complex128"] if dtype is None else [dtype] for dtype, _ in args]
    found = set()
    for dtypes in itertools.product(*possible):
        given = [_operand(dtype, weak) for dtype, (_, weak) in zip(dtypes, args)]
        try:
            resolved = function.resolve_dtypes((*given, *(None,) * function.nout))
        except TypeError:
            continue
        found.add(tuple(d.name for d in resolved[function.nin :]))
    return found.pop() if len(found) == 1 else (None,) * function.nout


_WEAK: dict[str, Any] = {"int64": int, "float64": float, "complex128": complex}


def _operand(dtype: str, weak: bool) -> Any:
    return _WEAK.get(dtype, np.dtype(dtype)) if weak else np.dtype(dtype)


# ---- operators ----

UFUNCS: dict[str, np.ufunc] = {
    "+": np.add,
    "-": np.subtract,
    "*": np.multiply,
    "/": np.true_divide,
    "//": np.floor_divide,
    "%": np.remainder,
    "**": np.power,
    "&": np.bitwise_and,
    "|": np.bitwise_or,
    "^": np.bitwise_xor,
    "<<": np.left_shift,
    ">>": np.right_shift,
}
_SAMPLES: dict[str, tuple[Any, Any]] = {"bool": (True, True), "int64": (3, 2), "float64": (0.5, 0.5)}
_SAMPLES["complex128"] = (0.5j, 0.5j)


def binary(op: str, a: Num, b: Num, noted: Assumptions) -> Abstract:
    """The type of ``a op b``."""
    if op == "@":
        return Num(resolve(np.multiply, [a, b])[0], shapes.matmul(a.dims, b.dims, noted))
    if a.weak and b.weak:
        result = _python_binary(op, a, b)
        if (a.single or b.single) and isinstance(result, Num) and result.dtype in ("float64", "complex128"):
            return dataclasses.replace(result, single=True)
        return result
    found = ufunc(UFUNCS[op], [a, b], noted)
    if isinstance(found, Num) and found.dims == () and is_integer(found):
        return dataclasses.replace(found, number=combine(op, a.number, b.number))
    return found


@functools.lru_cache(maxsize=4096)
def _python_binary(op: str, a: Num, b: Num) -> Abstract:
    """Python's own arithmetic: ``True + True`` and ``2 ** -1`` are not what NumPy makes of them."""
    right = _SAMPLES[b.dtype or "float64"][1]
    if op == "**" and b.number is not None and b.number.is_const and b.number.const < 0:
        right = -1
    try:
        value = PYTHON[op](_SAMPLES[a.dtype or "float64"][0], right)
    except TypeError:
        return UNKNOWN
    t = describe(value, "")
    return dataclasses.replace(t, number=combine(op, a.number, b.number)) if isinstance(t, Num) else UNKNOWN


PYTHON: dict[str, Callable[[Any, Any], Any]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}
