"""Writes that a later version may follow: through views of which the memory is known, by functions without a rule."""

import numpy as np
import scipy.linalg

from tests.errors.registry import refused


def vector():
    return (np.array([0.5, -1.0, 2.0, 1.5]),)


def matrix():
    return (np.arange(12.0).reshape(3, 4) + 1.0,)


@refused(matrix)
def write_through_a_reshaped_matrix(a):
    b = a * 1.0
    b.reshape(-1)[5] += a[0, 0]
    return np.sum(b * b)


@refused(vector)
def write_through_a_flipped_name(x):
    y = x * 2.0
    z = np.flip(y)
    z[0] = x[0]
    return np.sum(y * y)


@refused(vector)
def write_below_a_broadcast_view(x):
    y = x * 2.0
    a = np.broadcast_to(y, (2, 4))
    y[0] = 9.0 * x[1]
    return np.sum(a * a)


@refused(vector)
def write_below_a_diagonal(x):
    b = np.outer(x, x)
    d = np.diagonal(b)
    b[1, 1] = 7.0 * x[0]
    return np.sum(d * d)


@refused(vector)
def write_into_the_real_part(x):
    z = x + 1j * x
    z.real[0] = x[3]
    return np.sum((z * z).imag)


@refused(vector)
def view_that_moves_on(x):
    y = x * 2.0
    v = y
    for i in range(3):
        v = v[1:]
        v[0] = v[0] * x[i]
    return np.sum(y * y)


@refused(vector)
def rows_swapped_by_name(x):
    y = np.stack([x, x * 2.0])
    a = y[0]
    b = y[1]
    for i in range(3):
        a[i] = b[i] * x[i]
        a, b = b, a
    return np.sum(y * y)


@refused(vector)
def array_without_axes_under_two_names(x):
    a = np.array(x[0] * 2.0)
    b = a
    b += x[1]
    return a * x[2]


@refused(lambda: (np.array([0.3, 0.7], np.float32), np.float64(1.3)))
def array_without_axes_that_keeps_its_type(x, c):
    w = np.where(c > 0, x[0], x[1])
    w += c
    return w * 2.0


@refused(lambda: (np.array([0.3, 0.7]), 2))
def whole_number_without_axes_that_gets_a_fraction(x, n):
    w = np.array(n)
    w += x[0]
    return w * x[1]


@refused(vector)
def shape_assigned(x):
    b = x * 1.0
    b.shape = (2, 2)
    return np.sum(b[0] * b[1])


@refused(vector)
def permission_to_destroy_an_argument(x):
    a = np.outer(x, x) + np.eye(4)
    return np.sum(scipy.linalg.solve(a, x, overwrite_a=True))
