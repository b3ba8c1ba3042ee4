"""Mutations of products, columns and quotients and their parts; shown by Numba's text, interpreted."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

TESTS = (
    "tests/transforms/test_products.py",
    "tests/transforms/test_quotients.py",
    "tests/test_polyhedra.py",
    "tests/runtime/test_products.py",
)
MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/products.py",
        ("counters are lost", "        if counters & self.outliving:\n            return None\n", ""),
        (
            "numbers others read go",
            "return stmt.target.id not in read and not outside[stmt.target.id]",
            "return stmt.target.id not in read",
        ),
        (
            "numbers of the nest go",
            "return stmt.target.id not in read and not outside[stmt.target.id]",
            "return not outside[stmt.target.id]",
        ),
        ("arrays that are read go", "        return made and name not in read", "        return made"),
        (
            "extents stay equal behind a block",
            "        body = self.block(stmts)\n        self.equal = equal\n",
            "        body = self.block(stmts)\n",
        ),
        (
            "changed statements stay as they were",
            "kept = {id(nest.leaves[k].stmt): leaves[k].stmt for part",
            "kept = {id(nest.leaves[k].stmt): nest.leaves[k].stmt for part",
        ),
        (
            "what others set is no number of the nest",
            "    if isinstance(stmt.target, ir.Name):\n        return found - {stmt.target.id}",
            "    if isinstance(stmt.target, ir.Name):\n        return set()",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/facts.py",
        ("any check makes extents equal", "or not isinstance(stmt.body[-1], ir.Raise):", "or False:"),
        tests=(*TESTS, "tests/transforms/test_mismatch.py"),
        numba=True,
    ),
    *of(
        "srcad/transforms/products_order.py",
        (
            "a product may read what it made",
            "        if part.candidate is not None and _feeds_itself(part, group):\n            return {n}\n",
            "",
        ),
        (
            "nothing comes before anything",
            "            if m != n and _precedes(other, part, group):",
            "            if False:",
        ),
        (
            "what is blocked runs",
            "        blocked = {n for n in rest if before[n] - done - rest}",
            "        blocked = set()",
        ),
        ("products do not wait", "and n not in done and before[n] <= done]", "and n not in done]"),
        (
            "statements of one number part",
            "        for group in [g for g in groups if g[0] & names]:",
            "        for group in ():",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/products_access.py",
        (
            "reads and writes may be exchanged",
            'if group(first.array) != group(second.array) or first.kind == second.kind == "read":',
            'if group(first.array) != group(second.array) or "read" in (first.kind, second.kind):',
        ),
        (
            "sums may be exchanged with writes",
            '    if first.kind == second.kind == "add":',
            '    if "add" in (first.kind, second.kind):',
        ),
        ("only within one iteration", "        yield [ahead - 1], list(same)\n", ""),
        ("only between iterations", "    if first.where.at < second.where.at:\n        yield [], same\n", ""),
        (
            "the sign of a step",
            "        ahead = (moved[one.counter] - symbol(one.counter)) * one.step",
            "        ahead = moved[one.counter] - symbol(one.counter)",
        ),
        ("a counter reaches its end", "put(loop.high - 1 - counter, moved)", "put(loop.high - 2 - counter, moved)"),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/products_loops.py",
        (
            "falling loops rise",
            "return Loop(stmt.target.id, stop + 1, start + 1, -1)",
            "return Loop(stmt.target.id, stop + 1, start + 1, 1)",
        ),
        (
            "falling loops end early",
            "return Loop(stmt.target.id, stop + 1, start + 1, -1)",
            "return Loop(stmt.target.id, stop + 1, start, -1)",
        ),
        ("numbers are known for ever", "            self.forget({stmt.target.id})\n", ""),
        (
            "a factor is a sum",
            'return stmt.op in ("+", "-") and isinstance(kind, Num) and',
            "return isinstance(kind, Num) and",
        ),
        (
            "what is subtracted is added",
            "            return ir.Augment(stmt.target, stmt.value.op, stmt.value.right, loc=stmt.loc)",
            '            return ir.Augment(stmt.target, "+", stmt.value.right, loc=stmt.loc)',
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/products_mirrored.py",
        ("any two triangles are a pair", "    if not _turned(a, turned):\n        return None\n", ""),
        (
            "a pair is its first half",
            'return mirrored([*rest[:k], ("\\n".join(notes), both), *rest[k:]])',
            "return [*rest[:k], found[k], *rest[k:]]",
        ),
        ("offsets do not matter", " or offset is None or back != -offset:", ":"),
        ("factors do not matter", "if rest != [c, scale] or last != b or", "if rest[:1] != [c] or last != b or"),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/products_terms.py",
        (
            "minus minus is minus",
            "yield from pieces(value.operand, not minus)",
            "yield from pieces(value.operand, True)",
        ),
        ("the sign of a product", "Term(a.minus ^ b.minus, a.factors", "Term(a.minus or b.minus, a.factors"),
        ("half of the factors", "a.factors + b.factors, a.loops + b.loops)", "a.factors, a.loops + b.loops)"),
        (
            "what is subtracted from a row is added",
            "return [replace(_at(t, counter, value.items[0]), minus=t.minus ^ negative) for t in found]",
            "return [_at(t, counter, value.items[0]) for t in found]",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/products_calls.py",
        (
            "factors are added",
            'total = factor.expr if total is None else ir.Binary("*", total, factor.expr)',
            "total = factor.expr",
        ),
        ("the sign is forgotten", "    if not term.minus:\n        return total\n", "    return total\n"),
        ("matrices stay in their order", "        a, b, at = b, a, [at[0], at[2], at[1]]", "        pass"),
        (
            "triangles are squares",
            '("_where" if beyond else "")\n        call = ir.Do(ir.call(name, *spelt, *beyond, **extents))',
            '""\n        call = ir.Do(ir.call(name, *spelt, **extents))',
        ),
        ("the end is among the values", "yield -rest if sign == 1 else rest + 1", "yield -rest if sign == 1 else rest"),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/columns.py",
        ("walks along rows do not count", "walk.down and not walk.along", "walk.down"),
        ("others see the memory", "        if elements[name] == places[name]:\n", "        if True:\n"),
        ("what the loop sets is fixed", " | {n for inner in ir.walk(loop.body) for n in assigned_by(inner)}", ""),
        ("the extents change places", "items=shape.items[::-1]", "items=shape.items"),
        tests=("tests/transforms/test_columns.py",),
        numba=True,
    ),
    *of(
        "srcad/transforms/quotients.py",
        (
            "last digits decide nothing",
            "for node in _live(stmt, program.types)):\n        return program\n",
            "for node in ()):\n        return program\n",
        ),
        (
            "what the loop sets is fixed",
            "for n in ir.walk(expr)) and not ir.names(expr) & bound",
            "for n in ir.walk(expr))",
        ),
        ("integers are divided so, too", " or not all(_is_double(e, known) for e in (node.left, node.right)):", ":"),
        (
            "jumps are smooth",
            '    return path in ("builtins.range"',
            '    return package == "numpy" or path in ("builtins.range"',
        ),
        ("products, too", 'node.op != "/" or not', 'node.op not in "*/" or not'),
        ("floors are smooth", "        return not (power or _is_integer(node, known))", "        return False"),
        (
            "comparisons decide nothing",
            "ir.IfExp, ir.Compare, ir.BoolOp, ir.Do)):\n        return not",
            "ir.IfExp, ir.BoolOp, ir.Do)):\n        return not",
        ),
        (
            "counters are fixed",
            "(ir.Assign, ir.For, ir.Augment, ir.Store))\n",
            "(ir.Assign, ir.Augment, ir.Store))\n",
        ),
        ("single precision, too", 'found.dtype == "float64" and found.dims == ()', "found.dims == ()"),
        ("powers of two, too", '!= "0x1.0000000000000"', '!= ""'),
        tests=TESTS,
        numba=True,
    ),
)
