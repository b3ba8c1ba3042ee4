"""Random programs about lists of arrays whose length the run decides: filled, changed in place, handed on, summed.

Lines come from tables of what is differentiated more often than not; what they are put together with is drawn.
"""

from __future__ import annotations

import textwrap
from random import Random

ARGS = ("np.array({0})", "np.array({1})", "{2}", "{3}")
SIZE = 4  # of all arrays; lists have three items at least

# {A}: an array at hand, {F}: a new one, {s}: a number, {t}: a test, {i}: an item, {j}: an element, {c}: some elements
MADE = (
    "{L} = []\nfor k in range(n):\n    {L}.append({F})",
    "{L} = []\nfor k in range(n + 2):\n    z = {F}\n    {L}.append(z)",
    "{L} = [{F}]\nfor k in range(n):\n    {L}.append({L}[-1] * 0.7 + {s})",
    "{L} = [{F}]\nfor k in range(n):\n    if {t} or k < 2:\n        {L}.append({F})",
    "{L} = []\nk = 0\nwhile k < n + 1:\n    k += 1\n    {L}.append({F})\n    if {t} and k > 2:\n        break",
    "{L} = []\n{u} = {F}\nfor k in range(n):\n    {u} = {u} * {s} + {A}\n    {L}.append({u} * 1.0)",
    "{L} = []\n{u} = {F}\nfor k in range(n):\n    {u}[{j}] *= {s}\n    {L}.append({u}.copy())",
    "{L} = [{F} for k in range(n)]",
    "{L} = [np.zeros(4) for k in range(n)]",
    "{L} = []\nfor k in range(n):\n    {L}.append(np.zeros(4))\n    {L}[-1][{c}] = {A}[{c}]",
    "{L} = []\nfor k in range(n):\n    {L}.append({F})\n    if {t}:\n        continue\n    {L}[-1] *= {s}",
    "{L} = []\nk = 0\nwhile True:\n    {L}.append({F})\n    k += 1\n    if k >= n:\n        break",
    "{L} = []\nfor k in range(n):\n    grow({L}, {A}, {s})",
)
CHANGES = (
    "{L}[{i}] *= {s}",
    "{L}[{i}] += {A}",
    "{L}[{i}] += {L}[{i}] * {s}",
    "{L}[{i}][{j}] = {s}",
    "{L}[{i}][{j}] += {s}",
    "{L}[{i}][{c}] = {A}[{c}]",
    "{L}[{i}][{c}] *= {L}[{i}][{c}]",
    "{L}[{i}][{c}] += {s}",
    "{L}[{i}][::-1][{c}] -= {A}[{c}]",
    "{L}[{i}][:] = {F}",
    "{L}.append({F})",
    "{L}.append({F})",
    "{L}.append({L}.pop() * {s})",
    "{u} = {L}.pop()\n{L}.append({u} * {s})",
    "{u} = {L}[{i}]\n{A} = {A} + {u} * {s}",
    "{u} = {L}[{i}].copy()\n{u}[{c}] *= {s}\n{L}.append({u})",
    "{u} = {A}\n{u} = {u} * {s}\n{L}.append({u})",
    "{A}[{j}] += {L}[{i}][{j}]",
    "{A}[{c}] *= {L}[{i}][{c}]",
    "{A} = {A} * 0.5 + {L}[{i}] * {s}",
    "{A} = np.sin({L}[{i}]) + {A}",
    "{r} += np.sum({L}[{i}] * {A})",
    "{r} += {L}[{i}][{j}] * {s}",
    "scale({A}, {L}[{i}] * 0.5)",
    "{A} = moved({L}[{i}], {s})",
    "{r} += weight({L}, {s})",
    "grow({L}, {A}, {s})",
    "change({L}, {s})",
    "np.add.at({L}[{i}], [0, 2, 0], {A}[:3])",
    "{L}[{i}][[2, 0]] = {A}[[1, 1]]",
    "{L}[{i}][{A} > 0.1] *= {s}",
    "np.multiply({L}[{i}], {s}, out={L}[{i}])",
    "np.copyto({A}, {L}[{i}] * {s})",
    "try:\n    {L}[{i}][{j}] = math.sqrt(0.013 + {s})\nexcept ValueError:\n    {L}[{i}][{j}] = {s}",
    "try:\n    {A}[{j}] *= {s}\n    if {t}:\n        raise KeyError('left')\n    {L}[{i}] *= {s}\n"
    "except KeyError:\n    {L}[{i}] += {s}",
)
AT_TOP = (
    "for e in {L}:\n    if {t}:\n        continue\n    {r} += np.sum(e * e)",
    "for e in {L}:\n    {A} = {A} * 0.6 + e\n    if {t}:\n        break",
    "for e in {L}[::-1]:\n    {A} = {A} * 0.3 + np.sin(e)",
    "for k, e in enumerate({L}):\n    {r} += (k + 0.5) * np.sum(e * {A})",
    "for k in range(len({L})):\n    {L}[k] *= {s}",
    "for k in range(1, len({L})):\n    {L}[k] += {L}[k - 1] * {s}",
    "for k in range(len({L}) - 1):\n    {L}[k][k % 4] = {L}[k + 1][{j}] * {s}",
    "for a, b in zip({L}, {L}[1:]):\n    {r} += np.dot(a, b)",
    "for a, b in zip({L}, {A}):\n    {r} += np.sum(a) * b",
    "{L} = [e * {s} for e in {L}]",
    "{L} = [np.tanh(e) + {A} for e in {L}]",
    "{L} = {L}[::-1]",
    "{L} += [{F}]",
    "{L} = {L}[1:] + [{F}, {F}]",
    "{m} = np.array({L})\n{r} += np.sum({m}[{i}] * {A})",
    "{m} = np.stack({L})\n{m}[1:] *= {s}\n{A} = {A} + {m}[-1]",
    "{m} = np.array({L})\n{m}.T[{j}][:2] += {s}\n{r} += np.sum({m} * {m})",
    "{r} += sum([np.sum(e * e) for e in {L}])",
    "{r} += sum(e[{j}] for e in {L})",
    "{r} += np.sum(sum({L}) * {A})",
    "{r} += np.sum(np.concatenate({L}) ** 2)",
    "{r} += np.mean({L}[{i}]) * len({L})",
    "while len({L}) > 3:\n    {u} = {L}.pop()\n    {A} = {A} + {u} * {s}",
    "while len({L}) < 6:\n    {L}.append({L}[-1] * {s} + {L}[-2])",
    "k = 0\nwhile k < len({L}):\n    if {t}:\n        k += 2\n        continue\n    {L}[k] *= {s}\n    k += 1",
    "k = 0\nwhile k < 5:\n    k += 1\n    {A} = {A} * {s} + {L}[k % 3]\n    if {t}:\n        break\n"
    "    {A}[{j}] *= {s}",
    "pairs = []\nfor e in {L}:\n    pairs.append((e * {s}, {s}))\nfor a, b in pairs:\n    {r} += np.sum(a * {A}) * b",
    "rows = []\nfor k in range(n):\n    rows.append({{'a': {F}, 'b': {s}}})\n"
    "for row in rows:\n    {r} += np.sum(row['a']) * row['b']",
    "box = Box({F})\nfor k in range(n):\n    box.put({A} * {s})\n{r} += box.total({s})",
    "box = Box({F})\nfor k in range(n):\n    box.items.append({F})\n    box.last *= {s}\n"
    "{r} += np.sum(box.items[{i}] * box.last)",
    "if {t}:\n    return {r} + np.sum({L}[{i}] * {A})",
    "if {t}:\n    {L}[{i}] *= {s}\nelse:\n    {L}.append({F})",
    "if {t}:\n    {A} = {L}[{i}] * {s}",
    "same = {L}\nsame.append({F})\n{r} += np.sum({L}[-1])",
    "same = {L}\nsame[{i}] *= {s}\n{r} += np.sum({L}[{i}])",
)
HELPERS = {
    "scale(": "def scale(a, b):\n    a *= b[0]\n    a[-1] += b[-1] * 0.5\n",
    "moved(": "def moved(a, c):\n    b = a * c\n    b[1:] += a[:-1]\n    if c > 0.9:\n        return b\n"
    "    return b * a\n",
    "grow(": "def grow(rows, a, c):\n    rows.append(a * c)\n",
    "change(": "def change(rows, c):\n    rows[0] *= c\n    rows[-1][1] += rows[0][2]\n    rows.append(rows[0] * c)\n",
    "weight(": "def weight(rows, c):\n    total = 0.0\n    for row in rows:\n        total += np.sum(row * row) * c\n"
    "    return total\n",
    "Box(": "class Box:\n    def __init__(self, first):\n        self.items = [first]\n"
    "        self.last = first * 0.5\n\n"
    "    def put(self, a):\n        self.items.append(a)\n        self.last = self.last * 0.5 + a\n\n"
    "    def total(self, c):\n        return sum(np.sum(a * a) for a in self.items) * c + self.last[0]\n",
}
FRESH = (
    "{A} * {s}|{A} + {s}|np.sin({A})|{A} * {A}|{A} + {A} * {s}|{A}.copy()|{A} * 1.0|np.zeros(4) + {s}|{A}[::-1] * {s}"
)
NUMBERS = (
    "x[{j}]|y[{j}]|p|np.sum({A}) * 0.2|{A}[{j}]|0.8|1.1|math.cos(p)|{A}[{j}] * {A}[{j}]|{r} * 0.01|np.sin({A}[{j}])"
)


class Filled:
    """The text of one program."""

    def __init__(self, rng: Random) -> None:
        self.rng = rng
        self.count = rng.choice((1, 1, 1, 2))
        self.arrays = ["u", "v"]

    def functions(self) -> str:
        rng = self.rng
        lines = [f"u = {rng.choice(('x * 1.2', 'x.copy()', 'x + y', 'x'))}", "v = y * 0.8", "r = p * 0.5"]
        lists = [f"items{k}" for k in range(self.count)]
        lines += [self.put(rng.choice(MADE), name) for name in lists]
        for _ in range(rng.randint(2, 6)):
            lines.append(self.statement(rng.choice(lists)))
        body = "\n".join([*lines, *(self.put(self.summed(), name) for name in lists), f"return {self.value()}"])
        helpers = [text for word, text in HELPERS.items() if word in body]
        return "\n\n".join([*helpers, f"def f(x, y, p, n):\n{textwrap.indent(body, '    ')}\n"])

    def args(self) -> tuple[str, ...]:
        arrays = [[round(self.rng.uniform(-1.5, 1.5), 4) for _ in range(SIZE)] for _ in range(2)]
        values = (*arrays, f"{self.rng.uniform(0.3, 1.4):.4f}", self.rng.choice((3, 3, 4)))
        return tuple(text.format(*values) for text in ARGS)

    # ---- statements ----

    def statement(self, name: str) -> str:
        """A change, one in a loop, one of a whole list, or an array that changes."""
        kind = self.rng.random()
        if kind < 0.3:
            return self.put(self.rng.choice(CHANGES), name)
        if kind < 0.6:
            return self.put(self.rng.choice(AT_TOP), name)
        head = self.rng.choice(("for k in range(3):", "for k in range(n - 1):", "for k in range(2):"))
        lines = [self.put(self.rng.choice(CHANGES), name) for _ in range(self.rng.choice((1, 2, 2, 3)))]
        if self.rng.random() < 0.25:
            lines.append(self.put(self.rng.choice(("if {t}:\n    break", "if {t}:\n    continue")), name))
            lines.append(self.put(self.rng.choice(CHANGES), name))
        return head + "\n" + textwrap.indent("\n".join(lines), "    ")

    def put(self, text: str, name: str) -> str:
        """A line of a table with all that it leaves open."""
        return _Filler(self, name).fill(text)

    def drawn(self, what: str, name: str) -> str:
        rng = self.rng
        if what == "F":
            return self.put(rng.choice(FRESH.split("|")), name)
        if what == "s":
            return self.put(rng.choice(NUMBERS.split("|")), name)
        texts = {
            "L": name,
            "A": rng.choice(self.arrays),
            "u": rng.choice(("w", "w", "o", "u")),
            "m": "m",
            "r": "r",
            "i": rng.choice(("0", "1", "2", "-1", "-2")),
            "j": str(rng.randrange(SIZE)),
            "c": rng.choice(("1:", ":-1", "::2", "1:3", ":2", "2:")),
            "t": f"{rng.choice(('u[0]', 'v[2]', 'x[1]', 'p', 'r'))} {rng.choice('<>')} {rng.uniform(-0.6, 1.2):.3f}",
        }
        return texts[what]

    def summed(self) -> str:
        """What makes of a list a part of the value."""
        return self.rng.choice(
            (
                "for k, e in enumerate({L}):\n    r = r + (k + 1.0) * np.sum(e * e) + e[{j}]",
                "for e in {L}:\n    r = r * 0.7 + np.sum(np.sin(e) * x)",
                "r += np.sum({L}[0] * y) + np.sum({L}[-1] ** 2) + {L}[1][{j}]",
                "r += np.sum(np.array({L}) * x)",
            )
        )

    def value(self) -> str:
        return self.rng.choice(("r + np.sum(u * v)", "r + np.sum(np.sin(u)) + v[1]", "r + np.sum(x * y)"))


class _Filler(dict[str, str]):
    """Draws anew for each place of a text, but the names that it sets and the parts that it takes."""

    def __init__(self, work: Filled, name: str) -> None:
        super().__init__()
        self.work, self.name = work, name

    def fill(self, text: str) -> str:
        return text.format_map(self)

    def __missing__(self, what: str) -> str:
        found = self.work.drawn(what, self.name)
        if what in "umc":
            self[what] = found
        return found
