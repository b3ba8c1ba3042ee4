"""Expressions of the partial evaluator: names, containers and attributes; the rest is in its siblings."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

from srcad import ir, leaves, types
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator, list_site, of_a_rule
from srcad.eval_order import in_order, owned
from srcad.eval_values import ONE_ARRAY, constant, demand, dyn
from srcad.types import Dim, Num, Seq, Struct
from srcad.values import Bound, Closure, Dyn, Generator, Known, Lazy, Maybe, Ptr, Rows, Stream, Table, Text, Value


def evaluate(ev: Evaluator, expr: ir.Expr) -> Value:
    """The value of an expression; what must happen before it is written to `ev.out`."""
    return _handlers()[type(expr)](ev, expr)  # type: ignore[no-any-return]


def evaluate_all(ev: Evaluator, exprs: Sequence[ir.Expr]) -> list[Value]:
    """Values left to right; an earlier one is named first if a later one changes what it reads."""
    return in_order(ev, [functools.partial(evaluate, ev, expr) for expr in exprs], exprs[-1].loc if exprs else None)


# ---- leaves ----


def _const(ev: Evaluator, expr: ir.Const) -> Value:
    if expr.value is None or isinstance(expr.value, str) or expr.value is Ellipsis or isinstance(expr.value, bytes):
        return Known(expr.value)
    return constant(expr.value, expr.loc)


def _name(ev: Evaluator, expr: ir.Name) -> Value:
    value = ev.lookup(expr.id, expr.loc)
    if isinstance(value, Dyn) and isinstance(value.expr, (ir.Name, ir.Const)):
        return (
            value if value.expr.loc is expr.loc else Dyn(ir.changed(value.expr, loc=expr.loc), value.type, value.const)
        )
    return value


def _ref(ev: Evaluator, expr: ir.Ref) -> Value:
    if expr.path.startswith(("global:", "closure:")):
        return captured(ev, expr)
    if isinstance(expr.obj, (int, float)) and not isinstance(expr.obj, bool):  # math.pi
        kind = types.infer(expr, {})
        if isinstance(kind, Num):
            return Dyn(expr, kind)
    return Known(expr.obj, expr)


def captured(ev: Evaluator, expr: ir.Ref) -> Value:
    """A global or closure variable: numbers become hidden arguments, structure is baked in."""
    from srcad import scope

    if expr.obj is scope.MISSING:
        raise Unsupported(
            "cannot differentiate a value that only running the file would tell", expr.loc, "Pass it as an argument."
        )
    if ev.by_name:  # in a derivative rule: `eval_rules.bake` has noted it
        plain = isinstance(expr.obj, (bool, int, float, complex))
        return constant(expr.obj) if plain else Known(expr.obj)
    origin, path = scope.split(expr.path)
    cache = ev.state.frames.setdefault("#" + origin, {})
    if expr.path not in cache:
        leaf = str(path[-1]).rpartition(":")[2].partition("#")[0]
        try:
            abstract = types.describe(expr.obj, leaf)
        except TypeError as error:
            raise Unsupported(str(error), expr.loc) from None
        if isinstance(abstract, Struct):
            ev.cx.used_baked[origin, path] = leaves.Form.of(expr.obj)
        found = ev.input(abstract, leaf, origin, path)
        structure = isinstance(found, Known) and found.expr is None
        if structure and leaves.content(expr.obj) is not None and not leaves.is_structure(expr.obj):
            ev.cx.used_baked[origin, path] = leaves.Form.of(expr.obj)
        cache[expr.path] = Known(expr.obj, expr) if structure else found
    return cache[expr.path]


def _tuple(ev: Evaluator, expr: ir.Tuple) -> Value:
    return ev.tuple_of(spread(ev, expr.items))


def _list(ev: Evaluator, expr: ir.List) -> Value:
    site = list_site(ev, expr.loc)
    if ("dynamic", site) in ev.cx.decisions:
        from srcad import eval_lists

        return eval_lists.new(ev, spread(ev, expr.items), expr.loc)
    return ev.tuple_of(spread(ev, expr.items), "list", site=site)


def spread(ev: Evaluator, items: tuple[ir.Expr, ...]) -> list[Value]:
    """Values of items, ``*starred`` ones spread."""
    values = in_order(ev, [functools.partial(item_step, ev, item) for item in items], items[-1].loc if items else None)
    return spread_values(ev, items, values)


def item_step(ev: Evaluator, item: ir.Expr) -> Value:
    """The value of an item; of a starred one, a new tuple of what it gives."""
    if not isinstance(item, ir.Starred):
        return evaluate(ev, item)
    return ev.tuple_of(sequence(ev, evaluate(ev, item.value), item.loc))


def spread_values(ev: Evaluator, items: Sequence[ir.Expr], values: Sequence[Value]) -> list[Value]:
    found: list[Value] = []
    for item, value in zip(items, values, strict=True):
        if isinstance(item, ir.Starred):
            assert isinstance(value, Ptr)
            found.extend(ev.state.heap[value.id].items)
        else:
            found.append(value)
    return found


def sequence(ev: Evaluator, value: Value, loc: ir.Loc | None) -> list[Value]:
    """The items of something whose length is known while transforming; an iterator is used up."""
    from srcad import eval_extents, eval_iter, eval_sequences

    if isinstance(value, (Generator, Stream)):
        return eval_sequences.items_of(ev, value, loc)
    items = eval_iter.unrolled(ev, value)
    if items is None:
        reason = "cannot differentiate a number of items that is known only at run time"
        refusal = Unsupported(reason, loc, ONE_ARRAY)
        eval_extents.settle(ev, value)
        eval_extents.write_out(ev, value, refusal)
        raise refusal
    eval_iter.consume(ev, value, loc)
    return items


def _dict(ev: Evaluator, expr: ir.Dict) -> Value:
    entries: dict[Any, Value] = {}
    parts = [part for pair in zip(expr.keys, expr.values, strict=True) for part in pair if part is not None]
    values = iter(evaluate_all(ev, parts))
    for key in expr.keys:
        if key is not None:
            own = demand(ev, next(values), "a dict with a key", expr.loc, ONE_ARRAY)
            entries[own] = next(values)
            continue
        value = next(values)
        if not isinstance(value, Ptr) or ev.state.heap[value.id].kind != "dict":
            raise Unsupported("cannot differentiate `**` of something that is not a dict", expr.loc)
        box = ev.state.heap[value.id]
        entries.update(zip(box.keys, box.items, strict=True))
    return ev.box("dict", tuple(entries), tuple(entries.values()))


def _lambda(ev: Evaluator, expr: ir.Lambda) -> Value:
    return closure(ev, expr.function, expr.loc)


def closure(ev: Evaluator, function: ir.Function, loc: ir.Loc | None) -> Closure:
    """A nested function: its defaults are evaluated when it is defined, and once."""
    if function.cached:
        from srcad import eval_cached

        eval_cached.check_closure(ev, function, loc)
    given = [(p.name, p.default) for p in function.params if p.default is not None]
    values = evaluate_all(ev, [default for _, default in given])
    defaults = [owned(ev, value, name, loc) for (name, _), value in zip(given, values, strict=True)]
    return Closure(function, ev.frame, tuple((name, v) for (name, _), v in zip(given, defaults, strict=True)))


def _walrus(ev: Evaluator, expr: ir.Walrus) -> Value:
    value = evaluate(ev, expr.value)
    ev.bind(expr.target.id, value, expr.loc)
    return ev.lookup(expr.target.id, expr.loc)


ARRAY_ATTRIBUTES = ("shape", "size", "ndim", "dtype", "T", "mT", "real", "imag", "itemsize", "nbytes", "flat")


def _attr(ev: Evaluator, expr: ir.Attr) -> Value:
    base = evaluate(ev, expr.base)
    return attribute(ev, base, expr.name, expr.loc)


def attribute(ev: Evaluator, base: Value, name: str, loc: ir.Loc | None) -> Value:
    if isinstance(base, Maybe):
        from srcad import eval_optional

        base = eval_optional.present(ev, base, loc)
    if isinstance(base, Dyn):
        return _array_attribute(ev, base, name, loc)
    if isinstance(base, Ptr):
        return _box_attribute(ev, base, name, loc)
    if isinstance(base, Known):
        return _known_attribute(ev, base, name, loc)
    if isinstance(base, (Table, Rows)):
        return Bound(base, name)
    if isinstance(base, Lazy) and base.kind == "array" and name == "shape":
        return attribute(ev, base.args[0], name, loc)
    from srcad import eval_distributions

    if eval_distributions.is_frozen(base):
        return eval_distributions.method(ev, base, name, loc)  # type: ignore[arg-type]
    what = "text" if isinstance(base, Text) else "a function"
    raise Unsupported(f"cannot differentiate the attribute {name} of {what}", loc)


def _array_attribute(ev: Evaluator, base: Dyn, name: str, loc: ir.Loc | None) -> Value:
    if name not in ARRAY_ATTRIBUTES:
        if isinstance(base.type, Num):
            from srcad import eval_methods

            eval_methods.data_attribute(base, name, loc)
        return Bound(base, name)
    if isinstance(base.type, Seq):
        raise Unsupported(f"cannot differentiate the attribute {name} of a list", loc)
    if base.type.dims == () and name in _OF_NUMBERS and of_a_rule(loc) and (base.type.weak or name != "dtype"):
        return _number_attribute(ev, base.type, name)
    if name == "shape":
        return _shape(ev, base, loc)
    if name == "ndim" and base.type.dims is not None:
        return constant(len(base.type.dims))
    if name == "dtype" and base.type.dtype is not None:
        import numpy as np

        return Known(np.dtype(base.type.dtype), ir.Attr(base.expr, "dtype", loc=loc))
    if name in ("T", "mT"):
        return dyn(
            ev, ir.Call(ir.Ref("numpy.transpose" if name == "T" else "numpy.matrix_transpose"), (base.expr,), loc=loc)
        )
    if name in ("real", "imag"):
        return dyn(ev, ir.Call(ir.Ref(f"numpy.{name}"), (base.expr,), loc=loc))
    if name == "flat":
        return dyn(ev, ir.Call(ir.Ref("numpy.ravel"), (base.expr,), loc=loc))
    return dyn(ev, ir.Attr(base.expr, name, loc=loc))


_OF_NUMBERS = {"size": 1, "ndim": 0, "shape": (), "dtype": None}


def _number_attribute(ev: Evaluator, kind: Num, name: str) -> Value:
    """What a rule asks of an array, of a number: Python's own have no such attributes, nor has one in compiled code."""
    if name == "shape":
        return ev.tuple_of([], expr=ir.Tuple(()), bound=True)
    if name == "dtype":
        import numpy as np

        return Known(np.dtype(kind.dtype), ir.Ref(f"numpy.{kind.dtype}"))
    return constant(_OF_NUMBERS[name])


def _shape(ev: Evaluator, base: Dyn, loc: ir.Loc | None) -> Value:
    assert isinstance(base.type, Num)
    whole = ir.Attr(base.expr, "shape", loc=loc)
    if base.type.dims is None:
        raise Unsupported(
            "cannot differentiate the shape of an array of unknown rank",
            loc,
            "Annotate the argument, or pass its type.",
        )
    items = [_extent(whole, k, dim) for k, dim in enumerate(base.type.dims)]
    return ev.tuple_of(items, expr=whole, bound=True)


def _extent(whole: ir.Expr, k: int, dim: Dim | None) -> Dyn:
    if dim is not None and not dim.terms:
        return constant(dim.const)
    return Dyn(ir.Index(whole, (ir.Const(k),)), Num("int64", (), True, dim))


def _box_attribute(ev: Evaluator, base: Ptr, name: str, loc: ir.Loc | None) -> Value:
    box = ev.state.heap[base.id]
    if box.kind in ("namedtuple", "dataclass", "object"):
        position = box.index(name)
        if position is not None:
            return box.items[position]
        from srcad import eval_special

        if box.kind == "namedtuple" and name in ("_replace", "_asdict", "index", "count"):
            return Bound(base, name)
        return eval_special.member(ev, base, name, loc)
    if name == "shape" and box.kind in ("tuple", "list"):
        raise Unsupported(
            "cannot differentiate the shape of a list or tuple", loc, "Make it an array with np.array first."
        )
    return Bound(base, name)


def _known_attribute(ev: Evaluator, base: Known, name: str, loc: ir.Loc | None) -> Value:
    from srcad import eval_objects

    return eval_objects.attribute(ev, base, name, loc)


def _bad(ev: Evaluator, expr: ir.Expr) -> Value:
    raise Unsupported(f"cannot differentiate a {type(expr).__name__.lower()} here", expr.loc)


@functools.cache
def _handlers() -> dict[type, Callable[[Evaluator, Any], Value]]:
    from srcad import eval_calls, eval_comprehensions, eval_index, eval_operators, eval_text

    def bare_slice(ev: Evaluator, expr: ir.Slice) -> Value:
        bounds = [None if p is None else evaluate(ev, p) for p in (expr.lower, expr.upper, expr.step)]
        return eval_index.slice_of(ev, bounds, expr.loc)

    return {
        ir.Const: _const,
        ir.Name: _name,
        ir.Ref: _ref,
        ir.Attr: _attr,
        ir.Index: eval_index.index_expr,
        ir.Unary: eval_operators.unary,
        ir.Binary: eval_operators.binary_expr,
        ir.Compare: eval_operators.compare,
        ir.BoolOp: eval_operators.boolop,
        ir.IfExp: eval_operators.choice,
        ir.Call: eval_calls.call,
        ir.Tuple: _tuple,
        ir.List: _list,
        ir.Dict: _dict,
        ir.FString: eval_text.fstring,
        ir.Lambda: _lambda,
        ir.Walrus: _walrus,
        ir.Comprehension: eval_comprehensions.comprehension,
        ir.Starred: _bad,
        ir.Slice: bare_slice,
    }
