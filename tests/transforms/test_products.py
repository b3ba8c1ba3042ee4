"""products: loops with calls for the products in them give what the loops give, plain and compiled."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest

import srcad
from srcad import ir
from srcad.program import Program
from srcad.transforms.loops import loops
from srcad.transforms.products import products
from tests.transforms import products_random
from tests.transforms.lowered import close, load, outcome, primal, text_of
from tests.transforms.products_programs import BESIDE, HEAD, LEFT, RECOGNISED, TRIANGLES

SIZES = ((9, 11), (0, 4), (1, 1), (-2, 3), (2, 0))


def before_and_after(body: str) -> tuple[Program, Program]:
    before = loops(primal(HEAD + body + "    return a, b, c\n", arguments(9, 11)))
    return before, products(before)


def arguments(n: int, m: int, special: bool = False) -> tuple[Any, ...]:
    rng = np.random.default_rng(3)
    arrays = [rng.standard_normal((16, 16)) for _ in range(3)]
    if special:
        for array in arrays:
            array[tuple(rng.integers(0, 9, (2, 6)))] = [np.nan, np.inf, -np.inf, 0.0, np.nan, np.inf]
    return (*arrays, 1.25, n, m)


def calls(program: Program) -> list[str]:
    """The calls for products, each on one line."""
    found = [n for n in ir.walk(program.body) if isinstance(n, ir.Do)]
    text = text_of(dataclasses.replace(program, body=tuple(found)))
    lines = (
        " ".join(line.strip() for line in text.splitlines()).replace("( ", "(").replace(", )", ")").replace(") )", "))")
    )
    return ["products." + part.split(" products.")[0].split(" return ")[0] for part in lines.split("products.")[1:]]


@pytest.mark.parametrize("name", RECOGNISED)
def test_a_product_is_a_call(name: str) -> None:
    body, expected = RECOGNISED[name]
    before, after = before_and_after(body)
    found = [call.replace(",)", ")") for call in calls(after)]
    assert [c.split(" for ")[0].strip() for c in found] == expected
    check(before, after)


@pytest.mark.parametrize("name", LEFT)
def test_what_only_looks_like_a_product_stays(name: str) -> None:
    before, after = before_and_after(LEFT[name])
    assert after == before


@pytest.mark.parametrize("name", BESIDE)
def test_what_is_beside_a_product_stays(name: str) -> None:
    before, after = before_and_after(BESIDE[name])
    assert after != before
    check(before, after)


@pytest.mark.parametrize("name", TRIANGLES)
def test_triangles_that_are_no_mirror_images(name: str) -> None:
    before, after = before_and_after(TRIANGLES[name])
    assert "mirrored" not in text_of(after)
    check(before, after)


def check(before: Program, after: Program) -> None:
    """Both give the same, numbers that are not finite included."""
    for (n, m), special in itertools.product(SIZES, (False, True)):
        args = arguments(n, m, special)
        expected, found = outcome(load(before), args), outcome(load(after), args)
        assert not isinstance(expected, Exception)
        assert all(close(x, y) for x, y in zip(found, expected, strict=True)), (n, m, special)


@pytest.mark.parametrize("tens", range(8))
def test_random_nests(tens: int) -> None:
    """What stands around, in and between the loops is taken from a list, most of it to disturb the product."""
    found = 0
    for seed in range(10 * tens, 10 * tens + 10):
        body = products_random.nest(seed)
        before, after = before_and_after(body)
        found += before != after
        for n, m in ((7, 8), (8, 7)) if before != after else ():
            args = arguments(n, m)
            expected, result = outcome(load(before), args), outcome(load(after), args)
            if isinstance(expected, Exception):  # a counter of a loop that does not run
                assert type(result) is type(expected), body
            else:
                assert all(close(x, y) for x, y in zip(result, expected, strict=True)), body
    assert found


def test_the_counter_of_a_loop_that_does_nothing_is_read_behind_it() -> None:
    body = """
    row = np.zeros(16)
    for i in range(1, n):
        for j in range(m):
            for k in range(m):
                row[j] -= a[i, k] * b[k, j]
    c[0, 3] = j
"""
    before, after = before_and_after(body)
    assert outcome(load(after), arguments(9, 11))[2][0, 3] == 10.0
    assert "row" not in text_of(after)


def test_what_depends_on_a_product_comes_before_or_behind() -> None:
    body = """
    for i in range(n):
        for j in range(m):
            c[i, j] = a[i, j]
            for k in range(m):
                c[i, j] += a[i, k] * b[k, j]
        for j in range(m):
            a[i, j] = 2.0 * c[i, j]
"""
    before, after = before_and_after(body)
    kinds = [type(s) for s in after.body if isinstance(s, (ir.For, ir.Do))]
    assert kinds == [ir.For, ir.Do, ir.For]
    check(before, after)


def test_loops_beyond_the_ends_of_all_arrays_raise() -> None:
    before, after = before_and_after(RECOGNISED["gemm"][0])
    args = (*arguments(9, 11)[:-2], 20, 20)
    assert isinstance(outcome(load(before), args), IndexError)
    assert isinstance(outcome(load(after), args), IndexError)


def lower(c, a, b, n):
    for i in range(n):
        for j in range(i + 1):
            for k in range(n):
                c[i, j] += 2.0 * a[i, k] * b[j, k]
    for i in range(n):
        for j in range(n):
            for k in range(i + 1, n):
                b[i, j] += a[k, i] * b[k, j]
    return np.sum(c[:n, :n] * b[:n, :n])


def test_a_gradient_with_products_compiled(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(5)
    args = (*(rng.standard_normal((14, 14)) for _ in range(3)), 13)
    grad = srcad.differentiate(argnums=(0, 1, 2), backend="numba")(lower)
    found = grad.value_and_grad(*args)
    assert grad.source_for(*args).count("products.add") == 5
    h, direction = 1e-30, [rng.standard_normal((14, 14)) for _ in range(3)]
    moved = lower(*(x + 1j * h * d for x, d in zip(args[:3], direction)), 13)
    assert found[0] == pytest.approx(moved.real, rel=1e-12)
    along = sum(np.sum(g * d) for g, d in zip(found[1], direction))
    assert along == pytest.approx(moved.imag / h, rel=1e-10)
    monkeypatch.setenv("SRCAD_OFF", "products")
    off = srcad.differentiate(argnums=(0, 1, 2), backend="numba")(lower)
    assert "products" not in off.source_for(*args)
