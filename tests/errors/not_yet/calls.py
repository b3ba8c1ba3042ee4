"""Calls and attributes that a later version may follow."""

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
