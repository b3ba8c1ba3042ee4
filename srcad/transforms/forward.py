"""forward: every statement behind (or before) its tangent.

Before: any core `Program`, generated reverse code included. After: the program that also computes ``y_dot``, the
derivative of every active ``y`` along the tangents of the inputs asked for. A tangent lives where its variable lives:
what the program writes, views or swaps, it writes, views or swaps twice.
"""

from __future__ import annotations

from collections.abc import Sequence, Set
from dataclasses import replace
from typing import Any

from srcad import algebra, ir, routines, rules, types, vanish
from srcad.errors import Unsupported
from srcad.facts import Shapes, rebound
from srcad.naming import Names
from srcad.program import Program
from srcad.pull import OPERATORS, PIECES, Hoist, _base, _is_expensive, _is_view, named_arguments, softplus_of, swapped
from srcad.transforms import activity, alias, tidy
from srcad.types import Num, Seq, is_float


def forward(program: Program, differentiated: Sequence[int], also: Set[str] = frozenset()) -> Program:
    """The tangent program: results, then the tangents of the results at these positions.

    also: variables whose final contents count as results.
    """
    names = Names(program.names())
    outputs = set().union(also, *(activity.flowing(program.results[k]) for k in differentiated))
    wrt = {i.name for i in program.wrt}
    active = activity.active(program.body, program.types, wrt, outputs) | wrt
    fwd = Forwarder(program, names, active)
    given = (*(i.name for i in program.inputs), *(p.name for p in program.seeds))
    others = [name for name in given if name in active and name not in wrt]
    body = [ir.Assign(ir.Name(fwd.dots[n]), fwd.zero(ir.Name(n))) for n in others] + fwd.block(program.body)
    results, tangents = fwd.results(differentiated, body)
    seeds = tuple(ir.Param(fwd.dots[i.name]) for i in program.wrt)
    return replace(
        program,
        body=tuple(body),
        results=(*results, *tangents),
        seeds=(*(replace(p, default=None) for p in program.seeds), *seeds),
        types=fwd.shapes.types,
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
        if not routine.active:
            return [stmt]
        target = stmt.target if isinstance(stmt, ir.Assign) else ir.Tuple(())
        targets = [t for t in (target.items if isinstance(target, ir.Tuple) else (target,)) if isinstance(t, ir.Name)]
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
        value, kind = value, self.shapes.types[name]
        of = self.shapes.of(value)
        if isinstance(kind, Num) and kind.dims != () and not self.shapes.same(kind, of):
            value = ir.call(
                "numpy.copy",
                ir.call("numpy.broadcast_to", value, ir.call("numpy.shape", stmt.value if own else ir.Name(name))),
            )
        if (
            isinstance(kind, Num)
            and kind.dims != ()
            and not tidy.is_fresh(value)
            and not alias.shares(stmt.value, self.shapes.types)
        ):
            value = ir.call("numpy.copy", value)  # the statement makes a new array: so does its tangent
        tangent = [*push.stmts, ir.Assign(target, value)]
        reads_value = not own and name in ir.names((*push.stmts, value))
        return [stmt, *tangent] if reads_value else [*tangent, stmt]

    def assign_tuple(self, stmt: ir.Assign) -> list[ir.Stmt]:
        assert isinstance(stmt.target, ir.Tuple)
        targets = [t.id for t in stmt.target.items if isinstance(t, ir.Name)]
        if not set(targets) & self.active:
            return [stmt]
        if isinstance(stmt.value, ir.Tuple):
            pairs = [(t, v) for t, v in zip(targets, stmt.value.items, strict=True) if t in self.active]
            dots = ir.Tuple(tuple(ir.Name(self.dot(t)) for t, _ in pairs))
            values = ir.Tuple(tuple(self.total(v) for _, v in pairs))
            return [ir.Assign(dots.items[0], values.items[0]) if len(pairs) == 1 else ir.Assign(dots, values), stmt]
        return self.hoisted(stmt, lambda s: self.unpacked(s, targets))

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
            if _is_expensive(stmt.target):
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
        return ir.call("numpy.zeros_like", expr)

    def total(self, expr: ir.Expr) -> ir.Expr:
        """The tangent of an expression as an expression; zeros where there is none."""
        push = Push(self, expr, None, expr.loc)
        value = push.run()
        if push.stmts:
            raise Hoist(expr)
        return self.zero(expr) if value is None else value


class Push:
    """The tangent of one expression: `stmts` to run first, and an expression (None: zero).

    A tangent may have fewer axes than its expression, or extent 1 where that was broadcast to what does not move
    (``x - s`` by s): elementwise functions and writes take it as it is, `spread` gives it the whole shape for others.
    """

    def __init__(self, fwd: Forwarder, expr: ir.Expr, out: ir.Expr | None, loc: ir.Loc | None) -> None:
        self.fwd, self.expr, self.out, self.loc = fwd, expr, out, loc
        self.shapes = fwd.shapes
        self.stmts: list[ir.Stmt] = []
        self.smaller: set[ir.Expr] = set()  # tangents that may lack axes of their expressions

    def run(self) -> ir.Expr | None:
        value = self.node(self.expr, self.out)
        if self.out is not None and value is not None and _is_expensive(self.expr):  # computed already
            self.stmts, value = (
                list(swapped(tuple(self.stmts), self.expr, self.out)),
                swapped(value, self.expr, self.out),
            )
        parts = {n for n in ir.walk(self.expr) if _is_expensive(n)}
        read = set(ir.walk((*self.stmts, value))) if value is not None else set()
        for node in ir.walk(self.expr):
            if node in parts and node in read:
                raise Hoist(node, _base(node))
        return value

    def is_active(self, expr: Any) -> bool:
        return ir.is_node(expr) and bool(activity.flowing(expr) & self.fwd.active)

    def node(self, expr: ir.Expr, out: ir.Expr | None = None) -> ir.Expr | None:
        if not self.is_active(expr):
            return None
        if isinstance(expr, ir.Name):
            return ir.Name(self.fwd.dot(expr.id))
        if isinstance(expr, ir.Index):
            base = self.whole(expr.base)
            return None if base is None else replace(expr, base=base)
        if isinstance(expr, ir.Unary):
            inner = self.node(expr.operand)
            if inner is None or expr.op == "+":
                return inner
            negated = algebra.negate(inner)
            self.smaller |= {negated} if inner in self.smaller else set()
            return negated
        if isinstance(expr, ir.Binary):
            return self.binary(expr, out)
        if isinstance(expr, ir.Call):
            return self.call(expr, out)
        if isinstance(expr, (ir.List, ir.Tuple)):
            return replace(expr, items=tuple(self.entry(item) for item in expr.items))
        raise Unsupported(f"cannot differentiate a {type(expr).__name__.lower()} in forward mode", expr.loc or self.loc)

    def entry(self, expr: ir.Expr) -> ir.Expr:
        found = self.whole(expr)
        return self.fwd.zero(expr) if found is None else found

    # ---- shapes ----

    def whole(self, expr: ir.Expr) -> ir.Expr | None:
        """The tangent with the shape of its expression."""
        found = self.node(expr)
        return found if found is None else self.spread(found, expr)

    def spread(self, dot: ir.Expr, expr: ir.Expr) -> ir.Expr:
        kind, own = self.shapes.of(expr), self.shapes.of(dot)
        if kind.dims == () or self.shapes.same(kind, own) or isinstance(expr, (ir.List, ir.Tuple)):
            return dot
        if (own.dims is None or kind.dims is None or None in own.dims) and not self.smaller & set(ir.walk(dot)):
            return dot
        extents = [self.shapes.extent(d) for d in kind.dims or (None,)]
        if None not in extents:
            return ir.call("numpy.broadcast_to", dot, ir.Tuple(tuple(e for e in extents if e is not None)))
        value = self.out if expr == self.expr and self.out is not None else expr
        if not _is_view(value):
            raise Hoist(expr)
        shape = ir.Attr(value, "shape") if kind.dims is not None else ir.call("numpy.shape", value)
        return ir.call("numpy.broadcast_to", dot, shape)

    def note(
        self, total: ir.Expr, args: Sequence[Any], used: Sequence[tuple[Any, ir.Expr, ir.Expr]], out: ir.Expr
    ) -> ir.Expr:
        """Remember a tangent that an operand with axes has no part in. used: (argument, its tangent, its partial)."""
        moving = {arg for arg, dot, _ in used if dot not in self.smaller}
        read = {node for _, _, partial in used for node in ir.walk(partial)}
        others = (a for a in args if ir.is_node(a) and self.shapes.of(a).dims != ())
        if out not in read and any(a not in moving and a not in read for a in others):
            self.smaller.add(total)
        return total

    def binary(self, expr: ir.Binary, out: ir.Expr | None) -> ir.Expr | None:
        if expr.op == "@":
            left, right = self.whole(expr.left), self.whole(expr.right)
            terms = [ir.Binary("@", left, expr.right)] if left is not None else []
            terms += [ir.Binary("@", expr.left, right)] if right is not None else []
            return _sum(terms)
        if expr.op not in OPERATORS:
            raise Unsupported(
                f"cannot differentiate the operator {expr.op} on floating-point values", expr.loc or self.loc
            )
        if expr.op == "*":
            return self.product(expr)
        return self.elementwise(
            expr, rules.lookup(f"operator.{OPERATORS[expr.op]}"), (expr.left, expr.right), None, out
        )

    def product(self, expr: ir.Binary) -> ir.Expr | None:
        """``x_dot * y + x * y_dot``, the factors where they stand; of a square ``2.0 * x * x_dot``."""
        if expr.left == expr.right:
            dot = self.node(expr.left)
            return None if dot is None else algebra.beside(ir.Binary("*", ir.Const(2.0), expr.left), dot)
        left, right = self.node(expr.left), self.node(expr.right)
        terms = [] if left is None else [algebra.beside(left, expr.right)]
        terms += [] if right is None else [_second(expr.left, right)]
        used = [
            (a, d, b) for a, d, b in ((expr.left, left, expr.right), (expr.right, right, expr.left)) if d is not None
        ]
        total = _sum(terms)
        return None if total is None else self.note(total, (expr.left, expr.right), used, expr)

    def elementwise(
        self,
        expr: ir.Expr,
        rule: rules.RuleSet | None,
        args: tuple[Any, ...],
        bound: dict[str, Any] | None,
        out: ir.Expr | None,
    ) -> ir.Expr | None:
        assert rule is not None and rule.partials is not None
        given = bound if bound is not None else dict(zip(rule.params, args, strict=False))
        tangents = [self.node(a) if self.is_active(a) else None for a in args]
        value = out if out is not None else expr
        partials = self.apply(rule.partials, {**given, "out": value}, len(args))
        terms, used = [], []
        for arg, dot, partial in zip(args, tangents, partials, strict=False):
            if dot is not None and not algebra.is_number(partial, 0.0):
                kind = self.shapes.of(partial)
                used.append((arg, dot, partial))
                terms.append(algebra.times(dot, partial, kind.dims == () and self.shapes.of(dot).dims != ()))
        total = _sum(terms)
        return total if total is None else self.real_part(self.note(total, args, used, value), expr)

    def real_part(self, value: ir.Expr, expr: ir.Expr) -> ir.Expr:
        kind = self.shapes.of(expr)
        if types.is_complex(self.shapes.of(value)) and kind.dtype is not None and not types.is_complex(kind):
            return ir.call("numpy.real", value)
        return value

    def call(self, expr: ir.Call, out: ir.Expr | None) -> ir.Expr | None:
        assert isinstance(expr.fn, ir.Ref)
        if expr.fn.path == "numpy.where" and len(expr.args) == 3:
            test, *branches = expr.args
            dots = [self.node(b) for b in branches]
            total = ir.call("numpy.where", test, *(ir.ZERO if d is None else d for d in dots))
            used = [(b, d, test) for b, d in zip(branches, dots, strict=True) if d is not None]
            return self.note(total, branches, used, expr)
        if expr.fn.path in ("numpy.array", "numpy.asarray") and isinstance(expr.args[0], (ir.List, ir.Tuple)):
            return replace(expr, args=(self.whole(expr.args[0]) or ir.ZERO, *expr.args[1:]))
        if expr.fn.path in ("numpy.array", "numpy.asarray", "numpy.stack") and isinstance(expr.args[0], ir.Name):
            if isinstance(self.shapes.types.get(expr.args[0].id), Seq):
                return replace(expr, args=(self.node(expr.args[0]) or ir.ZERO, *expr.args[1:]))
        if expr.fn.path == "numpy.concatenate" and isinstance(expr.args[0], ir.Name):
            if isinstance(self.shapes.types.get(expr.args[0].id), Seq):
                return replace(expr, args=(self.node(expr.args[0]) or ir.ZERO, *expr.args[1:]))
        if expr.fn == PIECES:
            dot = self.whole(expr.args[0])
            return None if dot is None else replace(expr, args=(dot, *expr.args[1:]))
        exponent = softplus_of(expr)
        if exponent is not None and (dot := self.node(exponent)) is not None:
            return ir.Binary("/", dot, ir.Binary("+", ir.ONE, ir.call("numpy.exp", algebra.negate(exponent))))
        rule = activity.rule_of(expr, self.loc, self.shapes.of)
        bound = rule.bind(expr.args, named_arguments(expr))
        self.refuse_others(rule, bound, expr)
        if rule.partials is not None:
            return self.elementwise(expr, rule, tuple(bound[name] for name in rule.wrt), bound, out)
        if rule.linear_in:
            return self.linear(expr, rule, bound)
        if rule.multilinear_in:
            return self.multilinear(expr, rule)
        if rule.pushforward is None:
            hint = "Register a pushforward for it, as for its pullback."
            raise Unsupported(f"cannot differentiate {rule.path} in forward mode", expr.loc or self.loc, hint)
        tangents = {f"{name}_dot": self.argument(bound[name]) for name in rule.wrt}
        given = {**bound, **tangents, "out": out if out is not None else expr}
        mark = len(self.stmts)
        found = self.apply(rule.pushforward, given, 1)
        self.stmts[mark:], found = vanish.vanish(self.stmts[mark:], found)
        return found[0] if len(found) == 1 else ir.Tuple(found)

    def refuse_others(self, rule: rules.RuleSet, bound: dict[str, Any], expr: ir.Call) -> None:
        """Refuse active arguments that the rule says nothing of, and several that are not written out."""
        for name, value in bound.items():
            if name not in (*rule.wrt, *rule.inert, rule.each) and activity.flowing_value(value) & self.fwd.active:
                raise Unsupported(f"cannot differentiate {rule.path} with respect to {name}", expr.loc or self.loc)
        if rule.each and not isinstance(bound[rule.each], (tuple, ir.Tuple, ir.List)):
            reason = f"cannot differentiate {rule.path} of what is not written out as a list"
            raise Unsupported(reason, expr.loc or self.loc)

    def argument(self, value: Any) -> ir.Expr:
        if isinstance(value, tuple):
            return ir.Tuple(tuple(self.entry(v) for v in value))
        if isinstance(value, (ir.List, ir.Tuple)):
            return replace(value, items=tuple(self.entry(v) for v in value.items))
        found = self.whole(value) if self.is_active(value) else None
        return vanish.NOTHING if found is None else found

    def linear(self, expr: ir.Call, rule: rules.RuleSet, bound: dict[str, Any]) -> ir.Expr:
        """The function itself, of the tangents."""
        args = []
        for k, arg in enumerate(expr.args):
            name = rule.params[k] if k < len(rule.params) else rule.star
            args.append(self.linear_argument(arg) if name in rule.linear_in else arg)
        kwargs = tuple(
            (k, self.linear_argument(v) if rule.renames.get(k or "", k) in rule.linear_in else v)
            for k, v in expr.kwargs
        )
        return replace(expr, args=tuple(args), kwargs=kwargs)

    def multilinear(self, expr: ir.Call, rule: rules.RuleSet) -> ir.Expr | None:
        """The sum, over the active arguments, of the function with that one replaced by its tangent."""
        terms = []
        for k, arg in enumerate(expr.args):
            name = rule.params[k] if k < len(rule.params) else rule.star
            if name not in rule.multilinear_in or not self.is_active(arg):
                continue
            for new in self.one_at_a_time(arg) if isinstance(arg, (ir.List, ir.Tuple)) else [self.whole(arg)]:
                if new is not None:
                    terms.append(replace(expr, args=(*expr.args[:k], new, *expr.args[k + 1 :])))
        return _sum(terms)

    def one_at_a_time(self, items: ir.List | ir.Tuple) -> list[ir.Expr]:
        found: list[ir.Expr] = []
        for i, item in enumerate(items.items):
            dot = self.whole(item)
            if dot is not None:
                found.append(replace(items, items=(*items.items[:i], dot, *items.items[i + 1 :])))
        return found

    def linear_argument(self, arg: ir.Expr) -> ir.Expr:
        return self.entry(arg)

    def apply(self, rule: Any, given: dict[str, Any], count: int) -> tuple[ir.Expr, ...]:
        from srcad import eval_rules

        stmts, value = eval_rules.apply(rule, given, self.shapes, self.fwd.names, self.loc)
        self.stmts.extend(stmts)
        return value.items if isinstance(value, ir.Tuple) else (value,)


def _second(left: ir.Expr, dot: ir.Expr) -> ir.Expr:
    """``left * dot``; a sum behind an element would have its line broken inside the element's index."""
    if isinstance(dot, ir.Binary) and dot.op in "+-" and not isinstance(left, (ir.Name, ir.Const)):
        left, dot = dot, left
    return algebra.beside(left, dot)


def _sum(terms: Sequence[ir.Expr]) -> ir.Expr | None:
    total: ir.Expr | None = None
    for term in terms:
        total = term if total is None else algebra.add(total, term)
    return total
