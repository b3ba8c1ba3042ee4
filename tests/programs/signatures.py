"""Arguments and the parameters they fit, or do not fit: Python's errors are raised where the calls are."""

import functools
from dataclasses import dataclass
from typing import NamedTuple

from tests.programs.registry import program


def number(rng):
    return (rng.uniform(0.5, 2.0),)


def by_position(a, /, b=2.0):
    return a * b


def by_either(a, b=2.0):
    return a * b


def with_others(a, /, **others):
    return a * a * others["a"]


class Squares:
    def of(self, a):
        return a * a

    def by_position(self, a, /):
        return a * a * a


class Product:
    def __init__(self, a, b=1.0):
        self.value = a * b


@dataclass
class Pair:
    a: float
    b: float = 2.0


class Two(NamedTuple):
    a: float
    b: float = 2.0


SQUARES = Squares()
FIRST_GIVEN = functools.partial(by_either, 3.0)
SECOND_GIVEN = functools.partial(by_either, b=3.0)
OTHER_GIVEN = functools.partial(with_others, a=5.0)


@program(number)
def positional_only_by_position(x):
    def nested(a, /, *more, b, **others):
        return a * b + sum(more) * others["a"]

    y = by_position(x, b=x * x) + with_others(x, a=x**3) + Squares().by_position(x) + SQUARES.by_position(x)
    return y + nested(x, x, 2.0, b=x, a=x * x) + (lambda a, /, b: a * b * b)(x, b=x) + OTHER_GIVEN(x)


@program(number, raises=TypeError)
def positional_only_by_name(x):
    return by_position(a=x, b=x)


@program(number)
def positional_only_by_name_tried(x):
    y = x
    try:
        y += by_position(a=x, b=x)
    except TypeError:
        y *= 2.0
    try:
        y += Squares().by_position(a=x)
    except TypeError:
        y *= x
    try:
        y += (lambda a, /: a * x)(a=x)
    except TypeError:
        y *= 3.0
    try:
        y += functools.partial(by_position, a=x)(b=x)
    except TypeError:
        y *= x
    return y


@program(number, raises=TypeError)
def one_parameter_given_twice(x):
    return by_either(x, a=x)


@program(number, raises=TypeError)
def object_given_twice(x):
    return SQUARES.of(x, self=x)


@program(number)
def parameters_given_twice_tried(x):
    y = x
    try:
        y += by_either(x, x, b=x)
    except TypeError:
        y *= 2.0
    try:
        y += Squares().of(x, a=2.0 * x)
    except TypeError:
        y *= x
    try:
        y += Squares().of(x, self=2.0 * x)
    except TypeError:
        y *= 3.0
    try:
        y += Product(x, a=2.0 * x).value
    except TypeError:
        y *= x
    try:
        y += Pair(x, a=2.0 * x).a + x
    except TypeError:
        y *= 5.0
    try:
        y += Two(x, a=2.0 * x).a + x
    except TypeError:
        y *= x
    try:
        y += FIRST_GIVEN(a=x)
    except TypeError:
        y *= 7.0
    return y


@program(number)
def keys_given_twice_tried(x):
    y = x
    try:
        y += by_either(x, **{"b": x}, **{"b": x})
    except TypeError:
        y *= 2.0
    try:
        y += by_either(x, b=x, **{"b": x * x})
    except TypeError:
        y *= x
    try:
        y += dict(**{"a": x}, **{"a": 2.0 * x})["a"]
    except TypeError:
        y *= 3.0
    try:
        y += dict(a=x, **{"a": 2.0 * x})["a"]
    except TypeError:
        y *= x
    return y


@program(number)
def arguments_of_partials(x):
    y = FIRST_GIVEN(x) + FIRST_GIVEN(b=x * x) + SECOND_GIVEN(x) + SECOND_GIVEN(a=x * x, b=x)
    inner = functools.partial(by_either, b=x)
    return y + inner(x) + inner(x, b=x * x) + functools.partial(inner, 2.0)(b=x**4)
