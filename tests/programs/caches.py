"""Functions below functools.lru_cache that give the same without it."""

import functools
import math
from functools import cache, lru_cache

import numpy as np

from tests.programs.registry import program

HEIGHTS = np.array([1.0, 2.0, 5.0])


def number(rng):
    return (rng.uniform(0.5, 1.5),)


@lru_cache(maxsize=None)
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


@cache
def legendre(n, x):
    if n == 0:
        return 1.0
    if n == 1:
        return x
    return ((2 * n - 1) * x * legendre(n - 1, x) - (n - 1) * legendre(n - 2, x)) / n


@lru_cache
def nodes(n):
    return np.polynomial.legendre.leggauss(n)


@lru_cache
def squares(n):
    table = np.zeros(n)
    for k in range(n):
        table[k] = k * k
    return table


@lru_cache
def halves(n):
    return [k / 2.0 for k in range(n)]


@lru_cache
def scaled(k, v):
    return HEIGHTS[k] * math.sin(v)


@program(number)
def recursions_with_a_cache(x):
    return legendre(5, x) * fibonacci(8) + sum(legendre(k, x) for k in range(4)) + scaled(1, x) * scaled(2, x * x)


@program(number, backends=("numpy",))
def tables_that_are_only_read(x):
    places, weights = nodes(4)
    return np.sum(weights * np.exp(places * x)) + np.sum(squares(4) * x) * x + sum(halves(3)) * x**3


@program(number, backends=("numpy",))
def tables_that_are_read_beside_writes(x):
    places, weights = nodes(4)
    y = np.zeros(4)
    y[0] = x
    for i in range(4):
        y[i] += weights[i] * x
    y[1:] *= places[1:]
    z = squares(4) * 1.0
    z[2] = x * x
    return np.sum(y * z)


@program(number)
def nested_function_with_a_cache(x):
    @functools.lru_cache(maxsize=None)
    def power(k):
        return 1.0 if k == 0 else x * power(k - 1)

    return power(5) + power(3) * power(5)


@program(number)
@lru_cache
def outermost_function_with_a_cache(x):
    return x * x * legendre(3, x)
