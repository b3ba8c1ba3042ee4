"""Rules of the helpers that generated code calls, so that generated code can be differentiated again."""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import at, constant, elementwise, linear, pullback


@pullback(arrays.astype, kinds="fc", examples=lambda r: [at(r(3), np.dtype("float64")), at(r(), np.dtype("float64"))])
def astype_bar(x, dtype, *, out_bar):
    return out_bar


@pullback(
    arrays.unbroadcast, kinds="fc", examples=lambda r: [at(r(2, 3), r(3)), at(r(2, 3), r(2, 1)), at(r(2, 3), r())]
)
def unbroadcast_bar(g, like, *, out_bar):
    return out_bar


@pullback(arrays.scatter_add, kinds="fc", wrt=("g",), examples=lambda r: [at(r(3), np.array([0, 2, 2]), r(3))])
def scatter_add_bar(like, index, g, *, out_bar):
    return out_bar[index]


linear(arrays.astype, in_="x")
linear(arrays.unbroadcast, arrays.scatter_add, in_="g")


@elementwise(arrays.power_slope, domain=((0.3, 3), (-2, 3)), kinks={(0.0, 0.0): (0.0, None)})
def power_slope(x, y, out):
    return np.where(y == 0.0, 0.0, y * arrays.power_slope(x, y - 1.0)), x ** (y - 1.0) + arrays.xlogy(out, x)


@elementwise(arrays.xlogy, domain=(0.3, 3))
def xlogy(x, y):
    return np.log(y), x / y


@pullback(arrays.diff_adjoint, kinds="fc", examples=lambda r: [at(r(4), 1, 0), at(r(3, 4), 2, 1)])
def diff_adjoint_bar(g, n, axis, *, out_bar):
    return np.diff(out_bar, n, axis)


linear(arrays.diff_adjoint, in_="g")
constant(arrays.exceeds, arrays.tie_share)
