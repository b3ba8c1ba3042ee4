"""Operators, and the ufuncs and builtins that say the same."""

from __future__ import annotations

import builtins
import math
import operator

import numpy as np
from srcad_runtime import arrays

from srcad.rules.registry import constant, elementwise
from srcad.rules.static import known


def is_complex(x):
    """Whether `x` holds complex numbers; folded while transforming."""
    return x.dtype.kind == "c"


@elementwise(operator.add, np.add, domain=(-3, 3), kinds="fc")
def add(x1, x2):
    return 1.0, 1.0


@elementwise(operator.sub, np.subtract, domain=(-3, 3), kinds="fc")
def subtract(x1, x2):
    return 1.0, -1.0


@elementwise(operator.mul, np.multiply, domain=(-3, 3), kinds="fc")
def multiply(x1, x2):
    return x2, x1


@elementwise(operator.truediv, np.divide, domain=((-3, 3), (0.5, 3)), kinds="fc")
def divide(x1, x2):
    return 1.0 / x2, -x1 / (x2 * x2)


@elementwise(operator.neg, np.negative, domain=(-3, 3), kinds="fc")
def negative(x):
    return -1.0


@elementwise(operator.pos, np.positive, builtins.complex, np.complex128, domain=(-3, 3), kinds="fc")
@elementwise(builtins.float, np.float64, np.float32, domain=(-3, 3))
def positive(x):
    return 1.0


@elementwise(operator.mod, np.remainder, domain=((-5, 5), (0.5, 3)))
def remainder(x1, x2):
    return 1.0, -(x1 // x2)


@elementwise(np.fmod, math.fmod, domain=((-5, 5), (0.5, 3)))
def fmod(x1, x2, out):
    return 1.0, (out - x1) / x2


@elementwise(math.remainder, domain=((-5, 5), (0.5, 3)))
def ieee_remainder(x1, x2, out):
    return 1.0, (out - x1) / x2


POWER_KINKS = {(0.0, 0.0): (0.0, -math.inf), (0.0, 2.5): (0.0, 0.0), (2.0, 0.0): (0.0, math.log(2.0))}
POWERS = ((0.3, 3), (-2, 3))


@elementwise(operator.pow, builtins.pow, math.pow, domain=POWERS, kinds="fc", kinks=POWER_KINKS)
def power(x1, x2, out):
    if known(x2):
        return power_by_literal(x1, x2, out), arrays.xlogy(out, x1)
    return arrays.power_slope(x1, x2), arrays.xlogy(out, x1)


@elementwise(np.power, np.float_power, domain=POWERS, kinds="fc", kinks=POWER_KINKS)
def numpy_power(x1, x2, out):
    """Of Python's numbers as well, whose own power of a negative one is complex, and raises at zero."""
    if known(x2) and x2 not in (0.5, -1) and (x2 < 0 or x2 % 1 != 0):
        return x2 * np.power(x1, x2 - 1), arrays.xlogy(out, x1)
    return power(x1, x2, out)


def power_by_literal(x, n, out):
    """The slope of ``x ** n``, as one writes it for the exponent at hand."""
    if n == 0:
        return 0.0
    if n == 1:
        return 1.0
    if n == 2:
        return 2.0 * x
    if n == 0.5:
        return 0.5 / out
    if n == -1:
        return -1.0 / (x * x)
    return n * x ** (n - 1)


@elementwise(builtins.abs, operator.abs, np.absolute, domain=(-3, 3), kinds="fc", kinks={0.0: 0.0})
def absolute(x, out):
    if is_complex(x):
        return np.conj(x) / np.where(out == 0.0, 1.0, out)
    return np.sign(x)


@elementwise(np.fabs, math.fabs, domain=(-3, 3), kinks={0.0: 0.0})
def fabs(x):
    return np.sign(x)


@elementwise(
    np.maximum,
    builtins.max,
    domain=(-3, 3),
    kinks={(1.0, 1.0): (0.5, 0.5), (0.0, 0.0): (0.5, 0.5), (2.0, 1.0): (1.0, 0.0)},
)
def maximum(x1, x2):
    return arrays.exceeds(x1, x2), arrays.exceeds(x2, x1)


@elementwise(np.minimum, builtins.min, domain=(-3, 3), kinks={(1.0, 1.0): (0.5, 0.5), (2.0, 1.0): (0.0, 1.0)})
def minimum(x1, x2):
    return arrays.exceeds(x2, x1), arrays.exceeds(x1, x2)


NAN_LEFT_OUT = {(1.0, 1.0): (0.5, 0.5), (np.nan, 1.0): (0.0, 1.0), (1.0, np.nan): (1.0, 0.0)}


@elementwise(np.fmax, domain=(-3, 3), kinks=NAN_LEFT_OUT)
def fmax(x1, x2):
    return np.where(np.isnan(x2), 1.0, arrays.exceeds(x1, x2)), np.where(np.isnan(x1), 1.0, arrays.exceeds(x2, x1))


@elementwise(np.fmin, domain=(-3, 3), kinks=NAN_LEFT_OUT)
def fmin(x1, x2):
    return np.where(np.isnan(x2), 1.0, arrays.exceeds(x2, x1)), np.where(np.isnan(x1), 1.0, arrays.exceeds(x1, x2))


@elementwise(np.square, domain=(-3, 3), kinds="fc")
def square(x):
    return 2.0 * x


@elementwise(np.reciprocal, domain=(0.5, 3), kinds="fc")
def reciprocal(x, out):
    return -out * out


constant(operator.floordiv, np.floor_divide, operator.invert, operator.not_, operator.and_, operator.or_, operator.xor)
constant(operator.lshift, operator.rshift, operator.index, operator.contains, operator.is_, operator.is_not)
constant(operator.lt, operator.le, operator.eq, operator.ne, operator.ge, operator.gt, operator.truth)
