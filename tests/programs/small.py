"""One thing each: the smallest programs that show whether a sweep, a record or a tangent is right."""

import numpy as np

from tests.programs.registry import program


def _x(rng):
    return (rng.uniform(0.4, 1.3, 4),)


def _xs(rng):
    return (rng.uniform(0.4, 1.3, 4), 0.7)


def _xy(rng):
    return (rng.uniform(0.4, 1.3, 4), rng.uniform(0.4, 1.3, 4))


def _xw(rng):
    return (rng.uniform(0.4, 1.3, 4), rng.uniform(0.4, 1.3, (3, 4)))


# ---- variables ----


@program(args=_xs, argnums=(0, 1))
def overwritten_variable(x, s):
    a = s * s
    b = a * x[0]
    a = 3.0
    return a * b


@program(args=_xs, argnums=(0, 1))
def variable_of_itself_twice(x, s):
    s = s * x[0] + s
    s = s * s
    return s * x[1]


@program(args=_x, argnums=(0,))
def array_of_parts_of_itself(x):
    x = np.sin(x[1:]) * x[:-1]
    x = x[1:] * x[0]
    return np.sum(x * x)


@program(args=_xy, argnums=(0, 1))
def swapped(x, y):
    x, y = y, x
    x = x * x[0]
    x, y = y, x
    return x[1] * y[2], x @ y


@program(args=_xs, argnums=(0, 1))
def assigned_together(x, s):
    a, b = s, x[0]
    a, b = b * a, a - b
    a, b = b, a * b
    return a * b - b


@program(args=_xs, argnums=(0, 1))
def several_results(x, s):
    return s * x, s * s, x[0] - s


@program(args=_xs, argnums=(0, 1))
def differences_and_quotients(x, s):
    a = x[0] - s
    a -= x[1] * s
    a = -a / x[2] - (x[3] - a)
    a /= s
    return a


# ---- elements and parts ----


@program(args=_xs, argnums=(0, 1))
def overwritten_element(x, s):
    t = x[1] * x[1]
    x[1] = s
    x[2] *= x[1]
    return t * np.sum(x)


@program(args=_xs, argnums=(0, 1))
def element_of_itself(x, s):
    x[1] = x[1] * s + x[1] * x[0]
    x[1] += x[1] * x[1]
    x[0] -= x[0] * x[1] - s
    return x[1] * x[0]


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 4), 1, 1, 2), argnums=(0,))
def places_that_coincide(x, i, j, k):
    x[i] = x[j] * x[k]
    x[j] = 2.0 * x[i] - x[k] * x[i]
    return np.sum(x * x)


@program(args=_xy, argnums=(0, 1))
def part_from_a_shifted_part(x, y):
    x[1:] = x[:-1] * y[1:]
    x[:-1] += x[1:] * x[:-1]
    x[::2] -= x[1::2]
    return x @ y


@program(args=_xs, argnums=(0, 1))
def number_into_a_part(x, s):
    x[1:3] = s
    x[2:] += s * x[0]
    return np.sum(x * x)


@program(args=_xy, argnums=(0, 1))
def repeated_reads(x, y):
    t = x[[0, 0, 2]] * y[1:]
    return np.sum(t * t) + np.sum(x[[1, 1]])


@program(args=_xy, argnums=(0, 1))
def repeated_writes(x, y):
    a = np.zeros(4)
    a[[0, 0, 2]] = x[1:] * y[:3]
    a[[1, 1]] += x[:2]
    return np.sum(a * y)


@program(args=_xy, argnums=(0, 1))
def repeated_sums(x, y):
    np.add.at(x, [0, 0, 2], y[1:] * y[0])
    return x @ x


@program(args=_xy, argnums=(0, 1))
def masked(x, y):
    x[x > 0.8] = y[0]
    x[x < 0.6] *= y[1]
    return np.sum(x * y)


# ---- what is recorded ----


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 5), 3), argnums=(0,))
def counter_of_its_own(x, n):
    j = 0
    s = 1.0
    for _ in range(n):
        j = j + 1
        x[j] = x[j] * x[j - 1] * s
        s = s * x[j]
    return s


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 5), 3), argnums=(0,))
def bounds_that_change(x, n):
    s = 1.0
    for i in range(n):
        n = n - 2
        s = s * x[i] + x[i + 1]
    for i in range(n, 4):
        n = 5
        s = s * x[i]
    return s * n


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 5), 3), argnums=(0,))
def loops_around_loops(x, n):
    s = 1.0
    for i in range(n):
        k = 0
        while s < 3.0 and k < 3:
            s = s * (1.0 + x[k]) + x[i]
            k += 1
        for j in range(i, -1, -1):
            if s > 2.5:
                break
            s = s * x[j] + 0.5
    return s


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 5), 4), argnums=(0,))
def carried_from_one_iteration_to_the_next(x, n):
    a = b = x[0]
    for i in range(n):
        c = a * x[i]
        a = b * b * 0.3
        b = c + a * b * 0.5
    return a * b


@program(args=_xs, argnums=(0, 1))
def test_that_is_another_one_later(x, s):
    if np.sum(x) > s:
        x[0] = -5.0
        y = s * s
    else:
        y = x[1]
    if s * 2.0 > 1.0:
        s = x[2] * s
    return y * s + np.sum(x)


@program(args=_xy, argnums=(0, 1))
def saved_before_it_is_changed(x, y):
    t = np.sin(x)
    u = t * y
    for k in range(3):
        t *= u
        u = u * t[k]
        t[k] = 1.0
    return np.sum(u * t)


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 4), 3), argnums=(0,))
def pushed_and_popped(x, n):
    items = []
    for i in range(n):
        items.append(x[i] * x[i + 1])
    s = items[0]
    for i in range(n - 1):
        s = s * items.pop() + items[0] * x[i]
    return s


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 4), 3), argnums=(0,))
def swapped_in_a_loop(x, n):
    u, v = x * 2.0, np.cos(x)
    for i in range(n):
        v[1:] = u[:-1] * v[1:] + u[i]
        u, v = v, u
    return u @ v


@program(args=_xs, argnums=(0, 1))
def constants_written_under_an_index(x, s):
    c = np.ones(4)
    m = 1
    for k in range(4):
        s = s * c[k] + x[k]
        m = (m + 3) % 4
        c[m] = 2.0 + k
    return s


@program(args=_xs, argnums=(0, 1))
def value_that_its_own_adjoint_reads(x, s):
    y = 1.0
    for i in range(4):
        s = s * y + x[i]
        y = np.exp(-x[i])
    return s * y


# ---- shapes ----


@program(args=_xw, argnums=(0, 1))
def broadcast_rows_and_columns(x, w):
    a = x * w + x[:3][:, None] - w / x
    return np.sum(a * a)


@program(args=_xw, argnums=(0, 1))
def kept_axes(x, w):
    m = np.mean(w, axis=1, keepdims=True)
    a = (w - m) * x / np.sum(w, axis=0, keepdims=True)
    return np.sum(a * a) + np.sum(np.max(w, axis=0) * x)


@program(args=_xs, argnums=(0, 1))
def number_for_every_element(x, s):
    return np.sum(np.ones((3, 4)) * s) * np.sum(x - s) + np.sum((x - s) ** 2)


@program(args=_xs, argnums=(1,))
def tangent_of_a_number_in_an_array(x, s):
    return np.cumsum(x - s)[2] * np.sum(np.concatenate([x - s, x])) + (x - s) @ x + np.sum(np.where(x > 0.8, x, s))


@program(args=_xw, argnums=(0, 1))
def products(x, w):
    h = w @ x
    return h @ w @ x - np.dot(w[0], x) + np.sum(w.T @ w) + np.outer(x, h)[1, 2]


@program(args=_xs, argnums=(0, 1))
def displays(x, s):
    a = np.array([[x[0] * s, x[1]], [s, x[2] - s]])
    return a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0] + np.sum(a[1])


@program(args=_xy, argnums=(0, 1))
def chosen(x, y):
    a = np.where(x > y, x * y, -y)
    with np.errstate(invalid="ignore"):
        b = np.where(x > 2.0, np.sqrt(x - 2.0), a)
    return np.sum(np.where(b > 0.5, b, 0.3 * x) * y)


@program(args=_x, argnums=(0,))
def used_more_than_once(x):
    a = np.exp(-x)
    b = a * x + x * x
    return np.sum(a * b * b) + np.sum(np.log(1.0 + np.exp(x)))


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 5), 2), argnums=(0,))
def part_of_unknown_length(x, k):
    a = x[k:] * x[0]
    a[:1] += x[-1:]
    x[k:] -= a
    return np.sum(x * x) + np.sum(a * x[k:])


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 4), rng.uniform(0.4, 1.3, 2)), argnums=(0, 1))
def name_of_an_array_of_another_length(x, y):
    s = x[0] - x[3]
    x = y
    return s * np.sum(x * x)


@program(args=lambda rng: (rng.uniform(0.4, 1.3, 5), rng.uniform(0.4, 1.3, 4), 2), argnums=(0, 1))
def extent_of_one_by_chance(x, y, k):
    a = x[k:] * y[3:] + y[k + 1 :]
    return np.sum(a * a)


@program(args=_xs, argnums=(0, 1))
def adjoints_on_one_path_only(x, s):
    a = np.zeros(4)
    t = 0.0
    for i in range(4):
        if x[i] > 0.8:
            a[i] = s * x[i]
        elif i > 0:
            t = t + a[i - 1] * x[i]
            a = a * 0.5
    if t > 10.0:
        t = t * s
    return t + np.sum(a)


@program(args=_xy, argnums=(0, 1))
def moved_and_still_used(x, y):
    a = x
    b = a
    c = b * y
    a = a + c
    c[0] = a[1]
    return np.sum(a * b) + np.sum(c)


@program(lambda rng: (rng.normal(size=3), rng.normal(size=3)), argnums=(0, 1))
def sum_of_arrays_of_which_one_is_read_before(x, w):
    a = x * 2.0
    c = w * 3.0
    t = a[0] * a[1]
    b = a + c
    return np.sum(b * b) + t
