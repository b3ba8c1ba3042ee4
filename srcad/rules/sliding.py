"""Windows that slide along axes of an array."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import at, linear, pullback
from srcad.rules.static import axes_from_zero


def slid(r):
    return [at(r(6), 3), at(r(3, 5), (2, 2)), at(r(3, 5), 2, axis=1), at(r(2, 4, 3), (2, 3), axis=(1, -1))]


@pullback(np.lib.stride_tricks.sliding_window_view, kinds="fc", examples=slid)
def sliding_window_view_bar(x, window_shape, axis=None, *, out_bar):
    return arrays.windows_adjoint(x, axes_from_zero(axis, x.ndim), out_bar)


linear(np.lib.stride_tricks.sliding_window_view, in_="x")


@pullback(
    arrays.windows_adjoint,
    inert=("x",),
    wrt=("g",),
    kinds="fc",
    examples=lambda r: [at(r(6), (0,), r(4, 3)), at(r(3, 5), (1, 0), r(2, 3, 3, 2))],
)
def windows_adjoint_bar(x, axes, g, *, out_bar):
    return np.lib.stride_tricks.sliding_window_view(out_bar, g.shape[out_bar.ndim :], axes)


linear(arrays.windows_adjoint, in_="g")
