"""working: the bytes of arrays that a text makes, from its extents, and of what records hold."""

import numpy as np
import pytest

from srcad.working import allocated, held

TEXT = """
@njit
def f(x, a, n):
    x = x.copy()
    twin = np.copy(a.T)
    m = x.shape[0] + 2
    halo = np.zeros((m, max(n, 0)))
    like = np.empty_like(a)
    if n > 3:
        more = np.empty(n, np.float32)
    for i in range(n):
        for k in range(i):
            row = np.empty(k)
        part = np.zeros(i)
    for i in range(0):
        never = np.empty(7)
    while x[0] > 1.0:
        inner = np.ones(2, x.dtype)
    total = np.sum(x)
    unknown = np.empty(int(total))
    view = halo[1:, 0]
    of_view = view.copy()
    m = total
    late = np.empty(m)
    return x


def g(x):
    other = np.empty(9)
"""


def test_arrays_of_a_text():
    x, a = np.ones(4), np.zeros((2, 3), np.float32)
    assert allocated(TEXT, "f", {"x": x, "a": a, "n": 5}) == {
        "x": 32, "twin": 6 * 4, "halo": 6 * 5 * 8, "like": 6 * 4, "more": 5 * 4, "row": 3 * 8, "part": 4 * 8,
        "inner": 2 * 8, "of_view": 5 * 8,
    }  # fmt: skip


def test_no_memory_is_taken():
    x = np.broadcast_to(1.0, 10**12)
    assert allocated("def f(x):\n    y = np.zeros(x.shape[0])\n", "f", {"x": x}) == {"y": 8 * 10**12}


def test_products_are_arrays_too():
    text = """
def f(a, b):
    rows = kernels.reshape(a, (a.shape[0], -1))
    p = rows @ b
    q = kernels.reshape(p, (-1, 2)).T @ np.sin(p)
    r = parallel_products.matmul(b.T, rows.T)
    v = b @ b[0]
    w = p @ p[0, 0]
    late = np.empty(r.shape[1])
"""
    a, b = np.ones((3, 2, 2), np.float32), np.ones((4, 5))
    assert allocated(text, "f", {"a": a, "b": b}) == {"p": 15 * 8, "r": 15 * 8, "v": 4 * 8, "late": 3 * 8}


@pytest.mark.parametrize("n, found", [(0, {"y": 0}), (-3, {}), ("4", {})])
def test_extents_that_are_none(n, found):
    assert allocated("def f(n):\n    y = np.zeros(n)\n", "f", {"n": n}) == found


def test_what_records_hold():
    x, y = np.ones(6), np.ones((3, 2))
    names = {"x": x, "x_saved": [x[1:], 2.0, (y, y[0])], "y_saved_2": np.zeros(4), "y_saved_": y.T, "count": 3}
    assert held(names) == 8 + y.nbytes + 32
