"""Functions that the partial evaluator answers itself: about structure, iteration and containers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_exprs import attribute, sequence
from srcad.eval_operators import binary, boolean
from srcad.eval_values import constant, demand, dyn, residual, static, static_truth
from srcad.types import Num, Seq
from srcad.values import Bound, Closure, Dyn, Known, Lazy, Partial, Ptr, Value

Args = list[Value]
Kwargs = dict[str, Value]
Handler = Callable[[Evaluator, Args, Kwargs, "ir.Loc | None"], Value]
HANDLERS: dict[str, Handler] = {}


def handles(*paths: str) -> Callable[[Handler], Handler]:
    def register(f: Handler) -> Handler:
        HANDLERS.update(dict.fromkeys(paths, f))
        return f

    return register


def keep(ev: Evaluator, path: str, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_calls, library

    return eval_calls.library(ev, path, library.load(path), args, kwargs, loc)


# ---- structure ----


@handles("builtins.len")
def _len(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    value = args[0]
    if isinstance(value, Ptr):
        return constant(len(ev.state.heap[value.id].items))
    if isinstance(value, Known):
        return constant(len(value.value))
    if isinstance(value, Lazy):
        return constant(len(sequence(ev, value, loc)))
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims:
        extent = value.type.dims[0]
        if extent is not None and not extent.terms:
            return constant(extent.const)
        return Dyn(ir.Call(ir.Ref("builtins.len"), (value.expr,), loc=loc), Num("int64", (), True, extent))
    return dyn(ev, ir.Call(ir.Ref("builtins.len"), (residual(ev, value, loc),), loc=loc))


@handles("numpy.shape")
def _shape(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return attribute(ev, _as_array(ev, args[0], loc), "shape", loc) if not _is_number(args[0]) else ev.tuple_of([])


@handles("numpy.ndim")
def _ndim(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return attribute(ev, _as_array(ev, args[0], loc), "ndim", loc)


@handles("numpy.size")
def _size(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) > 1 or kwargs:
        return keep(ev, "numpy.size", args, kwargs, loc)
    return constant(1) if _is_number(args[0]) else attribute(ev, _as_array(ev, args[0], loc), "size", loc)


def _is_number(value: Value) -> bool:
    return isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims == ()


def _as_array(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    return keep(ev, "numpy.array", [value], {}, loc) if isinstance(value, Ptr) else value


@handles("builtins.isinstance")
def _isinstance(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    classes = demand(ev, args[1], "the class", loc)
    return constant(issubclass(python_class(ev, args[0]), classes))


@handles("builtins.type")
def _type(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return Known(python_class(ev, args[0]))


def python_class(ev: Evaluator, value: Value) -> type:
    """The class that the value has at run time."""
    if isinstance(value, Known):
        return type(value.value)
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        return box.cls or {"tuple": tuple, "list": list, "dict": dict}[box.kind]
    if isinstance(value, Dyn):
        if isinstance(value.type, Seq):
            return list
        if value.type.dims is None or value.type.dtype is None:
            raise Unsupported("the class of a value of unknown type", value.expr.loc, "annotate the argument.")
        if value.type.dims != ():
            return np.ndarray
        kind = np.dtype(value.type.dtype)
        python = {"f": float, "i": int, "b": bool, "c": complex}.get(kind.kind, kind.type)
        return python if value.type.weak else kind.type
    return type(lambda: None)


@handles("builtins.callable")
def _callable(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return constant(
        isinstance(args[0], (Closure, Bound, Partial)) or isinstance(args[0], Known) and callable(args[0].value)
    )


@handles("builtins.hasattr")
def _hasattr(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    name = demand(ev, args[1], "the attribute's name", loc)
    if isinstance(args[0], Ptr):
        box = ev.state.heap[args[0].id]
        return constant(name in box.keys or hasattr(box.cls, name))
    return constant(hasattr(args[0].value if isinstance(args[0], Known) else python_class(ev, args[0]), name))


@handles("builtins.getattr")
def _getattr(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) == 3 and static_truth(ev, _hasattr(ev, args[:2], {}, loc)) == (True, False):
        return args[2]
    return attribute(ev, args[0], demand(ev, args[1], "the attribute's name", loc), loc)


# ---- iteration ----


@handles("builtins.range", "numba.prange", "numba.misc.special.prange")
def _range(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return Lazy("range", tuple(args))


@handles("builtins.zip")
def _zip(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return Lazy("zip", tuple(args))


@handles("builtins.enumerate")
def _enumerate(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    start = args[1] if len(args) > 1 else kwargs.get("start", constant(0))
    return Lazy("enumerate", (args[0], start))


@handles("builtins.reversed")
def _reversed(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    value = args[0]
    if isinstance(value, Lazy) and value.kind == "range":
        return _reversed_range(ev, value, loc)
    return Lazy("reversed", (value,))


def _reversed_range(ev: Evaluator, value: Lazy, loc: ir.Loc | None) -> Value:
    bounds = list(value.args)
    start, stop = (constant(0), bounds[0]) if len(bounds) == 1 else (bounds[0], bounds[1])
    step = bounds[2] if len(bounds) == 3 else constant(1)
    known, by = static(ev, step)
    if known and abs(by) == 1:
        unit = constant(by)
        return Lazy("range", (binary(ev, "-", stop, unit, loc), binary(ev, "-", start, unit, loc), constant(-by)))
    return Lazy("reversed", (value,))


@handles("builtins.iter", "srcad.checkpoint", "srcad.api.checkpoint")
def _iter(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return args[0]


@handles("builtins.map")
def _map(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_calls

    rows = zip(*(sequence(ev, a, loc) for a in args[1:]), strict=False)
    return ev.tuple_of([eval_calls.dispatch(ev, args[0], list(row), {}, loc) for row in rows], "list", site=loc)


@handles("functools.reduce")
def _reduce(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad import eval_calls

    items = [*args[2:3], *sequence(ev, args[1], loc)]
    total = items[0]
    for item in items[1:]:
        total = eval_calls.dispatch(ev, args[0], [total, item], {}, loc)
    return total


@handles("functools.partial")
def _partial(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return Partial(args[0], tuple(args[1:]), tuple(kwargs.items()))


# ---- containers ----


@handles("builtins.tuple")
def _tuple(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return ev.tuple_of(_items(ev, args[0], loc) if args else [], "tuple", site=loc)


@handles("builtins.list")
def _list(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    site = ("list", ev.frame, loc and (loc.line, loc.col))
    if not args and ("dynamic", site) in ev.cx.decisions:
        from srcad import eval_lists

        return eval_lists.new(ev, [], loc)
    return ev.tuple_of(_items(ev, args[0], loc) if args else [], "list", site=site)


def _items(ev: Evaluator, value: Value, loc: ir.Loc | None) -> list[Value]:
    if isinstance(value, Known) and isinstance(value.value, ir.Comprehension):
        from srcad import eval_loops

        items = eval_loops.expand(ev, value.value, 0)
        if items is None:
            raise Unsupported("a generator of unknown length", loc, "write a list comprehension, or a loop.")
        return items
    return sequence(ev, value, loc)


@handles("builtins.dict")
def _dict(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    entries: dict[Any, Value] = {}
    if args and isinstance(args[0], Ptr) and ev.state.heap[args[0].id].kind == "dict":
        box = ev.state.heap[args[0].id]
        entries.update(zip(box.keys, box.items, strict=True))
    elif args:
        for pair in _items(ev, args[0], loc):
            key, value = sequence(ev, pair, loc)
            entries[demand(ev, key, "a dict's key", loc)] = value
    entries.update(kwargs)
    return ev.box("dict", tuple(entries), tuple(entries.values()))


@handles("copy.copy", "copy.deepcopy")
def _copy(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    value = args[0]
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        items = [_copy(ev, [item], {}, loc) for item in box.items]
        return ev.box(box.kind, box.keys, items, cls=box.cls)
    if isinstance(value, Dyn) and not _is_number(value):
        return keep(ev, "numpy.copy", [value], {}, loc)
    return value


@handles("dataclasses.replace")
def _replace(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    assert isinstance(args[0], Ptr)
    box = ev.state.heap[args[0].id]
    items = [kwargs.get(key, item) for key, item in zip(box.keys, box.items, strict=True)]
    return ev.box(box.kind, box.keys, items, cls=box.cls)


# ---- numbers ----


def _converter(path: str, kind: str) -> Handler:
    def convert(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        known, own = static(ev, args[0])
        if known:
            return constant({"f": float, "i": int, "b": bool, "c": complex}[kind](own), loc)
        value = args[0]
        if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.weak and value.type.dtype is not None:
            if np.dtype(value.type.dtype).kind == kind:
                return value
        return keep(ev, path, args, kwargs, loc)

    return convert


for _path, _kind in (("float", "f"), ("int", "i"), ("bool", "b"), ("complex", "c")):
    HANDLERS[f"builtins.{_path}"] = _converter(f"builtins.{_path}", _kind)


_complex = HANDLERS["builtins.complex"]


@handles("builtins.complex")
def _complex_of(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if len(args) == 2:
        return binary(ev, "+", args[0], binary(ev, "*", constant(1j), args[1], loc), loc)
    return _complex(ev, args, kwargs, loc)


@handles("numpy.asarray", "numpy.asanyarray")
def _asarray(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """An array is handed on as it is."""
    value = args[0]
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims and len(args) == 1:
        dtype = kwargs.get("dtype")
        if dtype is None or static(ev, dtype) == (True, None):
            return value
        if isinstance(dtype, Known) and value.type.dtype == np.dtype(dtype.value).name:
            return value
    return keep(ev, "numpy.asarray", args, kwargs, loc)


def _at_least(rank: int) -> Handler:
    def at_least(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        value = args[0]
        if (
            len(args) == 1
            and isinstance(value, Dyn)
            and isinstance(value.type, Num)
            and len(value.type.dims or ()) >= rank
        ):
            return value
        return keep(ev, f"numpy.atleast_{rank}d", args, kwargs, loc)

    return at_least


HANDLERS.update({f"numpy.atleast_{rank}d": _at_least(rank) for rank in (1, 2, 3)})


@handles("builtins.sum")
def _sum(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    start = args[1] if len(args) > 1 else kwargs.get("start", constant(0))
    items = _known_items(ev, args[0])
    if items is None:
        from srcad import eval_lists

        return eval_lists.total(ev, args[0], start, loc)
    total = start
    for item in items:
        first = static(ev, total) == (True, 0) and isinstance(item, Dyn)
        total = item if first else binary(ev, "+", total, item, loc)
    return total


def _known_items(ev: Evaluator, value: Value) -> list[Value] | None:
    from srcad import eval_loops

    if isinstance(value, Known) and isinstance(value.value, ir.Comprehension):
        return eval_loops.expand(ev, value.value, 0)
    return eval_loops.unrolled(ev, value, ranges=False)


def _extreme(path: str) -> Handler:
    def extreme(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        if kwargs:
            raise Unsupported(f"{path.rpartition('.')[2]} with a key or default", loc)
        items = _known_items(ev, args[0]) if len(args) == 1 else args
        if items is None:
            if isinstance(args[0], Dyn) and isinstance(args[0].type, Num):
                return keep(ev, path.replace("builtins", "numpy"), args, {}, loc)
            from srcad import eval_lists

            return eval_lists.extreme(ev, args[0], path, loc)
        known = [static(ev, item) for item in items]
        if all(k for k, _ in known):
            return constant((max if path.endswith("max") else min)(v for _, v in known), loc)
        best = items[0]
        for item in items[1:]:
            best = keep(ev, path, [best, item], {}, loc)
        return best

    return extreme


HANDLERS["builtins.max"] = _extreme("builtins.max")
HANDLERS["builtins.min"] = _extreme("builtins.min")


@handles("builtins.pow")
def _pow(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return binary(ev, "**", args[0], args[1], loc)


def _quantifier(op: str) -> Handler:
    def quantify(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        items = _known_items(ev, args[0])
        if items is None:
            if isinstance(args[0], Dyn):
                return keep(ev, "numpy.all" if op == "and" else "numpy.any", args, {}, loc)
            from srcad import eval_lists

            return eval_lists.quantified(ev, args[0], op, loc)
        return boolean(ev, op, items, loc)

    return quantify


HANDLERS["builtins.all"] = _quantifier("and")
HANDLERS["builtins.any"] = _quantifier("or")

_OPERATORS = {
    "add": "+",
    "sub": "-",
    "mul": "*",
    "truediv": "/",
    "floordiv": "//",
    "mod": "%",
    "pow": "**",
    "matmul": "@",
}


def _operator(op: str) -> Handler:
    return lambda ev, args, kwargs, loc: binary(ev, op, args[0], args[1], loc)


HANDLERS.update({f"operator.{name}": _operator(op) for name, op in _OPERATORS.items()})
HANDLERS["numpy.matmul"] = _operator("@")


@handles("operator.neg")
def _neg(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return dyn(ev, ir.Unary("-", residual(ev, args[0], loc), loc=loc))


@handles("builtins.print")
def _print(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    raise Unsupported("print inside an expression", loc, "print in a statement of its own.")


@handles("builtins.str", "builtins.repr", "builtins.format")
def _text(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    known, own = static(ev, args[0])
    if known:
        return Known(str(own))
    return Known("", ir.Call(ir.Ref("builtins.str"), (residual(ev, args[0], loc),)))


@handles("builtins.slice")
def _slice(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    from srcad.eval_index import slice_of as make

    bounds = [None, args[0], None] if len(args) == 1 else [*args, None, None][:3]
    return make(ev, bounds, loc)


@handles("builtins.sorted")
def _sorted(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    known = [static(ev, v) for v in sequence(ev, args[0], loc)] if not isinstance(args[0], Dyn) else []
    if isinstance(args[0], Dyn) and not kwargs:
        return keep(ev, "numpy.sort", args, {}, loc)
    if kwargs or not all(k for k, _ in known):
        raise Unsupported("sorted of values known only at run time", loc, "use np.sort on an array.")
    items = sorted(v for _, v in known)
    return ev.tuple_of([constant(v) if isinstance(v, (int, float)) else Known(v) for v in items], "list", site=loc)


# ---- derivatives inside a model ----


def _derivative(kind: str) -> Handler:
    def make(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        return Partial(args[0], tuple(args[1:]), tuple(kwargs.items()), derivative=kind)

    return make


for _name in ("grad", "value_and_grad", "jacfwd", "jacrev", "jacobian", "hessian", "vmap"):
    HANDLERS[f"srcad.{_name}"] = HANDLERS[f"srcad.api.{_name}"] = _derivative(_name)


def _immediate(kind: str) -> Handler:
    def run(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
        from srcad import eval_derivatives

        return eval_derivatives.immediate(ev, kind, args, kwargs, loc)

    return run


for _name in ("vjp", "jvp", "hvp"):
    HANDLERS[f"srcad.{_name}"] = HANDLERS[f"srcad.api.{_name}"] = _immediate(_name)


@handles("srcad.differentiate")
def _differentiate(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return args[0]
