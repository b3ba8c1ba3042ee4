"""Containers whose shape depends on numbers, and arrays that are not arrays of numbers."""

from collections import deque

import numpy as np

from tests.errors.registry import refused


def pair():
    return (np.array([0.5, 2.0]),)


@refused(lambda: ({"a": 1.5, "b": 2.0}, ["a", "b", "a"], 2.0))
def write_under_a_runtime_key(state, keys, x):
    for i in range(int(x)):
        state[keys[i]] = state[keys[i]] * x
    return state["a"] * state["b"]


@refused(pair)
def dict_with_numbers_as_keys(x):
    table = {x[0]: 1.0, x[1]: 2.0}
    return table[x[0]] * x[1]


@refused(pair)
def lookup_under_a_number(x):
    table = {0: 1.0, 1: 3.0}
    return table[int(x[0])] * x[1]


@refused(pair)
def set_of_numbers(x):
    total = 0.0
    for v in {x[0], x[1], x[0] * x[1]}:
        total = total * 0.5 + v
    return total


@refused(pair)
def loop_over_a_set_of_strings(x):
    total = x[0]
    for name in {"sin", "cos", "exp"}:
        total = total * x[1] + len(name)
    return total


@refused(pair)
def deletion_of_an_element(x):
    values = [x[0], x[1], x[0] * x[1]]
    del values[int(x[1])]
    return values[0] * values[1]


@refused(pair)
def deletion_of_a_dict_entry(x):
    state = {"a": x[0], "b": x[1]}
    name = "a" if x[0] > 1.0 else "b"
    del state[name]
    return sum(state.values()) * x[0]


@refused(pair)
def removal_by_value(x):
    values = [x[0], x[1], x[0] * x[1]]
    values.remove(max(values))
    return values[0] * values[1]


@refused(pair)
def object_array_inside(x):
    cells = np.array([x, [1.0, 2.0, 3.0]], dtype=object)
    return np.sum(cells[0] ** 2)


@refused(pair)
def masked_array_inside(x):
    m = np.ma.masked_array(x, mask=[False, True])
    return m.sum() * x[0]


@refused(pair)
def matrix_inside(x):
    m = np.matrix(x)
    return (m * m.T)[0, 0]


@refused(pair)
def record_array_inside(x):
    r = np.zeros(2, dtype=[("mass", "f8"), ("speed", "f8")])
    r["mass"] = x
    return np.sum(r["mass"] ** 2)


@refused(pair)
def rank_grows_in_a_loop(x):
    y = x
    for _ in range(int(x[1])):
        y = np.multiply.outer(y, x)
    return np.sum(y)


@refused(pair)
def one_kind_or_the_other(x):
    if x[0] > 0.0:
        y = x[0] * x[1]
    else:
        y = {"value": x[1]}
    return y if x[1] > 0.0 else y["value"]


@refused(pair)
def number_or_tuple_returned(x):
    if x[0] > 1.0:
        return x[0]
    return x[0], x[1]


@refused(lambda: (np.array([1.0, 2.0]),))
def key_set_on_one_path_only(x):
    state = {}
    if x[0] > 0.0:
        state["p"] = x[1]
    return state.get("p", 1.0) * x[0]


@refused(lambda: (np.arange(200.0),))
def queue_that_fills_in_a_loop(x):
    last = deque(maxlen=3)
    for value in x:
        last.append(value)
    return last[0] * last[-1]


@refused(lambda: (np.array([1.5, 0.5], np.float32),))
def two_precisions_in_a_list(x):
    items = [0.7]
    for v in x:
        items.append(v)
    return items[0] * items[1]


@refused(pair)
def write_into_views_in_a_list(x):
    items = []
    for _ in range(len(x)):
        items.append(x[:1])
    items[1][0] = x[1] * x[1]
    return np.sum(items[0])


@refused(lambda: (np.array([1.5, 0.5], np.float32), 0.3))
def sorted_numbers_of_two_kinds_beside_single_precision(x, s):
    middle = sorted([np.float64(0.3), s, 2.0 * s])[1]
    return np.sum(x * middle)


@refused(lambda: (np.array([1.5, 0.5], np.float32), 0.3))
def list_of_numbers_of_two_kinds_sorted_beside_single_precision(x, s):
    values = [np.float64(0.3), s]
    for k in range(2):
        if x[k] > 0.0:
            values.append(2.0 * s)
    values.sort()
    return np.sum(x * values[0])
