"""Random statements about objects: classes with methods and properties, replaced dataclasses, context managers."""

from __future__ import annotations

from random import Random

from tests.fuzz.expressions import Shape
from tests.fuzz.lists import Lists
from tests.fuzz.statements import Option

# a number `a`, an array `v` and a count; {0} to {4} are numbers
MODELS = (
    """class Model:
    gain = {0}

    def __init__(self, a, v):
        self.a, self.v = a, v
        self.count = 0

    @property
    def scaled(self):
        return self.gain * self.v + self.a

    def step(self, t):
        self.a = {1} * self.a + np.sin(t)
        self.count += 1
        return self.a * {2}

    def energy(self):
        return np.sum(self.scaled * self.v) + self.count

    def write(self, t):
        self.v[0] = self.v[-1] * t + self.a
""",
    """class Base:
    def __init__(self, a, v):
        self.a = a
        self.v = v * {0}

    def energy(self):
        return self.a * np.sum(self.v)

    def inner(self, t):
        return {1} * t


class Model(Base):
    def __init__(self, a, v):
        super().__init__(a * {2}, v)
        self.kept = [a]

    @property
    def scaled(self):
        return np.tanh(self.v) * self.inner(self.kept[-1])

    def step(self, t):
        self.kept.append(self.inner(t))
        return self.kept[-1] * self.kept[0]

    def energy(self):
        return super().energy() + sum(self.kept)

    def write(self, t):
        self.v *= t
        self.a += self.v[0]

    def inner(self, t):
        return np.cos(t) - self.a
""",
    """class Model:
    def __init__(self, a, v):
        self.state = {{"a": a, "last": v[-1]}}
        self.v = v

    @property
    def a(self):
        return self.state["a"]

    @a.setter
    def a(self, value):
        self.state["a"] = value * {0}

    @property
    def scaled(self):
        return self.half(self.v) - self.state["last"]

    @staticmethod
    def half(t):
        return {1} * t

    def __call__(self, t):
        return self.a * self.half(t)

    def step(self, t):
        self.a += t
        return self(t)

    def energy(self):
        return np.sum(self.scaled**2)

    def write(self, t):
        self.state["last"] = self.state["last"] * t
        self.v[-1] += self.state["last"]
""",
)
MANAGERS = (
    """@contextlib.contextmanager
def {name}(v):
    before = v[0] * {0}
    yield before
    v[-1] += before
""",
    """@contextlib.contextmanager
def {name}(v):
    v *= {0}
    try:
        yield v[-1]
    finally:
        v += {1}
""",
)


def model(rng: Random) -> str:
    return rng.choice(MODELS).format(*(f"{rng.uniform(0.3, 1.2):.2f}" for _ in range(3)))


def manager(rng: Random, name: str) -> str:
    return rng.choice(MANAGERS).format(*(f"{rng.uniform(0.3, 1.2):.2f}" for _ in range(2)), name=name)


class Objects(Lists):
    """has_model: the module has a class `Model`. managers: context managers that write into an array."""

    has_model = False
    managers: tuple[str, ...] = ()

    def options(self) -> list[Option]:
        top, deep = self.level == 1, self.level > 3
        objects = [name for name, kind in self.kinds.items() if kind == "model"]
        return [
            *super().options(),
            (3 if top and self.has_model else 0, self.construct),
            (4 if objects else 0, self.method),
            (1 if objects else 0, self.method_of_array),
            (1 if top else 0, self.replaced),
            (2 if self.managers and not deep else 0, self.managed),
        ]

    def construct(self) -> bool:
        name, shape = self.fresh("o"), (self.rng.choice(self.sizes),)
        text = f"{name} = Model({self.item(())}, {self.item(shape)})"
        self.register(name, "model", [(), shape])
        return self.line(text)

    def method(self) -> bool:
        name, s = self.pick([n for n, kind in self.kinds.items() if kind == "model"]), self.fresh("s")
        form = self.rng.choice((f"{name}.step({self.number(1)})", f"{name}.energy()"))
        self.line(f"{s} = {form}")
        self.places[s] = ()
        return True

    def method_of_array(self) -> bool:
        name = self.pick([n for n, kind in self.kinds.items() if kind == "model" and f"{n}.v" in self.places])
        if name is None:
            return False
        if not self.pure and self.chance(0.5):
            return self.line(f"{name}.write({self.number(1)})")
        a = self.fresh("a")
        self.line(f"{a} = {name}.scaled")
        self.places[a] = self.places[f"{name}.v"]
        return True

    def replaced(self) -> bool:
        """A dataclass or named tuple with one field changed."""
        name = self.pick([n for n, kind in self.kinds.items() if kind in ("pair", "duo") and n.isidentifier()])
        if name is None:
            return False
        field, kind = ("first", "pair") if self.kinds[name] == "pair" else ("left", "duo")
        rest = "second" if kind == "pair" else "right"
        shape: Shape | None = self.places.get(f"{name}.{rest}")
        if shape is None:
            return False
        new, value = self.fresh("c"), self.number(1)
        word = f"dataclasses.replace({name}, " if kind == "pair" else f"{name}._replace("
        self.line(f"{new} = {word}{field}={value})")
        self.register(new, kind, [(), shape])
        return True

    def managed(self) -> bool:
        base = self.pick([n for n in self.of_rank(1) if not n[0].isupper()])
        if self.pure or base is None:
            return False
        name = self.fresh("s")
        self.line(f"with {self.rng.choice(self.managers)}({base}) as {name}:")
        kept = dict(self.places)
        self.places[name] = ()
        self.without_jumps(lambda: self.block(1, 2))
        self.places = kept
        return True
