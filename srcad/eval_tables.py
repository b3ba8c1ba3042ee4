"""Lists of lists of numbers whose lengths are known only at run time, as arrays.

``[[0.0] * m for _ in range(n)]`` has rows of one length that nobody changes, so an array holds the numbers. It stays a
list to the program: only what means the same for both is done with it, everything else is refused.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace

from srcad import ir, types
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator, Restart, place
from srcad.eval_exprs import evaluate
from srcad.eval_index import slice_of
from srcad.eval_order import changes_nothing
from srcad.eval_values import ONE_ARRAY, constant, dyn, residual
from srcad.types import Num
from srcad.values import Dyn, Lazy, Table, Value


@dataclass
class Form:
    """A nested comprehension taken apart: its loops, and what stands innermost."""

    loops: list[ir.Generator] = field(default_factory=list)
    extents: list[ir.Expr] = field(default_factory=list)
    fill: ir.Const | None = None
    items: tuple[ir.Expr, ...] = ()  # the numbers at the end of a row, or the one that the loops run over


def build(ev: Evaluator, expr: ir.Comprehension) -> Value | None:
    """The table of a nested comprehension; None for what is a list of numbers, or has rows of several lengths."""
    form = _taken_apart(expr)
    if form is None or len(form.extents) < 2:
        return None
    site = (ev.frame, place(expr.loc))
    counts = [evaluate(ev, extent) for extent in form.extents]
    extents = ir.Tuple(tuple(residual(ev, count, expr.loc) for count in counts))
    if form.fill is not None:
        wide = ("float table", site) in ev.cx.decisions
        fill = ir.Const(float(form.fill.value)) if wide else form.fill
        return Table(ev.temp("table", dyn(ev, ir.call("numpy.full", extents, fill)), expr.loc), (), site)
    array = ev.temp("table", dyn(ev, ir.call("numpy.empty", extents)), expr.loc)
    hidden = f"table#{place(expr.loc)}"
    ev.env[hidden] = array
    ev.statement(_filling(form, hidden, expr.loc))
    return Table(ev.env.pop(hidden), (), site)  # type: ignore[arg-type]


def _taken_apart(expr: ir.Comprehension) -> Form | None:
    form = Form()
    inner: ir.Expr = expr
    seen: set[str] = set()
    while isinstance(inner, ir.Comprehension):
        if inner.kind != "list" or len(inner.generators) != 1 or inner.generators[0].tests:
            return None
        (loop,) = inner.generators
        if not _is_steady(loop.iter) or ir.names(loop.iter) & seen:
            return None
        seen |= ir.names(loop.target)
        form.loops.append(loop)
        form.extents.append(_length(loop.iter))
        inner = inner.element
    times = _repeated(inner)
    if times is not None:
        fill, count = times
        if ir.names(count) & seen:
            return None
        over = ir.Call(ir.Ref("builtins.range", range), (count,), loc=inner.loc)
        form.extents.append(_length(over))
        if isinstance(fill, ir.Const) and type(fill.value) in (int, float):
            form.fill = fill
        elif any(isinstance(n, ir.Call) and not changes_nothing(n) for n in ir.walk(fill)):
            return None
        else:
            form.loops.append(ir.Generator(ir.Name("_"), over))
            form.items = (fill,)
    elif isinstance(inner, ir.List):
        form.items = inner.items
        form.extents.append(ir.Const(len(inner.items)))
    else:
        form.items = (inner,)
    return form


def _length(iterable: ir.Expr) -> ir.Expr:
    """How many items there are: ``range(n)`` has max(n, 0)."""
    if isinstance(iterable, ir.Call):
        bounds = iterable.args if len(iterable.args) > 1 else (ir.Const(0), *iterable.args)
        span = bounds[1] if bounds[0] == ir.Const(0) else ir.Binary("-", bounds[1], bounds[0])
        return ir.Call(ir.Ref("builtins.max", max), (span, ir.Const(0)), loc=iterable.loc)
    return ir.Call(ir.Ref("builtins.len", len), (iterable,), loc=iterable.loc)


def _is_steady(expr: ir.Expr) -> bool:
    """Whether an iterable may be evaluated twice."""
    if isinstance(expr, ir.Call):
        return isinstance(expr.fn, ir.Ref) and expr.fn.path == "builtins.range" and len(expr.args) < 3
    return isinstance(expr, (ir.Name, ir.Attr))


def _repeated(expr: ir.Expr) -> tuple[ir.Expr, ir.Expr] | None:
    """``[c] * n``."""
    if not isinstance(expr, ir.Binary) or expr.op != "*":
        return None
    row, times = (expr.left, expr.right) if isinstance(expr.left, ir.List) else (expr.right, expr.left)
    return (row.items[0], times) if isinstance(row, ir.List) and len(row.items) == 1 else None


def _filling(form: Form, hidden: str, loc: ir.Loc | None) -> ir.Stmt:
    counters = [ir.Name(f"k#{place(loc)}{depth}") for depth in range(len(form.loops))]
    table, body = ir.Name(hidden), []
    for k, item in enumerate(form.items):
        last = (ir.Const(k),) if len(form.extents) > len(form.loops) else ()
        body.append(ir.Store(ir.Index(table, (*counters, *last)), item, loc=loc))
    inner: tuple[ir.Stmt, ...] = tuple(body)
    for counter, loop in zip(reversed(counters), reversed(form.loops), strict=True):
        pair = ir.Tuple((counter, loop.target))
        over = ir.Call(ir.Ref("builtins.enumerate", enumerate), (loop.iter,), loc=loop.iter.loc)
        inner = (ir.For(pair, over, inner, loc=loc),)
    return inner[0]


# ---- what may be done with one ----


def rank(table: Table) -> int:
    assert isinstance(table.array.type, Num) and table.array.type.dims is not None
    return len(table.array.type.dims) - len(table.prefix)


def view(ev: Evaluator, table: Table, loc: ir.Loc | None) -> Dyn:
    """The numbers of a table or row as an array that shares its memory: to be read at once."""
    if not table.prefix:
        return table.array
    return dyn(ev, ir.Index(table.array.expr, tuple(p.expr for p in table.prefix), loc=loc))


def copied(ev: Evaluator, table: Table, loc: ir.Loc | None) -> Dyn:
    """The numbers as an array of their own, as any function makes one of a list."""
    return dyn(ev, ir.call("numpy.copy", view(ev, table, loc).expr))


def item(ev: Evaluator, table: Table, items: Sequence[Value], loc: ir.Loc | None) -> Value:
    """``e[i]``: a row, or a number; ``e[i][a:b]`` is a new list."""
    (key,) = items if len(items) == 1 else (None,)
    if isinstance(key, Lazy) and key.kind == "slice":
        part = ir.Index(table.array.expr, (*(p.expr for p in table.prefix), residual(ev, key, loc)), loc=loc)
        return Table(ev.temp("part", dyn(ev, ir.call("numpy.copy", part)), loc), (), None)
    if not isinstance(key, Dyn) or not types.is_scalar(key.type):
        raise Unsupported("cannot differentiate this index into a list of lists", loc, ONE_ARRAY)
    prefix = (*table.prefix, key)
    if rank(table) > 1:
        return replace(table, prefix=prefix)
    return dyn(ev, ir.Index(table.array.expr, tuple(p.expr for p in prefix), loc=loc))


def items(ev: Evaluator, table: Table) -> Iterator[Value] | None:
    """The items of a row of known length, each read when it is taken."""
    assert isinstance(table.array.type, Num) and table.array.type.dims is not None
    extent = table.array.type.dims[len(table.prefix)]
    if rank(table) > 1 or extent is None or extent.terms:
        return None
    return (item(ev, table, [constant(k)], None) for k in range(extent.const))


def set_item(ev: Evaluator, table: Table, items: Sequence[Value], value: Value, loc: ir.Loc | None) -> None:
    """``e[i][j] = value``."""
    key = items[0] if len(items) == 1 else None
    if rank(table) != 1 or not isinstance(key, Dyn) or not types.is_scalar(key.type):
        reason = "cannot differentiate a list of lists of which a whole row is replaced"
        raise Unsupported(reason, loc, "Write e[i][j] = value, or hold the entries in one array.")
    if not isinstance(value, Dyn) or not types.is_scalar(value.type):
        raise Unsupported("cannot differentiate a list of lists that holds more than numbers", loc, ONE_ARRAY)
    own = table.array.type
    assert isinstance(own, Num) and isinstance(value.type, Num)
    if types.is_integer(own) and not types.is_integer(value.type):
        if table.site is None or ("float table", table.site) in ev.cx.decisions:
            raise Unsupported("cannot differentiate a list of integers and other numbers", loc, "Start it with 0.0.")
        raise Restart(("float table", table.site))
    if value.type.dtype not in ("float64", "int64"):
        raise Unsupported("cannot differentiate a list of lists of such numbers", loc, ONE_ARRAY)
    target = ir.Index(table.array.expr, (*(p.expr for p in table.prefix), key.expr), loc=loc)
    ev.emit(ir.Store(target, residual(ev, value, loc), loc=loc))


def length(ev: Evaluator, table: Table, loc: ir.Loc | None) -> Dyn:
    shape = ir.Attr(table.array.expr, "shape")
    return dyn(ev, ir.Index(shape, (ir.Const(len(table.prefix)),), loc=loc))


def method(ev: Evaluator, table: Table, name: str, args: list[Value], loc: ir.Loc | None) -> Value:
    if name == "copy" and not args and rank(table) == 1:
        return item(ev, table, [slice_of(ev, [None, None, None], loc)], loc)
    raise Unsupported(f"cannot differentiate the method {name} of a list of lists", loc, ONE_ARRAY)


def argument(ev: Evaluator, path: str, value: Value, loc: ir.Loc | None) -> Value:
    """A table handed to a library function: Python's own only look at it, NumPy's make an array of it."""
    if not isinstance(value, Table):
        return value
    if path in LOOKING and rank(value) == 1:
        return view(ev, value, loc)
    if path.startswith("numpy."):
        return copied(ev, value, loc)
    raise Unsupported("cannot differentiate a list of lists here", loc, ONE_ARRAY)


LOOKING = frozenset(f"builtins.{name}" for name in "sum max min any all".split())
