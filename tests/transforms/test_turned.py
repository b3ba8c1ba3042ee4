"""turned: loops count up where nothing depends on the order but the last digits of adjoints."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from srcad.transforms.turned import turned
from tests.transforms.lowered import load, outcome, primal, text_of

HEAD = "import numpy as np\n\n\ndef f(x, y, at, n):\n    s = 0.0\n"
TURNED = {
    "elements": ("for i in range(n - 1, -1, -1):\n        y[i] = x[i] * 2.0", "for i in range(n):"),
    "a part": ("for i in range(n - 1, 0, -1):\n        y[i] += x[i]", "for i in range(1, n):"),
    "from a number": ("for i in range(at[0], 0, -1):\n        y[i] = x[i]", "for i in range(1, at[0] + 1):"),
}
LEFT = {
    "a sum": "for i in range(n - 1, -1, -1):\n        s += x[i]",
    "elements by an index": "for i in range(n - 1, -1, -1):\n        y[at[i]] += x[i]",
    "what the last iteration leaves": "for i in range(n - 1, -1, -1):\n        y[at[i]] = x[i]",
    "a neighbour": "for i in range(n - 2, -1, -1):\n        y[i] = y[i + 1] * x[i]",
    "the last value": "for i in range(n - 1, -1, -1):\n        s = x[i]",
    "the counter": "for i in range(n - 1, -1, -1):\n        y[i] = x[i]\n    s = s + i",
    "steps of two": "for i in range(n - 1, -1, -2):\n        y[i] = x[i]",
    "an early end": "for i in range(n - 1, -1, -1):\n        y[i] = x[i]\n        if x[i] > 0.5:\n            break",
    "down to what may be below zero": "for i in range(n - 1, at[0], -1):\n        y[i] = x[i]",
    "an index that may be negative": "for i in range(n - 2, -2, -1):\n        y[i] = x[i]",
}


def arguments(n: int = 5) -> tuple[np.ndarray, np.ndarray, np.ndarray, int]:
    rng = np.random.default_rng(2)
    return rng.standard_normal(n), rng.standard_normal(n), np.full(n, 2), n


@pytest.mark.parametrize("name", TURNED)
def test_turned(name: str) -> None:
    body, head = TURNED[name]
    before = primal(f"{HEAD}    {body}\n    return s, y\n", arguments())
    after = turned(before)
    assert head in [line.strip() for line in text_of(after).splitlines()]
    for n in (3, 4, 5):
        found, expected = (outcome(load(p), arguments(n)) for p in (after, before))
        np.testing.assert_array_equal(found[1], expected[1])


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    before = primal(f"{HEAD}    i = 0\n    {LEFT[name]}\n    return s, y\n", arguments())
    assert text_of(turned(before)) == text_of(before)


def picked(x, at, w):
    s = 0.0
    for i in range(at.shape[0]):
        s += x[at[i]] * w[i]
    return s


def test_sums_of_adjoints(monkeypatch: pytest.MonkeyPatch) -> None:
    args = np.arange(3.0), np.array([0, 2, 2, 1, 0]), np.linspace(0.1, 0.7, 5)
    fn = srcad.differentiate(picked, argnums=(0, 2), backend="numba")
    assert "-1, -1, -1)" not in fn.source_for(*args)
    monkeypatch.setenv("SRCAD_OFF", "turned")
    off = srcad.differentiate(picked, argnums=(0, 2), backend="numba")
    assert "range(at.shape[0] - 1, -1, -1)" in off.source_for(*args)
    for one, other in zip(fn.grad(*args), off.grad(*args), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-14)
