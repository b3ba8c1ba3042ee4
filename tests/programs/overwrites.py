"""Values that are overwritten while their old values still matter, and indices that repeat."""

import numpy as np

from tests.programs.registry import program


@program(args=lambda rng: (1.3, 5), argnums=0)
def scalar_overwritten_in_a_loop(x, n):
    y = x
    for _ in range(n):
        y = y * y * 0.5 + np.sin(y)
    return y


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def running_product_in_place(x):
    for i in range(1, len(x)):
        x[i] = x[i] * x[i - 1]
    return np.sum(x)


@program(args=lambda rng: (rng.normal(size=5), np.array([0, 2, 2, 1, 0, 2])), argnums=0)
def repeated_reads(x, index):
    y = x[index]
    return np.sum(y * y * np.arange(6.0))


@program(args=lambda rng: (rng.normal(size=6), np.array([0, 2, 2, 1, 0, 2])), argnums=0)
def histogram_loop(x, bins):
    h = np.zeros(3)
    for k in range(len(x)):
        h[bins[k]] += x[k] * x[k]
    return np.sum(h * h)


@program(args=lambda rng: (rng.normal(size=6), np.array([0, 2, 2, 1, 0, 2])), argnums=0)
def scatter_add_at(x, bins):
    h = np.ones(3)
    np.add.at(h, bins, x)
    return np.prod(h)


@program(args=lambda rng: (rng.normal(size=6), np.array([0, 2, 2, 1, 0, 2])), argnums=0)
def last_write_wins_loop(x, where):
    y = np.zeros(3)
    for k in range(len(x)):
        y[where[k]] = x[k] ** 2
    return y


@program(args=lambda rng: (rng.normal(size=4), np.array([3, 0, 2])), argnums=0)
def fancy_store_of_distinct_rows(x, rows):
    y = np.ones(4)
    y[rows] = x[:3] * x[3]
    return np.sum(y * x)


@program(args=lambda rng: (rng.normal(size=5), np.array([1, 1, 3])), argnums=0)
def fancy_augmented_counts_once(x, index):
    y = x.copy()
    y[index] += 2.0 * x[index] ** 2
    return np.sum(y * y)


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def masked_store(x):
    y = x * 3.0
    y[x > 0.0] = 0.0
    y[x < -0.5] *= 2.0
    return np.sum(y * y)


@program(args=lambda rng: (rng.normal(size=6), 2), argnums=0)
def element_overwritten_twice(x, k):
    y = x * x
    y[k] = y[k] * x[0]
    y[k] = np.sin(y[k]) + y[0]
    y[0] = y[k]
    return np.sum(y * x)


@program(args=lambda rng: (rng.normal(size=6), 1, 4), argnums=0)
def two_indices_that_may_meet(x, i, j):
    x[i] = x[j] * x[i]
    x[j] = x[i] + x[j] ** 2
    x[i] += x[j]
    return np.sum(x * x)


@program(args=lambda rng: (rng.normal(size=6), 3, 3), argnums=0)
def two_indices_that_do_meet(x, i, j):
    x[i] = x[j] * x[i]
    x[j] = x[i] + x[j] ** 2
    x[i] += x[j]
    return np.sum(x * x)


@program(args=lambda rng: (rng.normal(size=5), 0), argnums=0)
def zero_trips(x, n):
    total = 0.0
    for i in range(n):
        total += x[i] ** 2
        x[i] = total
    return total + np.sum(x)


@program(args=lambda rng: (rng.normal(size=5), -3), argnums=0)
def negative_trips(x, n):
    y = x * 2.0
    for i in range(n):
        y[i] = y[i] * y[i + 1]
    for i in range(4, n + 10):
        y[i - 4] *= x[0]
    return np.sum(y)


@program(args=lambda rng: (rng.normal(size=7),), argnums=0)
def negative_step_recurrence(x):
    for i in range(len(x) - 2, -1, -2):
        x[i] = x[i] + 0.5 * x[i + 1] * x[i]
    return np.sum(x**2)


@program(args=lambda rng: (rng.normal(size=(4, 4)),), argnums=0)
def triangular_bounds(a):
    for i in range(4):
        for j in range(i):
            a[i, j] = a[i, j] * a[j, i]
            a[j, i] -= a[i, j]
    return np.sum(a * a)


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def prefix_then_suffix_sums(x):
    for i in range(1, 6):
        x[i] += x[i - 1]
    for i in range(4, -1, -1):
        x[i] *= x[i + 1]
    return x[0] + x[3]


@program(args=lambda rng: (rng.normal(size=4), 3.0), argnums=(0, 1))
def whole_array_in_place_operators(x, s):
    y = x.copy()
    y += s
    y *= x
    y -= y[0]
    y /= s
    y **= 2
    return y.sum()


@program(args=lambda rng: (rng.normal(size=(3, 4)), rng.normal(size=4), rng.normal(size=(3, 1))), argnums=(0, 1, 2))
def in_place_with_broadcast(a, row, column):
    b = a.copy()
    b += row
    b *= column
    b[1] = row
    b[:, 2] = column[:, 0] * b[:, 1]
    return np.sum(b**2)


@program(args=lambda rng: (rng.normal(size=5), 2.0), argnums=(0, 1))
def filled_with_a_scalar(x, s):
    y = x * 1.0
    y[1:3] = s
    y[4] = s * y[0]
    y.fill(y[4])
    y[0] = x[0]
    return np.sum(y * x)


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def argument_rebound_before_and_after(x):
    y = x[0]
    x = x * x
    y = y * x[1]
    x = np.cumsum(x)
    x[2] = y
    return np.sum(x) * y


@program(args=lambda rng: (0.8, 1.7), argnums=(0, 1))
def simultaneous_assignment(a, b):
    for _ in range(4):
        a, b = 0.5 * (a + b), np.sqrt(a * b)
    return a * b


@program(args=lambda rng: (1.1, 0.3), argnums=(0, 1))
def fibonacci_like(a, b):
    for k in range(6):
        a, b = b, a * b + k
    return a + 0.001 * b


@program(args=lambda rng: (rng.normal(size=3), 4), argnums=0)
def local_array_rebuilt_in_a_loop(x, n):
    total = 0.0
    for k in range(n):
        t = np.zeros(3)
        for i in range(3):
            t[i] = x[i] * (k + 1.0)
        t[k % 3] = total
        total += np.sum(t * t)
    return total * 1e-3


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def bubble_sort(x):
    n = len(x)
    for i in range(n):
        for j in range(n - 1 - i):
            if x[j] > x[j + 1]:
                x[j], x[j + 1] = x[j + 1], x[j]
    return np.sum(x * np.arange(1.0, 7.0) ** 2)


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def insertion_sort_while(x):
    y = x.copy()
    for i in range(1, y.size):
        key = y[i]
        j = i - 1
        while j >= 0 and y[j] > key:
            y[j + 1] = y[j]
            j -= 1
        y[j + 1] = key
    return y[0] * y[1] + y[-1] ** 2


@program(args=lambda rng: (rng.normal(size=4), np.array([2, 0, 3, 1])), argnums=0)
def permutation_cycles(x, perm):
    y = x.copy()
    k = 0
    carried = y[0]
    for _ in range(4):
        k = perm[k]
        carried, y[k] = y[k] * carried, carried
    return np.sum(y * np.arange(1.0, 5.0))


@program(args=lambda rng: (rng.normal(size=5), 2.0), argnums=(0, 1))
def overwritten_by_constant(x, s):
    y = x * s
    s = 3.0
    y[2] = 4.0
    z = y * s
    y[:] = 0.0
    return np.sum(z) + np.sum(y)


@program(args=lambda rng: (rng.normal(size=5), np.array([3, 1, 1, 4, 0])), argnums=0)
def pointer_jumping(x, link):
    at = 0
    total = 0.0
    for step in range(7):
        total = total * 0.5 + x[at] * x[link[at]]
        x[at] = total
        at = link[at]
    return total


@program(args=lambda rng: (0.7 * rng.normal(size=(4, 4)), rng.normal(size=4), 5), argnums=(0, 1))
def state_replaced_in_some_iterations(W, h, n):
    total = 0.0
    for t in range(n):
        y = W @ h
        total += np.sum(y * y)
        if t % 2 == 0:
            h = np.tanh(h) * 1.5
    return total


@program(args=lambda rng: (0.7 * rng.normal(size=(4, 4)), rng.normal(size=4), 4), argnums=(0, 1))
def state_replaced_in_an_inner_loop(W, h, n):
    total = 0.0
    for _ in range(n):
        total += np.sum(W @ h)
        for _ in range(3):
            h = np.tanh(h) * h
    return total + np.sum((W @ h) ** 2)


def _kept(W, h):
    return h @ W + 0.1 * h.sum()


def _gated(kept, h):
    units = h.shape[1]
    gate = np.cos(kept[:, :units])
    return gate * h + np.tanh(kept[:, units:])


@program(args=lambda rng: (0.3 * rng.normal(size=(3, 6)), rng.normal(size=(2, 3)), 4), argnums=(0, 1))
def state_replaced_by_a_function_of_it(W, h, n):
    for _ in range(n):
        h = _gated(_kept(W, h), h)
    return np.sum(h * h)


@program(lambda rng: (rng.normal(size=4), rng.normal(size=4), 0))
def arguments_swapped_on_the_other_path(x, y, k):
    u = y * x
    if k > 0:
        y, x = x, y
    return np.sum(u * u * x)


@program(lambda rng: (rng.normal(size=4), rng.normal(size=4), 1))
def arguments_swapped_on_this_path(x, y, k):
    u = y * x
    if k > 0:
        y, x = x, y
    return np.sum(u * u * x)


@program(lambda rng: (rng.normal(size=4), 4))
def constant_set_by_an_inner_loop(x, n):
    t, s = 0.1, 0.0
    for _ in range(3):
        s += x[1] * x[2] * t
        for _ in range(n):
            t = 0.0
    return s


@program(lambda rng: (rng.normal(size=4), 4))
def counter_that_an_idle_loop_uses_again(x, n):
    i, s = 2, 0.0
    for _ in range(3):
        s += x[i] * np.sin(x[0])
        for i in range(n - 2):
            pass
    return s * x[i]


@program(lambda rng: (rng.normal(size=4), 4))
def array_given_anew_by_an_inner_loop(x, n):
    w, s = np.ones(4), 0.0
    for _ in range(3):
        s += np.sum(x * w * x)
        for _ in range(n):
            w = np.zeros(4)
    return s


@program(lambda rng: (rng.normal(size=4), 4))
def constants_of_nested_loops_and_of_a_while(x, n):
    t = 0.3
    s = x[1] * t * np.sin(x[0])
    for i in range(n):
        for _ in range(i):
            t = 2.0
    s = s * t * x[2]
    while t > 0.5:
        t = 0.25
    return s * t + x[0] * s


@program(lambda rng: (rng.normal(size=4), rng.normal(size=(4, 4)), np.array([1, 2, 3, 2]), 4), (0, 1))
def rows_by_an_index_that_is_read_twice(x, m, p, n):
    b = np.zeros(n)
    for i in range(1, n):
        x[i], m[p[i], i] = m[p[i], i], 0.5 * x[i]
        for j in range(i):
            b[j], m[-1, j - 1] = m[-1, j - 1], 0.5 * b[j] + x[j]
    return np.sum(b * x) + np.sum(m * m)


@program(lambda rng: (rng.normal(size=4), rng.normal(size=(3, 3)), 3), (0, 1))
def pairs_of_indices_of_which_one_counts(x, w, n):
    """Repeated pairs, some of them only at some trips; of several values for one element the last one stays."""
    for t in range(n):
        w[[0, 0, 2], [1, 1, t]] += x[:3] * (t + 1.0)
    x += np.sum(w[[0, 0]])
    return np.sum(w * w) + x[0]


@program(lambda rng: (rng.normal(size=2), rng.normal(size=3), rng.normal(size=(2, 4))), (0, 1, 2))
def names_whose_arrays_grow_before_what_is_not_used(x, y, w):
    """The first y reaches nothing; its adjoint has the shape of the argument, not of what the name holds later."""
    y[-1] += x[0]
    y = w[0] / (1.5 + w[-1, ::-1] ** 2)
    x[1] = x.sum()
    return y[-1] * x[0], x * np.sum(y)


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def sums_with_the_element_itself(x):
    for i in range(4):
        x[i] = x[i + 1] + x[i]
    x[0] = x[2] + x[4] + x[0]
    return np.sum(x**3)


@program(args=lambda rng: (rng.normal(size=(4, 5)),), argnums=0)
def sums_with_the_row_itself(a):
    a[0] = a[1] + a[0]
    a[:, 1] = a[:, 3] + a[:, 1]
    a[1:3, :2] = a[:2, 1:3] + a[2:, 2:4] + a[1:3, :2]
    a[1:3] += a[2:] + a[:2]
    return np.sum(a**3)


@program(args=lambda rng: (np.diag([4.0, 2.5, 1.0]) + 0.1 * rng.normal(size=(3, 3)),), argnums=0)
def spectra_written_into(A):
    w, v = np.linalg.eigh(A)
    w[0] = 2.0
    u, s, vt = np.linalg.svd(A)
    s[0] = w[1]
    t = np.linalg.eigvals(A).real
    t[1] = v[0, 0] ** 2
    return np.sum(w**2) + np.sum(s**3) + np.sum(t**2)
