"""sweep: what blocks set first, and what their other branches do, decides what is kept and what is read back."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad

X = np.array([0.9, 1.3, 0.6, 1.1, 0.8])


def read_by_what_sets_it(x: Any) -> Any:
    a, s = 1.0, 0.0
    for i in range(4):
        a = a * x[i]
        s += a * a * x[i]
    return s


def read_before_it_is_set(x: Any) -> Any:
    a, s = 1.0, 0.0
    for i in range(4):
        b = a * x[i]
        a = np.sin(b) * b
        s += a * b
    return s


def read_in_a_branch_before(x: Any) -> Any:
    v, s = 1.0, 0.0
    for i in range(4):
        if x[i] > 0.7:
            s = s + v * x[i] * v
        v = np.sin(x[i])
        s = s + v * v
    return s + v


def asked_in_the_branch(x: Any) -> Any:
    s = 0.0
    for i in range(4):
        if x[i] > 0.7:
            v = np.sin(x[i])
            if v > 0.8:
                s = s + v * v * x[i]
            else:
                s = s + v * x[i]
    return s


def trips_of_a_loop_in_the_branch(x: Any) -> Any:
    s = 0.0
    for i in range(4):
        if x[i] > 0.7:
            v = int(x[i] * 2.0)
            for j in range(v):
                s = s + x[j] * x[i] * v
    return s


def written_in_the_other_branch(x: Any) -> Any:
    t = np.zeros(4)
    s = 0.0
    for i in range(1, 4):
        if i > 2:
            s = s * x[i]
        else:
            t[i] = np.exp(x[i])
            s = s + t[i]
    return s


def set_in_both_branches(x: Any) -> Any:
    s = 0.0
    for i in range(4):
        if x[i] > 0.7:
            v = np.sin(x[i])
        else:
            v = x[i] * x[i]
        s = s + v * v * x[i]
        v = v * s
        s = s + np.sin(v) * v
    return s


def set_in_one_branch(x: Any) -> Any:
    v, s = 0.5, 0.0
    for i in range(4):
        if x[i] > 0.7:
            v = np.sin(x[i])
        else:
            s = s + x[i]
        s = s + v * v * x[i]
    return s


def set_at_times_and_read_behind(x: Any) -> Any:
    v, s = 0.5, 0.0
    for i in range(5):
        if x[i] > 0.85:
            v = x[i] * v if i > 2 else np.sin(x[i])
            s = s + v * x[i]
        else:
            s = s + x[i] * v
    return s * v * v


def asked_before_both(x: Any) -> Any:
    v, s = 0.5, 0.0
    for i in range(4):
        if v > 0.7:
            v = np.sin(x[i])
        else:
            v = x[i] * x[i]
        s = s + v * v * x[i]
    return s


def read_before_both(x: Any) -> Any:
    v, s = 0.5, 0.0
    for i in range(4):
        s = s + v * v * x[i]
        if x[i] > 0.7:
            v = np.sin(x[i])
        else:
            v = x[i] * x[i]
        s = s + v * v
    return s


def text(f: Callable[..., Any]) -> str:
    return srcad.differentiate(backend="numpy")(f).source_for(X)


def saves(f: Callable[..., Any]) -> list[str]:
    """The variables that are saved in each iteration."""
    return re.findall(r"_saved\w*\[i(?: - 1)?\] = (\w+)", text(f))


@pytest.mark.parametrize(
    ("f", "kept"),
    [
        (read_by_what_sets_it, ["a"]),
        (read_before_it_is_set, ["a", "sin", "b"]),
        (read_in_a_branch_before, ["v"]),
        (written_in_the_other_branch, ["s"]),
    ],
)
def test_a_value_is_kept_once(f: Callable[..., Any], kept: list[str]) -> None:
    assert sorted(saves(f)) == sorted(kept)
    check(f)


def test_what_both_branches_set_is_the_iterations_own() -> None:
    assert sorted(saves(set_in_both_branches)) == ["s", "sin", "v", "v"] and "v = 0.0" not in text(set_in_both_branches)
    check(set_in_both_branches)


@pytest.mark.parametrize(
    ("f", "kept"),
    [
        (set_in_one_branch, ["v"]),
        (set_at_times_and_read_behind, ["v"]),
        (asked_before_both, ["branch", "v", "v"]),
        (read_before_both, ["v", "v"]),
    ],
)
def test_what_the_iteration_before_has_left(f: Callable[..., Any], kept: list[str]) -> None:
    assert sorted(saves(f)) == kept
    check(f)


@pytest.mark.parametrize("f", [asked_in_the_branch, trips_of_a_loop_in_the_branch])
def test_what_lives_in_a_branch_is_kept_at_its_end(f: Callable[..., Any]) -> None:
    lines = [line.strip() for line in text(f).splitlines()]
    (at,) = (k for k, line in enumerate(lines) if line.startswith("v = ") and line != "v = v_saved[i]")
    assert lines.index("v_saved[i] = v") > at and saves(f) == ["v"]
    check(f)


def check(f: Callable[..., Any]) -> None:
    h, along = 1e-6, np.cos(np.arange(5.0))
    moved = (f(X + h * along) - f(X - h * along)) / (2 * h)
    assert srcad.grad(f, backend="numpy")(X) @ along == pytest.approx(moved, rel=1e-7)
