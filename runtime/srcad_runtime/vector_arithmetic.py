"""Elementary functions in plain arithmetic, which LLVM vectorises in the loop that they stand in.

A call of libm's `exp` keeps a loop at one element at a time. Written out as sums, products and selections, without a
branch, the function goes through whole registers on any processor, and since no sum and product are contracted, an
element's result is the same to the bit wherever in the loop, and in whichever part of it, it is computed.

Reduction and series as in fdlibm (Sun Microsystems 1993) and Cody and Waite (1980). Errors stay below 1 unit in the
last place for exp and log, 1.5 for log1p, 2.5 for expm1 and tanh. float32 is computed in float64 and rounded once.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from llvmlite import ir

_DOUBLE, _SINGLE, _INT = ir.DoubleType(), ir.FloatType(), ir.IntType(64)
_SIGN, _ALL = 1 << 63, (1 << 64) - 1
# added to a small number, this leaves the nearest integer in the lowest bits of the sum
_SHIFT = 1.5 * 2.0**52
_SHIFT_BITS = int(np.float64(_SHIFT).view(np.int64))
_LOG2_E = 1.4426950408889634
_LN2_HIGH, _LN2_LOW = 6.93147180369123816490e-01, 1.90821492927058770002e-10  # the first has 21 zeros at its end
# log((1 + s) / (1 - s)) / s - 2 as a polynomial in s**2, for |s| < 0.1716 (fdlibm)
_LOG_SERIES = (
    6.666666666666735130e-01, 3.999999999940941908e-01, 2.857142874366239149e-01, 2.222219843214978396e-01,
    1.818357216161805012e-01, 1.531383769920937332e-01, 1.479819860511658591e-01,
)  # fmt: skip


@dataclass(frozen=True)
class _Number:
    """A float64 (or int64) of LLVM that is computed with as Python's numbers are."""

    builder: Any
    value: Any

    def of(self, other: Any) -> Any:
        """LLVM's value of a number or constant."""
        return other.value if isinstance(other, _Number) else ir.Constant(self.value.type, other)

    def made(self, value: Any) -> _Number:
        return _Number(self.builder, value)

    def __add__(self, other: Any) -> _Number:
        return self.made(self.builder.fadd(self.value, self.of(other)))

    def __sub__(self, other: Any) -> _Number:
        return self.made(self.builder.fsub(self.value, self.of(other)))

    def __mul__(self, other: Any) -> _Number:
        return self.made(self.builder.fmul(self.value, self.of(other)))

    def __truediv__(self, other: Any) -> _Number:
        return self.made(self.builder.fdiv(self.value, self.of(other)))

    def where(self, sign: str, bound: Any, other: Any) -> _Number:
        """`other` where this compares so with `bound` (never for NaN), else this."""
        holds = self.builder.fcmp_ordered(sign, self.value, self.of(bound))
        return self.made(self.builder.select(holds, self.of(other), self.value))

    def chosen(self, sign: str, bound: Any, yes: Any, no: Any) -> _Number:
        """`yes` where this compares so with `bound`, else `no`."""
        holds = self.builder.fcmp_ordered(sign, self.value, self.of(bound))
        return self.made(self.builder.select(holds, self.of(yes), self.of(no)))

    def bits(self) -> Any:
        return self.builder.bitcast(self.value, _INT)

    def size(self) -> _Number:
        """Without its sign."""
        return self.made(self.builder.bitcast(self.builder.and_(self.bits(), _INT(_ALL - _SIGN)), _DOUBLE))

    def signed(self, other: _Number) -> _Number:
        """With the other's sign."""
        sign = self.builder.and_(other.bits(), _INT(_SIGN))
        return self.made(self.builder.bitcast(self.builder.or_(self.size().bits(), sign), _DOUBLE))


def _power_of_two(like: _Number, exponent: Any) -> _Number:
    """``2.0 ** exponent`` for an integer between -1022 and 1023."""
    b = like.builder
    return like.made(b.bitcast(b.shl(b.add(exponent, _INT(1023)), _INT(52)), _DOUBLE))


def _polynomial(x: _Number, coefficients: tuple[float, ...]) -> _Number:
    """Lowest power first, in pairs (Estrin): half as long a chain as Horner's."""
    terms: list[Any] = list(coefficients)
    while len(terms) > 1:
        pairs = zip(terms[::2], terms[1::2])
        rest = terms[len(terms) // 2 * 2 :]
        terms = [x * high + low for low, high in pairs] + rest
        x = x * x
    return terms[0]  # type: ignore[no-any-return]


def _reduced(x: _Number) -> tuple[_Number, Any]:
    """(expm1(r), k) with ``x = k log(2) + r`` and |r| <= log(2) / 2; k as an integer."""
    shifted = x * _LOG2_E + _SHIFT
    k = shifted - _SHIFT
    r = (x - k * _LN2_HIGH) - k * _LN2_LOW
    series = _polynomial(r, tuple(1 / math.factorial(n) for n in range(2, 14)))
    return r + r * r * series, x.builder.sub(shifted.bits(), _INT(_SHIFT_BITS))


def _halves(x: _Number, k: Any) -> tuple[_Number, _Number, _Number]:
    """(2**h, 2**-h, 2**(k - h)) with h about k / 2: for results that overflow, or are denormal."""
    b = x.builder
    h = b.sub(b.lshr(b.add(k, _INT(2048)), _INT(1)), _INT(1024))  # AVX2 has no arithmetic shift
    return _power_of_two(x, h), _power_of_two(x, b.sub(_INT(0), h)), _power_of_two(x, b.sub(k, h))


def exp(x: _Number) -> _Number:
    """Infinite above 709.79, zero below -745.14."""
    x = x.where(">", 710.0, 710.0)
    x = x.where("<", -746.0, -746.0)
    p, k = _reduced(x)
    a, _, b = _halves(x, k)
    return (p + 1.0) * a * b


def expm1(x: _Number) -> _Number:
    """``2**k (p + 1) - 1`` as ``2**k p + (2**k - 1)``, of which both are exact but for the last digits of p."""
    t = x.where(">", 710.0, 710.0)
    t = t.where("<", -50.0, -50.0)
    p, k = _reduced(t)
    a, inverse, b = _halves(t, k)
    return ((b * p + (b - inverse)) * a).signed(x)


def tanh(x: _Number) -> _Number:
    """``e / (e + 2)`` with e = expm1(2 |x|); 1 from 22 on."""
    t = x.size() * 2.0
    t = t.where(">", 44.0, 44.0)
    p, k = _reduced(t)
    scale = _power_of_two(t, k)
    e = scale * p + (scale - 1.0)
    return (e / (e + 2.0)).signed(x)


def log(x: _Number) -> _Number:
    """-inf at zero, NaN below."""
    b = x.builder
    tiny = 2.0**-1022
    scaled = x.chosen("<", tiny, x * 2.0**54, x)
    # the fraction goes to [sqrt(1/2), sqrt(2)): what is added carries into the exponent from sqrt(2) on
    carried = b.add(scaled.bits(), _INT(0x3FF00000_00000000 - 0x3FE6A09E_667F3BCD))
    exponent = b.sub(b.lshr(carried, _INT(52)), _INT(1023))
    fraction = b.add(b.and_(carried, _INT(0xFFFFF_FFFFFFFF)), _INT(0x3FE6A09E_667F3BCD))
    f = x.made(b.bitcast(fraction, _DOUBLE)) - 1.0
    k = x.made(b.bitcast(b.add(exponent, _INT(_SHIFT_BITS)), _DOUBLE)) - _SHIFT
    k = x.chosen("<", tiny, k - 54.0, k)
    s = f / (f + 2.0)
    z, half = s * s, f * f * 0.5
    series = z * _polynomial(z, _LOG_SERIES)
    found = k * _LN2_HIGH - ((half - (s * (half + series) + k * _LN2_LOW)) - f)
    found = x.chosen("==", 0.0, -math.inf, found)
    found = x.chosen("<", 0.0, math.nan, found)
    found = x.chosen("==", math.inf, math.inf, found)
    return x.made(b.select(b.fcmp_unordered("uno", x.value, x.value), x.value, found.value))


def log1p(x: _Number) -> _Number:
    """The logarithm of ``u = 1 + x``, and what the sum has lost: ``(x - (u - 1)) / u``."""
    u = x + 1.0
    found = log(u) + (x - (u - 1.0)) / u
    found = x.chosen("==", -1.0, -math.inf, found)
    found = x.chosen("==", math.inf, math.inf, found)
    return x.chosen("==", 0.0, x, found)


FUNCTIONS: dict[str, Callable[[_Number], _Number]] = {
    "exp": exp, "expm1": expm1, "tanh": tanh, "log": log, "log1p": log1p,
}  # fmt: skip


def written(builder: Any, name: str, value: Any) -> Any:
    """LLVM's instructions for a function of a float64 or float32."""
    if value.type == _DOUBLE:
        return FUNCTIONS[name](_Number(builder, value)).value
    wide = FUNCTIONS[name](_Number(builder, builder.fpext(value, _DOUBLE)))
    return builder.fptrunc(wide.value, _SINGLE)
