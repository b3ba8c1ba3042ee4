"""Truth, equality and identity of the user's live objects: what may be asked of one while transforming.

What an object says of itself (`__bool__`, `__eq__`) depends on attributes that may change between two calls, so that is
refused. What it is, is looked at again at every call.
"""

from __future__ import annotations

from typing import Any

from srcad import eval_objects, ir, leaves, library, scope
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.values import Known, Value


def have_state(*values: Value) -> bool:
    """Whether one of the values is a live object whose state may change."""
    return any(isinstance(value, Known) and library.has_state(value.value) for value in values)


def compare(ev: Evaluator, op: str, one: Value, other: Value, loc: ir.Loc | None) -> bool:
    """``one op other`` where one of them is such an object."""
    if op not in ("==", "!=") or not isinstance(one, Known) or not isinstance(other, Known):
        raise Unsupported("cannot differentiate a comparison with this object", loc, "Compare an attribute of it.")
    return equal(ev, one, other, loc) == (op == "==")


def truth(ev: Evaluator, value: Known) -> bool:
    """True, as of every object of a class that says nothing else. Raises Unsupported where it does."""
    for name in ("__bool__", "__len__"):
        if hasattr(type(value.value), name):
            raise Unsupported("cannot differentiate the truth of this object", None, "Ask for an attribute of it.")
        eval_objects.bake(ev, value, "__class__", False, leaves.Presence(name))
    return True


def equal(ev: Evaluator, one: Known, other: Known, loc: ir.Loc | None) -> bool:
    """Whether two values are one object; neither's class says more than that of ``==``."""
    for value in (one, other):
        if not library.has_state(value.value):
            continue
        eval_objects.bake(ev, value, "__class__", type(value.value).__eq__, "__eq__", loc=loc)
        if type(value.value).__eq__ is not object.__eq__:
            reason = "cannot differentiate a comparison of objects whose class says what is equal"
            raise Unsupported(reason, loc, "Compare their attributes.")
    return identical(ev, one, other, loc)


def identical(ev: Evaluator, one: Known, other: Known, loc: ir.Loc | None) -> bool:
    """Whether two values are one object; the program is made for the answer."""
    found = one.value is other.value
    live = [value for value in (one, other) if library.has_state(value.value)]
    places = [_itself(value) for value in live]
    if None in places:
        raise Unsupported("cannot differentiate the identity of this object", loc, "Compare an attribute of it.")
    if len(live) == 2:
        (origin, keys), second = places  # type: ignore[misc]
        ev.cx.used_baked[origin, (*keys, leaves.Same(*second))] = found  # type: ignore[misc]
        return found
    for value in live:
        eval_objects.bake(ev, value, "__class__", type(value.value), loc=loc)  # not None, nor a text
    return found


def _itself(value: Known) -> tuple[str, tuple[Any, ...]] | None:
    """Where a value is found again."""
    if value.place is None and isinstance(value.expr, ir.Ref) and value.expr.path.startswith(("global:", "closure:")):
        return scope.split(value.expr.path)
    return value.place
