"""Writes through another name of an array without axes, and into what may be the argument itself, are refused."""

from __future__ import annotations

import numpy as np
import pytest

import srcad


def another_name(x):
    y = x
    y *= 2.0
    return x + y


def in_a_callee(x):
    def double(q):
        q *= 2.0

    double(x)
    return x * 3.0


def in_a_view_with_an_axis(x):
    y = x.reshape(1)
    y[0] = x * 3.0
    return x * 1.0


def in_a_view_of_one_made_here(x):
    z = np.array(x * 2.0)
    y = np.atleast_1d(z)
    y[0] = 3.0 * x
    return z * 1.0


def behind_an_ellipsis(x):
    y = x[...]
    y += 1.0
    return x * 2.0


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize(
    "f", [another_name, in_a_callee, in_a_view_with_an_axis, in_a_view_of_one_made_here, behind_an_ellipsis]
)
def test_arrays_without_axes(f, backend) -> None:
    with pytest.raises(srcad.Unsupported, match="without axes"):
        srcad.grad(f, backend=backend)(np.array(1.5))


def item_of_a_dict(p, x):
    p["w"] -= 0.1 * x[0]
    return p["w"] * x[1]


def named_anew(p, x):
    b = np.atleast_1d(p["w"])
    b = b * 2.0
    b[0] += 1.0
    return np.sum(b * x)


@pytest.mark.parametrize("f", [item_of_a_dict, named_anew])
def test_one_name_and_new_arrays_are_no_matter(f) -> None:
    x = np.array([1.3, 0.4])
    (bars, _) = srcad.grad(f, argnums=(0, 1), backend="numpy")({"w": np.array(0.8)}, x)
    assert bars["w"] == pytest.approx(f({"w": np.array(1.8)}, x) - f({"w": np.array(0.8)}, x))


def test_numbers_are_no_arrays() -> None:
    assert srcad.grad(another_name, backend="numpy")(1.5) == 3.0


def no_difference(x):
    y = np.diff(x, n=0)
    y[0] = 10.0
    return np.sum(x * x)


def first_power(a):
    b = np.linalg.matrix_power(a, 1)
    b[0] = 10.0
    return np.sum(a * a)


def same_type(x):
    y = np.float64(x)
    y[0] = 10.0
    return np.sum(x * x)


def unknown_difference(x, n):
    y = np.diff(x, n)
    y[0] = 10.0
    return np.sum(x * x)


@pytest.mark.parametrize(
    ("f", "args"),
    [
        (no_difference, (np.ones(3),)),
        (first_power, (np.ones((2, 2)),)),
        (same_type, (np.ones(3),)),
        (unknown_difference, (np.ones(3), 1)),
    ],
)
def test_what_may_be_the_argument_itself(f, args) -> None:
    with pytest.raises(srcad.Unsupported, match="may also change"):
        srcad.grad(f, backend="numpy")(*args)


def test_one_truth_value_as_an_index() -> None:
    def added_axis(x):
        y = x[True]
        y[0] = 10.0
        return np.sum(x * x)

    with pytest.raises(srcad.Unsupported, match="truth value"):
        srcad.grad(added_axis, backend="numpy")(np.ones(3))
