"""`desugar`: the function gives the same value, and has the structured form it promises."""

from __future__ import annotations

from textwrap import dedent
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srcad import Unsupported, ir
from srcad.transforms.desugar import desugar
from tests.transforms.flow import PROGRAMS
from tests.transforms.running import load, outcome, printed, surface


def assert_core(function: ir.Function) -> None:
    """One return at most, at the end; no jumps; plain targets."""
    for n in ir.walk(function.body):
        if isinstance(n, ir.Function) and n.name != "<lambda>":
            assert_core(n)
    own = list(_own(function.body))
    assert not [n for n in own if isinstance(n, (ir.Break, ir.Continue, ir.Match))]
    assert [n for n in own if isinstance(n, ir.Return)] == list(function.body[-1:] if has_return(function) else ())
    for n in own:
        if isinstance(n, (ir.For, ir.While)):
            assert n.orelse == ()
        if isinstance(n, ir.Assign):
            names = n.target.items if isinstance(n.target, ir.Tuple) else (n.target,)
            assert all(isinstance(t, (ir.Name, ir.Attr)) for t in names)
            assert len(set(names)) == len(names)


def has_return(function: ir.Function) -> bool:
    return bool(function.body) and isinstance(function.body[-1], ir.Return)


def _own(node: Any) -> Any:
    """All nodes but those of nested functions and comprehensions."""
    for n in node if isinstance(node, tuple) else ir.children(node):
        yield n
        if not isinstance(n, (ir.Function, ir.Comprehension)):
            yield from _own(n)


@pytest.mark.parametrize("text", PROGRAMS)
def test_same_outcome(text: str) -> None:
    before = load(text)
    function = desugar(surface(before))
    assert_core(function)
    after = load(printed(function))
    for args in PROGRAMS[text]:
        assert outcome(after, args) == outcome(before, args)
    assert desugar(surface(before)) == function


READABLE = {
    """
    def f(x):
        if x > 0:
            return x
        return -x
    """: """
    def f(x):
        if x > 0:
            out = x
        else:
            out = -x
        return out
    """,
    """
    def f(x, y):
        for i in range(9):
            if x > y:
                continue
            x = x * y
            if x > 3.0:
                break
        return x
    """: """
    def f(x, y):
        done = False
        for i in range(9):
            if not x > y:
                x = x * y
                if x > 3.0:
                    done = True
            if done:
                break
        return x
    """,
    """
    def f(x):
        while True:
            y = 0.5 * (x + 2.0 / x)
            if abs(y - x) < 1e-9:
                break
            x = y
        return x
    """: """
    def f(x):
        done = False
        while True:
            y = 0.5 * (x + 2.0 / x)
            if abs(y - x) < 1e-9:
                done = True
            else:
                x = y
            if done:
                break
        return x
    """,
    """
    def f(x, n):
        while True:
            if n == 0:
                break
            n -= 1
            x = x * 0.5
        while x > 1.0:
            if n > 9:
                break
            x = x - 1.0
            n += 1
        return x
    """: """
    def f(x, n):
        while n != 0:
            n -= 1
            x = x * 0.5
        while x > 1.0 and not n > 9:
            x = x - 1.0
            n += 1
        return x
    """,
    """
    def f(x):
        while True:
            x = x * 0.5
            if x < 1.0:
                break
        return x
    """: """
    def f(x):
        while True:
            x = x * 0.5
            if x < 1.0:
                break
        return x
    """,
    """
    def f(x, tol):
        for i in range(50):
            if abs(x) < tol:
                return x
            x = 0.5 * x
        return -x
    """: """
    def f(x, tol):
        returned = False
        for i in range(50):
            if abs(x) < tol:
                out = x
                returned = True
            else:
                x = 0.5 * x
            if returned:
                break
        if not returned:
            out = -x
        return out
    """,
    """
    def f(a, b):
        a, b = b, a
        a, b = b, a + b
        a, b = a + 1.0, 2.0
        return a, b
    """: """
    def f(a, b):
        a, b = b, a
        b_new = a + b
        a = b
        b = b_new
        a = a + 1.0
        b = 2.0
        return a, b
    """,
    """
    def f(x, i, j):
        x[i], x[j] = x[j], x[i]
        while (e := x[i] - x[j]) > 1.0:
            x[i] = x[i] - 0.5 * e
        return x
    """: """
    def f(x, i, j):
        value = x[j]
        value_ = x[i]
        x[i] = value
        x[j] = value_
        e = x[i] - x[j]
        while e > 1.0:
            x[i] = x[i] - 0.5 * e
            e = x[i] - x[j]
        return x
    """,
    """
    def f(x):
        for i in range(3):
            if x > 2.0:
                x = x - 1.0
                break
        else:
            x = 0.0
        return x
    """: """
    def f(x):
        done = False
        for i in range(3):
            if x > 2.0:
                x = x - 1.0
                done = True
            if done:
                break
        if not done:
            x = 0.0
        return x
    """,
}


@pytest.mark.parametrize("text", READABLE)
def test_reads_well(text: str) -> None:
    assert printed(desugar(surface(load(text)))).strip() == dedent(READABLE[text]).strip()


def test_statements_keep_their_place() -> None:
    function = desugar(
        surface(load("def f(x):\n    if x > 0:\n        return x\n    x, y = x + 1, 2 * x\n    return y\n"))
    )
    assert all(n.loc is not None for n in _own(function.body) if isinstance(n, (ir.Assign, ir.If, ir.Return)))


def test_a_jump_out_of_finally_is_refused() -> None:
    text = """
    def f(x):
        try:
            x = 1 / x
        finally:
            return x
    """
    with pytest.raises(Unsupported, match="finally") as refused:
        desugar(surface(load(text)))
    assert refused.value.lineno == 2


# ---- random control flow ----

_SIMPLE = (
    "t.append(x)",
    "x = x + 1",
    "x, y = y, x",
    "x, y = y - 1, x + y",
    "y = z = x",
    "p[x % 3], y = y, x",
    "y = (x := x + 2) * x",
    "t.append(x < b() < 2)",
    "_, x = x, (y := b() + x)",
)
_TESTS = ("b()", "b() and b()", "not b()", "(w := b()) and x > w", "0 <= b() <= x % 3", "not (b() or (w := b()))")


@st.composite
def blocks(draw: Any, depth: int, in_loop: bool) -> list[str]:
    """Lines of a block."""
    lines: list[str] = []
    for _ in range(draw(st.integers(1, 3))):
        lines += draw(statements(depth, in_loop))
    return lines


def _below(lines: list[str]) -> list[str]:
    return ["    " + line for line in lines]


@st.composite
def statements(draw: Any, depth: int, in_loop: bool) -> list[str]:
    kinds = ["simple", "return"] + ["break", "continue"] * in_loop
    kinds += ["if", "if", "ifelse", "while", "for", "with", "try", "match"] if depth else []
    kind = draw(st.sampled_from(kinds))
    if kind == "simple":
        return [draw(st.sampled_from(_SIMPLE))]
    if kind in ("break", "continue"):
        return [kind]
    if kind == "return":
        return [draw(st.sampled_from(["return x", "return", "return x, y", "return (y := x)"]))]
    test, body = draw(st.sampled_from(_TESTS)), _below(draw(blocks(depth - 1, in_loop)))
    if kind == "if":
        return [f"if {test}:", *body]
    if kind == "ifelse":
        return [f"if {test}:", *body, "else:", *_below(draw(blocks(depth - 1, in_loop)))]
    if kind == "with":
        manager = draw(st.sampled_from(["np.errstate(all='ignore')", "suppress(ZeroDivisionError)"]))
        return [f"with {manager}:", *body, "    x = x // y"]
    if kind == "try":
        handler = _below(draw(blocks(depth - 1, in_loop)))
        orelse = ["else:", *_below(draw(blocks(depth - 1, in_loop)))] if draw(st.booleans()) else []
        return ["try:", *body, "    x = x // y", "except ZeroDivisionError:", *handler, *orelse]
    if kind == "match":
        other = _below(_below(draw(blocks(depth - 1, in_loop))))
        return ["match x % 3:", "    case 0:", *_below(body), f"    case w if {test}:", *other]
    head = f"while {test}:" if kind == "while" else "for i in range(3):"
    orelse = ["else:", *_below(draw(blocks(depth - 1, in_loop)))] if draw(st.booleans()) else []
    return [head, *_below(draw(blocks(depth - 1, True))), *orelse]


_HEAD = """
from contextlib import suppress


def f(bits, x, y, t):
    b = bits.pop
    p = [0, 0, 0]
"""


def check_random(lines: list[str], bits: list[int], x: int, y: int) -> None:
    text = _HEAD + "\n".join(_below([*lines, "return t, x, y, p"])) + "\n"
    before = load(text)
    function = desugar(surface(before))
    assert_core(function)
    after = load(printed(function))
    for k in range(len(bits) + 1):
        args = [bits[:k], x, y, []]
        assert outcome(after, args) == outcome(before, args), text


_bits = st.lists(st.integers(0, 2), min_size=12, max_size=12)


@settings(max_examples=60, deadline=None)
@given(blocks(3, False), _bits, st.integers(0, 4), st.integers(-1, 2))
def test_random_control_flow(lines: list[str], bits: list[int], x: int, y: int) -> None:
    check_random(lines, bits, x, y)


@pytest.mark.slow
@settings(max_examples=3000, deadline=None)
@given(blocks(3, False), _bits, st.integers(0, 4), st.integers(-1, 2))
def test_much_random_control_flow(lines: list[str], bits: list[int], x: int, y: int) -> None:
    check_random(lines, bits, x, y)
