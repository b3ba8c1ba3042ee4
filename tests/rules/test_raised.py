"""What a library refuses, its derivative refuses: the error of the call is the error of the gradient."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy.linalg

import srcad


def definite_by_assumption(x):
    m = np.array([[x[0], 2.0], [2.0, x[1]]])
    return np.sum(scipy.linalg.solve(m, x[:2], assume_a="pos"))


def definite_bands(x):
    return np.sum(scipy.linalg.solveh_banded(np.stack((x, -x)), x))


def definite_bands_below(x):
    return np.sum(scipy.linalg.solveh_banded(np.stack((x, 3.0 * x)), x, lower=True))


def factored(x):
    m = np.array([[x[0], 2.0], [2.0, x[1]]])
    return np.sum(scipy.linalg.cho_solve(scipy.linalg.cho_factor(m), x[:2]))


def triangular(x):
    return np.sum(scipy.linalg.solve_triangular(np.array([[x[0], 2.0], [2.0, 0.0 * x[1]]]), x[:2]))


def transposed_complex(x):
    m = np.array([[x[0], 1j * x[1]], [x[1] + 0j, x[2]]])
    return np.sum(np.abs(scipy.linalg.solve(m, x[:2] + 0j, transposed=True)))


X = np.array([1.3, 0.4, 2.2])
CALLS = [definite_by_assumption, definite_bands, definite_bands_below, factored, triangular, transposed_complex]


@pytest.mark.parametrize("f", CALLS)
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_the_same_error(f: Callable[[Any], Any], backend: str) -> None:
    with pytest.raises(Exception) as expected:
        f(X)
    for derivative in (lambda: srcad.grad(f, backend=backend)(X), lambda: srcad.jvp(f, (X,), (X,), backend=backend)):
        with pytest.raises(expected.type):
            derivative()


def root_of_negative(x):
    return np.sum(np.imag(scipy.linalg.sqrtm(np.diag(-x))))


def logarithm_of_negative(x):
    return np.sum(np.abs(scipy.linalg.logm(np.diag(x - 1.0))))


@pytest.mark.parametrize("f", [root_of_negative, logarithm_of_negative])
@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_complex_results_of_real_matrices_are_not_cut(f: Callable[[Any], Any], backend: str) -> None:
    with warnings.catch_warnings(), pytest.raises(ValueError, match="result complex|complex numbers where compiled"):
        warnings.simplefilter("ignore")
        srcad.grad(f, backend=backend)(X)
