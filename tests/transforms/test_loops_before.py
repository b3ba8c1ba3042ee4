"""loops_before: one pass over a copy instead of two passes over several arrays."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from srcad.transforms.loops import loops
from tests.transforms.lowered import load, outcome, primal, same, text_of

HEAD = "import numpy as np\n\n\ndef f(u, v, w, k, n):\n"
JOINED = {
    "in place": """
    p = u[1:-1] * (u[1:-1] - u[:-2])
    q = k * (u[2:] - 2.0 * u[1:-1] + u[:-2])
    u[1:-1] = u[1:-1] + q - p
""",
    "from the other side": """
    p = np.sin(u[1:])
    q = p * u[:-1]
    u[:-1] -= p * q
""",
    "in a loop": """
    for t in range(n):
        p = u[2:] - u[:-2]
        q = u[2:] * u[:-2]
        u[1:-1] = p * q
""",
    "a plane": """
    for t in range(n):
        p = w[1:-1, 2:] - w[1:-1, :-2]
        q = w[2:, 1:-1] * w[:-2, 1:-1]
        w[1:-1, 1:-1] += p * q
""",
}
LEFT = {
    "one array": """
    p = u[2:] - u[:-2]
    u[1:-1] = p
""",
    "an array that is read later": """
    p = u[2:] - u[:-2]
    q = u[2:] * u[:-2]
    u[1:-1] = p * q
    v[1:-1] = p
    v[2:] = q[:-1]
""",
    "a small part of a large array": """
    p = u[2:4] - u[:2]
    q = u[2:4] * u[:2]
    u[1:3] = p * q
""",
    "elements of the temporaries at other places": """
    p = u[2:] - u[:-2]
    q = u[2:] * u[:-2]
    u[1:-1] = p[::-1] * q[::-1]
""",
    "another array at another place": """
    p = u[2:] - u[:-2]
    q = u[2:] * u[:-2]
    v[1:-1] = p + q
    u[1:-1] = p * q + v[2:]
""",
    "another array": """
    p = u[2:] - u[:-2]
    q = u[2:] * u[:-2]
    v[1:-1] = p * q
""",
}
SIZES = (14, 3, 2)


def arguments(size: int = 14) -> tuple[object, ...]:
    rng = np.random.default_rng(3)
    return rng.standard_normal(size), rng.standard_normal(size), rng.standard_normal((size, size + 1)), 0.3, 3


def programs(body: str):
    program = primal(f"{HEAD}{body}    return u, v, w\n", arguments())
    return program, loops(program), loops(program, frozenset({"before"}))


@pytest.mark.parametrize("name", JOINED)
def test_joined(name: str) -> None:
    _, after, off = programs(JOINED[name])
    assert "_before" in text_of(after)
    assert "_before" not in text_of(off)
    assert "p[" not in text_of(after) and "q[" not in text_of(after)  # they are numbers
    assert "p[" in text_of(off)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    _, after, off = programs(LEFT[name])
    assert text_of(after) == text_of(off)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("body", [*JOINED.values(), *LEFT.values()], ids=[*JOINED, *LEFT])
def test_same_numbers(body: str, size: int) -> None:
    before, after, _ = programs(body)
    expected = outcome(load(before), arguments(size))
    found = outcome(load(after), arguments(size))
    if size < 5 and isinstance(found, ValueError):  # an extent of 1: NumPy's text answers
        return
    assert same(found, expected)


def burgers(u, nu, dt, dx, steps):
    for _ in range(steps):
        convection = u[1:-1] * (u[1:-1] - u[:-2]) / dx
        diffusion = nu * (u[2:] - 2.0 * u[1:-1] + u[:-2]) / (dx * dx)
        u[1:-1] = u[1:-1] + dt * (diffusion - convection)
    return np.sum(u * u)


def test_a_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRCAD_OFF", "whole")
    u = np.random.default_rng(1).standard_normal(12)
    f = srcad.differentiate(argnums=(0, 1), backend="numba")(burgers)
    value, (u_bar, nu_bar) = f.value_and_grad(u, 0.1, 0.01, 0.3, 5)
    assert "u_before" in f.source_for(u, 0.1, 0.01, 0.3, 5)
    assert value == pytest.approx(burgers(u.copy(), 0.1, 0.01, 0.3, 5), rel=1e-13)
    direction = np.random.default_rng(2).standard_normal(12)
    moved = burgers(u + 1e-30j * direction, 0.1 + 0.7e-30j, 0.01, 0.3, 5).imag / 1e-30
    assert u_bar @ direction + 0.7 * nu_bar == pytest.approx(moved, rel=1e-11)
