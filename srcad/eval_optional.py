"""Values that are None on some paths: a truth value beside the number, and tests that tell which it is.

``scale = None; if keep: scale = x`` leaves two variables, `scale` and whether it is None. Where a test decides that
(``if scale is not None``), the branch sees the number or None alone; where none does, using it as a number raises what
Python raises.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.eval_core import Evaluator
from srcad.types import Num
from srcad.values import Dyn, Known, Maybe, State, Value

NONE = Known(None)
Fact = tuple[ir.Expr, bool]  # a test, and its truth


# ---- where two paths meet ----


def parts(a: Value, b: Value) -> tuple[tuple[Value, Value], tuple[Value, Value]] | None:
    """((absent, value) on path a, the same on b) where one path may have None and the other a number; else None."""
    if not all(_may_stand(v) for v in (a, b)) or all(isinstance(v, Known) for v in (a, b)):
        return None
    if isinstance(a, Dyn) and isinstance(b, Dyn):
        return None
    some = next(v.value if isinstance(v, Maybe) else v for v in (a, b) if not isinstance(v, Known))
    assert isinstance(some, Dyn) and isinstance(some.type, Num)
    if some.type.dims is None or some.type.dtype is None:
        return None  # what stands for None must be of the number's kind
    return _split(a, some.type), _split(b, some.type)


def _may_stand(value: Value) -> bool:
    numeric = isinstance(value, Dyn) and isinstance(value.type, Num)
    return numeric or isinstance(value, Maybe) or isinstance(value, Known) and value.value is None


def _split(value: Value, kind: Num) -> tuple[Value, Value]:
    from srcad.eval_values import constant

    if isinstance(value, Maybe):
        return value.absent, value.value
    return (constant(False), value) if isinstance(value, Dyn) else (constant(True), _stand_in(kind))


def _stand_in(kind: Num) -> Dyn:
    """What the variable holds while it is None: nobody reads it."""
    import numpy as np

    if kind.dims:
        extents = ir.Tuple((ir.Const(0),) * len(kind.dims))
        unknown = replace(kind, dims=(None,) * len(kind.dims))  # of no extent, unlike the array that it stands for
        return Dyn(ir.call("numpy.zeros", extents, ir.Ref(f"numpy.{kind.dtype}")), unknown)
    zero = np.dtype(kind.dtype).type(0).item()
    return Dyn(ir.Const(zero), kind)


# ---- use as a number ----


def present(ev: Evaluator, value: Value, loc: ir.Loc | None, message: str = "") -> Value:
    """`value` as the number that it is unless it is None: then the program raises Python's error, here."""
    if not isinstance(value, Maybe):
        return value
    text = message or "'NoneType' object where a number is wanted"
    error = ir.Raise(ir.Call(ir.Ref("builtins.TypeError", TypeError), (ir.Const(text),)), loc=loc)
    ev.emit(ir.If(value.absent.expr, (error,), loc=loc))
    for env in ev.state.frames.values():
        env.update({name: value.value for name, own in env.items() if own == value})
    return value.value


def both_present(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> tuple[Value, Value]:
    """Operands of ``left op right``."""
    if isinstance(left, Maybe) or isinstance(right, Maybe):
        words = ["'NoneType'" if isinstance(v, Maybe) else _type_name(v) for v in (left, right)]
        message = f"unsupported operand type(s) for {op}: {words[0]} and {words[1]}"
        left = present(ev, left, loc, message)
        right = present(ev, right, loc, message)
    return left, right


def _type_name(value: Value) -> str:
    kind = value.type if isinstance(value, Dyn) else None
    if not isinstance(kind, Num) or kind.dims is None or kind.dtype is None:
        return "'NoneType'"
    python = {"f": "'float'", "i": "'int'", "b": "'bool'", "c": "'complex'"}[kind.dtype[0]] if kind.weak else ""
    return python or ("'numpy.ndarray'" if kind.dims else f"'numpy.{kind.dtype}'")


def truth(value: Maybe) -> ir.Expr:
    """``if scale``: neither None nor zero."""
    kind = value.value.type
    number = value.value.expr
    if isinstance(kind, Num) and kind.dtype != "bool":
        number = ir.Compare(("!=",), (number, ir.Const(0)))
    return ir.BoolOp("and", (ir.Unary("not", value.absent.expr), number))


# ---- what tests tell ----


def told(test: ir.Expr, holds: bool) -> dict[str, bool]:
    """Variables of which a test's outcome tells whether they are None (False) or not (True)."""
    if isinstance(test, ir.Unary) and test.op == "not":
        return told(test.operand, not holds)
    if isinstance(test, ir.BoolOp):
        if (test.op == "and") != holds:
            return {}
        return {name: known for item in test.items for name, known in told(item, holds).items()}
    if isinstance(test, ir.Name):
        return {test.id: True} if holds else {}
    if isinstance(test, ir.Walrus):
        return told(test.target, holds)
    if isinstance(test, ir.Compare) and len(test.ops) == 1 and test.items[1] == ir.NONE:
        name, op = test.items[0], test.ops[0]
        name = name.target if isinstance(name, ir.Walrus) else name
        if isinstance(name, ir.Name) and op in ("is", "is not", "==", "!="):
            return {name.id: (op in ("is not", "!=")) == holds}
    return {}


@contextmanager
def narrowed(ev: Evaluator, facts: Sequence[Fact]) -> Iterator[None]:
    """While something is evaluated that runs only if some tests came out so."""
    undo = narrow(ev, facts)
    yield
    widen(ev.state, undo)


Undo = list[tuple[str, str, Value, Value]]


def narrow(ev: Evaluator, facts: Sequence[Fact]) -> Undo:
    """Let variables be what tests told; gives what `widen` takes back."""
    undo: Undo = []
    for test, holds in facts:
        for name, known in told(test, holds).items():
            frame = _frame_of(ev, name)
            value: Any = ev.state.frames[frame].get(name) if frame is not None else None
            if frame is not None and isinstance(value, Maybe):
                own = value.value if known else NONE
                undo.append((frame, name, value, own))
                ev.state.frames[frame][name] = own
    return undo


def widen(state: State, undo: Undo) -> None:
    """Variables that still are what tests told are again what they were."""
    for frame, name, before, own in reversed(undo):
        env = state.frames.get(frame, {})
        if env.get(name) is own:
            env[name] = before


def _frame_of(ev: Evaluator, name: str) -> str | None:
    frame: str | None = ev.frame
    while frame is not None and name not in ev.state.frames[frame]:
        frame = ev.cx.parents.get(frame)
    return frame
