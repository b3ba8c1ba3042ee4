"""Where arrays enter and leave generated code: one layout in, the argument's own dtype and shape out."""

from __future__ import annotations

from typing import Any

import numpy as np


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
    if not (isinstance(a, np.ndarray) and isinstance(b, np.ndarray) and np.may_share_memory(a, b)):
        return False
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
    if isinstance(leaf, np.generic):
        return value if type(value) is type(leaf) else leaf.dtype.type(value)
    if isinstance(leaf, (float, complex)):
        value = value[()] if isinstance(value, np.ndarray) else value
        return np.float64(value) if isinstance(value, (np.float32, np.float16)) else value
    return value  # CuPy


def zeros(leaf: Any) -> Any:
    """The zero derivative of a leaf."""
    return np.zeros(leaf.shape, leaf.dtype) if isinstance(leaf, np.ndarray) else type(leaf)(0.0)


def direction(value: Any, leaf: Any, name: str, owner: str) -> Any:
    """A tangent or seed given by the user as the kernel takes it: a copy with the leaf's dtype; None is zero.

    name, owner: what it and the leaf are called in messages.

    Raises:
        TypeError: it is no number or array.
        ValueError: its shape is another.
    """
    if value is None:
        return zeros(leaf)
    if isinstance(value, dict):
        raise TypeError(f"{name} has another structure than {owner} itself")
    if np.asarray(value).dtype.kind not in "biufc":
        raise TypeError(f"{name} is of type {type(value).__name__}, {owner} is made of numbers")
    if np.shape(value) != np.shape(leaf):
        raise ValueError(f"{name} has shape {np.shape(value)}, {owner} has {np.shape(leaf)}")
    if isinstance(leaf, np.ndarray):
        return np.array(value, dtype=leaf.dtype.newbyteorder("=")) if leaf.ndim else leaf.dtype.type(value)
    return leaf.dtype.type(value) if isinstance(leaf, np.generic) else type(leaf)(value)
