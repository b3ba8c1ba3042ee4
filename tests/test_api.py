"""The public functions: arguments, structures, kinds of callables, with a stand-in for the compiler."""

from __future__ import annotations

import collections
import dataclasses
import functools
import inspect
from typing import Any, NamedTuple

import numpy as np
import pytest

import srcad
from srcad import types
from srcad.pipeline import Input
from tests.fake_compiler import GRADIENT, QUADRATIC, RNG, W, X, Y, loss
from tests.fake_compiler import fake as fake

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

    assert parameters(srcad.grad) == ["f", "argnums", "has_aux", "backend", "parallel"]
    assert parameters(srcad.value_and_grad) == ["f", "argnums", "has_aux", "backend", "parallel"]
    assert parameters(srcad.vjp) == ["f", "primals", "argnums", "has_aux", "kwargs", "outputs", "backend", "parallel"]
    assert parameters(srcad.jvp) == ["f", "primals", "tangents", "has_aux", "kwargs", "outputs", "backend", "parallel"]
    assert parameters(srcad.hvp) == ["f", "primals", "tangents", "argnums", "kwargs", "backend", "parallel"]
    assert parameters(srcad.vmap) == ["f", "in_axes", "out_axes", "backend", "parallel"]
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
    assert fake.requests[-1].modes[0] == "reverse"  # jacobian: three inputs, two outputs
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
        "def fit_grad(p_layers_0_w, p_layers_0_units, p_bias, p_made, x, out_bar=1.0):\n"
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


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_complex_tangents_of_real_arguments(backend: str) -> None:
    def f(x):
        return x * x

    x = np.ones(3)
    _, pull = srcad.vjp(f, x, backend=backend)
    for tangent in (1j * x, x + 0j, [1j, 0.0, 0.0], (1j * x).astype(np.complex64)):
        for _ in range(3):
            np.testing.assert_array_equal(srcad.jvp(f, (x,), (x,), backend=backend)[1], 2.0 * x)
            np.testing.assert_array_equal(pull(x)[0], 2.0 * x)
        with pytest.raises(TypeError, match="the tangent of x is complex, x is real"):
            srcad.jvp(f, (x,), (tangent,), backend=backend)
        with pytest.raises(TypeError, match="the tangent of x is complex, x is real"):
            srcad.hvp(lambda x: np.sum(x**3), (x,), (tangent,), backend=backend)
        with pytest.raises(TypeError, match="the cotangent is complex, the value is real"):
            pull(tangent)
