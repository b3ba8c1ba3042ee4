"""Lists of unknown length whose items are written, and lists of lists."""

import numpy as np

from srcad import grad
from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=5),)


@program(vector)
def items_written_in_a_loop(x):
    n = len(x)
    v = [0.0] * n
    for k in range(n):
        v[k] = x[k] * (v[k - 1] + 1.0)
    return v[0] * v[n - 1] + sum(v)


@program(vector)
def items_overwritten_many_times(x):
    v = [t * 2.0 for t in x]
    for sweep in range(3):
        for k in range(1, len(v)):
            v[k] = np.sin(v[k - 1]) * v[k]
            v[k - 1] += v[k] * x[0]
    return v[2] * v[-1]


@program(vector)
def items_swapped(x):
    v = [t * t for t in x]
    for i in range(len(v)):
        for j in range(len(v) - 1):
            if v[j] > v[j + 1]:
                v[j], v[j + 1] = v[j + 1], v[j]
    s = 0.0
    for k, t in enumerate(v):
        s += t * (k + 1.0)
    return s


@program(vector)
def second_name_of_a_list(x):
    v = [t * 2.0 for t in x]
    w = v
    w[1] = v[0] * x[1]
    v[0] = w[1] * w[0]
    return v[0] * w[1] + len(w)


@program(vector)
def copy_of_a_list(x):
    v = [t * 2.0 for t in x]
    w = v.copy()
    w[1] = v[0] * x[1]
    v[0] = w[1] * w[0]
    return v[0] * w[1] + v[1] * w[0]


@program(vector)
def list_written_and_grown(x):
    v = [x[0]]
    for k in range(1, len(x)):
        v.append(v[-1] * x[k])
        v[0] = v[0] + v[-1]
        if k % 2 == 0:
            last = v.pop()
            v[-1] = v[-1] * last
    return v[0] * v[-1]


def _double(v):
    for k in range(len(v)):
        v[k] = v[k] * 2.0
    v[0] += v[1]


@program(vector)
def list_written_by_a_callee(x):
    v = [t * t for t in x]
    _double(v)
    return v[0] * v[1] + v[2]


@program(vector)
def counts_in_a_list(x):
    counts = [0] * len(x)
    s = 0.0
    for k in range(len(x)):
        counts[k % 2] += 1
        s += x[k] * counts[k % 2]
    return s * counts[0]


@program(vector)
def integers_become_floats(x):
    v = [0] * len(x)
    for k in range(len(x)):
        v[k] = v[k - 1] + x[k] ** 2
    return v[-1] * v[1]


@program(vector)
def table_of_zeros(x):
    n = len(x)
    t = [[0.0] * n for _ in range(n)]
    for i in range(n):
        for j in range(n):
            t[i][j] = x[i] * x[j] + (t[i - 1][j] if i > 0 else 1.0)
    s = 0.0
    for row in t:
        for v in row:
            s += v * v
    return s


@program(vector)
def table_of_expressions(x):
    n = len(x)
    t = [[x[i] * x[j] + i for j in range(n)] for i in range(n - 1)]
    t[1][2] = t[0][0] * t[2][1]
    t[0][0] += t[1][2]
    return t[0][0] * t[1][2] * len(t) + len(t[0])


@program(vector)
def row_is_a_second_name(x):
    n = len(x)
    t = [[0.0] * n for _ in range(3)]
    for i in range(3):
        row = t[i]
        for j in range(n):
            row[j] = x[j] * (i + 1.0)
        row[0] = t[i][1] * row[2]
    s = 0.0
    for i in range(3):
        s += t[i][0] * sum(t[i]) + max(t[i])
    return s


@program(vector)
def row_outlives_its_index(x):
    n = len(x)
    t = [[0.0] * n for _ in range(3)]
    i = 0
    row = t[i]
    i = i + 1
    row[1] = x[0] * x[1]
    t[i][1] = row[1] * x[2]
    return t[0][1] * t[1][1]


@program(vector)
def slice_of_a_row_is_a_copy(x):
    n = len(x)
    t = [[v * k for k in range(n)] for v in x]
    part = t[1][1:4]
    part[0] = part[1] * 3.0
    t[1][2] = x[0]
    return sum(part) * t[1][1] + t[1][2]


@program(vector)
def table_as_an_array(x):
    n = len(x)
    t = [[v + k for k in range(n)] for v in x]
    a = np.array(t)
    t[0][0] = x[3] * x[4]
    a[1, 1] = 7.0 * x[0]
    return np.sum(a * a) * t[0][0] * t[1][1]


@program(vector)
def edit_distance_like(x):
    n = len(x)
    d = [[0.0] * (n + 1) for _ in range(n + 1)]
    for i in range(1, n + 1):
        d[i][0] = d[i - 1][0] + x[i - 1] ** 2
        d[0][i] = d[0][i - 1] + 1.5 * x[i - 1] ** 2
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            cost = (x[i - 1] - x[j - 1] * 0.9) ** 2
            d[i][j] = min(d[i - 1][j] + 0.3, d[i][j - 1] + 0.2 * x[j - 1] ** 2, d[i - 1][j - 1] + cost)
    return d[n][n]


@program(lambda rng: (rng.normal(size=5), 0))
def empty_table(x, n):
    t = [[0.0] * n for _ in range(n)]
    for i in range(n):
        t[i][i] = x[i]
    return x[0] * x[0] + len(t)


@program(lambda rng: (rng.normal(size=5), 3))
def table_of_three_levels(x, n):
    t = [[[x[i] * x[j] * k for k in range(2)] for j in range(n)] for i in range(n)]
    t[1][2][1] = t[0][1][1] * t[2][2][1]
    return t[1][2][1] * t[1][1][1]


@program(lambda rng: (rng.normal(size=5), 3))
def table_made_in_every_iteration(x, n):
    s = 0.0
    for k in range(n):
        t = [[x[k]] * 2 for _ in range(n)]
        u = [[0.0] * n for _ in range(n)]
        u[k][0] = x[k] * s
        t[0][1] = u[k][0] + x[0]
        s += t[0][0] * t[0][1] + u[k][0]
    return s


@program(lambda rng: (rng.normal(size=5), 3))
def pairs_in_a_table(x, n):
    t = [[x[i], x[i] * x[i + 1]] for i in range(n)]
    t[0][1] += t[1][0]
    s = 0.0
    for a, b in t:
        s += a * b
    return s


@program(lambda rng: (rng.normal(size=5), 7), raises=IndexError)
def index_outside_of_a_table(x, n):
    t = [[0.0] * 3 for _ in range(n)]
    t[n][0] = x[0]
    return t[0][0]


@program(args=lambda rng: (rng.normal(size=5), rng.normal()), argnums=1)
def items_larger_than_their_tangents(u, s):
    """Only s is differentiated, and is broadcast to the items' shape."""
    items = [u + s]
    pair = [np.array([s]) + u, u]
    for i in range(3):
        items.append(np.array([s]) + u * i)
        items.append(np.mean(items[0][:1] - u[0], keepdims=True) + u)
    return np.sum(items[1]) + np.sum(items[4]) + np.sum(pair[int(s > 9.0)]) + np.sum(items[2] * items[0])


def _grown(p, q):
    total = 0.0
    for k in range(2):
        items = [p * p, q, q]
        again = items
        for _ in range(3):
            again += [0.7 * p]
        total += again[0] * again[3] + k * again[5]
    return total


@program(args=lambda rng: (rng.normal(size=3),))
def list_with_a_second_name_inside_a_derivative(x):
    slope = grad(_grown, argnums=0, backend="numpy")(x[0], 0.7)
    return slope * x[1] + _grown(x[2], x[0])
