"""Arrays for a result, tables and iterated arrays of shapes that NumPy or SciPy refuses: their error, and no value."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.interpolate import interp1d

import srcad


def summed(x):
    s = np.empty(4)
    np.sum(np.outer(x, x), axis=0, out=s)
    return np.sum(s * s)


def mean_of_all(x):
    s = np.empty(4)
    np.mean(np.outer(x, x), 0, None, s)
    return np.sum(s)


def accumulated(x):
    s = np.empty(4)
    np.cumsum(x, out=s)
    return np.sum(s * s)


def multiplied(x):
    s = np.empty((4, 4))
    np.matmul(np.outer(x, x), np.outer(x, x), out=s)
    return np.sum(s)


def product_of_a_matrix(x):
    s = np.empty(4)
    np.dot(np.outer(x, x), x, out=s)
    return np.sum(s)


def reduced_by_a_ufunc(x):
    s = np.empty(4)
    np.add.reduce(np.outer(x, x), axis=0, out=s)
    return np.sum(s)


def of_too_many_axes(x):
    s = np.empty(4)
    np.exp(x[None, :], out=s)
    return np.sum(s)


def total_into_a_vector(x):
    s = np.empty(4)
    np.sum(x, out=s)
    return np.sum(s)


def table(x):
    return np.sum(interp1d(np.array([0.0, 1.0, 2.0, 3.0]), x * x)(np.array([1.5, 0.2])))


def each_element(x):
    total = 1.0
    for v in np.nditer(x, order="C"):
        total += v * v
    return total


REFUSED: list[Any] = [
    (f, np.array([0.7]))
    for f in (summed, mean_of_all, accumulated, multiplied, product_of_a_matrix, reduced_by_a_ufunc, table)
]
REFUSED += [(f, np.arange(1.0, 5.0)) for f in (of_too_many_axes, total_into_a_vector)]
REFUSED += [(each_element, np.empty(0))]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("f, x", REFUSED, ids=lambda v: getattr(v, "__name__", ""))
def test_what_numpy_refuses_is_refused(f, x, backend):
    with pytest.raises(ValueError):
        f(x)
    with pytest.raises(ValueError):
        srcad.value_and_grad(f, backend=backend)(x)


@pytest.mark.parametrize("f", [f for f, x in REFUSED if x.shape != (4,)], ids=lambda f: f.__name__)
def test_what_fits_is_written(f):
    x = np.array([0.3, 0.8, 1.1, 0.6])
    value, gradient = srcad.value_and_grad(f, backend="numpy")(x)
    assert value == f(x)
    steps = 1e-6 * np.eye(4)
    differences = [(f(x + h) - f(x - h)) / 2e-6 for h in steps]
    np.testing.assert_allclose(gradient, differences, rtol=1e-6)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_table_in_no_order_has_no_derivative(backend):
    def f(y, xp):
        return np.sum(np.interp(np.array([0.3, 1.7]), xp, y))

    y, xp = np.array([0.3, 0.8, 1.1, 0.6]), np.array([4.0, 0.0, 1.0, 2.0])
    gradient = srcad.grad(f, backend=backend)
    np.testing.assert_allclose(gradient(y, np.sort(xp)), [0.7, 0.6, 0.7, 0.0])
    with pytest.raises(ValueError, match="xp does not increase"):
        gradient(y, xp)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_ufunc_still_spreads_its_result(backend):
    def f(x):
        s, t = np.empty((2, 4)), np.empty((2, 4))
        np.exp(x, out=s)
        np.clip(x, 0.5, 9.0, out=t)
        return np.sum(s * t)

    x = np.array([0.3, 0.8, 1.1, 0.6])
    value, gradient = srcad.value_and_grad(f, backend=backend)(x)
    assert value == pytest.approx(f(x), rel=1e-14)
    expected = 2 * np.exp(x) * np.clip(x, 0.5, 9.0) + 2 * np.exp(x) * (x > 0.5)
    np.testing.assert_allclose(gradient, expected, rtol=1e-12)
