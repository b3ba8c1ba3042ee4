"""Random draws moved by their parameters: with the generator's randomness held fixed, ``normal(mu, sigma)`` is
``mu + sigma * z`` (pathwise derivatives).

A draw is an effect: it is made once, in the forward sweep, and the rules use its value `out`. Draws by rejection
(gamma, beta, binomial, ...) are not smooth in their parameters for a fixed stream of randomness, and have no rule.
"""

from __future__ import annotations

import numpy as np

from srcad.rules.registry import constant, elementwise, fixed


def draws(name):
    """The paths under which a draw is called: of a generator, of the old global state, of an old state object."""
    return f"numpy.random.Generator.{name}", f"numpy.random.{name}", f"numpy.random.RandomState.{name}"


PLACED = ((-1, 1), (0.5, 2))


@elementwise(*draws("normal"), wrt=("loc", "scale"), domain=PLACED)
@elementwise(*draws("laplace"), wrt=("loc", "scale"), domain=PLACED)
@elementwise(*draws("logistic"), wrt=("loc", "scale"), domain=PLACED)
@elementwise(*draws("gumbel"), wrt=("loc", "scale"), domain=PLACED)
def placed(loc=0.0, scale=1.0, size=None, *, out):
    return 1.0, (out - loc) / scale


@elementwise(*draws("uniform"), wrt=("low", "high"), domain=((-1, 0), (1, 2)))
def uniform(low=0.0, high=1.0, size=None, *, out):
    t = (out - low) / (high - low)
    return 1.0 - t, t


@elementwise(*draws("exponential"), wrt=("scale",), domain=((0.5, 2),))
@elementwise(*draws("rayleigh"), wrt=("scale",), domain=((0.5, 2),))
def scaled(scale=1.0, size=None, *, out):
    return out / scale


@elementwise(*draws("gamma"), wrt=("scale",), domain=((2, 2), (0.5, 2)), notes="not by the shape")
def gamma(shape, scale=1.0, size=None, *, out):
    return out / scale


@elementwise(*draws("lognormal"), wrt=("mean", "sigma"), domain=PLACED)
def lognormal(mean=0.0, sigma=1.0, size=None, *, out):
    return out, out * (np.log(out) - mean) / sigma


@elementwise(*draws("weibull"), *draws("power"), wrt=("a",), domain=((0.7, 3),))
def powered(a, size=None, *, out):
    return -out * np.log(out) / a


@elementwise(*draws("pareto"), wrt=("a",), domain=((1.5, 3),))
def pareto(a, size=None, *, out):
    return -(1.0 + out) * np.log1p(out) / a


constant(
    *draws("standard_normal"),
    *draws("standard_exponential"),
    "numpy.random.Generator.random",
    "numpy.random.random",
    "numpy.random.random_sample",
)
constant("numpy.random.Generator.integers", "numpy.random.randint", "numpy.random.rand", "numpy.random.randn")
constant(*(f"numpy.random.RandomState.{name}" for name in ("random", "random_sample", "randint", "rand", "randn")))
constant("numpy.random.default_rng", "numpy.random.seed")


# ---- draws that do not follow their parameters: constants, where these are ----

REJECTED = "beta binomial chisquare geometric multinomial negative_binomial poisson standard_cauchy "
REJECTED += "standard_gamma standard_t triangular vonmises wald dirichlet multivariate_normal"
for _name in REJECTED.split():
    fixed(
        *draws(_name), hint="Draw with constant parameters, or move standard draws: mu + sigma * rng.standard_normal()."
    )
for _name in ("choice", "permutation"):
    fixed(*draws(_name), hint="Draw places, and read them: x[rng.permutation(len(x))].")
