"""A random program: source text, arguments, and which of them are differentiated; the same for the same seed."""

from __future__ import annotations

import ast
from dataclasses import dataclass, replace
from random import Random

from tests.fuzz.confused import confused
from tests.fuzz.containers import CLASSES, spelt
from tests.fuzz.derivatives import Derivatives
from tests.fuzz.expressions import Helper, Shape
from tests.fuzz.filled import Filled
from tests.fuzz.further import GENERATORS, recursive
from tests.fuzz.nests import Nests
from tests.fuzz.objects import manager, model
from tests.fuzz.schemes import Schemes

IMPORTS = {  # what a text needs for each of these words
    "collections.": "import collections\n",
    "contextlib.": "import contextlib\n",
    "dataclasses.": "import dataclasses\n",
    "": "import math\n",
    "NamedTuple": "from typing import NamedTuple\n",
}
OUTSIDE = {"prange(": "from numba import prange\n", "srcad.": "import srcad\n"}


@dataclass(frozen=True)
class Source:
    """A program as text: function definitions, the last being `f`; `args` are the texts of its arguments.

    fills: the arguments that it fills instead of returning a value.
    """

    functions: str
    args: tuple[str, ...]
    argnums: tuple[int, ...]
    fills: tuple[str, ...] = ()

    def text(self, doc: str = "") -> str:
        """A module of its own, with ``ARGS`` and ``ARGNUMS`` behind the functions."""
        args = "".join(f"    {a},\n" for a in self.args)
        quoted = f'"""{doc}"""\n\n' if doc else ""
        named = any(word in self.functions + args for word in ("Pair(", "Duo("))
        body = (CLASSES if named else "") + self.functions
        first = "".join(line for word, line in IMPORTS.items() if word in body)
        second = "import numpy as np\n" + "".join(line for word, line in OUTSIDE.items() if word in body)
        fills = f"FILLS = {self.fills!r}\n" if self.fills else ""
        return f"{quoted}{first}\n{second}\n\n{body}\n\nARGS = (\n{args})\nARGNUMS = {self.argnums!r}\n{fills}"


@dataclass(frozen=True)
class Argument:
    """A parameter: a number or array of one shape, a container of several, or (no shapes) an integer."""

    shapes: tuple[Shape, ...]
    kind: str = ""


def generate(seed: int, number: int) -> Source:
    """Program `number` of the series `seed`.

    Two of seven are nests of loops over elements, one of ten fills lists, one of twenty steps an explicit scheme. In
    one of three, names mean several things.
    """
    source = _generated(seed, number)
    if number % 3 != 1 or source.fills:
        return source
    rng = Random(seed * 1_000_003 + number + 500_000_009)
    return replace(source, functions=confused(source.functions, rng))


def _generated(seed: int, number: int) -> Source:
    rng = Random(seed * 1_000_003 + number)
    if number % 20 == 11:
        schemes = Schemes(rng)
        return Source(ast.unparse(ast.parse(schemes.function())) + "\n", schemes.args(), (0, 1, 2))
    if number % 10 == 3:
        filled = Filled(rng)
        return Source(ast.unparse(ast.parse(filled.functions())) + "\n", filled.args(), (0, 1, 2))
    if number % 7 in (2, 5):
        nests = Nests(rng)
        return Source(ast.unparse(ast.parse(nests.function())) + "\n", nests.args(), (0, 1, 2))
    return _mixed(rng)


def _mixed(rng: Random) -> Source:
    """Everything else that the language has, in one program."""
    sizes = tuple(rng.sample((2, 3, 4, 5), 2))
    helpers: tuple[Helper, ...] = ()
    texts, known = _globals(rng, sizes)
    pure = rng.random() < 0.12
    for k in range(rng.choice((0, 0, 0, 1, 1, 2))):
        helper, text = _helper(rng, sizes, helpers, f"h{k}", pure)
        helpers += (helper,)
        texts.append(text)
    parameters = _parameters(rng, sizes)
    fills = ("x",) if not pure and rng.random() < 0.05 else ()
    texts += _function(rng, sizes, helpers, parameters, known, pure, fills)
    single = rng.random() < 0.07
    args = tuple(_argument(rng, a, single) for a in parameters.values())
    active = tuple(k for k, a in enumerate(parameters.values()) if a.shapes)
    argnums = active if rng.random() < 0.7 else tuple(sorted(rng.sample(active, rng.randint(1, len(active)))))
    functions = ast.unparse(ast.parse("\n\n".join(texts)))
    for word in ("def ", "class ", "@contextlib"):
        functions = functions.replace(f"\n\n{word}", f"\n\n\n{word}")
    return Source(functions.strip() + "\n", args, argnums, fills)


def _globals(rng: Random, sizes: tuple[int, ...]) -> tuple[list[str], dict[str, Shape]]:
    """Lines that define globals, in capitals."""
    lines, known = [], dict[str, Shape]()
    if rng.random() < 0.15:
        known["SCALE"] = ()
        lines.append(f"SCALE = {rng.uniform(-1.5, 1.5):.4f}")
    if rng.random() < 0.15:
        known["TABLE"] = (rng.choice(sizes),)
        lines.append(f"TABLE = {_array(rng, known['TABLE'])}")
    if rng.random() < 0.06:
        known["COUNTS"] = (rng.choice(sizes),)
        of, least, most = rng.choice((("np.int32", -3, 70000), ("np.uint32", 0, 70000), ("np.int64", -3, 9)))
        counts = [most if rng.random() < 0.15 else rng.randint(least, 9) for _ in range(known["COUNTS"][0])]
        lines.append(f"COUNTS = np.array({counts}, {of})")
    return lines, known


def _parameters(rng: Random, sizes: tuple[int, ...]) -> dict[str, Argument]:
    n, m = sizes
    found: dict[str, Argument] = {"x": Argument(((n,),))}
    for name, shape, p in (("y", (n,), 0.6), ("w", (n, m), 0.4), ("u", (m,), 0.3), ("s", (), 0.7)):
        if rng.random() < p:
            found[name] = Argument((shape,))
    if rng.random() < 0.3:
        found["steps"] = Argument(())
    if rng.random() < 0.15:
        kind = rng.choice(("list", "tuple", "dict", "pair", "duo"))
        found["c0"] = Argument(((), rng.choice(((n,), (m,), (m, n)))), kind)
    return found


def _argument(rng: Random, argument: Argument, single: bool) -> str:
    if not argument.shapes:
        return str(rng.randint(0, 3))
    texts = [f"{rng.uniform(-1.5, 1.5):.4f}" if s == () else _array(rng, s, single) for s in argument.shapes]
    return spelt(argument.kind, texts) if argument.kind else texts[0]


def _array(rng: Random, shape: Shape, single: bool = False) -> str:
    rows = [
        [round(rng.uniform(-1.5, 1.5), 4) for _ in range(shape[-1])] for _ in range(shape[0] if len(shape) == 2 else 1)
    ]
    return f"np.array({rows if len(shape) == 2 else rows[0]}{', np.float32' if single else ''})"


def _function(
    rng: Random,
    sizes: tuple[int, ...],
    helpers: tuple[Helper, ...],
    parameters: dict[str, Argument],
    known: dict[str, Shape],
    pure: bool,
    fills: tuple[str, ...],
) -> list[str]:
    """The function itself, behind recursive functions and generators that it may call."""
    work = Derivatives(rng, sizes, helpers)
    work.pure = pure
    before: list[str] = []
    if rng.random() < 0.12:
        work.kinds = {}
        helper, text = recursive(work, "r0")
        work.recursives = (helper,)
        before.append(text)
    if rng.random() < 0.08:
        work.yielding = ("g0",)
        before.append(rng.choice(GENERATORS).format(name="g0"))
    if rng.random() < 0.12:
        work.has_model = True
        before.append(model(rng))
    if rng.random() < 0.06 and not pure:
        work.managers = ("cm0",)
        before.append(manager(rng, "cm0"))
    work.nested = bool(helpers) and rng.random() < 0.2
    work.shapes = {name: a.shapes[0] for name, a in parameters.items() if a.shapes and not a.kind}
    work.places = {**work.shapes, **known}
    work.kinds = {}
    for name, a in parameters.items():
        if a.kind:
            work.register(name, a.kind, list(a.shapes))
    work.ints = {name: (0, 3) for name, a in parameters.items() if not a.shapes}
    kind = "number" if fills else rng.choices(("number", "array", "pair"), (8, 1, 1))[0]
    work.returns = kind if rng.random() < 0.25 and not fills else ""
    lines = work.body(rng.randint(3, 9))
    value = work.returned() if kind != "number" else _result(work)
    first = [f"    filled = {fills[0]}"] if fills else []  # the name of the parameter may be given to another array
    last = f"    filled[:] = {value}" if fills else f"    return {value}"
    return [*before, "\n".join([f"def f({', '.join(parameters)}):", *first, *lines, last])]


def _result(work: Derivatives) -> str:
    """Everything that is still known flows into the value."""
    names = [n for n in work.places if n.isidentifier()]
    work.rng.shuffle(names)
    chosen = names[: work.rng.randint(1, 4)]
    last = [p for p in work.places if not p.isidentifier()][-2:]
    weights = [f"{work.rng.uniform(0.3, 1.2):.1f}" for _ in chosen + last]
    return " + ".join(f"{w} * {_as_number(work, n)}" for w, n in zip(weights, chosen + last, strict=True))


def _as_number(work: Derivatives, place: str) -> str:
    if work.places[place] == ():
        return place
    return work.rng.choice((f"np.sum({place})", f"np.sum({place} * {place})", f"np.sum(np.sin({place}))"))


def _helper(
    rng: Random, sizes: tuple[int, ...], helpers: tuple[Helper, ...], name: str, pure: bool
) -> tuple[Helper, str]:
    """A callee: it may write its arguments, return early, and have defaults."""
    work = Derivatives(rng, sizes, helpers)
    work.pure = pure
    params: list[Shape] = [(rng.choice(sizes),) if rng.random() < 0.6 else () for _ in range(rng.randint(1, 2))]
    optional = rng.choice((0, 0, 1))
    params += [()] * optional
    names = [f"p{k}" for k in range(len(params))]
    work.places = work.shapes = dict(zip(names, params, strict=True))
    work.kinds = {}
    lines = work.body(rng.randint(1, 4))
    values: list[Shape | None] = [(), params[0], params[0]]
    value = rng.choice([*values, None] if any(params) and not pure else [()])
    if value is not None:
        result = (lambda: work.number()) if value == () else (lambda: work.array(value))  # noqa: B023
        if rng.random() < 0.3:
            lines += [f"    if {work.test()}:", f"        return {result()}"]
        lines.append(f"    return {result()}")
    heads = [f"{n}=0.7" if k >= len(names) - optional else n for k, n in enumerate(names)]
    made = Helper(name, tuple(params), optional, value, tuple(names))
    return made, "\n".join([f"def {name}({', '.join(heads)}):", *lines])
