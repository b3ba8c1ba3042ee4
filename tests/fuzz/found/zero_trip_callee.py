"""A function called in the test of a loop that never runs."""


def h(p):
    a = 0.7
    return p * a


def f(s):
    for _ in range(0):
        k = 0
        while k < 3 and h(s) > 0.7:
            k += 1
    for _ in range(0):
        if s > 0.0:
            s *= 0.7
    return 0.7 * s


ARGS = (0.8899,)
ARGNUMS = (0,)
