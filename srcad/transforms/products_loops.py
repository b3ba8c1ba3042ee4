"""What a nest of loops does, statement by statement: which elements are read and written, in which iterations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from srcad import ir, types
from srcad.dims import Dim, symbol
from srcad.program import Program
from srcad.transforms import activity
from srcad.transforms.loops_memory import SHAPE, Memory
from srcad.transforms.loops_text import PLUS
from srcad.types import Abstract, Num

_PURE = ("math.", "numpy.", "builtins.", PLUS)
_IMPURE = ("numpy.random.", "builtins.print", "builtins.next", "builtins.input")
_MOST = 60  # statements of a nest


class Stay(Exception):
    """A nest, or a statement, that is left as it is."""


@dataclass(frozen=True, eq=False)
class Loop:
    """``low <= counter < high``, upwards (step 1) or downwards (-1)."""

    counter: str
    low: Dim
    high: Dim
    step: int


@dataclass(frozen=True)
class Where:
    """A place in the program: the loops around it, and its number among the statements."""

    path: tuple[Loop, ...]
    at: float


@dataclass(frozen=True)
class Access:
    """An element that is read, written, or added to ("add"). An index that is not linear is None."""

    array: str
    items: tuple[Dim | None, ...]
    where: Where
    kind: str


@dataclass(frozen=True)
class Value:
    """What a scalar is at a place: an expression, where it was computed, and what scalars were then."""

    expr: ir.Expr
    where: Where
    scalars: Mapping[str, Value]


@dataclass(frozen=True)
class Leaf:
    """A statement. names: scalars that the nest sets and that it mentions. scalars: what they are, where known."""

    stmt: ir.Stmt
    where: Where
    accesses: tuple[Access, ...]
    names: frozenset[str]
    scalars: Mapping[str, Value]
    note: str


@dataclass(frozen=True)
class Sum:
    """``t = 0.0``, a loop with ``t += term``, and the only other statement that mentions t."""

    name: str
    first: ir.Stmt
    step: ir.Stmt
    last: ir.Stmt


# ---- sums in scalars ----


def sums(program: Program) -> list[Sum]:
    """Those of scalars that are mentioned in such statements only."""
    found = [*_sums(program.body)]
    ours = Counter[str]()
    for one in found:
        ours[one.name] += mentions((one.first, one.step, one.last))[one.name]
    every = mentions((*program.body, *program.results))
    return [one for one in found if ours[one.name] == every[one.name]]


def mentions(nodes: Any) -> Counter[str]:
    """How often each variable is mentioned."""
    return Counter(n.id for n in ir.walk(tuple(nodes)) if isinstance(n, ir.Name))


def _sums(stmts: Sequence[ir.Stmt]) -> Iterator[Sum]:
    flat = [*flattened(stmts)]
    for k, stmt in enumerate(flat):
        found = _sum(stmt, flat[k + 1 :])
        if found is not None:
            yield found
        for part in (getattr(stmt, "body", ()), getattr(stmt, "orelse", ())):
            yield from _sums(part)


def _sum(first: ir.Stmt, rest: Sequence[ir.Stmt]) -> Sum | None:
    if not isinstance(first, ir.Assign) or not isinstance(first.target, ir.Name) or first.value != ir.ZERO:
        return None
    name = first.target.id
    using = [s for s in rest if name in ir.names(s)][:2]
    if (
        len(using) < 2
        or not isinstance(using[0], ir.For)
        or not isinstance(using[1], (ir.Store, ir.Augment, ir.Assign))
    ):
        return None
    steps = [s for s in flattened(using[0].body) if name in ir.names(s)]
    if len(steps) != 1 or name in ir.names(using[0].iter):
        return None
    found = added(steps[0])
    once = found is not None and found[0] == name and name not in ir.names(found[1])
    return Sum(name, first, steps[0], using[1]) if once and name not in ir.names(using[1].target) else None


def added(stmt: ir.Stmt) -> tuple[str, ir.Expr] | None:
    """(t, term) of ``t += term``."""
    if not isinstance(stmt, (ir.Assign, ir.Augment)) or not isinstance(stmt.target, ir.Name):
        return None
    name, value = stmt.target.id, stmt.value
    if isinstance(stmt, ir.Augment):
        return (name, value) if stmt.op == "+" else None
    if isinstance(value, ir.Call) and value.fn == ir.Ref(PLUS) and value.args[0] == stmt.target:
        return name, value.args[1]
    if isinstance(value, ir.Binary) and value.op in ("+", "-") and value.left == stmt.target:
        return name, value.right if value.op == "+" else ir.Unary("-", value.right)
    return None


def augmented(stmt: ir.Stmt) -> ir.Stmt:
    """``x[i] = x[i] + e`` as ``x[i] += e``."""
    if isinstance(stmt, ir.Store) and isinstance(stmt.value, ir.Binary) and stmt.value.op in ("+", "-"):
        if stmt.value.left == stmt.target:
            return ir.Augment(stmt.target, stmt.value.op, stmt.value.right, loc=stmt.loc)
    return stmt


def flattened(stmts: Sequence[ir.Stmt]) -> Iterator[ir.Stmt]:
    """The statements, those of blocks one by one."""
    for stmt in stmts:
        if isinstance(stmt, ir.Block):
            yield from flattened(stmt.body)
        else:
            yield stmt


# ---- reading a nest ----


@dataclass
class Nest:
    """The statements of a loop and of those inside it, in their order.

    known: types that hold without assumptions. same: gives one form to extents that are equal. bound: variables that
    the nest sets.
    """

    program: Program
    known: Mapping[str, Abstract]
    memory: Memory
    same: Callable[[Dim], Dim]
    root: ir.For
    leaves: list[Leaf] = field(default_factory=list)
    bound: frozenset[str] = frozenset()

    def __post_init__(self) -> None:
        """Raises Stay for what is not known to be loops over numbers."""
        self.bound = frozenset(_bound(self.root))
        self.scalars: dict[str, Value] = {}
        self.read(self.root, (), "")

    def read(self, stmt: ir.Stmt, path: tuple[Loop, ...], note: str) -> None:
        if isinstance(stmt, ir.Block):
            for inner in stmt.body:
                self.read(inner, path, stmt.note or note)
        elif isinstance(stmt, ir.For):
            self.forget(_bound(stmt))
            loop = self.loop(stmt, path)
            for inner in stmt.body:
                self.read(inner, (*path, loop), note)
            self.forget(_bound(stmt))
        else:
            self.leaf(stmt, Where(path, len(self.leaves)), note)

    def forget(self, names: set[str]) -> None:
        self.scalars = {name: value for name, value in self.scalars.items() if name not in names}

    def loop(self, stmt: ir.For, path: tuple[Loop, ...]) -> Loop:
        args = stmt.iter.args if isinstance(stmt.iter, ir.Call) and stmt.iter.fn == ir.Ref("builtins.range") else ()
        if len(args) != 3 or not isinstance(stmt.target, ir.Name) or stmt.pragma:
            raise Stay
        if stmt.stop is not None or stmt.every is not None or stmt.orelse:
            raise Stay
        start, stop = (self.linear(a, path) for a in args[:2])
        step = types.number(args[2])
        if start is None or stop is None or step not in (Dim(1), Dim(-1)):
            raise Stay
        if step == Dim(1):
            return Loop(stmt.target.id, start, stop, 1)
        return Loop(stmt.target.id, stop + 1, start + 1, -1)

    def linear(self, expr: ir.Expr, path: tuple[Loop, ...]) -> Dim | None:
        """An integer in linear form over the counters and what does not change in the nest."""
        dim = types.number(expr)
        if dim is None or {n for text in dim.symbols for n in _names(text)} & self.bound - {p.counter for p in path}:
            return None
        counters = {p.counter for p in path}
        total = Dim(dim.const)
        for text, coef in dim.terms:
            total += (symbol(text) if text in counters else self.resolved(text)) * coef
        return total

    def resolved(self, text: str) -> Dim:
        """A symbol by the extents that it is known to be."""
        known = types.number(_symbol_expr(text), self.known)
        return symbol(text) if known is None or self.program.unstable else known

    def again(self, leaf: Leaf, stmt: ir.Stmt) -> Leaf:
        """A statement in the place of another one."""
        accesses, names = self.effects(stmt, leaf.where)
        return replace(leaf, stmt=stmt, accesses=accesses, names=names)

    def leaf(self, stmt: ir.Stmt, where: Where, note: str) -> None:
        if len(self.leaves) > _MOST:
            raise Stay
        self.leaves.append(Leaf(stmt, where, *self.effects(stmt, where), self.scalars, note))
        if isinstance(stmt, (ir.Assign, ir.Augment)) and isinstance(stmt.target, ir.Name):
            self.forget({stmt.target.id})
            if isinstance(stmt, ir.Assign) and stmt.target.id not in ir.names(stmt.value):
                self.scalars = self.scalars | {stmt.target.id: Value(stmt.value, where, self.scalars)}

    def effects(self, stmt: ir.Stmt, where: Where) -> tuple[tuple[Access, ...], frozenset[str]]:
        """What a statement accesses, and the scalars of the nest that it mentions. Raises Stay for other statements."""
        stmt = augmented(stmt)
        if not isinstance(stmt, (ir.Assign, ir.Augment, ir.Store)):
            raise Stay
        later = Where(where.path, where.at + 0.25)  # what is computed is put to its place
        accesses = [*self.accesses(stmt.value, where)]
        if isinstance(stmt.target, ir.Index):
            kind = "write" if isinstance(stmt, ir.Store) else "add" if self.is_sum(stmt) else "change"
            accesses += [self.access(stmt.target, later, kind)]
            accesses += [a for item in stmt.target.items for a in self.accesses(item, where)]
        elif not isinstance(stmt.target, ir.Name) or not self.is_number(stmt.target):
            raise Stay
        names = frozenset(ir.names(stmt)) & self.bound - {p.counter for p in where.path}
        names -= {n for n in names if self.memory.is_surely_array(n)}
        return tuple(accesses), names

    def is_sum(self, stmt: ir.Assign | ir.Augment) -> bool:
        """Whether a statement adds to an element, and the order of such additions is free: of floating numbers."""
        if not isinstance(stmt, ir.Augment):
            return False
        kind = self.program.types.get(activity.root(stmt.target))
        return stmt.op in ("+", "-") and isinstance(kind, Num) and (kind.dtype or "").startswith(("float", "complex"))

    def is_number(self, name: ir.Name) -> bool:
        kind = self.program.types.get(name.id)
        return isinstance(kind, Num) and kind.dims == ()

    def accesses(self, node: Any, where: Where) -> Iterator[Access]:
        """The elements that an expression reads. Raises Stay for arrays that are used in another way."""
        if isinstance(node, ir.Index) and isinstance(node.base, ir.Name):
            yield self.access(node, where, "read")
            for item in node.items:
                yield from self.accesses(item, where)
            return
        if isinstance(node, ir.Attr) and node.name in SHAPE and isinstance(node.base, ir.Name):
            return
        if isinstance(node, ir.Name) and self.memory.is_array(node.id) or isinstance(node, ir.Slice):
            raise Stay
        if isinstance(node, ir.Call):
            path = node.fn.path if isinstance(node.fn, ir.Ref) else ""
            if not path.startswith(_PURE) or path.startswith(_IMPURE):
                raise Stay
        for child in ir.children(node):
            yield from self.accesses(child, where)

    def access(self, place: ir.Index, where: Where, kind: str) -> Access:
        array = place.base.id if isinstance(place.base, ir.Name) else ""
        known = self.program.types.get(array)
        if not isinstance(known, Num) or not known.dims or len(known.dims) != len(place.items) or array in self.bound:
            raise Stay
        if any(isinstance(item, (ir.Slice, ir.Tuple)) or item in (ir.NONE, ir.ELLIPSIS) for item in place.items):
            raise Stay
        return Access(array, tuple(self.linear(item, where.path) for item in place.items), where, kind)


def _bound(stmt: ir.Stmt) -> set[str]:
    """Variables that a statement, or one inside it, sets."""
    found: set[str] = set()
    for node in ir.walk(stmt):
        if isinstance(node, (ir.Assign, ir.For)):
            found |= ir.names(node.target)
        elif isinstance(node, (ir.Augment, ir.Pop)) and isinstance(node.target, ir.Name):
            found.add(node.target.id)
        if isinstance(node, (ir.Push, ir.Pop)):
            found.add(node.stack)
    return found


def _symbol_expr(text: str) -> ir.Expr:
    from srcad.dims import dim_expr

    return dim_expr(symbol(text))


def _names(text: str) -> set[str]:
    """The variables of a symbol: x of ``x.shape[0]``."""
    return ir.names(_symbol_expr(text))
