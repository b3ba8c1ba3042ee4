"""Numba's loops for lists of numbers and of arrays: the adjoints of lists that a model builds."""

# mypy: allow-untyped-defs, allow-untyped-calls
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from typing import Any

import numpy as np
from numba import float64, types

from srcad_runtime import elements
from srcad_runtime.jitting import overload


def _item(items: Any) -> Any:
    """The type of a list's items; None for what is no list."""
    return items.dtype if isinstance(items, (types.List, types.ListType)) else None


@overload(elements.zeros_of)
def _zeros_of(items):
    item = _item(items)
    if isinstance(item, types.Array):
        return lambda items: [np.zeros_like(v) for v in items]
    if not isinstance(item, types.Number):
        return None
    kind = item if isinstance(item, (types.Float, types.Complex)) else float64
    return lambda items: [kind(0.0) for _ in items]


@overload(elements.add_items)
def _add_items(items, g):
    if _item(items) is None:
        return None

    def add(items, g):
        for k in range(len(items)):
            items[k] = items[k] + g[k]

    return add
