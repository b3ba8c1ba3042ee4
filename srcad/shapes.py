"""Symbolic shapes: broadcasting, products of extents, and what had to be assumed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from srcad.dims import Dim, is_extent, never_one

Dims: TypeAlias = tuple["Dim | None", ...]


@dataclass(frozen=True)
class Assumption:
    """``left op right`` is taken for granted.

    op: "==" for extents that are broadcast together (if one were 1 nothing would fail), "=" for extents that NumPy
    itself finds equal or raises, "<=" for bounds of slices, ">=" for extents that the program checks at its start.
    """

    op: str
    left: Dim
    right: Dim

    def __str__(self) -> str:
        return f"{self.left} {self.op} {self.right}"


Assumptions: TypeAlias = list[Assumption]


def assume(assumptions: Assumptions, op: str, left: Dim | None, right: Dim | None) -> None:
    """Note an assumption that does not hold by itself; nothing is noted of what is unknown."""
    if left is None or right is None or left == right or op == "<=" and not_negative(right - left):
        return
    noted = Assumption(op, left, right)
    if noted not in assumptions:
        assumptions.append(noted)


def not_negative(dim: Dim) -> bool:
    """Whether a linear form is at least 0 whatever its symbols are."""
    return dim.const >= 0 and all(coef > 0 and is_extent(s) for s, coef in dim.terms)


def broadcast(shapes: list[Dims | None], assumptions: Assumptions) -> Dims | None:
    """NumPy's broadcasting; of two symbols the first stands for both, and their equality is assumed."""
    if any(dims is None for dims in shapes):
        return None
    result: Dims = ()
    for dims in shapes:
        if not dims or dims == result:
            continue
        if not result:
            result = dims
            continue
        rank = max(len(result), len(dims))
        padded = [(Dim(1),) * (rank - len(d)) + d for d in (result, dims)]
        result = tuple(_broadcast_one(a, b, assumptions) for a, b in zip(*padded, strict=True))
    return result


def _broadcast_one(a: Dim | None, b: Dim | None, assumptions: Assumptions) -> Dim | None:
    if a == b or b == Dim(1):
        return a
    if a == Dim(1):
        return b
    if never_one(a) and never_one(b):
        assert a is not None and b is not None
        assume(assumptions, "==", a, b)
        return b if b.is_const else a
    if never_one(a) or never_one(b):  # the other one is equal to it, or 1
        return a if never_one(a) else b
    return None


def same(a: Dim | None, b: Dim | None, assumptions: Assumptions) -> Dim | None:
    """The extent of two axes that must be equal (no broadcasting)."""
    if a is None or b is None:
        return b if a is None else a
    assume(assumptions, "=", a, b)
    return b if b.is_const else a


def size(dims: Dims) -> Dim | None:
    """The product of extents, where it is linear."""
    if Dim(0) in dims:
        return Dim(0)
    factor, symbolic = 1, []
    for d in dims:
        if d is None:
            return None
        if d.is_const:
            factor *= d.const
        else:
            symbolic.append(d)
    if len(symbolic) > 1:
        return None
    return symbolic[0] * factor if symbolic else Dim(factor)


def reshape(old: Dims | None, new: Dims, assumptions: Assumptions) -> Dims:
    """The extents of a reshaped array; one ``Dim(-1)`` in `new` is worked out where that is possible."""
    if new.count(Dim(-1)) != 1:
        return new
    wanted = [d for d in new if d != Dim(-1)]
    rest = None if old is None else _cancel(old, wanted)
    return tuple(rest if d == Dim(-1) else d for d in new)


def _cancel(old: Dims, wanted: list[Dim | None]) -> Dim | None:
    """The extent that is left of `old` when the extents `wanted` are taken out."""
    remaining = list(old)
    divisor = 1
    for d in wanted:
        if d is not None and d in remaining:
            remaining.remove(d)
        elif d is not None and d.is_const:
            divisor *= d.const
        else:
            return None
    total = size(tuple(remaining))
    if total is None or divisor == 0 or total.const % divisor or any(c % divisor for _, c in total.terms):
        return None
    return Dim(total.const // divisor, tuple((s, c // divisor) for s, c in total.terms))


def matmul(a: Dims | None, b: Dims | None, assumptions: Assumptions) -> Dims | None:
    """The shape of ``a @ b``."""
    if a is None or b is None or not a or not b:
        return None
    same(a[-1], b[-2] if len(b) > 1 else b[-1], assumptions)
    batch = broadcast([a[:-2], b[:-2]], assumptions) or ()
    return batch + a[-2:-1] + (b[-1:] if len(b) > 1 else ())


def dot(a: Dims | None, b: Dims | None, assumptions: Assumptions) -> Dims | None:
    """The shape of ``np.dot(a, b)``."""
    if a is None or b is None:
        return None
    if not a or not b:
        return a + b
    same(a[-1], b[-2] if len(b) > 1 else b[-1], assumptions)
    return a[:-1] + b[:-2] + (b[-1:] if len(b) > 1 else ())
