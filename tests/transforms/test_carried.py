"""carried: what one iteration hands to the next ones is a number instead of an array."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest

import srcad
from srcad.program import Program
from srcad.transforms.carried import carried
from tests.transforms import carried_random
from tests.transforms.lowered import load, outcome, primal, swept, text_of


def arguments(n: int = 6, steps: int = 3) -> tuple[Any, ...]:
    return np.cos(np.arange(6.0))[:n], 0.75, n, steps


def agree(before: Program, after: Program) -> None:
    for n in range(7):
        for steps in (0, 1, 3):
            found, expected = (outcome(load(p), arguments(n, steps)) for p in (after, before))
            if isinstance(expected, Exception):
                assert type(found) is type(expected)
                return
            for a, b in zip(found, expected, strict=True):
                np.testing.assert_array_equal(a, b)


def mixed(seed: int) -> bool:
    """Whether the loops of a random program were joined; they have the same results."""
    before = swept(carried_random.program(seed), arguments())
    after = carried(before)
    if text_of(after) == text_of(before):
        return False
    agree(before, after)
    return True


def test_random_programs() -> None:
    assert sum(map(mixed, range(400))) >= 8


@pytest.mark.slow
def test_many_random_programs() -> None:
    assert sum(map(mixed, range(400, 8000))) >= 160


HEAD = """def f(x, c, n, steps):
    y = np.ones(n)
    z = np.ones(n)
    g = np.zeros(n + 2)
    h = np.zeros(n + 2)
    m = np.ones((n + 3, n + 3))
    q = np.zeros((steps + 5, n + 2))
    k = 0
    s = 0.0
    i = 0
    for t in range(steps):
"""
MAKING = ["for i in range(1, n - 1):", "    g[i + 1] = c * y[i]"]
GATHERING = ["for i in range(n):", "    y[i] += g[i] - g[i + 2]"]
JOINED = {
    "elements that are read": [*MAKING, *GATHERING],
    "an element that is set": [*MAKING, "    y[i] = y[i] * 0.5", *GATHERING],
    "an element that is set by a name": [*MAKING, "    s = y[i] * 0.5", "    y[i] = s", *GATHERING],
    "another array": [*MAKING, "    y[i] = x[i]", "for i in range(n):", "    z[i] = g[i + 2] + g[i + 1] * 2.0"],
    "one that lies further on": [*MAKING, "    s += y[i + 1]", *GATHERING],
    "two arrays": [*MAKING, "    h[i] = y[i] * x[i]", "for i in range(n):", "    y[i] += h[i] - g[i] - g[i + 2] * c"],
    "two loops": [
        *MAKING,
        "    h[i + 1] = y[i] * x[i]",
        *GATHERING,
        "for i in range(n):",
        "    z[i] -= h[i + 2] - h[i + 1]",
    ],
    "a sum in between": [*MAKING, "    s += g[i + 1]", "c += s", *GATHERING],
    "another array in between": [*MAKING, "for k in range(n):", "    z[k] = x[k] + z[k]", *GATHERING],
    "at once": [
        "for i in range(n):",
        "    g[i] = c * y[i]",
        "    y[i] = 0.0",
        "for i in range(n):",
        "    y[i] += g[i]",
    ],
    "another counter": [*MAKING, "for k in range(n):", "    y[k] += g[k + 2]"],
    "a row": [*MAKING, "for i in range(n):", "    m[t, i] += g[i] + g[i + 2]"],
    "a row that is read": [*MAKING, "    s += m[t, i]", "for k in range(n):", "    m[t, k] -= c * g[k] + g[k + 2]"],
}
WIDE = [line.replace("g[", "q[t, ") for line in (*MAKING, *GATHERING)]  # rows of a matrix
JOINED |= {
    "a row of zeros": WIDE,
    "one row, again and again": [line.replace("t, ", "2, ") for line in WIDE],
    "rows of an inner loop": ["for k in range(2):", *(f"    {line.replace('t, ', 'k, ')}" for line in WIDE)],
}
LEFT = {
    "no loop around": None,
    "two rows of zeros": [*WIDE[:3], WIDE[3].replace("q[t, i + 2]", "q[t + 1, i + 2]")],
    "another row of zeros": [*WIDE[:2], *(line.replace("t, ", "t + 1, ") for line in WIDE[2:])],
    "rows that change": [WIDE[0], "    s = s + 1.0", "    k = i", *(line.replace("t, ", "k, ") for line in WIDE[1:])],
    "columns of zeros": [*(re.sub(r"t, ([^]]*)", r"\1, t", line) for line in WIDE)],
    "rows that others read": [*WIDE, "s += q[t, 2]"],
    "an element that lies further back": [*MAKING, "    s += y[i - 2]", *GATHERING],
    "two elements, one of them set": [*MAKING, "    y[i] = y[i + 1]", *GATHERING],
    "an element that is set before it is read": [
        "for i in range(1, n - 1):",
        "    y[i] = x[i]",
        *MAKING[1:],
        *GATHERING,
    ],
    "an element that is set two iterations ahead": [
        *MAKING,
        "    z[i + 1] = 0.5",
        "for i in range(n):",
        "    z[i] += g[i + 2]",
    ],
    "an array that others read": [*MAKING, *GATHERING, "s += g[2]"],
    "an array that is read in between": [*MAKING, "s += y[1]", *GATHERING],
    "a number that is set in between": [*MAKING, "c = c * 0.5", "for i in range(n):", "    y[i] += c * g[i + 2]"],
    "a number of each iteration": [*MAKING, "    s = x[i]", "for i in range(n):", "    y[i] += s * g[i + 2]"],
    "a range that changes": [
        "for i in range(1, n - t):",
        *MAKING[1:],
        "for i in range(n - t + 1):",
        "    y[i] += g[i + 2]",
    ],
    "elements that are not zero": ["g[0] = 1.0", *MAKING, *GATHERING],
    "elements that are read before they are set": [MAKING[0], "    s += g[i + 1]", MAKING[1], *GATHERING],
    "elements that are kept": ["for i in range(1, n - 1):", "    g[i + 1] += c * y[i]", *GATHERING],
    "an early end": [*MAKING, "    s += g[i + 1]", "if s > 0.5:", "    break", *GATHERING],
    "the counter, behind": [*MAKING, *GATHERING, "s += i"],
    "the counter, inside": [*MAKING, "for i in range(n):", "    y[i] += i * g[i + 2]"],
    "every other iteration": ["for i in range(1, n - 1, 2):", *MAKING[1:], *GATHERING],
    "elements beyond the array": [*MAKING, "for i in range(n):", "    y[i] += g[i + 3]"],
    "a first iteration of its own": [*MAKING, "for i in range(1, n):", "    y[i] += g[i + 2]"],
    "the first counter's last value": [*MAKING, "for k in range(n):", "    y[k] += i * g[k + 2]"],
    "a row by the first counter": [*MAKING, "for k in range(n):", "    m[i, k] += g[k + 2]"],
    "a column": [*MAKING, "for k in range(n):", "    m[k, t] += g[k] + g[k + 2]"],
    "another row": [*MAKING, "    s += m[0, i]", "for i in range(n):", "    m[t, i] += g[i] + g[i + 2]"],
    "whole rows": [*MAKING, "for i in range(n):", "    m[i] += g[i] + g[i + 2]"],
    "far apart": [*MAKING, "for i in range(n):", "    y[i] += g[i + 2] + g[i - 1]"],
}


def program(lines: list[str] | None) -> Program:
    if lines is None:
        body = "\n".join(f"    {line}" for line in [*MAKING, *GATHERING])
        return swept(
            "import numpy as np\n\n\n" + HEAD.replace("    for t in range(steps):\n", body + "\n    return y, s\n"),
            arguments(),
        )
    body = "".join(f"        {line}\n" for line in lines)
    return swept(f"import numpy as np\n\n\n{HEAD}{body}    return y, z, m, s\n", arguments())


@pytest.mark.parametrize("name", JOINED)
def test_joined(name: str) -> None:
    before = program(JOINED[name])
    after = carried(before)
    counts = [sum(text_of(p).count(f"{zeros} = np.zeros") for zeros in "gq") for p in (before, after)]
    assert counts[1] < counts[0]
    agree(before, after)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    before = program(LEFT[name])
    assert text_of(carried(before)) == text_of(before)


def test_loops_that_can_be_shared_out_hand_on_within_their_iterations() -> None:
    """With threads: an iteration's own loops are joined where others may run beside it, steps in time are not."""
    rows = [line.replace("t, ", "j, ").replace("y[i]", "m[j, i]") for line in WIDE]
    before = program(["for j in range(n):", *(f"    {line}" for line in rows)])
    after = carried(before, parallel=True)
    assert "q = np.zeros" in text_of(before) and "q = np.zeros" not in text_of(after)
    agree(before, after)
    for lines in (JOINED["elements that are read"], WIDE):
        before = program(lines)
        assert text_of(carried(before, parallel=True)) == text_of(before)


def test_sums_of_the_program_itself_are_left() -> None:
    text = (
        "import numpy as np\n\n\n" + HEAD + "".join(f"        {s}\n" for s in [*MAKING, *GATHERING]) + "    return y\n"
    )
    before = primal(text, arguments())
    assert text_of(carried(before)) == text_of(before)


def steps_in_time(u, v, k, dx, steps):
    for _ in range(steps):
        flux = 0.5 * (v[1:] + v[:-1]) * (u[1:] - u[:-1]) / dx
        u[1:-1] += k * (flux[1:] - flux[:-1]) - u[1:-1] * (u[1:-1] - u[:-2])
    return np.sum(u * u)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 9])
def test_gradients(n: int) -> None:
    rng = np.random.default_rng(n)
    args = rng.random(n) + 0.5, rng.random(n), 0.05, 0.5, 5
    compiled = srcad.differentiate(steps_in_time, argnums=(0, 1, 2), backend="numba")
    plain = srcad.differentiate(steps_in_time, argnums=(0, 1, 2), backend="numpy")
    if n != 1:
        text = compiled.source_for(*args)
        assert "_before2" not in text and text.count("_before = ") >= 6  # of g5, g6, u_bar and g8
    for found, expected in zip(compiled.grad(*args), plain.grad(*args), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-11, atol=1e-14)


def test_off(monkeypatch: pytest.MonkeyPatch) -> None:
    args = np.arange(6.0), np.ones(6), 0.05, 0.5, 2
    for off in ("carried", "gather"):
        monkeypatch.setenv("SRCAD_OFF", off)
        fn = srcad.differentiate(steps_in_time, argnums=(0, 1), backend="numba")
        assert "_before" not in fn.source_for(*args)
    monkeypatch.delenv("SRCAD_OFF")
    shared = srcad.differentiate(steps_in_time, argnums=(0, 1), backend="numba", parallel=True)
    assert "_before" not in shared.source_for(*args)
