"""places: which elements of arrays statements read and write, in which iterations, and whether these can be one.

A `Place` is what a statement accesses in all its iterations: an index for each axis, in linear form of the counters of
the loops around, or a range of them. `precedes` asks whether an iteration of one accesses an element that an iteration
of another, at the same time or later, accesses too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass

from srcad import ir
from srcad.dims import Dim, symbol
from srcad.facts import Shapes
from srcad.integers import possible

Forms = tuple[list[Dim], list[Dim]]  # zero, and not negative


@dataclass(frozen=True, eq=False)
class Round:
    """A loop around. counter: None where it has none; first, last: bounds of its values; step: 1, -1, or 0 unknown."""

    counter: str | None
    first: Dim | None = None
    last: Dim | None = None
    step: int = 0


@dataclass(frozen=True, eq=False)
class Place:
    """items: None where nothing is known. order: of the statement in the program's text."""

    items: tuple[ir.Expr, ...] | None
    order: float
    rounds: tuple[Round, ...]


@dataclass(frozen=True)
class Space:
    """What indices are made of. moving: variables that have several values; reset: counters that loops do not own."""

    shapes: Shapes
    moving: Set[str]
    reset: Set[str] = frozenset()

    def round(self, loop: ir.For | ir.While) -> Round:
        if not isinstance(loop, ir.For) or not isinstance(loop.target, ir.Name) or loop.target.id in self.reset:
            return Round(None)
        assert isinstance(loop.iter, ir.Call)
        start, stop, step = loop.iter.args
        bounds = self.number(start), self.number(stop)
        if step == ir.Const(1):
            return Round(loop.target.id, bounds[0], None if bounds[1] is None else bounds[1] - 1, 1)
        if step == ir.Const(-1):
            return Round(loop.target.id, None if bounds[1] is None else bounds[1] + 1, bounds[0], -1)
        return Round(loop.target.id)

    def number(self, expr: ir.Expr) -> Dim | None:
        number = self.shapes.of(expr).number
        return None if number is None else self.shapes.canonical(number)

    # ---- questions ----

    def precedes(self, one: Place, other: Place) -> bool:
        """Whether an element that `one` accesses may be accessed by `other` at the same step or later."""
        common = 0
        for a, b in zip(one.rounds, other.rounds):
            if a is not b:
                break
            common += 1
        same = self._same(one, other)
        for k in range(common + 1):
            if k == common and one.order > other.order:
                continue
            zero, least = list(same[0]), list(same[1])
            for level in one.rounds[:k]:
                if level.counter is not None:
                    zero.append(self._var(level, one) - self._var(level, other))
            if k < common and one.rounds[k].counter is not None and (step := one.rounds[k].step):
                level = one.rounds[k]
                least.append((self._var(level, other) - self._var(level, one)) * step - 1)
            if possible(zero, least):
                return True
        return False

    def _same(self, one: Place, other: Place) -> Forms:
        """What holds where both are in their ranges and access one element."""
        zero: list[Dim] = []
        least = [*self._rounds(one), *self._rounds(other)]
        for k, (a, b) in enumerate(zip(one.items or (), other.items or ())):
            forms = []
            for item, place in ((a, one), (b, other)):
                name = symbol(f"axis {k} of {id(place)}")
                own = self._item(item, place, name, least)
                zero += own[0]
                least += own[1]
                forms.append(name)
            zero.append(forms[0] - forms[1])
        return zero, least

    def _item(self, item: ir.Expr, place: Place, name: Dim, given: Sequence[Dim]) -> Forms:
        """What is known of the place's index along an axis, called `name`. given: what holds of its counters."""
        if isinstance(item, ir.Slice):
            if item.step not in (None, ir.Const(1)):
                return [], [name]
            least = [name]
            lower = Dim(0) if item.lower is None else self._value(item.lower, place)
            upper = None if item.upper is None else self._value(item.upper, place)
            if lower is not None and self._counted(lower, given):
                least.append(name - lower)
            if upper is not None and self._counted(upper, given):
                least.append(upper - 1 - name)
            return [], least
        value = self._value(item, place)
        return ([name - value], []) if value is not None and self._counted(value, given) else ([], [])

    def _counted(self, value: Dim, given: Sequence[Dim]) -> bool:
        """Whether an index is certainly not counted from the end."""
        return not possible([], [*given, -value - 1])

    def _value(self, expr: ir.Expr, place: Place) -> Dim | None:
        kind = self.shapes.of(expr)
        if kind.dims != () or kind.dtype is None or kind.dtype[0] not in "iu":
            return None
        number = self.number(expr)
        return None if number is None else self._known(number, place)

    def _rounds(self, place: Place) -> list[Dim]:
        found: list[Dim] = []
        for k, level in enumerate(place.rounds):
            if level.counter is None:
                continue
            outer = Place(None, place.order, place.rounds[:k])
            ends = [None if e is None else self._known(e, outer, place) for e in (level.first, level.last)]
            own = self._var(level, place)
            found += [own - ends[0]] if ends[0] is not None else []
            found += [ends[1] - own] if ends[1] is not None else []
        return found

    def _known(self, number: Dim, place: Place, of: Place | None = None) -> Dim | None:
        """A form in which counters are those of the place's iteration; None where it has variables that move."""
        counters: Mapping[str, Round] = {r.counter: r for r in place.rounds if r.counter is not None}
        total = Dim(number.const)
        for text, coef in number.terms:
            if text in counters:
                total = total + self._var(counters[text], of or place) * coef
            elif set(re.findall(r"[^\W\d]\w*", text)) & self.moving:
                return None
            else:
                total = total + symbol(text) * coef
        return total

    def _var(self, level: Round, place: Place) -> Dim:
        return symbol(f"{level.counter} {id(level)} of {id(place)}")
