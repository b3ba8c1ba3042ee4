"""Extents that do not fit: NumPy raises, and so does the text for Numba, whose loops would read what is not there."""

from __future__ import annotations

import functools
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import srcad
from tests.transforms.in_any_order import loaded


def dot(x, y):
    return np.dot(x, y) * 2.0


def dot_of_expressions(x, y):
    return (x * 2.0) @ np.sin(y)


def dot_in_a_loop(x, y):
    s = 0.0
    for k in range(2):
        s += np.dot(x, y) * k
    return s


def dot_behind_a_sum(x, y):
    return x @ y + np.sum(x)


def product_of_the_same(x, y):
    z = x * y
    return z @ x


def elementwise(x, y):
    return np.sum(x * y - np.maximum(x, y))


def added_in_place(x, y):
    x += y
    return np.sum(x * x)


def written(x, y):
    x[:] = y
    return np.sum(x * x)


def contracted(x, y):
    return np.einsum("i,i->", x, y)


def mean(x, y):
    return np.average(x, weights=y)


def matrix_made_for_a_vector(A, x):
    return np.sum((A * 2.0) @ x)


def vector_and_a_matrix_made_for_it(A, x):
    return np.sum(x @ (A + 1.0))


def matrix_and_vector(A, x):
    return np.sum(A @ x) * x[0]


def system(A, x):
    return np.sum(np.linalg.solve(A, x))


def both_axes(A, B):
    return np.tensordot(A, B)


def mean_along_an_axis(A, x):
    return np.sum(np.average(A, axis=0, weights=x))


VECTORS = (dot, dot_of_expressions, dot_in_a_loop, dot_behind_a_sum, product_of_the_same, elementwise, added_in_place,
           written, contracted, mean)  # fmt: skip
MATRICES = (matrix_made_for_a_vector, vector_and_a_matrix_made_for_it, matrix_and_vector, mean_along_an_axis)


def row(n: int) -> np.ndarray:
    return np.linspace(0.5, 1.5, n)


def grid(n: int, m: int) -> np.ndarray:
    return row(n * m).reshape(n, m) + np.eye(n, m)


PAIRS = [(f, (row(a), row(b))) for f in VECTORS for a, b in ((3, 4), (4, 3), (1, 3), (3, 1))]
PAIRS += [(f, (grid(3, 3), row(n))) for f in MATRICES for n in (4, 2, 1)]
PAIRS += [(system, (grid(3, 4), row(3))), (system, (grid(3, 3), row(4))), (both_axes, (grid(3, 2), grid(2, 3)))]
NAMES = [f"{f.__name__}-{'-'.join(str(a.shape) for a in args)}" for f, args in PAIRS]


def outcome(run: Callable[[], Any]) -> Any:
    """What it returns, or the exception that it raises."""
    try:
        return run()
    except Exception as error:
        return error


def raised(run: Callable[[], Any]) -> Exception | None:
    found = outcome(run)
    return found if isinstance(found, Exception) else None


def answers(f: Any, x: np.ndarray, n: int, backend: str) -> list[Any]:
    """(value, derivative) of f(x, n) by reverse and by forward mode, or what they raise."""
    return [
        outcome(lambda: srcad.value_and_grad(f, argnums=0, backend=backend)(x, n)),
        outcome(lambda: srcad.jvp(f, (x, n), (x, None), backend=backend)),
    ]


def check_as_numpy(f: Any, x: np.ndarray, n: int, backend: str) -> None:
    """NumPy's error where the program raises it, its value elsewhere."""
    expected = outcome(lambda: f(x, n))
    for found in answers(f, x, n, backend):
        if isinstance(expected, Exception):
            assert type(found) is type(expected), found
        else:
            np.testing.assert_allclose(found[0], expected, rtol=1e-12)


def copies(args: tuple[np.ndarray, ...]) -> tuple[np.ndarray, ...]:
    return tuple(a.copy() for a in args)


@pytest.mark.parametrize(("f", "args"), PAIRS, ids=NAMES)
@pytest.mark.parametrize("argnums", [0, 1])
def test_text(f: Any, args: tuple[np.ndarray, ...], argnums: int) -> None:
    """The text for Numba, run by Python, which notices an index out of range: it raises where the function does."""
    expected = raised(lambda: f(*copies(args)))
    text = srcad.differentiate(f, argnums=argnums, backend="numba").source_for(*args, backend="numba")
    found = raised(lambda: loaded(text, f"{f.__name__}_grad")(*copies(args)))
    if expected is not None or not isinstance(found, ValueError):  # a check may be stricter: NumPy is asked then
        assert (found is None) == (expected is None), (found, text)
        assert not isinstance(found, IndexError), text


@pytest.mark.parametrize(("f", "args"), [*PAIRS[:2], PAIRS[12], PAIRS[24], *PAIRS[30:33:2], *PAIRS[-3:]])
def test_compiled(f: Any, args: tuple[np.ndarray, ...]) -> None:
    """The same error as the function's, from value, gradient and tangent."""
    expected = raised(lambda: f(*copies(args)))
    for found in (
        raised(lambda: srcad.value_and_grad(f, argnums=(0, 1), backend="numba")(*copies(args))),
        raised(lambda: srcad.jvp(f, copies(args), copies(args), backend="numba")),
    ):
        assert type(found) is type(expected) and str(found) == str(expected)


def long_and_short(x, y, n):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * y[i]
    for _ in range(n):
        s += np.dot(x, y)
    return s


def test_a_product_that_never_runs_proves_nothing() -> None:
    """The loop reads behind the end of y: that the product would have found so does not help."""
    found = raised(lambda: srcad.grad(long_and_short, backend="numba")(row(4), row(3), 0))
    assert isinstance(found, IndexError)


def long_and_short_beside_a_sum(x, y, n):
    s = 0.0
    for i in range(len(x)):
        s += x[i] * y[i]
    for _ in range(n):
        s += np.sum(x * y)
    return s


def test_nor_does_a_sum_that_never_runs() -> None:
    found = raised(
        lambda: srcad.jvp(long_and_short_beside_a_sum, (row(4), row(3), 0), (row(4), row(3), None), backend="numba")
    )
    assert isinstance(found, IndexError)


def selected(x, mask):
    return np.sum(np.sin(x[0, mask]))


def selected_rows(x, mask):
    return np.sum(x[mask, 0] ** 2)


def selected_columns(x, mask):
    return np.sum(x[..., mask] ** 2)


def selected_behind_a_new_axis(x, mask):
    return np.sum(x[None, :, mask] ** 2)


def filled_columns(x, mask):
    x = x * 1.0
    x[:, mask] = 1.0
    return np.sum(x * x)


def counted_up(x, mask):
    s = 0.0
    for v in x[1, mask]:
        s += v * v
    return s


def halves(x, mask):
    return np.sum(np.stack([x, x])[:, mask[:, None] & mask] ** 2)


MASKED = (selected, selected_rows, selected_columns, selected_behind_a_new_axis, filled_columns, counted_up, halves)


@pytest.mark.parametrize("f", MASKED, ids=lambda f: f.__name__)
def test_masks(f: Any) -> None:
    """Numba takes a mask that is shorter than its axis, and reads what lies behind an axis that is shorter."""
    x = grid(3, 4 if f in (selected_columns, selected_behind_a_new_axis) else 3)
    for length in (2, 3, 4, 5000):
        mask = np.arange(length) % 2 == 0
        expected = raised(functools.partial(f, x.copy(), mask))
        text = srcad.differentiate(f, backend="numba").source_for(x, mask, backend="numba")
        found = raised(functools.partial(loaded(text, f"{f.__name__}_grad"), x.copy(), mask))
        assert (found is None) == (expected is None), text
        assert isinstance(found, ValueError | None), text  # by a check of ours


@pytest.mark.parametrize("f", MASKED, ids=lambda f: f.__name__)
def test_short_masks_compiled(f: Any) -> None:
    args = (grid(3, 3), np.array([False, True]))
    for found in (
        raised(lambda: srcad.value_and_grad(f, backend="numba")(*copies(args))),
        raised(lambda: srcad.jvp(f, copies(args), (grid(3, 3), None), backend="numba")),
    ):
        assert isinstance(found, IndexError)


def added_by_index(x, y):
    x = x * 1.0
    x[[0, 2, 3]] += y
    return np.sum(x * x)


def added_by_mask(x, y):
    x = x * 1.0
    x[x > 0.6] += y
    return np.sum(x * x)


def scaled_rows(x, y):
    rows = np.stack([x, x, x])
    rows[[0, 2]] *= y
    return np.sum(rows * rows)


def set_where_positive(x, y):
    rows = np.stack([x, x])
    rows[rows > 0.6] = y
    return np.sum(rows * rows)


def added_where_positive(x, y):
    rows = np.stack([x, x])
    rows[rows > 0.6] += y
    return np.sum(rows * rows)


def set_by_a_mask_that_is_turned(x, y):
    rows = np.stack([x, x])
    rows[(rows > 0.6).T] = y
    return np.sum(rows * rows)


SELECTED = (added_by_index, added_by_mask, scaled_rows, set_where_positive, added_where_positive,
            set_by_a_mask_that_is_turned)  # fmt: skip


@pytest.mark.parametrize("length", [1, 2, 3, 5, 9])
@pytest.mark.parametrize("f", SELECTED, ids=lambda f: f.__name__)
def test_selections_compiled(f: Any, length: int) -> None:
    """Numba adds what there is of a shorter array, and of a longer one what lies behind."""
    args = (row(4), row(length))
    expected = raised(lambda: f(*copies(args)))
    for found in (
        raised(lambda: srcad.value_and_grad(f, argnums=(0, 1), backend="numba")(*copies(args))),
        raised(lambda: srcad.jvp(f, copies(args), copies(args), backend="numba")),
    ):
        assert type(found) is type(expected), found


def filled_with_zeros(x, n):
    z = np.zeros(n)
    for k in range(n):
        z[k] = x[k] * x[0]
    return np.sum(z) + x[0]


def filled_with_ones(x, n):
    return np.sum(np.ones((n, 2)) * x[0]) + x[0]


def filled(x, n):
    z = np.full(n - 1, x[0])
    return np.sum(z * z) + x[0]


def as_many_as_there_are(x, n):
    z = np.zeros(max(n, 0))
    for k in range(n):
        z[k] = x[k] * x[0]
    return np.sum(z * np.ones(len(z))) + x[0]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("n", [-1, 0, 1, 3])
@pytest.mark.parametrize("f", (filled_with_zeros, filled_with_ones, filled, as_many_as_there_are))
def test_fewer_elements_than_none(f: Any, n: int, backend: str) -> None:
    """NumPy raises; loops over what is not there would do nothing."""
    x = row(4)
    check_as_numpy(f, x, n, backend)
    found = raised(lambda: srcad.hessian(f, argnums=0, backend=backend)(x, n))
    assert type(found) is type(raised(lambda: f(x, n))), found


def tiled(x, n):
    return np.sum(np.tile(x, n) ** 2)


def spread(x, n):
    return np.sum(np.broadcast_to(x[0], (n, 2)) * x[1])


def padded(x, n):
    return np.sum(np.pad(x, n) * x[0])


def resized(x, n):
    return np.sum(np.resize(x, n) ** 2)


def inserted(x, n):
    return np.sum(np.insert(x, n, x[0]) ** 2)


def only_element(x, n):
    return np.outer(x, x)[:n, :n].item() * x[1]


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("n", [-5, -2, -1, 0, 1, 4, 5, 7])
@pytest.mark.parametrize("f", (tiled, spread, padded, resized, inserted, only_element))
def test_counts_that_do_not_fit(f: Any, n: int, backend: str) -> None:
    """As NumPy has it, with every number: an error where it raises, its value elsewhere."""
    check_as_numpy(f, row(4), n, backend)


def a_row_from_the_end(x, n):
    return np.sum(np.outer(x, x)[-6] * 2.0)


def a_column_from_the_end(x, n):
    y = np.outer(x, x)
    return np.sum(y[:, -6] * 2.0)


def a_row_that_is_written(x, n):
    y = np.outer(x, x)
    for _ in range(2):
        y[-6] += 1.0
        y[..., -6] *= y[-6]
    return np.sum(y * y)


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("length", [1, 3, 4, 5, 6, 8])
@pytest.mark.parametrize("f", (a_row_from_the_end, a_column_from_the_end, a_row_that_is_written))
def test_rows_before_the_first(f: Any, length: int, backend: str) -> None:
    """Counted from the front, ``y[-6]`` of 4 rows would be ``y[-2]``."""
    check_as_numpy(f, row(length), 0, backend)


def rows_of_two(x, n):
    return np.sum(np.reshape(x, (n, 2)) * x[0])


@pytest.mark.parametrize("backend", ["numpy", "numba"])
@pytest.mark.parametrize("n", [-1, 2])
def test_an_extent_that_is_to_be_found(n: int, backend: str) -> None:
    """``np.reshape(x, (-1, 2))`` with a -1 that only a call knows: right, or an error."""
    x = row(4)
    found = outcome(lambda: srcad.jvp(rows_of_two, (x, n), (x, None), backend=backend))
    assert isinstance(found, ValueError) or np.isclose(found[0], rows_of_two(x, n), rtol=1e-12)


def test_a_sum_that_is_checked() -> None:
    """``x[k] += y`` is written as ``x[k] = x[k] + y``, whose shapes Numba compares, where they are not known to fit."""
    text = srcad.differentiate(added_by_mask, argnums=1, backend="numba").source_for(row(4), row(3), backend="numba")
    assert re.search(r"(x\[\w+\]) = \1 \+ y\n", text), text
