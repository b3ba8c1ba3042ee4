"""What to call for a product of elements in loops: which parts of which matrices, and which triples of indices."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from srcad import ir, types
from srcad.dims import Dim, symbol
from srcad.polyhedra import coefficient, solved
from srcad.shapes import not_negative
from srcad.transforms.loops_text import plain
from srcad.transforms.products_access import bounds_of, put
from srcad.transforms.products_loops import Access, Loop, Nest, Stay, Where
from srcad.types import Num

ADD = "srcad_runtime.products.add"
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


def _is_constant(nest: Nest, factor: ir.Expr) -> bool:
    if isinstance(factor, ir.Const):
        return type(factor.value) in (int, float)
    kind = nest.program.types.get(factor.id) if isinstance(factor, ir.Name) else None
    real = isinstance(kind, Num) and kind.dims == () and (kind.dtype or "").startswith(("float", "int"))
    return real and isinstance(factor, ir.Name) and factor.id not in nest.bound


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


def call_for(nest: Nest, target: ir.Index, term: Term, path: tuple[Loop, ...]) -> ir.Stmt:
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
        name = ADD + ("_where" if beyond else "")
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
    inside = {counter: nest.same(put(value, moved)) for counter, value in zip(counters, values, strict=True)}
    rows = [nest.same(put(row, inside)) for row in bounds_of(path)]
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
