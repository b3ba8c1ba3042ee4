"""columns: matrices that all loops walk down their columns lie by columns."""

from __future__ import annotations

import numpy as np
import pytest

import srcad
from srcad.transforms.columns import columns
from srcad.transforms.loops import loops
from tests.transforms.lowered import primal, text_of

HEAD = "import numpy as np\n\n\ndef f(x, y, n):\n    p = np.zeros((x.shape[0], n))\n"
DOWN = "for j in range(1, n):\n        p[1:, j] = x[1:] * p[1:, j - 1] + y[1:]"
TURNED = "p = np.zeros((n, x.shape[0])).T"
LEFT = {
    "along rows": "for i in range(1, n):\n        p[i, 1:n] = p[i - 1, 1:n] + y[0]",
    "once along a row": f"{DOWN}\n    p[2, :] = 1.0",
    "a diagonal": "for i in range(n):\n        p[i, i] = x[i]",
    "a place computed in the loop": f"{DOWN}\n    for i in range(n):\n        k = n - 1 - i\n        p[0, k] = x[i]",
    "a product": f"{DOWN}\n    y[:] = p @ y",
    "another name": f"{DOWN}\n    q = p if n > 3 else p * 2.0\n    y[0] = q[0, 0]",
    "elements in memory's order": f"{DOWN}\n    y[0] = p.ravel()[2]",
    "no loop": "p[0, 0] = x[0]",
    "three columns": "p = np.zeros((n, 3))\n    for i in range(n):\n        p[i, 2] = x[i]\n    y[:] = p[:, 2]",
    "columns by literals": "for i in range(n):\n        p[i, 0] = x[i]\n        p[i, 1] = y[i]",
}


def text(body: str, result: str = "y") -> str:
    args = (np.ones(5), np.ones(5), 5)
    return text_of(columns(loops(primal(f"{HEAD}    {body}\n    return {result}\n", args))))


def test_turned() -> None:
    assert TURNED in text(f"{DOWN}\n    y[:] = p[:, n - 1]")


@pytest.mark.parametrize("name", LEFT)
def test_left(name: str) -> None:
    assert ".T" not in text(LEFT[name])


def test_left_for_who_gets_it() -> None:
    assert ".T" not in text(DOWN, "p")


def test_bits(monkeypatch: pytest.MonkeyPatch) -> None:
    """A matrix that is not square, its record and its adjoint: the same bits as lying by rows, and right."""

    def f(x, m):  # type: ignore[no-untyped-def]
        n = x.shape[0]
        p = np.zeros((n, m))
        for _ in range(2):
            p[1:, 0] = x[1:]
            for j in range(1, m):
                p[1:, j] = p[1:, j - 1] * p[1:, j] + np.sin(x[:-1])
        total = 0.0
        for i in range(n):
            total += p[i, m - 1] * p[i, m - 1]
        return total

    x = np.linspace(0.3, 1.2, 7)
    gradient = srcad.differentiate(backend="numba")(f)
    found = gradient.grad(x, 4)
    assert ".T\n" in gradient.source
    monkeypatch.setenv("SRCAD_OFF", "columns")
    plain = srcad.differentiate(backend="numba")(f)
    np.testing.assert_array_equal(found, plain.grad(x, 4))
    assert ".T\n" not in plain.source
    along = (f(x + 1e-6, 4) - f(x - 1e-6, 4)) / 2e-6
    assert found.sum() == pytest.approx(along, rel=1e-8)
