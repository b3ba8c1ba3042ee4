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
            '        return dot if shared else ir.call("numpy.copy", dot)',
            "        return dot",
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
        (
            "the first item of several",
            "                found.append(replace(items, items=(*items.items[:i], dot, *items.items[i + 1 :])))\n",
            "                return [replace(items, items=(*items.items[:i], dot, *items.items[i + 1 :]))]\n",
        ),
        ("a square is a product of one", 'ir.Binary("*", ir.Const(2.0), expr.left), dot)', "expr.left, dot)"),
        (
            "real values have complex tangents",
            '            return ir.call("numpy.real", value)\n',
            "            pass\n",
        ),
        (
            "named arguments stay",
            '(k, self.linear_argument(v) if rule.renames.get(k or "", k) in rule.linear_in else v)',
            "(k, v)",
        ),
        (
            "softplus falls",
            'ir.call("numpy.exp", algebra.negate(exponent))))\n        rule',
            'ir.call("numpy.exp", exponent)))\n        rule',
        ),
        (
            "arguments without a rule are constant",
            "if name not in (*rule.wrt, *rule.inert, rule.each) and",
            "if False and",
        ),
        (
            "what is negated has all axes",
            "            self.smaller |= {negated} if inner in self.smaller else set()\n",
            "",
        ),
        (
            "what is broadcast has all axes",
            "if out not in read and any(a not in moving and a not in read for a in others):",
            "if False:",
        ),
        ("elements of what is smaller", "base = self.whole(expr.base)", "base = self.node(expr.base)"),
    ),
)
