"""Stand-ins for the polynomial classes of NumPy: what a model makes of them is an instance of these."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad.rules.polynomials import leading


class Poly1d:
    """`numpy.poly1d`: coefficients, the highest power first."""

    coeffs: Any

    def __init__(self, c_or_r, r=False):
        if isinstance(c_or_r, Poly1d):
            c_or_r = c_or_r.coeffs
        if r:
            c_or_r = np.poly(np.asarray(c_or_r))
        self.coeffs = leading(np.atleast_1d(c_or_r))

    @property
    def c(self):
        return self.coeffs

    @property
    def coef(self):
        return self.coeffs

    @property
    def coefficients(self):
        return self.coeffs

    @property
    def order(self):
        return self.coeffs.size - 1

    @property
    def o(self):
        return self.coeffs.size - 1

    @property
    def roots(self):
        return np.roots(self.coeffs)

    @property
    def r(self):
        return np.roots(self.coeffs)

    def __len__(self):
        return self.coeffs.size - 1

    def __call__(self, val):
        if isinstance(val, Poly1d):
            raise TypeError("srcad does not compose polynomials")
        return np.polyval(self.coeffs, val)

    def __getitem__(self, val):
        if val < 0 or val > self.coeffs.size - 1:
            return 0.0
        return self.coeffs[self.coeffs.size - 1 - val]

    def __neg__(self):
        return Poly1d(-self.coeffs)

    def __add__(self, other):
        return Poly1d(np.polyadd(self.coeffs, Poly1d(other).coeffs))

    def __radd__(self, other):
        return Poly1d(np.polyadd(self.coeffs, Poly1d(other).coeffs))

    def __sub__(self, other):
        return Poly1d(np.polysub(self.coeffs, Poly1d(other).coeffs))

    def __rsub__(self, other):
        return Poly1d(np.polysub(Poly1d(other).coeffs, self.coeffs))

    def __mul__(self, other):
        if isinstance(other, Poly1d):
            return Poly1d(np.polymul(self.coeffs, other.coeffs))
        return Poly1d(self.coeffs * other) if np.ndim(other) == 0 else Poly1d(np.polymul(self.coeffs, other))

    def __rmul__(self, other):
        return Poly1d(other * self.coeffs) if np.ndim(other) == 0 else Poly1d(np.polymul(other, self.coeffs))

    def __truediv__(self, other):
        if isinstance(other, Poly1d):
            q, r = np.polydiv(self.coeffs, other.coeffs)
            return Poly1d(q), Poly1d(r)
        return Poly1d(self.coeffs / other)

    def __pow__(self, val):
        power = np.ones(1, self.coeffs.dtype)
        for _ in range(val):
            power = np.polymul(self.coeffs, power)
        return Poly1d(power)

    def deriv(self, m=1):
        return Poly1d(np.polyder(self.coeffs, m))

    def integ(self, m=1, k=0):
        return Poly1d(np.polyint(self.coeffs, m, k))


class Polynomial:
    """`numpy.polynomial.Polynomial` on its own domain: coefficients, the lowest power first."""

    def __init__(self, coef):
        self.coef = np.asarray(coef) + 0.0

    def __call__(self, arg):
        return np.polynomial.polynomial.polyval(arg, self.coef)

    def __len__(self):
        return self.coef.size

    def degree(self):
        return self.coef.size - 1

    def __neg__(self):
        return Polynomial(-self.coef)

    def __add__(self, other):
        return Polynomial(sum_of(self.coef, coefficients(other)))

    def __radd__(self, other):
        return Polynomial(sum_of(coefficients(other), self.coef))

    def __sub__(self, other):
        return Polynomial(sum_of(self.coef, -coefficients(other)))

    def __rsub__(self, other):
        return Polynomial(sum_of(coefficients(other), -self.coef))

    def __mul__(self, other):
        return Polynomial(shorter(np.convolve(self.coef, coefficients(other))))

    def __rmul__(self, other):
        return Polynomial(shorter(np.convolve(coefficients(other), self.coef)))

    def __truediv__(self, other):
        return Polynomial(self.coef / other)

    def deriv(self, m=1):
        c = self.coef
        for _ in range(m):
            c = c[1:] * np.arange(1.0, c.size) if c.size > 1 else c * 0.0
        return Polynomial(c)


class Series:
    """A series in orthogonal polynomials on its own domain, evaluated by the function of its module."""

    def __init__(self, coef):
        self.coef = np.asarray(coef) + 0.0

    def __len__(self):
        return self.coef.size

    def degree(self):
        return self.coef.size - 1


class Chebyshev(Series):
    def __call__(self, arg):
        return np.polynomial.chebyshev.chebval(arg, self.coef)


class Legendre(Series):
    def __call__(self, arg):
        return np.polynomial.legendre.legval(arg, self.coef)


class Hermite(Series):
    def __call__(self, arg):
        return np.polynomial.hermite.hermval(arg, self.coef)


class HermiteE(Series):
    def __call__(self, arg):
        return np.polynomial.hermite_e.hermeval(arg, self.coef)


class Laguerre(Series):
    def __call__(self, arg):
        return np.polynomial.laguerre.lagval(arg, self.coef)


FAMILIES = (Polynomial, Chebyshev, Legendre, Hermite, HermiteE, Laguerre)
STAND_INS: dict[str, type] = {"numpy.poly1d": Poly1d, **{f"numpy.polynomial.{c.__name__}": c for c in FAMILIES}}


def coefficients(other):
    return other.coef if isinstance(other, Polynomial) else np.atleast_1d(other)


def sum_of(a, b):
    n = max(a.size, b.size)
    return shorter(np.append(a, np.zeros(n - a.size, a.dtype)) + np.append(b, np.zeros(n - b.size, b.dtype)))


def shorter(c):
    """Without zeros at the end; of zeros alone, one."""
    last = c.size - np.argmax(c[::-1] != 0.0) if np.any(c) else 1
    return c[:last]
