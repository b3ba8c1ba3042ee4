"""firsts: what is added first to an element that is zero is what it is set to."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

import srcad
from srcad.program import Program
from srcad.transforms.firsts import firsts
from tests.transforms import firsts_random
from tests.transforms.lowered import outcome, primal, swept, text_of


def arguments(n: int = 5) -> tuple[Any, ...]:
    return np.cos(3.0 * np.arange(5.0))[:n], np.array([1, 0, 1, 3, 2])[:n] % max(n, 1), min(n, 2), n


def load(program: Program) -> Callable[..., Any]:
    """The function; what is not set holds NaN."""
    space: dict[str, Any] = {}
    exec(text_of(program), space)
    space["np"] = SimpleNamespace(**{**vars(np), "empty": lambda shape: np.full(shape, np.nan)})
    found: Callable[..., Any] = space["f"]
    return found


def agree(before: Program, after: Program) -> None:
    for n in range(6):
        found, expected = (outcome(load(p), arguments(n)) for p in (after, before))
        if isinstance(expected, Exception):
            assert type(found) is type(expected)
            continue
        for a, b in zip(found, expected, strict=True):
            np.testing.assert_array_equal(a, b)


def differs(seed: int) -> bool:
    """Whether elements of a random program are set; it has the same results."""
    before = swept(firsts_random.program(seed), arguments())
    after = firsts(before)
    if text_of(after) == text_of(before):
        return False
    agree(before, after)
    return True


def test_random_programs() -> None:
    assert sum(map(differs, range(400))) >= 40


@pytest.mark.slow
def test_many_random_programs() -> None:
    assert sum(map(differs, range(400, 8000))) >= 800


HEAD = """import numpy as np


def f(x, at, c, n):
    y = np.zeros(n)
    m = np.zeros((n, n))
    s = 0.25
    k = 0
"""
EACH = "for i in range(n):"
SET = {
    "all elements": ([EACH, "    y[i] += x[i]"], "y = np.empty(n)", "y[i] = x[i]"),
    "backwards": (["for i in range(n - 1, -1, -1):", "    y[i] -= x[i]"], "y = np.empty(n)", "y[i] = -x[i]"),
    "not all": (["for i in range(1, n):", "    y[i] += x[i]"], "y = np.zeros(n)", "y[i] = x[i]"),
    "two axes": ([EACH, "    for j in range(n):", "        m[j, i] += x[i]"], "m = np.empty((n, n))", "m[j, i] = x[i]"),
    "a triangle": (
        [EACH, "    for j in range(i):", "        m[i, j] += x[i]"],
        "m = np.empty((n, n))",
        "m[i, i:] = 0.0",
        "m[i, j] = x[i]",
    ),
    "beside the diagonal": (
        [EACH, "    m[i, i] += s", "    for j in range(i + 1, n):", "        m[i, j] += x[i]"],
        "m = np.empty((n, n))",
        "m[i, :i] = 0.0",
        "m[i, i] = s",
        "m[i, j] = x[i]",
    ),
    "a triangle and its diagonal, backwards": (
        [
            "for i in range(n - 1, -1, -1):",
            "    m[i, i] += s",
            "    for j in range(i - 1, -1, -1):",
            "        m[i, j] -= s",
        ],
        "m = np.empty((n, n))",
        "m[i, i + 1 :] = 0.0",
        "m[i, j] = -s",
    ),
    "a diagonal": ([EACH, "    m[i, i] += s"], "m = np.zeros((n, n))", "m[i, i] = s"),
    "all of short rows, one by one": (
        [
            "q = np.zeros((n, 2))",
            EACH,
            "    q[i, 1] += s",
            "    q[i, 0] -= x[i]",
            EACH,
            "    y[i] -= q[i, 0] * q[i, 1]",
        ],
        "q = np.empty((n, 2))",
        "q[i, 0] = -x[i]",
    ),
    "a hole": (
        [EACH, "    m[i, i] += s", "    for j in range(i - 1):", "        m[i, j] += x[i]"],
        "m = np.zeros((n, n))",
    ),
    "a triangle that begins later": (
        [EACH, "    for j in range(i - 1):", "        m[i, j] += x[i]"],
        "m = np.zeros((n, n))",
        "m[i, j] = x[i]",
    ),
    "a triangle whose rows end early": (
        [EACH, "    for j in range(i):", "        m[i, j] += x[i]", "        if x[j] < 0.0:", "            break"],
        "m = np.zeros((n, n))",
        "m[i, j] = x[i]",
    ),
    "a part of a row, seldom": (
        [EACH, "    if x[i] > 0.0:", "        for j in range(i):", "            m[i, j] += x[i]"],
        "m = np.zeros((n, n))",
    ),
    "not in all rows": (
        ["for i in range(1, n):", "    for j in range(i):", "        m[i, j] += x[i]"],
        "m = np.zeros((n, n))",
    ),
    "a triangle of columns": ([EACH, "    for j in range(i):", "        m[j, i] += x[i]"], "m = np.zeros((n, n))"),
    "beyond the first column": (
        [EACH, "    for j in range(i):", "        m[i, j + 1] += x[i]"],
        "m = np.empty((n, n))",
        "m[i, :1] = 0.0",
        "m[i, i + 1 :] = 0.0",
    ),
    "every other row": (["for i in range(0, n, 2):", "    m[i, i] += x[i]"], "m = np.zeros((n, n))"),
    "under a condition": ([EACH, "    if x[i] > 0.0:", "        y[i] += x[i]"], "y = np.zeros(n)", "y[i] = x[i]"),
    "then more": ([EACH, "    y[i] += x[i]", "    y[i] -= s"], "y = np.empty(n)", "y[i] -= s"),
    "then more under a condition": (
        [EACH, "    y[i] += s", "    if s > 0.0:", "        y[i] += s"],
        "y[i] = s",
        "y[i] += s",
    ),
    "read behind": ([EACH, "    y[i] += x[i]", "s += y[0]"], "y = np.empty(n)", "y[i] = x[i]"),
    "added to behind": ([EACH, "    y[i] += x[i]", EACH, "    y[at[i]] += s"], "y[i] = x[i]", "y[at[i]] += s"),
    "an early end": (
        [EACH, "    y[i] += x[i]", "    if x[i] > 0.9:", "        break"],
        "y = np.zeros(n)",
        "y[i] = x[i]",
    ),
}
LEFT = {
    "by an index": [EACH, "    y[at[i]] += x[i]"],
    "again in the next iteration": ["for t in range(2):", "    for i in range(n):", "        y[i] += x[i]"],
    "for all rows": [EACH, "    for j in range(n):", "        y[j] += x[i]"],
    "in a loop inside": [EACH, "    for j in range(n):", "        y[i] += x[j]"],
    "read before": ["s += y[0]", EACH, "    y[i] += s"],
    "read by the loop": [EACH, "    y[i] += x[i]", "    s += y[0]"],
    "read by the sum": ["for i in range(1, n):", "    y[i] += y[i - 1] + x[i]"],
    "set before": ["y[0] = 1.0", EACH, "    y[i] += x[i]"],
    "another element": [EACH, "    y[i] += x[i]", "    y[0] += s"],
    "the diagonal twice": [EACH, "    m[i, i] += s", "    for j in range(i + 1):", "        m[i, j] += x[i]"],
    "from the other end": ["for i in range(0 - 1, n):", "    y[i] += x[i]"],
    "two in one line": [EACH, "    for j in range(n):", "        m[i, 0] += x[j]"],
    "first under a condition": [EACH, "    if x[i] > 0.0:", "        y[i] += s", "    y[i] += x[i]"],
    "a place that changes": [EACH, "    y[i - k] += x[i]", "    k += 1"],
    "a counter that changes": [EACH, "    i = 0", "    y[i] += x[i]"],
    "two names of an array": ["z = y", EACH, "    y[i] += x[i]", "    z[0] += s"],
    "a product": [EACH, "    y[i] *= x[i]"],
    "in a loop whose end is open": ["while s < 1.0:", "    y[0] += x[0]", "    s += 0.5"],
}


def program(lines: list[str]) -> Program:
    return swept(HEAD + "".join(f"    {line}\n" for line in lines) + "    return y, m, s\n", arguments())


@pytest.mark.parametrize("name", SET)
def test_set(name: str) -> None:
    lines, *expected = SET[name]
    before = program(lines)
    after = firsts(before)
    text = [line.strip() for line in text_of(after).splitlines()]
    assert all(line in text for line in expected)
    agree(before, after)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    before = program(LEFT[name])
    assert text_of(firsts(before)) == text_of(before)


def test_sums_of_the_program_itself_are_left() -> None:
    before = primal(HEAD + f"    {EACH}\n        y[i] += x[i]\n    return y\n", arguments())
    assert text_of(firsts(before)) == text_of(before)


def weighted(w, a, x):
    s = 0.0
    for i in range(w.shape[0]):
        s += w[i] * a[i, i]
        for j in range(i):
            s += np.sin(a[i, j] * x[j])
    return s


def test_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    args = rng.random(6), rng.random((6, 6)), rng.random(6)
    found = srcad.differentiate(weighted, argnums=(0, 1, 2), backend="numba")
    text = found.source_for(*args)
    assert "w_bar = np.empty" in text and "a_bar[i, j] = " in text and "x_bar[j] += " in text
    expected = srcad.differentiate(weighted, argnums=(0, 1, 2), backend="numpy").grad(*args)
    for one, other in zip(found.grad(*args), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)
    shared = srcad.differentiate(weighted, argnums=(0, 1, 2), backend="numba", parallel=True)
    for one, other in zip(shared.grad(*args), expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)
    monkeypatch.setenv("SRCAD_OFF", "firsts")
    assert "w_bar = np.zeros" in srcad.differentiate(weighted, argnums=(0, 1, 2), backend="numba").source_for(*args)
