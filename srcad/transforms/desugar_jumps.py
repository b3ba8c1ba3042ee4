"""Early returns, ``break``, ``continue`` and loop ``else`` become nested ifs, and flags where nesting is not enough.

A flag is tested at the end of each iteration (`For.stop`, `While.stop`); what follows a statement that may have jumped
is guarded by the flag. Flags that nothing reads are dropped again.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any, TypeGuard

from srcad import ir
from srcad.errors import Unsupported
from srcad.naming import Names

Body = tuple[ir.Stmt, ...]


def remove(body: Body, names: Names) -> Body:
    """A function's body with at most one `Return`, its last statement, and no other jumps."""
    body = _without_dead_code(body)
    if not _returns_early(body):
        last = body[-1:] if _returns(body) else ()
        return (*_tidy(_Jumps(names, None).block(body[: len(body) - len(last)], 0)), *last)
    gives_value = any(_value(r) is not None for r in _returns(body))
    if gives_value and not terminates(body):
        body = (*body, ir.Return(ir.NONE, loc=body[-1].loc))
    out = _output(body, names) if gives_value else None
    jumps = _Jumps(names, out)
    done = _tidy(_with_flag(jumps.block(body, 0), jumps.flag("returned", 0)))
    if out is None:
        return done
    at = _returns(body)[-1].loc
    return *done, ir.Return(dataclasses.replace(out, loc=at), loc=at)


def _output(body: Body, names: Names) -> ir.Name:
    """The variable that holds the result: the user's own, if all returns give the same."""
    values = [_value(r) for r in _returns(body)]
    if isinstance(values[0], ir.Name) and all(v == values[0] for v in values):
        return values[0]
    return ir.Name(names.fresh("out"))


def _value(stmt: ir.Return) -> ir.Expr | None:
    return None if stmt.value == ir.NONE else stmt.value


# ---- where a statement may go ----


def jumps(body: Sequence[ir.Stmt]) -> set[str]:
    """The jumps out of some statements: "return", and "break" and "continue" of the loop around them."""
    return {kind for stmt in body for kind in _jumps_of(stmt)}


def _jumps_of(stmt: ir.Stmt) -> set[str]:
    match stmt:
        case ir.Return():
            return {"return"}
        case ir.Break():
            return {"break"}
        case ir.Continue():
            return {"continue"}
        case ir.Leave(label):
            return {_leave(label)}
        case ir.Region(label):
            return jumps(stmt.body) - {_leave(label)}
        case ir.For() | ir.While():
            return jumps(stmt.body) - {"break", "continue"} | jumps(stmt.orelse)
        case ir.Define():
            return set()
    return {kind for block in _blocks(stmt) for kind in jumps(block)}


def _leave(label: str) -> str:
    return f"leave {label}"


def _blocks(stmt: ir.Stmt) -> list[Body]:
    if isinstance(stmt, ir.Define):
        return []
    found = [getattr(stmt, name) for name in ("body", "orelse", "final") if hasattr(stmt, name)]
    return found + [h.body for h in getattr(stmt, "handlers", ())]


def terminates(body: Sequence[ir.Stmt]) -> bool:
    """Whether control never comes out of the end of some statements."""
    return any(map(_terminates, body))


def _terminates(stmt: ir.Stmt) -> bool:
    match stmt:
        case ir.Return() | ir.Break() | ir.Continue() | ir.Raise() | ir.Leave():
            return True
        case ir.Region(label):
            return terminates(stmt.body) and _leave(label) not in jumps(stmt.body)
        case ir.If():
            return terminates(stmt.body) and terminates(stmt.orelse)
        case ir.While():
            return _is_true(stmt.test) and "break" not in jumps(stmt.body)
        case ir.With():
            return terminates(stmt.body) and not _may_swallow(stmt)
        case ir.Try():
            ends = terminates(stmt.body) or terminates(stmt.orelse)
            return terminates(stmt.final) or ends and all(terminates(h.body) for h in stmt.handlers)
    return False


def _may_swallow(stmt: ir.With) -> bool:
    """Whether a context manager may end an exception, so that what follows is reached."""
    calls = [item.fn for item, _ in stmt.items if isinstance(item, ir.Call)]
    known = all(isinstance(fn, ir.Ref) and fn.path.startswith(("numpy.", "warnings.")) for fn in calls)
    return not (known and len(calls) == len(stmt.items))


def _is_true(test: ir.Expr) -> bool:
    return isinstance(test, ir.Const) and bool(test.value)


def _without_dead_code(body: Body) -> Body:
    kept: list[ir.Stmt] = []
    for stmt in body:
        kept.append(map_blocks(stmt, _without_dead_code))
        if _terminates(stmt):
            break
    return tuple(kept)


def map_blocks(stmt: ir.Stmt, f: Callable[[Body], Body]) -> ir.Stmt:
    if isinstance(stmt, ir.Define):
        return stmt
    changes: dict[str, Any] = {
        name: f(getattr(stmt, name)) for name in ("body", "orelse", "final") if hasattr(stmt, name)
    }
    if isinstance(stmt, ir.Try):
        changes["handlers"] = tuple(dataclasses.replace(h, body=f(h.body)) for h in stmt.handlers)
    return dataclasses.replace(stmt, **changes) if changes else stmt


def _returns(body: Sequence[ir.Stmt]) -> list[ir.Return]:
    found = []
    for stmt in body:
        found += [stmt] if isinstance(stmt, ir.Return) else [r for block in _blocks(stmt) for r in _returns(block)]
    return found


def _returns_early(body: Body) -> bool:
    """Whether there is a return that is not the function's last statement."""
    last = body[-1:] if body and isinstance(body[-1], ir.Return) else ()
    return len(_returns(body)) > len(last)


_OPPOSITE = {"==": "!=", "!=": "==", "is": "is not", "is not": "is", "in": "not in", "not in": "in"}


def negated(test: ir.Expr) -> ir.Expr:
    """``not test``; an equality is turned round, an order is not, for NaN's sake."""
    if isinstance(test, ir.Unary) and test.op == "not":
        return test.operand
    if isinstance(test, ir.Compare) and len(test.ops) == 1 and test.ops[0] in _OPPOSITE:
        return dataclasses.replace(test, ops=(_OPPOSITE[test.ops[0]],))
    return ir.Unary("not", test, loc=test.loc)


# ---- the rewriting ----


class _Jumps:
    """`depth` is the number of loops around a statement; each depth has its own flags "done" and "skip"."""

    def __init__(self, names: Names, out: ir.Name | None) -> None:
        self.names, self.out = names, out
        self.flags: dict[tuple[str, int], ir.Name] = {}

    def flag(self, kind: str, depth: int) -> ir.Name:
        """The variable that is True once a jump was made: "returned", "done" (break) or "skip" (continue)."""
        if kind == "returned":
            depth = 0
        if (kind, depth) not in self.flags:
            self.flags[kind, depth] = ir.Name(self.names.fresh(kind))
        return self.flags[kind, depth]

    def block(self, body: Sequence[ir.Stmt], depth: int) -> Body:
        done: list[ir.Stmt] = []
        for k, stmt in enumerate(body):
            rest = tuple(body[k + 1 :])
            if isinstance(stmt, (ir.For, ir.While)):
                return (*done, *self._loop(stmt, rest, depth))
            if isinstance(stmt, ir.Region):
                return (*done, *self._region(stmt, rest, depth))
            if not _jumps_of(stmt):
                done.append(map_blocks(stmt, lambda b: self.block(b, depth)))
            else:
                return (*done, *self._jump(stmt, rest, depth))
        return tuple(done)

    def _jump(self, stmt: ir.Stmt, rest: Body, depth: int) -> Body:
        match stmt:
            case ir.Return():
                return self._return(stmt)
            case ir.Break():
                return (_set(self.flag("done", depth), True, stmt.loc),)
            case ir.Continue():
                return (_set(self.flag("skip", depth), True, stmt.loc),)
            case ir.If():
                return self._if(stmt, rest, depth)
            case ir.Leave():
                return ()  # its variable says so already
            case ir.Region():
                return self._region(stmt, rest, depth)
            case ir.Try():
                return self._try(stmt, rest, depth)
        return self._then(map_blocks(stmt, lambda b: self.block(b, depth)), _jumps_of(stmt), rest, depth)

    def _return(self, stmt: ir.Return) -> Body:
        flag = _set(self.flag("returned", 0), True, stmt.loc)
        if self.out is None or stmt.value == self.out:
            return (flag,)
        return ir.Assign(self.out, stmt.value or ir.NONE, loc=stmt.loc), flag

    def _if(self, stmt: ir.If, rest: Body, depth: int) -> Body:
        """What follows moves into the branch that goes on; if both may go on, it is guarded."""
        body, orelse = stmt.body, stmt.orelse
        if terminates(body):
            orelse, rest = (*orelse, *rest), ()
        elif terminates(orelse):
            body, rest = (*body, *rest), ()
        new = dataclasses.replace(stmt, body=self.block(body, depth), orelse=self.block(orelse, depth))
        return self._then(new, _jumps_of(stmt), rest, depth)

    def _then(self, stmt: ir.Stmt, kinds: set[str], rest: Body, depth: int) -> Body:
        """`stmt`, and what follows unless one of the jumps was made."""
        if not rest:
            return (stmt,)
        if not kinds:
            return (stmt, *self.block(rest, depth))
        guard = ir.Unary("not", self._any(kinds, depth), loc=stmt.loc)
        return stmt, ir.If(guard, self.block(rest, depth), loc=stmt.loc)

    def _any(self, kinds: set[str], depth: int) -> ir.Expr:
        flags: list[ir.Expr] = [self.flag(flag, depth) for kind, flag in _FLAGS.items() if kind in kinds]
        return _either([*flags, *(ir.Name(kind.split()[1]) for kind in sorted(kinds - set(_FLAGS)))])

    def _region(self, stmt: ir.Region, rest: Body, depth: int) -> Body:
        """The statements of a region; who leaves it goes on with what follows."""
        body = self.block(stmt.body, depth)
        kinds = _jumps_of(stmt)
        if not rest or not kinds:
            return (*body, *self.block(rest, depth))
        guard = ir.Unary("not", self._any(kinds, depth), loc=stmt.loc)
        return (*body, ir.If(guard, self.block(rest, depth), loc=stmt.loc))

    def _try(self, stmt: ir.Try, rest: Body, depth: int) -> Body:
        """What is done finally is done whatever jumps were made; a jump out of it would swallow exceptions."""
        if jumps(stmt.final) & set(_FLAGS):
            raise Unsupported("cannot differentiate a jump out of a finally block", stmt.loc, "Jump after the try.")
        return self._then(map_blocks(stmt, lambda b: self.block(b, depth)), _jumps_of(stmt), rest, depth)

    # ---- loops ----

    def _loop(self, stmt: ir.For | ir.While, rest: Body, depth: int) -> Body:
        kinds, inner = jumps(stmt.body), depth + 1
        stmt, stop = _simple_exit(stmt)
        body = self.block(stmt.body, inner)
        if "continue" in kinds:
            body = _with_flag(body, self.flag("skip", inner))
        after = (*stmt.orelse, *rest)
        if stmt.orelse and "break" in kinds:
            after = (ir.If(ir.Unary("not", self.flag("done", inner)), stmt.orelse, loc=stmt.loc), *rest)
        flags = ["done"] if "break" in jumps(stmt.body) else []
        far = kinds - {"break", "continue"}
        if stop is None and (flags or far):
            stop = self._any(far | ({"break"} if flags else set()), inner)
        new = dataclasses.replace(stmt, body=body, stop=stop, orelse=())
        done = self._then(new, far, after, depth)
        return (_set(self.flag("done", inner), False, stmt.loc), *done) if flags else done


_FLAGS = {"return": "returned", "break": "done", "continue": "skip"}


def _either(flags: Sequence[ir.Expr]) -> ir.Expr:
    return flags[0] if len(flags) == 1 else ir.BoolOp("or", tuple(flags))


def _simple_exit(stmt: ir.For | ir.While) -> tuple[ir.For | ir.While, ir.Expr | None]:
    """A single ``if c: break`` at the end needs no flag; at the start of a while loop it belongs to the test."""
    body = stmt.body
    if stmt.orelse or not body:
        return stmt, None
    if isinstance(stmt, ir.While) and _is_exit(body[0]) and "break" not in jumps(body[1:]):
        leave = negated(body[0].test)
        test = leave if _is_true(stmt.test) else ir.BoolOp("and", (stmt.test, leave), loc=stmt.test.loc)
        return dataclasses.replace(stmt, test=test, body=body[1:]), None
    if _is_exit(body[-1]) and not jumps(body[:-1]):
        return dataclasses.replace(stmt, body=body[:-1]), body[-1].test
    return stmt, None


def _is_exit(stmt: ir.Stmt) -> TypeGuard[ir.If]:
    return isinstance(stmt, ir.If) and not stmt.orelse and len(stmt.body) == 1 and isinstance(stmt.body[0], ir.Break)


# ---- flags ----


def _set(flag: ir.Name, value: bool, loc: ir.Loc | None) -> ir.Stmt:
    return ir.Assign(flag, ir.const(value), loc=loc)


def _with_flag(body: Body, flag: ir.Name) -> Body:
    """`flag` set to False before its first use, and never set where it is not read afterwards."""
    body, _ = _pruned(body, flag, False)
    return _initialised(body, flag) if any(flag.id in ir.names(s) for s in body) else body


def _pruned(body: Body, flag: ir.Name, live: bool) -> tuple[Body, bool]:
    """`body` without settings of `flag` that nothing reads, and whether it is read from the start on."""
    kept: list[ir.Stmt] = []
    for stmt in reversed(body):
        if isinstance(stmt, ir.Assign) and stmt.target == flag:
            if live:
                kept.append(stmt)
            live = False
            continue
        read = sum(n == flag for n in ir.walk(stmt)) > sum(_sets(n, flag) for n in ir.walk(stmt))
        inside = live or read and not isinstance(stmt, ir.If)
        kept.append(map_blocks(stmt, lambda b, after=inside: _pruned(b, flag, after)[0]))  # type: ignore[misc]
        live = read or live
    return tuple(reversed(kept)), live


def _sets(node: object, flag: ir.Name) -> bool:
    return isinstance(node, ir.Assign) and node.target == flag


def _initialised(body: Body, flag: ir.Name) -> Body:
    uses = [k for k, s in enumerate(body) if flag.id in ir.names(s)]
    k = uses[0]
    stmt = body[k]
    if len(uses) == 1 and isinstance(stmt, ir.If) and flag.id not in ir.names(stmt.test):
        branches = [name for name in ("body", "orelse") if flag.id in ir.names(getattr(stmt, name))]
        if len(branches) == 1:
            inner: dict[str, Any] = {branches[0]: _initialised(getattr(stmt, branches[0]), flag)}
            return (*body[:k], dataclasses.replace(stmt, **inner), *body[k + 1 :])
    return (*body[:k], _set(flag, False, stmt.loc), *body[k:])


def _tidy(body: Body) -> Body:
    """No if with an empty branch before a full one, and none without any statement whose test is without effect."""
    kept: list[ir.Stmt] = []
    for stmt in body:
        stmt = map_blocks(stmt, _tidy)
        if isinstance(stmt, ir.If) and not stmt.body:
            if stmt.orelse:
                stmt = dataclasses.replace(stmt, test=negated(stmt.test), body=stmt.orelse, orelse=())
            elif not any(isinstance(n, ir.Call) for n in ir.walk(stmt.test)):
                continue
        kept.append(stmt)
    return tuple(kept)
