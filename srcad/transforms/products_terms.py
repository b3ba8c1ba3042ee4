"""Statements that add products of elements of two matrices to the elements of a third, and what to call for them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from srcad import ir, types
from srcad.dims import Dim, symbol
from srcad.polyhedra import coefficient, solved
from srcad.shapes import not_negative
from srcad.transforms import activity
from srcad.transforms.loops_text import plain
from srcad.transforms.products_access import bounds_of, definition
from srcad.transforms.products_loops import Access, Leaf, Loop, Nest, Stay, Sum, Value, Where, added, augmented
from srcad.types import Num

_ADD = "srcad_runtime.products.add"
_LEAST = 8  # iterations: shorter loops stay
_ROLES = "ijk"  # a row and a column of what is added to, and what is summed over


@dataclass(frozen=True)
class Factor:
    """A number: in the counters of the product that it belongs to, and as it stands at the place that computes it."""

    expr: ir.Expr
    origin: ir.Expr
    where: Where


@dataclass(frozen=True)
class Term:
    """A product with its sign. loops: those that add up such products, besides the loops around the statement."""

    minus: bool
    factors: tuple[Factor, ...]
    loops: tuple[Loop, ...] = ()

    @property
    def elements(self) -> list[Factor]:
        return [f for f in self.factors if isinstance(f.expr, ir.Index)]

    @property
    def numbers(self) -> list[Factor]:
        return [f for f in self.factors if not isinstance(f.expr, ir.Index)]


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
    calls = tuple(_call(nest, target, term, leaf.where.path) for term in products)
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
        _call(nest, target, term, path)
    except Stay:
        return False
    return True


def _reads(nest: Nest, target: ir.Index, term: Term) -> bool:
    """Whether a factor may lie in the array that is added to."""
    group = nest.memory.group
    return any(group(activity.root(f.expr)) == group(activity.root(target)) for f in term.elements)


def _is_constant(nest: Nest, factor: ir.Expr) -> bool:
    if isinstance(factor, ir.Const):
        return type(factor.value) in (int, float)
    kind = nest.program.types.get(factor.id) if isinstance(factor, ir.Name) else None
    real = isinstance(kind, Num) and kind.dims == () and (kind.dtype or "").startswith(("float", "int"))
    return real and isinstance(factor, ir.Name) and factor.id not in nest.bound


# ---- as matrices ----


@dataclass(frozen=True)
class Range:
    """The values of an index: from `low` to the least of `highs`, which is not among them."""

    low: Dim
    highs: tuple[Dim, ...]


@dataclass(frozen=True)
class Form:
    """An index of a matrix: a linear form in the counters, and what is added to it."""

    moving: Dim
    fixed: Dim


def _call(nest: Nest, target: ir.Index, term: Term, path: tuple[Loop, ...]) -> ir.Stmt:
    """``products.add(c, scale, a, b)`` instead of the loops of `path` and those of the term. Raises Stay."""
    elements = [f.expr for f in term.elements if isinstance(f.expr, ir.Index)]
    if len(elements) != 2 or not all(_is_constant(nest, f.expr) for f in term.numbers):
        raise Stay
    (a, b), path = elements, path + term.loops
    where = Where(path, 0)
    at = [_forms(nest.access(place, where, "read"), path) for place in (target, a, b)]
    rows, columns = (form.moving for form in at[0].values())
    if rows not in [f.moving for f in at[1].values()]:
        a, b, at = b, a, [at[0], at[2], at[1]]
    inner = next((f.moving for f in at[1].values() if f.moving != rows), None)
    moving = [{f.moving for f in forms.values()} for forms in at]
    if inner is None or moving != [{rows, columns}, {rows, inner}, {inner, columns}]:
        raise Stay
    kinds = {_dtype(nest, place) for place in (target, a, b)}
    if len(kinds) != 1 or not kinds <= {"float64", "float32"}:
        raise Stay
    shifts = {form.moving: form.fixed for forms in at[::-1] for form in forms.values()}
    at = [{k: replace(f, fixed=f.fixed - shifts[f.moving]) for k, f in forms.items()} for forms in at]
    orders = (rows, columns), (rows, inner), (inner, columns)
    for box, beyond in _domains(nest, {form: shifts[form] for form in (rows, columns, inner)}, path):
        matrices = _Matrices(nest, dict(zip((rows, columns, inner), box, strict=True)))
        sure = all(matrices.within(place, forms) for place, forms in zip((target, a, b), at, strict=True))
        spelt = [matrices.of(*matrix) for matrix in zip((target, a, b), at, orders, strict=True)]
        spelt.insert(1, _scale(term))
        extents = {} if sure else {"shape": ir.Tuple(tuple(_stop([h - r.low for h in r.highs]) for r in box))}
        name = _ADD + ("_where" if beyond else "")
        call = ir.Do(ir.call(name, *spelt, *beyond, **extents))
        if sure:
            break
    return call


def _dtype(nest: Nest, place: ir.Index) -> str:
    kind = nest.program.types.get(place.base.id) if isinstance(place.base, ir.Name) else None
    return kind.dtype or "" if isinstance(kind, Num) else ""


def _scale(term: Term) -> ir.Expr:
    total: ir.Expr | None = None
    for factor in term.numbers:
        total = factor.expr if total is None else ir.Binary("*", total, factor.expr)
    total = ir.Const(1.0) if total is None else total
    if not term.minus:
        return total
    return ir.Const(-total.value) if isinstance(total, ir.Const) else ir.Unary("-", total)


def _forms(access: Access, path: Sequence[Loop]) -> dict[int, Form]:
    """The two axes along which an access moves, and how."""
    counters = {loop.counter for loop in path}
    found = {}
    for k, item in enumerate(access.items):
        if item is None:
            raise Stay
        moving = Dim(0, tuple((text, coef) for text, coef in item.terms if text in counters))
        if moving.terms:
            found[k] = Form(moving, item - moving)
    if len(found) != 2 or len({form.moving for form in found.values()}) != 2:
        raise Stay
    return found


Beyond = tuple[ir.Expr, ...]


def _domains(nest: Nest, forms: Mapping[Dim, Dim], path: tuple[Loop, ...]) -> Iterator[tuple[Sequence[Range], Beyond]]:
    """The ranges of a product's three indices, and the arguments that say which of their triples count.

    First with one range for the two indices of a triangle, which may reach beyond an array, then with those that the
    loops run through. forms: linear forms of the indices in the counters, and what is added to them.
    """
    marks = [f"${role}" for role in _ROLES]
    counters = [loop.counter for loop in path]
    values = solved([*forms], counters, marks) if len(path) == 3 else None
    if values is None:
        raise Stay
    moved = {mark: symbol(mark) - shift for mark, shift in zip(marks, forms.values(), strict=True)}
    inside = {counter: nest.same(_put(value, moved)) for counter, value in zip(counters, values, strict=True)}
    rows = [nest.same(_put(row, inside)) for row in bounds_of(path)]
    if any(p.high - p.low == Dim(n) for p in path for n in range(_LEAST)):
        raise Stay
    single = [row for row in rows if sum(text in marks for text in row.symbols) == 1]
    double = [row for row in dict.fromkeys(rows) if sum(text in marks for text in row.symbols) == 2]
    if len(single) + sum(row in double for row in rows) != len(rows) or len(double) > 1:
        raise Stay
    lows, highs = ({mark: [*_bounds(single, mark, sign)] for mark in marks} for sign in (1, -1))
    if double:
        _implied(double[0], marks, lows, highs)
    box = [Range(_one(lows[mark]), _least(highs[mark])) for mark in marks]
    if double:
        wide = _as_square(double[0], marks, box)
        yield wide, _beyond(double[0], marks, wide)
    yield box, _beyond(double[0], marks, box) if double else ()


def _put(row: Dim, inside: Mapping[str, Dim]) -> Dim:
    total = Dim(row.const)
    for text, coef in row.terms:
        total += inside.get(text, symbol(text)) * coef
    return total


def _bounds(rows: Sequence[Dim], mark: str, sign: int) -> Iterator[Dim]:
    """The lower bounds (sign 1) of an index, or the upper ones, which are not among its values (-1)."""
    for row in rows:
        coef = coefficient(row, mark)
        if abs(coef) > 1:
            raise Stay
        if coef == sign:
            rest = row - symbol(mark) * coef
            yield -rest if sign == 1 else rest + 1


def _sides(row: Dim, marks: Sequence[str]) -> tuple[str, str, Dim]:
    """(x, y, rest) of ``x - y + rest >= 0``."""
    signs = {coefficient(row, mark): mark for mark in marks if coefficient(row, mark)}
    if set(signs) != {1, -1}:
        raise Stay
    return signs[1], signs[-1], row - symbol(signs[1]) + symbol(signs[-1])


def _implied(row: Dim, marks: Sequence[str], lows: dict[str, list[Dim]], highs: dict[str, list[Dim]]) -> None:
    """Bounds of one index that follow from those of the other: no element beyond them is touched."""
    x, y, rest = _sides(row, marks)
    lows[x] += [low - rest for low in lows[y]]
    highs[y] += [high + rest for high in highs[x]]


def _as_square(row: Dim, marks: Sequence[str], box: Sequence[Range]) -> list[Range]:
    """The ranges with one for both indices of a triangle: 0 to n for ``0 <= k < i < n``."""
    x, y, _ = _sides(row, marks)
    pair = [box[marks.index(x)], box[marks.index(y)]]
    low = next((r.low for r in pair if all(not_negative(other.low - r.low) for other in pair)), None)
    high = next((r for r in pair if len(r.highs) == 1 and all(_is_least(other, r.highs[0]) for other in pair)), None)
    if low is None or high is None:
        return [*box]
    return [Range(low, high.highs) if mark in (x, y) else own for mark, own in zip(marks, box, strict=True)]


def _is_least(place: Range, high: Dim) -> bool:
    return any(not_negative(high - own) for own in place.highs)


def _one(lows: Sequence[Dim]) -> Dim:
    """The greatest of lower bounds."""
    found = [low for low in lows if all(not_negative(low - other) for other in lows)]
    if not found:
        raise Stay
    return found[0]


def _least(highs: Sequence[Dim]) -> tuple[Dim, ...]:
    """Upper bounds, without those that are never less than another one."""
    found: list[Dim] = []
    for high in dict.fromkeys(highs):
        if not any(not_negative(high - other) for other in found):
            found = [other for other in found if not not_negative(other - high)] + [high]
    if not found:
        raise Stay
    return tuple(found)


def _beyond(row: Dim, marks: Sequence[str], box: Sequence[Range]) -> Beyond:
    """``"k <= i"``, and what is added to its right side, with indices counted from the beginnings of their ranges."""
    x, y, rest = _sides(row, marks)
    start = {mark: place.low for mark, place in zip(marks, box, strict=True)}
    offset = rest + start[x] - start[y]
    small, large = y[1:], x[1:]
    if _ROLES.index(small) > _ROLES.index(large):
        text = f"{small} <= {large}"
    else:
        text, offset = f"{large} >= {small}", -offset
    return (ir.Const(text),) if offset == Dim(0) else (ir.Const(text), plain(offset))


@dataclass(frozen=True)
class _Matrices:
    """Spells the matrices of a product. ranges: of its indices, by their linear forms."""

    nest: Nest
    ranges: Mapping[Dim, Range]

    def of(self, place: ir.Index, forms: Mapping[int, Form], order: tuple[Dim, Dim]) -> ir.Expr:
        """The part of an array that the product touches, its axes in the order of the forms."""
        items = [self.slice(place, k, forms[k]) if k in forms else item for k, item in enumerate(place.items)]
        whole = all(item == _ALL for item in items)
        while items and items[-1] == _ALL and len(items) > 1:
            items.pop()
        part = place.base if whole else ir.Index(place.base, tuple(items))
        turned = tuple(form.moving for form in forms.values()) != order
        return ir.Attr(part, "T") if turned else part

    def slice(self, place: ir.Index, axis: int, form: Form) -> ir.Slice:
        bounds = self.ranges[form.moving]
        low = self.nest.same(bounds.low + form.fixed)
        highs = self.highs(form)
        if not not_negative(low):
            raise Stay  # a negative index counts from the end
        ends = highs == [self.extent(place, axis)]
        return ir.Slice(None if low == Dim(0) else plain(low), None if ends else _stop(highs))

    def highs(self, form: Form) -> list[Dim]:
        return [self.nest.same(high + form.fixed) for high in self.ranges[form.moving].highs]

    def extent(self, place: ir.Index, axis: int) -> Dim | None:
        found = types.number(ir.Index(ir.Attr(place.base, "shape"), (ir.Const(axis),)), self.nest.known)
        return None if found is None else self.nest.same(found)

    def within(self, place: ir.Index, forms: Mapping[int, Form]) -> bool:
        """Whether it is proven that the ranges do not reach beyond the array, and do not end before it begins."""
        return all(self._ends_within(self.extent(place, axis), self.highs(form)) for axis, form in forms.items())

    def _ends_within(self, extent: Dim | None, highs: Sequence[Dim]) -> bool:
        inside = extent is not None and any(not_negative(extent - high) for high in highs)
        return inside and all(map(not_negative, highs))


_ALL = ir.Slice(None, None)


def _stop(highs: Sequence[Dim]) -> ir.Expr:
    spelt = [plain(high) for high in highs]
    return spelt[0] if len(spelt) == 1 else ir.call("builtins.min", *spelt)


# ---- triangles and their mirror images ----

_PAIR = ("k <= i", "k >= i")


def mirrored(calls: Sequence[tuple[str, ir.Stmt]]) -> list[tuple[str, ir.Stmt]]:
    """(note, call) of products in any order, where those by a triangle and by the same one transposed are one."""
    found = list(calls)
    for k, (note, call) in enumerate(found):
        other = next((n for n in range(k + 1, len(found)) if _mirror(call, found[n][1]) is not None), None)
        if other is not None:
            both = _mirror(call, found[other][1])
            assert both is not None
            notes = dict.fromkeys([*note.splitlines(), *found[other][0].splitlines()])
            rest = [*found[:k], *found[k + 1 : other], *found[other + 1 :]]
            return mirrored([*rest[:k], ("\n".join(notes), both), *rest[k:]])
    return found


def _where(call: ir.Call) -> str:
    """The condition of a call, "" where it has none."""
    text = call.args[4] if call.fn == ir.Ref(f"{_ADD}_where") else None
    return str(text.value) if isinstance(text, ir.Const) else ""


def _symmetric(one: ir.Call, other: ir.Call) -> ir.Stmt | None:
    """``add_symmetric`` for ``c += s * a @ b`` and ``c += s * (a @ b).T`` in a triangle of c; None for others."""
    if _where(one) != "j <= i" or one.args[4:] != other.args[4:] or one.kwargs != other.kwargs:
        return None
    (c, scale, a, b, _, *by), (*rest, right, left) = one.args, other.args[:4]
    if rest != [c, scale] or not _turned(a, left) or not _turned(b, right):
        return None
    return ir.Do(replace(one, fn=ir.Ref(f"{_ADD}_symmetric"), args=(c, scale, a, b, *by)))


def _turned(one: ir.Expr, other: ir.Expr) -> bool:
    return one == ir.Attr(other, "T") or other == ir.Attr(one, "T")


def _mirror(one: ir.Stmt, other: ir.Stmt) -> ir.Stmt | None:
    """``add_mirrored`` for ``c += s * low @ b`` and ``c += s * low.T @ b`` of a triangle; None for other products."""
    assert isinstance(one, ir.Do) and isinstance(one.value, ir.Call)
    assert isinstance(other, ir.Do) and isinstance(other.value, ir.Call)
    lower, upper = one.value, other.value
    if _where(lower) != _PAIR[0]:
        lower, upper = upper, lower
    if (_where(lower), _where(upper)) != _PAIR or lower.kwargs != upper.kwargs:
        return _symmetric(one.value, other.value)
    (c, scale, a, b, _, *by), (*rest, turned, last, _) = lower.args, upper.args[:5]
    offset, back = (types.number(call.args[5]) if len(call.args) > 5 else Dim(0) for call in (lower, upper))
    if rest != [c, scale] or last != b or offset is None or back != -offset:
        return None
    if not _turned(a, turned):
        return None
    return ir.Do(replace(lower, fn=ir.Ref(f"{_ADD}_mirrored"), args=(c, scale, a, b, *by)))
