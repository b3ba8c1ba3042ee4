"""Loops over ranges in few instructions, for `srcad_runtime.lowering`: what Numba does, for steps of one.

Numba finds the number of items by a division that LLVM removes, counts it down, and hands items on in pairs in memory:
a hundred instructions for each loop. Here an item is compared with the end of its range. So LLVM knows that it lies
between the two ends, and that nobody need check it as an index: it does not see this of what is counted apart.

Only code compiled with Numba imports this module.
"""

# mypy: allow-untyped-defs, allow-untyped-calls, allow-incomplete-defs

from __future__ import annotations

from typing import Any

from numba.core import cgutils, ir, ir_utils, types

OPERATIONS = ("getiter", "iternext", "pair_first", "pair_second")
TYPES = (types.range_state64_type, types.range_iter64_type, types.Pair(types.int64, types.boolean))


def counting(lower: Any, operation: str, source: ir.Var) -> Any:
    """The iterator of a range, its next pair (item, whether there is one), or a part of such a pair; None: not here."""
    if operation == "getiter":
        step = _step(lower.func_ir, source)
        return None if step is None else _iterator(lower.builder, lower.loadvar(source.name), step)
    if operation == "iternext":
        made = ir_utils.guard(ir_utils.get_definition, lower.func_ir, source)
        is_begun = isinstance(made, ir.Expr) and made.op == "getiter"
        step = _step(lower.func_ir, made.value) if is_begun else None
        iterator = lower.loadvar(source.name)
        return _counted(lower.builder, iterator) if step is None else _compared(lower.builder, iterator, step)
    return lower.builder.extract_value(lower.loadvar(source.name), ("pair_first", "pair_second").index(operation))


def _step(func_ir: Any, source: ir.Var) -> int | None:
    """1 or -1 where the step of a range is written so."""
    made = ir_utils.guard(ir_utils.get_definition, func_ir, source)
    called = isinstance(made, ir.Expr) and made.op == "call"
    if not called or ir_utils.guard(ir_utils.find_callname, func_ir, made) != ("range", "builtins"):
        return None
    if len(made.args) < 3:
        return 1
    step = ir_utils.guard(ir_utils.find_const, func_ir, made.args[2])
    return step if step in (1, -1) else None


def _iterator(builder: Any, state: Any, step: int) -> Any:
    start, stop = (builder.extract_value(state, k) for k in (0, 1))
    at, left = (cgutils.alloca_once(builder, start.type) for _ in range(2))
    builder.store(start, at)
    far = builder.sub(stop, start)
    ahead, none = builder.icmp_signed(">", far, far.type(0)), far.type(0)
    count = builder.select(ahead, far, none) if step > 0 else builder.select(ahead, none, builder.neg(far))
    builder.store(count, left)
    return cgutils.make_anonymous_struct(builder, [at, stop, start.type(step), left])


def _compared(builder: Any, iterator: Any, step: int) -> Any:
    at, end = (builder.extract_value(iterator, k) for k in (0, 1))
    item = builder.load(at)
    there = builder.icmp_signed("<" if step > 0 else ">", item, end)
    with builder.if_then(there):  # no further than the end, so nothing overflows
        builder.store(builder.add(item, item.type(step), flags=["nsw"]), at)
    return cgutils.make_anonymous_struct(builder, [item, there])


def _counted(builder: Any, iterator: Any) -> Any:
    """The next item of a range that was begun elsewhere."""
    at, step, left = (builder.extract_value(iterator, k) for k in (0, 2, 3))
    item, count = builder.load(at), builder.load(left)
    there = builder.icmp_signed(">", count, count.type(0))
    with builder.if_then(there):
        builder.store(builder.sub(count, count.type(1), flags=["nsw"]), left)
        builder.store(builder.add(item, step), at)
    return cgutils.make_anonymous_struct(builder, [item, there])
