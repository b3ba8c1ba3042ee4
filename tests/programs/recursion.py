"""Recursion whose depth is known only at run time: what is written, what is handed on, what is read outside."""

import math

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=7),)


def _sort(x, lo, hi):
    if hi <= lo:
        return
    pivot = x[hi]
    k = lo
    for i in range(lo, hi):
        if x[i] < pivot:
            x[i], x[k] = x[k], x[i]
            k += 1
    x[k], x[hi] = x[hi], x[k]
    _sort(x, lo, k - 1)
    _sort(x, k + 1, hi)


@program(vector)
def read_before_it_is_sorted(x):
    y = x * x * x
    s = np.sum(np.sin(y) * np.arange(7.0))
    y[2] = y[1] * y[0]
    _sort(y, 0, len(y) - 1)
    t = np.sum(y * y * np.arange(7.0))
    y[0] = y[6] * x[0]
    return s * t + y[0]


@program(vector)
def sorted_twice_in_a_loop(x):
    s = 0.0
    y = x.copy()
    for k in range(3):
        y = y * y - x * k
        s += y[0] * y[3]
        _sort(y, 0, 6 - k)
        s += y[1] * y[2]
        y[1] = y[1] * 0.5
    return s


def _fill(x, y, k):
    if k >= len(x):
        return
    y[k] = np.sin(x[k]) * (y[k - 1] if k > 0 else 1.0)
    _fill(x, y, k + 1)
    y[k] = y[k] * y[k] + x[0]


@program(vector)
def written_before_and_after_the_inner_call(x):
    y = np.ones(len(x))
    _fill(x, y, 0)
    return np.sum(y * x)


@program(lambda rng: (rng.normal(size=7), rng.normal(size=7)), argnums=(0, 1))
def array_filled_by_recursion(x, y):
    z = y * 2.0
    _fill(x, z, 0)
    _fill(z, y, 2)
    return np.sum(y * z)


def _merged(a, b):
    out = np.empty(len(a) + len(b))
    i = 0
    j = 0
    while i + j < len(out):
        if j >= len(b) or (i < len(a) and a[i] <= b[j]):
            out[i + j] = a[i]
            i += 1
        else:
            out[i + j] = b[j]
            j += 1
    return out


def _by_merging(x):
    n = len(x)
    if n < 2:
        return x * 1.0
    m = n // 2
    return _merged(_by_merging(x[:m]), _by_merging(x[m:]))


@program(vector)
def sorted_by_merging(x):
    y = x * x[0]
    z = _by_merging(y)
    y[0] = 5.0
    return np.sum(z * z * np.arange(7.0)) * y[1]


@program(vector)
def sorted_by_merging_while_it_changes(x):
    s = 0.0
    y = x.copy()
    for k in range(3):
        z = _by_merging(y)
        s += np.sum(z * np.arange(7.0)) * s + z[k]
        y[k] = z[3] * y[k]
        y = y * 1.1
    return s


def _halves(f, a, b, tolerance):
    m = 0.5 * (a + b)
    whole = (b - a) * f(m)
    parts = (m - a) * f(0.5 * (a + m)) + (b - m) * f(0.5 * (m + b))
    if abs(whole - parts) < tolerance:
        return parts
    return _halves(f, a, m, 0.5 * tolerance) + _halves(f, m, b, 0.5 * tolerance)


@program(lambda rng: (1.3, 0.4, 2.1), argnums=(0, 1, 2))
def adaptive_midpoint(w, a, b):
    scale = w * w
    return _halves(lambda t: math.exp(-scale * t * t) * t, a, b, 1e-2) * w


@program(vector)
def closure_reads_what_is_outside(x):
    weight = x[0] * x[1]
    y = np.sin(x)

    def total(lo, hi, factor):
        if hi - lo < 2:
            return y[lo] * weight * factor
        m = (lo + hi) // 2
        return total(lo, m, factor * y[m]) + 2.0 * total(m, hi, factor + weight)

    s = total(0, len(x), x[2])
    weight = weight * 3.0
    return s * total(1, 5, 1.0) + weight


def _even(x, k, s):
    if k >= len(x):
        return s
    return _odd(x, k + 1, s * x[k])


def _odd(x, k, s):
    if k >= len(x):
        return s * 2.0
    return _even(x, k + 1, np.sin(s) + x[k])


@program(vector)
def two_that_call_each_other(x):
    return _even(x, 0, x[0]) * _odd(x, 1, 1.0)


def _extremes(x, lo, hi):
    if hi - lo == 1:
        return x[lo], x[lo] * 1.0
    m = (lo + hi) // 2
    a, b = _extremes(x, lo, m)
    c, d = _extremes(x, m, hi)
    return min(a, c), max(b, d)


@program(vector)
def two_values(x):
    low, high = _extremes(x * x, 0, len(x))
    return low * high + np.sum(x)


def _transform(x):
    n = len(x)
    if n == 1:
        return x * 1.0
    even = _transform(x[::2])
    odd = _transform(x[1::2])
    k = np.arange(n // 2)
    turned = np.cos(2.0 * np.pi * k / n) * odd
    return np.concatenate((even + turned, even - turned))


@program(lambda rng: (rng.normal(size=8),))
def like_a_fast_fourier_transform(x):
    y = _transform(x * x)
    return np.sum(y * y * np.arange(8.0))


def _pairs(a, b, k):
    if k == len(a):
        return 0.0
    return a[k] * b[k] * b[0] + _pairs(a, b, k + 1)


@program(vector)
def one_array_twice(x):
    y = np.cos(x)
    return _pairs(y, y, 0) * _pairs(x, y, 0)


@program(lambda rng: (rng.normal(size=7), np.arange(7.0) + 0.5))
def array_without_a_derivative(x, weights):
    return _pairs(x, weights, 0) * _pairs(weights, weights, 0)


def _newton(x, a, tolerance):
    new = 0.5 * (x + a / x)
    if abs(new - x) < tolerance:
        return new
    return _newton(new, a, tolerance)


@program(lambda rng: (2.3, 1.0), argnums=(0,))
def newton_by_recursion(a, start):
    return _newton(start * a, a, 1e-13) * a


def _walk(x, k, trail):
    if k >= len(x) or trail[0] > 50.0:
        return trail[0] * trail[1]
    trail[0] += x[k] ** 2
    trail[1] *= 1.0 + 0.1 * x[k]
    s = 0.0
    while s < abs(x[k]):
        s = s + 0.5
        trail[1] += s * x[k]
    return _walk(x, k + 1, trail) + trail[0] * s


@program(vector)
def state_in_an_array(x):
    trail = np.array([0.0, x[0]])
    y = _walk(x, 0, trail)
    return y * trail[0] + trail[1]


@program(lambda rng: (rng.normal(size=7), 0))
def base_case_at_once(x, n):
    y = x * 2.0
    _sort(y, 0, n)
    return _pairs(y, x, len(x)) + y[0] * y[1]


def _tree(x, k):
    if k >= len(x):
        return 0.0
    left = _tree(x, 2 * k + 1)
    if left > x[k]:
        return left * x[k] + 1.0
    right = _tree(x, 2 * k + 2)
    value = x[k] + left * right
    if value < 0.0:
        value = value * value
    return value


@program(vector)
def early_returns_in_a_tree(x):
    return _tree(x, 0) * _tree(x, 1) + _tree(np.sin(x), 0)


def _rows(a, k):
    if k == a.shape[0]:
        return np.zeros(a.shape[1])
    row = a[k]
    below = _rows(a, k + 1)
    return np.sin(row) + below * row[0]


@program(lambda rng: (rng.normal(size=(4, 3)),))
def row_views_in_a_recursion(a):
    y = _rows(a * 2.0, 0)
    return np.sum(y * y)


@program(vector)
def part_of_an_array_is_sorted(x):
    y = x * x[0]
    _sort(y[1:6], 0, 4)
    s = np.sum(y * np.arange(7.0))
    _sort(y[::2], 0, 3)
    return s * np.sum(y * y * np.arange(7.0))


@program(vector)
def closure_writes_into_an_array_outside(x):
    y = x * 2.0

    def visit(k):
        if k >= len(y):
            return 0.0
        y[k] = y[k] * y[k // 2]
        s = visit(2 * k + 1)
        y[k] += s
        return s + visit(2 * k + 2) + y[k]

    t = visit(0)
    return t * np.sum(y)


@program(lambda rng: (rng.normal(size=7), np.random.default_rng(3)))
def draws_on_the_way_down(x, rng):
    def step(k, s):
        if k == len(x):
            return s
        z = rng.normal(x[k], 0.5)
        return step(k + 1, s + z * s) + z

    return step(0, x[0])


@program(lambda rng: (rng.normal(size=7).astype(np.float32),))
def recursion_in_single_precision(x):
    return _pairs(x, x, 0)


def _checked(x, k):
    if k == len(x):
        return 1.0
    if x[k] > 100.0:
        raise ValueError(f"item {k} is too large")
    return x[k] * _checked(x, k + 1)


@program(lambda rng: (np.array([1.0, 2.0, 300.0]),), backends=("numpy",), raises=ValueError)
def error_in_a_recursion(x):
    return _checked(x, 0)


@program(vector)
def error_that_is_caught(x):
    y = x.copy()
    y[3] = y[3] + 200.0
    try:
        s = _checked(y, 0)
    except ValueError:
        s = y[3] * y[1]
    return s * _checked(x, 2)


WEIGHTS = np.array([0.5, 1.5, -1.0, 2.0, 0.3, 0.7, 1.1])


def _with_a_global(x, k):
    return 0.0 if k < 0 else x[k] ** 2 * WEIGHTS[k] + 0.5 * _with_a_global(x, k - 1)


@program(vector)
def recursion_reads_a_global(x):
    return _with_a_global(x, len(x) - 1)


@program(lambda rng: (1.3, 0.7), argnums=(0, 1))
def count_down_by_floats(x, h):
    def go(t, s):
        if t <= 0.0:
            return s
        return go(t - h, s * t + h)

    return go(x * 3.0, 1.0)


def _transformed(x):
    n = len(x)
    if n == 1:
        return x.astype(complex)
    even, odd = _transformed(x[::2]), _transformed(x[1::2])
    turned = np.exp(-2j * np.pi * np.arange(n // 2) / n) * odd
    return np.concatenate([even + turned, even - turned])


@program(lambda rng: (rng.normal(size=8),))
def complex_values_of_real_numbers(x):
    return np.sum(np.abs(_transformed(x)) ** 2 * np.arange(8.0))


def _rest(x, k):
    return 0.0 if k >= len(x) else x[k] * x[k] + np.sin(_rest(x, k + 1))


def _with_the_rest(x, k):
    return 1.0 if k >= len(x) else _rest(x, k) * x[k] + np.sin(_with_the_rest(x, k + 1))


@program(vector)
def one_inside_another(x):
    return _with_the_rest(x, 0) * x[1]


@program(lambda rng: (rng.uniform(0.5, 1.5, size=(3, 3)),))
def flood_over_a_grid(a):
    seen = np.zeros((3, 3), bool)
    b = a.copy()

    def visit(i, j, w):
        if i < 0 or j < 0 or i > 2 or j > 2 or seen[i, j]:
            return 0.0
        seen[i, j] = True
        b[i, j] *= w
        return b[i, j] + visit(i + 1, j, w * 0.9) + visit(i, j + 1, w * 0.8) + visit(i - 1, j, w) + visit(i, j - 1, w)

    return visit(0, 0, 1.0) * b[2, 2]


def _scaled_by_halves(x, lo, hi, s):
    if hi - lo <= 1:
        x[lo] = x[lo] * x[lo] * s
        return
    mid = (lo + hi) // 2
    _scaled_by_halves(x, lo, mid, s * 0.5)
    _scaled_by_halves(x, mid, hi, s * x[lo])


@program(lambda rng: (rng.normal(size=5), 1.3), (0, 1), fills=("x",))
def halves_that_are_filled(x, s):
    _scaled_by_halves(x, 0, len(x), s)


@program(lambda rng: (rng.normal(size=3), rng.normal(size=3), 1.3, 3), (0, 1, 2), fills=("y",))
def itself_with_a_view_that_is_filled(x, y, s, n):
    if n <= 0:
        y[-1] += s * x[0]
        return
    v = y[:n]
    v[0] = v[0] * s + x[n - 1]
    itself_with_a_view_that_is_filled(x, y, s * v[-1], n - 1)


@program(lambda rng: (rng.normal(size=3), rng.normal(size=3), 5), (0, 1), fills=("x", "y"))
def arguments_that_change_places(x, y, n):
    if n > 0 and n % 2 == 0:
        arguments_that_change_places(y, x, n - 1)
    elif n > 0:
        x[n % 3] = x[0] * y[1]
        arguments_that_change_places(x, y, n - 1)


def _shrunk(x, c):
    if x[0] < 0.2:
        return x[1] * c
    y = x * x * c
    y[1] = x[0]
    return np.sum(x * x * x) + _shrunk(y, c)


@program(lambda rng: (np.array([0.8, 0.5, 0.9]), 0.9), (0, 1))
def arrays_that_each_call_makes(x, c):
    return _shrunk(x, c) * c


def _counted_down(v, n):
    if n <= 0:
        return v
    return _counted_down(0.7, n - 1)


@program(args=lambda rng: (rng.normal(size=3), 0.4), argnums=(0, 1))
def swapped_with_a_constant_result(y, s):
    t = _counted_down(0.7, 0)
    u = np.abs(s)
    for i in range(4, 0, -2):
        u = u + _counted_down(0.7, i)
    for _ in range(1):
        s, t = t, s
    return u * y[0] + t
