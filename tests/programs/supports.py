"""Likelihoods of which an observation lies outside of a distribution's support."""

import numpy as np
from scipy import stats

from tests.programs.registry import program


@program(args=lambda rng: (np.array([-1.0, 0.5, 2.0]), 0.5, 0.1, 1.2), argnums=(0, 1, 2, 3))
def density_beyond(x, s, loc, scale):
    return np.sum(stats.lognorm.pdf(x, s, loc, scale) * (1.0 + x))


@program(args=lambda rng: (-1.0, 2.0, 0.7), argnums=(0, 1, 2))
def survival_before_start(t, scale, x):
    return stats.expon.sf(t, scale=scale) * x + stats.expon.logsf(t, 0.0, scale) + stats.weibull_min.cdf(t, x)


@program(args=lambda rng: (np.array([0.5, 3.0]), 1.7, np.array([0.2, 1.5, -0.5]), 2.5), argnums=(0, 1, 2, 3))
def tails_and_intervals(x, b, y, a):
    return np.sum(stats.pareto.cdf(x, b)) + np.sum(stats.beta.cdf(y, a, 2.0) + stats.beta.pdf(y, a, 2.0, scale=1.1))


@program(args=lambda rng: (np.array([1.0, 2.5, -1.0]), 1.3, 0.4), argnums=(1, 2))
def counts_between(k, mu, q):
    return np.sum(stats.poisson.cdf(k, mu)) + stats.bernoulli.pmf(2, q) + np.sum(stats.geom.pmf(k, q) * k)
