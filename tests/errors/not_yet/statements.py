"""Statements that a later version may follow."""

import math

import numpy as np

import srcad
from tests.errors.registry import refused


def number():
    return (1.5,)


def vector():
    return (np.array([0.5, -1.0, 2.0]),)


def _fill(y, x):
    for k in range(3):
        y[k] = x * k
        if x < k:
            raise ValueError


@refused(number)
def callee_writes_before_it_raises(x):
    y = np.zeros(3)
    try:
        _fill(y, x)
    except ValueError:
        y[0] = x * 5.0
    return np.sum(y)


class Watching:
    def __enter__(self):
        return 2.0

    def __exit__(self, kind, value, trace):
        return kind is ValueError


@refused(number)
def context_that_looks_at_the_exception(x):
    with Watching() as w:
        y = x * w
    return y


@refused(number)
def exception_used_as_a_value(x):
    try:
        y = math.sqrt(x)
    except ValueError as error:
        y = error.args[0]
    return y


@refused(number)
def class_inside(x):
    class Box:
        value = x

    return Box.value * x


@refused(vector)
def recursion_with_a_tuple(x):
    def shrink(pair, k):
        return pair[0] if pair[0] < 0.1 else shrink((pair[0] * 0.5, pair[1]), k + 1)

    return shrink((x[2], x[0]), 0) * x[0]


@refused(vector)
def recursion_given_the_same_array_twice(x):
    def fill(a, b, k):
        if k < len(a):
            a[k] = b[k - 1] * a[k]
            fill(a, b, k + 1)

    y = x * 2.0
    fill(y, y, 1)
    return np.sum(y)


@refused(vector)
def recursion_that_returns_a_part(x):
    def first(y):
        return y if len(y) < 2 else first(y[: len(y) // 2])

    return np.sum(first(x) ** 2)


@refused(vector)
def recursion_differentiated_inside(x):
    def product(y, k):
        return 1.0 if k == len(y) else y[k] * product(y, k + 1)

    return np.sum(srcad.grad(lambda y: product(y, 0))(x) * x)


@refused(vector)
def list_that_grows_while_it_is_looped_over(x):
    values = []
    for v in x:
        values.append(v)
    for v in values:
        if v > 1.0:
            values.append(v * 0.25)
    return sum(values)


@refused(vector)
def text_compared(x):
    label = f"{x[0]:.1f}"
    return x[1] if label == "0.5" else x[2]


@refused(vector)
def recursion_that_rebinds_an_outer_variable(x):
    total = x[0]

    def down(n):
        nonlocal total
        total = total * x[1]
        return n if n < 0.1 else down(n * 0.5)

    return down(x[2]) * total


@refused(vector)
def variable_of_a_function_in_between_that_has_no_value_yet(x):
    t = x[0]

    def middle():
        def inner():
            return t * 2.0

        r = inner()
        t = x[1]
        return r * t

    return middle() * t


@refused(vector)
def change_before_what_raises_in_a_call_that_is_tried(x):
    count = 0

    def root(v):
        nonlocal count
        count += 1
        return math.sqrt(v)

    y = x[0]
    for k in range(3):
        try:
            y = y + root(x[k])
        except ValueError:
            y = y * count
    return y


@refused(vector)
def lengths_compared_in_a_call_that_is_tried(x):
    t = x[0]

    def steps():
        nonlocal t
        for a, b in zip([x[0], x[1]], (x[2],), strict=True):
            t = t + a * b

    try:
        steps()
    except ValueError:
        t = t * x[1]
    return t


@refused(vector)
def text_of_what_is_always_raised(x):
    table = {"a": x[0]}
    try:
        s = table["b"]
    except KeyError as error:
        s = x[1] * len(str(error))
    return s
