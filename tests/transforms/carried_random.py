"""Random programs of two loops in a third one, of which the second gathers what the first one sets."""

from __future__ import annotations

import random
import re

# {q}: the offset of what is read and set, {s}, {r}: of the first loop's elements
FIRST = """
y[i{q}] = y[i{q}] * 0.5 + g[i{s}]
y[i{q}] += g[i{s}]
y[i{q}] = 2.0 * v
v = y[i{q}] * 0.5
v = v + x[i]
w += g[i{s}] * x[i]
w = w + y[i{q}]
z[i] = g[i{s}]
z[i] = z[i] + y[i{q}]
h[i{r}] = v * c
h[i{r}] = g[i{s}] * 2.0
h[i{r}] += x[i]
g[i{s}] = v
v = g[i]
x[i] = v
""".strip().splitlines()
BETWEEN = """
w2 = w
c += 0.5
y[0] = 1.0
z[0] = y[1]
w2 = w2 + c * w
i = 3
""".strip().splitlines()
TERMS = "g[i{}];g[i{}];g[i{}];c * g[i{}];2.0 * g[i{}];-0.5 * g[i{}];h[i{}];h[i{}] * w2;h[i{}] / 3.0;x[i{}];v".split(";")


def program(seed: int) -> str:
    """The text of a function f(x, c, n, steps)."""
    rng = random.Random(seed)
    begin, short, lag = rng.choice([1, 1, 1, 0, 2]), rng.choice([1, 1, 1, 0, 2]), rng.choice([1, 1, 1, 0, 2])
    ahead = {"s": rng.choice([1, 1, 1, 0, 2]), "r": rng.choice([1, 1, 0, 2])}
    place = {name: offset(k) for name, k in ahead.items()} | {"q": offset(rng.choice([0, 0, 0, 0, -1, 1]))}
    pad = rng.choice([2, 2, 3, 3, 1])
    lines = [f"def f(x, c, n, steps):\n    y = np.{rng.choice(['ones', 'ones', 'zeros'])}(n)"]
    lines += [f"    g = np.zeros(n + {pad})", f"    h = np.zeros(n + {pad})", "    z = np.zeros(n)"]
    lines += ["    v = 0.25\n    w = 0.0\n    w2 = 1.5"]
    lines += [f"    for t in range({rng.choice(['steps', 'steps', 'steps', 'min(steps, 3)'])}):"]
    end = f"n - {short}" if rng.random() < 0.95 else "n - t"
    lines += [f"        for i in range({begin}, {end}):", f"            g[i{place['s']}] = {value(rng, place)}"]
    lines += [f"            {rng.choice(FIRST).format(**place)}" for _ in range(rng.randrange(4))]
    lines += [f"        {rng.choice(BETWEEN)}" for _ in range(rng.choice([0, 0, 0, 0, 1, 2]))]
    for _ in range(rng.choice([1, 1, 2])):
        left = max(short - lag, 0) if rng.random() < 0.3 else short - rng.choice([lag, 1, 2])
        lines += [f"        for i in range({max(begin - lag, 0)}, n{offset(-left)}):"]
        target = f"{rng.choice('yyyz')}[i{offset(rng.choice([0, 0, 0, 0, 1, -1]))}]"
        lines += [f"            {target} {rng.choice(['+=', '+=', '-=', '='])} {gathered(rng, ahead, lag)}"]
        lag = rng.choice([lag, lag, 1, 0])
    seen = rng.choice(["y, z, w, w2", "y, z, w, w2", "y, z, w, v", "y, z, w, g", "y, w, i"])
    text = "import numpy as np\n\n\n" + "\n".join([*lines, f"    return {seen}"]) + "\n"
    return in_rows(rng, text, rng.choice("tt0")) if rng.random() < 0.3 else text


def in_rows(rng: random.Random, text: str, row: str) -> str:
    """The program with a matrix in place of g, of which a step mentions one row, or seldom another one."""
    text = re.sub(r"g = np.zeros\((.*)\)", r"g = np.zeros((steps + 2, \1))", text)
    return re.sub(r"\bg\[", lambda _: f"g[{row if rng.random() < 0.97 else 't + 1'}, ", text)


def gathered(rng: random.Random, ahead: dict[str, int], lag: int) -> str:
    terms = []
    for k in range(rng.randrange(1, 4)):
        term = rng.choice(TERMS)
        own = ahead["r" if "h[" in term else "s"] + lag
        terms.append(term.format(offset(max(own - (rng.randrange(3) if k else rng.choice([0, 0, 0, 1])), 0))))
    return "".join(f" {rng.choice('+-')} {term}" for term in terms).removeprefix(" + ").strip()


def value(rng: random.Random, place: dict[str, str]) -> str:
    return rng.choice(["c * y[i{q}]", "y[i{q}] * x[i]", "x[i] * c", "v * c", "y[i{q}] + y[i]"]).format(**place)


def offset(k: int) -> str:
    return f" + {k}" if k > 0 else f" - {-k}" if k < 0 else ""
