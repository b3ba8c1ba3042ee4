"""Loops over what they change, and containers that are built while their parts change."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=4),)


def bump(a):
    a[1] = a[1] * 3.0 + 1.0
    return a[0]


@program(vector)
def loop_over_tuple_of_elements(x):
    y = x * 2.0
    s = 0.0
    for v in (y[0], y[1], y[2] * y[1]):
        y[1] = 5.0 * x[3]
        y[2] += v
        s = s * 0.5 + v
    return s + y[2]


@program(vector)
def loop_over_tuple_of_names(x):
    a, b = x[0], x[1]
    s = 0.0
    for v in (a, b, a * b):
        b = 7.0 * x[2]
        a = a * v
        s = s * 0.5 + v
    return s + a * b


@program(vector)
def loop_over_tuple_nonlocal(x):
    a, b = x[0], x[1]
    s = 0.0

    def f():
        nonlocal b
        b = b * 5.0
        return b

    for v in (a, b, a * b):
        s = s * 0.5 + v * f()
    return s


@program(vector)
def comp_over_tuple(x):
    y = x * 2.0
    l = [bump(y) * v for v in (y[0], y[1])]
    return l[0] * l[1]


@program(vector)
def gen_over_tuple(x):
    y = x * 2.0
    return sum(bump(y) * v for v in (y[0], y[1]))


@program(vector)
def map_over_tuple(x):
    y = x * 2.0

    def f(v):
        return v * bump(y)

    a, b = map(f, (y[0], y[1]))
    return a * b


@program(vector)
def gen_stored(x):
    y = x * 2.0
    g = (v * v for v in (y[0], y[1]))
    y[1] = 9.0 * x[2]
    return sum(g) * y[1]


@program(vector)
def zip_tuples(x):
    y = x * 2.0
    s = 0.0
    for a, b in zip((y[0], y[1]), [y[2], y[3]]):
        y[1] = x[0] * 7
        y[3] = x[1] * 7
        s = s * 0.5 + a * b
    return s


@program(vector)
def zip_lists_live(x):
    l = [x[0], x[1]]
    m = [x[2], x[3]]
    s = 0.0
    for a, b in zip(l, m):
        l[1] = a * 5
        m[1] = m[1] * b
        s = s * 0.5 + a * b
    return s


@program(vector)
def enumerate_list_grows(x):
    l = [x[0], x[1]]
    s = 0.0
    for i, v in enumerate(l):
        if i < 2:
            l.append(v * 2)
        s = s * 0.5 + v * (i + 1)
    return s


@program(vector)
def reversed_list_changes(x):
    l = [x[0], x[1], x[2]]
    s = 0.0
    for v in reversed(l):
        l[0] = v * 3
        s = s * 0.5 + v
    return s


@program(vector)
def list_shrinks(x):
    l = [x[0], x[1], x[2], x[3]]
    s = 0.0
    for v in l:
        l.pop()
        s = s * 0.5 + v
    return s * len(l)


@program(vector)
def call_args_tuple_then_effect(x):
    y = x * 2.0

    def f(t, w):
        return t[0] * t[1] * w

    return f((y[0], y[1]), bump(y)) + f([y[1] * 2, (y[1],)][:2][0:1] + [y[1]], bump(y))


@program(vector)
def returned_tuple_then_effect(x):
    y = x * 2.0

    def pair():
        return y[0], y[1] * 2

    def two(a, b):
        return a[0] * a[1] * b

    return two(pair(), bump(y))


@program(vector)
def dict_literal_then_effect(x):
    y = x * 2.0

    def f(d, w):
        return d["a"] * d["b"] * w

    return f({"a": y[1], "b": y[1] * y[0]}, bump(y))


@program(vector)
def tuple_swap_elements(x):
    l = [x[0], x[1], x[2]]
    l[0], l[1], l[2] = l[2], l[0], l[1] * l[0]
    return l[0] + l[1] * 2 + l[2] * 3


@program(vector)
def array_tuple_targets(x):
    y = x * 2.0
    y[0], y[1], k = y[1], y[0], y[2]
    (y[2], y[3]), m = (y[3] * y[0], y[2]), y[3]
    return np.sum(y * np.arange(4.0)) * k * m


@program(vector)
def subscript_of_call(x):
    y = x * 2.0

    def get():
        y[0] = y[0] * 2
        return y

    get()[1] = get()[0] * x[3]
    get()[2] += get()[0]
    return np.sum(y * x)
