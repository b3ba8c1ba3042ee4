"""lowering: the short cuts give what Numba's own lowering gives, bit for bit, errors included."""

from __future__ import annotations

import itertools
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np
import pytest
from numba.core.runtime import _nrt_python  # type: ignore[attr-defined]
from srcad_runtime import assignments, lowering, optimisation


def _arrays(layout: str) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    x, m, cube = rng.standard_normal(4), rng.standard_normal((4, 4)), rng.standard_normal((4, 4, 4))
    if layout == "strided":
        x, m, cube = np.repeat(x, 2)[::2], np.repeat(m, 2, axis=1)[:, ::-2], cube[::-1]
    elif layout == "others":
        x, m = x.astype(np.float32), np.asfortranarray(m)
    return x, m, cube, np.arange(4, dtype=np.int32), np.zeros((4, 2))[:, 1:], np.zeros(4, np.bool_)


def elements(x, m, cube, at, far, flags, k):  # type: ignore[no-untyped-def]
    total = 0.0
    wide = np.float32(0.0)
    count = 0
    for i in range(x.shape[0]):
        x[i] = x[i - 1] * 2.0 + m[i, -1] - m[-i, i]
        x[i] += cube[i, k, i] * m.shape[1]
        far[i, 0] = x[i]
        total += far[i, 0] - far[-1, np.uint8(0)]
        flags[i] = x[i] != total
        wide = np.float32(wide * np.float32(0.5) - np.float32(x[i]))
        if flags[i] and x[i] > total or i == k:
            count += at[i] * 3 - i
        at[i] = count
        m[i, at[i] % 2] = count
    return total, wide, count


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
@pytest.mark.parametrize("layout", ["whole", "strided", "others"])
def test_elements_of_arrays(layout: str) -> None:
    found = []
    for short in (False, True):
        compiled: Any = numba.njit(elements)
        if short:
            lowering.short(compiled)
            assert compiled._compiler.pipeline_class is lowering.Compiler
        arrays = _arrays(layout)
        found.append((compiled(*arrays, 2), arrays))
    np.testing.assert_equal(found[1], found[0])


def outside(x, i, j, write):  # type: ignore[no-untyped-def]
    if write:
        x[i, j] = 1.0
    return x[i, j]


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_indices_outside_raise_where_bounds_are_checked() -> None:
    compiled: Any = numba.njit(boundscheck=True)(outside)
    lowering.short(compiled)
    x = np.arange(6.0).reshape(2, 3)
    for i, j in ((0, 0), (-2, -3), (1, 2), (-1, 1)):
        assert compiled(x, i, j, False) == x[i, j]
    for i, j in ((2, 0), (0, 3), (-3, 0), (0, -4), (2**62, 0), (-(2**62), 0)):
        for write in (False, True):
            with pytest.raises(IndexError, match="out of bounds"):
                compiled(x, i, j, write)
    np.testing.assert_array_equal(x, np.arange(6.0).reshape(2, 3))


def compared(a, b):  # type: ignore[no-untyped-def]
    return a < b, a <= b, a > b, a >= b, a == b, a != b, a + b, a - b, a * b


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
@pytest.mark.parametrize("kind", [np.float64, np.float32, np.int64])
def test_numbers_compare_as_numpys(kind: Any) -> None:
    compiled: Any = numba.njit(compared)
    lowering.short(compiled)
    values = [-2, 0, 3] if kind is np.int64 else [-2.5, -0.0, 0.0, np.inf, np.nan]
    for a in map(kind, values):
        for b in map(kind, values):
            with np.errstate(all="ignore"):
                np.testing.assert_equal(compiled(a, b), compared(a, b))


def products(a, b, v, w, out, row):  # type: ignore[no-untyped-def]
    np.dot(a, b, out)
    np.dot(a, v, row)
    return a @ b, np.dot(a, v), w @ a, v @ v, b.T @ a.T, a.T[::-1].T @ b, b.T[::2] @ v, np.dot(v, b)


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
@pytest.mark.parametrize("kind", [np.float64, np.complex64])
def test_products_of_matrices_and_vectors(kind: Any) -> None:
    compiled: Any = numba.njit(products)
    lowering.short(compiled)
    rng = np.random.default_rng(1)
    for m, k, n in ((3, 4, 5), (1, 4, 5), (3, 4, 1), (1, 4, 1), (3, 1, 2), (0, 2, 2), (2, 0, 3), (2, 3, 0)):
        a, b, v, w = (rng.standard_normal(shape).astype(kind) for shape in ((m, k), (k, n), (k,), (m,)))
        out, row = np.full((m, n), 7, kind), np.full(m, 7, kind)
        for got, want in zip(
            compiled(a, b, v, w, out, row), products(a, b, v, w, np.empty_like(out), np.empty_like(row))
        ):
            np.testing.assert_allclose(got, want, rtol=1e-4 if kind is np.complex64 else 1e-13, atol=1e-6)
        np.testing.assert_array_equal(out, compiled(a, b, v, w, out.copy(), row.copy())[0])
        np.testing.assert_allclose(row, a @ v, rtol=1e-4)
    a, b, v, out = np.ones((2, 3), kind), np.ones((3, 4), kind), np.ones(3, kind), np.ones((2, 4), kind)
    for wrong in (
        (a, b[:2].copy(), v, v[:2], out, v[:2]),
        (a, b, v, v[:2], out[:1].copy(), v[:2]),
        (a, b, v, v, out, v[:2]),
    ):
        with pytest.raises(ValueError, match="incompatible"):
            compiled(*wrong)


def multiplied(a, b, out):  # type: ignore[no-untyped-def]
    np.dot(a, b, out)
    return a @ b


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
@pytest.mark.parametrize("kind", [np.float64, np.float32])
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_products_of_matrices_with_few_columns(kind: Any, turned: tuple[bool, bool]) -> None:
    compiled: Any = numba.njit(multiplied)
    lowering.short(compiled)
    rng = np.random.default_rng(2)
    extents = itertools.product((1, 2, 3, 4, 5, 9), (1, 2, 3, 4, 5, 256, 257, 258, 700), (1, 2, 3, 4, 5))
    for n, k, m in extents:
        whole = [rng.standard_normal(shape).astype(kind) for shape in ((n, k), (k, m))]
        a, b = (np.asfortranarray(x) if f else x for x, f in zip(whole, turned))
        room = np.full(n * m + 8, 7, kind)
        out = room[4:-4].reshape(n, m)
        got, want = compiled(a, b, out), a.astype(np.float64) @ b
        np.testing.assert_allclose(got, want, atol=1e-13 * k if kind is np.float64 else 2e-5 + 1e-7 * k)
        np.testing.assert_array_equal(out, got)
        np.testing.assert_array_equal(room[[0, 1, 2, 3, -4, -3, -2, -1]], 7)
        a[-1, 0], b[0, -1], b[-1, 0] = np.inf, np.nan, -np.inf
        with np.errstate(invalid="ignore"):
            np.testing.assert_array_equal(np.isfinite(compiled(a, b, out)), np.isfinite(a @ b))
    assert "srcad_thin_by_rows" in compiled.inspect_llvm(compiled.signatures[0])


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_long_sums_of_few_columns_keep_their_digits() -> None:
    compiled: Any = numba.njit(multiplied)
    lowering.short(compiled)
    rng = np.random.default_rng(3)
    x, y = rng.random((200_000, 3), np.float32), rng.random((200_000, 4), np.float32)
    np.testing.assert_allclose(compiled(x.T, y, np.empty((3, 4), np.float32)), x.T.astype(float) @ y, rtol=1e-5)


def stored(x, rows):  # type: ignore[no-untyped-def]
    x[1:, ::2] = rows
    x[0] = x[1]
    x[:, 1:] = x[:, :-1]
    return x


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_slices_are_stored() -> None:
    compiled: Any = numba.njit(stored)
    lowering.short(compiled)
    x, rows = np.arange(12.0).reshape(3, 4), np.array([[20.0, 21.0], [22.0, 23.0]])
    np.testing.assert_array_equal(compiled(x.copy(), rows), stored(x.copy(), rows))
    np.testing.assert_array_equal(compiled(x.copy(), rows[:1]), stored(x.copy(), rows[:1]))
    with pytest.raises(ValueError, match="different size"):
        compiled(x.copy(), np.ones((3, 2)))


def made(n, m):  # type: ignore[no-untyped-def]
    counts = np.zeros(np.uint8(3), np.int32)
    single = np.zeros((n, m), dtype=np.float32)
    like = np.zeros(m, single.dtype)
    flags = np.zeros((n, m, 2), np.bool_)
    waves = np.zeros((m,), np.complex128)
    plain = np.empty((n, m))
    plain[:] = 1.0
    return counts, single, like, flags, waves, plain, np.empty(n, dtype=np.int64).shape, np.zeros(())


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_arrays_are_made() -> None:
    compiled: Any = numba.njit(made)
    lowering.short(compiled)
    for n, m in ((2, 3), (0, 4), (3, 0)):
        for got, want in zip(compiled(n, m), made(n, m)):
            np.testing.assert_array_equal(got, want)
            assert np.asarray(got).dtype == np.asarray(want).dtype
            assert np.asarray(got).strides == np.zeros_like(want).strides or not np.size(want)
    for n, m in ((-1, 3), (2, -(2**62)), (2**31, 2**31)):
        with pytest.raises(ValueError, match="negative dimensions" if min(n, m) < 0 else "too big"):
            compiled(n, m)


def kept(x, n):  # type: ignore[no-untyped-def]
    held = np.zeros(2)
    other = x
    for k in range(n):
        held = np.zeros(k + 1)
        if k % 3 == 1:
            other = held
        elif k % 3 == 2:
            held = other
        held[0] += k
        pair = (held, other[: k + 1])
        if k == 7:
            raise ValueError("seven")
    return held, other, pair


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_references_to_arrays_are_counted() -> None:
    compiled: Any = numba.njit(kept)
    lowering.short(compiled)
    x = np.ones(3)
    compiled(x, 5)
    _nrt_python.memsys_enable_stats()
    try:
        before = numba.core.runtime.rtsys.get_allocation_stats()
        for n in range(1, 8):
            result, expected = compiled(x.copy(), n), kept(x.copy(), n)
            np.testing.assert_equal(result, expected)
            del result
        with pytest.raises(ValueError, match="seven"):
            compiled(x, 9)
        after = numba.core.runtime.rtsys.get_allocation_stats()
    finally:
        _nrt_python.memsys_disable_stats()
    assert after.mi_alloc - before.mi_alloc > 20
    assert after.mi_alloc - after.mi_free == before.mi_alloc - before.mi_free


def added(x, cube, y, k):  # type: ignore[no-untyped-def]
    x[1:] += y
    x[:, ::2] *= x[:, 1::2]
    cube[k, ..., ::-1] -= x[0]
    cube[:, 0] += cube[:, 1] * 0.5
    part = cube[1]
    part += x
    cube[0] = part
    at = np.array([0, 0, 1])
    x[at] += 1.0
    return cube


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_parts_of_arrays_are_added_to() -> None:
    compiled: Any = numba.njit(added)
    lowering.short(compiled)
    rng = np.random.default_rng(2)
    given = rng.standard_normal((2, 4)), rng.standard_normal((3, 2, 4)), rng.standard_normal(4)
    mine, plain = ([a.copy() for a in given] for _ in range(2))
    np.testing.assert_equal(compiled(*mine, 1), added(plain[0], plain[1], plain[2], 1))
    np.testing.assert_equal(mine, plain)


def counted(n, m, step):  # type: ignore[no-untyped-def]
    found = np.zeros(400, np.int64)
    k = 0
    for i in range(n):
        for j in range(m, n):
            for way in range(4):
                if way == 0:
                    for p in range(n, m, -1):
                        found[k] += p * 7 + j
                elif way == 1:
                    for p in range(m, n + 5, 1):
                        found[k] += p * i
                elif way == 2:
                    for p in range(i, n, step):
                        found[k] += p
                        if p > 3:
                            break
                else:
                    for p in range(n, i, -2):
                        found[k] -= p
                k += 1
    return found, k


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_ranges_count() -> None:
    compiled: Any = numba.njit(counted)
    lowering.short(compiled)
    for n, m, step in ((0, 0, 1), (3, 0, 2), (5, 3, -1), (4, -2, 3), (-2, -6, 1), (3, 7, 5)):
        np.testing.assert_equal(compiled(n, m, step), counted(n, m, step))
    with pytest.raises(ValueError, match="must not be zero"):
        compiled(3, 0, 0)


def edges(low, high):  # type: ignore[no-untyped-def]
    found = [0]
    for i in range(high - 3, high):
        found.append(i)
    for i in range(low + 3, low, -1):
        found.append(i)
    for i in range(low, high):
        found.append(i)
        if len(found) > 10:
            break
    for i in range(high, low):
        found.append(i)
    for i in range(low, high, -1):
        found.append(i)
    items = iter(range(7))
    for i in items:
        for j in items:
            found.append(j - i)
            if j % 3 == 0:
                break
    return found


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_ranges_end_at_the_last_integers() -> None:
    compiled: Any = numba.njit(edges)
    lowering.short(compiled)
    assert compiled(-(2**63), 2**63 - 1) == edges(-(2**63), 2**63 - 1)


def scaled(w):  # type: ignore[no-untyped-def]
    x = np.ones((w.shape[0], 3))
    for i in range(w.shape[0]):
        for j in range(3):
            x[i, j] *= w[i]
    return x


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_counters_of_ranges_are_known_to_lie_inside() -> None:
    compiled: Any = numba.njit(boundscheck=True)(scaled)
    lowering.short(compiled)
    with optimisation.quick():
        compiled.compile((numba.float64[::1],))
    assert "raising" not in compiled.inspect_llvm(compiled.signatures[0])  # no index is left that could be outside
    np.testing.assert_array_equal(compiled(np.arange(3.0)), scaled(np.arange(3.0)))


NORMALISED = """
import numba, numpy as np
from srcad_runtime import lowering, optimisation, sums

def normalised(x, w):
    y, total = np.empty(x.size), 0.0
    for k in range(x.size):
        y[k] = x[k] * w[k]
        total = sums.plus(total, y[k] * y[k])
    z = np.empty(x.size)
    for k in range(x.size):
        z[k] = y[k] / total
    return z

compiled = numba.njit(normalised)
lowering.short(compiled)
with optimisation.quick():
    compiled.compile((numba.float64[::1], numba.float64[::1]))
code = compiled.inspect_llvm(compiled.signatures[0])
print([word for word in ("vector.body", "memcheck", "diff.check") if word in code])
x = np.arange(1.0, 20.0)
np.testing.assert_allclose(compiled(x, x), x * x / np.sum(x**4), rtol=1e-14)
"""


@pytest.mark.skipif(not lowering.OPTIONS, reason="compiles as Numba does")
def test_places_of_new_arrays_do_not_decide_how_a_sum_is_added_up(tmp_path: Path) -> None:
    """LLVM would compare the places, and take the loop that is no vector's where two arrays lie close to each other.

    In a process of its own: what others have had Numba compile does not matter.
    """
    (tmp_path / "normalised.py").write_text(NORMALISED)
    found = subprocess.run([sys.executable, "normalised.py"], cwd=tmp_path, capture_output=True, text=True)
    assert found.stdout == "['vector.body']\n", found.stdout + found.stderr


def joins(a, n):  # type: ignore[no-untyped-def]
    x, y, late = a, 1.0, 0.0
    x, y = y, x
    for i in range(n):
        x, y = y + i, x
        if x > 3.0:
            z = x
            x = x / 2.0
        else:
            z = y
        y += z
        while y > 50.0:
            y = y / 3.0
            if y < 20.0:
                late = y
                break
        if i == 4:
            continue
        x += late
    for i in range(n):
        for j in range(i):
            x = x + y * j
        y = x - i
    return x + y + late


@pytest.mark.parametrize("function", [joins, kept, elements, outside, counted])
def test_single_assignments_are_numbas(function: Any) -> None:
    """The same names and the same joins, and the same statements when they are taken out again."""
    mine, numbas = (numba.core.compiler.run_frontend(function) for _ in range(2))
    blocks, theirs = assignments.single_assignments(mine.blocks), numba.core.ssa._run_ssa(numbas.blocks)
    assert _text(blocks) == _text(theirs)
    numbas.blocks = theirs
    stripped = numba.core.typed_passes.PreLowerStripPhis()._strip_phi_nodes(numbas).blocks
    assert _text(assignments.without_joins(blocks, mine.loc)) == _text(stripped)


def _text(blocks: Any) -> dict[int, list[str]]:
    """The statements of blocks, joins in order of their names."""
    lines = {label: [str(stmt) for stmt in block.body] for label, block in blocks.items()}
    return {
        label: sorted(s for s in b if "phi(" in s) + [s for s in b if "phi(" not in s] for label, b in lines.items()
    }
