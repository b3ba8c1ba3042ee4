"""The CuPy backend on a CUDA device: the values and derivatives of the NumPy backend, or an error. Run with -m gpu."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from tests import test_kinks
from tests.fuzz import judge
from tests.fuzz.generate import generate
from tests.programs.registry import Program, programs
from tests.programs.tree import leaves, map_leaves
from tests.rules import calls
from tests.rules.calls import Call
from tests.rules.test_calls import CALLS, NOT_MEASURED, OF_SCIPY, SECOND
from tests.test_cupy import quietly

pytestmark = [pytest.mark.gpu, pytest.mark.filterwarnings("ignore")]
CORPUS = [p for p in programs() if p.raises is None and not p.fills and "numpy" in p.backends]
OF_ONE_DIGIT = ("arrays.deviations_and_windows",)  # differences of numbers that are almost equal


@pytest.fixture(autouse=True)
def cp() -> Any:
    cupy = pytest.importorskip("cupy")
    if not cupy.cuda.is_available():
        pytest.skip("no CUDA device")
    return cupy


def there(tree: Any) -> Any:
    """Arrays on the device for NumPy's."""
    import cupy

    return map_leaves(lambda a: cupy.array(a) if isinstance(a, np.ndarray) else a, tree)


def back(tree: Any) -> list[Any]:
    """The numbers of a result, on the host."""
    kept = [leaf for leaf in leaves(tree) if leaf is not None and not isinstance(leaf, str)]
    return [leaf.get() if type(leaf).__module__.startswith("cupy") else leaf for leaf in kept]


def agree(
    host: Callable[[], Any], device: Callable[[], Any], itself: Callable[[], Any], accuracy: float = 1e-9
) -> None:
    """The same numbers, or an error: `Unsupported`, or what the function itself raises on CuPy's arrays."""
    try:
        expected = host()
    except Exception as reason:  # refused, not one real value, or gone from this NumPy
        pytest.skip(f"on the host: {reason!r}")
    try:
        found = device()
    except srcad.Unsupported as refusal:
        pytest.skip(f"refused: {refusal.reason}")
    except Exception as problem:
        try:
            itself()
        except Exception as error:
            pytest.skip(f"the function itself raises {error!r}")
        raise problem from None
    close(found, expected, accuracy)


def close(found: Any, expected: Any, accuracy: float) -> None:
    for a, b in zip(back(found), back(expected), strict=True):
        assert np.shape(a) == np.shape(b)
        size = max(1.0, float(np.max(np.abs(b), initial=0.0, where=np.isfinite(b)))) if np.asarray(b).size else 1.0
        single = "32" in np.asarray(b).dtype.name or "complex64" == np.asarray(b).dtype.name
        np.testing.assert_allclose(a, b, rtol=0.0, atol=(1e-4 if single else accuracy) * size)


@pytest.mark.parametrize("program", CORPUS, ids=lambda p: p.name)
def test_programs(program: Program) -> None:
    args, given = program.args(), there(program.args())
    derivative = srcad.value_and_grad(program.fn, program.argnums, backend="cupy")
    single = any("float32" in str(getattr(leaf, "dtype", "")) for leaf in leaves(args))
    agree(
        lambda: quietly(srcad.value_and_grad(program.fn, program.argnums, backend="numpy"), *args),
        lambda: quietly(derivative, *given),
        lambda: quietly(program.fn, *there(program.args())),
        1e-4 if single or program.name in OF_ONE_DIGIT else 1e-9,
    )
    for a, b in zip(back(given), back(args), strict=True):
        np.testing.assert_array_equal(a, b)


def on_a_device(call: Call) -> tuple[calls.Subject, calls.Subject]:
    if call.name in NOT_MEASURED:
        pytest.skip(NOT_MEASURED[call.name])
    try:
        s = calls.subject(call)
    except ValueError as reason:  # NumPy 2.5 has no cross products of two dimensions
        pytest.skip(f"on the host: {reason}")
    return s, calls.Subject(s.f, tuple(there(list(s.args))), s.count, s.source)


EVERY = [pytest.param(c, id=c.name) for c in (*CALLS, *OF_SCIPY)]
SIGNS = ("svd", "eigh", "qr", "eig")  # of vectors that the library chooses: values are compared with the device's


@pytest.mark.parametrize("call", EVERY)
def test_calls(call: Call) -> None:
    s, t = on_a_device(call)
    if any(f".{name}" in call.name for name in SIGNS):
        return signed(t)
    agree(lambda: calls.gradient(s, "numpy"), lambda: calls.gradient(t, "cupy"), lambda: t.f(*t.args))


def signed(t: calls.Subject) -> None:
    """The value is that of the function on the device, the gradient agrees with its differences."""
    dots = tuple(there(list(calls.directions(calls.Subject(t.f, tuple(back(list(t.args))), t.count, t.source)))))
    try:
        value, bars = calls.gradient(t, "cupy")
    except srcad.Unsupported as refusal:
        pytest.skip(f"refused: {refusal.reason}")
    try:
        itself = t.f(*t.args)
    except Exception as error:
        pytest.skip(f"the function itself raises {error!r}")
    close(value, itself, 1e-9)
    close(calls.paired(tuple(back(list(bars))), tuple(back(list(dots)))), float(calls.slope(t.at, t, dots)), 1e-6)


@pytest.mark.parametrize("call", EVERY)
def test_tangents(call: Call) -> None:
    s, t = on_a_device(call)
    if any(f".{name}" in call.name for name in SIGNS):
        pytest.skip("signs are the library's")
    dots = calls.directions(s)
    device = tuple(there(list(dots)))
    agree(lambda: calls.tangent(s, dots, "numpy"), lambda: calls.tangent(t, device, "cupy"), lambda: t.f(*t.args))


@pytest.mark.parametrize("call", [p for p in SECOND if not p.marks])
def test_second_derivatives(call: Call) -> None:
    s, t = on_a_device(call)
    if any(f".{name}" in call.name for name in SIGNS):
        pytest.skip("signs are the library's")
    dots = calls.directions(s)
    device = tuple(there(list(dots)))
    agree(lambda: calls.curved(s, dots, "numpy"), lambda: calls.curved(t, device, "cupy"), lambda: t.f(*t.args))


@pytest.mark.parametrize("name, f, at, expected", test_kinks.TABLE, ids=[row[0] for row in test_kinks.TABLE])
def test_kinks_(name: str, f: Any, at: Any, expected: Any) -> None:
    agree(lambda: np.asarray(expected, float), lambda: srcad.grad(f, backend="cupy")(there(at)), lambda: f(there(at)))
    if not np.ndim(at):
        tangent = lambda: srcad.jvp(f, (at,), (1.0,), backend="cupy")[1]  # noqa: E731
        agree(lambda: float(np.asarray(expected)), tangent, lambda: f(at))


@pytest.mark.parametrize("first", range(0, int(os.environ.get("SRCAD_RANDOM", "640")), 10))
def test_random_programs(first: int) -> None:
    """Programs of the generator; where the function itself raises, as it mixes CuPy's arrays and NumPy's, so may we."""
    for number in range(first, first + 10):
        with judge.loaded(generate(1804, number)) as module:
            program = judge.program_of(module)
            if judge.checks.guarded(lambda p=program: judge.tame_on_the_way(p), 4).status != "ok":
                continue
            try:
                expected = srcad.value_and_grad(program.fn, program.argnums, backend="numpy")(*program.args())
                found = srcad.value_and_grad(program.fn, program.argnums, backend="cupy")(*there(program.args()))
            except Exception as error:
                harmless = isinstance(error, srcad.Unsupported) or "one real value" in str(error)
                if harmless or "numpy.ndarray" in str(error) or raises_itself(program):
                    continue
                raise AssertionError(f"1804.{number}") from error
            try:
                close(found, expected, 1e-4 if judge.checks.is_single(program.args()) else 1e-6)
            except AssertionError as error:
                raise AssertionError(f"1804.{number}") from error


def raises_itself(program: Program) -> bool:
    try:
        program.fn(*there(program.args()))
    except Exception:
        return True
    return False


def loss(weights, x, y):
    hidden = np.maximum(x @ weights["w1"] + weights["b1"], 0.0)
    scores = hidden @ weights["w2"] + weights["b2"]
    scores = scores - np.max(scores, axis=1, keepdims=True)
    return np.mean(np.log(np.sum(np.exp(scores), axis=1)) - np.sum(scores * y, axis=1))


def network(rng: np.random.Generator) -> Any:
    single = np.float32
    return {
        "w1": rng.normal(size=(64, 32)).astype(single) * single(0.1),
        "b1": np.zeros(32, single),
        "w2": rng.normal(size=(32, 10)).astype(single) * single(0.1),
        "b2": np.zeros(10, single),
    }


@pytest.mark.parametrize("into", [False, True], ids=["pure", "in place"])
@pytest.mark.parametrize("name", ["sgd", "adam", "adamw", "lion", "rmsprop", "adagrad", "lamb"])
def test_a_network_is_trained(name: str, into: bool) -> None:
    """The same digits, the same steps: the losses on the device are those on the host, up to rounding."""
    datasets = pytest.importorskip("sklearn.datasets")
    from srcad_runtime import optimizers

    digits = datasets.load_digits()
    x, y = (digits.data / 16.0).astype(np.float32), np.eye(10, dtype=np.float32)[digits.target]
    losses = []
    for place, backend in ((lambda tree: tree, "numpy"), (there, "cupy")):
        weights, data, aims = place([network(np.random.default_rng(0)), x, y])
        derivative = srcad.value_and_grad(loss, 0, backend=backend)
        optimizer = getattr(optimizers, name)(0.01)
        state = optimizer.init(weights)
        for _ in range(20):
            value, weights_bar = derivative(weights, data, aims)
            if into:
                state = optimizer.update_into(weights, weights_bar, state)
            else:
                updates, state = optimizer.update(weights_bar, state, weights)
                weights = optimizers.apply_updates(weights, updates)
        losses.append(float(value))
    assert losses[1] == pytest.approx(losses[0], rel=1e-3) and losses[0] < 2.3
