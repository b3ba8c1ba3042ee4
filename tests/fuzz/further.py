"""Random statements that are rarer: try, recursion, checkpointed loops, generators, arguments that overlap."""

from __future__ import annotations

from tests.fuzz.expressions import Helper
from tests.fuzz.language import Language
from tests.fuzz.statements import Option

# functions that call themselves, of a number or of an array that they write into; {0} to {2} are numbers
SUM = """def {name}(v, n):
    if n <= 0:
        return {0}
    return 0.5 * {name}(np.sin(v) * {1}, n - 1) + v
"""
PRODUCT = """def {name}(v, n):
    if n < 1:
        return v
    a = {name}(0.6 * v, n - 1)
    return a * {1} - 0.3 * v
"""
FORWARDS = """def {name}(v, n):
    if n >= len(v):
        return
    v[n] = 0.5 * v[n] + v[n - 1] * {2}
    {name}(v, n + 1)
"""
HALVES = """def {name}(v, n):
    if n < 2:
        return
    {name}(v[: n // 2], n // 2)
    v[0] = v[n - 1] * v[0] + {2}
"""
GENERATORS = (
    """def {name}(v):
    for q in v:
        yield q * q - 0.3
""",
    """def {name}(v):
    a = 0.2
    for k in range(len(v)):
        a = 0.5 * a + v[k]
        yield a
    yield 0.1 * a
""",
    """def {name}(v):
    k = 0
    while k < len(v) - 1:
        yield v[k] * v[k + 1]
        k += 1
""",
)


def recursive(work: Language, name: str) -> tuple[Helper, str]:
    """A function with its text: its first parameter is a number or an array, its second the depth."""
    texts = (SUM, PRODUCT) if work.pure else (SUM, PRODUCT, FORWARDS, HALVES)
    text = work.rng.choice(texts)
    work.places = {"v": ()}
    numbers = [work.number(1), work.number(0), f"{work.rng.uniform(0.2, 0.9):.2f}"]
    of_number = text in (SUM, PRODUCT)
    shape = () if of_number else (work.rng.choice(work.sizes),)
    return Helper(name, (shape,), 0, () if of_number else None, ("v",)), text.format(*numbers, name=name)


class Further(Language):
    """Adds the statements of this module to all others.

    recursives: functions that call themselves, with a depth as their second parameter. yielding: names of generators.
    """

    recursives: tuple[Helper, ...] = ()
    yielding: tuple[str, ...] = ()

    def options(self) -> list[Option]:
        top, deep = self.level == 1, self.level > 3
        return [
            *super().options(),
            (0 if deep else 1, self.attempt),
            (1 if top else 0, self.checkpointed),
            (2 if self.recursives else 0, self.recursion),
            (1 if self.yielding else 0, self.consume),
            (1, self.overlapping),
            (0 if deep else 1, self.loop_else),
        ]

    # ---- errors ----

    def attempt(self) -> bool:
        """``try``: what happens ends in a handler on some data only; ``finally`` always runs."""
        form = self.rng.randrange(3)
        self.line("try:")
        if form == 0:
            name = self.fresh("s")
            self.below(f"{name} = math.{self.rng.choice(('sqrt', 'log'))}(0.0173 + {self.number(1)})")
            self.line("except ValueError:")
            self.below(f"{name} = {self.number(1)}")
            self.places[name] = ()
        else:
            self.block(1, 2)
            if form == 1:
                self.level += 1
                self.line(f"if {self.test()}:")
                self.below("raise KeyError('left')")
                self.level -= 1
                self.line("except KeyError:")
                self.block(1, 1)
        if form != 1 or self.chance(0.3):
            self.line("finally:")
            self.without_jumps(lambda: self.block(1, 1))
        return True

    def without_jumps(self, write: object) -> None:
        """`write` where no ``break``, ``continue`` or ``return`` may stand."""
        assert callable(write)
        loops, self.loops, returns, self.returns = self.loops, [], self.returns, ""
        write()
        self.loops, self.returns = loops, returns

    # ---- loops ----

    def checkpointed(self) -> bool:
        name, count = self.fresh("i"), self.rng.choice((0, 1, 3, 5, 7))
        text = self.pick([n for n, (low, high) in self.ints.items() if low >= 0 and high <= 6])
        steps = text if text and self.chance(0.4) else str(count)
        every = self.rng.choice(("", "", ", 2", ", every=3"))
        self.line(f"for {name} in srcad.checkpoint(range({steps}){every}):")
        kept, helpers = dict(self.ints), self.helpers
        self.ints[name] = (0, max(self.ints[text][1] if steps == text and text else count, 1) - 1)
        self.without_jumps(lambda: self.block(1, 3))
        self.ints, self.helpers = kept, helpers
        return True

    def loop_else(self) -> bool:
        """A loop that may be left early, and what runs where it is not."""
        if not self.chance(0.5):
            return False
        name, bound = self.fresh("i"), self.rng.choice(self.sizes)
        self.line(f"for {name} in range({bound}):")
        kept = dict(self.ints)
        self.ints[name] = (0, bound - 1)
        word = self.rng.choice(("break", "break", "continue"))
        self.looped(last=f"if {self.test_of(name)}: {word}", otherwise=1.0)
        self.ints = kept
        return True

    def test_of(self, name: str) -> str:
        return self.rng.choice((f"{name} > 0", self.test(), f"{name} == 1 and {self.test()}"))

    # ---- callees ----

    def recursion(self) -> bool:
        helper = self.rng.choice(self.recursives)
        depth = self.pick([n for n, (low, high) in self.ints.items() if low >= 0 and high <= 5])
        if helper.value == ():
            name = self.fresh("s")
            text = f"{name} = {helper.name}({self.number(1)}, {depth or self.rng.randrange(4)})"
            self.places[name] = ()
            return self.line(text)
        base = self.pick([n for n in self.of_rank(1) if not n[0].isupper() and self.places[n][0] > 1])
        if base is None:
            return False
        return self.line(f"{helper.name}({base}, {self.rng.choice(('len(' + base + ')', '1', '2'))})")

    def consume(self) -> bool:
        """A loop over what a generator yields."""
        array = self.pick(self.of_rank(1))
        if array is None:
            return False
        maker, name = self.rng.choice(self.yielding), self.fresh("e")
        if self.chance(0.4):
            total = self.fresh("s")
            self.places[total] = ()
            return self.line(f"{total} = sum({maker}({array}))")
        kept = dict(self.places)
        self.places[name] = ()
        self.line(f"for {name} in {maker}({array}):")
        self.looped()
        self.places = kept
        return True

    def overlapping(self) -> bool:
        """Two views of one array handed to a function that writes into its parameters."""
        fitting = [h for h in self.helpers if len(h.params) >= 2 and len(h.params[0]) == len(h.params[1]) == 1]
        base = self.pick([n for n in self.of_rank(1) if not n[0].isupper()])
        if self.pure or base is None or not fitting:
            return False
        helper = self.rng.choice(fitting)
        views = [self.pick([f"{base}[{c}]" for c in self.cuts(self.places[base][0], p[0])]) for p in helper.params[:2]]
        if None in views:
            return False
        rest = [self.number(0) for p in helper.params[2:]]
        call = f"{helper.name}({', '.join([str(v) for v in views] + rest)})"
        if helper.value is None:
            return self.line(call)
        name = self.fresh("s" if helper.value == () else "a")
        self.places[name] = helper.value
        return self.line(f"{name} = {call}")
