"""``with`` blocks: NumPy's and the standard library's are kept, those of the user's classes are called."""

from __future__ import annotations

from typing import Any

from srcad import eval_generators, eval_special, ir
from srcad.errors import Unsupported
from srcad.eval_assign import assign
from srcad.eval_builtins import Args, Kwargs, handles
from srcad.eval_core import Evaluator
from srcad.eval_exprs import evaluate
from srcad.eval_generators import Receiver
from srcad.eval_order import holding, owned
from srcad.eval_text import message
from srcad.eval_values import static_truth
from srcad.scope import from_live
from srcad.values import Known, Stream, Value

KEPT = frozenset({"numpy.errstate", "numpy.printoptions", "warnings.catch_warnings"})
Items = tuple[tuple[ir.Expr, ir.Expr | None], ...]


def with_block(ev: Evaluator, items: Items, stmt: ir.With) -> None:
    """Enter the first of `items`, do the rest, leave it."""
    if not items:
        ev.block(stmt.body)
        return
    (expr, target), *rest = items
    path = expr.fn.path if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) else ""
    if path in KEPT and target is None:
        kept = ((message(ev, expr), None),)
        outer, ev.out = ev.out, []
        with_block(ev, tuple(rest), stmt)
        body, ev.out = tuple(ev.out), outer
        if body:
            ev.emit(ir.With(kept, body, loc=stmt.loc))
    elif path == "contextlib.nullcontext" and isinstance(expr, ir.Call):
        if target is not None:
            assign(ev, target, evaluate(ev, expr.args[0]) if expr.args else Known(None), stmt.loc)
        with_block(ev, tuple(rest), stmt)
    else:
        _of_the_users(ev, expr, target, tuple(rest), stmt)


def _of_the_users(ev: Evaluator, expr: ir.Expr, target: ir.Expr | None, rest: Items, stmt: ir.With) -> None:
    """``__enter__`` before, ``__exit__`` after: what it does when an exception passes is not seen by anyone."""
    if isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) and expr.fn.path == "builtins.open":
        reason = "cannot differentiate open: files are outside of the function"
        raise Unsupported(reason, expr.loc, "Read the file before and pass the values as arguments.")
    library = isinstance(expr, ir.Call) and isinstance(expr.fn, ir.Ref) and ":" not in expr.fn.path
    manager: Value = Known(None) if library else evaluate(ev, expr)
    if isinstance(manager, Stream):
        _of_a_generator(ev, manager, target, rest, stmt)
        return
    enter, leave = (eval_special.special(ev, manager, name) for name in ("enter", "exit"))
    if enter is None or leave is None:
        reason = "cannot differentiate a with block of a context manager that is not written in the program"
        raise Unsupported(reason, expr.loc or stmt.loc, "Enter it around the call.")
    _refuse_looking(leave, stmt.loc)
    manager = owned(ev, manager, "context", stmt.loc)
    with holding(ev, [manager]):
        value: Value = eval_special.invoke(ev, manager, enter, [], stmt.loc)
        if target is not None:
            assign(ev, target, value, stmt.loc)
        with_block(ev, rest, stmt)
        swallows = eval_special.invoke(ev, manager, leave, [Known(None)] * 3, stmt.loc)
    if static_truth(ev, swallows) != (True, False):
        reason = "cannot differentiate a context manager that may end an exception"
        raise Unsupported(reason, stmt.loc, "Let __exit__ return nothing, and use try and except.")


@handles("contextlib.contextmanager")
def _contextmanager(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    """The generator function itself: a with block runs it, see `_of_a_generator`."""
    return args[0]


def _of_a_generator(ev: Evaluator, stream: Stream, target: ir.Expr | None, rest: Items, stmt: ir.With) -> None:
    """``@contextmanager``: the block stands where its generator yields."""
    if not _yields_once(stream.function.body):
        reason = "cannot differentiate a context manager that does not yield once, outside of loops and branches"
        raise Unsupported(reason, stmt.loc, "Yield once, not inside an except clause's try.")

    def take(item: Value) -> None:
        with holding(ev, [item]):
            if target is not None:
                assign(ev, target, item, stmt.loc)
            with_block(ev, rest, stmt)

    eval_generators.run(ev, stream, Receiver(ev.frame, ev.function, (stmt,), take), False, stmt.loc)


def _yields_once(body: tuple[ir.Stmt, ...]) -> bool:
    """Whether one yield is reached, always, and no exception of the block is caught there."""
    direct = [s for s in body if isinstance(s, ir.Yield)]
    for stmt in body:
        if isinstance(stmt, ir.With) or isinstance(stmt, ir.Try) and not stmt.handlers:
            direct += [s for s in stmt.body if isinstance(s, ir.Yield)]
    return len(direct) == 1 == sum(isinstance(n, ir.Yield) for n in ir.walk(body))


def _refuse_looking(leave: Any, loc: ir.Loc | None) -> None:
    """An ``__exit__`` that looks at the exception may do something else when there is one."""
    function = from_live(leave).function
    given = {p.name for p in function.params[1:]}
    if given & ir.names(function.body):
        reason = "cannot differentiate a context manager that looks at the exception"
        raise Unsupported(reason, loc, "Use try and except.")
