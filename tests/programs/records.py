"""Lists of unknown length that hold tuples; lists put in order, by a key, taken from the front."""

from typing import NamedTuple

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=5),)


class State(NamedTuple):
    mean: float
    spread: float


@program(vector)
def history_of_pairs(x):
    history = []
    mean, spread = x[0], 1.0
    for k in range(len(x)):
        mean, spread = 0.5 * mean + x[k], spread * 0.9 + mean * mean
        history.append((mean, spread))
    total = 0.0
    for m, s in history:
        total += m * s
    return total + history[-1][0] * history[0][1]


@program(vector)
def history_read_while_it_grows(x):
    history = [(x[0], x[1])]
    for k in range(len(x)):
        a, b = history[-1]
        history.append((a * 0.5 + x[k], b + a * x[k]))
    return history[-1][1] + len(history) * history[2][0]


@program(vector)
def named_states(x):
    path = [State(x[0], 1.0)]
    for k in range(1, len(x)):
        last = path[-1]
        path.append(State(last.mean * 0.5 + x[k], last.spread + last.mean**2))
    return sum(s.mean * s.spread for s in path)


@program(vector)
def arrays_beside_numbers(x):
    path = []
    u = x
    for k in range(4):
        u = np.sin(u) * x
        path.append((k, u))
    return sum(k * np.sum(u) for k, u in path)


@program(vector)
def array_that_is_written_after_it_was_appended(x):
    path = []
    u = x.copy()
    for k in range(3):
        path.append((k + 1.0, u))
        u[0] = u[0] * x[1]
    return path[0][1][0] * path[1][0]


@program(vector)
def columns_of_a_history(x):
    history = [(v, v * v) for v in x]
    firsts, seconds = zip(*history)
    last = history.pop()
    table = np.array(history)
    return sum(firsts) + seconds[1] * last[0] + np.sum(table[:, 1]) + len(firsts) * len(history)


@program(vector)
def no_history(x):
    history = []
    for k in range(len(x) - 5):
        history.append((x[k], k))
    total = x[0]
    for a, b in history:
        total += a * b
    return total * (1.0 + len(history))


@program(vector)
def moving_window(x):
    window = []
    total = 0.0
    for value in x:
        window.append(value * value)
        if len(window) > 2:
            window.pop(0)
        total += sum(window) / len(window)
    return total


@program(vector)
def inserted_in_front_and_behind(x):
    items = []
    for k in range(len(x)):
        items.insert(0, x[k] * 2.0)
        items.insert(-1, x[k] ** 2)
        items.insert(99, x[0])
    items.reverse()
    items.extend([x[0], 3.0])
    taken = items.pop(1) * items.pop(-2)
    total = 0.0
    for i, value in enumerate(items):
        total += value * i
    return total + taken


@program(vector)
def greatest_by_a_key(x):
    far = max(x, key=lambda v: (v - 0.3) ** 2)
    pair = min([(x[0], x[1]), (x[1], x[2]), (x[2], x[3])], key=lambda p: p[0] * p[1])
    return far * pair[0] + pair[1] ** 2 + max([], default=x[4])


@program(vector)
def in_order_by_a_key(x):
    total = 0.0
    for k, value in enumerate(sorted(x, key=lambda v: -v)):
        total += k * value
    points = sorted([(x[0], x[1]), (x[1], x[2]), (x[2], x[3])], key=lambda p: p[1], reverse=True)
    names = sorted({"b": x[3], "a": x[4]}.items())
    return total + points[0][0] * points[2][1] + names[0][1] * 2.0


@program(vector)
def sorted_in_place_under_two_names(x):
    few = [x[0], x[1], x[2]]
    other = few
    few.sort()
    many = [v * v for v in x if v > -0.5]
    many.sort(reverse=True)
    total = other[0] + other[1] * 10.0 + other[2] * 100.0
    for k, value in enumerate(many):
        total += k * value
    return total


@program(vector)
def function_of_each_element(x):
    @np.vectorize
    def folded(value, scale):
        if value > 0.0:
            return value * value * scale
        return -value

    return np.sum(folded(x, x[0]) * x) + np.sum(np.vectorize(lambda v: v * x[1])(np.outer(x, x)))


@program(vector)
def list_of_an_array(x):
    items = x.tolist()
    items.append(items[0] * items[1])
    return sum(items) * items[-1]
