"""Derivative rules that a user registers for functions of their own: called from generated code, never inlined."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numba import njit
from typer.testing import CliRunner

import srcad
from srcad.cli import app

EPS = 1e-3
SCALE = 1.0
X = np.linspace(1.0, 2.0, 4)
BACKENDS = pytest.mark.parametrize("backend", ["numpy", "numba"])


def root(x):
    return np.sqrt(x)


def softabs(x):
    """A smooth absolute value."""
    return root(x * x + EPS)


@srcad.elementwise(softabs)
def _softabs(x, out):
    return ratio(x, out) * SCALE


def ratio(x, out):
    return x / out


def inverse(a):
    return np.linalg.inv(a)


@srcad.pullback(inverse)
def _inverse_pullback(a, out, out_bar):
    return -out.T @ out_bar @ out.T


@srcad.pushforward(inverse)
def _inverse_pushforward(a, out, a_dot):
    return -out @ a_dot @ out


@njit
def energy(x):
    s = 0.0
    for i in range(x.shape[0]):
        s += x[i] ** 2
    return s


@srcad.pullback(energy)
def _energy(x, out_bar):
    return 2.0 * x * out_bar


def clipped(x):
    return x


@srcad.pullback(clipped)
def _clipped(x, out_bar):
    return np.clip(out_bar, -1.0, 1.0)


def power(n, x):
    return x if n == 0 else power(n - 1, x) * x


@srcad.pullback(power, wrt=("x",))
def _power(n, x, out, out_bar):
    return (n + 1) * out / x * out_bar


def wave(x):
    return np.sin(x), np.cos(x)


@srcad.pullback(wave)
def _wave(x, out, out_bar):
    a, b = out_bar
    first = 0.0 * x if a is None else a * np.cos(x)
    return first if b is None else first - b * np.sin(x)


def tabulated(x):
    return float(int(x))


srcad.constant(tabulated)


def fills(x):
    x[0] = 3.0
    return x * 2.0


def sorts(x):
    x.sort()
    return x * 2.0


def doubles(x):
    return np.multiply(x, 2.0, out=x)


def halves(x):
    x *= 0.5
    return x


@srcad.pullback(fills, sorts, doubles, halves)
def _fills(x, out_bar):
    return 2.0 * out_bar


def scaled_by(k):
    def scaled(x):
        return k * x

    @srcad.elementwise(scaled)
    def _scaled(x):
        return k

    return scaled


def differences(f: Any, x: np.ndarray) -> np.ndarray:
    steps = 1e-6 * np.eye(x.size)
    flat = [(f(x + h.reshape(x.shape)) - f(x - h.reshape(x.shape))) / 2e-6 for h in steps]
    return np.array(flat).reshape(x.shape)


def of_own_names(x):
    softabs_ = 2.0 * x
    return np.sum(softabs_ * softabs(x) + softabs(softabs_))


def of_both_parts(x):
    a, b = wave(x)
    return np.sum(a * b) + np.sum(wave(x)[1])


MODELS = [
    lambda x: np.sum(softabs(x) ** 2),
    of_own_names,
    lambda x: np.sum(inverse(np.outer(x, x) + np.eye(4)) * x),
    lambda x: energy(2.0 * x),
    lambda x: power(3, x[0]) * x[1],
    of_both_parts,
    lambda x: tabulated(3.7) * x[2],
    lambda x: softabs(x[1]) * np.sum(x),
]


@BACKENDS
@pytest.mark.parametrize("model", MODELS)
def test_gradients_with_own_rules(model: Any, backend: str) -> None:
    np.testing.assert_allclose(srcad.grad(model, backend=backend)(X), differences(model, X), rtol=1e-7, atol=1e-8)


@BACKENDS
def test_forward_and_second_order(backend: str) -> None:
    v = np.array([1.0, -2.0, 0.5, 3.0])
    for model in (MODELS[0], MODELS[2]):
        value, tangent = srcad.jvp(model, (X,), (v,), backend=backend)
        assert value == pytest.approx(model(X), rel=1e-14)
        assert tangent == pytest.approx(differences(model, X) @ v, rel=1e-7)
    by_hand = differences(lambda x: srcad.grad(MODELS[0], backend=backend)(x) @ v, X)
    np.testing.assert_allclose(srcad.hvp(MODELS[0], (X,), (v,), backend=backend)[0], by_hand, rtol=1e-6, atol=1e-8)


@BACKENDS
def test_the_rule_counts_and_not_the_text(backend: str) -> None:
    """`clipped` is the identity, its rule is not the identity's."""
    found = srcad.grad(lambda x: np.sum(clipped(3.0 * x) ** 2), backend=backend)(np.array([-1.0, 0.0, 0.1]))
    np.testing.assert_allclose(found, [-3.0, 0.0, 1.8])


def test_a_missing_mode_is_refused_with_a_way_out() -> None:
    with pytest.raises(srcad.Unsupported, match="Register a pushforward"):
        srcad.jvp(lambda x: np.sum(clipped(x)), (X,), (X,))


@BACKENDS
def test_equal_names_are_told_apart(backend: str) -> None:
    three, four = scaled_by(3.0), scaled_by(4.0)
    found = srcad.grad(lambda x: np.sum(three(x) * four(x)), backend=backend)(X)
    np.testing.assert_allclose(found, 24.0 * X)


@BACKENDS
def test_captured_numbers_are_read_at_every_call(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    derivative = srcad.grad(lambda x: np.sum(softabs(x)), backend=backend)
    first = derivative(X)
    monkeypatch.setitem(globals(), "EPS", 1.0)
    np.testing.assert_allclose(derivative(X), X / np.sqrt(X * X + 1.0))
    monkeypatch.setitem(globals(), "SCALE", 2.0)  # read by the rule alone
    np.testing.assert_allclose(derivative(X), 2.0 * X / np.sqrt(X * X + 1.0))
    monkeypatch.undo()
    np.testing.assert_array_equal(derivative(X), first)


def test_what_returns_its_argument_shares_its_memory() -> None:
    def model(x):
        y = 1.0 * x
        z = clipped(y)
        z[0] = 3.0 * x[1]
        return np.sum(y)

    with pytest.raises(srcad.Unsupported, match="may also change y"):
        srcad.grad(model)(X)


def through_a_view(x: Any) -> Any:
    part = x[1:]
    part *= 2.0
    return np.sum(x)


def through_a_function_inside(x: Any) -> Any:
    def put(z: Any) -> None:
        z[0] = 1.0

    put(x)
    return np.sum(x)


def through_a_reshaped_name(x: Any) -> Any:
    flat = np.reshape(x, -1)
    flat[0] = 1.0
    return np.sum(x)


HIDDEN = [through_a_view, through_a_function_inside, through_a_reshaped_name]
for hidden in HIDDEN:
    srcad.constant(hidden)


@pytest.mark.parametrize("function", [fills, sorts, doubles, halves, *HIDDEN])
def test_what_writes_its_argument_is_refused(function: Any) -> None:
    with pytest.raises(srcad.Unsupported, match="writes into its argument x|writes into an argument by the name"):
        srcad.grad(lambda x: np.sum(function(1.0 * x)))(X)


def test_the_saved_file_holds_the_functions(tmp_path: Path) -> None:
    @srcad.differentiate(backend="numpy")
    def model(x):
        return np.sum(softabs(x))

    expected = model.grad(X)
    model.save(tmp_path / "model_grad.py")
    space: dict[str, Any] = {}
    text = (tmp_path / "model_grad.py").read_text()
    assert "def softabs(x):" in text and "def root(x):" in text and "srcad" not in text.split("\n", 1)[1]
    exec(text, space)
    np.testing.assert_array_equal(space["model_grad"](X)[1], expected)


def test_a_file_that_registers_rules_is_not_emitted_without_them(tmp_path: Path) -> None:
    path = tmp_path / "model.py"
    path.write_text(
        "import numpy as np\nimport srcad\n\n\ndef halved(x):\n    return x / 2\n\n\n"
        "@srcad.elementwise(halved)\ndef rule(x):\n    return 0.25\n\n\n"
        "@srcad.differentiate\ndef f(x):\n    return np.sum(halved(x))\n"
    )
    ran = CliRunner().invoke(app, ["emit", str(path)])
    assert ran.exit_code == 3
    assert "the derivative rule that line 9 registers" in ran.stderr


@pytest.mark.parametrize("backend", ["numpy", "numba"])
def test_a_pullback_that_returns_two_adjoints_is_of_two_arguments(backend: str) -> None:
    @srcad.pullback(_scaled_product, shapes="(n,k) (k,m)")
    def scaled_product_bar(a: Any, b: Any, out_bar: Any) -> Any:
        return 2.0 * out_bar @ b.T, 2.0 * a.T @ out_bar

    a, b = np.array([[1.0, 2.0], [3.0, 4.0]]), np.array([[0.5, -1.0], [2.0, 1.5]])
    found = srcad.grad(lambda a, b: np.sum(_scaled_product(a, b) ** 2), (0, 1), backend=backend)(a, b)
    bar = 4.0 * a @ b
    np.testing.assert_allclose(found[0], 2.0 * bar @ b.T, rtol=1e-14)
    np.testing.assert_allclose(found[1], 2.0 * a.T @ bar, rtol=1e-14)


def _scaled_product(a: Any, b: Any) -> Any:
    return 2.0 * (a @ b)


def test_a_recursion_is_not_kept_by_numba() -> None:
    """Called with a literal integer, Numba keeps half of it, and the process that loads it crashes."""
    model = srcad.differentiate(lambda x: power(3, x[0]) * x[1])
    assert "cache=True" not in model.source_for(X, backend="numba")
    assert "cache=True" in srcad.differentiate(of_both_parts).source_for(X, backend="numba")
