"""alike: extents of arguments on whose equality something depends, and are equal in the call at hand, become one.

``A[1:-1] = B[1:-1]`` broadcasts where B has three elements: in general the adjoint has to ask at run time how much to
sum. Called with A and B of one length it need not: the program is made for equal lengths then, raises where they
differ (a saved file may be called with anything), and a call in which they differ gets a program of its own. So it is
with indices: ``for j in range(A.shape[0]): A[i, j]`` stays inside a square matrix; and with a variable that holds a row
of one argument first and one of another later, which has one shape then. An integer argument counts as an
extent: ``range(n)`` with an n that is the length of an array. ``y[2]`` stays inside arrays of three and more.

Before: a program whose argument types have a symbol for every extent. After: the symbols to be replaced, `relied`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

from srcad import bounds, ir, leaves, types
from srcad.dims import Dim, dim_expr, is_extent, never_one, symbol
from srcad.program import Program
from srcad.shapes import Assumption, not_negative
from srcad.transforms.loops_types import ELEMENTWISE
from srcad.types import Abstract, Num, Struct

Shape = tuple["Dim | None", ...]


def relied(program: Program, sizes: Mapping[str, int], indices: bool) -> dict[str, str]:
    """Symbol -> the symbol that it is equal to, for the extents on whose equality something depends.

    sizes: the extents in the call at hand. indices: whether it matters that indices lie inside their arrays.
    """
    groups = _equal(sizes)
    group = {s: k for k, symbols in enumerate(groups) for s in symbols}
    order = {s: k for k, s in enumerate(s for symbols in groups for s in symbols)}
    found = [*_broadcast(program, group), *_lost(program, group)] if groups else []
    found += _indexed(program, group) if groups and indices else ()
    leader: dict[str, str] = {}
    for pair in found:
        s, t = sorted((_first(s, leader) for s in pair), key=order.__getitem__)
        leader |= {t: s} if s != t else {}
    return {s: _first(s, leader) for s in sorted(leader)}


def fixed(program: Program, sizes: Mapping[str, int]) -> dict[str, int]:
    """Symbol -> its extent in the call at hand, where it meets a constant that it is equal to, and that matters.

    ``a = np.zeros(2)``, then ``a += x``: made for an x of two, nothing is broadcast.
    """
    meetings = ((a, b) for one, two in _shape_pairs(program) for a, b in zip(one, two))
    found: dict[str, int] = {}
    for a, b in meetings:
        for dim, constant in ((a, b), (b, a)):
            if dim is None or constant is None or not constant.is_const or constant.const == 1 or dim.is_const:
                continue
            text, coef = dim.terms[0]
            if len(dim.terms) == 1 and coef == 1 and is_extent(text) and text in sizes:
                if dim.const + sizes[text] == constant.const:
                    found[text] = sizes[text]
    return dict(sorted(found.items()))


def _shape_pairs(program: Program) -> Iterator[tuple[Shape, Shape]]:
    """Shapes, last axis first, that meet in a write, or in a variable whose shape is lost thereby.

    Those that meet in an expression are taken to be equal (`guards` of the sweep), as far as they are not 1.
    """
    writes = [(s.target, s.value) for s in ir.walk(program.body) if isinstance(s, (ir.Store, ir.Augment))]
    for operands in (*writes, *_lost_values(program).values()):
        kinds = [types.infer(e, program.types, []) for e in operands]
        shapes = [k.dims[::-1] for k in kinds if isinstance(k, Num) and k.dims]
        yield from combinations(shapes, 2)


def baked(
    arguments: Sequence[Abstract], names: Sequence[str], extents: Mapping[str, int]
) -> list[tuple[str, Any, int]]:
    """The extents as `Request.baked` has them: (origin, path, n)."""
    found = []
    for name, t in zip(names, arguments, strict=True):
        found += [
            ("param", (*path, leaves.Extent(axis)), extents[s]) for s, path, axis in _places(t, (name,)) if s in extents
        ]
    return found


def _places(t: Abstract, path: tuple[Any, ...]) -> Iterator[tuple[str, tuple[Any, ...], int]]:
    if isinstance(t, Struct):
        for key, item in zip(t.keys, t.items, strict=True):
            yield from _places(item, (*path, key))
    elif isinstance(t, Num) and t.dims:
        for axis, d in enumerate(t.dims):
            if d is not None and d.terms:
                yield d.symbols[0], path, axis


def _equal(sizes: Mapping[str, int]) -> list[tuple[str, ...]]:
    """Symbols of equal extents, those of arrays first."""
    groups: dict[int, list[str]] = {}
    for text in sorted(sizes, key=lambda text: not is_extent(text)):
        groups.setdefault(sizes[text], []).append(text)
    return [tuple(symbols) for symbols in groups.values() if len(symbols) > 1]


def _broadcast(program: Program, group: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Pairs of symbols that must be equal for nothing to be broadcast where one extent may be 1."""
    for operands in _meetings((program.body, program.results)):
        kinds = [types.infer(e, program.types, []) for e in operands]
        shapes = [k.dims[::-1] for k in kinds if isinstance(k, Num) and k.dims]
        for one, two in combinations(shapes, 2):
            for a, b in zip(one, two):
                yield from _pairs(a, b, group)


def _lost(program: Program, group: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Pairs of symbols that must be equal for a variable that is set in several places to have one shape."""
    for name, exprs in _lost_values(program).items():
        kind = program.types[name]
        assert isinstance(kind, Num) and kind.dims
        kinds = [types.infer(e, program.types, []) for e in exprs]
        shapes = [k.dims for k in kinds if isinstance(k, Num) and k.dims and len(k.dims) == len(kind.dims)]
        for one, two in combinations(shapes, 2):
            for a, b in zip(one, two):
                yield from _pairs(a, b, group, shared=True)


def _lost_values(program: Program) -> dict[str, list[ir.Expr]]:
    """Variables that are set in several places and whose shape is not known for that, with what they are set to."""
    values: dict[str, list[ir.Expr]] = {}
    for node in ir.walk(program.body):
        if isinstance(node, ir.Assign) and isinstance(node.target, ir.Name):
            values.setdefault(node.target.id, []).append(node.value)

    def lost(name: str) -> bool:
        kind = program.types.get(name)
        return isinstance(kind, Num) and bool(kind.dims) and None in kind.dims  # type: ignore[operator]

    return {name: exprs for name, exprs in values.items() if len(exprs) > 1 and lost(name)}


def _indexed(program: Program, group: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    """Pairs of symbols that must be equal for indices to be proven to lie inside their arrays."""
    for dim in bounds.open_questions(program, slices=True):
        if dim is None:
            continue
        found: list[tuple[str, str]] = []
        for text in [s for s, coef in dim.terms if coef < 0]:
            coef = -dict(dim.terms)[text]
            partner = next((s for s, c in dim.terms if c == coef and group.get(s, -1) == group.get(text)), None)
            if partner is not None:
                dim = dim + (symbol(text) - symbol(partner)) * coef
                found.append((text, partner))
        if not_negative(dim):
            yield from found


def _first(text: str, leader: Mapping[str, str]) -> str:
    while text in leader:
        text = leader[text]
    return text


def _pairs(a: Dim | None, b: Dim | None, group: Mapping[str, int], shared: bool = False) -> list[tuple[str, str]]:
    """The symbols that must be equal for two extents to be so, if those are equal that have to be; else none.

    Asked of extents of which one may be 1 and the other not, as far as is known; if `shared`, of any.
    """
    if a is None or b is None or a.is_const or b.is_const or a.const != b.const:
        return []
    if not shared and never_one(a) and never_one(b):
        return []
    more, less = ([(s, abs(c)) for s, c in (a - b).terms if (c > 0) == positive] for positive in (True, False))
    found = []
    for text, coef in more:
        partner = next(((s, c) for s, c in less if c == coef and group.get(s, -1) == group.get(text)), None)
        if partner is None:
            return []
        less.remove(partner)
        found.append((text, partner[0]))
    return [] if less else found


def _meetings(nodes: Any) -> Iterator[tuple[ir.Expr, ...]]:
    """Expressions that are broadcast against each other."""
    for node in ir.walk(nodes):
        if isinstance(node, ir.Binary) and node.op != "@":
            yield node.left, node.right
        elif isinstance(node, ir.Compare):
            yield node.items
        elif isinstance(node, (ir.Store, ir.Augment)):
            yield node.target, node.value
        elif isinstance(node, ir.Call) and isinstance(node.fn, ir.Ref) and _is_elementwise(node.fn.path):
            yield node.args


def _is_elementwise(path: str) -> bool:
    return path.startswith("numpy.") and path.removeprefix("numpy.") in ELEMENTWISE


def _renamed(dim: Dim, names: Mapping[str, str]) -> Dim:
    total = Dim(dim.const)
    for text, coef in dim.terms:
        total = total + symbol(names.get(text, text)) * coef
    return total


def renamed(t: Abstract, names: Mapping[str, str]) -> Abstract:
    """An argument's type with the extents of `relied`."""
    if isinstance(t, Struct):
        return replace(t, items=tuple(renamed(item, names) for item in t.items))
    if not isinstance(t, Num) or t.dims is None:
        return t
    number = None if t.number is None else _renamed(t.number, names)
    return replace(t, dims=tuple(d if d is None else _renamed(d, names) for d in t.dims), number=number)


def filled(program: Program, sizes: Mapping[str, int]) -> dict[str, int]:
    """Extent -> how long an array must be for constant indices (``y[0]``) to lie inside, where that settles them all.

    sizes: the extents in the call at hand.
    """
    least: dict[str, int] = {}
    for dim in bounds.open_questions(program):
        if dim is None or len(dim.terms) != 1 or dim.terms[0][1] != 1 or not is_extent(dim.symbols[0]):
            return {}
        if sizes.get(dim.symbols[0], 0) < -dim.const:
            return {}
        least[dim.symbols[0]] = max(least.get(dim.symbols[0], 0), -dim.const)
    return dict(sorted(least.items()))


def guarded(program: Program, names: Mapping[str, str], least: Mapping[str, int]) -> Program:
    """The program made for these extents, which checks them."""
    made = [(i, path[-1].axis, n) for i in program.inputs for o, path, n in program.baked if _is_extent_of(i, o, path)]
    sizes = [(ir.Index(ir.Attr(ir.Name(i.name), "shape"), (ir.Const(axis),)), n) for i, axis, n in made]
    tests: tuple[ir.Expr, ...] = (
        *(ir.Compare(("!=",), (size, ir.Const(n))) for size, n in sizes),
        *(ir.Compare(("!=",), (dim_expr(symbol(b)), dim_expr(symbol(a)))) for b, a in names.items()),
        *(ir.Compare(("<",), (dim_expr(symbol(s)), ir.Const(n))) for s, n in least.items()),
    )
    if not tests:
        return program
    longer = tuple(Assumption(">=", symbol(s), Dim(n)) for s, n in least.items())
    program = replace(program, assumptions=(*program.assumptions, *longer))
    error = ir.call("builtins.ValueError", ir.Const(f"{program.name}: shapes unlike those in the docstring"))
    check = ir.If(tests[0] if len(tests) == 1 else ir.BoolOp("or", tests), (ir.Raise(error),))
    return replace(program, body=(check, *program.body), alike=(*names.items(), *least.items()))


def _is_extent_of(own: Any, origin: str, path: tuple[Any, ...]) -> bool:
    return isinstance(path[-1], leaves.Extent) and own.origin == origin and own.path == path[:-1]


# ---- what is equal in a call ----


Place = tuple[tuple[Any, ...], "int | None"]


def extents(t: Abstract, value: Any, path: tuple[Any, ...]) -> Iterator[tuple[str, int, Place]]:
    """(symbol, extent, (path, axis)) for every axis of the arrays of an argument that has a symbol.

    An integer is its own extent, with no axis.
    """
    if isinstance(t, Struct):
        for key, item in zip(t.keys, t.items, strict=True):
            yield from extents(item, leaves.follow(value, (key,)), (*path, key))
    elif isinstance(t, Num) and t.dims:
        for axis, (d, n) in enumerate(zip(t.dims, value.shape, strict=True)):
            if d is not None and d.terms:
                yield d.symbols[0], n, (path, axis)
    elif isinstance(t, Num) and t.number is not None and t.number.terms and type(value) is int:
        yield t.number.symbols[0], value, (path, None)
