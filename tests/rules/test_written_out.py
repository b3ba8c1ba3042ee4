"""Functions of SciPy that are written out in simpler ones: values to rounding, derivatives against differences."""

from __future__ import annotations

import numpy as np
import pytest

from tests.rules import calls
from tests.rules.calls import Call
from tests.rules.forms import call, entries
from tests.rules.test_calls import close, compiled
from tests.turns import is_chosen

TEXTS = r"""
    scipy.linalg.cho_solve(scipy.linalg.cho_factor(h), u)
    scipy.linalg.cho_solve((scipy.linalg.cholesky(h, lower=True), True), s)
    scipy.linalg.lu_solve(scipy.linalg.lu_factor(s), u)
    scipy.linalg.lu_solve(scipy.linalg.lu_factor(s), h, trans=1)
    scipy.linalg.lu(s, permute_l=True)
    scipy.linalg.qr(s, mode="r")[0]
    scipy.linalg.qr(n, mode="economic")[0]
    scipy.linalg.norm(s, "fro")
    scipy.linalg.lstsq(n, v)[0]
    scipy.linalg.eigh(s + s.T, h, eigvals_only=True)
    scipy.linalg.solve(h, u, assume_a="pos")
    scipy.linalg.solve(h, u, lower=True, assume_a="sym", check_finite=False)
    scipy.linalg.solve(s, u, transposed=True)
    scipy.linalg.solveh_banded(np.array([[0.1, 0.2, 0.3], [4.0, 5.0, 6.0]]) * a, u)
    scipy.linalg.solveh_banded(np.array([[4.0, 5.0, 6.0], [0.1, 0.2, 0.3]]) * a, u, lower=True)
    scipy.linalg.solve_toeplitz(e + np.array([9.0, 0.0, 0.0, 0.0]), v)
    scipy.linalg.matmul_toeplitz((v, e), w)
    scipy.linalg.eigvals(s * np.arange(1, 4)).real
    scipy.signal.convolve2d(s, h, boundary="symm")
    scipy.signal.convolve2d(m, s[:2, :2], mode="same", boundary="wrap")
    scipy.signal.correlate2d(m, s[:2], mode="same", boundary="fill", fillvalue=0.5)
    scipy.signal.sosfilt(np.array([[1.0, 0.2, 0.1, 1.0, 0.3, 0.1], [0.5, 0.0, 0.2, 1.0, -0.2, 0.1]]) * 1.0, v)
    scipy.signal.detrend(m)
    scipy.signal.detrend(m, axis=0, type="constant")
    np.abs(scipy.signal.hilbert(v))
    scipy.signal.fftconvolve(m, s[:2, :2], mode="same")
    scipy.ndimage.correlate1d(v, u)
    scipy.ndimage.correlate1d(m, [0.2, 0.5], axis=0, mode="wrap", origin=-1)
    scipy.ndimage.convolve1d(m, u, mode="nearest")
    scipy.ndimage.convolve1d(v, np.array([0.2, 0.5]) * a, mode="mirror")
    scipy.ndimage.convolve1d(v, u, mode="constant", cval=0.3)
    scipy.ndimage.convolve(m, s[:2, :2])
    scipy.ndimage.correlate(m, s, mode="constant", cval=0.5)
    scipy.ndimage.gaussian_filter(m, 0.8)
    scipy.ndimage.gaussian_filter(m, a * 1.01)
    scipy.ndimage.gaussian_filter(m, [1.0, 0.5], mode=["wrap", "nearest"])
    scipy.ndimage.gaussian_filter1d(m, 0.6, axis=0, truncate=3.0)
    scipy.ndimage.uniform_filter(m, 3)
    scipy.ndimage.uniform_filter1d(v, 2)
    scipy.ndimage.sobel(m)
    scipy.ndimage.prewitt(m, axis=0)
    scipy.ndimage.laplace(m, mode="wrap")
    scipy.fft.fft(v, n=6)
    scipy.fft.ifft(c).real
    scipy.fft.rfft(m, axis=0)
    scipy.fft.irfft(c, n=7)
    scipy.fft.fft2(m)
    scipy.fft.rfftn(t)
    scipy.fft.dct(m, axis=0)
    scipy.fft.idct(m, norm="ortho")
    scipy.integrate.trapezoid(v, e)
    scipy.integrate.cumulative_trapezoid(m, e, axis=1)
    scipy.integrate.cumulative_trapezoid(m, dx=a, axis=0, initial=0)
    scipy.integrate.simpson(v, dx=0.5)
    scipy.integrate.simpson(u, x=e[:3])
    scipy.integrate.simpson(m, x=e)
    scipy.integrate.simpson(m, axis=0)
"""
CALLS = [call(text, text) for text in entries(TEXTS)]
MARKED = [pytest.param(c, id=c.name, marks=() if is_chosen(c.name) else pytest.mark.slow) for c in CALLS]


@pytest.mark.parametrize("call", CALLS, ids=lambda c: c.name)
def test_first_derivatives(call: Call) -> None:
    s = calls.subject(call)
    dots = calls.directions(s)
    value, bars = calls.gradient(s, "numpy")
    close(value, s.f(*s.args), 1e-13)
    calls.same_form(s, bars)
    slope = calls.tangent(s, dots, "numpy")
    close(slope, calls.slope(s.at, s, dots), 1e-7)
    close(calls.paired(bars, dots), slope, 1e-12)


@pytest.mark.parametrize("call", MARKED)
def test_compiled(call: Call) -> None:
    s = calls.subject(call)
    value, bars = compiled(call, lambda: calls.gradient(s, "numba"))
    expected_value, expected = calls.gradient(s, "numpy")
    close(value, expected_value, 1e-12)
    for got, bar in zip(bars, expected, strict=True):
        close(got, bar, 1e-10)


def test_second_derivatives_of_filters() -> None:
    """Their adjoints are filters again: a spot of each kind."""
    for text in ("scipy.signal.lfilter(u, e + 1.0, v)", "scipy.signal.convolve(v, u, 'same')", "scipy.linalg.lu(s)[2]"):
        s = calls.subject(call(text, text))
        dots = calls.directions(s)
        measured = calls.slope(lambda active, s=s: calls.gradient_at(s, active), s, dots)
        for got, expected in zip(calls.curved(s, dots, "numpy"), measured, strict=True):
            close(got, expected, 1e-6)
    assert np.isfinite(expected).all()
