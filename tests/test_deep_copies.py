"""Deep copies of arguments: of one array at two places Python makes one copy, which nothing in the program tells."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import srcad


def written(p):
    q = copy.deepcopy(p)
    q["u"][0] = 2.0 * q["v"][1]
    return np.sum(q["v"] * p["u"])


def in_two_arguments(a, b):
    u, v = copy.deepcopy((a, b))
    u[0] = 2.0
    return np.sum(u * v)


def of_one(p):
    q = copy.deepcopy(p["u"])
    q[0] = 2.0
    return np.sum(q * p["v"])


X = np.array([0.3, 0.5, 0.7])


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_arrays_of_their_own_are_copied_and_shared_ones_refused(backend):
    gradient = srcad.grad(written, backend=backend)
    for _ in range(4):  # the later ones by the short way
        apart = gradient({"u": X, "v": X.copy()})
        np.testing.assert_allclose(apart["u"], X)
        np.testing.assert_allclose(apart["v"], X)
    for shared in (X, X[:]):
        with pytest.raises(
            ValueError, match="deep copy of its arguments p\\['u'\\] and p\\['v'\\], which share memory"
        ):
            gradient({"u": X, "v": shared})
    np.testing.assert_allclose(gradient({"u": X, "v": 2.0 * X})["u"], 2.0 * X)


@pytest.mark.parametrize("mode", [srcad.value_and_grad, lambda f, **k: lambda *a: srcad.jvp(f, a, a, **k)])
def test_two_arguments(mode):
    derivative = mode(in_two_arguments, backend="numpy")
    assert derivative(X, X.copy())[0] == in_two_arguments(X, X.copy())
    with pytest.raises(ValueError, match="share memory"):
        derivative(X, X)


def test_a_copy_of_one_of_them_is_no_copy_of_both():
    value, gradient = srcad.value_and_grad(of_one, backend="numpy")({"u": X, "v": X})
    assert value == of_one({"u": X, "v": X})
    np.testing.assert_allclose(gradient["v"], [2.0, 0.5, 0.7])


def test_in_a_derivative_inside_of_a_model():
    def model(x):
        return srcad.grad(written)({"u": x, "v": 2.0 * x})["u"][1]

    with pytest.raises(srcad.Unsupported, match="deep copy of several arrays"):
        srcad.grad(model, backend="numpy")(X)


def test_the_text_says_what_it_takes():
    text = srcad.differentiate(written, backend="numpy").source_for({"u": X, "v": X.copy()})
    assert "written copies p_u, p_v deeply; they must not share memory." in " ".join(text.split())
