"""What is written where a mask is true and depends on all that the mask chooses: no element of it has its own place."""

import numpy as np
from scipy.special import boxcox

from tests.programs.registry import program


def _pair(rng):
    """Numbers of which the mask ``x > 0`` chooses four, and not those in the middle."""
    x = np.array([0.53, -1.21, 0.83, 2.04, -0.35, 1.12])
    return x + 0.1 * rng.normal(size=6), np.array([0.71, 0.24, -0.62, 1.43, 0.94, -1.31]) + 0.1 * rng.normal(size=6)


@program(args=_pair, argnums=(0, 1))
def centred(x, y):
    m = x > 0
    x[m] = y[m] - np.mean(y[m])
    return np.sum(x**2 * np.arange(1.0, 7.0))


@program(args=_pair, argnums=(0, 1))
def normalised(x, y):
    m = x > 0
    x[m] = np.exp(y[m]) / np.exp(y[m]).sum()
    return np.sum(x**2 * np.arange(1.0, 7.0))


@program(args=_pair, argnums=(0, 1))
def added_shares(x, y):
    m = x > 0
    x[m] += y[m] / np.sum(y[m])
    return np.sum(x**2 * np.arange(1.0, 7.0))


@program(args=_pair, argnums=(0, 1))
def cumulated(x, y):
    m = x > 0
    x[m] = np.cumsum(y[m])
    return np.sum(x**2 * np.arange(1.0, 7.0))


@program(args=_pair, argnums=(0, 1))
def sorted_among_themselves(x, y):
    m = x > 0
    x[m] = np.sort(y[m])
    return np.sum(x**2 * np.arange(1.0, 7.0))


@program(args=_pair, argnums=(0, 1))
def turned_round(x, y):
    m = x > 0
    x[m] = y[m][::-1] + np.roll(y[m], 1)
    return np.sum(x**2 * np.arange(1.0, 7.0))


@program(args=_pair, argnums=(0, 1))
def scaled_by_a_product(x, y):
    m = x > 0
    x[m] = np.prod(y[m]) * x[m] + y[m] @ y[m]
    return np.sum(x**2 * np.arange(1.0, 7.0))


@program(args=_pair, argnums=(0, 1))
def scaled_by_how_many(x, y):
    m = x > 0
    x[m] = y[m] * len(y[m]) + y[m].size
    return np.sum(x**2 * np.arange(1.0, 7.0))


@program(args=_pair, argnums=(0, 1))
def distance_from_the_median(x, y):
    m = x > 0
    x[m] = np.median(y[m]) + np.exp(y[m])
    return np.sum(x**2 * np.arange(1.0, 7.0))


@program(args=_pair, argnums=(0, 1))
def product_of_the_others(x, y):
    """Barycentric weights."""
    total = 0.0
    for i in range(len(x)):
        d = x[i] - x
        total += y[i] / np.prod(d[d != 0])
    return total


@program(args=_pair, argnums=(0, 1))
def clipped_gradients(x, y):
    for t in range(3):
        g = x * t + y
        large = g > 0.4
        g[large] = 0.4 + (g[large] - 0.4) / (1 + np.sum(np.abs(g[large] - 0.4)))
        x = x - 0.1 * g
    return np.sum(x**2)


@program(args=_pair, argnums=(0, 1))
def counted_into_bins(x, y):
    bins = np.digitize(y, [-0.5, 0.3, 0.8])
    found = np.zeros(4)
    for i in range(len(x)):
        found[bins[i]] += x[i] ** 2
    return np.sum(found * np.arange(4.0))


@program(args=_pair, argnums=(0, 1))
def truth_values_told_by_numbers(x, y):
    kept = np.array([1, 0, 1, 1, 0, 1], dtype=bool)
    h = np.where(kept, x * y, 0.0) / kept.mean()
    return np.sum(h**2) + np.sum(x[kept])


@program(args=lambda rng: (-2.0, 1.5, 0.7), argnums=(0, 1, 2))
def powers_of_a_negative_number_masked(x, c, y):
    grown = np.where(x > 0, np.power(x, c) + np.float_power(x, 0.3), 3.0 * y)
    return grown * np.where(y > 0, np.power(y, -1.0 / 3), 0.0) + np.where(x > 0, boxcox(x, c), x * y)


@program(args=lambda rng: (0.0, -1.5, 0.7), argnums=(0, 1, 2))
def powers_of_zero_masked(x, c, y):
    return np.where(x > 1.0, np.power(x, c) + np.power(x, -2.0), x * y) + y * c


@program(args=lambda rng: (rng.normal(size=4), np.array([True, False, True]), True), argnums=0)
def truth_values_as_places(x, chosen, one):
    y = x * 1.0
    np.put(y, chosen, 4.0 * x[2])
    counted = np.bincount(chosen, weights=x[1:])
    return np.sum(np.take(x, chosen) ** 2) + np.take(x, one) ** 3 + np.sum(y**2) + counted @ counted


@program(args=lambda rng: (rng.normal(size=(3, 2)),), argnums=0)
def columns_told_by_truth(A):
    return np.sum(np.take(A, A[0] > -9.0, axis=1) ** 3) + np.sum(np.take(A, [True, False]) ** 2)


@program(args=lambda rng: (rng.normal(size=3), []), argnums=0)
def no_places(x, places):
    y = x * 1.0
    y[places] = 0.0
    return np.sum(x[places]) + np.sum(y**2)
