"""Values that are None on some paths."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=5),)


@program(lambda rng: (rng.normal(size=5), False))
def none_stays(x, keep):
    scale = None
    if keep:
        scale = x[0]
    y = x[1] ** 2
    if scale is None:
        y = y * x[2]
    else:
        y = y * scale
    return y


@program(vector)
def previous_item(x):
    previous = None
    s = 0.0
    for v in x:
        if previous is not None:
            s += (v - previous) ** 2 * previous
        previous = v
    return s


@program(vector)
def previous_row(x):
    a = np.outer(x, x) + np.eye(5)
    previous = None
    s = 0.0
    for row in a:
        if previous is not None:
            s += np.dot(row, previous)
        previous = row * 2.0
    return s + np.sum(previous)


@program(vector)
def largest_so_far(x):
    best = None
    for v in x:
        if best is None or v > best:
            best = v * v
    return best * 2.0


@program(vector)
def smallest_with_place(x):
    best, where = None, None
    for k in range(len(x)):
        t = np.sin(x[k]) * x[0]
        if best is None or t < best:
            best = t
            where = k
    return best * x[where]


@program(lambda rng: (rng.normal(size=5), 0))
def no_trip_leaves_none(x, n):
    last = None
    for k in range(n):
        last = x[k] * 2.0
    return x[1] * 3.0 if last is None else last


@program(lambda rng: (rng.normal(size=5), 3))
def some_trips_leave_a_number(x, n):
    last = None
    for k in range(n):
        last = x[k] * 2.0
    return x[1] * 3.0 if last is None else last * x[0]


def _root(x):
    if x < 0.0:
        return None
    return np.sqrt(x)


@program(lambda rng: (np.array([1.5, -0.3, 0.7, 2.0, -1.0]),))
def callee_returns_none(x):
    s = 0.0
    for v in x:
        r = _root(v)
        if r is None:
            s += v * v
            continue
        s += r * 3.0
    return s


def _weighted(x, weight=None):
    return x if weight is None else x * weight


@program(lambda rng: (rng.normal(size=5), True))
def passed_on_as_argument(x, heavy):
    w = None
    if heavy:
        w = x[4] ** 2
    return _weighted(x[0], w) + _weighted(x[1] * x[2])


@program(vector)
def taken_back_to_none(x):
    pending = None
    s = 0.0
    for v in x:
        if pending is None:
            pending = v * x[0]
        else:
            s += pending * v
            pending = None
    return s + (0.0 if pending is None else pending)


@program(lambda rng: (rng.normal(size=5), True, False))
def two_that_swap(x, one, two):
    a = None
    b = None
    if one:
        a = x[0] * 2.0
    if two:
        b = x[1] * 3.0
    a, b = b, a
    s = 1.0
    if a is not None:
        s = s * a
    if b is not None:
        s = s + b * b
    return s


@program(lambda rng: (rng.normal(size=5), True))
def second_name(x, keep):
    a = None
    if keep:
        a = x[0] * x[1]
    b = a
    a = x[2]
    return a if b is None else a * b


@program(lambda rng: (rng.normal(size=5), 2))
def elif_and_early_return(x, kind):
    bias = None
    if kind > 1:
        bias = x[3]
    elif kind > 0:
        bias = x[4]
    if bias is None:
        return x[0] ** 2
    s = x[1] * bias
    return s + bias


@program(lambda rng: (rng.normal(size=5), 1), raises=TypeError)
def none_used_as_a_number(x, n):
    y = None
    if n > 3:
        y = x[0]
    return y * 2.0


@program(lambda rng: (rng.normal(size=5), True))
def an_array_or_none(x, keep):
    mask = None
    if keep:
        mask = x * x
    y = np.sin(x)
    if mask is not None:
        y = y * mask
        mask[0] = 7.0
    return np.sum(y) if mask is None else np.sum(y * mask)


@program(lambda rng: (rng.uniform(0.5, 2.0, 5), 3))
def nested_loops_with_none(x, n):
    total = 0.0
    for i in range(n):
        best = None
        for v in x:
            t = v * (i + 1.0) + x[i]
            if best is not None and best < t:
                t = t + best
            best = t if best is None else np.sin(t) + 2.0 * best
        total += best
    return total


@program(lambda rng: (rng.uniform(0.5, 2.0, 5),))
def truth_of_what_may_be_none(x):
    last = None
    s = 0.0
    for v in x:
        if last:
            s += last * v
        last = v if v > 1.0 else None
    return s + x[0]


@program(lambda rng: (rng.uniform(0.5, 2.0, 5), 2.0))
def while_not_none(x, limit):
    value = x[0]
    s = 0.0
    while value is not None:
        s += value * value
        value = value * 1.7 if value < limit else None
    return s


@program(lambda rng: (rng.uniform(0.5, 2.0, 5), 4))
def walrus_of_none(x, n):
    def find(k):
        return x[k] if k < n else None

    s = 0.0
    k = 0
    while (v := find(k)) is not None:
        s += v * v
        k += 1
    return s


@program(lambda rng: (rng.uniform(0.5, 2.0, 5), 1))
def integer_or_none(x, n):
    where = None
    for k in range(n, len(x)):
        if where is None and x[k] > 0.4:
            where = k
    return x[where] * x[0] if where is not None else x[1]


@program(lambda rng: (rng.normal(size=5), True))
def closure_over_what_may_be_none(x, keep):
    scale = None

    def apply(v):
        return v if scale is None else v * scale

    s = apply(x[1])
    if keep:
        scale = x[0]
    return s + apply(x[2])


@program(lambda rng: (rng.normal(size=5), False))
def nonlocal_none(x, keep):
    memory = None

    def remember(v):
        nonlocal memory
        if memory is None:
            memory = v
        else:
            memory = memory * v
        return memory

    s = remember(x[0]) * 1.0
    if keep:
        s += remember(x[1])
    s += remember(x[2])
    return s * remember(x[3])
