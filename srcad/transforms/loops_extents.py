"""Extents and integers where an array statement stands: what is proven, what has to be checked, how it is spelt.

Only what holds without assumptions (`loops_types`) counts as known. Everything else is a symbol of its own,
``x.shape[0]#3``: the extent of the array that x names at that place (its third).
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from srcad import ir, types
from srcad.dims import Dim, dim_expr, symbol
from srcad.program import Program
from srcad.transforms.loops_types import ONE, evaluated, trusted
from srcad.types import UNKNOWN, Abstract, Num

Dims = tuple[Dim, ...]
_EXTENT = re.compile(r"[\w.]+\.shape\[\d+\](#\d+)?")
State = tuple[dict[str, Dims], dict[str, tuple[Dim, Dim]], dict[Dim, Dim], dict[Dim, int], dict[Dim, ir.Expr]]


class Stay(Exception):
    """The statement at hand is not certain to be the same as a loop: it stays as it is."""


@dataclass(frozen=True)
class Cut:
    """A slice of an axis: its element i is the axis's element ``start + step * i``."""

    start: Dim
    length: Dim
    step: int


class Extents(Mapping[str, Abstract]):
    """Types at the place that is being rewritten: each variable as it is there, with a linear form for each extent."""

    def __init__(self, program: Program, rebound: set[str]) -> None:
        self.assumed = dict(program.types)
        self.known = trusted(program)
        self.rebound = rebound
        self.steady = dict(_steady(program, self.known))
        self.versions: dict[str, int] = {}
        self.pinned: dict[str, Dims] = {}  # extents of arrays that loops made, until their names change
        self.bounds: dict[str, tuple[Dim, Dim]] = {}  # lowest and highest value of a loop counter
        self.equal: dict[Dim, Dim] = {}  # extents that a check has found equal
        self.least: dict[Dim, int] = {}  # extents that a check has found so large (not negative), or larger
        self.spelling: dict[str, ir.Expr] = {}
        self.other_spelling: dict[Dim, ir.Expr] = {}
        self.lengths: dict[str, Dim] = {}  # symbols of rounded quotients: what their numerators are, rounding included

    # -- as a mapping, for `infer` --

    def __getitem__(self, name: str) -> Abstract:
        t = self.known[name]
        if not isinstance(t, Num):
            return t
        if t.dims == () and t.dtype in ("int64", "int32") and t.number is None:
            return replace(t, number=self._own(name, ir.Name(name)))
        if not t.dims:
            return t
        dims = self.pinned.get(name, t.dims)
        spelt = tuple(self._extent(name, k, d) for k, d in enumerate(dims))
        return t if spelt == t.dims else replace(t, dims=spelt)

    def __iter__(self) -> Iterator[str]:
        return iter(self.known)

    def __len__(self) -> int:
        return len(self.known)

    def _extent(self, name: str, axis: int, dim: Dim | None) -> Dim:
        spelt = _extent(name, axis)
        if dim is None:
            return self._own(f"{name}.shape[{axis}]", spelt, name)
        self.other_spelling.setdefault(dim, spelt)
        return dim

    def _own(self, text: str, spelt: ir.Expr, name: str = "") -> Dim:
        mark = f"{text}#{self.versions.get(name or text, 0)}"
        self.spelling[mark] = spelt
        return symbol(mark)

    # -- what changes from place to place --

    def rebind(self, names: set[str]) -> None:
        """These variables are set here (or somewhere in the loop that begins or ends here)."""
        if not names:
            return
        for name in names:
            self.versions[name] = self.versions.get(name, 0) + 1
            self.pinned.pop(name, None)
        self.unspell(names)

    def unspell(self, names: set[str]) -> None:
        """These variables no longer say how long anything is: they are set anew, or are no arrays any more."""
        self.other_spelling = {d: e for d, e in self.other_spelling.items() if not ir.names(e) & names}
        self.spelling = {s: e for s, e in self.spelling.items() if not ir.names(e) & names}

    def declare(self, name: str, kind: Num, assumed: tuple[Dim | None, ...] | None) -> None:
        """A new variable of the pass's own, and what differentiation took its extents to be."""
        self.known[name] = replace(kind, dims=kind.dims and (None,) * len(kind.dims), number=None)
        self.assumed[name] = replace(kind, dims=assumed if assumed is not None else kind.dims, number=None)

    def loop_variable(self, name: str) -> None:
        """A placeholder of a loop variable; it is not negative."""
        self.known[name] = self.assumed[name] = Num("int64", (), True, symbol(name))

    def bound(self, counter: ir.Name, bounds: Sequence[Dim | None]) -> None:
        """`counter` runs over a range with these bounds, here."""
        start, stop, step = bounds
        own = self.linear(counter)
        if own is None or start is None or stop is None or step not in (ONE, Dim(-1)):
            return
        self.bounds[own.symbols[0]] = (start, stop - 1) if step == ONE else (stop + 1, start)

    def pin(self, name: str, dims: Dims) -> None:
        if dims:
            self.pinned[name] = dims

    def state(self) -> State:
        return dict(self.pinned), dict(self.bounds), dict(self.equal), dict(self.least), dict(self.other_spelling)

    def restore(self, state: State) -> None:
        """Forget what was found inside a branch or loop that ends here."""
        pinned, bounds, equal, least, spelling = state
        self.other_spelling = {d: e for d, e in spelling.items() if self.other_spelling.get(d) == e}
        self.bounds, self.equal, self.least = dict(bounds), dict(equal), dict(least)
        self.pinned = {n: d for n, d in pinned.items() if self.pinned.get(n) == d}

    def fixed(self) -> frozenset[str]:
        """Variables that are set again and again, and whose shapes stay what they are."""
        return frozenset(self.steady.values()) & self.rebound

    # -- questions --

    def of(self, expr: ir.Expr) -> Num:
        """The type of an expression; an extent that only holds under an assumption is None."""
        found = evaluated(expr, self)
        return found if isinstance(found, Num) else UNKNOWN

    def assumed_dims(self, expr: ir.Expr) -> tuple[Dim | None, ...] | None:
        """The extents that differentiation took for granted."""
        found = types.infer(expr, self.assumed, [])
        return found.dims if isinstance(found, Num) else None

    def canonical(self, dim: Dim) -> Dim:
        while dim in self.equal:
            dim = self.equal[dim]
        return dim

    def same(self, a: Dim, b: Dim) -> bool:
        return self.canonical(a) == self.canonical(b)

    def unite(self, a: Dim, b: Dim) -> None:
        a, b = self.canonical(a), self.canonical(b)
        if a != b:
            self.equal[b] = a

    def linear(self, expr: ir.Expr) -> Dim | None:
        """An integer expression in linear form."""
        found = types.infer(expr, self, [])
        return found.number if isinstance(found, Num) and found.dims == () else None

    def differ(self, one: ir.Expr, other: ir.Expr) -> bool:
        """Whether two indices, neither counted from the end, are proven to be different."""
        a, b = self.linear(one), self.linear(other)
        if a is None or b is None:
            return False
        gap = a - b
        return gap.is_const and gap.const != 0 and self.at_least_zero(a) and self.at_least_zero(b)

    def at_least_zero(self, dim: Dim, depth: int = 0) -> bool:
        """Whether a linear form is proven not to be negative: extents are not, and counters lie within their range."""
        if dim in self.least:
            return True
        for text, coef in dim.terms:
            if text in self.bounds and depth < 6:
                low, high = self.bounds[text]
                bound = low if coef > 0 else high
                return self.at_least_zero(dim - symbol(text) * coef + bound * coef, depth + 1)
        return dim.const >= 0 and all(coef > 0 and self._is_extent(text, depth) for text, coef in dim.terms)

    def has_places(self, extent: Dim, count: int) -> bool:
        """Whether an extent is proven to be at least so large."""
        return self.least.get(extent, 0) >= count or self.at_least_zero(extent - count)

    def _is_extent(self, text: str, depth: int) -> bool:
        """Whether a symbol is an array's extent, or the length of a slice that cannot begin behind the array's end."""
        if text in self.lengths:
            return depth < 6 and self.at_least_zero(self.lengths[text], depth + 1)
        return _EXTENT.fullmatch(text) is not None

    # -- slices --

    def cut(self, extent: Dim, item: ir.Slice) -> Cut:
        """A slice in linear form. Raises Stay where NumPy might clip it."""
        step = 1 if item.step is None or item.step == ir.NONE else self._constant(item.step)
        lower = None if item.lower is None or item.lower == ir.NONE else self._number(item.lower)
        upper = None if item.upper is None or item.upper == ir.NONE else self._number(item.upper)
        if step == 0:
            raise Stay
        if step < 0:
            return self._backward(extent, lower, upper, step)
        start = Dim(0) if lower is None else self._start(extent, lower)
        stop = extent if upper is None else self._stop(extent, upper)
        return Cut(start, self._ceil(stop - start, step), step)

    def _backward(self, extent: Dim, lower: Dim | None, upper: Dim | None, step: int) -> Cut:
        start = extent - 1
        if lower is not None:
            start = extent + lower if lower.is_const and lower.const < 0 else lower
            if not (lower.is_const and lower.const < 0) and not self._inside(extent - 1, lower):
                raise Stay
        stop = Dim(-1)
        if upper is not None:
            stop = upper
            if not (upper.is_const and upper.const >= 0) and not self._inside(extent - 1, upper):
                raise Stay
        return Cut(start, self._ceil(start - stop, -step), step)

    def _start(self, extent: Dim, lower: Dim) -> Dim:
        if lower.is_const and lower.const < 0:
            lower = extent + lower
        if not self.at_least_zero(lower):
            raise Stay
        return lower

    def _stop(self, extent: Dim, upper: Dim) -> Dim:
        if upper.is_const and upper.const < 0:
            return extent + upper
        behind = extent - upper
        # n - 1 and n - 2 may be negative, but then no element is left, as for NumPy, which counts them from the end
        if behind.is_const and 0 <= behind.const <= 2 or self._inside(extent, upper):
            return upper
        raise Stay

    def _inside(self, extent: Dim, bound: Dim) -> bool:
        return self.at_least_zero(bound) and self.at_least_zero(extent - bound)

    def _constant(self, expr: ir.Expr) -> int:
        found = self.linear(expr)
        if found is None or not found.is_const:
            raise Stay
        return found.const

    def _number(self, expr: ir.Expr) -> Dim:
        found = self.linear(expr)
        if found is None:
            raise Stay
        return found

    def _ceil(self, span: Dim, step: int) -> Dim:
        """``ceil(span / step)`` in linear form, with a symbol for what does not divide."""
        if step == 1:
            return span
        if any(coef % step for _, coef in span.terms):
            text = f"ceil(({span - span.const // step * step}) / {step})"
            rest = span - span.const // step * step
            self.spelling[text] = ir.Binary("//", self.spelt(rest + (step - 1)), ir.Const(step))
            self.lengths[text] = rest + (step - 1)
            return symbol(text) + span.const // step
        return Dim(-(-span.const // step), tuple((s, c // step) for s, c in span.terms))

    # -- as text --

    def spelt(self, dim: Dim) -> ir.Expr:
        """A linear form as an expression that is right at this place. Raises Stay if there is none."""
        if dim in self.other_spelling and any(not self._is_spelt(s) for s in dim.symbols):
            return self.other_spelling[dim]
        return linear_expr(dim, self._symbol)

    def extent(self, dim: Dim) -> ir.Expr:
        """As `spelt`, for a number of elements: not below zero."""
        expr = self.spelt(dim)
        if dim.is_const:
            return ir.Const(max(dim.const, 0))
        return expr if self.at_least_zero(dim) else ir.call("builtins.max", expr, ir.Const(0))

    def _is_spelt(self, text: str) -> bool:
        if text in self.spelling or text in self.steady:
            return True
        return not _is_local(symbol(text)) and not ir.names(_parsed(text)) & self.rebound

    def _symbol(self, text: str) -> ir.Expr:
        if text in self.spelling:
            return self.spelling[text]
        if self._is_spelt(text):
            return _parsed(text)
        if symbol(text) in self.other_spelling:
            return self.other_spelling[symbol(text)]
        raise Stay


def _steady(program: Program, known: Mapping[str, Abstract]) -> Iterator[tuple[str, str]]:
    """(extent, name) of inputs whose shapes stay what they are however often the names are set."""
    for name in (i.name for i in program.inputs):
        kind = known.get(name)
        own = [f"{name}.shape[{axis}]" for axis in range(len(kind.dims or ()) if isinstance(kind, Num) else 0)]
        if own and isinstance(kind, Num) and kind.dims == tuple(map(symbol, own)):
            yield from ((text, name) for text in own)


@functools.lru_cache(maxsize=4096)
def _extent(name: str, axis: int) -> ir.Index:
    """``name.shape[axis]``"""
    return ir.Index(ir.Attr(ir.Name(name), "shape"), (ir.Const(axis),))


def _is_local(dim: Dim) -> bool:
    return any("#" in s or "ceil(" in s for s in dim.symbols)


def _parsed(text: str) -> ir.Expr:
    return dim_expr(symbol(text))


def linear_expr(dim: Dim, spell: Callable[[str], ir.Expr]) -> ir.Expr:
    """``2 * n - i + 1``: a positive term first, where there is one."""
    pieces = [(coef < 0, _times(abs(coef), spell(text))) for text, coef in dim.terms]
    if dim.const or not pieces:
        pieces.append((dim.const < 0, ir.Const(abs(dim.const))))
    (negative, expr), *rest = sorted(pieces, key=lambda piece: piece[0])
    if negative:
        expr = ir.Unary("-", expr)
    for minus, piece in rest:
        expr = ir.Binary("-" if minus else "+", expr, piece)
    return expr


def _times(factor: int, expr: ir.Expr) -> ir.Expr:
    return expr if factor == 1 else ir.Binary("*", ir.Const(factor), expr)
