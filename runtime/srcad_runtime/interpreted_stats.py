"""Functions of `scipy.stats` that compiled code calls back into Python for: see `interpreted`."""

from __future__ import annotations

from typing import Any

from srcad_runtime.interpreted import LIKE, register

FUNCTIONS = """
scipy.stats.bernoulli.logpmf(k, p)
scipy.stats.bernoulli.pmf(k, p)
scipy.stats.beta.ppf(q, a, b, loc=0, scale=1)
scipy.stats.beta.sf(x, a, b, loc=0, scale=1)
scipy.stats.binom.logpmf(k, n, p)
scipy.stats.binom.pmf(k, n, p)
scipy.stats.cauchy.ppf(q, loc=0, scale=1)
scipy.stats.cauchy.sf(x, loc=0, scale=1)
scipy.stats.chi2.ppf(q, df, loc=0, scale=1)
scipy.stats.chi2.sf(x, df, loc=0, scale=1)
scipy.stats.expon.logcdf(x, loc=0, scale=1)
scipy.stats.expon.logsf(x, loc=0, scale=1)
scipy.stats.expon.ppf(q, loc=0, scale=1)
scipy.stats.gamma.logcdf(x, a, loc=0, scale=1)
scipy.stats.gamma.logsf(x, a, loc=0, scale=1)
scipy.stats.gamma.ppf(q, a, loc=0, scale=1)
scipy.stats.gamma.sf(x, a, loc=0, scale=1)
scipy.stats.geom.logpmf(k, p)
scipy.stats.geom.pmf(k, p)
scipy.stats.gumbel_r.cdf(x, loc=0, scale=1)
scipy.stats.gumbel_r.logpdf(x, loc=0, scale=1)
scipy.stats.gumbel_r.pdf(x, loc=0, scale=1)
scipy.stats.halfnorm.logpdf(x, loc=0, scale=1)
scipy.stats.halfnorm.pdf(x, loc=0, scale=1)
scipy.stats.invgamma.logpdf(x, a, loc=0, scale=1)
scipy.stats.laplace.ppf(q, loc=0, scale=1)
scipy.stats.laplace.sf(x, loc=0, scale=1)
scipy.stats.logistic.logcdf(x, loc=0, scale=1)
scipy.stats.logistic.logsf(x, loc=0, scale=1)
scipy.stats.logistic.ppf(q, loc=0, scale=1)
scipy.stats.logistic.sf(x, loc=0, scale=1)
scipy.stats.lognorm.ppf(q, s, loc=0, scale=1)
scipy.stats.lognorm.sf(x, s, loc=0, scale=1)
scipy.stats.multivariate_normal.logpdf(x, mean, cov)
scipy.stats.nbinom.logpmf(k, n, p)
scipy.stats.nbinom.pmf(k, n, p)
scipy.stats.norm.isf(q, loc=0, scale=1)
scipy.stats.pareto.cdf(x, b, loc=0, scale=1)
scipy.stats.pareto.logpdf(x, b, loc=0, scale=1)
scipy.stats.pareto.pdf(x, b, loc=0, scale=1)
scipy.stats.rayleigh.logpdf(x, loc=0, scale=1)
scipy.stats.rayleigh.pdf(x, loc=0, scale=1)
scipy.stats.t.ppf(q, df, loc=0, scale=1)
scipy.stats.t.sf(x, df, loc=0, scale=1)
scipy.stats.uniform.ppf(q, loc=0, scale=1)
scipy.stats.uniform.sf(x, loc=0, scale=1)
scipy.stats.weibull_min.cdf(x, c, loc=0, scale=1)
scipy.stats.weibull_min.logpdf(x, c, loc=0, scale=1)
scipy.stats.weibull_min.pdf(x, c, loc=0, scale=1)
scipy.stats.weibull_min.ppf(q, c, loc=0, scale=1)
scipy.stats.weibull_min.sf(x, c, loc=0, scale=1)
"""

LIKE["scipy_stats_multivariate_normal_logpdf"] = (("x", "mean", "cov"), ("x",))

WRAPPERS = register(FUNCTIONS, __name__)


def __getattr__(name: str) -> Any:
    if name in WRAPPERS:
        return WRAPPERS[name]
    raise AttributeError(name)
