"""Lists indexed in loops, and loops over a few constants whose variables change their kind."""

import numpy as np

from tests.programs.registry import program


def number(rng):
    return (rng.uniform(0.5, 1.5),)


def vector(rng):
    return (rng.normal(size=5),)


@program(number)
def binomial_tree(s):
    n = 12
    values = [max(s * 1.1**j - 1.0, 0.0) for j in range(n + 1)]
    for i in range(n - 1, -1, -1):
        for j in range(i + 1):
            values[j] = 0.4 * values[j + 1] + 0.6 * values[j] * s
    return values[0]


@program(number)
def triangle_in_a_list(x):
    n = 20
    row = [0.0] * (n + 1)
    row[0] = x
    for i in range(1, n + 1):
        for j in range(i, 0, -1):
            row[j] = row[j] * 0.5 + row[j - 1] * x
    return row[3] + row[n]


@program(number)
def two_names_for_a_list(x):
    v = [x * i for i in range(5)]
    w = v
    i = 0
    while i < 4:
        v[i + 1] += w[i] * x
        i += 1
    return sum(v) + w[2]


@program(number)
def integers_that_become_floats(x):
    v = [0] * 12
    for i in range(11):
        v[i + 1] = v[i] * x + i
    return v[11]


@program(number)
def a_short_ring(x):
    v = [x, x * x, 2.0, x**3]
    t = 0.0
    for i in range(30):
        v[i % 4] = v[(i + 1) % 4] * x * 0.5 + t
        t += v[i % 3]
    return t


@program(vector)
def functions_collected_in_a_loop(p):
    parts = []
    for k in range(3):
        parts.append(lambda t, k=k: t**k * p[k])
    return sum(part(1.3) for part in parts) * parts[2](p[0])


@program(vector)
def functions_that_see_the_last_counter(p):
    parts = []
    for k in range(3):
        parts.append(lambda t: t * p[k])
    return sum(part(1.3) for part in parts)


@program(number)
def text_that_grows(x):
    out, kind = 0.0, "a"
    for k in range(4):
        kind = kind + "b"
        if kind == "abb":
            out = x * k
    return out * len(kind)


@program(number)
def shape_that_grows(x):
    shape, t = (), x
    for k in range(3):
        shape = (*shape, k + 1)
        t = t + np.sum(np.ones(shape)) * x * t
    return t


@program(number)
def array_or_number_by_parity(x):
    y = x
    for k in range(3):
        y = np.array([y, x * k]).sum() if k % 2 else [y, x][k % 2] * x
    return y


@program(number)
def entries_under_made_up_keys(x):
    layers = {}
    for k in range(4):
        layers[f"w{k}"] = x * k
    t = 0.0
    for k in range(4):
        t = t + layers[f"w{k}"] ** 2
    return t


@program(number)
def broken_off_before_the_kind_changes(x):
    y = x
    for k in range(5):
        if k == 2:
            break
        y = (y, y * x) if k == 0 else (y[0] * x, y[1])
    return y[0] * y[1]


@program(vector)
def arrays_that_grow(x):
    parts = np.zeros(0)
    for k in range(4):
        parts = np.concatenate([parts, x[k:] * (k + 1)])
    return parts @ parts[::-1]


@program(number)
def zero_trips(x):
    parts = [x]
    for k in range(0):
        parts.append(lambda t: t * x)
    return parts[0] * len(parts)


@program(number)
def parts_of_growing_size(s):
    parts = np.zeros(0)
    for k in range(4):
        parts = np.concatenate([parts, np.full(k + 1, s * k)])
    return parts @ np.cos(parts)


@program(vector)
def triangle_of_vectors(x):
    total = 0.0
    for k in range(1, len(x)):
        head = x[:k] * k
        tail = np.ones(k) * total
        total = total * 0.5 + (head * tail).sum() + head.sum()
    return total


@program(number)
def one_size_after_another(s):
    total = 0.0
    for n in range(3):
        for m in range(2):
            block = np.full((n + 1, m + 1), s) * np.arange(m + 1.0)
            total += np.sin(block).sum() * block.mean()
    return total


@program(vector)
def window_that_widens(x):
    y = x.copy()
    for k in range(1, 4):
        window = y[:k] + 0.0
        window *= window.sum()
        y[:k] = window[::-1]
        y = np.concatenate([y, window])
    return y @ y
