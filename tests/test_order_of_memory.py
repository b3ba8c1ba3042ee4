"""NumPy sums an array in the order of its memory: a copy that a derivative makes must not change how it is rounded."""

from __future__ import annotations

import copy

import numpy as np
import pytest

import srcad


def written(w):
    w[0, 0] = 2.0
    return np.sum(w)


def written_through_a_view(w):
    u = w.T
    u[0] = 2.0
    t = u
    w[1] = 3.0
    return np.sum(u) + np.sum(t)


def copied_by_the_module(w):
    u = copy.copy(w)
    u[0] = 1.0
    return np.sum(u)


def copied_deeply(w):
    (u,) = copy.deepcopy([w.T])
    u[0] = 1.0
    return np.sum(u)


def written_by_a_callee(w):
    def inner(a):
        a[0, 0] = 3.0
        return np.sum(a)

    return inner(w.T) + inner(w)


def written_in_a_try(w):
    try:
        w[0] = 1.0
        s = np.sum(w)
    except ValueError:
        s = 0.0
    return s + np.mean(w.T)


def read_before_a_write(w):
    u = w.T
    for i in range(2):
        if i == 2:
            u[u < 0.289] -= i
    return np.sum(u[:, 1]) + np.sum(u)


def copied_each_way(w):
    a, b, c, d, e = w.T.copy(), np.copy(w.T), np.array(w.T), w.T.astype(float), np.asarray(w.T)
    return np.sum(a) * 1.1 + np.sum(b) * 1.2 + np.sum(c) * 1.3 + np.sum(d) * 1.4 + np.sum(e)


FUNCTIONS = [
    written,
    written_through_a_view,
    copied_by_the_module,
    copied_deeply,
    written_by_a_callee,
    written_in_a_try,
    read_before_a_write,
    copied_each_way,
]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("f", FUNCTIONS, ids=lambda f: f.__name__)
def test_a_sum_is_rounded_as_the_function_rounds_it(f, order):
    of_f = srcad.value_and_grad(f, backend="numpy")
    rng = np.random.default_rng(0)
    for _ in range(12):  # one sum is often the same in both orders
        w = np.asarray(rng.normal(size=(17, 23)), order=order)
        assert of_f(w.copy(order="K"))[0] == f(w.copy(order="K"))


def test_the_two_orders_are_rounded_otherwise():
    """What the test above would notice."""
    rng = np.random.default_rng(0)
    assert any(np.sum(w) != np.sum(w.T.copy()) for w in rng.normal(size=(12, 17, 23)))
