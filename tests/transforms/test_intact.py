"""intact: what is not needed is not recorded, what was written is read back, and elements are compared rightly."""

import itertools

import numpy as np
import pytest

import srcad
from srcad import integers, ir, types
from srcad.dims import Dim, symbol
from srcad.facts import Shapes
from srcad.transforms.places import Place, Space
from srcad.types import Num


def solved(a, b):
    x = np.zeros(b.shape[0])
    for i in range(b.shape[0]):
        x[i] = (b[i] - np.dot(a[i, :i], x[:i])) / a[i, i]
    return np.sum(x * x)


def factored(a, b):
    for i in range(a.shape[0]):
        for j in range(i):
            a[i, j] = (a[i, j] - np.dot(a[i, :j], a[j, :j])) / a[j, j]
        a[i, i] = np.sqrt(a[i, i] - np.dot(a[i, :i], a[i, :i]))
    return np.sum(a) * b[0]


def read_ahead(a, b):
    for i in range(b.shape[0] - 1):
        b[i + 1] = b[i] * b[i + 1] * a[i, i]
    return np.sum(b)


def in_steps(a, b):
    for t in range(3):
        for i in range(b.shape[0]):
            b[i] = b[i] * b[i] / a[t, i]
    return np.sum(b)


def in_single_precision(a, b):
    z, s = np.zeros(4, np.float32), 0.0
    for i in range(4):
        v = np.exp(b[i])
        s += v * v * a[i, i]
        z[i] = v
    return s


def arguments():
    rng = np.random.default_rng(3)
    return np.eye(4) * 4.0 + rng.random((4, 4)) * 0.3, 1.0 + rng.random(4)


def text(f):
    return srcad.differentiate(f, argnums=(0, 1), backend="numpy").source_for(*arguments())


@pytest.mark.parametrize(
    "f, recorded, read",
    [
        (solved, False, "a_bar[i, i] -= g * x[i]"),
        (factored, False, "0.5 * sqrt_bar / a[i, i]"),
        (read_ahead, True, ""),
        (in_single_precision, True, ""),
        (in_steps, True, ""),
    ],
)
def test_what_is_recorded(f, recorded, read):
    found = text(f)
    assert ("_saved" in found) is recorded and read in found


@pytest.mark.parametrize("off", ["", "intact"])
@pytest.mark.parametrize("f", [solved, factored, read_ahead, in_steps])
def test_numbers(f, off, monkeypatch):
    monkeypatch.setenv("SRCAD_OFF", off)
    a, b = arguments()
    value, gradient = srcad.value_and_grad(f, argnums=(0, 1), backend="numpy")(a, b)
    assert value == f(a.copy(), b.copy())
    rng = np.random.default_rng(4)
    da, db, h = rng.standard_normal((4, 4)), rng.standard_normal(4), 1e-20
    moved = dual(f, a + h * 1j * da, b + h * 1j * db).imag / h
    assert np.sum(gradient[0] * da) + np.sum(gradient[1] * db) == pytest.approx(moved, rel=1e-12)


def dual(f, a, b):
    """f of complex numbers: its arrays are real where NumPy makes them."""
    if f is not solved:
        return f(a, b)
    return np.sum(np.linalg.solve(np.tril(a), b) ** 2)


# ---- linear forms ----

N = symbol("x.shape[0]")
FIRST, SECOND = symbol("i"), symbol("j")


@pytest.mark.parametrize(
    "zero, least, expected",
    [
        ([FIRST - SECOND], [SECOND - FIRST - 1], False),
        ([FIRST - SECOND], [SECOND - FIRST], True),
        ([2 * FIRST - 2 * SECOND - 1], [], False),
        ([], [2 * FIRST - 1, -2 * FIRST + 1], False),  # 0.5 is no integer
        ([], [-N - 1], False),  # extents are not negative
        ([], [-FIRST - 1], True),
        ([Dim(0)], [], True),
        ([], [2 * FIRST - 3 * SECOND - 1, 4 * SECOND - 3 * FIRST, SECOND], False),
        ([Dim(3)], [], False),
        ([FIRST + SECOND - N], [FIRST, SECOND, N - 1, -FIRST - SECOND], False),
    ],
)
def test_whether_integers_exist(zero, least, expected):
    assert integers.possible(zero, least) is expected


def test_no_is_certain():
    rng = np.random.default_rng(5)
    refuted = 0
    for _ in range(300):
        forms = [Dim(int(c), ()) + FIRST * int(a) + SECOND * int(b) for a, b, c in rng.integers(-3, 4, (4, 3))]
        zero, least = forms[:1], forms[1:]
        exists = any(
            all(f.value({"i": i, "j": j}) == 0 for f in zero) and all(f.value({"i": i, "j": j}) >= 0 for f in least)
            for i, j in itertools.product(range(-9, 10), repeat=2)
        )
        found = integers.possible(zero, least)
        refuted += not found
        assert found or not exists
    assert refuted > 50


# ---- places ----

INT, ARRAY = Num("int64", ()), Num("float64", (None, None))
NAMES = {"i": INT, "j": INT, "k": INT, "n": INT, "x": ARRAY}


def names(*words):
    return tuple(ir.Name(w) for w in words)


def loop(counter, start, stop, step=1):
    return ir.For(ir.Name(counter), ir.call("builtins.range", start, stop, ir.Const(step)), ())


ROWS = loop("i", ir.Const(0), ir.Name("n"))
BELOW = loop("j", ir.Const(0), ir.Name("i"))
ABOVE = loop("j", ir.Binary("+", ir.Name("i"), ir.Const(1)), ir.Name("n"))
BACK = loop("i", ir.Binary("-", ir.Name("n"), ir.Const(1)), ir.Const(-1), -1)


def precedes(one, other, outer=ROWS, inner=(), orders=(1, 1), moving=frozenset({"k"})):
    """Whether x[one] in the loops `outer` and `inner` may be x[other] in `outer` at that time or later."""
    space = Space(Shapes({**NAMES}, (), set()), moving)
    around = (space.round(outer),)
    own = (*around, *(space.round(level) for level in inner))
    return space.precedes(Place(one, orders[0], own), Place(other, orders[1], around))


def part(lower, upper):
    return (ir.Slice(lower, upper),)


I1, AFTER = (ir.Binary(op, ir.Name("i"), ir.Const(1)) for op in "-+")
BEHIND = (ir.Binary("+", ir.Name("n"), ir.Const(1)),)
FROM_ONE = loop("i", ir.Const(1), ir.Name("n"))


@pytest.mark.parametrize(
    "found, expected",
    [
        (lambda: precedes(names("i"), names("i")), True),  # in the same iteration, before the write
        (lambda: precedes(names("i"), names("i"), orders=(2, 1)), False),
        (lambda: precedes(names("j"), names("i"), inner=[BELOW]), False),
        (lambda: precedes(names("j"), names("i"), inner=[ABOVE]), True),
        (lambda: precedes(names("j"), names("i"), outer=BACK, inner=[BELOW]), True),
        (lambda: precedes(names("j"), names("i"), outer=BACK, inner=[ABOVE]), False),
        (lambda: precedes(part(None, ir.Name("i")), names("i")), False),
        (lambda: precedes(part(ir.Name("i"), None), names("i")), True),
        (lambda: precedes(part(None, None), names("i")), True),
        (lambda: precedes((I1,), names("i")), True),  # x[-1] is the last element
        (lambda: precedes((I1,), names("i"), outer=FROM_ONE), False),
        (lambda: precedes(names("k"), names("i"), orders=(2, 1)), True),  # nothing is known of k
        (lambda: precedes(None, names("i"), orders=(2, 1)), True),
        (lambda: precedes(names("i", "j"), names("i", "i"), inner=[BELOW]), False),
        (lambda: precedes(part(None, ir.Name("i")), (I1,), outer=FROM_ONE), True),
        (lambda: precedes(part(AFTER, None), names("i"), outer=BACK), False),
        (lambda: precedes(part(ir.Name("i"), None), names("i"), outer=BACK), True),
        (lambda: precedes(names("k"), (ir.Binary("+", ir.Name("k"), ir.Const(1)),)), True),
        (lambda: precedes(names("i"), names("i"), outer=loop("i", ir.Const(0), ir.Name("n"), 2), orders=(2, 1)), True),
        (lambda: precedes(names("n"), BEHIND), False),
        (lambda: precedes(names("n"), BEHIND, moving=frozenset({"n"})), True),
    ],
)
def test_places(found, expected):
    assert found() is expected


def test_slices_with_steps_are_taken_for_all():
    reversed_ = (ir.Slice(None, None, ir.Const(-1)),)
    assert precedes(reversed_, names("i"), orders=(2, 1)) and types.is_array(ARRAY)
