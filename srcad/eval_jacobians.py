"""Jacobians and Hessians asked for inside a model: a loop over unit vectors around the differentiated function."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir, nested, types
from srcad.dims import dim_expr
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_derivatives import Job, Run, argument_of, check_scalar, reverse_program, second_order, trace, typed
from srcad.program import Program
from srcad.transforms import forward
from srcad.types import Num, Static, Struct
from srcad.values import Dyn, Known, Value

EVERY = ir.Slice(None, None)
Blocks = dict[int, dict[str, Value]]  # per result, per leaf
Shape = tuple[ir.Expr, ...]


def jacobian(ev: Evaluator, job: Job) -> Value:
    run = held(ev, trace(ev, job))
    for leaf in run.traced.wrt:
        if types.is_complex(leaf.value.type):
            raise TypeError("Jacobians and Hessians take real arguments; use jacobian-vector products for complex ones")
    if job.kind == "hessian":
        return hessian(ev, run)
    shapes = Shapes(ev, run)
    blocks = by_columns(ev, run, shapes) if _forward(run) else by_rows(ev, run, shapes)
    found = _structure(ev, run, blocks)
    return ev.tuple_of([found, shapes.aux()]) if job.has_aux else found


def _forward(run: Run) -> bool:
    """Columns, unless rows are asked for, or are fewer as far as can be seen."""
    if run.job.kind != "jacobian":
        return run.job.kind == "jacfwd"
    numbers = all(types.is_scalar(leaf.value.type) for leaf in run.traced.wrt)
    return numbers or not all(types.is_scalar(kind_of(run, k)) for k in run.seeded)


def kind_of(run: Run, position: int) -> Num:
    """The type of a result of the function."""
    from srcad.assemble import leaves

    found = leaves(run.traced.output)[position]
    if not isinstance(found, Num) or found.dims is None:
        raise Unsupported(
            "cannot differentiate the Jacobian of a value whose rank is not known",
            run.job.loc,
            "Annotate the arguments.",
        )
    return found


def held(ev: Evaluator, run: Run) -> Run:
    """Arguments that are expressions get a name, for they are read more than once."""
    leaves = []
    for k, leaf in enumerate(run.traced.leaves):
        if not isinstance(leaf.value.expr, (ir.Name, ir.Const)):
            name = nested.name_at(ev, run.traced.site, ("held", k), leaf.name)
            ev.cx.types[name] = leaf.value.type
            ev.emit(ir.Assign(ir.Name(name), leaf.value.expr, loc=run.job.loc))
            leaf = replace(leaf, value=Dyn(ir.Name(name), leaf.value.type))
        leaves.append(leaf)
    return replace(run, traced=replace(run.traced, leaves=tuple(leaves)))


class Shapes:
    """Extents of arguments and results; the function is run once for those that nothing else tells."""

    def __init__(self, ev: Evaluator, run: Run) -> None:
        self.ev, self.run = ev, run
        self.value: tuple[ir.Expr, ...] | None = None

    def of_leaf(self, leaf: nested.Leaf) -> Shape:
        kind = leaf.value.type
        if not isinstance(kind, Num) or kind.dims is None:
            raise Unsupported(
                "cannot differentiate the Jacobian by an argument whose rank is not known", self.run.job.loc
            )
        return tuple(extent(self.ev, leaf.value.expr, k, kind) for k in range(len(kind.dims)))

    def of_result(self, position: int) -> Shape:
        kind = kind_of(self.run, position)
        assert kind.dims is not None
        known = [printable(self.ev, d) for d in kind.dims]
        if None not in known:
            return tuple(e for e in known if e is not None)
        value = self.results()[position]
        return tuple(ir.Index(ir.Attr(value, "shape"), (ir.Const(k),)) for k in range(len(kind.dims)))

    def results(self) -> tuple[ir.Expr, ...]:
        if self.value is None:
            exprs = nested.splice(self.ev, self.run.traced, self.run.traced.program, {}, "value")
            self.value = tuple(
                name_it(self.ev, self.run, ("value", k), "value", e, kind_of(self.run, k)) for k, e in enumerate(exprs)
            )
        return self.value

    def aux(self) -> Value:
        value = nested.value_of(self.ev, self.run.traced.output, self.results())
        return self.ev.state.heap[value.id].items[1]  # type: ignore[union-attr]


def extent(ev: Evaluator, array: ir.Expr, axis: int, kind: Num) -> ir.Expr:
    dim = kind.dims[axis] if kind.dims is not None else None
    if dim is not None and dim.is_const:
        return ir.Const(dim.const)
    return ir.Index(ir.Attr(array, "shape"), (ir.Const(axis),))


def printable(ev: Evaluator, dim: types.Dim | None) -> ir.Expr | None:
    """An extent as an expression, if its symbols still mean what they say here."""
    if dim is None or not all(nested.holds(ev, s) for s in dim.symbols):
        return None
    expr = dim_expr(dim)
    return ir.call("builtins.max", expr, ir.Const(0)) if dim.const < 0 and dim.terms else expr


def name_it(ev: Evaluator, run: Run, key: Any, base: str, expr: ir.Expr, kind: Num) -> ir.Expr:
    if isinstance(expr, (ir.Name, ir.Const)):
        return expr
    name = nested.name_at(ev, run.traced.site, key, base)
    ev.cx.types[name] = kind
    ev.emit(ir.Assign(ir.Name(name), expr, loc=run.job.loc))
    return ir.Name(name)


# ---- columns, rows ----


def by_columns(ev: Evaluator, run: Run, shapes: Shapes) -> Blocks:
    program = forward.forward(run.traced.program, run.seeded)
    results = [(k, kind_of(run, k), shapes.of_result(k)) for k in run.seeded]
    return columns(ev, run, program, results, shapes)


def columns(
    ev: Evaluator, run: Run, program: Program, results: Sequence[tuple[int, Num, Shape]], shapes: Shapes
) -> Blocks:
    """For every element of every argument: the last results of the tangent program along it."""
    blocks: Blocks = {k: {} for k, _, _ in results}
    params = program.seeds[len(program.seeds) - len(run.traced.wrt) :]
    for j, leaf in enumerate(run.traced.wrt):
        assert isinstance(leaf.value.type, Num)
        own = shapes.of_leaf(leaf)
        arrays = [matrix(ev, run, (j, k), (*shape, *own), _joined(kind, leaf.value.type)) for k, kind, shape in results]

        def column(index: Shape, j: int = j, own: Shape = own, arrays: list[ir.Name] = arrays) -> None:
            seeds = {}
            for i, (p, other) in enumerate(zip(params, run.traced.wrt, strict=True)):
                at = index if i == j else None
                seeds[p.name] = unit(ev, run, ("dot", j, i), p.name, shapes.of_leaf(other), other.value.type, at)
            found = nested.splice(ev, run.traced, program, seeds, ("column", j))
            for array, (_, kind, _), dot in zip(arrays, results, found[len(found) - len(results) :], strict=True):
                put(ev, run, array, (*(EVERY,) * len(kind.dims or ()), *index), dot)

        loops(ev, run, ("columns", j), own, column)
        for array, (k, _, _) in zip(arrays, results, strict=True):
            blocks[k][leaf.name] = Dyn(array, ev.cx.types[array.id])  # type: ignore[arg-type]
    return blocks


def by_rows(ev: Evaluator, run: Run, shapes: Shapes) -> Blocks:
    """For every element of every result: the adjoints of the arguments."""
    program = reverse_program(run, False)
    blocks: Blocks = {}
    for j, k in enumerate(run.seeded):
        own = shapes.of_result(k)
        arrays = [
            matrix(ev, run, (j, leaf.name), (*own, *shapes.of_leaf(leaf)), _row(kind_of(run, k), leaf.value.type))
            for leaf in run.traced.wrt
        ]

        def row(index: Shape, j: int = j, arrays: list[ir.Name] = arrays) -> None:
            seeds = {}
            for i, (p, other) in enumerate(zip(program.seeds, run.seeded, strict=True)):
                at = index if i == j else None
                seeds[p.name] = unit(ev, run, ("bar", j, i), p.name, shapes.of_result(other), kind_of(run, other), at)
            found = nested.splice(ev, run.traced, program, seeds, ("row", j))
            for array, leaf, bar in zip(arrays, run.traced.wrt, found[len(found) - len(arrays) :], strict=True):
                put(ev, run, array, (*index, *(EVERY,) * len(leaf.value.type.dims or ())), bar)  # type: ignore[union-attr]

        loops(ev, run, ("rows", j), own, row)
        blocks[k] = {
            leaf.name: Dyn(array, ev.cx.types[array.id])  # type: ignore[arg-type]
            for leaf, array in zip(run.traced.wrt, arrays, strict=True)
        }
    return blocks


def _joined(a: Any, b: Any) -> Num:
    """The type of ``a.shape + b.shape``."""
    return Num(a.dtype, (*(a.dims or ()), *(b.dims or ())), a.weak and not a.dims and not b.dims)


def _row(a: Any, b: Any) -> Num:
    """The same of adjoints, which are of their leaf's type."""
    return replace(_joined(a, b), dtype=b.dtype, weak=b.weak and not a.dims and not b.dims)


def matrix(ev: Evaluator, run: Run, key: Any, shape: Shape, kind: Num) -> ir.Name:
    """The array that a derivative is written into; a number needs none."""
    name = nested.name_at(ev, run.traced.site, ("matrix", key), run.job.kind)
    ev.cx.types[name] = kind
    if shape:
        ev.emit(ir.Assign(ir.Name(name), filled("empty", shape, kind), loc=run.job.loc))
    return ir.Name(name)


def filled(how: str, shape: Shape, kind: Num) -> ir.Expr:
    extents = shape[0] if len(shape) == 1 else ir.Tuple(shape)
    if kind.dtype in ("float64", None):
        return ir.call(f"numpy.{how}", extents)
    return ir.call(f"numpy.{how}", extents, ir.Ref(f"numpy.{'bool_' if kind.dtype == 'bool' else kind.dtype}"))


def unit(ev: Evaluator, run: Run, key: Any, base: str, shape: Shape, kind: Any, index: Shape | None) -> ir.Expr:
    """A vector that is 1 at an index, or zero (None)."""
    if not shape:
        return ir.ZERO if index is None else ir.ONE
    name = ir.Name(nested.name_at(ev, run.traced.site, ("unit", key), base))
    ev.cx.types[name.id] = Num(kind.dtype, kind.dims)
    ev.emit(ir.Assign(name, filled("zeros", shape, kind), loc=run.job.loc))
    if index is not None:
        ev.emit(ir.Store(ir.Index(name, index), ir.ONE, loc=run.job.loc))
    return name


def put(ev: Evaluator, run: Run, array: ir.Name, index: tuple[ir.Expr, ...], value: ir.Expr) -> None:
    loc, kind = run.job.loc, ev.cx.types[array.id]
    if index:
        ev.emit(ir.Store(ir.Index(array, index), value, loc=loc))
    else:
        ev.emit(ir.Assign(array, typed(ev, value, kind), loc=loc))  # type: ignore[arg-type]


def loops(ev: Evaluator, run: Run, key: Any, shape: Shape, body: Callable[[Shape], None]) -> None:
    """Nested loops over all indices of a shape."""
    counters = [nested.name_at(ev, run.traced.site, (key, k), "ijklmn"[k % 6]) for k in range(len(shape))]
    for name in counters:
        ev.cx.types[name] = types.INT
    outer, ev.out = ev.out, []
    body(tuple(ir.Name(name) for name in counters))
    inner, ev.out = tuple(ev.out), outer
    for name, stop in reversed(list(zip(counters, shape, strict=True))):
        span = ir.Call(ir.Ref("builtins.range"), (ir.Const(0), stop, ir.Const(1)))
        inner = (ir.For(ir.Name(name), span, inner, loc=run.job.loc),)
    ev.out.extend(inner)


# ---- second order ----


def hessian(ev: Evaluator, run: Run) -> Value:
    check_scalar(run)
    shapes = Shapes(ev, run)
    rows = [(k, leaf.value.type, shapes.of_leaf(leaf)) for k, leaf in enumerate(run.traced.wrt)]
    blocks = columns(ev, run, second_order(run), rows, shapes)  # type: ignore[arg-type]
    lines = {}
    for k, leaf in enumerate(run.traced.wrt):
        parts = [argument_of(ev, run, place, blocks[k]) for place in run.job.wanted]
        lines[leaf.name] = parts[0] if run.job.single else ev.tuple_of(parts)
    found = [argument_of(ev, run, place, lines) for place in run.job.wanted]
    result = found[0] if run.job.single else ev.tuple_of(found)
    return ev.tuple_of([result, shapes.aux()]) if run.job.has_aux else result


# ---- structure ----


def _structure(ev: Evaluator, run: Run, blocks: Blocks) -> Value:
    """The value's structure, holding in each place the arguments' structure."""
    position = iter(range(len(run.traced.program.results)))

    def build(t: types.Abstract) -> Value:
        if isinstance(t, Struct):
            return ev.box(t.kind, t.keys, [build(item) for item in t.items], cls=t.cls)
        if isinstance(t, Static) or (k := next(position)) not in blocks:
            return Known(None)
        parts = [argument_of(ev, run, place, blocks[k]) for place in run.job.wanted]
        return parts[0] if run.job.single else ev.tuple_of(parts)

    return build(run.value)
