"""`@differentiate` and derived callables: the object, its source, saved modules, derivatives of derivatives."""

from __future__ import annotations

import dataclasses
import inspect
import pickle
import textwrap
from typing import Any, NamedTuple

import numpy as np
import pytest

import srcad
from srcad.pipeline import Input
from tests.fake_compiler import GRADIENT, QUADRATIC, W, X, Y, generated, loss, text_of
from tests.fake_compiler import fake as fake


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
        Input("closure", ("tests.test_differentiated.Regression.loss:self", "x"), "x"),
        Input("closure", ("tests.test_differentiated.Regression.loss:self", "y"), "y"),
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


SCALE = 2.0


def scaled(x):
    return SCALE * x * W[0]


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
    text = textwrap.dedent(inspect.getsource(g.__wrapped__))
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
        ("reverse", "batch"): "def f_grad_batch(x, calls, out_bar):\n    return 2.0 * x, 2.0 * out_bar, calls + 1\n",
    }
    fake.answers["f"] = lambda r: dataclasses.replace(
        generated(r, text_of(texts, r.modes), inputs=inputs, wrt_leaves=inputs[:1]),
        updates=(("closure", (home, "calls")),),
    )
    counter = Counter()
    assert srcad.grad(counter.f, backend="numpy")(1.0) == 2.0
    assert counter.calls == 1
    _, pull = srcad.vjp(counter.f, 1.0, backend="numpy")
    assert (pull(1.0), pull(3.0)) == ((2.0,), (6.0,))
    assert counter.calls == 2
    assert srcad.jacrev(counter.f, backend="numpy")(1.0) == 2.0
    assert counter.calls == 3
