"""Python that is not a computation on numbers."""

import threading

import numpy as np

from tests.errors.registry import refused

TOTAL = 0.0


def number():
    return (1.5,)


@refused(number)
async def asynchronous(x):
    return x * x


@refused(number)
async def awaiting(x):
    y = await asynchronous(x)
    return y * x


@refused(number)
def nested_asynchronous_function(x):
    async def inner(t):
        return t * t

    return x * x


@refused(number)
def generator_function(x):
    yield x
    yield x * x


@refused(number)
def yield_from_another(x):
    yield from [x, x * x]


@refused(number)
def code_from_a_string(x):
    exec("y = x * x")
    return x


@refused(number)
def value_from_a_string(x):
    return eval("x * x") + x


@refused(number)
def compiled_by_hand(x):
    code = compile("x * x", "<string>", "eval")
    return x * len(code.co_names)


@refused(number)
def global_rebound(x):
    global TOTAL
    TOTAL = TOTAL + x
    return TOTAL * x


@refused(number)
def write_through_globals(x):
    globals()["TOTAL"] = x
    return x * x


@refused(number)
def read_through_locals(x):
    y = x * x
    return locals()["y"]


@refused(number)
def class_with_a_metaclass_inside(x):
    class Meta(type):
        pass

    class Box(metaclass=Meta):
        scale = 2.0

    return Box.scale * x


@refused(number)
def class_made_by_type(x):
    Box = type("Box", (), {"value": x})
    return Box.value * x


@refused(number)
def attribute_set_by_name(x):
    setattr(np, "scale", x)
    return x * x


@refused(number)
def attribute_of_a_module_set(x):
    np.scale = x
    return x * x


@refused(number)
def identity_as_a_number(x):
    y = x * x
    return y if id(x) % 2 else y * x


@refused(number)
def custom_context_manager(x):
    with threading.Lock():
        y = x * x
    return y


@refused(number)
def value_sent_into_a_generator(x):
    def running(total):
        while True:
            total += yield total

    return next(running(x), x)


@refused(number)
def generator_that_gives_a_result(x):
    def two(y):
        yield y
        return y * 2.0

    return sum(two(x))


@refused(number)
def yield_inside_try(x):
    def roots(y):
        try:
            yield y**0.5
        except ValueError:
            yield 0.0

    return sum(roots(x))


@refused(number)
def generator_taken_from_twice(x):
    def powers(y):
        for k in range(4):
            yield y**k

    items = powers(x)
    return sum(items) + sum(items)


@refused(lambda: (np.arange(1.0, 5.0), 3))
def iterator_that_is_counted_in_every_iteration(x, n):
    squares = map(lambda v: v * v, x)
    total = 0.0
    for _ in range(n):
        total += len(list(squares)) + total
    return total * x[0]
