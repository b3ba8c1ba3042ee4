"""Mutations of what steps read, write and keep: reuse, zeroing, liveness, effects, sweep, stacks."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/reuse.py",
        (
            "what changes on the way is read",
            "possible = not changed & {one.name, *ir.names(one.call[1])}",
            "possible = True",
        ),
        (
            "arguments may change",
            "possible = not changed & {one.name, *ir.names(one.call[1])}",
            "possible = one.name not in changed",
        ),
        (
            "the next statement is not looked at",
            "between = [s for j in range(k + 1, one.place)",
            "between = [s for j in range(k + 2, one.place)",
        ),
        (
            "arrays have one name",
            "found |= {n for n, kind in shapes.types.items() if not isinstance(kind, Num) or kind.dims != ()}",
            "found |= set(partial)",
        ),
        (
            "an adjoint waits whatever is between",
            "and one.name not in own and not around & {one.name, *own}",
            "and one.name not in own",
        ),
        (
            "hyperbolic functions are the others",
            "return (name, expr.args[0]) if home in",
            'return (name.removesuffix("h"), expr.args[0]) if home in',
        ),
        ("any dtype and shape will do", "(k.dtype, k.dims) == (own.dtype, own.dims) for", "True for"),
        ("adjoints do not wait", "            if place < k:\n", "            if place != k:\n"),
        ("what moved is lost", "for s in (step, *moved.get(k, ())))", "for s in (step,))"),
        ("its argument may be the variable", " or target.id in ir.names(call[1]):", ":"),
        (
            "counters change nothing",
            "            if isinstance(node, ir.For):\n                found |= ir.names(node.target)\n            fu",
            "            fu",
        ),
    ),
    *of(
        "srcad/transforms/zeroing.py",
        ("views are not read", "if not sharing.found[id(n)] & live[id(n)]}", "}"),
        ("names never share memory", "        super().statement(stmt)\n", ""),
        tests=("tests/transforms/test_zeroing.py",),
    ),
    *of(
        "srcad/transforms/liveness.py",
        (
            "tests read nothing",
            "return self.block(stmt.body, live) | self.block(stmt.orelse, live) | self.reads(stmt.test)",
            "return self.block(stmt.body, live) | self.block(stmt.orelse, live)",
        ),
        (
            "one branch counts",
            "return self.block(stmt.body, live) | self.block(stmt.orelse, live) | self.reads(stmt.test)",
            "return self.block(stmt.body, live) | self.reads(stmt.test)",
        ),
        ("a loop has one round", "            live = new\n", "            return new\n"),
        (
            "what is set is not read by it",
            "return (live - assigned_by(stmt)) | self.read_by(stmt)",
            "return (live | self.read_by(stmt)) - assigned_by(stmt)",
        ),
        (
            "heads of loops read nothing",
            "live = live | self.reads(stmt.iter if isinstance(stmt, ir.For) else stmt.test)",
            "live = set(live)",
        ),
        ("a pop reads no list", "            return {stmt.stack}\n", "            return set()\n"),
        (
            "attributes that are set are not read",
            "ir.names(program.results) | {v for _, v in program.updates}",
            "ir.names(program.results)",
        ),
        (
            "indices of writes are not read",
            "stmt.value if isinstance(stmt, ir.Assign) else stmt)",
            "stmt.value if isinstance(stmt, (ir.Assign, ir.Store)) else stmt)",
        ),
    ),
    *of(
        "srcad/transforms/effects.py",
        (
            "reverse functions restore nothing",
            "            found |= {activity.root(called[2][k + 1]) for k in called[0].written}\n",
            "            pass\n",
        ),
        (
            "elements are not restored",
            "            found |= full | partial\n            if isinstance(node, ir.Pop)",
            "            found |= full\n            if isinstance(node, ir.Pop)",
        ),
        (
            "indices of writes are not read",
            "    return frozenset(ir.names(stmt.target) - {activity.root(stmt.target)})",
            "    return frozenset()",
        ),
        ("turns are taken the other way", "zip(sources, targets, strict=True)", "zip(targets, sources, strict=True)"),
        (
            "counters stay as they are",
            "            found |= ir.names(node.target)\n        elif not isinstance(node, (ir.Name, ir.Ref)):",
            "            pass\n        elif not isinstance(node, (ir.Name, ir.Ref)):",
        ),
        (
            "what is popped overwrites nothing",
            "        return root if whole else frozenset(), frozenset({stmt.stack}) |",
            "        return frozenset(), frozenset({stmt.stack}) |",
        ),
        (
            "stores write nothing",
            "        return frozenset(), frozenset({activity.root(stmt.target)})\n",
            "        return frozenset(), frozenset()\n",
        ),
        (
            "np.add.at writes nothing",
            "return frozenset(), frozenset({activity.root(stmt.value.args[0])})",
            "return frozenset(), frozenset()",
        ),
        (
            "shapes stay",
            "    if shape_only:\n        found |= ir.names(node) & reshaped\n",
            "    if shape_only:\n        pass\n",
        ),
        (
            "indices on the left are not read",
            "                for item in place.items:\n                    reads(item, found, reshaped)\n",
            "                pass\n",
        ),
        (
            "lists stay as they are",
            "        return frozenset(), frozenset({stmt.stack})\n",
            "        return frozenset(), frozenset()\n",
        ),
    ),
    *of(
        "srcad/transforms/sweep.py",
        (
            "the other branch has no steps",
            "inner = (*step.body, *(step.orelse if isinstance(step, Branch) else ()))",
            "inner = step.body",
        ),
        ("tests read nothing", "return (ir.Do(step.primal.test), *inner)", "return inner"),
        ("heads of loops read nothing", "        return (head, *inner)\n", "        return inner\n"),
        (
            "what is set reads nothing",
            "found |= ir.names(step.primal.target) - reads - seen",
            "found |= ir.names(step.primal.target) - seen",
        ),
        (
            "what was read before is set first",
            "found |= ir.names(step.primal.target) - reads - seen",
            "found |= ir.names(step.primal.target) - reads",
        ),
        ("blocks inside read nothing", "        seen |= {n for s in primals(step) for n in ir.names(s)}\n", ""),
        (
            "the other branch is not run again",
            "replace(step.primal, body=body, orelse=orelse)",
            "replace(step.primal, body=body, orelse=())",
        ),
    ),
    *of(
        "srcad/transforms/stacks.py",
        ("nothing is pushed", "body = (*self.block(p.body, own), *pushes)", "body = self.block(p.body, own)"),
        ("nothing is popped", "body=(*pops, *self.block(rest))", "body=self.block(rest)"),
        ("what is popped comes too late", "body=(*pops, *self.block(rest))", "body=(*self.block(rest), *pops)"),
        (
            "pushed before it is set",
            "body = (*self.block(p.body, own), *pushes)",
            "body = (*pushes, *self.block(p.body, own))",
        ),
        (
            "callees' lists are not handed over",
            "called = {r for r in (routine, *routines.reachable(routine.body)) if r in own}",
            "called = {routine} & {*own}",
        ),
        (
            "the lists in reverse functions come in another order",
            "            call = routine.call((*args[1:], *stacks), phase)\n",
            "            call = routine.call((*args[1:], *reversed(stacks)), phase)\n",
        ),
        (
            "the tape is one of the results",
            "targets = stmt.target.items[:-1] if isinstance(stmt.target, ir.Tuple) else ()",
            "targets = stmt.target.items[1:] if isinstance(stmt.target, ir.Tuple) else ()",
        ),
        ("circles are kept", "            if routine in routines.reachable(called.body):\n", "            if False:\n"),
        (
            "what is written is not known",
            "if n in stored | called and not",
            "if n in called and not",
        ),
        (
            "single precision beside Python's numbers",
            "    if single and any(kind.dtype not in",
            "    if False and any(kind.dtype not in",
        ),
    ),
)
