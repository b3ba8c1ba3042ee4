"""What statements and nests touch, and when two nests may become one.

They may where every array that one of them writes is accessed by both at the same element, and by no two iterations at
the same one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from typing import Any

from srcad import ir, routines
from srcad.program import REVERSE
from srcad.transforms import activity, alias
from srcad.transforms.loops_nests import Cell, Item, Nest, Plain, Stmts, joined
from srcad.types import Abstract, Num, Seq

SHAPE = frozenset({"shape", "size", "ndim", "dtype", "itemsize"})


@dataclass(frozen=True)
class Effects:
    """binds, uses: variables set and mentioned. writes, reads: memory written and read. adds: memory that is added to
    and not otherwise touched, where the order of sums is free. exits: may leave the block."""

    binds: frozenset[str] = frozenset()
    uses: frozenset[str] = frozenset()
    writes: frozenset[str] = frozenset()
    reads: frozenset[str] = frozenset()
    exits: bool = False
    adds: frozenset[str] = frozenset()

    def __or__(self, other: Effects) -> Effects:
        return Effects(
            self.binds | other.binds,
            self.uses | other.uses,
            self.writes | other.writes,
            self.reads | other.reads,
            self.exits or other.exits,
            self.adds | other.adds,
        )

    @property
    def touched(self) -> frozenset[str]:
        return self.reads | self.writes | self.adds

    def commutes(self, other: Effects) -> bool:
        """Whether the order of the two makes no difference."""
        return not (
            self.exits
            or other.exits
            or self.binds & (other.uses | other.binds)
            or other.binds & self.uses
            or self.writes & other.touched
            or other.writes & self.touched
            or self.adds & other.reads
            or other.adds & self.reads
        )


@dataclass(frozen=True)
class Facts:
    """What one cell touches, and the elements that it accesses: (place, whether it is written)."""

    cell: Cell
    effects: Effects
    accesses: tuple[tuple[ir.Expr, bool], ...]


@dataclass(frozen=True)
class Group:
    """What the cells of a nest, or some statements, touch together. places: the elements accessed, (place, whether it
    is written), by groups of memory. It is kept with what it was found for: nests grow one by one."""

    of: tuple[Any, ...]
    effects: Effects
    places: Mapping[str, frozenset[tuple[ir.Expr, bool]]] = field(default_factory=dict)


@dataclass(frozen=True)
class Memory:
    """Which variables are arrays, and which of them may share memory (those of one group).

    loose: variables that hold adjoints, whose sums may be taken in any order. fixed: variables that hold one array
    after the other, all of one shape: to ask for it is not to use the array. differ: whether two indices are proven to
    be different, at the place at hand.
    """

    known: Mapping[str, Abstract]
    axes: tuple[str, ...]
    loose: frozenset[str] = frozenset()
    fixed: frozenset[str] = frozenset()
    differ: Callable[[ir.Expr, ir.Expr], bool] = lambda one, other: False
    leader: dict[str, str] = field(default_factory=dict)
    memo: dict[int, tuple[ir.Stmt, Effects]] = field(default_factory=dict)
    cells: dict[int, Facts] = field(default_factory=dict)
    groups: dict[int, Group] = field(default_factory=dict)

    def group(self, name: str) -> str:
        while name in self.leader:
            name = self.leader[name]
        return name

    def unite(self, a: str, b: str) -> None:
        a, b = self.group(a), self.group(b)
        if a != b:
            self.leader[max(a, b)] = min(a, b)
            self.memo.clear()
            self.cells.clear()
            self.groups.clear()

    def is_alone(self, name: str) -> bool:
        """Whether no other variable ever shares memory with this one."""
        group = self.group(name)
        return group == name and group not in self.leader.values()

    def is_array(self, name: str) -> bool:
        t = self.known.get(name)
        return not isinstance(t, Num) or t.dims != ()

    def is_surely_array(self, name: str) -> bool:
        t = self.known.get(name)
        return isinstance(t, Num) and bool(t.dims)

    # -- what statements and nests touch --

    def of(self, item: Item) -> Effects:
        if isinstance(item, Plain):
            return self.of_statement(item.stmt)
        return _inside(self.of_all(item.before) | self.of_all(item.after) | self.of_cells(item))

    def used(self, node: Any) -> frozenset[str]:
        """The variables that a node or a tuple of nodes mentions."""
        names = frozenset(ir.names(node))
        return names if not names & self.fixed else frozenset(self._mentioned(node))

    def _mentioned(self, node: Any) -> Iterator[str]:
        if isinstance(node, ir.Attr) and node.name == "shape" and isinstance(node.base, ir.Name):
            if node.base.id in self.fixed:
                return
        if isinstance(node, ir.Name):
            yield node.id
        elif isinstance(node, (ir.Push, ir.Pop)):
            yield node.stack
        for child in ir.children(node):
            yield from self._mentioned(child)

    def of_all(self, stmts: Stmts) -> Effects:
        return self._kept(stmts, self._of_stmts).effects

    def of_cells(self, nest: Nest) -> Effects:
        effects = self._kept(nest.cells, self._of_cells).effects
        return replace(effects, uses=effects.uses | self.used(nest.stops))

    def _kept(self, parts: tuple[Any, ...], find: Callable[[tuple[Any, ...]], Group]) -> Group:
        known = self.groups.get(id(parts))
        if known is None or known.of is not parts:
            known = self.groups[id(parts)] = find(parts)
        return known

    def _of_stmts(self, stmts: Stmts) -> Group:
        return Group(stmts, union([self.of_statement(stmt) for stmt in stmts]))

    def _of_cells(self, cells: tuple[Cell, ...]) -> Group:
        places: dict[str, set[tuple[ir.Expr, bool]]] = {}
        for cell in cells:
            for access, writes in self.facts(cell).accesses:
                places.setdefault(self.group(activity.root(access)), set()).add((access, writes))
        frozen = {group: frozenset(accesses) for group, accesses in places.items()}
        return Group(cells, union([self.of_cell(cell) for cell in cells]), frozen)

    def joined(self, a: Nest, b: Nest) -> Nest:
        """One nest of two; what it touches is known from them."""
        both = joined(a, b)
        parts = ((both.cells, a.cells, b.cells, self._of_cells), (both.before, a.before, b.before, self._of_stmts),
                 (both.after, a.after, b.after, self._of_stmts))  # fmt: skip
        for whole, first, second, find in parts:
            one, two = self._kept(first, find), self._kept(second, find)
            places = {**one.places, **{g: two.places[g] | one.places.get(g, frozenset()) for g in two.places}}
            self.groups[id(whole)] = Group(whole, one.effects | two.effects, places)
        return both

    def of_cell(self, cell: Cell) -> Effects:
        return self.facts(cell).effects

    def facts(self, cell: Cell) -> Facts:
        """What is asked of a cell again and again while nests grow."""
        known = self.cells.get(id(cell))
        if known is None or known.cell is not cell:
            effects, accesses = self._effects(cell), tuple(self._accesses(cell))
            known = self.cells[id(cell)] = Facts(cell, effects, accesses)
        return known

    def _effects(self, cell: Cell) -> Effects:
        uses = self.used((cell.target, cell.value, cell.first))
        reads = frozenset(self._content(cell.value)) | frozenset(self._content(cell.first))
        if isinstance(cell.target, ir.Name):
            return Effects(binds=frozenset({cell.target.id}), uses=uses, reads=reads)
        name = activity.root(cell.target)
        reads |= self._content_of(cell.target.items)
        own = frozenset({self.group(name)})
        if cell.op in ("+", "-") and not own & reads and name in self.loose and self.is_alone(name):
            return Effects(uses=uses, reads=reads, adds=own)
        return Effects(uses=uses, writes=own, reads=reads)

    def of_statement(self, stmt: ir.Stmt) -> Effects:
        known = self.memo.get(id(stmt))
        if known is None or known[0] is not stmt:
            known = self.memo[id(stmt)] = stmt, self._of_statement(stmt)
        return known[1]

    def _of_statement(self, stmt: ir.Stmt) -> Effects:
        if isinstance(stmt, (ir.For, ir.While, ir.With, ir.Block)):
            head = replace(stmt, body=())
            return self._of_simple(head) | self.of_all(stmt.body)
        if isinstance(stmt, ir.If):
            return self._of_simple(replace(stmt, body=(), orelse=())) | self.of_all(stmt.body + stmt.orelse)
        return self._of_simple(stmt)

    def _of_simple(self, node: ir.Stmt) -> Effects:
        binds: set[str] = set()
        writes: set[str] = set()
        exits = isinstance(node, (ir.Raise, ir.Assert, ir.Return, ir.With, ir.While, ir.Do))
        if isinstance(node, (ir.Assign, ir.For)):
            binds |= ir.names(node.target)
            exits = isinstance(node, ir.For) and node.stop is not None
        elif isinstance(node, (ir.Augment, ir.Store)):
            name = activity.root(node.target)
            if not isinstance(node.target, ir.Name) or self.is_array(name):
                writes.add(name)
            if isinstance(node.target, ir.Name) and not self.is_surely_array(name):
                binds.add(name)
        elif isinstance(node, (ir.Push, ir.Pop)):
            binds.add(node.stack)
            if isinstance(node, ir.Pop) and node.target is not None:
                (binds if isinstance(node.target, ir.Name) else writes).add(activity.root(node.target))
        if routines.called(node) is not None:
            writes |= {root for a in node.value.args if self.is_array(root := activity.root(a))}  # type: ignore[union-attr]
            exits = True
        elif isinstance(node, ir.Do) and isinstance(node.value, ir.Call) and node.value.args:
            writes.add(activity.root(node.value.args[0]))
            exits = not _is_accumulation(node.value)
        memory = frozenset(self.group(n) for n in writes | {n for n in binds if isinstance(self.known.get(n), Seq)})
        return Effects(frozenset(binds), self.used(node) | binds, memory, frozenset(self._content(node)), exits)

    def _content(self, node: Any) -> Iterator[str]:
        """Groups whose contents a node reads (or writes: the targets of stores are among them)."""
        if isinstance(node, ir.Attr) and node.name in SHAPE and isinstance(node.base, ir.Name):
            return
        if isinstance(node, ir.Name):
            if self.is_array(node.id):
                yield self.group(node.id)
            return
        for child in ir.children(node):
            yield from self._content(child)

    def _content_of(self, nodes: Iterable[Any]) -> frozenset[str]:
        return frozenset(g for n in nodes for g in self._content(n))

    # -- dependences --

    def overlaps(self, target: ir.Index, value: ir.Expr, fresh: Set[str] = frozenset()) -> bool:
        """Whether computing `value` for all elements before ``target = value`` is needed: it reads others of them.

        fresh: variables that share memory with no other one at this place.
        """
        name = activity.root(target)
        for access in self.accesses(value):
            other = activity.root(access)
            apart = other != name and (name in fresh or other in fresh)
            same = self.group(other) == self.group(name) and access != target
            if same and not apart and not self.are_distinct(target, access):
                return True
        return False

    def accesses(self, node: Any) -> Iterator[ir.Expr]:
        """Elements of arrays that are read; a whole array by its name where one is used in another way."""
        if isinstance(node, ir.Index) and isinstance(node.base, ir.Name):
            yield node
            for item in node.items:
                yield from self.accesses(item)
        elif isinstance(node, ir.Attr) and node.name in SHAPE and isinstance(node.base, ir.Name):
            return
        elif isinstance(node, ir.Name):
            if self.is_array(node.id):
                yield node
        else:
            for child in ir.children(node):
                yield from self.accesses(child)

    def share(self, a: Nest, b: Nest) -> bool:
        """Whether two nests access an array in common, or none at all."""
        first, second = self.of_cells(a).touched, self.of_cells(b).touched
        return bool(first & second) or not first or not second

    def fusable(self, a: Nest, b: Nest) -> bool:
        """Whether one pass over the index space may do for each index what `a` does and then what `b` does.

        What stands before `b`'s loops then stands before `a`'s, and what is behind `a`'s behind `b`'s.
        """
        first, second = self.of_cells(a), self.of_cells(b)
        before, after = _inside(self.of_all(b.before)), _inside(self.of_all(a.after))
        rest = self.of_all(b.after)
        if not (before.commutes(first) or not a.cells) or not before.commutes(after):
            return False
        if not after.commutes(second) or (first.binds & (second.uses | rest.uses)) | (second.binds & first.uses):
            return False
        touched = first.touched & second.touched & (first.writes | first.adds | second.writes | second.adds)
        return not touched or self._same_elements(a, b, touched)

    def are_distinct(self, one: ir.Expr, other: ir.Expr) -> bool:
        """Whether two elements of an array are in different columns, whatever the loop variables."""
        if not isinstance(one, ir.Index) or not isinstance(other, ir.Index) or one.base != other.base:
            return False
        pairs = zip(one.items, other.items) if isinstance(one.base, ir.Name) else ()
        return any(not ir.names(pair) & set(self.axes) and self.differ(*pair) for pair in pairs)

    def _same_elements(self, a: Nest, b: Nest, touched: frozenset[str]) -> bool:
        """Whether what one writes and the other accesses is one element per iteration, a different one in each; or else
        they access no element in common."""
        one, two = (self._kept(nest.cells, self._of_cells).places for nest in (a, b))
        for group in touched & one.keys() & two.keys():
            for access, writes in one[group]:
                for other, writes_too in two[group]:
                    one_each = access == other and self.is_injective(access, len(a.dims))
                    if (writes or writes_too) and not one_each and not self.are_distinct(access, other):
                        return False
        return True

    def all_accesses(self, nest: Nest) -> Iterator[tuple[ir.Expr, bool]]:
        """(place, whether it is written) of every element that the cells of a nest touch."""
        for cell in nest.cells:
            yield from self.facts(cell).accesses

    def _accesses(self, cell: Cell) -> Iterator[tuple[ir.Expr, bool]]:
        if isinstance(cell.target, ir.Index):
            yield cell.target, True
            for item in cell.target.items:
                yield from ((a, False) for a in self.accesses(item))
        yield from ((a, False) for e in (cell.value, cell.first) for a in self.accesses(e))

    def is_injective(self, access: ir.Expr, rank: int) -> bool:
        """Whether no two iterations access one element: every loop variable is an index, plus or minus something."""
        if not isinstance(access, ir.Index):
            return False
        found = set()
        for item in access.items:
            inner = ir.names(item) & set(self.axes[:rank])
            if len(inner) == 1 and all(
                isinstance(n, (ir.Name, ir.Const, ir.Attr, ir.Index)) or _is_sum(n) for n in ir.walk(item)
            ):
                found |= inner
        return len(found) == rank


def union(effects: Sequence[Effects]) -> Effects:
    """What all of them touch."""
    return Effects(
        binds=frozenset().union(*(e.binds for e in effects)),
        uses=frozenset().union(*(e.uses for e in effects)),
        writes=frozenset().union(*(e.writes for e in effects)),
        reads=frozenset().union(*(e.reads for e in effects)),
        exits=any(e.exits for e in effects),
        adds=frozenset().union(*(e.adds for e in effects)),
    )


def _inside(effects: Effects) -> Effects:
    """Of a nest: where it leaves the compiled code NumPy's text answers, and nobody sees how far it has got."""
    return replace(effects, exits=False)


def _is_sum(node: Any) -> bool:
    scaled = isinstance(node, ir.Binary) and node.op == "*" and isinstance(node.left, ir.Const) and node.left.value != 0
    return scaled or isinstance(node, ir.Binary) and node.op in "+-" or isinstance(node, ir.Unary) and node.op == "-"


def _is_accumulation(call: ir.Call) -> bool:
    return call.fn in (ir.Ref("numpy.add.at"), ir.Ref("srcad_runtime.add_at"))


def memory(
    body: Sequence[ir.Stmt],
    known: dict[str, Abstract],
    axes: tuple[str, ...],
    fixed: frozenset[str] = frozenset(),
    differ: Callable[[ir.Expr, ir.Expr], bool] = lambda one, other: False,
) -> Memory:
    """What the variables of a program may share."""
    found = Memory(known, axes, frozenset(_loose(body)), fixed, differ)
    for stmt in ir.walk(tuple(body)):
        if isinstance(stmt, ir.Assign):
            for target in ir.names(stmt.target):
                for name in alias.shares(stmt.value, known):
                    found.unite(target, name)
        elif isinstance(stmt, ir.Push):
            for name in alias.shares(stmt.value, known):
                found.unite(stmt.stack, name)
        elif isinstance(stmt, ir.Pop) and isinstance(stmt.target, ir.Name):
            found.unite(stmt.target.id, stmt.stack)
    return found


def _loose(body: Sequence[ir.Stmt]) -> set[str]:
    """Variables that are set in the reverse sweep only."""
    swept: set[str] = set()
    others: set[str] = set()
    for stmt in body:
        binds = {n for node in ir.walk(stmt) if isinstance(node, (ir.Assign, ir.For)) for n in ir.names(node.target)}
        (swept if isinstance(stmt, ir.Block) and stmt.note == REVERSE else others).update(binds)
    return swept - others
