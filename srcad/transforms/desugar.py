"""Surface control flow and assignment become the structured core.

Before: what `parse` gives. After: one `Return` at the end (or none), no `Break`, `Continue`, `Match`, walrus or loop
`else`; assignment targets are names (or a tuple of distinct names), attributes, or a `Store`. The function still runs
and gives the same value, in the same order of evaluation.
"""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Sequence
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.naming import Names
from srcad.transforms import desugar_jumps, desugar_targets, desugar_try, desugar_walrus

Body = tuple[ir.Stmt, ...]


@ir.kept
def desugar(function: ir.Function) -> ir.Function:
    """The core form of a surface function; nested functions and lambdas too.

    Raises:
        Unsupported: for a jump out of a ``finally`` block.
    """
    names = Names(_all_names(function))
    return _Desugar(names, _occurrences(function)).function(function)


def _all_names(function: ir.Function) -> set[str]:
    found = set(function.free)
    for n in ir.walk(function):
        if isinstance(n, ir.Name):
            found.add(n.id)
        elif isinstance(n, (ir.Param, ir.Function, ir.Handler)) and n.name:
            found.add(n.name)
        elif isinstance(n, ir.Match):
            found.add(n.var)
            found.update(name for case in n.cases for name, _ in case.bindings)
        elif isinstance(n, ir.Nonlocal):
            found.update(n.names)
    return found


def _occurrences(node: Any) -> Counter[str]:
    """How often each variable occurs, bindings of patterns included."""
    found: Counter[str] = Counter()
    for n in ir.walk(node):
        if isinstance(n, ir.Name):
            found[n.id] += 1
        elif isinstance(n, ir.Case):
            found.update(name for name, _ in n.bindings)
    return found


class _Desugar:
    def __init__(self, names: Names, uses: Counter[str]) -> None:
        self.names, self.uses = names, uses

    def function(self, function: ir.Function) -> ir.Function:
        if function.name == "<lambda>":
            return ir.rebuild(function, self._inside)
        if ir.yields(function.body):
            return self._generator(function)
        body = self.block(desugar_try.lower(function.body, self.names))
        return dataclasses.replace(function, body=desugar_jumps.remove(body, self.names))

    def _generator(self, function: ir.Function) -> ir.Function:
        """A generator function; for a loop that may end early it returns after the last item that is taken."""
        _refuse_in_generator(function.body)
        body = self.block(desugar_try.lower(function.body, self.names))
        stopping = _returning(body, ir.Name(self.names.fresh("stopped")))
        body, stopping = (desugar_jumps.remove(b, self.names) for b in (body, stopping))
        return dataclasses.replace(function, body=body, stopping=stopping)

    def _inside(self, node: Any) -> Any:
        """Functions below a node, desugared."""
        if isinstance(node, ir.Function):
            return _Desugar(self.names, _occurrences(node)).function(node)
        return ir.rebuild(node, self._inside)

    def block(self, body: Sequence[ir.Stmt]) -> Body:
        return tuple(new for stmt in body for new in self.statement(stmt))

    def statement(self, stmt: ir.Stmt) -> Body:
        """Matches, targets and walruses of one statement; its jumps are left to `desugar_jumps`."""
        if isinstance(stmt, ir.Match):
            return self._match(stmt)
        if isinstance(stmt, ir.While):
            return self._while(stmt)
        done: list[ir.Stmt] = []
        before, stmt = desugar_walrus.hoist(stmt, self.names)
        for s in (*before, stmt):
            done += self._targets(_with_blocks(s, self.block, self._inside))
        return tuple(done)

    def _targets(self, stmt: ir.Stmt) -> Body:
        if isinstance(stmt, ir.Assign):
            return desugar_targets.assign(stmt, self.names)
        return (desugar_targets.loop(stmt, self.names),) if isinstance(stmt, ir.For) else (stmt,)

    def _while(self, loop: ir.While) -> Body:
        """A test with statements to run before it is run before the loop, and again at the end of each iteration."""
        before, test = desugar_walrus.expression(loop.test, self.names)
        before = self.block(before)
        test = self._inside(test)
        body, orelse = self.block(loop.body), self.block(loop.orelse)
        if before and "continue" in desugar_jumps.jumps(body):
            leave = ir.If(desugar_jumps.negated(test), (ir.Break(loc=loop.loc),), loc=loop.loc)
            if orelse:  # leaving by the test runs the else part, leaving by a break does not
                flag = ir.Name(self.names.fresh("exhausted"), loc=loop.loc)
                note = ir.Assign(flag, ir.const(True), loc=loop.loc)
                leave = dataclasses.replace(leave, body=(note, *leave.body))
                new = dataclasses.replace(loop, test=ir.const(True), body=(*before, leave, *body), orelse=())
                return ir.Assign(flag, ir.const(False), loc=loop.loc), new, ir.If(flag, orelse, loc=loop.loc)
            return (dataclasses.replace(loop, test=ir.const(True), body=(*before, leave, *body)),)
        return *before, dataclasses.replace(loop, test=test, body=(*body, *before), orelse=orelse)

    # ---- match ----

    def _match(self, match: ir.Match) -> Body:
        """A chain of ifs over the subject, which is evaluated once."""
        bound = {name for case in match.cases for name, _ in case.bindings}
        if isinstance(match.subject, ir.Name) and match.subject.id not in bound:
            cases = ir.substitute(match.cases, {match.var: match.subject})
            return self.block(self._cases(cases, match.loc, self._confined(cases)))
        subject = ir.Assign(ir.Name(match.var, loc=match.subject.loc), match.subject, loc=match.loc)
        return self.block((subject, *self._cases(match.cases, match.loc, self._confined(match.cases))))

    def _confined(self, cases: tuple[ir.Case, ...]) -> set[str]:
        """The names bound by patterns that are used in the cases binding them and nowhere else."""
        inside: Counter[str] = Counter()
        for case in cases:
            uses = _occurrences(case)
            inside.update({name: uses[name] for name in {name for name, _ in case.bindings}})
        return {name for name, count in inside.items() if count == self.uses[name]}

    def _cases(self, cases: tuple[ir.Case, ...], loc: ir.Loc | None, confined: set[str]) -> Body:
        if not cases:
            return ()
        case, *rest = cases
        binding = tuple(ir.Assign(ir.Name(name), value, loc=case.test.loc) for name, value in case.bindings)
        others = self._cases(tuple(rest), loc, confined)
        at = case.test.loc or loc
        if case.guard is None or not binding:
            test = _both(case.test, case.guard)
            if test == ir.const(True):
                return (*binding, *case.body)
            return (ir.If(test, (*binding, *case.body), others, loc=at),)
        if all(name in confined for name, _ in case.bindings):
            guard = ir.substitute(case.guard, dict(case.bindings))
            return (ir.If(_both(case.test, guard), (*binding, *case.body), others, loc=at),)
        return self._guarded(case, binding, others, at)

    def _guarded(self, case: ir.Case, binding: Body, others: Body, at: ir.Loc | None) -> Body:
        """A case whose names stay bound although its guard fails."""
        assert case.guard is not None
        flag = ir.Name(self.names.fresh("matched"), loc=at)
        body = (ir.Assign(flag, ir.const(True), loc=at), *case.body)
        chosen = ir.If(case.test, (*binding, ir.If(case.guard, body, loc=at)), loc=at)
        return ir.Assign(flag, ir.const(False), loc=at), chosen, ir.If(ir.Unary("not", flag), others, loc=at)


def _returning(body: Body, stopped: ir.Name) -> Body:
    """``if stopped: return`` after each yield."""
    done: list[ir.Stmt] = []
    for stmt in body:
        stmt = desugar_jumps.map_blocks(stmt, lambda b: _returning(b, stopped))
        if isinstance(stmt, ir.Yield):
            name = dataclasses.replace(stopped, loc=stmt.loc)
            leave = ir.If(name, (ir.Return(None, loc=stmt.loc),), loc=stmt.loc)
            done += [dataclasses.replace(stmt, stopped=name), leave]
        else:
            done.append(stmt)
    return tuple(done)


def _refuse_in_generator(body: Body) -> None:
    for node in ir.own(body):
        if isinstance(node, ir.Return) and node.value not in (None, ir.NONE):
            raise Unsupported("cannot differentiate a generator that returns a value", node.loc, "Yield it.")
        if isinstance(node, ir.Try) and node.handlers and any(isinstance(n, ir.Yield) for n in ir.own(node)):
            reason = "cannot differentiate a yield inside try and except: it would catch what the loop raises"
            raise Unsupported(reason, node.loc, "Yield outside of the try.")


def _both(test: ir.Expr, guard: ir.Expr | None) -> ir.Expr:
    if guard is None or test == ir.const(True):
        return test if guard is None else guard
    items = [part for t in (test, guard) for part in (t.items if isinstance(t, ir.BoolOp) and t.op == "and" else (t,))]
    return ir.BoolOp("and", tuple(items), loc=test.loc)


def _with_blocks(stmt: ir.Stmt, block: Any, inside: Any) -> ir.Stmt:
    """`stmt` with its blocks and the functions in its expressions desugared."""
    changes: dict[str, Any] = {}
    for f in dataclasses.fields(stmt):
        old = getattr(stmt, f.name)
        if f.name in ("body", "orelse", "final") and not isinstance(stmt, ir.Define):
            changes[f.name] = block(old)
        elif f.name == "handlers":
            changes[f.name] = tuple(dataclasses.replace(h, body=block(h.body)) for h in old)
        elif f.name != "loc":
            changes[f.name] = _each(old, inside)
    return dataclasses.replace(stmt, **changes)


def _each(value: Any, f: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(_each(item, f) for item in value)
    return f(value) if ir.is_node(value) else value
