"""Loops whose iterations multiply matrices: shared out where they do not meet, and then with products on one thread."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from srcad import emit, ir
from srcad.dims import symbol
from srcad.transforms import parallel_cost
from srcad.transforms.loops_memory import Memory
from srcad.transforms.parallel_facts import Context, Serial
from srcad.transforms.parallel_places import Accesses
from srcad.transforms.parallel_races import examine
from srcad.types import Num
from tests.transforms.parallel_programs import X, Y
from tests.transforms.sharing import check, program

ROWS = np.sin(np.arange(30.0)).reshape(6, 5) + 1.5
SQUARE = np.cos(np.arange(25.0)).reshape(5, 5)
STACK = np.sin(np.arange(60.0)).reshape(6, 2, 5)

FREE: dict[str, tuple[str, tuple[Any, ...]]] = {
    "a row by a matrix": (
        """
            s = 0.0
            for i in range(x.shape[0]):
                h = x[i] @ y
                s += np.sum(h * h)
            return s
        """,
        (ROWS, SQUARE),
    ),
    "matrices of a stack, into rows of their own": (
        """
            z = np.zeros((x.shape[0], 2, 5))
            for i in range(x.shape[0]):
                z[i] = np.tanh(x[i] @ y)
            return np.sum(z * z)
        """,
        (STACK, SQUARE),
    ),
    "windows that are copied": (
        """
            n = x.shape[1] - 2
            z = np.empty((n, n, 5))
            for i in range(n):
                for j in range(n):
                    part = x[:, i : i + 3, j : j + 3].copy()
                    z[i, j] = np.sum(part.reshape(x.shape[0], -1) @ y.reshape(-1, 5), axis=0)
            return np.sum(z * z)
        """,
        (np.sin(np.arange(50.0)).reshape(2, 5, 5), np.cos(np.arange(45.0)).reshape(9, 5)),
    ),
    "two numbers and a transpose": (
        """
            s = 0.0
            for i in range(x.shape[0]):
                s += (x[i] @ y.T) @ x[i] + y[0] @ x[i]
            return s
        """,
        (ROWS, SQUARE),
    ),
    "single numbers": (
        """
            s = 0.0
            for i in range(x.shape[0]):
                s += np.sum((x[i] @ y) ** 2)
            return s
        """,
        (STACK[:, :, :1], np.ones((1, 1)) * 0.7),
    ),
}


@pytest.mark.parametrize("name", FREE)
def test_shared_out_with_the_products_within(name: str) -> None:
    lines, args = FREE[name]
    text = check(program(lines, args, (1,) if "windows" in name else (0, 1)))
    entry = text[text.index("def f_grad(") :]
    assert "matmul" not in entry, text
    assert "parallel_products.ready()\n" in entry and "parallel_products.matmul(" in text.replace(entry, "")


BOUND: dict[str, tuple[str, tuple[Any, ...], str]] = {
    "the row before": (
        """
            for i in range(1, x.shape[0]):
                x[i] = x[i - 1] @ y
            return np.sum(x * x)
        """,
        (ROWS, SQUARE),
        "x",
    ),
    "a state": (
        """
            h = x[0]
            for i in range(x.shape[0]):
                h = np.tanh(h @ y + x[i])
            return np.sum(h * h)
        """,
        (ROWS, SQUARE),
        "h",
    ),
    "a view in another form": (
        """
            z = np.ones(30)
            for i in range(x.shape[0] - 1):
                v = z.reshape(6, 5)
                v[i + 1] = v[i] @ y + x[i]
            return np.sum(z * z)
        """,
        (ROWS, SQUARE),
        "it writes into an expression",
    ),
    "what another form of it reads": (
        """
            z = np.ones((6, 5))
            for i in range(x.shape[0] - 1):
                w = z.reshape(-1)
                z[i] = (w[5:10] * x[i]) @ y
            return np.sum(z * z)
        """,
        (ROWS, SQUARE),
        "it writes into an expression",
    ),
    "columns of it, turned": (
        """
            z = np.ones((5, 5))
            for i in range(x.shape[0] - 2):
                v = z.T
                z[i] = v[i + 1] @ y + x[i]
            return np.sum(z * z)
        """,
        (ROWS, SQUARE),
        "z",
    ),
    "whole numbers": (
        """
            s = 0.0
            for i in range(x.shape[0]):
                s += x[i, 0] * np.sum(y @ y)
            return s
        """,
        (ROWS, np.arange(25).reshape(5, 5)),
        "it has a product of matrices",
    ),
}


@pytest.mark.parametrize("name", BOUND)
def test_bound_loops_with_products(name: str) -> None:
    lines, args, reason = BOUND[name]
    for modes in (("reverse",), ()):
        text = check(program(lines, args, (0, 1) if args[1].dtype == float else (0,)), modes)
    serial = [line for line in text.splitlines() if "# serial: " in line]
    assert any(reason in line for line in serial), text


@pytest.mark.parametrize("path", ["numpy.reshape", "numpy.transpose"])
def test_what_is_done_to_another_form_is_done_to_all_of_the_array(path: str) -> None:
    kinds = {name: Num("float64", (None, None)) for name in "xv"} | {"i": Num("int64", ())}
    context = Context(kinds, Memory(kinds, ()), frozenset(), frozenset(), {}, frozenset(), multiplies=True)
    place = ir.Index(ir.Name("v"), (ir.Name("i"),))
    body = (
        ir.Assign(ir.Name("v"), ir.call(path, ir.Name("x"), ir.Tuple((ir.Const(-1), ir.Const(2))))),
        ir.Store(place, ir.Const(0.0)),
    )
    accesses = Accesses(context, frozenset({"v"}))
    accesses.block(body)
    assert accesses.shared() == [("x", [((), "read"), ((), "write")])]
    loop = ir.For(ir.Name("i"), ir.call("builtins.range", ir.Const(0), ir.Const(9), ir.Const(1)), body)
    with pytest.raises(Serial, match="iterations may meet in x"):
        examine(loop, context)
    with pytest.raises(Serial, match="it calls"):
        examine(loop, replace(context, multiplies=False))


def test_products_are_left_to_blas_where_nothing_is_shared_out() -> None:
    text = check(program("y = x.reshape(3, 4) @ y.reshape(4, 3)\nreturn y[0, 0] * y[1, 1]", (X, Y)))
    assert "parallel_products" not in text or "threads.prange" in text
    shared = check(program("y = x.reshape(3, 4) @ y.reshape(4, 3)\nreturn np.sum(np.sin(y))", (X, Y)))
    assert "parallel_products.matmul(" in shared


# ---- what they cost ----

N, M, K = (symbol(name) for name in ("n", "m", "k"))


def cost(*stmts: ir.Stmt) -> str:
    kinds = {"a": Num("float64", (N, M)), "b": Num("float64", (M, K)), "c": Num("float64", (None, None))}
    loop = parallel_cost.Loop("i", ir.Const(0), ir.Const(9), {"changing"}, kinds)
    return emit.expr(parallel_cost.cost(stmts, loop))


def multiplied(left: str, right: str) -> ir.Stmt:
    return ir.Assign(ir.Name("t"), ir.Binary("@", ir.Name(left), ir.Name(right)))


def over(counter: str, stop: str) -> ir.Stmt:
    body = ir.Store(ir.Index(ir.Name("z"), (ir.Name(counter),)), ir.Const(0.0))
    return ir.For(ir.Name(counter), ir.call("builtins.range", ir.Const(0), ir.Name(stop), ir.Const(1)), (body,))


@pytest.mark.parametrize(
    ("stmts", "expected"),
    [
        ((multiplied("a", "b"),), "n * (m * k // 4)"),
        ((multiplied("b", "c"),), "m * (4 * k)"),
        ((multiplied("c", "c"),), "1024"),
        ((over("p", "n"), over("q", "m")), "n + m"),
        ((over("p", "n"), multiplied("a", "b")), "n * (m * k // 4)"),
    ],
)
def test_a_product_counts_with_what_is_multiplied(stmts: tuple[ir.Stmt, ...], expected: str) -> None:
    assert cost(*stmts) == expected
