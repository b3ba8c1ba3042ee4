"""Random programs whose arrays of indices change in the loops that use them.

Random programs of `generate` seldom write into an array of indices. Here nearly every statement does, or reads an
element by one: `a[p[i]]` before a change of p is another element behind it.
"""

from __future__ import annotations

import random

import numpy as np

from tests.fuzz.generate import Source

# {i}, {j}: counters of loops, or numbers
STATEMENTS = """
a[p[{i}]] = x[{j}] * 2.0
a[p[{i}]] += x[{j}]
x[1], a[p[{i}]] = a[p[{i}]], x[1]
p[{i}] = p[{i} - 1]
p[{i}] = (p[{i}] + 1) % 5
p[{j}] = {i} % 5
p[{i}] = 0.7
s += a[p[{i}]] * x[p[{j}]]
x[p[{i}]] *= 0.5
a[{i} % 5] = x[p[{j}]] * s
p[:] = p[::-1].copy()
q = p[{i}]
a[q] = a[q] * x[q]
b[p[{i}], {j} % 3] += x[p[{j}]]
b[{j}, p[{i}] % 3] = a[p[{j}]] * 0.5
s = s + b[p[{i}], p[{j}] % 3]
p[{i}], p[{j}] = p[{j}], p[{i}]
a[p[{i}]], a[p[{j}]] = a[p[{j}]], a[p[{i}]]
a[p] += x
x[p[1:4]] = a[:3] * x[p[1:4]]
p[q % 5] = q % 4
a[p[{i}]] = a[p[{j}]] + a[p[{i}]]
a[p[{i}]] -= a[p[{i}]] * a[p[{i}]] * 0.5
s += x[p[{i}]] * a[{i}]
x[{j}] = a[p[{i}]] * x[{j}]
""".strip().splitlines()

ENDS = ("s + np.sum(a * a) + np.sum(b * x[0])", "s * np.sum(a) + np.sum(b * b) + x[1]", "(s, a, x)")


def moving(number: int) -> Source:
    """The program with this number."""
    draw = random.Random(number)
    body = [_statement(draw, 8, "i", draw.choice(("i", "2", "q"))) for _ in range(draw.randint(1, 3))]
    if draw.random() < 0.7:
        body.append(" " * 8 + "for j in range(3):")
        pairs = (("i", "j"), ("j", "i"), ("j", "j"))
        body += [_statement(draw, 12, *draw.choice(pairs)) for _ in range(draw.randint(1, 3))]
        body += [_statement(draw, 8, "i", "i")] if draw.random() < 0.5 else []
    head = ["def f(x, a, p, n):", "    a = a * 1.0", "    b = np.zeros((5, 3))", "    s = 0.7", "    q = 2"]
    text = "\n".join((*head, "    for i in range(n):", *body, f"    return {draw.choice(ENDS)}")) + "\n"
    values = np.random.default_rng(number)
    arrays = [f"np.array({values.normal(size=5).round(3).tolist()})" for _ in range(2)]
    return Source(text, (*arrays, f"np.array({values.integers(0, 5, 5).tolist()})", "4"), (0, 1))


def _statement(draw: random.Random, indent: int, i: str, j: str) -> str:
    return " " * indent + draw.choice(STATEMENTS).format(i=i, j=j)
