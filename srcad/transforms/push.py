"""push: from the tangents of the variables in an expression to the tangent of the expression."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from srcad import algebra, ir, rules, types, vanish
from srcad.cotangents import Hoist
from srcad.errors import Unsupported
from srcad.expressions import (
    OPERATORS,
    PIECES,
    as_real,
    base_name,
    computed_once,
    is_expensive,
    is_view,
    named_arguments,
    softplus_of,
    swapped,
)
from srcad.transforms import activity
from srcad.types import Seq

if TYPE_CHECKING:
    from srcad.transforms.forward import Forwarder


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
        if self.out is not None and value is not None and is_expensive(self.expr):  # computed already
            self.stmts, value = (
                list(swapped(tuple(self.stmts), self.expr, self.out)),
                swapped(value, self.expr, self.out),
            )
        if value is None:
            return None
        part = computed_once(self.expr, (*self.stmts, value), self.shapes)
        if part is not None:
            raise Hoist(part, base_name(part))
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
        if not is_view(value):
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
        given = as_real(given, rule, self.shapes.of(expr), self.shapes)
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
            for new in self.replacements(name, arg, rule):
                terms.append(replace(expr, args=(*expr.args[:k], new, *expr.args[k + 1 :])))
        for k, (spelt, arg) in enumerate(expr.kwargs):
            for new in self.replacements(rule.renames.get(spelt or "", spelt), arg, rule):
                terms.append(replace(expr, kwargs=(*expr.kwargs[:k], (spelt, new), *expr.kwargs[k + 1 :])))
        return _sum(terms)

    def replacements(self, name: str | None, arg: ir.Expr, rule: rules.RuleSet) -> list[ir.Expr]:
        """What stands for an argument in the terms of a tangent."""
        if name not in rule.multilinear_in or not self.is_active(arg):
            return []
        found = self.one_at_a_time(arg) if isinstance(arg, (ir.List, ir.Tuple)) else [self.whole(arg)]
        return [new for new in found if new is not None]

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
