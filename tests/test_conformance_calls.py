"""The contract about calls: what is captured, which values are taken, what is an error, rules of one's own."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import scipy.special

import srcad
from srcad import differentiate, grad, hessian, jvp, value_and_grad, vjp
from tests.test_conformance import G, Spring, W, X, _own_cache, backends, close, fills, quadratic  # noqa: F401

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
