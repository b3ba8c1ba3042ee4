"""The printed text: what it says (checked by Python's parser), how it looks (checked by Ruff), what it imports."""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from srcad import emit, ir
from srcad.emit_layout import flat
from tests.emit_random import Programs, to_ast

x, y, z, n, i = (ir.Name(name) for name in "xyzni")
FULL = ir.ELLIPSIS


def binary(op: str, left: ir.Expr, right: ir.Expr) -> ir.Binary:
    return ir.Binary(op, left, right)


def dump(node: ast.AST) -> str:
    """A syntax tree without places and without load/store marks."""
    return re.sub(r",? ?(ctx=(Load|Store)\(\)|kind=None|type_params=\[\])", "", ast.dump(node))


# ---- it means what the IR says ----


@settings(max_examples=300, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(1, 4))
def test_expressions_parse_back_to_the_same_tree(random: Random, depth: int) -> None:
    e = Programs(random).expr(depth)
    assert dump(ast.parse(emit.expr(e), mode="eval").body) == dump(to_ast(e))


@settings(max_examples=100, deadline=None)
@given(st.randoms(use_true_random=False))
def test_functions_parse_back_to_the_same_tree(random: Random) -> None:
    fn = Programs(random).function("f")
    assert dump(ast.parse(emit.function(fn)).body[0]) == dump(to_ast(fn))


@pytest.mark.parametrize(
    ("e", "text"),
    [
        (binary("-", x, binary("-", y, z)), "x - (y - z)"),
        (binary("-", binary("-", x, y), z), "x - y - z"),
        (binary("**", binary("*", x, y), z), "(x * y) ** z"),
        (binary("**", x, binary("**", y, z)), "x ** y**z"),
        (binary("**", binary("**", x, y), z), "(x**y) ** z"),
        (binary("**", ir.Unary("-", x), ir.const(2)), "(-x) ** 2"),
        (ir.Unary("-", binary("**", x, ir.const(2))), "-(x**2)"),
        (binary("**", x, ir.const(-2)), "x**-2"),
        (binary("**", ir.const(-2.0), x), "(-2.0) ** x"),
        (binary("**", ir.Call(ir.Name("f"), (x,)), ir.const(2)), "f(x) ** 2"),
        (binary("**", ir.Attr(x, "real"), ir.const(0.5)), "x.real**0.5"),
        (binary("*", binary("+", x, y), z), "(x + y) * z"),
        (binary("*", x, ir.Unary("-", y)), "x * -y"),
        (ir.Unary("-", ir.Unary("-", x)), "-(-x)"),
        (ir.Unary("not", ir.BoolOp("and", (x, y))), "not (x and y)"),
        (ir.Unary("not", ir.Compare(("<",), (x, y))), "not x < y"),
        (ir.BoolOp("or", (ir.BoolOp("and", (x, y)), z)), "x and y or z"),
        (ir.BoolOp("and", (ir.BoolOp("or", (x, y)), z)), "(x or y) and z"),
        (ir.Compare(("<", "<="), (x, y, z)), "x < y <= z"),
        (ir.Compare(("<",), (ir.Compare(("<",), (x, y)), z)), "(x < y) < z"),
        (ir.IfExp(x, y, ir.IfExp(n, z, x)), "y if x else z if n else x"),
        (ir.IfExp(x, ir.IfExp(n, z, x), y), "(z if n else x) if x else y"),
        (ir.Attr(binary("+", x, y), "T"), "(x + y).T"),
        (ir.Attr(ir.const(1.5), "real"), "(1.5).real"),
        (ir.Index(x, (ir.Slice(binary("+", i, ir.const(1)), None),)), "x[i + 1 :]"),
        (ir.Index(x, (ir.Slice(ir.const(1), ir.const(-1)),)), "x[1:-1]"),
        (ir.Index(x, (ir.Slice(binary("-", n, ir.const(1)), None, ir.const(-1)),)), "x[n - 1 :: -1]"),
        (ir.Index(x, (ir.Slice(None, None), ir.NONE)), "x[:, None]"),
        (ir.Index(x, (ir.Tuple((i, n)),)), "x[(i, n)]"),
        (ir.Lambda(ir.Function("<lambda>", (ir.Param("x"),), (ir.Return(binary("*", x, y)),))), "lambda x: x * y"),
        (ir.Call(ir.Name("f"), (ir.Starred(x),), ((None, y),)), "f(*x, **y)"),
        (ir.Walrus(x, y), "x := y"),
        (ir.Tuple((ir.Walrus(x, y), z)), "(x := y), z"),
        (ir.Tuple((x,)), "(x,)"),
        (ir.FString((ir.const('a"{'), (ir.Index(x, (ir.const("k"),)), None, None))), 'f"a\\"{{{x[\'k\']}"'),
    ],
)
def test_parentheses_and_blanks_are_those_a_person_writes(e: ir.Expr, text: str) -> None:
    assert emit.expr(e) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (2.0, "2.0"),
        (0.1, "0.1"),
        (1e-6, "1e-6"),
        (1e22, "1e22"),
        (-0.0, "-0.0"),
        (3, "3"),
        (True, "True"),
        (None, "None"),
        (..., "..."),
        (2j, "2.0j"),
        (1 - 2j, "1.0 - 2.0j"),
        (complex(-1.0, 0.5), "-1.0 + 0.5j"),
        (complex(-0.0, 1.0), "complex(-0.0, 1.0)"),
        (float("inf"), "np.inf"),
        (float("-inf"), "-np.inf"),
        (float("nan"), "np.nan"),
        ("say", '"say"'),
        ('"', "'\"'"),
        ("a\n\\", '"a\\n\\\\"'),
    ],
)
def test_literals(value: object, text: str) -> None:
    assert emit.expr(ir.const(value)) == text


@given(st.floats(allow_nan=False) | st.complex_numbers(allow_nan=False) | st.integers() | st.text())
def test_literals_read_back_bit_for_bit(value: object) -> None:
    import numpy as np

    back = eval(emit.expr(ir.const(value)), {"np": np})
    assert repr(back) == repr(value) and type(back) is type(value)


# ---- it looks as Ruff's formatter would leave it ----


def ruff_format(text: str) -> str:
    ruff = shutil.which("ruff") or str(Path(sys.executable).with_name("ruff"))
    done = subprocess.run(
        [ruff, "format", "--isolated", "--stdin-filename", "generated.py", "-"],
        input=text,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_ruff_leaves_random_programs_unchanged(seed: int) -> None:
    programs = Programs(Random(seed))
    text = emit.module([programs.function(f"f{k}") for k in range(250)])
    assert text.count("\n") > 2000
    ours, theirs = (re.split(r"(?m)^(?=def f\d+\()", t) for t in (text, ruff_format(text)))
    assert ours == theirs


@pytest.mark.parametrize("seed", [4, 5])
def test_lines_break_where_ruff_breaks_long_ones(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    programs = Programs(Random(seed))
    functions = [programs.function(f"f{k}") for k in range(250)]
    text = emit.module(functions)
    monkeypatch.setattr(emit, "render", lambda doc, indent=0: flat(doc))
    ours, theirs = (re.split(r"(?m)^(?=def f\d+\()", t) for t in (text, ruff_format(emit.module(functions))))
    assert ours == theirs


def test_ruff_leaves_a_whole_module_unchanged() -> None:
    inner = ir.Function("inner", (ir.Param("x"),), (ir.Return(x),))
    long = ir.Name("a_name_of_forty_characters_no_more_no_less")
    handler = ir.Handler(ir.Tuple((ir.Ref("builtins.ValueError"), ir.Ref("builtins.TypeError"))), "error", ())
    fn = ir.Function(
        "f",
        (
            ir.Param("x", annotation="float"),
            ir.Param("a_name_of_forty_characters_no_more_no_less"),
            ir.Param("y", default=ir.ONE, annotation="float"),
            ir.Param("key", kind="keyword", default=ir.NONE),
            ir.Param("rest", kind="starstar"),
        ),
        (
            ir.Define(inner),
            ir.Block("a note", (ir.Define(inner),)),
            ir.If(x, (ir.Define(inner),), (ir.If(y, (), (ir.Define(inner),)),)),
            ir.With(((ir.call("numpy.errstate", divide=ir.const("ignore")), None),), (ir.Break(),)),
            ir.With(((long, x), (long, y)), ()),
            ir.Try((ir.Raise(None),), (handler, ir.Handler(None, None, ())), (ir.Return(None),), (ir.Define(inner),)),
            ir.Raise(ir.call("builtins.ValueError", ir.const("m" * 90)), ir.Name("error")),
            ir.For(ir.Tuple((x, ir.Tuple((y, z)))), ir.call("builtins.zip", long, long, long), (ir.Continue(),)),
            ir.Nonlocal(("x", "y"), is_global=True),
            ir.Assign(x, y, annotation="float"),
            ir.Return(ir.Tuple((long, long, long))),
        ),
        doc='A "docstring" with a \\ and """.\n\n    An indented line.\n\nLast.',
    )
    text = emit.module([fn, inner], header="made by\n\na test", doc="One line.")
    assert text == ruff_format(text)
    emit.verify(text)


def test_long_lines_break_inside_the_last_brackets_or_before_operators() -> None:
    a, b = ir.Name("a" * 30), ir.Name("b" * 30)
    lines = emit.statements(
        [
            ir.Assign(x, ir.call("numpy.where", a, b, binary("+", a, b))),
            ir.Assign(x, binary("+", binary("*", a, b), binary("*", a, y))),
            ir.Return(ir.Tuple((a, b, binary("+", a, b)))),
        ]
    )
    assert (
        "\n".join(lines)
        == """\
x = np.where(
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa + bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,
)
x = (
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa * bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb
    + aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa * y
)
return (
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa,
    bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,
    aaaaaaaaaaaaaaaaaaaaaaaaaaaaaa + bbbbbbbbbbbbbbbbbbbbbbbbbbbbbb,
)"""
    )


# ---- core IR as people write it ----


@pytest.mark.parametrize(
    ("e", "text"),
    [
        (ir.call("numpy.transpose", x), "x.T"),
        (ir.call("numpy.transpose", binary("@", x, y)), "(x @ y).T"),
        (ir.call("numpy.transpose", x, ir.Tuple((ir.const(1), ir.const(0)))), "np.transpose(x, (1, 0))"),
        (ir.call("numpy.copy", x), "x.copy()"),
        (ir.call("srcad_runtime.astype", x, ir.Attr(y, "dtype")), "x.astype(y.dtype)"),
        (ir.call("numpy.sum", x, axis=ir.const(0)), "x.sum(axis=0)"),
        (ir.call("numpy.sum", ir.List((x, y))), "np.sum([x, y])"),
        (ir.call("builtins.range", ir.const(0), n, ir.const(1)), "range(n)"),
        (ir.call("builtins.range", ir.const(1), n, ir.const(1)), "range(1, n)"),
        (ir.call("builtins.range", n, ir.const(0), ir.const(-1)), "range(n, 0, -1)"),
    ],
)
def test_calls_that_read_better_otherwise(e: ir.Expr, text: str) -> None:
    assert emit.expr(e) == text


def test_a_function_call_that_someone_wrote_stays_one() -> None:
    source = ir.Source("model.py", "np.sum(x)")
    written = ir.Ref("numpy.sum", loc=ir.Loc(source, 1, 0, 1, 6))
    assert emit.expr(ir.Call(written, (x,))) == "np.sum(x)"


@pytest.mark.parametrize(
    ("stmt", "text"),
    [
        (ir.Augment(ir.Index(x, (FULL,)), "+", y), "x += y"),
        (ir.Store(ir.Index(x, (FULL,)), y), "x[...] = y"),
        (ir.Assign(ir.Tuple((x, y)), ir.Tuple((y, x))), "x, y = y, x"),
        (ir.Return(ir.Tuple((x, y))), "return x, y"),
        (ir.Return(ir.Tuple((x,))), "return (x,)"),
        (ir.Return(None), "return"),
        (ir.Push("y_saved", y), "y_saved.append(y)"),
        (ir.Pop(y, "y_saved"), "y = y_saved.pop()"),
        (ir.Pop(None, "y_saved"), "y_saved.pop()"),
        (ir.If(ir.Tuple((x, y)), ()), "if (x, y):\n    pass"),
        (ir.While(ir.const(True), (ir.Assign(x, y),), stop=z), "while True:\n    x = y\n    if z:\n        break"),
        (
            ir.For(i, ir.call("builtins.range", ir.const(0), n, ir.const(1)), (), pragma="prange"),
            "for i in prange(n):\n    pass",
        ),
        (ir.If(x, (), (ir.If(y, (), (ir.Break(),)),)), "if x:\n    pass\nelif y:\n    pass\nelse:\n    break"),
        (ir.If(x, (ir.Block("nothing", ()),), (ir.Block("nothing", ()),)), "if x:\n    pass"),
        (ir.Block("L3  x = y", (ir.Assign(x, y),)), "# L3  x = y\nx = y"),
        (
            ir.Match(
                z,
                "case_of",
                (
                    ir.Case(ir.Compare(("==",), (ir.Name("case_of"), ir.ONE)), (("x", y),), x, (ir.Break(),)),
                    ir.Case(ir.const(True), (), None, ()),
                ),
            ),
            "case_of = z\nif case_of == 1.0 and y:\n    x = y\n    break\nelif True:\n    pass",
        ),
    ],
)
def test_statements(stmt: ir.Stmt, text: str) -> None:
    assert "\n".join(emit.statements([stmt])) == text


def test_blocks_stand_apart_where_they_ask_for_it() -> None:
    body = (
        ir.Block("---- forward sweep ----", (ir.Assign(x, y),), blank_before=True),
        ir.Block("nothing left", (), blank_before=True),
        ir.Block("---- reverse sweep ----", (ir.Block("L1  x = y", (ir.Assign(y, x),)),), blank_before=True),
    )
    assert (
        emit.function(ir.Function("f", (ir.Param("y"),), body, doc="Return f."))
        == '''\
def f(y):
    """Return f."""
    # ---- forward sweep ----
    x = y

    # ---- reverse sweep ----
    # L1  x = y
    y = x
'''
    )


# ---- modules ----


def of_paths(*paths: str, params: str = "") -> ir.Function:
    calls = tuple(ir.Do(ir.call(path)) for path in paths)
    return ir.Function("f", tuple(ir.Param(name) for name in params.split()), calls)


def test_imports_are_collected_and_sorted() -> None:
    fn = of_paths(
        "srcad_runtime.unbroadcast",
        "srcad_runtime.add_at",
        "srcad_runtime.losses.mse",
        "scipy.special.erf",
        "numpy.linalg.inv",
        "math.exp",
        "cupy.exp",
        "cupyx.scatter_add",
        "builtins.len",
        "operator.add",
    )
    assert (
        emit.module([fn])
        == """\
import math
import operator

import cupy as cp
import cupyx
import numpy as np
from scipy import special
from srcad_runtime import add_at, losses, unbroadcast


def f():
    unbroadcast()
    add_at()
    losses.mse()
    special.erf()
    np.linalg.inv()
    math.exp()
    cp.exp()
    cupyx.scatter_add()
    len()
    operator.add()
"""
    )


def test_imports_give_way_to_local_names() -> None:
    fn = of_paths("numpy.exp", "srcad_runtime.unbroadcast", "builtins.len", params="np unbroadcast unbroadcast_ len")
    assert (
        emit.module([fn])
        == """\
import builtins

import numpy as np_
from srcad_runtime import unbroadcast as unbroadcast__


def f(np, unbroadcast, unbroadcast_, len):
    np_.exp()
    unbroadcast__()
    builtins.len()
"""
    )


def test_numba_modules_decorate_each_function() -> None:
    fn = ir.Function("f", (ir.Param("x"),), (ir.Return(ir.const(float("inf"))),))
    assert (
        emit.module([fn], header="srcad emit model.py:f\nsrcad 0.1", backend="numba")
        == """\
# srcad emit model.py:f
# srcad 0.1

import numpy as np
from numba import njit


@njit(cache=True, error_model="numpy")
def f(x):
    return np.inf
"""
    )


def test_a_variable_called_njit_leaves_the_decorator_its_own_name() -> None:
    fn = ir.Function("f", (ir.Param("njit"),), (ir.Return(ir.Name("njit")),))
    text = emit.module([fn], backend="numba")
    assert "from numba import njit as njit_" in text and "@njit_(cache=True" in text


@pytest.mark.parametrize(
    ("path", "line"),
    [
        ("srcad_runtime.losses.mse", "from srcad_runtime import losses, nopython"),
        ("srcad_runtime.kernels.max", "from srcad_runtime import kernels"),
    ],
)
def test_numba_modules_import_what_compiles_the_runtime(path: str, line: str) -> None:
    assert line in emit.module([of_paths(path)], backend="numba").splitlines()


def test_names_of_the_users_own_are_printed_bare() -> None:
    assert emit.expr(ir.call("user:model.Cell.step", ir.Ref("global:RATE"), ir.Ref("closure:k"))) == "step(RATE, k)"


def test_the_same_program_gives_the_same_bytes() -> None:
    texts = {emit.module([Programs(Random(5)).function("f")]) for _ in range(3)}
    assert len(texts) == 1


def test_verify_refuses_what_does_not_parse() -> None:
    emit.verify("x = 1\n")
    with pytest.raises(ValueError, match="does not parse"):
        emit.verify("x = (\n")
