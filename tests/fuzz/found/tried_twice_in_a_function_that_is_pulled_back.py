"""A parameter of a lambda in what is tried is no variable that a pullback captures."""

import srcad


def h0(p0):
    try:
        try:
            s1 = 0.7
        except ValueError:
            pass
        finally:
            s1 -= abs(0.7)
    except KeyError:
        pass
    return 0.7


def f(s):
    s5 = srcad.vjp(h0, 0.7, backend="numpy")[1](0.7)
    return 0.7


ARGS = (0.3886,)
ARGNUMS = (0,)
