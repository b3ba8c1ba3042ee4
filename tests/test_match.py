"""``match``: what patterns become means what Python means by them."""

from __future__ import annotations

import math
import operator
from typing import Any

import numpy as np
import pytest

from srcad import ir, scope


def run_match(text: str, subject: Any) -> Any:
    """What a match gives, by running the IR's own tests and bindings with Python's meaning."""
    f = scope.from_file(f"def f(x):\n    match x:\n{text}", "f").function
    (made,) = [s for s in f.body if isinstance(s, ir.Match)]
    for case in made.cases:
        frame = {made.var: subject}
        if evaluate(case.test, frame):
            frame |= {name: evaluate(v, frame) for name, v in case.bindings}
            if case.guard is None or evaluate(case.guard, frame):
                return evaluate(case.body[0].value, frame)  # type: ignore[union-attr]
    return "none"


def evaluate(node: Any, frame: dict[str, Any]) -> Any:
    """A small evaluator of what patterns are made of."""
    match node:
        case ir.Const(value=found):
            return found
        case ir.Name(id=name):
            return frame[name]
        case ir.Ref(obj=found):
            return found
        case ir.Attr(base=base, name=name):
            return getattr(evaluate(base, frame), name)
        case ir.Index(base=base, items=(item,)):
            return evaluate(base, frame)[evaluate(item, frame)]
        case ir.Slice(lower=lower, upper=upper):
            return slice(evaluate(lower, frame), None if upper is None else evaluate(upper, frame))
        case ir.Unary(op="not", operand=operand):
            return not evaluate(operand, frame)
        case ir.Unary(op="-", operand=operand):
            return -evaluate(operand, frame)
        case ir.Binary(op="+", left=left, right=right):
            return evaluate(left, frame) + evaluate(right, frame)
        case ir.BoolOp(op=op, items=items):
            return (all if op == "and" else any)(evaluate(i, frame) for i in items)
        case ir.Compare(ops=(op,), items=(left, right)):
            a, b = evaluate(left, frame), evaluate(right, frame)
            return _COMPARE[op](a, b)
        case ir.IfExp(test=test, body=body_, orelse=orelse):
            return evaluate(body_ if evaluate(test, frame) else orelse, frame)
        case ir.Tuple(items=items):
            return tuple(evaluate(i, frame) for i in items)
        case ir.Call(fn=fn, args=args):
            return evaluate(fn, frame)(*(evaluate(a, frame) for a in args))
        case ir.Comprehension(kind="dict", element=ir.Tuple(items=(key, item)), generators=(g,)):
            rows = [{**frame, key.id: k, item.id: v} for k, v in evaluate(g.iter, frame)]  # type: ignore[union-attr]
            rows = [row for row in rows if all(evaluate(t, row) for t in g.tests)]
            return {evaluate(key, row): evaluate(item, row) for row in rows}
    raise AssertionError(node)


_COMPARE: dict[str, Any] = {
    "==": operator.eq, ">=": operator.ge, ">": operator.gt, "is": operator.is_,
    "in": lambda a, b: a in b, "not in": lambda a, b: a not in b,
}  # fmt: skip

SUBJECTS = [
    0, 1, 2.5, -1, None, True, "ab", "x", (), (1,), (1, 2), [1, 2, 3], [1, [2, 3]], [0, 9, 9, 4], {"k": 1},
    {"k": 2, "m": 3}, {}, complex(1, 2), np.float64(2.5), range(3), b"ab", math.pi,
]  # fmt: skip
PATTERNS = [
    "1", "-1", "None", "True", "'ab'", "1 | 2.5", "[]", "[a]", "(a, b)", "[a, *r]", "[*r, a]", "[0, *r, a]",
    "[a, [b, c]]",
    "{'k': a}", "{'k': a, **r}", "{}", "int(a)", "float() as a", "str()", "complex(real=a)", "(1 as a) | ('x' as a)",
    "[1, a] | [a, 1] | [a, _, _]", "a if a == 1", "_", "[_, _]", "{'k': 1 | 2 as a}", "(1, (2 | 3) as a) | [0, a, *_]",
]  # fmt: skip


@pytest.mark.parametrize("pattern", PATTERNS)
def test_patterns_mean_what_python_means(pattern: str) -> None:
    names = sorted(
        {n for n in "abcr" if f" {n} " in f" {pattern} ".translate(str.maketrans("[](){},*|=", " " * 10)) + " "}
    )
    if pattern.endswith("if a == 1"):
        names = ["a"]
    result = f"({''.join(n + ', ' for n in names)})"
    case = f"        case {pattern}:\n            return {result}\n"
    space: dict[str, Any] = {}
    exec(f"def f(x):\n    match x:\n{case}    return 'none'\n", space)
    for subject in SUBJECTS:
        assert run_match(case, subject) == space["f"](subject), (pattern, subject)


def test_positional_class_patterns_use_match_args() -> None:
    made = scope.from_live(distance).function.body[0]
    assert isinstance(made, ir.Match)
    assert [name for name, _ in made.cases[0].bindings] == ["a", "b"]
    assert [v.name for _, v in made.cases[0].bindings] == ["x", "y"]  # type: ignore[union-attr]


class Pair:
    __match_args__ = ("x", "y")


def distance(p):
    match p:
        case Pair(a, b):
            return a - b
