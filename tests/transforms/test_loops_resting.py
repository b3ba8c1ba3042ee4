"""loops_resting: sums that an iteration finds zero and leaves zero are its own."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from srcad.transforms.loops import loops
from tests.transforms.lowered import load, outcome, primal, same, text_of

HEAD = "import numpy as np\n\n\ndef f(x, w, n):\n    s = np.zeros(x.shape)\n    r = np.zeros(w.shape)\n"
OWN = {
    "three points": """
    for t in range(n):
        g = 0.5 * x[1:-1]
        s[:-2] += g
        s[1:-1] += 2.0 * g
        s[2:] += g
        x[1:-1] = 0.25 * s[1:-1]
        s[1:-1] = 0.0
""",
    "subtracted, and more added": """
    for t in range(n):
        g = 0.5 * x[1:-1]
        s[:-2] -= g
        s[2:] -= g
        s[1:-1] += 3.0 * x[1:-1]
        x[1:-1] = 0.25 * s[1:-1] + 0.5
        s[1:-1] = 0.0
""",
    "all of it": """
    for t in range(n):
        s += 0.5 * x
        x[:] = np.sin(s)
        s[:] = 0.0
""",
    "all of it taken away": """
    for t in range(n):
        s -= 0.5 * x
        x[:] = np.sin(s)
        s[:] = 0.0
""",
    "a plane": """
    for t in range(n):
        g = 0.5 * w[1:-1, 2:-2]
        r[:-2, 2:-2] += g
        r[1:-1, 4:] += g
        r[1:-1, :-4] -= g
        w[1:-1, 2:-2] = 0.25 * r[1:-1, 2:-2]
        r[1:-1, 2:-2] = 0.0
""",
    "in an inner loop": """
    for t in range(n):
        w[1:-1] *= 0.5
        for k in range(n):
            g = 0.5 * x[1:-1]
            s[:-2] += g
            s[2:] += g
            x[1:-1] = 0.25 * s[1:-1]
            s[1:-1] = 0.0
""",
    "two names": """
    z = s[:]
    for t in range(n):
        s += 0.5 * x
        x[:] = np.sin(z)
        s[:] = 0.0
""",
}
LEFT = {
    "returned": """
    for t in range(n):
        s += 0.5 * x
        x[:] = np.sin(s)
        s[:] = 0.0
    x = x + s
""",
    "set to another value": """
    for t in range(n):
        s += 0.5 * x
        x[:] = np.sin(s)
        s[:] = 1.0
""",
    "not zero at first": """
    s[:] = 1.0
    for t in range(n):
        s += 0.5 * x
        x[:] = np.sin(s)
        s[:] = 0.0
""",
    "the elements around are read": """
    for t in range(n):
        g = 0.5 * x[1:-1]
        s[:-2] += g
        s[2:] += g
        x[1:-1] = 0.25 * s[1:-1] + s[2:]
        s[1:-1] = 0.0
""",
    "a part is not set to zero": """
    for t in range(n):
        s += 0.5 * x
        x[1:] = np.sin(s[1:])
        s[2:] = 0.0
""",
    "a part is not added to": """
    for t in range(n):
        s[1:] += 0.5 * x[1:]
        x[:] = np.sin(s)
        s[:] = 0.0
""",
    "added to behind the zeros": """
    for t in range(n):
        s += 0.5 * x
        x[:] = np.sin(s)
        s[:] = 0.0
        s += 2.0 * x
""",
    "the last is not added to": """
    for t in range(n):
        s[:-1] += 0.5 * x[:-1]
        x[:] = np.sin(s)
        s[:] = 0.0
""",
    "a part that grows": """
    for t in range(x.shape[0]):
        s[: t + 1] += 0.5 * x[: t + 1]
        x[:t] = np.sin(s[:t])
        s[:t] = 0.0
""",
    "a part that moves": """
    for t in range(2):
        s[t : t + 2] += 0.5 * x[t : t + 2]
        x[t : t + 2] = np.sin(s[t : t + 2])
        s[t : t + 2] = 0.0
""",
    "zero at times": """
    for t in range(n):
        s += 0.5 * x
        x[:] = np.sin(s)
        if x[0] > 0.0:
            s[:] = 0.0
""",
    "no loop": """
    s += 0.5 * x
    x[:] = np.sin(s)
    s[:] = 0.0
""",
}
SIZES = (12, 6, 5, 4, 3, 2, 0)


def arguments(size: int = 12) -> tuple[object, ...]:
    rng = np.random.default_rng(3)
    return rng.standard_normal(size), rng.standard_normal((size, size + 1)), 3


def programs(body: str):
    program = primal(f"{HEAD}{body}    return x, w\n", arguments())
    return program, loops(program), loops(program, frozenset({"resting"}))


@pytest.mark.parametrize("name", OWN)
def test_own(name: str) -> None:
    _, after, off = programs(OWN[name])
    assert "] = 0.0" in text_of(off)
    assert "] = 0.0" not in text_of(after)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    _, after, off = programs(LEFT[name])
    assert text_of(after) == text_of(off)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("body", [*OWN.values(), *LEFT.values()], ids=[*OWN, *LEFT])
def test_same_numbers(body: str, size: int) -> None:
    before, after, off = programs(body)
    expected, found = outcome(load(before), arguments(size)), outcome(load(after), arguments(size))
    assert same(found, outcome(load(off), arguments(size)))
    assert isinstance(found, ValueError) or same(found, expected)  # an extent of 1: NumPy's text answers


def smoothed(a, b, steps):
    for _ in range(steps):
        b[1:-1, 1:-1] = 0.2 * (a[1:-1, 1:-1] + a[2:, 1:-1] + a[:-2, 1:-1] - a[1:-1, 2:] * a[1:-1, :-2])
        a[1:-1, 1:-1] = 0.3 * (b[1:-1, 1:-1] - b[2:, 1:-1] + b[:-2, 1:-1] + b[1:-1, 2:])
    return np.sum(a * a)


@pytest.mark.parametrize("shape", [(7, 6), (3, 4), (2, 5)])
def test_a_gradient(shape: tuple[int, int]) -> None:
    rng = np.random.default_rng(1)
    a, b, c = rng.standard_normal((3, *shape))
    f = srcad.differentiate(argnums=0, backend="numba")(smoothed)
    value, a_bar = f.value_and_grad(a, b, 4)
    assert value == pytest.approx(smoothed(a.copy(), b.copy(), 4), rel=1e-13)
    moved = smoothed(a + 1e-30j * c, b + 0j, 4).imag / 1e-30
    assert np.sum(a_bar * c) == pytest.approx(moved, rel=1e-11)
