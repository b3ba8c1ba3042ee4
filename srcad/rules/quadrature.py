"""`scipy.integrate` of samples: the trapezoidal rule and Simpson's."""

from __future__ import annotations

import numpy as np
from scipy import integrate

from srcad.rules.registry import expansion


def nothing(r):
    """The tests of these functions are in `tests.rules.test_written_out`."""
    return []


@expansion(integrate.trapezoid, wrt=("y", "x"), examples=nothing)
def trapezoid(y, x=None, dx=1.0, axis=-1):
    return np.trapezoid(y, x, dx, axis)


@expansion(integrate.cumulative_trapezoid, wrt=("y", "x"), examples=nothing)
def cumulative_trapezoid(y, x=None, dx=1.0, axis=-1, initial=None):
    rows = np.moveaxis(y, axis, -1)
    steps = dx if x is None else np.diff(x) if x.ndim == 1 else np.diff(np.moveaxis(x, axis, -1), axis=-1)
    sums = np.cumsum(steps * (rows[..., 1:] + rows[..., :-1]) / 2.0, axis=-1)
    if initial is not None:
        sums = np.concatenate((np.full_like(sums[..., :1], initial), sums), axis=-1)
    return np.moveaxis(sums, -1, axis)


@expansion(integrate.simpson, wrt=("y", "x"), examples=nothing)
def simpson(y, x=None, *, dx=1.0, axis=-1):
    """With an even number of points the last interval has a parabola of its own (Cartwright, 2017)."""
    rows = np.moveaxis(y, axis, -1)
    places = None if x is None else x if x.ndim == 1 else np.moveaxis(x, axis, -1)
    n = rows.shape[-1]
    if n % 2 == 1:
        return pairs_of_intervals(rows, places, dx)
    if n == 2:
        return np.trapezoid(rows, places, dx, -1)
    head = pairs_of_intervals(rows[..., : n - 1], None if places is None else places[..., : n - 1], dx)
    h0 = dx if places is None else places[..., n - 2] - places[..., n - 3]
    h1 = dx if places is None else places[..., n - 1] - places[..., n - 2]
    last = (2.0 * h1 * h1 + 3.0 * h0 * h1) / (6.0 * (h1 + h0)) * rows[..., n - 1]
    middle = (h1 * h1 + 3.0 * h0 * h1) / (6.0 * h0) * rows[..., n - 2]
    return head + last + middle - h1 * h1 * h1 / (6.0 * h0 * (h0 + h1)) * rows[..., n - 3]


def pairs_of_intervals(y, x, dx):
    """Simpson's rule over an odd number of points along the last axis."""
    n = y.shape[-1]
    first, middle, last = y[..., 0 : n - 2 : 2], y[..., 1 : n - 1 : 2], y[..., 2:n:2]
    if x is None:
        return np.sum(first + 4.0 * middle + last, axis=-1) * (dx / 3.0)
    h = np.diff(x, axis=-1)
    h0, h1 = h[..., 0::2], h[..., 1::2]
    both = h0 + h1
    curved = first * (2.0 - h1 / h0) + middle * (both * both / (h0 * h1)) + last * (2.0 - h0 / h1)
    return np.sum(both / 6.0 * curved, axis=-1)
