"""Mutations of the evaluator."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/eval_order.py",
        (
            "earlier operands are read late",
            "        values = held(ev, values, mark, loc)\n        values.append(value)",
            "        values.append(value)",
        ),
        (
            "a rebound variable is not a change",
            "        if ir.names(expr) & self.rebound:\n            return True\n",
            "",
        ),
        ("a write is not a change", "return self.wrote and not isinstance(expr, ir.Name) and", "return False and"),
        ("what a variable held is lost", "        moved[name] = ir.Name(kept)", "        pass"),
        ("np.add.at writes nothing", 'node.value.fn == ir.Ref("numpy.add.at")', "False"),
    ),
    *of(
        "srcad/eval_core.py",
        ("parallel assignment is one by one", "        if clash:\n", "        if False:\n"),
        ("nonlocal is local", "        if name in self.cx.nonlocals.get(frame, ()):", "        if False:"),
        (
            "nonlocal is next door",
            "            while self.cx.parents.get(frame) is not None and",
            "            while False and",
        ),
        (
            "targets are not released",
            "        eval_order.release(self, [t for t, _ in pairs], loc, owners, also)\n",
            "",
        ),
    ),
    *of(
        "srcad/eval_augment.py",
        (
            "a name is not given back what changed in place",
            "        ev.bind(target.id, new, stmt.loc)\n",
            "        new is old or ev.bind(target.id, new, stmt.loc)\n",
        ),
        ("setters see no change in place", "not eval_special.sees_writes(box.cls, name) and _same(", "_same("),
        ("read-only items are written", 'there and box.kind in ("list", "dict") and', "there and"),
        (
            "items are added to by their sums",
            "new = _combined(ev, old, stmt, value) if copied else _updated(ev, old, stmt, value)",
            "new = old if not copied and changed_in_place(ev, old, stmt, value) else _combined(ev, old, stmt, value)",
        ),
    ),
    *of(
        "srcad/eval_merge.py",
        (
            "the other branch assigns nothing",
            "return body + assignments(ev, merge.fix_a, loc), orelse + assignments(ev, merge.fix_b, loc), state",
            "return body + assignments(ev, merge.fix_a, loc), orelse, state",
        ),
        (
            "values that differ are one",
            "        if a.expr == b.expr and (frame, name) not in self.apart:",
            "        if (frame, name) not in self.apart:",
        ),
        (
            "stale values stay",
            "            if not stale - self.apart:\n                return state",
            "            if True:\n                return state",
        ),
        ("slots are shared", "        while self.taken.setdefault(slot, pair) != pair:", "        while False:"),
    ),
    *of(
        "srcad/eval_loops.py",
        (
            "iterators are full in every iteration",
            "    if any(int(serial) <= first for serial in after if serial not in before):\n        return False\n",
            "",
        ),
        (
            "reversed is one off",
            'last = ir.Binary("-", ir.Binary("-", self.length(value.args[0]), ir.Const(1)), k.expr)',
            'last = ir.Binary("-", self.length(value.args[0]), k.expr)',
        ),
        ("enumerate counts from its start twice", "count = k if start == ir.Const(0) else", "count = k if True else"),
        (
            "the last assignments of an iteration are lost",
            "return body + assignments(ev, merge.fix_b, stmt.loc), stop_expr",
            "return body, stop_expr",
        ),
        (
            "zip runs as long as the first",
            "return lengths[0] if len(lengths) == 1 else",
            "return lengths[0] if True else",
        ),
    ),
)
