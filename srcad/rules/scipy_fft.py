"""`scipy.fft`: NumPy's transforms under SciPy's names, and cosine transforms."""

from __future__ import annotations

import numpy as np
from scipy import fft
from srcad_runtime import arrays

from srcad.rules import fft as _  # noqa: F401  (the rules that are named)
from srcad.rules.registry import at, form, linear, pullback, same

# ---- NumPy's transforms, along one axis and along several ----

for _name in ("fft ifft rfft irfft hfft ihfft fft2 ifft2 rfft2 irfft2 fftn ifftn rfftn irfftn").split():
    same(getattr(fft, _name), f"numpy.fft.{_name}", x="a")
same(fft.fftshift, np.fft.fftshift)
same(fft.ifftshift, np.fft.ifftshift)


# ---- cosine and sine transforms ----


def waves(r):
    plain = [at(r(5), kind) for kind in (1, 2, 3, 4)]
    forward = [at(r(4), kind, norm="forward") for kind in (1, 2, 3, 4)]
    return [*plain, *forward, at(r(3, 4), axis=0), at(r(6), norm="ortho"), at(r(4), 3, norm="ortho")]


def end_scaled(g, axis, factor, both):
    """`g` with its first element along `axis` times `factor`, and the last as well where `both`."""
    n = g.shape[axis]
    places = np.arange(n)
    ends = (places == 0) | (places == n - 1) if both else places == 0
    moved = np.moveaxis(g, axis, -1)
    return np.moveaxis(np.where(ends, factor * moved, moved), -1, axis)


def cosines_transposed(g, kind, axis):
    """The transpose of the cosine transform of a type: of 2 and 3 each other's but for the first element."""
    if kind == 1:
        return end_scaled(fft.dct(end_scaled(0.5 * g, axis, 2.0, True), 1, axis=axis), axis, 0.5, True) * 2.0
    if kind == 2:
        return fft.dct(g, 3, axis=axis) + np.take(g, np.zeros(1, np.int64), axis)
    if kind == 3:
        return end_scaled(fft.dct(g, axis=axis), axis, 0.5, False)
    return fft.dct(g, 4, axis=axis)


@pullback(fft.dct, examples=waves)
def dct_bar(x, type=2, *, axis=-1, norm=None, out_bar):
    if norm == "ortho":
        return fft.idct(out_bar, type, axis=axis, norm="ortho")
    n = out_bar.shape[axis]
    bar = cosines_transposed(out_bar, type, axis)
    return bar / (2.0 * (n - 1 if type == 1 else n)) if norm == "forward" else bar


@pullback(fft.idct, examples=waves)
def idct_bar(x, type=2, *, axis=-1, norm=None, out_bar):
    if norm == "ortho":
        return fft.dct(out_bar, type, axis=axis, norm="ortho")
    n = out_bar.shape[axis]
    bar = cosines_transposed(out_bar, 5 - type if type in (2, 3) else type, axis)
    return bar if norm == "forward" else bar / (2.0 * (n - 1 if type == 1 else n))


def sines_transposed(g, kind, axis):
    """The transpose of the sine transform of a type: of 2 and 3 each other's but for the last element."""
    if kind == 2:
        odd = np.arange(g.shape[axis]) % 2 == 1
        last = np.moveaxis(np.take(g, np.full(1, g.shape[axis] - 1), axis), axis, -1)
        return fft.dst(g, 3, axis=axis) + np.moveaxis(np.where(odd, -last, last), -1, axis)
    if kind == 3:
        return np.flip(end_scaled(np.flip(fft.dst(g, axis=axis), axis), axis, 0.5, False), axis)
    return fft.dst(g, kind, axis=axis)


@pullback(fft.dst, examples=waves)
def dst_bar(x, type=2, *, axis=-1, norm=None, out_bar):
    if norm == "ortho":
        return fft.idst(out_bar, type, axis=axis, norm="ortho")
    n = out_bar.shape[axis]
    bar = sines_transposed(out_bar, type, axis)
    return bar / (2.0 * (n + 1 if type == 1 else n)) if norm == "forward" else bar


@pullback(fft.idst, examples=waves)
def idst_bar(x, type=2, *, axis=-1, norm=None, out_bar):
    if norm == "ortho":
        return fft.dst(out_bar, type, axis=axis, norm="ortho")
    n = out_bar.shape[axis]
    bar = sines_transposed(out_bar, 5 - type if type in (2, 3) else type, axis)
    return bar if norm == "forward" else bar / (2.0 * (n + 1 if type == 1 else n))


# ---- along several axes ----


def planes(r):
    """The axes are written out where all of them are meant (`eval_numpy`)."""
    both = (0, 1)
    normed = [at(r(3, 4), 3, axes=both, norm="ortho"), at(r(3, 4), axes=both, norm="forward")]
    return [at(r(3, 4), axes=both), *normed, at(r(2, 3, 4), 1, axes=(0, 2))]


def along_each(bar, x, type, axes, norm, out_bar):
    """The adjoint of one transform after the other, each along an axis."""
    for axis in axes:
        out_bar = bar(x, type, axis=axis, norm=norm, out_bar=out_bar)
    return out_bar


@pullback(fft.dctn, examples=planes)
def dctn_bar(x, type=2, *, axes=None, norm=None, out_bar):
    return along_each(dct_bar, x, type, axes, norm, out_bar)


@pullback(fft.idctn, examples=planes)
def idctn_bar(x, type=2, *, axes=None, norm=None, out_bar):
    return along_each(idct_bar, x, type, axes, norm, out_bar)


@pullback(fft.dstn, examples=planes)
def dstn_bar(x, type=2, *, axes=None, norm=None, out_bar):
    return along_each(dst_bar, x, type, axes, norm, out_bar)


@pullback(fft.idstn, examples=planes)
def idstn_bar(x, type=2, *, axes=None, norm=None, out_bar):
    return along_each(idst_bar, x, type, axes, norm, out_bar)


linear(fft.dct, fft.idct, fft.dst, fft.idst, fft.dctn, fft.idctn, fft.dstn, fft.idstn, in_="x")


# ---- of a length that is given: cut, or filled up with zeros, before ----


@form(fft.dct, given="n")
def dct_of_length(x, type=2, *, n=None, axis=-1, norm=None):
    return fft.dct(x if n is None else arrays.resized(x, n, axis), type, axis=axis, norm=norm)


@form(fft.idct, given="n")
def idct_of_length(x, type=2, *, n=None, axis=-1, norm=None):
    return fft.idct(x if n is None else arrays.resized(x, n, axis), type, axis=axis, norm=norm)


@form(fft.dst, given="n")
def dst_of_length(x, type=2, *, n=None, axis=-1, norm=None):
    return fft.dst(x if n is None else arrays.resized(x, n, axis), type, axis=axis, norm=norm)


@form(fft.idst, given="n")
def idst_of_length(x, type=2, *, n=None, axis=-1, norm=None):
    return fft.idst(x if n is None else arrays.resized(x, n, axis), type, axis=axis, norm=norm)
