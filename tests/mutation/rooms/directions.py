"""Mutations of what computes along many directions: batch, batch_terms."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

TESTS = ("tests/transforms/test_batch.py", "tests/test_directions.py", "tests/test_batching.py")
MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/batch.py",
        ("values have directions", "work.result(expr, k >= values)", "work.result(expr, k > values)"),
        (
            "a number's directions are another's",
            'alias.shares(value, self.types()) else ir.call("numpy.copy", value)',
            'False else ir.call("numpy.copy", value)',
        ),
        (
            "numbers are not begun",
            "        for name in self.numbers:\n            yield",
            "        for name in ():\n            yield",
        ),
        (
            "constants are not spread",
            "            return self.terms.spread(expr, kind)\n        if kind.dims",
            "            return expr\n        if kind.dims",
        ),
        (
            "of pairs, one is spread",
            "self.value(v, self.kind(t.id)) if t.id in self.wide else",
            "self.value(v, self.kind(t.id)) if False else",
        ),
        (
            "adding changes what others hold",
            "        return ir.Assign(target, ir.Binary(stmt.op, target, value), loc=stmt.loc)",
            "        return replace(stmt, value=value)",
        ),
        (
            "an ellipsis counts the directions where is added",
            "if isinstance(index, ir.Tuple) and ELLIPSIS in index.items:",
            "if False:",
        ),
        (
            "an array that is read is overwritten",
            "into = target if target.id not in ir.names(stmt.value) else self.terms.new",
            "into = target if True else self.terms.new",
        ),
        ("what is found takes no name", "[] if into == target else [ir.Assign(target, into)]", "[]"),
        (
            "what np.add.at adds has no directions",
            "args = (array, place, self.terms.operand(value))",
            "args = (array, place, self.terms.plain(value))",
        ),
        ("what is put before is lost", "        return [*self.terms.before, *found]", "        return found"),
        tests=TESTS,
    ),
    *of(
        "srcad/transforms/batch_terms.py",
        (
            "operands do not line up",
            "return ir.Index(plain, (*(EVERY,) * rank, NEWAXIS)) if rank else plain",
            "return plain",
        ),
        (
            "everything is summed",
            "over = tuple(range(rank)) if axis == NEWAXIS else _constants(axis, rank)\n        at",
            "over = tuple(range(rank + 1)) if axis == NEWAXIS else _constants(axis, rank)\n        at",
        ),
        (
            "axes count from the end",
            "    return tuple(_constant(item) % rank for item in items)",
            "    return tuple(_constant(item) for item in items)",
        ),
        (
            "kept axes go",
            'keep = {} if given.get("keepdims", ir.Const(False)) == ir.Const(False) else',
            "keep = {} if True else",
        ),
        (
            "a matrix is not turned",
            'ir.Binary("@", ir.call("numpy.transpose", self.plain(right)), self.lift(left))',
            'ir.Binary("@", self.plain(right), self.lift(left))',
        ),
        (
            "the directions come first",
            "ir.Tuple(tuple(map(ir.Const, (*order, rank))))",
            "ir.Tuple(tuple(map(ir.Const, (rank, *order))))",
        ),
        ("all axes are flipped", "back if k in over else EVERY for k in range(rank)", "back for k in range(rank)"),
        (
            "stacked one axis later",
            'return self.joined("numpy.stack", arrays, axis, 1)',
            'return self.joined("numpy.stack", arrays, axis, 0)',
        ),
        ("the letter is everyone's", "terms = [t + letter if self.is_wide(e) else t for", "terms = [t + letter for"),
        (
            "directions are not behind an ellipsis",
            "behind = (EVERY,) if ELLIPSIS in items and len(items) > 1 else ()",
            "behind = ()",
        ),
        (
            "shapes end without directions",
            "            return ir.Tuple((*given.items, self.count))",
            "            return ir.Tuple(tuple(given.items))",
        ),
        tests=TESTS,
    ),
)
