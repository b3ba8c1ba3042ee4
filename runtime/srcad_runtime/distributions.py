"""Densities and distribution functions of `scipy.stats` for compiled code, element by element in double precision.

Each takes its arguments in SciPy's order, shapes first, then loc and scale. Formulas: N. L. Johnson, S. Kotz,
N. Balakrishnan, Continuous Univariate Distributions, 1994.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="misc,operator,attr-defined,assignment,arg-type"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import scipy.stats
from numba import njit, types, vectorize

from srcad_runtime import special
from srcad_runtime.jitting import overload

_HALF_LOG_TWO_PI = 0.9189385332046727
_MADE: dict[str, Callable[..., Any]] = {}


def _is_double(args: Any) -> bool:
    kinds = [a.dtype if isinstance(a, types.Array) else a for a in args]
    return all(isinstance(k, (types.Float, types.Integer)) and k != types.float32 for k in kinds)


def _compiled(formula: Callable[..., Any]) -> None:
    """Register ``formula`` as ``family_method``: SciPy's method in plain Python, the formula in compiled code."""
    family, _, method = formula.__name__.lstrip("_").rpartition("_")
    plain = getattr(getattr(scipy.stats, family), method)
    scalar = vectorize(formula)
    count = formula.__code__.co_argcount
    made: Any = {
        2: (lambda a, b: plain(a, b), lambda a, b: scalar(a, b)),
        3: (lambda a, b, c: plain(a, b, c), lambda a, b, c: scalar(a, b, c)),
        4: (lambda a, b, c, d: plain(a, b, c, d), lambda a, b, c, d: scalar(a, b, c, d)),
        5: (lambda a, b, c, d, e: plain(a, b, c, d, e), lambda a, b, c, d, e: scalar(a, b, c, d, e)),
    }[count]
    typed: Any = {
        2: lambda a, b: made[1] if _is_double((a, b)) else None,
        3: lambda a, b, c: made[1] if _is_double((a, b, c)) else None,
        4: lambda a, b, c, d: made[1] if _is_double((a, b, c, d)) else None,
        5: lambda a, b, c, d, e: made[1] if _is_double((a, b, c, d, e)) else None,
    }[count]
    overload(made[0])(typed)
    _MADE[f"{family}_{method}"] = made[0]


def _family(log_density: Callable[..., Any]) -> Any:
    """Register a density by its logarithm."""
    _compiled(log_density)
    name = log_density.__name__.replace("_logpdf", "_pdf").replace("_logpmf", "_pmf")
    logarithm = njit(log_density)
    density: Any = {
        2: lambda a, b: np.exp(logarithm(a, b)),
        3: lambda a, b, c: np.exp(logarithm(a, b, c)),
        4: lambda a, b, c, d: np.exp(logarithm(a, b, c, d)),
        5: lambda a, b, c, d, e: np.exp(logarithm(a, b, c, d, e)),
    }[log_density.__code__.co_argcount]
    density.__name__ = name
    _compiled(density)
    return log_density


# ---- the line ----


@_family
def _norm_logpdf(x, loc, scale):
    z = (x - loc) / scale
    return -0.5 * z * z - _HALF_LOG_TWO_PI - np.log(scale)


@_compiled
def _norm_cdf(x, loc, scale):
    return special.ndtr((x - loc) / scale)


@_compiled
def _norm_sf(x, loc, scale):
    return special.ndtr(-(x - loc) / scale)


@_compiled
def _norm_logcdf(x, loc, scale):
    return special.log_ndtr((x - loc) / scale)


@_compiled
def _norm_logsf(x, loc, scale):
    return special.log_ndtr(-(x - loc) / scale)


@_compiled
def _norm_ppf(q, loc, scale):
    return loc + scale * special.ndtri(q)


@_family
def _laplace_logpdf(x, loc, scale):
    return -np.abs((x - loc) / scale) - np.log(2.0) - np.log(scale)


@_compiled
def _laplace_cdf(x, loc, scale):
    z = (x - loc) / scale
    return 1.0 - 0.5 * np.exp(-z) if z > 0.0 else 0.5 * np.exp(z)


@_family
def _logistic_logpdf(x, loc, scale):
    z = -np.abs((x - loc) / scale)
    return z - 2.0 * np.log1p(np.exp(z)) - np.log(scale)


@_compiled
def _logistic_cdf(x, loc, scale):
    return special.expit((x - loc) / scale)


@_family
def _cauchy_logpdf(x, loc, scale):
    z = (x - loc) / scale
    return -np.log(np.pi) - np.log1p(z * z) - np.log(scale)


@_compiled
def _cauchy_cdf(x, loc, scale):
    return 0.5 + np.arctan((x - loc) / scale) / np.pi


@_family
def _t_logpdf(x, df, loc, scale):
    z = (x - loc) / scale
    constant = special.gammaln(0.5 * (df + 1.0)) - special.gammaln(0.5 * df) - 0.5 * np.log(np.pi * df)
    return constant - 0.5 * (df + 1.0) * np.log1p(z * z / df) - np.log(scale)


@_compiled
def _t_cdf(x, df, loc, scale):
    z = (x - loc) / scale
    tail = 0.5 * special.betainc(0.5 * df, 0.5, df / (df + z * z))
    return 1.0 - tail if z > 0.0 else tail


# ---- the half-line ----


@_family
def _expon_logpdf(x, loc, scale):
    z = (x - loc) / scale
    return -z - np.log(scale) if z >= 0.0 else -np.inf


@_compiled
def _expon_cdf(x, loc, scale):
    z = (x - loc) / scale
    return -np.expm1(-z) if z > 0.0 else 0.0


@_compiled
def _expon_sf(x, loc, scale):
    z = (x - loc) / scale
    return np.exp(-z) if z > 0.0 else 1.0


@_family
def _gamma_logpdf(x, a, loc, scale):
    z = (x - loc) / scale
    return special.xlogy(a - 1.0, z) - z - special.gammaln(a) - np.log(scale) if z >= 0.0 else -np.inf


@_compiled
def _gamma_cdf(x, a, loc, scale):
    z = (x - loc) / scale
    return special.gammainc(a, z) if z > 0.0 else 0.0


@_family
def _chi2_logpdf(x, df, loc, scale):
    z, a = (x - loc) / scale, 0.5 * df
    if z < 0.0:
        return -np.inf
    return special.xlogy(a - 1.0, z) - 0.5 * z - special.gammaln(a) - a * np.log(2.0) - np.log(scale)


@_compiled
def _chi2_cdf(x, df, loc, scale):
    z = (x - loc) / scale
    return special.gammainc(0.5 * df, 0.5 * z) if z > 0.0 else 0.0


@_family
def _lognorm_logpdf(x, s, loc, scale):
    z = (x - loc) / scale
    if z <= 0.0:
        return -np.inf
    u = np.log(z) / s
    return -0.5 * u * u - np.log(s * z) - _HALF_LOG_TWO_PI - np.log(scale)


@_compiled
def _lognorm_cdf(x, s, loc, scale):
    z = (x - loc) / scale
    return special.ndtr(np.log(z) / s) if z > 0.0 else 0.0


# ---- an interval ----


@_family
def _beta_logpdf(x, a, b, loc, scale):
    z = (x - loc) / scale
    if z < 0.0 or z > 1.0:
        return -np.inf
    return special.xlogy(a - 1.0, z) + special.xlog1py(b - 1.0, -z) - special.betaln(a, b) - np.log(scale)


@_compiled
def _beta_cdf(x, a, b, loc, scale):
    z = (x - loc) / scale
    return special.betainc(a, b, min(max(z, 0.0), 1.0))


@_family
def _uniform_logpdf(x, loc, scale):
    z = (x - loc) / scale
    return -np.log(scale) if 0.0 <= z <= 1.0 else -np.inf


@_compiled
def _uniform_cdf(x, loc, scale):
    return min(max((x - loc) / scale, 0.0), 1.0)


# ---- counts ----


@_family
def _poisson_logpmf(k, mu):
    if k < 0 or k != np.floor(k):
        return -np.inf
    return special.xlogy(np.float64(k), mu) - special.gammaln(k + 1.0) - mu


@_compiled
def _poisson_cdf(k, mu):
    return special.gammaincc(np.floor(k) + 1.0, mu) if k >= 0 else 0.0


NAMES = frozenset(_MADE)
for _name, _function in _MADE.items():
    _function.__name__ = _function.__qualname__ = _name
globals().update(_MADE)
