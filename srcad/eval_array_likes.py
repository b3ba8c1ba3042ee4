"""Lists and tuples of numbers where NumPy and SciPy take an array: written as the array that they are made into."""

from __future__ import annotations

from typing import Any

import numpy as np

from srcad import ir
from srcad.eval_core import Evaluator
from srcad.eval_values import constant, static
from srcad.types import Num, Seq, is_float
from srcad.values import Dyn, Known, Ptr, Value

# parameters that hold several arrays, in functions that are written out
_SEVERAL = frozenset("tup arrays choicelist choices condlist xi args arys c_and_lower lu_and_piv c_or_cr".split())
# functions that take a sequence of arrays; each item by itself is made an array
_JOINING = frozenset("hstack vstack dstack column_stack row_stack concatenate stack block broadcast_arrays".split())
# parameters that count places: truth values are the places 0 and 1 there, where an index chooses by them
_PLACES = {
    "numpy.take": "indices",
    "numpy.bincount": "x",
    "numpy.add.reduceat": "indices",
    "numpy.repeat": "repeats",
}
_OWN = frozenset("numpy.array numpy.asarray numpy.asanyarray numpy.asarray_chkfinite numpy.ascontiguousarray".split())


def arrays_for(
    ev: Evaluator, rule: Any, path: str, args: list[Value], kwargs: dict[str, Value], loc: ir.Loc | None
) -> tuple[list[Value], dict[str, Value]]:
    """The arguments of a library function, with arrays for lists of numbers where its rule differentiates."""
    from srcad.eval_builtins import keep

    if rule is None or rule.constant or path in _OWN or not path.startswith(("numpy.", "scipy.")):
        return args, kwargs
    joins = rule.each or (rule.params[:1] or (None,))[0] if path.rpartition(".")[2] in _JOINING else rule.each

    def one(name: str | None, value: Value) -> Value:
        if name is not None and name == _PLACES.get(path):
            return as_places(ev, value, loc)
        if rule.expansion is not None and name in _SEVERAL:
            return value
        if name is not None and name == joins and name != rule.star:
            return _items(ev, value, loc)
        if rule.partials is not None and name in rule.params and name not in rule.wrt and _is_list(ev, value):
            return keep(ev, "numpy.array", [value], {}, loc)  # also of integers: partials compute with it
        return as_array(ev, value, loc) if name in rule.wrt or name in rule.inert or name == rule.star else value

    names = [*rule.params, *[rule.star] * max(0, len(args) - len(rule.params))]
    return [one(n, v) for n, v in zip(names, args, strict=False)] + args[len(names) :], {
        key: one(rule.renames.get(key, key), value) for key, value in kwargs.items()
    }


def as_array(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """``np.array(value)`` for a list or tuple that holds floating numbers; anything else as it is."""
    from srcad.eval_builtins import keep

    listed = isinstance(value, Dyn) and isinstance(value.type, Seq)
    return keep(ev, "numpy.array", [value], {}, loc) if listed or _holds_floats(ev, value) else value


def beside_array(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """An operand as NumPy takes it beside an array: of a list or tuple of numbers of any type it makes one."""
    from srcad.eval_builtins import keep

    return keep(ev, "numpy.array", [value], {}, loc) if _holds_numbers(ev, value) else as_array(ev, value, loc)


def as_places(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """Truth values as the integers that NumPy takes them for; anything else as it is."""
    from srcad.eval_builtins import keep

    known, plain = static(ev, value)
    if known and isinstance(plain, (bool, np.bool_)):
        return constant(int(plain))
    one = isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dtype == "bool"
    listed = isinstance(value, Ptr) and known and bool(plain) and all(isinstance(v, bool) for v in plain)
    integers = Known(np.int64, ir.Ref("numpy.int64", np.int64))
    return keep(ev, "numpy.array", [value], {"dtype": integers}, loc) if one or listed else value


def _is_list(ev: Evaluator, value: Value) -> bool:
    return isinstance(value, Ptr) and ev.state.heap[value.id].kind == "list"


def _items(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    box = ev.state.heap[value.id] if isinstance(value, Ptr) else None
    if box is None or box.kind not in ("list", "tuple") or not any(_holds_floats(ev, item) for item in box.items):
        return value
    return ev.tuple_of([as_array(ev, item, loc) for item in box.items], box.kind)


def _holds_floats(ev: Evaluator, value: Value) -> bool:
    """Whether a value is a list or tuple in which, at any depth, there is a floating number or an array of them."""
    box = ev.state.heap[value.id] if isinstance(value, Ptr) else None
    if box is None or box.kind not in ("list", "tuple") or box.expr is not None:
        return False
    direct = any(isinstance(v, Dyn) and isinstance(v.type, Num) and is_float(v.type) for v in box.items)
    return direct or any(_holds_floats(ev, item) for item in box.items)


def _holds_numbers(ev: Evaluator, value: Value) -> bool:
    """Whether a value is a list or tuple of numbers, or of such lists, and of nothing else."""
    box = ev.state.heap[value.id] if isinstance(value, Ptr) else None
    if box is None or box.kind not in ("list", "tuple") or box.expr is not None:
        return False
    numbers = (isinstance(v, Dyn) and isinstance(v.type, Num) or _holds_numbers(ev, v) for v in box.items)
    return bool(box.items) and all(numbers)
