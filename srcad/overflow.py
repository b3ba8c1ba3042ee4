"""Machine integers: on Numba, products, powers and sums that may leave 64 bits are checked.

Python's integers have no end. Extents, loop counters and literals are small (a computer could not hold or count more);
a product of two of them fits. Everything else that multiplies, raises or adds numbers of unknown size is replaced by a
call that raises OverflowError where the result does not fit. So are exponents that may be negative (Python's integers
become fractions then, NumPy's raise), shifts by more bits than there are, and what has no integer (NaN, infinity), of
which a processor makes anything.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from srcad import ir, types
from srcad.errors import Unsupported
from srcad.program import Program
from srcad.transforms.widths import fits
from srcad.types import is_narrow

GREATEST = {"**": 2**31, "<<": 63, ">>": 63}  # that exponents and shifts may be
TO_INTEGER = frozenset({"builtins.int", "builtins.round", "math.floor", "math.ceil", "math.trunc"})
_CALLS = {"numpy.power": "**", "numpy.left_shift": "<<", "numpy.right_shift": ">>"}
CHECKED = {"*": "product", "**": "power", "+": "total", "-": "difference", "<<": "shifted"}


def checked(program: Program) -> Program:
    """The program with integer arithmetic checked where its range is not known."""
    body = program.body
    counters = {n.target.id for n in ir.walk(body) if isinstance(n, ir.For) and isinstance(n.target, ir.Name)}
    values = _assigned(body) | {i.name: [None] for i in program.inputs}
    work = _Checker(dict(program.types), counters - set(values))
    while new := {
        name
        for name, given in values.items()
        if name not in work.small | counters and all(e is not None and work.is_small(e) for e in given)
    }:
        work.small |= new
    return replace(program, body=ir.transform(body, work.node), results=ir.transform(program.results, work.node))


def _assigned(body: tuple[ir.Stmt, ...]) -> dict[str, list[ir.Expr | None]]:
    """Variable -> all that is assigned to it; None for what is not an expression of its own."""
    found: dict[str, list[ir.Expr | None]] = {}
    for node in ir.walk(body):
        if isinstance(node, ir.Assign) and isinstance(node.target, ir.Name):
            found.setdefault(node.target.id, []).append(node.value)
        elif isinstance(node, ir.Assign):
            for name in ir.names(node.target):
                found.setdefault(name, []).append(None)
        elif isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
            found.setdefault(node.target.id, []).append(None)
    return found


class _Checker:
    def __init__(self, known: dict[str, types.Abstract], small: set[str]) -> None:
        self.known, self.small = known, small

    def node(self, node: Any) -> Any:
        if isinstance(node, ir.Binary) and node.op == "**" and self.is_fraction(node):
            return replace(node, left=ir.call("builtins.float", node.left))
        if isinstance(node, ir.Augment) and isinstance(node.target, ir.Index):
            self.refuse_cast(node)
        if isinstance(node, (ir.Assign, ir.Store)) and isinstance(node.target, ir.Index):
            return replace(node, value=self.truncated(node.value, types.infer(node.target, self.known, [])))
        if isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref) and node.fn.path in TO_INTEGER:
            return self.whole(node)
        if isinstance(node, ir.Call) and node.fn == ir.Ref("numpy.fmod"):
            return self.remainder(node)
        node = self.bounded(node)
        if isinstance(node, ir.Binary) and node.op in CHECKED and self.is_integer(node):
            sides = (self.is_small(node.left), self.is_small(node.right))
            safe = all(sides) if node.op in ("*", "**", "<<") else any(sides)
            if node.op == "**" and not isinstance(node.right, ir.Const):
                safe = False
            if not safe:
                return ir.call(f"srcad_runtime.kernels.{CHECKED[node.op]}", node.left, node.right)
        if isinstance(node, ir.Augment) and isinstance(node.target, ir.Name) and node.op in CHECKED:
            full = ir.Binary(node.op, node.target, node.value, loc=node.loc)
            new = self.node(full)
            return ir.Assign(node.target, new, loc=node.loc) if new is not full else node
        return node

    def is_fraction(self, power: ir.Binary) -> bool:
        """``len(x) ** -1``: Python's integers become a float."""
        kinds = [types.infer(e, self.known, []) for e in (power.left, power.right, power)]
        return all(map(types.is_integer, kinds[:2])) and all(map(types.is_scalar, kinds)) and types.is_float(kinds[2])

    def remainder(self, call: ir.Call) -> ir.Expr:
        """``np.fmod`` of integers has the sign of the first; Numba's has that of the second."""
        if len(call.args) != 2 or call.kwargs or not types.is_integer(types.infer(call, self.known, [])):
            return call
        a, b = (ir.call("numpy.abs", e) for e in call.args)
        return ir.Binary("*", ir.call("numpy.sign", call.args[0]), ir.Binary("%", a, b), loc=call.loc)

    def whole(self, call: ir.Call) -> ir.Call:
        """``int(x)`` of a floating number, with a check that there is such an integer."""
        kind = types.infer(call.args[0], self.known, []) if len(call.args) == 1 else None
        if kind is None or not types.is_float(kind) or not types.is_scalar(kind) or types.is_complex(kind):
            return call
        return replace(call, args=(ir.call("srcad_runtime.kernels.whole", call.args[0]),))

    def truncated(self, value: ir.Expr, kind: types.Abstract) -> ir.Expr:
        """A floating number that is written into an array of integers, with a check that there is such an integer."""
        own = types.infer(value, self.known, [])
        is_cut = types.is_integer(kind) and types.is_scalar(kind) and types.is_scalar(own) and types.is_float(own)
        if not is_cut or types.is_complex(own) or not isinstance(kind, types.Num) or kind.dtype is None:
            return value
        whole = ir.call("srcad_runtime.kernels.whole", value)
        return fits(ir.call("numpy.int64", whole), kind.dtype) if is_narrow(kind) else whole

    def bounded(self, node: Any) -> Any:
        """With a check of the exponents, or of how far is shifted, where arrays of integers or ``>>`` take them."""
        if isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref) and len(node.args) == 2:
            op, left, right = _CALLS.get(node.fn.path), *node.args
        elif isinstance(node, ir.Binary):
            op, left, right = node.op, node.left, node.right
        elif isinstance(node, ir.Augment):
            op, left, right = node.op, node.target, node.value
        else:
            return node
        kinds = [types.infer(e, self.known, []) for e in (left, right)]
        if op not in GREATEST or not all(map(types.is_integer, kinds)):
            return node
        scalar = all(map(types.is_scalar, kinds))
        if scalar and op != ">>" or isinstance(right, ir.Const) and 0 <= right.value <= GREATEST[op]:
            return node
        name = "natural" if types.is_scalar(kinds[1]) else "naturals"
        new = ir.call(f"srcad_runtime.kernels.{name}", right, ir.Const(GREATEST[op]))
        if isinstance(node, ir.Call):
            return replace(node, args=(left, new))
        return replace(node, **{"right" if isinstance(node, ir.Binary) else "value": new})

    def refuse_cast(self, stmt: ir.Augment) -> None:
        """``k /= 2`` of an array of integers, for which NumPy raises."""
        kind, new = (types.infer(e, self.known, []) for e in (stmt.target, ir.Binary(stmt.op, stmt.target, stmt.value)))
        found, own = (t.dtype if isinstance(t, types.Num) else None for t in (new, kind))
        if types.is_scalar(kind) or found is None or own is None or np.can_cast(found, own, "same_kind"):
            return
        reason = f"Numba does not refuse `{stmt.op}=`, which would make {found} of an array of {own}"
        raise Unsupported(reason, stmt.loc, 'Use backend="numpy", or write an assignment.')

    def is_integer(self, expr: ir.Expr) -> bool:
        kind = types.infer(expr, self.known, [])
        return types.is_integer(kind) and types.is_scalar(kind) and not is_narrow(kind)

    def is_small(self, expr: ir.Expr) -> bool:
        """Whether an integer is a literal, an extent, a counter, a sum of those or a small multiple of one."""
        if isinstance(expr, ir.Const):
            return isinstance(expr.value, int) and abs(expr.value) < 2**31
        if isinstance(expr, ir.Name):
            kind = self.known.get(expr.id)
            number = kind.number if isinstance(kind, types.Num) else None
            extent = number is not None and all(types.is_extent(s) for s, _ in number.terms)
            return extent or expr.id in self.small
        if isinstance(expr, ir.Unary):
            return self.is_small(expr.operand)
        if isinstance(expr, ir.Binary):
            if expr.op in ("//", "%", ">>", "&"):
                return self.is_small(expr.left)
            if expr.op == "*" and any(isinstance(e, ir.Const) and abs(e.value) <= 64 for e in (expr.left, expr.right)):
                return self.is_small(expr.left) and self.is_small(expr.right)
            return expr.op in ("+", "-") and self.is_small(expr.left) and self.is_small(expr.right)
        if isinstance(expr, ir.Index):
            return isinstance(expr.base, ir.Attr) and expr.base.name == "shape"
        if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref):
            if expr.fn.path in ("builtins.max", "builtins.min", "builtins.abs"):
                return all(self.is_small(a) for a in expr.args)
            return expr.fn.path == "builtins.len"
        return isinstance(expr, ir.Attr) and expr.name in ("size", "ndim")
