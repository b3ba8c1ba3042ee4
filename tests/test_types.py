"""Abstract values, and `infer` against what NumPy really gives."""

from __future__ import annotations

import dataclasses
import enum
import subprocess
import sys
from collections import OrderedDict, namedtuple
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from srcad import ir, types
from srcad.dims import Dim, combine, dim_expr, symbol
from srcad.types import Num, Seq, Static, Struct, describe, infer, join
from tests.transforms.running import load, surface

N, M = symbol("n"), symbol("x.shape[0]")
Point = namedtuple("Point", ["x", "y"])


@dataclasses.dataclass(frozen=True)
class Layer:
    w: Any
    b: Any
    name: str = "dense"


class Color(enum.Enum):
    RED = 1


# ---- extents ----


def test_linear_forms() -> None:
    assert N + 1 - 1 == N and N - N == Dim(0) and N + M == M + N
    assert 2 * N + N == N * 3 and -(N - 2) == 2 + -N and (N * 0).terms == ()
    assert combine("*", N, Dim(2)) == N + N and combine("*", N, M) is None and combine("//", Dim(7), Dim(2)) == Dim(3)
    assert (2 * N + M - 3).value({"n": 5, "x.shape[0]": 4}) == 11


@pytest.mark.parametrize(
    ("dim", "text"),
    [
        (N - 2, "n - 2"),
        (2 * M + 1, "2 * x.shape[0] + 1"),
        (Dim(3) - N, "3 - n"),
        (-N, "-n"),
        (-2 * N - M - 1, "-2 * n - x.shape[0] - 1"),
        (M - 2 * N, "x.shape[0] - 2 * n"),
        (Dim(-3), "-3"),
        (Dim(0), "0"),
    ],
)
def test_linear_forms_print_as_expressions(dim: Dim, text: str) -> None:
    assert str(dim) == text
    assert types.number(dim_expr(dim)) == dim


def test_number_reads_linear_forms() -> None:
    env = {"x": describe(np.zeros((3, 1)), "x"), "k": dataclasses.replace(types.INT, number=N + 1)}
    read = {"2 * k - x.shape[0]": 2 * N + 2 - M, "x.shape[1] + 1": Dim(2), "k * k": None, "q + 1": symbol("q") + 1}
    for text, expected in read.items():
        assert types.number(expression(text, "x, k, q"), env) == expected


# ---- live values ----


def test_arrays_and_numbers() -> None:
    assert describe(np.zeros((4, 1, 0), "f4"), "x") == Num(
        "float32", (symbol("x.shape[0]"), Dim(1), symbol("x.shape[2]"))
    )
    assert (
        describe(2.0, "a") == types.FLOAT and describe(True, "a") == types.BOOL and describe(1j, "a") == types.COMPLEX
    )
    assert describe(3, "n") == Num("int64", (), True, N)
    assert describe(np.float32(2), "a") == Num("float32") and describe(np.array(2, "f4"), "a") == Num(
        "float32", array=True
    )
    assert describe(np.int64(2), "n") == Num("int64", (), False, N)


def test_the_specialisation_key_is_dtype_rank_and_ones() -> None:
    assert describe(np.zeros((3, 4)), "x") == describe(np.ones((0, 9), order="F"), "x")
    assert describe(np.zeros((3, 4)), "x") != describe(np.zeros((1, 4)), "x")
    assert hash(describe({"a": [1, np.zeros(3)]}, "p")) == hash(describe({"a": [2, np.ones(4)]}, "p"))


@pytest.mark.parametrize("value", ["sum", None, np.float32, np.dtype("f4"), len, np, Color.RED, ..., slice(3), Layer])
def test_static_values(value: Any) -> None:
    assert describe(value, "v") == Static(value)


def test_containers_are_taken_apart() -> None:
    value = {"w": [np.zeros((2, 3)), 1.0], "p": Point(np.zeros(2), None), "layer": Layer(np.zeros(3), (2, 3.0))}
    t = describe(value, "params")
    assert isinstance(t, Struct) and [i.kind for i in t.items if isinstance(i, Struct)] == [
        "list",
        "namedtuple",
        "dataclass",
    ]
    names = [name for _, name, _ in types.leaves(t, "params")]
    assert names == [
        "params_w_0",
        "params_w_1",
        "params_p_x",
        "params_layer_w",
        "params_layer_b_0",
        "params_layer_b_1",
    ]
    path, _, leaf = types.leaves(t, "params")[0]
    assert path == ("params", "w", 0) and leaf.dims[1] == symbol("params_w_0.shape[1]")


class Model:
    def __init__(self) -> None:
        self.w, self.n, self.me = np.zeros(3), 2, self


def test_objects_only_when_asked() -> None:
    model = Model()
    assert describe(model, "self") == Static(model)
    t = describe(model, "self", objects=True)
    assert isinstance(t, Struct) and (t.kind, t.keys) == ("object", ("w", "n", "me")) and t.items[2] == Static(model)


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        np.zeros(3),
        (1.0, [2.0, np.ones(2)], {}),
        OrderedDict(b=1.0, a={"s": "text", "n": None}),
        Point(1.0, Layer(np.zeros(2), 0.5)),
    ],
)
def test_flatten_and_unflatten(value: Any) -> None:
    t = describe(value, "v")
    flat = types.flatten(value, t)
    assert len(flat) == len(types.leaves(t, "v"))
    again = types.unflatten(t, flat)
    assert type(again) is type(value) and repr(again) == repr(value)
    with pytest.raises(ValueError):
        types.unflatten(t, [*flat, 1.0])


def foreign_values() -> list[Any]:
    from scipy import sparse

    values = [np.matrix([[1.0]]), np.ma.masked_array([1.0]), np.array([1, "a"], object), np.array(["a"])]
    return [*values, np.array(["2020-01-01"], "M8[D]"), np.zeros(2, [("a", "f8")]), sparse.eye(3).tocsr()]


@pytest.mark.parametrize("value", foreign_values(), ids=lambda v: type(v).__name__)
def test_other_arrays_are_type_errors_that_name_the_argument(value: Any) -> None:
    with pytest.raises(TypeError, match="argument x "):
        describe(value, "x")
    with pytest.raises(TypeError, match=r"argument params\['w'\]\[1\] "):
        describe({"w": [1.0, value]}, "params")


def test_foreign_libraries() -> None:
    for name, make in (("torch", lambda m: m.zeros(2)), ("pandas", lambda m: m.Series([1.0]))):
        module = pytest.importorskip(name)
        with pytest.raises(TypeError, match=f"argument x is a {name}"):
            describe(make(module), "x")


def test_cupy_arrays_are_described_without_cupy() -> None:
    array = type("ndarray", (), {"__module__": "cupy", "dtype": np.dtype("f4"), "shape": (1, 5)})()
    assert describe(array, "x") == Num("float32", (Dim(1), symbol("x.shape[1]")))


def test_light_import() -> None:
    code = "import sys, srcad.types; print([m for m in ('libcst', 'numba', 'scipy') if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


# ---- text ----


def test_parse_types() -> None:
    text = "w=f8[:], x=f8[:,:], n=int, p=f8[n,m+1], params={w: f8[:], b: (f8, float)}, q=list[f4[:]], "
    text += "z=c16[...], one=f8[1,::1]"
    t = types.parse_types(text)
    assert t["w"] == describe(np.zeros(2), "w") and t["n"] == describe(1, "n")
    assert t["p"] == Num("float64", (N, symbol("m") + 1)) and t["z"] == Num("complex128", None)
    assert t["params"] == describe({"w": np.zeros(3), "b": (np.float64(1), 2.0)}, "params")
    assert t["q"] == Seq(Num("float32", (None,))) and t["one"] == describe(np.zeros((1, 2)), "one")


@pytest.mark.parametrize("text", ["f8", "w=", "w=f9", "w=f8[x**2]", "w=f8[:", "w=foo[:]", "**w", "w={1+1: f8}", "w=3"])
def test_unreadable_types(text: str) -> None:
    with pytest.raises(types.TypeSyntaxError, match="write types as in"):
        types.parse_types(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("float", types.FLOAT),
        ("int", describe(1, "a")),
        ("np.ndarray", types.UNKNOWN),
        ("NDArray[np.float64]", Num("float64", None)),
        ("npt.NDArray[np.float32]", Num("float32", None)),
        ("np.ndarray[Any, np.dtype[np.float32]]", Num("float32", None)),
        ('"f8[:, :]"', describe(np.zeros((2, 2)), "a")),
        ("float64[:]", describe(np.zeros(2), "a")),
        ("float32", Num("float32")),
        ("list[float]", Seq(types.FLOAT)),
        ("float | None", types.FLOAT),
        ("Optional[float]", types.FLOAT),
        ("tuple[float, bool]", Struct("tuple", (0, 1), (types.FLOAT, types.BOOL), tuple)),
        ("Callable[[float], float]", types.UNKNOWN),
        ("Whatever", types.UNKNOWN),
    ],
)
def test_annotations(text: str, expected: Any) -> None:
    assert types.parse_annotation(text, "a") == expected


# ---- merges ----


def test_join() -> None:
    x, y = describe(np.zeros((3, 1)), "x"), describe(np.zeros((3, 1), "f4"), "y")
    assert join(x, x) == x
    assert join(x, y) == Num("float64", (None, Dim(1)))
    assert join(x, types.FLOAT) == Num("float64", None)
    assert join(types.INT, types.FLOAT) == Num(None, (), True)
    assert join(dataclasses.replace(types.INT, number=N), types.INT) == types.INT
    assert join(Static("a"), Static("a")) == Static("a") and join(Static("a"), Static("b")) == types.UNKNOWN
    assert join(Static(2.0), types.FLOAT) == types.FLOAT
    pair = Struct("tuple", (0, 1), (types.FLOAT, x), tuple)
    assert join(pair, dataclasses.replace(pair, items=(types.FLOAT, y))).items == (types.FLOAT, join(x, y))
    assert join(pair, Struct("list", (0, 1), (types.FLOAT, x), list)) == types.UNKNOWN
    assert join(describe([1.0], "p"), Seq(types.FLOAT)) == Seq(types.FLOAT)


def test_questions() -> None:
    assert types.is_float(types.FLOAT) and types.is_float(types.UNKNOWN) and types.is_float(types.COMPLEX)
    assert not types.is_float(types.INT) and not types.is_float(Static("a")) and types.is_integer(types.INT)
    assert types.is_array(describe(np.zeros(2), "x")) and not types.is_array(types.UNKNOWN)
    assert types.rank(describe(np.zeros((2, 2)), "x")) == 2 and types.rank(types.UNKNOWN) is None
    assert types.never_one(symbol("x.shape[0]")) and types.never_one(Dim(0)) and types.never_one(Dim(3))
    assert not types.never_one(N) and not types.never_one(symbol("x.shape[0]") - 1) and not types.never_one(None)


# ---- inference against NumPy ----


def expression(text: str, params: str) -> ir.Expr:
    returned = surface(load(f"import math\n\ndef f({params}):\n    return {text}")).body[-1]
    assert isinstance(returned, ir.Return) and returned.value is not None
    return returned.value


# parameters of the expressions: x, y 1-D; A, B 2-D; S square; T 3-D; f float32; z complex; i integers below 3 (1-D),
# j integers (2-D); m a mask like x; P a mask like A; a, b floats; h float32 scalar; k, n integers; p (x, (A, a))
_PARAMS = "x, y, A, B, S, T, f, z, i, j, m, P, a, b, h, k, n, p"

EXPRESSIONS = Path(__file__).with_name("expressions.txt").read_text().splitlines()


def arguments(rng: np.random.Generator) -> dict[str, Any]:
    """Values for `_PARAMS`; extents are often equal, sometimes 1 or 0."""
    r, c, d = rng.choice([0, 1, 2, 3, 4, 6, 9], p=[0.05, 0.15, 0.1, 0.2, 0.2, 0.2, 0.1], size=3)
    length = rng.choice([c, d])
    return {
        "x": rng.uniform(size=c),
        "y": rng.uniform(size=length),
        "A": rng.uniform(size=(r, c)),
        "B": rng.uniform(size=(rng.choice([r, 1]), rng.choice([c, 1]))),
        "S": np.eye(r) * 3 + rng.uniform(size=(r, r)) * 0.01,
        "T": rng.uniform(size=(d, r, c)),
        "f": rng.uniform(size=c).astype("f4"),
        "z": rng.uniform(size=length) * 1j,
        "i": rng.integers(0, max(min(r, c, d, 3), 1), size=rng.choice([1, 3, 4])),
        "j": rng.integers(0, max(r, 1), size=(2, 3)),
        "m": rng.uniform(size=c) < 0.5,
        "P": rng.uniform(size=(r, c)) < 0.5,
        "a": float(rng.uniform()),
        "b": float(rng.uniform()),
        "h": np.float32(rng.uniform()),
        "k": int(rng.integers(0, 4)),
        "n": int(rng.choice([0, 1, 3, int(c)])),
        "p": (rng.uniform(size=c), (rng.uniform(size=(r, d)), 0.5)),
    }


def symbols(values: dict[str, Any]) -> dict[str, int]:
    found = {"k": values["k"], "n": values["n"]}
    named = {**values, "p_0": values["p"][0], "p_1_0": values["p"][1][0]}
    for name, value in named.items():
        for axis, extent in enumerate(np.shape(value) if isinstance(value, np.ndarray) else ()):
            found[f"{name}.shape[{axis}]"] = extent
    return found


def holds(assumption: types.Assumption, known: dict[str, int]) -> bool:
    left, right = assumption.left.value(known), assumption.right.value(known)
    return left <= right if assumption.op == "<=" else left == right


def agrees(t: types.Abstract, value: Any, known: dict[str, int]) -> bool:
    """Whether everything that `t` states is true of `value`."""
    if isinstance(t, Static):
        return t.value is value or t.value == value
    if isinstance(t, Struct):
        parts = value.values() if isinstance(value, dict) else value
        return len(t.items) == len(value) and all(agrees(i, v, known) for i, v in zip(t.items, parts))
    if isinstance(t, Seq):
        return all(agrees(t.element, v, known) for v in value)
    if t == types.UNKNOWN:
        return True
    dtype = np.asarray(value).dtype.name
    if t.dtype not in (None, dtype) or t.weak and not isinstance(value, (bool, int, float, complex)):
        return False
    if t.dims is None:
        return True
    if t.dims == () and not t.weak and t.dtype is not None and not isinstance(value, (np.generic, np.ndarray)):
        return False
    shape = np.shape(value)
    extents = [None if d is None else max(d.value(known), 0) for d in t.dims]
    ranks = len(shape) == len(extents) and all(e in (None, s) for e, s in zip(extents, shape))
    return ranks and (t.number is None or t.number.value(known) == value)


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("text", EXPRESSIONS)
def test_infer_agrees_with_numpy(text: str) -> None:
    function = load(f"import math\n\ndef f({_PARAMS}):\n    return {text}")
    expr = expression(text, _PARAMS)
    rng = np.random.default_rng(sum(map(ord, text)))
    known_once = tried = 0
    for _ in range(25):
        values = arguments(rng)
        try:
            with np.errstate(all="ignore"):
                real = function(**values)
        except Exception:
            continue
        tried += 1
        noted: list[types.Assumption] = []
        t = infer(expr, {name: describe(value, name) for name, value in values.items()}, noted)
        known_once += t != types.UNKNOWN
        if all(holds(a, symbols(values)) for a in noted):
            assert agrees(t, real, symbols(values)), (t, np.shape(real), symbols(values), noted)
    assert tried and known_once


# ---- what must not happen ----


def test_probing_draws_nothing_from_the_users_generators() -> None:
    rng = np.random.default_rng(5)
    np.random.seed(3)
    before, globally = rng.bit_generator.state, repr(np.random.get_state())
    env = {"rng": Static(rng), "n": describe(4, "n")}
    assert infer(expression("rng.normal(size=n)", "rng, n"), env) == Num("float64", (N,))
    assert infer(expression("rng.integers(0, n)", "rng, n"), env) == Num("int64")
    assert infer(expression("np.random.rand(n)", "n"), env) == Num("float64", (N,))
    rvs = ir.Call(ir.Ref("scipy.stats.norm.rvs"), kwargs=(("size", ir.Name("n")),))
    assert infer(rvs, env) == Num("float64", (N,))
    assert rng.bit_generator.state == before and repr(np.random.get_state()) == globally


def test_user_code_is_never_called() -> None:
    def user(x: Any) -> Any:
        raise AssertionError("called")

    call = ir.Call(ir.Ref("numpy.apply_along_axis"), (ir.Ref("user:user", user), ir.const(0), ir.Name("x")))
    assert infer(call, {"x": describe(np.zeros((3, 3)), "x")}) == types.UNKNOWN
    assert infer(ir.Call(ir.Ref("user:user", user), ()), {}) == types.UNKNOWN
    assert infer(ir.call("builtins.print", ir.const("no")), {}) == Static(None)
    assert infer(ir.call("numpy.save", ir.const("no"), ir.Name("x")), {}) == types.UNKNOWN


def test_coincidences_are_not_taken_for_extents() -> None:
    env = {"A": describe(np.zeros((3, 4)), "A"), "x": describe(np.zeros(5), "x"), "k": types.INT}
    unknown = (
        "np.fft.rfft(x)",
        "np.diag(A)",
        "np.diff(x, n=9)",
        "np.unique(x)",
        "x[x > 0]",
        "np.kron(x, A[0])",
        "np.zeros(k)",
    )
    for text in unknown:
        t = infer(expression(text, "A, x, k"), env)
        assert isinstance(t, Num) and t.dims is not None and None in t.dims, text


def test_large_constants_are_probed_small() -> None:
    big = infer(expression("np.linalg.svd(np.ones((100000, 100000)))", ""), {})
    assert isinstance(big, Struct) and [len(t.dims) for t in big.items] == [2, 1, 2]
    assert infer(expression("np.fft.fft(x, 1000000)", "x"), {"x": describe(np.zeros(3), "x")}).dims == (Dim(1000000),)


def test_assumptions_are_noted() -> None:
    env = {name: describe(np.zeros(shape), name) for name, shape in (("x", 3), ("y", 3), ("A", (3, 3)), ("r", (1, 3)))}
    env["i"] = dataclasses.replace(types.INT, number=symbol("i"))
    noted = {
        "x + y": ["x.shape[0] == y.shape[0]"],
        "x + 1": [],
        "A + r": ["A.shape[1] == r.shape[1]"],
        "A @ x": ["A.shape[1] = x.shape[0]"],
        "x[:3]": ["3 <= x.shape[0]"],
        "x[1:-1]": [],
        "x[i:i + 2]": ["0 <= i", "i + 2 <= x.shape[0]"],
        "np.linalg.solve(A, x)": ["A.shape[0] == A.shape[1]", "A.shape[0] == x.shape[0]"],
        "np.zeros(x.shape[0]) + x": [],
    }
    for text, expected in noted.items():
        assumptions: list[types.Assumption] = []
        infer(expression(text, "A, x, y, r, i"), env, assumptions)
        assert list(map(str, assumptions)) == expected
