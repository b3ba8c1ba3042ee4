"""The same program for Numba and CuPy: what changes, that values and types do not, and that every name exists."""

from __future__ import annotations

import importlib.util
import itertools
import linecache
import textwrap
from collections.abc import Callable, Mapping
from typing import Any

import numba
import numpy as np
import pytest

import srcad
from srcad import Unsupported, emit, ir, rules, types
from srcad.live import from_live
from srcad.transforms.retarget import retarget
from srcad.transforms.retarget_cupy import cupy_path

R = np.random.default_rng(7)
V, M, T = R.normal(size=4), R.normal(size=(3, 4)), R.normal(size=(2, 3, 4))
ARGS = {"v": V, "m": M, "t": T, "k": np.array([0, 2, 0]), "a": np.float64(0.7), "c": np.arange(12).reshape(3, 4)}
NARROW = {n: a.astype(np.float32) if a.dtype == np.float64 else a for n, a in ARGS.items() if isinstance(a, np.ndarray)}
NARROW["a"] = np.float32(0.7)
_numbers = itertools.count()


def program(text: str) -> ir.Function:
    """The core IR of a function's text: free of containers and methods, so what `parse` gives is core."""
    file = f"<retarget {next(_numbers)}>"
    text = textwrap.dedent(text).strip() + "\n"
    linecache.cache[file] = (len(text), None, text.splitlines(keepends=True), file)
    space: dict[str, Any] = {"np": np, "__name__": "program", **importable()}
    exec(compile(text, file, "exec"), space)
    return ir.transform(from_live(space["f"]).function, _stored)


def _stored(node: ir.Node) -> ir.Node:
    return (
        ir.Store(node.target, node.value) if isinstance(node, ir.Assign) and isinstance(node.target, ir.Index) else node
    )


def importable() -> dict[str, Any]:
    import srcad_runtime
    from scipy import special

    names = ("unbroadcast", "astype", "add_at", "scatter_add", "exceeds")
    return {"special": special, **{name: getattr(srcad_runtime, name) for name in names}}


def known(function: ir.Function, args: Mapping[str, Any]) -> dict[str, types.Abstract]:
    """The types of all variables, as `inline` would give them."""
    env: dict[str, types.Abstract] = {p.name: types.describe(args[p.name], p.name) for p in function.params}
    for _ in range(2):
        for node in ir.walk(function.body):
            if isinstance(node, ir.Assign) and isinstance(node.target, ir.Name):
                new, name = types.infer(node.value, env), node.target.id
                env[name] = types.join(env[name], new) if name in env else new
            elif isinstance(node, ir.For) and isinstance(node.target, ir.Name):
                env[node.target.id] = types.INT
    return env


def retargeted(text: str, backend: str, args: Mapping[str, Any] = ARGS) -> ir.Function:
    function = program(text)
    return retarget(function, known(function, args), backend)


def run(text: str) -> Callable[..., Any]:
    space: dict[str, Any] = {}
    exec(text, space)
    return space["f"]


def call(function: Callable[..., Any], given: ir.Function, args: Mapping[str, Any]) -> Any:
    return function(*(args[p.name].copy() for p in given.params))


def one_liner(expression: str) -> str:
    params = ", ".join(name for name in ARGS if name in ir_names(expression))
    return f"def f({params}):\n    return {expression}"


def ir_names(expression: str) -> set[str]:
    import ast

    return {node.id for node in ast.walk(ast.parse(expression)) if isinstance(node, ast.Name)}


# ---- Numba: the text ----


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("np.max(m, axis=1)", "kernels.max(m, axis=1)"),
        ("np.min(t, (0, -1), keepdims=True)", "kernels.min(t, axis=(0, -1), keepdims=True)"),
        ("np.max(m)", "np.max(m)"),
        ("np.sum(m, axis=0)", "np.sum(m, axis=0)"),
        ("np.sum(m, axis=0, keepdims=True)", "kernels.sum(m, axis=0, keepdims=True)"),
        ("np.mean(m, 0)", "kernels.mean(m, axis=0)"),
        ("np.std(m, axis=0, ddof=1)", "kernels.std(m, ddof=1, axis=0)"),
        ("np.var(m)", "np.var(m)"),
        ("np.prod(m, axis=(0,))", "kernels.prod(m, axis=(0,))"),
        ("np.any(m > 0.0, axis=1)", "kernels.any(m > 0.0, axis=1)"),
        ("np.squeeze(np.expand_dims(v, 0))", "np.expand_dims(v, 0)[0, :]"),
        ("np.expand_dims(m, (0, -1))", "m[None, :, :, None]"),
        ("np.flip(m, 1)", "m[:, ::-1]"),
        ("np.flip(m, axis=0)", "m[::-1]"),
        ("np.moveaxis(t, 0, -1)", "kernels.transpose(t, (1, 2, 0))"),
        ("np.swapaxes(t, 0, 2)", "kernels.transpose(t, (2, 1, 0))"),
        ("np.roll(m, 1, axis=0)", "kernels.roll(m, 1, axis=0)"),
        ("np.roll(v, 1, axis=0)", "np.roll(v, 1)"),
        ("np.roll(m, 1)", "np.roll(m, 1)"),
        ("np.repeat(m, 2, axis=1)", "kernels.repeat(m, 2, axis=1)"),
        ("np.diff(m)", "np.diff(m)"),
        ("np.diff(m, axis=0)", "kernels.diff(m, axis=0)"),
        ("np.sort(m, axis=-1)", "np.sort(m)"),
        ("np.sort(m, axis=0)", "kernels.sort(m, axis=0)"),
        ("np.cumprod(m, axis=1)", "kernels.cumprod(m, axis=1)"),
        ("np.tile(v, 2)", "kernels.tile(v, 2)"),
        ("np.pad(m, 1, mode='edge')", 'kernels.pad(m, 1, mode="edge")'),
        ("np.reshape(m, (4, 3))", "kernels.reshape(m, (4, 3))"),
        ("np.reshape(m + m, (4, 3))", "np.reshape(m + m, (4, 3))"),
        ("np.reshape(v, (-1, 1))", "v[:, None]"),
        ("np.reshape(v[::-1], (1, -1))", "v[::-1][None, :]"),
        ("np.reshape(m, (-1, 1))", "kernels.reshape(m, (-1, 1))"),
        ("np.diagonal(m)", "kernels.diagonal(m)"),
        ("m @ v", "m @ v"),
        ("t @ v", "kernels.matmul(t, v)"),
        ("c @ v", "kernels.matmul(c, v)"),
        ("np.dot(m, v)", "np.dot(m, v)"),
        ("np.dot(c, v)", "kernels.dot(c, v)"),
        ("np.inner(v, v)", "np.dot(v, v)"),
        ("np.tensordot(t, m, axes=((1, 2), (0, 1)))", "kernels.tensordot(t, m, (1, 2), (0, 1))"),
        ("np.tensordot(m, v, 1)", "kernels.tensordot(m, v, (-1,), (0,))"),
        ("np.einsum('ij,kj->ik', m, m)", 'kernels.einsum("ij,kj->ik", m, m)'),
        ("np.einsum('...j->...', m)", 'kernels.einsum("Zj->Z", m)'),
        ("m[m > 0.0]", "kernels.masked(m, m > 0.0)"),
        ("v[v > 0.0]", "v[v > 0.0]"),
        ("t[:, m > 0.0]", "t[:, np.nonzero(m > 0.0)[0], np.nonzero(m > 0.0)[1]]"),
        ("np.zeros(2, int)", "np.zeros(2, np.int64)"),
        ("unbroadcast(m, v)", "kernels.unbroadcast(m, v)"),
        ("astype(m, np.float32)", "astype(m, np.float32)"),
        ("astype(a, np.float32)", "kernels.astype(a, np.float32)"),
        ("special.erf(m)", "special.erf(m)"),
    ],
)
def test_calls_for_numba(expression: str, expected: str) -> None:
    new = retargeted(one_liner(expression), "numba")
    assert emit.statements(new.body) == [f"return {expected}"]
    value = call(run(emit.module([new])), new, ARGS)
    np.testing.assert_allclose(value, call(run(emit.module([program(one_liner(expression))])), new, ARGS), rtol=1e-13)


def test_masks_of_the_whole_array_are_written_by_kernels() -> None:
    new = retargeted("def f(m):\n    m[m > 0] = 2.0\n    m[m < 0] += 9.0\n    m[m > 1] *= 0.5\n    return m", "numba")
    assert emit.statements(new.body)[:3] == [
        "kernels.set_masked(m, m > 0, 2.0)",
        "kernels.add_at(m, m < 0, 9.0)",
        "kernels.set_masked(m, m > 1, kernels.masked(m, m > 1) * 0.5)",
    ]
    expected = 0.5 * np.where(M > 0.0, 2.0, M + 9.0)
    np.testing.assert_array_equal(call(run(emit.module([new])), new, ARGS), expected)


def test_the_numpy_text_stays_as_it_is() -> None:
    function = program("def f(m):\n    return np.max(m, axis=0)")
    assert retarget(function, known(function, ARGS), "numpy") is function


# ---- Numba: float32 stays float32 ----


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("0.5 * m", "np.float32(0.5) * m"),
        ("2 * m", "2 * m"),
        ("2 * a", "np.float32(2) * a"),
        ("m**2", "m**2"),
        ("m**0.5", "m ** np.float32(0.5)"),
        ("np.maximum(m, 0.0)", "np.maximum(m, np.float32(0.0))"),
        ("np.where(m > 0.1, m, 0)", "np.where(m > np.float32(0.1), m, np.float32(0))"),
        ("a / m.shape[0]", "a / np.float32(m.shape[0])"),
        ("m * (2.0 * 3.0)", "m * np.float32(2.0 * 3.0)"),
        ("-1.0 * m", "np.float32(-1.0) * m"),
        ("0.5 * c", "0.5 * c"),
        ("np.sum(m)", "kernels.sum(m)"),
        ("np.mean(m)", "kernels.mean(m)"),
    ],
)
def test_literals_adapt_to_float32(expression: str, expected: str) -> None:
    new = retargeted(one_liner(expression), "numba", NARROW)
    assert emit.statements(new.body) == [f"return {expected}"]


def test_a_sum_that_starts_at_a_literal_is_float32_where_numpy_makes_it_so() -> None:
    text = """
    def f(v, c):
        s = 0.0
        p = 0.0
        h = 0.5
        for i in range(0, 4, 1):
            s += h * v[i]
            p += 2.0
        return s, p, s * h
    """
    new = retargeted(text, "numba", NARROW)
    lines = emit.statements(new.body)
    assert lines[:2] == ["s = np.float32(0.0)", "p = 0.0"]
    assert "    s += np.float32(h) * v[i]" in lines


def test_a_seed_is_float32_by_default() -> None:
    function = ir.Function("f", (ir.Param("out_bar", default=ir.ONE),), (ir.Return(ir.Name("out_bar")),))
    new = retarget(function, {"out_bar": types.describe(np.float32(1.0), "out_bar")}, "numba")
    assert emit.function(new).startswith("def f(out_bar=np.float32(1.0)):")
    assert retarget(function, {"out_bar": types.describe(np.float64(1.0), "out_bar")}, "numba") == function


def test_compiled_float32_results_are_float32() -> None:
    text = """
    def f(m, v, a):
        s = 0.0
        for i in range(0, 3, 1):
            s += 0.5 * m[i, 0] ** 2
        z = 0.1 * m * a + np.maximum(m @ v, 0.0)[:, None] / m.shape[0]
        return np.array([s]), z, np.mean(z, axis=0)
    """
    function = program(text)
    new = retarget(function, known(function, NARROW), "numba")
    compiled = run(emit.module([new], backend="numba", decorator='@njit(error_model="numpy")'))
    plain = run(emit.module([function]))
    for found, expected in zip(call(compiled, new, NARROW), call(plain, new, NARROW), strict=True):
        assert found.dtype == expected.dtype == np.float32
        np.testing.assert_allclose(found, expected, rtol=1e-5)
    assert isinstance(compiled, numba.core.dispatcher.Dispatcher)


# ---- CuPy ----

EVERYWHERE = """
def f(m, v, k, a):
    g = np.exp(m) * special.erf(v) + unbroadcast(m, v)
    b = np.zeros(v.shape)
    add_at(b, k, 1.0)
    w = v * 0.0
    w[...] += scatter_add(v, k, 2.0 * v[k])
    q = 3.0 * scatter_add(v, k, v[k])
    if a > 0.0:
        w += np.linalg.norm(m) * b
    return np.sum(g, axis=0), w, q
"""


def test_the_text_for_cupy() -> None:
    new = retargeted(EVERYWHERE.replace("w[...] += ", "w += "), "cupy")
    assert (
        emit.module([new])
        == """\
import cupy as cp
from cupyx.scipy import special
from srcad_runtime.on_cupy import add_at, scatter_add, unbroadcast


def f(m, v, k, a):
    g = cp.exp(m) * special.erf(v) + unbroadcast(m, v)
    b = cp.zeros(v.shape)
    add_at(b, k, 1.0)
    w = v * 0.0
    w = w + scatter_add(v, k, 2.0 * v[k])
    q = 3.0 * scatter_add(v, k, v[k])
    if a > 0.0:
        w = w + cp.linalg.norm(m) * b
    return cp.sum(g, axis=0), w, q
"""
    )


MANNERS = """
def f(m, v, k, a):
    w = np.zeros(4)
    w[k] = v[1:]
    w[k] += v[:3]
    m[:, k] = 2.0 * m[:, k]
    w[v > 0.0] = v[v > 0.0]
    w[0] = np.clip(a, 0.0, 1.0)
    b = np.broadcast_to(a, (3,))
    for i in range(k[1]):
        w[i] += np.sum(np.where(a > 0.0, v, b[0]))
    return w, np.array([1.0, v[0], a]), np.sort(v, kind="mergesort")
"""


def test_manners_of_cupy() -> None:
    """Repeated indices, numbers as arrays, extents of ranges, kinds of sorting."""
    assert (
        emit.module([retargeted(MANNERS, "cupy")])
        == """\
import cupy as cp
from srcad_runtime.on_cupy import store


def f(m, v, k, a):
    w = cp.zeros(4)
    store(w, k, v[1:])
    store(w, k, w[k] + v[:3])
    store(m, (slice(None, None), k), 2.0 * m[:, k])
    w[v > 0.0] = v[v > 0.0]
    w[0] = cp.clip(cp.asarray(a), 0.0, 1.0)
    b = cp.broadcast_to(cp.asarray(a), (3,))
    for i in range(int(k[1])):
        w[i] += cp.sum(cp.where(cp.asarray(a > 0.0), v, b[0]))
    return (
        w,
        cp.array([cp.asarray(1.0), v[0], cp.asarray(a)]),
        cp.sort(v, kind="stable"),
    )
"""
    )


@pytest.mark.parametrize(
    "expression",
    [
        "np.sum(m, where=m > 0.0)",
        "np.std(v, correction=1)",
        'np.quantile(v, 0.5, method="hazen")',
        "np.clip(v, min=0.0)",
    ],
)
def test_arguments_that_cupy_lacks(expression: str) -> None:
    with pytest.raises(Unsupported, match="CuPy's .* has no "):
        retargeted(one_liner(expression), "cupy")


def test_the_text_for_cupy_with_numpy_in_its_place_gives_numpys_values() -> None:
    new = retargeted(EVERYWHERE, "cupy")
    text = emit.module([new]).replace("import cupy as cp", "import numpy as cp").replace("cupyx.scipy", "scipy")
    text = text.replace("srcad_runtime.on_cupy", "srcad_runtime")
    original = call(run(emit.module([program(EVERYWHERE)])), new, ARGS)
    for found, expected in zip(call(run(text), new, ARGS), original, strict=True):
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("path", ["numpy.geomspace", "scipy.stats.norm.cdf", "numpy.random.default_rng"])
def test_what_cupy_lacks_is_refused(path: str) -> None:
    source = ir.Source("model.py", "np.lacking(x)")
    fn = ir.Ref(path, loc=ir.Loc(source, 1, 0, 1, 10))
    function = ir.Function("f", (), (ir.Return(ir.Call(fn, ())),))
    with pytest.raises(Unsupported, match=f"model.py:1:1: CuPy has no {path}"):
        retarget(function, {}, "cupy")


def declared(module: str) -> set[str]:
    """The public names of a module, read from its text: parts of CuPy do not import without CUDA's libraries."""
    import ast
    from pathlib import Path

    spec = importlib.util.find_spec(module)
    if spec is None or spec.origin is None:
        return set()
    found = set()
    for node in ast.walk(ast.parse(Path(spec.origin).read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.asname or alias.name for alias in node.names}
    return found


def test_every_function_with_a_rule_exists_in_cupy_or_is_refused() -> None:
    cupy = pytest.importorskip("cupy")
    missing = []
    for path in rules.load_all():
        theirs = cupy_path(path)
        if not path.startswith(("numpy.", "scipy.")) or theirs is None:
            continue
        module, *names = theirs.split(".")
        value: Any = cupy if module == "cupy" else None
        if module == "cupyx":
            value = names[-1] in declared(".".join([module, *names[:-1]])) or None
        for name in names if module == "cupy" else ():
            value = getattr(value, name, None)
        missing += [path] if value is None else []
    assert missing == []


# ---- Numba: arrays that are changed in place by their own elements ----


@pytest.mark.parametrize(
    ("statement", "copied"),
    [
        ("m -= m[0]", "m[0].copy()"),
        ("m[1:] += 2.0 * m[:-1]", "(2.0 * m[:-1]).copy()"),
        ("m += m.T[0, 0]", ""),
        ("m[1:] *= m[1:]", ""),
        ("m += v[:, None][:3]", ""),
    ],
)
def test_values_are_copied_before_what_they_read_is_changed(statement: str, copied: str) -> None:
    given = program(f"def f(m, v):\n    {statement}\n    return m")
    stored = ir.transform(given, _whole)
    text = emit.function(retarget(stored, known(given, ARGS), "numba"))
    assert copied in text if copied else "copy" not in text


def _whole(node: ir.Node) -> ir.Node:
    """``m -= e`` of an array, as core programs write it."""
    if isinstance(node, ir.Augment) and isinstance(node.target, ir.Name):
        return ir.Augment(ir.Index(node.target, (ir.ELLIPSIS,)), node.op, node.value)
    return node


def test_without_loops_an_array_is_changed_by_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    def f(x: Any) -> Any:
        w = np.outer(x, x * x)
        w -= w[1]
        w[:, :3] *= w[2, 1:]
        w[w > 0.1] -= w[0, 0]
        return np.sum(w * w)

    monkeypatch.setenv("SRCAD_OFF", "loops")
    got = srcad.value_and_grad(f, backend="numba")(V)
    expected = srcad.value_and_grad(f, backend="numpy")(V)
    assert got[0] == pytest.approx(expected[0], rel=1e-12) == pytest.approx(f(V), rel=1e-12)
    np.testing.assert_allclose(got[1], expected[1], rtol=1e-12)
