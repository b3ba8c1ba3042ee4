"""Leaves of nested arguments, written independently of srcad: a test must not rest on what it tests."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from typing import Any

import numpy as np


def is_floating(leaf: Any) -> bool:
    """Whether a derivative with respect to `leaf` is asked for: floats, complex numbers and arrays of them."""
    if isinstance(leaf, (float, complex, np.ndarray, np.generic)):
        return np.issubdtype(np.asarray(leaf).dtype, np.inexact)
    return False


def map_leaves(f: Callable[..., Any], tree: Any, *others: Any) -> Any:
    """`tree` with `f` applied to each leaf; containers keep their class."""
    if isinstance(tree, dict):
        return {k: map_leaves(f, v, *(o[k] for o in others)) for k, v in tree.items()}
    if isinstance(tree, (list, tuple)):
        items = [map_leaves(f, *group) for group in zip(tree, *others)]
        return type(tree)(*items) if hasattr(tree, "_fields") else type(tree)(items)
    if dataclasses.is_dataclass(tree) and not isinstance(tree, type):
        names = [field.name for field in dataclasses.fields(tree)]
        changes = {n: map_leaves(f, getattr(tree, n), *(getattr(o, n) for o in others)) for n in names}
        return dataclasses.replace(tree, **changes)
    return f(tree, *others)


def leaves(tree: Any) -> list[Any]:
    """All leaves in order."""
    found: list[Any] = []
    map_leaves(found.append, tree)
    return found


def floating(tree: Any) -> list[Any]:
    """The leaves that can be differentiated."""
    return [leaf for leaf in leaves(tree) if is_floating(leaf)]


def dot(left: Any, right: Any) -> float:
    """The sum of products over all floating leaves of `left`."""
    total = 0.0
    for a, b in zip(leaves(left), leaves(right)):
        if is_floating(a):
            total += float(np.sum(np.real(np.asarray(a, np.complex128) * np.asarray(b, np.complex128))))
    return total


def bits(tree: Any) -> list[Any]:
    """What must be equal for two values to be bit-identical: dtype, shape and bytes of every leaf."""
    return [_bits(leaf) for leaf in leaves(tree)]


def _bits(leaf: Any) -> Any:
    if isinstance(leaf, (bool, int, float, complex, np.ndarray, np.generic)):
        array = np.asarray(leaf)
        return (array.dtype.str, array.shape, array.tobytes())
    return repr(leaf) if isinstance(leaf, (str, type(None))) else type(leaf).__name__
