"""`scipy.stats`: densities and distribution functions, by their argument and their parameters."""

from __future__ import annotations

import numpy as np
from scipy import special, stats
from srcad_runtime import arrays

from srcad.rules.registry import elementwise
from srcad.rules.special_families import student_by_df
from srcad.rules.supports import ABOVE_LOC, BETWEEN, COUNTS, FROM_LOC, OUTCOMES, SUCCESSES

PLACED = ("x", "loc", "scale")
LINE = ((-2, 2), (-0.5, 0.5), (0.7, 2))
HALF_LINE = ((1, 3), (0, 0.5), (0.7, 2))
SHAPED = ("x", "a", "loc", "scale")
SHAPED_LINE = ((1, 3), (1.5, 3), (0, 0.5), (0.7, 2))


# With z = (x - loc) / scale, a density's score s = d log p / dx gives all three derivatives of the density, and the
# density itself those of the distribution function.


def by_score(score, x, loc, scale):
    """Derivatives of a log density by x, loc and scale."""
    return score, -score, -(1.0 + (x - loc) * score) / scale


def by_scaled_score(out, score, x, loc, scale):
    """Derivatives of a density by x, loc and scale."""
    return out * score, -out * score, -out * (1.0 + (x - loc) * score) / scale


def by_density(density, x, loc, scale):
    """Derivatives of a distribution function by x, loc and scale."""
    return density, -density, -density * (x - loc) / scale


# ---- normal ----


@elementwise("scipy.stats.norm.logpdf", domain=LINE, wrt=PLACED)
def norm_logpdf(x, loc=0, scale=1):
    z = (x - loc) / scale
    return -z / scale, z / scale, (z * z - 1.0) / scale


@elementwise("scipy.stats.norm.pdf", domain=LINE, wrt=PLACED)
def norm_pdf(x, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    return -out * z / scale, out * z / scale, out * (z * z - 1.0) / scale


@elementwise("scipy.stats.norm.cdf", domain=LINE, wrt=PLACED)
def norm_cdf(x, loc=0, scale=1):
    z = (x - loc) / scale
    density = 0.3989422804014327 * np.exp(-0.5 * z * z) / scale
    return density, -density, -density * z


@elementwise("scipy.stats.norm.sf", domain=LINE, wrt=PLACED)
def norm_sf(x, loc=0, scale=1):
    z = (x - loc) / scale
    density = 0.3989422804014327 * np.exp(-0.5 * z * z) / scale
    return -density, density, density * z


@elementwise("scipy.stats.norm.logcdf", domain=LINE, wrt=PLACED)
def norm_logcdf(x, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    hazard = 0.3989422804014327 * np.exp(-0.5 * z * z - out) / scale
    return hazard, -hazard, -hazard * z


@elementwise("scipy.stats.norm.logsf", domain=LINE, wrt=PLACED)
def norm_logsf(x, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    hazard = 0.3989422804014327 * np.exp(-0.5 * z * z - out) / scale
    return -hazard, hazard, hazard * z


@elementwise("scipy.stats.norm.ppf", domain=((0.1, 0.9), (-0.5, 0.5), (0.7, 2)), wrt=("q", "loc", "scale"))
def norm_ppf(q, loc=0, scale=1, *, out):
    z = (out - loc) / scale
    return 2.5066282746310002 * scale * np.exp(0.5 * z * z), 1.0, z


# ---- exponential, Laplace, logistic, Cauchy, uniform ----


@elementwise("scipy.stats.expon.logpdf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def expon_logpdf(x, loc=0, scale=1):
    return -1.0 / scale, 1.0 / scale, ((x - loc) / scale - 1.0) / scale


@elementwise("scipy.stats.expon.pdf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def expon_pdf(x, loc=0, scale=1, *, out):
    return -out / scale, out / scale, out * ((x - loc) / scale - 1.0) / scale


@elementwise("scipy.stats.expon.cdf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def expon_cdf(x, loc=0, scale=1, *, out):
    return by_density((1.0 - out) / scale, x, loc, scale)


@elementwise("scipy.stats.expon.sf", support=FROM_LOC, domain=HALF_LINE, wrt=PLACED)
def expon_sf(x, loc=0, scale=1, *, out):
    return by_density(-out / scale, x, loc, scale)


@elementwise("scipy.stats.laplace.logpdf", domain=LINE, wrt=PLACED)
def laplace_logpdf(x, loc=0, scale=1):
    return by_score(-np.sign(x - loc) / scale, x, loc, scale)


@elementwise("scipy.stats.laplace.pdf", domain=LINE, wrt=PLACED)
def laplace_pdf(x, loc=0, scale=1, *, out):
    return by_scaled_score(out, -np.sign(x - loc) / scale, x, loc, scale)


@elementwise("scipy.stats.laplace.cdf", domain=LINE, wrt=PLACED)
def laplace_cdf(x, loc=0, scale=1):
    return by_density(0.5 * np.exp(-np.abs(x - loc) / scale) / scale, x, loc, scale)


@elementwise("scipy.stats.logistic.logpdf", domain=LINE, wrt=PLACED)
def logistic_logpdf(x, loc=0, scale=1):
    return by_score(-np.tanh(0.5 * (x - loc) / scale) / scale, x, loc, scale)


@elementwise("scipy.stats.logistic.pdf", domain=LINE, wrt=PLACED)
def logistic_pdf(x, loc=0, scale=1, *, out):
    return by_scaled_score(out, -np.tanh(0.5 * (x - loc) / scale) / scale, x, loc, scale)


@elementwise("scipy.stats.logistic.cdf", domain=LINE, wrt=PLACED)
def logistic_cdf(x, loc=0, scale=1, *, out):
    return by_density(out * (1.0 - out) / scale, x, loc, scale)


@elementwise("scipy.stats.cauchy.logpdf", domain=LINE, wrt=PLACED)
def cauchy_logpdf(x, loc=0, scale=1):
    d = x - loc
    return by_score(-2.0 * d / (scale * scale + d * d), x, loc, scale)


@elementwise("scipy.stats.cauchy.pdf", domain=LINE, wrt=PLACED)
def cauchy_pdf(x, loc=0, scale=1, *, out):
    d = x - loc
    return by_scaled_score(out, -2.0 * d / (scale * scale + d * d), x, loc, scale)


@elementwise("scipy.stats.cauchy.cdf", domain=LINE, wrt=PLACED)
def cauchy_cdf(x, loc=0, scale=1):
    d = x - loc
    return by_density(0.3183098861837907 * scale / (scale * scale + d * d), x, loc, scale)


@elementwise("scipy.stats.uniform.logpdf", support=BETWEEN, domain=((0.6, 0.65), (0, 0.5), (0.7, 2)), wrt=PLACED)
def uniform_logpdf(x, loc=0, scale=1):
    return 0.0, 0.0, -1.0 / scale


@elementwise("scipy.stats.uniform.pdf", support=BETWEEN, domain=((0.6, 0.65), (0, 0.5), (0.7, 2)), wrt=PLACED)
def uniform_pdf(x, loc=0, scale=1, *, out):
    return 0.0, 0.0, -out / scale


@elementwise("scipy.stats.uniform.cdf", support=BETWEEN, domain=((0.6, 0.65), (0, 0.5), (0.7, 2)), wrt=PLACED)
def uniform_cdf(x, loc=0, scale=1):
    z = (x - loc) / scale
    return by_density(np.where((z >= 0.0) & (z <= 1.0), 1.0 / scale, 0.0), x, loc, scale)


# ---- gamma, chi-squared, beta, Student, log-normal ----


@elementwise("scipy.stats.gamma.logpdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=SHAPED)
def gamma_logpdf(x, a, loc=0, scale=1):
    z = (x - loc) / scale
    score = ((a - 1.0) / z - 1.0) / scale
    return score, np.log(z) - special.psi(a), -score, (z - a) / scale


@elementwise("scipy.stats.gamma.pdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=SHAPED)
def gamma_pdf(x, a, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    score = ((a - 1.0) / z - 1.0) / scale
    return out * score, out * (np.log(z) - special.psi(a)), -out * score, out * (z - a) / scale


@elementwise("scipy.stats.gamma.cdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=SHAPED)
def gamma_cdf(x, a, loc=0, scale=1):
    by_x, by_loc, by_scale = by_density(stats.gamma.pdf(x, a, loc, scale), x, loc, scale)
    return by_x, arrays.gammainc_by_a(a, (x - loc) / scale), by_loc, by_scale


@elementwise("scipy.stats.chi2.logpdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=("x", "df", "loc", "scale"))
def chi2_logpdf(x, df, loc=0, scale=1):
    z = (x - loc) / scale
    score = ((0.5 * df - 1.0) / z - 0.5) / scale
    return score, 0.5 * (np.log(0.5 * z) - special.psi(0.5 * df)), -score, 0.5 * (z - df) / scale


@elementwise("scipy.stats.chi2.pdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=("x", "df", "loc", "scale"))
def chi2_pdf(x, df, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    score = ((0.5 * df - 1.0) / z - 0.5) / scale
    by_df = 0.5 * out * (np.log(0.5 * z) - special.psi(0.5 * df))
    return out * score, by_df, -out * score, 0.5 * out * (z - df) / scale


@elementwise("scipy.stats.chi2.cdf", support=FROM_LOC, domain=SHAPED_LINE, wrt=("x", "df", "loc", "scale"))
def chi2_cdf(x, df, loc=0, scale=1):
    by_x, by_loc, by_scale = by_density(stats.chi2.pdf(x, df, loc, scale), x, loc, scale)
    return by_x, 0.5 * arrays.gammainc_by_a(0.5 * df, 0.5 * (x - loc) / scale), by_loc, by_scale


UNIT = ((0.3, 0.6), (1.2, 3), (1.2, 3), (0, 0.1), (0.8, 2))


@elementwise("scipy.stats.beta.logpdf", support=BETWEEN, domain=UNIT, wrt=("x", "a", "b", "loc", "scale"))
def beta_logpdf(x, a, b, loc=0, scale=1):
    z = (x - loc) / scale
    score = ((a - 1.0) / z - (b - 1.0) / (1.0 - z)) / scale
    both = special.psi(a + b)
    by_a, by_b = np.log(z) - special.psi(a) + both, np.log1p(-z) - special.psi(b) + both
    return score, by_a, by_b, -score, -(1.0 / scale + z * score)


@elementwise("scipy.stats.beta.pdf", support=BETWEEN, domain=UNIT, wrt=("x", "a", "b", "loc", "scale"))
def beta_pdf(x, a, b, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    score = ((a - 1.0) / z - (b - 1.0) / (1.0 - z)) / scale
    both = special.psi(a + b)
    by_a, by_b = np.log(z) - special.psi(a) + both, np.log1p(-z) - special.psi(b) + both
    return out * score, out * by_a, out * by_b, -out * score, -out * (1.0 / scale + z * score)


@elementwise("scipy.stats.beta.cdf", support=BETWEEN, domain=UNIT, wrt=("x", "a", "b", "loc", "scale"))
def beta_cdf(x, a, b, loc=0, scale=1):
    z = (x - loc) / scale
    by_x, by_loc, by_scale = by_density(stats.beta.pdf(x, a, b, loc, scale), x, loc, scale)
    return by_x, arrays.betainc_by_a(a, b, z), -arrays.betainc_by_a(b, a, 1.0 - z), by_loc, by_scale


STUDENT = ((-2, 2), (2, 5), (-0.5, 0.5), (0.7, 2))


@elementwise("scipy.stats.t.logpdf", domain=STUDENT, wrt=("x", "df", "loc", "scale"))
def t_logpdf(x, df, loc=0, scale=1):
    z = (x - loc) / scale
    score = -(df + 1.0) * z / (df + z * z) / scale
    by_df = special.psi(0.5 * (df + 1.0)) - special.psi(0.5 * df) - np.log1p(z * z / df)
    return score, 0.5 * (by_df + (z * z - 1.0) / (df + z * z)), -score, -(1.0 / scale + z * score)


@elementwise("scipy.stats.t.pdf", domain=STUDENT, wrt=("x", "df", "loc", "scale"))
def t_pdf(x, df, loc=0, scale=1, *, out):
    z = (x - loc) / scale
    score = -(df + 1.0) * z / (df + z * z) / scale
    by_df = special.psi(0.5 * (df + 1.0)) - special.psi(0.5 * df) - np.log1p(z * z / df)
    by_df = 0.5 * out * (by_df + (z * z - 1.0) / (df + z * z))
    return out * score, by_df, -out * score, -out * (1.0 / scale + z * score)


@elementwise("scipy.stats.t.cdf", domain=STUDENT, wrt=("x", "df", "loc", "scale"))
def t_cdf(x, df, loc=0, scale=1):
    by_x, by_loc, by_scale = by_density(stats.t.pdf(x, df, loc, scale), x, loc, scale)
    return by_x, student_by_df((x - loc) / scale, df), by_loc, by_scale


@elementwise(
    "scipy.stats.lognorm.logpdf",
    support=ABOVE_LOC,
    domain=((1, 3), (0.5, 1.5), (0, 0.5), (0.7, 2)),
    wrt=("x", "s", "loc", "scale"),
)
def lognorm_logpdf(x, s, loc=0, scale=1):
    d = x - loc
    u = np.log(d / scale) / s
    score = -(1.0 + u / s) / d
    return score, (u * u - 1.0) / s, -score, u / (s * scale)


@elementwise(
    "scipy.stats.lognorm.pdf",
    support=ABOVE_LOC,
    domain=((1, 3), (0.5, 1.5), (0, 0.5), (0.7, 2)),
    wrt=("x", "s", "loc", "scale"),
)
def lognorm_pdf(x, s, loc=0, scale=1, *, out):
    d = x - loc
    u = np.log(d / scale) / s
    score = -(1.0 + u / s) / d
    return out * score, out * (u * u - 1.0) / s, -out * score, out * u / (s * scale)


@elementwise(
    "scipy.stats.lognorm.cdf",
    support=ABOVE_LOC,
    domain=((1, 3), (0.5, 1.5), (0, 0.5), (0.7, 2)),
    wrt=("x", "s", "loc", "scale"),
)
def lognorm_cdf(x, s, loc=0, scale=1):
    u = np.log((x - loc) / scale) / s
    density = 0.3989422804014327 * np.exp(-0.5 * u * u) / s
    return density / (x - loc), -density * u, -density / (x - loc), -density / scale


# ---- counts ----


@elementwise("scipy.stats.poisson.logpmf", support=COUNTS, domain=((3, 3), (1, 4)), wrt=("mu",))
def poisson_logpmf(k, mu):
    return k / mu - 1.0


@elementwise("scipy.stats.poisson.pmf", support=COUNTS, domain=((3, 3), (1, 4)), wrt=("mu",))
def poisson_pmf(k, mu, out):
    return out * (k / mu - 1.0)


@elementwise("scipy.stats.poisson.cdf", domain=((3, 3), (1, 4)), wrt=("mu",))
def poisson_cdf(k, mu):
    return -stats.poisson.pmf(np.floor(k), mu)


@elementwise("scipy.stats.binom.logpmf", support=SUCCESSES, domain=((2, 2), (5, 5), (0.2, 0.8)), wrt=("p",))
def binom_logpmf(k, n, p):
    return k / p - (n - k) / (1.0 - p)


@elementwise("scipy.stats.binom.pmf", support=SUCCESSES, domain=((2, 2), (5, 5), (0.2, 0.8)), wrt=("p",))
def binom_pmf(k, n, p, out):
    return out * (k / p - (n - k) / (1.0 - p))


@elementwise("scipy.stats.bernoulli.logpmf", support=OUTCOMES, domain=((1, 1), (0.2, 0.8)), wrt=("p",))
def bernoulli_logpmf(k, p):
    return k / p - (1.0 - k) / (1.0 - p)


@elementwise("scipy.stats.bernoulli.pmf", support=OUTCOMES, domain=((1, 1), (0.2, 0.8)), wrt=("p",))
def bernoulli_pmf(k, p):
    return 2.0 * k - 1.0
