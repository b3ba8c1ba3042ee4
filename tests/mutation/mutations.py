"""Small mutations of the passes, ten for each: a text that occurs once in a file, and what takes its place.

Each one makes some programs' derivatives wrong, or the compiler refuse or fail where it should not.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Mutation:
    """`numba`: only compiled code shows it."""

    file: str
    name: str
    old: str
    new: str
    numba: bool = False


def _of(file: str, *changes: tuple[str, str, str], numba: bool = False) -> list[Mutation]:
    return [Mutation(file, name, old, new, numba) for name, old, new in changes]


MUTATIONS: tuple[Mutation, ...] = (
    *_of(
        "srcad/transforms/activity.py",
        ("a product passes on its left side only", "flowing(expr.left) | flowing(expr.right)", "flowing(expr.left)"),
        (
            "an element does not depend on its array",
            "return flowing(expr.base)\n    if isinstance(expr, ir.Binary)",
            "return set()\n    if isinstance(expr, ir.Binary)",
        ),
        (
            "a write makes nothing active",
            "yield {root(stmt.target)}, flowing(stmt.value) | {root(stmt.target)}",
            "yield {root(stmt.target)}, {root(stmt.target)}",
        ),
        (
            "swapped values flow straight on",
            "zip(stmt.target.items, stmt.value.items, strict=True)",
            "zip(stmt.target.items, stmt.value.items[::-1], strict=True)",
        ),
        (
            "what is appended does not flow into a list",
            "yield {stmt.stack}, flowing(stmt.value)",
            "yield {stmt.stack}, set()",
        ),
        (
            "what is popped does not come from the list",
            "yield {root(stmt.target)}, {stmt.stack}",
            "yield {root(stmt.target)}, set()",
        ),
        ("stop_gradient does not stop", "if path in CUT or path in SHAPE_ONLY:", "if path in SHAPE_ONLY:"),
        ("lists are not floating", "types.is_float(t.element if isinstance(t, types.Seq) else t)", "types.is_float(t)"),
        (
            "items of a display do not flow",
            "return set().union(*(flowing(item) for item in expr.items))",
            "return set()",
        ),
        (
            "np.add.at makes nothing active",
            "yield {root(call.args[0])}, {root(call.args[0])} | flowing(call.args[-1])",
            "yield {root(call.args[0])}, {root(call.args[0])}",
        ),
    ),
    *_of(
        "srcad/transforms/alias.py",
        (
            "a name does not share memory",
            "return {expr.id} if _has_memory(known.get(expr.id)) else set()",
            "return set()",
        ),
        (
            "a slice is a copy",
            "return shares(expr.base, known) if not is_selection(expr, known) else set()",
            "return set()",
        ),
        (
            "a transpose is a copy",
            "if expr.fn.path in VIEWS | MAYBE and expr.args:",
            "if expr.fn.path in MAYBE and expr.args:",
        ),
        ("a copy of the arguments is forgotten", "body=(*copies, *program.body)", "body=(*program.body,)"),
        ("a written argument is not noticed", "self.written_inputs.add(name)", "pass"),
        ("only one branch counts", "self.pairs |= after", "pass"),
        (
            "a loop is followed once",
            "                if self.pairs == before:\n                    break",
            "                break",
        ),
        (
            "a new value keeps the old name's relations",
            "kept = {pair for pair in old if not (pair & set(new))}",
            "kept = set(old)",
        ),
        (
            "nothing is connected at a distance",
            "            if name not in found:\n                found.add(name)\n                todo.append(name)",
            "            found.add(name)",
        ),
        (
            "captured arrays may be written",
            "        if what:\n            raise Unsupported(",
            "        if False:\n            raise Unsupported(",
        ),
    ),
    *_of(
        "srcad/transforms/views.py",
        ("a view's index is not frozen", "view = ir.substitute(view, {moved: ir.Name(frozen)})", "pass"),
        ("a mask is not kept before a write", "                items[k] = ir.Name(name)", "                pass"),
        (
            "indices in the wrong order",
            "items=(*node.base.items, *node.items))",
            "items=(*node.items, *node.base.items))",
        ),
        (
            "the rest keeps the name of the view",
            "return before, [*ir.substitute(tuple(reach), {name: view}), *later]",
            "return before, [*reach, *later]",
        ),
        ("a rebound owner is still named", "if {name, base} & changed or", "if {name} & changed or"),
    ),
    *_of(
        "srcad/transforms/record.py",
        (
            "nothing lost is saved",
            "save, restore = self.save(primal, lost, around, final, shared) if lost else ([], [])",
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
        ("saved arrays are not copied", 'return ir.call("numpy.copy", place) if copied else place', "return place"),
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
    *_of(
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
    ),
    *_of(
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
        (
            "adjoints of a whole variable that reads itself are added at once",
            "return [moved, *pull.stmts, self.zero(name), *self.accumulate_all(pull.found)]",
            "return [moved, *pull.stmts, *self.accumulate_all(pull.found)]",
        ),
    ),
    *_of(
        "srcad/transforms/reverse_writes.py",
        (
            "an element read twice is read after it changed",
            "        kept = [named(rev, c, place_bar, first) for c in kept]",
            "        pass",
        ),
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
    *_of(
        "srcad/transforms/reverse_lists.py",
        (
            "a popped item's adjoint is not pushed",
            "return Step(stmt, (ir.Push(bar, ir.Name(rev.bar(name))), rev.zero(name)))",
            "return Step(stmt, (rev.zero(name),))",
        ),
    ),
    *_of(
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
            "value = sum_over(value, kept, len(own), True)",
            "value = sum_over(value, kept, len(own), False)",
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
    *_of(
        "srcad/expressions.py",
        (
            "every index names an element once",
            '    return "mask" if t.dtype == "bool" else "repeated"',
            '    return "mask"',
        ),
    ),
    *_of(
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
    *_of(
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
    *_of(
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
        ("what is zeroed on one path only", "            self.need({name}, env, side)", "            pass"),
    ),
    *_of(
        "srcad/transforms/desugar_jumps.py",
        (
            "a break only skips",
            'return (_set(self.flag("done", depth), True, stmt.loc),)',
            'return (_set(self.flag("skip", depth), True, stmt.loc),)',
        ),
        ("a continue does nothing", 'return (_set(self.flag("skip", depth), True, stmt.loc),)', "return ()"),
        (
            "what follows runs after a jump",
            'guard = ir.Unary("not", self._any(kinds, depth), loc=stmt.loc)\n        return stmt,',
            "guard = ir.Const(True)\n        return stmt,",
        ),
        (
            "the rest moves into the branch that ends",
            "            orelse, rest = (*orelse, *rest), ()",
            "            rest = ()",
        ),
        (
            "the value of an early return is lost",
            "return ir.Assign(self.out, stmt.value or ir.NONE, loc=stmt.loc), flag",
            "return (flag,)",
        ),
    ),
    *_of(
        "srcad/transforms/desugar.py",
        (
            "a case binds after its body",
            "return (ir.If(test, (*binding, *case.body), others, loc=at),)\n        if all(",
            "return (ir.If(test, (*case.body, *binding), others, loc=at),)\n        if all(",
        ),
        (
            "a walrus in a test is run once",
            "return *before, dataclasses.replace(loop, test=test, body=(*body, *before), orelse=orelse)",
            "return *before, dataclasses.replace(loop, test=test, body=body, orelse=orelse)",
        ),
        (
            "other cases run, too",
            'return ir.Assign(flag, ir.const(False), loc=at), chosen, ir.If(ir.Unary("not", flag), others, loc=at)',
            "return ir.Assign(flag, ir.const(False), loc=at), chosen, *others",
        ),
        ("a guard is forgotten", "test = _both(case.test, case.guard)", "test = case.test"),
        (
            "statements of a block are left",
            "return tuple(new for stmt in body for new in self.statement(stmt))",
            "return tuple(new for stmt in body for new in self.statement(stmt)[-1:])",
        ),
    ),
    *_of(
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
    *_of(
        "srcad/eval_core.py",
        ("parallel assignment is one by one", "        if clash:\n", "        if False:\n"),
        ("nonlocal is local", "        while name in self.cx.nonlocals.get(frame, ()):", "        while False:"),
        (
            "targets are not released",
            "        eval_order.release(self, [t for t, _ in pairs], loc, owners, also)\n",
            "",
        ),
    ),
    *_of(
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
    *_of(
        "srcad/eval_loops.py",
        (
            "what is known of the first iteration holds for all",
            "    generalise(ev, assigned(stmt.body) - own, stmt.loc)\n",
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
    *_of(
        "srcad/bounds.py",
        (
            "upper ends are not checked",
            "self.open += [d for d in (low, extent - 1 - high) if",
            "self.open += [d for d in (low,) if",
        ),
        (
            "lower ends are not checked",
            "self.open += [d for d in (low, extent - 1 - high) if",
            "self.open += [d for d in (extent - 1 - high,) if",
        ),
        ("an extent is an index", "extent - 1 - high", "extent - high"),
        (
            "unknown indices are inside",
            "types.is_array(self.shapes.of(item)):\n            self.open.append(None)\n",
            "types.is_array(self.shapes.of(item)):\n",
        ),
        ("a counter reaches its stop", "return (start, stop - 1) if step", "return (start, stop - 2) if step"),
        ("a counter that falls", "else (stop + 1, start)", "else (stop + 2, start)"),
        (
            "the wrong end of a falling index",
            "bound = ranges[inner][end if coef > 0 else 1 - end]",
            "bound = ranges[inner][end]",
        ),
        (
            "only the first axis is looked at",
            "for item, dim in zip(items, dims, strict=False):",
            "for item, dim in [*zip(items, dims, strict=False)][:1]:",
        ),
        ("any step will do", "or step not in (ir.Const(1), ir.Const(-1)):", "or False:"),
        (
            "unknown arrays are long",
            "or base.dims is None:\n            self.open.append(None)\n",
            "or base.dims is None:\n",
        ),
        numba=True,
    ),
    *_of(
        "srcad/overflow.py",
        ("every product fits", 'safe = all(sides) if node.op in ("*", "**", "<<") else any(sides)', "safe = True"),
        (
            "one small factor is enough",
            'safe = all(sides) if node.op in ("*", "**", "<<") else any(sides)',
            "safe = any(sides)",
        ),
        ("powers of small numbers fit", "            safe = False\n", "            pass\n"),
        ("a sum is not checked", '"+": "total", ', ""),
        ("counters are big", "return extent or expr.id in self.small", "return extent"),
        (
            "sums of big numbers are small",
            'return expr.op in ("+", "-") and self.is_small(expr.left) and self.is_small(expr.right)',
            "return True",
        ),
        ("all integers are extents", "return extent or expr.id in self.small", "return True"),
        ("a difference is not checked", '"-": "difference", ', ""),
        ("a shift is not checked", ', "<<": "shifted"', ""),
        ("a power is not checked", '"**": "power", ', ""),
        numba=True,
    ),
    *_of(
        "srcad/transforms/loops.py",
        ("what a loop found holds behind it", "        self.extents.restore(state)\n", ""),
        ("arrays own what others have", "        self.owned = owned\n\n    def", "\n    def"),
        ("loops change no extents", "        self.extents.rebind(changed)\n        counter", "        counter"),
        ("counters stay in range though set", "or counter.id in _set_in(stmt.body, self.memory)", ""),
        numba=True,
    ),
    *_of(
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
        numba=True,
    ),
    *_of(
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
        numba=True,
    ),
    *_of(
        "srcad/transforms/loops_gather.py",
        ("gathered from the wrong side", "dict(zip(axes, (-o for o in found)))", "dict(zip(axes, found))"),
        (
            "arrays read elsewhere are padded",
            "return {n: found[n].dims for n in sorted(made - barred)}",
            "return {n: found[n].dims for n in sorted(made)}",
        ),
        numba=True,
    ),
    *_of(
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
        numba=True,
    ),
)
