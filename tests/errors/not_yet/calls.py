"""Calls and attributes that a later version may follow."""

import functools

import numpy as np

from tests.errors.registry import refused


def number():
    return (1.5,)


def number_and_integer():
    return 1.5, 200


@refused(number_and_integer)
def ones_among_the_binary_digits(x, n):
    try:
        return x * n.bit_count()
    except AttributeError:
        return x * x


@refused(number_and_integer)
def bytes_of_an_integer(x, n):
    return x * n.to_bytes(2, "big")[1]


@refused(number_and_integer)
def numerator_of_an_integer(x, n):
    return x * n.numerator


@refused(number)
def length_of_a_printed_number(x):
    return x * len(np.format_float_positional(x))


@refused(number)
def length_of_a_printed_array(x):
    return x * len(np.array2string(np.ones(3) * x))


@refused(number_and_integer)
def binary_digits_compared(x, n):
    return x if bin(n) == "0b1101" else x * x


def print_and_square(v):
    print(v)
    return v * v


class Scaling:
    def __init__(self, factor):
        self.factor = factor

    @functools.lru_cache  # noqa: B019
    def of(self, k):
        return self.factor * k


@functools.lru_cache
def table(n):
    return np.zeros(n)


@functools.lru_cache
def items(n):
    return [0.0] * n


@functools.lru_cache
def printed(v):
    return print_and_square(v)


@refused(number)
def array_in_a_cache_written(x):
    t = table(2)
    t[0] = x
    return np.sum(table(2)) + x


@refused(number)
def part_of_an_array_in_a_cache_written(x):
    t = table(3)[1:]
    t[0] = x
    return np.sum(table(3)) + x


@refused(number)
def list_in_a_cache_written(x):
    t = items(2)
    t[0] = x
    return sum(items(2)) + x


@refused(number)
def cached_function_that_prints(x):
    return printed(x)


@refused(number)
def cached_method_of_an_object_that_changes(x):
    scaling = Scaling(x)
    y = scaling.of(2)
    scaling.factor = x * x
    return y + scaling.of(2)


@refused(number)
def cached_function_that_counts(x):
    count = [0]

    @functools.cache
    def scaled(k):
        count[0] += 1
        return x * k

    return (scaled(1) + scaled(1)) * count[0]


@refused(number)
def cached_function_of_a_variable_that_changes(x):
    c = 2.0

    @functools.lru_cache
    def scaled(k):
        return x * k * c

    y = scaled(1)
    c = 5.0
    return y + scaled(1)


@refused(number)
def cached_function_of_an_array_that_changes(x):
    a = np.ones(3) * x
    b = a

    @functools.lru_cache
    def at(k):
        return a[k]

    y = at(1)
    b[1] = 7.0
    return y + at(1) * x
