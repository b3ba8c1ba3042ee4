"""Random statements about containers: tuples, lists, dicts, dataclasses and named tuples, also one in another."""

from __future__ import annotations

import re

from tests.fuzz.expressions import Shape
from tests.fuzz.memory import Memory
from tests.fuzz.statements import Option

CLASSES = """@dataclasses.dataclass
class Pair:
    first: float
    second: np.ndarray


class Duo(NamedTuple):
    left: float
    right: np.ndarray


"""
MUTABLE = ("list", "dict", "pair", "model")
KEYS = {"list": ("[0]", "[1]", "[2]"), "tuple": ("[0]", "[1]", "[2]"), "dict": ("['p']", "['q']", "['r']")}
FIELDS = {"pair": (".first", ".second"), "duo": (".left", ".right"), "model": (".a", ".v")}


class Containers(Memory):
    def body(self, count: int) -> list[str]:
        self.kinds: dict[str, str] = dict(getattr(self, "kinds", {}))  # container -> its kind
        return super().body(count)

    def options(self) -> list[Option]:
        top = self.level == 1
        deep = self.level > 3
        return [
            *super().options(),
            (3 if top else 0, self.container),
            (1 if top else 0, self.nested_container),
            (3, self.container_write),
            (1 if top else 0, self.starred),
            (1 if top and not deep else 0, self.grown_list),
            (0 if deep else 2, self.loop_over_items),
            (1, self.taken_apart),
        ]

    # ---- making ----

    def item(self, shape: Shape) -> str:
        """A value; often a variable itself, so that the container is another name for it."""
        known = self.pick([n for n in self.of_shape(shape) if n.isidentifier()])
        if known and self.chance(0.4):
            return known
        return self.number(1) if shape == () else self.array(shape, 1)

    def container(self) -> bool:
        kind = self.rng.choice(("list", "tuple", "dict", "pair", "duo"))
        if kind in FIELDS:
            shapes: list[Shape] = [(), self.shape()]
        else:
            shapes = [self.rng.choice(((), (), self.shape())) for _ in range(self.rng.randint(2, 3))]
        items = [self.item(shape) for shape in shapes]
        name = self.fresh("c")
        self.register(name, kind, shapes)
        return self.line(f"{name} = {spelt(kind, items)}")

    def register(self, name: str, kind: str, shapes: list[Shape]) -> None:
        self.kinds[name] = kind
        for key, shape in zip((KEYS | FIELDS)[kind], shapes, strict=False):
            self.places[f"{name}{key}"] = shape

    def nested_container(self) -> bool:
        """A list or dict that holds tuples, lists or pairs."""
        outer = self.rng.choice(("list", "dict", "tuple"))
        inner = [self.rng.choice(("list", "tuple", "pair")) for _ in range(2)]
        name, items = self.fresh("c"), []
        found: dict[str, Shape] = {}
        for key, kind in zip(KEYS[outer], inner, strict=False):
            shapes: list[Shape] = [(), self.shape()]
            items.append(spelt(kind, [self.item(shape) for shape in shapes]))
            self.kinds[f"{name}{key}"] = kind
            found |= {f"{name}{key}{k}": s for k, s in zip((KEYS | FIELDS)[kind], shapes, strict=False)}
        self.places |= found
        return self.line(f"{name} = {spelt(outer, items)}")

    def starred(self) -> bool:
        head, rest = self.fresh("s"), self.fresh("c")
        shapes: list[Shape] = [(), (), self.shape()]
        items = [self.item(shape) for shape in shapes]
        self.places[head] = ()
        self.register(rest, "list", shapes[1:])
        return self.line(f"{head}, *{rest} = {', '.join(items)}")

    def grown_list(self) -> bool:
        """A list that grows in a loop, and what is made of it."""
        name, i, n = self.fresh("items"), self.fresh("i"), self.rng.choice(self.sizes)
        shape: Shape = self.rng.choice(((), (), (self.rng.choice(self.sizes),)))
        first = self.item(shape)
        self.line(f"{name} = [{first}]")
        kept = dict(self.places), dict(self.ints)
        self.places[f"{name}[-1]"] = shape
        self.ints[i] = (0, n - 1)
        value = f"0.6 * {name}[-1] + {self.number(0)}" if self.chance(0.5) else self.item(shape)
        self.line(f"for {i} in range({n}):")
        self.looped(False, f"{name}.append({value})", False)
        self.places, self.ints = kept
        self.places[f"{name}[-1]"] = self.places[f"{name}[1]"] = shape
        if self.chance(0.6):
            made = self.fresh("a" if shape == () else "m")
            self.places[made] = (n + 1, *shape)
            return self.line(f"{made} = {self.rng.choice(('np.array', 'np.array', 'np.stack'))}({name})")
        if shape == ():
            made = self.fresh("s")
            self.places[made] = ()
            return self.line(f"{made} = sum({name}) + len({name})")
        return True

    # ---- using ----

    def container_write(self) -> bool:
        place = self.pick([p for p in self.places if self.kinds.get(holder(p)) in MUTABLE])
        if place is None:
            return False
        shape = self.places[place]
        value = self.number() if shape == () else self.array(shape)
        operator = self.operator() if shape == () or self.chance(0.3) else "="
        return self.line(f"{place} {operator} {value}")

    def taken_apart(self) -> bool:
        name = self.pick([c for c, kind in self.kinds.items() if kind in ("tuple", "list", "duo") and self.items_of(c)])
        if name is None:
            return False
        targets = []
        for shape in self.items_of(name):
            targets.append(self.fresh("s" if shape == () else "a"))
        for target, shape in zip(targets, self.items_of(name), strict=True):
            self.places[target] = shape
        return self.line(f"{', '.join(targets)}, = {name}" if len(targets) == 1 else f"{', '.join(targets)} = {name}")

    def items_of(self, name: str) -> list[Shape]:
        """The shapes of a container's items; [] where it is out of reach."""
        places = [f"{name}{key}" for key in (KEYS | FIELDS)[self.kinds[name]]]
        return [self.places[p] for p in places if p in self.places]

    def loop_over_items(self) -> bool:
        """``for e in (x, y)``: the items under a name of their own."""
        shape: Shape = self.rng.choice(((), self.shape()))
        fitting = [p for p in self.of_shape(shape) if not p[0].isupper()]
        if len(fitting) < 2:
            return False
        items = ", ".join(self.rng.choice(fitting) for _ in range(self.rng.randint(2, 3)))
        e, k = self.fresh("e"), self.fresh("k")
        kept = dict(self.places), dict(self.ints)
        weights = ", ".join(self.number(0) for _ in range(3))
        self.places[e] = shape
        form = self.rng.randrange(3)
        if form == 0:
            self.line(f"for {e} in ({items}):")
        elif form == 1:
            self.ints[k] = (0, 2)
            self.line(f"for {k}, {e} in enumerate([{items}]):")
        else:
            self.places[k] = ()
            self.line(f"for {e}, {k} in zip([{items}], [{weights}]):")
        self.looped()
        self.places, self.ints = kept
        return True


def spelt(kind: str, items: list[str]) -> str:
    """A container's display or construction."""
    inside = ", ".join(items)
    if kind == "dict":
        return "{" + ", ".join(f"{k}: {v}" for k, v in zip(("'p'", "'q'", "'r'"), items, strict=False)) + "}"
    return {"list": f"[{inside}]", "tuple": f"({inside},)", "pair": f"Pair({inside})", "duo": f"Duo({inside})"}[kind]


def holder(place: str) -> str:
    """The container that a place is an item of: ``c[0]`` of ``c[0].first``."""
    return re.sub(r"(\[[^\[\]]*\]|\.\w+)$", "", place) if not place.isidentifier() else ""
