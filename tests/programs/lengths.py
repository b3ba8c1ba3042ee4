"""Lengths and shapes that change while the model runs, beside derivatives that need them."""

import numpy as np

from tests.programs.registry import program


def _args(rng):
    return rng.uniform(0.3, 0.9, size=3), rng.uniform(0.5, 1.0)


@program(args=_args, argnums=(0, 1))
def mean_of_what_grows(x, s):
    items = []
    t = 0.0
    for i in range(3):
        items.append(x * s)
        t += np.sum(items[-1]) ** 2 / len(items)
    return t


@program(args=_args, argnums=(0, 1))
def length_beside_what_does_not_grow(x, s):
    items = []
    t = 0.0
    for i in range(3):
        items.append(x * s)
        t += np.sum(x) ** 2 * len(items)
    return t


@program(args=_args, argnums=(0, 1))
def length_of_a_list_of_constants(x, s):
    items = [1.0]
    t = 0.0
    for i in range(3):
        items.append(2.0)
        t += np.sum(x) ** 2 * len(items) * s
    return t


@program(args=_args, argnums=(0, 1))
def length_of_a_list_that_shrinks(x, s):
    items = [x[0], x[1], s]
    t = 0.0
    for i in range(len(x)):
        items.append(x[i])
    while len(items) > 2:
        v = items.pop()
        t += v * v * len(items) * s
    return t


@program(args=_args, argnums=(0, 1))
def loop_over_a_list_that_grows_around_it(x, s):
    items = [x[0]]
    t = 1.0
    for i in range(3):
        for k in range(len(items)):
            t = t * (1 + 0.1 * s * items[k])
        items.append(t)
    return t


@program(args=_args, argnums=(0, 1))
def length_that_grows_on_one_path(x, s):
    items = []
    t = s
    for i in range(4):
        if i % 2 == 0:
            items.append(x[1])
        t = t * x[0] + len(items) * t * t * 0.1
    return t


@program(args=_args, argnums=(0, 1))
def index_by_a_length(x, s):
    items = []
    t = s
    for i in range(4):
        items.append(i)
        k = len(items) % 3
        t = t * x[k] + x[len(items) % 2]
    return t


@program(args=_args, argnums=(0, 1))
def array_as_long_as_a_list(x, s):
    items = []
    t = s
    for i in range(4):
        items.append(x[0])
        t = np.sin(t * x[len(items) - 2])
        y = np.zeros(len(items)) + t
        t = np.sum(y * y)
    return t


@program(args=_args, argnums=(0, 1))
def branch_by_a_length(x, s):
    items = [s]
    t = s
    for i in range(3):
        items.append(x[i])
        if len(items) > 2:
            t = t * s * 2.0
        else:
            t = t * x[0]
        items.append(t)
        t = t + items[-2] * items[len(items) - 3]
    return t


@program(args=_args, argnums=(0, 1))
def sums_of_a_list_that_grows(x, s):
    items = [s]
    t = 0.0
    for i in range(3):
        items.append(x[i] * s)
        t += sum(items) / len(items)
        t += np.mean(np.array(items)) ** 2
    return t


@program(args=_args, argnums=(0, 1))
def queue_until_it_is_empty(x, s):
    q = [s]
    t = 0.0
    n = 0
    while q:
        v = q.pop()
        t += v * v * x[0] * (len(q) + 1)
        n += 1
        if n < 4:
            q.append(v * 0.5)
            q.append(v * x[1])
    return t


@program(args=_args, argnums=(0, 1))
def list_that_a_callee_extends(x, s):
    def inner(l, v):
        l.append(v)
        return v * len(l)

    l = []
    t = s
    for i in range(3):
        t = t + inner(l, t * x[i])
    return t * t


@program(args=_args, argnums=(0, 1))
def array_that_is_appended_to(x, s):
    y = x
    t = s
    for i in range(3):
        y = np.append(y, t)
        t = t * len(y) * 0.1 + y[-1] * y.size
    return t


@program(args=_args, argnums=(0, 1))
def array_that_loses_elements(x, s):
    y = x
    t = s
    for i in range(3):
        t = t * t * y.shape[0] + y[0]
        y = y[1:] if i < 2 else y
    return t


@program(args=_args, argnums=(0, 1))
def rows_appended_from_rows(x, s):
    rows = [(x * i, s * i) for i in range(x.shape[0])]
    a, b = rows[1]
    rows.append((a * b, b))
    return np.sum(rows[-1][0])


@program(args=_args, argnums=(0, 1))
def sum_of_sums_of_a_square(x, s):
    """The generator's loop and that of the inner sum count by one variable."""
    n = x.shape[0]
    grid = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            grid[i][j] = x[i] * s + (grid[i - 1][j] if i else 0.0) * x[j]
    return sum(sum(r) for r in grid) * grid[0][n - 1]


@program(args=lambda rng: (rng.normal(size=5), rng.normal(size=5)), argnums=(0, 1))
def two_shapes_in_one_iteration(a, b):
    c, s = a * b, 0.0
    for _ in range(2):
        c = a[1:4] * 2.0
        s += c[0] * b[1]
        c = a * 3.0
    return np.sum(c * b) + s


@program(args=lambda rng: (rng.normal(size=5), rng.normal(size=5)), argnums=(0, 1))
def another_shape_that_nobody_reads(a, b):
    c, k = a * b, 0
    while k < 2:
        c = a[1:4]
        k += 1
        c = np.copy(a)
    return np.sum(c * b)
