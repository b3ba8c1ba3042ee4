"""Lists and tuples of numbers where NumPy takes an array."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=4) + 3.0,)


@program(vector, backends=("numpy",))
def numbers_beside_an_array_joined(x):
    ends = np.concatenate(([0.0], x, (x[0] * x[1], 2.0)))
    return np.sum(ends**3) + np.sum(np.hstack([x[0], x, [x[1], 2.0]]) ** 2)


@program(vector, backends=("numpy",))
def rows_of_numbers_stacked(x):
    rows = np.vstack(([0.0, 1.0, 2.0, x[3]], x))
    columns = np.column_stack([x, [1.0, 2.0, 3.0, x[0]]])
    return np.sum(rows**3) + np.sum(columns**2) + np.sum(np.stack([x, [1.0, 2.0, 3.0, x[0]]]) ** 2)


@program(vector)
def products_of_a_list_and_an_array(x):
    return (
        np.dot([1.0, 2.0, x[0], 3.0], x) + np.sum(([1.0, x[1], 2.0, 0.5] * x) ** 2) + np.sum(x - (x[0], 1.0, 2.0, 3.0))
    )


@program(vector)
def lists_of_integers_beside_an_array(x):
    m = np.outer(x, x) + 1.0
    y = np.sum(m * [[1, 2, 3, 4]], axis=0) - (1, 2, 0, 1)
    y += [1, 2, 3, 4]
    y[1:3] *= [2, 3]
    powers = m ** [1, 2, 1, 3]
    larger = np.where(y > [1, 20, 3, 4], y, [2, 1, 1, 2] / x)
    return np.sum(y * y) + np.sum(powers) + np.sum(larger) + np.sum([[1, 0, 2, 1]] @ m)


@program(vector)
def list_of_integers_beside_a_constant_array(x):
    a = np.empty((2, 2))
    a.fill(x[0])
    return np.sum(a * [[1, 2], [3, 4]]) * x[1]


@program(vector)
def a_system_of_numbers_solved(x):
    a, b, c, d = x
    solution = np.linalg.solve([[4.0 + a, 1.0], [2.0, 6.0 + b]], [c, d])
    return np.linalg.norm([a, b]) + np.mean([a, b * 2.0]) + solution[0] * solution[1]


@program(vector, backends=("numpy",))
def lists_of_numbers_in_many_functions(x):
    total = np.interp(0.1 * x[0], [0.0, 1.0, 2.0], [1.0, x[1], 3.0])
    total += np.polyval([1.0, x[1], 2.0], x[0])
    total += np.sum(np.cross([1.0, x[0], 2.0], x[1:]) ** 2)
    total += np.sum(np.where(x > 3.0, [1.0, x[1], 2.0, 3.0], x * x))
    total += np.sum(np.convolve([1.0, x[1], 2.0], x * x))
    total += np.average(x, weights=[1.0, 2.0, x[0], 1.0])
    return total + np.trapezoid([1.0, x[1], x[2]], [0.0, x[0], 7.0]) + np.sum(np.kron([1.0, x[1]], x))


@program(vector)
def a_function_of_items_of_a_summed_list(x):
    total = np.sum(x)
    return np.sum([x[i] * (1.0 + np.log(x[i] / total)) for i in range(4)])


def matrix(rng):
    return (rng.normal(size=(3, 2)), 0.7)


@program(matrix, argnums=(0, 1))
def rows_of_a_matrix_as_lists(m, a):
    rows = np.array(m.tolist()) * a
    return np.sum(rows * rows)


@program(matrix, argnums=(0, 1), backends=("numpy",))
def rows_as_lists_that_change(m, a):
    rows = m.tolist()
    rows[0].append(a)
    rows[1][0] = a * 2.0
    return sum(rows[0]) * sum(rows[1]) + len(rows[2])
