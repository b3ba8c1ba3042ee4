"""`scipy.special`: error, gamma, Bessel and logistic functions, and sums of exponentials."""

from __future__ import annotations

import math

import numpy as np
from scipy import special
from srcad_runtime import arrays

from srcad.rules.reductions import axes, spread
from srcad.rules.registry import at, constant, elementwise, pullback, pushforward

# ---- error functions and the normal distribution ----


@elementwise(special.erf, domain=(-2, 2), kinds="fc")
def erf(x):
    return 1.1283791670955126 * np.exp(-x * x)


@elementwise(special.erfc, domain=(-2, 2), kinds="fc")
def erfc(x):
    return -1.1283791670955126 * np.exp(-x * x)


@elementwise(special.erfcx, domain=(-1, 2), kinds="fc")
def erfcx(x, out):
    return 2.0 * x * out - 1.1283791670955126


@elementwise(special.erfi, domain=(-1, 1), kinds="fc")
def erfi(x):
    return 1.1283791670955126 * np.exp(x * x)


@elementwise(special.erfinv, domain=(-0.8, 0.8))
def erfinv(x, out):
    return 0.8862269254527580 * np.exp(out * out)


@elementwise(special.erfcinv, domain=(0.2, 1.8))
def erfcinv(x, out):
    return -0.8862269254527580 * np.exp(out * out)


@elementwise(special.dawsn, domain=(-2, 2))
def dawsn(x, out):
    return 1.0 - 2.0 * x * out


@elementwise(special.wofz, domain=(-1, 1), kinds="c")
def wofz(z, out):
    return 1.1283791670955126j - 2.0 * z * out


@elementwise(special.ndtr, domain=(-2, 2))
def ndtr(x):
    return 0.3989422804014327 * np.exp(-0.5 * x * x)


@elementwise(special.log_ndtr, domain=(-3, 2))
def log_ndtr(x, out):
    return 0.3989422804014327 * np.exp(-0.5 * x * x - out)


@elementwise(special.ndtri, domain=(0.1, 0.9))
def ndtri(y, out):
    return 2.5066282746310002 * np.exp(0.5 * out * out)


# ---- gamma functions ----


@elementwise(special.gamma, math.gamma, domain=(0.5, 4), kinds="f")
def gamma(x, out):
    return out * special.psi(x)


@elementwise(special.gammaln, special.loggamma, math.lgamma, domain=(0.5, 4))
def gammaln(x):
    return special.psi(x)


@elementwise(
    special.rgamma,
    domain=(-2.5, 4),
    kinks={0.0: 1.0, -1.0: -1.0, -2.0: 2.0, 0.5: 1.107791903872871, 1.0: 0.5772156649015329},
)
def rgamma(x, out):
    # by reflection on the left, where psi has poles
    left, right = np.where(x < 0.5, x, 0.5), np.where(x < 0.5, 0.5, x)
    reflected = special.gamma(1.0 - left) * np.cos(3.141592653589793 * left) - out * special.psi(1.0 - left)
    return np.where(x < 0.5, reflected, -out * special.psi(right))


@elementwise(special.psi, domain=(0.5, 4))
def psi(x):
    return special.zeta(2.0, x)


@elementwise(special.zeta, domain=((2, 4), (0.5, 4)), wrt=("q",), notes="by q")
def zeta(x, q=None):
    return 0.0 if q is None else -x * special.zeta(x + 1.0, q)


@elementwise(special.polygamma, domain=((1, 1), (0.5, 4)), wrt=("x",))
def polygamma(n, x):
    return special.polygamma(n + 1, x)


@elementwise(special.beta, domain=(0.5, 3))
def beta(a, b, out):
    both = special.psi(a + b)
    return out * (special.psi(a) - both), out * (special.psi(b) - both)


@elementwise(special.betaln, domain=(0.5, 3))
def betaln(a, b):
    both = special.psi(a + b)
    return special.psi(a) - both, special.psi(b) - both


def binom_by_psi(x, w, out):
    """``out * psi(1 - w)`` of an out with the factor ``sin(pi * w)``: reflected on the right, where psi has poles."""
    left, right = np.where(w > 0.5, 0.5, w), np.where(w > 0.5, w, 0.5)
    reflected = out * special.psi(right) + special.beta(x + 1.0, right) * np.cos(3.141592653589793 * right)
    return np.where(w > 0.5, reflected, out * special.psi(1.0 - left))


@elementwise(
    special.binom,
    domain=((3, 6), (-2, 8)),
    kinks={
        (2.0, 3.0): (1.0 / 3.0, None),
        (1.0, 3.0): (-1.0 / 6.0, None),
        (0.0, 3.0): (1.0 / 3.0, None),
        (5.0, 7.0): (None, 1.0 / 42.0),
        (5.0, -1.0): (0.0, 1.0 / 6.0),
    },
)
def binom(x, y, out):
    # out is beta(x + 1, w) * sin(pi * w) / pi of both w = y - x and w = -y
    rest = binom_by_psi(x, y - x, out)
    return out * special.psi(x + 1.0) - rest, rest - binom_by_psi(x, -y, out)


@elementwise(special.poch, domain=(0.5, 3))
def poch(z, m, out):
    top = special.psi(z + m)
    return out * (top - special.psi(z)), out * top


@elementwise(special.gammainc, domain=(0.5, 3))
def gammainc(a, x):
    return arrays.gammainc_by_a(a, x), np.exp((a - 1.0) * np.log(x) - x - special.gammaln(a))


@elementwise(special.gammaincc, domain=(0.5, 3))
def gammaincc(a, x):
    return -arrays.gammainc_by_a(a, x), -np.exp((a - 1.0) * np.log(x) - x - special.gammaln(a))


@elementwise(special.betainc, domain=((0.5, 3), (0.5, 3), (0.2, 0.8)))
def betainc(a, b, x):
    density = np.exp((a - 1.0) * np.log(x) + (b - 1.0) * np.log1p(-x) - special.betaln(a, b))
    return arrays.betainc_by_a(a, b, x), -arrays.betainc_by_a(b, a, 1.0 - x), density


# ---- logistic, entropies, powers ----


@elementwise(special.expit, domain=(-3, 3), kinks={1000.0: 0.0, -1000.0: 0.0})
def expit(x, out):
    return out * (1.0 - out)


@elementwise(special.log_expit, domain=(-3, 3), kinks={1000.0: 0.0, -1000.0: 1.0})
def log_expit(x):
    return special.expit(-x)


@elementwise(special.logit, domain=(0.1, 0.9))
def logit(x):
    return 1.0 / (x * (1.0 - x))


@elementwise(special.xlogy, domain=(0.3, 3))
def xlogy(x, y):
    return np.log(y), x / y


@elementwise(special.xlog1py, domain=(0.3, 3))
def xlog1py(x, y):
    return np.log1p(y), x / (1.0 + y)


@elementwise(special.entr, domain=(0.2, 3))
def entr(x):
    return -np.log(x) - 1.0


@elementwise(special.rel_entr, domain=(0.2, 3))
def rel_entr(x, y):
    return np.log(x / y) + 1.0, -x / y


@elementwise(special.kl_div, domain=(0.2, 3))
def kl_div(x, y):
    return np.log(x / y), 1.0 - x / y


@elementwise(special.huber, domain=((0.5, 2), (-3, 3)))
def huber(delta, r):
    return np.maximum(np.abs(r) - delta, 0.0), np.clip(r, -delta, delta)


@elementwise(special.pseudo_huber, domain=((0.5, 2), (-3, 3)))
def pseudo_huber(delta, r):
    root = np.sqrt(1.0 + (r / delta) * (r / delta))
    return 2.0 * delta * (root - 1.0) - r * r / (delta * root), r / root


@elementwise(special.exp2, domain=(-2, 2))
def exp2(x, out):
    return 0.6931471805599453 * out


@elementwise(special.exp10, domain=(-1, 1))
def exp10(x, out):
    return 2.302585092994046 * out


@elementwise(special.expm1, domain=(-2, 2))
def expm1(x, out):
    return out + 1.0


@elementwise(special.log1p, domain=(-0.5, 3))
def log1p(x):
    return 1.0 / (1.0 + x)


@elementwise(special.exprel, domain=(0.3, 2), kinks={0.0: 0.5, 1e-8: 0.5000000033333333})
def exprel(x):
    return arrays.exprel_derivative(x, 1)


@elementwise(special.cbrt, domain=(0.3, 2))
def cbrt(x, out):
    return 1.0 / (3.0 * out * out)


@elementwise(special.boxcox, domain=(0.5, 2), kinks={(2.0, 0.0): (0.5, 0.24022650695910072)})
def boxcox(x, lmbda):
    log_x = np.log(x)
    return np.power(x, lmbda - 1.0), log_x * log_x * arrays.exprel_derivative(lmbda * log_x, 1)


@elementwise(
    special.inv_boxcox,
    domain=((-0.3, 0.5), (0.5, 1.5)),
    kinks={
        (0.5, 0.0): (1.6487212707001282, -0.20609015883751602),
        (0.5, 1e-10): (1.648721270597083, -0.20609015882120058),
    },
)
def inv_boxcox(y, lmbda, out):
    return out / (lmbda * y + 1.0), out * y * y * arrays.log1prel_derivative(lmbda * y, 1)


# ---- Bessel functions ----


@elementwise(special.j0, domain=(0.3, 5))
def j0(x):
    return -special.j1(x)


@elementwise(special.j1, domain=(-5, 5), kinks={0.0: 0.5})
def j1(x, out):
    series = 0.5 - x * x / 16.0  # at 0, also for its derivatives
    return special.j0(x) - np.where(x == 0.0, series, out / np.where(x == 0.0, 1.0, x))


@elementwise(special.y0, domain=(0.5, 5))
def y0(x):
    return -special.y1(x)


@elementwise(special.y1, domain=(0.5, 5))
def y1(x, out):
    return special.y0(x) - out / x


@elementwise(special.jv, domain=((1, 1), (0.3, 5)), wrt=("z",))
def jv(v, z):
    return 0.5 * (special.jv(v - 1, z) - special.jv(v + 1, z))


@elementwise(special.yv, domain=((1, 1), (0.5, 5)), wrt=("z",))
def yv(v, z):
    return 0.5 * (special.yv(v - 1, z) - special.yv(v + 1, z))


@elementwise(special.yn, domain=((1, 1), (0.5, 5)), wrt=("x",))
def yn(n, x):
    return 0.5 * (special.yv(n - 1, x) - special.yv(n + 1, x))


@elementwise(special.iv, domain=((1, 1), (0.3, 3)), wrt=("z",))
def iv(v, z):
    return 0.5 * (special.iv(v - 1, z) + special.iv(v + 1, z))


@elementwise(special.kv, domain=((1, 1), (0.5, 3)), wrt=("z",))
def kv(v, z):
    return -0.5 * (special.kv(v - 1, z) + special.kv(v + 1, z))


@elementwise(special.i0, np.i0, domain=(-3, 3))
def i0(x):
    return special.i1(x)


@elementwise(special.i1, domain=(0.3, 3), kinks={0.0: 0.5})
def i1(x, out):
    return special.i0(x) - np.where(x == 0.0, 0.5, out / np.where(x == 0.0, 1.0, x))


@elementwise(special.i0e, domain=(0.3, 3), kinks={0.0: 0.0})
def i0e(x, out):
    return special.i1e(x) - np.sign(x) * out


@elementwise(special.i1e, domain=(0.3, 3), kinks={0.0: 0.5})
def i1e(x, out):
    slope = np.where(x == 0.0, 0.5, out / np.where(x == 0.0, 1.0, x))
    return special.i0e(x) - np.sign(x) * out - slope


@elementwise(special.k0, domain=(0.3, 3))
def k0(x):
    return -special.k1(x)


@elementwise(special.k1, domain=(0.3, 3))
def k1(x, out):
    return -special.k0(x) - out / x


@elementwise(special.k0e, domain=(0.3, 3))
def k0e(x, out):
    return out - special.k1e(x)


@elementwise(special.k1e, domain=(0.3, 3))
def k1e(x, out):
    return out - special.k0e(x) - out / x


# ---- integrals ----


@elementwise(special.expi, domain=(0.3, 3))
def expi(x):
    return np.exp(x) / x


@elementwise(special.exp1, domain=(0.3, 3))
def exp1(z):
    return -np.exp(-z) / z


@elementwise(special.spence, domain=(0.3, 1.7), kinks={1.0: -1.0})
def spence(z):
    near = np.abs(z - 1.0) < 0.5
    log_ratio = np.log(z) / np.where(near, 1.0, 1.0 - z)
    return np.where(near, -arrays.log1prel_derivative(np.where(near, z - 1.0, 0.0), 0), log_ratio)


@elementwise(special.ellipk, domain=(-2, 0.8), kinks={0.0: 0.39269908169872414, 1e-9: 0.3926990821405106})
def ellipk(m):
    return -arrays.ellipkm1_by_p(1.0 - m)


@elementwise(special.ellipe, domain=(-2, 0.8), kinks={0.0: -0.39269908169872414})
def ellipe(m):
    return arrays.ellipe_by_m(m)


# ---- sums of exponentials ----


@pullback(
    special.logsumexp,
    wrt=("a", "b"),
    examples=lambda r: [*axes(r), at(r(2, 3), axis=1, b=r.positive(2, 3)), at(r(2, 3), b=r.positive(3))],
)
def logsumexp_bar(a, axis=None, b=None, keepdims=False, *, out, out_bar):
    g = spread(out_bar, axis, keepdims) * np.exp(a - spread(out, axis, keepdims))
    return (g, 0.0) if b is None else (g * b, g)


@pushforward(special.logsumexp)
def logsumexp_dot(a, axis=None, b=None, keepdims=False, *, out, a_dot, b_dot):
    weight = np.exp(a - spread(out, axis, keepdims))
    return np.sum(weight * (a_dot if b is None else a_dot * b + b_dot), axis=axis, keepdims=keepdims)


def along(r):
    return [at(r(2, 3)), at(r(2, 3), axis=0), at(r(2, 3, 4), axis=-1), at(r(2, 3, 4), (0, 2))]


@pullback(special.softmax, examples=along)
def softmax_bar(x, axis=None, *, out, out_bar):
    return out * (out_bar - np.sum(out_bar * out, axis=axis, keepdims=True))


@pushforward(special.softmax)
def softmax_dot(x, axis=None, *, out, x_dot):
    return out * (x_dot - np.sum(x_dot * out, axis=axis, keepdims=True))


@pullback(special.log_softmax, examples=along)
def log_softmax_bar(x, axis=None, *, out, out_bar):
    return out_bar - np.exp(out) * np.sum(out_bar, axis=axis, keepdims=True)


@pushforward(special.log_softmax)
def log_softmax_dot(x, axis=None, *, out, x_dot):
    return x_dot - np.sum(x_dot * np.exp(out), axis=axis, keepdims=True)


constant(special.gammasgn, special.roots_legendre, special.roots_hermite)
