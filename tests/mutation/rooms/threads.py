"""Mutations of what shares loops out among threads: parallel and its parts; shown by orders of the parts."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

TESTS = ("tests/transforms/test_parallel.py",)
MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/parallel_races.py",
        (
            "what is set is not read behind",
            '        raise Serial(f"the last value of {lasting[0]} is read behind it")',
            "        pass",
        ),
        (
            "iterations may meet",
            '            raise Serial(f"iterations may meet in {name}")',
            "            own.append(name)",
        ),
        ("other names do not matter", "        refuse_sharing(name, loop.body, bound, context)\n", ""),
        (
            "reads do not count",
            "        guard = space.apart(name, [items for items, _ in found])",
            '        guard = space.apart(name, [items for items, kind in found if kind != "read"])',
        ),
        ("a loop may end early", '        raise Serial("it may end early")', "        pass"),
        (
            "the last one is left out",
            "return loop.target.id, _plus_one(stop), _plus_one(start), True",
            "return loop.target.id, _plus_one(stop), start, True",
        ),
        ("any step is one", '    raise Serial("its step is not 1")', "    return loop.target.id, start, stop, False"),
        ("lists may be used", '        raise Serial(f"it uses the list {node.stack}")', "        pass"),
        (
            "what is read is added to, too",
            "elif {kind for _, kind in found} == {ADD} and",
            "elif ADD in {kind for _, kind in found} and",
        ),
        (
            "carried numbers are private",
            "private, checks = frozenset(bound - carried)",
            "private, checks = frozenset(bound)",
        ),
        ("guards are forgotten", "            guards += guard\n", ""),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/parallel_places.py",
        (
            "views are arrays of their own",
            "        self.views.append((arrays[0], place.base.id, place.items))",
            "        pass",
        ),
        (
            "different numbers times the counter",
            "        if len(factors) != 1 or 0 in factors:",
            "        if 0 in factors:",
        ),
        (
            "elements everyone has are apart",
            "        if len(factors) != 1 or 0 in factors:",
            "        if len(factors) != 1:",
        ),
        (
            "neighbours do not meet",
            "        if len({d.const % factor for d in between}) < len(between):",
            "        if False:",
        ),
        ("what varies stays", "any(map(self.varies, rests)):", "False:"),
        (
            "no index is negative",
            "return None if None in lows else [low for low in lows if low is not None and not not_negative(low)]",
            "return []",
        ),
        ("a product is a sum", 'self.write(target, ADD if op in "+-" else WRITE)', "self.write(target, ADD)"),
        ("numbers set twice are known", "and len(values) == 1:", "and values:"),
        (
            "the greatest is the least",
            "end = types.number(self.low if factor > 0 else self.high)",
            "end = types.number(self.high if factor > 0 else self.low)",
        ),
        (
            "what is done to a view is a read",
            "                    self.note(base, items, kind)",
            "                    self.note(base, items, READ)",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/parallel_sums.py",
        (
            "two ways of changing are one",
            "    if len(found) != 1 or None in found or not",
            "    if None in found or not",
        ),
        (
            "what else is done is a sum",
            "    if len(found) != 1 or None in found or not",
            "    if len(found) != 1 or not",
        ),
        (
            "a product may read itself",
            "            if left == target and name not in ir.names(right):",
            "            if left == target:",
        ),
        (
            "a sum may read itself",
            "case ir.Augment(ir.Name(id), op, value) if id == name and name not in ir.names(value):",
            "case ir.Augment(ir.Name(id), op, value) if id == name:",
        ),
        (
            "a difference the other way",
            'return op if op in "+*" and right == target',
            'return op.replace("-", "+") if right == target',
        ),
        (
            "a test may read it",
            "elif isinstance(stmt, ir.If) and name not in ir.names(stmt.test):",
            "elif isinstance(stmt, ir.If):",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/parallel.py",
        ("products begin at zero", 'start = 0 if op == "+" else 1', "start = 0"),
        ("backwards is forwards", "if found.backwards and (found.guards or found.rising):", "if False:"),
        ("the first of a falling part is left out", 'ir.Binary("-", first, one), back)', "first, back)"),
        (
            "what is fresh in one branch is fresh",
            "            self.fresh &= left\n",
            "            self.fresh |= left\n",
        ),
        ("names of arrays stay fresh", "            self.fresh -= alias.shares(value, self.types) | {target}\n", ""),
        ("guards do not matter", "        if found.guards or found.rising:\n", "        if found.rising:\n"),
        (
            "what is added is not put together",
            '            after.append(ir.Do(ir.call(f"{THREADS}collect", ir.Name(name), room)))\n',
            "",
        ),
        (
            "sums are not put together",
            "            after.append(ir.For(self.part, ir.call",
            "            [].append(ir.For(self.part, ir.call",
        ),
        (
            "arrays keep what loops do to them",
            "        self.fresh -= set().union(*({target} | alias.shares",
            "        set().union(*({target} | alias.shares",
        ),
        (
            "nothing is read in the next round",
            "        new = replace(loop, body=self.block(loop.body, live | again, inner))",
            "        new = replace(loop, body=self.block(loop.body, live, inner))",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/parallel_views.py",
        (
            "a view begins one later",
            "start = plain(symbol(stretch.first.id) + rest)",
            "start = plain(symbol(stretch.first.id) + rest + 1)",
        ),
        (
            "the counter is that of the part",
            '            return ir.Binary("+", stretch.first, node)',
            "            return node",
        ),
        (
            "an array is taken for its view",
            "alone = not others and accesses[array, others] == mentions[array]",
            "alone = not others",
        ),
        ("the view begins at its greatest index", "least = min(rests, key", "least = max(rests, key"),
        (
            "negative indices are not looked at",
            "            if not_negative(bounds.extreme(low + least, stretch.ranges, 0)):",
            "            if True:",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/parallel_places.py",
        (
            "stretches from any beginning",
            "if start is None or not not_negative(bounds.extreme(start,",
            "if start is None and not not_negative(bounds.extreme(Dim(0),",
        ),
        ("counters of any loop", "len(arrays) == 1 and None not in arrays", "bool(arrays.discard(None) or arrays)"),
        ("counters that are set within", "len(arrays) == 1 and array is not None", "array is not None"),
        ("stretches that change", "array if array in read else None", "array"),
        (
            "longer stretches",
            "is_span = first == ir.Index(ir.Name(name), (here,)) and last == ir.Index(ir.Name(name), (next_,))",
            "is_span = first == ir.Index(ir.Name(name), (here,))",
        ),
        (
            "stretches that begin elsewhere",
            "is_span = first == ir.Index(ir.Name(name), (here,)) and",
            "is_span = bool(name) and",
        ),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "runtime/srcad_runtime/threads.py",
        ("all numbers rise", "        if number < least:\n", "        if number < 0:\n"),
        ("none is negative", "    least = 0\n    for number", "    least = numbers.min(initial=0)\n    for number"),
        tests=TESTS,
        numba=True,
    ),
    *of(
        "srcad/transforms/parallel_rooms.py",
        ("it is mentioned elsewhere", "here[name] + 1 == everywhere[name]", "True"),
        ("it has another name", "not in kept | shared", "not in kept"),
        (
            "its extent changes",
            "stmt.value.fn == EMPTY and not ir.names(stmt.value) & rebound",
            "stmt.value.fn == EMPTY",
        ),
        ("one element of many", " or single and _is_stored", " or _is_stored"),
        ("read beside where it is set", " and _only_at(name, counters, rest)", ""),
        ("read between its rows", "    return behind and not bound", "    return not bound"),
        ("a counter that is set within", "not bound & ir.names(inner) and ", ""),
        ("a loop that may end early", "or loop.stop is not None", ""),
        ("a part of it", "    if not _is_over(stmt, extents[depth]):", "    if not isinstance(stmt, ir.For):"),
        ("a half that is set", "set(place.items) == {ir.Slice(None, None)}", "True"),
        ("set to what it was", "    return whole and isinstance(stmt.value, ir.Const)", "    return whole"),
        ("read behind the loop that fills it", "len(mentioning) == 1 and ", ""),
        ("read by the head of the loop that fills it", " and name not in ir.names(replace(stmt, body=()))", ""),
        ("read for what it gets", " or name in ir.names(stmt.value)", ""),
        ("another element", "return place.items == counters if counters", "return bool(place.items) if counters"),
        ("from another beginning", "start == ir.Const(0) and ", ""),
        tests=("tests/transforms/test_parallel_rooms.py",),
    ),
    *of(
        "srcad/transforms/parallel_facts.py",
        ("what is made twice", "counts[target] > 1 or ", ""),
        ("a counter is one number", "    rebound = rebound | {name for", "    rebound = rebound | {name * 0 for"),
        ("a shape that changes", "    if shape is None or ir.names(shape) & rebound:", "    if shape is None:"),
        tests=("tests/transforms/test_parallel_rooms.py",),
    ),
    *of(
        "srcad/transforms/parallel_races.py",
        ("any product", "(context.multiplies and is_product(node, context.types))", "context.multiplies"),
        tests=("tests/transforms/test_parallel_products.py",),
    ),
    *of(
        "srcad/transforms/parallel_places.py",
        ("another form is another array", "            value = value.args[0]\n", "            return\n"),
        tests=("tests/transforms/test_parallel_products.py",),
    ),
    *of(
        "srcad/transforms/parallel_cost.py",
        ("a product costs nothing", "                    add(*_product(node, around))", "                    pass"),
        ("all terms count", "        if not any(symbols[k] < other for other in symbols):", "        if True:"),
        tests=("tests/transforms/test_parallel_products.py",),
    ),
    *of(
        "runtime/srcad_runtime/workers.py",
        ("few parts are little work", "max(parts, _load(WEIGHT))", "parts"),
        tests=("tests/transforms/test_parallel_compiled.py",),
        numba=True,
    ),
)
