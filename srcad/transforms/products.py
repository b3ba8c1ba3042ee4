"""products: loops that are a matrix product in disguise call BLAS, for Numba.

Before: ``for i: for j: for k: c[i, j] += s * a[i, k] * b[k, j]``, in a box of indices or on one side of a diagonal, in
loops with other statements, the sum over k perhaps in a scalar. After: ``products.add(c, s, a, b)``, and loops with the
statements that remain. Only the order of sums differs, and with it the last digits.

How: `products_loops` reads what each statement of a nest does, in which iterations. `products_terms` finds the
statements that are products, `products_calls` their matrices, `products_mirrored` those that are one product together.
A product leaves the loops where all of its iterations can be run at once: where `products_order` finds an order of the
product and of the remaining statements, each with all of its iterations, in which every element is read after the same
writes as before. What a product reads it reads before it writes, so it may write what it reads: in
``b[i] += a[i, k] * b[k]`` with ``k > i``, every row is read before it changes.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from srcad import ir, types
from srcad.dims import Dim, symbol
from srcad.facts import found_equal, rebound
from srcad.program import Program
from srcad.transforms import (
    activity,
    loops_buffers,
    loops_memory,
    loops_order,
    products_loops,
    products_mirrored,
    products_order,
    products_terms,
)
from srcad.transforms.loops_types import trusted
from srcad.transforms.products_loops import Leaf, Nest, Stay, Sum, mentions
from srcad.types import Abstract

Stmts = tuple[ir.Stmt, ...]


def products(program: Program) -> Program:
    """The program with calls for the products in its loops."""
    if not any(_is_deep(stmt) for stmt in ir.walk(program.body)):
        return program
    changing = rebound(program.body, {i.name for i in program.inputs})
    search = Search(
        program,
        trusted(program),
        loops_memory.memory(program.body, dict(program.types), ()),
        products_loops.sums(program),
        loops_order.outliving(program.body, ir.names(program.results) | {n for _, n in program.updates}),
        frozenset(changing),
        mentions((*program.body, *program.results)),
        frozenset(_allocated(program)),
    )
    body = search.block(program.body)
    results = ir.names(program.results) | {name for _, name in program.updates}
    return replace(program, body=loops_buffers.unread_dropped(body, results, set(search.own)))


def _allocated(program: Program) -> set[str]:
    """Arrays that the program makes for itself, each by one statement."""
    made = [n for n in ir.walk(program.body) if isinstance(n, ir.Assign) and isinstance(n.target, ir.Name)]
    counts = Counter(n.target.id for n in made)  # type: ignore[union-attr]
    fresh = {n.target.id for n in made if isinstance(n.value, ir.Call) and n.value.fn in loops_buffers.ALLOCATIONS}  # type: ignore[union-attr]
    return {name for name in fresh if counts[name] == 1} - {i.name for i in program.inputs}


def _is_deep(stmt: ir.Stmt, depth: int = 3) -> bool:
    """Whether a statement has so many loops inside each other."""
    if not isinstance(stmt, (ir.For, ir.Block)):
        return False
    depth -= isinstance(stmt, ir.For)
    return depth == 0 or any(_is_deep(s, depth) for s in stmt.body)


@dataclass
class Search:
    """Walks a program. own: arrays that it makes for itself. equal: extents that a check has found equal to others, at
    the place at hand."""

    program: Program
    known: Mapping[str, Abstract]
    memory: loops_memory.Memory
    sums: Sequence[Sum]
    outliving: set[str]
    changing: frozenset[str]
    mentions: Counter[str]
    own: frozenset[str]
    equal: dict[str, str] = field(default_factory=dict)

    def block(self, stmts: Stmts) -> Stmts:
        return tuple(new for stmt in stmts for new in self.statement(stmt))

    def statement(self, stmt: ir.Stmt) -> Stmts:
        if isinstance(stmt, ir.For) and _is_deep(stmt):
            found = self.split(stmt)
            if found is not None:
                return found
        if isinstance(stmt, ir.Block):
            return (replace(stmt, body=self.block(stmt.body)),)
        if isinstance(stmt, (ir.For, ir.While, ir.With)):
            return (replace(stmt, body=self.apart(stmt.body)),)
        if isinstance(stmt, ir.If):
            body, orelse = self.apart(stmt.body), self.apart(stmt.orelse)
            self.learn(stmt)
            return (replace(stmt, body=body, orelse=orelse),)
        return (stmt,)

    def apart(self, stmts: Stmts) -> Stmts:
        """A block whose checks say nothing about what is behind it."""
        equal = dict(self.equal)
        body = self.block(stmts)
        self.equal = equal
        return body

    # ---- extents ----

    def learn(self, stmt: ir.If) -> None:
        """Behind ``if a.shape[0] != b.shape[0]: raise ...`` the two are equal."""
        for test in found_equal(stmt):
            if not ir.names(test) & self.changing:
                a, b = (types.number(e, self.known) or types.number(e) for e in test.items)
                if a is not None and b is not None:
                    self.unite(self.same(a), self.same(b))

    def unite(self, a: Dim, b: Dim) -> None:
        one, other = (d.terms[0][0] if d == symbol(*d.symbols[:1] or ("",)) else "" for d in (a, b))
        if one and other and one != other:
            self.equal[max(one, other)] = min(one, other)

    def same(self, dim: Dim) -> Dim:
        """One form for extents that are equal."""
        total = Dim(dim.const)
        for text, coef in dim.terms:
            while text in self.equal:
                text = self.equal[text]
            total += symbol(text) * coef
        return total

    # ---- one nest ----

    def split(self, root: ir.For) -> Stmts | None:
        """The statements for a nest that holds products; None where it holds none."""
        try:
            nest = Nest(self.program, self.known, self.memory, self.same, root)
        except Stay:
            return None
        counters = {n for loop in ir.walk(root) if isinstance(loop, ir.For) for n in ir.names(loop.target)}
        if counters & self.outliving:
            return None
        chosen = products_terms.candidates(nest, self.sums)
        while chosen:
            leaves = self.remaining(nest, chosen)
            found = products_order.order(products_order.parts(leaves, chosen), self.memory.group)
            if not isinstance(found, set):
                return tuple(s for step in found for s in self.written(root, nest, leaves, step))
            chosen = [c for n, c in enumerate(chosen) if n not in found]
        return None

    def remaining(self, nest: Nest, chosen: Sequence[products_terms.Candidate]) -> dict[int, Leaf]:
        """The statements that stay, by their numbers, without scalars that nobody reads any more."""
        leaves = dict(enumerate(nest.leaves))
        for candidate in chosen:
            for k, stmt in candidate.left.items():
                if stmt is None:
                    del leaves[k]
                else:
                    leaves[k] = nest.again(leaves[k], stmt)
        outside = self.mentions - mentions((nest.root,))
        while True:
            read = {n for leaf in leaves.values() for n in _read(leaf.stmt)}
            idle = [k for k, leaf in leaves.items() if self.is_idle(leaf.stmt, read, outside)]
            if not idle:
                return leaves
            for k in idle:
                del leaves[k]

    def is_idle(self, stmt: ir.Stmt, read: set[str], outside: Counter[str]) -> bool:
        """Whether a statement sets a number, or an element of an array, that nobody reads."""
        assert isinstance(stmt, (ir.Assign, ir.Augment, ir.Store))
        if isinstance(stmt.target, ir.Name):
            return stmt.target.id not in read and not outside[stmt.target.id]
        name = activity.root(stmt.target)
        made = name in self.own and outside[name] == 1 and self.memory.is_alone(name)
        return made and name not in read

    def written(
        self, root: ir.For, nest: Nest, leaves: Mapping[int, Leaf], step: Sequence[products_order.Part]
    ) -> Stmts:
        """Calls, or the loops around some of the statements."""
        calls = sorted((p.candidate for p in step if p.candidate is not None), key=lambda c: c.at)
        if calls:
            return noted(products_mirrored.mirrored([(c.note, call) for c in calls for call in c.calls]))
        kept = {id(nest.leaves[k].stmt): leaves[k].stmt for part in step for k in part.leaves}
        return (replace(root, body=self.apart(_kept(root.body, kept))),)


def noted(stmts: Sequence[tuple[str, ir.Stmt]]) -> Stmts:
    """Statements under their notes, those of one note together."""
    found: list[ir.Stmt] = []
    for note, group in itertools.groupby(stmts, key=lambda pair: pair[0]):
        body = tuple(stmt for _, stmt in group)
        found += [ir.Block(note, body)] if note else body
    return tuple(found)


def _read(stmt: ir.Stmt) -> set[str]:
    """The variables that a statement reads, but for what it only reads in order to change it."""
    assert isinstance(stmt, (ir.Assign, ir.Augment, ir.Store))
    found = ir.names(stmt.value)
    if isinstance(stmt.target, ir.Name):
        return found - {stmt.target.id}
    return found | ir.names(stmt.target.items) if isinstance(stmt.target, ir.Index) else found


def _kept(stmts: Stmts, kept: Mapping[int, ir.Stmt]) -> Stmts:
    """The statements without those that are not kept, and without loops that are empty."""
    found: list[ir.Stmt] = []
    for stmt in stmts:
        if isinstance(stmt, (ir.For, ir.Block)):
            body = _kept(stmt.body, kept)
            found += [replace(stmt, body=body)] if body else []
        elif id(stmt) in kept:
            found.append(kept[id(stmt)])
    return tuple(found)
