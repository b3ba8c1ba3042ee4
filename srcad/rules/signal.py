"""`scipy.signal`: convolutions, filters and what is made of them."""

from __future__ import annotations

import numpy as np
from scipy import signal
from srcad_runtime import arrays

from srcad.rules.reductions import whole
from srcad.rules.registry import at, expansion, form, multilinear, pullback, pushforward

# ---- convolution ----


def overlaps(r):
    modes = [at(r(6), r(3), mode) for mode in ("full", "same", "valid")]
    return [*modes, at(r(2), r(4), "same"), at(r(4, 5), r(2, 3)), at(r(4, 5), r(2, 2), "same"), at(r(3), r(5), "valid")]


@pullback(signal.convolve, wrt=("in1", "in2"), examples=overlaps)
def convolve_bar(in1, in2, mode="full", method="auto", *, out_bar):
    whole_bar = arrays.within_full(out_bar, in1.shape, in2.shape, mode)
    return signal.correlate(whole_bar, in2, "valid", method), signal.correlate(whole_bar, in1, "valid", method)


@pullback(signal.fftconvolve, signal.oaconvolve, wrt=("in1", "in2"), examples=overlaps)
def fftconvolve_bar(in1, in2, mode="full", *, out_bar):
    whole_bar = arrays.within_full(out_bar, in1.shape, in2.shape, mode)
    return signal.correlate(whole_bar, in2, "valid", "fft"), signal.correlate(whole_bar, in1, "valid", "fft")


@pullback(
    signal.correlate,
    wrt=("in1", "in2"),
    examples=lambda r: [e for e in overlaps(r) if e.args[0].size >= e.args[1].size],
)
def correlate_bar(in1, in2, mode="full", method="auto", *, out_bar):
    """The correlation is the convolution with the second one turned round."""
    whole_bar = arrays.within_full(out_bar, in1.shape, in2.shape, mode)
    turned_bar = signal.correlate(whole_bar, in1, "valid", method)
    return signal.correlate(whole_bar, np.flip(in2), "valid", method), np.flip(turned_bar)


multilinear(signal.convolve, signal.fftconvolve, signal.oaconvolve, signal.correlate, in_="in1, in2")


def plain(r):
    return [at(r(4, 5), r(2, 3), mode) for mode in ("full", "same", "valid")]


@pullback(signal.convolve2d, wrt=("in1", "in2"), examples=plain)
def convolve2d_bar(in1, in2, mode="full", *, out_bar):
    return convolve_bar(in1, in2, mode, "direct", out_bar=out_bar)


@pullback(signal.correlate2d, wrt=("in1", "in2"), examples=plain)
def correlate2d_bar(in1, in2, mode="full", *, out_bar):
    part = "same ahead" if mode == "same" else mode
    whole_bar = arrays.within_full(out_bar, in1.shape, in2.shape, part)
    turned_bar = signal.correlate(whole_bar, in1, "valid", "direct")
    return signal.correlate(whole_bar, np.flip(in2), "valid", "direct"), np.flip(turned_bar)


multilinear(signal.convolve2d, signal.correlate2d, in_="in1, in2")


@form(signal.convolve2d, given="boundary fillvalue")
def convolve2d_within(in1, in2, mode="full", boundary="fill", fillvalue=0):
    return beyond_the_edge(in1, in2, mode, boundary, fillvalue, 0)


@form(signal.correlate2d, given="boundary fillvalue")
def correlate2d_within(in1, in2, mode="full", boundary="fill", fillvalue=0):
    return beyond_the_edge(in1, np.flip(in2), mode, boundary, fillvalue, 1)


def beyond_the_edge(in1, in2, mode, boundary, fillvalue, ahead):
    """The convolution of `in1` as it goes on beyond its edges; `ahead`: an even extent's middle is the later one."""
    if mode == "valid":
        return signal.convolve(in1, in2, "valid", "direct")
    rows, columns = in2.shape[0] - 1, in2.shape[1] - 1
    margins = ((rows, rows), (columns, columns))
    if boundary == "fill":
        wide = np.pad(in1, margins, constant_values=fillvalue)
    else:
        wide = np.pad(in1, margins, "wrap" if boundary == "wrap" else "symmetric")
    full = signal.convolve(wide, in2, "valid", "direct")
    if mode == "full":
        return full
    top, left = (rows + ahead) // 2, (columns + ahead) // 2
    return full[top : top + in1.shape[0], left : left + in1.shape[1]]


# ---- recursive filters ----


def filters(r):
    a = np.array([1.0, -0.4, 0.2])
    return [at(r(2), a, r(6)), at(r(3), 1.5 * a, r(5)), at(r(2), a, r(5, 2), 0), at(r(3), a[:1], r(2, 6))]


@pullback(signal.lfilter, wrt=("b", "a", "x"), examples=filters, notes="without a start")
def lfilter_bar(b, a, x, axis=-1, *, out, out_bar):
    """The adjoint is the same filter, run backwards (with b = 1, the adjoint of what the recursion is fed)."""
    one = np.ones(1, a.dtype)
    g = np.flip(signal.lfilter(one, a, np.flip(out_bar, axis), axis), axis)
    x_bar = np.flip(signal.lfilter(b, a, np.flip(out_bar, axis), axis), axis)
    return arrays.lagged_products(g, x, b.size, axis), -arrays.lagged_products(g, out, a.size, axis), x_bar


@pushforward(signal.lfilter)
def lfilter_dot(b, a, x, axis=-1, *, out, b_dot, a_dot, x_dot):
    one = np.ones(1, a.dtype)
    fed = signal.lfilter(b, one, whole(x_dot, x), axis) + signal.lfilter(whole(b_dot, b), one, x, axis)
    return signal.lfilter(one, a, fed - signal.lfilter(whole(a_dot, a), one, out, axis), axis)


@expansion(signal.sosfilt, wrt=("sos", "x"), examples=lambda r: [])
def sosfilt(sos, x, axis=-1):
    for k in range(sos.shape[0]):
        x = signal.lfilter(sos[k, :3], sos[k, 3:], x, axis)
    return x


# ---- trends and analytic signals ----


@expansion(signal.detrend, wrt=("data",), examples=lambda r: [], notes="along one axis, no breakpoints")
def detrend(data, axis=-1, type="linear"):
    centred = data - np.mean(data, axis=axis, keepdims=True)
    if type == "constant":
        return centred
    n = data.shape[axis]
    t = np.arange(n) - (n - 1) / 2.0
    t = np.reshape(t, (1,) * (axis % data.ndim) + (n,) + (1,) * (data.ndim - 1 - axis % data.ndim))
    return centred - t * (np.sum(t * data, axis=axis, keepdims=True) / np.sum(t * t))


@expansion(signal.hilbert, examples=lambda r: [])
def hilbert(x, N=None, axis=-1):
    n = x.shape[axis] if N is None else N
    weight = 2.0 * (np.arange(n) < (n + 1) // 2)
    weight[0] = 1.0
    if n % 2 == 0:
        weight[n // 2] = 1.0
    weight = np.reshape(weight, (1,) * (axis % x.ndim) + (n,) + (1,) * (x.ndim - 1 - axis % x.ndim))
    return np.fft.ifft(np.fft.fft(x, n, axis) * weight, axis=axis)
