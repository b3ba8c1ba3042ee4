"""`scipy.fft`: NumPy's transforms under SciPy's names, and cosine transforms."""

from __future__ import annotations

import numpy as np
from scipy import fft

from srcad.rules.registry import at, expansion, linear, pullback


def nothing(r):
    """The tests of these functions are in `tests.rules.test_written_out`."""
    return []


# ---- along one axis ----


@expansion(fft.fft, examples=nothing, kinds="fc")
def transform(x, n=None, axis=-1, norm=None):
    return np.fft.fft(x, n, axis, norm)


@expansion(fft.ifft, examples=nothing, kinds="fc")
def inverse(x, n=None, axis=-1, norm=None):
    return np.fft.ifft(x, n, axis, norm)


@expansion(fft.rfft, examples=nothing)
def of_real(x, n=None, axis=-1, norm=None):
    return np.fft.rfft(x, n, axis, norm)


@expansion(fft.irfft, examples=nothing, kinds="fc")
def to_real(x, n=None, axis=-1, norm=None):
    return np.fft.irfft(x, n, axis, norm)


# ---- along several ----


@expansion(fft.fft2, examples=nothing, kinds="fc")
def transform_2(x, s=None, axes=(-2, -1), norm=None):
    return np.fft.fft2(x, s, axes, norm)


@expansion(fft.ifft2, examples=nothing, kinds="fc")
def inverse_2(x, s=None, axes=(-2, -1), norm=None):
    return np.fft.ifft2(x, s, axes, norm)


@expansion(fft.rfft2, examples=nothing)
def of_real_2(x, s=None, axes=(-2, -1), norm=None):
    return np.fft.rfft2(x, s, axes, norm)


@expansion(fft.irfft2, examples=nothing, kinds="fc")
def to_real_2(x, s=None, axes=(-2, -1), norm=None):
    return np.fft.irfft2(x, s, axes, norm)


@expansion(fft.fftn, examples=nothing, kinds="fc")
def transform_n(x, s=None, axes=None, norm=None):
    return np.fft.fftn(x, s, axes, norm)


@expansion(fft.ifftn, examples=nothing, kinds="fc")
def inverse_n(x, s=None, axes=None, norm=None):
    return np.fft.ifftn(x, s, axes, norm)


@expansion(fft.rfftn, examples=nothing)
def of_real_n(x, s=None, axes=None, norm=None):
    return np.fft.rfftn(x, s, axes, norm)


# ---- cosine transforms ----


def waves(r):
    return [at(r(5)), at(r(3, 4), axis=0), at(r(6), norm="ortho")]


@pullback(fft.dct, examples=waves, notes="type 2")
def dct_bar(x, *, axis=-1, norm=None, out_bar):
    """The transposed cosine transform: that of type 3, with a whole first term."""
    if norm == "ortho":
        return fft.idct(out_bar, axis=axis, norm="ortho")
    first = np.take(out_bar, np.zeros(1, int), axis)
    return 2.0 * out_bar.shape[axis] * fft.idct(out_bar, axis=axis) + first


@pullback(fft.idct, examples=waves, notes="type 2")
def idct_bar(x, *, axis=-1, norm=None, out_bar):
    if norm == "ortho":
        return fft.dct(out_bar, axis=axis, norm="ortho")
    n = out_bar.shape[axis]
    found = np.moveaxis(fft.dct(out_bar, axis=axis), axis, -1) / (2.0 * n)
    return np.moveaxis(np.where(np.arange(n) == 0, 0.5 * found, found), -1, axis)


linear(fft.dct, fft.idct, in_="x")
