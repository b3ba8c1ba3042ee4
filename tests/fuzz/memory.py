"""Random statements about memory: views of views, masks and integer arrays under names, methods that write."""

from __future__ import annotations

from tests.fuzz.expressions import Shape, Text
from tests.fuzz.statements import Option, Statements


class Memory(Statements):
    def options(self) -> list[Option]:
        deep = self.level > 3
        return [
            *super().options(),
            (2, self.view_of_view),
            (2, self.write_deep),
            (1, self.mask),
            (1, self.index_array),
            (2, self.method_write),
            (1, self.update_at),
            (1, self.extent),
            (0 if deep else 1, self.cells),
            (0 if deep else 1, self.chosen_items),
        ]

    # ---- views of views ----

    def deep_view(self, shape: Shape) -> Text:
        """A view of a view that has no name."""
        base = self.array_at_hand()
        if base is None:
            return None
        middle = self.rng.choice([self.places[base][:1], self.places[base], self.places[base][::-1], shape])
        through = self.pick(self.views(base, middle))
        if through is None:
            return None
        self.places[through] = middle
        found = self.pick(self.views(through, shape))
        del self.places[through]
        return found

    def view_of_view(self) -> bool:
        shape = self.shape() if self.chance(0.5) else (self.rng.randint(1, 3),)
        text = self.deep_view(shape)
        if text is None:
            return False
        name = self.fresh("v")
        self.places[name] = shape
        return self.line(f"{name} = {text}")

    def write_deep(self) -> bool:
        shape = self.shape() if self.chance(0.5) else (self.rng.randint(1, 3),)
        text = self.deep_view(shape)
        if self.pure or text is None or text.endswith((")", ".T")):
            return False
        if self.chance(0.3):
            return self.line(f"{text}[{self.index(shape[0])}] {self.operator()} {self.number(1)}")
        return self.line(f"{text} {self.operator()} {self.smaller(shape, 1)}")

    # ---- masks and integer arrays ----

    def mask(self) -> bool:
        array = self.array_at_hand()
        if array is None:
            return False
        name = self.fresh("mask")
        test = f"{array} {self.rng.choice('<>')} {self.rng.uniform(-0.5, 1):.3f}"
        if self.chance(0.3):
            test = f"({test}) {self.rng.choice('&|')} ({array} > -0.713)"
        self.masks[name] = self.places[array]
        return self.line(f"{name} = {test}")

    def index_array(self) -> bool:
        array = self.pick(self.of_rank(1))
        if array is None:
            return False
        n, name = self.places[array][0], self.fresh("idx")
        self.indices[name] = (n, n - 1)
        return self.line(f"{name} = {self.rng.choice((f'np.argsort({array})', f'np.arange({n})[::-1]'))}")

    def chosen_items(self) -> bool:
        """``for j in idx``: integers out of an array."""
        known = self.pick(list(self.indices))
        if known is None:
            return False
        name = self.fresh("j")
        self.line(f"for {name} in {known}:")
        return self.counted(name, (0, self.indices[known][1]))

    def selected(self, shape: Shape) -> Text:
        """Fancy indices of both axes, and of the last one alone."""
        base = self.pick(self.of_rank(2))
        if base is None or self.chance(0.6):
            return super().selected(shape)
        m, n = self.places[base]
        if len(shape) == 1:
            rows, columns = ([self.rng.randrange(k) for _ in range(shape[0])] for k in (m, n))
            return f"{base}[{rows}, {columns}]"
        if m != shape[0]:
            return None
        columns = [self.rng.randrange(n) for _ in range(shape[1])]
        return self.rng.choice((f"{base}[:, {columns}]", f"np.take({base}, {columns}, axis=1)"))

    # ---- writes by functions ----

    def method_write(self) -> bool:
        name = self.array_at_hand()
        if name is None:
            return False
        shape = self.places[name]
        one, two = self.array(shape, 1), self.smaller(shape, 0)
        forms = [f"np.copyto({name}, {two})", f"{name}.fill({self.number(1)})"]
        forms += [f"np.add({one}, {two}, out={name})", f"np.multiply({one}, {two}, out={name})"]
        forms += [f"np.sin({one}, out={name})", f"{name}[...] = {one}", f"{name}.sort()"]
        return self.line(self.rng.choice(forms))

    def update_at(self) -> bool:
        name = self.pick([n for n in self.of_rank(2) if not n[0].isupper()])
        if name is None:
            return False
        m, n = self.places[name]
        count = self.rng.choice(self.sizes)
        rows, columns = ([self.rng.randrange(k) for _ in range(count)] for k in (m, n))
        word = self.rng.choice(("add", "add", "subtract"))
        if self.chance(0.5):
            return self.line(f"np.{word}.at({name}, ({rows}, {columns}), {self.array((count,), 1)})")
        return self.line(f"np.{word}.at({name}, {rows}, {self.array((count, n), 1)})")

    # ---- extents and cells ----

    def extent(self) -> bool:
        array = self.pick(self.of_rank(1) + self.of_rank(2))
        if array is None:
            return False
        shape, name = self.places[array], self.fresh("n")
        axis = self.rng.randrange(len(shape))
        self.ints[name] = (shape[axis], shape[axis])
        text = f"len({array})" if axis == 0 and self.chance(0.5) else f"{array}.shape[{axis}]"
        return self.line(f"{name} = {text}")

    def cells(self) -> bool:
        """All elements of a matrix, by ndindex or two loops in one."""
        array = self.pick(self.of_rank(2))
        if array is None:
            return False
        i, j = self.fresh("i"), self.fresh("j")
        kept = dict(self.ints)
        m, n = self.places[array]
        self.line(f"for {i}, {j} in np.ndindex({self.rng.choice((f'{array}.shape', f'({m}, {n})'))}):")
        self.ints |= {i: (0, m - 1), j: (0, n - 1)}
        self.looped()
        self.ints = kept
        return True
