"""Trying statements in the partial evaluator: what they are left as, without effects, in a function that is called.

The statements are evaluated as they will be, in a copy of the state; what they assign gets variables of its own. Where
one expression of Python numbers is tried, the condition under which it raises is written instead.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.errors import PYTHON_ERRORS, Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_order import COUNTERS, changes, mentioned, names_in
from srcad.eval_text import message
from srcad.eval_values import constant, dyn
from srcad.raising import classes, condition
from srcad.transforms.inline import stored_names
from srcad.transforms.liveness import live_before
from srcad.transforms.tidy import without_unread
from srcad.types import Abstract, Num, Seq, infer, is_scalar, rank
from srcad.values import State, Text, Value

AGAIN = ir.Call(ir.Ref("srcad_runtime.attempts.again"))
LOST = "cannot differentiate a change that is tried with what may raise after it"
STRICT = "cannot differentiate zip(strict=True) that is tried together with what its steps change"
LENGTHS = "Compare the lengths first."
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
    if error is None:
        held = mentioned(_kept(ev, ev.state), (), ())
        if _lost(left, held, lambda s: _harmless(s, kinds, ev.cx.types)):
            raise Unsupported(LOST, stmt.loc, WAY_OUT)
        if _early(left, held, _slots_of(ev, stmt.body[0])):
            raise Unsupported(STRICT, stmt.loc, LENGTHS)
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
    before, noted, outer, around = ev.state, ev.cx.assumptions, ev.out, ev.tried
    ev.state, ev.cx.assumptions, ev.out, ev.tried = before.copy(), [], [], _kept(ev, before)
    try:
        ev.block(body)
        return tuple(ev.out), None
    except PYTHON_ERRORS as error:
        if not hasattr(error, "certain"):
            raise
        return tuple(ev.out), error
    finally:
        ev.state, ev.cx.assumptions, ev.out, ev.tried = before, noted, outer, around


# ---- changes that come before what raises ----

_CHANGED = ir.Do(ir.Const("changed"))  # stands behind a statement that changed a variable or container from outside


_EARLY = ir.Do(ir.Const("early"))  # stands behind a test that Python makes after the steps of a loop


def _kept(ev: Evaluator, state: State) -> State:
    """What can be read later: without variables of comprehensions."""
    frames = {f: env for f, env in state.frames.items() if f not in COUNTERS}
    own = {f: {n: v for n, v in env.items() if n in ev.cx.bound.get(f, env)} for f, env in frames.items()}
    return State(own, state.heap)


def _slots_of(ev: Evaluator, stmt: ir.Stmt) -> set[str]:
    """The variables that a statement itself gives a value, after all else."""
    assigns = isinstance(stmt, (ir.Assign, ir.Augment)) and isinstance(stmt.target, ir.Name)
    name = stmt.target.id if assigns else None  # type: ignore[union-attr]
    return {slot for slot, key in ev.cx.slot_keys.items() if name and key[:2] == (ev.owner(name), name)}


def note_change(ev: Evaluator, before: State) -> None:
    """Mark where something that was there before the try has changed."""
    now = ev.state
    rebound = any(now.frames.get(f, {}).get(n) != v for f, env in before.frames.items() for n, v in env.items())
    if rebound or any(now.heap.get(key, box) != box for key, box in before.heap.items()):
        ev.emit(_CHANGED)


@contextlib.contextmanager
def too_early(ev: Evaluator, loc: ir.Loc | None) -> Iterator[None]:
    """Around tests that Python makes after the steps of a loop: within a try, what the steps change is seen."""
    mark = len(ev.out)
    try:
        yield
    except ValueError:
        if ev.tried is not None:
            raise Unsupported(STRICT, loc, LENGTHS) from None
        raise
    if ev.tried is not None and len(ev.out) > mark:
        ev.emit(_EARLY)


def _early(body: Body, held: set[str], own: set[str]) -> bool:
    """Whether such a test would keep steps from changing what was there before. own: what is set after the steps."""
    if _EARLY not in list(ir.walk(body)):
        return False
    last = max(k for k, stmt in enumerate(body) if not _is_mark(stmt))
    steps = body[:last] if isinstance(body[last], ir.Assign) and _assigned((body[last],)) <= own else body
    return any(_reaches_out(stmt, held) for stmt in steps)


def _is_mark(stmt: ir.Stmt) -> bool:
    return stmt is _CHANGED or stmt is _EARLY


def _reaches_out(stmt: ir.Stmt, held: set[str]) -> bool:
    """Whether a statement may change what was there before the try."""
    return bool(_assigned((stmt,)) & held) or _CHANGED in list(ir.walk((stmt,)))


def _lost(body: Body, held: set[str], harmless: Callable[[ir.Stmt], bool]) -> bool:
    """Whether what was there before the try may be changed before something raises: it would stay as it was."""
    for k, stmt in enumerate(body):
        if not _reaches_out(stmt, held):
            continue
        rest = body[k + 1 :]
        if isinstance(stmt, (ir.If, ir.Block)):
            arms = (stmt.body, stmt.orelse) if isinstance(stmt, ir.If) else (stmt.body,)
            return any(_lost((*arm, *rest), held, harmless) for arm in arms)
        looped = (stmt,) if isinstance(stmt, (ir.For, ir.While)) else ()
        return not all(map(harmless, (*looped, *rest)))
    return False


def _harmless(stmt: ir.Stmt, kinds: tuple[ir.Expr, ...], known: Mapping[str, Any]) -> bool:
    """Whether a statement raises nothing that one of `kinds` catches."""
    if _is_mark(stmt) or isinstance(stmt, ir.Do) and _prints(stmt.value):
        return True
    if isinstance(stmt, ir.If):
        test = ir.Assign(ir.Name("test"), stmt.test)
        return all(_harmless(part, kinds, known) for part in (test, *stmt.body, *stmt.orelse))
    return not _may_raise(stmt) or _fits(stmt, known) or condition((stmt,), kinds, known) == ir.Const(0)


def _done_before(ev: Evaluator, stmt: ir.Try, error: Exception) -> None:
    """What statements do before they raise."""
    out = ev.out
    with contextlib.suppress(type(error)):
        ev.block(stmt.body)
    if ev.out is not out:
        raise Unsupported("cannot differentiate a statement that fails inside of a loop", stmt.loc, WAY_OUT)


def _known_error(ev: Evaluator, error: Exception, body: Body, kinds: tuple[ir.Expr, ...], loc: ir.Loc | None) -> int:
    """Which handler an error is for that the program raises every time."""
    if not all(_harmless(s, kinds, ev.cx.types) for s in body):
        raise Unsupported("cannot differentiate a statement that fails after it may have failed", loc, WAY_OUT)
    for number, kind in enumerate(kinds, 1):
        if isinstance(error, classes(kind)):
            return number
    raise error


def _dry(body: Body) -> Body:
    """Without printing, and without marks."""
    kept = []
    for stmt in body:
        if _is_mark(stmt) or isinstance(stmt, ir.Do) and _prints(stmt.value):
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
    if not isinstance(kind, Seq):
        return ir.copy_of(ir.Name(name), rank(kind))
    copied = "srcad_runtime.attempts.with_own_items" if _holds_arrays(kind) else "builtins.list"
    return ir.call(copied, ir.Name(name))


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
