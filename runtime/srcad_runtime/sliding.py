"""What belongs to ``np.lib.stride_tricks.sliding_window_view``."""

from __future__ import annotations

import numpy as np


def windows_adjoint(x: np.ndarray, axes: tuple[int, ...], g: np.ndarray) -> np.ndarray:
    """The adjoint of windows of `x` that slide along `axes` (from 0): each element's adjoints, added up.

    g: one axis more for each of `axes`, last, as long as the window.
    """
    for axis in reversed(axes):
        count, width = g.shape[axis], g.shape[-1]
        total = np.zeros((*g.shape[:axis], count + width - 1, *g.shape[axis + 1 : -1]), g.dtype)
        lines, windows = np.moveaxis(total, axis, 0), np.moveaxis(g, axis, 0)
        for j in range(width):
            lines[j : j + count] += windows[..., j]
        g = total
    return g
