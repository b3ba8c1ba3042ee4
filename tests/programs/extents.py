"""Programs whose structure follows from the length of an argument: made for the length at hand."""

import numpy as np

from tests.programs.registry import program


class Point:
    def __init__(self, x, y, z):
        self.x, self.y, self.z = x, y, z


WEIGHTS = np.array([0.5, 2.0, -1.0])


def three(rng):
    return (rng.normal(size=3),)


def powers(rng):
    return (rng.uniform(0.5, 2.0, size=4),)


@program(three)
def elements_as_arguments(x):
    p, q = Point(*x), Point(*x[::-1])
    return p.x * q.y + p.z * p.z * q.x


@program(three)
def elements_as_a_dict(x):
    by_name = dict(zip("abc", x, strict=True))
    by_name["a"] = by_name["a"] * by_name["c"]
    return sum(v * v for v in by_name.values())


@program(powers)
def a_function_per_element(x):
    def scaled(a):
        def power(b, exponent=2.0):
            return a * b**exponent

        return power

    functions = [scaled(v) for v in x]
    return sum(f(v) for f, v in zip(functions, x[::-1], strict=True)) + functions[0](3.0, exponent=1.5)


@program(three)
def elements_of_a_captured_array(x):
    p = Point(*WEIGHTS)
    return p.x * x[0] + p.y * x[1] ** 2 + p.z * x[2]


@program(lambda rng: (rng.normal(size=(3, 2)), rng.uniform(0.5, 1.0, size=3)), (0, 1))
def bodies_that_are_changed(positions, masses):
    bodies = [{"x": positions[i].copy(), "v": np.zeros(2), "m": masses[i]} for i in range(len(masses))]
    for _ in range(2):
        for b in bodies:
            force = np.zeros(2)
            for c in bodies:
                if c is b:
                    continue
                r = c["x"] - b["x"]
                force += c["m"] * r / (r @ r + 0.1) ** 1.5
            b["v"] = b["v"] + 0.1 * force
        for b in bodies:
            b["x"] += 0.1 * b["v"]
    return sum(b["m"] * b["v"] @ b["v"] + b["x"] @ b["x"] for b in bodies)


@program(powers)
def rows_of_several_lengths(x):
    n = len(x)
    t = [[0.0] * k for k in range(n)]
    t[2][1] = x[0] * x[1]
    t[3][0] = t[2][1] * x[2]
    return t[2][1] + t[3][0]


@program(powers)
def list_with_another_name_appended(x):
    rows = []
    for k in range(len(x)):
        row = [x[k], x[k] * 2.0]
        rows.append(row)
        row[0] = row[0] * 3.0
    return rows[0][0] * rows[1][1]


@program(powers)
def items_of_two_structures(x):
    rows = []
    for k in range(len(x)):
        rows.append((x[k], k))
        rows.append((x[k], k, x[k] ** 2))
    return rows[0][0] * rows[-1][2]


@program(lambda rng: (rng.normal(size=4),))
def chain_of_a_list_of_matrices(x):
    chain = [np.array([[1.0, v], [0.5 * k, 1.0]]) for k, v in enumerate(x)]
    return np.trace(np.linalg.multi_dot(chain) @ chain[0].T)
