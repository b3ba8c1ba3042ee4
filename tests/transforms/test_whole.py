"""whole: records of all of an array, read where they are."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad


def in_place(u, k, n):
    for _ in range(n):
        p = u[1:-1] * (u[1:-1] - u[:-2])
        u[1:-1] = u[1:-1] + k * (u[2:] - 2.0 * u[1:-1] + u[:-2]) - p
    return np.sum(u * u)


def augmented(u, k, n):
    for _ in range(n):
        p = k * np.sin(u[:-1]) * u[1:]
        u[1:] += p * u[:-1]
    return np.sum(u * u)


def a_plane(u, k, n):
    w = np.outer(u, u)
    for t in range(n):
        w[1:-1, 1:] = w[1:-1, 1:] * w[:-2, :-1] * k + w[2:, 1:] * t
    return np.sum(w * w)


def in_a_branch(u, k, n):
    for t in range(n):
        if t % 2 == 0:
            u[1:-1] = u[1:-1] * u[2:] * k
    return np.sum(u * u)


def read_behind_its_write(u, k, n):
    s = 0.0
    for _ in range(n):
        u[1:-1] = u[1:-1] * u[2:] * k
        s += np.sum(u * u * u)
    return s


def set_twice(u, k, n):
    for _ in range(n):
        u[1:-1] = u[1:-1] * u[2:] * k
        u[0] = u[1] * u[0]
    return np.sum(u * u)


def the_rim_set_before(u, k, n):
    for t in range(n):
        u[0] = k * t
        u[1:-1] = u[1:-1] * u[2:] * k + u[:-2]
    return np.sum(u * u)


def read_in_a_loop_before(u, k, n):
    s = 0.0
    for _k in range(2):
        s += np.sum(u * u * u) * k
        for _ in range(n):
            u[1:-1] = u[1:-1] * u[2:] * k
    return s + np.sum(u)


def a_small_part(u, k, n):
    for _ in range(n):
        u[1:3] = u[1:3] * u[2:4] * k
    return np.sum(u * u)


def much_around(u, k, n):
    for _ in range(n):
        u[5:-5] = u[5:-5] * u[6:-4] * k
    return np.sum(u * u)


def in_two_loops(u, k, n):
    for _ in range(n):
        u[1:-1] = u[1:-1] * u[2:] * k
    for _ in range(n):
        u[2:-2] = u[2:-2] * u[3:-1] * k
    return np.sum(u * u)


def read_in_another_shape(u, k, n):
    v = u.reshape(2, -1)
    s = np.sum(v * v * v)
    for _ in range(n):
        u[1:-1] = u[1:-1] * u[2:] * k
    return s + np.sum(u)


def under_two_names(u, k, n):
    v = u[1:] if n < 2 else u
    for _ in range(n):
        p = v[1:-1] * k
        u[1:-1] = u[1:-1] * u[2:] * k
        p = p * v[1:-1]
    return np.sum(u * u) + np.sum(p)


def where_it_may_be_left(u, k, n):
    for _ in range(n):
        v = u * k
        if v[3] > 40.0:
            break
        u[1:-1] = v[1:-1] * u[2:] * u[:-2]
    return np.sum(u * u)


WHOLE = (in_place, augmented, a_plane, in_a_branch)
ELSEWHERE = (the_rim_set_before, read_in_a_loop_before, in_two_loops, read_in_another_shape)
LEFT = (set_twice, a_small_part, much_around, *ELSEWHERE)
OTHERS = (read_behind_its_write, where_it_may_be_left)


def arguments(size: int = 20, n: int = 3) -> tuple[Any, ...]:
    return np.random.default_rng(3).standard_normal(size), 0.7, n


def text(f: Callable[..., Any]) -> str:
    return srcad.differentiate(f, argnums=(0, 1), backend="numba").source_for(*arguments())


@pytest.mark.parametrize("f", WHOLE)
def test_records_are_whole(f, monkeypatch):
    found = text(f)
    name = "w" if f is a_plane else "u"
    assert f"_saved[{'t' if 'for t' in found else '_'}, " in found and f"Records {name}:" in " ".join(found.split())
    assert f"{name}_then" not in found and f"{name}_before" not in found
    assert f"{name}_new" not in found  # the write reads the record, and needs no array for what it writes
    monkeypatch.setenv("SRCAD_OFF", "whole")
    assert f"Records {name}[" in " ".join(text(f).split())


@pytest.mark.parametrize("f", [*LEFT, under_two_names])
def test_what_is_left(f, monkeypatch):
    try:
        found = text(f)
    except srcad.Unsupported:
        assert f is under_two_names
        return
    monkeypatch.setenv("SRCAD_OFF", "whole")
    assert text(f) == found


@pytest.mark.parametrize("n", [0, 1, 4])
@pytest.mark.parametrize("f", [*WHOLE, *LEFT, *OTHERS])
def test_numbers(f, n):
    """The text for Numba as plain Python, against complex steps."""
    u, k, n = arguments(n=n)
    space: dict[str, Any] = {}
    source = srcad.differentiate(f, argnums=(0, 1), backend="numba").source_for(u, k, n)
    exec(re.sub(r"@njit\(.*\)", "", source), space)
    value, u_bar, k_bar = space[f"{f.__name__}_grad"](u.copy(), k, n)
    assert value == pytest.approx(f(u.copy(), k, n), rel=1e-12)
    du, dk, h = np.random.default_rng(4).standard_normal(20), 0.6, 1e-25
    moved = _real_tests(f)(u + h * 1j * du, k + h * 1j * dk, n).imag / h
    assert u_bar @ du + k_bar * dk == pytest.approx(moved, rel=1e-10)


def _real_tests(f: Callable[..., Any]) -> Callable[..., Any]:
    """Tests of complex numbers by their real parts; none of these programs comes near to a change of branch."""
    if f is not where_it_may_be_left:
        return f

    def shifted(u, k, n):
        for _ in range(n):
            v = u * k
            if v[3].real > 40.0:
                break
            u[1:-1] = v[1:-1] * u[2:] * u[:-2]
        return np.sum(u * u)

    return shifted


def test_compiled():
    u, k, n = arguments()
    value, (u_bar, k_bar) = srcad.value_and_grad(in_place, (0, 1), backend="numba")(u, k, n)
    expected = srcad.value_and_grad(in_place, (0, 1), backend="numpy")(u, k, n)
    assert value == pytest.approx(expected[0], rel=1e-13) and k_bar == pytest.approx(expected[1][1], rel=1e-12)
    np.testing.assert_allclose(u_bar, expected[1][0], rtol=1e-11, atol=1e-13)
