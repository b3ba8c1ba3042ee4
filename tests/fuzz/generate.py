"""A random program: source text, arguments, and which of them are differentiated; the same for the same seed."""

from __future__ import annotations

import ast
from dataclasses import dataclass
from random import Random

from tests.fuzz.expressions import Helper, Shape
from tests.fuzz.statements import Statements

HEADER = "import math\n\nimport numpy as np\n\n\n"


@dataclass(frozen=True)
class Source:
    """A program as text: function definitions, the last being `f`; `args` are the texts of its arguments."""

    functions: str
    args: tuple[str, ...]
    argnums: tuple[int, ...]

    def text(self, doc: str = "") -> str:
        """A module of its own, with ``ARGS`` and ``ARGNUMS`` behind the functions."""
        args = "".join(f"    {a},\n" for a in self.args)
        quoted = f'"""{doc}"""\n\n' if doc else ""
        return f"{quoted}{HEADER}{self.functions}\n\nARGS = (\n{args})\nARGNUMS = {self.argnums!r}\n"


def generate(seed: int, number: int) -> Source:
    """Program `number` of the series `seed`."""
    rng = Random(seed * 1_000_003 + number)
    sizes = tuple(rng.sample((2, 3, 4, 5), 2))
    helpers: tuple[Helper, ...] = ()
    texts = []
    for k in range(rng.choice((0, 0, 0, 1, 1, 2))):
        helper, text = _helper(rng, sizes, helpers, f"h{k}")
        helpers += (helper,)
        texts.append(text)
    shapes = _parameters(rng, sizes)
    texts.append(_function(rng, sizes, helpers, shapes))
    args = tuple(_argument(rng, s, single) for single in [rng.random() < 0.07] for s in shapes.values())
    active = tuple(k for k, s in enumerate(shapes.values()) if s is not None)
    argnums = active if rng.random() < 0.7 else tuple(sorted(rng.sample(active, rng.randint(1, len(active)))))
    functions = ast.unparse(ast.parse("\n\n".join(texts))).replace("\n\ndef ", "\n\n\ndef ")
    return Source(functions.strip() + "\n", args, argnums)


def _parameters(rng: Random, sizes: tuple[int, ...]) -> dict[str, Shape | None]:
    """Names with shapes; None is an integer."""
    n, m = sizes
    found: dict[str, Shape | None] = {"x": (n,)}
    for name, shape, p in (
        ("y", (n,), 0.6),
        ("w", (n, m), 0.4),
        ("u", (m,), 0.3),
        ("s", (), 0.7),
        ("steps", None, 0.3),
    ):
        if rng.random() < p:
            found[name] = shape
    return found


def _argument(rng: Random, shape: Shape | None, single: bool) -> str:
    if shape is None:
        return str(rng.randint(0, 3))
    if shape == ():
        return f"{rng.uniform(-1.5, 1.5):.4f}"
    rows = [
        [round(rng.uniform(-1.5, 1.5), 4) for _ in range(shape[-1])] for _ in range(shape[0] if len(shape) == 2 else 1)
    ]
    return f"np.array({rows if len(shape) == 2 else rows[0]}{', np.float32' if single else ''})"


def _function(rng: Random, sizes: tuple[int, ...], helpers: tuple[Helper, ...], shapes: dict[str, Shape | None]) -> str:
    work = Statements(rng, sizes, helpers)
    work.places = {name: shape for name, shape in shapes.items() if shape is not None}
    work.ints = {name: (0, 3) for name, shape in shapes.items() if shape is None}
    lines = work.body(rng.randint(3, 9))
    return "\n".join([f"def f({', '.join(shapes)}):", *lines, "    return " + _result(work)])


def _result(work: Statements) -> str:
    """Everything that is still known flows into the value, as one number most of the time."""
    names = [n for n in work.places if n.isidentifier()]
    work.rng.shuffle(names)
    chosen = names[: work.rng.randint(1, 4)]
    last = [p for p in work.places if not p.isidentifier()][-2:]
    if work.chance(0.15):
        return ", ".join(chosen[:2])
    if work.chance(0.1):
        return chosen[0]
    weights = [f"{work.rng.uniform(0.3, 1.2):.1f}" for _ in chosen + last]
    return " + ".join(f"{w} * {_as_number(work, n)}" for w, n in zip(weights, chosen + last, strict=True))


def _as_number(work: Statements, place: str) -> str:
    if work.places[place] == ():
        return place
    return work.rng.choice((f"np.sum({place})", f"np.sum({place} * {place})", f"np.sum(np.sin({place}))"))


def _helper(rng: Random, sizes: tuple[int, ...], helpers: tuple[Helper, ...], name: str) -> tuple[Helper, str]:
    """A callee: it may write its arguments, return early, and have defaults."""
    work = Statements(rng, sizes, helpers)
    params: list[Shape] = [(rng.choice(sizes),) if rng.random() < 0.6 else () for _ in range(rng.randint(1, 2))]
    optional = rng.choice((0, 0, 1))
    params += [()] * optional
    names = [f"p{k}" for k in range(len(params))]
    work.places = dict(zip(names, params, strict=True))
    lines = work.body(rng.randint(1, 4))
    values: list[Shape | None] = [(), params[0], params[0]]
    value = rng.choice([*values, None] if any(params) else [()])
    if value is not None:
        result = (lambda: work.number()) if value == () else (lambda: work.array(value))  # noqa: B023
        if rng.random() < 0.3:
            lines += [f"    if {work.test()}:", f"        return {result()}"]
        lines.append(f"    return {result()}")
    heads = [f"{n}=0.7" if k >= len(names) - optional else n for k, n in enumerate(names)]
    return Helper(name, tuple(params), optional, value), "\n".join([f"def {name}({', '.join(heads)}):", *lines])
