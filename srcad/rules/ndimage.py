"""`scipy.ndimage`: filters by weights, on arrays that go on beyond their edges."""

from __future__ import annotations

import numpy as np
from scipy import ndimage

from srcad.rules.registry import expansion
from srcad.rules.static import margin_mode

Written = "written out: sums of shifted arrays"


def nothing(r):
    """The tests of these functions are in `tests.rules.forms`: sums in another order differ in the last digit."""
    return []


# ---- along one axis ----


@expansion(ndimage.correlate1d, wrt=("input", "weights"), examples=nothing, notes=Written)
def correlate1d(input, weights, axis=-1, *, mode="reflect", cval=0.0, origin=0):
    size = len(weights)
    before = size // 2 + origin
    wide = widened(input, axis % input.ndim, before, size - 1 - before, mode, cval)
    n = input.shape[axis]
    moved = np.moveaxis(wide, axis, 0)
    total = weights[0] * moved[0:n]
    for k in range(1, size):
        total = total + weights[k] * moved[k : k + n]
    return np.moveaxis(total, 0, axis)


@expansion(ndimage.convolve1d, wrt=("input", "weights"), examples=nothing, notes=Written)
def convolve1d(input, weights, axis=-1, *, mode="reflect", cval=0.0, origin=0):
    size = len(weights)
    shift = -origin if size % 2 == 1 else -origin - 1
    return ndimage.correlate1d(input, np.array(weights)[::-1], axis, mode=mode, cval=cval, origin=shift)


def widened(a, axis, before, after, mode, cval):
    """The array with what is beyond its edges along an axis."""
    margins = [(before, after) if k == axis else (0, 0) for k in range(a.ndim)]
    if mode in ("constant", "grid-constant"):
        return np.pad(a, margins, constant_values=cval)
    return np.pad(a, margins, margin_mode(mode))


def bell(sigma, radius):
    """The weights of a Gaussian filter."""
    places = np.arange(-radius, radius + 1)
    weights = np.exp(-0.5 / (sigma * sigma) * (places * places))
    return weights / np.sum(weights)


@expansion(ndimage.gaussian_filter1d, wrt=("input", "sigma"), examples=nothing, notes=Written)
def gaussian_filter1d(input, sigma, axis=-1, *, mode="reflect", cval=0.0, truncate=4.0, radius=None):
    reach = int(truncate * sigma + 0.5) if radius is None else radius
    return ndimage.correlate1d(input, bell(sigma, reach), axis, mode=mode, cval=cval)


@expansion(ndimage.uniform_filter1d, examples=nothing, notes=Written)
def uniform_filter1d(input, size, axis=-1, *, mode="reflect", cval=0.0, origin=0):
    return ndimage.correlate1d(input, np.full(size, 1.0 / size), axis, mode=mode, cval=cval, origin=origin)


# ---- along all axes ----


def of_axis(value, k):
    return value[k] if isinstance(value, (tuple, list)) else value


@expansion(ndimage.gaussian_filter, wrt=("input", "sigma"), examples=nothing, notes=Written)
def gaussian_filter(input, sigma, *, mode="reflect", cval=0.0, truncate=4.0):
    out = np.copy(input)  # what no axis changes is no view of the input
    for k in range(input.ndim):
        width = sigma[k] if np.ndim(sigma) == 1 else sigma
        if width > 1e-15:
            out = gaussian_filter1d(out, width, k, mode=of_axis(mode, k), cval=cval, truncate=truncate)
    return out


@expansion(ndimage.uniform_filter, examples=nothing, notes=Written)
def uniform_filter(input, size=3, *, mode="reflect", cval=0.0):
    for k in range(input.ndim):
        input = uniform_filter1d(input, of_axis(size, k), k, mode=of_axis(mode, k), cval=cval)
    return input


@expansion(ndimage.sobel, examples=nothing, notes=Written)
def sobel(input, axis=-1, *, mode="reflect", cval=0.0):
    out = ndimage.correlate1d(input, [-1.0, 0.0, 1.0], axis, mode=mode, cval=cval)
    for k in range(input.ndim):
        if k != axis % input.ndim:
            out = ndimage.correlate1d(out, [1.0, 2.0, 1.0], k, mode=mode, cval=cval)
    return out


@expansion(ndimage.prewitt, examples=nothing, notes=Written)
def prewitt(input, axis=-1, *, mode="reflect", cval=0.0):
    out = ndimage.correlate1d(input, [-1.0, 0.0, 1.0], axis, mode=mode, cval=cval)
    for k in range(input.ndim):
        if k != axis % input.ndim:
            out = ndimage.correlate1d(out, [1.0, 1.0, 1.0], k, mode=mode, cval=cval)
    return out


@expansion(ndimage.laplace, examples=nothing, notes=Written)
def laplace(input, *, mode="reflect", cval=0.0):
    total = ndimage.correlate1d(input, [1.0, -2.0, 1.0], 0, mode=mode, cval=cval)
    for k in range(1, input.ndim):
        total = total + ndimage.correlate1d(input, [1.0, -2.0, 1.0], k, mode=mode, cval=cval)
    return total


# ---- by weights of the array's own rank ----


@expansion(ndimage.correlate, wrt=("input", "weights"), examples=nothing, notes=f"{Written}; ranks 1 and 2")
def correlate(input, weights, *, mode="reflect", cval=0.0):
    return around(input, weights, 0, mode, cval)


@expansion(ndimage.convolve, wrt=("input", "weights"), examples=nothing, notes=f"{Written}; ranks 1 and 2")
def convolve(input, weights, *, mode="reflect", cval=0.0):
    return around(input, np.flip(weights), 1, mode, cval)


def around(input, weights, even, mode, cval):
    """Sums of `weights` times what is around each element; `even`: how far an even extent is shifted."""
    if input.ndim == 1:
        shift = even if weights.shape[0] % 2 == 0 else 0
        return correlate1d(input, weights, 0, mode=mode, cval=cval, origin=-shift)
    rows, columns = weights.shape
    n, m = input.shape
    above = rows // 2 - (even if rows % 2 == 0 else 0)
    left = columns // 2 - (even if columns % 2 == 0 else 0)
    wide = widened(input, 0, above, rows - 1 - above, mode, cval)
    wide = widened(wide, 1, left, columns - 1 - left, mode, cval)
    total = np.zeros_like(input)
    for i in range(rows):
        for j in range(columns):
            total = total + weights[i, j] * wide[i : i + n, j : j + m]
    return total
