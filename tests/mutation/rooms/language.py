"""Mutations of what the language means: desugar."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/desugar_jumps.py",
        (
            "a break only skips",
            'return (_set(self.flag("done", depth), True, stmt.loc),)',
            'return (_set(self.flag("skip", depth), True, stmt.loc),)',
        ),
        ("a continue does nothing", 'return (_set(self.flag("skip", depth), True, stmt.loc),)', "return ()"),
        (
            "what follows runs after a jump",
            'guard = ir.Unary("not", self._any(kinds, depth), loc=stmt.loc)\n        return stmt,',
            "guard = ir.Const(True)\n        return stmt,",
        ),
        (
            "the rest moves into the branch that ends",
            "            orelse, rest = (*orelse, *rest), ()",
            "            rest = ()",
        ),
        (
            "the value of an early return is lost",
            "return ir.Assign(self.out, stmt.value or ir.NONE, loc=stmt.loc), flag",
            "return (flag,)",
        ),
    ),
    *of(
        "srcad/transforms/desugar.py",
        (
            "a case binds after its body",
            "return (ir.If(test, (*binding, *case.body), others, loc=at),)\n        if all(",
            "return (ir.If(test, (*case.body, *binding), others, loc=at),)\n        if all(",
        ),
        (
            "a walrus in a test is run once",
            "return *before, dataclasses.replace(loop, test=test, body=(*body, *before), orelse=orelse)",
            "return *before, dataclasses.replace(loop, test=test, body=body, orelse=orelse)",
        ),
        (
            "other cases run, too",
            'return ir.Assign(flag, ir.const(False), loc=at), chosen, ir.If(ir.Unary("not", flag), others, loc=at)',
            "return ir.Assign(flag, ir.const(False), loc=at), chosen, *others",
        ),
        ("a guard is forgotten", "test = _both(case.test, case.guard)", "test = case.test"),
        (
            "statements of a block are left",
            "return tuple(new for stmt in body for new in self.statement(stmt))",
            "return tuple(new for stmt in body for new in self.statement(stmt)[-1:])",
        ),
    ),
)
