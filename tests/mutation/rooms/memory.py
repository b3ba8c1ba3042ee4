"""Mutations of who depends on what and who shares memory: activity, alias, views."""

from __future__ import annotations

from tests.mutation.mutation import Mutation, of

MUTATIONS: tuple[Mutation, ...] = (
    *of(
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
    *of(
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
        (
            "a copy of the arguments is forgotten",
            "body=(*copies, *ir.transform(program.body, _settled))",
            "body=ir.transform(program.body, _settled)",
        ),
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
    *of(
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
)
