"""Random programs of loops one behind the other, of which some may be one."""

from __future__ import annotations

import random

import numpy as np

HEAD = """import numpy as np


def f(x, a, at, n):
    t = np.{make}(n)
    u = np.zeros(n)
    g = np.{make}((n, n))
    h = np.zeros((n, 1))
    s = 0.5
    c = 1.5
    q = 0.25
"""

# {i}: counter of the outer loop, {k}: of the inner one; by how many loops are around
OUTER = """
t[{i}] = x[{i}] * 2.0
t[{i}] += x[{i}]
t[{i}] = t[{i}] * t[{i}] + s
u[{i}] = 2.0 * t[{i}]
u[{i}] += t[{i}] * x[{i}]
u[at[{i}]] += t[{i}]
t[at[{i}]] = x[{i}]
h[{i}, 0] = t[{i}] + 0.5
h[{i}, 0] += 1.0
t[{i}] = h[{i}, 0]
s += t[{i}] * t[{i}]
s = s + u[{i}]
s = s * 0.5 + x[{i}]
c *= 1.01
c = max(c, t[{i}])
q = x[{i}]
q = q + t[{i}]
t[{i}] += q
t[{i}] = x[{i} - 1]
u[{i}] += t[{i} - 1]
x[{i}] = u[{i}]
g[{i}, 0] = 0.5
s += float({i})
""".strip().splitlines()

INNER = """
t[{i}] += a[{i}, {k}] * x[{k}]
t[{i}] += g[{i}, {k}]
u[{k}] += a[{i}, {k}] * t[{i}]
u[{k}] -= g[{i}, {k}] * x[{i}]
g[{i}, {k}] = x[{i}] * a[{i}, {k}]
g[{i}, {k}] = 0.5
g[{i}, {k}] = g[{i}, {k}] + t[{i}]
g[{i}, {k}] += a[{i}, {k}]
g[{i}, {k}] = g[{i} - 1, {k}]
g[{i}, {k}] += g[{i}, {k} - 1]
g[{k}, {i}] = a[{i}, {k}]
s += g[{i}, {k}] * a[{i}, {k}]
s += a[{k}, {i}]
q = a[{i}, {k}]
q += g[{i}, {k}]
t[{i}] += q
u[at[{k}]] += g[{i}, {k}]
t[{i}] += h[{i}, 0] * x[{k}]
a[{i}, {k}] = g[{i}, {k}]
a[{i}, {k}] *= 0.5
x[{k}] += a[{i}, {k}]
""".strip().splitlines()

BETWEEN = """
s = s * 0.5
q = 2.0
c = c + s
w = t
w[0:1] = 0.5
t = u * 0.5
s = s + np.sum(t)
s = s + t[0]
if s > 100.0: s = 1.0
if n > 7: raise ValueError('too many')
u[:] = 0.0
i = n - 1
k = 1
g = a * 2.0
""".strip().splitlines()

# behind what begins a reverse sweep
ADJOINT = """
v[{k}] += a[{i}, {k}] * t[{i}]
v[at[{i}]] += u[{i}]
v[{i}] -= t[{i}] * 2.0
z += a[{i}, {k}] * x[{i}]
z += t[{i}]
b[{i}, {k}] = t[{i}] * x[{k}]
v[{k}] += b[{i}, {k}]
b[{i}, {k}] += g[{i}, {k}]
z = z + b[{i}, {k}] * b[{i}, {k}]
v[at[{k}]] += b[{i}, {k}] * 0.5
t[{i}] += v[{i}]
s += v[{i}]
""".strip().splitlines()

HALVES = OUTER, INNER
SWEPT = [*OUTER, *(s for s in ADJOINT * 2 if "{k}" not in s)], [*INNER, *(s for s in ADJOINT * 2 if "{k}" in s)]
RANGES = (*["range(n)"] * 3, *["range(n - 1, -1, -1)"] * 2, "range(1, n)", "range(x.size)")
WITHIN = ("range(n)", "range(n)", "range({i})", "range({i} + 1, n)", "range(n - 1, -1, -1)", "range(1, n)")
ENDS = ("s", "s, u", "s + c", "s, q", "s, x", "s, t", "s, g", "s, a, u", "s, k", "s, h[0]", "s, i")


def program(number: int) -> tuple[str, tuple[object, ...]]:
    """The text of the program with this number, and its arguments. ``v = ...`` begins a reverse sweep."""
    draw = random.Random(number)
    lines = [HEAD.format(make=draw.choice(("zeros", "zeros", "empty")))]
    lines += ["    i = 0", "    k = 0", "    w = x"]
    repeated = draw.random() < 0.2
    indent = 4
    if repeated:
        lines.append("    for _ in range(2):")
        indent = 8
    loops = draw.randint(2, 5)
    swept = draw.randint(1, loops - 1) if not repeated and draw.random() < 0.5 else loops
    for number in range(loops):
        if number == swept:
            lines += ["    v = np.zeros(n)", "    z = 0.0", "    b = np.zeros((n, n))"]
        lines += _loop(draw, indent, *(HALVES if number < swept else SWEPT))
        while draw.random() < 0.3:
            lines.append(" " * indent + draw.choice(BETWEEN))
    lines.append(f"    return {draw.choice(ENDS)}{', v, z' if swept < loops else ''}")
    values = np.random.default_rng(draw.randrange(10**6))
    n = draw.choice((0, 1, 3, 3, 4, 4))
    args = values.normal(size=n).round(3), values.normal(size=(n, n)).round(3), values.integers(0, max(n, 1), n), n
    return "\n".join(lines) + "\n", args


def _loop(draw: random.Random, indent: int, outer: list[str], inner: list[str]) -> list[str]:
    i = draw.choice("iiij")
    k = draw.choice([c for c in "kkjl" if c != i])
    pad = " " * indent
    lines = [f"{pad}for {i} in {draw.choice(RANGES)}:"]
    for _ in range(draw.randint(1, 3)):
        if draw.random() < 0.6:
            lines.append(f"{pad}    for {k} in {draw.choice(WITHIN).format(i=i)}:")
            lines += [f"{pad}        {_maybe(draw, inner, i, k)}" for _ in range(draw.randint(1, 2))]
        else:
            lines.append(f"{pad}    {_maybe(draw, outer, i, k)}")
    return lines


def _maybe(draw: random.Random, among: list[str], i: str, k: str) -> str:
    text = draw.choice(among).format(i=i, k=k)
    return f"if x[{i}] > 0.0: {text}" if draw.random() < 0.12 else text
