"""From the evaluator's values back to expressions, and to what is known while transforming."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from srcad import ir, leaves, library, types
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator, Restart
from srcad.types import Num, Seq
from srcad.values import (
    Bound,
    Box,
    Closure,
    Dyn,
    Generator,
    Known,
    Lazy,
    Maybe,
    Partial,
    Ptr,
    Rows,
    Stream,
    Table,
    Text,
    Value,
)

if TYPE_CHECKING:
    from srcad.pipeline import Input

ONE_ARRAY = "srcad differentiates floats, arrays and containers of them; hold the entries in one array."


def residual(ev: Evaluator, value: Value, loc: ir.Loc | None = None) -> ir.Expr:
    """The expression that computes a value at run time."""
    if isinstance(value, Dyn):
        return value.expr
    if isinstance(value, Ptr):
        return _residual_box(ev, ev.state.heap[value.id], loc)
    if isinstance(value, Known):
        return _residual_known(value, loc)
    if isinstance(value, Text):
        return value.expr
    if isinstance(value, Lazy) and value.kind == "slice":
        lower, upper, step = (None if a == Known(None) else residual(ev, a, loc) for a in value.args)
        return ir.Slice(lower, upper, step, loc=loc)
    if isinstance(value, Lazy) and value.kind == "range":
        return ir.Call(ir.Ref("builtins.range"), tuple(residual(ev, a, loc) for a in value.args))
    if isinstance(value, Maybe):
        way_out = "Test it with `is not None` before."
        raise Unsupported("cannot differentiate a value that is None on some path here", loc, way_out)
    raise Unsupported(f"cannot differentiate {_what(value)} used as a number", loc)


def _what(value: Value) -> str:
    if isinstance(value, (Generator, Stream)):
        return "a generator"
    if isinstance(value, Table):
        return "a list of lists"
    if isinstance(value, Rows):
        return "a list of tuples of unknown length"
    return f"an iterator ({value.kind})" if isinstance(value, Lazy) else "a function"


def _residual_box(ev: Evaluator, box: Box, loc: ir.Loc | None) -> ir.Expr:
    if box.expr is not None:
        return box.expr
    items = tuple(residual(ev, item, loc) for item in box.items)
    if box.kind in ("tuple", "namedtuple"):
        return ir.Tuple(items)
    if box.kind == "list":
        return ir.List(items)
    word = "an object" if box.kind == "object" else f"a {box.kind}"
    raise Unsupported(f"cannot differentiate {word} passed to a library function", loc, ONE_ARRAY)


def _residual_known(value: Known, loc: ir.Loc | None) -> ir.Expr:
    """What it is called where it is a library's or an array's; a captured name means nothing there: its literal."""
    captured = isinstance(value.expr, ir.Ref) and value.expr.path.startswith(("global:", "closure:"))
    found = value.expr if value.expr is not None and not captured else _literal(value.value) or value.expr
    if found is None or library.has_state(value.value) and not leaves.is_generator(value.value):
        raise Unsupported(f"cannot differentiate a value of type {type(value.value).__name__} used as a number", loc)
    return found


def _literal(own: Any) -> ir.Expr | None:
    if own is None or own is Ellipsis or isinstance(own, (str, bool, int, float, complex)):
        return ir.Const(own)
    if isinstance(own, slice):
        lower, upper, step = (None if v is None else ir.Const(v) for v in (own.start, own.stop, own.step))
        return ir.Slice(lower, upper, step)
    if isinstance(own, range):
        return ir.Call(ir.Ref("builtins.range"), tuple(map(ir.Const, (own.start, own.stop, own.step))))
    path = library_path(own)
    return None if path is None else ir.Ref(path, own)


# what Python's own numbers of these types are made by
OF_PYTHON = {"float64": "builtins.float", "int64": "builtins.int", "complex128": "builtins.complex"}
_OF_KIND = {"f": "builtins.float", "i": "builtins.int", "u": "builtins.int", "c": "builtins.complex"}


def of_python(dtype: str | None) -> str | None:
    """What makes a Python number of one of this type: ``builtins.float`` for float32."""
    return None if dtype is None else _OF_KIND.get(dtype[0])


def library_path(value: Any) -> str | None:
    """``numpy.float64`` for a NumPy scalar type or dtype, ``builtins.float`` for Python's."""
    import numpy as np

    if isinstance(value, np.dtype):
        return f"numpy.{value.name}"
    if isinstance(value, type) and issubclass(value, np.generic):
        return f"numpy.{np.dtype(value).name}"
    if value in (float, int, bool, complex):
        return f"builtins.{value.__name__}"
    return None


def static(ev: Evaluator, value: Value) -> tuple[bool, Any]:
    """(True, the Python value) where it is known while transforming, and stays what it is."""
    if isinstance(value, Known):
        return (False, None) if library.has_state(value.value) else (True, value.value)
    if isinstance(value, Dyn):
        const = value.const or (value.expr if isinstance(value.expr, ir.Const) else None)
        if const is not None:
            return True, const.value
        if isinstance(value.expr, ir.Ref) and isinstance(value.expr.obj, (int, float)):  # np.inf, math.pi
            return True, value.expr.obj
        number = value.type.number if isinstance(value.type, Num) else None
        return (True, number.const) if number is not None and not number.terms else (False, None)
    if isinstance(value, Ptr):
        box = ev.state.heap[value.id]
        if box.kind in ("tuple", "list"):
            parts = [static(ev, item) for item in box.items]
            if all(known for known, _ in parts):
                return True, tuple(v for _, v in parts) if box.kind == "tuple" else [v for _, v in parts]
    if isinstance(value, Lazy) and value.kind == "slice":
        parts = [static(ev, a) for a in value.args]
        if all(known for known, _ in parts):
            return True, slice(*(v for _, v in parts))
    return False, None


def demand(ev: Evaluator, value: Value, what: str, loc: ir.Loc | None, way_out: str = "") -> Any:
    """The value of something that decides the program's structure; a kernel input is baked for it."""
    known, own = static(ev, value)
    if known:
        return own
    if isinstance(value, Dyn):
        origin = ev.origin_of(value.expr)
        if origin is not None:
            raise bake(ev, origin, what, loc, way_out)
    if isinstance(value, Ptr) and (box := ev.state.heap[value.id]).kind in ("tuple", "list"):
        parts = [demand(ev, item, what, loc, way_out) for item in box.items]
        return tuple(parts) if box.kind == "tuple" else parts
    raise Unsupported(
        f"cannot differentiate {what} that is known only at run time",
        loc,
        way_out or "Pass it as an argument, or write a constant.",
    )


def bake(ev: Evaluator, origin: Input, what: str, loc: ir.Loc | None, way_out: str = "") -> Restart:
    """The demand for the value of a kernel input, which makes it a constant: no floating one that is asked for."""
    if origin.origin == "param" and origin.path[0] in ev.cx.wrt and types.is_float(ev.cx.types[origin.name]):
        reason = f"cannot differentiate with respect to {what}, whose value decides what is computed"
        raise Unsupported(reason, loc, way_out or "Leave it out of argnums.")
    return Restart(("bake", origin.origin, origin.path))


def static_truth(ev: Evaluator, value: Value) -> tuple[bool, bool]:
    if isinstance(value, (Closure, Bound, Partial, Generator, Stream)):
        return True, True
    if isinstance(value, Ptr):
        from srcad import eval_special

        box = ev.state.heap[value.id]
        if eval_special.special(ev, value, "bool") or eval_special.special(ev, value, "len"):
            raise Unsupported("cannot differentiate the truth of an object here", None, "Test it with `if`, or `not`.")
        return True, box.kind in eval_special.OBJECTS or bool(box.items)
    if isinstance(value, Dyn) and isinstance(value.type, Seq):
        from srcad import eval_lists

        return eval_lists.nothing_yet(ev, value), False
    if isinstance(value, Known) and library.has_state(value.value):
        from srcad import eval_identity

        return True, eval_identity.truth(ev, value)
    known, own = static(ev, value)
    return known, bool(own) if known else False


def truth_expr(ev: Evaluator, value: Value, loc: ir.Loc | None) -> ir.Expr:
    if isinstance(value, Dyn) and isinstance(value.type, Seq):
        return ir.Compare((">",), (ir.call("builtins.len", value.expr), ir.Const(0)))
    if isinstance(value, Rows):
        return truth_expr(ev, value.columns[0], loc)
    return residual(ev, value, loc)


def dyn(ev: Evaluator, expr: ir.Expr) -> Dyn:
    """A residual expression with its inferred type, folded where it is a constant integer or truth value."""
    kind = types.infer(expr, ev.cx.types, ev.cx.assumptions)
    if not isinstance(kind, (Num, Seq)):
        raise Unsupported("cannot differentiate a value that is neither a number nor an array", expr.loc)
    return Dyn(expr, kind)


def raise_where(ev: Evaluator, test: ir.Expr, error: str, text: str, loc: ir.Loc | None) -> None:
    """The model raises one of Python's errors where `test` holds at run time."""
    raised = ir.Raise(ir.call(f"builtins.{error}", ir.Const(text)), loc=loc)
    ev.emit(ir.If(test, (raised,), loc=loc))


def constant(value: Any, loc: ir.Loc | None = None) -> Dyn:
    const = ir.Const(value, loc=loc)
    kind = types.infer(const, {})
    assert isinstance(kind, Num)
    return Dyn(const, kind, const)
