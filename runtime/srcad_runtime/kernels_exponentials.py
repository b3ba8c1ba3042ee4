"""`scipy.special`'s sums of exponentials, compiled: `logsumexp`, `softmax`, `log_softmax`.

Called from Python each function is SciPy's own.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="attr-defined"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from srcad_runtime import kernels_reductions as reductions
from srcad_runtime.kernels_folding import Array, Axis

compiled = njit(cache=True, error_model="numpy")


def logsumexp(a: Array, axis: Axis = None, keepdims: bool = False) -> Any:
    """``scipy.special.logsumexp``."""
    from scipy import special

    return special.logsumexp(a, axis, keepdims=keepdims)


def softmax(x: Array, axis: Axis = None) -> Any:
    """``scipy.special.softmax``."""
    from scipy import special

    return special.softmax(x, axis)


def log_softmax(x: Array, axis: Axis = None) -> Any:
    """``scipy.special.log_softmax``."""
    from scipy import special

    return special.log_softmax(x, axis)


@compiled
def _logsumexp(a, wide, kind):
    """The greatest element is taken out of the sum, and is not in it a second time: log1p of the rest is exact."""
    outer, n, inner = a.shape
    out = np.empty((outer, inner), kind)
    for i in range(outer):
        for k in range(inner):
            top = a[i, 0, k]
            for j in range(1, n):
                x = a[i, j, k]
                if x > top or x != x:  # nan stays
                    top = x
            if not np.isfinite(top):
                out[i, k] = top
                continue
            total = wide(0.0)
            ties = 0
            for j in range(n):
                if a[i, j, k] == top:
                    ties += 1
                else:
                    total += np.exp(wide(a[i, j, k]) - wide(top))
            out[i, k] = kind(np.log1p(total / ties) + np.log(wide(ties)) + wide(top))
    return out


@overload(logsumexp, prefer_literal=True)
def _(a, axis=None, keepdims=False):
    if isinstance(a, types.Array) and isinstance(a.dtype, types.Float):
        folded, finish, _, kind = reductions._plan(a, axis, keepdims, _logsumexp)
        wide = np.float64
        return lambda a, axis=None, keepdims=False: finish(_logsumexp(folded(a), wide, kind), a)


@overload(softmax, prefer_literal=True)
def _softmax(x, axis=None):
    if isinstance(x, types.Array) and isinstance(x.dtype, types.Float):

        def softmax(x, axis=None):
            e = np.exp(x - reductions.max(x, axis, True))
            return e / reductions.sum(e, axis, True)

        return softmax


@overload(log_softmax, prefer_literal=True)
def _log_softmax(x, axis=None):
    if isinstance(x, types.Array) and isinstance(x.dtype, types.Float):
        return lambda x, axis=None: x - logsumexp(x, axis, True)
