"""Writes that NumPy refuses because an array cannot hold the numbers: tried on small arrays, raised where they run."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from srcad import ir, types
from srcad.dummies import Verdict
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_values import raise_where, residual
from srcad.probe import probe
from srcad.types import Dim, Num, Static
from srcad.values import Dyn, Ptr, Value

_FINE = Verdict("fine")


def refused(
    ev: Evaluator, path: str, function: Any, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None
) -> bool | None:
    """Whether NumPy raises for what a call is to write, which the program does from here on. None: types are unknown.

    The array written is ``out=``, or else the first argument.
    """
    written = "out" in kwargs
    alike = not written or isinstance(function, np.ufunc) and function.signature is None
    given = [_type(ev, value, alike, loc) for value in args]
    named = {name: _type(ev, value, alike, loc) for name, value in kwargs.items()}
    found = probe((path, "written"), (_into_out if written else _into_first)(function), given, named, [])
    if isinstance(found, Static) and found.value != _FINE:
        kind, _, text = str(found.value).partition(": ")
        ev.emit(ir.Raise(ir.call(f"builtins.{kind}", ir.Const(text)), loc=loc))
    if not isinstance(found, Static) and not (written and isinstance(function, np.ufunc)):
        reason = f"cannot differentiate {path} without the types, which decide whether NumPy refuses it"
        raise Unsupported(reason, loc, "Annotate the arguments, or give --types.")
    return found.value != _FINE if isinstance(found, Static) else None


def fitting(ev: Evaluator, value: Value, out: Value, loc: ir.Loc | None) -> Value:
    """The value of a ufunc that is to be written into `out`, tested at run time."""
    value = ev.temp("written", value, loc) if isinstance(value, Dyn) else value
    kinds = ir.call("numpy.result_type", residual(ev, value, loc)), ir.Attr(residual(ev, out, loc), "dtype")
    fits = ir.call("numpy.can_cast", *kinds, ir.Const("same_kind"))
    text = "the result does not fit into the array given for it"
    raise_where(ev, ir.Unary("not", fits), "TypeError", text, loc)
    return value


def _type(ev: Evaluator, value: Value, alike: bool, loc: ir.Loc | None) -> types.Abstract:
    """What is known of an argument. alike: the arrays have one shape in the trial, for only their types matter."""
    expr = residual(ev, value, loc)
    kind = types.infer(ir.call("numpy.asarray", expr) if isinstance(value, Ptr) and alike else expr, ev.cx.types, [])
    return replace(kind, dims=(Dim(3),)) if alike and isinstance(kind, Num) and kind.dims != () else kind


def _into_out(function: Any) -> Callable[..., Verdict]:
    def tried(*args: Any, out: Any, **kwargs: Any) -> Verdict:
        value = function(*args, **{name: given for name, given in kwargs.items() if name != "casting"})
        return _outcome(lambda: function(*args, out=np.zeros(np.shape(value), np.asarray(out).dtype), **kwargs))

    return tried


def _into_first(function: Any) -> Callable[..., Verdict]:
    return lambda *args, **kwargs: _outcome(lambda: function(*args, **kwargs))


def _outcome(write: Callable[[], Any]) -> Verdict:
    """Nothing, or the error: a built-in class and the text. What shapes do not fit is raised."""
    try:
        write()
    except (TypeError, OverflowError) as error:
        return Verdict(f"{'TypeError' if isinstance(error, TypeError) else 'OverflowError'}: {error}")
    except ValueError as error:
        if "right datatype" not in str(error):
            raise
        return Verdict(f"ValueError: {error}")
    return _FINE
