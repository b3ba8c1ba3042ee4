"""Iterators and comprehensions: what is read when, how often, and how far."""

import functools
import itertools

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=4),)


def positive(rng):
    return (rng.uniform(0.5, 2.0),)


@program(vector)
def generator_late_binding(x):
    k = x[0]
    g = (v * k for v in x)
    k = x[1] * 3.0
    return sum(g)


@program(vector)
def generator_source_early(x):
    y = x * 2.0
    g = (v * v for v in y)
    y = x * 5.0
    return sum(g)


@program(vector)
def map_lazy(x):
    n = [0]

    def f(v):
        n[0] += 1
        return v * n[0]

    m = map(f, (x[0], x[1]))
    k = n[0]
    s = sum(m)
    return s * (k + 1)


@program(vector)
def range_twice(x):
    r = range(len(x))
    s = 0.0
    for i in r:
        s += x[i]
    for i in r:
        s = s * 1.5 + x[i]
    return s


@program(vector)
def range_early(x):
    n = 2
    r = range(n)
    n = 4
    s = 0.0
    for i in r:
        s += x[i] * n
    return s


@program(vector)
def range_from_len_early(x):
    y = x * 1.0
    n = y.shape[0]
    r = range(n - 1)
    n = 1
    s = 0.0
    for i in r:
        s += x[i] * n
    return s


@program(vector)
def zip_early(x):
    a = x * 2.0
    z = zip(a, x)
    a = x * 5.0
    s = 0.0
    for u, v in z:
        s += u * v * a[0]
    return s


@program(vector)
def zip_expression_early(x):
    y = x * 1.0
    z = zip(y * 2.0, x)
    y[0] = 50.0 * x[1]
    s = 0.0
    for u, v in z:
        s += u * v
    return s + y[0]


@program(vector)
def slice_early(x):
    n = 2
    s = slice(0, n)
    n = 3
    return np.sum(x[s] ** 2) * n


@program(vector)
def slice_early_dynamic(x):
    n = int(x[0] > 100.0) + 2
    s = slice(0, n)
    n = 3
    return np.sum(x[s] ** 2) * n


@program(vector)
def comprehension_scope(x):
    i = 5
    l = [i * v for i, v in enumerate(x)]
    return l[1] * l[2] * i


@program(vector)
def comprehension_scope_static(x):
    v = 5
    l = [v * 2.0 for v in (x[0], x[1])]
    return l[1] * l[0] * v


@program(vector)
def comprehension_effect(x):
    y = x * 1.0

    def f(v):
        y[1] = y[1] * 2.0
        return v * y[1]

    l = [v + f(v) + v for v in y]
    return sum(l) + l[1] * l[2]


@program(vector)
def comprehension_effect_static(x):
    y = np.array([x[0], x[1]])

    def f(v):
        y[1] = y[1] * 2.0
        return v * y[1]

    l = [v + f(v) + v for v in y]
    return sum(l) + l[1] * l[0]


@program(vector)
def any_short_runtime(x):
    n = [0]

    def t(v):
        n[0] += 1
        return v > -100.0

    ok = any(t(v) for v in x)
    return x[0] * n[0] if ok else x[1]


@program(vector)
def sum_start(x):
    return sum([v * v for v in x], x[0]) + sum((x[0], x[1]), start=x[3]) + sum([], x[2])


@program(vector)
def sum_lists(x):
    l = sum([[x[0]], [x[1], x[2]]], [])
    return l[0] * l[1] * l[2]


@program(vector)
def max_min_key(x):
    return max(x[0], x[1], x[2]) * min([x[0], x[3]]) + max(x) + min(v * v for v in x)


@program(vector)
def sorted_static(x):
    s = 0.0
    for k in sorted({"b": 1, "a": 2}):
        s = s * 2.0 + x[0] * (1.0 if k == "a" else 3.0)
    return s


@program(vector)
def dict_items_live(x):
    d = {"a": x[0]}
    it = d.values()
    d["b"] = x[1]
    s = 0.0
    for v in it:
        s = s * 2 + v
    return s


@program(vector)
def dict_keys_live(x):
    d = {"a": x[0], "b": x[3]}
    it = d.values()
    d["a"] = x[1]
    s = 0.0
    for v in it:
        s = s * 2 + v
    return s


@program(vector)
def for_else(x):
    s = 0.0
    for i in range(4):
        s += x[i]
        if s > 100.0:
            break
    else:
        s *= 2.0
    while s > 50.0:
        s *= 0.5
        if s < 0.0:
            break
    else:
        s += x[0]
    return s


@program(vector)
def loop_var_after(x):
    for i in range(len(x)):
        pass
    for v in x:
        w = v * 2.0
    return v * w * i


@program(vector)
def empty_range_keeps(x):
    i = 7
    v = x[0]
    for i in range(3, 3):
        v = x[1]
    for v in x[4:]:
        pass
    return v * i


@program(vector)
def negative_step(x):
    s = 0.0
    for i in range(len(x) - 1, -1, -2):
        s = s * 0.5 + x[i]
    for i in range(10, 0, 3):
        s = 0.0
    y = x[::-1]
    z = x[-2::-1]
    w = x[:-5:-2]
    return s + y[0] * z[0] * w[1] + np.sum(x[3:0:-1] * np.arange(3.0))


@program(vector)
def slice_assign_neg(x):
    y = np.zeros(6)
    y[-2:0:-1] = x
    y[:2][::-1] = x[2:]
    y[-1] = y[-2] * y[1]
    return np.sum(y * np.arange(6.0) ** 2)


@program(vector)
def out_of_range_slices(x):
    return np.sum(x[-100:2]) * np.sum(x[2:100] ** 2) + np.sum(x[3:1])


@program(vector)
def listcomp_of_dict(x):
    d = {k: v * 2 for k, v in zip("abcd", (x[0], x[1], x[2], x[3]))}
    return d["a"] * d["d"]


@program(lambda rng: (rng.normal(size=5),))
def reduced_array(x):
    y = functools.reduce(lambda a, b: a * np.sin(b) + 1.0, x)
    return y * functools.reduce(lambda a, b: a * b + x[0], x[1:], 2.0)


@program(lambda rng: (rng.normal(size=5),))
def all_pairs_of_a_list(x):
    s = 0.0
    for a, b in itertools.combinations([x[0], x[1], x[2], x[3]], 2):
        s += a * b * b
    for i, j in itertools.product(range(3), range(2)):
        s += x[i] * x[j] ** 2 * s
    for a, b, c in itertools.permutations((x[2], x[3], x[4])):
        s += a * b - c * c * a
    return s


@program(lambda rng: (rng.normal(size=5),))
def products_of_what_changes(x):
    values = [x[0], x[1]]
    s = 0.0
    for a, b in itertools.product(values, values):
        values[0] = values[0] * b + a
        s += a * b * values[0]
    return s + values[0]


@program(lambda rng: (rng.normal(size=5),))
def parts_of_a_list(x):
    values = [v * v for v in x]
    part = values[1:3]
    part[0] = values[0] * 2.0
    values[2] = x[0]
    return sum(values[:-2]) * part[0] * part[1] + sum(values[-2:]) + len(values[9:]) + values[2:][0]


@program(vector)
def constants_beside_an_array(x):
    total = 0.0
    for value, weight in zip(x, (2.0, 3.0, x[0])):
        total += value * weight
    return total


@program(vector)
def list_beside_an_array(x):
    weights = [0.5, 1.5]
    total = x[3]
    for k, (weight, value) in enumerate(zip(weights, x)):
        total = total * weight + value * k
    return total


@program(vector)
def sums_along_the_way(x):
    total = 0.0
    for s in itertools.accumulate((x[0], x[1], x[2])):
        total = total * 0.5 + s
    return total + sum(itertools.accumulate(x, lambda a, b: a * b))


@program(vector)
def chained_arrays_and_lists(x):
    total = 0.0
    for value in itertools.chain(x, [x[0], 2.0], x[::-1]):
        total = total * 0.5 + value
    return total


@program(vector)
def pairs_side_by_side(x):
    total = 0.0
    for left, right in itertools.pairwise(x):
        total += left * right**2
    for left, right in itertools.pairwise(x[:1]):
        total += left + right
    return total


@program(vector)
def product_sees_the_first_values(x):
    work = x.copy()
    total = 0.0
    for left, right in itertools.product(work, x[:2]):
        work[0] = left * 0.5
        total += left * right
    return total + work[0]


@program(vector)
def pairs_of_many(x):
    total = 0.0
    for i, j in itertools.combinations(range(len(x)), 2):
        total += x[i] * x[j] ** 2
    for u, v in itertools.combinations(x, 2):
        total += (u - v) ** 2
    return total


@program(vector)
def part_of_an_iterator(x):
    def squares(values):
        for value in values:
            yield value * value

    total = sum(itertools.islice(squares(x), 2)) + sum(itertools.islice(x, 1, 4, 2))
    for value in itertools.islice(squares(x), 1, 3):
        total = total * 0.5 + value
    return total


@program(lambda rng: (rng.uniform(0.5, 1.5, size=4),))
def endless_counter(x):
    total = 0.0
    for k, weight in zip(range(4), itertools.cycle((1.0, 2.0, x[0]))):
        total += x[0] ** k * weight
    for k in itertools.count(1):
        if k > 3:
            break
        total = total * x[0] + k
    return total


@program(vector)
def first_that_passes(x):
    return next((v * v for v in x if v > 0.1), x[0]) + next((v for v in x if v > 99.0), x[1] * 2.0)


@program(vector)
def filtered_by_value(x):
    large = list(filter(lambda v: v > -0.5, x))
    small = sum(itertools.takewhile(lambda v: v > -9.0, x)) + sum(itertools.filterfalse(lambda v: v > 0.0, x))
    return np.sum(np.array(large)) * 2.0 + small + sum(itertools.starmap(lambda a, b: a * b, zip(x, x)))


@program(vector)
def zip_of_a_generator_stops_early(x):
    seen = [0.0]

    def counted(values):
        for value in values:
            seen[0] = seen[0] + 1.0
            yield value

    total = sum(a * b for a, b in zip(counted(x), (2.0, 3.0)))
    taken = seen[0]
    total += sum(a * b for a, b in zip(x[:2], counted(x)))
    for k, value in enumerate(counted(x), 2):
        total += k * value
    return total * taken + seen[0] * x[0]


@program(args=lambda rng: (rng.normal(size=4), rng.normal(size=4)), argnums=(0, 1))
def deflated_power_iteration(x, y):
    """A number in several products, matrices and vectors that are made anew in loops."""
    a = np.outer(x, x) + np.diag(y**2 + 1)
    total, v = 0.0, np.ones(4)
    for k in range(2):
        for _ in range(12):
            v = a @ v
            v /= np.sqrt(v @ v)
        value = v @ a @ v
        a -= value * np.outer(v, v)
        total += value / (k + 1)
        v = np.arange(1.0, 5.0)
    return total


@program(args=lambda rng: (rng.normal(size=4), rng.normal(size=4)), argnums=(0, 1))
def squeezed_in_place_of_a_row(x, y):
    g = np.squeeze(np.expand_dims(x * y, 0)) * 1.0
    return np.sum(g**2) + np.sum(np.squeeze(x[:, None]) * y)
