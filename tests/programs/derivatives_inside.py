"""Programs that differentiate other functions: what these loop over, yield and keep is theirs."""

import numpy as np

import srcad
from tests.programs.registry import program


def vector(rng):
    return (rng.uniform(0.3, 1.2, 5),)


def until_large(x):
    total = 0.0
    i = 0
    while i < len(x) and total < 2.0:
        total = total + x[i] * x[i] * (1.0 + total)
        i += 1
    return total


@program(vector)
def descent_of_a_while(x):
    for _ in range(2):
        x = x - 0.05 * srcad.grad(until_large, backend="numpy")(x)
    return until_large(x)


@program(vector)
def descent_of_a_while_in_two_loops(x):
    s = 0.0
    for _ in range(2):
        for _ in range(2):
            x = x - 0.05 * srcad.grad(until_large, backend="numpy")(x)
        s = s + until_large(x)
    return s


def links(x, length):
    for k in range(length):
        yield x[0] * k + x[k]


def chained(x):
    total = 0.0
    for link in links(x, 4):
        total = total + link * link * x[1]
    return total


@program(vector)
def curvature_and_slope_of_a_generator(x):
    for _ in range(2):
        curvature = srcad.hessian(chained, backend="numpy")(x)
        x = x - 0.01 * (curvature @ srcad.grad(chained, backend="numpy")(x))
    return chained(x)


def windows(x):
    total = 0.0
    for k in range(1, 4):
        part = np.empty(k)
        for j in range(k):
            part[j] = x[j] * x[k]
        total = total + np.sum(part * part) * total + np.sum(part)
    return total


@program(vector)
def arrays_that_grow(x):
    for _ in range(2):
        x = x - 0.01 * srcad.grad(windows, backend="numpy")(x)
    return windows(x)
