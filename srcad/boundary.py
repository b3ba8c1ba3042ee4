"""Where arrays enter and leave generated code: one layout in, the argument's own dtype and shape out."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np


def is_array(value: Any) -> bool:
    """Whether a value is an array of NumPy's or CuPy's; their scalars are none."""
    return isinstance(value, np.ndarray) or _library(value) is not np


def _library(value: Any) -> Any:
    """The library whose array a value is: NumPy, or CuPy without importing it."""
    module = type(value).__module__.partition(".")[0]
    return sys.modules["cupy"] if module == "cupy" else np


def layout(array: Any) -> str:
    """How an array lies in memory, as far as NumPy's choice of a view or a copy depends on it.

    Reshaped, an array in "C" order gives views; one that is "apart", whose elements do not follow one another in C
    order at equal distances, copies; a "strided" one either.
    """
    if array.flags.c_contiguous:
        return "C"
    return "strided" if _library(array).may_share_memory(array.reshape(-1), array) else "apart"


def interpreted_form(value: Any) -> Any:
    """Arrays as they are; 0-d arrays as scalars, which in-place arithmetic cannot write through."""
    if isinstance(value, np.ndarray):
        if value.ndim == 0:
            return value[()]
        return value if value.dtype.isnative else value.astype(value.dtype.newbyteorder("="))
    return value


def compiled_form(value: Any) -> Any:
    """One layout for all arrays: aligned, C-contiguous, native, writable; else Numba compiles one function per kind."""
    if type(value) is np.ndarray and value.ndim and value.flags.carray and value.dtype.isnative:
        return value
    if not isinstance(value, np.ndarray):
        return value
    if value.ndim == 0:
        return value[()]
    value = np.require(np.asarray(value), value.dtype.newbyteorder("="), ["C", "A"])
    return value if value.flags.writeable else _writable(value)


class _Memory:
    """Hands out an array's memory without its read-only mark. Kernels copy what they write, so nothing is written."""

    def __init__(self, array: np.ndarray) -> None:
        self.array = array
        facts = array.__array_interface__
        self.__array_interface__ = {**facts, "data": (facts["data"][0], False)}


def _writable(array: np.ndarray) -> np.ndarray:
    return np.asarray(_Memory(array)) if array.size else array.copy()


def overlap(a: Any, b: Any) -> bool:
    """Whether two arguments share memory, as far as that can be decided quickly; yes if not."""
    library = _library(a)
    if not (is_array(a) and is_array(b) and library is _library(b) and library.may_share_memory(a, b)):
        return False
    if library is not np:
        return True
    try:
        return bool(np.shares_memory(a, b, max_work=10_000))  # type: ignore[arg-type]
    except np.exceptions.TooHardError:
        return True


def like(value: Any, leaf: Any) -> Any:
    """A derivative with the dtype and shape of the leaf it belongs to."""
    if isinstance(leaf, np.ndarray):
        if type(value) is np.ndarray and value.shape == leaf.shape and value.dtype == leaf.dtype:
            return value
        return np.array(np.broadcast_to(value, leaf.shape), dtype=leaf.dtype.newbyteorder("="))
    library = _library(leaf)
    if library is not np:
        if type(value) is type(leaf) and value.shape == leaf.shape and value.dtype == leaf.dtype:
            return value
        return library.array(library.broadcast_to(library.asarray(value), leaf.shape), dtype=leaf.dtype)
    value = value[()].item() if _library(value) is not np else value
    if isinstance(leaf, np.generic):
        return value if type(value) is type(leaf) else leaf.dtype.type(value)
    value = value[()] if isinstance(value, np.ndarray) else value
    if type(leaf) is complex:
        return complex(value)
    return float(value) if isinstance(value, np.floating) else value  # as compiled code returns it


def zeros(leaf: Any) -> Any:
    """The zero derivative of a leaf."""
    return _library(leaf).zeros(leaf.shape, leaf.dtype) if is_array(leaf) else type(leaf)(0.0)


def direction(value: Any, leaf: Any, name: str, owner: str) -> Any:
    """A tangent or seed given by the user as the kernel takes it: a copy with the leaf's dtype; None is zero.

    name, owner: what it and the leaf are called in messages.

    Raises:
        TypeError: it is no number or array, or complex where the leaf is real.
        ValueError: its shape is another.
    """
    if value is None:
        return zeros(leaf)
    if isinstance(value, dict):
        raise TypeError(f"{name} has another structure than {owner} itself")
    kind = value.dtype.kind if is_array(value) else np.asarray(value).dtype.kind
    if kind not in "biufc":
        raise TypeError(f"{name} is of type {type(value).__name__}, {owner} is made of numbers")
    if kind == "c" and (leaf.dtype.kind if is_array(leaf) else np.asarray(leaf).dtype.kind) != "c":
        raise TypeError(f"{name} is complex, {owner} is real")
    if np.shape(value) != np.shape(leaf):
        raise ValueError(f"{name} has shape {np.shape(value)}, {owner} has {np.shape(leaf)}")
    if isinstance(leaf, np.ndarray):
        return np.array(value, dtype=leaf.dtype.newbyteorder("=")) if leaf.ndim else leaf.dtype.type(value)
    if is_array(leaf):
        return _library(leaf).array(value, dtype=leaf.dtype)
    return leaf.dtype.type(value) if isinstance(leaf, np.generic) else type(leaf)(value)
