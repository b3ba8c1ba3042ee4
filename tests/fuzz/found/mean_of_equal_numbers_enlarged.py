"""A variance of equal numbers, whose rounding fifteen factors enlarge: its second derivative is no test."""

import dataclasses
from typing import NamedTuple

import numpy as np


@dataclasses.dataclass
class Pair:
    first: float
    second: np.ndarray


class Duo(NamedTuple):
    left: float
    right: np.ndarray


def f(x, y, steps):
    x = np.repeat(x[1], 3)
    s1 = 0.7
    for i2 in range(2, -1, -1):
        x += np.mean(y, axis=-1, keepdims=True)
    y[1] += 0.7
    s4 = x[(2 * steps + 1) % 3]
    y[[2, 1, 1, 0, 0]] = np.zeros(5) / (1.5 + s4**2)
    e5 = list(y)[0]
    y[-3] += np.var(x)
    for e7 in reversed(y):
        try:
            for i9 in range(steps, 5):
                x += s4
                y[:][:] *= e7 - x[:]
                x[i9::2] += np.inner(y, x)
        finally:
            x[:steps] = np.arctan(e7)
    c10 = (Pair(y[-1], np.where(y < -0.226, x, s4)), Pair(s4, np.minimum(y[-3], np.full(5, x[0]))))
    return 0.5 * np.sum(x) + 0.5 * s4 + 1.1 * c10[1].first + 0.4 * np.sum(c10[1].second * c10[1].second)


ARGS = (
    np.array([1.4781, 0.4021, 0.2894]),
    np.array([0.6499, 0.0525, 0.0624]),
    0,
)
ARGNUMS = (0, 1)
