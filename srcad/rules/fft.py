"""`numpy.fft`: every transform is linear; its adjoint is built from the transform the other way.

The discrete Fourier matrix is symmetric, so that a complex transform is its own adjoint (no conjugate, as JAX has it).
"""

from __future__ import annotations

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import at, expansion, linear, pullback


def along_one(r):
    a = r.complex(3, 4)
    return [at(a), at(a, n=6), at(a, n=3), at(a, axis=0), at(r(5)), at(a, norm="ortho"), at(a, norm="forward")]


def along_several(r):
    a = r.complex(2, 3, 4)
    return [at(a), at(a, axes=(0, 1)), at(a, s=(2, 5), axes=(1, 2)), at(r(3, 4)), at(a, norm="ortho")]


def back_to(g, a):
    """The adjoint of padding or cropping `a` to the shape of `g`."""
    return arrays.fitted(g, a.shape)


@pullback(np.fft.fft, kinds="fc", examples=along_one)
def fft_bar(a, n=None, axis=-1, norm=None, *, out_bar):
    return back_to(np.fft.fft(out_bar, None, axis, norm), a)


@pullback(np.fft.ifft, kinds="fc", examples=along_one)
def ifft_bar(a, n=None, axis=-1, norm=None, *, out_bar):
    return back_to(np.fft.ifft(out_bar, None, axis, norm), a)


@pullback(np.fft.fft2, kinds="fc", examples=along_several)
def fft2_bar(a, s=None, axes=(-2, -1), norm=None, *, out_bar):
    return back_to(np.fft.fft2(out_bar, None, axes, norm), a)


@pullback(np.fft.ifft2, kinds="fc", examples=along_several)
def ifft2_bar(a, s=None, axes=(-2, -1), norm=None, *, out_bar):
    return back_to(np.fft.ifft2(out_bar, None, axes, norm), a)


@pullback(np.fft.fftn, kinds="fc", examples=along_several)
def fftn_bar(a, s=None, axes=None, norm=None, *, out_bar):
    return back_to(np.fft.fftn(out_bar, None, axes, norm), a)


@pullback(np.fft.ifftn, kinds="fc", examples=along_several)
def ifftn_bar(a, s=None, axes=None, norm=None, *, out_bar):
    return back_to(np.fft.ifftn(out_bar, None, axes, norm), a)


# ---- transforms of real signals: half the spectrum ----


@pullback(
    np.fft.rfft,
    examples=lambda r: [at(r(n)) for n in (4, 5)] + [at(r(3, 4), 6), at(r(4, 3), axis=0), at(r(5), 4, -1, "ortho")],
)
def rfft_bar(a, n=None, axis=-1, norm=None, *, out_bar):
    length = a.shape[axis] if n is None else n
    whole = arrays.resized(out_bar, length, axis)
    return back_to(np.real(np.fft.fft(whole, None, axis, norm)), a)


@pullback(
    np.fft.irfft,
    kinds="c",
    examples=lambda r: [at(r.complex(n)) for n in (3, 4)] + [at(r.complex(4), 5), at(r.complex(3, 2), 6, 0, "forward")],
)
def irfft_bar(a, n=None, axis=-1, norm=None, *, out_bar):
    half = arrays.half_spectrum_adjoint(np.fft.rfft(out_bar, None, axis, opposite(norm)), out_bar.shape[axis], axis)
    return back_to(half, a)


@pullback(np.fft.rfft2, examples=lambda r: [at(r(3, 4)), at(r(2, 3, 5)), at(r(3, 4), norm="ortho")])
def rfft2_bar(a, s=None, axes=(-2, -1), norm=None, *, out_bar):
    return rfftn_bar(a, s, axes, norm, out_bar=out_bar)


@pullback(
    np.fft.rfftn,
    examples=lambda r: [at(r(3, 4)), at(r(2, 3, 5)), at(r(2, 3, 4), s=(3, 3), axes=(0, 1)), at(r(3, 4), axes=(1, 0))],
)
def rfftn_bar(a, s=None, axes=None, norm=None, *, out_bar):
    last = a.ndim - 1 if axes is None else axes[-1]
    length = a.shape[last] if s is None else s[-1]
    whole = arrays.resized(out_bar, length, last)
    return back_to(np.real(np.fft.fftn(whole, None, axes, norm)), a)


@pullback(
    np.fft.irfft2,
    kinds="c",
    examples=lambda r: [at(r.complex(3, 4)), at(r.complex(2, 3, 3)), at(r.complex(3, 4), s=(3, 5))],
)
def irfft2_bar(a, s=None, axes=(-2, -1), norm=None, *, out_bar):
    return irfftn_bar(a, s, axes, norm, out_bar=out_bar)


@pullback(
    np.fft.irfftn,
    kinds="c",
    examples=lambda r: [at(r.complex(3, 4)), at(r.complex(2, 3, 3)), at(r.complex(3, 4), norm="ortho")],
)
def irfftn_bar(a, s=None, axes=None, norm=None, *, out_bar):
    last = out_bar.ndim - 1 if axes is None else axes[-1]
    g = np.fft.rfftn(out_bar, None, axes, opposite(norm))
    return back_to(arrays.half_spectrum_adjoint(g, out_bar.shape[last], last), a)


def opposite(norm):
    """The normalisation under which the transform back is scaled as this one."""
    if norm == "ortho":
        return "ortho"
    return "backward" if norm == "forward" else "forward"


# ---- reordering ----


@pullback(np.fft.fftshift, kinds="fc", examples=lambda r: [at(r(5)), at(r(3, 4)), at(r(3, 4), axes=1)])
def fftshift_bar(x, axes=None, *, out_bar):
    return np.fft.ifftshift(out_bar, axes)


@pullback(np.fft.ifftshift, kinds="fc", examples=lambda r: [at(r(5)), at(r(3, 4)), at(r(3, 4), axes=(0, 1))])
def ifftshift_bar(x, axes=None, *, out_bar):
    return np.fft.fftshift(out_bar, axes)


linear(
    np.fft.fft, np.fft.ifft, np.fft.fft2, np.fft.ifft2, np.fft.fftn, np.fft.ifftn, np.fft.rfft, np.fft.irfft, in_="a"
)
linear(np.fft.rfft2, np.fft.irfft2, np.fft.rfftn, np.fft.irfftn, in_="a")
linear(np.fft.fftshift, np.fft.ifftshift, in_="x")


# ---- signals with a real spectrum ----


@expansion(
    np.fft.hfft, kinds="c", examples=lambda r: [at(r.complex(4)), at(r.complex(3), 5), at(r.complex(3), norm="forward")]
)
def hfft(a, n=None, axis=-1, norm=None):
    """As `numpy.fft.hfft` computes it."""
    return np.fft.irfft(np.conj(a), n, axis, norm=opposite(norm))


@expansion(np.fft.ihfft, examples=lambda r: [at(r(6)), at(r(5), 4), at(r(3, 4), axis=0, norm="ortho")])
def ihfft(a, n=None, axis=-1, norm=None):
    """As `numpy.fft.ihfft` computes it."""
    return np.conj(np.fft.rfft(a, n, axis, norm=opposite(norm)))
