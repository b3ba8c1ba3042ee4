"""Quotients that are regular where their denominators vanish, and their derivatives."""

from __future__ import annotations

import math

import numpy as np

from srcad_runtime.elements import Array

_EXP_TERMS, _LOG_TERMS = 20, 45


def exprel_derivative(x: Array, n: int = 1) -> Array:
    """The n-th derivative of ``exprel(x) = (exp(x) - 1) / x``, the integral of ``t**n * exp(x * t)`` for t in (0, 1).

    Near 0 by its series, elsewhere by parts: ``x * f[n] = exp(x) - n * f[n - 1]``.
    """
    near = np.abs(x) < 1.0
    small, large = np.where(near, x, 0.0), np.where(near, 1.0, x)
    series = 0.0 * small
    for k in reversed(range(_EXP_TERMS)):
        series = series * small + 1.0 / (math.factorial(k) * (k + n + 1))
    found = np.expm1(large) / large
    for k in range(1, n + 1):
        found = (np.exp(large) - k * found) / large
    return np.where(near, series, found)[()]


def log1prel_derivative(x: Array, n: int = 1) -> Array:
    """The n-th derivative of ``f(x) = log(1 + x) / x``.

    Near 0 by its series, elsewhere by Leibniz' rule: ``x * f[n]`` is the n-th derivative of ``log(1 + x)`` less
    ``n * f[n - 1]``.
    """
    near = np.abs(x) < 0.3
    small, large = np.where(near, x, 0.0), np.where(near, 1.0, x)
    series = 0.0 * small
    for k in reversed(range(n, n + _LOG_TERMS)):
        series = series * small + (-1.0) ** k * math.perm(k, n) / (k + 1)
    found = np.log1p(large) / large
    for k in range(1, n + 1):
        found = (-math.factorial(k - 1) / (-1.0 - large) ** k - k * found) / large
    return np.where(near, series, found)[()]
