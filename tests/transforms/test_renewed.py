"""renewed: adjoints of numbers that may be arrays without axes are not added to in place."""

from __future__ import annotations

import collections

import numpy as np
import pytest

import srcad


def items_of_a_list(x, p):
    d = [x[1], p, p]
    s = 0.7
    s += sum(d)
    e = {"p": s}
    return np.where(e["p"] > 0.13, 0.7, e["p"])


def items_of_a_deque(x, p):
    d = collections.deque([x[1], p])
    d.appendleft(p)
    s = 0.7
    s += sum(d)
    e = {"p": s}
    return np.where(e["p"] > 0.13, 0.7, e["p"])


def selected(x, p):
    d = [x[1], p, p, p * x[0]]
    s = 0.3
    s += sum(d)
    e = {"p": s}
    return np.select([e["p"] > 3.0, e["p"] > 0.1], [0.7, e["p"] * 2.0], e["p"])


def named_twice(x, p):
    q, r, s = p * x[0], p, 0.0
    d = [q, r, x[1], q, r]
    s += sum(d)
    u = s
    return np.where(u > 3.0, 1.0, u) * q


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("f", [items_of_a_list, items_of_a_deque, selected, named_twice])
def test_gradients_and_tangents(f, backend) -> None:
    x, p, h = np.array([0.4, -2.0, 3.0]), -0.4, 1e-6
    x_bar, p_bar = srcad.grad(f, (0, 1), backend=backend)(x, p)
    slopes = [(f(x + h * e, p) - f(x - h * e, p)) / (2.0 * h) for e in np.eye(3)]
    np.testing.assert_allclose(x_bar, slopes, rtol=1e-7, atol=1e-8)
    assert p_bar == pytest.approx((f(x, p + h) - f(x, p - h)) / (2.0 * h), rel=1e-7)
    _, slope = srcad.jvp(f, (x, p), (np.ones(3), 1.0), backend=backend)
    assert slope == pytest.approx(np.sum(x_bar) + p_bar, rel=1e-12)


def numbers(x, p):
    a = x[0] * p
    return a * p + np.sin(a)


def test_numbers_are_added_to() -> None:
    text = srcad.differentiate(numbers, argnums=(0, 1), backend="numpy").source_for(np.array([0.4, -2.0, 3.0]), -0.4)
    assert "a_bar += " in text and "p_bar += " in text


def test_what_may_be_an_array_is_made_anew() -> None:
    args = np.array([0.4, -2.0, 3.0]), -0.4
    text = srcad.differentiate(items_of_a_list, argnums=(0, 1), backend="numpy").source_for(*args)
    assert "p_bar = p_bar + d" in text and "p_bar +=" not in text
