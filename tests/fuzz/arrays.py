"""Random expressions whose values are arrays."""

from __future__ import annotations

from tests.fuzz.expressions import ON_BOTH, PAIRS, Expressions, Production, Shape, Text


class Arrays(Expressions):
    """Adds `array` and `view` to the expressions for numbers."""

    def array(self, shape: Shape, depth: int = 2) -> str:
        leaves: list[Production] = [
            (6, lambda: self.pick(self.of_shape(shape))),
            (3, lambda: self.view(shape)),
            (1, lambda: self.made(shape)),
        ]
        if depth <= 0:
            return self.choose(*leaves)
        return self.choose(
            *leaves,
            (4, lambda: self.rng.choice(ON_BOTH).format(self.array(shape, depth - 1))),
            (7, lambda: self.rng.choice(PAIRS).format(*self.broadcast(shape, depth - 1))),
            (2, lambda: self.where(shape, depth - 1)),
            (3, lambda: self.rearranged(shape, depth - 1)),
            (2, lambda: self.selected(shape)),
            (2, lambda: self.reduced(shape, depth - 1)),
            (2, lambda: self.product(shape)),
            (1, lambda: self.listed(shape, depth - 1)),
            (1, lambda: self.call(shape, depth - 1)),
        )

    def broadcast(self, shape: Shape, depth: int) -> list[str]:
        """Two operands that broadcast to `shape`, one of them often smaller."""
        both = [self.array(shape, depth), self.smaller(shape, depth)]
        if len(shape) == 2 and self.chance(0.15):
            both = [f"{self.array(shape[:1], 0)}[:, None]", self.array(shape[1:], 0)]
        self.rng.shuffle(both)
        return both

    def smaller(self, shape: Shape, depth: int) -> str:
        two = len(shape) == 2
        return self.choose(
            (3, lambda: self.array(shape, depth)),
            (3, lambda: self.number(depth)),
            (2, lambda: self.array(shape[1:], 0) if two else None),
            (1, lambda: f"{self.array(shape[:1], 0)}[:, None]" if two else None),
            (1, lambda: f"np.sum({self.array(shape, 0)}, axis={self.rng.randrange(len(shape))}, keepdims=True)"),
            (1, lambda: f"np.mean({self.array(shape, 0)}, axis=-1, keepdims=True)"),
        )

    def where(self, shape: Shape, depth: int) -> str:
        mask = f"{self.array(shape, 0)} {self.rng.choice('<>')} {self.rng.uniform(-0.5, 1):.3f}"
        other = self.smaller(shape, depth)
        return f"np.where({mask}, {self.array(shape, depth)}, {other})"

    def made(self, shape: Shape) -> str:
        text = str(shape[0]) if len(shape) == 1 else str(shape)
        like = self.pick(self.of_shape(shape))
        options = [f"np.zeros({text})", f"np.ones({text})", f"np.full({text}, {self.number(0)})"]
        options += [f"np.zeros_like({like})", f"{like}.copy()", f"np.ones_like({like})"] if like else []
        options += [f"np.arange({shape[0]}.0)", f"np.linspace(0.0, 1.0, {shape[0]})"] if len(shape) == 1 else []
        return self.rng.choice(options)

    def rearranged(self, shape: Shape, depth: int) -> Text:
        a = self.array(shape, depth)
        if len(shape) == 1:
            n = shape[0]
            cut = self.rng.randrange(1, max(n, 2))
            forms = [f"np.roll({a}, {self.rng.randint(-2, 2)})", f"np.cumsum({a})", f"np.sort({a})", f"np.flip({a})"]
            forms += [f"np.concatenate([{a}[:{cut}], {self.array((n - cut,), 0)}])" if n > cut + 1 else f"{a}.copy()"]
            forms += [f"np.repeat({self.number(0)}, {n})", f"np.append({a}[1:], {self.number(0)})"]
            forms += [f"np.array(({a}).tolist())"]
            return self.rng.choice(forms)
        m, n = shape
        forms = [f"np.cumsum({a}, axis={self.rng.randrange(2)})", f"np.roll({a}, 1, axis=1)", f"{a}.copy()"]
        forms += [f"{self.array((n, m), 0)}.T", f"np.tile({self.array((n,), 0)}, ({m}, 1))", f"np.triu({a})"]
        forms += [f"np.stack([{', '.join(self.array((n,), 0) for _ in range(m))}])", f"np.flip({a}, axis=0)"]
        forms += [f"np.array(({a}).tolist())"]
        return self.rng.choice(forms)

    def selected(self, shape: Shape) -> Text:
        """Fancy indices, some repeated."""
        n = shape[0]
        if len(shape) == 1:
            known = self.pick([i for i, (length, _) in self.indices.items() if length == n])
            base = self.pick(
                [a for a in self.of_rank(1) if known is None or self.indices[known][1] < self.places[a][0]]
            )
            if base is None:
                return None
            size = self.places[base][0]
            return f"{base}[{known or [self.rng.randrange(size) for _ in range(n)]}]"
        base = self.pick([b for b in self.of_rank(2) if self.places[b][1] == shape[1]])
        if base is None:
            return None
        return f"{base}[{[self.rng.randrange(self.places[base][0]) for _ in range(n)]}]"

    def reduced(self, shape: Shape, depth: int) -> Text:
        if len(shape) != 1:
            return None
        axis = self.rng.randrange(2)
        other = self.rng.choice(self.sizes)
        a = self.array((other, *shape) if axis == 0 else (*shape, other), depth)
        name = self.rng.choice(("sum", "sum", "mean", "max", "prod"))
        return f"np.{name}({a if name != 'prod' else f'np.tanh({a})'}, axis={axis if self.chance(0.7) else axis - 2})"

    def product(self, shape: Shape) -> str:
        k = self.rng.choice(self.sizes)
        if len(shape) == 1:
            n = shape[0]
            return self.rng.choice(
                (
                    f"(0.5 * ({self.array((n, k), 0)} @ {self.array((k,), 0)}))",
                    f"np.dot({self.array((k,), 0)}, {self.array((k, n), 0)})",
                )
            )
        m, n = shape
        return self.rng.choice(
            (
                f"np.outer({self.array((m,), 0)}, {self.array((n,), 0)})",
                f"(0.3 * ({self.array((m, k), 0)} @ {self.array((k, n), 0)}))",
            )
        )

    def listed(self, shape: Shape, depth: int) -> str:
        n = shape[0]
        if len(shape) == 1:
            items = [self.number(depth) for _ in range(n)]
            other = self.pick(self.of_shape(shape))
            if other and self.chance(0.5):
                return f"np.array([{self.rng.choice(ON_BOTH).format('v')} * {self.number(0)} for v in {other}])"
            return f"np.array([{', '.join(items)}])"
        return f"np.array([{', '.join(self.array(shape[1:], 0) for _ in range(n))}])"

    # ---- views ----

    def view(self, shape: Shape) -> Text:
        """A view of that shape of some variable."""
        options = [v for name in self.of_rank(1) + self.of_rank(2) for v in self.views(name, shape)]
        return self.pick(options)

    def views(self, name: str, shape: Shape) -> list[str]:
        own = self.places[name]
        if len(own) == 1 and len(shape) == 1:
            return [f"{name}[{cut}]" for cut in self.cuts(own[0], shape[0])]
        if len(own) == 1:
            return [f"{name}.reshape({shape[0]}, {shape[1]})"] if own[0] == shape[0] * shape[1] else []
        m, n = own
        if len(shape) == 1:
            found = [f"{name}[{self.index(m)}]"] if n == shape[0] else []
            found += [f"{name}[:, {self.index(n)}]"] if m == shape[0] else []
            found += [f"{name}[{self.index(m)}, {cut}]" for cut in self.cuts(n, shape[0])[:1]]
            found += [f"{name}.ravel()", f"{name}.reshape(-1)"] if m * n == shape[0] else []
            return found
        found = [f"{name}.T"] if (n, m) == shape else []
        found += [f"{name}[{r}, {c}]" for r in self.cuts(m, shape[0])[:1] for c in self.cuts(n, shape[1])[:1]]
        return found

    def cuts(self, size: int, length: int) -> list[str]:
        """Slices of an axis of `size` that have `length` entries."""
        if length > size:
            return []
        start = self.rng.randint(0, size - length)
        found = [f"{start}:{start + length}", f":{length}" if start == 0 else f"{start - size}:{start + length}"]
        found += [":", "::-1", ":"] if length == size else [f"{size - length}:"]
        found += [f"{start}:{start + 2 * length - 1}:2"] if start + 2 * length - 1 <= size else []
        for name, (low, high) in self.ints.items():
            if low >= 0 and high + length <= size and length < size:
                found.append(f"{name}:{name} + {length}")
        self.rng.shuffle(found)
        return found
