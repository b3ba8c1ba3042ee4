"""SRCAD_OFF: every optional pass can be left out, which changes texts and runs, and no number."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from srcad.generate import OPTIONAL


def circles(x, y):
    c = np.cos(x)
    s = np.sin(x)
    for k in range(x.shape[0]):
        t = y[k] * 2.0
        x[k] = x[k] * t * t
    return np.sum(c * c * x) + np.sum(s * y)


def stencil(x, y):
    for _ in range(3):
        p = x[1:-1] * (x[1:-1] - x[:-2])
        q = x[2:] - 2.0 * x[1:-1] + x[:-2]
        x[1:-1] = x[1:-1] + 0.1 * (q - p) / 0.7
    return np.sum(x * x) + y[0]


def linear(x, y):
    for _ in range(3):
        p = 0.3 * (x[1:-1] - x[:-2])
        q = x[2:] - 2.0 * x[1:-1] + x[:-2]
        x[1:-1] = x[1:-1] + 0.1 * (q - p)
    return np.sum(x * x) + y[0]


def two_fields(x, y):
    for _ in range(3):
        y[1:-1] = 0.3 * (x[:-2] + x[1:-1] + x[2:])
        x[1:-1] = 0.3 * (y[:-2] + y[1:-1] + y[2:])
    return np.sum(x * x)


def own_field(x, y):
    z = np.zeros(x.shape[0])
    for _ in range(3):
        z[1:-1] = 0.3 * (x[:-2] + x[1:-1] + x[2:])
        x[1:-1] = 0.3 * (z[:-2] + z[1:-1] + z[2:])
    return np.sum(x * x) + y[0]


def shapes(x, y):
    new = np.zeros(x.shape[0])
    new[1:] = x[1:] * y[:-1] + y[1:]
    return np.sum(new * new)


def indexed(x, y):
    at = np.array([2, 0, 1, 2])
    for i in range(x.shape[0]):
        for k in range(at.shape[0]):
            x[i] += y[at[k]] * y[at[k]] * 0.1
    return np.sum(x * x)


def product(x, y):
    n = x.shape[0]
    c = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += x[i] * x[k] * y[k] * y[j]
    return np.sum(c * c)


def halves(x):
    half = 0.5 * np.sin(x)
    return half


def handed_on(x, y):
    h = halves(x * y)
    return np.sum(h * h * y)


def upright(x, y):
    n = x.shape[0]
    p = np.zeros((n, n))
    for j in range(1, n):
        p[1:, j] = x[1:] * p[1:, j - 1] + y[1:]
    return np.sum(p[:, n - 1])


def solved(x, y):
    z = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        z[i] = (x[i] - np.sum(z[:i] * z[:i])) / (2.0 + y[i] * y[i])
    return np.sum(z * z)


# pass -> a program whose text for this backend is another without it
CHANGED: dict[str, tuple[Callable[..., Any], str]] = {
    "alike": (shapes, "numpy"),
    "assigned": (two_fields, "numba"),
    "before": (linear, "numba"),
    "columns": (upright, "numba"),
    "copies": (handed_on, "numpy"),
    "gather": (stencil, "numba"),
    "intact": (solved, "numpy"),
    "loops": (stencil, "numba"),
    "once": (indexed, "numba"),
    "quotients": (stencil, "numba"),
    "recompute": (circles, "numpy"),
    "resting": (own_field, "numba"),
    "reuse": (circles, "numpy"),
    "unread": (shapes, "numpy"),
    "whole": (stencil, "numba"),
}
ELSEWHERE = {
    "carried",
    "chains",
    "firsts",
    "fusion",
    "order",
    "picked",
    "products",
    "ranges",
    "turned",
    "vector_maths",
}  # have tests of their own, in tests/transforms
RUNS = {"batch", "split"}  # below


def arguments() -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(7)
    return rng.standard_normal(6), rng.standard_normal(6)


def text(f: Callable[..., Any], backend: str) -> str:
    return srcad.differentiate(f, argnums=(0, 1), backend=backend).source_for(*arguments())


def test_every_pass_is_here() -> None:
    assert {*CHANGED, *ELSEWHERE, *RUNS} == OPTIONAL


@pytest.mark.parametrize("name", sorted(CHANGED))
def test_texts(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    f, backend = CHANGED[name]
    usual = text(f, backend)
    monkeypatch.setenv("SRCAD_OFF", name)
    assert text(f, backend) != usual


@pytest.mark.parametrize("name", ["", *sorted(n for n, (_, backend) in CHANGED.items() if backend == "numpy")])
@pytest.mark.parametrize(
    "f", [circles, stencil, linear, two_fields, own_field, shapes, indexed, product, handed_on, solved]
)
def test_numbers(f: Callable[..., Any], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRCAD_OFF", name)
    gradient = srcad.grad(f, argnums=(0, 1), backend="numpy")(*arguments())
    x, y = arguments()
    along = np.random.default_rng(8).standard_normal((2, 6))
    h = 1e-6
    moved = f(x + h * along[0], y + h * along[1]) - f(x - h * along[0], y - h * along[1])
    assert gradient[0] @ along[0] + gradient[1] @ along[1] == pytest.approx(moved / (2.0 * h), rel=1e-7)


def map_of_both(x, y):
    return np.sin(x) * y + np.cumsum(x * y)


def test_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = arguments()
    make = srcad.jacobian(map_of_both, argnums=0, backend="numpy")
    usual = make(x, y)
    assert make.last[0].modes[-1] == "batch"
    monkeypatch.setenv("SRCAD_OFF", "batch")
    off = srcad.jacobian(map_of_both, argnums=0, backend="numpy")
    np.testing.assert_allclose(off(x, y), usual, rtol=1e-13)
    assert "batch" not in off.last[0].modes
    np.testing.assert_allclose(usual, np.diag(np.cos(x) * y) + np.tril(np.broadcast_to(y, (6, 6))), rtol=1e-13)


def test_split(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    x, y = arguments()

    def told(x, y):
        print("runs")
        return map_of_both(x, y)

    found = []
    for off, runs in (("", 1), ("split", 2)):  # the forward sweep runs again with the reverse one
        monkeypatch.setenv("SRCAD_OFF", off)
        _, pull = srcad.vjp(told, x, y, backend="numpy")
        found.append(pull(np.ones(6)))
        assert capsys.readouterr().out.count("runs") == runs
    for one, other in zip(*found):
        np.testing.assert_allclose(one, other, rtol=1e-13)
