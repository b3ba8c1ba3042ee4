"""Interpolants of `scipy.interpolate`, evaluated as SciPy evaluates them, to the bit."""

from __future__ import annotations

import numpy as np


def piecewise_polynomial(c, breaks, x, nu=0):
    """A `PPoly` or its derivative of order `nu`: c (degree + 1, pieces, ...), the highest power first."""
    place = np.clip(np.searchsorted(breaks, x, side="right") - 1, 0, breaks.size - 2)
    s = x - breaks[place]
    power, total = (1.0, 0.0) if np.ndim(s) == 0 else (np.ones_like(s), np.zeros_like(s))
    for k in range(c.shape[0]):
        factor = 1.0
        for i in range(nu):
            factor = factor * (k - i)
        total = total + c[c.shape[0] - 1 - k, place] * power * factor
        if k >= nu:
            power = power * s
    return total


def linear_between(xp, fp, x):
    """`interp1d` of the linear kind, where points outside are an error."""
    if np.any(np.less(x, xp[0])):
        raise ValueError("A value in x_new is below the interpolation range.")
    if np.any(np.greater(x, xp[-1])):
        raise ValueError("A value in x_new is above the interpolation range.")
    return np.interp(x, xp, fp)


def linear_beyond(xp, fp, x):
    """`interp1d` of the linear kind, whose first and last pieces go on."""
    high = np.clip(np.searchsorted(xp, x), 1, xp.size - 1)
    low = high - 1
    slope = (fp[high] - fp[low]) / (xp[high] - xp[low])
    return slope * (x - xp[low]) + fp[low]
