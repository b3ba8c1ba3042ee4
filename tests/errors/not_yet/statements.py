"""Statements that a later version may follow."""

import numpy as np

from tests.errors.registry import refused


def number():
    return (1.5,)


def vector():
    return (np.array([0.5, -1.0, 2.0]),)


@refused(number)
def exception_caught(x):
    try:
        y = x / 0
    except ZeroDivisionError:
        y = x * 5.0
    return y * x


@refused(number)
def statements_in_the_end_either_way(x):
    try:
        y = x * 2.0
    finally:
        z = x * 3.0
    return y * z


@refused(number)
def class_inside(x):
    class Box:
        value = x

    return Box.value * x


@refused(number)
def nested_generator_function(x):
    def powers(t):
        y = t
        while True:
            yield y
            y = y * t

    return sum(p for p, _ in zip(powers(x), range(3)))


@refused(vector)
def recursion_by_a_number(x):
    def shrink(v):
        return v if v < 0.1 else shrink(v * 0.5)

    return shrink(x[2]) * x[0]


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
