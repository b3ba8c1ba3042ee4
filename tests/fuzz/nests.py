"""Random nests of loops over the elements of arrays, as in solvers, beside statements that no derivative flows through.

Counters, index arrays, flags and constants change between the statements that read them: what the reverse sweep reads
of them has to be what it was, although nothing of them is differentiated.
"""

from __future__ import annotations

from random import Random

COUNTERS = "ijk"
RANGES = {
    "i": "range(n)|range(1, n)|range(1, n - 1)|range(n - 1, -1, -1)|range(n - 2, 0, -1)|range(0, n, 2)",
    "j": "range(n)|range(i)|range(i + 1)|range(i + 1, n)|range(n - 1, i, -1)|range(1, n - 1)|range(n - 1, -1, -1)",
    "k": "range(n)|range(i)|range(j)|range(j + 1)|range(j + 1, n)|range(n - 1, j, -1)|range(i, j)",
}
FIRST = (
    "s = 0.5",
    "t = 0.1",
    "u = x[0]",
    "z = 0.8",
    "count = 0",
    "flag = n > 2",
    "c = np.full(n, 0.6)",
    "q = p.copy()",
)
LAST = "s + t + u + np.sum(a * x) + np.sum(b) + np.sum(w * m) + np.sum(y * y) + z * u + np.sum(c * x)"
IDLE = (
    "count = (count + 1) % n",
    "count = {0} % n",
    "count = min(count + 1, n - 1)",
    "p[{0}] = (p[{1}] + 1) % n",
    "p[{0}], p[{1}] = p[{1}], p[{0}]",
    "q = p.copy()",
    "q = p",
    "p = q.copy()",
    "c[{0}] = 0.3",
    "c[{0}] = c[{1}]",
    "c[{0}] += 0.1",
    "c = np.full(n, 0.4)",
    "c = c[::-1]",
    "c *= 0.9",
    "z = 0.7",
    "z = 0.5 * c[{0}]",
    "z += 0.1",
    "z, count = 0.2, 0",
    "flag = count > 1",
)


class Nests:
    """The lines of one program."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng

    def function(self) -> str:
        some = self.rng.sample(["a = x.copy()", "b = np.zeros(n)"], 2)
        matrix = self.rng.choice(("w = m.copy()", "w = np.zeros((n, n))", "w = m", "w = m.T"))
        body = [line for _ in range(self.rng.choice((1, 1, 2, 2, 3))) for line in self.loop(self.rng.choice((1, 2, 3)))]
        if self.rng.random() < 0.35:
            body = ["for step in range(3):", *_indented(body)]
        return "\n".join(["def f(x, y, m, p, n):", *_indented([*FIRST, *some, matrix, *body, f"return {LAST}"])])

    def args(self) -> tuple[str, ...]:
        n = self.rng.choice((1, 2, 4, 4, 5))
        row = lambda: [round(self.rng.gauss(0, 1), 3) for _ in range(n)]  # noqa: E731
        arrays = [f"np.array({row()})", f"np.array({row()})", f"np.array({[row() for _ in range(n)]})"]
        return (*arrays, f"np.array({[self.rng.randrange(n) for _ in range(n)]})", str(n))

    # ---- statements ----

    def loop(self, depth: int, around: str = "") -> list[str]:
        counter = COUNTERS[len(around)]
        inside = around + counter
        body = [line for _ in range(self.rng.choice((0, 1, 1, 2))) for line in self.statement(inside)]
        body += self.loop(depth - 1, inside) if depth > 1 else []
        body += [line for _ in range(self.rng.choice((0, 1, 1))) for line in self.statement(inside)]
        body = body or self.statement(inside)
        if self.rng.random() < 0.06:
            body += [f"if {self.atom(inside)} > 0.9:", "    break"]
        if self.rng.random() < 0.04:
            body = [f"if {self.atom(inside)} > 0.9:", "    continue", *body]
        return [f"for {counter} in {self.rng.choice(RANGES[counter].split('|'))}:", *_indented(body)]

    def statement(self, around: str) -> list[str]:
        kind = self.rng.random()
        if kind < 0.35:
            return self.idle(around)
        if kind < 0.4:
            return ["if flag:", *_indented(self.statement(around))]
        if kind < 0.44:
            return ["while count < n - 1:", "    count += 1", *_indented(self.statement(around))]
        if kind < 0.5:
            other = ["else:", *_indented(self.statement(around))] if self.rng.random() < 0.4 else []
            return [f"if {self.atom(around)} > {self.atom(around)}:", *_indented(self.statement(around)), *other]
        return [self.active(around)]

    def active(self, around: str) -> str:
        target = self.rng.choice((self.element(around), self.element(around), self.element(around), "s", "t", "u"))
        other = self.element(around)
        return self.rng.choice(
            (
                f"{target} = 0.3 * ({self.value(around)})",
                f"{target} += 0.2 * ({self.value(around)})",
                f"{target} -= 0.2 * ({self.value(around)})",
                f"{target} *= 0.4 * {self.atom(around)}",
                f"{target}, {other} = {other}, 0.5 * {target}" if target != other else f"{target} *= 0.5",
                f"t = {self.value(around)}",
                f"u = 0.5 * u + 0.1 * ({self.value(around)})",
                self.rng.choice(("s = 0.0", "t = 0.0", "t = 1.0", "u = s", "s = t")),
            )
        )

    def idle(self, around: str) -> list[str]:
        """A statement that no derivative flows through, or a loop of such."""
        kind = self.rng.random()
        if kind < 0.15:
            trips = self.rng.choice(("n", "2", "0", "count", "n - 1"))
            return [f"for e in range({trips}):", *_indented(self.idle(around))]
        if kind < 0.22:
            return ["while count < n - 1:", "    count += 1", *_indented(self.idle(around))]
        if kind < 0.3:
            other = ["else:", *_indented(self.idle(around))] if self.rng.random() < 0.5 else []
            return ["if flag:", *_indented(self.idle(around)), *other]
        return [self.rng.choice(IDLE).format(self.place(around), self.place(around))]

    # ---- expressions ----

    def value(self, around: str, depth: int = 2) -> str:
        if depth == 0:
            return self.atom(around)
        one, other = self.value(around, depth - 1), self.value(around, depth - 1)
        forms = (
            f"({one}) * ({other})",
            f"{one} + {other}",
            f"{one} - ({other})",
            f"({one}) / (2.0 + ({other}) ** 2)",
            f"np.tanh({one})",
            f"math.exp(-abs({one}))",
            f"max({one}, {other})",
            one,
        )
        return self.rng.choices(forms, (3, 2, 1, 1, 1, 1, 1, 3))[0]

    def atom(self, around: str) -> str:
        if self.rng.random() < 0.55:
            return self.element(around)
        return self.rng.choice(("s", "t", "u", "0.5", "z", "z", f"c[{self.place(around)}]"))

    def element(self, around: str) -> str:
        if self.rng.random() < 0.5:
            return f"{self.rng.choice('xyab')}[{self.place(around)}]"
        return f"{self.rng.choice('mw')}[{self.place(around)}, {self.place(around)}]"

    def place(self, around: str) -> str:
        """An index of an axis of n elements."""
        v = self.rng.choice(around)
        rare = (f"{v} - 1", f"({v} + 1) % n", f"n - 1 - {v}", f"{v} // 2", "0", "-1", f"p[{v}]", f"q[{v}]", "count")
        return v if self.rng.random() < 0.4 else self.rng.choice(rare)


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
