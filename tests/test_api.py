"""Calling derivatives: arguments, structures, errors, with a stand-in for the compiler."""

from __future__ import annotations

import collections
import dataclasses
import functools
import inspect
import pickle
import warnings
from typing import Any, NamedTuple

import numpy as np
import pytest

import srcad
from srcad import pipeline, specialise, types
from srcad.pipeline import Input
from tests.fake_compiler import QUADRATIC, FakeCompiler, generated

RNG = np.random.default_rng(3)
W, X, Y = RNG.normal(size=3), RNG.normal(size=(5, 3)), RNG.normal(size=5)
GRADIENT = 2.0 / 5 * X.T @ (X @ W - Y)


def loss(w, x, y):
    """Mean squared residual."""
    r = x @ w - y
    return np.mean(r * r)


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> FakeCompiler:
    compiler = FakeCompiler()
    compiler.knows("loss", QUADRATIC)
    monkeypatch.setattr(pipeline, "build", compiler.build)
    monkeypatch.setattr(specialise, "_tables", {})
    monkeypatch.setattr(specialise, "_warned", set())
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path / "cache"))
    return compiler


# ---- names ----


def test_public_names_are_those_of_all_and_documented():
    assert set(srcad.__all__) <= set(dir(srcad))
    for name in srcad.__all__:
        assert inspect.getdoc(getattr(srcad, name)), name
    for name in ("grad", "vjp", "jvp", "hvp", "jacfwd", "hessian", "vmap", "check_grads", "differentiate"):
        assert "Raises" in inspect.getdoc(getattr(srcad, name)), name


def test_an_unknown_name_is_an_attribute_error():
    with pytest.raises(AttributeError, match="gradd"):
        srcad.gradd  # noqa: B018


def test_signatures_of_the_contract():
    def parameters(f):
        return list(inspect.signature(f).parameters)

    assert parameters(srcad.grad) == ["f", "argnums", "has_aux", "backend"]
    assert parameters(srcad.value_and_grad) == ["f", "argnums", "has_aux", "backend"]
    assert parameters(srcad.vjp) == ["f", "primals", "argnums", "has_aux", "kwargs", "outputs", "backend"]
    assert parameters(srcad.jvp) == ["f", "primals", "tangents", "has_aux", "kwargs", "outputs", "backend"]
    assert parameters(srcad.hvp) == ["f", "primals", "tangents", "argnums", "kwargs", "backend"]
    assert parameters(srcad.vmap) == ["f", "in_axes", "out_axes", "backend"]
    assert parameters(srcad.check_grads)[:4] == ["f", "args", "order", "modes"]


def test_markers_are_identities():
    steps = range(4)
    assert srcad.checkpoint(steps) is steps and srcad.checkpoint(steps, every=2) is steps
    assert srcad.stop_gradient(W) is W


# ---- gradients ----


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_gradient_value_and_second_order(fake, backend):
    np.testing.assert_allclose(srcad.grad(loss, backend=backend)(W, X, Y), GRADIENT)
    value, gradient = srcad.value_and_grad(loss, backend=backend)(W, y=Y, x=X)
    assert value == loss(W, X, Y)
    np.testing.assert_allclose(gradient, GRADIENT)
    np.testing.assert_allclose(srcad.hessian(loss, backend=backend)(W, X, Y), 0.4 * X.T @ X)
    np.testing.assert_allclose(
        srcad.hvp(loss, (W, X, Y), (W, None, None), argnums=0, backend=backend), 0.4 * X.T @ X @ W
    )


def test_jacobians_of_a_scalar_are_its_gradient(fake):
    for make in (srcad.jacfwd, srcad.jacrev, srcad.jacobian):
        found = make(loss, backend="numpy")(W, X, Y)
        assert found.shape == (3,)
        np.testing.assert_allclose(found, GRADIENT)


def test_products(fake):
    out, pull = srcad.vjp(loss, W, X, Y, argnums=0, backend="numpy")
    assert out == loss(W, X, Y)
    np.testing.assert_allclose(pull(2.0), 2.0 * GRADIENT)
    np.testing.assert_allclose(pull(1.0), GRADIENT)
    out, out_dot = srcad.jvp(loss, (W, X, Y), (np.ones(3), None, None), backend="numpy")
    np.testing.assert_allclose(out_dot, GRADIENT.sum())


def test_a_pull_does_not_see_later_writes(fake):
    w = W.copy()
    _, pull = srcad.vjp(loss, w, X, Y, argnums=("w",), backend="numpy")
    w[:] = 0.0
    (found,) = pull(1.0)
    np.testing.assert_allclose(found, GRADIENT)


@pytest.mark.parametrize("argnums, single", [(0, True), ("w", True), (-3, True), ((0,), False), (("w",), False)])
def test_argnums(fake, argnums, single):
    found = srcad.grad(loss, argnums, backend="numpy")(W, X, Y)
    np.testing.assert_allclose(found if single else found[0], GRADIENT)
    assert isinstance(found, tuple) is not single


@pytest.mark.parametrize("argnums", ["v", 7, -4, 1.5, True])
def test_argnums_that_do_not_exist(fake, argnums):
    with pytest.raises(TypeError, match="argnums"):
        srcad.grad(loss, argnums, backend="numpy")(W, X, Y)


def test_missing_arguments_are_pythons_own_error(fake):
    with pytest.raises(TypeError, match=r"loss\(\) missing 1 required positional argument: 'y'"):
        srcad.grad(loss, backend="numpy")(W, X)


@pytest.mark.parametrize("value", [3, np.arange(3), True, {"n": 2}])
def test_a_requested_argument_that_is_not_floating(fake, value):
    with pytest.raises(TypeError, match="respect to w is asked for"):
        srcad.grad(loss, backend="numpy")(value, X, Y)


def test_arrays_that_are_refused(fake):
    with pytest.raises(TypeError, match="x"):
        srcad.grad(loss, backend="numpy")(W, np.ma.masked_array(X), Y)
    with pytest.raises(TypeError, match="y"):
        srcad.grad(loss, backend="numpy")(W, X, Y.astype(object))


def test_a_value_that_is_no_scalar(fake):
    def row(x):
        return x * 2.0

    fake.knows(
        "row",
        {("reverse",): "def row_grad(x, out_bar):\n    return x * 2.0, 2.0 * out_bar\n"},
        output=types.describe(W, "out"),
    )
    with pytest.raises(TypeError, match=r"srcad.grad .* row returns an array of shape \(3,\)"):
        srcad.grad(row, backend="numpy")(W)


def test_jacobian_shapes_and_mode(fake):
    a = RNG.normal(size=(2, 3))

    def apply(x):
        return a @ x

    texts = {
        (): "def apply_primal(x, a):\n    return (a @ x,)\n",
        ("reverse",): "def apply_grad(x, a, out_bar):\n    return a @ x, a.T @ out_bar\n",
        ("forward",): "def apply_jvp(x, a, x_dot):\n    return a @ x, a @ x_dot\n",
    }
    inputs = (Input("param", ("x",), "x"), Input("closure", ("a",), "a"))
    fake.knows("apply", texts, output=types.describe(np.ones(2), "out"), inputs=inputs)
    for make in (srcad.jacfwd, srcad.jacrev, srcad.jacobian):
        np.testing.assert_array_equal(make(apply, backend="numpy")(W), a)
    assert fake.requests[-1].modes == ("reverse",)  # jacobian: three inputs, two outputs
    a[:] = 1.0  # captured arrays are read at every call
    np.testing.assert_array_equal(srcad.jacfwd(apply, backend="numpy")(W), a)


# ---- containers ----


class Layer(NamedTuple):
    w: Any
    units: int


@dataclasses.dataclass(frozen=True)
class Model:
    layers: list
    bias: Any
    name: str = "model"

    def __post_init__(self):
        object.__setattr__(self, "made", True)


CONTAINERS = {
    ("reverse",): (
        "def fit_grad(p_layers_0_w, p_layers_0_units, p_bias, x, out_bar=1.0):\n"
        "    return np.sum(p_layers_0_w * x) + p_bias, x * out_bar, out_bar\n"
    )
}


def test_a_gradient_has_the_arguments_structure(fake):
    def fit(p, x):
        return np.sum(p.layers[0].w * x) + p.bias

    fake.knows("fit", CONTAINERS)
    found = srcad.grad(fit, backend="numpy")(Model([Layer(W, 3)], 2.0), Y[:3])
    assert type(found) is Model and type(found.layers) is list and type(found.layers[0]) is Layer
    np.testing.assert_array_equal(found.layers[0].w, Y[:3])
    assert found.bias == 1.0
    assert found.layers[0].units is None and found.name is None


def test_dicts_and_their_kinds(fake):
    texts = {
        ("reverse",): "def pick_grad(p_a, p_b, out_bar=1.0):\n    return p_a * p_b, p_b, p_a\n",
        ("forward",): "def pick_jvp(p_a, p_b, a_dot, b_dot):\n    return p_a * p_b, a_dot * p_b + p_a * b_dot\n",
    }
    fake.knows("pick", texts)

    def pick(p):
        return p["a"] * p["b"]

    found = srcad.grad(pick, backend="numpy")({"a": 2.0, "b": 3.0})
    assert found == {"a": 3.0, "b": 2.0}
    ordered = collections.OrderedDict(a=2.0, b=3.0)
    assert type(srcad.grad(pick, backend="numpy")(ordered)) is collections.OrderedDict
    with pytest.raises(TypeError, match="structure"):
        srcad.jvp(pick, ({"a": 2.0, "b": 3.0},), ({"a": 1.0},), backend="numpy")
    assert srcad.jvp(pick, ({"a": 2.0, "b": 3.0},), ({"a": 1.0, "b": None},), backend="numpy") == (6.0, 3.0)


# ---- kinds of functions ----


def test_kinds_of_callables(fake):
    class Owner:
        def loss(self, w, x, y):
            return loss(w, x, y)

        @staticmethod
        def fixed(w, x, y):
            return loss(w, x, y)

    text = {("reverse",): QUADRATIC[("reverse",)]}
    fake.knows("fixed", text)
    fake.knows("<lambda>", text)
    for called in (
        functools.partial(loss, y=Y),
        functools.partial(loss, W, X),
    ):
        wrt = "w"
        np.testing.assert_allclose(srcad.grad(called, wrt, backend="numpy")(*_rest(called)), GRADIENT)
    np.testing.assert_allclose(srcad.grad(Owner.fixed, backend="numpy")(W, X, Y), GRADIENT)
    np.testing.assert_allclose(srcad.grad(Owner().loss, backend="numpy")(W, X, Y), GRADIENT)
    np.testing.assert_allclose(srcad.grad(lambda w, x, y: loss(w, x, y), backend="numpy")(W, X, Y), GRADIENT)


def _rest(called: functools.partial) -> tuple[Any, ...]:
    return (Y,) if called.args else (W, X)


def test_something_without_python_text(fake):
    with pytest.raises(TypeError, match="no Python source"):
        srcad.grad(np.sin, backend="numpy")(1.0)
    with pytest.raises(TypeError, match="takes a function"):
        srcad.grad(3.0)


def test_star_arguments(fake):
    def total(*xs, **named):
        return xs[0] * xs[1] * named["k"]

    fake.knows(
        "total",
        {
            ("reverse",): (
                "def total_grad(xs_0, xs_1, named_k, out_bar=1.0):\n"
                "    return xs_0 * xs_1 * named_k, xs_1 * named_k, xs_0 * named_k\n"
            )
        },
    )
    assert srcad.grad(total, 1, backend="numpy")(2.0, 3.0, k=5.0) == 10.0


# ---- specialisation ----


def test_types_are_specialised_once(fake):
    g = srcad.grad(loss, backend="numpy")
    g(W, X, Y)
    g(W + 1.0, np.asfortranarray(X), Y[::-1])
    srcad.grad(loss, backend="numpy")(W, RNG.normal(size=(9, 3)), np.ones(9))
    assert len(fake.requests) == 1
    g(W.astype(np.float32), X, Y)
    g(W, X[:1], Y[:1])
    assert len(fake.requests) == 3


def test_a_gradient_has_the_arguments_dtype(fake):
    found = srcad.grad(loss, backend="numpy")(W.astype(np.float32), X, Y)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, GRADIENT, rtol=1e-5)


def test_layout_byte_order_and_read_only_arrays_do_not_matter(fake):
    x = np.asfortranarray(X)
    w = W.astype(W.dtype.newbyteorder())
    y = Y.copy()
    y.flags.writeable = False
    for backend in ("numpy", "numba"):
        found = srcad.grad(loss, backend=backend)(w, x, y)
        np.testing.assert_allclose(found, GRADIENT)
        assert found.dtype.isnative
    assert not y.flags.writeable


def test_baked_values_are_compared_at_every_call(fake):
    def power(x, n):
        return x**n

    def answer(request):
        known = {path: value for _, path, value in request.baked}
        if ("n",) not in known:
            raise pipeline.NeedValue("param", ("n",))
        n = known[("n",)]
        text = f"def power_grad(x, out_bar=1.0):\n    return x**{n}, {n} * x ** {n - 1} * out_bar\n"
        inputs = (Input("param", ("x",), "x"),)
        return generated(request, text, inputs=inputs, wrt_leaves=inputs, baked=request.baked)

    fake.answers["power"] = answer
    g = srcad.grad(power, backend="numpy")
    assert [g(2.0, n) for n in (2, 3, 2, 3)] == [4.0, 12.0, 4.0, 12.0]
    assert len(fake.requests) == 4  # two numbers, asked for and answered


SCALE = 2.0
KIND = "double"


def scaled(x):
    return SCALE * x


def test_captured_numbers_are_read_and_structure_is_compared(fake, monkeypatch):
    inputs = (Input("param", ("x",), "x"), Input("global", ("SCALE",), "SCALE"))
    text = "def scaled_grad(x, SCALE, out_bar=1.0):\n    return SCALE * x, SCALE * out_bar\n"
    wrt = inputs[:1]
    fake.answers["scaled"] = lambda request: generated(
        request, text, inputs=inputs, wrt_leaves=wrt, baked=(("global", ("KIND",), KIND),)
    )
    g = srcad.grad(scaled, backend="numpy")
    assert g(1.0) == 2.0
    monkeypatch.setitem(globals(), "SCALE", 5.0)
    assert g(1.0) == 5.0 and len(fake.requests) == 1
    monkeypatch.setitem(globals(), "KIND", "other")
    assert g(1.0) == 5.0 and len(fake.requests) == 2
    monkeypatch.setitem(globals(), "SCALE", np.float32(1.0))  # another type of a captured value
    assert g(1.0) == 1.0 and len(fake.requests) == 3


def test_functions_made_again_share_their_kernels(fake):
    inputs = (Input("param", ("x",), "x"), Input("closure", ("a",), "a"))
    text = "def inner_grad(x, a, out_bar=1.0):\n    return a * x, a * out_bar\n"
    fake.answers["inner"] = lambda r: generated(r, text, inputs=inputs, wrt_leaves=inputs[:1])

    def make(a):
        def inner(x):
            return a * x

        return inner

    assert [srcad.grad(make(float(a)), backend="numpy")(1.0) for a in range(4)] == [0.0, 1.0, 2.0, 3.0]
    assert len(fake.requests) == 1


# ---- backends ----


def test_unknown_backends(fake):
    with pytest.raises(ValueError, match="numpyy"):
        srcad.grad(loss, backend="numpyy")(W, X, Y)
    with pytest.raises(ValueError, match="numpyy"):
        srcad.differentiate(backend="numpyy")


UNCOMPILABLE = {
    ("reverse",): (
        "def loss_grad(w, x, y, out_bar=1.0):\n    r = x @ w - y\n    np.einsum('i,i->', r, r)\n"
        "    w_bar = x.T @ (2.0 * out_bar / r.size * r)\n    return np.mean(r * r), w_bar\n"
    )
}


def test_auto_falls_back_to_numpy_with_one_warning(fake):
    fake.knows("loss", UNCOMPILABLE)
    g = srcad.grad(loss)
    with pytest.warns(
        srcad.PerformanceWarning, match=r"loss runs as plain NumPy: .*loss_grad.py:\d+: .*einsum"
    ) as seen:
        np.testing.assert_allclose(g(W, X, Y), GRADIENT)
    assert len(seen) == 1 and seen[0].filename == __file__
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        g(W, X, Y)
        srcad.grad(loss)(W, X, Y)


def test_numba_alone_is_an_error(fake):
    fake.knows("loss", UNCOMPILABLE)
    with pytest.raises(srcad.Unsupported, match="einsum") as caught:
        srcad.grad(loss, backend="numba")(W, X, Y)
    assert caught.value.filename.endswith("loss_grad.py") and 'backend="numpy"' in str(caught.value)


def test_auto_answers_by_numpy_what_the_compiler_refuses(fake):
    def answer(request):
        if request.backend == "numba":
            raise srcad.Unsupported("no loops for this")
        return generated(request, QUADRATIC[request.modes])

    fake.answers["loss"] = answer
    with pytest.warns(srcad.PerformanceWarning, match="no loops for this"):
        np.testing.assert_allclose(srcad.grad(loss)(W, X, Y), GRADIENT)


def test_overflow_of_machine_integers_is_answered_by_numpy(fake):
    def answer(request):
        guard = "    if x > 0.0:\n        raise OverflowError('too large')\n" if request.backend == "numba" else ""
        return generated(request, f"def f_grad(x, out_bar=1.0):\n{guard}    return x, out_bar\n")

    def f(x):
        return x

    fake.answers["f"] = answer
    assert srcad.grad(f)(2.0) == 1.0
    with pytest.raises(OverflowError):
        srcad.grad(f, backend="numba")(2.0)


# ---- errors of the model ----


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_an_error_of_the_model_is_its_own(fake, backend):
    def check(x):
        if x < 0.0:
            print("seen")
            raise ValueError(f"negative: {x}")
        return x

    body = "    if x < 0.0:\n        raise ValueError('negative')\n    return x, out_bar\n"
    text = f"def check_grad(x, out_bar=1.0):\n{body}"
    fake.knows("check", {("reverse",): text})
    with pytest.raises(ValueError, match="negative: -1.0") as caught:
        srcad.grad(check, backend=backend)(-1.0)
    files = [entry.path.name for entry in caught.traceback]
    assert files[-1] == "test_api.py"  # the user's line
    assert caught.value.__cause__ is not None
    if hasattr(caught.value, "__notes__"):
        assert any("check_grad.py:" in note and "raise" in note for note in caught.value.__notes__)


def test_an_error_of_generated_code_alone_is_shown(fake, capsys):
    fake.knows("loss", {("reverse",): "def loss_grad(w, x, y, out_bar=1.0):\n    return 1.0, w[17]\n"})
    with pytest.raises(IndexError):
        srcad.grad(loss, backend="numpy")(W, X, Y)


def test_overlapping_arguments_of_which_one_is_written(fake):
    text = "def fill_grad(a, b, out_bar=1.0):\n    return a[0], a * 0.0\n"
    fake.knows("fill", {("reverse",): text}, written=("b",))

    def fill(a, b):
        b[:] = a
        return a[0]

    both = np.ones(6)
    with pytest.raises(ValueError, match="its argument b, which shares memory with a"):
        srcad.grad(fill, backend="numpy")(both[:4], both[2:])
    srcad.grad(fill, backend="numpy")(both[:3], both[3:])
    srcad.grad(fill, backend="numpy")(both[::2], both[1::2])  # interleaved, but no element in common


# ---- vmap ----


def test_vmap_per_example_gradients(fake):
    per_example = srcad.vmap(srcad.grad(loss, backend="numpy"), in_axes=(None, 0, 0))
    found = per_example(W, X[:, None, :], Y[:, None])
    assert found.shape == (5, 3)
    np.testing.assert_allclose(found.mean(axis=0), GRADIENT)


def test_vmap_axes_and_structures():
    def f(p, x):
        return {"sum": p["a"] + x, "twice": (2.0 * x,)}

    a, x = np.arange(6.0).reshape(2, 3), np.arange(12.0).reshape(3, 4)
    found = srcad.vmap(f, in_axes=({"a": 1}, 0), out_axes={"sum": 1, "twice": 0})({"a": a}, x[:, :2])
    np.testing.assert_array_equal(found["sum"], a + x[:, :2].T)
    np.testing.assert_array_equal(found["twice"][0], 2.0 * x[:, :2])
    np.testing.assert_array_equal(srcad.vmap(f, in_axes=(None, -1), out_axes=-1)({"a": 1.0}, x)["sum"], x + 1.0)


@pytest.mark.parametrize(
    "in_axes, args, message",
    [
        (0, (np.ones(3), np.ones(2)), "different sizes"),
        (None, (np.ones(3), np.ones(3)), "batches no argument"),
        ((0,), (np.ones(3), np.ones(3)), "in_axes has 1 entries"),
        (1, (np.ones(3), np.ones(3)), "axis 1 of an argument of shape"),
        (0, (np.ones(0), np.ones(0)), "empty"),
    ],
)
def test_vmap_refuses(in_axes, args, message):
    with pytest.raises(ValueError, match=message):
        srcad.vmap(lambda a, b: a + b, in_axes)(*args)


# ---- check_grads ----


def test_check_grads_passes_and_fails(fake):
    srcad.check_grads(loss, (W, X, Y), order=2, modes=("rev",), argnums=0, backend="numpy")
    srcad.check_grads(loss, (W, X, Y), argnums="w", backend="numpy")
    wrong = {**QUADRATIC, ("reverse",): QUADRATIC[("reverse",)].replace("2.0", "2.2")}
    fake.knows("other", wrong)

    def other(w, x, y):
        return loss(w, x, y)

    with pytest.raises(AssertionError, match=r"other: .*respect to w\[0\] is .*, finite differences give") as caught:
        srcad.check_grads(other, (W, X, Y), modes=("rev",), argnums=0, backend="numpy")
    assert "loss_grad.py:4: w_bar = " in str(caught.value)
    with pytest.raises(ValueError, match="modes"):
        srcad.check_grads(loss, (W, X, Y), modes=("backward",))


# ---- @differentiate ----


@srcad.differentiate(backend="numpy")
def decorated(w, x, y):
    """Mean squared residual."""
    r = x @ w - y
    return np.mean(r * r)


class Regression:
    def __init__(self, x, y):
        self.x, self.y = x, y

    @srcad.differentiate(backend="numpy")
    def loss(self, w):
        r = self.x @ w - self.y
        return np.mean(r * r)


def test_the_decorated_function_is_the_function(fake):
    assert decorated(W, X, Y) == loss(W, X, Y)
    assert decorated.__name__ == "decorated" and decorated.__doc__ == "Mean squared residual."
    assert list(inspect.signature(decorated).parameters) == ["w", "x", "y"]
    assert pickle.loads(pickle.dumps(decorated)) is decorated
    assert "decorated" in repr(decorated)


def test_derivatives_of_the_decorated_function(fake, tmp_path):
    fake.knows("decorated", QUADRATIC)
    with pytest.raises(ValueError, match="source_for"):
        _ = decorated.source
    np.testing.assert_allclose(decorated.grad(W, X, Y), GRADIENT)
    assert decorated.value_and_grad(W, X, Y)[0] == loss(W, X, Y)
    assert "def loss_grad" in decorated.source
    assert "njit" in decorated.source_for(W, X, Y, backend="numba")
    np.testing.assert_allclose(decorated.hessian(W, X, Y), 0.4 * X.T @ X)
    np.testing.assert_allclose(decorated.vjp(W, X, Y, argnums=0)[1](1.0), GRADIENT)
    np.testing.assert_allclose(srcad.grad(decorated, backend="numpy")(W, X, Y), GRADIENT)
    html = decorated._repr_html_()
    assert "Mean squared residual" in html and "def loss_" in html


def test_a_decorated_method(fake):
    inputs = (
        Input("param", ("w",), "w"),
        Input("closure", ("tests.test_api.Regression.loss:self", "x"), "x"),
        Input("closure", ("tests.test_api.Regression.loss:self", "y"), "y"),
    )
    fake.knows("loss", QUADRATIC, inputs=inputs, wrt_leaves=inputs[:1])
    model = Regression(X, Y)
    assert model.loss(W) == loss(W, X, Y)
    np.testing.assert_allclose(model.loss.grad(W), GRADIENT)
    np.testing.assert_allclose(Regression(2.0 * X, Y).loss.grad(W), 0.8 * X.T @ (2.0 * X @ W - Y))
    assert len(fake.requests) == 1
    assert "def loss_grad" in model.loss.source


def test_settings_of_the_decorator(fake):
    fake.knows("f", QUADRATIC)

    @srcad.differentiate(argnums=("w",), mode="forward", backend="numpy")
    def f(w, x, y):
        return loss(w, x, y)

    (found,) = f.grad(W, X, Y)
    np.testing.assert_allclose(found, GRADIENT)
    assert fake.requests[-1].modes == ("forward",)
    with pytest.raises(ValueError, match="mode"):
        srcad.differentiate(mode="sideways")
    with pytest.raises(TypeError, match="decorates functions"):
        srcad.differentiate(3)


def test_a_saved_module_runs_by_itself(fake, tmp_path):
    def fit(p, x):
        return np.sum(p.layers[0].w * x) + p.bias

    fake.knows("fit", CONTAINERS)
    f = srcad.differentiate(fit)
    path = f.save(tmp_path / "fit_grad.py", Model([Layer(W, 3)], 2.0), Y[:3])
    space: dict[str, Any] = {}
    exec(path.read_text(), space)
    value, gradient = space["fit_grad"](Model([Layer(W, 3)], 2.0), Y[:3])
    assert value == fit(Model([Layer(W, 3)], 2.0), Y[:3])
    np.testing.assert_array_equal(gradient.layers[0].w, Y[:3])


def test_saved_numbers_are_literals_and_arrays_arguments(fake, tmp_path):
    inputs = (Input("param", ("x",), "x"), Input("global", ("SCALE",), "SCALE"), Input("global", ("W",), "W"))
    text = "def scaled_grad(x, SCALE, W, out_bar=1.0):\n    return SCALE * x * W[0], SCALE * W[0] * out_bar\n"
    fake.answers["scaled"] = lambda r: generated(r, text, inputs=inputs, wrt_leaves=inputs[:1])
    path = srcad.differentiate(scaled).save(tmp_path / "s.py", 3.0)
    space: dict[str, Any] = {}
    exec(path.read_text(), space)
    assert space["scaled_grad"](3.0, W=W) == (2.0 * 3.0 * W[0], 2.0 * W[0])
    with pytest.raises(TypeError):
        space["scaled_grad"](3.0)


# ---- derivatives of derivatives ----


def test_a_derived_callable_can_be_read_by_the_compiler():
    g = srcad.grad(loss, argnums="w")
    text = inspect.getsource(g.__wrapped__)
    assert text == "def loss(w, x, y):\n    return srcad.grad(function, argnums='w')(w, x, y)\n"
    assert list(inspect.signature(g).parameters) == ["w", "x", "y"]
    assert g.__srcad__.kind == "grad" and g.__srcad__.function is loss
    assert g.__doc__ == loss.__doc__ and repr(g) == "<srcad.grad of loss>"


def test_the_derivative_of_a_derivative_asks_for_its_text(fake):
    fake.knows("loss", {("reverse",): "def loss_grad(w, x, y, out_bar=1.0):\n    return 1.0, w\n"})
    srcad.grad(srcad.grad(loss, backend="numpy"), backend="numpy")(W, X, Y)
    assert "srcad.grad(function" in fake.requests[-1].target.slice.text


def test_derived_callables_are_pickled_and_bound(fake):
    g = pickle.loads(pickle.dumps(srcad.grad(loss, backend="numpy")))
    np.testing.assert_allclose(g(W, X, Y), GRADIENT)

    class Body:
        slope = srcad.grad(lambda self, x: x, 1, backend="numpy")

    assert Body().slope.__self__.__class__ is Body


def test_rebound_attributes_are_rebound_once_per_call(fake):
    class Counter:
        def __init__(self):
            self.calls = 0

        def f(self, x):
            self.calls += 1
            return 2.0 * x

    home = f"{__name__}.{Counter.f.__qualname__}:self"
    inputs = (Input("param", ("x",), "x"), Input("closure", (home, "calls"), "calls"))
    texts = {
        (): "def f_primal(x, calls):\n    return 2.0 * x, calls + 1\n",
        ("reverse",): "def f_grad(x, calls, out_bar=1.0):\n    return 2.0 * x, 2.0 * out_bar, calls + 1\n",
    }
    fake.answers["f"] = lambda r: dataclasses.replace(
        generated(r, texts[r.modes], inputs=inputs, wrt_leaves=inputs[:1]), updates=(("closure", (home, "calls")),)
    )
    counter = Counter()
    assert srcad.grad(counter.f, backend="numpy")(1.0) == 2.0
    assert counter.calls == 1
    _, pull = srcad.vjp(counter.f, 1.0, backend="numpy")
    assert (pull(1.0), pull(3.0)) == ((2.0,), (6.0,))
    assert counter.calls == 2
    assert srcad.jacrev(counter.f, backend="numpy")(1.0) == 2.0
    assert counter.calls == 3
