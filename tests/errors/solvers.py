"""Solvers of SciPy's, asked for more than is known of what they found."""

import numpy as np
from scipy import integrate, optimize

import srcad
from tests.errors.registry import refused


def number():
    return (2.0,)


def curvature(fn, args):
    return srcad.hessian(fn, backend="numpy")(*args)


@refused(number, curvature)
def second_derivative_of_a_root(t):
    return optimize.brentq(lambda x: x**3 - t, 0.0, 5.0)


@refused(number, curvature)
def second_derivative_of_a_least_value(t):
    return optimize.minimize(lambda x: (x[0] - t) ** 4 + x[0] ** 2, np.zeros(1)).fun


@refused(number, curvature)
def second_derivative_of_an_integral(t):
    return integrate.quad(lambda x: np.exp(-t * x * x), 0.0, 1.0)[0]


@refused(number)
def minimum_within_bounds(t):
    return optimize.minimize(lambda x: (x[0] - t) ** 2, np.zeros(1), method="Powell", bounds=[(0.0, 1.0)]).x[0]


@refused(number)
def roots_from_many_starts(t):
    return np.sum(optimize.newton(lambda x: x**2 - t, np.ones(3)))


@refused(number)
def full_output_of_a_root(t):
    return optimize.brentq(lambda x: x**3 - t, 0.0, 5.0, full_output=True)[0]
