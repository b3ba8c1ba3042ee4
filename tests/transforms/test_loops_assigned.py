"""loops_assigned: sums into what was set to zero are assigned, and both ends keep what they have."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from srcad.transforms.loops import loops
from tests.transforms.lowered import load, outcome, primal, same, text_of

HEAD = "import numpy as np\n\n\ndef f(x, y, w, n):\n"
ASSIGNED = {
    "three points": """
    g = 0.5 * x[1:-1]
    x[1:-1] = 0.0
    x[:-2] += g
    x[1:-1] += 2.0 * g
    x[2:] += g
""",
    "all of it subtracted": """
    g = 0.5 * x[1:-1]
    x[1:-1] = 0.0
    x[:-2] -= g
    x[2:] -= g
""",
    "downwind": """
    g = 0.5 * x[1:]
    x[1:] = 0.0
    x[1:] -= g
    x[:-1] += g
""",
    "another field in between": """
    for t in range(n):
        g = 0.5 * x[1:-1]
        x[1:-1] = 0.0
        y[1:-1] += g * g
        h = y[1:-1] * 0.25
        x[:-2] -= h
        x[2:] += h
""",
}
LEFT = {
    "read at the same place": """
    g = 0.5 * x[1:-1]
    x[1:-1] = 0.0
    y[1:-1] = x[1:-1] + 1.0
    x[:-2] += g
    x[2:] += g
""",
    "a source without zeros around": """
    g = 0.5 * x[1:-1]
    y[1:-1] = 2.0 * x[1:-1]
    x[1:-1] = 0.0
    x[:] += y
    y[:-2] += g
    y[2:] += g
""",
    "filled where there are no zeros": """
    g = 0.5 * x[1:-1]
    x[2:-2] = 0.0
    x[:-2] += g
    x[2:] += g
""",
    "nothing is zero": """
    g = 0.5 * x[1:-1]
    x[:-2] += g
    x[2:] += g
""",
    "read in between": """
    g = 0.5 * x[1:-1]
    x[1:-1] = 0.0
    y[1:-1] = x[1:-1] + x[2:]
    x[:-2] += g
    x[2:] += g
""",
    "another value": """
    g = 0.5 * x[1:-1]
    x[1:-1] = 1.0
    x[:-2] += g
    x[2:] += g
""",
    "more than is added to": """
    g = 0.5 * x[2:-2]
    x[:] = 0.0
    x[1:-3] += g
    x[3:-1] += g
""",
    "a plane": """
    g = 0.5 * w[1:-1, 1:-1]
    w[1:-1, 1:-1] = 0.0
    w[:-2, 1:-1] += g
    w[2:, 1:-1] += g
""",
}
SIZES = (12, 5, 4, 3, 2, 1, 0)


def arguments(size: int = 12) -> tuple[object, ...]:
    rng = np.random.default_rng(3)
    return rng.standard_normal(size), rng.standard_normal(size), rng.standard_normal((size, size + 1)), 3


def programs(body: str):
    program = primal(f"{HEAD}{body}    return x, y, w\n", arguments())
    return program, loops(program), loops(program, frozenset({"assigned"}))


@pytest.mark.parametrize("name", ASSIGNED)
def test_assigned(name: str) -> None:
    _, after, off = programs(ASSIGNED[name])
    assert "] = 0.0" in text_of(off)
    assert "] = 0.0" not in text_of(after)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    _, after, off = programs(LEFT[name])
    assert text_of(after) == text_of(off)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("body", [*ASSIGNED.values(), *LEFT.values()], ids=[*ASSIGNED, *LEFT])
def test_same_numbers(body: str, size: int) -> None:
    before, after, off = programs(body)
    expected, found = outcome(load(before), arguments(size)), outcome(load(after), arguments(size))
    assert same(found, outcome(load(off), arguments(size)))
    assert isinstance(found, ValueError) or same(found, expected)  # an extent of 1: NumPy's text answers


def jacobi(a, b, steps):
    for _ in range(steps):
        b[1:-1] = 0.3 * (a[:-2] + a[1:-1] + a[2:])
        a[1:-1] = 0.4 * (b[:-2] - b[1:-1] + b[2:])
    return np.sum(a * b)


@pytest.mark.parametrize("size", [9, 3, 2])
def test_a_gradient(size: int) -> None:
    rng = np.random.default_rng(1)
    a, b, c, d = rng.standard_normal((4, size))
    f = srcad.differentiate(argnums=(0, 1), backend="numba")(jacobi)
    value, (a_bar, b_bar) = f.value_and_grad(a, b, 4)
    assert value == pytest.approx(jacobi(a.copy(), b.copy(), 4), rel=1e-13)
    moved = jacobi(a + 1e-30j * c, b + 1e-30j * d, 4).imag / 1e-30
    assert a_bar @ c + b_bar @ d == pytest.approx(moved, rel=1e-11)
