"""`scipy.special` for compiled code: SciPy's own scalar functions, called from machine code by name.

Called as plain Python each is SciPy's function. Compiled code finds SciPy's C implementation
(`scipy.special.cython_special`) under a symbol that is defined when this module is imported, so that Numba can keep
what it compiled on disk. Arguments broadcast; results of float32 arguments are float32, computed in double precision.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, disable-error-code="misc,operator,call-overload"
# Numba derives the types; annotations of the functions it compiles would say nothing.

from __future__ import annotations

import re
from typing import Any

import llvmlite.binding
import numpy as np
import scipy.special
from numba import float64, intc, types, vectorize
from numba.extending import get_cython_function_address
from scipy.special import cython_special

from srcad_runtime.jitting import overload

_UNARY = (
    "erf erfc erfcx erfi erfinv erfcinv dawsn ndtr log_ndtr ndtri gamma gammaln loggamma rgamma psi expit logit "
    "log_expit entr i0 i1 i0e i1e j0 j1 y0 y1 k0 k1 k0e k1e exprel expm1 log1p cbrt exp2 exp10 expi exp1 spence ellipk "
    "ellipe"
).split()
_BINARY = (
    "beta betaln binom poch xlogy xlog1py rel_entr kl_div huber pseudo_huber boxcox inv_boxcox jv yv iv kv gammainc "
    "gammaincc"
).split()
_TERNARY = ["betainc"]


def _external(name: str, count: int) -> types.ExternalFunction:
    """SciPy's function of `count` doubles, to be called with a further 0."""
    doubles = ", ".join(["double"] * count)
    spelled = re.compile(rf"(__pyx_fuse(_?\d)+)?{name}")
    found = [
        key
        for key, capsule in cython_special.__pyx_capi__.items()
        if spelled.fullmatch(key) and f'"double ({doubles}, int __pyx_skip_dispatch)"' in str(capsule)
    ]
    symbol = f"srcad_special_{name}"
    address = get_cython_function_address("scipy.special.cython_special", found[0])
    llvmlite.binding.add_symbol(symbol, address)
    return types.ExternalFunction(symbol, float64(*[float64] * count, intc))


def _is_narrow(args: Any) -> bool:
    kinds = [a.dtype if isinstance(a, types.Array) else a for a in args]
    return types.float32 in kinds and all(k in (types.float32, types.boolean) for k in kinds)


def _is_real(args: Any) -> bool:
    kinds = [a.dtype if isinstance(a, types.Array) else a for a in args]
    return all(isinstance(k, (types.Float, types.Integer, types.Boolean)) for k in kinds)


def _unary(name: str) -> Any:
    plain, external = getattr(scipy.special, name), _external(name, 1)

    def function(x):
        return plain(x)

    wide = vectorize(lambda x: external(np.float64(x), 0))
    narrow = vectorize(lambda x: np.float32(external(np.float64(x), 0)))

    @overload(function)
    def compiled(x):
        if not _is_real((x,)):
            return None
        return (lambda x: narrow(x)) if _is_narrow((x,)) else (lambda x: wide(x))

    return function


def _binary(name: str) -> Any:
    plain, external = getattr(scipy.special, name), _external(name, 2)

    def function(x, y):
        return plain(x, y)

    wide = vectorize(lambda x, y: external(np.float64(x), np.float64(y), 0))
    narrow = vectorize(lambda x, y: np.float32(external(np.float64(x), np.float64(y), 0)))

    @overload(function)
    def compiled(x, y):
        if not _is_real((x, y)):
            return None
        return (lambda x, y: narrow(x, y)) if _is_narrow((x, y)) else (lambda x, y: wide(x, y))

    return function


def _ternary(name: str) -> Any:
    plain, external = getattr(scipy.special, name), _external(name, 3)

    def function(x, y, z):
        return plain(x, y, z)

    wide = vectorize(lambda x, y, z: external(np.float64(x), np.float64(y), np.float64(z), 0))
    narrow = vectorize(lambda x, y, z: np.float32(external(np.float64(x), np.float64(y), np.float64(z), 0)))

    @overload(function)
    def compiled(x, y, z):
        if not _is_real((x, y, z)):
            return None
        return (lambda x, y, z: narrow(x, y, z)) if _is_narrow((x, y, z)) else (lambda x, y, z: wide(x, y, z))

    return function


def _made() -> dict[str, Any]:
    found = {}
    for make, names in ((_unary, _UNARY), (_binary, _BINARY), (_ternary, _TERNARY)):
        for name in names:
            found[name] = make(name)
            found[name].__name__ = found[name].__qualname__ = name
    return found


# Hurwitz's zeta function, by the sum of Euler and Maclaurin: SciPy has none that compiled code can call.
_BERNOULLI = (  # (2k)! / B_2k
    12.0, -720.0, 30240.0, -1209600.0, 47900160.0, -1.8924375803183791606e9, 7.47242496e10, -2.950130727918164224e12,
    1.1646782814350067249e14, -4.5979787224074726105e15, 1.8152105401943546773e17, -7.1661652561756670113e18,
)  # fmt: skip


@vectorize
def _zeta(s, q):
    """``sum(1 / (q + k)**s)`` over k >= 0, for s > 1 and q > 0 (S. L. Moshier, Cephes, 1989, zeta.c)."""
    if s < 1.0 or (q <= 0.0 and q != np.floor(q)):
        return np.nan
    if s == 1.0 or q <= 0.0:
        return np.inf
    total, a = q**-s, q
    for _ in range(int(max(9.0 - q, 0.0)) + 1):
        a += 1.0
        total += a**-s
    b = a**-s
    total += b * a / (s - 1.0) - 0.5 * b
    factor, k = 1.0, 0.0
    for number in _BERNOULLI:
        factor *= s + k
        b /= a
        total += factor * b / number
        factor *= s + k + 1.0
        b /= a
        k += 2.0
    return total


def zeta(x, q=1.0):
    return scipy.special.zeta(x, q)


@overload(zeta)
def _compiled_zeta(x, q=1.0):
    return (lambda x, q=1.0: _zeta(np.float64(x), q)) if _is_real((x, q)) and not _is_narrow((x, q)) else None


digamma, factorial = _unary("psi"), _unary("gamma")


def polygamma(n, x):
    return scipy.special.polygamma(n, x)


@overload(polygamma)
def _compiled_polygamma(n, x):
    if not _is_real((n, x)) or isinstance(n, types.Array) or _is_narrow((x,)):
        return None

    def compiled(n, x):
        return digamma(x) if n == 0 else (-1.0) ** (n + 1) * factorial(n + 1.0) * _zeta(n + 1.0, x)

    return compiled


NAMES = frozenset((*_UNARY, *_BINARY, *_TERNARY, "zeta", "polygamma"))
globals().update(_made())
