"""Functions that return lists whose length is known only at run time: seeds, tangents and Jacobians are lists, too."""

from __future__ import annotations

import numpy as np
import pytest

import srcad

X = np.array([0.4, 1.7, -0.3, 2.2])


def squares_of_the_positive(x):
    found = []
    for value in x:
        if value > 0.0:
            found.append(value * value)
    return found


def total_and_parts(x):
    return {"total": np.sum(x), "parts": [value * x[0] for value in x]}


@pytest.mark.parametrize("backend", ["numpy", pytest.param("numba", marks=pytest.mark.slow)])
def test_list_of_unknown_length(backend):
    value, pull = srcad.vjp(squares_of_the_positive, X, backend=backend)
    assert type(value) is list and np.allclose(value, [0.16, 2.89, 4.84])
    assert np.allclose(pull([1.0, 10.0, 100.0])[0], [0.8, 34.0, 0.0, 440.0])
    value, dots = srcad.jvp(squares_of_the_positive, (X,), (np.ones(4),), backend=backend)
    assert type(dots) is list and np.allclose(dots, [0.8, 3.4, 4.4])


def test_list_beside_a_number():
    _, pull = srcad.vjp(total_and_parts, X, backend="numpy")
    (x_bar,) = pull({"total": 1.0, "parts": [0.0, 1.0, 0.0, 2.0]})
    assert np.allclose(x_bar, [1.0 + X[1] + 2.0 * X[3], 1.0 + X[0], 1.0, 1.0 + 2.0 * X[0]])
    with pytest.raises(ValueError, match="shape"):
        pull({"total": 1.0, "parts": [0.0, 1.0]})


@pytest.mark.parametrize("jacobian", [srcad.jacfwd, srcad.jacrev, srcad.jacobian])
def test_jacobian_of_a_list(jacobian):
    rows = jacobian(squares_of_the_positive, backend="numpy")(X)
    assert isinstance(rows, list)
    assert np.allclose(rows, [[0.8, 0, 0, 0], [0, 3.4, 0, 0], [0, 0, 0, 4.4]])


def test_list_without_items():
    value, pull = srcad.vjp(squares_of_the_positive, -np.abs(X), backend="numpy")
    assert value == [] and np.array_equal(pull([])[0], np.zeros(4))


def test_list_of_arrays_is_refused():
    with pytest.raises(srcad.Unsupported, match="a list of arrays as a result"):
        srcad.vjp(lambda x: [x * value for value in x], X, backend="numpy")
