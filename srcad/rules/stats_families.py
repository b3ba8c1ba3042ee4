"""`scipy.stats`: further families, tails, logarithms and quantiles of the families in `stats`.

A distribution function's derivative is the density, a quantile's by its level the inverse of it; loc moves a quantile
by one and scale by its standardised value.
"""

from __future__ import annotations

import numpy as np
from scipy import special, stats

from srcad.rules.factors import mirrored_lower
from srcad.rules.registry import at, elementwise, expansion, pullback, pushforward
from srcad.rules.static import known
from srcad.rules.stats import HALF_LINE, LINE, PLACED, SHAPED_LINE, by_density, by_scaled_score, by_score
from srcad.rules.supports import ABOVE_LOC, BETWEEN, COUNTS, FROM_LOC, FROM_SCALE, TRIALS

LEVELS = ((0.1, 0.9), (-0.5, 0.5), (0.7, 2))
SHAPED_LEVELS = ((0.1, 0.9), (1.5, 3), (0, 0.5), (0.7, 2))
LEVELLED = ("q", "loc", "scale")


def by_level(density, out, loc, scale):
    """Derivatives of a quantile by its level, loc and scale."""
    return 1.0 / density, 1.0, (out - loc) / scale


# ---- tails, logarithms, quantiles ----


@elementwise("scipy.stats.expon.logcdf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def expon_logcdf(x, loc=0, scale=1):
    return by_density(1.0 / (scale * np.expm1((x - loc) / scale)), x, loc, scale)


@elementwise("scipy.stats.expon.logsf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def expon_logsf(x, loc=0, scale=1):
    return by_density(-1.0 / scale, x, loc, scale)


@elementwise("scipy.stats.expon.ppf", domain=((0.1, 0.9), (0, 0.5), (0.7, 2)), wrt=LEVELLED)
def expon_ppf(q, loc=0, scale=1, *, out):
    return scale / (1.0 - q), 1.0, (out - loc) / scale


@elementwise("scipy.stats.norm.isf", domain=LEVELS, wrt=LEVELLED)
def norm_isf(q, loc=0, scale=1, *, out):
    z = (out - loc) / scale
    return -2.5066282746310002 * scale * np.exp(0.5 * z * z), 1.0, z


@elementwise("scipy.stats.logistic.sf", domain=LINE, wrt=PLACED)
def logistic_sf(x, loc=0, scale=1, *, out):
    return by_density(-out * (1.0 - out) / scale, x, loc, scale)


@elementwise("scipy.stats.logistic.logcdf", domain=LINE, wrt=PLACED)
def logistic_logcdf(x, loc=0, scale=1):
    return by_density(special.expit(-(x - loc) / scale) / scale, x, loc, scale)


@elementwise("scipy.stats.logistic.logsf", domain=LINE, wrt=PLACED)
def logistic_logsf(x, loc=0, scale=1):
    return by_density(-special.expit((x - loc) / scale) / scale, x, loc, scale)


@elementwise("scipy.stats.logistic.ppf", domain=LEVELS, wrt=LEVELLED)
def logistic_ppf(q, loc=0, scale=1, *, out):
    return by_level(q * (1.0 - q) / scale, out, loc, scale)


@elementwise("scipy.stats.laplace.sf", domain=LINE, wrt=PLACED)
def laplace_sf(x, loc=0, scale=1):
    return by_density(-0.5 * np.exp(-np.abs(x - loc) / scale) / scale, x, loc, scale)


@elementwise("scipy.stats.laplace.ppf", domain=((0.1, 0.4), (-0.5, 0.5), (0.7, 2)), wrt=LEVELLED)
def laplace_ppf(q, loc=0, scale=1, *, out):
    return by_level(np.minimum(q, 1.0 - q) / scale, out, loc, scale)


@elementwise("scipy.stats.cauchy.sf", domain=LINE, wrt=PLACED)
def cauchy_sf(x, loc=0, scale=1):
    d = x - loc
    return by_density(-0.3183098861837907 * scale / (scale * scale + d * d), x, loc, scale)


@elementwise("scipy.stats.cauchy.ppf", domain=LEVELS, wrt=LEVELLED)
def cauchy_ppf(q, loc=0, scale=1, *, out):
    z = (out - loc) / scale
    return 3.141592653589793 * scale * (1.0 + z * z), 1.0, z


@elementwise("scipy.stats.uniform.sf", support=BETWEEN, domain=((0.6, 0.65), (0, 0.5), (0.7, 2)), wrt=PLACED)
def uniform_sf(x, loc=0, scale=1):
    z = (x - loc) / scale
    return by_density(np.where((z >= 0.0) & (z <= 1.0), -1.0 / scale, 0.0), x, loc, scale)


@elementwise("scipy.stats.uniform.ppf", domain=LEVELS, wrt=LEVELLED)
def uniform_ppf(q, loc=0, scale=1):
    return scale, 1.0, q


@elementwise("scipy.stats.gamma.sf", support=FROM_LOC, domain=SHAPED_LINE, wrt=PLACED, notes="not by the shape a")
def gamma_sf(x, a, loc=0, scale=1):
    return by_density(-stats.gamma.pdf(x, a, loc, scale), x, loc, scale)


@elementwise("scipy.stats.gamma.logcdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=PLACED, notes="not by the shape a")
def gamma_logcdf(x, a, loc=0, scale=1, *, out):
    return by_density(np.exp(stats.gamma.logpdf(x, a, loc, scale) - out), x, loc, scale)


@elementwise("scipy.stats.gamma.logsf", support=FROM_LOC, domain=SHAPED_LINE, wrt=PLACED, notes="not by the shape a")
def gamma_logsf(x, a, loc=0, scale=1, *, out):
    return by_density(-np.exp(stats.gamma.logpdf(x, a, loc, scale) - out), x, loc, scale)


@elementwise("scipy.stats.gamma.ppf", domain=SHAPED_LEVELS, wrt=LEVELLED, notes="not by the shape a")
def gamma_ppf(q, a, loc=0, scale=1, *, out):
    return by_level(stats.gamma.pdf(out, a, loc, scale), out, loc, scale)


@elementwise("scipy.stats.chi2.sf", support=FROM_LOC, domain=SHAPED_LINE, wrt=PLACED, notes="not by df")
def chi2_sf(x, df, loc=0, scale=1):
    return by_density(-stats.chi2.pdf(x, df, loc, scale), x, loc, scale)


@elementwise("scipy.stats.chi2.ppf", domain=SHAPED_LEVELS, wrt=LEVELLED, notes="not by df")
def chi2_ppf(q, df, loc=0, scale=1, *, out):
    return by_level(stats.chi2.pdf(out, df, loc, scale), out, loc, scale)


@elementwise("scipy.stats.t.sf", domain=((-2, 2), (2, 5), (-0.5, 0.5), (0.7, 2)), wrt=PLACED, notes="not by df")
def t_sf(x, df, loc=0, scale=1):
    return by_density(-stats.t.pdf(x, df, loc, scale), x, loc, scale)


@elementwise("scipy.stats.t.ppf", domain=((0.1, 0.9), (2, 5), (-0.5, 0.5), (0.7, 2)), wrt=LEVELLED, notes="not by df")
def t_ppf(q, df, loc=0, scale=1, *, out):
    return by_level(stats.t.pdf(out, df, loc, scale), out, loc, scale)


@elementwise(
    "scipy.stats.beta.sf",
    support=BETWEEN,
    domain=((0.3, 0.6), (1.2, 3), (1.2, 3), (0, 0.1), (0.8, 2)),
    wrt=PLACED,
    notes="not by a, b",
)
def beta_sf(x, a, b, loc=0, scale=1):
    return by_density(-stats.beta.pdf(x, a, b, loc, scale), x, loc, scale)


@elementwise(
    "scipy.stats.beta.ppf",
    domain=((0.2, 0.8), (1.2, 3), (1.2, 3), (0, 0.1), (0.8, 2)),
    wrt=LEVELLED,
    notes="not by a, b",
)
def beta_ppf(q, a, b, loc=0, scale=1, *, out):
    return by_level(stats.beta.pdf(out, a, b, loc, scale), out, loc, scale)


@elementwise(
    "scipy.stats.lognorm.sf",
    support=ABOVE_LOC,
    domain=((1, 3), (0.5, 1.5), (0, 0.5), (0.7, 2)),
    wrt=("x", "s", "loc", "scale"),
)
def lognorm_sf(x, s, loc=0, scale=1):
    u = np.log((x - loc) / scale) / s
    density = 0.3989422804014327 * np.exp(-0.5 * u * u) / s
    return -density / (x - loc), density * u, density / (x - loc), density / scale


@elementwise(
    "scipy.stats.lognorm.ppf", domain=((0.1, 0.9), (0.5, 1.5), (0, 0.5), (0.7, 2)), wrt=("q", "s", "loc", "scale")
)
def lognorm_ppf(q, s, loc=0, scale=1, *, out):
    z = (out - loc) / scale
    u = np.log(z) / s
    return 2.5066282746310002 * (out - loc) * s * np.exp(0.5 * u * u), (out - loc) * u, 1.0, z


# ---- further families on the half line ----

WEIBULL = ("x", "c", "loc", "scale")


@elementwise("scipy.stats.weibull_min.logpdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=WEIBULL)
def weibull_min_logpdf(x, c, loc=0, scale=1):
    z = (x - loc) / scale
    power = z**c
    score = ((c - 1.0) / z - c * power / z) / scale
    return score, 1.0 / c + np.log(z) * (1.0 - power), -score, -(1.0 / scale + z * score)


@elementwise("scipy.stats.weibull_min.pdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=WEIBULL)
def weibull_min_pdf(x, c, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    power = z**c
    score = ((c - 1.0) / z - c * power / z) / scale
    by_shape = 1.0 / c + np.log(z) * (1.0 - power)
    return out * score, out * by_shape, -out * score, -out * (1.0 / scale + z * score)


@elementwise("scipy.stats.weibull_min.cdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=WEIBULL)
def weibull_min_cdf(x, c, loc=0, scale=1):
    z = (x - loc) / scale
    slope = np.exp(-(z**c)) * z**c
    return slope * c / (z * scale), slope * np.log(z), -slope * c / (z * scale), -slope * c / scale


@elementwise("scipy.stats.weibull_min.sf", support=FROM_LOC, domain=SHAPED_LINE, wrt=WEIBULL)
def weibull_min_sf(x, c, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    slope = -out * z**c
    return slope * c / (z * scale), slope * np.log(z), -slope * c / (z * scale), -slope * c / scale


@elementwise("scipy.stats.weibull_min.ppf", domain=SHAPED_LEVELS, wrt=("q", "c", "loc", "scale"))
def weibull_min_ppf(q, c, loc=0, scale=1, *, out):
    z = (out - loc) / scale
    rest = -np.log1p(-q)
    return scale * z / (c * rest * (1.0 - q)), -scale * z * np.log(rest) / (c * c), 1.0, z


@elementwise(
    "scipy.stats.pareto.logpdf",
    support=FROM_SCALE,
    domain=((3, 5), (1.5, 3), (0, 0.5), (0.7, 2)),
    wrt=("x", "b", "loc", "scale"),
)
def pareto_logpdf(x, b, loc=0, scale=1):
    z = (x - loc) / scale
    score = -(b + 1.0) / (x - loc)
    return score, 1.0 / b - np.log(z), -score, b / scale


@elementwise(
    "scipy.stats.pareto.pdf",
    support=FROM_SCALE,
    domain=((3, 5), (1.5, 3), (0, 0.5), (0.7, 2)),
    wrt=("x", "b", "loc", "scale"),
)
def pareto_pdf(x, b, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    score = -(b + 1.0) / (x - loc)
    return out * score, out * (1.0 / b - np.log(z)), -out * score, out * b / scale


@elementwise(
    "scipy.stats.pareto.cdf",
    support=FROM_SCALE,
    domain=((3, 5), (1.5, 3), (0, 0.5), (0.7, 2)),
    wrt=("x", "b", "loc", "scale"),
)
def pareto_cdf(x, b, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    rest = 1.0 - out
    return rest * b / (x - loc), rest * np.log(z), -rest * b / (x - loc), -rest * b / scale


@elementwise("scipy.stats.invgamma.logpdf", support=ABOVE_LOC, domain=SHAPED_LINE, wrt=("x", "a", "loc", "scale"))
def invgamma_logpdf(x, a, loc=0, scale=1):
    z = (x - loc) / scale
    score = (1.0 / z - a - 1.0) / (x - loc)
    return score, -np.log(z) - special.psi(a), -score, -(1.0 / scale + z * score)


@elementwise("scipy.stats.halfnorm.logpdf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def halfnorm_logpdf(x, loc=0, scale=1):
    return by_score(-(x - loc) / (scale * scale), x, loc, scale)


@elementwise("scipy.stats.halfnorm.pdf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def halfnorm_pdf(x, loc=0, scale=1, *, out):
    return by_scaled_score(out, -(x - loc) / (scale * scale), x, loc, scale)


@elementwise("scipy.stats.rayleigh.logpdf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def rayleigh_logpdf(x, loc=0, scale=1):
    return by_score(1.0 / (x - loc) - (x - loc) / (scale * scale), x, loc, scale)


@elementwise("scipy.stats.rayleigh.pdf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def rayleigh_pdf(x, loc=0, scale=1, *, out):
    return by_scaled_score(out, 1.0 / (x - loc) - (x - loc) / (scale * scale), x, loc, scale)


@elementwise("scipy.stats.gumbel_r.logpdf", domain=LINE, wrt=PLACED)
def gumbel_r_logpdf(x, loc=0, scale=1):
    return by_score(np.expm1(-(x - loc) / scale) / scale, x, loc, scale)


@elementwise("scipy.stats.gumbel_r.pdf", domain=LINE, wrt=PLACED)
def gumbel_r_pdf(x, loc=0, scale=1, *, out):
    return by_scaled_score(out, np.expm1(-(x - loc) / scale) / scale, x, loc, scale)


@elementwise("scipy.stats.gumbel_r.cdf", domain=LINE, wrt=PLACED)
def gumbel_r_cdf(x, loc=0, scale=1, *, out):
    return by_density(out * np.exp(-(x - loc) / scale) / scale, x, loc, scale)


# ---- counts ----


@elementwise("scipy.stats.geom.logpmf", support=TRIALS, domain=((3, 3), (0.2, 0.8)), wrt=("p",))
def geom_logpmf(k, p):
    return 1.0 / p - (k - 1.0) / (1.0 - p)


@elementwise("scipy.stats.geom.pmf", support=TRIALS, domain=((3, 3), (0.2, 0.8)), wrt=("p",))
def geom_pmf(k, p, out):
    return out * (1.0 / p - (k - 1.0) / (1.0 - p))


@elementwise("scipy.stats.nbinom.logpmf", support=COUNTS, domain=((3, 3), (1.5, 4), (0.2, 0.8)), wrt=("n", "p"))
def nbinom_logpmf(k, n, p):
    return special.psi(k + n) - special.psi(n) + np.log(p), n / p - k / (1.0 - p)


@elementwise("scipy.stats.nbinom.pmf", support=COUNTS, domain=((3, 3), (1.5, 4), (0.2, 0.8)), wrt=("n", "p"))
def nbinom_pmf(k, n, p, out):
    return out * (special.psi(k + n) - special.psi(n) + np.log(p)), out * (n / p - k / (1.0 - p))


# ---- several numbers at once ----


def clouds(r):
    return [at(r(3), r(3), r.spd(3)), at(r(4, 2), r(2), r.spd(2))]


@pullback("scipy.stats.multivariate_normal.logpdf", wrt=("x", "mean", "cov"), examples=clouds)
def multivariate_normal_logpdf_bar(x, mean, cov, *, out_bar):
    d = np.reshape(x - mean, (-1, mean.size))
    solved = np.linalg.solve(cov, d.T).T
    g = np.reshape(out_bar, (-1, 1))
    x_bar = -np.reshape(g * solved, np.shape(x))
    both = (g * solved).T @ solved - np.sum(g) * np.linalg.inv(cov)
    return x_bar, -x_bar, np.tril(both) - 0.5 * np.diag(np.diag(both))  # SciPy reads the lower triangle


@pushforward("scipy.stats.multivariate_normal.logpdf", wrt=("x", "mean", "cov"))
def multivariate_normal_logpdf_dot(x, mean, cov, *, out, x_dot, mean_dot, cov_dot):
    solved = np.reshape(np.linalg.solve(cov, np.reshape(x - mean, (-1, mean.size)).T).T, np.shape(x))
    moved = np.sum(solved * mean_dot, axis=-1) - np.sum(solved * x_dot, axis=-1)
    if known(cov_dot):
        return moved
    moves = mirrored_lower(cov_dot)
    by_cov = np.sum((solved @ moves) * solved, axis=-1) - np.sum(np.linalg.inv(cov) * moves)
    return moved + 0.5 * by_cov


@expansion("scipy.stats.multivariate_normal.pdf", wrt=("x", "mean", "cov"), examples=clouds)
def multivariate_normal_pdf(x, mean, cov):
    return np.exp(stats.multivariate_normal.logpdf(x, mean, cov))
