"""Trying statements in the partial evaluator: what they are left as, without effects, in a function that is called.

The statements are evaluated as they will be, in a copy of the state; what they assign gets variables of its own. Where
one expression of Python numbers is tried, the condition under which it raises is written instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.errors import PYTHON_ERRORS, Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_order import COUNTERS, changes, names_in
from srcad.eval_text import message
from srcad.eval_values import constant, dyn
from srcad.raising import classes, condition
from srcad.transforms.inline import stored_names
from srcad.transforms.liveness import live_before
from srcad.transforms.tidy import without_unread
from srcad.types import Abstract, Num, Seq, infer, is_scalar
from srcad.values import Text, Value

AGAIN = ir.Call(ir.Ref("srcad_runtime.attempts.again"))
SHOWN = "Show a text of your own."
WAY_OUT = "Compute what may raise first, and write afterwards."
Body = tuple[ir.Stmt, ...]


def try_statement(ev: Evaluator, stmt: ir.Try) -> None:
    """What `desugar_try` leaves of a try: a statement and handlers that note what it raises, or statements."""
    if not stmt.handlers:
        ev.block((*stmt.body, *stmt.final))
        return
    noted, *kept = (note.target for note in stmt.handlers[0].body if isinstance(note, ir.Assign))
    assert isinstance(noted, ir.Name)
    ev.bind(noted.id, attempt(ev, stmt, bool(kept)), stmt.loc)
    if len(ev.out) > 1 and _overwritten(ev.out[-2], ev.out[-1]):
        del ev.out[-2]
    for error in kept:
        assert isinstance(error, ir.Name)
        ev.bind(error.id, Text(AGAIN), stmt.loc)
    ev.statement(ir.If(ir.Unary("not", noted, loc=stmt.loc), stmt.body, loc=stmt.loc))


def _overwritten(before: ir.Stmt, after: ir.Stmt) -> bool:
    """Whether ``failed = 0`` is followed by another value at once."""
    zero = isinstance(before, ir.Assign) and before.value == ir.Const(0)
    return zero and isinstance(after, ir.Assign) and after.target == before.target  # type: ignore[union-attr]


def attempt(ev: Evaluator, stmt: ir.Try, shown: bool) -> Value:
    """0, or the number of the handler that catches what the statements raise. shown: the exception is wanted, too."""
    kinds = tuple(message(ev, handler.exc) for handler in stmt.handlers if handler.exc is not None)
    left, error = _left(ev, stmt.body)
    body = _dry(left)
    if error is not None:
        number = _known_error(ev, error, body, kinds, stmt.loc)
        _done_before(ev, stmt, error)
        if shown:
            raise Unsupported("cannot differentiate a text that shows what is always raised", stmt.loc, SHOWN)
        return constant(number)
    if not any(map(_may_raise, body)):
        return constant(0)
    test = None if shown else condition(body, kinds, ev.cx.types)
    if test is not None:
        return dyn(ev, test)
    own, given = _apart(ev, body, stmt.loc)
    function = ir.Function(ev.cx.names.fresh("attempt"), given, own)
    call = ir.Call(ir.Ref("srcad_runtime.attempts.caught"), (ir.Lambda(function), *kinds), loc=stmt.loc)
    return dyn(ev, call)


def _left(ev: Evaluator, body: Sequence[ir.Stmt]) -> tuple[Body, Exception | None]:
    """What is left of statements evaluated as if nothing happened, and what they certainly raise after that."""
    before, noted, outer = ev.state, ev.cx.assumptions, ev.out
    ev.state, ev.cx.assumptions, ev.out = before.copy(), [], []
    try:
        ev.block(body)
        return tuple(ev.out), None
    except PYTHON_ERRORS as error:
        if not hasattr(error, "certain"):
            raise
        return tuple(ev.out), error
    finally:
        ev.state, ev.cx.assumptions, ev.out = before, noted, outer


def _done_before(ev: Evaluator, stmt: ir.Try, error: Exception) -> None:
    """What statements do before they raise."""
    out = ev.out
    with contextlib.suppress(type(error)):
        ev.block(stmt.body)
    if ev.out is not out:
        raise Unsupported("cannot differentiate a statement that fails inside of a loop", stmt.loc, WAY_OUT)


def _known_error(ev: Evaluator, error: Exception, body: Body, kinds: tuple[ir.Expr, ...], loc: ir.Loc | None) -> int:
    """Which handler an error is for that the program raises every time."""
    before = tuple(s for s in body if _may_raise(s) and not _fits(s, ev.cx.types))
    if before and condition(before, kinds, ev.cx.types) != ir.Const(0):
        raise Unsupported("cannot differentiate a statement that fails after it may have failed", loc, WAY_OUT)
    for number, kind in enumerate(kinds, 1):
        if isinstance(error, classes(kind)):
            return number
    raise error


def _dry(body: Body) -> Body:
    """Without printing."""
    kept = []
    for stmt in body:
        if isinstance(stmt, ir.Do) and _prints(stmt.value):
            continue
        bodies: Any = {name: _dry(getattr(stmt, name)) for name in ("body", "orelse") if hasattr(stmt, name)}
        kept.append(replace(stmt, **bodies) if bodies else stmt)
    return tuple(kept)


def _prints(call: ir.Expr) -> bool:
    fn = call.fn if isinstance(call, ir.Call) else None
    return isinstance(fn, ir.Ref) and fn.path.startswith(("builtins.print", "warnings.", "logging."))


def _may_raise(stmt: ir.Stmt) -> bool:
    """Whether a statement does more than move names and literals around."""
    if isinstance(stmt, ir.Assign):
        values = stmt.value.items if isinstance(stmt.value, ir.Tuple) else (stmt.value,)
        return not all(isinstance(v, (ir.Name, ir.Const, ir.List)) and not _items_raise(v) for v in values)
    return True


def _fits(stmt: ir.Stmt, known: Mapping[str, Any]) -> bool:
    """Whether a statement only adds or multiplies doubles: arrays of one shape, or an array and a number."""
    if isinstance(stmt, ir.Augment):
        return stmt.op in _PLAIN and _fitting(ir.Binary(stmt.op, stmt.target, stmt.value), known)
    return isinstance(stmt, ir.Assign) and _fitting(stmt.value, known)


_PLAIN = ("+", "-", "*")


def _fitting(expr: ir.Expr, known: Mapping[str, Any]) -> bool:
    if isinstance(expr, ir.Binary):
        left, right = (infer(part, known, []) for part in (expr.left, expr.right))
        number = is_scalar(right) and getattr(right, "dtype", None) in ("float64", "int64", "bool")
        alike = number or _is_double(right) and left.dims == right.dims  # type: ignore[union-attr]
        fits = expr.op in _PLAIN and _is_double(left) and alike
        return fits and _fitting(expr.left, known) and _fitting(expr.right, known)
    if isinstance(expr, ir.Index):
        return expr.items == (ir.ELLIPSIS,) and isinstance(expr.base, ir.Name)
    return isinstance(expr, (ir.Name, ir.Const))


def _is_double(kind: Abstract) -> bool:
    return isinstance(kind, Num) and kind.dtype == "float64" and kind.dims is not None and None not in kind.dims


def _items_raise(value: ir.Expr) -> bool:
    return isinstance(value, ir.List) and not all(isinstance(i, (ir.Name, ir.Const)) for i in value.items)


# ---- variables of its own ----


def _apart(ev: Evaluator, body: Body, loc: ir.Loc | None) -> tuple[Body, tuple[ir.Param, ...]]:
    """The statements with variables of their own, and parameters that start those with what is there before."""
    if any(isinstance(n, ir.Ref) and n.path.startswith("numpy.random.") for n in ir.walk(body)):
        raise Unsupported("cannot differentiate a draw that is tried", loc, "Draw before the try.")
    wrote = _written_last(ev, body, loc)
    body = without_unread(body, ir.names(body[-1]))  # as what variables held before: they may have held nothing
    own = _assigned(body) | wrote
    known = live_before(body, set()) & own & _held(ev)
    new = {name: ev.cx.names.fresh(name) for name in sorted(own)}
    for name, fresh in new.items():
        ev.cx.types[fresh] = ev.cx.types[name]
    params = tuple(ir.Param(new[name], default=_start(ev, name, name in wrote)) for name in sorted(known))
    body = _renamed(body, new)
    last = body[-1]
    if isinstance(last, ir.Assign) and isinstance(last.target, ir.Name):
        return (*body[:-1], ir.Return(last.value, loc=last.loc)), params
    return body, params


def _held(ev: Evaluator) -> set[str]:
    """Variables that hold something the program can get at: others may be unassigned, as what a call did not return."""
    frames = [env.values() for frame, env in ev.state.frames.items() if frame not in COUNTERS]
    values = [value for held in (*frames, *ev.pending) for value in held]
    boxes = ev.state.heap.values()
    values += [item for box in boxes for item in box.items]
    found = {name for value in values for name in names_in(value)}
    return found | {name for box in boxes if box.expr is not None for name in ir.names(box.expr)}


def _start(ev: Evaluator, name: str, wrote: bool) -> ir.Expr:
    kind = ev.cx.types[name]
    if not wrote:
        return ir.Name(name)
    copied = "srcad_runtime.attempts.with_own_items" if _holds_arrays(kind) else "builtins.list"
    return ir.call(copied if isinstance(kind, Seq) else "numpy.copy", ir.Name(name))


def _holds_arrays(kind: Abstract) -> bool:
    """Whether a list has items that can be written into."""
    return isinstance(kind, Seq) and kind.element.dims != ()


def _written_last(ev: Evaluator, body: Body, loc: ir.Loc | None) -> set[str]:
    """The array or list that the last statement writes into, and a copy stands for; none may be written before."""
    if _writes(ev, body[:-1]):
        raise Unsupported("cannot differentiate a write that is tried with what may raise after it", loc, WAY_OUT)
    if not _writes(ev, body):
        return set()
    last = body[-1]
    simple = isinstance(last, (ir.Store, ir.Augment, ir.Push, ir.Pop, ir.Do))
    roots = _roots(last) if simple else set()
    if not roots or roots & _assigned(body[:-1]):
        raise Unsupported("cannot differentiate a write that is tried in a branch or loop", loc, WAY_OUT)
    return roots


def _writes(ev: Evaluator, body: Body) -> bool:
    """Whether statements change an array or a list that was there before."""
    lists = {n.stack for n in ir.walk(body) if isinstance(n, (ir.Push, ir.Pop))}
    return changes(ev, body).wrote or bool(lists - _assigned(body))


def _roots(stmt: ir.Stmt) -> set[str]:
    if isinstance(stmt, (ir.Push, ir.Pop)):
        return {stmt.stack}
    return stored_names((stmt,))


def _assigned(body: Body) -> set[str]:
    """Variables that get new values, and lists that are made or changed."""
    found: set[str] = set()
    for node in ir.walk(body):
        if isinstance(node, (ir.Assign, ir.For)):
            found |= ir.names(node.target)
        elif isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
            found.add(node.target.id)
        elif isinstance(node, ir.Param):
            found.discard(node.name)
    return found


def _renamed(body: Body, new: dict[str, str]) -> Body:
    def visit(node: Any) -> Any:
        if isinstance(node, ir.Name) and node.id in new:
            return replace(node, id=new[node.id])
        if isinstance(node, (ir.Push, ir.Pop)) and node.stack in new:
            return replace(node, stack=new[node.stack])
        return node

    return ir.transform(body, visit)  # type: ignore[no-any-return]
