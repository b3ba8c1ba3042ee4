"""Random explicit schemes: steps that compute slopes and fluxes from a state, in arrays, and change the state.

Temporaries have names that mean something before the loop and after it, states change places or are written in place,
and a step may branch, stop early, keep the state before under another name, draw random numbers or change a list.
"""

from __future__ import annotations

from random import Random

STATES = ("u", "v")
TEMPORARIES = ("a", "b", "c", "d")
LOOPS = ("range(steps)", "range(steps)", "range(1, steps + 1)", "range(steps - 1, -1, -1)", "range(3)")
AFTER = (
    "u, v = v, u",
    "if np.sum(u * u) > 50.0:\n    break",
    "s = s + u[0] * v[-1]",
    "s += np.sum(u * v)",
    "old = u",
    "u = np.where(u > 0.4, u, 0.5 * v)",
    "if k % 2 == 0:\n    v = v + 0.1 * u",
    "h = 0.9 * h",
    "table[k % 4] = u",
    "u[0] = v[-1] * h",
    "u[-1] += 0.2 * u[0]",
)
DRAWS = (
    "w = 0.9 * w + rng.normal(0.1 * h, 0.2, x.shape[0])",
    "w = rng.normal(0.2, 0.1, x.shape[0]) * u",
    "u = u + 0.1 * rng.uniform(0.1, 0.9)",
    "w = w + 0.1 * rng.normal(u, 0.2)",
    "s = s + rng.normal() * u[0]",
)
LISTS = (
    "history.append(u)",
    "history.append(u * h)",
    "history.append(v.copy())",
    "history[0] = u",
    "w = history[-1]",
    "if len(history) > 2:\n    w = history.pop()",
    "history[-1][0] = h",
)


class Schemes:
    """The lines of one program; all its vectors have one length."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.known: list[str] = list(STATES)
        self.extras: tuple[str, ...] = ()

    def function(self) -> str:
        first = ["u = x * 1.0", self.rng.choice(("v = y", "v = y.copy()", "v = np.ones_like(y)", "v = 0.8 * y"))]
        first += ["s = 0.3", "old = u * h", "table = np.zeros((4, x.shape[0]))"]
        kind = self.rng.random()
        if kind < 0.2:
            first += ["rng = np.random.default_rng(7)", "w = x * h"]
            self.extras = DRAWS
        elif kind < 0.4:
            first += ["history = [x * h]", "w = x * h"]
            self.extras = LISTS
        some = self.rng.sample(TEMPORARIES, self.rng.choice((0, 0, 0, 1, 2, 4)))
        before = [f"{name} = {self.value()}" for name in some]
        reads = [f"s = s + np.sum({some[0]} * {some[-1]} * u)"] if some and self.rng.random() < 0.6 else []
        loops = [line for _ in range(self.rng.choice((1, 1, 2))) for line in self.loop()]
        if self.rng.random() < 0.15:
            loops = ["for turn in range(2):", *_indented(loops)]
        last = ["np.sum(u * v)", "np.sum(u * u) + s", "np.sum(table * old) + s"]
        last += [f"np.sum({some[0]} * {some[-1]} * u) + s"] if some else []
        if self.extras is LISTS:
            loops += ["for e in history:", "    s = s + np.sum(e * u)"]
        body = [*first, *before, *reads, *loops, f"return {self.rng.choice(last)} + np.sum(u) * s"]
        return "\n".join(["def f(x, y, h, steps):", *_indented(body)])

    def args(self) -> tuple[str, ...]:
        n = self.rng.choice((1, 2, 3, 5, 6))
        row = [[round(self.rng.uniform(0.2, 0.9), 3) for _ in range(n)] for _ in STATES]
        return (*(f"np.array({r})" for r in row), "0.3", str(self.rng.choice((0, 1, 2, 3, 4))))

    # ---- statements ----

    def loop(self) -> list[str]:
        self.known = [*STATES, "w"] if self.extras else list(STATES)
        body: list[str] = []
        for _ in range(self.rng.choice((2, 3, 4, 4, 5, 6))):
            body += self.temporary()
        body += self.update()
        if self.rng.random() < 0.25:
            body.insert(self.rng.randint(0, len(body)), self.rng.choice(AFTER))
        if self.extras:
            body.insert(self.rng.randint(0, len(body)), self.rng.choice(self.extras))
        lines = [line for text in body for line in text.split("\n")]
        return [f"for k in {self.rng.choice(LOOPS)}:", *_indented(lines)]

    def temporary(self) -> list[str]:
        name = self.rng.choice(TEMPORARIES)
        value = self.value()
        new = name not in value
        self.known.append(name)
        if self.rng.random() < 0.2:
            makes = ("np.zeros_like(u)", "np.zeros(u.shape[0])", *(("np.empty_like(u)",) if new else ()))
            make = self.rng.choice(makes)
            part = "" if "empty" in make else self.rng.choice(("", "[1:]", "[:-1]", "[1:-1]"))
            return [f"{name} = {make}", f"{name}{part or '[...]'} = ({value}){part}"]
        if self.rng.random() < 0.12:
            return [f"{name} = {value}", f"{name} *= {self.atom()}"]
        return [f"{name} = {value}"]

    def update(self) -> list[str]:
        one, other = self.rng.sample(STATES, 2)
        change = self.value()
        forms = (
            [f"{one} = {one} - 0.2 * h * ({change})"],
            [f"{one} = {one} - 0.2 * h * ({change})"],
            [f"{one}[1:] -= 0.1 * ({change})[:-1]"],
            [f"{one}[1:-1] = {one}[1:-1] + 0.1 * ({change})[2:]"],
            [f"{one} = 0.5 * {one} + 0.3 * ({change})", f"{other} = {other} - 0.1 * {one} * ({self.value(1)})"],
            [f"{one} += 0.1 * ({change})"],
            [f"new = {one} + 0.1 * ({change})", f"old = {one}", f"{one} = new"],
        )
        return self.rng.choice(forms)

    # ---- expressions ----

    def value(self, depth: int = 2) -> str:
        if depth == 0:
            return self.atom(False)
        one, other = self.value(depth - 1), self.rng.choice((self.value(depth - 1), self.atom()))
        forms = (
            f"({one}) * ({other})",
            f"{one} - ({other})",
            f"({one}) / (1.0 + ({other}) * ({other}))",
            f"np.roll({one}, {self.rng.choice((1, -1, 2))})",
            f"np.where({self.atom()} > 0.41, {one}, {other})",
            f"np.maximum({one}, 0.3 * ({other}))",
            f"np.sin({one})",
            f"({one})[::-1]",
            one,
        )
        return self.rng.choices(forms, (7, 3, 2, 1, 1, 1, 0.1, 0.4, 1))[0]

    def atom(self, numbers: bool = True) -> str:
        """A vector that is known by now, or a number."""
        few = self.known[-3:]
        return self.rng.choice((*self.known, *few, *few, "x", "old", *(("h", "0.7") if numbers else ())))


def _indented(lines: list[str]) -> list[str]:
    return [f"    {line}" for line in lines]
