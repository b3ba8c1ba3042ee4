"""fusion: loops become one where no iteration needs another one, and the results are the same to the bit."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

import srcad
from srcad import ir
from srcad.program import REVERSE, Program
from srcad.transforms.fusion import fusion, innermost
from srcad.transforms.turned import turned
from tests.transforms.fusion_random import program
from tests.transforms.lowered import load, outcome, primal, same, text_of

HEAD = "import numpy as np\n\n\ndef f(x, y, at, a, n):\n    g = np.zeros((n, n))\n    t = np.zeros(n)\n    s = 0.0\n"
FIRST = """
    for i in range(n):
        for k in range(n):
            t[i] += a[i, k] * x[k]
"""


def rows(line: str, counters: str = "ik", outer: str = "range(n)") -> str:
    i, k = counters
    return f"    for {i} in {outer}:\n        for {k} in range(n):\n            {line}\n"


SECOND = rows("y[k] += a[i, k] * t[i]")

# body, a line that is expected
JOINED = {
    "sums over rows, then products with them": (
        FIRST + SECOND,
        "y[k] += a[i, k] * t",
    ),
    "with another counter": (
        FIRST + rows("y[l] += a[j, l] * t[j]", "jl"),
        "y[l] += a[i, l] * t",
    ),
    "through a number": (FIRST + rows("g[i, k] = t[i]") + "    s = g[0, 0]\n", "g[i, k] = t"),
    "with its counter within the first one": (
        FIRST + rows("y[i] += a[j, i] * t[j]", "ji"),
        "y[i] += a[j, i] * t",
    ),
    "rows that one round leaves to the next": (
        """
    h = np.empty((n, n))
    for r in range(3):
        for i in range(n):
            for k in range(n):
                if r > 0:
                    y[i] += h[i, k] * a[i, k]
        for i in range(n):
            for k in range(n):
                h[i, k] = a[i, k] * y[i]
""",
        "h[i, k] = a[i, k] * y[i]",
    ),
    "over the extent of what has n elements": (
        FIRST + rows("y[k] += a[i, k] * t[i]", outer="range(t.shape[0])"),
        "y[k] += a[i, k] * t",
    ),
    "with a loop over numbers between": (
        FIRST
        + "    u = np.empty(n)\n    for j in range(n):\n        u[j] = 2.0 * t[j]\n"
        + rows("y[k] += a[i, k] * u[i]"),
        "u = 2.0 * t",
    ),
    "with what has nothing to do with either between": (
        FIRST
        + "    c = x[0] * 2.0\n    if n > 7:\n        raise ValueError('too many')\n"
        + rows("y[k] += a[i, k] * t[i] * c"),
        "y[k] += a[i, k] * t * c",
    ),
    "rows that each iteration fills": (
        """
    for i in range(n):
        for k in range(n):
            g[i, k] = a[i, k] * x[i]
    for i in range(n):
        for k in range(1, n):
            y[i] += g[i, k] - g[i, k - 1]
""",
        "y[i] += g[k] - g[k - 1]",
    ),
    "rows of which zeros stay": (
        """
    for i in range(n):
        for k in range(1, n):
            g[i, k] = a[i, k] * x[i]
    for i in range(n):
        for k in range(1, n):
            y[i] += g[i, k] - g[i, k - 1]
""",
        "y[i] += g[k] - g[k - 1]",
    ),
    "rows filled where a condition holds": (  # another iteration's elements would be found in a row
        """
    for i in range(n):
        for k in range(n):
            if a[i, k] > 0.0:
                g[i, k] = a[i, k]
    for i in range(n):
        for k in range(n):
            y[i] += g[i, k] * a[i, k]
""",
        "g[i, k] = a[i, k]",
    ),
    "rows filled as far as the diagonal": (
        """
    for i in range(n):
        for k in range(n - i):
            g[i, k] = a[i, k]
    for i in range(n):
        for k in range(n):
            y[i] += g[i, k] * a[i, k]
""",
        "g[i, k] = a[i, k]",
    ),
    "rows that are added to": (
        """
    for i in range(n):
        for k in range(n):
            g[i, k] += a[i, k]
    for i in range(n):
        for k in range(n):
            y[i] += g[i, k] * a[i, k]
""",
        "g[i, k] += a[i, k]",
    ),
    "rows that are too few": (
        """
    h = np.zeros((at[0], n))
    u = np.zeros(at[0])
    for i in range(n):
        for k in range(n):
            h[i, k] = a[i, k]
    for i in range(n):
        for k in range(n):
            u[i] += h[i, k]
    for i in range(n):
        for k in range(n):
            y[k] += a[i, k] * u[i]
""",
        "u[i] += h[i, k]",
    ),
    "in a loop": (
        """
    for _ in range(3):
        for i in range(n):
            for k in range(n):
                t[i] += a[i, k] * x[k]
        for i in range(n):
            for k in range(n):
                y[k] += a[i, k] * t[i]
""",
        "t[i] += a[i, k] * x[k]",  # what one round has left, the next one finds
    ),
}
LEFT = {
    "another range": FIRST
    + "    for i in range(1, n):\n        for k in range(n):\n            y[k] += a[i, k] * t[i]\n",
    "a slice that is taken to lie inside": "    z = x[: n + 1]\n    u = np.zeros(n + 1)\n"
    + rows("u[i] += a[0, k]", outer="range(n + 1)")
    + rows("y[k] += a[0, k] * u[i]", outer="range(z.shape[0])"),
    "another row": FIRST
    + "    for i in range(n):\n        for k in range(n):\n            y[k] += a[i, k] * t[i - 1]\n",
    "all rows": FIRST + rows("y[i] += a[i, k] * t[k]"),
    "rows by an index": FIRST
    + "    for i in range(n):\n        for k in range(n):\n            y[k] += a[i, k] * t[at[i]]\n",
    "a sum of all rows between": FIRST + "    s = np.sum(t)\n    for i in range(n):\n        t[i] *= s\n" + SECOND,
    "a change between": FIRST + "    t[0] = 1.0\n" + SECOND,
    "another array between": FIRST + "    t = t * 2.0\n" + SECOND,
    "an array changed": FIRST
    + "    for i in range(n):\n        for k in range(n):\n            x[k] += a[i, k] * t[i]\n",
    "the last value": """
    c = 0.0
    for i in range(n):
        for k in range(n):
            c = a[i, k]
            t[i] += c
    for i in range(n):
        for k in range(n):
            y[i] += a[i, k] * c * t[i]
""",
    "a counter read later": FIRST + "    i = 0\n" + SECOND + "    s = s + i\n",
    "the last value, set once": """
    c = 0.0
    for i in range(n):
        c = x[i]
        for k in range(n):
            t[i] += c * a[i, k]
    for i in range(n):
        for k in range(n):
            y[i] += a[i, k] * c * t[i]
""",
    "another counter read later": "    j = 0\n" + FIRST + rows("y[k] += a[j, k] * t[j]", "jk") + "    s = s + j\n",
    "another loop adds to the sum between": """
    for i in range(n):
        for k in range(n):
            s += a[i, k]
            t[i] += a[i, k]
    for j in range(2):
        s += x[j]
"""
    + SECOND,
    "an early end of the other": FIRST + SECOND + "        if t[i] > 0.0:\n            break\n",
    "a bound that the first loop leaves": """
    q = 0
    for i in range(n):
        q = at[i]
        for k in range(n):
            t[i] += a[i, k] * q
    for j in range(q):
        q = j
        s += x[q]
"""
    + SECOND,
    "a bound that changes": """
    m = n
    for i in range(m):
        for k in range(n):
            t[i] += a[i, k]
        m = at[i]
    for i in range(m):
        for k in range(n):
            y[k] += a[i, k] * t[i]
""",
    "one sum": """
    for i in range(n):
        for k in range(n):
            s += a[i, k]
            t[i] += a[i, k]
    for i in range(n):
        for k in range(n):
            s += a[i, k] * t[i]
""",
    "a sum turned around": FIRST
    + "    for i in range(n - 1, -1, -1):\n        for k in range(n):\n            y[k] += a[i, k] * t[i]\n",
    "an early end": """
    for i in range(n):
        for k in range(n):
            t[i] += a[i, k] * x[k]
        if t[i] > 1.0:
            break
"""
    + SECOND,
    "the same memory": "    w = t.reshape(n)\n" + FIRST + SECOND.replace("t[i]", "w[i]"),
    "what one iteration hands to the next": """
    for i in range(n):
        for k in range(n):
            s = s * 0.5 + a[i, k]
        t[i] = s
"""
    + SECOND,
    "functions": """
    for i in range(n):
        for k in range(n):
            t[i] += np.exp(a[i, k])
"""
    + SECOND,
    "a row and a column": """
    for i in range(n):
        for k in range(n):
            g[i, k] = a[i, k]
    for i in range(n):
        for k in range(n):
            y[k] += g[k, i] * a[i, k]
""",
    "a counter that the other loop has within": FIRST + rows("g[k, i] = a[k, i] * t[k]", "ki") + "    s = g[0, 0]\n",
    "nothing in common but numbers": FIRST + "    for i in range(n):\n        s += t[i]\n",
}
N = 4


RANGE = "range(n)"


def two(first: str, second: str, k: str = "k", over: tuple[str, str] = (RANGE, RANGE), between: str = "") -> str:
    """A loop over i with two loops in it, one behind the other; k: counter of the second one."""
    lines = [f"for k in {over[0]}:", *_deeper(first), *between.splitlines(), f"for {k} in {over[1]}:", *_deeper(second)]
    return "\n".join(["    for i in range(n):", *(f"        {line}" for line in lines), ""])


def _deeper(text: str) -> list[str]:
    return [f"    {line}" for line in text.split("; ")]


# body, a line that is expected; of loops in a loop
WITHIN = {
    "a row set, then added to": (two("g[i, k] = x[k] * y[i]", "g[i, k] += x[i] * y[k]"), "g[i, k] += x[i] * y[k]"),
    "with another counter": (two("g[i, k] = x[k] * y[i]", "g[i, j] *= x[j]", "j"), "g[i, k] *= x[k]"),
    "a row of all": (two("y[k] += a[i, k]", "y[k] *= x[i]"), "y[k] *= x[i]"),
    "over the extent of what has n elements": (
        two("y[k] += a[i, k]", "y[k] *= x[i]", over=(RANGE, "range(t.shape[0])")),
        "y[k] *= x[i]",
    ),
    "set twice": (two("a[i, k] = t[k]", "a[i, k] = x[k]"), "a[i, k] = x[k]"),
    "with what has nothing to do with either between": (
        two("g[i, k] = x[k]", "g[i, k] += y[k]", between="s += x[i]"),
        "g[i, k] += y[k]",
    ),
    "a sum in one of them": (two("s += y[k]; y[k] += 1.0", "y[k] *= x[i]"), "y[k] *= x[i]"),
}
APART = {
    "neighbours": two("g[i, k] = x[k]", "g[i, k] += g[i, k - 1]"),
    "the whole row": two("g[i, k] = x[k]", "g[i, k] += g[i, 0]"),
    "other elements": two("y[k] += a[i, k]", "y[k - 1] *= x[i]"),
    "repeated elements": two("y[at[k]] += a[i, k]", "y[at[k]] *= x[i]"),
    "other arrays": two("y[k] += a[i, k]", "x[k] *= t[i]"),
    "other ranges": two("y[k] += a[i, k]", "y[k] *= x[i]", over=(RANGE, "range(1, n)")),
    "a sum of both": two("y[k] += 1.0; s += y[k]", "y[k] *= 0.5; s *= x[k]"),
    "a number that the first one leaves": two("y[k] += 1.0; s = y[k]", "y[k] *= s"),
    "backwards": two("a[i, k] = x[k]", "a[i, k] += a[i, n - 1 - k]"),
    "not in a loop": two("y[k] += a[i, k]", "t[k] *= x[i]")
    + "".join(f"    for k in range(n):\n        y[k] {line}\n" for line in ("+= x[k]", "*= 0.5")),
    "what is read alone": two("y[k] += a[i, k]", "x[k] *= y[k]"),
    "what is read between": two("y[k] += a[i, k]", "y[k] *= x[i]", between="s += y[0]"),
    "an end between": two("y[k] += a[i, k]", "y[k] *= x[i]", between="if x[i] > 0.5:\n    break"),
    "functions": two("y[k] += a[i, k]", "y[k] *= np.exp(x[k])"),
    "a view": "    w = a[0]\n" + two("a[i, k] = x[k]", "a[i, k] += w[k] * w[0]"),
    "a loop in one of them": two("y[k] += a[i, k]", "y[k] *= x[i]; for l in range(2):;     y[k] += t[l]"),
}


def arguments(n: int = N) -> tuple[Any, ...]:
    rng = np.random.default_rng(3)
    at = rng.integers(0, n, n) if n else np.zeros(0, int)
    return rng.standard_normal(n), rng.standard_normal(n), at, rng.standard_normal((n, n)), n


def written(body: str) -> Program:
    text = f"{HEAD}{body}    return s, y, x\n"
    return primal(text, arguments())


def check(before: Program, after: Program) -> None:
    for n in (0, 1, 2, N):
        found, expected = (outcome(load(p), arguments(n)) for p in (after, before))
        assert equal(found, expected)


def equal(found: Any, expected: Any) -> bool:
    if isinstance(found, Exception) or isinstance(expected, Exception):
        return type(found) is type(expected)
    return all(np.array_equal(a, b, equal_nan=True) for a, b in zip(found, expected, strict=True))


@pytest.mark.parametrize("name", JOINED)
def test_joined(name: str) -> None:
    body, line = JOINED[name]
    before = written(body)
    after = fusion(before)
    assert text_of(after).count("for i in ") < text_of(before).count("for i in ") + text_of(before).count("for j in ")
    assert line in [text.strip() for text in text_of(after).splitlines()]
    check(before, after)


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    before = written(LEFT[name])
    assert text_of(fusion(before)) == text_of(before)


def test_rows_where_each_thread_can_have_one() -> None:
    """With threads: not where an iteration's first loop does not fill the row."""
    filling = "        for k in range(n):\n            h[i, k] = x[k] * y[i]\n"
    by_two = "        h[i, 0] = 1.0\n        for k in range(1, n):\n            h[i, k] = x[k] * y[i]\n"
    for first, is_row in ((filling, True), (by_two, False)):
        before = written(
            f"    h = np.empty((n, n))\n    for i in range(n):\n{first}{rows('t[k] += h[i, k] * a[i, k]')}"
        )
        apart, together = fusion(before, parallel=True), fusion(before)
        assert "h[k]" in text_of(together) and ("h[k]" in text_of(apart)) == is_row
        assert text_of(apart).count("for i in") == text_of(before).count("for i in") - 1
        check(before, apart)


@pytest.mark.parametrize("name", WITHIN)
def test_joined_within(name: str) -> None:
    body, line = WITHIN[name]
    before = written(body)
    after = innermost(before)
    assert text_of(after).count("for ") == text_of(before).count("for ") - 1
    assert line in [text.strip() for text in text_of(after).splitlines()]
    check(before, after)


@pytest.mark.parametrize("name", APART)
def test_left_within(name: str) -> None:
    before = written(APART[name])
    assert text_of(innermost(before)) == text_of(before)


# ---- random programs ----


def swept(found: Program) -> Program:
    """The program with what follows ``v = np.zeros(n)`` as a reverse sweep."""
    at = [k for k, s in enumerate(found.body) if isinstance(s, ir.Assign) and s.target == ir.Name("v")]
    if not at:
        return found
    return dataclasses.replace(found, body=(*found.body[: at[0]], ir.Block(REVERSE, found.body[at[0] :])))


def run(found: Program, args: Any, empty: float) -> Any:
    """The results, where new arrays hold this number."""

    class Module:
        def __getattr__(self, name: str) -> Any:
            return getattr(np, name)

        def empty(self, shape: Any, dtype: Any = float) -> Any:
            return np.full(shape, empty, dtype)

    space: dict[str, Any] = {"np": Module()}
    exec(text_of(found).replace("import numpy as np", ""), space)
    return outcome(space["f"], args)


def changed(number: int) -> bool:
    """Whether the passes change the program with this number; its results are the same."""
    text, args = program(number)
    try:
        before = swept(primal(text, args))
    except srcad.Unsupported:
        return False
    after = innermost(turned(fusion(before, parallel=number % 3 == 0)))
    if text_of(after) == text_of(before):
        return False
    expected, other = run(before, args, -3.5), run(before, args, 0.125)
    if not same(expected, other):  # it reads what nothing has set
        return False
    found = run(after, args, -3.5)
    exactly = not any(isinstance(s, ir.Block) for s in before.body)
    if isinstance(expected, Exception) and isinstance(found, Exception):
        return True
    assert (equal if exactly else same)(found, expected), text_of(before)
    return True


@pytest.mark.parametrize("part", range(8))
def test_random_programs(part: int) -> None:
    assert sum(changed(number) for number in range(part * 40, part * 40 + 40)) > 6


@pytest.mark.slow
def test_more_random_programs() -> None:
    assert sum(map(changed, range(1000, 6000))) > 1000


# ---- gradients ----


def products(values, columns, rows, x):
    y = np.zeros(rows.shape[0] - 1)
    for i in range(y.shape[0]):
        for k in range(rows[i], rows[i + 1]):
            y[i] += values[k] * x[columns[k]]
    return np.sum(y * y)


def recorded(a, x):
    y = a.copy()
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            y[i, k] = y[i, k] * x[k]
            y[i, k] *= y[i, k]
    s = 0.0
    for i in range(a.shape[0]):
        for k in range(a.shape[1]):
            s += y[i, k] * a[i, k]
    return s


SPARSE = (
    np.random.default_rng(5).standard_normal(7),
    np.array([0, 2, 1, 0, 3, 3, 2]),
    np.array([0, 3, 3, 5, 7]),
    np.random.default_rng(6).standard_normal(4),
)


def test_sparse_products() -> None:
    fn = srcad.value_and_grad(products, (0, 3), backend="numba")
    text = srcad.differentiate(products, argnums=(0, 3), backend="numba").source_for(*SPARSE)
    assert "right behind it" in text and "y_bar = 2.0 * out_bar * y" in text and "y = 0.0" in text
    value, (values_bar, x_bar) = fn(*SPARSE)
    expected, (values_expected, x_expected) = srcad.value_and_grad(products, (0, 3), backend="numpy")(*SPARSE)
    assert value == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(values_bar, values_expected, rtol=1e-13)
    np.testing.assert_allclose(x_bar, x_expected, rtol=1e-13, atol=1e-14)


def test_the_sweeps_stay_apart_where_they_are_called_apart() -> None:
    value, pull = srcad.vjp(products, *SPARSE, backend="numba")
    expected = srcad.grad(products, (0, 3))(*SPARSE)
    found = pull(1.0)
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-13)


def test_a_smaller_record_is_told_of(monkeypatch: pytest.MonkeyPatch) -> None:
    args = np.random.default_rng(1).standard_normal((3, 4)), np.arange(4.0)
    fn = srcad.differentiate(recorded, argnums=(0, 1), backend="numba")
    text = fn.source_for(*args)
    if "one iteration is held" not in text:
        pytest.fail(text)
    monkeypatch.setenv("SRCAD_OFF", "fusion")
    off = srcad.differentiate(recorded, argnums=(0, 1), backend="numba")
    assert "one iteration is held" not in off.source_for(*args)
    for one, other in zip(fn.grad(*args), off.grad(*args), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)
