"""Functions of each element by itself: NumPy's ufuncs and `math`."""

from __future__ import annotations

import cmath
import math

import numpy as np

from srcad.rules.arithmetic import is_complex
from srcad.rules.registry import at, elementwise, pullback, pushforward, rename

# ---- exponentials and logarithms ----


@elementwise(np.exp, math.exp, cmath.exp, domain=(-3, 3), kinds="fc")
def exp(x, out):
    return out


@elementwise(np.exp2, "math.exp2", domain=(-3, 3), kinds="fc")
def exp2(x, out):
    return 0.6931471805599453 * out


@elementwise(np.expm1, math.expm1, domain=(-3, 3), kinds="fc")
def expm1(x, out):
    return out + 1.0


@elementwise(np.log, domain=(0.2, 4), kinds="fc")
def log(x):
    return 1.0 / x


@elementwise(math.log, cmath.log, domain=(0.2, 4), kinds="fc", wrt=("x", "base"))
def log_to_base(x, base=None, *, out):
    if base is None:
        return 1.0 / x, 0.0
    return 1.0 / (x * np.log(base)), -out / (base * np.log(base))


@elementwise(np.log2, math.log2, domain=(0.2, 4), kinds="fc")
def log2(x):
    return 1.4426950408889634 / x


@elementwise(np.log10, math.log10, cmath.log10, domain=(0.2, 4), kinds="fc")
def log10(x):
    return 0.4342944819032518 / x


@elementwise(np.log1p, math.log1p, domain=(-0.7, 4), kinds="fc")
def log1p(x):
    return 1.0 / (1.0 + x)


@elementwise(np.logaddexp, domain=(-3, 3), kinks={(1000.0, 0.0): (1.0, 0.0)})
def logaddexp(x1, x2, out):
    return np.exp(x1 - out), np.exp(x2 - out)


@elementwise(np.logaddexp2, domain=(-3, 3))
def logaddexp2(x1, x2, out):
    return np.exp2(x1 - out), np.exp2(x2 - out)


# ---- roots ----


@elementwise(np.sqrt, math.sqrt, cmath.sqrt, domain=(0.2, 4), kinds="fc", kinks={0.0: math.inf})
def sqrt(x, out):
    return 0.5 / out


@elementwise(np.cbrt, "math.cbrt", domain=(0.2, 4))
def cbrt(x, out):
    return 1.0 / (3.0 * out * out)


@elementwise(np.hypot, domain=(0.3, 3), kinks={(0.0, 0.0): (0.0, 0.0)})
def hypot(x1, x2, out):
    r = np.where(out == 0.0, 1.0, out)
    return x1 / r, x2 / r


# ---- circular functions ----


@elementwise(np.sin, math.sin, cmath.sin, domain=(-3, 3), kinds="fc")
def sin(x):
    return np.cos(x)


@elementwise(np.cos, math.cos, cmath.cos, domain=(-3, 3), kinds="fc")
def cos(x):
    return -np.sin(x)


@elementwise(np.tan, math.tan, cmath.tan, domain=(-1, 1), kinds="fc")
def tan(x, out):
    return 1.0 + out * out


@elementwise(np.arcsin, math.asin, cmath.asin, domain=(-0.9, 0.9), kinds="fc")
def arcsin(x):
    return 1.0 / np.sqrt(1.0 - x * x)


@elementwise(np.arccos, math.acos, cmath.acos, domain=(-0.9, 0.9), kinds="fc")
def arccos(x):
    return -1.0 / np.sqrt(1.0 - x * x)


@elementwise(np.arctan, math.atan, cmath.atan, domain=(-3, 3), kinds="fc")
def arctan(x):
    return 1.0 / (1.0 + x * x)


@elementwise(
    np.arctan2,
    math.atan2,
    domain=(0.3, 3),
    kinks={(0.0, 0.0): (0.0, 0.0), (3e-200, 4e-200): (1.6e199, -1.2e199), (3e200, 4e200): (1.6e-201, -1.2e-201)},
)
def arctan2(y, x):
    radius = np.hypot(y, x)  # whose square may be 0, or infinite
    radius = np.where(radius == 0.0, 1.0, radius)
    return x / radius / radius, -y / radius / radius


@elementwise(np.sinc, domain=(-3, 3), kinds="fc", kinks={0.0: 0.0, 1e-8: -3.289868133696453e-8})
def sinc(x, out):
    near = np.abs(x) < 0.03  # by its series, as the difference cancels
    small, large = np.where(near, x, 0.0), np.where(near, 1.0, x)
    y = 9.869604401089358 * small * small
    series = -3.289868133696453 * small * (1.0 - y / 10.0 * (1.0 - y / 28.0 * (1.0 - y / 54.0)))
    return np.where(near, series, (np.cos(3.141592653589793 * x) - out) / large)


@elementwise(np.deg2rad, np.radians, math.radians, domain=(-180, 180))
def radians(x):
    return 0.017453292519943295


@elementwise(np.rad2deg, np.degrees, math.degrees, domain=(-3, 3))
def degrees(x):
    return 57.29577951308232


# ---- hyperbolic functions ----


@elementwise(np.sinh, math.sinh, cmath.sinh, domain=(-3, 3), kinds="fc")
def sinh(x):
    return np.cosh(x)


@elementwise(np.cosh, math.cosh, cmath.cosh, domain=(-3, 3), kinds="fc")
def cosh(x):
    return np.sinh(x)


@elementwise(np.tanh, math.tanh, cmath.tanh, domain=(-3, 3), kinds="fc")
def tanh(x, out):
    return 1.0 - out * out


@elementwise(np.arcsinh, math.asinh, cmath.asinh, domain=(-3, 3), kinds="fc")
def arcsinh(x):
    return 1.0 / np.sqrt(x * x + 1.0)


@elementwise(np.arccosh, math.acosh, cmath.acosh, domain=(1.2, 4), kinds="fc")
def arccosh(x):
    return 1.0 / (np.sqrt(x - 1.0) * np.sqrt(x + 1.0))


@elementwise(np.arctanh, math.atanh, cmath.atanh, domain=(-0.8, 0.8), kinds="fc")
def arctanh(x):
    return 1.0 / (1.0 - x * x)


# ---- error and gamma functions of `math` ----


@elementwise(math.erf, domain=(-2, 2))
def erf(x):
    return 1.1283791670955126 * np.exp(-x * x)


@elementwise(math.erfc, domain=(-2, 2))
def erfc(x):
    return -1.1283791670955126 * np.exp(-x * x)


# ---- signs, parts and bounds ----


@elementwise(np.copysign, math.copysign, domain=(0.3, 3), wrt=("x1",), inert=("x2",))
def copysign(x1, x2):
    return np.copysign(1.0, x1) * np.copysign(1.0, x2)


@elementwise("numpy.nextafter", "math.nextafter", domain=(-3, 3), wrt=("x1",), inert=("x2",))
def nextafter(x1, x2):
    return 1.0


@elementwise(np.heaviside, domain=((0.3, 3), (0, 1)), kinks={(0.0, 0.5): (0.0, 1.0)})
def heaviside(x1, x2):
    return 0.0, x1 == 0.0


@elementwise(np.ldexp, math.ldexp, domain=((-3, 3), (2, 2)), wrt=("x1",))
def ldexp(x1, x2):
    return np.ldexp(np.ones_like(x1), x2)


@elementwise(np.nan_to_num, domain=(-3, 3), wrt=("x",), kinds="fc", kinks={math.inf: 0.0, math.nan: 0.0})
def nan_to_num(x, copy=True, nan=0.0, posinf=None, neginf=None):
    return np.isfinite(x)


@elementwise("math.fma", domain=(-3, 3))
def fma(x, y, z):
    return y, x, 1.0


@elementwise(np.real, domain=(-3, 3), kinds="fc")
def real(val):
    return 1.0


@elementwise(np.imag, domain=(-3, 3), kinds="fc")
def imag(val):
    if is_complex(val):
        return -1.0j
    return 0.0


@elementwise(np.angle, domain=(0.3, 3), kinds="fc", wrt=("z",))
def angle(z, deg=False):
    unit = 57.29577951308232 if deg else 1.0
    if is_complex(z):
        return -1.0j * unit / np.where(z == 0.0, 1.0, z)
    return 0.0


@pullback(np.conjugate, kinds="fc", examples=lambda r: [at(r(3)), at(r.complex(2, 3))])
def conjugate_bar(x, *, out_bar):
    return np.conj(out_bar)


@pushforward(np.conjugate)
def conjugate_dot(x, *, x_dot):
    return np.conj(x_dot)


@elementwise(
    np.clip,
    domain=((-3, 3), (-1, -0.5), (0.5, 1)),
    wrt=("a", "a_min", "a_max"),
    kinks={
        (1.0, 0.0, 1.0): (1.0, 0.0, 0.0),
        (0.0, 0.0, 1.0): (1.0, 0.0, 0.0),
        (2.0, 0.0, 1.0): (0.0, 0.0, 1.0),
        (0.0, 2.0, 1.0): (0.0, 0.0, 1.0),
        (1.5, 2.0, 1.0): (0.0, 0.0, 1.0),
        (3.0, 2.0, 1.0): (0.0, 0.0, 1.0),
    },
)
def clip(a, a_min=None, a_max=None):
    if a_min is None and a_max is None:
        return 1.0, 0.0, 0.0
    if a_min is None:
        return a <= a_max, 0.0, a > a_max
    if a_max is None:
        return a >= a_min, a < a_min, 0.0
    # where the bounds are crossed the value is the upper one
    return (a >= a_min) & (a <= a_max), (a < a_min) & (a_min <= a_max), (a > a_max) | (a_min > a_max)


rename(np.clip, min="a_min", max="a_max")


@pullback(
    np.where,
    wrt=("x", "y"),
    kinds="fc",
    examples=lambda r: [at(r.mask(3), r(3), r(3)), at(r.mask(2, 1), r(3), r(2, 1))],
)
def where_bar(condition, x, y, *, out_bar):
    return np.where(condition, out_bar, 0.0), np.where(condition, 0.0, out_bar)


@pushforward(np.where)
def where_dot(condition, x, y, *, x_dot, y_dot):
    return np.where(condition, x_dot, y_dot)
