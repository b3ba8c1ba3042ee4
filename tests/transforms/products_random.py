"""Random nests of loops with products in them, and with what disturbs these, for the tests of products."""

from __future__ import annotations

import random

COUNTERS = ("i", "j", "k")
RANGES = {
    "i": ("range(n)", "range(n - 1, -1, -1)", "range(1, n)"),
    "j": ("range(m)", "range(i + 1)", "range(i)", "range(m - 1, -1, -1)", "range(i + 1, m)"),
    "k": ("range(m)", "range(j)", "range(j + 1, m)", "range(i + 1)", "range(m - 1, -1, -1)", "range(i)"),
}


def nest(seed: int) -> str:
    """The body of a function of a, b, c (16 x 16), s, n, m: statements around, in and between three loops."""
    rng = random.Random(seed)
    lines = ["t = 0.5", "row = np.zeros(16)", "idle = np.zeros(16)", *_some(rng, _BEFORE, 1, 0.3)]
    depth = 0
    for counter in COUNTERS:
        falls = rng.random() < 0.3
        chosen = [r for r in RANGES[counter] if ("-1)" in r) == falls]
        lines.append("    " * depth + f"for {counter} in {rng.choice(chosen or [*RANGES[counter]])}:")
        depth += 1
        if counter != "k":
            lines += ["    " * depth + line for line in _some(rng, _BETWEEN[counter], 1, 0.35)]
    lines += ["    " * depth + _sum(rng) for _ in range(rng.choice((1, 1, 2)))]
    for counter in ("j", "i"):
        depth -= 1
        lines += ["    " * depth + line for line in _some(rng, _BETWEEN[counter], 1, 0.35)]
    return "".join(f"    {line}\n" for line in [*lines, *_some(rng, _BEHIND, 1, 0.5)])


def _some(rng: random.Random, lines: tuple[str, ...], most: int, share: float) -> list[str]:
    return [rng.choice(lines) for _ in range(most) if rng.random() < share]


_BEFORE = ("d = c[1:]", "d = b", "s = s * a[0, 0]")
_BETWEEN = {
    "i": ("s = s * 0.5", "t = a[i, 0]", "row[2] = s", "t = 0.0", "idle[i] = t", "c[i, 1] = t", "b[0, i] = row[i]"),
    "j": ("t = a[i, j]", "t = -b[i, j]", "t = 0.0", "row[j] = t", "row[j] += a[i, j]", "c[i, j] *= 0.5", "idle[j] = t",
          "c[i, j] = t", "c[i, j] -= t", "c[i, j] = c[i, j] - t * s", "a[0, 0] = c[i, j] * 0.01"),
}  # fmt: skip
_BEHIND = ("c[0, 0] = t", "c[0, 1] = row[2]", "c[0, 2] = s", "c[1, 0] = np.sum(row)", "c[0, 3] = j")
_FACTORS = ("a[i, k]", "b[k, j]", "a[k, i]", "b[j, k]", "a[j, k]", "b[i, k]", "c[k, j]", "a[i, j]", "row[k]", "row[j]",
            "s", "t", "0.25", "(-s)", "(a[i, k] - b[j, k])")  # fmt: skip
_TARGETS = ("c[i, j]", "c[i, j]", "c[i, j]", "c[j, i]", "c[k, j]", "c[i, k]", "t", "row[j]", "b[k, j]", "c[i, i]")
_PAIRS = ("a[i, k] * b[k, j]", "b[k, j] * a[i, k]", "a[i, k] * a[j, k]", "a[k, i] * b[k, j]", "b[k, i] * a[k, j]")


def _sum(rng: random.Random) -> str:
    terms = [_term(rng) for _ in range(rng.choice((1, 1, 2, 3)))]
    value = "".join(rng.choice((" + ", " - ")) + term for term in terms)
    value = rng.choice(("", "", "-")) + value.removeprefix(" + ").removeprefix(" - ")
    if rng.random() < 0.2:
        value = f"-({value})"
    target = rng.choice(_TARGETS)
    if rng.random() < 0.2:
        return f"{target} = {target} {rng.choice('+-')} {value if value[0] != '-' else f'({value})'}"
    return f"{target} {rng.choice(('+=', '+=', '-=', '*='[:2] if rng.random() < 0.1 else '-='))} {value}"


def _term(rng: random.Random) -> str:
    factors = [rng.choice(_PAIRS)] if rng.random() < 0.75 else [rng.choice(_FACTORS)]
    factors += [rng.choice(_FACTORS) for _ in range(rng.choice((0, 0, 1, 1, 2)))]
    rng.shuffle(factors)
    return " * ".join(factors)
