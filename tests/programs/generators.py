"""Generator functions and expressions: the loop and the generator take turns, and see what the other one changed."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=5),)


def positive(rng):
    return (rng.uniform(0.5, 2.0, size=5),)


def powers(q, n):
    value = 1.0
    for _ in range(n):
        yield value
        value = value * q


def neighbours(values):
    for k in range(len(values) - 1):
        yield values[k], values[k + 1]


def doubled_in_place(values):
    for k in range(len(values)):
        values[k] = values[k] * 2.0
        yield values[k]


def until_large(values, bound):
    for value in values:
        if value > bound:
            return
        yield value


def growing(value):
    while True:
        yield value
        value = value * 1.5


def walk(depth, value):
    if depth > 0:
        yield from walk(depth - 1, value * 0.5)
        yield value
        yield from walk(depth - 1, value * value)


@program(vector)
def sum_of_powers(x):
    total = 0.0
    for p in powers(x[0], 6):
        total += p * x[1]
    return total


@program(vector)
def pairs_of_neighbours(x):
    total = 0.0
    for left, right in neighbours(x):
        total += left * right
    return total


@program(vector)
def generator_without_items(x):
    total = x[0]
    for p in powers(x[1], 0):
        total += p
    for left, right in neighbours(x[:1]):
        total += left * right
    return total * x[2]


@program(vector)
def loop_sees_what_the_generator_wrote(x):
    work = x.copy()
    total = 0.0
    for value in doubled_in_place(work):
        total += value * work[0] + work[-1]
    return total


@program(vector)
def generator_sees_what_the_loop_wrote(x):
    work = x.copy()
    total = 0.0
    for value in doubled_in_place(work):
        work[-1] = value * 0.5
        total += value
    return total + work[-1]


@program(positive)
def generator_that_returns(x):
    total = 0.0
    for value in until_large(x, 1.5):
        total += value * value
    return total + x[0]


@program(positive)
def endless_generator_broken_off(x):
    total = 0.0
    for value in growing(x[0]):
        total += value
        if value > 9.0:
            break
    return total


@program(positive)
def endless_generator_and_a_return(x):
    for value in growing(x[0]):
        if value > 4.0:
            return value * x[1]
    return x[2]


@program(vector)
def continue_in_the_loop(x):
    total = 0.0
    for p in powers(x[0], 6):
        if p < 0.0:
            continue
        total += p
    else:
        total = total * x[1]
    return total


@program(vector)
def two_of_one_generator_function(x):
    total = 0.0
    first, second = powers(x[0], 4), powers(x[1], 3)
    for p in second:
        total = total * 0.5 + p
    for p in first:
        total = total * x[2] + p
    return total


@program(vector)
def arguments_are_those_of_the_call(x):
    q = x[0]
    items = powers(q, 4)
    q = 5.0
    return sum(items) * q


@program(vector)
def nothing_runs_before_the_loop(x):
    work = x.copy()
    items = doubled_in_place(work)
    before = work[0] * 3.0
    return sum(items) + before


@program(vector)
def generator_in_a_loop(x):
    total = 0.0
    for k in range(3):
        for p in powers(x[k], k + 1):
            total += p * x[k + 1]
    return total


@program(vector)
def generator_that_takes_from_another(x):
    def scaled(values):
        for value in values:
            yield value * x[1]

    total = 0.0
    for value in scaled(powers(x[0], 4)):
        total += value * value
    return total


@program(vector)
def generator_that_calls_itself(x):
    total = 0.0
    for value in walk(3, x[0]):
        total = total * 0.5 + value
    return total


@program(vector)
def items_unpacked(x):
    def three(a):
        yield a
        a = a * a
        yield a
        yield a + x[1]

    u, v, w = three(x[0])
    return u * v + w


@program(vector)
def items_in_a_list(x):
    values = list(powers(x[0], 5))
    return np.array(values) @ x + len(values)


@program(positive)
def items_that_pass_a_test(x):
    def large(values):
        for value in values:
            if value > 1.0:
                yield value**3

    return max(x[0], sum(large(x)))


@program(vector)
def expression_in_a_loop(x):
    total = 0.0
    for value in (v * v for v in x if v > -0.5):
        total = total * 0.9 + value
    return total


@program(vector)
def expression_broken_off(x):
    total = 0.0
    for value in (v * w for v in x for w in (x[0], x[1])):
        total += value
        if total > 1.0:
            break
    return total * x[2]


@program(vector)
def rows_changed_by_the_loop(x):
    def rows(m):
        for k in range(len(m)):
            yield m[k]

    m = np.outer(x, x)
    for row in rows(m):
        row *= x[0]
    return np.sum(m)


class Chain:
    def __init__(self, value, length):
        self.value, self.length = value, length
        self.given = 0

    def links(self):
        for k in range(self.length):
            self.given += 1
            yield self.value * k


@program(vector)
def generator_method(x):
    chain = Chain(x[0], 4)
    total = 0.0
    for link in chain.links():
        total += link * x[1] + chain.given
    return total


@program(vector)
def closure_written_between_items(x):
    scale = 1.0

    def scaled(values):
        for value in values:
            yield value * scale

    total = 0.0
    for value in scaled(x):
        total += value
        scale = scale * x[0]
    return total
