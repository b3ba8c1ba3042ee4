"""Whether integers can satisfy linear inequalities: Fourier and Motzkin's elimination, one unknown after the other."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from srcad.dims import Dim, symbol

_MOST = 400  # inequalities; from there on nothing is proven


def is_empty(at_least_zero: Iterable[Dim], zero: Iterable[Dim] = ()) -> bool:
    """Whether it is proven that no integers make the first forms non-negative and the others zero.

    False where there may be such integers: those that only fractions satisfy are not always told apart.
    """
    found = _without_equations([*at_least_zero], [*zero])
    if found is None:
        return True
    rows = {_reduced(row) for row in found}
    while rows:
        if any(row.is_const and row.const < 0 for row in rows):
            return True
        rows = {row for row in rows if not row.is_const}
        unknowns = sorted({text for row in rows for text in row.symbols})
        if not unknowns or len(rows) > _MOST:
            return False
        rows = _without(min(unknowns, key=lambda text: (_cost(rows, text), text)), rows)
    return False


def _without_equations(rows: list[Dim], equations: list[Dim]) -> list[Dim] | None:
    """The inequalities with unknowns put in from equations; None where an equation cannot hold."""
    while equations:
        equation = equations.pop()
        factor = math.gcd(*(coef for _, coef in equation.terms))
        if factor == 0 and equation.const or factor and equation.const % factor:
            return None
        single = next(((text, coef) for text, coef in equation.terms if abs(coef) == 1), None)
        if single is None:
            rows += [equation, -equation]
            continue
        text, coef = single
        rows = [_put(row, text, equation, coef) for row in rows]
        equations = [_put(row, text, equation, coef) for row in equations]
    return rows


def _put(row: Dim, text: str, equation: Dim, coef: int) -> Dim:
    """The row without an unknown, which has the coefficient 1 or -1 in an equation."""
    return row - equation * (coefficient(row, text) * coef)


def coefficient(row: Dim, text: str) -> int:
    return dict(row.terms).get(text, 0)


def _reduced(row: Dim) -> Dim:
    """The row divided by what all coefficients have in common."""
    factor = math.gcd(*(coef for _, coef in row.terms))
    if factor < 2:
        return row
    return Dim(row.const // factor, tuple((text, coef // factor) for text, coef in row.terms))


def _split(rows: Iterable[Dim], text: str) -> tuple[list[Dim], list[Dim]]:
    signs = [(row, coefficient(row, text)) for row in rows]
    return [row for row, coef in signs if coef > 0], [row for row, coef in signs if coef < 0]


def _cost(rows: Iterable[Dim], text: str) -> int:
    above, below = _split(rows, text)
    return len(above) * len(below) - len(above) - len(below)


def _without(text: str, rows: set[Dim]) -> set[Dim]:
    above, below = _split(rows, text)
    pairs = {
        _reduced(low * -coefficient(high, text) + high * coefficient(low, text)) for low in above for high in below
    }
    return {row for row in rows if not coefficient(row, text)} | pairs


def solved(forms: Sequence[Dim], unknowns: Sequence[str], names: Sequence[str]) -> list[Dim] | None:
    """Three unknowns by the values, called `names`, of three linear forms in them without constants.

    None where other integers than those of a lattice's basis would be left out.
    """
    rows = [[coefficient(form, text) for text in unknowns] for form in forms]
    cofactors = [[_minor(rows, i, j) for i in range(3)] for j in range(3)]
    determinant = sum(rows[0][j] * cofactors[j][0] for j in range(3))
    if abs(determinant) != 1:
        return None
    symbols = [symbol(name) for name in names]
    return [sum((symbols[i] * (row[i] * determinant) for i in range(3)), start=Dim(0)) for row in cofactors]


def _minor(rows: list[list[int]], i: int, j: int) -> int:
    a, b = [r for r in range(3) if r != i]
    c, d = [r for r in range(3) if r != j]
    return (-1) ** (i + j) * (rows[a][c] * rows[b][d] - rows[a][d] * rows[b][c])
