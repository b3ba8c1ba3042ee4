"""Loops that are shared out among threads, and loops that must not be.

In Python, with the parts of every loop in several orders (`in_any_order`); `test_parallel_compiled` has threads.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest

import srcad
from srcad import ir
from srcad.errors import Unsupported
from srcad.transforms import parallel_cost
from srcad.transforms.loops_memory import Memory
from srcad.transforms.parallel_facts import Context, Serial
from srcad.transforms.parallel_places import Accesses
from srcad.transforms.parallel_races import examine
from srcad.transforms.parallel_sums import sum_of
from srcad.types import Num
from tests.generating import make
from tests.programs.registry import Program, programs
from tests.programs.tree import bits
from tests.transforms.in_any_order import ORDERS, loaded, shared_out
from tests.transforms.parallel_programs import BOUND, COLLECTED, FREE, REPEATED, X, Y
from tests.transforms.sharing import SHARED, check, program, results


@pytest.mark.parametrize("name", COLLECTED)
@pytest.mark.parametrize("at", [None, 0, 5, 11])
def test_what_is_collected_part_by_part(name: str, at: int | None) -> None:
    """Where nothing is recorded on the way. NaN wins or loses as it does one after the other."""
    y = Y.copy()
    if at is not None and name != "product":
        y[at] = np.nan
    assert "threads.prange_parts" in check(program(COLLECTED[name], (X, y, 0.0, 12)), modes=())


@pytest.mark.parametrize("name", FREE)
def test_free_loops_are_shared_out(name: str) -> None:
    text = check(program(*FREE[name]))
    assert "threads.prange" in text


@pytest.mark.parametrize("name", BOUND)
def test_bound_loops_stay_with_the_reason(name: str) -> None:
    lines, args, reason = BOUND[name]
    text = check(program(lines, args))
    assert any("# serial: " in line and reason in line for line in text.splitlines()) or reason == "serial", text
    check(program(lines, args), modes=())  # without what the record of old values reads


@pytest.mark.parametrize("name", ["next one read", "recurrence", "state", "thirds that meet"])
def test_a_loop_that_was_shared_out_wrongly_would_be_seen(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The checks above can fail: with the proofs left out, the order of the parts is seen."""
    from srcad.transforms import parallel_races

    monkeypatch.setattr(parallel_races.Space, "distinct", lambda self, forms: [])
    monkeypatch.setattr(parallel_races, "sum_of", lambda name, body, context: parallel_races.Sum(name, "+"))
    monkeypatch.setattr(parallel_races, "refuse_sharing", lambda *_: None)
    with pytest.raises(AssertionError):
        check(program(*BOUND[name][:2]))


def test_sums_into_elements_found_by_an_index_array_have_parts_of_their_own() -> None:
    lines = "for i in range(x.shape[0]):\n    y[k[i]] += x[i] * x[i]\nreturn np.sum(y * y)"
    text = check(program(lines, (X, Y, REPEATED), (0, 1)))
    assert "y_parts = threads.rooms(y, parts)" in text and "threads.collect(y, y_parts)" in text


@pytest.mark.parametrize(("start", "stop"), [(-12, 12), (-4, 8), (-12, 0), (0, 12), (-3, 12)])
def test_negative_indices_count_from_the_other_end(start: int, stop: int) -> None:
    """-1 and 11 are one element: such a range runs as it stands."""
    lines = "for i in range(int(k), n):\n    y[i] = y[i] * x[i] + 0.1\nreturn np.sum(y * y)"
    check(program(lines, (X, Y, start, stop)))


RISING = (0, 3, 3, 8, 12)
STRETCHES = {
    "one after the other": RISING,
    "from the middle": (4, 5, 7, 12),
    "that meet": (0, 6, 3, 9, 12),
    "from the other end": (-4, 2, 5, 12),
    "over all, again and again": (0, 12, 0, 12),
    "that fall": (12, 8, 3, 0),
    "none": (0,),
}


@pytest.mark.parametrize("name", STRETCHES)
@pytest.mark.parametrize("line", ["y[j] = x[j] * (i + 1.0)", "y[j] += x[j] * x[k[i]]", "y[-1] += x[j]"])
def test_stretches_from_one_element_to_the_next(name: str, line: str) -> None:
    """Those that do not meet may run side by side; that they do not is asked before the loop runs."""
    lines = (
        f"for i in range(k.shape[0] - 1):\n    for j in range(k[i], k[i + 1]):\n        {line}\nreturn np.sum(y * y)"
    )
    k = np.array(STRETCHES[name])
    if line.endswith("x[k[i]]"):
        k = np.minimum(k, 11)
    assert "threads.rising(k)" in check(program(lines, (X, Y, k), (0, 1)))
    check(program(lines, (X, Y, k)), modes=())


@pytest.mark.parametrize(
    ("start", "first", "last", "line"),
    [
        ("0", "k[i]", "k[i + 2]", "y[j] = x[j] * i"),
        ("0", "k[0]", "k[i + 1]", "y[j] = x[j] * i"),
        ("0", "k[i] - 1", "k[i + 1]", "y[j] = x[j] * i"),
        ("0", "(k + 1)[i]", "(k + 1)[i + 1]", "y[j] = x[j] * i"),
        ("0", "k[i]", "k[i + 1]", "y[j] = x[j] * i\n        j = 0"),
        ("0", "k[i]", "k[i + 1]", "y[j - 1] = x[j] * i"),
        ("0", "k[i]", "k[i + 1]", "y[j] = x[j] * y[k[i]]"),
        ("-1", "k[i]", "k[i + 1]", "y[j] = x[j] * i"),
        ("0", "k[i]", "k[i + 1]", "y[j] = x[j] * i\n    k[i] = 0"),
    ],
)
def test_other_stretches_may_meet(start: str, first: str, last: str, line: str) -> None:
    head = f"for i in range({start}, k.shape[0] - 2):\n    for j in range({first}, {last}):\n        {line}"
    for modes in (("reverse",), ()):
        found = program(f"k = k.copy()\n{head}\nreturn np.sum(y * y)", (X, Y, np.array(RISING)))
        assert "threads.rising" not in check(found, modes)


def test_stretches_of_what_an_iteration_makes() -> None:
    lines = """
        for i in range(k.shape[0] - 1):
            r = k - i * 0
            for j in range(r[i], r[i + 1]):
                y[j] = x[j] * i
        return np.sum(y * y)
    """
    assert "threads.rising" not in check(program(lines, (X, Y, np.array(RISING))), modes=())


def test_two_arrays_of_stretches() -> None:
    lines = """
        for i in range(k.shape[0] - 1):
            for j in range(k[i], k[i + 1]):
                y[j] += x[j]
            for j in range(n[i], n[i + 1]):
                y[j] -= x[j] * x[j]
        return np.sum(y * y)
    """
    assert "threads.rising" not in check(program(lines, (X, Y, np.array(RISING), np.array([0, 5, 6, 9, 12]))))


@pytest.mark.parametrize("lines", ["y[i] += x[0, i] * x[0, i]", "s += x[0, i] * x[i, 0]"])
def test_no_iterations_of_no_rows(lines: str) -> None:
    """There is no first row of nothing, and nobody asks for it."""
    text = f"s = 0.0\nfor i in range(x.shape[0]):\n    {lines}\nreturn s + np.sum(y)"
    for n in (0, 1, 4):
        found = program(text, (np.arange(n * n, dtype=float).reshape(n, n), np.arange(float(n))), (0, 1))
        assert "prange" in check(found) or n == 1  # which is too small


SPARSE = """
for i in range(k.shape[0] - 1):
    for j in range(k[i], k[i + 1]):
        y[i] += x[j] * x[n[j]]
return np.sum(y * y)
"""


def test_checked_indices_of_arrays_of_one_shape_are_checked_once() -> None:
    """LLVM is told that adjoints are as long as what they belong to, where that is certain."""
    args = X, Y, np.array(RISING), np.arange(11, -1, -1)
    text = check(program(SPARSE, args, (0,)), modes=("reverse",))
    assert "if x_bar.shape[0] != x.shape[0]:" in text
    text = check(program(f"if n[0] > 100:\n    x = x[1:]\n{SPARSE.strip()}", args, (0,)), modes=("reverse",))
    assert "prange" in text and ".shape[0] != x.shape[0]:" not in text
    lines = "for i in range(x.shape[0]):\n    y[i] *= x[i]\nreturn np.sum(y * y)"
    text = check(program(lines, args[:2], (0, 1)), modes=("reverse",))
    assert "of another shape" not in text


VECTOR, NUMBER = Num("float64", (None, None)), Num("float64", ())
INTEGER = Num("int64", ())
KINDS: dict[str, Any] = {"x": VECTOR, "r": VECTOR, "q": VECTOR, "s": NUMBER, "i": INTEGER, "n": INTEGER}
CONTEXT = Context(KINDS, Memory(KINDS, ()), frozenset(), frozenset(), {}, frozenset())


def test_what_is_done_to_a_view_of_a_view_is_done_to_the_array() -> None:
    accesses = Accesses(CONTEXT, frozenset({"r", "q"}))
    row, first = ir.Index(ir.Name("x"), (ir.Name("i"),)), (ir.Const(0),)
    accesses.block(
        [
            ir.Assign(ir.Name("r"), row),
            ir.Assign(ir.Name("q"), ir.Index(ir.Name("r"), (ir.Slice(ir.Const(1), None),))),
            ir.Store(ir.Index(ir.Name("q"), first), ir.Name("s")),
        ]
    )
    assert accesses.shared() == [("x", [((ir.Name("i"),), "read"), ((ir.Name("i"),), "write")])]


def test_two_names_of_one_array_are_in_the_way() -> None:
    here, following = (ir.Name("i"),), (ir.Binary("+", ir.Name("i"), ir.Const(1)),)
    copied = ir.Store(ir.Index(ir.Name("x"), here), ir.Index(ir.Name("r"), following))
    loop = ir.For(ir.Name("i"), ir.call("builtins.range", ir.Const(0), ir.Name("n"), ir.Const(1)), (copied,))
    assert examine(loop, CONTEXT).own == ("x",)
    shared = Memory(KINDS, ())
    shared.unite("x", "r")
    with pytest.raises(Serial, match="x and r may share memory"):
        examine(loop, replace(CONTEXT, memory=shared))


@pytest.mark.parametrize("value", [ir.Name("s"), ir.Binary("*", ir.Name("s"), ir.Const(2.0))])
def test_a_sum_that_reads_itself_is_none(value: ir.Expr) -> None:
    assert sum_of("s", [ir.Augment(ir.Name("s"), "+", ir.Const(2.0))], CONTEXT).op == "+"
    with pytest.raises(Serial, match="s is carried"):
        sum_of("s", [ir.Augment(ir.Name("s"), "+", value)], CONTEXT)


@pytest.mark.parametrize("kind", ["float32", "complex128", "int64"])
def test_sums_keep_their_type(kind: str) -> None:
    lines = "s = x[0]\nfor i in range(1, 12):\n    s += x[i] * x[i]\nreturn np.abs(s) * k[0]"
    args = ((10 * X).astype(kind), Y, np.ones(3))
    subject = program(lines, args, (2,))
    made = make(subject, ("reverse",), "numba", options=SHARED)
    plain = make(subject, ("reverse",), "numpy")
    with shared_out(ORDERS["shuffled"]):
        found = results(loaded(made.generated.text, made.generated.entry), made.inputs())
    expected = results(loaded(plain.generated.text, plain.generated.entry), plain.inputs())
    np.testing.assert_allclose(found[0], expected[0], rtol=1e-6 if kind == "float32" else 1e-13)


def test_functions_compiled_for_threads_keep_them_in_the_gradient() -> None:
    @numba.njit(parallel=True)
    def f(x, w):  # type: ignore[no-untyped-def]
        s = 0.0
        for i in numba.prange(x.shape[0]):
            s += np.sin(x[i]) * w[i]
        return s

    text = srcad.differentiate(argnums=(0, 1), backend="numba", parallel=True)(f).source_for(X, Y)
    assert text.count("threads.prange") == 2 and "serial" not in text
    assert "prange" not in srcad.differentiate(argnums=(0, 1), backend="numba")(f).source_for(X, Y)


def test_nothing_changes_without_the_option() -> None:
    lines, args = FREE["users' prange"]
    text = make(program(lines, args), ("reverse",), "numba").generated.text
    assert "threads" not in text and "prange" not in text and "serial" not in text
    numpy = make(program(lines, args), ("reverse",), "numpy", options=SHARED).generated.text
    assert numpy == make(program(lines, args), ("reverse",), "numpy").generated.text


# ---- the corpus ----

ALL = [p for p in programs() if p.raises is None and "numba" in p.backends]


def agree(case: Program, modes: tuple[str, ...]) -> None:
    """Whatever order the parts come in: the same bits, and the numbers of the text without threads."""
    try:
        made = make(case, modes, "numba", options=SHARED)
    except Unsupported:
        pytest.skip("Numba's text is refused")
    if "threads.prange" not in made.generated.text:
        return
    seeds = [1.0 if p == () else np.ones(p) for p in _seed_shapes(case)] if modes[0] == "reverse" else []
    if "forward" in modes:
        # [()]: a number for a number, as a call has it; `*=` takes no complex number into an array without axes
        seeds += [np.ones_like(made.call.at(i.path))[()] for i in made.generated.wrt_leaves]
    found = []
    for order in ORDERS.values():
        with shared_out(order):
            found.append(_outcome(made.generated.text, made.generated.entry, [*made.inputs(), *seeds]))
    base = make(case, modes, "numba").generated
    expected = _outcome(base.text, base.entry, [*made.inputs(), *seeds])
    assert len({str(bits(f)) for f in found}) == 1
    if isinstance(expected, str):
        assert found[0] == expected
        return
    # A gradient at an optimum is what terms of the seed's size leave when they cancel: nothing below their rounding.
    rounding = 1e-14 * max((_size(s) for s in seeds), default=1.0)
    for one, two in zip(found[0], expected, strict=True):
        single = np.asarray(two).dtype in (np.float32, np.complex64)
        np.testing.assert_allclose(one, two, rtol=0, atol=(1e-4 if single else 1e-10) * _size(two) + rounding)


def _size(value: Any) -> float:
    return float(np.max(np.abs(np.nan_to_num(np.asarray(value, complex))), initial=1e-30))


def _seed_shapes(case: Program) -> list[tuple[int, ...]]:
    from tests.programs.tree import floating

    return [np.shape(leaf) for leaf in floating(case.run(*case.args()))]


def _outcome(text: str, entry: str, inputs: list[Any]) -> Any:
    try:
        return results(loaded(text, entry), inputs)
    except Exception as error:
        return f"{type(error).__name__}: {error}"


@pytest.mark.parametrize("case", ALL[::12], ids=lambda p: p.name)
def test_programs_do_not_depend_on_the_order(case: Program) -> None:
    agree(case, ("reverse",))


@pytest.mark.slow
@pytest.mark.parametrize("modes", [("reverse",), ("forward",), ("reverse", "forward")], ids="-".join)
@pytest.mark.parametrize("case", ALL, ids=lambda p: p.name)
def test_all_programs_do_not_depend_on_the_order(case: Program, modes: tuple[str, ...]) -> None:
    agree(case, modes)


def test_loops_over_the_same_stretch_are_cut_alike() -> None:
    """Before: a cost for each; after: what they cost on average. Loops over another stretch keep theirs."""

    def cut(trips: ir.Expr, each: ir.Expr) -> ir.Stmt:
        return ir.Do(ir.call("srcad_runtime.threads.prange", ir.Name("f"), ir.call(parallel_cost.PARTS, trips, each)))

    n, m, k = ir.Name("n"), ir.Name("m"), ir.Name("k")
    less = ir.Binary("-", n, ir.Const(1))
    wide = ir.Binary("*", ir.Const(6), ir.Binary("*", m, k))
    body = (
        cut(n, wide),
        ir.Block(
            "a line", (cut(less, ir.Binary("*", ir.Const(3), ir.Binary("*", ir.Binary("-", m, ir.Const(2)), k))),)
        ),
        cut(m, ir.Const(5)),
        cut(n, ir.Binary("//", m, ir.Const(2))),
        ir.If(m, (cut(n, ir.Const(2)),), ()),
    )
    after = parallel_cost.evened(body)
    five = ir.Binary("*", ir.Binary("*", ir.Const(5), k), m)
    assert after[0] == cut(n, five) and after[1] == ir.Block("a line", (cut(less, five),))
    assert after[2:] == body[2:]
    late = (cut(n, wide), ir.Assign(k, ir.Const(3)), cut(n, ir.Const(5)), cut(n, m))
    assert parallel_cost.evened(late) == (late[0], late[1], cut(n, m), cut(n, m))  # k is another one at first


# ---- the command line ----


def test_emit_and_settings(tmp_path: Path) -> None:
    from typer.testing import CliRunner

    from srcad.cli import app

    loop = "for i in range(x.shape[0]):\n        s += x[i] * x[i]"
    (tmp_path / "m.py").write_text(f"def f(x):\n    s = 0.0\n    {loop}\n    return s\n")
    runner, file = CliRunner(), str(tmp_path / "m.py")
    words = ["emit", f"{file}:f", "--types", "x=f8[:]", "--backend", "numba"]
    assert "threads" not in runner.invoke(app, words).stdout
    out = str(tmp_path / "g.py")
    assert runner.invoke(app, [*words, "--parallel", "-o", out]).exit_code == 0
    text = Path(out).read_text()
    assert "threads.prange" in text and "--parallel" in text.splitlines()[0]
    assert runner.invoke(app, ["emit", f"{file}:f", "-o", out, "--check"]).exit_code == 0
    assert runner.invoke(app, ["emit", f"{file}:f", "--parallel"]).exit_code == 2  # NumPy's text has no threads
    (tmp_path / "pyproject.toml").write_text('[tool.srcad]\nparallel = true\nbackend = "numba"\n')
    assert "threads.prange" in runner.invoke(app, ["emit", f"{file}:f", "--types", "x=f8[:]"]).stdout


def test_derivatives_take_the_option() -> None:
    lines, args = FREE["elements"]
    f = program(lines, args).fn
    expected = srcad.grad(f, backend="numpy")(X, Y)
    g = srcad.grad(f, backend="numpy", parallel=True)
    assert (g(X, Y) == expected).all()
    for made in (
        srcad.jacobian(f, backend="numpy", parallel=True)(X, Y),
        srcad.vjp(f, X, Y, argnums=0, backend="numpy", parallel=True)[1](1.0),
    ):
        np.testing.assert_allclose(made, expected)
    tangent = srcad.jvp(f, (X, Y), (np.ones(12), None), backend="numpy", parallel=True)[1]
    np.testing.assert_allclose(tangent, expected.sum())
    srcad.hvp(f, (X, Y), (np.ones(12), None), argnums=0, backend="numpy", parallel=True)
