"""What stands before a walrus, or before a call in a chained comparison, is read before the call changes it."""

import numpy as np

from tests.programs.registry import program


@program(lambda rng: (1.3,))
def a_comparison_with_a_call_that_rebinds(x):
    n = 1.0

    def inc():
        nonlocal n
        n = n + x
        return n

    return x if n < inc() < 100.0 else x * x


@program(lambda rng: (1.3,))
def a_walrus_that_rebinds(x):
    n = x

    def inc():
        nonlocal n
        n = n * 2.0
        return n

    return n + (y := inc()) * y


@program(lambda rng: (1.3,))
def an_element_beside_a_call_that_writes(x):
    a = np.array([1.0, x])

    def f():
        a[0] = 5.0
        return 3.0

    return x if a[0] < f() < 100.0 else x * x


@program(lambda rng: (1.3,))
def items_around_a_walrus(x):
    n = x

    def inc():
        nonlocal n
        n = n * 2.0
        return n

    items = [n, (y := inc()), n]
    return items[0] * 100 + items[1] * 10 + items[2]


@program(lambda rng: (1.3,))
def a_comparison_in_a_ternary(x):
    n = x

    def inc():
        nonlocal n
        n = n * 2.0
        return n

    return n * (1.0 if 0.0 < inc() < 100.0 else 2.0)


@program(lambda rng: (1.3,))
def an_entry_beside_a_walrus(x):
    d = {"n": x}

    def inc():
        d["n"] = d["n"] * 2.0
        return d["n"]

    return d["n"] + (y := inc()) * y


class Growing:
    def __init__(self):
        self.n = 2.0

    def inc(self, x):
        self.n = self.n + x
        return self.n

    def run(self, x):
        return self.n * x + (y := self.inc(x)) * y


@program(lambda rng: (1.3,))
def an_attribute_beside_a_walrus(x):
    a = Growing()
    return a.run(x)


@program(lambda rng: (1.3,))
def the_test_of_a_while(x):
    n = 1.0

    def inc():
        nonlocal n
        n = n + x
        return n

    k = 0
    while n < inc() < 5.0:
        x = x * x
        k += 1
        if k > 20:
            break
    return x * n


@program(lambda rng: (1.3,))
def a_sum_into_what_the_call_rebinds(x):
    s = x

    def inc():
        nonlocal s
        s = s * 2.0
        return s

    s += (y := inc()) * y
    return s


@program(lambda rng: (1.3,))
def a_sum_into_an_array_that_is_rebound(x):
    s = x
    a = np.array([1.0, 2.0])

    def inc():
        nonlocal a
        a = a * x
        return 3.0

    a += (y := inc()) * y * x
    return np.sum(a)


def h(b):
    b[0] = b[0] * 3.0
    return b[0]


@program(lambda rng: (1.3,))
def an_element_before_and_behind(x):
    b = np.array([x, 2.0])
    return b[0] + (y := h(b)) * y + b[0]


@program(lambda rng: (1.3,))
def an_item_that_is_popped(x):
    b = [x, 2.0]
    return b[0] * (y := b.pop(0)) + y + b[0]


@program(lambda rng: (1.3,))
def what_an_iterator_gives(x):
    it = iter([1.0, x, x * x, 4.0])
    return next(it) + (y := next(it)) * y + next(it)


@program(lambda rng: (1.3,))
def a_sum_into_an_element_that_is_written(x):
    b = [x, 2.0]
    b[0] += (y := h(b)) + y
    return b[0] * b[1]


@program(lambda rng: (1.3,))
def a_pure_function(x):
    def f(t):
        return t * t

    return x + (y := f(x)) * y + np.sin(y)


@program(lambda rng: (1.3,))
def an_array_that_the_call_writes(x):
    a = np.array([x, 1.0])
    return np.sum(a * (y := h(a))) + y


@program(lambda rng: (1.3,))
def attributes_in_a_list(x):
    a = Growing()
    return [a.n, (z := a.inc(x)), a.n][0] * z + a.n


@program(lambda rng: (1.3,))
def a_sum_into_an_item_plain(x):
    b = [x, 2.0]
    b[0] += h(b)
    return b[0] * b[1]


@program(lambda rng: (1.3,))
def a_sum_into_an_element_plain(x):
    b = np.array([x, 2.0])
    b[0] += h(b) * x
    return b[0] * b[1]


@program(lambda rng: (1.3,))
def an_index_that_the_call_changes(x):
    b = np.array([x, 2.0])
    i = 0

    def nxt():
        nonlocal i
        i = i + 1
        return x * i

    b[i] += (y := nxt()) + y
    return b[0] * b[1] + i


@program(lambda rng: (1.3,))
def an_index_that_the_call_changes_plain(x):
    b = np.array([x, 2.0])
    i = 0

    def nxt():
        nonlocal i
        i = i + 1
        return x * i

    b[i] += nxt()
    return b[0] * b[1] + i


@program(lambda rng: (1.3,))
def a_sum_into_an_attribute(x):
    a = Growing()
    a.n += (y := a.inc(x)) * y
    return a.n


@program(lambda rng: (1.3,))
def a_sum_into_an_attribute_plain(x):
    a = Growing()
    a.n += a.inc(x)
    return a.n


@program(lambda rng: (1.3,))
def a_sum_into_a_slice(x):
    b = np.array([x, 2.0, 3.0])
    b[1:] += (y := h(b)) * y * b[:-1]
    return np.sum(b)
