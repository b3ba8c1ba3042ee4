"""One object under several names: containers, closures, defaults, parameters, and variables that move on."""

import copy
import functools
from collections import namedtuple
from dataclasses import dataclass

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=4),)


def positive(rng):
    return (rng.uniform(0.5, 2.0),)


P = namedtuple("P", "x v")


@dataclass
class Body:
    x: float
    v: float


@program(vector)
def old_list_kept(x):
    cur = [x[0], x[1]]
    prev = cur
    cur = [x[2], x[0] * 2.0]
    return prev[0] * cur[0] + prev[1] * cur[1]


@program(vector)
def old_tuple_kept(x):
    state = (x[0], x[1])
    old = state
    state = (state[1], state[0] * 2.0)
    return old[0] * state[0] + old[1] * state[1]


@program(vector)
def old_tuple_in_loop(x):
    state = (x[0], x[1])
    s = 0.0
    for i in range(len(x)):
        old = state
        state = (state[1] * 0.5, old[0] * x[i])
        s += old[0] * state[1] + old[1]
    return s


@program(vector)
def old_two_back_in_loop(x):
    a = (x[0], x[1])
    b = (x[2], x[3])
    s = 0.0
    for i in range(len(x)):
        c = (a[0] + b[1], b[0] * x[i])
        a, b = b, c
        s += a[0] * b[1]
    return s


@program(vector)
def swap_lists(x):
    a = [x[0], x[1]]
    b = [x[2], x[3]]
    for i in range(len(x)):
        a, b = b, a
        a[0] = a[0] * x[i]
        b[1] = b[1] + a[0]
    return a[0] * 3.0 + a[1] * b[0] + b[1]


@program(vector)
def old_namedtuple(x):
    p = P(x[0], x[1])
    q = p
    p = p._replace(x=p.v * 2.0)
    p = P(p.v, q.x * p.x)
    return p.x * q.v + q.x * p.v


@program(vector)
def object_alias(x):
    a = Body(x[0], x[1])
    b = a
    a.x = a.v * 2.0
    b.v = b.x * x[2]
    c = copy.copy(a)
    c.x = x[3]
    return a.x * b.v + b.x * c.x * a.v


@program(vector)
def object_swap(x):
    a = Body(x[0], x[1])
    b = Body(x[2], x[3])
    if x[0] > x[1]:
        a, b = b, a
    c = a
    a = Body(b.v, a.x)
    return a.x * b.x * c.x + a.v * c.v


@program(positive)
def parameter_and_nonlocal(x):
    a = x * 1.0

    def g(v):
        nonlocal a
        a = a * 2.0
        return v * a + v

    return g(a) + a


@program(vector)
def parameter_and_list_write(x):
    def f(v, l):
        l[0] = v * 2.0
        return v * l[0]

    l = [x[0], x[1]]
    return f(l[0], l) + l[0] * l[1]


@program(vector)
def parameter_and_attribute_write(x):
    def f(v, o):
        o.x = v * 2.0
        return v * o.x

    o = Body(x[0], x[1])
    return f(o.x, o) + o.x * o.v


@program(vector)
def returned_then_changed(x):
    state = [x[0], x[1]]

    def get():
        return state[0]

    def setit(v):
        state[0] = v
        return v

    return get() * setit(x[2]) + get()


@program(vector)
def shared_inner_lists(x):
    m = [[0.0] * 2] * 3
    m[0][0] = x[0]
    m[1][1] = x[1]
    m[2][0] = m[0][0] * x[2]
    return m[0][0] * m[1][1] + m[2][1] * m[1][0]


@program(vector)
def comprehension_inner_lists(x):
    m = [[0.0] * 2 for _ in range(3)]
    m[0][0] = x[0]
    m[1][1] = x[1]
    m[2][0] = m[0][0] * x[2]
    return m[0][0] * m[1][1] + m[2][1] * m[1][0] + m[2][0]


@program(vector)
def list_times_in_place(x):
    a = [x[0], x[1]]
    b = a
    a *= 2
    a[0] = x[2]
    return b[0] * b[2] * len(b) + b[3]


@program(vector)
def list_plus_in_place(x):
    a = [x[0], x[1]]
    b = a
    a += [x[2]]
    a = a + [x[3]]
    a[0] = 5.0 * x[3]
    return b[0] * b[2] * len(b) + a[3] * a[0]


@program(vector)
def tuple_plus(x):
    a = (x[0], x[1])
    b = a
    a += (x[2],)
    return a[2] * a[0] * len(b)


@program(vector)
def list_copy_is_shallow(x):
    a = [[x[0]], x[1]]
    b = a.copy()
    c = list(a)
    d = a[:]
    b[0][0] = x[2]
    c[1] = x[3]
    d[0].append(x[3])
    return a[0][0] * a[1] + c[0][0] * c[1] + a[0][1]


@program(vector)
def copy_copy_is_shallow(x):
    a = [[x[0]], x[1]]
    b = copy.copy(a)
    c = copy.deepcopy(a)
    b[0][0] = x[2]
    c[0][0] = x[3]
    return a[0][0] * b[0][0] + c[0][0]


@program(vector)
def copy_of_list_of_arrays(x):
    y = x * 2.0
    a = [y, x]
    b = copy.copy(a)
    b[0][0] = 7.0
    c = copy.deepcopy(a)
    c[0][1] = 3.0
    return np.sum(a[0] * y) + np.sum(c[0] * y)


@program(vector)
def array_in_two_containers(x):
    y = x * 2.0
    d = {"a": y}
    t = (y, 1.0)
    d["a"][0] = x[1]
    t[0][1] *= 3.0
    o = Body(y, 0.0)
    o.x += x
    return np.sum(y * y) + d["a"][0]


@program(vector)
def dict_alias(x):
    d = {"a": x[0], "b": x[1]}
    e = d
    e["a"] = e["b"] * 2.0
    f = dict(d)
    f["a"] = x[2]
    g = {**d, "b": x[3]}
    return d["a"] * f["a"] + g["b"] * g["a"] + e["a"]


@program(vector)
def dict_order_and_values(x):
    d = {"b": x[0], "a": x[1]}
    d["c"] = x[2]
    d["b"] = x[3]
    s = 0.0
    for k, v in d.items():
        s = s * 2.0 + v * (1.0 if k == "a" else 3.0)
    for k in d:
        s = s * 0.5 + d[k]
    return s + list(d.values())[0] * s


@program(vector)
def dict_fromkeys_setdefault(x):
    d = {}
    d.setdefault("a", []).append(x[0])
    d.setdefault("a", []).append(x[1])
    return d["a"][0] * d["a"][1]


@program(vector)
def default_argument_early(x):
    k = x[0] * 2.0

    def f(a, b=k):
        return a * b

    k = x[1]
    return f(x[2]) * k


@program(vector)
def default_list_shared(x):
    def push(v, acc=[]):
        acc.append(v)
        return acc

    push(x[0])
    a = push(x[1])
    return a[0] * a[1] * len(a)


@program(vector)
def closure_sees_change(x):
    k = x[0]

    def f(t):
        return t * k

    a = f(x[1])
    k = x[2] * 5.0
    return a * f(x[1])


@program(vector)
def closure_counter(x):
    def make():
        n = 0.0

        def inc(v):
            nonlocal n
            n += v
            return n

        return inc

    a, b = make(), make()
    a(x[0])
    b(x[1])
    a(x[2])
    return a(x[3]) * b(x[0])


@program(vector)
def partial_early(x):
    k = x[0]
    f = functools.partial(lambda a, b: a * b, k)
    k = x[1]
    return f(x[2]) * k


@program(vector)
def partial_early_array(x):
    y = x * 1.0
    f = functools.partial(lambda a, b: a[0] * b, y)
    y[0] = x[3]
    g = f(x[2])
    y = x * 7.0
    return f(x[2]) * g


@program(vector)
def method_bound_early(x):
    y = x * 1.0
    f = y.sum
    y = y * 3.0
    return f() * y[0]


@program(vector)
def method_bound_then_written(x):
    y = x * 1.0
    f = y.sum
    y[0] = 3.0 * x[1]
    return f() * y[0]


@program(vector)
def append_bound_early(x):
    l = [x[0]]
    ap = l.append
    ap(x[1])
    m = l
    l = [x[2]]
    ap(x[3])
    return m[0] * m[1] * m[2] + l[0]


@program(vector)
def same_array_arguments(x):
    def f(a, b):
        a[0] = b[1] * 2.0
        b[1] = a[0] * b[0]
        return np.sum(a * b)

    y = x * 1.0
    return f(y, y)


@program(vector)
def view_arguments(x):
    def f(a, b):
        for i in range(len(a)):
            a[i] += b[i] * b[0]
        return np.sum(a * b)

    y = x * 1.0
    return f(y[1:], y[:-1])


@program(vector)
def recursion_locals(x):
    def f(n, a):
        b = a * x[n]
        if n > 0:
            c = f(n - 1, b)
            return b * c + a
        return b

    return f(3, x[0])


@program(vector)
def list_returned_alias(x):
    l = [x[0], x[1]]

    def f(a):
        a[0] = a[0] * 2.0
        return a

    m = f(l)
    m[1] = x[2]
    return l[0] * l[1] + m[0]


@program(vector)
def unpack_star(x):
    a, *b = x[0], x[1], x[2]
    b[0] = a * 2
    *c, d = b
    return b[0] * c[0] * d


@program(vector)
def nested_unpack_swap(x):
    l = [x[0], x[1], x[2]]
    i = 0
    i, l[i] = 1, x[3]
    l[i], i = l[0] * 2.0, 2
    l[0], l[1] = l[1], l[0]
    return l[0] * l[1] + l[2] * i


@program(vector)
def del_name(x):
    a = x[0] * 2
    b = a
    del a
    a = x[1]
    return a * b


@program(vector)
def list_methods(x):
    l = [x[0], x[1], x[2]]
    l.insert(1, x[3])
    v = l.pop(0)
    l.reverse()
    w = l.pop()
    l.extend([v, w])
    return l[0] * l[1] + l[2] * l[3] * len(l)


@program(vector)
def negative_index(x):
    l = [x[0], x[1], x[2]]
    l[-1] = l[-2] * 2.0
    return l[2] * x[-1] * l[-3]
