"""Mutations of reverse mode: reverse, pull, expressions, tidy."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/reverse.py",
        (
            "an overwritten variable keeps its adjoint",
            "            return [*stmts, self.zero(name)]\n        if all(",
            "            return stmts\n        if all(",
        ),
        (
            "one of two own contributions is dropped",
            "                total = add(total, c.value)\n            return stmts if",
            "                total = c.value\n            return stmts if",
        ),
        (
            "a swap does not swap the adjoints",
            "return [Step(stmt, (ir.Assign(ir.Tuple(bars), ir.Tuple(new), loc=stmt.loc),))]",
            "return [Step(stmt)]",
        ),
        (
            "repeated reads count once",
            "        if c.repeated:\n            assert",
            "        if False:\n            assert",
        ),
        (
            "subtraction is added",
            'return ir.Augment(place, "-" if minus else "+", value)',
            'return ir.Augment(place, "+", value)',
        ),
        ("several results get one seed", "bar = ir.Name(seed.name)", "bar = ir.Name(params[0].name)"),
        (
            "the test is always run again",
            "again = not (ir.names(stmt.test) & changed) and _is_cheap_test(stmt.test)",
            "again = True",
        ),
        ("masks are forgotten", "out, masks=self.masks_of(name))", "out)"),
        ("what surrounds a named part is forgotten", "self.shapes, outer) or ()", "self.shapes) or ()"),
        (
            "adjoints of a whole variable that reads itself are added at once",
            "return [moved, *pull.stmts, self.zero(name), *self.accumulate_all(pull.found)]",
            "return [moved, *pull.stmts, *self.accumulate_all(pull.found)]",
        ),
    ),
    *of(
        "srcad/transforms/reverse_writes.py",
        (
            "an element read twice is read after it changed",
            "        own = [named(rev, c, own_memory, first) for c in own]",
            "        pass",
        ),
        (
            "the term that stays is any that is like it",
            "c.place == target and c.whole and c.value == place_bar",
            "c.value == place_bar",
        ),
        (
            "what may be handed on as it is, is new",
            "isinstance(c.value, ir.Name) or alias.shares(c.value, rev.shapes.types)",
            "isinstance(c.value, (ir.Name, ir.Index))",
        ),
        ("a view of an adjoint is no part of it", "            found |= ir.names(stmt.target)", "            pass"),
        ("an overwritten element keeps its adjoint", "return [*stmts, ir.Store(place_bar, ir.ZERO)]", "return stmts"),
        (
            "places that coincide are zeroed after the sum",
            "return [first, *pull.stmts, ir.Store(place_bar, total), *rev.accumulate_all(rest)]",
            "return [first, *pull.stmts, *rev.accumulate_all(rest), ir.Store(place_bar, total)]",
        ),
        (
            "of repeated writes all count",
            'read = ir.call("srcad_runtime.last_written", place_bar.base, key_of(target))',
            'read = ir.call("numpy.copy", place_bar)',
        ),
    ),
    *of(
        "srcad/transforms/reverse_lists.py",
        (
            "a popped item's adjoint is not pushed",
            "return Step(stmt, (ir.Push(bar, ir.Name(rev.bar(name))), rev.zero(name)))",
            "return Step(stmt, (rev.zero(name),))",
        ),
    ),
    *of(
        "srcad/pull.py",
        (
            "broadcasting is not undone",
            "        return self.reduce(g, of, len(of) - len(to), reduced, expr)",
            "        return g",
        ),
        (
            "constant along an axis: not multiplied",
            "                value = algebra.times(value, self.count(of[a], a, expr))",
            "                pass",
        ),
        (
            "kept axes are dropped",
            "value = self.total(value, kept, len(own), True)",
            "value = self.total(value, kept, len(own), False)",
        ),
        (
            "the other branch of where",
            "masked = replace(g, masks=(*g.masks, (test, chosen)))",
            "masked = replace(g, masks=(*g.masks, (test, not chosen)))",
        ),
        (
            "where is not masked",
            "        for test, chosen in reversed(tuple(dict.fromkeys(g.masks))):",
            "        for test, chosen in ():",
        ),
        ("x * x counts once", "value=algebra.times(g.expr, ir.Const(2.0)))", "value=g.expr)"),
        ("sums of unknown shape are not undone", "        return replace(g, over=True)", "        return g"),
        (
            "one argument of a product",
            "        for k in going:\n            self.into_argument",
            "        for k in going[:1]:\n            self.into_argument",
        ),
        (
            "a display's entries are read in reverse",
            "self.entries(item, whole, (*place, ir.Const(k)))",
            "self.entries(item, whole, (*place, ir.Const(-1 - k)))",
        ),
        (
            "an adjoint used twice is not named",
            "            g = self.named(g)\n        for k in going:",
            "            pass\n        for k in going[:1]:",
        ),
        (
            "softplus has the slope of exp",
            'slope = ir.Binary("/", ir.ONE, ir.Binary("+", ir.ONE, ir.call("numpy.exp", algebra.negate(exponent))))',
            'slope = ir.call("numpy.exp", exponent)',
        ),
    ),
    *of(
        "srcad/expressions.py",
        ("a test counts below a sum", "    if not _keeps_places(value):", "    if False:"),
        (
            "every index names an element once",
            '    return "mask" if t.dtype == "bool" else "repeated"',
            '    return "mask"',
        ),
    ),
    *of(
        "srcad/transforms/tidy.py",
        (
            "+= is = although not zero",
            "if state[name] and isinstance(stmt.target, ir.Name):",
            "if isinstance(stmt.target, ir.Name):",
        ),
        (
            "an adjoint is moved although it lives",
            "if isinstance(value, ir.Name) and self.dies(value.id, rest):",
            "if isinstance(value, ir.Name):",
        ),
        (
            "views are fresh",
            '        return ir.call("numpy.copy", value)\n\n    def dies',
            "        return value\n\n    def dies",
        ),
        (
            "zeros are not written out before a loop",
            "                self.need(begun, state, out)".replace("                self", "            self"),
            "            break",
        ),
        ("zeros are not written out before a branch", "            self.need(torn, state, out)", "            break"),
        (
            "a zeroed adjoint is not zero",
            "            state[name] = True\n        elif self.vanishes(value, state):",
            "            pass\n        elif self.vanishes(value, state):",
        ),
        (
            "everything with a zero in it vanishes",
            "return len(read) == 1 and bool(self.zeros(expr, state))",
            "return bool(self.zeros(expr, state))",
        ),
        (
            "the sign of a first write",
            'value = algebra.negate(stmt.value) if stmt.op == "-" else stmt.value',
            "value = stmt.value",
        ),
        (
            "a scalar fills no array",
            'return ir.call("numpy.full_like", ir.Name(self.primal[name]), value)',
            "return value",
        ),
        (
            "zeros of arrays that are not there before a branch",
            "            before |= self.early_ones(torn, rest)\n",
            "",
        ),
        (
            "zeros found in a branch that is run again",
            "set(before)  # zeros in there are written out before it, if they are found to be torn",
            "set(self.early)",
        ),
        ("what begins early is zero", "dict.fromkeys((*given, *early), False)", "dict.fromkeys(given, False)"),
        ("what is zeroed on one path only", "            self.need({name}, env, side)", "            pass"),
    ),
)
