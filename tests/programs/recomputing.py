"""Values of an iteration that could be computed again in reverse, and those that could not: what they read changes."""

import numpy as np

from tests.programs.registry import program


def two(rng):
    return rng.normal(size=6), rng.normal(size=6)


def matrix(rng):
    return rng.normal(size=(4, 3)), rng.normal(size=3)


@program(two, (0, 1))
def element_read_again(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        w = v * 2.0 - x[k]
        s += w * w * v
    return s


@program(two, (0, 1))
def element_written_after_it_was_read(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        s += x[k] * v * v
        y[k] = s * v
    return s + np.sum(y * y)


@program(two, (0, 1))
def element_of_a_view_written_in_the_loop(x, y):
    view = y[1:]
    s = 0.0
    for k in range(len(x) - 1):
        v = y[k + 1]
        s += x[k] * v * v
        view[k] = v * s
    return s * y[3]


@program(two, (0, 1))
def array_overwritten_after_the_loop(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        s += x[k] * v * v
    y[:] = s * x
    return np.sum(y * y)


@program(two, (0, 1))
def array_name_bound_anew_after_the_loop(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        s += x[k] * v * v
    y = x * s
    return np.sum(y * y)


@program(two, (0, 1))
def array_name_bound_anew_in_the_loop(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        s += x[k] * v * v
        y = y * np.cos(s)
    return s


@program(two, (0, 1))
def number_changed_after_it_was_read(x, y):
    s, a = 0.0, 1.0
    for k in range(len(x)):
        v = a * y[k]
        s += x[k] * v * v
        a = a + 0.1 * s
    return s * a


@program(two, (0, 1))
def number_set_twice(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        s += x[k] * v * v
        v = v * x[k]
        s += v * v * v
    return s


@program(two, (0, 1))
def number_set_in_a_branch_too(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        if v > 0.0:
            v = x[k]
        s += x[k] * v * v
    return s


@program(two, (0, 1))
def within_a_branch(x, y):
    s = 0.0
    for k in range(len(x)):
        if y[k] > 0.0:
            v = y[k]
            s += v * v * x[k]
        else:
            w = x[k] - y[k]
            s += w * w
    return s


@program(matrix, (0, 1))
def rows_read_again(a, b):
    s = 0.0
    for row in a:
        d = row - b
        s += d @ d * np.sum(d)
    return s


@program(matrix, (0, 1))
def rows_written_while_they_are_read(a, b):
    s = 0.0
    for i in range(a.shape[0]):
        row = a[i]
        s += row @ b
        row *= b * s
        s += np.sum(row * row)
    return s


@program(matrix, (0, 1))
def counters_of_several_loops(a, b):
    s = 0.0
    for i in range(a.shape[0]):
        n = a.shape[1] - i % 2
        for j in range(n):
            k = (i + j) % a.shape[1]
            v = a[i, k] * b[j]
            s += v * v * v
    return s


@program(lambda rng: (rng.normal(size=6), np.array([3, 0, 3, 5, 1, 2])))
def elements_by_a_table(x, order):
    s = 0.0
    for k in range(len(order)):
        j = order[k]
        v = x[j]
        s += v * v * (k + 1.0)
    return s


@program(two, (0, 1))
def counter_of_a_while_loop(x, y):
    s, k = 0.0, 0
    while k < len(x):
        v = y[k]
        k += 1
        s += v * v * x[k - 1]
    return s


@program(two, (0, 1))
def used_after_the_loop(x, y):
    s = 0.0
    v = 1.0
    for k in range(len(x)):
        v = y[k]
        s += x[k] * v * v
    return s * v


@program(two, (0, 1))
def read_by_a_function_that_writes(x, y):
    def shift(z, k, by):
        z[k] = z[k] + by

    s = 0.0
    for k in range(len(x)):
        v = y[k]
        s += x[k] * v * v
        shift(y, k, s)
    return s * y[2]


@program(two, (0, 1))
def one_counter_for_two_loops(x, y):
    s = 0.0
    for k in range(3):
        v = y[k]
        for k in range(2, 5):  # noqa: B020, PLW2901
            s += v * v * x[k]
        w = y[k] * v
        s += w * w
    return s


@program(lambda rng: (rng.normal(size=(2, 3)), rng.normal(size=(5, 2))), (0, 1))
def view_of_a_value_named_on_the_way(a, x):
    h = np.zeros((2, 3))
    for t in range(5):
        step = np.log1p(np.exp(x[t]))[:, None]
        h = np.exp(-step * a) * h + step * np.sin(h)
        h = h + step * a
    return np.sum(h * h)


def pairs(rng):
    return rng.normal(size=(4, 2)), rng.normal(size=(4, 2)), 3


@program(pairs, (0, 1))
def positions_of_a_step_around(x, v, steps):
    for _ in range(steps):
        for i in range(4):
            for j in range(i):
                d = x[i, 0] - x[j, 0]
                e = x[i, 1] - x[j, 1]
                r = 0.3 / (d * d + e * e + 1.0)
                v[i, 0] -= d * r
                v[j, 1] += e * r
        x += 0.1 * v
    return np.sum(x * x)


@program(pairs, (0, 1))
def position_written_between_the_inner_loops(x, v, steps):
    for t in range(steps):
        for i in range(4):
            for j in range(2):
                d = x[i, j] * v[j, 1]
                e = x[i, 0] - d
                v[i, 0] += d * e * e
            x[i] = x[i] * x[i] * 0.3
    return np.sum(x * v)


@program(pairs, (0, 1))
def position_written_in_the_iteration(x, v, steps):
    for t in range(steps):
        for i in range(4):
            for j in range(2):
                d = x[i, j] * v[j, 1]
                e = x[i, 0] - d
                x[i, j] = d * e * e * 0.5
    return np.sum(x * v)


@program(pairs, (0, 1))
def position_with_a_second_name(x, v, steps):
    first = x[:, 0]
    for t in range(steps):
        for i in range(4):
            for j in range(2):
                d = x[i, j] * v[j, 1]
                e = d - x[j, 0]
                v[i, 0] += d * e * e
        first *= 0.7 * v[:, 1]
    return np.sum(x * v)


@program(pairs, (0, 1))
def number_of_the_loop_around(x, v, steps):
    scale, shift = 1.0, 0.5
    for t in range(steps):
        for i in range(4):
            for j in range(2):
                d = x[i, j] * scale
                e = d - shift
                v[i, 0] += d * d * e
        scale = scale * v[0, 0] * 0.1
        shift += scale
    return np.sum(x * v) + scale


@program(pairs, (0, 1))
def array_given_anew_by_the_loop_around(x, v, steps):
    y = x * 2.0
    for t in range(steps):
        for i in range(4):
            for j in range(2):
                d = y[i, j] * v[j, 1]
                e = d - y[i, 0]
                v[i, 0] += d * e * e
        y = y * v[1] * 0.1 if t < 1 else y - v
    return np.sum(y * v)


@program(pairs, (0, 1))
def position_overwritten_in_a_branch_behind(x, v, steps):
    for t in range(steps):
        for i in range(4):
            if v[i, 0] > 0.0:
                d = x[i, 0] * x[i, 1]
                e = d - x[0, 0]
                v[i, 1] += d * e * e
            else:
                x[i, 0] = x[i, 0] * v[i, 1]
        while x[0, 1] > 1e-3:
            x[0, 1] = x[0, 1] * 0.1
        x[:, 1] *= v[:, 0]
    return np.sum(x * v)


@program(lambda rng: (rng.normal(size=5), 1.2))
def changed_in_the_other_branch(x, b):
    s = 0.0
    for i in range(len(x)):
        v = b * x[i]
        s = s + v * v
        if i > 2:
            s = s * 1.1
        else:
            b = b * 1.5
    return s
