"""Statements that add products of elements of two matrices to the elements of a third."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from srcad import ir
from srcad.transforms import activity
from srcad.transforms.products_access import definition
from srcad.transforms.products_calls import Factor, Term, call_for
from srcad.transforms.products_loops import Access, Leaf, Loop, Nest, Stay, Sum, Value, Where, added, augmented
from srcad.types import Num


@dataclass(frozen=True)
class Candidate:
    """Products that can leave the loops. left: what remains of each of its statements, by their place in the nest.

    accesses: the elements that they read, and those that they add to.
    """

    left: Mapping[int, ir.Stmt | None]
    calls: tuple[ir.Stmt, ...]
    accesses: tuple[Access, ...]
    at: float
    note: str


def candidates(nest: Nest, sums: Sequence[Sum]) -> list[Candidate]:
    """The products of a nest. sums: those of the program."""
    found: list[Candidate] = []
    taken: set[int] = set()
    at = {id(leaf.stmt): k for k, leaf in enumerate(nest.leaves)}
    for one in sums:
        places = [at.get(id(stmt), -1) for stmt in (one.first, one.step, one.last)]
        if min(places) >= 0 and isinstance(one.last.target, ir.Index):  # type: ignore[union-attr]
            taken |= set(places)
            found += _tried(lambda one=one, places=places: _of_sum(nest, sums, one, places))  # type: ignore[misc]
    for k, leaf in enumerate(nest.leaves):
        if k not in taken and isinstance(leaf.stmt, (ir.Augment, ir.Store)) and isinstance(leaf.stmt.target, ir.Index):
            found += _tried(lambda leaf=leaf, k=k: _of_statement(nest, sums, leaf, k))  # type: ignore[misc]
    return found


def _tried(make: Callable[[], Candidate]) -> list[Candidate]:
    try:
        return [make()]
    except Stay:
        return []


def _of_statement(nest: Nest, sums: Sequence[Sum], leaf: Leaf, k: int) -> Candidate:
    """``c[i, j] += products + rest``: the rest stays."""
    stmt = augmented(leaf.stmt)
    if not isinstance(stmt, ir.Augment) or not isinstance(stmt.target, ir.Index) or not nest.is_sum(stmt):
        raise Stay
    products: list[Term] = []
    rest: list[tuple[bool, ir.Expr]] = []
    terms = Terms(nest, sums)
    for minus, part in pieces(stmt.value):
        found = [replace(t, minus=t.minus ^ minus ^ (stmt.op == "-")) for t in terms.of(part, leaf.where, leaf.scalars)]
        if found and all(_is_product(nest, stmt.target, term, leaf.where.path) for term in found):
            products += found
        else:
            rest.append((minus, part))
    remains = replace(stmt, value=_sum_of(rest)) if rest else None
    return _candidate(nest, stmt.target, products, {k: remains}, leaf, leaf.where)


def _of_sum(nest: Nest, sums: Sequence[Sum], one: Sum, places: Sequence[int]) -> Candidate:
    """``c[i, j] = rest + factor * t`` behind the loop that adds up t: the products are added to c behind that."""
    step, last = nest.leaves[places[1]], nest.leaves[places[2]]
    term = added(one.step)
    end = augmented(one.last)
    assert term is not None and isinstance(end, (ir.Store, ir.Augment))
    if isinstance(end, ir.Augment) and not nest.is_sum(end):
        raise Stay
    products: list[Term] = []
    rest: list[tuple[bool, ir.Expr]] = []
    negative, terms = isinstance(end, ir.Augment) and end.op == "-", Terms(nest, sums)
    for minus, part in pieces(end.value):
        if one.name not in ir.names(part):
            rest.append((minus, part))
            continue
        for outer in terms.of(part, last.where, last.scalars):
            factors = _without(one.name, outer)
            for inner in terms.of(term[1], step.where, step.scalars):
                sign = minus ^ negative ^ outer.minus ^ inner.minus
                products.append(Term(sign, factors + inner.factors, outer.loops + inner.loops))
    target = end.target
    assert isinstance(target, ir.Index)
    remains: ir.Stmt | None = None
    if isinstance(end, ir.Store):
        kind = nest.program.types.get(target.base.id) if isinstance(target.base, ir.Name) else None
        if not isinstance(kind, Num) or not (kind.dtype or "").startswith("float"):
            raise Stay
        remains = replace(end, value=_sum_of(rest) if rest else ir.ZERO)
    elif rest:
        remains = replace(end, value=_sum_of(rest))
    left = {places[0]: None, places[1]: None, places[2]: remains}
    return _candidate(nest, target, products, left, step, last.where)


def _candidate(
    nest: Nest,
    target: ir.Index,
    products: Sequence[Term],
    left: Mapping[int, ir.Stmt | None],
    leaf: Leaf,
    end: Where,
) -> Candidate:
    """leaf: the statement inside all loops. end: the place of the one that writes."""
    if not products:
        raise Stay
    # what reads the target comes first: before another one changes it
    products = sorted(products, key=lambda term: not _reads(nest, target, term))
    if any(_reads(nest, target, term) for term in products[1:]):
        raise Stay
    calls = tuple(call_for(nest, target, term, leaf.where.path) for term in products)
    accesses = [
        nest.access(factor.origin, factor.where, "read")
        for term in products
        for factor in term.elements
        if isinstance(factor.origin, ir.Index)
    ]
    accesses.append(nest.access(target, Where(end.path, end.at + 0.5), "add"))
    return Candidate(left, calls, tuple(accesses), leaf.where.at, leaf.note)


# ---- sums of products ----


def pieces(value: ir.Expr, minus: bool = False) -> Iterator[tuple[bool, ir.Expr]]:
    """(whether it is subtracted, summand) of a sum."""
    if isinstance(value, ir.Binary) and value.op in ("+", "-"):
        yield from pieces(value.left, minus)
        yield from pieces(value.right, minus ^ (value.op == "-"))
    elif isinstance(value, ir.Unary) and value.op == "-":
        yield from pieces(value.operand, not minus)
    else:
        yield minus, value


def _sum_of(parts: Sequence[tuple[bool, ir.Expr]]) -> ir.Expr:
    ordered = sorted(parts, key=lambda part: part[0])
    minus, total = ordered[0]
    total = ir.Unary("-", total) if minus else total
    for minus, part in ordered[1:]:
        total = ir.Binary("-" if minus else "+", total, part)
    return total


def _without(name: str, term: Term) -> tuple[Factor, ...]:
    """The other factors of a multiple of a number. Raises Stay for what is none."""
    factors = tuple(f for f in term.factors if f.expr != ir.Name(name))
    if len(factors) != len(term.factors) - 1 or any(name in ir.names(f.expr) for f in factors):
        raise Stay
    return factors


@dataclass(frozen=True)
class Terms:
    """Writes values as sums of products, with scalars and rows of the nest replaced by what they are."""

    nest: Nest
    sums: Sequence[Sum]

    def of(self, value: ir.Expr, where: Where, scalars: Mapping[str, Value]) -> list[Term]:
        if isinstance(value, ir.Name) and value.id in scalars:
            known = scalars[value.id]
            return self.of(known.expr, known.where, known.scalars)
        if isinstance(value, ir.Unary) and value.op == "-":
            return [replace(t, minus=not t.minus) for t in self.of(value.operand, where, scalars)]
        if isinstance(value, ir.Binary) and value.op in ("+", "-", "*"):
            left, right = self.of(value.left, where, scalars), self.of(value.right, where, scalars)
            if value.op == "*":
                return [Term(a.minus ^ b.minus, a.factors + b.factors, a.loops + b.loops) for a in left for b in right]
            return left + [replace(t, minus=t.minus ^ (value.op == "-")) for t in right]
        return self.of_row(value, where) or [Term(False, (Factor(value, value, where),))]

    def of_row(self, value: ir.Expr, where: Where) -> list[Term]:
        """The terms of an element of a vector that holds one row after the other; none for another value."""
        if not isinstance(value, ir.Index) or len(value.items) != 1:
            return []
        leaf = definition(self.nest, self.nest.access(value, where, "read"))
        if leaf is None:
            return []
        stmt = augmented(leaf.stmt)
        assert isinstance(stmt, (ir.Store, ir.Augment))
        negative = isinstance(stmt, ir.Augment) and stmt.op == "-"
        found = [t for outer in self.of(stmt.value, leaf.where, leaf.scalars) for t in self.added(leaf, outer)]
        counter = leaf.where.path[1].counter
        return [replace(_at(t, counter, value.items[0]), minus=t.minus ^ negative) for t in found]

    def added(self, leaf: Leaf, term: Term) -> list[Term]:
        """A multiple of a sum by the products that are summed up; another term as it is."""
        one = next((s for s in self.sums if s.last is leaf.stmt), None)
        step = next((other for other in self.nest.leaves if one is not None and other.stmt is one.step), None)
        if one is None or step is None or not any(one.name in ir.names(f.expr) for f in term.factors):
            return [term]
        found = added(one.step)
        assert found is not None
        factors, loops = _without(one.name, term), step.where.path[len(leaf.where.path) :]
        terms = self.of(found[1], step.where, step.scalars)
        return [Term(t.minus ^ term.minus, factors + t.factors, term.loops + loops + t.loops) for t in terms]


def _at(term: Term, counter: str, index: ir.Expr) -> Term:
    """A term of a row, at another index than `counter`; the counters of its own loops get names of their own."""
    own = {loop.counter: ir.Name(f"{loop.counter}__") for loop in term.loops}
    if any(counter in dim.symbols or set(own) & set(dim.symbols) for p in term.loops for dim in (p.low, p.high)):
        raise Stay
    put: dict[str, ir.Expr] = {counter: index, **own}
    loops = tuple(replace(loop, counter=f"{loop.counter}__") for loop in term.loops)
    factors = tuple(replace(f, expr=ir.substitute(f.expr, put)) for f in term.factors)
    return replace(term, factors=factors, loops=loops)


def _is_product(nest: Nest, target: ir.Index, term: Term, path: tuple[Loop, ...]) -> bool:
    """Whether there is a call for a term."""
    try:
        call_for(nest, target, term, path)
    except Stay:
        return False
    return True


def _reads(nest: Nest, target: ir.Index, term: Term) -> bool:
    """Whether a factor may lie in the array that is added to."""
    group = nest.memory.group
    return any(group(activity.root(f.expr)) == group(activity.root(target)) for f in term.elements)
