"""polyhedra: linear inequalities that no numbers fulfil, and unknowns by forms of them."""

from __future__ import annotations

import itertools

import numpy as np

from srcad.dims import Dim, symbol
from srcad.polyhedra import is_empty, solved


def test_emptiness_against_counting() -> None:
    rng = np.random.default_rng(0)
    proven = 0
    for _ in range(150):
        forms = [Dim(int(rng.integers(-4, 5)), _terms(rng)) for _ in range(rng.integers(1, 6))]
        rows, zero = forms[1:], forms[: rng.integers(0, 2)]
        box = [symbol(u) * sign + 3 for u in "xyz" for sign in (1, -1)]
        points = [dict(zip("xyz", p)) for p in itertools.product(range(-3, 4), repeat=3)]
        some = any(all(r.value(p) >= 0 for r in rows) and all(r.value(p) == 0 for r in zero) for p in points)
        if is_empty([*rows, *box], zero):
            assert not some
            proven += 1
    assert proven > 30


def _terms(rng: np.random.Generator) -> tuple[tuple[str, int], ...]:
    return tuple((u, int(c)) for u, c in zip("xyz", rng.integers(-2, 3, 3)) if c)


def test_unknowns_by_their_forms() -> None:
    forms = [symbol("x") + symbol("z"), symbol("y"), symbol("z") - symbol("y")]
    values = solved(forms, "xyz", "pqr")
    assert values is not None
    assert [str(v) for v in values] == ["p - q - r", "q", "q + r"]
    assert solved([symbol("x") * 2, symbol("y"), symbol("z")], "xyz", "pqr") is None
