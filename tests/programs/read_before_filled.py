"""Lists that a loop reads in its first iteration, when nothing, or less than later, was put into them."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.uniform(0.5, 1.5, size=40) / 3,)


@program(lambda rng: (rng.uniform(0.02, 0.04, size=12),))
def discount_factors_by_newton(rates):
    factors = []
    for i, c in enumerate(rates):
        z = 0.02
        for _ in range(20):
            error = sum(c * d for d in factors) + (1 + c) * np.exp(-z * (i + 1)) - 1
            step = error / (-(i + 1) * (1 + c) * np.exp(-z * (i + 1)))
            z -= step
            if abs(step) < 1e-12:
                break
        factors.append(np.exp(-z * (i + 1)))
    return np.array(factors)


@program(lambda rng: (np.array([1.0, 0.4, 0.9, 0.7, 1.8, 1.2, 0.3]),))
def pooled_adjacent_violators(y):
    means, weights = [], []
    for v in y:
        means.append(v)
        weights.append(1.0)
        while len(means) > 1 and means[-2] > means[-1]:
            v2, w2 = means.pop(), weights.pop()
            v1, w1 = means.pop(), weights.pop()
            means.append((v1 * w1 + v2 * w2) / (w1 + w2))
            weights.append(w1 + w2)
    return sum(w * v**2 for v, w in zip(means, weights, strict=True))


@program(vector)
def sum_of_a_list_that_is_empty_at_first(x):
    found = []
    for v in x:
        found.append(v - 0.1 * sum(found))
    return found[0] * found[-1]


@program(lambda rng: (rng.uniform(0.5, 1.5, size=20) / 3,))
def basis_by_gram_schmidt(x):
    basis = []
    for v in x:
        g = x * v
        for b in basis:
            g = g - (g @ b) * b
        g /= np.linalg.norm(g) + 1
        basis.append(g)
    total = 0.0
    for b in basis:
        total += b[0] * b[1]
    return total


@program(vector)
def pairs_of_what_came_before(x):
    pairs, total = [], 0.0
    for v in x:
        for k, ((a, b), (c, _)) in enumerate(zip(pairs, reversed(pairs))):  # noqa: B905
            total += a * b * c * v * k * 0.01
        pairs.append((v, v * 2))
    return total


@program(vector)
def item_where_the_counter_tells(x):
    found = []
    for i in range(len(x)):
        s = 0.0
        j = 0
        while j < i:
            s += found[j] * x[i - j] * 0.1
            j += 1
        if i > 0:
            s -= found[-1] * 0.5
        found.append(x[i] + s)
    return found[-1]


@program(vector)
def set_by_a_loop_that_did_not_run(x):
    found, total = [], 0.0
    for v in x:
        for q in found:
            last = q
        if len(found) > 0:
            total += last * v
        found.append(v)
    return total


@program(vector)
def filled_by_a_nested_function(x):
    found, total = [], 0.0

    def keep(v):
        found.append(v)

    for v in x:
        total += np.mean(found) * v + max(found) if found else v
        keep(v * v)
    return total


@program(vector)
def two_names_that_take_turns(x):
    found, total = [], 0.0
    for v in x:
        same = found
        for q in same:
            total += q * v
        same.append(v)
        found = same
    return total


@program(vector)
def held_by_a_dict(x):
    by_name, total = {"found": []}, 0.0
    for v in x:
        for q in by_name["found"]:
            total -= q * q
        by_name["found"].append(v * v)
    return total


@program(vector)
def one_filled_only_sometimes(x):
    first, second, total = [], [], 0.0
    for v in x:
        for a in first:
            for b in second:
                total += a * b * 0.01
        first += [v, v * v]
        if v > 0.3:
            second.append(v * v)
    return total


def nothing_is_put_in(x):
    found, total = [], 0.0
    for i in range(len(x)):
        if x[i] > 10.0:
            found.append(x[i])
        if i > 3:
            total += found[-1]
    return total


program(vector, raises=IndexError)(nothing_is_put_in)
