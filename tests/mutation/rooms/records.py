"""Mutations of what is kept for the reverse sweep: record, headers."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/record.py",
        (
            "nothing lost is saved",
            "save, restore = self.save(primal, lost, around, final, named) if lost else ([], [])",
            "save, restore = [], []",
        ),
        (
            "partial writes are not saved",
            "lost = {n for n in full if n in need} | {n for n in partial if self.touches(n, need)}",
            "lost = {n for n in full if n in need}",
        ),
        (
            "indices of a restore are not needed",
            "need = need | place_reads(primal) | (partial & lost)",
            "need = need | (partial & lost)",
        ),
        (
            "aliases do not count",
            "return name in need or bool(self.aliases.get(name, set()) & need)",
            "return name in need",
        ),
        (
            "both branches run on the test as it is then",
            "        if step.flag is not None:\n            flag = ",
            "        if False:\n            flag = ",
        ),
        (
            "a loop's need is found in one round",
            "            head = head | (out - counter - own)\n",
            "            break\n",
        ),
        (
            "the reverse sweep is not reversed",
            "[s for part in reversed(backward) for s in part]",
            "[s for part in backward for s in part]",
        ),
        ("restores before the adjoint, always", "if after & lost:", "if False:"),
        ("a swap is not undone", "undo = (back,) if need & set(swap) else ()", "undo = ()"),
        ("shapes of changing arrays are not needed", "| self.shapes_of(stmts)", "| frozenset()"),
    ),
    *of(
        "srcad/transforms/saving.py",
        ("saved arrays are not copied", 'return ir.call("numpy.copy", place) if copied else place', "return place"),
        tests=("lists.", "run_time_lists.", "overwrites."),
    ),
    *of(
        "srcad/transforms/headers.py",
        ("the reverse loop runs one short", "_range(first, last, back)", "_range(first, _minus(last, back), back)"),
        (
            "trips are counted from one",
            "first.append(ir.Assign(ir.Name(self.step.trips), ir.Const(0)))",
            "first.append(ir.Assign(ir.Name(self.step.trips), ir.Const(1)))",
        ),
        (
            "bounds that change are read again",
            "            for k, name in step.bounds:\n                bounds[k] = ir.Name(name)",
            "            for k, name in step.bounds:\n                pass",
        ),
        ("a falling range begins later", '_simplified(ir.Binary("+", start, ir.Const(1))),\n', "start,\n"),
        (
            "bounds that move are steady",
            "            return self.enclosed(start, stop, around)\n",
            "            pass\n",
        ),
        (
            "room for all but one",
            'extent = _simplified(ir.Binary("-", stop, start))',
            'extent = _minus(ir.Binary("-", stop, start), ir.Const(1))',
        ),
        (
            "the other extreme",
            "last = first if (coef > 0) != bool(end) else",
            "last = first if (coef > 0) == bool(end) else",
        ),
        ("a counter ends early", "else first + count - 1", "else first + count - 2"),
        (
            "bounds are not needed",
            "        return own.union(*(ir.names(b) for b in self.bounds))",
            "        return own",
        ),
        (
            "trips are not needed",
            "own = frozenset({self.step.trips}) if self.step.trips else frozenset()",
            "own = frozenset[str]()",
        ),
        (
            "strides begin at zero",
            'value = moved if start == ir.Const(0) else ir.Binary("+", start, moved)',
            "value = moved",
        ),
        ("strides are one", 'moved = k if step == ir.Const(1) else ir.Binary("*", k, step)', "moved = k"),
        (
            "restored before the loop",
            "return forward, [*self.backward_loop(b), *restores[::-1]]",
            "return forward, [*restores[::-1], *self.backward_loop(b)]",
        ),
    ),
)
