"""Random statements about lists whose length the run decides, and about collections: deque, defaultdict, Counter."""

from __future__ import annotations

from tests.fuzz.expressions import Shape
from tests.fuzz.further import Further
from tests.fuzz.statements import Option


class Lists(Further):
    def options(self) -> list[Option]:
        top = self.level == 1
        return [
            *super().options(),
            (2 if top else 0, self.list_of_some_length),
            (1 if top else 0, self.queue),
            (1 if top else 0, self.table),
        ]

    # ---- lists ----

    def list_of_some_length(self) -> bool:
        """A list of at least three items that data make longer, changed, cut and joined, and what is made of it."""
        name, shape = self.fresh("items"), self.rng.choice(((), (), (self.rng.choice(self.sizes),)))
        self.line(f"{name} = [{', '.join(self.item(shape) for _ in range(3))}]")
        self.grow(name, shape)
        for _ in range(self.rng.randint(1, 3)):
            self.change(name, shape)
        return self.use(name, shape)

    def grow(self, name: str, shape: Shape) -> None:
        i, kept, places = self.fresh("i"), dict(self.ints), dict(self.places)
        n = self.rng.choice(
            [str(k) for k in self.sizes] + [k for k, (low, high) in kept.items() if low >= 0 <= 6 - high]
        )
        self.line(f"for {i} in range({n}):")
        self.ints[i] = (0, 6)
        self.level += 1
        if self.chance(0.5):
            self.line(f"if {self.test()}:")
            self.level += 1
            self.append(name, shape)
            self.level -= 1
        else:
            self.append(name, shape)
        self.level -= 1
        self.ints, self.places = kept, places

    def append(self, name: str, shape: Shape) -> bool:
        last = f"0.6 * {name}[-1] + {self.item(shape)}"
        value = last if self.chance(0.5) else f"{self.item(shape)} * {self.constant()}"
        forms = [f"{name}.append({value})"] * 3 + [f"{name} += [{value}]", f"{name} = {name} + [{value}]"]
        forms += [f"{name}.insert({self.rng.randrange(3)}, {value})", f"{name}.extend([{value}, {self.item(shape)}])"]
        return self.line(self.rng.choice(forms))

    def change(self, name: str, shape: Shape) -> bool:
        """Afterwards there are still three items at least."""
        k, value = self.rng.randrange(3), self.item(shape)
        forms = [f"{name}[{k}] = {value} * {name}[-1]", f"{name}[-{k + 1}] *= {self.number(0)}", f"{name}.reverse()"]
        forms += [f"{name} = {name}[::-1]", f"{name} = {name} + {name}[1:]", f"{name} = [{value}] + {name}[:-1]"]
        forms += [f"{name}.extend({name}[:2])", f"{name} += {name}[-1:]", f"{name}.append({name}.pop({k}) * 0.5)"]
        forms += [f"{name} = [0.5 * v for v in {name}]", f"{name}[1:2] = [{value}, {name}[0]]"]
        forms += [f"{name} = [v * {self.number(0)} for v in {name}[1:]] + {name}[:1]", f"{name} = 2 * {name}"]
        forms += [f"{name}, {name}_ = {name}[1:] + [{value}], {name}"]
        if shape == ():
            forms += [f"{name} = sorted({name})", f"{name}.sort()"]
        return self.line(self.rng.choice(forms))

    def use(self, name: str, shape: Shape) -> bool:
        s = self.fresh("s")
        if shape == ():
            forms = [f"sum({name})", f"sum({name}[1:-1])", f"np.sum(np.array({name}) ** 2)", f"max({name}[:2])"]
            forms += [f"sum(a * b for a, b in zip({name}, {name}[1:]))", f"math.hypot(1.0, *{name}[:2])"]
            forms += [f"np.dot({name}[:2], {name}[-2:])", f"{name}[0] * {name}[-1] / len({name})"]
        else:
            forms = [f"np.sum(sum({name}))", f"np.sum(np.stack({name}) ** 2)", f"np.sum({name}[0] * {name}[-1])"]
            forms += [f"sum(np.sum(a * b) for a, b in zip({name}, {name}[1:]))", f"np.mean(np.concatenate({name}))"]
        self.line(f"{s} = {self.rng.choice(forms)}")
        self.places[s] = ()
        for place in (f"{name}[0]", f"{name}[-1]"):
            self.places[place] = shape
        return True

    # ---- collections ----

    def looped_over(self, write: object) -> None:
        """`write` in a counted loop that may have further statements."""
        assert callable(write)
        i, kept, places, n = self.fresh("i"), dict(self.ints), dict(self.places), self.rng.choice((1, 2, 3, 5))
        self.line(f"for {i} in range({n}):")
        self.ints[i] = (0, n - 1)
        self.level += 1
        if self.chance(0.4):
            self.without_jumps(self.statement)
        write(i)
        self.level -= 1
        self.ints, self.places = kept, places

    def queue(self) -> bool:
        name, s = self.fresh("d"), self.fresh("s")
        size = self.rng.choice((", maxlen=3", ", 2", ""))
        self.line(f"{name} = collections.deque([{self.item(())}, {self.item(())}]{size})")

        def push(i: str) -> None:
            word = self.rng.choice(("append", "append", "appendleft"))
            self.line(f"{name}.{word}({self.number(1)} + 0.5 * {name}[{self.rng.choice((0, -1))}])")
            if self.chance(0.4):
                self.line(f"if len({name}) > 2:")
                self.below(f"{self.rng.choice(self.own_numbers(s))} = {name}.{self.rng.choice(('pop', 'popleft'))}()")

        self.line(f"{s} = {self.number(0)}")
        self.looped_over(push)
        self.line(
            f"{s} += {self.rng.choice((f'sum({name})', f'{name}[0] * {name}[-1]', f'np.sum(np.array({name}) ** 2)'))}"
        )
        self.places[s] = ()
        return True

    def own_numbers(self, name: str) -> list[str]:
        return [name, *(n for n in self.of_shape(()) if n.isidentifier() and not n[0].isupper())]

    def table(self) -> bool:
        name, s = self.fresh("t"), self.fresh("s")
        kind = self.rng.choice(("float", "float", "list"))
        self.line(f"{name} = collections.defaultdict({kind})")

        def put(i: str) -> None:
            key = self.rng.choice((f"{i} % 2", f"{i}", "'k'", "1"))
            if kind == "list":
                self.line(f"{name}[{key}].append({self.number(1)})")
            else:
                self.line(f"{name}[{key}] {self.rng.choice(('+=', '+=', '*=', '='))} {self.number(1)}")

        self.looped_over(put)
        forms = [f"sum({name}.values())", f"{name}[1] + {name}[0]", f"len({name}) * {name}[1]"]
        value = f"sum(sum(v) for v in {name}.values())" if kind == "list" else self.rng.choice(forms)
        self.line(f"{s} = {value}")
        self.places[s] = ()
        return True
