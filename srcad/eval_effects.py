"""Library calls that do more than compute: they write an argument, or draw from a generator."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad import ir, rules
from srcad.algebra import slice_value
from srcad.errors import Unsupported
from srcad.eval_assign import check_writable
from srcad.eval_core import Evaluator
from srcad.eval_index import index_exprs
from srcad.eval_values import dyn, residual
from srcad.types import Num, Static
from srcad.values import Dyn, Known, Value

WRITERS = frozenset("numpy.copyto numpy.fill_diagonal numpy.put numpy.put_along_axis numpy.place numpy.putmask".split())


def writes(path: str) -> bool:
    """Whether a library function writes its first argument."""
    return path in WRITERS or path.startswith("numpy.") and path.endswith(".at")


def has_out(obj: Any, args: list[Value]) -> bool:
    """Whether a ufunc is given the array to write into by position: ``np.exp(x, y)``."""
    return hasattr(obj, "nin") and hasattr(obj, "nout") and len(args) == obj.nin + obj.nout and obj.nout == 1


def write(ev: Evaluator, path: str, obj: Any, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None) -> Value:
    if "out" in kwargs:
        return _into_out(ev, path, obj, args, kwargs, loc)
    if path == "numpy.copyto" and set(kwargs) <= {"where"}:
        value = _chosen(ev, kwargs["where"], args[1], args[0], loc) if kwargs else args[1]
        return store(ev, args[0], (ir.ELLIPSIS,), value, loc)
    if path == "numpy.putmask" and _same_shape(args[0], args[2]):
        return store(ev, args[0], (ir.ELLIPSIS,), _chosen(ev, args[1], args[2], args[0], loc), loc)
    if path == "numpy.add.at":
        return _add_at(ev, args, "+", loc)
    if path == "numpy.subtract.at":
        return _add_at(ev, args, "-", loc)
    if path == "numpy.fill_diagonal" and isinstance(args[0], Dyn) and isinstance(args[0].type, Num):
        if _fills_once(args[0].type, args[1]) and not kwargs and len(args) == 2:
            n = ir.call("builtins.min", *(ir.Index(ir.Attr(args[0].expr, "shape"), (ir.Const(k),)) for k in (0, 1)))
            span = ir.call("numpy.arange", n)
            return store(ev, args[0], (span, span), args[1], loc)
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


def _same_shape(target: Value, value: Value) -> bool:
    """Whether `value` is a number or has the shape of `target` (a shorter one would be repeated, not broadcast)."""
    if not isinstance(target, Dyn) or not isinstance(value, Dyn) or not isinstance(value.type, Num):
        return False
    return (
        value.type.dims == () or value.type.dims is not None and value.type.dims == getattr(target.type, "dims", None)
    )


def store(ev: Evaluator, target: Value, items: tuple[ir.Expr, ...], value: Value, loc: ir.Loc | None) -> Value:
    if not isinstance(target, Dyn):
        raise Unsupported("cannot differentiate a write into something that is not an array", loc)
    check_writable(ev, target, loc)
    ev.emit(ir.Store(ir.Index(target.expr, items, loc=loc), residual(ev, value, loc), loc=loc))
    return Known(None)


def _into_out(
    ev: Evaluator, path: str, obj: Any, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None
) -> Value:
    """``np.add(a, b, out=c)`` is ``c[...] = np.add(a, b)``, and its value is c."""
    from srcad import eval_calls

    out = kwargs.pop("out")
    value = eval_calls.named(ev, path, obj, args, kwargs, loc)
    if isinstance(out, Dyn) and isinstance(out.expr, (ir.Call, ir.Binary, ir.Unary)) and not shares(out, ev):
        out = ev.temp("out", out, loc)  # an array made for this call
    store(ev, out, (ir.ELLIPSIS,), value, loc)
    return out


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
    from srcad import eval_calls

    path = f"numpy.random.{type(owner.value).__name__}.{name}"
    if rules.lookup(path) is None or "out" in kwargs or not isinstance(owner.expr, ir.Name):
        reason = f"cannot differentiate a draw from a random generator ({name})"
        raise Unsupported(reason, loc, "Draw the numbers outside and pass them as an argument.")
    exprs = tuple(eval_calls.argument(ev, "", value, path, loc) for value in args)
    pairs = tuple((key, eval_calls.argument(ev, "", value, path, loc)) for key, value in kwargs.items())
    call = ir.Call(ir.Ref(path, loc=loc), exprs, (*pairs, (ir.OF, owner.expr)), loc=loc)
    return ev.temp(name.removeprefix("standard_"), dyn(ev, call), loc)


def seeded(ev: Evaluator, name: str, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None) -> Value:
    """``np.random.default_rng(seed)`` or ``RandomState(seed)``: a generator of the model's own."""
    from srcad import eval_calls

    if len(args) + len(kwargs) != 1:
        reason = "cannot differentiate draws from a generator that is seeded anew at every call"
        raise Unsupported(reason, loc, "Pass a seed, or the generator.")
    given = [*args, *kwargs.values()][0]
    if isinstance(given, Known) and isinstance(given.value, np.random.Generator) and name == "default_rng":
        return given
    path = f"numpy.random.{name}"
    seed = eval_calls.argument(ev, "", given, path, loc)
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
