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
from srcad.transforms.products_loops import Access, Leaf, Loop, Nest, Stay, Sum, Value, Where, added, augmented
from srcad.types import Num

_LEAST = 8  # iterations: shorter loops stay
_ROLES = "ijk"  # a row and a column of what is added to, and what is summed over
Factors = tuple[tuple[ir.Expr, Where], ...]


@dataclass(frozen=True)
class Term:
    """A product with its sign; each factor with the place where it is computed."""

    minus: bool
    factors: Factors


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


Same = Callable[[Dim], Dim]


def candidates(nest: Nest, sums: Sequence[Sum], same: Same) -> list[Candidate]:
    """The products of a nest. sums: those of the program. same: gives one form to extents that are equal."""
    found: list[Candidate] = []
    taken: set[int] = set()
    at = {id(leaf.stmt): k for k, leaf in enumerate(nest.leaves)}
    for one in sums:
        places = [at.get(id(stmt), -1) for stmt in (one.first, one.step, one.last)]
        if min(places) >= 0 and isinstance(one.last.target, ir.Index):  # type: ignore[union-attr]
            taken |= set(places)
            found += _tried(lambda one=one, places=places: _of_sum(nest, one, places, same))  # type: ignore[misc]
    for k, leaf in enumerate(nest.leaves):
        if k not in taken and isinstance(leaf.stmt, (ir.Augment, ir.Store)) and isinstance(leaf.stmt.target, ir.Index):
            found += _tried(lambda leaf=leaf, k=k: _of_statement(nest, leaf, k, same))  # type: ignore[misc]
    return found


def _tried(make: Callable[[], Candidate]) -> list[Candidate]:
    try:
        return [make()]
    except Stay:
        return []


def _of_statement(nest: Nest, leaf: Leaf, k: int, same: Same) -> Candidate:
    """``c[i, j] += products + rest``: the rest stays."""
    stmt = augmented(leaf.stmt)
    if not isinstance(stmt, ir.Augment) or not isinstance(stmt.target, ir.Index) or not nest.is_sum(stmt):
        raise Stay
    products: list[Term] = []
    rest: list[tuple[bool, ir.Expr]] = []
    for minus, part in pieces(stmt.value):
        terms = [*_terms(nest, part, leaf.where, leaf.scalars)]
        if terms and all(_is_product(nest, term) for term in terms):
            products += [replace(t, minus=t.minus ^ minus ^ (stmt.op == "-")) for t in terms]
        else:
            rest.append((minus, part))
    remains = replace(stmt, value=_sum_of(rest)) if rest else None
    return _candidate(nest, stmt.target, products, {k: remains}, leaf, leaf.where, same)


def _of_sum(nest: Nest, one: Sum, places: Sequence[int], same: Same) -> Candidate:
    """``c[i, j] = rest + factor * t`` behind the loop that adds up t: the products are added to c behind that."""
    step, last = nest.leaves[places[1]], nest.leaves[places[2]]
    term = added(one.step)
    end = augmented(one.last)
    assert term is not None and isinstance(end, (ir.Store, ir.Augment))
    if isinstance(end, ir.Augment) and not nest.is_sum(end):
        raise Stay
    products: list[Term] = []
    rest: list[tuple[bool, ir.Expr]] = []
    negative = isinstance(end, ir.Augment) and end.op == "-"
    for minus, part in pieces(end.value):
        if one.name not in ir.names(part):
            rest.append((minus, part))
            continue
        for outer in _terms(nest, part, last.where, last.scalars):
            factors = tuple(f for f in outer.factors if f[0] != ir.Name(one.name))
            if len(factors) != len(outer.factors) - 1 or any(one.name in ir.names(f[0]) for f in factors):
                raise Stay
            for inner in _terms(nest, term[1], step.where, step.scalars):
                sign = minus ^ negative ^ outer.minus ^ inner.minus
                products.append(Term(sign, factors + inner.factors))
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
    return _candidate(nest, target, products, left, step, last.where, same)


def _candidate(
    nest: Nest,
    target: ir.Index,
    products: Sequence[Term],
    left: Mapping[int, ir.Stmt | None],
    leaf: Leaf,
    end: Where,
    same: Same,
) -> Candidate:
    """leaf: the statement inside all loops. end: the place of the one that writes."""
    if not products or not all(_is_product(nest, term) for term in products):
        raise Stay
    # what reads the target comes first: before another one changes it
    products = sorted(products, key=lambda term: not _reads(nest, target, term))
    if any(_reads(nest, target, term) for term in products[1:]):
        raise Stay
    calls = tuple(_call(nest, target, term, leaf.where.path, same) for term in products)
    accesses = [
        nest.access(factor, where, "read")
        for term in products
        for factor, where in term.factors
        if isinstance(factor, ir.Index)
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


def _terms(nest: Nest, value: ir.Expr, where: Where, scalars: Mapping[str, Value]) -> Iterator[Term]:
    """The products whose sum a value is, scalars of the nest replaced by what they are."""
    if isinstance(value, ir.Name) and value.id in scalars:
        known = scalars[value.id]
        yield from _terms(nest, known.expr, known.where, known.scalars)
    elif isinstance(value, ir.Unary) and value.op == "-":
        for term in _terms(nest, value.operand, where, scalars):
            yield replace(term, minus=not term.minus)
    elif isinstance(value, ir.Binary) and value.op in ("+", "-"):
        yield from _terms(nest, value.left, where, scalars)
        for term in _terms(nest, value.right, where, scalars):
            yield replace(term, minus=term.minus ^ (value.op == "-"))
    elif isinstance(value, ir.Binary) and value.op == "*":
        rights = [*_terms(nest, value.right, where, scalars)]
        for left in _terms(nest, value.left, where, scalars):
            yield from (Term(left.minus ^ right.minus, left.factors + right.factors) for right in rights)
    else:
        yield Term(False, ((value, where),))


def _is_product(nest: Nest, term: Term) -> bool:
    """Whether a term is that of two elements, and of numbers that do not change in the nest."""
    elements = [f for f, _ in term.factors if isinstance(f, ir.Index)]
    others = [f for f, _ in term.factors if not isinstance(f, ir.Index)]
    return len(elements) == 2 and all(_is_constant(nest, f) for f in others)


def _reads(nest: Nest, target: ir.Index, term: Term) -> bool:
    """Whether a factor may lie in the array that is added to."""
    group = nest.memory.group
    return any(
        group(activity.root(f)) == group(activity.root(target)) for f, _ in term.factors if isinstance(f, ir.Index)
    )


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


def _call(nest: Nest, target: ir.Index, term: Term, path: tuple[Loop, ...], same: Same) -> ir.Stmt:
    """``products.add(c, scale, a, b)`` instead of the loops of `path`."""
    a, b = (f for f, _ in term.factors if isinstance(f, ir.Index))
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
    for box, beyond in _domains({form: shifts[form] for form in (rows, columns, inner)}, path, same):
        matrices = _Matrices(nest, dict(zip((rows, columns, inner), box, strict=True)), same)
        sure = all(matrices.within(place, forms) for place, forms in zip((target, a, b), at, strict=True))
        spelt = [matrices.of(*matrix) for matrix in zip((target, a, b), at, orders, strict=True)]
        spelt.insert(1, _scale(term))
        extents = {} if sure else {"shape": ir.Tuple(tuple(_stop([h - r.low for h in r.highs]) for r in box))}
        name = "srcad_runtime.products.add" + ("_where" if beyond else "")
        call = ir.Do(ir.call(name, *spelt, *beyond, **extents))
        if sure:
            break
    return call


def _dtype(nest: Nest, place: ir.Index) -> str:
    kind = nest.program.types.get(place.base.id) if isinstance(place.base, ir.Name) else None
    return kind.dtype or "" if isinstance(kind, Num) else ""


def _scale(term: Term) -> ir.Expr:
    total: ir.Expr | None = None
    for factor, _ in term.factors:
        if not isinstance(factor, ir.Index):
            total = factor if total is None else ir.Binary("*", total, factor)
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


def _domains(forms: Mapping[Dim, Dim], path: tuple[Loop, ...], same: Same) -> Iterator[tuple[Sequence[Range], Beyond]]:
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
    inside = {counter: same(_put(value, moved)) for counter, value in zip(counters, values, strict=True)}
    rows = [same(_put(d, inside)) for p in path for d in (symbol(p.counter) - p.low, p.high - 1 - symbol(p.counter))]
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
    same: Same

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
        low = self.same(bounds.low + form.fixed)
        highs = self.highs(form)
        if not not_negative(low):
            raise Stay  # a negative index counts from the end
        ends = highs == [self.extent(place, axis)]
        return ir.Slice(None if low == Dim(0) else plain(low), None if ends else _stop(highs))

    def highs(self, form: Form) -> list[Dim]:
        return [self.same(high + form.fixed) for high in self.ranges[form.moving].highs]

    def extent(self, place: ir.Index, axis: int) -> Dim | None:
        found = types.number(ir.Index(ir.Attr(place.base, "shape"), (ir.Const(axis),)), self.nest.known)
        return None if found is None else self.same(found)

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


def _symmetric(one: ir.Call, other: ir.Call) -> ir.Stmt | None:
    """``add_symmetric`` for ``c += s * a @ b`` and ``c += s * (a @ b).T`` in a triangle of c; None for others."""
    if one.args[4:] != other.args[4:] or one.kwargs != other.kwargs or one.args[4].value != "j <= i":  # type: ignore[union-attr]
        return None
    (c, scale, a, b, _, *by), (*rest, right, left) = one.args, other.args[:4]
    if rest != [c, scale] or not _turned(a, left) or not _turned(b, right):
        return None
    return ir.Do(replace(one, fn=ir.Ref("srcad_runtime.products.add_symmetric"), args=(c, scale, a, b, *by)))


def _turned(one: ir.Expr, other: ir.Expr) -> bool:
    return one == ir.Attr(other, "T") or other == ir.Attr(one, "T")


def _mirror(one: ir.Stmt, other: ir.Stmt) -> ir.Stmt | None:
    """``add_mirrored`` for ``c += s * low @ b`` and ``c += s * low.T @ b`` of a triangle; None for other products."""
    assert isinstance(one, ir.Do) and isinstance(one.value, ir.Call)
    assert isinstance(other, ir.Do) and isinstance(other.value, ir.Call)
    lower, upper = one.value, other.value
    if len(lower.args) < 5 or len(upper.args) < 5:
        return None
    if lower.args[4] != ir.Const(_PAIR[0]):
        lower, upper = upper, lower
    if tuple(call.args[4].value for call in (lower, upper)) != _PAIR or lower.kwargs != upper.kwargs:  # type: ignore[union-attr]
        return _symmetric(one.value, other.value)
    (c, scale, a, b, _, *by), (*rest, turned, last, _) = lower.args, upper.args[:5]
    offset, back = (types.number(call.args[5]) if len(call.args) > 5 else Dim(0) for call in (lower, upper))
    if rest != [c, scale] or last != b or offset is None or back != -offset:
        return None
    if not _turned(a, turned):
        return None
    name = "srcad_runtime.products.add_mirrored"
    return ir.Do(replace(lower, fn=ir.Ref(name), args=(c, scale, a, b, *by)))
