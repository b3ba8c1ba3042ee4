"""alias: which expressions may share memory with a variable, which writes are refused, what is copied first."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from srcad import ir
from srcad.errors import Unsupported
from srcad.program import Program
from srcad.transforms import alias
from tests.transforms.lowered import load, outcome, primal, same, text_of

ARGS = {"x": np.ones(4), "w": np.ones((3, 4)), "s": 0.5, "n": 2, "idx": np.array([0, 2])}


def of(body: str) -> str:
    """The program of a function body after `alias`, as text."""
    return text_of(program(body))


def program(body: str) -> Program:
    lines = "\n".join("    " + line for line in body.splitlines())
    return primal(f"import numpy as np\n\ndef f({', '.join(ARGS)}):\n{lines}\n", tuple(ARGS.values()))


def value_of(expr: str) -> set[str]:
    """The variables that an expression may share memory with."""
    made = program(f"a = {expr}\nreturn a")
    exprs = [s.value for s in made.body if isinstance(s, ir.Assign) and s.target == ir.Name("a")]
    return alias.shares(exprs[0], dict(made.types))


VIEWS = (
    "x[1:]  x[::-1]  x[None]  x[...]  w.T  w[0]  w[:, 1]  w[n]  w[1:, ::2]  w.T[1:]  w.swapaxes(0, 1)  x.reshape(2, 2)"
)
VIEWS += (
    "  w.ravel()  np.transpose(w)  np.squeeze(w)  np.flip(x)  np.diagonal(w)  np.broadcast_to(x,(3,4))  np.asarray(x)"
)
COPIES = "x*1.0  x+x  -x  x.copy()  x[idx]  x[x>0]  w[idx]  w[:,idx]  np.sin(x)  np.sum(w,axis=0)  x@w.T  w.flatten()"
COPIES += (
    "  np.array(x)  np.concatenate([x,x])  np.where(x>0,x,x)  np.zeros_like(x)  x[0]  w[0,1]  np.roll(x,1)  np.sort(x)"
)


@pytest.mark.parametrize("expr", VIEWS.split("  "))
def test_views(expr: str) -> None:
    assert value_of(expr) & {"x", "w"}


@pytest.mark.parametrize("expr", COPIES.split("  "))
def test_copies(expr: str) -> None:
    assert not value_of(expr)


def test_tables_of_views_are_true() -> None:
    for texts, shared in ((VIEWS, True), (COPIES, False)):
        for text in texts.split("  "):
            args = {k: v.copy() if isinstance(v, np.ndarray) else v for k, v in ARGS.items()}
            value = np.asarray(eval(text, {"np": np, **args}))
            assert any(np.shares_memory(value, args[name]) for name in "xw") is shared, text


def test_a_written_argument_is_copied_first() -> None:
    assert "x = x.copy()" in of("x[0] = s\nreturn x")
    assert "x = x.copy()" in of("z = x\nz[0] = s\nreturn x")
    assert "w = np.copy(w)" in of("v = w.T[1]\nv[0] = s\nreturn np.sum(w)")
    assert "copy" not in of("a = np.zeros(4)\na[0] = s\nreturn a + x")


def test_writes_go_through_the_owner() -> None:
    assert "w[n, 0] = s" in of("row = w[n]\nrow[0] = s\nreturn np.sum(w)")
    assert "x[1:][0] = s" in of("v = x[1:]\nv[0] = s\nreturn np.sum(x)")


def test_an_index_of_a_view_is_the_one_of_its_time() -> None:
    text = of("k = n\nrow = w[k]\nk = k - 1\nrow[0] = s * k\nreturn np.sum(w)")
    assert "w[k_at_row, 0] = s * k" in text or "w[n, 0]" in text


def test_a_mask_is_the_one_of_before_the_write() -> None:
    text = of("x[x > 0] = s\nreturn x")
    assert "index = x > 0" in text and "x[index] = s" in text


@pytest.mark.parametrize(
    "body",
    [
        "if s > 0:\n    z = x\nelse:\n    z = np.zeros(4)\nz[0] = s\nreturn np.sum(x) + np.sum(z)",
        "a = np.zeros(4)\nz = a\nfor k in range(n):\n    z[0] = s\n    z = x\nreturn np.sum(x) + np.sum(a)",
        "a = np.zeros(4)\nif s > 0:\n    z = a\nelse:\n    z = x\na[1] = s\nreturn np.sum(z)",
        "z = np.zeros(4)\nfor k in range(n):\n    z[0] = s\n    z = x\nreturn np.sum(x)",
        "z = x[1:]\nfor k in range(n):\n    z[0] = s\n    z = z[1:]\nreturn np.sum(x)",
    ],
)
def test_uncertain_writes_are_refused(body: str) -> None:
    with pytest.raises(Unsupported, match="may also change"):
        of(body)


@pytest.mark.parametrize(
    "body",
    [
        "v = x[1:]\nx = x * 2.0\nv[0] = s\nreturn np.sum(v), x",
        "v = w[n]\nn = 0\nv[1] = s\nreturn v, w",
        "v = w.T\nv[0] += s\nw[n] *= 2.0\nreturn v, w",
        "v = x[1:]\nu = v[1:]\nu[0] = s\nv = v * 2.0\nv[0] = 3.0\nreturn u, v, x",
        "x[idx] = x[idx[::-1]]\nx[x > s] *= x[0]\nreturn x",
        "x[1:] = x[:-1]\nx[:-1] += x[1:]\nreturn x",
        "for k in range(n):\n    row = w[k]\n    row[k] = s\n    row = row * 2.0\n    w[k + 1] += row\nreturn w",
        "for k in range(n):\n    v = x[k:]\n    k = 0\n    v[k] += s\nreturn x",
    ],
)
def test_the_program_stays_the_program(body: str) -> None:
    lines = "\n".join("    " + line for line in body.splitlines())
    space: dict[str, Any] = {}
    exec(f"import numpy as np\n\ndef f({', '.join(ARGS)}):\n{lines}\n", space)
    expected = outcome(space["f"], tuple(ARGS.values()))
    assert same(outcome(load(program(body)), tuple(ARGS.values())), expected)


def test_connected_at_a_distance() -> None:
    made = program("a = x + 1.0\nb = a\nc = b[1:]\nd = c * 2.0\nreturn np.sum(d)")
    assert alias.touched(made.body, {"c"}, dict(made.types)) == {"a", "b", "c"}
