"""loops_memory: elements in different columns are different elements."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from srcad.transforms.loops import loops
from tests.transforms.lowered import load, outcome, primal, same, text_of

HEAD = "import numpy as np\n\n\ndef f(w, x, n):\n    m = w.shape[1]\n"
DIRECT = {
    "the column before": """
    for j in range(1, m):
        w[:, j] = 0.5 * w[:, j - 1] + np.sin(w[:, j])
""",
    "the column behind": """
    for j in range(m - 2, -1, -1):
        w[:, j] = x * w[:, j + 1] + w[:, j]
""",
    "parts of rows": """
    for i in range(1, w.shape[0]):
        w[i, 1:-1] = w[i - 1, 2:] - 2.0 * w[i - 1, 1:-1] + w[i - 1, :-2]
""",
    "the first rows": """
    for k in range(n):
        w[0, 1:] = 0.5 * w[1, :-1]
        w[1, 1:] = 0.5 * w[2, :-1]
""",
}
JOINED = {
    "a chain of two": """
    for j in range(1, m):
        g = w[:, j] * x
        w[:, j - 1] += g
        w[:, j] = 0.5 * g
"""
}
LEFT = {
    "counted from the end": """
    for j in range(m):
        w[1:, j] = 0.5 * w[:-1, j - 1]
""",
    "the last column": """
    w[1:, 0] = 0.5 * w[:-1, -1]
""",
    "the same column": """
    for j in range(1, m):
        w[1:, j] = 0.5 * w[:-1, j]
""",
    "a column of the caller's": """
    for j in range(1, m):
        w[1:, j] = 0.5 * w[:-1, n - 3]
""",
    "a counter that is set": """
    for j in range(1, m):
        j = j * 0
        w[1:, j] = 0.5 * w[:-1, j - 1]
""",
    "behind the loop": """
    j = 0
    for k in range(1, m):
        j = k - 1
    w[1:, j] = 0.5 * w[:-1, j - 1]
""",
}
SHAPES = [(5, 6), (4, 3), (3, 2), (3, 1)]


def arguments(shape: tuple[int, int] = (5, 6)) -> tuple[object, ...]:
    rng = np.random.default_rng(3)
    return rng.standard_normal(shape), rng.standard_normal(shape[0]), 3


def programs(body: str):
    program = primal(f"{HEAD}{body}    return w\n", arguments())
    return program, loops(program)


@pytest.mark.parametrize("name", DIRECT)
def test_direct(name: str) -> None:
    _, after = programs(DIRECT[name])
    assert "w_new" not in text_of(after)


@pytest.mark.parametrize("name", JOINED)
def test_joined(name: str) -> None:
    _, after = programs(JOINED[name])
    assert text_of(after).count(" in range(") == 2


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    _, after = programs(LEFT[name])
    assert "w_new" in text_of(after)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("body", [*DIRECT.values(), *JOINED.values(), *LEFT.values()], ids=[*DIRECT, *JOINED, *LEFT])
def test_same_numbers(body: str, shape: tuple[int, int]) -> None:
    before, after = programs(body)
    expected, found = outcome(load(before), arguments(shape)), outcome(load(after), arguments(shape))
    if isinstance(expected, Exception):
        assert isinstance(found, Exception)
    else:
        assert isinstance(found, ValueError) or same(found, expected)  # an extent of 1: NumPy's text answers


def swept(w, x):
    for _ in range(3):
        for j in range(1, w.shape[1]):
            w[1:-1, j] = (w[1:-1, j] + x[1:-1] * w[1:-1, j - 1]) / (2.0 + w[:-2, j] * w[:-2, j])
        for j in range(w.shape[1] - 2, -1, -1):
            w[1:-1, j] = 0.5 * w[2:, j + 1] * w[1:-1, j] - w[1:-1, j + 1]
    return np.sum(w * w)


def test_a_gradient() -> None:
    rng = np.random.default_rng(1)
    w, c = rng.standard_normal((2, 6, 4))
    x, d = rng.standard_normal((2, 6))
    f = srcad.differentiate(argnums=(0, 1), backend="numba")(swept)
    value, (w_bar, x_bar) = f.value_and_grad(w, x)
    assert value == pytest.approx(swept(w.copy(), x.copy()), rel=1e-13)
    moved = swept(w + 1e-30j * c, x + 1e-30j * d).imag / 1e-30
    assert np.sum(w_bar * c) + x_bar @ d == pytest.approx(moved, rel=1e-11)
