"""Texts and attributes of integers that are known at run time only."""

import numpy as np

from tests.programs.registry import program


def number_and_integer(rng):
    return rng.uniform(0.5, 2.0), int(rng.integers(130, 250))


@program(number_and_integer, backends=("numpy",))
def lengths_of_texts(x, n):
    return x * len(bin(n)) + x**2 * len(hex(n)) + x**3 * len(oct(n)) + x**4 * len(ascii(n))


@program(number_and_integer, backends=("numpy",))
def lengths_of_texts_of_numpy(x, n):
    return x * len(np.binary_repr(n)) + x**2 * len(np.base_repr(n, 3))


@program(number_and_integer)
def attributes_that_integers_lack(x, n):
    y = x * n.bit_length()
    try:
        y *= n.sum()
    except AttributeError:
        y *= 2.0 * x
    try:
        y *= (n > 3).item()
    except AttributeError:
        y *= 3.0 * x
    return y


@program(number_and_integer, raises=AttributeError)
def method_that_only_floats_have(x, n):
    return x * n.hex().count("1")
