"""Warm calls take a short way that is written once: it must decide what the long way decides, in every call."""

from __future__ import annotations

import math
from collections import namedtuple
from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import srcad
from srcad import recovery

backends = pytest.mark.parametrize("backend", ["numpy", "numba"])
Pair = namedtuple("Pair", "a b")
RATE, TABLE, KIND, ACTIVATION, SETTINGS = 2.0, np.array([1.0, 2.0]), "plain", np.sin, {"k": 3.0, "on": True}


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SRCAD_CACHE_DIR", str(tmp_path_factory.getbasetemp() / "cache"))


def warm(g: Any, *args: Any) -> Any:
    """Call until the short way is there; all results are equal to the bit."""
    first = g(*args)
    for _ in range(2):
        same(g(*args), first)
    assert g.shortcuts.get(len(args)), "no short way"
    same(g(*args), first)
    return first


def same(a: Any, b: Any) -> None:
    assert type(a) is type(b)
    if isinstance(a, dict):
        assert list(a) == list(b)
        a, b = list(a.values()), list(b.values())
    if isinstance(a, (tuple, list)):
        for x, y in zip(a, b, strict=True):
            same(x, y)
    elif hasattr(a, "__dataclass_fields__"):
        same(vars(a), vars(b))
    elif isinstance(a, np.ndarray):
        assert a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()
        assert a is not b and not np.shares_memory(a, b)
    else:
        assert a == b


def cold(g: Any, *args: Any) -> Any:
    """The long way's answer."""
    kept = dict(g.shortcuts)
    g.shortcuts.clear()
    try:
        return g(*args)
    finally:
        g.shortcuts.clear()
        g.shortcuts.update(kept)


# ---- what it returns ----


@dataclass
class Layer:
    weight: Any
    bias: float
    size: int = 3


@backends
@pytest.mark.parametrize("form", [srcad.grad, srcad.value_and_grad])
def test_structures(backend: str, form: Any) -> None:
    def f(p, x, n=2):
        h = p["layers"][0].weight * x[0] + p["layers"][0].bias + p["pair"].a * p["pair"].b
        return np.sum(h * h) * n

    p = {"layers": [Layer(np.array([1.0, 2.0]), 0.5)], "pair": Pair(1.5, np.float64(2.0)), "none": None, "count": 4}
    g = form(f, argnums=(0, "x"), backend=backend)
    warm(g, p, (np.array([0.5, -1.0]), "text"))
    warm(form(f, argnums=0, backend=backend), p, (np.array([0.5, -1.0]), "text"), 3)


@backends
def test_aux(backend: str) -> None:
    def f(x):
        return np.sum(x * x), {"twice": 2.0 * x, "n": 3}

    for form in (srcad.grad, srcad.value_and_grad):
        warm(form(f, has_aux=True, backend=backend), np.array([1.0, 2.0]))


@backends
@pytest.mark.parametrize("x", [2.0, np.float32(2.0), np.float64(2.0), 1.0 + 2.0j], ids=repr)
def test_numbers(backend: str, x: Any) -> None:
    warm(srcad.value_and_grad(lambda x: np.real(x * x), backend=backend), x)


def layouts(x: np.ndarray) -> list[np.ndarray]:
    wide = np.zeros((6, 6))
    wide[::2, ::2] = x
    frozen = x.copy()
    frozen.flags.writeable = False
    return [np.asfortranarray(x), wide[::2, ::2], frozen, x.astype(">f8"), x.astype(np.float32), x[:1], x[:, :1], x[0]]


@backends
def test_other_layouts_types_and_shapes(backend: str) -> None:
    def f(x, y):
        return np.sum(np.sin(x) * y)

    g = srcad.grad(f, argnums=(0, 1), backend=backend)
    x = np.arange(9.0).reshape(3, 3)
    warm(g, x, x[::-1].copy())
    for other in layouts(x):
        for pair in ((x, other), (other, x)):
            found = g(*pair)
            same(found, cold(g, *pair))
            assert [b.shape for b in found] == [a.shape for a in pair]
    long = np.ones((7, 2))
    same(g(long, long), cold(g, long, long))


@backends
def test_equal_extents_may_become_unequal(backend: str) -> None:
    def f(x, y):
        x[1:-1] = y[1:-1]
        return np.sum(x * x)

    g = srcad.grad(f, argnums=(0, 1), backend="numpy" if backend == "numpy" else "auto")
    warm(g, np.ones(5), np.arange(5.0))
    found = g(np.ones(5), np.arange(3.0))  # one element is broadcast
    np.testing.assert_allclose(found[1], [0.0, 6.0, 0.0])
    with pytest.raises(ValueError, match="broadcast"):
        g(np.ones(5), np.arange(6.0))


# ---- what it reads and compares anew ----


def reads_globals(x):
    y = RATE * ACTIVATION(x) * TABLE[1] + SETTINGS["k"] * x
    return y if KIND == "plain" else -y


@backends
def test_globals(backend: str, monkeypatch: pytest.MonkeyPatch) -> None:
    g = srcad.grad(reads_globals, backend=backend)

    def expected(x: float, h: float = 1e-6) -> float:
        return (reads_globals(x + h) - reads_globals(x - h)) / (2 * h)

    first, second, *_ = (g(0.3) for _ in range(4))
    assert first == second
    for change in (
        lambda: monkeypatch.setitem(globals(), "RATE", 5.0),
        lambda: monkeypatch.setitem(globals(), "RATE", np.float32(1.5)),
        lambda: monkeypatch.setitem(globals(), "TABLE", np.array([1.0, 7.0, 3.0])),
        lambda: TABLE.__setitem__(1, 9.0),
        lambda: monkeypatch.setitem(globals(), "ACTIVATION", np.cos),
        lambda: monkeypatch.setitem(SETTINGS, "k", 11.0),
        lambda: monkeypatch.setitem(globals(), "KIND", "negative"),
    ):
        change()
        for _ in range(3):
            np.testing.assert_allclose(g(0.3), expected(0.3), rtol=1e-6)


@backends
def test_closures_and_attributes(backend: str) -> None:
    class Spring:
        def __init__(self) -> None:
            self.k, self.w = 2.0, np.array([1.0, 3.0])

        def energy(self, x):
            return np.sum(self.k * self.w * x * x) * scale

    scale, spring = 0.5, Spring()
    g = srcad.grad(spring.energy, backend=backend)
    x = np.array([1.0, 1.0])
    np.testing.assert_allclose(warm(g, x), 2.0 * spring.w)
    scale = 1.0
    np.testing.assert_allclose(g(x), 4.0 * spring.w)
    spring.k = 5.0
    np.testing.assert_allclose(g(x), 10.0 * spring.w)
    spring.w = np.array([2.0, 2.0])
    np.testing.assert_allclose(g(x), 10.0 * spring.w)
    spring.k = np.array([1.0, 2.0])
    np.testing.assert_allclose(g(x), 2.0 * spring.k * spring.w)


@backends
def test_structure_by_value(backend: str) -> None:
    def f(x, n, axis, options):
        y = np.sum(x * x, axis=axis) * options["scale"]
        for _ in range(n):
            y = y * 0.5
        return np.sum(y) if options["kind"] == "a" else 3.0 * np.sum(y)

    g = srcad.grad(f, backend=backend)
    x = np.arange(6.0).reshape(2, 3)
    warm(g, x, 1, 0, {"scale": 2.0, "kind": "a"})
    for arguments in (
        (x, 2, 0, {"scale": 2.0, "kind": "a"}),
        (x, 1, None, {"scale": 2.0, "kind": "a"}),
        (x, 1, 1, {"scale": 3, "kind": "a"}),
        (x, 1, 0, {"scale": 2.0, "kind": "b"}),
        (x, 1, 0, {"kind": "a", "scale": 2.0}),
        (x, True, 0, {"scale": 2.0, "kind": "a", "more": 1}),
    ):
        for _ in range(3):
            same(g(*arguments), cold(g, *arguments))


def test_lists_grow_and_functions_change() -> None:
    def f(xs, act):
        total = 0.0
        for x in xs:
            total = total + act(x)
        return total

    g = srcad.grad(f, backend="numpy")
    warm(g, [1.0, 2.0], np.sin)
    np.testing.assert_allclose(g([1.0, 2.0, 3.0], np.sin), np.cos([1.0, 2.0, 3.0]))
    np.testing.assert_allclose(g([1.0, 2.0], np.cos), -np.sin([1.0, 2.0]))
    with pytest.raises(TypeError, match="missing"):
        g([1.0, 2.0])
    with pytest.raises(TypeError, match="xs"):
        g([1, 2], np.sin)


def test_rules_that_come_later(monkeypatch: pytest.MonkeyPatch) -> None:
    from srcad.rules import registry

    def own(x):
        return x * x

    monkeypatch.setattr(registry, "_USER", dict(registry._USER))
    g = srcad.grad(lambda x: own(x), backend="numpy")
    assert warm(g, 3.0) == 6.0
    srcad.elementwise(own)(lambda x: 11.0)
    assert g(3.0) == 11.0


# ---- memory ----


@backends
def test_overlap_is_refused_and_arguments_stay(backend: str) -> None:
    def f(x, y):
        x[0] = y[0] * 2.0
        return np.sum(x * y)

    g = srcad.grad(f, argnums=(0, 1), backend=backend)
    x, y = np.array([1.0, 2.0, 3.0]), np.array([4.0, 5.0, 6.0])
    bars = warm(g, x, y)
    assert x.tolist() == [1.0, 2.0, 3.0] and y.tolist() == [4.0, 5.0, 6.0]
    assert not any(np.shares_memory(bar, a) for bar in bars for a in (x, y))
    both = np.arange(6.0)
    with pytest.raises(ValueError, match="shares memory"):
        g(both[:3], both[2:5])
    same(g(both[:3], both[3:]), cold(g, both[:3].copy(), both[3:].copy()))
    same(g(both[::2], both[1::2]), cold(g, both[::2].copy(), both[1::2].copy()))  # interleaved


# ---- errors ----


@backends
def test_errors_are_pythons(backend: str, capsys: pytest.CaptureFixture[str]) -> None:
    def f(x, k):
        print("called")
        if x > 5.0:
            raise ValueError(f"too large: {x}")
        return math.log(x) / k

    g = srcad.grad(f, backend=backend)
    warm(g, 2.0, 1.0)
    for args in ((7.0, 1.0), (-1.0, 1.0), (2.0, 0.0)):
        with pytest.raises(Exception) as expected:
            f(*args)
        capsys.readouterr()
        with pytest.raises(type(expected.value)) as found:
            g(*args)
        assert str(found.value) == str(expected.value)
    if backend == "numpy":
        assert capsys.readouterr().out == "called\n"


def test_generators_draw_and_attributes_change_at_every_call() -> None:
    def f(x, rng):
        return x * rng.normal()

    g = srcad.grad(f, backend="numpy")
    rng, twin = np.random.default_rng(3), np.random.default_rng(3)
    assert [g(1.0, rng) for _ in range(5)] == [twin.normal() for _ in range(5)]

    class Counter:
        calls = 0

        def run(self, x):
            self.calls += 1
            return x * self.calls

    counter = Counter()
    h = srcad.grad(counter.run, backend="numpy")
    assert [h(2.0) for _ in range(4)] == [1.0, 2.0, 3.0, 4.0] and counter.calls == 4


def test_source_is_that_of_the_last_call() -> None:
    d = srcad.differentiate(lambda x, n: np.sum(x) * n, backend="numpy")
    x = np.ones(3)
    for _ in range(4):
        d.grad(x, 2.0)
    one = d.source
    for _ in range(4):
        d.grad(2.0, 2.0)
    other = d.source
    assert one != other
    d.grad(x, 2.0)
    assert d.source == one


def test_the_short_way_is_short() -> None:
    """Nothing of the compiler, nothing of the long way: what a profiler sees of a warm call is one function."""
    import sys

    g = srcad.grad(lambda a, b: np.sum(a * b), argnums=(0, 1), backend="numpy")
    warm(g, np.ones(3), np.ones(3))
    a = b = np.ones(3)
    seen: list[str] = []
    sys.setprofile(lambda frame, event, _: seen.append(frame.f_code.co_name) if event == "call" else None)
    try:
        g(a, b)
    finally:
        sys.setprofile(None)
    assert [name for name in seen if name in ("prepare", "key", "ready", "structured", "bind")] == []
    assert seen[:2] == ["__call__", "fast"]


@pytest.mark.parametrize("dtype", [float, np.float32, complex, int])
def test_results_that_are_not_finite_are_noticed(dtype):
    for shape in ((3,), (2, 3), (0,), ()):
        x = np.ones(shape, dtype)
        assert recovery.finite((x, x.T, 1.0))
        for bad in (np.nan, np.inf, -np.inf) if x.size and dtype is not int else ():
            y = x.copy()
            y[(-1,) * x.ndim] = bad
            assert not recovery.finite((1.0, y)) and not recovery.finite((y.T,))
    assert recovery.finite((np.full(4, 1e200),))  # the sum of the squares is not
    assert not recovery.finite((np.array([np.inf, -np.inf]),))


def test_whether_results_are_finite_is_asked_without_threads_of_blas(monkeypatch):
    """They would look for work behind it, on the processors of the threads that the kernel shares its loops with."""
    vdot, longest = np.vdot, []
    monkeypatch.setattr(np, "vdot", lambda a, b: longest.append(a.size) or vdot(a, b))
    for size in (1, 100, 10_000, 10_001, 100_000):  # OpenBLAS's ddot has threads from 10,000 elements on
        x = np.full(size, 0.5)
        assert recovery.finite((x,))
        x[size // 2] = np.nan
        assert not recovery.finite((x,))
    assert longest and max(longest) == 10_000


def real_part(z):
    return np.real(z) * 2.0


@pytest.mark.parametrize("number", [complex, np.complex64, np.complex128])
def test_gradients_by_complex_numbers_are_complex(number):
    gradient = srcad.grad(real_part, backend="numpy")
    for _ in range(3):
        found = gradient(number(0.7 + 0.3j))
        assert type(found) is number and found == 2.0
