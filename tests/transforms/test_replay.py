"""Steps that are run again in reverse: fewer arrays recorded, the same numbers; and which steps are recorded."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from tests.transforms.running import peak

AGAIN = "# the steps again, from what was kept"
U = np.linspace(0.2, 0.9, 500)


def limited(q, c, steps):
    for _ in range(steps):
        before = q - np.roll(q, 1)
        after = np.roll(q, -1) - q
        slope = before * after * (before + after) / (before * before + after * after + 0.1)
        face = q + 0.5 * (1.0 - c) * np.where(before * after > 0.0, slope, 0.0)
        q = q - c * (face - np.roll(face, 1))
    return np.sum(q * q)


def one_array_spared(q, c, steps):
    for _ in range(steps):
        a = q * q * c
        b = a * q * c
        q = q - 0.1 * a * b
    return np.sum(q * q)


def exponentials(q, c, steps):
    for _ in range(steps):
        a = np.exp(-q * q)
        b = a * q * c
        d = a * b * q
        q = q - 0.1 * a * b * d
    return np.sum(q * q)


def sums(q, c, steps):
    for _ in range(steps):
        a = q * q * np.sum(q)
        b = a * q * c
        d = a * b * q
        q = q - 0.1 * a * b * d
    return np.sum(q * q)


def gathers(q, c, steps):
    order = np.argsort(q)
    for _ in range(steps):
        a = q[order] * q * c
        b = a * q * c
        d = a * b * q
        q = q - 0.1 * a * b * d
    return np.sum(q * q)


def costly(q, c, steps):
    for _ in range(steps):
        a = q / (1.0 + q) / (2.0 + q) / (3.0 + q) / (4.0 + q)
        b = a / (1.0 + q) / (2.0 + q) / (3.0 + q) / (4.0 + q)
        d = b / (1.0 + a) / (2.0 + a) / (3.0 + a) / (4.0 + a)
        q = q - 0.1 * a * b * d
    return np.sum(q * q)


def a_table_of_all_steps(q, c, steps):
    table = np.zeros((steps + 1, q.shape[0]))
    table[0] = q
    for k in range(steps):
        a = table[k] * table[k] * c
        b = a * table[k] * c
        d = a * b * table[k]
        table[k + 1] = table[k] - 0.1 * a * b * d
    return np.sum(table * table)


def draws(q, c, rng):
    for _ in range(4):
        a = q * q * rng.normal(size=q.shape[0])
        b = a * q * c
        d = a * b * q
        q = q - 0.1 * a * b * d
    return np.sum(q * q)


def draws_of_another_state(q, c, rng):
    w = q * 0.1
    for _ in range(4):
        a = q * q * c
        b = a * q * c
        d = a * b * q
        e = d * a * b
        w = 0.9 * w + rng.normal(size=q.shape[0])
        q = q - a * b * w - 0.1 * d * e * w
    return np.sum(q * q)


def text(f: Callable[..., Any], *args: Any) -> str:
    return srcad.differentiate(f, argnums=(0, 1)).source_for(*args)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_one_array_is_kept_and_the_numbers_are_the_same(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    found = srcad.differentiate(limited, argnums=(0, 1)).source_for(U, 0.3, 6, backend="numpy")
    lines = [line.strip() for line in found[found.index(AGAIN) :].splitlines()]
    assert "Records q." in found
    assert "before = q - np.roll(q, 1)" in lines
    assert not any(line.startswith("q = ") for line in lines), "the state after the step is not needed"
    with_it = srcad.value_and_grad(limited, argnums=(0, 1), backend=backend)(U, 0.3, 6)
    monkeypatch.setenv("SRCAD_OFF", "recompute")
    without = srcad.value_and_grad(limited, argnums=(0, 1), backend=backend)(U, 0.3, 6)
    assert AGAIN not in text(limited, U, 0.3, 6)
    assert with_it[0] == without[0]
    for one, other in zip(with_it[1], without[1], strict=True):
        np.testing.assert_array_equal(one, other)


def test_memory_is_that_of_one_array_a_step() -> None:
    derivative = srcad.grad(limited, argnums=(0, 1), backend="numpy")
    assert peak(lambda: derivative(U, 0.3, 100)) < 1.3 * 100 * U.nbytes


@pytest.mark.parametrize("f", [one_array_spared, exponentials, sums, gathers, costly, a_table_of_all_steps])
def test_what_is_recorded(f: Callable[..., Any]) -> None:
    assert AGAIN not in text(f, U, 0.3, 6)


@pytest.mark.parametrize("f", [draws, draws_of_another_state])
def test_draws_are_not_repeated(f: Callable[..., Any]) -> None:
    assert AGAIN not in text(f, U, 0.3, np.random.default_rng(0))
    got = srcad.grad(f, argnums=1, backend="numpy")(U, 0.3, np.random.default_rng(0))
    up, down = (f(U, c, np.random.default_rng(0)) for c in (0.3 + 1e-4, 0.3 - 1e-4))
    assert got == pytest.approx((up - down) / 2e-4, rel=1e-5)
