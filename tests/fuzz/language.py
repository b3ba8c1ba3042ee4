"""Random statements of the rest of the language: closures, early returns, match, walrus, endless loops, errors."""

from __future__ import annotations

from tests.fuzz.containers import Containers
from tests.fuzz.expressions import Helper
from tests.fuzz.statements import Option


class Language(Containers):
    returns = ""  # what the function returns: "number", "array", "pair"; "" where nothing may return early

    def options(self) -> list[Option]:
        top, deep = self.level == 1, self.level > 3
        return [
            *super().options(),
            (2 if top else 1, self.closure),
            (1 if top and self.helpers else 0, self.applier),
            (1 if self.returns else 0, self.early_return),
            (0 if deep else 1, self.matching),
            (0 if deep else 1, self.walrus),
            (0 if deep else 1, self.endless),
            (0 if deep else 1, self.context),
            (1, self.complaint),
        ]

    # ---- functions ----

    def closure(self) -> bool:
        """A function inside the function: it reads, writes into and rebinds what is around it."""
        if self.level > 2:
            return False
        name, own = self.fresh("f"), "q"
        outer = dict(self.places)
        self.pinned |= {n for n in outer if n.isidentifier()}
        mark, loops, self.loops = len(self.lines), self.loops, []
        self.level += 1
        self.places[own] = ()
        if self.chance(0.3):
            self.level -= 1
            value = self.number(2)
            self.line(f"{name} = lambda {own}: {value}")
        else:
            self.inside_closure(outer)
            self.line(f"return {self.number(1)}")
            self.level -= 1
            self.lines.insert(mark, "    " * self.level + f"def {name}({own}):")
        self.places, self.loops = outer, loops
        self.helpers = (*self.helpers, Helper(name, ((),), 0, (), (own,)))
        return True

    def inside_closure(self, outer: dict[str, tuple[int, ...]]) -> None:
        number = self.pick([n for n, s in outer.items() if s == () and n.isidentifier() and not n[0].isupper()])
        if number and self.chance(0.3):
            self.line(f"nonlocal {number}")
            self.line(f"{number} = 0.5 * {number} + {self.number(1)}")
        for _ in range(self.rng.choice((0, 1, 1, 2))):
            if not self.pure and self.chance(0.5):
                self.rng.choice((self.write_element, self.write_slice))()
            else:
                self.new_number()
        if self.chance(0.25):
            self.line(f"if {self.test()}:")
            self.below(f"return {self.number(1)}")

    def applier(self) -> bool:
        name = self.fresh("ap")
        self.line(f"def {name}(fn, v):")
        self.appliers = [*self.appliers, name]
        return self.below(self.rng.choice(("return 0.5 * fn(v)", "return fn(v) - fn(0.3)", "return fn(fn(v))")))

    def early_return(self) -> bool:
        self.line(f"if {self.test()}:")
        return self.below(f"return {self.returned()}")

    def returned(self) -> str:
        first = next(iter(self.shapes.values()))
        if self.returns == "number":
            return self.number(1)
        if self.returns == "array":
            return self.array(first, 1)
        return f"{self.number(1)}, {self.array(first, 0)}"

    # ---- control flow ----

    def matching(self) -> bool:
        known = self.pick([i for i, (low, _) in self.ints.items() if low >= 0])
        if known is None:
            return False
        self.line(f"match {known} % 3:")
        self.level += 1
        for case in ("0", "1 | 2" if self.chance(0.3) else "1", "_"):
            self.line(f"case {case}:")
            self.block(1, 2)
        self.level -= 1
        return True

    def walrus(self) -> bool:
        name, value = self.fresh("s"), self.number(1)
        self.line(f"if ({name} := {value}) {self.rng.choice('<>')} {self.rng.uniform(-1, 1.5):.3f}:")
        self.places[name] = ()
        self.block()
        return True

    def endless(self) -> bool:
        """``while True`` that ends by a count or by data."""
        k, most = self.fresh("k"), self.rng.randint(1, 4)
        self.line(f"{k} = 0")
        self.line("while True:")
        kept = dict(self.ints)
        self.below(f"{k} += 1")
        self.ints[k] = (1, most)
        self.looped(False, f"if {k} >= {most} or {self.test()}: break")
        self.ints = kept
        return True

    def context(self) -> bool:
        self.line("with np.errstate(all='ignore'):")
        self.block(1, 2)
        return True

    def complaint(self) -> bool:
        """What never happens: an assertion that holds, an error that is not raised."""
        if self.chance(0.5):
            return self.line(f"assert abs({self.number(0)}) < 1e9")
        self.line(f"if {self.number(0)} > 1e9:")
        return self.below("raise ValueError('too large')")
