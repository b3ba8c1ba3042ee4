"""once: elements read again and again have names, where they are certainly the same and certainly there."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from srcad.transforms.once import once
from tests.transforms.lowered import load, outcome, primal, same, text_of

HEAD = "import numpy as np\n\n\ndef f(x, y, at, a, n):\n"

# body, the lines that are expected
NAMED = {
    "a row of a sparse matrix": (
        """
    for i in range(y.shape[0]):
        for k in range(n):
            y[i] += x[k] * x[at[k]]
""",
        ["y_i = y[i]", "y_i += x[k] * x[at[k]]", "y[i] = y_i"],
    ),
    "an element that is read again": (
        """
    for i in range(y.shape[0]):
        x[i] -= 0.5
        y[i] = x[i] * 2.0
        a[0, 0] += y[i] * x[i]
        x[i] += y[i]
""",
        ["x_i = x[i]", "x_i -= 0.5", "y_i = x_i * 2.0", "x_i += y_i", "x[i] = x_i", "y[i] = y_i"],
    ),
    "an index used twice": (
        """
    for i in range(n):
        x[at[i]] += 1.0
        y[at[i]] -= x[at[i]]
""",
        ["at_i = at[i]", "x[at_i] += 1.0", "y[at_i] -= x[at_i]"],
    ),
    "an index that an element held meanwhile has": (
        """
    for i in range(1, n):
        x[at[i - 1]] = x[at[i - 1]] + y[at[i]]
        a[at[i] % 3, i] -= 0.5
        y[i] = a[at[i] % 3, i] * 2.0
        a[at[i] % 3, i] += y[i]
""",
        ["at_i = at[i]", "x[at_] = x[at_] + y[at_i]"],
    ),
    "an element from the end": (
        """
    for i in range(y.shape[0]):
        a[-1, i] -= 0.5
        y[i] = a[-1, i] * 2.0
        a[-1, i] += y[i]
""",
        ["a_last_i = a[-1, i]", "a_last_i -= 0.5", "a[-1, i] = a_last_i"],
    ),
    "what all iterations read": (
        """
    for i in range(y.shape[0]):
        for k in range(n):
            x[at[k]] += y[i] * 2.0
""",
        ["y_i = y[i]", "x[at[k]] += y_i * 2.0"],
    ),
    "a sum over two axes": (
        """
    for i in range(a.shape[0]):
        for j in range(a.shape[1]):
            for k in range(n):
                a[i, j] -= x[k]
""",
        ["a_i_j = a[i, j]", "a_i_j -= x[k]", "a[i, j] = a_i_j"],
    ),
}
LEFT = {
    "an array that is written": """
    for i in range(y.shape[0]):
        for k in range(n):
            y[at[k]] += y[i]
""",
    "a view of what is written": """
    z = x[1:]
    for i in range(z.shape[0]):
        for k in range(n):
            z[at[k]] += x[i]
""",
    "an index that the loop changes": """
    for i in range(n):
        x[at[i]] += 1.0
        at[i] = 0
        y[at[i]] += 2.0
""",
    "a held element whose index the loop changes": """
    for i in range(n):
        z = y[1]
        y[1] = x[at[i]]
        x[at[i]] = z
        x[at[i]] += y[1]
        at[i] = 0
        y[2] += x[at[i]]
""",
    "a total whose index the loop changes": """
    for i in range(y.shape[0]):
        for k in range(n):
            y[at[i]] += x[k]
            at[k] = (at[k] + 1) % 5
""",
    "a steady element whose index the loop changes": """
    for i in range(y.shape[0]):
        for k in range(n):
            y[at[k]] += x[at[i]] * 2.0
            at[k] = (at[k] + 1) % 5
""",
    "an index by a changing number": """
    k = 0
    for i in range(n):
        x[at[k]] += 1.0
        k = i
        y[at[k]] += x[at[k]]
""",
    "a total that is read": """
    for i in range(y.shape[0]):
        for k in range(n):
            y[i] += x[k] * y[i]
""",
    "a total under another name": """
    z = y[:]
    for i in range(y.shape[0]):
        for k in range(n):
            y[i] += x[k] * z[k]
""",
    "a total outside of its array": """
    for i in range(n):
        for k in range(0):
            y[i + 7] += x[k]
""",
    "an element outside of its array": """
    for i in range(n):
        for k in range(0):
            x[at[k]] += y[i + 7] * 2.0
""",
    "a total that moves": """
    for i in range(n):
        for k in range(n):
            y[k] += x[i]
""",
    "a loop that is left": """
    for i in range(y.shape[0]):
        for k in range(n):
            y[i] += x[k]
            if y[i] > 3.0:
                break
""",
    "an element that nothing else may be": """
    for i in range(n):
        x[i] = y[i] + 1.0
        x[i] *= 2.0
""",
    "an element beside another": """
    for i in range(n):
        x[i] = y[i] + 1.0
        y[i] = x[i] * x[i - 1]
""",
    "an element under another name": """
    z = x[::-1]
    for i in range(n):
        x[i] = y[i] + 1.0
        a[0, 0] = z[i]
        y[i] = x[i] * 2.0
""",
    "an element of changing place": """
    k = 0
    for i in range(n):
        x[k + i] = y[i] + 1.0
        k = -i
        y[i] = x[k + i] * 2.0
""",
    "an element in another precision": """
    z = x.astype(np.float32)
    for i in range(n):
        z[i] = y[i] / 3.0
        y[i] = z[i] * 2.0
""",
    "an index behind a condition": """
    for i in range(n + 4):
        ok = i < n and x[at[i]] > 0.0 and y[at[i]] > 0.0
        y[0] += 1.0 * ok
""",
    "a total in another precision": """
    z = y.astype(np.float32)
    for i in range(z.shape[0]):
        for k in range(n):
            z[i] += x[k]
    y[:] = z
""",
    "a total by a counter that is set": """
    for i in range(y.shape[0]):
        for j in range(2):
            i = i + 3
            for k in range(0):
                y[i] += x[k]
""",
    "an index in a choice": """
    for i in range(n + 4):
        y[0] += (x[at[i]] if i < n else 1.0) + (y[at[i]] if i < n else 0.0)
""",
}


def arguments() -> tuple[object, ...]:
    rng = np.random.default_rng(3)
    x, y, a = rng.standard_normal(5), rng.standard_normal(5), rng.standard_normal((3, 4))
    return x, y, np.array([3, 0, -1, 2, 3]), a, 4


def programs(body: str):
    program = primal(f"{HEAD}{body}    return x, y, at, a\n", arguments())
    return program, once(program)


@pytest.mark.parametrize("name", NAMED)
def test_named(name: str) -> None:
    body, expected = NAMED[name]
    lines = [line.strip() for line in text_of(programs(body)[1]).splitlines()]
    assert [line for line in lines if line in expected] == expected


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    before, after = programs(LEFT[name])
    assert text_of(after) == text_of(before)


@pytest.mark.parametrize("body", [*(body for body, _ in NAMED.values()), *LEFT.values()], ids=[*NAMED, *LEFT])
def test_same_numbers(body: str) -> None:
    before, after = programs(body)
    expected = outcome(load(before), arguments())
    assert same(outcome(load(after), arguments()), expected)


def spmv(values, columns, rows, x):
    y = np.zeros(rows.shape[0] - 1)
    for i in range(y.shape[0]):
        for k in range(rows[i], rows[i + 1]):
            y[i] += values[k] * x[columns[k]]
    return np.sum(y * y)


def test_a_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    rows, columns = np.array([0, 2, 2, 5]), np.array([1, 3, 0, 3, 3])
    values, x = rng.standard_normal(5), rng.standard_normal(4)
    monkeypatch.setenv("SRCAD_OFF", "fusion")  # which leaves no rows of y
    f = srcad.differentiate(argnums=(0, 3), backend="numba")(spmv)
    _, (values_bar, x_bar) = f.value_and_grad(values, columns, rows, x)
    text = f.source_for(values, columns, rows, x)
    assert "columns_k = columns[k]" in text and "y_bar_i = y_bar[i]" in text and "y_i = y[i]" in text
    dense = np.zeros((3, 4))
    for i in range(3):
        np.add.at(dense[i], columns[rows[i] : rows[i + 1]], values[rows[i] : rows[i + 1]])
    seeds = 2.0 * dense @ x
    np.testing.assert_allclose(x_bar, dense.T @ seeds, rtol=1e-13)
    np.testing.assert_allclose(values_bar, np.repeat(seeds, np.diff(rows)) * x[columns], rtol=1e-13)
    with pytest.raises(IndexError):
        f.value_and_grad(values, np.array([1, 3, 0, 4, 3]), rows, x)
    monkeypatch.setenv("SRCAD_OFF", "once")
    off = srcad.differentiate(argnums=(0, 3), backend="numba")(spmv)
    assert "columns_k" not in off.source_for(values, columns, rows, x)
