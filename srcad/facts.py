"""Shapes of a program, once its assumptions are taken for granted: which extents are equal, how to print them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from srcad import ir, types
from srcad.dims import Dim, dim_expr
from srcad.types import Num

Dims = tuple["Dim | None", ...]


class Shapes:
    """Types of expressions, with extents that were assumed equal replaced by one of them."""

    def __init__(self, known: Mapping[str, types.Abstract], assumptions: Sequence[object], rebound: set[str]) -> None:
        self.types = dict(known)
        self.rebound = rebound  # variables that hold different arrays at different times: their extents have no name
        self._leader: dict[Dim, Dim] = {}
        for a in assumptions:
            if getattr(a, "op", "") == "==":
                self._unite(a.left, a.right)  # type: ignore[attr-defined]

    def _unite(self, a: Dim, b: Dim) -> None:
        a, b = self.canonical(a), self.canonical(b)
        if a != b:
            self._leader[b] = a

    def canonical(self, dim: Dim) -> Dim:
        while dim in self._leader:
            dim = self._leader[dim]
        return dim

    def of(self, expr: ir.Expr) -> Num:
        """The type of an expression; UNKNOWN for what is not a number or array."""
        found = types.infer(expr, self.types, [])
        return found if isinstance(found, Num) else types.UNKNOWN

    def dims(self, t: Num) -> Dims | None:
        return None if t.dims is None else tuple(None if d is None else self.canonical(d) for d in t.dims)

    def same(self, a: Num, b: Num) -> bool:
        """Whether two values are known to have one shape."""
        x, y = self.dims(a), self.dims(b)
        return x is not None and x == y and None not in x

    def extent(self, dim: Dim | None) -> ir.Expr | None:
        """An expression for an extent, if one holds everywhere in the program."""
        if dim is None:
            return None
        expr = dim_expr(dim)
        if ir.names(expr) & self.rebound:
            return None
        clipped = dim.const < 0 and dim.terms
        return ir.call("builtins.max", expr, ir.Const(0)) if clipped else expr


def rebound(body: Sequence[ir.Stmt], inputs: set[str]) -> set[str]:
    """Variables assigned more than once, or assigned and an input."""
    counts: dict[str, int] = {}
    for node in ir.walk(tuple(body)):
        targets: set[str] = set()
        if isinstance(node, (ir.Assign, ir.For)):
            targets = ir.names(node.target)
        elif isinstance(node, ir.Augment) and isinstance(node.target, ir.Name):
            targets = {node.target.id}
        elif isinstance(node, ir.Pop) and isinstance(node.target, ir.Name):
            targets = {node.target.id}
        copies = isinstance(node, ir.Assign) and node.value == ir.call("numpy.copy", node.target)
        for name in targets:
            counts[name] = counts.get(name, 0) + (0 if copies else 1 + (name in inputs))
    loops = {n for s in ir.walk(tuple(body)) if isinstance(s, (ir.For, ir.While)) for n in _assigned(s)}
    return {name for name, count in counts.items() if count > 1 or name in loops}


def _assigned(loop: ir.For | ir.While) -> set[str]:
    found = set()
    for node in ir.walk(loop.body):
        if isinstance(node, (ir.Assign, ir.For)):
            found |= ir.names(node.target)
        elif isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
            found.add(node.target.id)
    return found
