"""``try`` becomes ifs: every statement of its body that may raise stands in a try of its own, which only notes it.

    try:                        failed = 0
        y = math.log(x)         try: y = math.log(x)
        z = y * y               except ValueError: failed = 1
    except ValueError:    ->    if failed: leave `failed`
        z = 0.0                 z = y * y
                                if failed: z = 0.0

Leaving a `Region` is a jump like ``break`` (`desugar_jumps`). Before: what `parse` gives. After: a `Try` has handlers
that only note which of them it was; or it has none, and what it does finally, whatever jumps were made.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard

from srcad import ir
from srcad.naming import Names

Body = tuple[ir.Stmt, ...]
_EVERYTHING = ir.Ref("builtins.BaseException", BaseException)


@dataclass(frozen=True)
class Around:
    """The innermost try around a statement: `failed` is its variable, `kinds` what each number in it stands for.

    error: the variable for the exception itself, where some handler raises it again or shows it.
    """

    failed: ir.Name
    kinds: tuple[ir.Expr, ...]
    error: ir.Name | None = None


def lower(body: Body, names: Names, around: Around | None = None) -> Body:
    """Statements without exception handlers other than those that note what was raised."""
    return _Lower(names).block(body, around)


class _Lower:
    def __init__(self, names: Names) -> None:
        self.names = names

    def block(self, body: Sequence[ir.Stmt], around: Around | None) -> Body:
        return tuple(new for stmt in body for new in self.statement(stmt, around))

    def statement(self, stmt: ir.Stmt, around: Around | None) -> Body:
        if isinstance(stmt, ir.Try):
            return self.try_(stmt, around)
        if isinstance(stmt, ir.With) and _suppresses(stmt):
            return self.suppressed(stmt, around)
        if isinstance(stmt, ir.Define):
            return (stmt,)
        if around is None and isinstance(stmt, ir.Match):
            cases = tuple(dataclasses.replace(c, body=self.block(c.body, None)) for c in stmt.cases)
            return (dataclasses.replace(stmt, cases=cases),)
        if around is None:
            return (_with_bodies(stmt, lambda b: self.block(b, None)),)
        if isinstance(stmt, ir.If):
            before, test = self.tried(stmt.test, around, "test")
            inside = _with_bodies(stmt, lambda b: self.block(b, around))
            return (*before, dataclasses.replace(inside, test=test))  # type: ignore[arg-type]
        if isinstance(stmt, ir.For):
            unnamed, stmt = self.unzipped(stmt, around)
            before, iterable = self.tried(stmt.iter, around, "items")
            before = (*unnamed, *before)
            inside = _with_bodies(stmt, lambda b: self.block(b, around))
            return (*before, dataclasses.replace(inside, iter=iterable))  # type: ignore[arg-type]
        if isinstance(stmt, ir.Match):
            before, subject = self.tried(stmt.subject, around, "subject")
            cases = tuple(dataclasses.replace(c, body=self.block(c.body, around)) for c in stmt.cases)
            return (*before, dataclasses.replace(stmt, subject=subject, cases=cases))
        if isinstance(stmt, ir.While):
            return self.while_(stmt, around)
        if isinstance(stmt, (ir.With, ir.Block)):
            return (_with_bodies(stmt, lambda b: self.block(b, around)),)
        if isinstance(stmt, ir.Return):
            before, value = self.tried(stmt.value, around, "value") if stmt.value is not None else ((), None)
            return (*before, dataclasses.replace(stmt, value=value))
        return self.simple(stmt, around)

    def unzipped(self, stmt: ir.For, around: Around) -> tuple[Body, ir.For]:
        """A loop over ``zip(x, y, strict=True)``, which raises when it comes to the end of the shorter one."""
        outer = stmt.iter if _calls(stmt.iter, "enumerate") else None
        zipped = outer.args[0] if outer is not None and outer.args else stmt.iter
        if not _calls(zipped, "zip") or ("strict", ir.Const(True)) not in zipped.kwargs:
            return (), stmt
        before: list[ir.Stmt] = []
        args = tuple(self.named(arg, around, before) for arg in zipped.args)
        plain = dataclasses.replace(zipped, args=args, kwargs=())
        if outer is not None:
            plain = dataclasses.replace(outer, args=(plain, *outer.args[1:]))
        end = ir.Do(ir.Call(ir.Ref("srcad.zipped_to_the_end"), args, loc=zipped.loc), loc=stmt.loc)
        return tuple(before), dataclasses.replace(stmt, iter=plain, orelse=(end, *stmt.orelse))

    def named(self, expr: ir.Expr, around: Around, before: list[ir.Stmt]) -> ir.Expr:
        """A name for what an expression gives now."""
        if isinstance(expr, ir.Starred):
            return dataclasses.replace(expr, value=self.named(expr.value, around, before))
        name = ir.Name(self.names.fresh("items"), loc=expr.loc)
        before.extend(self.simple(ir.Assign(name, expr, loc=expr.loc), around))
        return name

    def while_(self, stmt: ir.While, around: Around) -> Body:
        """A test that may raise is tried at the start of each iteration."""
        before, test = self.tried(stmt.test, around, "test")
        body = self.block(stmt.body, around)
        if not before:
            return (dataclasses.replace(stmt, body=body, orelse=self.block(stmt.orelse, around)),)
        leave = ir.If(ir.Unary("not", test, loc=stmt.loc), (ir.Break(loc=stmt.loc),), loc=stmt.loc)
        new = dataclasses.replace(stmt, test=ir.Const(True), body=(*before, leave, *body), orelse=())
        if not stmt.orelse:
            return (new,)
        flag = ir.Name(self.names.fresh("exhausted"), loc=stmt.loc)  # a break does not run the else part
        note = ir.Assign(flag, ir.Const(True), loc=stmt.loc)
        leave = dataclasses.replace(leave, body=(note, *leave.body))
        new = dataclasses.replace(new, body=(*before, leave, *body))
        start = ir.Assign(flag, ir.Const(False), loc=stmt.loc)
        return start, new, ir.If(flag, self.block(stmt.orelse, around), loc=stmt.loc)

    def tried(self, expr: ir.Expr, around: Around, base: str) -> tuple[Body, ir.Expr]:
        """An expression evaluated under a name, once it is known not to raise."""
        if _cannot_raise(expr):
            return (), expr
        name = ir.Name(self.names.fresh(base), loc=expr.loc)
        return self.simple(ir.Assign(name, expr, loc=expr.loc), around), name

    def values(self, expr: ir.Expr, around: Around) -> tuple[Body, ir.Expr]:
        """Several values, each under a name where it may raise."""
        if not isinstance(expr, (ir.Tuple, ir.List)) or any(isinstance(item, ir.Starred) for item in expr.items):
            return self.tried(expr, around, "value")
        parts = [self.tried(item, around, "value") for item in expr.items]
        items = tuple(value for _, value in parts)
        return tuple(stmt for before, _ in parts for stmt in before), dataclasses.replace(expr, items=items)

    def simple(self, stmt: ir.Stmt, around: Around) -> Body:
        if _is_safe(stmt):
            return (stmt,)
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, (ir.Tuple, ir.List)):
            before, value = self.values(stmt.value, around)  # all values come before the first assignment
            if before:
                return (*before, *self.simple(dataclasses.replace(stmt, value=value), around))
        handlers = tuple(self.note(around, k, kind, stmt.loc) for k, kind in enumerate(around.kinds, 1))
        leave = ir.If(around.failed, (ir.Leave(around.failed.id, loc=stmt.loc),), loc=stmt.loc)
        return ir.Try((stmt,), handlers, loc=stmt.loc), leave

    def note(self, around: Around, number: int, kind: ir.Expr, loc: ir.Loc | None) -> ir.Handler:
        noted = ir.Assign(around.failed, ir.Const(number), loc=loc)
        if around.error is None:
            return ir.Handler(kind, None, (noted,))
        name = self.names.fresh("error")
        return ir.Handler(kind, name, (noted, ir.Assign(around.error, ir.Name(name), loc=loc)))

    def suppressed(self, stmt: ir.With, around: Around | None) -> Body:
        """``with contextlib.suppress(kinds)`` is a try whose handler does nothing."""
        (manager, _), *rest = stmt.items
        assert isinstance(manager, ir.Call)
        inner = (dataclasses.replace(stmt, items=tuple(rest)),) if rest else stmt.body
        handlers = (ir.Handler(ir.Tuple(manager.args), None, ()),) if manager.args else ()
        return self.try_(ir.Try(inner, handlers, loc=stmt.loc), around)

    # ---- try ----

    def try_(self, stmt: ir.Try, outer: Around | None) -> Body:
        failed = ir.Name(self.names.fresh("failed"), loc=stmt.loc)
        own = tuple(h.exc or _EVERYTHING for h in stmt.handlers)
        error = outer.error if outer is not None else None
        if error is None and any(map(_shows, stmt.handlers)):
            error = ir.Name(self.names.fresh("error"))
        around = Around(failed, (*own, *(outer.kinds if outer is not None else ())), error)
        if not around.kinds:
            return (ir.Try(self.block(stmt.body, None), (), (), self.block(stmt.final, None), loc=stmt.loc),)
        body = self.block(stmt.body, around)
        start = ir.Assign(failed, ir.Const(0), loc=stmt.loc)
        always = _leaves_or_jumps(body)
        if not stmt.final or outer is None:
            rest = self.handled(stmt, around, outer, always)
            done: Body = (start, ir.Region(failed.id, body, loc=stmt.loc), *rest)
            final = self.block(stmt.final, None) if stmt.final else ()
            return (ir.Try(done, (), (), final, loc=stmt.loc),) if stmt.final else done
        return self.finally_(stmt, (start, ir.Region(failed.id, body, loc=stmt.loc)), around, outer, always)

    def finally_(self, stmt: ir.Try, first: Body, own: Around, outer: Around, always: bool) -> Body:
        """Within another try, what raises in the handlers, too, waits until the finally block is through."""
        pending = ir.Name(self.names.fresh("pending"), loc=stmt.loc)
        waits = Around(pending, outer.kinds, outer.error)
        rest = self.handled(stmt, own, waits, always)
        begin = ir.Assign(pending, ir.Const(0), loc=stmt.loc)
        body = (begin, *first, ir.Region(pending.id, rest, loc=stmt.loc))
        onward = (ir.Assign(outer.failed, pending, loc=stmt.loc), ir.Leave(outer.failed.id, loc=stmt.loc))
        final = self.block(stmt.final, outer)
        return ir.Try(body, (), (), final, loc=stmt.loc), ir.If(pending, onward, loc=stmt.loc)

    def handled(self, stmt: ir.Try, own: Around, outer: Around | None, always: bool) -> Body:
        """What runs after the body: the handler of what was raised, or the else part."""
        count, failed, error = len(stmt.handlers), own.failed, own.error
        orelse = () if always else self.block(stmt.orelse, outer)
        arms: list[Body] = [self.handler(h, error, outer) for h in stmt.handlers]
        if outer is not None:
            moved = ir.Binary("-", failed, ir.Const(count)) if count else failed
            onward = ir.Assign(outer.failed, moved, loc=stmt.loc)
            arms.append((onward, ir.Leave(outer.failed.id, loc=stmt.loc)))
        if not arms:
            return orelse
        rest = arms[-1]
        for k in range(len(arms) - 1, 0, -1):
            test = ir.Compare(("==",), (failed, ir.Const(k)), loc=stmt.loc)
            rest = (ir.If(test, arms[k - 1], rest, loc=stmt.loc),)
        return rest if always else (ir.If(failed, rest, orelse, loc=stmt.loc),)

    def handler(self, handler: ir.Handler, error: ir.Name | None, outer: Around | None) -> Body:
        body = handler.body if error is None else _raising(handler.body, error)
        if error is not None and handler.name is not None and handler.name in ir.names(body):
            body = (ir.Assign(ir.Name(handler.name), error), *body)
        return self.block(body, outer)


def _calls(expr: ir.Expr, name: str) -> TypeGuard[ir.Call]:
    return isinstance(expr, ir.Call) and expr.fn == ir.Ref(f"builtins.{name}")


def _suppresses(stmt: ir.With) -> bool:
    first = stmt.items[0][0]
    return isinstance(first, ir.Call) and first.fn == ir.Ref("contextlib.suppress")


def _shows(handler: ir.Handler) -> bool:
    bare = any(isinstance(node, ir.Raise) and node.exc is None for node in ir.walk(handler.body))
    return bare or handler.name is not None and handler.name in ir.names(handler.body)


def _raising(body: Body, error: ir.Name) -> Body:
    """A handler whose bare ``raise`` says what is raised."""

    def visit(node: Any) -> Any:
        return dataclasses.replace(node, exc=error) if isinstance(node, ir.Raise) and node.exc is None else node

    return ir.transform(body, visit)  # type: ignore[no-any-return]


def _leaves_or_jumps(body: Sequence[ir.Stmt]) -> bool:
    """Whether the end of a try's body is never reached."""
    from srcad.transforms import desugar_jumps

    return desugar_jumps.terminates(body)


def _with_bodies(stmt: ir.Stmt, f: Any) -> ir.Stmt:
    changes = {name: f(getattr(stmt, name)) for name in ("body", "orelse") if hasattr(stmt, name)}
    return dataclasses.replace(stmt, **changes) if changes else stmt


# ---- what cannot raise ----

_SAFE_CALLS = frozenset(f"builtins.{name}" for name in "range enumerate zip len reversed print isinstance".split())


def _is_safe(stmt: ir.Stmt) -> bool:
    """Whether a statement cannot raise anything that a handler would be written for."""
    if isinstance(stmt, ir.Assign):
        return isinstance(stmt.target, ir.Name) and _cannot_raise(stmt.value)
    if isinstance(stmt, ir.Do):
        parts = ir.children(stmt.value) if isinstance(stmt.value, ir.FString) else (stmt.value,)
        return all(map(_cannot_raise, parts))
    return isinstance(stmt, (ir.Break, ir.Continue, ir.Nonlocal, ir.Leave))


def _cannot_raise(expr: ir.Expr) -> bool:
    """Names, literals, comparisons and truth of them, and loops over ranges of them."""
    if isinstance(expr, ir.Call):
        known = isinstance(expr.fn, ir.Ref) and expr.fn.path in _SAFE_CALLS
        return known and all(map(_cannot_raise, (*expr.args, *(v for _, v in expr.kwargs))))
    if isinstance(expr, (ir.Const, ir.Name, ir.Ref, ir.Lambda, ir.FString)):
        return True
    if isinstance(expr, (ir.Compare, ir.BoolOp, ir.Unary)):
        return all(_cannot_raise(part) for part in ir.children(expr))
    return isinstance(expr, ir.Tuple) and all(map(_cannot_raise, expr.items))
