"""Copies from one part of an array to another one: those in which NumPy's order of writing does not matter."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=5),)


@program(vector)
def every_other_element_to_the_front(x):
    y = x * 1.0
    y[:3] = y[::2]
    y[1:][:2] = y[2::2]
    return np.sum(y * y * np.arange(5.0))


@program(vector)
def shifted_turned_and_shifted_back(x):
    y = x * 1.0
    y[:] = y[::-1]
    y[1:] = y[:-1]
    y[::-1] = y
    y[:] = np.flip(y)
    y[1:4] = y[3:0:-1]
    y[:-1] = y[1:]
    return np.sum(y * x)


@program(vector)
def lower_triangle_from_the_upper_one(x):
    a = np.outer(x, x * x)
    for i in range(5):
        a[i, :i] = a[:i, i]
    for i in range(1, 5):
        a[i, :i] = a[1 : i + 1, i]
    return np.sum(a * a)


@program(vector)
def rows_from_columns_that_meet_at_their_beginning(x):
    a = np.outer(x, x * x)
    for i in range(5):
        a[i, i:] = a[i:, i]
    for k in range(5):
        a[k] = a[:, k]
        a[:, k] = a[k]
    return np.sum(a * a)


@program(vector)
def rows_from_rows_and_columns_from_columns(x):
    a = np.outer(x, x * x)
    for i in range(4):
        a[i + 1, :] = a[i, :] * 0.5
        a[:, i] = a[:, i + 1]
        a[i + 1] = a[i]
    a[:, ::2] = a[:, :3]
    a[::2] = a[:3]
    a[1:4, 0] = a[2:5, 0]
    return np.sum(a * a)


@program(vector)
def steps_in_another_row(x):
    a = np.outer(x, x * x)
    a[0, ::2] = a[1, :3]
    a[-1, ::2] = a[-2, :3]
    b = a[1:4]
    b[0, ::2] = a[2, :3]
    return np.sum(a * a)


@program(vector)
def a_view_of_the_array_that_is_written(x):
    y = np.concatenate([x, x, x])
    v = y[2:8]
    w = y[:6]
    v[:] = w
    return np.sum(y * y * np.arange(15.0))


@program(vector)
def through_a_transpose(x):
    a = np.outer(x, x * x)
    a[0] = a.T[0]
    a[1] = a.T[:, 2]
    a.T[3] = a[3]
    return np.sum(a * a * x)


@program(vector)
def places_in_arrays_of_integers(x):
    y = x * 1.0
    y[[0, 2, 4]] = y[:3]
    y[np.array([0, 1])] = y[1:3]
    np.put(y, [0, 2], y[:2])
    return np.sum(y * y)


@program(vector)
def masks_and_what_they_choose(x):
    y = x * 1.0
    m = y > -0.2
    y[m] = y[m][::-1]
    y[m] = y[0]
    return np.sum(y * y * x)


@program(vector)
def all_elements_in_order_from_new_arrays(x):
    y = x * 1.0
    y.flat[::2] = x[:3]
    y.flat = 3.0 * y
    a = np.outer(x, y)
    np.fill_diagonal(a, x)
    return np.sum(a * a)


@program(vector)
def the_same_elements_by_other_functions(x):
    y = x * (1.0 + 0.5j)
    y[:] = y.real
    y[1:] = np.imag(y * 1j)[:-1]
    z = np.abs(y) + x
    z[:] = z.ravel()
    z[:2] = z[2:4].reshape(-1)
    z[:] = np.nan_to_num(z)
    return np.sum(z * z)
