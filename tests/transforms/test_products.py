"""products: loops with calls for the products in them give what the loops give, plain and compiled."""

from __future__ import annotations

import copy
import dataclasses
import itertools
from typing import Any

import numpy as np
import pytest
from srcad_runtime import products as runtime

import srcad
from srcad import ir
from srcad.dims import Dim, symbol
from srcad.polyhedra import is_empty, solved
from srcad.program import Program
from srcad.transforms.loops import loops
from srcad.transforms.products import products
from tests.transforms import products_random
from tests.transforms.test_loops import close, load, outcome, primal, text_of

# ---- what is recognised ----

HEAD = "import numpy as np\n\n\ndef f(a, b, c, s, n, m):\n"

# body, the calls that are expected
RECOGNISED = {
    "gemm": (
        """
    for i in range(n):
        for j in range(m):
            for k in range(m):
                c[i, j] += s * a[i, k] * b[k, j]
""",
        ["products.add(c[:n, :m], s, a[:n, :m], b[:m, :m], shape=(n, m, m))"],
    ),
    "whole arrays": (
        """
    p, q = c.shape
    for i in range(p):
        for j in range(q):
            t = 0.0
            for k in range(p):
                t += a[i, k] * b[k, j]
            c[i, j] = s * t + c[i, j] * 0.5
""",
        [
            "products.add(c, s, a[: c.shape[0], : c.shape[0]], b[: c.shape[0], : c.shape[1]], "
            "shape=(c.shape[0], c.shape[1], c.shape[0]))"
        ],
    ),
    "a triangle of the target": (
        """
    for i in range(n):
        for j in range(i + 1):
            c[i, j] *= 0.5
            for k in range(m):
                c[i, j] -= a[i, k] * a[j, k]
""",
        ['products.add_where(c[:n, :n], -1.0, a[:n, :m], a[:n, :m].T, "j <= i", shape=(n, n, m))'],
    ),
    "a triangle in place": (
        """
    for i in range(n):
        for j in range(m):
            for k in range(i + 1, n):
                b[i, j] += a[k, i] * b[k, j]
""",
        ['products.add_where(b[: n - 1, :m], 1.0, a[1:n, : n - 1].T, b[1:n, :m], "k >= i", shape=(n - 1, m, n - 1))'],
    ),
    "a matrix of a stack": (
        """
    x = np.zeros((2, 16, 16))
    for t in range(2):
        for i in range(m):
            for j in range(m):
                for k in range(j, m):
                    x[t, j, i] += a[k, j] * b[i, k]
    c[:] = x[1]
""",
        ['products.add_where(x[t, :m, :m], 1.0, a[:m, :m].T, b[:m, :m].T, "k >= i", shape=(m, m, m))'],
    ),
    "a triangle and its mirror image": (
        """
    if a.shape[0] != c.shape[0] or a.shape[1] != c.shape[0] or b.shape[0] != c.shape[0] or b.shape[1] != c.shape[1]:
        raise ValueError("shapes")
    for i in range(c.shape[0]):
        for k in range(i):
            for j in range(c.shape[1]):
                c[i, j] += s * a[i, k] * b[k, j]
                c[k, j] += b[i, j] * a[i, k] * s
""",
        ["products.add_mirrored(c, s, a, b, -1)"],
    ),
    "a symmetric sum": (
        """
    for i in range(n):
        for j in range(i + 1):
            for k in range(m):
                c[i, j] -= a[i, k] * b[k, j] + b[k, i] * a[j, k]
""",
        ["products.add_symmetric(c[:n, :n], -1.0, a[:n, :m], b[:m, :n], shape=(n, n, m))"],
    ),
    "rows that are made and used": (
        """
    row = np.empty(m)
    for i in range(n):
        for j in range(m):
            t = 0.0
            for k in range(m):
                t += a[i, k] * b[k, j]
            row[j] = t
        for k in range(m):
            c[i, k] -= s * row[k] + 1.0
""",
        ["products.add(c[:n, :m], -s, a[:n, :m], b[:m, :m], shape=(n, m, m))"],
    ),
    "rows that are zero in the beginning": (
        """
    row = np.zeros(m)
    for i in range(n - 1, -1, -1):
        for k in range(m):
            row[k] += s * c[i, k]
        for j in range(m):
            g = row[j]
            for k in range(m):
                b[k, j] += g * a[i, k]
            row[j] = 0.0
""",
        ["products.add(b[:m, :m], s, a[:n, :m].T, c[:n, :m], shape=(m, m, n))"],
    ),
    "two products and a rest": (
        """
    for i in range(m):
        for j in range(m):
            g = a[i, j]
            for k in range(m):
                c[i, k] += g * b[j, k] + s * b[i, j] * a[j, k] + a[k, i]
""",
        [
            "products.add(c[:m, :m], 1.0, a[:m, :m], b[:m, :m], shape=(m, m, m))",
            "products.add(c[:m, :m], s, b[:m, :m], a[:m, :m], shape=(m, m, m))",
        ],
    ),
}

# loops that only look like a product: each would be wrong as one call
LEFT = {
    "the target is an operand": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * c[k, j]
""",
    "rows below are read after they change": """
    for i in range(n):
        for j in range(m):
            for k in range(i):
                b[i, j] += a[i, k] * b[k, j]
""",
    "rows below from the last one on": """
    for i in range(n - 1, -1, -1):
        for j in range(m):
            for k in range(i + 1, n):
                b[i, j] += a[k, i] * b[k, j]
""",
    "a factorisation": """
    for i in range(n):
        for j in range(i + 1, n):
            c[j, i] = c[j, i] / c[i, i]
            for k in range(i + 1, n):
                c[j, k] -= c[j, i] * c[i, k]
""",
    "an operand changes between": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * b[k, j]
            a[0, 0] = c[i, j] * 0.01
""",
    "the sum is read while it grows": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * b[k, j]
                b[n + 1, k] = c[i, j]
""",
    "a factor changes": """
    for i in range(n):
        s = s * 0.5
        for j in range(n):
            for k in range(n):
                c[i, j] += s * a[i, k] * b[k, j]
""",
    "the counter is read behind the loops": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * b[k, j]
    c[0, 0] = i
""",
    "a negative index counts from the end": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i - 1, k] * b[k, j]
""",
    "a sum along two triangles": """
    for i in range(n):
        for j in range(i):
            for k in range(j):
                c[i, j] += a[i, k] * b[k, j]
""",
    "two products of the target itself": """
    for i in range(1, n):
        for j in range(i):
            for k in range(n):
                b[k, j] += s * a[j, i] * b[k, i] + b[j, i] * a[k, i]
""",
    "a row that is not whole": """
    row = np.zeros(20)
    for i in range(n):
        for j in range(1, m):
            row[j] = a[i, j] + row[j - 1]
        for j in range(m):
            for k in range(m):
                c[j, k] += row[j] * b[i, k]
""",
    "a row that begins too late": """
    row = np.zeros(20)
    for i in range(n):
        for j in range(1, m):
            row[j] = a[i, j]
        for j in range(m):
            for k in range(m):
                c[j, k] += row[j] * b[i, k]
""",
    "a row that changes before it is used": """
    row = np.empty(20)
    for i in range(n):
        for j in range(m):
            row[j] = a[i, j]
        row[2] = 1.0
        for j in range(m):
            for k in range(m):
                c[j, k] += row[j] * b[i, k]
""",
    "a row that keeps what was there": """
    row = np.zeros(20)
    for i in range(n):
        for j in range(m):
            row[j] += a[i, j]
        for j in range(m):
            for k in range(m):
                c[j, k] += row[j] * b[i, k]
            row[0] = 0.0
""",
    "a condition": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                if a[i, k] > 0:
                    c[i, j] += a[i, k] * b[k, j]
""",
    "a diagonal": """
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, i] += a[i, k] * b[k, j]
""",
    "views of one array": """
    d = c[1:]
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * d[k, j]
""",
}
# products beside something that has to stay as it is
BESIDE = {
    "a number that is read behind": """
    t = 0.0
    for i in range(n):
        for j in range(m):
            t = a[i, j]
            for k in range(m):
                c[i, k] += t * b[j, k]
    c[0, 0] = t
""",
    "a number that another one is made of": """
    row = np.zeros(16)
    for i in range(n):
        for j in range(m):
            t = a[i, j]
            u = t * s
            for k in range(m):
                c[i, k] += t * b[j, k]
            row[j] = row[j] + np.sin(u)
    b[0, :] = row
""",
    "minus minus": """
    for i in range(n):
        for j in range(m):
            for k in range(m):
                c[i, j] += -(-a[i, k] * b[k, j] - -(b[i, k] * a[k, j]))
""",
    "two factors with a minus": """
    for i in range(n):
        for j in range(m):
            t = -a[i, j]
            u = -s
            for k in range(m):
                c[i, k] += t * u * b[j, k]
""",
    "rows that are subtracted from": """
    row = np.zeros(m)
    for i in range(n - 1, -1, -1):
        for k in range(m):
            row[k] -= s * c[i, k]
        for j in range(m):
            g = row[j]
            for k in range(m):
                b[k, j] += g * a[i, k]
            row[j] = 0.0
""",
    "a number that changes between two sums": """
    for i in range(n):
        for j in range(m):
            t = a[i, j]
            for k in range(m):
                c[i, k] += t * b[j, k]
            t = b[i, j]
            for k in range(m):
                c[i, k] += t * a[j, k]
""",
}
CHECK = """
    if a.shape[0] != c.shape[0] or a.shape[1] != c.shape[0] or b.shape[0] != c.shape[0] or b.shape[1] != c.shape[1]:
        raise ValueError("shapes")
"""
MIRRORED = """
    for i in range(c.shape[0]):
        for k in range(i):
            for j in range(c.shape[1]):
                c[i, j] += s * a[i, k] * b[k, j]
                c[k, j] += b[i, j] * a[i, k] * s
"""
# triangles that are no mirror images, or not known to be
TRIANGLES = {
    "checked on one path": f"    if s > 100.0:{CHECK.replace(chr(10), chr(10) + '    ')}\n{MIRRORED}",
    "checked without an error": CHECK.replace('raise ValueError("shapes")', "c[0, 0] = 0.0") + MIRRORED,
    "another factor": CHECK + MIRRORED.replace("a[i, k] * s", "a[i, k] * 0.5"),
    "another matrix": CHECK + MIRRORED.replace("b[i, j] * a[i, k] * s", "b[i, j] * b[i, k] * s"),
    "a matrix that is not turned": CHECK + MIRRORED.replace("b[i, j] * a[i, k]", "b[i, j] * a[k, i]"),
    "another diagonal": CHECK
    + """
    for i in range(c.shape[0]):
        for k in range(i):
            for j in range(c.shape[1]):
                c[i, j] += s * a[i, k] * b[k, j]
    for i in range(c.shape[0]):
        for k in range(i + 1):
            for j in range(c.shape[1]):
                c[k, j] += b[i, j] * a[i, k] * s
""",
}
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


# ---- the runtime ----

Matrix = np.ndarray


def matrices(n: int, m: int, p: int, layout: int, dtype: Any = float) -> tuple[Matrix, Matrix, Matrix]:
    rng = np.random.default_rng(7)

    def matrix(rows: int, columns: int, kind: int) -> Matrix:
        if kind == 1:
            return rng.random((columns, rows)).astype(dtype).T
        if kind == 2:
            return rng.random((2 * rows, 3 * columns)).astype(dtype)[::2, ::3]
        if kind == 3:
            return rng.random((rows, columns)).astype(dtype)[::-1, ::-1]
        return rng.random((rows + 1, columns + 2)).astype(dtype)[1:, 1:-1]

    return matrix(n, m, layout % 4), matrix(n, p, layout // 2 % 4), matrix(p, m, layout // 3 % 4)


def expected_sum(c: Matrix, scale: float, a: Matrix, b: Matrix, where: str = "", offset: int = 0) -> Matrix:
    i, j, k = np.ogrid[: c.shape[0], : c.shape[1], : a.shape[1]]
    chosen = eval(where.replace("=", f"= {offset} +"), {"i": i, "j": j, "k": k}) if where else True
    with np.errstate(all="ignore"):
        terms = scale * a[:, None, :] * b.T[None, :, :]
        return c + np.where(chosen, terms, 0).sum(axis=2)


@pytest.fixture(scope="module")
def compiled() -> dict[str, Any]:
    from numba import njit

    found: dict[str, Any] = {}
    for where in runtime.WHERE:
        space: dict[str, Any] = {"products": runtime}
        exec(f"def f(c, s, a, b, d):\n    products.add_where(c, s, a, b, '{where}', d)", space)
        found[where] = njit(error_model="numpy")(space["f"])
    for name in ("add_mirrored", "add_symmetric"):
        space = {"products": runtime}
        exec(f"def f(c, s, a, b, d):\n    products.{name}(c, s, a, b, d)", space)
        found[name] = njit(error_model="numpy")(space["f"])
    found[""] = njit(error_model="numpy")(lambda c, s, a, b, d: runtime.add(c, s, a, b))
    return found


@pytest.mark.parametrize("where", ["", *runtime.WHERE])
def test_sums_of_products(where: str, compiled: dict[str, Any]) -> None:
    """Shapes around the threshold and the size of a block, strides of any kind, numbers that are not finite."""
    shapes = [(3, 4, 2), (17, 13, 19), (0, 3, 4), (3, 4, 0), (100, 20, 130), (130, 120, 9), (20, 130, 100)]
    for layout, ((n, m, p), offset, special) in enumerate(itertools.product(shapes, (0, -3, 40), (False, True))):
        c, a, b = matrices(n, m, p, layout)
        scale = 0.0 if layout % 7 == 6 else -1.5
        if special and a.size and b.size:
            a[n // 2, p // 3], b[p // 2, m // 3] = np.nan, np.inf
        expected = expected_sum(c, scale, a, b, where, offset if where else 0)
        if n * m * p < 2000:
            plain = copy.deepcopy(c)
            with np.errstate(all="ignore"):
                runtime.add_where(plain, scale, a, b, where, offset) if where else runtime.add(plain, scale, a, b)
            np.testing.assert_allclose(plain, expected, rtol=1e-12)
        compiled[where](c, scale, a, b, offset)
        np.testing.assert_allclose(c, expected, rtol=1e-11)


@pytest.mark.parametrize("name", ["add_mirrored", "add_symmetric"])
def test_sums_of_two_triangles(name: str, compiled: dict[str, Any]) -> None:
    for layout, (size, offset, special) in enumerate(itertools.product((0, 3, 40, 110), (0, -1, 5), (False, True))):
        n, m, p = (size, 23, size) if name == "add_mirrored" else (size, size, 19)
        c, a, b = matrices(n, m, p, layout)
        if special and a.size and b.size:
            a[n // 2, p // 3], b[p // 2, m // 3] = np.nan, np.inf
        if name == "add_mirrored":
            half = expected_sum(c, 1.5, a, b, "k <= i", offset)
            expected = expected_sum(half, 1.5, a.T, b, "k >= i", -offset)
        else:
            half = expected_sum(c, 1.5, a, b, "j <= i", offset)
            expected = expected_sum(half, 1.5, b.T, a.T, "j <= i", offset)
        plain = copy.deepcopy(c)
        with np.errstate(all="ignore"):
            getattr(runtime, name)(plain, 1.5, a, b, offset)
        np.testing.assert_allclose(plain, expected, rtol=1e-12)
        compiled[name](c, 1.5, a, b, offset)
        np.testing.assert_allclose(c, expected, rtol=1e-11)


def test_operands_are_read_before_the_target_changes(compiled: dict[str, Any]) -> None:
    for size in (5, 40):
        x = np.random.default_rng(1).random((2 * size, size))
        expected = expected_sum(x[:size], 2.0, x[1 : size + 1], x[size:])
        compiled[""](x[:size], 2.0, x[1 : size + 1], x[size:], 0)
        np.testing.assert_allclose(x[:size], expected, rtol=1e-12)


def test_single_precision_and_mixed_types(compiled: dict[str, Any]) -> None:
    c, a, b = matrices(30, 20, 25, 0, np.float32)
    expected = expected_sum(c.astype(float), 2.0, a, b, "k <= i", 1)
    compiled["k <= i"](c, 2.0, a, b, 1)
    np.testing.assert_allclose(c, expected, rtol=1e-5)
    c, a, b = matrices(6, 7, 5, 0)
    expected = expected_sum(c, 2.0, a.astype(np.float32), b)
    compiled[""](c, 2.0, a.astype(np.float32), b, 0)
    np.testing.assert_allclose(c, expected, rtol=1e-6)


def test_loops_beyond_the_ends_of_all_arrays_raise() -> None:
    before, after = before_and_after(RECOGNISED["gemm"][0])
    args = (*arguments(9, 11)[:-2], 20, 20)
    assert isinstance(outcome(load(before), args), IndexError)
    assert isinstance(outcome(load(after), args), IndexError)


def test_shapes_that_do_not_belong_together_raise(compiled: dict[str, Any]) -> None:
    c, a, b = matrices(4, 5, 6, 0)
    for add in (compiled[""], lambda c, s, a, b, d: runtime.add(c, s, a, b)):
        with pytest.raises(IndexError):
            add(c, 1.0, a[:3], b, 0)
        add(c, 1.0, a[:3], b[:, :0], 0)  # no iteration, nothing wrong


# ---- whole gradients ----


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


# ---- linear inequalities ----


def test_emptiness_against_counting() -> None:
    rng = np.random.default_rng(0)
    proven = 0
    for _ in range(150):
        forms = [Dim(int(rng.integers(-4, 5)), _terms(rng)) for _ in range(rng.integers(1, 6))]
        rows, zero = forms[1:], forms[: rng.integers(0, 2)]
        box = [symbol(u) * sign + 3 for u in "xyz" for sign in (1, -1)]
        points = [dict(zip("xyz", p)) for p in itertools.product(range(-3, 4), repeat=3)]
        some = any(all(r.value(p) >= 0 for r in rows) and all(r.value(p) == 0 for r in zero) for p in points)
        if is_empty([*rows, *box], zero):
            assert not some
            proven += 1
    assert proven > 30


def _terms(rng: np.random.Generator) -> tuple[tuple[str, int], ...]:
    return tuple((u, int(c)) for u, c in zip("xyz", rng.integers(-2, 3, 3)) if c)


def test_unknowns_by_their_forms() -> None:
    forms = [symbol("x") + symbol("z"), symbol("y"), symbol("z") - symbol("y")]
    values = solved(forms, "xyz", "pqr")
    assert values is not None
    assert [str(v) for v in values] == ["p - q - r", "q", "q + r"]
    assert solved([symbol("x") * 2, symbol("y"), symbol("z")], "xyz", "pqr") is None
