"""loops: the program with loops gives what the array program gives, plain and compiled."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

import srcad
from srcad import assemble, emit, ir, pipeline, scope, types
from srcad.errors import Unsupported
from srcad.transforms import alias, inline, loops_fusion, loops_gather
from srcad.transforms.loops import loops
from tests.transforms.loops_random import functions
from tests.transforms.lowered import load, outcome, primal, same, text_of

MISMATCH = "operands could not be broadcast together"


def looped(text: str, *args: Any) -> str:
    """The text with loops of a function whose body is `text`, checked on `args` against the array program."""
    lines = "".join(f"    {line}\n" for line in text.strip().splitlines())
    names = ", ".join("abcdefg"[: len(args)])
    program = primal(f"import numpy as np\n\ndef f({names}):\n{lines}", args)
    after = loops(program)
    assert same(outcome(load(after), args), outcome(load(program), args), args), text_of(after)
    return text_of(after)


def vector(n: int = 5) -> np.ndarray:
    return np.linspace(-1.0, 2.0, n) ** 3


def matrix(n: int = 4, m: int = 3) -> np.ndarray:
    return np.cos(np.arange(float(n * m))).reshape(n, m)


def test_neighbours_become_one_loop_and_temporaries_numbers() -> None:
    text = looped("t = a * b\nu = np.sin(t) + t\nreturn u * 2.0", vector(), vector())
    assert text.count("for ") == 1 and text.count("np.empty") == 1


def test_long_chains_become_several_loops(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "t = a * 2.0\nu = np.sin(t) + a\nv = np.exp(-u * u) * t\nw = v - np.cos(u)\nreturn w * a"
    assert looped(text, vector()).count("for ") == 1
    monkeypatch.setattr(loops_fusion, "LARGEST", 2)
    assert looped(text, vector()).count("for ") > 1


def test_no_extent_is_told_by_what_is_not_made_after_all() -> None:
    """The second statement could not be done in place; the temporaries of that attempt are gone."""
    new = "np.where(u > 0.9, np.sum(b[:3], axis=0, keepdims=True) * c[:], np.var(u))"
    looped(f"u = a.copy()\nfor k in range(3):\n    u = {new}\n    u = {new}\nreturn u", vector(), vector(), vector())


@pytest.mark.parametrize(
    "value",
    [
        "np.reshape(a * 2.0, (-1, 1)) * b",
        "np.reshape(b[0] + 1.0, (1, b.shape[1])) - b",
        "np.reshape(b * b, (b.shape[0], 1, b.shape[1], 1)) + a[:, None, None, None]",
        "np.reshape(np.reshape(a * 2.0, (-1, 1)) * 3.0, a.shape) / a",
        "np.reshape(np.reshape(b * 3.0, (1, *b.shape)) * 2.0, b.shape) * b",
        "np.reshape(np.reshape(a * 2.0, (-1, 1)) + 1.0, (1, a.shape[0])) * np.ones((2, 4))",
    ],
)
def test_axes_of_one_element_come_and_go(value: str) -> None:
    assert "reshape" not in looped(f"return {value}", vector(4), matrix())


@pytest.mark.parametrize(
    "value",
    [
        "np.reshape(b * 2.0, (3, 4)) + a",
        "np.reshape(b * 2.0, (-1,)) + 1.0",
        "np.reshape(b[:, :1] * 2.0, (2, 2)) + 1.0",
        "np.reshape(c * 2.0, (4, 4)).T * a",
    ],
)
def test_other_reshapes_are_made_before(value: str) -> None:
    assert "reshape" in looped(f"return {value}", vector(4), matrix(), matrix(4, 4)[:, :, None].reshape(1, 16))


def test_overlapping_write_goes_through_a_buffer() -> None:
    assert "a_new" in looped("a[1:-1] = a[2:] + a[:-2]\nreturn a", vector(7))


def test_write_of_the_same_elements_needs_no_buffer() -> None:
    assert "a_new" not in looped("a[1:] = 2.0 * a[1:] + b[:-1]\nreturn a", vector(), vector())


def test_reversal_onto_itself() -> None:
    looped("a[::-1] = a + 1.0\nreturn a", vector(6))
    looped("a[:] = a[::-1]\nreturn a", vector(7))


def test_update_in_place_reuses_the_array() -> None:
    text = looped("x = a + 1.0\nfor t in range(3):\n    x = x + 0.1 * x * x\nreturn x", vector())
    assert text.count("np.empty") == 1


def test_update_of_a_shared_array_does_not() -> None:
    looped("x = a + 1.0\ny = x\nx = x * 2.0\nreturn x + y, y", vector())
    looped("x = a\nx = x * 2.0\nreturn x, a", vector())


@pytest.mark.parametrize("op", ["sum", "mean", "max", "min", "prod"])
@pytest.mark.parametrize("axis", ["", "axis=0", "axis=1", "axis=-1, keepdims=True", "axis=(0, 1)"])
def test_reductions(op: str, axis: str) -> None:
    text = looped(f"return np.{op}(a * b{', ' if axis else ''}{axis})", matrix(), vector(3))
    assert f"np.{op}" not in text


@pytest.mark.parametrize("at", [0, 2, 4])
def test_nan_wins_in_extrema(at: int) -> None:
    a = vector()
    a[at] = np.nan
    looped("return np.max(a), np.min(a), np.maximum(a, 0.0)", a)
    looped("return np.max(a, axis=1)", np.stack([a, vector()]))


def test_extremum_of_nothing_raises() -> None:
    assert "zero-size" in looped("return np.max(a)", np.zeros(0))


def test_empty_arrays() -> None:
    looped("b = a * 2.0\nb[1:] = b[1:] + 1.0\nreturn np.sum(b), np.cumsum(b), b[1:-1]", np.zeros(0))


def test_terms_alike_are_one() -> None:
    g, h = (ir.Index(ir.Name(name), (ir.Name("i"),)) for name in "gh")
    terms = [
        ("+", h),
        *([("-", ir.Binary("*", ir.Const(2.0), g))] * 2),
        ("-", g),
        ("+", g),
        ("+", _tenth(g)),
        ("+", _tenth(g)),
    ]
    found = [(op, emit.expr(term)) for op, term in loops_gather._alike_counted(terms)]
    assert found == [("+", "h[i]"), ("-", "5.0 * g[i]"), ("+", "g[i]"), ("+", "2.0 * (0.1 * g[i])")]


def _tenth(term: ir.Expr) -> ir.Expr:
    return ir.Binary("*", ir.Const(0.1), term)


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 7])
def test_slices_that_numpy_clips(n: int) -> None:
    looped(
        "x = a[2:]\ny = a[:3] * 2.0\nz = a[-2:]\nreturn x + 1.0, y, z * z, a[::2] * 3.0, a[5:1:-1] + 0.0",
        np.arange(float(n)),
    )


def test_mismatch_raises() -> None:
    assert MISMATCH in looped("return a * b", vector(5), vector(4))
    assert MISMATCH in looped("a[1:] = b\nreturn a", vector(5), vector(5))


@pytest.mark.parametrize("head", ["if c > 5:", "for k in range(c):"])
def test_what_a_block_that_does_not_run_has_checked_is_checked_behind_it(head: str) -> None:
    looped(f"s = 0.0\n{head}\n    s = np.sum(a * b)\nreturn s + np.sum(a - b)", vector(4), vector(6), 0)


def test_the_arguments_are_the_callers_where_a_branch_would_replace_them() -> None:
    text, given = "if b > 5:\n    a = np.sin(a)\na = 2.0 * a\nreturn a", vector()
    looped(text, given, 0)
    after = loops(primal("import numpy as np\n\ndef f(a, b):\n    " + text.replace("\n", "\n    "), (given, 0)))
    load(after)(given, 0)
    assert np.array_equal(given, vector())


def test_elements_between_sums_are_read_behind_the_first() -> None:
    text = looped("a += b\ns = 2.0 * a[0]\na *= b + s\nreturn a", vector(), vector() + 1.0)
    assert text.count("for i") >= 2


@pytest.mark.parametrize("more", [0, 1, 2, 3])
def test_slices_that_end_behind_a_counter(more: int) -> None:
    looped(f"for i in range(a.shape[0]):\n    b[i] += np.sum(a[: i + {more}])\nreturn b", vector(), vector())


def test_extent_of_one_is_broadcast() -> None:
    looped("return a * b, b - a", matrix(4, 1), vector(3))


def test_masks() -> None:
    text = looped("a[a > 0.0] = 0.0\na[a < b] *= 2.0\nreturn a", matrix(), matrix() + 0.1)
    assert text.count("for i") <= 2


def test_masked_values_counted_otherwise_stay() -> None:
    looped("a[a > 0.0] = b[: np.sum(a > 0.0)]\nreturn a", vector(), vector())


def test_boolean_arithmetic_stays_numpys() -> None:
    looped("return (a > 0.0) + (b > 0.0), ~(a > 0.0), (a > 0.0) * b, np.sum(a > 0.0)", vector(), -vector())


def test_float32_stays_float32() -> None:
    a = vector().astype(np.float32)
    looped("b = a * 2.0 + 1.0\nc = b.sum()\nreturn b, b * b, np.mean(b, keepdims=True), np.cumsum(a), c", a)


def test_transposed_and_outer() -> None:
    looped("return a.T * b, np.outer(b, b), a[:, None, :] + b, np.swapaxes(a, 0, 1) + 1.0", matrix(3, 3), vector(3))


def test_joined() -> None:
    looped(
        "return np.concatenate((a, b, a * 2.0)), np.stack((a, b), axis=1), np.array([a[0], 1.0])", vector(3), vector(3)
    )


def test_shifted_sums_are_gathered() -> None:
    text = looped(
        "for t in range(2):\n    g = 0.5 * a[1:-1]\n    b[2:] += g\n    b[1:-1] -= 2.0 * g\n    b[:-2] += g\nreturn b",
        vector(7),
        vector(7),
    )
    assert "b[i] += g[i] + g[i + 2] - 2.0 * g[i + 1]" in text
    assert text.index("g = np.zeros(") < text.index("for t in")


@pytest.mark.parametrize("n", [7, 3, 2])
def test_what_an_element_adds_to_itself_stays_with_the_seed(n: int) -> None:
    text = looped(
        "for t in range(2):\n    g = 0.5 * b[1:-1]\n    b[1:-1] += g * a[1:-1]\n    b[1:-1] -= 2.0 * g\n"
        "    b[2:] += g\n    b[:-2] += g\nreturn b",
        vector(n),
        vector(n),
    )
    assert "b[i] += g[i] + g[i + 2]\n" in text and "* a[i] - 2.0 * g[i + 1]\n" in text


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4])
def test_gathered_sums_of_short_arrays(n: int) -> None:
    looped("g = a[1:-1] * 2.0\nb[2:] += g\nb[:-2] += g\nreturn b", vector(n) if n else np.zeros(0), np.ones(n))


def test_sums_over_part_of_a_buffer_are_not_gathered() -> None:
    looped("g = a * 2.0\nb[1:3] += g[:2]\nb[:2] += g[:2]\nreturn b, g[2:]", vector(6), vector(6))


def test_scalar_programs_are_left_alone() -> None:
    program = primal("def f(a, b):\n    c = a * b\n    return c + a\n", (1.0, 2.0))
    assert loops(program) is program


# ---- compiled ----


def compiled(text: str, *args: Any) -> Any:
    numba = pytest.importorskip("numba")
    names = ", ".join("abcdefg"[: len(args)])
    lines = "".join(f"    {line}\n" for line in text.strip().splitlines())
    program = loops(primal(f"import numpy as np\n\ndef f({names}):\n{lines}", args))
    return numba.njit(error_model="numpy")(load(program))


def test_compiled_sums_are_as_accurate_as_numpys() -> None:
    x = np.random.default_rng(0).random(1_000_000)
    exact = math.fsum(x)
    found = compiled("return np.sum(a)", x)(x)
    assert abs(found - exact) <= max(4 * abs(np.sum(x) - exact), 64 * np.spacing(exact))


def test_compiled_statements() -> None:
    text = """
t = np.where(a > 0.0, np.sqrt(np.abs(a)), 0.0)
b[1:-1] = 0.5 * (t[2:] + t[:-2])
c = b[:, None] * a
d = c - c.max(axis=1, keepdims=True)
e = np.exp(d) / np.exp(d).sum(axis=1, keepdims=True)
b[b > 0.1] = 0.0
return e, b, np.cumsum(b), np.mean(e), np.any(e > 0.5)
"""
    args = vector(6), np.ones(6)
    looped(text, *args)
    f = compiled(text, *args)
    program = primal(
        "import numpy as np\n\ndef f(a, b):\n" + "".join(f"    {line}\n" for line in text.strip().splitlines()), args
    )
    assert same(outcome(f, args), outcome(load(program), args))


# ---- random statements ----


def arguments(n: int, seed: int) -> tuple[Any, ...]:
    rng = np.random.default_rng(seed)
    vector, matrix = (lambda: rng.standard_normal(n)), (lambda: rng.standard_normal((n, n)))
    return vector(), vector(), vector(), matrix(), matrix(), 0.7, -1.3, n, int(rng.integers(0, n + 1))


def agrees(text: str, args: tuple[Any, ...]) -> str:
    """What is wrong with the loops of a function on these arguments, "" if nothing is."""
    program = primal(text, args)
    after = loops(program)
    expected, found = outcome(load(program), args), outcome(load(after), args)
    if isinstance(expected, IndexError) or isinstance(found, ZeroDivisionError):
        return ""  # compiled code checks neither
    return "" if same(found, expected) else f"{expected}, with loops {found}\n{text}\n{text_of(after)}"


@settings(max_examples=300, deadline=None, suppress_health_check=list(HealthCheck))
@given(text=functions(), n=st.integers(0, 6), seed=st.integers(0, 99))
def test_random_statements(text: str, n: int, seed: int) -> None:
    try:
        problem = agrees(text, arguments(n, seed))
        if MISMATCH in problem:  # a slice that happens to have one element is not broadcast: longer ones must agree
            problem = agrees(text, (*arguments(n + 7, seed)[:-1], 3))
    except (Unsupported, SyntaxError, TypeError):
        assume(False)
    assert not problem, problem


def test_the_first_element_of_a_maximum_is_read_when_it_is_there() -> None:
    body = "y = np.zeros(5)\nfor k in range(5):\n    y[k] = a[k] * a[k]\nx = 2.0 * y\n"
    lines = looped(body + "return x - np.max(x, axis=-1, keepdims=True)", vector()).splitlines()
    written = next(k for k, line in enumerate(lines) if line.strip().startswith("x[") and " = " in line)
    read = next(k for k, line in enumerate(lines) if line.endswith("= x[0]"))
    assert written < read


# ---- order and names of parts ----


def reverse_text(text: str, *args: Any) -> str:
    """The text with loops of the gradient, checked on `args` against the array program."""
    lines = "".join(f"    {line}\n" for line in text.strip().splitlines())
    names = ", ".join("abcdefg"[: len(args)])
    target = scope.from_file(f"import numpy as np\n\ndef f({names}):\n{lines}", "f", "f.py")
    described = tuple(types.describe(a, p.name) for a, p in zip(args, target.parameters, strict=True))
    request = pipeline.Request(target, described, ("a",))
    program, aliases = alias.alias(inline.inline(request))
    program = assemble.transformed(program, "reverse", aliases, request, lambda *_: None)
    after = loops(program)
    seeded = (*args, 1.0)
    assert same(outcome(load(after), seeded), outcome(load(program), seeded), args), text_of(after)
    return text_of(after)


STEPS = "for t in range(3):\n    d = a[2:] - 2.0 * a[1:-1] + a[:-2]\n    c = a[1:-1] * (a[1:-1] - a[:-2])\n"


@pytest.mark.parametrize("n", [2, 3, 4, 9])
def test_a_name_for_each_array_lets_sums_of_several_statements_be_gathered(n: int) -> None:
    text = reverse_text(f"{STEPS}    a[1:-1] = a[1:-1] + 0.1 * (d - c)\nreturn np.sum(a * a)", vector(n))
    sweep = text[text.index("reverse sweep") :]
    assert sweep.count("a_bar[i] +=") <= 2, sweep  # one gather, and what an element adds to itself
    assert not re.search(r"\bg\d*\[i\] = ", sweep), sweep  # parts that one loop makes and reads are numbers


def test_sums_into_an_adjoint_do_not_move_over_a_read_of_it() -> None:
    reverse_text("b = a.copy()\nb[1:] += a[:-1]\na[1:] = a[1:] + b[:-1] * b[1:]\nreturn np.sum(a * b)", vector(6))


def test_equal_parts_are_made_once() -> None:
    text = reverse_text("b = 0.5 * (a[2:] - a[1:-1]) + 0.5 * (a[1:-1] - a[:-2])\nreturn np.sum(b * b)", vector(8))
    assert text.count("np.zeros(") + text.count("np.empty(") <= 5, text


def test_equal_parts_that_differ_later_are_two() -> None:
    looped("g = 0.5 * a[1:-1]\nh = 0.5 * a[1:-1]\nh[0] = 7.0\nb[2:] += g\nb[:-2] += h\nreturn b", vector(6), vector(6))
    looped("g = 0.5 * a\na[0] = 7.0\nh = 0.5 * a\nb[1:] += g[1:]\nb[:-1] += h[:-1]\nreturn b", vector(6), vector(6))


def test_equal_arrays_whose_names_get_others_later_are_two() -> None:
    """A value and its tangent both begin with zeros."""
    looped(
        "g = 0.0 * a\nh = 0.0 * a\nfor k in range(3):\n    h = h + b * g\n    g = g + b\nreturn g, h",
        vector(),
        vector(),
    )
    looped(
        "g = np.zeros(0)\nh = np.zeros(0)\nfor k in range(3):\n    h = np.concatenate([h, a])\n"
        "    g = np.concatenate([g, b])\nreturn g @ h",
        vector(),
        vector() + 1.0,
    )


def test_reassigned_names() -> None:
    looped("x = a * 2.0\ny = x + 1.0\nx = y * y\nz = x[1:]\nx = z + 1.0\nx[0] = 3.0\nreturn x, y, z", vector(5))
    looped("x = a * 2.0\nif a[0] > 0.0:\n    x = b[1:]\ny = x * x\nx = y[:2]\nreturn x, y", vector(5), vector(6))


@pytest.mark.parametrize("n", [2, 3, 7])
@pytest.mark.parametrize("shift", [1, -1, 2, -2, 3])
def test_roll(n: int, shift: int) -> None:
    body = f"return np.roll(a, {shift}) + a"
    if n >= abs(shift):
        assert "np.roll" not in looped(body, vector(n))
        return
    after = load(loops(primal(f"import numpy as np\n\ndef f(a):\n    {body}\n", (vector(n),))))
    with pytest.raises(ValueError, match=MISMATCH):  # NumPy's text answers
        after(vector(n))


def test_roll_along_an_axis() -> None:
    for axis in (0, 1, -1):
        assert "np.roll" not in looped(f"return np.roll(a, 1, axis={axis}) * a", matrix(4, 3))
    looped("return np.roll(a, 1), np.roll(a, (1, 2), axis=(0, 1)), np.roll(a, 0, axis=0)", matrix(4, 3))


def test_records_of_arrays_whose_names_are_set_anew() -> None:
    """All that `a` ever names has one shape: what is recorded of it has one, too."""
    text = reverse_text(
        "for t in range(3):\n    s = np.roll(a, 1) * a\n    a = a - 0.1 * s * s\nreturn np.sum(a)", vector(6)
    )
    assert ".append(" not in text and "s_saved = np.empty((max(3, 0), a.shape[0]))" in text, text


# ---- order of loops ----


def test_a_loop_down_columns_becomes_one_along_rows() -> None:
    body = "c = np.zeros(a.shape[0])\nfor k in range(a.shape[1]):\n    c[:] += a[:, k] * b[k]\nreturn c"
    text = looped(body, matrix(4, 3), vector(3))
    assert re.search(r"part = sums.plus\(part, a\[i, (\w)\] \* b\[\1\]\)", text) and "c[i] += part" in text, text


def test_sums_collected_in_numbers_join() -> None:
    text = reverse_text(
        "n, m = a.shape\nc = np.zeros((n, n))\nfor i in range(n):\n    for k in range(m):\n"
        "        c[i, : i + 1] += a[i, k] * a[: i + 1, k]\nreturn np.sum(c * c)",
        matrix(5, 4),
    )
    sweep = text[text.index("reverse sweep") :]
    assert re.search(r"for (\w+) in range\(a.shape\[1\]\):\n +a_bar\[", sweep), text


@pytest.mark.parametrize(
    "body",
    [
        "for k in range(4):\n    c[:] += a[:, k]\nreturn c, k",  # how far it came is asked
        "for k in range(4):\n    c[:] += a[:, k]\nc[0] = k\nfor k in range(2):\n    c[k] = 0.0\nreturn c",
        "for k in range(4):\n    c[:] += a[:, k] * c[k]\nreturn c",  # reads what it adds to
        "for k in range(4):\n    c[:] += a[:, k]\n    c[0] = 1.0\nreturn c",
        "s = 1.0\nfor k in range(4):\n    c[:] += a[:, k] * s\n    s = c[0]\nreturn c, s",
        "for k in range(1, 4):\n    c[:k] += a[:k, k]\nreturn c",  # how far depends on k
        "for k in range(4):\n    c[:] += a[:, k]\n    if c[0] > 1.0:\n        break\nreturn c",
        "d = c[:]\nfor k in range(4):\n    c[:] += a[:, k] * d[k]\nreturn c",
        "for k in range(4):\n    t = np.sum(a[:, k])\n    c[k] += t\n    c[:] += t * a[:, k]\nreturn c, t",
    ],
)
def test_loops_that_must_keep_their_order(body: str) -> None:
    looped(f"c = np.zeros(a.shape[0]) + 0.1\n{body}", matrix(4, 4))


@pytest.mark.parametrize("bounds", ["0, 3", "1, 3", "2, 0, -1", "3, 3", "3, 0", "-1, 2"])
def test_counters_from_anywhere(bounds: str) -> None:
    body = f"c = np.zeros(a.shape[0])\nfor k in range({bounds}):\n    c[:] += k * a[:, k] - a[:, 0]\nreturn c"
    assert "c[i] += part" in looped(body, matrix(4, 4))


# ---- arrays that change places ----


def test_a_new_array_is_no_part_of_the_one_that_it_replaces() -> None:
    body = "    new = np.zeros_like(u)\n    new[1:-1] = u[2:] + u[:-2]\n    u = new\n"
    text = looped(f"u = a.copy()\nfor t in range(3):\n{body}return u", vector(7))
    assert "new_new" not in text and "new[i] = u[i + 1] + u[i - 1]" in text, text


@pytest.mark.parametrize(
    "between",
    ["u = new", "u = new[::-1]", "u = new if a[0] < 5.0 else a", "for k in range(1):\n    u = new", "u, v = new, u"],
)
def test_an_array_with_two_names_goes_through_a_buffer(between: str) -> None:
    looped(f"u = a.copy()\nv = u\nnew = np.ones_like(u)\n{between}\nnew[1:] = u[:-1] + 1.0\nreturn new, v", vector(7))
    body = "    new[1:] = u[:-1] + 1.0\n    u = new\n"
    looped(f"u = a.copy()\nnew = np.ones_like(u)\nfor t in range(2):\n{body}return new, u", vector(7))


def reversed_onto_itself(x, s):
    v = x[::-1]
    v[0:2][::-1] += v
    return np.sum(np.sin(x)) * s


def test_an_adjoint_that_unbroadcast_hands_on_is_copied(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extents of a call nobody knows whether it sums: what it gives may be a part of the adjoint itself."""
    monkeypatch.setenv("SRCAD_OFF", "alike")
    x = np.array([0.9, -0.1])
    compiled = srcad.grad(reversed_onto_itself, backend="numba")(x, 0.3)
    np.testing.assert_allclose(compiled, srcad.grad(reversed_onto_itself, backend="numpy")(x, 0.3), rtol=1e-14)
