"""Numbers written into arrays of another type: what NumPy refuses, and what it converts."""

import numpy as np

from tests.programs.registry import program


def _unfit():
    """The class of what a ufunc raises whose result does not fit into the array given for it."""
    try:
        np.sin(0.5, out=np.zeros(1, int))
    except TypeError as error:
        return type(error)
    return TypeError


UNFIT = _unfit()


def vector(rng):
    return (rng.normal(size=4) + 3.0,)


def whole(rng):
    return rng.normal(size=4) + 3.0, np.arange(4)


def between(rng):
    """Neither these nor their sums and means of products are close to integers."""
    return (np.array([1.3, 0.55, 2.2, 0.75]) + 1e-3 * rng.uniform(size=4),)


def single(rng):
    return rng.normal(size=4) + 3.0, np.zeros(4, np.float32)


def complex_numbers(rng):
    return (rng.normal(size=4) + 1j * rng.normal(size=4),)


@program(vector, raises=UNFIT)
def product_into_integers(x):
    y = np.zeros(4, int)
    np.multiply(x, 2, out=y)
    return np.sum(y * x)


@program(whole, raises=UNFIT)
def sum_into_its_operand(x, k):
    np.add(x, k, out=k)
    return np.sum(k * x)


@program(vector, raises=UNFIT)
def sine_into_integers_by_position(x):
    y = np.zeros(4, int)
    np.sin(x, y)
    return np.sum(y * x)


@program(whole, raises=UNFIT)
def integers_divided_into_themselves(x, k):
    np.true_divide(k, 2, out=k)
    return np.sum(k * x)


@program(vector, raises=UNFIT)
def matrices_into_integers(x):
    y = np.zeros((4, 4), int)
    np.matmul(x[:, None], x[None], out=y)
    return np.sum(y @ x)


@program(vector, raises=UNFIT)
def outer_into_integers(x):
    y = np.zeros((4, 4), int)
    np.outer(x, x, out=y)
    return np.sum(y @ x)


@program(vector, raises=UNFIT)
def clipped_into_integers(x):
    y = np.zeros(4, int)
    x.clip(0, 1, out=y)
    return np.sum(y * x)


@program(vector, raises=UNFIT)
def rounded_into_integers(x):
    y = np.zeros(4, int)
    np.round(x, 1, out=y)
    return np.sum(y * x)


@program(vector, raises=UNFIT)
def deviation_into_integers(x):
    y = np.zeros(4, int)
    np.std(np.outer(x, x), axis=0, out=y)
    return np.sum(y * x)


@program(complex_numbers, raises=UNFIT)
def complex_into_real(z):
    y = np.zeros(4)
    np.multiply(z, z, out=y)
    return np.sum(y)


@program(vector, raises=UNFIT)
def where_true_into_integers(x):
    y = np.zeros(4, int)
    np.add(x, 1, out=y, where=x > 3)
    return np.sum(y * x)


@program(single, raises=UNFIT)
def safely_into_single_precision(x, y):
    np.add(x, 1, out=y, casting="safe")
    return np.sum(y * x)


@program(vector, raises=UNFIT)
def integers_into_unsigned_ones(x):
    y = np.zeros(4, np.uint8)
    np.add(np.arange(4), 1, out=y)
    return np.sum(y * x)


@program(vector, raises=TypeError)
def copied_into_integers(x):
    y = np.zeros(4, int)
    np.copyto(y, x)
    return np.sum(y * x)


@program(vector, raises=TypeError)
def put_where_true_into_integers(x):
    y = np.zeros(4, int)
    np.putmask(y, x > 3, x)
    return np.sum(y * x)


@program(single, raises=TypeError)
def placed_into_single_precision(x, y):
    np.place(y, x > 3, x)
    return np.sum(y * x)


@program(vector, raises=TypeError)
def joined_into_integers(x):
    y = np.zeros(8, int)
    np.concatenate([x, x], out=y)
    return np.sum(y[:4] * x)


@program(vector, raises=ValueError)
def product_of_matrices_into_integers(x):
    y = np.zeros(4, int)
    np.dot(np.outer(x, x), x, out=y)
    return np.sum(y * x)


@program(vector)
def refused_in_a_branch_not_taken(x):
    y = np.zeros(4, int)
    if x[0] > 100.0:
        np.multiply(x, 2, out=y)
    return np.sum((y + 1) * x)


@program(vector)
def refused_in_a_loop_without_turns(x):
    y = np.zeros(4, int)
    for k in range(len(x) - 4):
        np.multiply(x, k, out=y)
    return np.sum((y + 1) * x)


@program(vector, backends=("numpy",))
def refusal_that_is_caught(x):
    y = np.ones(4, int)
    try:
        np.multiply(x, 2, out=y)
    except TypeError:
        y = x * 3.0
    return np.sum(y * x)


@program(between)
def whatever_is_cut_off(x):
    y = np.zeros(4, int)
    np.add(x, 1, out=y, casting="unsafe")
    z = np.zeros(4, int)
    np.copyto(z, x, casting="unsafe")
    return np.sum(y * x) + np.sum(z * x * x)


@program(between)
def reductions_into_integers(x):
    a, b, c = np.zeros(4, int), np.zeros(4, int), np.zeros(4, int)
    np.sum(np.outer(x, x), axis=0, out=a)
    np.cumsum(x, out=b)
    np.mean(np.outer(x, x), axis=1, out=c)
    return np.sum(a * x + b * x * x + c * x)


@program(between)
def taken_into_integers(x):
    y = np.zeros(4, int)
    np.take(x, [3, 2, 1, 0], out=y)
    return np.sum(y * x)


@program(single)
def double_into_single_precision(x, y):
    np.multiply(x, 2, out=y)
    np.copyto(y[2:], x[:2])
    return np.sum(y.astype(float) * x)


@program(vector)
def truths_into_numbers(x):
    y = np.zeros(4)
    np.greater(x, 3, out=y)
    k = np.zeros(4, int)
    np.less(x, 3, out=k)
    return np.sum(y * x + k * x * x)


@program(vector)
def number_into_integers(x):
    y = np.zeros(4, int)
    np.putmask(y, x > 0, 2.5)
    np.place(y, x > 100, 7.5)
    return np.sum(y * x)


@program(single)
def where_true_into_single_precision(x, y):
    np.multiply(x, x, out=y, where=x > 3)
    np.sin(x[2:], out=y[2:], where=x[:2] > 0)
    return np.sum(y.astype(float) * x)


@program(between)
def whatever_is_cut_off_where_true(x):
    y = np.arange(4)
    np.multiply(x, 2, out=y, where=x > 1, casting="unsafe")
    return np.sum(y * x)


def far_apart(rng):
    return rng.normal(size=3) + 2.0, np.ones(3, np.float32), 1e30, 1e30, 1e-60


@program(far_apart)
def large_factors_of_single_precision(x, z, a, b, c):
    y = np.zeros(3, np.float32)
    y[0] = x[0] * a * b * c
    z *= x * a * b * c
    w = (x * a * b * c).astype(np.float32)
    return np.sum(y + z + w, dtype=float)


@program(vector)
def element_that_overflows_and_is_not_read(x):
    y = np.zeros(4, np.float32)
    with np.errstate(over="ignore"):
        y[0] = x[0] * 1e40
    return np.sum(y[1:] * x[1:]) + x[0] * x[1]


@program(vector, raises=UNFIT)
def rounded_by_position(x):
    y = np.zeros(4, int)
    np.round(x, 1, y)
    return np.sum(y * x)


@program(vector, raises=OverflowError)
def number_too_large_to_copy(x):
    y = np.zeros(4, np.uint8)
    np.copyto(y, 300)
    return np.sum(y * x)


@program(between)
def arrays_by_position(x):
    y, z, w = np.zeros(4), np.zeros(4), np.zeros(4)
    np.cumsum(x, 0, None, y)
    np.round(x, 0, z)
    np.mean(np.outer(x, y), 0, None, w)
    np.add(w, x, out=(w,))
    return np.sum(y * x) + np.sum(z * x * x) + np.sum(w * w)
