"""forward: every statement behind (or before) its tangent.

Before: any core `Program`, generated reverse code included. After: the program that also computes ``y_dot``, the
derivative of every active ``y`` along the tangents of the inputs asked for. A tangent lives where its variable lives:
what the program writes, views or swaps, it writes, views or swaps twice.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Any

from srcad import algebra, ir, routines
from srcad.cotangents import Hoist
from srcad.errors import Unsupported
from srcad.expressions import is_expensive, is_view, swapped, zeros_like
from srcad.facts import Shapes, given, rebound
from srcad.naming import Names
from srcad.program import Program
from srcad.transforms import activity, alias, complexes, tidy
from srcad.transforms.push import Push
from srcad.types import Abstract, Num, Seq, is_complex, is_float


def forward(program: Program, differentiated: Sequence[int], also: Set[str] = frozenset()) -> Program:
    """The tangent program: results, then the tangents of the results at these positions.

    also: variables whose final contents count as results.
    """
    program = complexes.counted(program)
    names = Names(program.names())
    outputs = set().union(also, *(activity.flowing(program.results[k]) for k in differentiated))
    wrt = {i.name for i in program.wrt}
    active = activity.active(program.body, program.types, wrt, outputs) | wrt
    fwd = Forwarder(program, names, active)
    given = (*(i.name for i in program.inputs), *(p.name for p in program.seeds))
    others = [name for name in given if name in active and name not in wrt]
    with algebra.knowing(fwd.shapes.types):
        body = [ir.Assign(ir.Name(fwd.dots[n]), fwd.zero(ir.Name(n))) for n in others] + fwd.block(program.body)
        results, tangents = fwd.results(differentiated, body)
    seeds = tuple(ir.Param(fwd.dots[i.name]) for i in program.wrt)
    return replace(
        program,
        body=tuple(body),
        results=(*results, *tangents),
        seeds=(*(replace(p, default=None) for p in program.seeds), *seeds),
        types={**fwd.shapes.types, **fwd.given()},
        parts=program.parts | {fwd.dots[n] for n in program.parts if n in fwd.dots},
    )


class Forwarder:
    def __init__(self, program: Program, names: Names, active: frozenset[str]) -> None:
        self.program, self.names, self.active = program, names, set(active)
        again = rebound(program.body, {i.name for i in program.inputs}) | program.unstable
        self.shapes = Shapes(program.types, program.assumptions, again)
        self.dots: dict[str, str] = {}
        for name in sorted(active):
            self.dot(name)

    def given(self) -> dict[str, Abstract]:
        """The types of the inputs as they are given, and of their tangents."""
        own = given(self.program.types, [i.name for i in self.program.inputs])
        dots = {self.dots[i.name]: own[i.name] for i in self.program.wrt if i.name in own}
        return own | {n: replace(t, number=None) if isinstance(t, Num) else t for n, t in dots.items()}

    def dot(self, name: str) -> str:
        if name not in self.dots:
            self.dots[name] = self.names.dot(name)
            kind = self.shapes.types[name]
            self.shapes.types[self.dots[name]] = replace(kind, number=None) if isinstance(kind, Num) else kind
        return self.dots[name]

    def results(self, positions: Sequence[int], body: list[ir.Stmt]) -> tuple[tuple[ir.Expr, ...], tuple[ir.Expr, ...]]:
        values, tangents = list(self.program.results), []
        for k in positions:
            expr = values[k]
            if not isinstance(expr, (ir.Name, ir.Const)):
                name = self.names.fresh("out" if len(values) == 1 else f"out_{k}")
                self.shapes.types[name] = self.shapes.of(expr)
                self.active.add(name)
                body.extend(self.statement(ir.Assign(ir.Name(name), expr, loc=self.program.return_loc)))
                values[k] = expr = ir.Name(name)
            is_active = isinstance(expr, ir.Name) and expr.id in self.dots and expr.id in self.active
            tangents.append(ir.Name(self.dots[expr.id]) if is_active else self.zero(expr))  # type: ignore[union-attr]
        return tuple(values), tuple(tangents)

    # ---- statements ----

    def block(self, body: Sequence[ir.Stmt]) -> list[ir.Stmt]:
        return [s for stmt in body for s in self.statement(stmt)]

    def statement(self, stmt: ir.Stmt) -> list[ir.Stmt]:
        if isinstance(stmt, ir.Block):
            return [replace(stmt, body=tuple(self.block(stmt.body)))]
        if isinstance(stmt, ir.If):
            return [replace(stmt, body=tuple(self.block(stmt.body)), orelse=tuple(self.block(stmt.orelse)))]
        if isinstance(stmt, (ir.For, ir.While, ir.With)):
            return [replace(stmt, body=tuple(self.block(stmt.body)))]
        if routines.called(stmt) is not None:
            return self.hoisted(stmt, self.routine_call)
        if isinstance(stmt, ir.Assign):
            return self.assign(stmt)
        if isinstance(stmt, (ir.Store, ir.Augment)):
            return self.write(stmt)
        if isinstance(stmt, ir.Push) and stmt.stack in self.active:
            return self.hoisted(stmt, lambda s: [ir.Push(self.dot(s.stack), self.total(s.value)), s])
        if isinstance(stmt, ir.Pop) and stmt.stack in self.active:
            target = None if stmt.target is None else self.place(stmt.target)
            return [stmt, ir.Pop(target, self.dot(stmt.stack))]
        if isinstance(stmt, ir.Pop) and stmt.target is not None and activity.root(stmt.target) in self.active:
            place = self.place(stmt.target)
            whole = isinstance(place, ir.Name)
            return [stmt, ir.Assign(place, self.zero(stmt.target)) if whole else ir.Store(place, ir.ZERO)]  # type: ignore[arg-type]
        if isinstance(stmt, ir.Do) and isinstance(stmt.value, ir.Call) and activity.root(stmt.value) in self.active:
            return self.hoisted(stmt, self.add_at)
        return [stmt]

    def routine_call(self, stmt: ir.Stmt) -> list[ir.Stmt]:
        """A call of a function that stays one becomes one of its tangent function."""
        called = routines.called(stmt)
        assert called is not None
        routine, phase, args = called
        if phase:
            routines.refuse_again(stmt)
        target = stmt.target if isinstance(stmt, ir.Assign) else ir.Tuple(())
        targets = [t for t in (target.items if isinstance(target, ir.Tuple) else (target,)) if isinstance(t, ir.Name)]
        if not routine.active:
            return [stmt, *(ir.Assign(ir.Name(self.dot(t.id)), self.zero(t)) for t in targets if t.id in self.active)]
        dots = tuple(self.handed_dot(args[k]) for k in sorted(routine.active))
        floats = [t for t, kind in zip(targets, routine.result or (), strict=True) if is_float(kind)]
        into = (*targets, *(ir.Name(self.dot(t.id)) for t in floats))
        call = routine.call((*args, *dots), "jvp")
        if not into:
            return [ir.Do(call, loc=stmt.loc)]
        return [ir.Assign(into[0] if len(into) == 1 else ir.Tuple(into), call, loc=stmt.loc)]

    def handed_dot(self, arg: ir.Expr) -> ir.Expr:
        """The tangent of an argument."""
        if not activity.flowing(arg) & self.active:
            return self.zero(arg)
        return self.place(arg) if isinstance(arg, ir.Name) else self.total(arg)

    def hoisted(self, stmt: Any, make: Any) -> list[ir.Stmt]:
        """Tangent and statement; an expensive part that the tangent needs again is computed once, before."""
        before: list[ir.Stmt] = []
        for _ in range(200):
            try:
                return [*before, *make(stmt)]
            except Hoist as hoist:
                name = self.names.numbered(hoist.base)
                self.shapes.types[name] = self.shapes.of(hoist.expr)
                if activity.flowing(hoist.expr) & self.active:
                    self.active.add(name)
                before.extend(self.statement(ir.Assign(ir.Name(name), hoist.expr, loc=stmt.loc)))
                stmt = replace(stmt, value=swapped(stmt.value, hoist.expr, ir.Name(name)))
                if isinstance(getattr(stmt, "target", None), ir.Index):
                    stmt = replace(stmt, target=_swapped_within(stmt.target, hoist.expr, ir.Name(name)))
        raise Unsupported("cannot differentiate an expression as large as this", stmt.loc, "Split it into statements.")

    def assign(self, stmt: ir.Assign) -> list[ir.Stmt]:
        if isinstance(stmt.target, ir.Tuple):
            return self.assign_tuple(stmt)
        assert isinstance(stmt.target, ir.Name)
        name = stmt.target.id
        if name in self.program.parts:
            self.shapes.types[name] = self.shapes.of(stmt.value)
        if name not in self.active:
            return [stmt]
        target = ir.Name(self.dot(name))
        if name in self.program.parts:
            self.shapes.types[target.id] = self.shapes.types[name]
        if isinstance(stmt.value, ir.List):
            return self.hoisted(stmt, lambda s: [s, ir.Assign(target, ir.List(tuple(map(self.total, s.value.items))))])
        return self.hoisted(stmt, lambda s: self.tangent_of_assign(s, name, target))

    def tangent_of_assign(self, stmt: ir.Assign, name: str, target: ir.Name) -> list[ir.Stmt]:
        own = name in ir.names(stmt.value)
        push = Push(self, stmt.value, None if own else ir.Name(name), stmt.loc)
        value = push.run()
        if value is None:
            return [stmt, ir.Assign(target, self.zero(ir.Name(name)))]
        kind = self.shapes.types[name]
        value = self.complex_too(value, kind)
        of = self.shapes.of(value)
        if isinstance(kind, Num) and kind.dims != () and not self.shapes.same(kind, of):
            value = ir.call(
                "numpy.copy",
                ir.call("numpy.broadcast_to", value, ir.call("numpy.shape", stmt.value if own else ir.Name(name))),
            )
        tangent = [*push.stmts, ir.Assign(target, self.own(value, stmt.value, kind))]
        reads_value = not own and name in ir.names((*push.stmts, value))
        return [stmt, *tangent] if reads_value else [*tangent, stmt]

    def own(self, dot: ir.Expr, value: ir.Expr, kind: Abstract) -> ir.Expr:
        """The tangent of `value`: where that makes a new array, which may be written into, so does its tangent."""
        is_array = isinstance(kind, Num) and kind.dims != ()
        shared = not is_array or tidy.is_fresh(dot) or alias.shares(value, self.shapes.types)
        return dot if shared else ir.call("numpy.copy", dot)

    def complex_too(self, value: ir.Expr, kind: Abstract) -> ir.Expr:
        """The tangent of a complex array is complex, even where it is real so far: it may be written into."""
        of = self.shapes.of(value)
        if not isinstance(kind, Num) or kind.dims == () or not is_complex(kind) or is_complex(of):
            return value
        if isinstance(of, Num) and of.dims == ():
            return ir.call(f"numpy.{kind.dtype}", value)
        return ir.call("srcad_runtime.astype", value, ir.Ref(f"numpy.{kind.dtype}"))

    def assign_tuple(self, stmt: ir.Assign) -> list[ir.Stmt]:
        assert isinstance(stmt.target, ir.Tuple)
        targets = [t.id for t in stmt.target.items if isinstance(t, ir.Name)]
        if not set(targets) & self.active:
            return [stmt]
        if isinstance(stmt.value, ir.Tuple):
            return self.hoisted(stmt, lambda s: self.at_once(s, targets))
        return self.hoisted(stmt, lambda s: self.unpacked(s, targets))

    def at_once(self, stmt: ir.Assign, targets: list[str]) -> list[ir.Stmt]:
        """``a, b = b, a``."""
        assert isinstance(stmt.value, ir.Tuple)
        pairs = [(t, v) for t, v in zip(targets, stmt.value.items, strict=True) if t in self.active]
        dots = ir.Tuple(tuple(ir.Name(self.dot(t)) for t, _ in pairs))
        values = ir.Tuple(tuple(self.total(v) for _, v in pairs))
        return [ir.Assign(dots.items[0], values.items[0]) if len(pairs) == 1 else ir.Assign(dots, values), stmt]

    def unpacked(self, stmt: ir.Assign, targets: list[str]) -> list[ir.Stmt]:
        rule = activity.find_rule(stmt.value) if isinstance(stmt.value, ir.Call) else None
        for k, t in enumerate(targets):
            if t in self.active and rule is not None and rule.outputs and k not in rule.outputs:
                raise Unsupported(f"cannot differentiate value {k} of {rule.path}", stmt.loc)
        own = bool(set(targets) & ir.names(stmt.value))
        push = Push(self, stmt.value, None if own else stmt.target, stmt.loc)
        value = push.run()
        dots = []
        for t in targets:
            dots.append(self.dot(t) if t in self.active else self.names.fresh("_" + t))
            self.shapes.types.setdefault(dots[-1], self.shapes.types[t])
        if value is None:
            return [
                stmt,
                *(ir.Assign(ir.Name(self.dot(t)), self.zero(ir.Name(t))) for t in targets if t in self.active),
            ]
        if own:
            raise Unsupported(
                "cannot differentiate several values unpacked into a variable they are computed from",
                stmt.loc,
                "Use another name.",
            )
        return [stmt, *push.stmts, ir.Assign(ir.Tuple(tuple(ir.Name(d) for d in dots)), value)]

    def write(self, stmt: ir.Store | ir.Augment) -> list[ir.Stmt]:
        name = activity.root(stmt.target)
        if name not in self.active:
            return [stmt]
        if isinstance(stmt, ir.Augment) and stmt.op not in "+-" and isinstance(stmt.target, ir.Index):
            if is_expensive(stmt.target):
                stmt = ir.Store(stmt.target, ir.Binary(stmt.op, stmt.target, stmt.value, loc=stmt.loc), loc=stmt.loc)
        return self.hoisted(stmt, self.tangent_of_write)

    def tangent_of_write(self, stmt: ir.Store | ir.Augment) -> list[ir.Stmt]:
        place = self.place(stmt.target)
        if isinstance(stmt, ir.Augment) and stmt.op in "+-":
            push = Push(self, stmt.value, None, stmt.loc)
            value = push.run()
            if value is None:
                return [stmt]
            minus, body = algebra.sign(value)
            op = stmt.op if not minus else "-" if stmt.op == "+" else "+"
            return [*push.stmts, ir.Augment(place, op, body), stmt]
        full = stmt.value if isinstance(stmt, ir.Store) else ir.Binary(stmt.op, stmt.target, stmt.value, loc=stmt.loc)
        push = Push(self, full, None, stmt.loc)
        value = push.run()
        new = ir.ZERO if value is None else value
        store = ir.Assign(place, new) if isinstance(place, ir.Name) else ir.Store(place, new)  # type: ignore[arg-type]
        return [*push.stmts, store, stmt]

    def add_at(self, stmt: ir.Do) -> list[ir.Stmt]:
        assert isinstance(stmt.value, ir.Call)
        array, *index, value = stmt.value.args
        push = Push(self, value, None, stmt.loc)
        tangent = push.run()
        if tangent is None:
            return [stmt]
        return [*push.stmts, ir.Do(replace(stmt.value, args=(self.place(array), *index, tangent))), stmt]

    # ---- expressions ----

    def place(self, target: ir.Expr) -> ir.Expr:
        return ir.substitute_root(target, self.dot(activity.root(target)))  # type: ignore[no-any-return]

    def zero(self, expr: ir.Expr) -> ir.Expr:
        if isinstance(expr, (ir.List, ir.Tuple)) and not any(isinstance(i, ir.Starred) for i in expr.items):
            return replace(expr, items=tuple(map(self.zero, expr.items)))
        kind = self.shapes.types.get(expr.id) if isinstance(expr, ir.Name) else self.shapes.of(expr)
        if isinstance(kind, Seq):
            return ir.call("srcad_runtime.zeros_of", expr)
        if isinstance(kind, Num) and kind.dims == ():
            return ir.ZERO
        return zeros_like(expr, kind)

    def total(self, expr: ir.Expr) -> ir.Expr:
        """The tangent of an expression as an expression of the same shape; zeros where there is none."""
        push = Push(self, expr, None, expr.loc)
        value = push.run()
        if push.stmts:
            raise Hoist(expr)
        if value is None:
            return self.zero(expr)
        kind = self.shapes.of(expr)
        smaller = kind.dims != () and not self.shapes.same(kind, self.shapes.of(value))
        if not is_view(expr) and (smaller or self.complex_too(value, kind) is not value):
            raise Hoist(expr)  # the tangent may be smaller, where a part that is broadcast has none
        return self.own(value, expr, kind)


def _swapped_within(place: ir.Expr, old: ir.Expr, new: ir.Expr) -> ir.Expr:
    """A place that is written, with `new` for `old` in its indices; the place itself stays one."""
    if not isinstance(place, ir.Index):
        return place
    items = tuple(swapped(item, old, new) for item in place.items)
    return replace(place, base=_swapped_within(place.base, old, new), items=items)
