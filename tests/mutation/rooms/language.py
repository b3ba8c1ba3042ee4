"""Mutations of what the language means: desugar, inline."""

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
    *of(
        "srcad/transforms/inline.py",
        (
            "lists that are pushed to go",
            " - {n.stack for n in nodes if isinstance(n, (ir.Push, ir.Pop))}\n\n    def kept",
            "\n\n    def kept",
        ),
        ("numbers used by value may change", "    found.update(context.used_baked)\n", ""),
        ("captured structure may change", "if leaves.is_structure(value)}", "if False}"),
        ("generators have a value", "    if ir.yields(function.body):", "    if False:"),
        ("parameters are lost when rebound", "        if param.name in rebound:\n", "        if False:\n"),
        ("one argument is filled", "return found[0] if len(found) == 1 else ev.tuple_of(found)", "return found[0]"),
        (
            "what is written has one name",
            "& alias.touched(ev.out, stored_names(ev.out), ev.cx.types))",
            "& stored_names(ev.out))",
        ),
        ("recursions are not asked what they write", "    _find_written(ev)\n", "    pass\n"),
        (
            "what is not written is an output",
            "    if not any(_is_written(ev, e) for e in exprs):\n",
            "    if False:\n",
        ),
        ("recursions write nothing", "            found |= routines.written_roots(node)\n", "            pass\n"),
        ("np.add.at writes nothing", "if node.value.fn in activity.ADD_AT else None", "if False else None"),
        ("integers have derivatives", "if types.is_float(context.types[i.name]))", "if True)"),
        (
            "one of several outputs",
            "value = written[0] if len(written) == 1 else ev.tuple_of(written)",
            "value = written[0]",
        ),
    ),
)
