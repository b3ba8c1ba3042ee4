"""The chain rule: from the adjoint of an expression to the adjoints of the variables in it.

`Pull.run(e, g)` walks e from the outside in. `g` is the adjoint of e; it may lack axes that e has, or have extent 1
there, when it is constant along them (the adjoint of ``np.sum``): `Pull.fit` undoes broadcasting with that in mind.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from srcad import algebra, ir, rules, types
from srcad.cotangents import Contribution, Cotangent, Hoist, Masks, Pool
from srcad.errors import Unsupported
from srcad.expressions import (
    OPERATORS,
    PIECES,
    as_real,
    base_name,
    computed_once,
    index_kind,
    is_cheap,
    is_expensive,
    is_view,
    left_out,
    named_arguments,
    softplus_of,
    swapped,
)
from srcad.facts import Dims, Shapes
from srcad.naming import Names
from srcad.transforms import activity
from srcad.types import Num

WIDER = {"float32": "float64", "complex64": "complex128"}
PRODUCTS = frozenset({"numpy.matmul", "operator.matmul", "numpy.dot"})


class Pull:
    """Adjoints of one statement: `stmts` to run first (named parts), then the contributions `found`."""

    def __init__(self, shapes: Shapes, active: set[str], names: Names, loc: ir.Loc | None, pool: Pool) -> None:
        self.shapes, self.active, self.names, self.loc, self.pool = shapes, active, names, loc, pool
        self.stmts: list[ir.Stmt] = []
        self.found: list[Contribution] = []
        self.primal: ir.Expr | None = None
        self.out: ir.Expr | None = None

    def run(
        self, expr: ir.Expr, g: ir.Expr, kind: Num, out: ir.Expr | None, exact: bool = True, masks: Masks = ()
    ) -> None:
        """Pull g, the adjoint of expr, down; `out` names expr's value, if anything does.

        kind: the type of g. Not `exact`: expr was broadcast to that type (a write into a slice).
        """
        self.primal, self.out = expr, out
        if not self.is_active(expr):
            return
        node = self.shapes.equate(self.shapes.of(expr), kind) if exact else self.shapes.of(expr)
        start = Cotangent(g, kind, masks)
        if not exact and node.weak:  # Python's numbers, written into single precision
            start = self.widened(start, node)
        self.node(expr, start if exact else self.fit(start, kind, node, expr), node, out)
        self.check_hoists(expr)

    def several(self, expr: ir.Expr, bars: tuple[ir.Expr, ...], outs: tuple[ir.Expr, ...]) -> None:
        """As `run`, for a call with several values."""
        self.primal = expr
        if not isinstance(expr, ir.Call):
            raise Unsupported("cannot differentiate several values of this expression", self.loc)
        rule = self.rule(expr)
        if rule.pullback is None:
            hint = "Register a pullback for it, as for its pushforward."
            raise Unsupported(f"cannot differentiate {rule.path} in reverse mode", self.loc, hint)
        for k, bar in enumerate(bars):
            if bar != ir.NONE and rule.outputs and k not in rule.outputs:
                raise Unsupported(f"cannot differentiate value {k} of {rule.path}", expr.loc or self.loc)
        self.pullback(expr, rule, ir.Tuple(bars), ir.Tuple(outs))
        self.check_hoists(expr)

    def check_hoists(self, expr: ir.Expr) -> None:
        """What `computed_once` finds that the adjoint reads is computed in the forward sweep."""
        if self.out is not None and is_expensive(expr):  # computed already
            self.stmts = list(swapped(tuple(self.stmts), expr, self.out))
            self.found = [replace(c, value=swapped(c.value, expr, self.out)) for c in self.found]
        part = computed_once(expr, (*self.stmts, *(c.value for c in self.found)), self.shapes)
        if part is not None:
            raise Hoist(part, base_name(part))

    def is_active(self, expr: ir.Expr) -> bool:
        return bool(activity.flowing(expr) & self.active)

    # ---- one node ----

    def node(self, expr: ir.Expr, g: Cotangent, kind: Num, out: ir.Expr | None = None) -> None:
        if not self.is_active(expr):
            return
        g = self.real_part(g, kind)
        if isinstance(expr, ir.Name):
            self.contribute(expr, g, kind)
        elif isinstance(expr, ir.Index):
            self.index(expr, g, kind)
        elif isinstance(expr, ir.Unary):
            self.elementwise(
                expr, rules.lookup("operator.neg" if expr.op == "-" else "operator.pos"), (expr.operand,), g, kind, out
            )
        elif isinstance(expr, ir.Binary):
            self.binary(expr, g, kind, out)
        elif isinstance(expr, ir.Call):
            self.call(expr, g, kind, out)
        elif isinstance(expr, (ir.List, ir.Tuple)):
            self.literal(expr, g, kind)
        else:
            raise Unsupported(
                f"cannot differentiate a {type(expr).__name__.lower()} in reverse mode", expr.loc or self.loc
            )

    def real_part(self, g: Cotangent, kind: Num) -> Cotangent:
        if types.is_complex(g.type) and kind.dtype is not None and not types.is_complex(kind):
            expr = ir.call("numpy.real", g.expr)
            return replace(g, expr=expr, type=self.shapes.of(expr))
        return g

    def binary(self, expr: ir.Binary, g: Cotangent, kind: Num, out: ir.Expr | None) -> None:
        if expr.op == "@":
            rule = rules.lookup("numpy.matmul")
            assert rule is not None
            self.pullback(
                ir.Call(ir.Ref("numpy.matmul"), (expr.left, expr.right), loc=expr.loc),
                rule,
                self.full(g, kind, expr),
                out,
            )
            return
        if expr.op not in OPERATORS:
            raise Unsupported(
                f"cannot differentiate the operator {expr.op} on floating-point values", expr.loc or self.loc
            )
        self.elementwise(expr, rules.lookup(f"operator.{OPERATORS[expr.op]}"), (expr.left, expr.right), g, kind, out)

    def call(self, expr: ir.Call, g: Cotangent, kind: Num, out: ir.Expr | None) -> None:
        assert isinstance(expr.fn, ir.Ref)
        if expr.fn.path == "numpy.where" and len(expr.args) == 3:
            self.where(expr, g, kind)
            return
        if expr.fn.path == "numpy.copy" and len(expr.args) == 1:
            self.node(expr.args[0], g, self.shapes.of(expr.args[0]), out)
            return
        if expr.fn.path in ("numpy.array", "numpy.asarray") and isinstance(expr.args[0], (ir.List, ir.Tuple)):
            self.literal(expr.args[0], Cotangent(self.full(g, kind, expr), kind, ()), kind)
            return
        if expr.fn.path in ("numpy.array", "numpy.asarray", "numpy.stack") and self.is_list(expr.args[0]):
            if len(expr.args) > 1 or expr.kwargs:
                raise Unsupported(
                    f"cannot differentiate {expr.fn.path} of a list of unknown length with more arguments",
                    expr.loc or self.loc,
                )
            self.found.append(Contribution(expr.args[0], self.full(g, kind, expr), True, True))
            return
        if expr.fn.path == "numpy.concatenate" and self.is_list(expr.args[0]):
            pieces = ir.call(PIECES.path, self.full(g, kind, expr), *expr.args)
            self.found.append(Contribution(expr.args[0], pieces, True, True))
            return
        exponent = softplus_of(expr)
        if exponent is not None:
            self.softplus(expr, exponent, g, kind)
            return
        rule = self.rule(expr)
        bound = rule.bind(expr.args, named_arguments(expr))
        for name, value in bound.items():
            if name not in (*rule.wrt, *rule.inert, rule.each) and activity.flowing_value(value) & self.active:
                raise Unsupported(f"cannot differentiate {rule.path} with respect to {name}", expr.loc or self.loc)
        if rule.partials is not None:
            args = tuple(bound[name] for name in rule.wrt)
            self.elementwise(expr, rule, args, g, kind, out, bound)
        elif rule.pullback is not None:
            self.pullback(expr, rule, self.full(g, kind, expr), out)
        else:
            hint = "Register a pullback for it, as for its pushforward."
            raise Unsupported(f"cannot differentiate {rule.path} in reverse mode", expr.loc or self.loc, hint)

    def softplus(self, expr: ir.Call, exponent: ir.Expr, g: Cotangent, kind: Num) -> None:
        """``log(1 + exp(x))``: its derivative is written so that it does not overflow."""
        child = self.shapes.of(exponent)
        slope = ir.Binary("/", ir.ONE, ir.Binary("+", ir.ONE, ir.call("numpy.exp", algebra.negate(exponent))))
        self.node(exponent, self.fit(self.times(g, slope), kind, child, exponent, expr), child)

    def is_list(self, expr: ir.Expr) -> bool:
        return isinstance(expr, ir.Name) and isinstance(self.shapes.types.get(expr.id), types.Seq)

    def rule(self, expr: ir.Call) -> rules.RuleSet:
        return activity.rule_of(expr, self.loc, self.shapes.of)

    # ---- elementwise functions ----

    def elementwise(
        self,
        expr: ir.Expr,
        rule: rules.RuleSet | None,
        args: tuple[Any, ...],
        g: Cotangent,
        kind: Num,
        out: ir.Expr | None,
        bound: dict[str, Any] | None = None,
    ) -> None:
        assert rule is not None and rule.partials is not None
        given = bound if bound is not None else dict(zip(rule.params, args, strict=False))
        given = as_real(given, rule, kind, self.shapes)
        partials = self.apply(rule.partials, {**given, "out": out if out is not None else expr}, len(args))
        going = [k for k, a in enumerate(args) if ir.is_node(a) and self.is_active(a)]
        if not kind.weak and any(self.narrows(g, partials[k]) for k in going):
            g = self.widened(g, kind)
        if sum(not algebra.is_number(partials[k], 0.0) for k in going) > 1:
            g = self.named(g)
        for k in going:
            if algebra.is_number(partials[k], 0.0):
                continue
            child = self.shapes.of(args[k])
            product = self.times(g, partials[k])
            beside = [a for a in given.values() if a is not args[k]]
            if g.lazy or g.over or given.get("size") not in (None, ir.NONE) or not self.alone(beside):
                product = self.fit(product, kind, child, args[k], expr)
            self.node(args[k], product, child)

    def alone(self, beside: list[Any]) -> bool:
        """Whether an argument gives the node its shape: nothing beside it that it could be broadcast against has axes.

        (What is not differentiated counts as well. The `size` of a draw is no argument, but gives a shape, too.)
        """
        found = [types.infer(a, self.shapes.types, []) for a in beside if ir.is_node(a)]
        return all(isinstance(t, types.Static) or isinstance(t, Num) and t.dims == () for t in found)

    def times(self, g: Cotangent, partial: ir.Expr) -> Cotangent:
        kind = self.shapes.of(partial)
        if algebra.is_number(g.expr, 1.0) and not types.is_float(kind):
            return replace(g, expr=ir.Binary("*", g.expr, partial), type=g.type)  # 1.0 * n is a float
        front = (
            kind.dims == ()
            and g.type.dims != ()
            or isinstance(partial, ir.Name)
            and partial.id not in self.shapes.rebound
            and kind.dims == ()
        )
        expr = algebra.times(g.expr, partial, front)
        return replace(g, expr=expr, type=self.shapes.of(expr))

    def narrows(self, g: Cotangent, partial: ir.Expr) -> bool:
        """Whether a product with a partial is single precision, and not the factor itself."""
        unit = any(algebra.is_number(partial, number) for number in (-1.0, 0.0, 1.0))
        return not unit and self.times(g, partial).type.dtype in WIDER

    def widened(self, g: Cotangent, kind: Num) -> Cotangent:
        """The adjoint, of single precision, of an expression in double precision (which is rounded where it is used):
        factors of that expression may be of any size."""
        if g.type.dtype not in WIDER or kind.dtype not in WIDER.values() or kind.single:
            return g
        dtype = WIDER[g.type.dtype]
        path = f"numpy.{dtype}"
        expr = ir.call(path, g.expr) if g.type.dims == () else ir.call("srcad_runtime.astype", g.expr, ir.Ref(path))
        return replace(g, expr=expr, type=self.shapes.of(expr))

    def named(self, g: Cotangent) -> Cotangent:
        """A name for an adjoint that is used more than once, unless it is as short as one."""
        minus, body = algebra.sign(g.expr)
        if (
            isinstance(body, (ir.Name, ir.Const))
            or isinstance(body, ir.Index)
            and g.type.dims == ()
            or self.is_place(body)
        ):
            return g
        return replace(g, expr=self.name_it(g.expr, g.type))

    def is_place(self, expr: ir.Expr) -> bool:
        """Whether `expr` is an element or view of a variable, which costs nothing to name again."""
        while isinstance(expr, ir.Index):
            expr = expr.base
            if isinstance(expr, ir.Name):
                return True
        return False

    def name_it(self, expr: ir.Expr, kind: Num) -> ir.Name:
        name = self.part(kind)
        self.stmts.append(ir.Assign(ir.Name(name), expr))
        return ir.Name(name)

    def part(self, kind: Num) -> str:
        """A name for a part of an adjoint: g, then g2, ...; the same ones serve every statement."""
        return self.pool.take(kind)

    def where(self, expr: ir.Call, g: Cotangent, kind: Num) -> None:
        """The branch not taken is masked after everything else is multiplied: inf or nan there must not get out."""
        test, *branches = expr.args
        if not is_cheap(test):
            raise Hoist(test, "chosen")
        taking = sum(self.is_active(b) for b in branches)
        g = self.named(g) if taking > 1 else g
        for branch, chosen in zip(branches, (True, False), strict=True):
            if self.is_active(branch):
                child = self.shapes.of(branch)
                masked = replace(g, masks=(*g.masks, (test, chosen)))
                self.node(branch, self.fit(masked, kind, child, branch, expr), child)

    def unmask(self, g: Cotangent) -> Cotangent:
        expr = g.expr
        for test, chosen in reversed(tuple(dict.fromkeys(g.masks))):
            pair = (expr, ir.ZERO) if chosen else (ir.ZERO, expr)
            expr = ir.call("numpy.where", test, *pair)
        return Cotangent(expr, self.shapes.of(expr), (), g.lazy, g.over) if g.masks else g

    # ---- functions that mix elements ----

    def pullback(self, expr: ir.Call, rule: rules.RuleSet, out_bar: ir.Expr, out: ir.Expr | None) -> None:
        assert rule.pullback is not None
        given = rule.bind(expr.args, named_arguments(expr))
        given = {**given, "out": out if out is not None else expr}
        if rule.each is not None:
            self.pullback_each(expr, rule, given, out_bar)
            return
        going = [k for k, name in enumerate(rule.wrt) if ir.is_node(given[name]) and self.is_active(given[name])]
        if len(going) > 1 and not isinstance(out_bar, (ir.Name, ir.Tuple)):
            out_bar = self.name_it(out_bar, self.shapes.of(out_bar))
        try:
            results = self.apply(rule.pullback, {**given, "out_bar": out_bar}, len(rule.wrt))
        except Unsupported:
            self.refuse_unknown_rank(rule, given, expr.loc)
            raise
        exact = rule.path in PRODUCTS and all(self.is_matrix(given[name]) for name in rule.wrt)
        for k in going:
            self.into_argument(given[rule.wrt[k]], results[k], exact, left_out(expr, given[rule.wrt[k]]))

    def refuse_unknown_rank(self, rule: rules.RuleSet, given: dict[str, Any], loc: ir.Loc | None) -> None:
        """What a rule could not be read for, said in the words of the program."""
        from srcad import emit

        for name in rule.wrt:
            value = given[name]
            if ir.is_node(value) and getattr(self.shapes.of(value), "dims", ()) is None:
                what = emit.expr(value)
                what = what if len(what) <= 40 else f"its argument {name}"
                raise Unsupported(
                    f"cannot differentiate {rule.path} without the rank of {what}",
                    loc or self.loc,
                    'Annotate the parameters (w: "f8[:]"), or pass their types (--types "w=f8[:], x=f8[:,:]").',
                ) from None

    def pullback_each(self, expr: ir.Call, rule: rules.RuleSet, given: dict[str, Any], out_bar: ir.Expr) -> None:
        items = given[rule.each or ""]
        if isinstance(items, tuple):
            items = ir.Tuple(items)
        if not isinstance(items, (ir.Tuple, ir.List)):
            raise Unsupported(
                f"cannot differentiate {rule.path} of what is not written out as a list", expr.loc or self.loc
            )
        if not isinstance(out_bar, (ir.Name, ir.Index)):
            out_bar = self.name_it(out_bar, self.shapes.of(out_bar))
        for i, item in enumerate(items.items):
            if self.is_active(item):
                assert rule.pullback is not None
                (result,) = self.apply(rule.pullback, {**given, "out_bar": out_bar, "i": ir.Const(i)}, 1)
                self.into_argument(item, result)

    def is_matrix(self, arg: ir.Expr) -> bool:
        """Whether an argument is a vector or matrix: a product of these broadcasts nothing."""
        dims = self.shapes.of(arg).dims
        return dims is not None and len(dims) in (1, 2)

    def into_argument(self, arg: ir.Expr, g: ir.Expr, exact: bool = False, masks: Masks = ()) -> None:
        """Hand a pullback's result to the argument, which it must broadcast to. exact: it has the argument's shape."""
        masks = () if isinstance(arg, (ir.Name, ir.Index)) else masks  # the result is masked itself
        kind, child = self.shapes.of(g), self.shapes.of(arg)
        if isinstance(g, ir.Const) and g.value is None or algebra.is_number(g, 0.0):
            return
        if exact or kind.dims == () == child.dims or self.shapes.same(kind, child):
            self.node(arg, Cotangent(g, kind, masks), child)
            return
        of, to = self.shapes.dims(kind), self.shapes.dims(child)
        if of is not None and to is not None and axes(of, to) is not None:
            self.node(arg, self.fit(Cotangent(g, kind, masks, True), kind, child, arg, arg), child)
            return
        summed = ir.call("srcad_runtime.unbroadcast", g, self.value_of(arg))
        self.node(arg, Cotangent(summed, Num(kind.dtype, None), masks, True), child)

    def apply(self, rule: Any, given: dict[str, Any], count: int) -> tuple[ir.Expr, ...]:
        """Inline a rule: its statements go to `stmts`, its value is one expression per argument."""
        from srcad import eval_rules

        stmts, value = eval_rules.apply(rule, given, self.shapes, self.names, self.loc)
        stmts, value = self.shapes.by_name((tuple(stmts), value))
        self.stmts.extend(stmts)
        values = value.items if isinstance(value, ir.Tuple) and count > 1 else (value,)
        if len(values) < count:
            raise Unsupported(
                f"cannot differentiate this call: {rule.__name__} gives {len(values)} values for {count} arguments",
                self.loc,
            )
        return tuple(values)

    # ---- broadcasting ----

    def fit(self, g: Cotangent, node: Num, child: Num, arg: ir.Expr, expr: ir.Expr | None = None) -> Cotangent:
        """The adjoint g of a node, summed down to the shape of the argument `arg` that was broadcast to it."""
        to, of = self.shapes.dims(child), self.shapes.dims(node)
        if to is not None and to == of and None not in to:
            return g
        reduced = None if to is None or of is None or g.type.dims is None else axes(of, to)
        if reduced == []:
            return g
        g = self.unmask(g)
        if reduced is None or g.type.dims is None:
            return self.fit_at_run_time(g, arg, expr)
        assert of is not None and to is not None
        return self.reduce(g, of, len(of) - len(to), reduced, expr)

    def reduce(self, g: Cotangent, of: Dims, extra: int, axes: list[int], expr: ir.Expr | None) -> Cotangent:
        """Sum over axes of the node (the first `extra` go, others stay with extent 1).

        Along an axis that g does not have it is constant: it is multiplied by the extent.
        """
        own = self.shapes.dims(g.type)
        assert own is not None
        lead = len(of) - len(own)
        there = [a for a in axes if a >= lead and own[a - lead] != types.Dim(1)]
        value = g.expr
        kept = tuple(a - lead for a in there if a >= extra)
        gone = tuple(a - lead for a in range(max(lead, 0), extra))
        if kept:
            value = self.total(value, kept, len(own), True)
        if gone:
            value = self.total(value, gone, len(own), False)
        for a in axes:
            if a not in there and of[a] != types.Dim(1):
                value = algebra.times(value, self.count(of[a], a, expr))
        return Cotangent(value, self.shapes.of(value), (), g.lazy, g.over)

    def total(self, value: ir.Expr, over: tuple[int, ...], rank: int, keep: bool) -> ir.Expr:
        """The sum over axes; of the rows of a product of matrices before it is multiplied: ``a.sum(axis=0) @ b``."""
        minus, product = algebra.sign(value)
        if len(over) != 1 or not isinstance(product, ir.Binary) or product.op != "@":
            return sum_over(value, over, rank, keep)
        a, b = product.left, product.right
        if not self.shapes.rank(a) == self.shapes.rank(b) == 2:
            return sum_over(value, over, rank, keep)
        a, b = (sum_over(a, over, 2, keep), b) if over == (0,) else (a, sum_over(b, over, 2, keep))
        summed = ir.Binary("@", a, b)
        return algebra.negate(summed) if minus else summed

    def count(self, dim: types.Dim | None, axis: int, expr: ir.Expr | None) -> ir.Expr:
        found = self.shapes.extent(dim)
        return ir.Index(ir.Attr(self.value_of(expr), "shape"), (ir.Const(axis),)) if found is None else found

    def value_of(self, expr: ir.Expr | None) -> ir.Expr:
        """A variable that holds the value of a part of the primal."""
        if expr is not None and is_view(expr):
            return expr
        if expr is not None and self.out is not None and self.primal in (expr, ir.call("numpy.copy", expr)):
            return self.out
        if expr is None:
            raise Unsupported(
                "cannot differentiate an array whose extent is not known",
                self.loc,
                "Annotate the arguments, or pass their types.",
            )
        raise Hoist(expr)

    def fit_at_run_time(self, g: Cotangent, arg: ir.Expr, expr: ir.Expr | None) -> Cotangent:
        """Shapes known only at run time: sum at the variable where the adjoint ends; spread g first if it is lazy."""
        if g.lazy and expr is not None:
            value = self.value_of(expr)
            shape = ir.Attr(value, "shape") if self.shapes.of(expr).dims is not None else ir.call("numpy.shape", value)
            g = Cotangent(ir.call("numpy.broadcast_to", g.expr, shape), self.shapes.of(expr))
        return replace(g, over=True)

    def summed(self, g: Cotangent, arg: ir.Expr) -> Cotangent:
        """g with the axes summed that its node was broadcast along."""
        if not g.over:
            return g
        g = self.unmask(g)
        like = self.value_of(arg)
        kind = replace(self.shapes.of(arg), dtype=g.type.dtype)
        return Cotangent(ir.call("srcad_runtime.unbroadcast", g.expr, like), kind)

    def full(self, g: Cotangent, kind: Num, expr: ir.Expr) -> ir.Expr:
        """g with the whole shape of the node, as pullbacks expect it."""
        g = self.unmask(self.summed(g, expr))
        if g.type.dims == () == kind.dims or self.shapes.same(g.type, kind):
            return g.expr
        if kind.dims is not None:
            extents = [self.shapes.extent(d) for d in kind.dims]
            if None not in extents:
                return ir.call("numpy.broadcast_to", g.expr, ir.Tuple(tuple(e for e in extents if e is not None)))
            if g.type.dims == kind.dims:
                return g.expr
        value = self.value_of(expr)
        if self.shapes.same(g.type, self.shapes.of(value)):
            return g.expr
        shape = ir.Attr(value, "shape") if kind.dims is not None else ir.call("numpy.shape", value)
        return ir.call("numpy.broadcast_to", g.expr, shape)

    # ---- where it ends ----

    def contribute(self, place: ir.Expr, g: Cotangent, kind: Num, repeated: bool = False) -> None:
        g = self.unmask(self.summed(g, place))
        whole = g.type.dims == () == kind.dims or self.shapes.same(g.type, kind)
        new = Contribution(place, g.expr, whole, repeated)
        if new in self.found:  # x * x: twice the same
            self.found[self.found.index(new)] = replace(new, value=algebra.times(g.expr, ir.Const(2.0)))
        else:
            self.found.append(new)

    def index(self, expr: ir.Index, g: Cotangent, kind: Num) -> None:
        """``base[items]``: added to the same place of the base's adjoint; a computed base gets a name first."""
        base: ir.Expr = expr.base
        while isinstance(base, ir.Index) and index_kind(self.shapes, base) == "basic":
            base = base.base
        if not isinstance(base, ir.Name):
            raise Hoist(base, base_name(base))
        g = self.summed(g, expr)
        repeated = index_kind(self.shapes, expr) == "repeated"
        if isinstance(self.shapes.types.get(base.id), types.Seq):
            self.found.append(Contribution(expr, self.full(g, kind, expr), True, repeated))
            return
        self.contribute(expr, g, kind, repeated)

    def literal(self, expr: ir.List | ir.Tuple, g: Cotangent, kind: Num) -> None:
        """``np.array([a, [b, c]])``: each entry reads its place of the adjoint."""
        whole = g.expr if isinstance(g.expr, ir.Name) else self.name_it(self.full(g, kind, expr), kind)
        self.entries(expr, whole, ())

    def entries(self, expr: ir.Expr, whole: ir.Expr, place: tuple[ir.Expr, ...]) -> None:
        if isinstance(expr, (ir.List, ir.Tuple)):
            for k, item in enumerate(expr.items):
                self.entries(item, whole, (*place, ir.Const(k)))
        elif self.is_active(expr):
            g = ir.Index(whole, place)
            kind = self.shapes.of(expr)
            self.node(expr, Cotangent(g, self.shapes.of(g)), kind)


def axes(of: Dims, to: Dims) -> list[int] | None:
    """Axes of a node along which an argument of shape `to` was broadcast; None if that is not known."""
    extra = len(of) - len(to)
    of = (types.Dim(1),) * max(-extra, 0) + of
    found = list(range(max(extra, 0)))
    for k, small in enumerate(to):
        big = of[k + max(extra, 0)]
        if small == types.Dim(1) and big != small:
            found.append(k + max(extra, 0))
        elif (big is None or big != small) and big != types.Dim(1):
            return None
    return found


def sum_over(value: ir.Expr, over: tuple[int, ...], rank: int, keep: bool) -> ir.Expr:
    if len(over) == rank and not keep:
        return ir.call("numpy.sum", value)
    axis = ir.Const(over[0]) if len(over) == 1 else ir.Tuple(tuple(ir.Const(a) for a in over))
    if keep:
        return ir.call("numpy.sum", value, axis=axis, keepdims=ir.Const(True))
    return ir.call("numpy.sum", value, axis=axis)
