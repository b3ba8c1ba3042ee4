"""A result that is an integer or a float, by the run, beside another: it has a cotangent in any case."""


def f(s, steps):
    return (max(0.47, steps, 0.47 * s), 0.7 * s)


ARGS = (0.9472, 2)
ARGNUMS = (0,)
