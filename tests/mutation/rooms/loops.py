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
    *of(
        "srcad/transforms/loops_before.py",
        ("memory is not shared", "or not memory.is_alone(name) or memory", "or memory"),
        ("joined whatever they write", "    if not room.memory.fusable(early, late):\n        return None\n", ""),
        ("statements around are lost", "    if first.after or second.before or not", "    if not"),
        ("gathered elements are others", "cell is None or cell.gathers or cell.op", "cell is None or cell.op"),
        (
            "+= is =",
            "value = cell.value if not cell.op else ir.Binary(cell.op, cell.target, cell.value)",
            "value = cell.value",
        ),
        ("the new elements are read", "_reading(c, name, copy) for c in", "c for c in"),
        (
            "the copy comes after",
            "return filling, room.memory.joined(early, late)",
            "return room.memory.joined(early, late), filling",
        ),
        (
            "nests of other extents",
            "isinstance(last, Nest) and last.dims == item.dims and item.dims:",
            "isinstance(last, Nest):",
        ),
        (
            "indices are read anew",
            "return replace(node, base=copy, items=tuple(map(change, node.items)))",
            "return replace(node, base=copy)",
        ),
        tests=("tests/transforms/test_loops_before.py", *TESTS),
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_assigned.py",
        ("zeros are read in the nest", "memory.is_alone(name) and not _touches(rest, name):", "memory.is_alone(name):"),
        ("memory is not shared", "offset is not None and memory.is_alone(name) and", "offset is not None and"),
        ("offsets turned", "zeroed.offset - offset\n", "offset - zeroed.offset\n"),
        ("what is subtracted is added", '    value = ir.Unary("-", value) if cell.op == "-" else value\n', ""),
        ("zeros beyond both ends", "not 0 <= low <= longer.const <= MOST:", "not longer.const <= MOST:"),
        ("sources without zeros around", "not sources <= padded or", ""),
        ("whatever fills them", " or not all(_fills(s, zeroed.nest, before) for s in sources):", ":"),
        ("sums read themselves", " or zeroed.array in memory.of_cell(cell).reads:", ":"),
        ("the first element is left", "*map(Dim, range(low))", "*map(Dim, range(1, low))"),
        (
            "the last elements are left",
            "for k in range(count - low, 0, -1))",
            "for k in range(count - low - 1, 0, -1))",
        ),
        ("both ends need one more", "ir.Const(count - 1)))", "ir.Const(count)))"),
        tests=("tests/transforms/test_loops_assigned.py", *TESTS),
        numba=True,
    ),
    *of(
        "srcad/transforms/once.py",
        ("what is written stays", " or self.memory.group(place.base.id) in written:", ":"),
        (
            "indices that change are read first",
            "counts[place] > 1 and not ir.names(place) & bound and",
            "counts[place] > 1 and",
        ),
        ("what may not be there is read", " and not any(place in ir.walk(n) for n in chosen):", ":"),
        ("elements outside are read", " and self.is_inside(n, ranges)]", "]"),
        ("elements that change are steady", "if not ir.names(n) & changed and self.is_inside", "if self.is_inside"),
        ("others may touch a total", "place not in found and self.is_alone(place, loop) and", "place not in found and"),
        ("totals outside", " and self.is_inside(place, ranges):", ":"),
        (
            "totals of other elements",
            "if same and ir.names(place) & around and not ir.names(place) & changed and",
            "if same and ir.names(place) & around and",
        ),
        ("totals are not stored", "            after.append(ir.Store(place, name))\n", ""),
        ("sums in other precision", "(own.dtype, own.dims) == (value.dtype, ())", "own.dims == ()"),
        ("a loop may end early", "if loop.stop is not None or not all(", "if not all("),
        (
            "ranges hold though counters are set",
            "inner = {k: v for k, v in ranges.items() if k not in bound}",
            "inner = dict(ranges)",
        ),
        tests=("tests/transforms/test_once.py", *TESTS),
        numba=True,
    ),
)
