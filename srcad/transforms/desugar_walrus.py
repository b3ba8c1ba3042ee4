"""Walruses, and middle operands of comparisons that must be evaluated once, become assignments before the statement.

Python evaluates left to right: what stands to the left of a hoisted assignment and reads its variable is kept in a
temporary, and what is only evaluated under a condition is hoisted into an ``if``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.naming import Names

Body = tuple[ir.Stmt, ...]


def hoist(stmt: ir.Stmt, names: Names) -> tuple[Body, ir.Stmt]:
    """Statements to run first, and `stmt` without walruses in its own expressions."""
    own = [name for name in _EXPRESSIONS.get(type(stmt), ()) if getattr(stmt, name) is not None]
    if not any(_needs_hoisting(getattr(stmt, name)) for name in own):
        return (), stmt
    if isinstance(stmt, ir.Augment):
        return _augment(stmt, names)
    if isinstance(stmt, ir.Assert) and _needs_hoisting(stmt.msg):
        return _assert(stmt, names)
    before, values = _Hoist(names, stmt.loc).each([getattr(stmt, name) for name in own])
    return before, dataclasses.replace(stmt, **dict(zip(own, values, strict=True)))


def _augment(stmt: ir.Augment, names: Names) -> tuple[Body, ir.Stmt]:
    """The target is looked up before the value is computed."""
    hoisting = _Hoist(names, stmt.loc)
    later, value = hoisting.one(stmt.value)
    if isinstance(stmt.target, ir.Name) and stmt.target.id in _assigned(later):
        raise Unsupported(f"cannot differentiate {stmt.target.id} assigned while it is added to", stmt.loc)
    parts = list(ir.children(stmt.target))
    if not any(map(_needs_hoisting, parts)):
        if _is_stable(stmt.target, later):
            return later, dataclasses.replace(stmt, value=value)
        return hoisting.loaded_before(stmt, later, value)
    before, (*parts, value) = hoisting.each([*parts, stmt.value])
    kept = iter(parts)
    return before, dataclasses.replace(stmt, target=ir.rebuild(stmt.target, lambda _: next(kept)), value=value)


def _assert(stmt: ir.Assert, names: Names) -> tuple[Body, ir.Stmt]:
    """The message is computed only when the test fails."""
    before, test = expression(stmt.test, names)
    assert stmt.msg is not None
    failing, msg = expression(stmt.msg, names)
    failed = ir.Assert(ir.const(False), msg, loc=stmt.loc)
    return before, ir.If(ir.Unary("not", test), (*failing, failed), loc=stmt.loc)


def expression(expr: ir.Expr, names: Names) -> tuple[Body, ir.Expr]:
    """Statements to run first, and the expression that then has the value of `expr`."""
    return _Hoist(names, expr.loc).one(expr) if _needs_hoisting(expr) else ((), expr)


# a statement's own expressions, in order of evaluation
_EXPRESSIONS: dict[type, tuple[str, ...]] = {
    ir.Assign: ("value", "target"),
    ir.Augment: ("target", "value"),
    ir.For: ("iter",),
    ir.If: ("test",),
    ir.Return: ("value",),
    ir.Do: ("value",),
    ir.Raise: ("exc", "cause"),
    ir.Assert: ("test", "msg"),
}


def _needs_hoisting(node: Any) -> bool:
    if node is None or isinstance(node, (ir.Lambda, ir.Comprehension)):
        return False
    return isinstance(node, ir.Walrus) or _is_split(node) or any(map(_needs_hoisting, ir.children(node)))


def _is_split(node: Any) -> bool:
    """Whether a chained comparison has an inner operand that should not be written twice."""
    return isinstance(node, ir.Compare) and any(_has_call(item) for item in node.items[1:-1])


def _has_call(expr: ir.Expr) -> bool:
    return any(isinstance(n, (ir.Call, ir.Walrus, ir.Comprehension)) for n in ir.walk(expr))


class _Hoist:
    def __init__(self, names: Names, loc: ir.Loc | None) -> None:
        self.names, self.loc = names, loc

    def one(self, expr: Any) -> tuple[Body, Any]:
        if not _needs_hoisting(expr):
            return (), expr
        match expr:
            case ir.Walrus(target, value):
                before, value = self.one(value)
                return (*before, self._assign(target, value)), target
            case ir.BoolOp():
                return self._bool_op(expr)
            case ir.IfExp():
                return self._if_exp(expr)
            case ir.Compare() if _is_split(expr) or any(map(_needs_hoisting, expr.items[2:])):
                return self._compare(expr)
        before, parts = self.each(list(ir.children(expr)))
        new = iter(parts)
        return before, ir.rebuild(expr, lambda _: next(new))

    def each(self, exprs: Sequence[Any]) -> tuple[Body, list[Any]]:
        """Several expressions, evaluated in order."""
        parts = [self.one(expr) for expr in exprs]
        done: list[ir.Stmt] = []
        values: list[Any] = []
        for k, (before, value) in enumerate(parts):
            done += before
            later = tuple(s for b, _ in parts[k + 1 :] for s in b)
            if later and not _is_stable(value, later):
                value = self._keep(value, done)
            values.append(value)
        return tuple(done), values

    def _keep(self, value: Any, done: list[ir.Stmt]) -> Any:
        """`value`, evaluated now: a starred argument, a slice and an assignment's target keep their form."""
        if isinstance(value, (ir.Slice, ir.Starred)):
            return ir.rebuild(value, lambda part: self._keep(part, done))
        if isinstance(value, (ir.Const, ir.Ref, ir.Lambda)):
            return value
        name = self.fresh()
        done.append(self._assign(name, value))
        return name

    def loaded_before(self, stmt: ir.Augment, later: Body, value: ir.Expr) -> tuple[Body, ir.Stmt]:
        """``a[i] += value`` as Python does it: the element is read, the value computed, the sum stored."""
        done: list[ir.Stmt] = []
        parts = [part if _is_stable(part, later) else self._keep(part, done) for part in ir.children(stmt.target)]
        kept = iter(parts)
        target = ir.rebuild(stmt.target, lambda _: next(kept)) if parts else stmt.target
        own = self.fresh()
        done += [self._assign(own, target), *later, dataclasses.replace(stmt, target=own, value=value)]
        return tuple(done), ir.Assign(target, own, loc=stmt.loc)

    def fresh(self) -> ir.Name:
        return ir.Name(self.names.fresh("value"), loc=self.loc)

    def _assign(self, target: ir.Expr, value: ir.Expr) -> ir.Stmt:
        return ir.Assign(target, value, loc=self.loc)

    def _bool_op(self, expr: ir.BoolOp) -> tuple[Body, ir.Expr]:
        """``a and (y := f(x)) > 0``: the walrus runs only if `a` holds."""
        *early, last = self._runs(expr)
        if not early:
            before, first = self.one(expr.items[0])
            return before, dataclasses.replace(expr, items=(first, *expr.items[1:]))
        before, value = self.one(last)
        name = self.fresh()
        inner: Body = (*before, self._assign(name, value))
        for item in reversed(early):
            start, value = self.one(item)
            test: ir.Expr = name if expr.op == "and" else ir.Unary("not", name, loc=expr.loc)
            inner = (*start, self._assign(name, value), ir.If(test, inner, loc=self.loc))
        return inner, name

    def _runs(self, expr: ir.BoolOp) -> list[ir.Expr]:
        """The operands, neighbours that need no hoisting taken together."""
        runs: list[list[ir.Expr]] = []
        for item in expr.items:
            if runs and not _needs_hoisting(item):
                runs[-1].append(item)
            else:
                runs.append([item])
        return [run[0] if len(run) == 1 else dataclasses.replace(expr, items=tuple(run)) for run in runs]

    def _if_exp(self, expr: ir.IfExp) -> tuple[Body, ir.Expr]:
        before, test = self.one(expr.test)
        if not (_needs_hoisting(expr.body) or _needs_hoisting(expr.orelse)):
            return before, dataclasses.replace(expr, test=test)
        name = self.fresh()
        branches = []
        for branch in (expr.body, expr.orelse):
            start, value = self.one(branch)
            branches.append((*start, self._assign(name, value)))
        return (*before, ir.If(test, branches[0], branches[1], loc=self.loc)), name

    def _compare(self, expr: ir.Compare) -> tuple[Body, ir.Expr]:
        """``a < f(x) < b`` is ``a < y and y < b`` with ``y = f(x)``; `b` is evaluated only if the first part holds."""
        done: list[ir.Stmt] = []
        first, second, *rest = expr.items
        before, (left, middle) = self.each([first, second])
        done += before
        if rest and not isinstance(middle, (ir.Name, ir.Const)):
            if _has_call(left) or not _is_stable(left, (ir.Do(middle),)):
                left = self._keep(left, done)
            middle = self._keep(middle, done)
        test = ir.Compare(expr.ops[:1], (left, middle), loc=expr.loc)
        if not rest:
            return tuple(done), test
        others = ir.Compare(expr.ops[1:], (middle, *rest), loc=expr.loc)
        before, value = self.one(ir.BoolOp("and", (test, others), loc=expr.loc))
        return (*done, *before), value


def _is_stable(value: Any, later: Body) -> bool:
    """Whether an expression gives the same after statements that are hoisted from behind it.

    They set variables; a nested function that they call may set any variable, and any function of the user's may write
    into arrays, containers and objects.
    """
    if isinstance(value, (ir.Const, ir.Ref, ir.Lambda)):
        return True
    if _has_call(value) or ir.names(value) & _assigned(later):
        return False
    called = [n.fn for n in ir.walk(later) if isinstance(n, ir.Call) and not _is_harmless(n)]
    if any(isinstance(fn, ir.Name) for fn in called):
        return not ir.names(value)
    return not called or all(isinstance(n, (ir.Name, ir.Const)) for n in ir.walk(value))


_PURE = frozenset("abs bool complex divmod enumerate float int isinstance len max min pow range round sum zip".split())


def _is_harmless(call: ir.Call) -> bool:
    """Whether a call only computes: a function of NumPy's or Python's that writes into nothing."""
    path = call.fn.path if isinstance(call.fn, ir.Ref) else ""
    package, _, name = path.partition(".")
    if package == "builtins":
        return name in _PURE
    return package in ("numpy", "math", "scipy", "cmath") and not any(key in ("out", None) for key, _ in call.kwargs)


def _assigned(body: Body) -> set[str]:
    return {name for s in ir.walk(body) if isinstance(s, ir.Assign) for name in ir.names(s.target)}
