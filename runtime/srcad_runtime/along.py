"""Matrix products along many directions: one factor has a last axis that counts them, beyond its rows and columns."""

from __future__ import annotations

from typing import Any

import numpy as np

Array = np.ndarray[Any, Any]


def product(x: Array, a: Array) -> Array:
    """``x[:, :, d] @ a`` for every d: x (n, k, directions), a (k, m) give (n, m, directions)."""
    return np.swapaxes(np.tensordot(x, a, (1, 0)), 1, 2)


def product_of(a: Array, x: Array) -> Array:
    """``a @ x[:, :, d]`` for every d: a (n, k) or (k,), x (k, m, directions) give (n, m, directions) or without n."""
    return np.tensordot(a, x, 1)
