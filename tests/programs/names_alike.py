"""Names that mean several things: targets among what is looped over, keys that join alike, counters like floats."""

import collections
from dataclasses import dataclass

import numpy as np

import srcad
from tests.programs.registry import program


@program(lambda rng: (0.7,))
def over_the_target_itself(x):
    a = x * 2.0
    s = 0.0
    for a in [x, a]:
        s = s + a
    return s


@program(lambda rng: (0.7,))
def targets_that_change_places(x):
    a, b = x * 2.0, x * 3.0
    for a, b in [(b, a), (a, b)]:
        pass
    return a * a * b


@program(lambda rng: (0.7,))
def over_the_target_enumerated(x):
    a = x * 2.0
    s = 0.0
    for i, a in enumerate((x, a)):
        s = s + a * (i + 1)
    return s


@program(lambda rng: (0.7,))
def over_the_target_in_a_dict(x):
    a = x * 2.0
    s = 0.0
    for a in {"k": x, "l": a}.values():
        s = s + a
    return s


@program(lambda rng: (0.7,))
def over_an_array_of_the_same_name(x):
    u = x * np.array([1.0, 2.0])
    a = u * 2.0
    s = 0.0
    for a in (u, a):
        s = s + np.sum(a * a)
    return s


@program(lambda rng: (0.7,))
def over_zipped_targets(x):
    a, b = x * 2.0, x * 3.0
    for a, b in zip([b, a], [a, b]):
        x = x * a + b
    return x


@program(lambda rng: (0.7,))
def over_tuples_of_the_target(x):
    p = (x * 2.0, x * 3.0)
    s = 1.0
    for p in [(p[1], p[0]), (p[0], x)]:
        s = s * p[0] + p[1]
    return s


@program(lambda rng: (0.7,))
def over_the_target_in_a_loop(x, n=2):
    a = x * 2.0
    s = 0.0
    for i in range(n):
        for a in [x, a]:
            s = s + a
    return s


@program(lambda rng: (0.7,))
def a_name_like_that_of_an_item(x):
    p = (x * 2.0, x)
    s = 0.0
    for v in [x, p[0]]:
        p_0 = v * 3.0
        s = s + p_0
    return s


@program(lambda rng: (0.7,))
def a_target_like_an_item(x):
    p = (x * 2.0, x * 3.0)
    s = 0.0
    for p_0 in [x, p[0]]:
        s = s + p_0
    return s


@program(lambda rng: (0.7,))
def keys_that_differ_by_a_mark(x):
    q = {"n": x * 2.0, "n_": x * 3.0}
    return q["n"] * q["n_"]


@program(lambda rng: (0.7,))
def keys_that_join_alike(x):
    q = {"enc": {"w_0": x * 2.0}, "enc_w": [x * 3.0]}
    return q["enc"]["w_0"] * q["enc_w"][0]


@program(lambda rng: (0.7,))
def keys_of_three_levels(x):
    q = {"a": {"b_c": x * 2.0}, "a_b": {"c": x * 3.0}, "a_b_c": x * 7.0}
    return q["a"]["b_c"] ** 2 + q["a_b"]["c"] * q["a_b_c"]


@program(lambda rng: (0.7,))
def numbers_as_keys(x):
    q = {-1: x * 2.0, 1: x * 3.0}
    return q[-1] * q[1]


@dataclass
class D:
    n: float
    _n: float


@program(lambda rng: (0.7,))
def fields_that_differ_by_a_mark(x):
    d = D(x * 2.0, x * 3.0)
    return d.n * d.n + d._n


NT = collections.namedtuple("NT", "a a_")


@program(lambda rng: (0.7,))
def fields_in_a_loop(x):
    p = NT(x * 2.0, x * 3.0)
    for i in range(3):
        p = NT(p.a_ * x, p.a + x)
    return p.a * p.a_


@program(lambda rng: (0.7,))
def parts_of_an_argument(x):
    return _doubled({"n": x, "n_": x + 0.1}, 0.5 * x)


def _doubled(p, p_n):
    p = {"n": p["n"] * 2.0, "n_": p["n_"] * p_n}
    return p["n"] * p["n"] + p["n_"]


@program(lambda rng: (0.7,))
def columns_that_join_alike(x, n=2):
    rows = []
    for i in range(n):
        rows.append({"r": x * 2.0, "r_": x * 3.0})
    s = 0.0
    for r in rows:
        s = s + r["r"] * r["r_"]
    return s


@program(lambda rng: (0.7,))
def a_counter_called_like_the_argument(x, n=3):
    y = x
    s = 0.0
    for x in range(n):
        s = s + y * x
    return s


@program(lambda rng: (0.7,))
def a_counter_called_like_another_name(x, n=3):
    y = x * 2.0
    z = y
    s = 0.0
    for y in range(n):
        s = s + z * y
    return s * z


@program(lambda rng: (0.7,))
def a_counter_of_an_inner_loop(x, n=2):
    y = x
    s = 0.0
    for i in range(n):
        s = s + y * x
        for x in range(2):
            s = s + y * x
    return s


@program(lambda rng: (0.7,))
def a_counter_like_an_item(x, n=3):
    return _counted((x, 0.3), n)


def _counted(p, n):
    s = 0.0
    for p_0 in range(n):
        s = s + p[0] * p_0
    return s


@program(lambda rng: (0.7,))
def a_counter_of_a_generator(x, n=3):
    p = (x, x * 2)
    return sum([p[0] * p_0 for p_0 in range(n)])


@program(lambda rng: (0.7,))
def a_counter_like_an_item_that_changes(x, n=3):
    p = (x * 2.0, x)
    for p_0 in range(n):
        p = (p[0] * x, x)
    return p[0]


@program(lambda rng: (0.7,))
def a_counter_read_behind(x, n=3):
    k = x
    s = 0.0
    for k in range(n):
        s = s + k * x
    return s * k + k


@program(lambda rng: (0.7,))
def a_counter_of_no_rounds(x, n=0):
    k = x * 2
    for k in range(n):
        pass
    return k * x


@program(lambda rng: (0.7,))
def a_counter_that_is_set_again(x, n=3):
    s = 0.0
    for k in range(n):
        s = s + k * x
        k = k * x
        s = s + k
    k = k + x
    for k in range(2):
        s = s * x + k
    return s


@program(lambda rng: (0.7,))
def a_counter_that_begins_at_itself(x, n=4):
    i = 0
    s = x
    while i < n:
        for i in range(i, i + 2):
            s = s * x + i
        i = i + 1
    return s + i


@program(lambda rng: (0.7, 4))
def a_counter_that_is_its_own_bound(x, n):
    s = 0.0
    for n in range(n):
        s = s + np.sin(x) * n
    return s


@program(lambda rng: (0.7, 4))
def a_counter_in_its_own_nest(x, n):
    s = x
    for n in range(n):
        s = s * np.sin(x + n)
        for n in range(n):
            s = s + x * n * s
    return s


@program(lambda rng: (0.7, 4))
def a_list_filled_up_to_its_counter(x, n):
    h = [x]
    u = x * x
    for n in range(n):
        h.append(u)
    return h[-1] * len(h)


@program(lambda rng: (0.7, 4))
def a_counter_that_is_both_bounds(x, n):
    for n in range(n, 2 * n):
        x = x * np.sin(x) + n
    return x * n


@program(lambda rng: (0.7, 4))
def elements_up_to_the_counter(x, n):
    a = np.linspace(0.1, 1.0, 6) * x
    for n in range(1, n):
        a[n] = a[n - 1] * a[n]
    return np.sum(a)


@program(lambda rng: (0.7, 4))
def an_extent_and_a_counter(x, n):
    a = np.linspace(0.1, 1.0, n) * x
    for n in range(a.shape[0]):
        a[n] = a[n] * x
    return np.sum(a[: n + 1]) * n


@program(lambda rng: (0.7, 4))
def a_number_that_becomes_the_counter(x, n):
    i = 2
    for i in range(i, i + n):
        x = np.sin(x) * i
    return x


@program(lambda rng: (0.7,))
def one_target_twice(x):
    a, b = x, x * 2.0
    a, a = b, a
    return a * b


@program(lambda rng: (0.7,))
def one_target_twice_nested(x):
    a, b = x, x * 2.0
    a, (b, a) = b * 3.0, (a, b)
    return a * b


@program(lambda rng: (0.7,))
def a_loop_with_one_target_twice(x):
    s = 0.0
    for a, a in [(x, x * x), (x * 2.0, x * 3.0)]:
        s = s + a * x
    return s * a


@program(lambda rng: (0.7,))
def an_array_twice(x):
    a = np.array([x, x * 2.0])
    b = a * 3.0
    a, a = b, a
    a[0] = a[0] * x
    return np.sum(a * b)


@program(lambda rng: (0.7,))
def an_item_twice(x):
    a = [x, 1.0]
    a[0], a[0] = x * 3.0, a[0] * x
    return a[0]


@program(lambda rng: (0.7,))
def a_starred_target_twice(x):
    b = x * 2.0
    a, *a = x, b, b * b
    return a[0] * a[1]


@program(lambda rng: (0.7,))
def zipped_into_one_target(x, n=3):
    s = 0.0
    for a, a in zip(np.arange(3.0) * x, np.arange(3.0) + x):
        s = s + a * x
    return s * a


@program(lambda rng: (0.7,))
def two_targets_twice(x):
    a, b, a, b = x, x * 2.0, x * 3.0, x * 4.0
    return a * a * b


@program(lambda rng: (rng.normal(size=2), rng.normal(size=2), rng.uniform(0.2, 0.9, size=(2, 2))), (0, 1, 2))
def buffers_swapped_beside_another_name(x, y, w):
    z1 = x
    for i3 in range(3, 1, -1):
        z1 = np.prod(w.T, axis=-2)
        np.sin(x / (1.5 + z1), out=y)
        y, x = (x, y)
    return np.sum(y)


@program(lambda rng: (rng.normal(size=2), rng.normal(size=2), rng.uniform(0.2, 0.9, size=2)), (0, 1, 2))
def buffers_swapped_with_a_name_of_two_lengths(x, y, w):
    z1 = x
    for i3 in range(2):
        z1 = w * 2.0
        y[:] = np.sin(x / (1.5 + z1))
        y, x = (x, y)
    return np.sum(y)


@program(lambda rng: (rng.normal(size=2), rng.normal(size=2), rng.uniform(0.2, 0.9, size=2)), (0, 1, 2))
def buffers_swapped_by_hand(x, y, w):
    z1 = x
    for i3 in range(3):
        z1 = w * 2.0
        y[:] = np.sin(x / (1.5 + z1))
        t = x
        x = y
        y = t
    return np.sum(y * x)


@program(lambda rng: (rng.normal(size=2), rng.normal(size=2), rng.uniform(0.2, 0.9, size=2)), (0, 1, 2))
def buffers_swapped_and_multiplied(x, y, w):
    z1 = x
    for i3 in range(3):
        z1 = w * 2.0
        if i3 % 2 == 0:
            y[:] = np.sin(x / (1.5 + z1))
        y, x = x, y
        x *= z1
    return np.sum(y * x)


@program(lambda rng: (rng.normal(size=2), rng.normal(size=2), rng.uniform(0.2, 0.9, size=2)), (0, 1, 2))
def three_buffers_in_turn(x, y, w):
    z1 = y
    v = w * 1.0
    for i3 in range(4):
        z1 = w * 2.0
        y[:] = np.sin(x / (1.5 + z1)) * v
        v[0] = v[0] * x[1]
        x, y, v = y, v, x
    return np.sum(y * x) + np.sum(v)


def _halved_where_it_is_small(p, q):
    q[q < 0.429] *= 0.5
    row = q[1:] * p
    row[0] = p * p
    return np.sum(row)


@program(lambda rng: (rng.normal(size=(2, 3)), rng.uniform(0.2, 0.9, size=4), rng.normal(size=3)), (0, 1, 2))
def names_of_what_a_derivative_inside_is_made_of(index, k, copy):
    slope = srcad.grad(_halved_where_it_is_small, backend="numpy")(k[0], k * 2.0)
    _, found = srcad.value_and_grad(_halved_where_it_is_small, argnums=1, backend="numpy")(k[1], k * 1.0)
    return np.sum(index**2) * slope + np.sum(copy * index) * k[2] + np.sum(found * found)
