"""Random programs of loops that add to the elements of two arrays of zeros."""

from __future__ import annotations

import random

HEADS = [
    "range(n)",
    "range(n)",
    "range(1, n)",
    "range(n - 1, -1, -1)",
    "range(n - 1)",
    "range(0, n, 2)",
    "range(c)",
    "range(-1, n)",
]
INNER = [
    "range(n)",
    "range(n)",
    "range(i)",
    "range(i + 1, n)",
    "range(i + 1)",
    "range(1, n)",
    "range(n - 1, i, -1)",
    "range(c)",
]
OUTER_SUMS = """
y[i] += x[i]
y[i] -= x[i] * 2.0
y[i] += s
m[i, i] += x[i]
m[i, i] -= s
m[i, 0] += x[i]
m[i, n - 1] += 1.5
m[0, i] += x[i]
m[i - 1, i] += x[i]
y[i - 1] += x[i]
y[n - 1 - i] += x[i]
y[at[i]] += x[i]
y[c] += x[i]
y[i + c] += x[i]
""".strip().splitlines()
INNER_SUMS = """
m[i, j] += x[j]
m[i, j] += x[j] * x[i]
m[i, j] -= s
m[j, i] += x[i]
m[j, j] += x[j]
m[i, j - 1] += x[j]
m[i - 1, j] += x[j]
m[i, n - 1 - j] += x[j]
m[i, i] += x[j]
y[j] += x[j]
y[i] += x[j]
m[at[i], j] += x[j]
""".strip().splitlines()
OTHERS = [
    "s += y[i]",
    "y[i] = 0.5",
    "s = s + x[i]",
    "m[i, 0] = x[i]",
    "s += m[i, i]",
    "c += 0",
    "y[i] *= 0.5",
    "i = i + 0",
    "if x[i] > 0.5: break",
    "if x[i] > 0.5: continue",
]


def program(seed: int) -> str:
    """The text of a function f(x, at, c, n)."""
    rng = random.Random(seed)
    lines = ["y = np.zeros(n)", "m = np.zeros((n, n))", "s = 0.25"]
    for _ in range(rng.choice([1, 1, 1, 2])):
        lines += [f"for i in {rng.choice(HEADS)}:", *(f"    {line}" for line in body(rng))]
    if rng.random() < 0.1:
        lines[3:] = ["for t in range(2):", *(f"    {line}" for line in lines[3:])]
    return (
        "import numpy as np\n\n\ndef f(x, at, c, n):\n"
        + "\n".join(f"    {line}" for line in [*lines, "return y, m, s"])
        + "\n"
    )


def body(rng: random.Random) -> list[str]:
    lines: list[str] = []
    for _ in range(rng.randrange(1, 4)):
        kind = rng.random()
        if kind < 0.4:
            lines += [f"for j in {rng.choice(INNER)}:"]
            lines += [f"    {rng.choice(INNER_SUMS)}" for _ in range(rng.choice([1, 1, 2]))]
        elif kind < 0.85:
            lines += [rng.choice(OUTER_SUMS)]
        elif kind < 0.93:
            lines += ["if x[i] > 0.0:", f"    {rng.choice(OUTER_SUMS)}"]
        else:
            lines += [rng.choice(OTHERS)]
    return lines
