"""Shapes of a program, once its assumptions are taken for granted: which extents are equal, how to print them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from srcad import ir, types
from srcad.dims import Dim, dim_expr, symbol
from srcad.types import Num

Dims = tuple["Dim | None", ...]
LIKE = tuple(ir.Ref(f"numpy.{name}") for name in ("zeros_like", "ones_like", "empty_like", "full_like", "shape"))


class Shapes:
    """Types of expressions, with extents that were assumed equal replaced by one of them.

    lasting: variables that get their one value before everything in which their extents are asked for, in order.
    """

    def __init__(
        self,
        known: Mapping[str, types.Abstract],
        assumptions: Sequence[object],
        rebound: set[str],
        lasting: Mapping[str, ir.Expr] = MappingProxyType({}),
    ) -> None:
        self.types = {name: _itself(name, t) for name, t in known.items()}
        for name, value in lasting.items():
            if name in known and name not in rebound:
                self.types[name] = named(name, _refined(self.types[name], types.infer(value, self.types, [])))
        self.rebound = rebound  # variables that hold different arrays at different times: their extents have no name
        self._leader: dict[str, Dim] = {}
        for a in assumptions:
            if getattr(a, "op", "") in ("==", "="):
                self._unite(a.left, a.right)  # type: ignore[attr-defined]
        # extents that the program has checked: at least so long
        self.least = {a.left.symbols[0]: a.right.const for a in assumptions if getattr(a, "op", "") == ">="}  # type: ignore[attr-defined]
        self.types = {name: self._canonical_type(t) for name, t in self.types.items()}

    def _unite(self, a: Dim, b: Dim) -> None:
        a, b = self.canonical(a), self.canonical(b)
        if a == b:
            return
        single = [d for d in (b, a) if d.const == 0 and len(d.terms) == 1 and d.terms[0][1] == 1]
        if single:
            self._leader[single[0].terms[0][0]] = a if single[0] == b else b

    def equate(self, one: Num, other: Num) -> Num:
        """`one`, told that `other` is of the same shape: what is unknown of it is taken from there."""
        if one.dims is None or other.dims is None or len(one.dims) != len(other.dims):
            return one
        for a, b in zip(one.dims, other.dims):
            if a is not None and b is not None and ("[-" in str(a) or "[-" in str(b)):
                self._unite(a, b)
        return replace(one, dims=tuple(b if a is None else a for a, b in zip(one.dims, other.dims)))

    def learn(self, name: str, value: Num) -> None:
        """The variable is given this value: extents that had but its own name are the value's."""
        kind = self.types.get(name)
        own, new = (self.dims(t) if isinstance(t, Num) else None for t in (kind, value))
        if not own or not new or len(own) != len(new):
            return
        pairs = [(a, b) for a, b in zip(own, new) if a is not None and b is not None and a != b]
        told = {a.symbols[0]: b for a, b in pairs if a.symbols[:1] and a.symbols[0].startswith(f"{name}.shape[-")}
        if told:
            self._leader |= told
            self.types = {n: self._canonical_type(t) for n, t in self.types.items()}

    def canonical(self, dim: Dim) -> Dim:
        """The extent with every symbol replaced by the one it was found equal to."""
        while any(s in self._leader for s, _ in dim.terms):
            total = Dim(dim.const)
            for s, coef in dim.terms:
                total = total + self._leader.get(s, symbol(s)) * coef
            dim = total
        return dim

    def _canonical_type(self, t: types.Abstract) -> types.Abstract:
        if isinstance(t, Num):
            dims, number = self.dims(t), None if t.number is None else self.canonical(t.number)
            return t if (dims, number) == (t.dims, t.number) else replace(t, dims=dims, number=number)
        return t

    def of(self, expr: ir.Expr) -> Num:
        """The type of an expression; UNKNOWN for what is not a number or array."""
        found = types.infer(expr, self.types, [])
        return found if isinstance(found, Num) else types.UNKNOWN

    def dims(self, t: Num) -> Dims | None:
        return None if t.dims is None else tuple(None if d is None else self.canonical(d) for d in t.dims)

    def rank(self, expr: ir.Expr) -> int | None:
        """The number of axes of an expression, None where that is not known."""
        dims = self.of(expr).dims
        return None if dims is None else len(dims)

    def same(self, a: Num, b: Num) -> bool:
        """Whether two values are known to have one shape."""
        x, y = self.dims(a), self.dims(b)
        return x is not None and x == y and None not in x

    def by_name(self, code: Any) -> Any:
        """Code in which shapes are asked of variables instead of expressions: ``((p - y) ** 2).size`` is ``p.size``."""
        return ir.transform(code, self._asked_of_variable)

    def _asked_of_variable(self, node: Any) -> Any:
        if isinstance(node, ir.Attr) and node.name in ("shape", "size", "dtype") and not isinstance(node.base, ir.Name):
            found = self.like(node.base, dtype=node.name == "dtype")
            return node if found is None else ir.Attr(found, node.name)
        if isinstance(node, ir.Call) and node.fn in LIKE and not isinstance(node.args[0], ir.Name):
            found = self.like(node.args[0], dtype=True)
            return node if found is None else replace(node, args=(found, *node.args[1:]))
        return node

    def like(self, expr: ir.Expr, dtype: bool) -> ir.Name | None:
        """A variable in `expr` that has its shape (and its dtype)."""
        kind = self.of(expr)
        for node in ir.walk(expr):
            if isinstance(node, ir.Name):
                own = self.of(node)
                if self.same(own, kind) and own.dims and (own.dtype == kind.dtype or not dtype):
                    return node
        return None

    def extent(self, dim: Dim | None) -> ir.Expr | None:
        """An expression for an extent, if one holds everywhere in the program."""
        if dim is None:
            return None
        expr = dim_expr(dim)
        if ir.names(expr) & self.rebound:
            return None
        clipped = dim.const < 0 and dim.terms
        return ir.call("builtins.max", expr, ir.Const(0)) if clipped else expr


def found_equal(stmt: ir.Stmt) -> Iterator[ir.Compare]:
    """The comparisons whose two sides are equal behind ``if a.shape[0] != b.shape[0] or ...: raise ...``."""
    if not isinstance(stmt, ir.If) or stmt.orelse or not stmt.body or not isinstance(stmt.body[-1], ir.Raise):
        return
    tests = stmt.test.items if isinstance(stmt.test, ir.BoolOp) and stmt.test.op == "or" else (stmt.test,)
    yield from (test for test in tests if isinstance(test, ir.Compare) and test.ops == ("!=",))


def given(
    known: Mapping[str, types.Abstract], names: Iterable[str], checked: Sequence[object] = ()
) -> dict[str, types.Abstract]:
    """The types of what is given from outside, whose extents are equal only where that was `checked`.

    What NumPy itself finds equal or raises ("=") is found by the product: loops in its place have to look.
    """
    own = Shapes(known, checked, set()).types
    return {name: own[name] for name in names if name in own}


def _itself(name: str, t: types.Abstract) -> types.Abstract:
    """An integer variable of unknown value stands for itself: within one statement it has one value."""
    if types.is_integer(t) and types.is_scalar(t) and isinstance(t, Num) and t.number is None:
        return replace(t, number=symbol(name))
    return t


def named(name: str, t: types.Abstract) -> types.Abstract:
    """An array's unknown extents stand for themselves. Counted from the back: `never_one` knows nothing of them."""
    if not isinstance(t, Num) or not t.dims or None not in t.dims:
        return t
    own = (symbol(f"{name}.shape[{k - len(t.dims)}]") for k in range(len(t.dims)))
    return replace(t, dims=tuple(o if d is None else d for d, o in zip(t.dims, own)))


def own_extent(known: Mapping[str, types.Abstract], text: str) -> bool:
    """Whether a symbol ``x.shape[0]`` is an extent of all that the variable x is ever set to."""
    found = re.fullmatch(r"(\w+)\.shape\[(\d+)\]", text)
    kind = known.get(found[1]) if found else None
    if found is None or not isinstance(kind, Num) or kind.dims is None or int(found[2]) >= len(kind.dims):
        return False
    return kind.dims[int(found[2])] == symbol(text)


def _refined(t: types.Abstract, found: types.Abstract) -> types.Abstract:
    """A variable's type with those of its extents that its value tells."""
    if not isinstance(t, Num) or not isinstance(found, Num) or not t.dims or len(found.dims or ()) != len(t.dims):
        return t
    assert found.dims is not None
    return replace(t, dims=tuple(b if a is None else a for a, b in zip(t.dims, found.dims)))


def lasting(body: Sequence[ir.Stmt]) -> dict[str, ir.Expr]:
    """Variables assigned outside of all branches and loops, in order, with what they are set to."""
    found: dict[str, ir.Expr] = {}
    for stmt in body:
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name):
            found[stmt.target.id] = stmt.value
        elif isinstance(stmt, ir.Assign):
            found |= dict.fromkeys(sorted(ir.names(stmt.target)), ir.NONE)
        elif isinstance(stmt, (ir.Block, ir.With)):
            found |= lasting(stmt.body)
    return found


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
