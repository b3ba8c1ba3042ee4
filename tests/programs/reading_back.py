"""Elements whose old values nobody needs, or whose new ones can be read back, and those that only look like it."""

import numpy as np

from tests.programs.registry import program


def system(rng):
    return np.tril(rng.normal(size=(5, 5))) + 4.0 * np.eye(5), rng.normal(size=5)


def two(rng):
    return rng.normal(size=6), 2.0 + rng.random(6)


@program(system, (0, 1))
def solved_from_above(a, b):
    x = np.zeros(5)
    for i in range(5):
        x[i] = (b[i] - np.dot(a[i, :i], x[:i])) / a[i, i]
    return np.sum(x * x)


@program(system, (0, 1))
def solved_from_below(a, b):
    x = b.copy()
    for i in range(4, -1, -1):
        x[i] = (x[i] - np.dot(a[i + 1 :, i], x[i + 1 :])) / a[i, i]
    return np.sum(x * x)


@program(system, (0, 1))
def old_values_of_later_rows_are_read(a, b):
    x = b * b
    for i in range(5):
        x[i] = (b[i] - np.dot(a[:, i], x * x)) / a[i, i]
    return np.sum(x * x)


@program(two, (0, 1))
def last_element_read_before_the_first(x, y):
    for i in range(6):
        x[i] = x[i - 1] * x[i - 1] * y[i]
    return np.sum(x * y)


@program(two, (0, 1))
def slice_from_the_end(x, y):
    for i in range(6):
        s = np.dot(x[-i:], x[-i:])
        x[i] = s * y[i]
    return np.sum(x * y)


@program(two, (0, 1))
def written_again_in_every_step(x, y):
    for _ in range(3):
        for i in range(6):
            x[i] = (x[i] + y[i]) / (y[i] + x[i] * x[i])
    return np.sum(x * x)


@program(two, (0, 1))
def quotient_overwritten_behind_the_loop(x, y):
    z = np.zeros(6)
    for i in range(6):
        z[i] = np.sin(x[i]) / y[i]
    for i in range(6):
        z[i] = z[i] * z[i] + x[i]
    return np.sum(z * z)


@program(two, (0, 1))
def quotient_overwritten_in_the_same_step(x, y):
    z = np.ones(6)
    for i in range(6):
        z[i] = np.sin(x[i]) / y[i]
        z[i] = z[i] * z[i] * z[i]
    return np.sum(z * z)


@program(two, (0, 1))
def named_value_behind_another_write(x, y):
    z = np.ones(6)
    for i in range(6):
        v = np.exp(x[i] * y[i] * 0.1)
        z[i] = y[i] * 3.0
        z[i] = v
        z[0] += z[i] * v
    return np.sum(z * z)


@program(two, (0, 1))
def index_that_moves_on_before_the_write(x, y):
    z = np.zeros(7)
    k = 0
    for i in range(6):
        v = np.exp(x[i] * 0.3)
        k += 1
        z[k] = v
    return np.sum(z[1:] * y)


@program(two, (0, 1))
def counter_read_behind_its_loop(x, y):
    z = x * 1.0
    for t in range(2):
        for i in range(3):
            z[i] = z[i] * z[i] / y[t]
        z[i] = z[i] * z[2] / (y[i] * z[i + 1])
    return np.sum(z)


@program(two, (0, 1))
def divisor_is_the_element_itself(x, y):
    for i in range(6):
        y[i] = x[i] / y[i]
    return np.sum(y * y)


@program(two, (0, 1))
def kept_in_single_precision(x, y):
    z = np.zeros(6, np.float32)
    for i in range(6):
        v = np.float64(np.floor(8.0 * y[i]) * 0.125)
        z[i] = v
        x[i] = x[i] * v * v
    return np.sum(x * y) + np.sum(z)


@program(two, (0, 1))
def every_second_element(x, y):
    for i in range(0, 6, 2):
        x[i] = (x[i + 1] * x[i + 1] + y[i]) / y[i + 1]
    for i in range(1, 6, 2):
        x[i] = x[i - 1] * x[i] / y[i]
    return np.sum(x * x)


@program(two, (0, 1))
def read_by_what_is_computed_again(x, y):
    s = 0.0
    for i in range(6):
        v = x[i] * 2.0
        s += v * v * y[i]
    for i in range(6):
        x[i] = np.sin(y[i]) / y[i]
    return s * np.sum(x)


@program(two, (0, 1))
def tested_in_a_branch(x, y):
    for i in range(5):
        if x[i] > 0.0:
            x[i + 1] = x[i] * y[i] / y[i + 1]
        else:
            x[i] = x[i + 1] * x[i + 1] / y[i]
    return np.sum(x * x)


@program(two, (0, 1))
def until_it_is_small(x, y):
    x[0] = 4.0 + x[0] * 0.1
    while x[0] > 1.0:
        x[0] = x[0] * x[0] / (x[0] * y[0] + 1.0)
    return x[0] * x[1]


@program(two, (0, 1))
def triangle_read_below_what_is_written(x, y):
    a = np.outer(x, y) + np.diag(y)
    for i in range(6):
        for j in range(i, 6):
            a[i, j] = a[i, j] * a[j, i] * a[j, i] / y[j]
    return np.sum(a)


@program(two, (0, 1))
def rows_of_a_recurrence(x, y):
    u = np.zeros((4, 6))
    u[0] = x
    for t in range(1, 4):
        for i in range(1, 6):
            u[t, i] = (u[t - 1, i] * u[t - 1, i - 1] + y[i]) / (1.0 + u[t, i - 1] ** 2)
    return np.sum(u[3] * u[2])


@program(two, (0, 1))
def tested_before_it_is_overwritten(x, y):
    s = 1.0
    for i in range(6):
        if x[i] > 0.0:
            s = s * y[i]
        else:
            s = s + y[i] * y[i]
        x[i] = -np.sin(x[i] * y[i])
    return s + np.sum(x)


@program(two, (0, 1))
def written_under_its_other_name(x, y):
    s = 0.0
    view = x[2:]
    for i in range(4):
        s += view[i] * view[i] * y[i]
        x[i + 2] = y[i]
    return s * np.sum(x)


@program(two, (0, 1))
def named_value_behind_a_write_that_is_undone(x, y):
    z = x * y
    s = 0.0
    for i in range(6):
        v = np.exp(0.3 * x[i])
        s += z[i] * z[i] * y[i]
        z[i] = 3.0 * y[i]
        z[i] = v
    return s + np.sum(z)


@program(two, (0, 1))
def quotient_overwritten_by_what_does_not_read_it(x, y):
    z = np.zeros(6)
    s = 0.0
    for i in range(6):
        z[i] = x[i] * x[i] / y[i]
        s = s + z[i]
    for i in range(6):
        z[i] = x[i]
    return s * s + np.sum(z)


@program(two, (0, 1))
def places_that_an_array_of_indices_holds_no_more(x, y):
    k = np.arange(6)
    z = np.ones(6)
    s = 0.0
    for t in range(3):
        for i in range(6):
            s += z[i] * z[i] * x[i] * y[t]
            z[k[i]] = t + 2.0 + i
            k[i] = (k[i] + i + 1) % 6
    return s


@program(two, (0, 1))
def overwritten_under_another_name(x, y):
    w = x * 1.0
    z = w.ravel() if x[0] > 5.0 else w.reshape(6)
    s = 0.0
    for i in range(5):
        s += z[i] * z[i] * y[i]
    for i in range(6):
        w[i] = 0.5 * i * y[i]
    return np.sum(w) + s


@program(two, (0, 1))
def what_is_computed_again_is_overwritten_behind_the_loop(x, y):
    w = np.cos(np.arange(6.0))
    z = np.zeros(6)
    s = 0.0
    for i in range(6):
        v = w[i] + 1.0
        s += v * x[i] * x[i]
        z[i] = s
    w[2] = 5.0
    return s * np.sum(y * w) + np.sum(z)


@program(two, (0, 1))
def name_of_a_written_value_gets_another_one(x, y):
    z = np.zeros(6)
    s = 0.0
    for i in range(6):
        v = np.exp(x[i])
        z[i] = v
        v = np.sin(v) * y[i]
        s += v * v
    return s + np.sum(z)


@program(two, (0, 1))
def quotient_overwritten_though_nothing_else_reads_it(x, y):
    z = np.zeros(6)
    for i in range(6):
        z[i] = np.sin(x[i]) / y[i]
    s = np.sum(z)
    for i in range(6):
        z[i] = 0.5 * i * x[i]
    return s + np.sum(z)
