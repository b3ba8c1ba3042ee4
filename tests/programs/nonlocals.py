"""Variables of enclosing functions that are rebound: through functions in between, which bind that name or do not."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.uniform(0.5, 2.0, size=4) * np.array([1, -1, 1, -1]),)


@program(vector)
def past_a_function_in_between(x):
    total = 0.0
    u = x * 1.0

    def outer():
        def inner():
            nonlocal total, u
            total += x[0] * u[1]
            u = u * x[1]
            return x[2]

        return inner()

    first = outer()
    for _ in range(2):
        outer()
    return first * total + outer() * np.sum(u) + total


@program(vector)
def past_lambdas_comprehensions_and_generators(x):
    t = x[0]

    def middle():
        squares = sum(t * t for t in x)

        def inner():
            nonlocal t
            t = t * x[1]
            return squares

        return [inner() for _ in range(2)]

    def steps():
        def inner():
            nonlocal t
            t = t + x[2]
            return t

        for k in range(3):
            inner()
            yield t * k

    again = lambda: middle()  # noqa: E731
    return again()[1] * t + sum(steps()) * t


@program(vector)
def bound_in_between(x):
    t = x[0]

    def by_a_parameter(t):
        def inner():
            nonlocal t
            t = t * x[1]

        inner()
        return t

    def later_than_the_function():
        def inner():
            nonlocal t
            t = x[1] * 3.0

        inner()
        t = t * 2.0  # noqa: F823
        return t

    def by_a_loop():
        for t in x:
            pass

        def inner():
            nonlocal t
            t = t * x[2]

        inner()
        return t

    return by_a_parameter(x[3]) * t + later_than_the_function() * t + by_a_loop() * t


@program(vector)
def bound_further_in(x):
    t = x[0]

    def a():
        def b():
            def c():
                nonlocal t
                t = t * x[1]

            def d():
                t = x[3]

                def e():
                    nonlocal t
                    t = t + x[0]

                e()
                return t

            c()
            return d()

        return b()

    return a() * t + t


@program(vector)
def through_a_recursion(x):
    total = x[2]

    def down(n):
        def inner():
            nonlocal total
            total *= x[0]

        if n > 0:
            inner()
            return down(n - 1)
        return x[1]

    return total * down(3) + down(2) * total


@program(vector)
def read_through_a_function_in_between(x):
    t = x[0]

    def plain():
        def inner():
            return t * 2.0

        return inner() * t

    def of_its_own():
        t = x[2]

        def inner():
            def more():
                return t

            return more()

        t = t * x[1]
        return inner()

    t = t * x[3]
    return plain() * of_its_own()
