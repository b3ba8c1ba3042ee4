"""Polynomials: the families of `numpy.polynomial`, products of roots, and division, as NumPy computes them."""

from __future__ import annotations

import numpy as np

from srcad.rules.arithmetic import is_complex
from srcad.rules.joining import at_rank
from srcad.rules.registry import at, expansion


def along(c, x):
    """Coefficients against points: every one of several polynomials meets every point."""
    return c if np.ndim(x) == 0 else np.reshape(c, np.shape(c) + (1,) * np.ndim(x))


def evaluations(r):
    return [at(r(), r(4)), at(r(3), r(4)), at(r(3), r(1)), at(r(2), r(2)), at(r(2, 3), r(3)), at(r(3), r(3, 2))]


@expansion("numpy.polynomial.polynomial.polyval", wrt=("x", "c"), examples=evaluations)
def polyval(x, c):
    c = along(c, x)
    y = c[-1] + x * 0
    for k in range(2, c.shape[0] + 1):
        y = c[-k] + y * x
    return y


@expansion("numpy.polynomial.chebyshev.chebval", wrt=("x", "c"), examples=evaluations)
def chebval(x, c):
    """Clenshaw's recurrence, here and below."""
    c = along(c, x)
    if c.shape[0] == 1:
        return c[0] + c[0] * 0 * x
    low, high = c[-2] + x * 0, c[-1] + x * 0
    x2 = 2 * x
    for k in range(3, c.shape[0] + 1):
        low, high = c[-k] - high, low + high * x2
    return low + high * x


@expansion("numpy.polynomial.legendre.legval", wrt=("x", "c"), examples=evaluations)
def legval(x, c):
    c = along(c, x)
    if c.shape[0] == 1:
        return c[0] + c[0] * 0 * x
    low, high = c[-2] + x * 0, c[-1] + x * 0
    for k in range(3, c.shape[0] + 1):
        n = c.shape[0] - k + 2
        low, high = c[-k] - high * ((n - 1) / n), low + high * x * ((2 * n - 1) / n)
    return low + high * x


@expansion("numpy.polynomial.hermite.hermval", wrt=("x", "c"), examples=evaluations)
def hermval(x, c):
    c = along(c, x)
    x2 = x * 2
    if c.shape[0] == 1:
        return c[0] + c[0] * 0 * x2
    low, high = c[-2] + x * 0, c[-1] + x * 0
    for k in range(3, c.shape[0] + 1):
        n = c.shape[0] - k + 2
        low, high = c[-k] - high * (2 * (n - 1)), low + high * x2
    return low + high * x2


@expansion("numpy.polynomial.hermite_e.hermeval", wrt=("x", "c"), examples=evaluations)
def hermeval(x, c):
    c = along(c, x)
    if c.shape[0] == 1:
        return c[0] + c[0] * 0 * x
    low, high = c[-2] + x * 0, c[-1] + x * 0
    for k in range(3, c.shape[0] + 1):
        n = c.shape[0] - k + 2
        low, high = c[-k] - high * (n - 1), low + high * x
    return low + high * x


@expansion("numpy.polynomial.laguerre.lagval", wrt=("x", "c"), examples=evaluations)
def lagval(x, c):
    c = along(c, x)
    if c.shape[0] == 1:
        return c[0] + c[0] * 0 * (1 - x)
    low, high = c[-2] + x * 0, c[-1] + x * 0
    for k in range(3, c.shape[0] + 1):
        n = c.shape[0] - k + 2
        low, high = c[-k] - (high * (n - 1)) / n, low + (high * ((2 * n - 1) - x)) / n
    return low + high * (1 - x)


# ---- matrices of values ----


def matrices(r):
    return [at(r(3), 3), at(r(3), 1), at(r(2), 0), at(r(2, 3), 2), at(r(), 2)]


@expansion("numpy.polynomial.polynomial.polyvander", wrt=("x",), examples=matrices)
def polyvander(x, deg):
    x = np.atleast_1d(x)
    v = [x * 0 + 1]
    for k in range(1, deg + 1):
        v.append(v[k - 1] * x)
    return np.stack(v, axis=-1)


@expansion("numpy.polynomial.chebyshev.chebvander", wrt=("x",), examples=matrices)
def chebvander(x, deg):
    x = np.atleast_1d(x)
    v = [x * 0 + 1, x * 1]
    for k in range(2, deg + 1):
        v.append(v[k - 1] * (2 * x) - v[k - 2])
    return np.stack(v[: deg + 1], axis=-1)


@expansion("numpy.polynomial.legendre.legvander", wrt=("x",), examples=matrices)
def legvander(x, deg):
    x = np.atleast_1d(x)
    v = [x * 0 + 1, x * 1]
    for k in range(2, deg + 1):
        v.append((v[k - 1] * x * (2 * k - 1) - v[k - 2] * (k - 1)) / k)
    return np.stack(v[: deg + 1], axis=-1)


@expansion("numpy.polynomial.hermite.hermvander", wrt=("x",), examples=matrices)
def hermvander(x, deg):
    x = np.atleast_1d(x)
    v = [x * 0 + 1, x * 2]
    for k in range(2, deg + 1):
        v.append(v[k - 1] * (x * 2) - v[k - 2] * (2 * (k - 1)))
    return np.stack(v[: deg + 1], axis=-1)


@expansion("numpy.polynomial.hermite_e.hermevander", wrt=("x",), examples=matrices)
def hermevander(x, deg):
    x = np.atleast_1d(x)
    v = [x * 0 + 1, x * 1]
    for k in range(2, deg + 1):
        v.append(v[k - 1] * x - v[k - 2] * (k - 1))
    return np.stack(v[: deg + 1], axis=-1)


@expansion("numpy.polynomial.laguerre.lagvander", wrt=("x",), examples=matrices)
def lagvander(x, deg):
    x = np.atleast_1d(x)
    v = [x * 0 + 1, 1 - x]
    for k in range(2, deg + 1):
        v.append((v[k - 1] * (2 * k - 1 - x) - v[k - 2] * (k - 1)) / k)
    return np.stack(v[: deg + 1], axis=-1)


# ---- coefficients, the highest power first ----


def leading(p):
    """Without the zeros before the first coefficient that is none; of zeros alone, one."""
    first = np.argmax(p != 0.0) if np.any(p) else p.size - 1
    return p[first:]


@expansion(
    np.polymul, wrt=("a1", "a2"), examples=lambda r: [at(r(3), r(2)), at(r(1), r(4)), at(r(), r(3)), at(r(3), r())]
)
def polymul(a1, a2):
    return np.convolve(leading(at_rank(a1, 1)), leading(at_rank(a2, 1)))


def products(r):
    return [at(r(3)), at(r(1)), at(r(3, 3))]


@expansion(np.poly, examples=products, notes="roots, or a matrix")
def poly(seq_of_zeros):
    roots = np.linalg.eigvals(seq_of_zeros) if seq_of_zeros.ndim == 2 else seq_of_zeros
    a = np.ones(1, roots.dtype)
    for k in range(roots.size):
        a = np.convolve(a, np.append(np.ones(1, roots.dtype), -roots[k]))
    return np.real(a) if seq_of_zeros.ndim == 2 and not is_complex(seq_of_zeros) else a


@expansion(np.polydiv, wrt=("u", "v"), examples=lambda r: [at(r(5), r(3)), at(r(2), r(3)), at(r(3), r(1))])
def polydiv(u, v):
    m, n = u.size - 1, v.size - 1
    scale = 1.0 / v[0]
    q = np.zeros(max(m - n + 1, 1), u.dtype)
    r = u * 1.0
    for k in range(m - n + 1):
        d = scale * r[k]
        q[k] = d
        r[k : k + n + 1] -= d * v
    first = 0
    while first < r.size - 1 and np.allclose(r[first], 0, rtol=1e-14):
        first += 1
    return q, r[first:]
