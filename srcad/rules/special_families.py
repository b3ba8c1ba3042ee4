"""`scipy.special`: orthogonal polynomials, elliptic and hypergeometric functions, Airy functions, inverses.

Source of the derivatives: NIST Digital Library of Mathematical Functions, chapters 7 to 19.
"""

from __future__ import annotations

import numpy as np
from scipy import special
from srcad_runtime import arrays

from srcad.rules.registry import at, constant, elementwise, pullback, pushforward

# ---- Bessel functions of whole order, scaled, spherical; Struve functions ----


@elementwise(special.kn, domain=((2, 2), (0.5, 3)), wrt=("x",))
def kn(n, x):
    return -0.5 * (special.kv(n - 1, x) + special.kv(n + 1, x))


@elementwise(special.jve, domain=((1, 1), (0.3, 3)), wrt=("z",))
def jve(v, z):
    return 0.5 * (special.jve(v - 1, z) - special.jve(v + 1, z))


@elementwise(special.yve, domain=((1, 1), (0.5, 3)), wrt=("z",))
def yve(v, z):
    return 0.5 * (special.yve(v - 1, z) - special.yve(v + 1, z))


@elementwise(special.ive, domain=((1, 1), (0.3, 3)), wrt=("z",))
def ive(v, z, out):
    return 0.5 * (special.ive(v - 1, z) + special.ive(v + 1, z)) - np.sign(z) * out


@elementwise(special.kve, domain=((1, 1), (0.5, 3)), wrt=("z",))
def kve(v, z, out):
    return out - 0.5 * (special.kve(v - 1, z) + special.kve(v + 1, z))


@elementwise(special.struve, domain=((1, 1), (0.3, 3)), wrt=("x",), kinks={(0, 0): 0.6366197723675814})
def struve(v, x, out):
    return special.struve(v - 1, x) - v * out / np.where(v == 0, 1.0, x)


@elementwise(special.modstruve, domain=((1, 1), (0.3, 3)), wrt=("x",), kinks={(0, 0): 0.6366197723675814})
def modstruve(v, x, out):
    return special.modstruve(v - 1, x) - v * out / np.where(v == 0, 1.0, x)


# ---- orthogonal polynomials, by their argument ----


@elementwise(special.eval_chebyt, domain=((3, 3), (-0.8, 0.8)), wrt=("x",))
def eval_chebyt(n, x):
    return n * special.eval_chebyu(n - 1, x)


@elementwise(special.eval_chebyu, domain=((3, 3), (-0.8, 0.8)), wrt=("x",), kinks={(2, 1): 8.0, (2, -1): -8.0})
def eval_chebyu(n, x):
    # of the degree -n it is minus that of the degree n - 2
    return 2.0 * np.sign(n + 1) * special.eval_gegenbauer(np.abs(n + 1) - 2, 2.0, x)


@elementwise(special.eval_legendre, domain=((3, 3), (-0.8, 0.8)), wrt=("x",), kinks={(2, 1): 3.0, (2, -1): -3.0})
def eval_legendre(n, x):
    # of the degree -n it is that of the degree n - 1
    return special.eval_gegenbauer(np.maximum(n, -n - 1) - 1, 1.5, x)


@elementwise(special.eval_hermite, domain=((3, 3), (-2, 2)), wrt=("x",), kinks={(0, 0.5): 0.0, (1, 0.5): 2.0})
def eval_hermite(n, x):
    return 2 * n * special.eval_hermite(np.maximum(n - 1, 0), x)


@elementwise(special.eval_hermitenorm, domain=((3, 3), (-2, 2)), wrt=("x",), kinks={(0, 0.5): 0.0, (1, 0.5): 1.0})
def eval_hermitenorm(n, x):
    return n * special.eval_hermitenorm(np.maximum(n - 1, 0), x)


@elementwise(special.eval_laguerre, domain=((3, 3), (0.2, 3)), wrt=("x",))
def eval_laguerre(n, x):
    return -special.eval_genlaguerre(n - 1, 1.0, x)


@elementwise(special.eval_genlaguerre, domain=((3, 3), (1, 1), (0.2, 3)), wrt=("x",))
def eval_genlaguerre(n, alpha, x):
    return -special.eval_genlaguerre(n - 1, alpha + 1.0, x)


@elementwise(special.eval_gegenbauer, domain=((3, 3), (1, 1), (-0.8, 0.8)), wrt=("x",))
def eval_gegenbauer(n, alpha, x):
    return 2.0 * alpha * special.eval_gegenbauer(n - 1, alpha + 1.0, x)


@elementwise(
    special.eval_jacobi,
    domain=((3, 3), (1, 1), (2, 2), (-0.8, 0.8)),
    wrt=("x",),
    kinks={(0, 1, 2, 1): 0.0, (1, 1, 2, -1): 2.5},
)
def eval_jacobi(n, alpha, beta, x):
    below = special.eval_jacobi(n - (n != 0), alpha + 1.0, beta + 1.0, x)
    return 0.5 * (n != 0) * (n + alpha + beta + 1.0) * below


# ---- hypergeometric functions, by their argument; elliptic integrals ----


@elementwise(special.hyp0f1, domain=((2, 2), (-1, 2)), wrt=("z",))
def hyp0f1(v, z):
    return special.hyp0f1(v + 1.0, z) / v


@elementwise(special.hyp1f1, domain=((1, 1), (2, 2), (-1, 2)), wrt=("x",))
def hyp1f1(a, b, x):
    return a / b * special.hyp1f1(a + 1.0, b + 1.0, x)


@elementwise(special.hyp2f1, domain=((1, 1), (2, 2), (3, 3), (-0.5, 0.5)), wrt=("z",))
def hyp2f1(a, b, c, z):
    return a * b / c * special.hyp2f1(a + 1.0, b + 1.0, c + 1.0, z)


@elementwise(special.hyperu, domain=((1, 1), (2, 2), (0.5, 2)), wrt=("x",))
def hyperu(a, b, x):
    return -a * special.hyperu(a + 1.0, b + 1.0, x)


@elementwise(special.ellipkm1, domain=(0.2, 3), kinks={1.0: -0.39269908169872414})
def ellipkm1(p):
    return arrays.ellipkm1_by_p(p)


@elementwise(
    special.ellipkinc,
    domain=((-5, 5), (-2, 0.8)),
    kinks={(0.7, 0.0): (1.0, 0.05181878375144247), (0.7, 1.0): (1.307459259733594, 0.08397682095119562)},
)
def ellipkinc(phi, m):
    return 1.0 / np.sqrt(1.0 - m * np.sin(phi) ** 2), arrays.ellipkinc_by_m(phi, m)


@elementwise(special.ellipeinc, domain=((-5, 5), (-2, 0.8)), kinks={(0.7, 0.0): (1.0, -0.05181878375144247)})
def ellipeinc(phi, m):
    return np.sqrt(1.0 - m * np.sin(phi) ** 2), arrays.ellipeinc_by_m(phi, m)


# ---- integrals, inverses, elementary functions in other units ----


@elementwise(special.expn, domain=((2, 2), (0.3, 3)), wrt=("x",), kinks={(0, 0.5): -3.6391839582758005})
def expn(n, x):
    return np.where(n == 0, -np.exp(-x) * (1.0 + x) / (x * x), -special.expn(np.abs(n - 1), x))


@elementwise(special.owens_t, domain=((-1, 1), (-1, 1)))
def owens_t(h, a):
    by_h = -special.erf(a * h * 0.7071067811865476) * np.exp(-0.5 * h * h) * 0.19947114020071635
    return by_h, 0.15915494309189535 * np.exp(-0.5 * h * h * (1.0 + a * a)) / (1.0 + a * a)


@elementwise(special.lambertw, domain=(-0.3, 3), wrt=("z",), kinds="fc", kinks={0.0: 1.0})
def lambertw(z, k=0, tol=1e-8, *, out):
    return np.exp(-out) / (1.0 + out)


@elementwise(special.wrightomega, domain=(-1, 2))
def wrightomega(z, out):
    return out / (1.0 + out)


@elementwise(special.gammaincinv, domain=((0.5, 3), (0.2, 0.8)))
def gammaincinv(a, y, out):
    step = np.exp(out + special.gammaln(a) - (a - 1.0) * np.log(out))
    return -arrays.gammainc_by_a(a, out) * step, step


@elementwise(special.gammainccinv, domain=((0.5, 3), (0.2, 0.8)))
def gammainccinv(a, y, out):
    step = np.exp(out + special.gammaln(a) - (a - 1.0) * np.log(out))
    return -arrays.gammainc_by_a(a, out) * step, -step


@elementwise(special.betaincinv, domain=((0.5, 3), (0.5, 3), (0.2, 0.8)))
def betaincinv(a, b, y, out):
    step = np.exp(special.betaln(a, b) - (a - 1.0) * np.log(out) - (b - 1.0) * np.log1p(-out))
    return -arrays.betainc_by_a(a, b, out) * step, arrays.betainc_by_a(b, a, 1.0 - out) * step, step


@elementwise("scipy.special.betaincc", domain=((0.5, 3), (0.5, 3), (0.2, 0.8)))
def betaincc(a, b, x):
    density = np.exp((a - 1.0) * np.log(x) + (b - 1.0) * np.log1p(-x) - special.betaln(a, b))
    return -arrays.betainc_by_a(a, b, x), arrays.betainc_by_a(b, a, 1.0 - x), -density


def student_by_df(z, df):
    """Of the distribution function, which is an incomplete beta function of df / (df + z * z)."""
    q = df / (df + z * z)
    density = np.exp((0.5 * df - 1.0) * np.log(q) - 0.5 * np.log1p(-q) - special.betaln(0.5 * df, 0.0 * df + 0.5))
    moved = 0.5 * arrays.betainc_by_a(0.5 * df, 0.5, q) + density * z * z / ((df + z * z) * (df + z * z))
    return np.where(z == 0.0, 0.0, -0.5 * np.sign(z) * moved)


@elementwise(special.stdtr, domain=((2, 5), (-2, 2)))
def stdtr(df, t):
    scale = np.exp(-special.betaln(0.5 * df, 0.0 * df + 0.5)) / np.sqrt(1.0 * df)
    return student_by_df(t, df), scale * (1.0 + t * t / df) ** (-0.5 * (df + 1.0))


@elementwise(special.boxcox1p, domain=(0.3, 2), kinks={(1.0, 0.0): (0.5, 0.24022650695910072)})
def boxcox1p(x, lmbda):
    log_x = np.log1p(x)
    return np.power(1.0 + x, lmbda - 1.0), log_x * log_x * arrays.exprel_derivative(lmbda * log_x, 1)


@elementwise(
    special.inv_boxcox1p,
    domain=((-0.3, 0.5), (0.5, 1.5)),
    kinks={(0.5, 0.0): (1.6487212707001282, -0.20609015883751602)},
)
def inv_boxcox1p(y, lmbda, out):
    return (1.0 + out) / (lmbda * y + 1.0), (1.0 + out) * y * y * arrays.log1prel_derivative(lmbda * y, 1)


@elementwise(special.cosm1, domain=(-2, 2))
def cosm1(x):
    return -np.sin(x)


@elementwise(special.powm1, domain=(0.5, 2))
def powm1(x, y, out):
    return y * (out + 1.0) / x, (out + 1.0) * np.log(x)


@elementwise(special.sindg, domain=(10, 80))
def sindg(x):
    return 0.017453292519943295 * special.cosdg(x)


@elementwise(special.cosdg, domain=(10, 80))
def cosdg(x):
    return -0.017453292519943295 * special.sindg(x)


@elementwise(special.tandg, domain=(10, 80))
def tandg(x, out):
    return 0.017453292519943295 * (1.0 + out * out)


@elementwise(special.cotdg, domain=(10, 80))
def cotdg(x, out):
    return -0.017453292519943295 * (1.0 + out * out)


@elementwise("scipy.special.softplus", domain=(-3, 3), kinks={1000.0: 1.0, -1000.0: 0.0})
def softplus(x):
    return special.expit(x)


@elementwise(special.factorial, domain=(0.5, 3), wrt=("n",))
def factorial(n, exact=False, *, out):
    return out * special.psi(n + 1.0)


@elementwise(special.comb, domain=((4, 6), (1, 3)), wrt=("N", "k"))
def comb(N, k, *, out):
    rest = special.psi(N - k + 1.0)
    return out * (special.psi(N + 1.0) - rest), out * (rest - special.psi(k + 1.0))


# ---- several values ----


def pulled(bars, slopes):
    """The adjoint of an argument by those of the values that are read."""
    return sum([bar * slope for bar, slope in zip(bars, slopes) if bar is not None])


def reals(r):
    return [at(r(4)), at(r.positive())]


def positives(r):
    return [at(r.positive(4)), at(r.positive())]


@pullback(special.airy, examples=reals)
def airy_bar(z, *, out, out_bar):
    return pulled(out_bar, (out[1], z * out[0], out[3], z * out[2]))


@pushforward(special.airy)
def airy_dot(z, *, out, z_dot):
    return out[1] * z_dot, z * out[0] * z_dot, out[3] * z_dot, z * out[2] * z_dot


def sinhc(x):
    """``sinh(x) / x``, 1 at 0."""
    return 0.5 * (special.exprel(x) + special.exprel(-x))


@pullback(special.sici, examples=positives)
def sici_bar(x, *, out_bar):
    return pulled(out_bar, (np.sinc(x / 3.141592653589793), np.cos(x) / x))


@pushforward(special.sici)
def sici_dot(x, *, x_dot):
    return np.sinc(x / 3.141592653589793) * x_dot, np.cos(x) / x * x_dot


@pullback(special.shichi, examples=positives)
def shichi_bar(x, *, out_bar):
    return pulled(out_bar, (sinhc(x), np.cosh(x) / x))


@pushforward(special.shichi)
def shichi_dot(x, *, x_dot):
    return sinhc(x) * x_dot, np.cosh(x) / x * x_dot


@pullback(special.fresnel, examples=reals)
def fresnel_bar(z, *, out_bar):
    angle = 1.5707963267948966 * z * z
    return pulled(out_bar, (np.sin(angle), np.cos(angle)))


@pushforward(special.fresnel)
def fresnel_dot(z, *, z_dot):
    angle = 1.5707963267948966 * z * z
    return np.sin(angle) * z_dot, np.cos(angle) * z_dot


constant(special.bernoulli, special.euler, special.jn_zeros)
constant(special.roots_laguerre, special.roots_chebyt, special.roots_chebyu, special.roots_hermitenorm)
