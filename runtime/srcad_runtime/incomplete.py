"""Derivatives of the incomplete gamma and beta functions by their shapes, which are no elementary functions.

Both are an integral of a density times (log t - its mean). On one side of ``exp(mean)`` nothing cancels; which side it
is decides whether the lower or the upper part is integrated. The double exponential rule (Takahasi and Mori, Publ. RIMS
9, 1974) puts the nodes doubly exponentially close to the ends, where densities have singularities, in logarithms.
"""

from __future__ import annotations

import numpy as np

from srcad_runtime.elements import Array

_STEP = 1.0 / 40.0
_NODES = np.arange(-9.0, 5.0, _STEP)
# u from 0 to 1: its logarithm, that of 1 - u, and that of du / (u dtau)
_LOG_U = -np.logaddexp(0.0, -np.pi * np.sinh(_NODES))
_LOG_REST = -np.logaddexp(0.0, np.pi * np.sinh(_NODES))
_LOG_WEIGHT = _LOG_REST + np.log(np.pi * np.cosh(_NODES) * _STEP)
# s from 0 to infinity, and the logarithm of ds / (s dtau)
_LOG_S = 0.5 * np.pi * np.sinh(_NODES[_NODES < 4.0])
_LOG_S_WEIGHT = np.log(0.5 * np.pi * np.cosh(_NODES[_NODES < 4.0]) * _STEP)


def gammainc_by_a(a: Array, x: Array) -> Array:
    """The derivative of ``scipy.special.gammainc(a, x)`` by `a`; a, x: broadcast against each other."""
    from scipy import special

    kind = np.result_type(a, x, 0.0)
    a, x = (np.asarray(v, float)[..., None] for v in (a, x))
    with np.errstate(all="ignore"):
        mean, log_x = special.psi(a), np.log(x)
        lower = _below(a, x, log_x, mean)
        upper = _above(a, x, log_x, mean)
        found = np.where((log_x <= mean)[..., 0], lower, -upper)
    at_end = (x[..., 0] == 0.0) | np.isposinf(x[..., 0])
    return np.where(at_end, 0.0, found).astype(kind)[()]


def _below(a: np.ndarray, x: np.ndarray, log_x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    from scipy import special

    log_t = log_x + _LOG_U
    density = np.exp(a * log_t - np.exp(log_t) - special.gammaln(a) + _LOG_WEIGHT)
    return np.asarray(np.sum(density * (log_t - mean), axis=-1))


def _above(a: np.ndarray, x: np.ndarray, log_x: np.ndarray, mean: np.ndarray) -> np.ndarray:
    from scipy import special

    log_t = np.logaddexp(log_x, _LOG_S)
    density = np.exp((a - 1.0) * log_t - x - np.exp(_LOG_S) - special.gammaln(a) + _LOG_S + _LOG_S_WEIGHT)
    return np.asarray(np.nansum(density * (log_t - mean), axis=-1))


def betainc_by_a(a: Array, b: Array, x: Array) -> Array:
    """The derivative of ``scipy.special.betainc(a, b, x)`` by `a`; all broadcast against each other."""
    from scipy import special

    kind = np.result_type(a, b, x, 0.0)
    a, b, x = (np.asarray(v, float)[..., None] for v in (a, b, x))
    with np.errstate(all="ignore"):
        mean, log_x, log_rest = special.psi(a) - special.psi(a + b), np.log(x), np.log1p(-x)
        lower = _of_beta(a, b, log_x + _LOG_U, np.logaddexp(log_rest, log_x + _LOG_REST), mean)
        log_t = np.logaddexp(log_x, log_rest + _LOG_REST)  # from 1 down: 1 - t is (1 - x) u
        moves = log_rest + _LOG_U + _LOG_WEIGHT
        density = np.exp((a - 1.0) * log_t + (b - 1.0) * (log_rest + _LOG_U) - special.betaln(a, b) + moves)
        upper = np.sum(density * (log_t - mean), axis=-1)
        found = np.where((log_x <= mean)[..., 0], lower, -upper)
    at_end = (x[..., 0] <= 0.0) | (x[..., 0] >= 1.0)
    return np.where(at_end, 0.0, found).astype(kind)[()]


def _of_beta(a: np.ndarray, b: np.ndarray, log_t: np.ndarray, log_rest: np.ndarray, mean: np.ndarray) -> np.ndarray:
    from scipy import special

    density = np.exp(a * log_t + (b - 1.0) * log_rest - special.betaln(a, b) + _LOG_WEIGHT)
    return np.asarray(np.sum(density * (log_t - mean), axis=-1))
