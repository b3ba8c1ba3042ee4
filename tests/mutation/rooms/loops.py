"""Mutations of array statements as loops."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

TESTS = ("tests/transforms/test_loops.py", "tests/transforms/test_loops_programs.py")
MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/loops.py",
        ("what a loop found holds behind it", "        self.extents.restore(state)\n", ""),
        ("arrays own what others have", "        self.owned = owned\n\n    def", "\n    def"),
        ("loops change no extents", "        self.extents.rebind(changed)\n        counter", "        counter"),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_unchecked.py",
        ("short masks are taken", "        if isinstance(node, ir.Index) and any(", "        if False and any("),
        ("what is added fits", "    if value == () or not target or", "    if True or"),
        ("an ellipsis stands for no axis", "        if item == ir.ELLIPSIS:\n", "        if False:\n"),
        ("all masks are of the first axis", "        axis += own\n", ""),
        ("new axes are axes", "0 if item in (ir.NONE, ir.ELLIPSIS) else 1", "0 if item == ir.ELLIPSIS else 1"),
        (
            "no extent is below zero",
            "            if extent is not None and not extent.is_const",
            "            if False and extent",
        ),
        tests=("tests/transforms/test_mismatch.py",),
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_writes.py",
        (
            "what a mask chooses is computed of all there is",
            "        if not self.elements.is_elementwise(value):\n            raise Stay\n",
            "",
        ),
        tests=("tests/transforms/test_loops_programs.py",),
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
            "if small and memory.share(other, nest) and memory.fusable(other, nest):",
            "if small:",
        ),
        (
            "statements in between come first whatever they read",
            "if isinstance(other, Nest) and other.dims == nest.dims and all(theirs.commutes(e) for e in moving):",
            "if isinstance(other, Nest) and other.dims == nest.dims:",
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
        tests=("tests/transforms/test_loops_before.py", *TESTS),
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_assigned.py",
        ("zeros are read in the nest", "memory.is_alone(name) and not _touches(rest, name):", "memory.is_alone(name):"),
        ("offsets turned", "zeroed.offset - offset\n", "offset - zeroed.offset\n"),
        ("whatever fills them", " or not all(_fills(s, zeroed.nest, before) for s in sources):", ":"),
        ("the first element is left", "*map(Dim, range(low))", "*map(Dim, range(1, low))"),
        (
            "the last elements are left",
            "for k in range(count - low, 0, -1))",
            "for k in range(count - low - 1, 0, -1))",
        ),
        ("both ends, always", "ir.Const(count - 1)))", "ir.Const(-1)))"),
        ("whatever is set is zero", " or not algebra.is_number(cell.value, 0.0):", ":"),
        (
            "the ends keep no sums",
            "return nest, _ends(",
            "return nest, Plain(ir.If(ir.Const(False), ())) if True else _ends(",
        ),
        tests=("tests/transforms/test_loops_assigned.py", *TESTS),
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_resting.py",
        ("whatever is set last is zero", " or not algebra.is_number(cell.value, 0.0):", ":"),
        ("parts that grow", " or ir.names(last.stops) & changing:", ":"),
        ("elements around are read", "    return rest if fits and all(", "    return rest if fits or all("),
        ("sums elsewhere", "inside = all(d.is_const and d.const >= 0 for d in beyond)", "inside = True"),
        ("places turned", "tuple(z - b for z, b in", "tuple(b - z for z, b in"),
        ("what is taken away is added", 'value = ir.Unary("-", value) if cell.op == "-" else value', "value = value"),
        ("other sums where they were", "moved(cell.value, dict(zip(room.memory.axes, lower)))", "cell.value"),
        tests=("tests/transforms/test_loops_resting.py", *TESTS),
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_records.py",
        ("the arrays of these names are copied", "if any(found & (others | {written})", "if any(found & others"),
        (
            "iterations count from zero",
            "index.append(plain(types.symbol(one.target.id) - start))",
            "index.append(ir.Name(one.target.id))",
        ),
        ("what is restored is read behind", "if pop.target.id not in live and _is", "if _is"),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_extents.py",
        (
            "columns counted from the end",
            " and self.at_least_zero(a) and self.at_least_zero(b)",
            "",
        ),
        ("counters end before their range", "(start, stop - 1) if step == ONE", "(start, stop - 2) if step == ONE"),
        ("a column is another than itself", "gap.is_const and gap.const != 0 and", "gap.is_const and"),
        tests=("tests/transforms/test_loops_memory.py", *TESTS),
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_ranges.py",
        ("what is read behind has another name", "if name not in live and self", "if self"),
        ("what is mentioned nowhere else has, too", "self.mentions[name] > own and self.is_free", "self.is_free"),
        tests=("tests/transforms/test_loops_ranges.py", *TESTS),
        numba=True,
    ),
    *of(
        "srcad/transforms/loops_reductions.py",
        ("transposed or not", "matrix, axis = turned, 1 - axis", "matrix, axis = turned, axis"),
        (
            "lengths of any kind",
            "        elements.checks.append((m.dims[axis], v.dims[0]))\n",
            "        pass\n",
        ),
        ("matrices that cost more", " or not _is_combination(matrix):", ":"),
        tests=("tests/transforms/test_loops_reductions.py", *TESTS),
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
        ("others may touch a total", "place not in found and self.is_alone(place, loop) and", "place not in found and"),
        ("totals outside", " and self.is_inside(place, ranges):", ":"),
        (
            "totals begin with zero",
            "before.append(ir.Assign(name, place))\n            after",
            "before.append(ir.Assign(name, ir.Const(0.0)))\n            after",
        ),
        ("totals are not stored", "            after.append(ir.Store(place, name))\n", ""),
        ("sums in other precision", "(own.dtype, own.dims) == (value.dtype, ())", "own.dims == ()"),
        ("a loop may end early", "if loop.stop is not None or not all(", "if not all("),
        (
            "what an element held before is lost",
            "before = () if begins else (ir.Assign(name, place),)",
            "before = ()",
        ),
        tests=("tests/transforms/test_once.py", *TESTS),
        numba=True,
    ),
)
