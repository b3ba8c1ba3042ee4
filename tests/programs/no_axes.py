"""Arrays without axes: numbers in arithmetic, arrays where they are an index (NumPy copies) or are written into."""

import numpy as np

from tests.programs.registry import program


def table_and_place(rng):
    return rng.normal(size=(3, 4)), np.array(1)


@program(table_and_place)
def row_is_a_copy(a, k):
    row = a[k]
    row[0] = 10.0 * row[1]
    return np.sum(a * a) + np.sum(row**3)


@program(table_and_place)
def row_stays_when_the_table_changes(a, k):
    row = a[k, :]
    a[1] = a[2] * 2.0
    return np.sum(row * row * a[1])


@program(table_and_place)
def rows_written_at_a_place(a, k):
    a[k] = a[2] * a[k]
    a[k][0] = 3.0
    a[k, 1] *= 2.0
    a[k] *= 1.5
    return np.sum(a * a) + a[k, 2] ** 3


@program(lambda rng: (rng.normal(size=(3, 4)),))
def place_made_inside(a):
    k = np.asarray(2)
    row = a[k]
    row[0] = 5.0
    return np.sum(a * a)


@program(lambda rng: (np.array(1.3), rng.normal(size=3)), (0, 1))
def number_that_is_an_array(w, x):
    total = 0.0
    for i in range(3):
        total += w * x[i]
    w = w + 1.0
    w *= total
    return w * total + np.sum(np.atleast_1d(w) * x)


@program(lambda rng: (rng.normal(size=(2, 3)),))
def parts_of_a_table(a):
    first, second = np.unstack(a)
    first[0] = 10.0 * second[1]
    left, middle, right = np.unstack(a, axis=1)
    left[1] = middle[0] * right[1]
    return np.sum(a * a * a)


@program(lambda rng: (rng.normal(size=(3, 3)),))
def einsum_that_sums_nothing(a):
    b = np.einsum("ij->ji", a * 1.0)
    b[0, 1] = 10.0
    d = np.einsum("ii->i", a * 3.0)
    d[0] = d[1] * 2.0
    return np.sum(b * b) + np.sum(a * a) + np.sum(d * d)


@program(lambda rng: (rng.normal(size=(3, 3)),))
def powers_and_differences_that_are_new(a):
    b = np.linalg.matrix_power(a, 2)
    b[0, 0] *= 2.0
    d = np.diff(a, 1)
    d[0] = d[1] * b[0, 1:]
    f = np.float64(a)
    return np.sum(b * a) + np.sum(d * d) + np.sum(f * f)
