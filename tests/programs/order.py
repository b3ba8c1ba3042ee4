"""Order of evaluation: operands that others change, effects in the middle of expressions."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=4),)


def positive(rng):
    return (rng.uniform(0.5, 2.0),)


def bump(a):
    a[0] = a[0] * 3.0 + 1.0
    return a[1]


def scale(a, k):
    a *= k
    return np.sum(a)


@program(vector)
def read_before_callee_writes(x):
    y = x * 2.0
    return y[0] + bump(y) * y[0]


@program(vector)
def array_before_callee_writes(x):
    y = x * 2.0
    z = y + scale(y, 2.0)
    return np.sum(z * z)


@program(vector)
def expression_before_callee_writes(x):
    y = x * 2.0
    z = y * 1.0 + scale(y, 2.0) * y
    return np.sum(z * z)


@program(vector)
def keyword_after_effect(x):
    def f(a, b):
        return a * b

    y = x * 2.0
    return f(y[0], b=bump(y)) + f(b=bump(y), a=y[0])


@program(vector)
def positional_and_keyword(x):
    y = x * 2.0
    return np.sum(np.clip(y[0] * 1.0, a_min=-(bump(y) ** 2) - 10.0, a_max=100.0)) * y[0]


@program(vector)
def augmented_element_reads_first(x):
    y = x * 2.0
    y[0] += bump(y)
    return y[0] * y[1]


@program(vector)
def augmented_element_index_effect(x):
    y = x * 2.0
    n = [0]

    def nxt():
        n[0] = n[0] + 1
        return n[0]

    y[nxt()] *= nxt() * x[0]
    return y[1] * y[2] * y[0]


@program(positive)
def augmented_nonlocal(x):
    total = x * 1.0

    def add():
        nonlocal total
        total = total * 2.0
        return x

    total += add()
    return total * x


@program(positive)
def nonlocal_in_middle(x):
    a = x * 1.0

    def go():
        nonlocal a
        a = a * 5.0
        return a

    return a * go() + a * a * go()


@program(positive)
def nonlocal_in_comparison(x):
    a = x * 1.0

    def go():
        nonlocal a
        a = a * 5.0
        return a

    if a < go():
        return a * x
    return x


@program(positive)
def chain_once(x):
    a = x * 1.0

    def go():
        nonlocal a
        a = a * 2.0
        return a

    if 0.0 < go() < 100.0:
        return a * x
    return x


@program(positive)
def chain_short_circuit(x):
    a = x * 1.0

    def go():
        nonlocal a
        a = a * 2.0
        return a

    if 10.0 < a < go():
        return x
    return a * x


@program(positive)
def ternary_once(x):
    a = x * 1.0

    def go():
        nonlocal a
        a = a * 2.0
        return a

    b = x if go() > 1.0 else x * x
    return a * b


@program(positive)
def ternary_lazy(x):
    a = x * 1.0

    def go():
        nonlocal a
        a = a * 2.0
        return a

    b = x if x > 0.0 else go()
    return a * b


@program(positive)
def and_lazy(x):
    a = x * 1.0

    def go():
        nonlocal a
        a = a * 2.0
        return a > 0.0

    if x < 0.0 and go():
        return x
    if x > 0.0 or go():
        return a * x
    return x


@program(positive)
def and_value(x):
    b = x and x * x
    c = 0.0 or x * 3.0
    d = x or x * 7.0
    return b + c + d * b


@program(positive)
def and_value_effect(x):
    a = x * 1.0

    def go():
        nonlocal a
        a = a * 2.0
        return a

    b = x and go()
    c = x or go()
    return b * a + c * b


@program(positive)
def not_value(x):
    return x * (1.0 if not (x and 0.0) else 2.0)


@program(vector)
def tuple_order(x):
    y = x * 1.0
    a, b, c = y[0], bump(y), y[0]
    return a * b * c + a


@program(vector)
def list_order(x):
    y = x * 1.0
    l = [y[0], bump(y), y[0]]
    return l[0] * l[1] + l[2]


@program(vector)
def dict_order(x):
    y = x * 1.0
    l = {"a": y[0], "b": bump(y), "c": y[0]}
    return l["a"] * l["b"] + l["c"]


@program(vector)
def call_order(x):
    y = x * 1.0

    def f(a, b, c):
        return a * b + c

    return f(y[0], bump(y), y[0])


@program(vector)
def starred_order(x):
    y = x * 1.0

    def f(a, b, c):
        return a * b + c

    return f(*[y[0], bump(y)], y[0]) + f(y[0], *(bump(y), 2.0))


@program(vector)
def index_order(x):
    y = x * 1.0
    k = [0]

    def adv():
        k[0] += 1
        return k[0]

    return y[adv()] * y[adv()] + y[k[0]]


@program(vector)
def store_order(x):
    y = x * 1.0
    y[0], y[1] = y[1], y[0] * y[2]
    return y[0] * y[1] * y[0]


@program(vector)
def store_value_then_index(x):
    y = x * 1.0
    k = [0]

    def adv():
        k[0] += 1
        return k[0]

    y[adv()] = y[k[0]] * x[adv()] * 2
    return np.sum(y * y) + k[0]


@program(vector)
def chained_assignment_order(x):
    y = x * 1.0
    i = 0
    i = y[i] = 2
    return np.sum(y * x) * i


@program(vector)
def chained_assignment_alias(x):
    a = b = x * 2.0
    a[0] = x[1]
    b[1] *= a[0]
    return np.sum(a * b)


@program(vector)
def walrus_in_args(x):
    def f(a, b):
        return a * b

    return f((t := x[0] * 2.0), t * x[1]) + t


@program(vector)
def walrus_in_index(x):
    y = x * 2.0
    i = 0
    z = y[i] * y[(i := i + 1)] * y[i]
    return z


@program(vector)
def fstring_effect(x):
    y = x * 2.0
    s = f"{bump(y)}"
    return y[0] * y[1]


@program(vector)
def assert_effect(x):
    y = x * 2.0
    assert bump(y) < 100.0
    return y[0] * y[1]


@program(vector)
def print_effect(x):
    y = x * 2.0
    print(end="" if bump(y) > 0 else "")
    return y[0] * y[1]


@program(vector)
def while_test_effect(x):
    y = x * 2.0
    n = 0

    def test():
        y[0] = y[0] * 0.5 + x[1]
        return n < 3

    while test():
        n += 1
        y[1] += y[0]
    return y[0] * y[1]


@program(vector)
def slice_store_overlap(x):
    y = x * 2.0
    y[1:] = y[:-1]
    y[:-1] += y[1:]
    y[::-1] *= y
    return np.sum(y * x)


@program(vector)
def range_bound_changes(x):
    n = 3
    s = 0.0
    for i in range(n):
        n = 10
        s = s + x[i] * (i + 1)
        i = 7
    return s * n * i


@program(vector)
def list_changes_while_looped(x):
    l = [x[0], x[1]]
    s = 0.0
    for v in l:
        s = s * 2.0 + v * v
        if len(l) < 4:
            l.append(v * 3.0)
    return s


@program(vector)
def array_changes_while_looped(x):
    y = x * 1.0
    s = 0.0
    for v in y:
        s = s + v * v
        y[3] += v
    return s


@program(vector)
def enumerate_array_changes(x):
    y = x * 1.0
    s = 0.0
    for i, v in enumerate(y):
        if i < 3:
            y[i + 1] += v * v
        s += v
    return s


@program(vector)
def zip_array_changes(x):
    y = x * 1.0
    s = 0.0
    for v, w in zip(y, y[::-1]):
        y[2] = v * w
        s += v * w
    return s


@program(vector)
def row_view_in_loop(x):
    y = np.outer(x, x)
    for row in y:
        row *= 2.0
        row[0] = x[1]
    return np.sum(y * y)


def add_at_front(a):
    np.add.at(a, [0, 0], 2.0)
    return a[1]


@program(vector)
def element_before_callee_adds_to_it(x):
    y = x * 1.0
    return y[0] * add_at_front(y)


@program(vector)
def sum_before_callee_adds_to_a_view(x):
    y = x * 1.0
    front = y[:2]
    return np.sum(y * 2.0) * add_at_front(front) + y[0]
