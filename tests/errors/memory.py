"""Writes of which nobody can tell which memory they change, or that outlive the call."""

import numpy as np

from tests.errors.registry import refused

WEIGHTS = np.ones(3)
LOG = []
CACHE = {}


def vector():
    return (np.array([0.5, -1.0, 2.0]),)


@refused(vector)
def write_through_either_of_two_arrays(x):
    y = x * 2.0
    z = x * 3.0
    w = y if x[0] > 0.0 else z
    w[0] = x[1]
    return np.sum(y * z)


@refused(vector)
def write_through_a_name_bound_in_branches(x):
    y = x * 2.0
    z = x * 3.0
    if x[0] > x[1]:
        w = y
    else:
        w = z
    w[1:] *= x[0]
    return np.sum(y * z)


@refused(vector)
def write_through_a_view_or_a_copy(x):
    y = x * 2.0
    w = y[:2]
    if x[0] > 0.0:
        w = w.copy()
    w[0] = x[2]
    return np.sum(y * y) + w[1]


@refused(vector)
def write_in_a_callee_through_either(x):
    def clear(a):
        a[0] = 0.0

    y = x * 2.0
    z = x * 3.0
    clear(y if x[1] > 0.0 else z)
    return np.sum(y * z)


@refused(vector)
def write_through_a_list_of_views(x):
    y = x * 2.0
    views = [y[:2], y[1:]]
    k = 0 if x[0] > 0.0 else 1
    views[k][0] = x[2]
    return np.sum(y * y)


@refused(vector)
def write_into_a_global_array(x):
    WEIGHTS[0] = x[0]
    return np.sum(WEIGHTS * x)


@refused(vector)
def augmented_write_into_a_global_array(x):
    w = WEIGHTS
    w += x
    return np.sum(w * w)


def _with_closure():
    state = np.zeros(3)

    @refused(vector)
    def write_into_a_captured_array(x):
        state[:] = x * x
        return np.sum(state)


_with_closure()


def _with_counter():
    count = 0.0

    @refused(vector)
    def rebinding_of_a_captured_variable(x):
        nonlocal count
        count = count + x[0]
        return count * x[1]


_with_counter()


class Integrator:
    """An object with an array and a list of its own."""

    def __init__(self):
        self.state = np.zeros(3)
        self.history = []

    def advance(self, x):
        self.state[:] = x * x
        return np.sum(self.state)

    def remember(self, x):
        self.history.append(x[0])
        return x[0] * x[1]

    def choose(self, x):
        y = x * 2.0
        z = x * 3.0
        self.state = y if x[0] > 0.0 else z
        y[0] = x[1]
        return np.sum(y * z)


refused(vector, name="write_into_an_attribute_array")(Integrator().advance)
refused(vector, name="append_to_an_attribute_list")(Integrator().remember)
refused(vector, name="write_that_may_change_an_attribute")(Integrator().choose)


@refused(vector)
def write_that_may_change_indices(x):
    a = np.array([0, 1])
    b = np.array([1, 2])
    w = a if x[0] > 0.0 else b
    w[0] = 2
    y = np.zeros(3)
    y[a] = x[1] * x[0]
    return np.sum(y)


@refused(vector)
def append_to_a_global_list(x):
    y = x[0] * x[1]
    LOG.append(y)
    return y * x[2]


@refused(vector)
def store_into_a_global_dict(x):
    CACHE["last"] = x[0]
    return CACHE["last"] * x[1]


@refused(vector)
def write_into_a_default_argument(x, buffer=np.zeros(3)):
    buffer[:] = buffer + x
    return np.sum(buffer * x)


@refused(vector)
def write_through_an_iterator(x):
    y = x * 2.0
    for item in np.nditer(y, op_flags=["readwrite"]):
        item[...] = item * item
    return np.sum(y)


@refused(vector)
def write_through_strides(x):
    y = x * 2.0
    w = np.lib.stride_tricks.as_strided(y, (2, 2), (8, 8))
    w[0] = x[0]
    return np.sum(y * y)


@refused(vector)
def resized_in_place(x):
    y = x * 2.0
    y.resize(5)
    return np.sum(y * y)


def _overlap():
    x = np.arange(1.0, 6.0)
    return x[:4], x[1:]


@refused(_overlap)
def overlapping_arguments_one_written(x, y):
    for i in range(4):
        x[i] = x[i] * y[i]
    return np.sum(x)


def _same():
    x = np.arange(1.0, 4.0)
    return x, x


@refused(_same)
def same_array_twice_one_written(x, y):
    x += y * y
    return np.sum(x)


def _hidden():
    x = np.arange(1.0, 4.0)
    return x, {"old": x}


@refused(_hidden)
def same_array_in_a_container_one_written(x, state):
    x *= state["old"]
    return np.sum(x)


@refused(vector)
def write_through_a_name_that_may_be_none(x):
    y = x * 2.0
    view = None
    if x[0] > 0.0:
        view = y
    if view is not None:
        view[1] = view[0] * x[2]
    return np.sum(y * y)


@refused(vector)
def result_that_may_be_none(x):
    if x[0] > 0.0:
        return None
    return x[1] * 2.0


@refused(vector)
def view_of_an_array_without_axes(x):
    s = np.array(x[0])
    u = s[...]
    u += 3.0
    return s * u


@refused(vector)
def item_that_is_an_array_without_axes(x):
    s = np.array(x[0])
    items = [s]
    items[0] += x[1]
    return s * x[1]


@refused(vector)
def filled_array_without_axes(x):
    s = np.zeros(())
    s.fill(x[0])
    return s * x[1]


@refused(vector)
def copy_that_overtakes_what_it_reads(x):
    y = x * 1.0
    y[::2] = y[:2]
    return np.sum(y * y)


@refused(vector)
def copy_that_is_overtaken_backwards(x):
    y = np.concatenate([x, x])
    y[1:5] = y[0:8:2]
    return np.sum(y * y)


@refused(vector)
def row_copied_from_a_column_across_it(x):
    a = np.outer(x, x)
    a[1] = a[:, 2]
    return np.sum(a)


@refused(vector)
def masked_elements_from_a_part(x):
    y = x * 1.0
    y[y > 0.6] = y[:3]
    return np.sum(y * y)


@refused(vector)
def elements_in_order_from_a_view(x):
    y = x * 1.0
    v = y[:2]
    y.flat[::2] = v
    return np.sum(y * y)


@refused(vector)
def diagonal_turned_round(x):
    a = np.outer(x, x)
    np.fill_diagonal(a, np.diag(a)[::-1])
    return np.sum(a)
