"""Random expressions as Python text, always inside the bounds of what they index.

Every production returns text, or None where the variables at hand do not allow it. Values stay tame: what could grow or
divide by zero is wrapped, and a program that overflows all the same is dropped by `judge`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from random import Random
from typing import Union

Shape = tuple[int, ...]
Text = Union[str, None]
Production = tuple[int, Callable[[], Text]]

ON_NUMBERS = (
    "math.sin({0})",
    "math.cos({0})",
    "math.tanh({0})",
    "math.atan({0})",
    "math.exp(-abs({0}))",
    "math.sqrt(1.0 + {0} ** 2)",
    "math.log(1.5 + {0} * {0})",
    "math.hypot(1.0, {0})",
    "abs({0})",
    "float({0})",
    "max({0}, 0.17)",
    "min({0}, 1.19)",
)
ON_BOTH = (
    "np.sin({0})",
    "np.cos({0})",
    "np.tanh({0})",
    "np.arctan({0})",
    "np.exp(-({0} * {0}))",
    "np.sqrt(1.0 + {0} * {0})",
    "np.log1p({0} ** 2)",
    "(1.0 / (2.0 + np.cos({0})))",
    "(-{0})",
    "(0.5 * {0})",
    "({0} ** 2)",
    "({0} ** 3 / 4.0)",
    "np.abs({0})",
    "np.square({0})",
    "np.clip({0}, -1.31, 1.72)",
    "np.maximum({0}, 0.17)",
    "np.where({0} > 0.13, {0}, 0.1 * {0})",
    "np.expm1(np.tanh({0}))",
    "np.abs(1.1 + {0} ** 2) ** 1.5",
)
PAIRS = (
    "({0} + {1})",
    "({0} - {1})",
    "({0} * {1})",
    "({0} * {1})",
    "({0} / (1.5 + {1} ** 2))",
    "np.maximum({0}, {1})",
    "np.minimum({0}, {1})",
    "np.arctan2({0}, 2.0 + np.abs({1}))",
    "np.hypot(1.0 + {0}, {1} + 3.0)",
)


@dataclass(frozen=True)
class Helper:
    """A function that the program calls: the shapes of its parameters and of its value (None: it returns nothing)."""

    name: str
    params: tuple[Shape, ...]
    optional: int  # how many of the last parameters have defaults
    value: Shape | None
    keywords: tuple[str, ...] = ()  # the names of its parameters


class Expressions:
    """Draws expressions from the variables at hand: `places` are readable texts with their shapes (() is a number)."""

    def __init__(self, rng: Random, sizes: tuple[int, ...], helpers: tuple[Helper, ...] = ()) -> None:
        self.rng, self.sizes, self.helpers = rng, sizes, helpers
        self.places: dict[str, Shape] = {}
        self.ints: dict[str, tuple[int, int]] = {}  # with the range of their values
        self.indices: dict[str, tuple[int, int]] = {}  # arrays of integers: (length, largest entry)
        self.masks: dict[str, Shape] = {}
        self.pinned: set[str] = set()  # variables that must keep their shape
        self.appliers: list[str] = []  # functions that call their first argument

    # ---- drawing ----

    def chance(self, p: float) -> bool:
        return self.rng.random() < p

    def choose(self, *options: Production) -> str:
        """The first production that is possible, drawn by weight."""
        left = list(options)
        while left:
            picked = self.rng.choices(left, [w for w, _ in left])[0]
            text = picked[1]()
            if text is not None:
                return text
            left.remove(picked)
        return self.constant()

    def constant(self) -> str:
        value = self.rng.uniform(0.1, 1.9)
        return f"{value:.2f}" if self.chance(0.8) else f"(-{value:.2f})"

    def of_shape(self, shape: Shape) -> list[str]:
        return [name for name, own in self.places.items() if own == shape]

    def of_rank(self, rank: int) -> list[str]:
        return [name for name, own in self.places.items() if len(own) == rank]

    def pick(self, names: list[str]) -> Text:
        return self.rng.choice(names) if names else None

    def shape(self) -> Shape:
        return tuple(self.rng.choice(self.sizes) for _ in range(self.rng.choice((1, 1, 1, 2))))

    # ---- integers ----

    def index(self, size: int) -> str:
        """An integer expression within ``0 .. size - 1``, or counted from the end."""
        candidates = [str(self.rng.randrange(size)), str(-self.rng.randint(1, size))]
        for name, (low, high) in self.ints.items():
            candidates += [name] * 4 if low >= 0 and high < size else []
            candidates += [f"{name} - 1"] * 2 if low >= 1 and high <= size else []
            candidates += [f"{name} + 1"] * 2 if low >= -1 and high < size - 1 else []
            candidates += [f"{size - 1} - {name}"] if low >= 0 and high < size else []
            candidates += [f"(2 * {name} + 1) % {size}"]
        for name, (length, top) in self.indices.items():
            candidates += [f"{name}[{self.rng.randrange(length)}]"] if top < size else []
        return self.rng.choice(candidates)

    def integer(self) -> Text:
        name = self.pick(list(self.ints))
        return None if name is None else self.rng.choice((name, f"float({name})", f"(0.1 * {name})", f"({name} / 3)"))

    # ---- numbers ----

    def number(self, depth: int = 2) -> str:
        leaves: list[Production] = [
            (6, lambda: self.pick(self.of_shape(()))),
            (4, self.element),
            (1, self.constant),
            (1, self.integer),
        ]
        if depth <= 0:
            return self.choose(*leaves)
        return self.choose(
            *leaves,
            (5, lambda: self.rng.choice(ON_NUMBERS + ON_BOTH).format(self.number(depth - 1))),
            (8, lambda: self.pair(self.number(depth - 1), self.number(depth - 1))),
            (5, lambda: self.reduction(depth - 1)),
            (1, lambda: f"({self.number(depth - 1)} if {self.test()} else {self.number(depth - 1)})"),
            (2, lambda: self.call((), depth - 1)),
            (1, self.comprehension_sum),
            (1, lambda: f"max({self.number(0)}, {self.number(0)}, {self.constant()})"),
            (1, lambda: self.applied(depth - 1)),
            (1, self.masked_sum),
        )

    def applied(self, depth: int) -> Text:
        """A function handed to a function."""
        fitting = [h.name for h in self.helpers if h.value == () and h.params == ((),)]
        if not fitting or not self.appliers:
            return None
        return f"{self.rng.choice(self.appliers)}({self.rng.choice(fitting)}, {self.number(depth)})"

    def masked_sum(self) -> Text:
        name = self.pick(self.of_rank(1) + self.of_rank(2))
        if name is None:
            return None
        known = self.pick([m for m, shape in self.masks.items() if shape == self.places[name]])
        mask = known or f"{name} {self.rng.choice('<>')} {self.rng.uniform(-0.5, 1):.3f}"
        return self.rng.choice((f"np.sum({name}[{mask}])", f"{name}[{mask}].sum()", f"np.sum({name} * ({mask}))"))

    def pair(self, left: str, right: str) -> str:
        return self.rng.choice(PAIRS).format(left, left if self.chance(0.05) else right)

    def element(self) -> Text:
        name = self.pick(self.of_rank(1) + self.of_rank(2))
        if name is None:
            return None
        shape = self.places[name]
        items = [self.index(n) for n in shape]
        return f"{name}[{']['.join(items)}]" if self.chance(0.2) else f"{name}[{', '.join(items)}]"

    def reduction(self, depth: int) -> Text:
        name = self.pick(self.of_rank(1) + self.of_rank(2))
        if name is None:
            return None
        array = self.array(self.places[name], depth)
        part = self.part(name) or array
        return self.choose(
            (4, lambda: f"np.sum({array})"),
            (2, lambda: f"np.mean({array})"),
            (2, lambda: f"np.sum({part})"),
            (1, lambda: f"{name}.sum()"),
            (1, lambda: f"np.max({array})"),
            (1, lambda: f"np.prod(np.tanh({array}))"),
            (1, lambda: f"np.linalg.norm(1.5 + {array})"),
            (1, lambda: f"np.var({array})"),
            (2, lambda: self.inner(name)),
            (1, lambda: f"np.trace({name})" if len(self.places[name]) == 2 else None),
        )

    def inner(self, name: str) -> Text:
        if len(self.places[name]) != 1:
            return None
        other = self.pick(self.of_shape(self.places[name])) or name
        low = self.pick([i for i, (a, b) in self.ints.items() if a >= 0])
        if low is not None and self.chance(0.4):
            return self.rng.choice((f"np.dot({name}[:{low}], {other}[:{low}])", f"({name}[{low}:] @ {other}[{low}:])"))
        return self.rng.choice((f"np.dot({name}, {other})", f"({name} @ {other})", f"np.inner({name}, {other})"))

    def part(self, name: str) -> Text:
        """A part whose length may depend on a loop counter, and may be empty."""
        low = self.pick([i for i, (a, _) in self.ints.items() if a >= 0])
        if low is None:
            return None
        rank = len(self.places[name])
        cut = self.rng.choice((f"{low}:", f":{low}", f"{low}::2", f":{low} + 1"))
        return f"{name}[{cut}]" if rank == 1 or self.chance(0.5) else f"{name}[:, {cut}]"

    def comprehension_sum(self) -> Text:
        name = self.pick(self.of_rank(1))
        if name is None:
            return None
        n = self.places[name][0]
        body = self.rng.choice(("v * v", "math.sin(v)", f"v * {self.number(0)}"))
        return self.rng.choice(
            (f"sum([{body} for v in {name}])", f"sum({name}[q] * {self.number(0)} for q in range({n}))")
        )

    def call(self, shape: Shape, depth: int) -> Text:
        fitting = [h for h in self.helpers if h.value == shape]
        return self.call_of(self.rng.choice(fitting), depth) if fitting else None

    def call_of(self, helper: Helper, depth: int = 0) -> Text:
        """Arrays are handed over under their names, so that what the helper writes is seen."""
        args: list[str] = []
        count = len(helper.params) - self.rng.randint(0, helper.optional)
        for shape in helper.params[:count]:
            arg = self.pick([p for p in self.of_shape(shape) if not p[0].isupper()]) if shape else self.number(depth)
            if arg is None or arg in args and shape:
                return None
            args.append(arg)
        if self.chance(0.15) and helper.keywords:
            named = [f"{k}={v}" for k, v in zip(helper.keywords, args)]
            split = self.rng.randint(0, len(args))
            last = named[split:]
            self.rng.shuffle(last)
            args = args[:split] + last
        return f"{helper.name}({', '.join(args)})"

    # ---- tests ----

    def test(self) -> str:
        """True or false on data, hardly ever at a tie."""
        return self.choose(
            (6, lambda: f"{self.number(1)} {self.rng.choice('<>')} {self.rng.uniform(-1, 1.5):.3f}"),
            (2, self.counter_test),
            (1, lambda: f"-0.717 < {self.number(0)} < 0.913"),
            (1, lambda: f"({self.test()} and {self.test()})"),
            (1, lambda: f"({self.test()} or {self.test()})"),
            (1, lambda: f"not {self.number(0)} > 0.391"),
        )

    def counter_test(self) -> Text:
        name = self.pick(list(self.ints))
        return None if name is None else self.rng.choice((f"{name} % 2 == 0", f"{name} > 1", f"{name} != 2"))
