"""Mutations of forward mode: forward, push."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/forward.py",
        ("the tangent comes after the write", "return [*push.stmts, store, stmt]", "return [*push.stmts, stmt, store]"),
        ("subtracting adds", 'op = stmt.op if not minus else "-" if stmt.op == "+" else "+"', 'op = "+"'),
        (
            "a constant leaves the tangent",
            "return [stmt, ir.Assign(target, self.zero(ir.Name(name)))]",
            "return [stmt]",
        ),
        (
            "np.add.at has no tangent",
            "return [*push.stmts, ir.Do(replace(stmt.value, args=(self.place(array), *index, tangent))), stmt]",
            "return [stmt]",
        ),
        (
            "a new array's tangent is another's",
            "            and not alias.shares(stmt.value, self.shapes.types)\n",
            "            and False\n",
        ),
    ),
    *of(
        "srcad/transforms/push.py",
        (
            "half of a product",
            '            terms += [ir.Binary("@", expr.left, right)] if right is not None else []',
            "            pass",
        ),
        ("only the last term", "total = term if total is None else algebra.add(total, term)", "total = term"),
        ("a tangent is not spread", "return found if found is None else self.spread(found, expr)", "return found"),
        ("minus is plus", "            negated = algebra.negate(inner)", "            negated = inner"),
        (
            "where takes the other",
            "dots = [self.node(b) for b in branches]",
            "dots = [self.node(b) for b in branches][::-1]",
        ),
    ),
)
