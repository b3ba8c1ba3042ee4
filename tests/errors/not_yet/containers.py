"""Containers that a later version may follow: lists that change in loops, values that may be None, lists of functions."""

import itertools

import numpy as np

from tests.errors.registry import refused


def vector():
    return (np.array([0.5, -1.0, 2.0, 1.5]),)


def long_vector():
    """Too long for a program with its items written out."""
    return (np.linspace(0.5, 2.0, 40),)


@refused(vector)
def assignment_to_a_slice_of_a_list(x):
    values = [x[0], x[1], x[2], x[3]]
    values[1:3] = [x[0] * 2.0]
    return values[0] * values[1] * values[2]


@refused(long_vector)
def functions_in_a_list(x):
    steps = []
    for v in x:
        steps.append(lambda t, v=v: t * v)
    return steps[0](x[3]) + steps[1](2.0) * steps[2](x[0])


@refused(vector)
def row_of_a_list_of_lists_replaced(x):
    n = len(x)
    t = [[0.0] * n for _ in range(n)]
    t[0] = t[1]
    t[1][0] = x[0]
    return t[0][0]


@refused(long_vector)
def rows_of_several_lengths(x):
    n = len(x)
    t = [[0.0] * k for k in range(n)]
    t[2][1] = x[0]
    return t[2][1]


@refused(vector)
def items_chosen_by_a_number(x):
    positive = [v for v in (x[0], x[1], x[2]) if v > 0.0]
    return positive[0] * positive[1]


@refused(vector)
def list_changed_while_it_may_be_another(x):
    a = [x[0], x[1]]
    b = [x[2], x[3]]
    c = a
    if x[0] > 0.0:
        a = b
    a[0] = 7.0 * x[1]
    return a[0] * b[0] * c[0]


@refused(vector)
def pairs_used_twice(x):
    pairs = itertools.combinations((x[0], x[1], x[2]), 2)
    return sum(a * b for a, b in pairs) + sum(a - b for a, b in pairs)


@refused(vector)
def iterator_used_twice(x):
    pairs = zip((x[0], x[1]), (x[2], x[3]))
    total = 0.0
    for a, b in pairs:
        total += a * b
    for a, b in pairs:
        total += a * b
    return total


@refused(vector)
def iterator_taken_from_behind_a_loop(x):
    it = iter(x)
    total = 0.0
    for v in it:
        total += v
        if total > 0.5:
            break
    return total * next(it, 1.0)


@refused(vector)
def extremum_of_what_an_iterator_has_left(x):
    it = iter(x)
    first = next(it)
    return first * max(it)


@refused(vector)
def effects_under_any(x):
    calls = [0]

    def large(v):
        calls[0] += 1
        return v > 1.0

    found = any(large(v) for v in (x[0], x[1], x[2]))
    return x[0] * calls[0] if found else x[1]


@refused(vector)
def item_of_a_list_of_lists_changed(x):
    rows = []
    for k in range(len(x)):
        rows.append([x[k], x[k] * 2.0])
    rows[1][0] = 5.0
    return rows[0][1] * rows[1][0]


@refused(long_vector)
def list_with_another_name_appended(x):
    rows = []
    for k in range(len(x)):
        row = [x[k], x[k] * 2.0]
        rows.append(row)
        row[0] = row[0] * 3.0
    return rows[0][0] * rows[1][1]


@refused(long_vector)
def items_of_two_structures(x):
    rows = []
    for k in range(len(x)):
        rows.append((x[k], k))
        rows.append((x[k], k, 2.0))
    return rows[0][0]


@refused(vector)
def first_value_decides_the_type(x):
    return np.sum(np.vectorize(lambda v: 0 if v < 0.0 else v)(x))


@refused(vector)
def rest_of_a_masked_function(x):
    return np.sum(np.log(x, where=x > 0.0))
