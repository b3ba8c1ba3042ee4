"""The first items of a list are computed by a function whose value its derivative needs."""

import math


def f(s, steps):
    items1 = [math.tanh(s)]
    match steps:
        case 0:
            pass
        case 1:
            return 1.44
        case _:
            pass
    items1.append(s)
    return items1[0] * items1[1]


ARGS = (
    -0.7303,
    2,
)
ARGNUMS = (0,)
