"""A function that makes another one and is called where something is tried: what it returns is read there alone."""

import math


def quotient(p):
    s = 0.7

    def unused(q):
        return q + s

    return p / s


def f(s):
    try:
        t = math.log(s)
    except ValueError:
        t = quotient(s)
    for _ in range(3, 0, 2):
        s *= 0.7
    return s * t


ARGS = (-1.1926,)
ARGNUMS = (0,)
