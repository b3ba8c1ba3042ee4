"""Library calls that do more than compute: they write an argument, or draw from a generator."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from srcad import eval_casts, ir, rules, types
from srcad.algebra import slice_value
from srcad.errors import Unsupported
from srcad.eval_array_likes import as_places
from srcad.eval_assign import check_writable
from srcad.eval_core import Evaluator
from srcad.eval_exprs import sequence
from srcad.eval_index import index_exprs
from srcad.eval_values import demand, dyn, raise_where, residual, static
from srcad.types import Num, Static
from srcad.values import Dyn, Known, Lazy, Ptr, Value

WRITERS = frozenset("numpy.copyto numpy.fill_diagonal numpy.put numpy.put_along_axis numpy.place numpy.putmask".split())

_CAREFUL = frozenset({"numpy.copyto", "numpy.place", "numpy.putmask"})  # about what the array can hold


def writes(path: str) -> bool:
    """Whether a library function writes its first argument."""
    return path in WRITERS or path.startswith("numpy.") and path.endswith(".at")


def has_out(obj: Any, args: list[Value]) -> bool:
    """Whether a ufunc is given the array to write into by position: ``np.exp(x, y)``."""
    return hasattr(obj, "nin") and hasattr(obj, "nout") and len(args) == obj.nin + obj.nout and obj.nout == 1


def by_name(
    ev: Evaluator, path: str, obj: Any, args: list[Value], kwargs: dict[str, Value]
) -> tuple[list[Value], dict[str, Value]]:
    """The arguments with the array to write into as ``out=``, and those behind it by name, too."""
    names = _names(obj) if path.startswith("numpy.") else ()
    at = names.index("out") if "out" in names else len(args)
    if at < len(args) <= len(names):
        args, kwargs = args[:at], kwargs | dict(zip(names[at:], args[at:]))
    out = kwargs.get("out")
    if out == Known(None):
        return args, {name: value for name, value in kwargs.items() if name != "out"}
    items = ev.state.heap[out.id].items if isinstance(out, Ptr) else ()
    return args, {**kwargs, "out": items[0]} if len(items) == 1 else kwargs


@functools.lru_cache(maxsize=1024)
def _names(function: Any) -> tuple[str, ...]:
    """The parameters that may be given by position."""
    if isinstance(function, np.ufunc):
        return ()
    try:
        found = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        return ()
    return tuple(p.name for p in found if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD))


def write(ev: Evaluator, path: str, obj: Any, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None) -> Value:
    if "out" in kwargs:
        return _into_out(ev, path, obj, args, kwargs, loc)
    if path in _CAREFUL and len(args) > 1 and eval_casts.refused(ev, path, obj, args, kwargs, loc):
        return Known(None)
    if path == "numpy.copyto" and set(kwargs) <= {"where", "casting"}:
        value = _chosen(ev, kwargs["where"], args[1], args[0], loc) if "where" in kwargs else args[1]
        return store(ev, args[0], (ir.ELLIPSIS,), value, loc)
    if path == "numpy.putmask" and not kwargs:
        values = args[2] if _same_shape(args[0], args[2]) else cycled(ev, args[2], args[0], loc)
        return store(ev, args[0], (ir.ELLIPSIS,), _chosen(ev, args[1], values, args[0], loc), loc)
    if path == "numpy.put" and not kwargs and len(args) == 3:
        return put(ev, args[0], args[1], args[2], loc)
    if path == "numpy.place" and not kwargs and len(args) == 3:
        return _place(ev, args[0], args[1], args[2], loc)
    if path == "numpy.put_along_axis":
        given = dict(zip(("arr", "indices", "values", "axis"), args, strict=False)) | kwargs
        return _put_along_axis(ev, given["arr"], given["indices"], given["values"], given["axis"], loc)
    if path.endswith(".at") and isinstance(args[1], Ptr) and ev.state.heap[args[1].id].kind == "list":
        from srcad.eval_builtins import keep

        args = [args[0], keep(ev, "numpy.array", [args[1]], {}, loc), *args[2:]]
    if path in _LOOPED and not kwargs and _is_vector_of_places(ev, args[1]):
        from srcad.eval_calls import expanded
        from srcad.rules import indexing

        return expanded(ev, getattr(indexing, _LOOPED[path]), args, kwargs, loc)
    if path == "numpy.add.at":
        return _add_at(ev, args, "+", loc)
    if path == "numpy.subtract.at":
        return _add_at(ev, args, "-", loc)
    if path.endswith(".at") and not kwargs and (done := _at(ev, path, args, loc)) is not None:
        return done
    if path == "numpy.fill_diagonal" and isinstance(args[0], Dyn) and isinstance(args[0].type, Num):
        if len(args[0].type.dims or ()) == 2 and not kwargs and len(args) == 2:
            n = ir.call("builtins.min", *(ir.Index(ir.Attr(args[0].expr, "shape"), (ir.Const(k),)) for k in (0, 1)))
            span = ir.call("numpy.arange", n)
            value = args[1] if _fills_once(args[0].type, args[1]) else resized(ev, args[1], dyn(ev, n), loc)
            return store(ev, args[0], (span, span), value, loc, args[1])
    name = path.replace("numpy.", "np.")
    raise Unsupported(
        f"cannot differentiate {name}, which writes into its argument", loc, "Write with an index: x[i] = value."
    )


def _fills_once(matrix: Num, value: Value) -> bool:
    """Whether the values of a diagonal are one number, or certainly as many as the matrix has rows."""
    if matrix.dims is None or len(matrix.dims) != 2 or not isinstance(value, Dyn) or not isinstance(value.type, Num):
        return False
    square = matrix.dims[0] is not None and matrix.dims[0] == matrix.dims[1]
    return value.type.dims == () or square and value.type.dims == (matrix.dims[0],)


def _chosen(ev: Evaluator, mask: Value, value: Value, otherwise: Value, loc: ir.Loc | None) -> Value:
    from srcad.eval_builtins import keep

    return keep(ev, "numpy.where", [mask, value, otherwise], {}, loc)


def resized(ev: Evaluator, value: Value, shape: Value, loc: ir.Loc | None) -> Value:
    """`value` repeated or cut to a shape."""
    from srcad.eval_builtins import keep

    return keep(ev, "numpy.resize", [value, shape], {}, loc)


def cycled(ev: Evaluator, value: Value, like: Value, loc: ir.Loc | None) -> Value:
    """The elements of `value`, over and over, in the shape of `like`."""
    from srcad.eval_exprs import attribute

    return resized(ev, value, attribute(ev, like, "shape", loc), loc)


def put(ev: Evaluator, target: Value, places: Value, value: Value, loc: ir.Loc | None, in_order: bool = False) -> Value:
    """``np.put(target, places, value)``: in C order, whatever the layout; values are taken over and over.

    in_order: ``target.flat[places] = value``, which copies nothing before it writes.
    """
    from srcad.eval_builtins import keep
    from srcad.eval_exprs import attribute
    from srcad.eval_index import index

    if not isinstance(target, Dyn) or not isinstance(target.type, Num) or not target.type.dims:
        raise Unsupported("cannot differentiate a write into something of unknown rank", loc, "Write x[i, j].")
    read = value if in_order else None
    places = places if in_order else as_places(ev, places, loc)
    if isinstance(places, Lazy) or static(ev, places)[0] and not isinstance(static(ev, places)[1], (int, list, tuple)):
        order = keep(ev, "numpy.arange", [attribute(ev, target, "size", loc)], {}, loc)
        places = index(ev, order, [places], loc)
    one = isinstance(places, Dyn) and isinstance(places.type, Num) and places.type.dims == ()
    spots = places if one else keep(ev, "numpy.asarray", [places], {}, loc)
    if isinstance(value, Ptr):
        value = keep(ev, "numpy.array", [value], {}, loc)
    if not one and not _is_number(value) and not _same_shape(spots, value):
        value = resized(ev, value, attribute(ev, spots, "shape", loc), loc)
    if len(target.type.dims) == 1:
        return store(ev, target, (residual(ev, spots, loc),), value, loc, read)
    spots = keep(ev, "numpy.remainder", [spots, attribute(ev, target, "size", loc)], {}, loc)
    found = keep(ev, "numpy.unravel_index", [spots, attribute(ev, target, "shape", loc)], {}, loc)
    return store(ev, target, tuple(residual(ev, k, loc) for k in sequence(ev, found, loc)), value, loc, read)


def _place(ev: Evaluator, target: Value, mask: Value, values: Value, loc: ir.Loc | None) -> Value:
    """``np.place(x, mask, values)``: the values over and over, as many as the mask has true elements."""
    from srcad.eval_builtins import keep

    values = keep(ev, "numpy.array", [values], {}, loc) if isinstance(values, Ptr) else values
    read = values
    if not _is_number(values):
        shape = ev.tuple_of([keep(ev, "numpy.count_nonzero", [mask], {}, loc)])
        values = resized(ev, values, shape, loc)
    return store(ev, target, (residual(ev, mask, loc),), values, loc, read)


def _is_number(value: Value) -> bool:
    return isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims == ()


def _put_along_axis(ev: Evaluator, arr: Value, indices: Value, values: Value, axis: Value, loc: ir.Loc | None) -> Value:
    """``np.put_along_axis``: the other axes are counted through beside the indices."""
    along = demand(ev, axis, "the axis of np.put_along_axis", loc)
    if not isinstance(arr, Dyn) or not isinstance(arr.type, Num) or not arr.type.dims or along is None:
        raise Unsupported("cannot differentiate np.put_along_axis here", loc, "Write with an index: x[i] = value.")
    rank = len(arr.type.dims)
    items = []
    for k in range(rank):
        if k == along % rank:
            items.append(residual(ev, indices, loc))
            continue
        count = ir.call("numpy.arange", ir.Index(ir.Attr(arr.expr, "shape"), (ir.Const(k),)))
        spread = tuple(ir.Const(-1 if j == k else 1) for j in range(rank))
        items.append(ir.call("numpy.reshape", count, ir.Tuple(spread)))
    return store(ev, arr, tuple(items), values, loc)


_LOOPED = {"numpy.multiply.at": "multiply_at", "numpy.divide.at": "divide_at"}


def _at(ev: Evaluator, path: str, args: list[Value], loc: ir.Loc | None) -> Value | None:
    """``np.maximum.at(x, indices, values)``, one after the other, for an index may repeat; None where it is unknown."""
    from srcad import eval_ufuncs
    from srcad.eval_calls import expanded
    from srcad.rules import methods

    function = eval_ufuncs.own(path.removesuffix(".at"))
    if function is None or function.value.nin != len(args) - 1 or not _is_vector_of_places(ev, args[1]):
        return None
    return expanded(ev, methods.at if len(args) == 3 else methods.at_each, [function, *args], {}, loc)


def _is_vector_of_places(ev: Evaluator, index: Value) -> bool:
    return isinstance(index, Dyn) and types.is_integer(index.type) and len(getattr(index.type, "dims", None) or ()) == 1


def _same_shape(target: Value, value: Value) -> bool:
    """Whether `value` is a number or has the shape of `target` (a shorter one would be repeated, not broadcast)."""
    if not isinstance(target, Dyn) or not isinstance(value, Dyn) or not isinstance(value.type, Num):
        return False
    return (
        value.type.dims == () or value.type.dims is not None and value.type.dims == getattr(target.type, "dims", None)
    )


def store(
    ev: Evaluator,
    target: Value,
    items: tuple[ir.Expr, ...],
    value: Value,
    loc: ir.Loc | None,
    in_order: Value | None = None,
) -> Value:
    if not isinstance(target, Dyn):
        raise Unsupported("cannot differentiate a write into something that is not an array", loc)
    check_writable(ev, target, loc)
    read = in_order.expr if isinstance(in_order, Dyn) else None
    ev.emit(ir.Store(ir.Index(target.expr, items, loc=loc), residual(ev, value, loc), read, loc=loc))
    return Known(None)


def _into_out(
    ev: Evaluator, path: str, obj: Any, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None
) -> Value:
    """``np.add(a, b, out=c)`` is ``c[...] = np.add(a, b)``, and its value is c."""
    from srcad import eval_calls

    own = {name: value for name, value in kwargs.items() if name not in ("out", "casting")}
    return into(ev, path, obj, args, kwargs, lambda _: eval_calls.named(ev, path, obj, args, own, loc), loc)


def into(
    ev: Evaluator,
    path: str,
    obj: Any,
    args: list[Value],
    kwargs: dict[str, Value],
    compute: Callable[[Value], Value],
    loc: ir.Loc | None,
) -> Value:
    """What is computed in all of the array ``out``, which is given back, unless NumPy refuses the call."""
    out = kwargs["out"]
    refused = eval_casts.refused(ev, path, obj, args, kwargs, loc)
    if refused:
        return out
    if isinstance(out, Dyn) and not isinstance(out.expr, ir.Name) and not shares(out, ev):
        out = ev.temp("out", out, loc)  # an array made for this call
    value = compute(out) if refused is not None else eval_casts.fitting(ev, compute(out), out, loc)
    store(ev, out, (ir.ELLIPSIS,), _of_shape(ev, path, obj, value, out, loc), loc)
    return out


def _of_shape(ev: Evaluator, path: str, obj: Any, value: Value, out: Value, loc: ir.Loc | None) -> Value:
    """`value`, which is raised for where NumPy would not write it into `out`: a store would broadcast it."""
    dims, place = (getattr(getattr(v, "type", None), "dims", None) for v in (value, out))
    if not isinstance(value, Dyn) or dims is None or place is None or dims == place and None not in dims:
        return value
    spreads = isinstance(obj, np.ufunc) and obj.signature is None or path in _SPREADING
    if len(dims) > len(place) or len(dims) < len(place) and not spreads:
        text = f"the array given for the result has {len(place)} axes, the result {len(dims)}"
        ev.emit(ir.Raise(ir.call("builtins.ValueError", ir.Const(text)), loc=loc))
    elif not spreads:
        value = ev.temp("written", value, loc)
        shapes = ir.Attr(residual(ev, value, loc), "shape"), ir.Attr(residual(ev, out, loc), "shape")
        text = "the array given for the result is of another shape"
        raise_where(ev, ir.Compare(("!=",), shapes), "ValueError", text, loc)
    return value


_SPREADING = frozenset(f"numpy.{name}" for name in ("clip", "round", "around", "fix"))  # ufuncs in another dress


def shares(value: Dyn, ev: Evaluator) -> bool:
    from srcad.transforms import alias

    return bool(alias.shares(value.expr, ev.cx.types))


def _add_at(ev: Evaluator, args: list[Value], op: str, loc: ir.Loc | None) -> Value:
    """Kept as one statement, since repeated indices add up; `reverse` knows it."""
    target, index, value = args
    if not isinstance(target, Dyn):
        raise Unsupported("cannot differentiate a write into something that is not an array", loc)
    check_writable(ev, target, loc)
    items = tuple(slice_value(i) if isinstance(i, ir.Slice) else i for i in index_exprs(ev, [index], loc))
    key = items[0] if len(items) == 1 else ir.Tuple(items)
    amount = residual(ev, value, loc)
    amount = ir.Unary("-", amount) if op == "-" else amount
    ev.emit(ir.Do(ir.Call(ir.Ref("numpy.add.at"), (target.expr, key, amount), loc=loc), loc=loc))
    return Known(None)


def draw(
    ev: Evaluator, owner: Known, name: str, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None
) -> Value:
    """A draw is made once, where it stands, and has a name from then on: its rule moves it with its parameters."""
    from srcad import eval_library

    path = f"numpy.random.{type(owner.value).__name__}.{name}"
    if rules.lookup(path) is None or "out" in kwargs or not isinstance(owner.expr, ir.Name):
        reason = f"cannot differentiate a draw from a random generator ({name})"
        raise Unsupported(reason, loc, "Draw the numbers outside and pass them as an argument.")
    exprs = tuple(eval_library.argument(ev, "", value, path, loc) for value in args)
    pairs = tuple((key, eval_library.argument(ev, "", value, path, loc)) for key, value in kwargs.items())
    call = ir.Call(ir.Ref(path, loc=loc), exprs, (*pairs, (ir.OF, owner.expr)), loc=loc)
    return ev.temp(name.removeprefix("standard_"), dyn(ev, call), loc)


def seeded(ev: Evaluator, name: str, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None) -> Value:
    """``np.random.default_rng(seed)`` or ``RandomState(seed)``: a generator of the model's own."""
    from srcad import eval_library

    if len(args) + len(kwargs) != 1:
        reason = "cannot differentiate draws from a generator that is seeded anew at every call"
        raise Unsupported(reason, loc, "Pass a seed, or the generator.")
    given = [*args, *kwargs.values()][0]
    if isinstance(given, Known) and isinstance(given.value, np.random.Generator) and name == "default_rng":
        return given
    path = f"numpy.random.{name}"
    seed = eval_library.argument(ev, "", given, path, loc)
    if seed == ir.NONE:
        return seeded(ev, name, [], {}, loc)
    key = (ev.frame, "rng", loc and (loc.source.file, loc.line, loc.col))
    if key not in ev.cx.slots:
        ev.cx.slots[key] = ev.cx.names.fresh("rng")
    slot = ev.cx.slots[key]
    own: Any = np.random.default_rng(0) if name == "default_rng" else np.random.RandomState(0)
    kind = ev.cx.types.setdefault(slot, Static(own))
    ev.put([(slot, ir.Call(ir.Ref(path), (seed,), loc=loc))], loc)
    assert isinstance(kind, Static)
    return Known(kind.value, ir.Name(slot))
