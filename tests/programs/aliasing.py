"""Two names for one memory: views, views of views, swaps, moves, and copies that look like views."""

import numpy as np

from tests.programs.registry import program


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def second_name(x):
    y = x * 2.0
    z = y
    z[0] = 1.0
    z[1] *= 3.0
    return np.sum(y * y)


@program(args=lambda rng: (rng.normal(size=6), rng.normal(size=4)), argnums=(0, 1))
def slice_added_to(x, e):
    y = x * x
    y[1:-1] += e
    return np.sum(y * y)


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def write_through_a_view(x):
    y = np.sin(x)
    v = y[1:4]
    v[:] = v * v
    v[0] += x[5]
    return np.sum(y * np.arange(6.0))


@program(args=lambda rng: (rng.normal(size=8),), argnums=0)
def view_of_a_view(x):
    y = x.copy()
    v = y[1:]
    w = v[::2]
    w *= 2.0
    w[1] = w[0] * w[2]
    return np.sum(y**2)


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def read_view_after_base_changes(x):
    y = x.copy()
    v = y[:3]
    y[1] = y[4] * y[5]
    s = v[0] * v[1] * v[2]
    y[2] = s
    return s + v[2] ** 2


@program(args=lambda rng: (rng.normal(size=(3, 4)),), argnums=0)
def row_views_in_a_loop(a):
    b = a + 1.0
    for i in range(1, 3):
        row = b[i]
        above = b[i - 1]
        row += 0.5 * above
        row[0] *= above[1]
    return np.sum(b * b)


@program(args=lambda rng: (rng.normal(size=(3, 4)),), argnums=0)
def transpose_is_a_view(a):
    b = a * 1.0
    t = b.T
    t[2] = t[0] * t[1]
    t[3, 1:] += b[0, :2]
    return np.sum(np.exp(b))


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def reshape_is_a_view(x):
    y = x.copy()
    m = y.reshape(2, 3)
    m[1] = m[0] * m[1]
    m[0, 2] = 0.0
    return np.sum(y**3)


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def ravel_of_contiguous_is_a_view(x):
    m = np.outer(x[:2], x[2:5])
    flat = m.ravel()
    flat[1:5] = flat[0:4] * x[5]
    return np.sum(m * m)


@program(args=lambda rng: (rng.normal(size=(3, 3)),), argnums=0)
def flatten_is_a_copy(a):
    m = a * a
    flat = m.flatten()
    flat[:] = 0.0
    flat[0] = m[0, 0] * m[2, 2]
    return np.sum(m) + flat[0]


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def fancy_index_is_a_copy(x):
    y = x * 2.0
    c = y[np.array([0, 2, 4])]
    c[0] = 5.0
    c *= c
    return np.sum(y * y) + np.sum(c)


@program(args=lambda rng: (rng.normal(size=5), 4), argnums=0)
def swap_two_buffers(x, steps):
    u = x.copy()
    v = np.zeros_like(x)
    for _ in range(steps):
        for i in range(1, 4):
            v[i] = u[i] + 0.3 * (u[i - 1] - u[i + 1]) * u[i]
        u, v = v, u
    return np.sum(u * u) + v[1]


@program(args=lambda rng: (rng.normal(size=5), 3), argnums=0)
def rotate_three_buffers(x, steps):
    a = x * 1.0
    b = np.cos(x)
    c = np.zeros(5)
    for _ in range(steps):
        c[:] = a * b
        a, b, c = b, c, a
    return np.sum(a) + np.sum(b * b) + np.sum(c**3)


@program(args=lambda rng: (rng.normal(size=4), rng.normal(size=4)), argnums=(0, 1))
def swap_once_then_write(x, y):
    u = x * 1.0
    v = y * 1.0
    u, v = v, u
    u[0] = v[1] * u[2]
    v[3] = u[0]
    return np.sum(u * u * v)


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def overlapping_shift_right(x):
    y = x * x
    y[1:] = y[:-1]
    return np.sum(y * np.arange(1.0, 6.0))


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def overlapping_sum_of_neighbours(x):
    y = x.copy()
    y[1:-1] = y[:-2] * y[2:]
    y[:3] += y[2:5]
    return np.sum(y**2)


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def reversed_onto_itself(x):
    y = np.tanh(x)
    y[:] = y[::-1] * x
    y[::-1][0] = y[1]
    return np.sum(y * np.arange(6.0))


@program(args=lambda rng: (rng.normal(size=(4, 4)),), argnums=0)
def diagonal_written_by_index(a):
    b = a @ a
    i = np.arange(4)
    b[i, i] = 0.5 * b[i, ::-1][i, i]
    return np.sum(b * b)


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def rebound_name_leaves_the_buffer(x):
    y = x * 2.0
    z = y
    y = y + 1.0
    y[0] = 7.0
    z[1] = y[2]
    return np.sum(y * z)


@program(args=lambda rng: (rng.normal(size=5), 1.0), argnums=0)
def view_chosen_by_branch_and_read(x, which):
    y = x * x
    if which > 0.0:
        v = y[:3]
    else:
        v = y[2:]
    return np.sum(v * v) + y[0]


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def asarray_and_atleast_keep_the_memory(x):
    y = x.copy()
    z = np.asarray(y)
    z[2] = z[0] * z[1]
    w = np.atleast_1d(y)
    w[3] = np.sin(w[2])
    return np.sum(y * y)


@program(args=lambda rng: (rng.normal(size=6), 2), argnums=0)
def window_moves_over_the_array(x, width):
    y = x.copy()
    for start in range(0, 6 - width):
        window = y[start : start + width]
        window += 0.1 * y[start + width]
        window *= window
    return y.sum()


@program(args=lambda rng: (rng.normal(size=(2, 3, 2)),), argnums=0)
def three_axes_viewed_in_two_ways(a):
    b = a * 1.0
    plane = b[:, 1]
    column = b[0, :, 1]
    plane[0, 1] = plane[1, 0] * column[2]
    column *= 2.0
    return np.sum(np.sin(b))


@program(args=lambda rng: (rng.normal(size=(3, 3)),), argnums=0)
def row_saved_by_copy(a):
    b = a.copy()
    saved = b[0].copy()
    b[0] = b[2]
    b[2] = saved * b[1]
    return np.sum(b[0] ** 2) + np.sum(b[2])


@program(args=lambda rng: (rng.normal(size=(3, 3)),), argnums=0)
def row_saved_by_view_is_lost(a):
    b = a.copy()
    saved = b[0]
    b[0] = b[2] * 2.0
    b[2] = saved * b[1]
    return np.sum(b[0] ** 2) + np.sum(b[2])


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def gradient_of_argument_read_through_a_view(x):
    v = x[::-2]
    w = x[1:4]
    return np.sum(v * v * v) + w[0] * v[0]


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def same_array_twice_in_one_list(x):
    y = x * 2.0
    pair = [y, y]
    pair[0][1] = 3.0 * x[0]
    return np.sum(pair[1] * pair[0])


@program(args=lambda rng: (rng.normal(size=(2, 5)),), argnums=0)
def buffers_in_one_array_by_parity(x):
    work = x.copy()
    for t in range(5):
        now = work[t % 2]
        new = work[(t + 1) % 2]
        new[1:] = 0.5 * now[:-1] * now[1:] + x[0, 1:]
    return np.sum(work * work)


@program(args=lambda rng: (rng.normal(size=3),), argnums=0)
def write_after_a_swap_under_a_condition(x):
    u = x * 2.0
    v = x * 3.0
    if x[0] > 0.0:
        u, v = v, u
    u[0] = x[1] * x[2]
    return np.sum(u * v)
