"""picked: what an array of indices picks is picked once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import srcad
from srcad.program import Program
from srcad.transforms.picked import picked
from tests.transforms.lowered import load, outcome, primal, same, text_of

HEAD = "import numpy as np\n\n\ndef f(x, y, at, a, k):\n    s = 0.0\n    z = x.copy()\n"
PICKED = {
    "twice": ["t = z[at]", "u = z[at]", "s += np.sum(t * u)"],
    "with other things between": ["t = z[at]", "y[0] = s", "s += y[1]", "u = z[at]", "s += np.sum(t * u)"],
    "three times": ["t = z[at]", "u = z[at]", "w = z[at]", "s += np.sum(t * u + w)"],
    "rows": ["t = a[at]", "u = a[at]", "s += np.sum(t * u)"],
    "by a column": ["c = np.stack((at, at), axis=1)", "t = z[c[:, 1]]", "u = z[c[:, 1]]", "s += np.sum(t * u)"],
    "by a mask": ["t = z[at > 1]", "u = z[at > 1]", "s += np.sum(t * u)"],
}
LEFT = {
    "changed between": ["t = z[at]", "z[0] = 2.0", "u = z[at]", "s += np.sum(t * u)"],
    "changed by a loop between": [
        "t = z[at]",
        "for j in range(3):",
        "    z[j] *= 2.0",
        "u = z[at]",
        "s += np.sum(t * u)",
    ],
    "changed through a view": ["v = z[1:]", "t = z[at]", "v[0] = 2.0", "u = z[at]", "s += np.sum(t * u)"],
    "another array by that name": ["t = z[at]", "z = y * 2.0", "u = z[at]", "s += np.sum(t * u)"],
    "other indices": ["t = z[at]", "u = z[at + 1 - 1]", "s += np.sum(t * u)"],
    "indices that change": ["m = at.copy()", "t = z[m]", "m[0] = 1", "u = z[m]", "s += np.sum(t * u)"],
    "written into": ["t = z[at]", "t[0] = 5.0", "u = z[at]", "s += np.sum(t * u)"],
    "written into later": ["t = z[at]", "u = z[at]", "u[0] = 5.0", "s += np.sum(t * u)"],
    "written into by a view": ["t = z[at]", "u = z[at]", "v = u[1:]", "v[0] = 5.0", "s += np.sum(t * u)"],
    "in one branch": ["if k > 1:", "    t = z[at]", "    s += np.sum(t)", "u = z[at]", "s += np.sum(u * u)"],
    "a counter": ["for j in range(2):", "    t = a[at, j]", "    s += np.sum(t)", "u = a[at, 1]", "s += np.sum(u)"],
    "in each iteration, which may read what the last one has left": [
        "for j in range(3):",
        "    t = z[at]",
        "    u = z[at]",
        "    s += np.sum(t * u)",
        "    z[j] = s",
    ],
    "views": ["t = a[k]", "u = a[k]", "s += np.sum(t * u)"],
    "set twice": ["t = z[at]", "s += np.sum(t)", "t = y * 2.0", "u = z[at]", "s += np.sum(t * u)"],
}


def arguments() -> tuple[Any, ...]:
    rng = np.random.default_rng(4)
    return rng.random(5), rng.random(5), np.array([1, 0, 1, 3, 2]), rng.random((5, 5)), 2


def program(lines: list[str]) -> Program:
    return primal(HEAD + "".join(f"    {line}\n" for line in lines) + "    return s\n", arguments())


@pytest.mark.parametrize("name", PICKED)
def test_picked(name: str) -> None:
    before = program(PICKED[name])
    after = picked(before)
    assert "u = " in text_of(before) and "u = " not in text_of(after)
    assert same(*(outcome(load(p), arguments()) for p in (after, before)))


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    before = program(LEFT[name])
    assert text_of(picked(before)) == text_of(before)


def surface(v, w, corners):
    return np.sum(np.sin(w * v[corners[:, 0]] + (1.0 - w) * v[corners[:, 1]]))


def test_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(3)
    args = rng.random(6), rng.random(4), rng.integers(0, 6, (4, 2))
    found = srcad.differentiate(surface, argnums=(0, 1), backend="numba")
    assert found.source_for(*args).count("v[corners[:, 0]]") == 2  # one is a quotation
    for one, other in zip(found.grad(*args), srcad.grad(surface, (0, 1), backend="numpy")(*args), strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-13)
    monkeypatch.setenv("SRCAD_OFF", "picked")
    assert srcad.differentiate(surface, argnums=(0, 1), backend="numba").source_for(*args).count("v[corners[:, 0]]") > 2
