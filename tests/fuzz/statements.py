"""Random statements: writes through names and views, loops of all kinds, branches, calls, containers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from tests.fuzz.arrays import Arrays
from tests.fuzz.expressions import Shape

Option = tuple[int, Callable[[], bool]]
WRITERS = frozenset(
    "augment write_element write_slice repeated_write masked_write container_write call_statement method_write "
    "update_at item_loop".split()
)
OPS = ("+=", "+=", "-=", "*=")
DEEPEST = 3
# a place {0}, another of the same array {1}, a number {2}
WITH_ITSELF = (
    "{1} + {0}",
    "{1} + {0}",
    "{0} + {1} + {2}",
    "{1} - {0}",
    "{0} - {1}",
    "{1} * 0.5 + {0}",
    "{0} + {1} * {2}",
    "{2} * {1} + {1} + {0}",
    "-{0} + {1}",
)
# what a mask chooses {0}, as many values of it; a number {1}
CHOSEN = (
    "{0}",
    "{0} * {1}",
    "{0} - np.sum({0}) / (0.5 + {0}.size)",
    "{0} / (1.5 + np.sum({0} ** 2))",
    "np.cumsum({0})",
    "np.sort({0})",
    "np.flip({0})",
    "np.roll({0}, 1)",
    "np.sin({0}) * np.prod(0.5 * {0})",
    "np.where({0} > 0.1, {0}, {1} * {0}.sum())",
    "{0} * {0}.size + {1}",
    "0.1 * ({0} @ {0}) + {0}",
    "np.tanh({0}) + np.linalg.norm({0} + 1.7)",
)


def is_variable(place: str) -> bool:
    """Whether a place is a local variable: globals are capitals."""
    return place.isidentifier() and not place[0].isupper()


@dataclass
class Around:
    """The loop around: a ``continue`` must not skip the step of its counter, a ``break`` not what counts on all."""

    may_continue: bool
    may_break: bool = True


class Statements(Arrays):
    """Writes a body line by line; what a block defines is forgotten at its end."""

    shapes: dict[str, Shape]  # of the parameters
    pure = False  # nothing is written in place: what outside tools can differentiate, too

    def body(self, count: int) -> list[str]:
        self.lines: list[str] = []
        self.level, self.names, self.loops = 1, 0, list[Around]()
        for _ in range(count):
            self.statement()
        return self.lines

    # ---- writing ----

    def line(self, text: str) -> bool:
        self.lines.append("    " * self.level + text)
        return True

    def below(self, text: str) -> bool:
        """A line of the block below."""
        self.lines.append("    " * (self.level + 1) + text)
        return True

    def fresh(self, base: str) -> str:
        self.names += 1
        return f"{base}{self.names}"

    def block(self, least: int = 1, most: int = 3) -> None:
        """A nested block; its own variables are not used after it."""
        kept = dict(self.places), dict(self.ints), dict(self.indices), self.helpers, dict(self.masks)
        self.level += 1
        for _ in range(self.rng.randint(least, most)):
            self.statement()
        self.level -= 1
        self.places, self.ints, self.indices, self.helpers, self.masks = kept

    def statement(self) -> None:
        options = self.options()
        if self.pure:
            options = [(w, option) for w, option in options if option.__name__ not in WRITERS]
        while not self.rng.choices(options, [w for w, _ in options])[0][1]():
            pass

    def options(self) -> list[Option]:
        """Statements that can be drawn here, with their weights."""
        deep = self.level > DEEPEST
        return [
            (6, self.new_number),
            (6, self.new_array),
            (5, self.again),
            (5, self.augment),
            (7, self.write_element),
            (5, self.write_slice),
            (4, self.new_view),
            (1, self.alias),
            (1, self.swap),
            (1, self.repeated_write),
            (2, self.masked_write),
            (1, self.integer_variable),
            (2, self.call_statement),
            (1, self.unpacking),
            (1 if self.loops else 0, self.jump),
            (0 if deep else 6, self.branch),
            (0 if deep else 5, self.range_loop),
            (0 if deep else 2, self.item_loop),
            (0 if deep else 2, self.while_loop),
            (1 if self.level == 1 else 0, self.rebind),
        ]

    # ---- assignments ----

    def new_number(self) -> bool:
        text = self.number()
        name = self.fresh("s")
        self.places[name] = ()
        return self.line(f"{name} = {text}")

    def new_array(self) -> bool:
        shape = self.shape()
        text = self.array(shape)
        name = self.fresh("a" if len(shape) == 1 else "m")
        self.places[name] = shape
        return self.line(f"{name} = {text}")

    def own(self, *ranks: int) -> str | None:
        """A variable (not a place inside a container, and not a global)."""
        return self.pick([n for n, s in self.places.items() if len(s) in ranks and is_variable(n)])

    def again(self) -> bool:
        """A variable gets another value of its shape."""
        name = self.own(0, 0, 1, 2)
        if name is None:
            return False
        shape = self.places[name]
        if shape == ():
            return self.line(
                f"{name} = 0.5 * {name} + {self.number()}" if self.chance(0.5) else f"{name} = {self.number()}"
            )
        return self.line(f"{name} = {self.array(shape)}")

    def augment(self) -> bool:
        name = self.own(0, 1, 2)
        if name is None:
            return False
        shape = self.places[name]
        value = self.number() if shape == () or self.chance(0.3) else self.smaller(shape, 1)
        return self.line(f"{name} {self.rng.choice(OPS)} {value}")

    def rebind(self) -> bool:
        """A name for something of another shape."""
        name = self.own(0, 1, 2)
        if name is None or len(self.places) < 4 or name in self.pinned:
            return False
        shape: Shape = self.rng.choice(((), self.shape()))
        text = self.number() if shape == () else self.array(shape)
        self.places[name] = shape
        return self.line(f"{name} = {text}")

    def alias(self) -> bool:
        name = self.own(1, 2)
        if name is None:
            return False
        new = self.fresh("z")
        self.places[new] = self.places[name]
        return self.line(f"{new} = {name}")

    def new_view(self) -> bool:
        shape = self.shape() if self.chance(0.5) else (self.rng.randint(1, 3),)
        text = self.view(shape)
        if text is None:
            return False
        name = self.fresh("v")
        self.places[name] = shape
        return self.line(f"{name} = {text}")

    def swap(self) -> bool:
        first = self.own(0, 1, 1, 2)
        others = [
            n for n, s in self.places.items() if first and s == self.places[first] and is_variable(n) and n != first
        ]
        if not first or not others:
            return False
        second = self.rng.choice(others)
        right = f"{second}, {first}" if self.chance(0.7) else f"{second}, {second} + {first}"
        return self.line(f"{first}, {second} = {right}")

    def unpacking(self) -> bool:
        left, right = self.fresh("s"), self.fresh("s")
        text = f"{left}, {right} = {self.number(1)}, {self.number(1)}"
        self.places[left] = self.places[right] = ()
        return self.line(text)

    def integer_variable(self) -> bool:
        if self.chance(0.3):
            n, size = self.rng.choice(self.sizes), min(self.sizes)
            name = self.fresh("idx")
            self.indices[name] = (n, size - 1)
            return self.line(f"{name} = np.array({[self.rng.randrange(size) for _ in range(n)]})")
        array, name = self.pick(self.of_rank(1)), self.fresh("j")
        if array and self.chance(0.5):
            self.ints[name] = (0, self.places[array][0] - 1)
            return self.line(f"{name} = np.argmax({array})")
        if not self.ints:
            return False
        other = self.pick(list(self.ints))
        n = min(self.sizes)
        self.ints[name] = (0, n - 1)
        return self.line(f"{name} = ({other} + {self.rng.randrange(3)}) % {n}")

    # ---- writes into arrays ----

    def array_at_hand(self) -> str | None:
        return self.pick([n for n in self.of_rank(1) + self.of_rank(2) if not n[0].isupper()])

    def operator(self) -> str:
        return self.rng.choice(("=", "=", *OPS))

    def write_element(self) -> bool:
        name = self.array_at_hand()
        if name is None:
            return False
        shape = self.places[name]
        items = [self.index(n) for n in shape]
        place = f"{name}[{']['.join(items)}]" if self.chance(0.2) else f"{name}[{', '.join(items)}]"
        if self.chance(0.15):
            other = f"{name}[{', '.join(self.index(n) for n in shape)}]"
            return self.line(f"{place} = {self.with_itself(place, other)}")
        return self.line(f"{place} {self.operator()} {self.number()}")

    def with_itself(self, place: str, other: str) -> str:
        """A value in which the place itself stands beside another place of its array."""
        return self.rng.choice(WITH_ITSELF).format(place, other, self.number(0))

    def write_slice(self) -> bool:
        name = self.array_at_hand()
        if name is None:
            return False
        own = self.places[name]
        part = self.part(name)
        if part and self.chance(0.3):
            return self.line(f"{part} {self.operator()} {self.number(1)}")
        shape = (self.rng.randint(1, own[-1]),) if len(own) == 1 or self.chance(0.6) else own
        views = [v for v in self.views(name, shape) if v.endswith("]")] or [f"{name}[:]"]
        shape = own if views == [f"{name}[:]"] else shape
        if self.chance(0.15):
            place = self.rng.choice(views)
            return self.line(f"{place} = {self.with_itself(place, self.rng.choice(views))}")
        value = self.number(1) if self.chance(0.3) else self.smaller(shape, 1)
        return self.line(f"{self.rng.choice(views)} {self.operator()} {value}")

    def repeated_write(self) -> bool:
        name = self.pick([n for n in self.of_rank(1) if not n[0].isupper()])
        if name is None:
            return False
        n, count = self.places[name][0], self.rng.choice(self.sizes)
        index = str([self.rng.randrange(n) for _ in range(count)])
        known = self.pick([i for i, (_, top) in self.indices.items() if top < n])
        if known and self.chance(0.6):
            index, count = known, self.indices[known][0]
        value = self.array((count,), 1)
        if self.chance(0.5):
            return self.line(f"np.add.at({name}, {index}, {value})")
        return self.line(f"{name}[{index}] {self.operator()} {value}")

    def masked_write(self) -> bool:
        name = self.array_at_hand()
        if name is None:
            return False
        mask = f"{name} {self.rng.choice('<>')} {self.rng.uniform(-0.5, 1):.3f}"
        known = self.pick([m for m, shape in self.masks.items() if shape == self.places[name]])
        value = self.number(1)
        if self.chance(0.6):
            other = self.pick(self.of_shape(self.places[name])) or name
            value = self.rng.choice(CHOSEN).format(f"{other}[{known or mask}]", self.number(0))
        return self.line(f"{name}[{known or mask}] {self.operator()} {value}")

    def call_statement(self) -> bool:
        mutators = [h for h in self.helpers if h.value is None]
        text = self.call_of(self.rng.choice(mutators)) if mutators else None
        return self.line(text) if text else False

    # ---- control flow ----

    def branch(self) -> bool:
        self.line(f"if {self.test()}:")
        self.block()
        for word in ("elif", "else"):
            if self.chance(0.2 if word == "elif" else 0.5):
                self.line(f"elif {self.test()}:" if word == "elif" else "else:")
                self.block()
        return True

    def jump(self) -> bool:
        here = self.loops[-1]
        words = ["break"] * here.may_break + ["continue"] * here.may_continue
        if not words:
            return False
        word = self.rng.choice(words)
        self.line(f"if {self.test()}:")
        self.level += 1
        if self.chance(0.4) and self.own(0):
            self.augment()
        self.line(word)
        self.level -= 1
        return True

    def looped(
        self, may_continue: bool = True, last: str = "", may_break: bool = True, otherwise: float = 0.05
    ) -> bool:
        """The body of a loop whose header is written, with `last` at its end. otherwise: how often there is an else."""
        self.loops.append(Around(may_continue, may_break))
        self.block(1, 4)
        if last:
            self.below(last)
        self.loops.pop()
        if self.chance(otherwise):
            self.line("else:")
            self.block(1, 1)
        return True

    def range_loop(self) -> bool:
        name = self.fresh("i")
        outer = self.pick([i for i, (low, high) in self.ints.items() if low >= 0 and high <= 6])
        bound = self.rng.choice(self.sizes)
        forms = [(f"range({bound})", (0, bound - 1))] * 3
        forms += [(f"range(1, {bound})", (1, bound - 1)), (f"range({bound - 1}, -1, -1)", (0, bound - 1))]
        forms += [
            ("range(0)", (0, 0)),
            (f"range(0, {bound}, 2)", (0, bound - 1)),
            (f"range({bound}, 0, -2)", (1, bound)),
        ]
        array = self.pick(self.of_rank(1))
        if array:
            n = self.places[array][0]
            forms += [(f"range(len({array}))", (0, n - 1)), (f"range({array}.shape[0] - 1)", (0, n - 2))] * 2
        if outer:
            high = self.ints[outer][1]
            forms += [(f"range({outer})", (0, max(high - 1, 0))), (f"range({outer}, {bound})", (0, bound - 1))] * 2
            forms += [(f"range({outer}, -1, -1)", (0, high))]
        text, limits = self.rng.choice(forms)
        text = f"p{text}" if self.chance(0.02) else text
        self.line(f"for {name} in {text}:")
        return self.counted(name, limits)

    def counted(self, name: str, limits: tuple[int, int]) -> bool:
        kept = dict(self.ints)
        self.ints[name] = limits
        self.looped()
        self.ints = kept
        return True

    def item_loop(self) -> bool:
        array = self.array_at_hand()
        if array is None:
            return False
        own, item, k = self.places[array], self.fresh("e"), self.fresh("k")
        kept = dict(self.places), dict(self.ints)
        other = self.pick(self.of_shape(own)) or array
        form = self.rng.randrange(4)
        self.places[item] = own[1:]
        if form == 1:
            self.ints[k] = (0, own[0] - 1)
        if form == 2:
            self.places[k] = own[1:]
        heads = (f"{item} in {array}", f"{k}, {item} in enumerate({array})", f"{item}, {k} in zip({array}, {other})")
        self.line(f"for {heads[form] if form < 3 else f'{item} in reversed({array})'}:")
        self.looped()
        self.places, self.ints = kept
        return True

    def while_loop(self) -> bool:
        k, most = self.fresh("k"), self.rng.randint(1, 5)
        self.line(f"{k} = 0")
        early = self.chance(0.5)
        test = f"{k} < {most}"
        if self.chance(0.6):
            test += f" and {self.test()}"
        self.line(f"while {test}:")
        kept = dict(self.ints)
        self.ints[k] = (1, most) if early else (0, most - 1)
        if early:
            self.below(f"{k} += 1")
        self.looped(early, "" if early else f"{k} += 1")
        self.ints = {**kept, k: (0, most)} if self.level == 1 else kept
        return True
