"""Mutations of what decides which values have names and records: copies, recompute, intact, unread, split."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

MUTATIONS: tuple[Mutation, ...] = (
    *of(
        "srcad/transforms/copies.py",
        ("names that occur again go", "if count == 2} - kept", "if count >= 2} - kept"),
        (
            "inputs may go",
            "set(program.written)\n        kept |= program.parts",
            "set()\n        kept = {name for _, name in program.updates} | program.parts",
        ),
        ("unstable names may go", "kept |= program.parts | program.unstable |", "kept |= program.parts |"),
        ("lists may go", "        kept |= {n.stack for n in nodes if isinstance(n, (ir.Push, ir.Pop))}\n", ""),
        ("any two neighbours are joined", " or second.value != first.target:", ":"),
        (
            "what is gone is still read",
            "    body, results = joiner.renamed((body, program.results))\n",
            "    results = program.results\n",
        ),
        ("the name of the callee's file stays", "and self.at_home(first) and not self.at_home(second)", ""),
        ("a list is renamed though its first name lives", "and before[one] + 1 == counts[one] and", "and"),
        ("a list is renamed though its name was another's", " and behind[other] + 1 == counts[other]:", ":"),
        (
            "a pushed list keeps its old name",
            "return replace(node, stack=new) if isinstance",
            "return node if isinstance",
        ),
        tests=("tests/transforms/test_copies.py", "run_time_lists.", "lists.", "calls.", "recursion."),
    ),
    *of(
        "srcad/transforms/recompute.py",
        ("what changed is read again", "if not ir.names(stmt.value) & (changed - set(found)):", "if True:"),
        ("what the iteration itself changes is read again", "_changed_in(recorder, steps) & changed)", "set())"),
        (
            "it always pays",
            "    return most < least or most == least and len(given_back) < len(spared)",
            "    return True",
        ),
        ("it never pays", "if given_back and _pays(", "if False and _pays("),
        ("calls are cheap", "or node.fn.path not in _FREE_CALLS:", "or False:"),
        ("arrays that are written stay", "return recorder.moving | stored | {a for", "return recorder.moving | {a for"),
        ("what is rebound stays", "return recorder.moving | stored | {a for", "return stored | {a for"),
        (
            "counters change",
            "changed = _changed(recorder) - around.counters - kept",
            "changed = _changed(recorder) - kept",
        ),
        ("lists stay as they are", "    late = _read_before_a_change(recorder, steps)\n", "    late = set()\n"),
        ("one assignment of several", "if name in names and counts[name] == 1}", "if name in names}"),
        (
            "the way there in part",
            "        wanted |= ir.names(found[name].value) if name in wanted else set()\n",
            "        pass\n",
        ),
        ("quotients are cheap", '_EXACT = frozenset("+ - *".split())', '_EXACT = frozenset("+ - * / **".split())'),
        (
            "selections are views",
            "return operations <= most and not _selects(recorder, expr)",
            "return operations <= most",
        ),
        (
            "all of it is cheap",
            "for n, s in every.items() if n not in late and _is_cheap(recorder, s.value)}",
            "for n, s in every.items() if n not in late}",
        ),
        (
            "written variables are computed again",
            "for n, s in _definitions(steps, own).items() if n not in recorder.written}",
            "for n, s in _definitions(steps, own).items()}",
        ),
        tests=("tests/transforms/test_recompute.py", "recomputing.", "under_way.", "kept_states.", "run_time_lists."),
    ),
    *of(
        "srcad/transforms/intact.py",
        ("arrays read in other ways are compared", "            if name in found.spoiled or not", "            if not"),
        ("arrays with several names are compared", "- self.space.moving - set(shared) -", "- self.space.moving -"),
        ("what is computed again reads nothing", "recompute.may_be_again(stmt.value):", "False:"),
        ("numbers of any dtype are read back", "and own.dtype == kind.dtype and", "and"),
        ("names of two values are those of one", " or self.finder.counts[value.id] != 1:", ":"),
        ("what was read back may be overwritten", "*found.later(name)]", "]"),
        ("refused quotients are read back", "        if used <= kept:\n", "        if True:\n"),
        tests=("tests/transforms/test_intact.py", "reading_back.", "aliasing.", "buffers."),
    ),
    *of(
        "srcad/transforms/chains.py",
        ("what is read elsewhere goes", "factors[n] == counts[n] - 1 and n not in kept", "n not in kept"),
        (
            "what memory holds stays",
            "        if not isinstance(stmt.target, ir.Name):  # the",
            "        if False:  # the",
        ),
        ("numbers that are set stay", "if n != name and name not in ir.names((t.base, *t.factors))}", "if n != name}"),
        ("signs are lost", "Term(minus != found.minus, found.base", "Term(minus, found.base"),
        ("terms of other signs are added", 'ir.Binary("+" if alike else "-"', 'ir.Binary("+"'),
        ("integers are multiplied", "if not all(map(self.is_number, own)):", "if False:"),
        ("primal loops are changed", "isinstance(s, ir.Block) and s.note == REVERSE", "isinstance(s, ir.Block)"),
        tests=("tests/transforms/test_chains.py",),
    ),
    *of(
        "srcad/transforms/places.py",
        ("slices end one later", "least.append(upper - 1 - name)", "least.append(upper - 2 - name)"),
        ("negative indices are indices", "return not possible([], [*given, -value - 1])", "return True"),
        ("loops run the other way", "* step - 1)", "* -step - 1)"),
        ("the statement itself comes first", "if k == common and one.order > other.order:", "if k == common:"),
        ("variables that move stay", "& self.moving:", "& set():"),
        tests=("tests/transforms/test_intact.py", "reading_back."),
    ),
    *of(
        "srcad/integers.py",
        ("extents may be negative", "[*least, *(symbol(s) for s in sorted(names) if is_extent(s))]", "[*least]"),
        (
            "one inequality too few",
            "if any(form.is_const and form.const < 0",
            "if any(form.is_const and form.const < -1",
        ),
        ("combined the wrong way", "_rounded(a * d + b * c)", "_rounded(a * c + b * d)"),
        tests=("tests/transforms/test_intact.py",),
    ),
    *of(
        "srcad/transforms/unread.py",
        (
            "what is read is dead",
            "if _restores(s, names) and _target(s) not in after[id(s)]]",
            "if _restores(s, names)]",
        ),
        (
            "first values go always",
            "for s in forward[:first] if _target(s) not in after[id(s)]]",
            "for s in forward[:first]]",
        ),
        ("first values are counted as before", "        first -= sum(id(s) in gone for s in forward[:first])\n", ""),
        ("an item is left in the list", "if not isinstance(s, ir.Pop)}", "}"),
        (
            "saves stay",
            "            gone |= {id(s) for s in uses[name]}\n",
            "            gone |= {id(s) for s in takes}\n",
        ),
        ("some takes are enough", "if uses[name] and all(id(s)", "if uses[name] and any(id(s)"),
        ("heads read no records", "sorted(records - ir.names(_heads(stmts)))", "sorted(records)"),
        ("the other branch runs", 'test=ir.Unary("not", stmt.test), body=orelse', "body=orelse"),
        (
            "results are not live",
            "        liveness.block((*forward, *backward), live)",
            "        liveness.block((*forward, *backward), set())",
        ),
        (
            "loops with nothing in them go",
            "if body or isinstance(stmt, (ir.While, ir.With)) else ()",
            "if body else ()",
        ),
        (
            "a branch goes with its other",
            "return (replace(stmt, body=body, orelse=orelse),) if body else ()",
            "return ()",
        ),
        tests=("tests/transforms/test_unread.py", "records.", "under_way."),
    ),
    *of(
        "srcad/transforms/split.py",
        (
            "what the reverse sweep overwrites is not copied",
            "body=(*unpacked, *copies, *backward),",
            "body=(*unpacked, *backward),",
        ),
        (
            "statements behind the sweeps are lost",
            "    backward = (*backward, *(s for s in behind if s not in behind_value))\n",
            "",
        ),
        (
            "values behind the sweeps come too late",
            "_moved((*before, *behind_value), backward, wanted)",
            "_moved(before, backward, wanted)",
        ),
        (
            "new arrays are shared by the runs",
            "    return tuple(s for s in before if s not in made), (*made, *backward)",
            "    return before, backward",
        ),
        (
            "an array both sweeps use is made in one",
            "        and not any(s.target.id in ir.names(other) for other in before if other is not s)\n",
            "",
        ),
        (
            "an array is made where its length is another",
            "        and not ir.names(s.value) & _rebound(before[k + 1 :])\n",
            "",
        ),
        (
            "what is kept is the caller's",
            '    return ir.call("numpy.copy", value) if shared else value',
            "    return value",
        ),
        (
            "variables of one path have no value",
            "    return (*(_initial(name, program) for name in kept if name not in sure), *before)",
            "    return tuple(before)",
        ),
        ("a derivative is what is kept", "set(arrays_of(kept, program)) - ir.names(tuple(copies))", "set()"),
        (
            "derivatives are values",
            "values, bars = program.results[: stop - derivatives], program.results[stop - derivatives : stop]",
            "values, bars = program.results[: stop - derivatives], program.results[stop - derivatives : stop][::-1]",
        ),
        (
            "arrays that are popped into are not written",
            "            written.add(activity.root(node.target))\n        elif isinstance(node, ir.Do)",
            "            pass\n        elif isinstance(node, ir.Do)",
        ),
        (
            "two names of one array are handed over",
            "        if others:\n            raise Unsupported",
            "        if False:\n            raise Unsupported",
        ),
        tests=("tests/transforms/test_split.py", "tests/test_pulling.py"),
    ),
)
