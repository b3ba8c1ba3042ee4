"""Callees: that write into their arguments, return views, recurse, close over values, or are passed as values."""

import functools
import math

import numpy as np

from tests.programs.registry import program

RATE = 0.3
TABLE = np.array([0.5, 1.5, -0.7])


def _scale_into(y, factor):
    for i in range(len(y)):
        y[i] *= factor


def _add_outer(m, x):
    m += np.outer(x, x)


def _middle(y):
    return y[1:-1]


def _step(u, v, k):
    v[1:-1] = u[1:-1] + k * (u[2:] - u[:-2])
    return v


def _soft(x, width=1.0, *, shift=0.0):
    return math.log1p(math.exp((x - shift) / width)) * width


@program(args=lambda rng: (rng.normal(size=4), 1.5), argnums=(0, 1))
def callee_scales_its_argument(x, s):
    y = x * x
    _scale_into(y, s)
    _scale_into(y, y[0])
    return np.sum(y)


@program(args=lambda rng: (rng.normal(size=4), 1.5), argnums=(0, 1))
def callee_scales_the_callers_parameter(x, s):
    _scale_into(x, s)
    return np.sum(x * x)


@program(args=lambda rng: (rng.normal(size=6), 1.5), argnums=(0, 1))
def callee_scales_a_view(x, s):
    y = x + 1.0
    _scale_into(y[::2], s)
    _scale_into(y[1:3], y[0])
    return np.sum(y**2)


@program(args=lambda rng: (rng.normal(size=(3, 3)),), argnums=0)
def callee_adds_to_each_row_product(a):
    m = np.zeros((3, 3))
    for row in a:
        _add_outer(m, row)
    return np.sum(m * m)


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def callee_returns_a_view(x):
    y = x.copy()
    inner = _middle(y)
    inner *= x[0]
    _middle(inner)[0] = 2.0
    return np.sum(y * y)


@program(args=lambda rng: (rng.normal(size=6), 0.2, 4), argnums=(0, 1))
def callee_fills_and_returns_its_argument(x, k, steps):
    u = x.copy()
    v = x.copy()
    for _ in range(steps):
        w = _step(u, v, k)
        u, v = w, u
    return np.sum(u * u)


@program(args=lambda rng: (0.7, 1.3), argnums=(0, 1))
def defaults_and_keywords(a, b):
    return _soft(a) + _soft(a, b) * _soft(b, shift=a) + _soft(width=b, x=a, shift=0.1)


@program(args=lambda rng: (0.7, 1.3, 0.4), argnums=(0, 1, 2))
def starred_arguments(a, b, c):
    def norm(*values, power=2.0):
        total = 0.0
        for v in values:
            total += abs(v) ** power
        return total ** (1.0 / power)

    pair = (a, b)
    options = {"power": 3.0}
    return norm(*pair, c) + norm(c, *pair, **options)


@program(args=lambda rng: (1.2, 5), argnums=0)
def recursion_on_a_number(x, n):
    def legendre(k):
        if k == 0:
            return 1.0
        if k == 1:
            return x
        return ((2.0 * k - 1.0) * x * legendre(k - 1) - (k - 1.0) * legendre(k - 2)) / k

    return legendre(n)


def _tree_sum(x, lo, hi):
    if hi - lo == 1:
        return x[lo] ** 2
    mid = (lo + hi) // 2
    return _tree_sum(x, lo, mid) * 0.5 + np.sin(_tree_sum(x, mid, hi))


@program(args=lambda rng: (rng.normal(size=7),), argnums=0)
def recursion_over_halves(x):
    return _tree_sum(x, 0, len(x))


def _quicksort(x, lo, hi):
    if hi <= lo:
        return
    pivot = x[hi]
    k = lo
    for i in range(lo, hi):
        if x[i] < pivot:
            x[i], x[k] = x[k], x[i]
            k += 1
    x[k], x[hi] = x[hi], x[k]
    _quicksort(x, lo, k - 1)
    _quicksort(x, k + 1, hi)


@program(args=lambda rng: (rng.normal(size=7),), argnums=0)
def recursion_that_writes(x):
    y = x.copy()
    _quicksort(y, 0, len(y) - 1)
    return np.sum(y * np.arange(7.0))


def _power(x, n):
    return 1.0 if n == 0 else (_power(x * x, n // 2) * (x if n % 2 else 1.0))


@program(args=lambda rng: (1.1, 13), argnums=0)
def recursion_by_squaring(x, n):
    return _power(x, n)


@program(args=lambda rng: (rng.normal(size=3), 2.0), argnums=(0, 1))
def closure_reads_outer_names(x, s):
    def f(t):
        return s * t * t + x[0]

    total = f(x[1])
    s = s + 1.0
    return total * f(x[2])


@program(args=lambda rng: (1.5,), argnums=0)
def closure_with_nonlocal(x):
    count = 0.0

    def bump(by):
        nonlocal count
        count = count * x + by

    bump(1.0)
    bump(x)
    bump(x * x)
    return count


def _euler(f, y, h, n):
    for k in range(n):
        y = y + h * f(k * h, y)
    return y


@program(args=lambda rng: (1.4, 0.6), argnums=(0, 1))
def function_valued_argument(y0, rate):
    decay = _euler(lambda t, y: -rate * y, y0, 0.1, 8)
    growth = _euler(lambda t, y: rate * y * (1.0 - y) + t, y0, 0.1, 8)
    return decay * growth


@program(args=lambda rng: (rng.normal(size=4),), argnums=0)
def functions_in_a_tuple(x):
    total = 0.0
    for f in (np.sin, np.cosh, lambda t: t**3):
        total += np.sum(f(x))
    return total


@program(args=lambda rng: (0.8, 1.2), argnums=(0, 1))
def partial_and_reduce(a, b):
    wide = functools.partial(_soft, width=2.0)
    return functools.reduce(lambda p, q: p * q + 1.0, [wide(a), wide(b), a * b])


@program(args=lambda rng: (rng.normal(size=3),), argnums=0)
def globals_are_read(x):
    return np.sum(x * TABLE) ** 2 * RATE + x[0] ** 2


@program(args=lambda rng: (1.7,), argnums=0)
def function_that_returns_a_function(x):
    def power(n):
        return lambda t: t**n

    square, cube = power(2), power(3)
    return square(x) + cube(x) * square(2.0 * x)


@program(args=lambda rng: (0.9, 1.8), argnums=(0, 1))
def several_return_values(a, b):
    def polar(x, y):
        return math.sqrt(x * x + y * y), math.atan2(y, x)

    r, phi = polar(a, b)
    return r * math.sin(2.0 * phi) + polar(b, a)[1]


def _first_above(x, limit):
    for v in x:
        if v > limit:
            return v * v
    return limit


@program(args=lambda rng: (rng.normal(size=6), 0.2), argnums=(0, 1))
def early_return_from_a_loop_in_a_callee(x, limit):
    return _first_above(x, limit) + _first_above(-x, limit) * _first_above(x, 50.0)


class Oscillator:
    """A model with parameters as attributes and its right-hand side as a method."""

    def __init__(self, stiffness, damping):
        self.stiffness = stiffness
        self.damping = damping

    def force(self, x, v):
        return -self.stiffness * x - self.damping * v

    def energy_after(self, x, v):
        for _ in range(5):
            v = v + 0.1 * self.force(x, v)
            x = x + 0.1 * v
        return 0.5 * v * v + 0.5 * self.stiffness * x * x

    def __call__(self, x):
        return self.energy_after(x, x * x)


program(args=lambda rng: (1.0, 0.3), argnums=(0, 1), name="bound_method")(Oscillator(2.0, 0.4).energy_after)
program(args=lambda rng: (1.2,), argnums=0, name="callable_object")(Oscillator(1.5, 0.2))
program(args=lambda rng: (0.8,), argnums=0, name="partial_object")(functools.partial(_soft, width=0.5))
program(args=lambda rng: (0.8, 1.1), argnums=(0, 1), name="plain_lambda")(lambda x, y: x * np.exp(-y) + y**x)


def _logged(f):
    @functools.wraps(f)
    def wrapper(*args, **kwargs):
        return 2.0 * f(*args, **kwargs)

    return wrapper


@program(args=lambda rng: (0.8, 1.1), argnums=(0, 1))
@_logged
def wrapped_by_a_decorator(x, y):
    return x * np.exp(-y)


@program(lambda rng: (rng.uniform(0.5, 3.0, size=6),))
def nested_function_with_a_break(x):
    def total_until(values, bound):
        total = 0.0
        for value in values:
            if value > bound:
                break
            total += value
        return total

    return total_until(x, 2.0) * total_until(x, 1.5)


@program(lambda rng: (rng.uniform(0.5, 3.0, size=6),))
def nested_function_that_fills_until(x):
    def fill(values, out):
        for k in range(len(values)):
            if values[k] > 1.5:
                return
            out[k] = values[k] ** 2

    out = np.zeros(6)
    fill(x[::-1], out)
    fill(x, out)
    return np.sum(out) + x[0]


ROW_SUMS = functools.partial(np.sum, axis=1, keepdims=True)


@program(args=lambda rng: (rng.uniform(0.5, 1.5, size=(2, 3)),), argnums=0)
def partials_of_library_functions(a):
    columns = functools.partial(np.mean, axis=0)
    twice = functools.partial(np.multiply, 2.0)
    doubled = sum([twice(row) for row in a])
    return np.sum(ROW_SUMS(a) * a) + np.sum(columns(a) * doubled**2)
