"""Rules of the helpers that derivatives of `scipy.special` are made of, so that these can be differentiated again."""

from __future__ import annotations

import numpy as np
from scipy import special
from srcad_runtime import arrays

from srcad.rules.registry import elementwise

# ---- incomplete gamma and beta functions ----


@elementwise(arrays.gammainc_by_a, domain=(0.5, 3), wrt=("x",), notes="by x")
def gammainc_by_a(a, x):
    return np.exp((a - 1.0) * np.log(x) - x - special.gammaln(a)) * (np.log(x) - special.psi(a))


@elementwise(arrays.betainc_by_a, domain=((0.5, 3), (0.5, 3), (0.2, 0.8)), wrt=("x",), notes="by x")
def betainc_by_a(a, b, x):
    density = np.exp((a - 1.0) * np.log(x) + (b - 1.0) * np.log1p(-x) - special.betaln(a, b))
    return density * (np.log(x) - special.psi(a) + special.psi(a + b))


# ---- quotients ----


@elementwise(arrays.exprel_derivative, domain=(-2, 2), kinks={0.0: 1.0 / 3.0})
def exprel_derivative(x, n=1):
    return arrays.exprel_derivative(x, n + 1)


@elementwise(arrays.log1prel_derivative, domain=(-0.7, 2), kinks={0.0: 2.0 / 3.0})
def log1prel_derivative(x, n=1):
    return arrays.log1prel_derivative(x, n + 1)


# ---- elliptic integrals ----


@elementwise(arrays.ellipkm1_by_p, domain=(0.2, 0.8))
def ellipkm1_by_p(p, out):
    return (0.25 * special.ellipkm1(p) - (1.0 - 2.0 * p) * out) / (p * (1.0 - p))


@elementwise(arrays.ellipe_by_m, domain=(0.2, 0.8))
def ellipe_by_m(m, out):
    return (arrays.ellipkm1_by_p(1.0 - m) - out) / (2.0 * m)


@elementwise(arrays.ellipkinc_by_m, domain=((0.3, 1.2), (0.2, 0.8)))
def ellipkinc_by_m(phi, m, out):
    square = np.sin(phi) ** 2
    root = np.sqrt(1.0 - m * square)
    ends = 0.5 * np.sin(2.0 * phi) * (1.0 / root + 0.5 * m * square / root**3)
    rest = special.ellipkinc(phi, m) + arrays.ellipeinc_by_m(phi, m) - (3.0 - 5.0 * m) * out
    return 0.5 * square / root**3, (rest - ends) / (2.0 * m * (1.0 - m))


@elementwise(arrays.ellipeinc_by_m, domain=((0.3, 1.2), (0.2, 0.8)))
def ellipeinc_by_m(phi, m, out):
    square = np.sin(phi) ** 2
    return -0.5 * square / np.sqrt(1.0 - m * square), -(out + arrays.ellipkinc_by_m(phi, m)) / (2.0 * m)
