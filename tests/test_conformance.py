"""The contract, sentence by sentence: what the public face promises, asked of the real compiler.

Each test stands for a sentence of the contract's first section; `backends` run on NumPy and on Numba.
"""

from __future__ import annotations

import copy
import functools
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest

import srcad
from srcad import differentiate, grad, hessian, hvp, jacfwd, jacobian, jacrev, jvp, value_and_grad, vjp, vmap

backends = pytest.mark.parametrize("backend", ["numpy", "numba"])
close = functools.partial(np.testing.assert_allclose, rtol=1e-12, atol=1e-12)


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """One cache folder for the whole run, apart from the user's."""
    folder = tmp_path_factory.getbasetemp() / "cache"
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(folder))


def quadratic(w: Any, x: Any) -> Any:
    """A loss with a docstring."""
    r = x @ w - 1.0
    return np.mean(r * r)


W, X = np.array([0.5, -1.0]), np.array([[1.0, 2.0], [3.0, 4.0], [-1.0, 0.5]])
G = 2.0 / 3.0 * X.T @ (X @ W - 1.0)
H = 2.0 / 3.0 * X.T @ X


# ---- the decorated object ----


@backends
def test_decorated(backend: str, tmp_path: Any) -> None:
    d = differentiate(quadratic, argnums="w", backend=backend)
    assert d(W, X) == quadratic(W, X)
    assert (d.__name__, d.__doc__, d.__wrapped__) == ("quadratic", quadratic.__doc__, quadratic)
    close(d.grad(W, X), G)
    value, gradient = d.value_and_grad(W, X)
    close(value, quadratic(W, X))
    close(gradient, G)
    assert "def quadratic_grad(w, x, out_bar=1.0):" in d.source
    d.save(tmp_path / "g.py")
    space: dict[str, Any] = {}
    exec((tmp_path / "g.py").read_text(), space)
    close(space["quadratic_grad"](W, X)[1], G)
    close(grad(d, argnums=1, backend=backend)(W, X), grad(quadratic, argnums=1, backend=backend)(W, X))


def test_bare_decorator_means_the_first_argument() -> None:
    close(differentiate(quadratic).grad(W, X), G)


# ---- every name of the table ----


@backends
def test_gradients(backend: str) -> None:
    single = grad(quadratic, backend=backend)(W, X)
    pair = grad(quadratic, argnums=("w", 1), backend=backend)(W, X)
    assert isinstance(pair, tuple) and len(pair) == 2
    close(single, G)
    close(pair[0], G)
    assert isinstance(grad(quadratic, argnums=(0,), backend=backend)(W, X), tuple)
    close(grad(quadratic, argnums="w", backend=backend)(x=X, w=W), G)


@backends
def test_aux(backend: str) -> None:
    def f(w, x):
        r = x @ w - 1.0
        return np.mean(r * r), {"residual": r, "count": 3}

    (value, aux), gradient = value_and_grad(f, has_aux=True, backend=backend)(W, X)
    close(gradient, G)
    close(value, quadratic(W, X))
    close(aux["residual"], X @ W - 1.0)
    assert aux["count"] == 3
    gradient, aux = grad(f, has_aux=True, backend=backend)(W, X)
    close(gradient, G)
    out, pull, aux = vjp(f, W, X, has_aux=True, backend=backend)
    close(pull(1.0)[0], G)
    out, out_dot, aux = jvp(f, (W, X), (np.ones(2), None), has_aux=True, backend=backend)
    close(out_dot, G.sum())


@backends
def test_products(backend: str) -> None:
    def f(x, y, n):
        return np.sin(x) * y, n * y

    x, y = np.array([0.1, 0.2, 0.3]), 2.0
    (a, b), pull = vjp(f, x, y, 3, backend=backend)
    close(a, np.sin(x) * y)
    x_bar, y_bar, n_bar = pull((np.ones(3), 1.0))
    close(x_bar, np.cos(x) * y)
    close(y_bar, np.sin(x).sum() + 3)
    assert n_bar is None
    assert not isinstance(vjp(f, x, y, 3, argnums=0, backend=backend)[1]((np.ones(3), 0.0)), tuple)
    out, (a_dot, b_dot) = jvp(f, (x, y, 3), (np.ones(3), None, None), backend=backend)
    close(a_dot, np.cos(x) * y)
    close(b_dot, 0.0)


@backends
def test_a_container_of_outputs_has_a_container_of_cotangents(backend: str) -> None:
    def f(x):
        return {"a": x * x, "b": [np.sum(x), (x[0],)]}

    x = np.array([1.0, 2.0])
    out, pull = vjp(f, x, backend=backend)
    assert list(out) == ["a", "b"] and isinstance(out["b"], list) and isinstance(out["b"][1], tuple)
    (x_bar,) = pull({"a": np.array([1.0, 0.0]), "b": [2.0, (3.0,)]})
    close(x_bar, [7.0, 2.0])


@backends
def test_jacobians(backend: str) -> None:
    def f(x):
        return np.array([x[0] * x[1], np.sin(x[2]), x[0] ** 2, x[1]])

    x = np.array([1.0, 2.0, 3.0])
    expected = np.array([[2.0, 1.0, 0.0], [0.0, 0.0, np.cos(3.0)], [2.0, 0.0, 0.0], [0.0, 1.0, 0.0]])
    for mode in (jacfwd, jacrev, jacobian):
        found = mode(f, backend=backend)(x)
        assert found.shape == (4, 3)
        close(found, expected)


@backends
def test_second_derivatives(backend: str) -> None:
    close(hessian(quadratic, backend=backend)(W, X), H)
    v = np.array([1.0, -2.0])
    close(hvp(quadratic, (W, X), (v, None), backend=backend)[0], H @ v)
    close(hvp(quadratic, (W, X), (v,), argnums=0, backend=backend), H @ v)
    close(jacfwd(grad(quadratic), backend=backend)(W, X), H)
    close(jacrev(grad(quadratic), backend=backend)(W, X), H)


@backends
def test_third_derivative(backend: str) -> None:
    def f(x):
        return x**5

    close(grad(grad(grad(f)), backend=backend)(2.0), 60 * 2.0**2)


@backends
def test_per_example_gradients(backend: str) -> None:
    def one(w, x, y):
        return (np.dot(w, x) - y) ** 2

    y = np.array([1.0, 2.0, 3.0])
    found = vmap(grad(one), (None, 0, 0), backend=backend)(W, X, y)
    close(found, 2.0 * (X @ W - y)[:, None] * X)


@backends
def test_check_grads(backend: str) -> None:
    srcad.check_grads(quadratic, (W, X), order=2, backend=backend)


@backends
def test_markers(backend: str) -> None:
    def f(x):
        return x * srcad.stop_gradient(x)

    def g(x, n):
        for _ in srcad.checkpoint(range(n), every=3):
            x = np.sin(x) * 1.1
        return x

    def plain(x, n):
        for _ in range(n):
            x = np.sin(x) * 1.1
        return x

    assert f(3.0) == 9.0
    close(grad(f, backend=backend)(3.0), 3.0)
    close(grad(g, backend=backend)(0.7, 10), grad(plain, backend=backend)(0.7, 10))


# ---- functions that fill their arguments ----


def fills(A, B, c):
    A[:] = c * B
    B[0] = A[1] * A[1]


@backends
def test_written_arguments_are_outputs(backend: str) -> None:
    A, B, c = np.zeros(3), np.array([1.0, 2.0, 3.0]), 2.0
    before = copy.deepcopy((A, B))
    (a, b), pull = vjp(fills, A, B, c, backend=backend)
    close(a, [2.0, 4.0, 6.0])
    close(b, [16.0, 2.0, 3.0])
    A_bar, B_bar, c_bar = pull((np.ones(3), np.ones(3)))
    close(A_bar, [0.0, 0.0, 0.0])
    close(B_bar, [2.0, 2.0 + 2 * 4 * 2.0 + 1.0, 2.0 + 1.0])
    close(c_bar, 6.0 + 2 * 4 * 2.0)
    close(A, before[0])
    close(B, before[1])
    out, pull = vjp(fills, A, B, c, outputs=("B",), backend=backend)
    close(out, [16.0, 2.0, 3.0])
    close(pull(np.array([1.0, 0.0, 0.0]))[2], 16.0)


# ---- containers ----


class Layer(NamedTuple):
    weight: Any
    bias: float
    name: str


@dataclass
class Model:
    layers: list
    scale: float
    size: int


@backends
def test_a_gradient_has_the_structure_of_its_argument(backend: str) -> None:
    def f(m, extra):
        h = m.scale * extra["x"][0]
        for layer in m.layers:
            h = np.tanh(layer.weight * h + layer.bias)
        return np.sum(h) * extra["x"][1]

    m = Model([Layer(np.array([1.0, 2.0]), 0.1, "a"), Layer(np.array([0.5, 0.3]), 0.2, "b")], 0.7, 3)
    m_bar, extra_bar = grad(f, argnums=(0, 1), backend=backend)(m, {"x": (np.array([1.0, -1.0]), 2.0)})
    assert isinstance(m_bar, Model) and isinstance(m_bar.layers, list) and isinstance(m_bar.layers[0], Layer)
    assert m_bar.layers[0].weight.shape == (2,) and m_bar.size is None
    assert isinstance(extra_bar, dict) and isinstance(extra_bar["x"], tuple)
    h = 1e-6
    up = f(Model(m.layers, 0.7 + h, 3), {"x": (np.array([1.0, -1.0]), 2.0)})
    down = f(Model(m.layers, 0.7 - h, 3), {"x": (np.array([1.0, -1.0]), 2.0)})
    np.testing.assert_allclose(m_bar.scale, (up - down) / (2 * h), rtol=1e-6)


def test_a_requested_integer_is_named() -> None:
    with pytest.raises(TypeError, match="n"):
        grad(lambda x, n: x * n, argnums="n")(1.0, 2)


# ---- kinds of functions ----


class Spring:
    def __init__(self, k: float) -> None:
        self.k, self.calls = k, 0

    def energy(self, x):
        self.calls += 1
        return 0.5 * self.k * x**2

    def __call__(self, x):
        return self.k * x

    @staticmethod
    def cube(x):
        return x**3

    @classmethod
    def named(cls, x):
        return x**2


def doubled(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return 2.0 * f(*args, **kwargs)

    return wrapper


@doubled
def wrapped(x):
    return x * x


@backends
def test_kinds_of_functions(backend: str) -> None:
    import numba

    def nested(x):
        return factor * x * x

    factor, s = 3.0, Spring(4.0)
    g = functools.partial(grad, backend=backend)
    close(g(nested)(2.0), 12.0)
    factor = 5.0
    close(g(nested)(2.0), 20.0)
    one, two = (lambda x: x * x), (lambda x: x * x * x)
    assert (g(one)(2.0), g(two)(2.0)) == (4.0, 12.0)
    close(g(s.energy)(3.0), 12.0)
    close(g(s)(3.0), 4.0)
    close(g(Spring.cube)(2.0), 12.0)
    close(g(s.cube)(2.0), 12.0)
    close(g(Spring.named)(2.0), 4.0)
    close(g(functools.partial(lambda a, x: a * x * x, 3.0))(2.0), 12.0)
    close(g(wrapped)(2.0), 8.0)
    close(g(numba.njit(one))(2.0), 4.0)


@backends
def test_notebook_cells(backend: str) -> None:
    """A prompt keeps its lines in `linecache`; `__main__` may have no file."""
    import linecache

    for n, (body, slope) in enumerate([("x * x", 4.0), ("x * x * x", 12.0)]):
        text = f"def cell(x):\n    return {body}\n"
        file = f"<ipython-input-{n}-abcdef>"
        linecache.cache[file] = (len(text), None, text.splitlines(True), file)
        space: dict[str, Any] = {"__name__": "__main__"}
        exec(compile(text, file, "exec"), space)
        close(grad(space["cell"], backend=backend)(2.0), slope)


# ---- derivatives inside a model ----


@backends
def test_nested_derivatives(backend: str) -> None:
    def potential(x):
        return x**4

    def step(x):
        return x - 0.1 * srcad.grad(potential)(x)

    close(grad(step, backend=backend)(0.5), 1.0 - 0.1 * 12 * 0.25)

    def perturbed(x):
        return x * srcad.grad(lambda y: x + y)(1.0)

    close(grad(perturbed, backend=backend)(2.0), 1.0)  # the inner x is a constant there
    close(jvp(step, (0.5,), (1.0,), backend=backend)[1], 1.0 - 0.1 * 12 * 0.25)
