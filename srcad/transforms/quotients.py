"""quotients: divisions by what stays the same in a loop become products with the reciprocal, for Numba.

Before: ``for i: g[i] = u_bar[i] / dx``. After: ``for i: g[i] = quotients.over(u_bar[i], dx)``, which differs in the
last digit at most. That digit decides nothing: a program with a condition, a comparison, a function that jumps (floor,
an index made of a quotient) or that is steep somewhere (a square root) is left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from srcad import ir, types
from srcad.program import Program
from srcad.transforms.loops_text import PLUS
from srcad.types import Abstract, Num

OVER = "srcad_runtime.quotients.over"
_SMOOTH = frozenset("arctan cos cosh exp expm1 sin sinh square tan tanh".split())  # nowhere steep or undefined
_MEMORY = frozenset("copy empty empty_like full full_like ones ones_like zeros zeros_like".split())


def quotients(program: Program) -> Program:
    """The program with quick quotients in its loops, if nothing in it depends on a last digit."""
    if any(_decides(node, program.types) for stmt in program.body for node in _live(stmt, program.types)):
        return program
    return replace(program, body=tuple(_within(s, frozenset(), False, program.types) for s in program.body))


def _live(stmt: ir.Stmt, known: Mapping[str, Abstract]) -> Any:
    """All nodes, without checks that compare extents and raise, and without what is computed from integers alone."""
    if isinstance(stmt, ir.If) and len(stmt.body) == 1 and isinstance(stmt.body[0], ir.Raise) and not stmt.orelse:
        return
    if isinstance(stmt, ir.Assign) and all(_is_integer(ir.Name(name), known) for name in ir.names(stmt.value)):
        return  # the length of a stretch: a root of a number of steps
    if isinstance(stmt, (ir.For, ir.Block)):
        yield from ir.walk(replace(stmt, body=()))
        for inner in stmt.body:
            yield from _live(inner, known)
    else:
        yield from ir.walk(stmt)


def _decides(node: Any, known: Mapping[str, Abstract]) -> bool:
    """Whether something may change by more than a last digit where its operands do."""
    if isinstance(node, (ir.If, ir.While, ir.IfExp, ir.Compare, ir.BoolOp, ir.Do)):
        return not (isinstance(node, ir.Do) and _path(node.value).startswith("srcad_runtime.products."))
    if isinstance(node, ir.Binary) and node.op in ("//", "%", "**"):
        power = node.op == "**" and isinstance(node.right, ir.Const) and type(node.right.value) is int
        return not (power or _is_integer(node, known))
    if isinstance(node, ir.Call):
        return not _is_smooth(node, known)
    return isinstance(node, (ir.With, ir.Assert, ir.Lambda, ir.Push, ir.Pop))


def _is_smooth(call: ir.Call, known: Mapping[str, Abstract]) -> bool:
    path = _path(call)
    if path == PLUS or path.startswith("srcad_runtime.products."):
        return True
    package, _, name = path.rpartition(".")
    if package in ("numpy", "math", "srcad_runtime.vector_maths") and name in _SMOOTH | _MEMORY:
        return True
    return path in ("builtins.range", "builtins.max", "builtins.min") and all(_is_integer(a, known) for a in call.args)


def _path(node: ir.Expr) -> str:
    return node.fn.path if isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref) else ""


def _is_integer(expr: ir.Expr, known: Mapping[str, Abstract]) -> bool:
    found = types.infer(expr, known, [])
    return isinstance(found, Num) and (found.dtype or "").startswith("int")


def _within(stmt: ir.Stmt, bound: frozenset[str], looped: bool, known: Mapping[str, Abstract]) -> ir.Stmt:
    """A statement with its divisions replaced. bound: what the innermost loop sets; looped: whether there is one."""
    if isinstance(stmt, ir.For):
        own = frozenset(n for node in ir.walk(stmt) if isinstance(node, (ir.Assign, ir.For, ir.Augment, ir.Store))
                        for n in _target(node))  # fmt: skip
        return replace(stmt, body=tuple(_within(s, own, True, known) for s in stmt.body))
    if isinstance(stmt, ir.Block):
        return replace(stmt, body=tuple(_within(s, bound, looped, known) for s in stmt.body))
    if not looped or not isinstance(stmt, (ir.Assign, ir.Augment, ir.Store)):
        return stmt
    return replace(stmt, value=ir.transform(stmt.value, lambda n: _quick(n, bound, known)))


def _target(node: ir.Assign | ir.For | ir.Augment | ir.Store) -> set[str]:
    return ir.names(node.target.base) if isinstance(node.target, ir.Index) else ir.names(node.target)


def _quick(node: Any, bound: frozenset[str], known: Mapping[str, Abstract]) -> Any:
    if not isinstance(node, ir.Binary) or node.op != "/" or not _is_fixed(node.right, bound):
        return node
    if not ir.names(node.left) & bound or not all(_is_double(e, known) for e in (node.left, node.right)):
        return node
    return ir.Call(ir.Ref(OVER), (node.left, node.right), loc=node.loc)


def _is_fixed(expr: ir.Expr, bound: frozenset[str]) -> bool:
    """Whether a divisor is made of numbers that the loop does not change, and no power of two."""
    if isinstance(expr, ir.Const):
        return isinstance(expr.value, float) and (
            expr.value == 0 or abs(expr.value).hex().split("p")[0] != "0x1.0000000000000"
        )
    allowed = (ir.Name, ir.Const, ir.Binary, ir.Unary)
    return all(isinstance(n, allowed) for n in ir.walk(expr)) and not ir.names(expr) & bound


def _is_double(expr: ir.Expr, known: Mapping[str, Abstract]) -> bool:
    if isinstance(expr, ir.Call) and _path(expr) == OVER:
        return True
    found = types.infer(expr, known, [])
    return isinstance(found, Num) and found.dtype == "float64" and found.dims == ()
