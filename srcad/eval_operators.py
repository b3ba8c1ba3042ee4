"""Operators of the partial evaluator: arithmetic, comparison, truth, and the choice between two values."""

from __future__ import annotations

import dataclasses
import enum
import operator
from dataclasses import replace
from decimal import Decimal
from numbers import Number
from typing import Any

from srcad import eval_lists, eval_optional, eval_special, ir
from srcad.errors import Unsupported
from srcad.eval_array_likes import beside_array
from srcad.eval_core import Evaluator, list_site, place
from srcad.eval_exprs import evaluate, evaluate_all
from srcad.eval_order import disturbed, holding, owned
from srcad.eval_values import constant, demand, dyn, residual, static, static_truth, truth_expr
from srcad.types import Num, Seq, is_float, is_integer, is_scalar
from srcad.values import Dyn, Known, Lazy, Maybe, Ptr, Text, Value

BINARY: dict[str, Any] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
    "**": operator.pow,
    "&": operator.and_,
    "|": operator.or_,
    "^": operator.xor,
    "<<": operator.lshift,
    ">>": operator.rshift,
}


COMPARE: dict[str, Any] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


def unary(ev: Evaluator, expr: ir.Unary) -> Value:
    if expr.op == "not":
        return negation(ev, truth(ev, expr.operand), expr.loc)
    value = eval_optional.present(ev, evaluate(ev, expr.operand), expr.loc)
    method = eval_special.special(ev, value, {"-": "neg", "+": "pos", "~": "invert"}[expr.op])
    if method is not None:
        return eval_special.invoke(ev, value, method, [], expr.loc)
    known, own = static(ev, value)
    if known and isinstance(own, (int, float)) and not isinstance(own, bool) and expr.op in "+-":
        return constant(-own if expr.op == "-" else own, expr.loc)
    return dyn(ev, ir.Unary(expr.op, residual(ev, value, expr.loc), loc=expr.loc))


def negation(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    known, holds = static_truth(ev, value)
    return constant(not holds) if known else dyn(ev, ir.Unary("not", truth_expr(ev, value, loc), loc=loc))


def binary_expr(ev: Evaluator, expr: ir.Binary) -> Value:
    left, right = evaluate_all(ev, (expr.left, expr.right))
    return binary(ev, expr.op, left, right, expr.loc)


def binary(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> Value:
    left, right = eval_optional.both_present(ev, op, left, right, loc)
    known_left, a = static(ev, left)
    known_right, b = static(ev, right)
    if known_left and known_right and isinstance(a, str) and op in BINARY:
        return known_or_constant(BINARY[op](a, b), loc)
    if isinstance(left, Text) or isinstance(right, Text) or isinstance(a, str):
        return Text(ir.Binary(op, residual(ev, left, loc), residual(ev, right, loc), loc=loc))
    if op == "+" and eval_lists.is_list(ev, left) and eval_lists.is_list(ev, right):
        if not (isinstance(left, Ptr) and isinstance(right, Ptr)):
            return eval_lists.joined(ev, left, right, loc)
    if isinstance(left, Ptr) or isinstance(right, Ptr):
        found = eval_special.binary(ev, op, left, right, loc) or _binary_boxes(ev, op, left, right, loc)
        if found is not None:
            return found
    if known_left and known_right and (_foldable(a, b) or ev.by_name and _is_exponent(op, a, b)) and op in BINARY:
        return known_or_constant(BINARY[op](a, b), loc)
    for side in (left, right):
        if isinstance(side, Dyn) and isinstance(side.type, Seq):
            raise Unsupported(
                "cannot differentiate arithmetic on a list of unknown length",
                loc,
                "Make it an array with np.array first.",
            )
    return dyn(ev, ir.Binary(op, residual(ev, left, loc), residual(ev, right, loc), loc=loc))


def _foldable(a: Any, b: Any) -> bool:
    """Integers fold (shapes, axes); floating arithmetic is left to the program, to the bit."""
    return isinstance(a, int) and isinstance(b, int) and not (b == 0)


def _is_exponent(op: str, a: Any, b: Any) -> bool:
    """``n - 1`` in a rule, for the n of ``x**n``: the same number as at run time, to the bit."""
    return op in ("+", "-") and all(isinstance(v, (int, float)) and not isinstance(v, bool) for v in (a, b))


def known_or_constant(value: Any, loc: ir.Loc | None) -> Value:
    return Known(value) if value is None or isinstance(value, str) else constant(value, loc)


def _binary_boxes(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> Value | None:
    """``list + list``, ``[x] * 3``; a sequence of numbers beside an array stays an expression."""
    from srcad import eval_lists

    boxes = [ev.state.heap[v.id] if isinstance(v, Ptr) else None for v in (left, right)]
    a, b = boxes
    if op == "+" and a is not None and b is not None:
        kinds = ["tuple" if box.kind == "namedtuple" else box.kind for box in (a, b)]
        if kinds[0] == kinds[1] and kinds[0] in ("list", "tuple"):
            return ev.tuple_of((*a.items, *b.items), kinds[0], site=loc)
        raise TypeError(f'can only concatenate {kinds[0]} (not "{kinds[1]}") to {kinds[0]}')
    if op == "|" and a is not None and b is not None and a.kind == b.kind == "dict":
        merged = {**dict(zip(a.keys, a.items, strict=True)), **dict(zip(b.keys, b.items, strict=True))}
        return ev.box("dict", tuple(merged), tuple(merged.values()))
    if op == "*" and (a is None) != (b is None):
        box, times = (a, right) if a is not None else (b, left)
        assert box is not None
        known, count = static(ev, times)
        site = list_site(ev, loc, "times")
        if known and isinstance(count, int) and box.kind in ("list", "tuple"):
            if ("dynamic", site) in ev.cx.decisions:
                return eval_lists.repeated(ev, box.items, count, loc)
            items = tuple(owned(ev, item, "item", loc) for item in box.items)  # the same objects, several times
            return ev.tuple_of(items * count, box.kind, site=site)
        often = isinstance(times, Dyn) and is_integer(times.type) and is_scalar(times.type)
        if often and not known and box.kind == "list" and not all(map(_is_constant, box.items)):
            return eval_lists.repeated_in_turn(ev, left if a is not None else right, times, loc)
    if (a is None) != (b is None) and _makes_arrays(left if a is None else right):
        made = beside_array(ev, left, loc), beside_array(ev, right, loc)
        return None if made == (left, right) else binary(ev, op, *made, loc)
    return None


def _makes_arrays(beside: Value) -> bool:
    """Whether it is an array, which makes one of the list beside it (NumPy's numbers refuse a list)."""
    return isinstance(beside, Dyn) and isinstance(beside.type, Num) and bool(beside.type.dims)


def _is_constant(value: Value) -> bool:
    return isinstance(value, Dyn) and isinstance(value.expr, ir.Const)


def compare(ev: Evaluator, expr: ir.Compare) -> Value:
    """``a < b < c``: each operand once, and what follows a false link not at all."""
    if len(expr.ops) == 1:
        left, right = evaluate_all(ev, expr.items)
        return _compare_pair(ev, expr.ops[0], left, right, expr.loc)
    mark, before = len(ev.out), ev.state.copy()
    values = evaluate_all(ev, expr.items)
    if len(ev.out) > mark or disturbed(ev, before, mark):  # an operand that needs statements: one link after the other
        del ev.out[mark:]
        ev.state = before
        return _chained(ev, expr)
    pairs = zip(expr.ops, values, values[1:], strict=False)
    links = [_compare_pair(ev, op, left, right, expr.loc) for op, left, right in pairs]
    if any(static_truth(ev, v) == (True, False) for v in links):
        return constant(False)
    rest = tuple(residual(ev, v) for v in links if static_truth(ev, v) != (True, True))
    if not rest:
        return constant(True)
    if len(rest) < len(links):
        return dyn(ev, rest[0] if len(rest) == 1 else ir.BoolOp("and", rest, loc=expr.loc))
    return dyn(ev, ir.Compare(expr.ops, tuple(residual(ev, v) for v in values), loc=expr.loc))


def _chained(ev: Evaluator, expr: ir.Compare) -> Value:
    """``a < b and b < c``, b being evaluated once."""
    middle = f"link#{place(expr.loc)}{len(expr.ops)}"
    first, second, *_ = expr.items
    left, right = evaluate_all(ev, (first, second))
    ev.bind(middle, right, expr.loc)
    link = f"{middle}#first"
    ev.bind(link, _compare_pair(ev, expr.ops[0], left, ev.env[middle], expr.loc), expr.loc)
    tail = ir.Compare(expr.ops[1:], (ir.Name(middle), *expr.items[2:]), loc=expr.loc)
    value = boolop(ev, ir.BoolOp("and", (ir.Name(link), tail), loc=expr.loc))
    del ev.env[middle], ev.env[link]
    return value


def _compare_pair(ev: Evaluator, op: str, left: Value, right: Value, loc: ir.Loc | None) -> Value:
    from srcad import eval_identity

    missing = _is_missing(op, left, right) if isinstance(left, Maybe) or isinstance(right, Maybe) else None
    if missing is not None:
        return missing
    left, right = eval_optional.both_present(ev, op, left, right, loc)
    if op in ("is", "is not"):
        return constant(_identical(ev, left, right, loc) == (op == "is"))
    if op in ("in", "not in"):
        among = _is_among(ev, left, right, loc) or constant(_contains(ev, right, left, loc))
        return among if op == "in" else negation(ev, among, loc)
    found = eval_special.compare(ev, op, left, right, loc)
    if found is not None:
        return found
    if eval_identity.have_state(left, right):
        return constant(eval_identity.compare(ev, op, left, right, loc))
    left, right = _numbers(ev, left, right, loc)
    known_left, a = static(ev, left)
    known_right, b = static(ev, right)
    if known_left and known_right:
        return constant(bool(COMPARE[op](a, b)))
    if isinstance(left, Text) or isinstance(right, Text):
        reason = "cannot differentiate a comparison of text that is made of numbers"
        raise Unsupported(reason, loc, "Compare the numbers.")
    if isinstance(left, Ptr) and isinstance(right, Ptr):
        return _compare_boxes(ev, op, left, right, loc)
    if isinstance(left, Ptr) != isinstance(right, Ptr) and _makes_arrays(right if isinstance(left, Ptr) else left):
        left, right = beside_array(ev, left, loc), beside_array(ev, right, loc)
    if op in ("==", "!=") and (isinstance(left, Known) or isinstance(right, Known)):
        other = right if isinstance(left, Known) else left
        if isinstance(other, Dyn) and not is_scalar(other.type):
            raise Unsupported("cannot differentiate a comparison of an array with this", loc, "Use `is None`.")
        return constant(op == "!=")  # a number is never equal to None or to a string
    return dyn(ev, ir.Compare((op,), (residual(ev, left, loc), residual(ev, right, loc)), loc=loc))


def _numbers(ev: Evaluator, left: Value, right: Value, loc: ir.Loc | None) -> tuple[Value, Value]:
    """What is compared, where one side may be equal to a number without being one of Python's: a member of an IntEnum
    is its number; beside a fraction, the other number is needed by value."""
    pair = [left, right]
    for k, value in enumerate(pair):
        if not isinstance(value, Known) or not isinstance(pair[1 - k], Dyn):
            continue
        if isinstance(value.value, enum.Enum) and isinstance(value.value, (int, float)):
            pair[k] = constant(value.value.value)
        elif isinstance(value.value, (Number, Decimal)):
            demand(ev, pair[1 - k], f"a number beside a {type(value.value).__name__}", loc, "Compare with float(...).")
    return pair[0], pair[1]


def _is_missing(op: str, left: Value, right: Value) -> Value | None:
    """``scale is None`` of what may be None."""
    for a, b in ((left, right), (right, left)):
        if isinstance(a, Maybe) and b == Known(None) and op in ("is", "==", "is not", "!="):
            positive = op in ("is", "==")
            return a.absent if positive else replace(a.absent, expr=ir.Unary("not", a.absent.expr), const=None)
    return None


def _compare_boxes(ev: Evaluator, op: str, left: Ptr, right: Ptr, loc: ir.Loc | None) -> Value:
    a, b = ev.state.heap[left.id], ev.state.heap[right.id]
    if op not in ("==", "!="):
        raise Unsupported(f"cannot differentiate a comparison of containers by {op}", loc, "Compare their numbers.")
    if a.expr is not None and b.expr is not None and len(a.items) == len(b.items):
        return dyn(ev, ir.Compare((op,), (a.expr, b.expr), loc=loc))
    pairs = _compared(ev, left, right)
    if pairs is None:
        return constant((left.id == right.id) == (op == "=="))
    same = boolean(ev, "and", [_compare_pair(ev, "==", x, y, loc) for x, y in pairs], loc)
    return same if op == "==" else negation(ev, same, loc)


def _compared(ev: Evaluator, left: Ptr, right: Ptr) -> list[tuple[Value, Value]] | None:
    """Pairs of items that make two containers equal; None where they are equal only if they are one."""
    a, b = ev.state.heap[left.id], ev.state.heap[right.id]
    kinds = ["tuple" if box.kind == "namedtuple" else box.kind for box in (a, b)]
    if kinds[0] != kinds[1] or len(a.items) != len(b.items) or eval_special.by_identity(ev, left, right):
        return None
    if kinds[0] == "dataclass":
        said = {f.name for f in dataclasses.fields(a.cls) if f.compare}  # type: ignore[arg-type]
        return [(x, y) for key, x, y in zip(a.keys, a.items, b.items, strict=True) if key in said]
    if kinds[0] != "dict":
        return list(zip(a.items, b.items, strict=True))
    positions = [b.index(key) for key in a.keys]
    return None if None in positions else [(x, b.items[k]) for x, k in zip(a.items, positions, strict=True)]  # type: ignore[index]


def boolean(ev: Evaluator, op: str, values: list[Value], loc: ir.Loc | None) -> Value:
    """``and``/``or`` of truth values."""
    deciding = op == "or"
    if any(static_truth(ev, v) == (True, deciding) for v in values):
        return constant(deciding)
    rest = [truth_expr(ev, v, loc) for v in values if not static_truth(ev, v)[0]]
    if not rest:
        return constant(not deciding)
    return dyn(ev, rest[0] if len(rest) == 1 else ir.BoolOp(op, tuple(rest), loc=loc))


def _identical(ev: Evaluator, left: Value, right: Value, loc: ir.Loc | None) -> bool:
    from srcad import eval_identity

    if isinstance(left, Known) and isinstance(right, Known):
        if eval_identity.have_state(left, right):
            return eval_identity.identical(ev, left, right, loc)
        return left.value is right.value or (isinstance(left.value, type) and left.value == right.value)
    if isinstance(left, Ptr) and isinstance(right, Ptr):
        return left.id == right.id
    for a, b in ((left, right), (right, left)):
        if isinstance(a, Known) and not isinstance(b, Known):
            known, own = static(ev, b)
            if isinstance(own, bool) and isinstance(a.value, bool):
                return own is a.value
            return False
    known_left, a_value = static(ev, left)
    known_right, b_value = static(ev, right)
    if known_left and known_right:
        return a_value is b_value
    raise Unsupported(
        "cannot differentiate identity of two numbers or arrays", loc, "Compare with == or compare shapes."
    )


def _is_among(ev: Evaluator, item: Value, container: Value, loc: ir.Loc | None) -> Value | None:
    """Whether a number of the run is one of a container's numbers: ``n in (1, 2)``; None for anything else."""
    if not isinstance(item, Dyn) or not is_scalar(item.type) or static(ev, item)[0] or not isinstance(container, Ptr):
        return None
    box = ev.state.heap[container.id]
    numbers = [constant(key) for key in box.keys if type(key) in (bool, int, float)] if box.kind == "dict" else []
    values = numbers if box.kind == "dict" else list(box.items)
    if not all(isinstance(v, Known) or isinstance(v, Dyn) and is_scalar(v.type) for v in values):
        return None
    return boolean(ev, "or", [_compare_pair(ev, "==", item, v, loc) for v in values], loc)


def _contains(ev: Evaluator, container: Value, item: Value, loc: ir.Loc | None) -> bool:
    from srcad import eval_identity

    if eval_special.is_object(ev, container) or eval_identity.have_state(container):
        raise Unsupported("cannot differentiate `in` with an object", loc, "Call its method.")
    items = ev.state.heap[container.id].items if isinstance(container, Ptr) else ()
    if eval_identity.have_state(item, *items):
        return any([eval_identity.compare(ev, "==", v, item, loc) for v in items])
    known, key = static(ev, item)
    if isinstance(container, Ptr) and known:
        box = ev.state.heap[container.id]
        if box.kind == "dict":
            return key in box.keys
        values = [static(ev, v) for v in box.items]
        if all(k for k, _ in values):
            return key in [v for _, v in values]
    if isinstance(container, Known) and known:
        return bool(key in container.value)
    if isinstance(container, Lazy) and container.kind == "range" and known:
        bounds = [static(ev, v) for v in container.args]
        if all(k for k, _ in bounds):
            return key in range(*(v for _, v in bounds))
    if isinstance(container, Lazy) and container.kind == "keys":
        return _contains(ev, container.args[0], item, loc)
    raise Unsupported("cannot differentiate `in` with something known only at run time", loc)


def boolop(ev: Evaluator, expr: ir.BoolOp) -> Value:
    """``and``/``or``: what follows a deciding operand is not evaluated; the value is that of one of the operands."""
    deciding = expr.op == "or"
    first, *rest = expr.items
    value = evaluate(ev, first)
    known, truth = static_truth(ev, value)
    for k, item in enumerate(rest, 1):
        if not known:
            return _boolop_from(ev, expr, value, k)
        if truth == deciding:
            return value
        value = evaluate(ev, item)
        known, truth = static_truth(ev, value)
    return value


def _boolop_from(ev: Evaluator, expr: ir.BoolOp, value: Value, k: int) -> Value:
    """``value and expr.items[k] ...``: one expression where that is a truth value, else a choice between values."""
    mark, before = len(ev.out), ev.state.copy()
    earlier = [(item, expr.op == "and") for item in expr.items[:k]]
    with holding(ev, [value]):
        values = [value]
        for j in range(k, len(expr.items)):
            with eval_optional.narrowed(ev, [(item, expr.op == "and") for item in expr.items[:j]]):
                values.append(evaluate(ev, expr.items[j]))
    if len(ev.out) == mark and not disturbed(ev, before, mark) and all(_is_flag(v) for v in values):
        return boolean(ev, expr.op, values, expr.loc)
    del ev.out[mark:]
    ev.state = before
    name = f"choice#{place(expr.loc)}{ev.temp_count('choice', expr.loc)}"
    ev.bind(name, value, expr.loc)
    rest = expr.items[k] if k == len(expr.items) - 1 else ir.BoolOp(expr.op, expr.items[k:], loc=expr.loc)
    test = ir.Name(name) if expr.op == "and" else ir.Unary("not", ir.Name(name))
    with eval_optional.narrowed(ev, earlier[:-1]):
        told = expr.items[k - 1] if expr.op == "and" else ir.Unary("not", expr.items[k - 1])
        ev.branch(ir.If(test, (ir.Assign(ir.Name(name), rest, loc=expr.loc),), loc=expr.loc), told)
    return ev.env.pop(name)


def _is_flag(value: Value) -> bool:
    """A truth value or an integer: it has no derivative that a choice between operands could lose."""
    return isinstance(value, Dyn) and isinstance(value.type, Num) and not is_float(value.type)


def truth(ev: Evaluator, expr: ir.Expr) -> Value:
    """A test: of ``a and b`` only the truth matters."""
    if not isinstance(expr, ir.BoolOp):
        value = evaluate(ev, expr)
        if isinstance(value, Maybe):
            return dyn(ev, eval_optional.truth(value))
        return eval_special.truth(ev, value, expr.loc) or value
    mark, before = len(ev.out), ev.state.copy()
    values: list[Value] = []
    for k, item in enumerate(expr.items):
        with eval_optional.narrowed(ev, [(earlier, expr.op == "and") for earlier in expr.items[:k]]):
            values.append(truth(ev, item))
        if len(values) > 1 and (len(ev.out) > mark or disturbed(ev, before, mark)):
            del ev.out[mark:]
            ev.state = before
            return evaluate(ev, expr)
        if static_truth(ev, values[-1]) == (True, expr.op == "or"):
            break
    return boolean(ev, expr.op, values, expr.loc)


def choice(ev: Evaluator, expr: ir.IfExp) -> Value:
    test = truth(ev, expr.test)
    known, holds = static_truth(ev, test)
    if known:
        return evaluate(ev, expr.body if holds else expr.orelse)
    name = f"choice#{place(expr.loc)}{ev.temp_count('choice', expr.loc)}"
    ev.env[f"{name}#test"] = test
    body = (ir.Assign(ir.Name(name), expr.body, loc=expr.loc),)
    orelse = (ir.Assign(ir.Name(name), expr.orelse, loc=expr.loc),)
    ev.branch(ir.If(ir.Name(f"{name}#test", loc=expr.test.loc), body, orelse, loc=expr.loc), expr.test)
    del ev.env[f"{name}#test"]
    return ev.env.pop(name)
