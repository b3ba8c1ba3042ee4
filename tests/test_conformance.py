"""The contract, sentence by sentence: what the public face promises, asked of the real compiler.

Each test stands for a sentence of the contract's first section; `backends` run on NumPy and on Numba.
"""

from __future__ import annotations

import copy
import functools
import warnings
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
import pytest
import scipy.special

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


# ---- captured values ----

RATE, TABLE, KIND, SETTINGS = 2.0, np.array([1.0, 2.0]), "square", {"power": 2.0, "parts": [1.0, 2.0]}


def square(x):
    return x * x


def cube(x):
    return x * x * x


ACTIVATION = square


def reads_globals(x):
    total = RATE * x * TABLE[1]
    for part in SETTINGS["parts"]:
        total = total + part * ACTIVATION(x)
    return total if KIND == "square" else 10.0 * total


@backends
def test_captured_values_are_read_and_structure_is_compared_at_every_call(backend, monkeypatch) -> None:
    g = grad(reads_globals, backend=backend)
    close(g(3.0), 2.0 * 2.0 + 3.0 * 6.0)
    monkeypatch.setitem(globals(), "RATE", 5.0)
    TABLE[1] = 4.0
    close(g(3.0), 5.0 * 4.0 + 3.0 * 6.0)
    monkeypatch.setitem(globals(), "ACTIVATION", cube)
    close(g(3.0), 5.0 * 4.0 + 3.0 * 27.0)
    monkeypatch.setitem(SETTINGS, "parts", [1.0, 2.0, 4.0])
    close(g(3.0), 5.0 * 4.0 + 7.0 * 27.0)
    monkeypatch.setitem(globals(), "KIND", "other")
    close(g(3.0), 10.0 * (5.0 * 4.0 + 7.0 * 27.0))
    monkeypatch.undo()
    TABLE[1] = 2.0
    close(g(3.0), 2.0 * 2.0 + 3.0 * 6.0)


class Network:
    def __init__(self) -> None:
        self.activation, self.kind, self.weights, self.offset = np.sin, "plain", [1.0, 2.0], None

    def __call__(self, x):
        for w in self.weights:
            x = self.activation(w * x)
        if self.offset is not None:
            x = x + self.offset
        return x if self.kind == "plain" else -x


def test_attributes_are_read_and_compared() -> None:
    network = Network()
    g = grad(network, backend="numpy")
    close(g(0.3), 2.0 * np.cos(2.0 * np.sin(0.3)) * np.cos(0.3))
    network.activation = np.cos
    close(g(0.3), 2.0 * np.sin(2.0 * np.cos(0.3)) * np.sin(0.3))
    network.kind = "negative"
    close(g(0.3), -2.0 * np.sin(2.0 * np.cos(0.3)) * np.sin(0.3))
    network.weights.pop()
    close(g(0.3), np.sin(0.3))
    network.offset = 1.0
    close(g(0.3), np.sin(0.3))


@backends
def test_attributes_are_rebound_once(backend: str) -> None:
    spring = Spring(4.0)
    g = grad(spring.energy, backend=backend)
    for n in (1, 2, 3):
        g(3.0)
        assert spring.calls == n


def test_writes_into_captured_arrays_are_refused() -> None:
    def f(x):
        TABLE[0] = x
        return TABLE[0] * x

    with pytest.raises(srcad.Unsupported):
        grad(f)(1.0)


# ---- structure by value ----


@backends
def test_structural_arguments_are_part_of_the_specialisation(backend: str) -> None:
    def f(x, axis, n):
        y = np.sum(x * x, axis=axis)
        for _ in range(n):
            y = y * 0.5
        return np.sum(y)

    x = np.arange(6.0).reshape(2, 3)
    for axis in (0, 1, None, 0):
        close(grad(f, backend=backend)(x, axis, 2), 0.5 * x)


# ---- memory ----


def test_overlapping_arguments_are_an_error() -> None:
    x = np.zeros(4)
    with pytest.raises(ValueError, match="shares memory"):
        vjp(fills, x[:3], x[1:], 2.0)


@pytest.mark.parametrize(
    "value", [np.matrix([[1.0]]), np.ma.array([1.0]), np.array([1.0], object), np.array(["a"])], ids=repr
)
def test_arrays_that_are_refused_by_name(value: Any) -> None:
    with pytest.raises(TypeError, match="weights"):
        grad(lambda weights: np.sum(weights))(value)


def layouts(x: np.ndarray) -> dict[str, np.ndarray]:
    wide = np.zeros((x.shape[0] * 2, x.shape[1] * 2))
    wide[::2, ::2] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    return {
        "F": np.asfortranarray(x),
        "strided": wide[::2, ::2],
        "negative": np.ascontiguousarray(x[::-1, ::-1])[::-1, ::-1],
        "read-only": frozen,
        "big-endian": x.astype(">f8"),
    }


@backends
def test_layout_does_not_matter(backend: str) -> None:
    def f(x):
        x[0, 1] = x[1, 0] * 2.0
        return np.sum(np.sin(x) @ x.T) + x.ravel()[2]

    x = np.arange(9.0).reshape(3, 3) / 7.0
    expected = grad(f, backend=backend)(x)
    for name, other in layouts(x).items():
        before = other.copy()
        found = grad(f, backend=backend)(other)
        np.testing.assert_allclose(found, expected, rtol=1e-13, err_msg=name)
        assert found.shape == x.shape and found.dtype.newbyteorder("=") == np.float64
        assert (other == before).all()


@backends
def test_gradients_are_nobodys_memory_and_repeat_to_the_bit(backend: str) -> None:
    def f(x, y):
        return np.sum(x * 1.0 + y)

    x, y = np.ones(3), np.ones(3)
    first, second = grad(f, argnums=(0, 1), backend=backend)(x, y)
    assert not any(
        np.shares_memory(a, b) for a, b in [(first, x), (first, y), (second, x), (second, y), (first, second)]
    )
    again = grad(f, argnums=(0, 1), backend=backend)(x, y)
    assert again[0].tobytes() == first.tobytes()


# ---- numbers ----


@backends
def test_float32_stays_float32(backend: str) -> None:
    def f(w, x):
        h = np.tanh(x @ w) * 0.5 + 1
        total = 0.0
        for i in range(h.shape[0]):
            total += 2.0 * h[i] / 3
        return np.mean(h**2) + h[0] * 0.1

    w, x = W.astype(np.float32), X.astype(np.float32)
    value, (w_bar, x_bar) = value_and_grad(f, argnums=(0, 1), backend=backend)(w, x)
    assert (w_bar.dtype, x_bar.dtype) == (np.float32, np.float32)
    assert np.asarray(value).dtype == f(w, x).dtype == np.float32
    double = grad(f, argnums=(0, 1), backend=backend)(W, X)
    np.testing.assert_allclose(w_bar, double[0], rtol=2e-5)
    out, out_dot = jvp(f, (w, x), (w, x), backend=backend)
    assert np.asarray(out_dot).dtype == np.float32


@backends
def test_float32_sums_are_accurate(backend: str) -> None:
    x = np.full(1_000_003, 0.1, np.float32)
    value, _ = value_and_grad(lambda x: np.sum(x), backend=backend)(x)
    exact = np.sum(x.astype(np.float64))
    assert abs(value - exact) <= max(abs(np.sum(x) - exact), 1e-6 * exact)


def growing(x, n):
    p = 1
    for _ in range(n):
        p = p * 10
    return x * p


def test_overflow_of_integers_on_numba_is_an_error() -> None:
    with pytest.raises(OverflowError):
        grad(growing, backend="numba")(1.0, 25)


def test_overflow_of_integers_is_answered_by_numpy() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert grad(growing)(1.0, 25) == 1e25


@backends
def test_integers_are_pythons(backend: str) -> None:
    assert grad(growing, backend=backend)(1.0, 15) == 1e15
    if backend == "numpy":
        assert grad(growing, backend=backend)(1.0, 25) == 1e25


def test_a_value_that_is_no_scalar_is_a_type_error_with_its_shape() -> None:
    with pytest.raises(TypeError, match=r"\(3,\)"):
        grad(lambda x: x * 2.0)(np.ones(3))


@backends
def test_complex_gradients_follow_jax(backend: str) -> None:
    """The gradient of a real function of z is the conjugate of the direction of steepest ascent."""

    def f(z):
        return np.real(z * z * 1j)

    z = 1.0 + 2.0j
    close(grad(f, backend=backend)(z), 2.0 * z * 1j)


# ---- compiled once ----


def test_later_calls_neither_transpile_nor_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    from srcad import generate

    g = grad(quadratic, backend="numpy")
    g(W, X)
    monkeypatch.setattr(generate, "generated", lambda *_: pytest.fail("transpiled again"))
    close(g(np.asfortranarray(W), np.vstack([X, X]))[0], G[0])


# ---- errors ----


def test_unsupported_is_a_syntax_error_with_a_place() -> None:
    def f(x):
        for _ in range(2):
            exec("x = 1")
        return x

    with pytest.raises(srcad.Unsupported) as caught:
        grad(f)(1.0)
    error = caught.value
    assert isinstance(error, SyntaxError)
    assert error.filename == __file__ and error.lineno == f.__code__.co_firstlineno + 2
    assert "exec" in str(error)


@backends
@pytest.mark.parametrize(
    "f, args",
    [
        (lambda x: x[5], (np.ones(3),)),
        (lambda x, y: np.sum(x @ y), (np.ones((2, 3)), np.ones((2, 3)))),
        (lambda x: 1.0 / (x - x), (2.0,)),
    ],
    ids=["index", "shapes", "division"],
)
def test_errors_are_pythons(backend: str, f: Any, args: Any) -> None:
    with pytest.raises(Exception) as expected:
        f(*args)
    with pytest.raises(type(expected.value)) as found:
        grad(f, backend=backend)(*args)
    assert str(found.value) == str(expected.value)


def test_unknown_functions_are_errors() -> None:
    with pytest.raises(srcad.Unsupported, match="zetac"):
        grad(lambda x: np.sum(scipy.special.zetac(x)))(np.ones(8))


@backends
def test_division_by_zero_in_an_adjoint_is_inf(backend: str) -> None:
    assert grad(lambda x: np.sqrt(x), backend=backend)(0.0) == np.inf


# ---- rules of the user's own ----


@backends
def test_a_rule_for_a_function_of_ones_own(backend: str) -> None:
    """Its text is not read: the rule says what the derivative is. Arrays, loops, both modes, both orders."""

    def act(x):
        return np.where(x > 0.0, x, 0.1 * x)

    @srcad.elementwise(act)
    def act_rule(x):
        return np.where(x > 0.0, 5.0, 7.0)

    def product(a, b):
        return a @ b

    @srcad.pullback(product)
    def product_pullback(a, b, out_bar):
        return out_bar @ b.T

    @srcad.pushforward(product)
    def product_pushforward(a, b, a_dot):
        return a_dot @ b

    def f(x):
        for _ in range(3):
            x = act(x)
        return np.sum(x)

    def g(a, b):
        return np.sum(product(a, b) ** 2)

    x = np.array([1.0, -2.0])
    close(grad(f, backend=backend)(x), [125.0, 343.0])
    close(jvp(f, (x,), (np.array([1.0, 10.0]),), backend=backend)[1], 125.0 + 3430.0)
    a, b = np.array([[1.0, 2.0]]), np.array([[0.5], [3.0]])
    close(grad(g, backend=backend)(a, b), 2.0 * (a @ b) @ b.T)
    close(hessian(g, backend=backend)(a, b)[0, :, 0, :], 2.0 * b @ b.T)


def thrice(x):
    return 3.0 * x


def test_a_rule_for_a_function_that_cannot_be_written_out(tmp_path: Any) -> None:
    table = np.array([2.0, 3.0])

    def scaled(x):
        return x * table[1]

    @srcad.elementwise(scaled)
    def scaled_rule(x):
        return 13.0

    f = differentiate(lambda x: scaled(x) + 1.0, backend="numpy")
    assert f.value_and_grad(1.0) == (4.0, 13.0)
    table[1] = 5.0
    assert f.value_and_grad(1.0) == (6.0, 13.0)
    f.save(tmp_path / "saved.py")
    space: dict[str, Any] = {}
    exec((tmp_path / "saved.py").read_text(), space)
    assert space["function_grad"](2.0, scaled=scaled) == (11.0, 13.0)  # what is captured is a keyword argument
    with pytest.raises(srcad.Unsupported, match="Numba would keep what it captures"):
        grad(f, backend="numba")(1.0)
    with pytest.warns(srcad.PerformanceWarning, match="Numba would keep what it captures"):
        assert value_and_grad(f)(1.0) == (6.0, 13.0)


def uses_thrice(x):
    return thrice(x) + 0.0


class HasOperation:
    def __init__(self) -> None:
        self.operation = thrice

    def run(self, x):
        return self.operation(x)


def test_a_rule_that_comes_later_counts_from_then_on(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    from srcad.rules import registry

    monkeypatch.setattr(registry, "_USER", dict(registry._USER))
    g = grad(uses_thrice, backend="numpy")
    assert g(1.0) == 3.0
    srcad.elementwise(thrice)(lambda x: 11.0)
    assert g(1.0) == 11.0
    assert grad(HasOperation().run, backend="numpy")(1.0) == 11.0
    d = differentiate(uses_thrice, backend="numpy")
    d.save(tmp_path / "saved.py", 1.0)
    space: dict[str, Any] = {}
    exec((tmp_path / "saved.py").read_text(), space)
    assert space["uses_thrice_grad"](2.0) == (6.0, 11.0)
    monkeypatch.setitem(globals(), "thrice", square)
    assert g(3.0) == 6.0


@backends
def test_a_counter_that_is_used_has_a_name(backend: str) -> None:
    def f(x, n):
        for _ in range(n):
            x = np.sin(x) * x
        return x

    d = differentiate(f, backend=backend)
    close(d.grad(0.7, 3), jvp(f, (0.7, 3), (1.0, None), backend=backend)[1])
    assert "[_]" not in d.source and "x_saved[k]" in d.source
    assert grad(f, backend=backend)(0.7, 0) == 1.0
