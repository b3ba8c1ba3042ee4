"""Arrays collected in a list while a loop runs, and joined afterwards."""

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=4),)


def steps(rng):
    return (rng.normal(size=3), 20)


@program(vector)
def positions_of_an_oscillator(x):
    path, p, v, t = [], x[:2] * 2, x[2:], 0.0
    while t < 1.0:
        v = v - 0.1 * p
        p = p + 0.1 * v
        path.append(p)
        t += 0.1
    path = np.array(path)
    return np.mean(path[:, 0] ** 2) + path[-1] @ path[2] + np.linalg.norm(path, axis=0).sum()


@program(steps)
def stacked_along_every_axis(x, n):
    rows = []
    for k in range(n):
        rows.append(np.sin(x * k))
    wide = np.stack(rows, axis=1)
    return (np.stack(rows) * np.stack(rows, -1).T).sum() + wide[1, 3] * wide[2, 5] + np.vstack(rows)[3] @ x


@program(steps)
def columns_and_rows(x, n):
    rows = []
    for k in range(n):
        rows.append(x[::-1] * k + x[0])
    return np.column_stack(rows)[0, 4] * np.hstack(rows)[7] + np.mean(rows, axis=0)[1] + np.max(rows)


@program(steps)
def parts_of_several_lengths(x, n):
    parts = []
    for k in range(n):
        parts.append(x[: k % 3 + 1] * k)
    whole = np.concatenate(parts)
    return np.sin(whole).sum() * whole[7] + np.hstack(parts)[2]


@program(steps)
def blocks_of_several_widths(x, n):
    blocks = []
    for k in range(n):
        blocks.append(np.outer(x, x[: k % 2 + 1]) * 0.1)
    wide = np.concatenate(blocks, axis=-1)
    return (wide[:, ::3] ** 3).sum() + np.hstack(blocks)[0, 1]


@program(steps)
def tower_of_blocks(x, n):
    blocks = [np.outer(x, x)]
    for _ in range(n):
        blocks.append(blocks[-1][:1] * x * 0.5)
    return (np.vstack(blocks) ** 2).sum() + np.concatenate(blocks, axis=0)[4, 1]


@program(steps)
def numbers_as_a_column(x, n):
    values = []
    for k in range(n):
        values.append(x[k % 3] * k)
    return np.vstack(values)[4, 0] * np.column_stack(values)[0, 5] + np.hstack(values) @ np.stack(values)


@program(steps)
def sums_of_arrays(x, n):
    terms = []
    for k in range(n):
        terms.append(x * k)
    table = np.outer(x, x)
    total = sum(terms)[1] * sum(row * 2 for row in table)[0] + sum(table)[2]
    return total + sum(terms, x)[0] + sum(np.cos(x * k) for k in range(n))[2]


@program(steps)
def list_written_to_after_it_was_joined(x, n):
    rows = []
    for k in range(n):
        rows.append(x * k)
    joined = np.concatenate(rows)
    before = np.array(rows)
    last = rows.pop()
    joined[0] = 7.0 * x[1]
    return joined[:4].sum() + before[1] @ last + sum(rows)[0]


@program(vector)
def rotation_with_whole_numbers(a):
    c, s = np.cos(a[0]), np.sin(a[0])
    turn = np.array([[c, -s, 0], [s, c, 0], [0, 0, 1]])
    weights = np.array(((1, 0, -1), (2, 0, -2), (1, 0, -1.0)))
    return (turn @ a[1:]).sum() + (weights * turn).sum() ** 2


@program(lambda rng: (rng.normal(size=(3, 4)),))
def sorted_in_every_way(x):
    flat = np.sort(x, axis=None)
    order = np.argsort(x, axis=None, kind="stable")
    down = np.argsort(-x, axis=0)
    columns = np.sort(x, axis=0)[1] * np.take_along_axis(x, down, 0)[0]
    return flat[3] * x.ravel()[order[5]] + columns.sum() + np.take(x, [3, 1]) @ np.sort(x)[0, :2]
