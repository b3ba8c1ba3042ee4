"""Mutations of array statements as loops."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

TESTS = ("tests/transforms/test_loops.py",)
MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/loops.py",
        ("what a loop found holds behind it", "        self.extents.restore(state)\n", ""),
        ("arrays own what others have", "        self.owned = owned\n\n    def", "\n    def"),
        ("loops change no extents", "        self.extents.rebind(changed)\n        counter", "        counter"),
        ("counters stay in range though set", "or counter.id in _set_in(stmt.body, self.memory)", ""),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_memory.py",
        (
            "writes commute with reads",
            "            or self.writes & other.touched\n            or other.writes & self.touched\n",
            "",
        ),
        (
            "bindings commute",
            "            or self.binds & (other.uses | other.binds)\n            or other.binds & self.uses\n",
            "",
        ),
        ("nothing shares memory", "            self.leader[max(a, b)] = min(a, b)\n", ""),
        (
            "writes are not seen",
            "                writes.add(name)\n            if isinstance(node.target, ir.Name) and not",
            "                pass\n            if isinstance(node.target, ir.Name) and not",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_fusion.py",
        (
            "nests are joined whatever they write",
            "if memory.share(other, nest) and memory.fusable(other, nest):",
            "if True:",
        ),
        (
            "statements in between may be passed",
            "        if theirs.exits or not single and (isinstance(other, Nest) or theirs.writes or theirs.adds):",
            "        if False:",
        ),
        (
            "arrays others read become numbers",
            "if mentioned or not own or cells[own[0]].op",
            "if not own or cells[own[0]].op",
        ),
        (
            "sums of elements others need are dropped",
            "        unread = begun - read\n",
            "        unread = {c.target.id for c in nest.cells if isinstance(c.target, ir.Name)} - own\n",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_gather.py",
        ("gathered from the wrong side", "dict(zip(axes, (-o for o in found)))", "dict(zip(axes, found))"),
        (
            "arrays read elsewhere are padded",
            "return {n: found[n].dims for n in sorted(made - barred)}",
            "return {n: found[n].dims for n in sorted(made)}",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_statements.py",
        (
            "x = f(x) in place whoever else has it",
            "if target.id not in room.owned or not room.memory.is_alone(target.id) or",
            "if",
        ),
        (
            "views are computed anew",
            "    return bool(alias.shares(value, room.extents.assumed)) or isinstance(value, ir.Name)",
            "    return False",
        ),
        tests=TESTS,
        numba=True,
    ),
)
