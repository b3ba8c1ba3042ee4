"""Assignment targets: unpacking, swaps, starred names and element targets.

Python evaluates the right side first, left to right, then assigns the targets left to right. No copies are made: a
temporary holds what the expression gives, a view too.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from srcad import ir
from srcad.naming import Names

Body = tuple[ir.Stmt, ...]
Pair = tuple[ir.Expr, ir.Expr]


def assign(stmt: ir.Assign, names: Names) -> Body:
    """The core statements of an assignment."""
    if isinstance(stmt.target, ir.Name):
        return (stmt,)
    return _Targets(names, stmt).assign(stmt.target, stmt.value)


def loop(stmt: ir.For, names: Names) -> ir.For:
    """A loop whose target is a name or a nest of names."""
    if all(isinstance(t, (ir.Name, ir.Tuple, ir.List)) for t in _nest(stmt.target)):
        return stmt
    item = ir.Name(names.fresh("item"), loc=stmt.loc)
    unpack = assign(ir.Assign(stmt.target, item, loc=stmt.loc), names)
    return dataclasses.replace(stmt, target=item, body=(*unpack, *stmt.body))


def _nest(target: ir.Expr) -> list[ir.Expr]:
    """A target and the targets in it."""
    return [target, *(t for item in _items(target) for t in _nest(item))]


def _items(target: ir.Expr) -> tuple[ir.Expr, ...]:
    return target.items if isinstance(target, (ir.Tuple, ir.List)) else ()


class _Targets:
    def __init__(self, names: Names, stmt: ir.Assign) -> None:
        self.names, self.stmt = names, stmt

    def assign(self, target: ir.Expr, value: ir.Expr) -> Body:
        if not isinstance(target, (ir.Tuple, ir.List)):
            return (self._one(target, value),)
        pairs = _pairs(target, value)
        if pairs is not None:
            return self._parallel(pairs)
        if any(isinstance(t, ir.Starred) for t in target.items):
            return self._starred(target, value)
        return self._unpack(target, value)

    def _one(self, target: ir.Expr, value: ir.Expr) -> ir.Stmt:
        if isinstance(target, ir.Index):
            return ir.Store(target, value, loc=self.stmt.loc)
        return ir.Assign(target, value, loc=self.stmt.loc)

    def _fresh(self, name: str) -> ir.Name:
        return ir.Name(self.names.fresh(name), loc=self.stmt.loc)

    # ---- a display on the right: as many values as targets ----

    def _parallel(self, pairs: list[Pair]) -> Body:
        order = _order(pairs)
        if order is not None:
            return tuple(s for k in order for s in self.assign(*pairs[k]))
        if _is_permutation(pairs):
            targets, values = zip(*pairs, strict=True)
            return (self._one(ir.Tuple(targets), ir.Tuple(values)),)
        before: list[ir.Stmt] = []
        kept = [(target, self._keep(value, _word(target), before)) for target, value in pairs]
        order = _order(kept)
        if order is None and all(isinstance(t, ir.Name) for t, _ in kept):
            targets, values = zip(*kept, strict=True)
            return (*before, self._one(ir.Tuple(targets), ir.Tuple(values)))
        if order is None:
            kept = [(target, self._keep(value, "value", before, names_too=True)) for target, value in kept]
            order = list(range(len(kept)))
        return (*before, *(s for k in order for s in self.assign(*kept[k])))

    def _keep(self, value: ir.Expr, name: str, before: list[ir.Stmt], names_too: bool = False) -> ir.Expr:
        """`value`, evaluated now."""
        if isinstance(value, (ir.Const, ir.Ref)) or isinstance(value, ir.Name) and not names_too:
            return value
        kept = self._fresh(name)
        before.append(ir.Assign(kept, value, loc=self.stmt.loc))
        return kept

    # ---- one value on the right ----

    def _unpack(self, target: ir.Tuple | ir.List, value: ir.Expr) -> Body:
        """``a, b = f(x)``: names are unpacked as they are, other targets are set from names."""
        after: list[ir.Stmt] = []
        names: list[ir.Expr] = []
        read: set[str] = set()  # by the targets so far: a name among these is set after them
        for k, t in enumerate(target.items):
            if isinstance(t, ir.Name) and t not in target.items[k + 1 :] and t.id not in read:
                names.append(t)
                continue
            names.append(self._fresh(_word(t)))
            after += self.assign(t, names[-1]) if t not in target.items[k + 1 :] else ()
            read |= set() if isinstance(t, ir.Name) else ir.names(t)
        return (ir.Assign(ir.Tuple(tuple(names), loc=target.loc), value, loc=self.stmt.loc), *after)

    def _starred(self, target: ir.Tuple | ir.List, value: ir.Expr) -> Body:
        """``a, *b, c = e`` by position; the starred target is a list."""
        before: list[ir.Stmt] = []
        if not isinstance(value, ir.Name):
            value = self._keep(ir.call("builtins.list", value), "items", before)
        star = next(k for k, t in enumerate(target.items) if isinstance(t, ir.Starred))
        behind = len(target.items) - star - 1
        if star and behind:  # else positions from both ends may be one
            before.append(self._enough(value, star + behind))
        pairs: list[Pair] = []
        for k, t in enumerate(target.items):
            if isinstance(t, ir.Starred):
                upper = ir.const(-behind) if behind else None
                part = ir.Index(value, (ir.Slice(ir.const(k), upper),))
                pairs.append((t.value, ir.call("builtins.list", part)))
            else:
                pairs.append((t, ir.Index(value, (ir.const(k if k < star else k - len(target.items)),))))
        return (*before, *self._parallel(pairs))

    def _enough(self, value: ir.Expr, least: int) -> ir.Stmt:
        text = ir.Const(f"not enough values to unpack (expected at least {least})")
        error = ir.Raise(ir.Call(ir.Ref("builtins.ValueError", ValueError), (text,)), loc=self.stmt.loc)
        short = ir.Compare(("<",), (ir.Call(ir.Ref("builtins.len", len), (value,)), ir.Const(least)), loc=self.stmt.loc)
        return ir.If(short, (error,), loc=self.stmt.loc)


def _word(target: ir.Expr) -> str:
    """What a value for `target` may be called before it is there."""
    return f"{target.id}_new" if isinstance(target, ir.Name) else "value"


def _pairs(target: ir.Tuple | ir.List, value: ir.Expr) -> list[Pair] | None:
    """(target, value) one by one where the right side is a display of the right length; nests are flattened."""
    items = _items(value)
    if any(isinstance(v, ir.Starred) for v in items) or not items:
        return None
    stars = [k for k, t in enumerate(target.items) if isinstance(t, ir.Starred)]
    if stars:
        star, behind = stars[0], len(target.items) - stars[0] - 1
        if len(items) < len(target.items) - 1:
            return None
        stop = len(items) - behind
        items = (*items[:star], ir.List(items[star:stop]), *items[stop:])
    if len(items) != len(target.items):
        return None
    flat: list[Pair] = []
    for t, v in zip(target.items, items, strict=True):
        inner = _pairs(t, v) if isinstance(t, (ir.Tuple, ir.List)) else None
        flat += inner if inner is not None else [(t.value if isinstance(t, ir.Starred) else t, v)]
    return flat


def _order(pairs: Sequence[Pair]) -> list[int] | None:
    """An order in which the assignments can be made one after the other, None if there is none."""
    if all(_independent(pairs[k], pairs[k + 1 :]) for k in range(len(pairs))):
        return list(range(len(pairs)))
    if not all(isinstance(t, ir.Name) for t, _ in pairs) or any(_has_effect(v) for _, v in pairs):
        return None
    if len({t for t, _ in pairs}) < len(pairs):
        return None
    rest, order = list(range(len(pairs))), []
    while rest:
        free = [k for k in rest if _independent(pairs[k], [pairs[j] for j in rest if j != k])]
        if not free:
            return None
        order.append(free[0])
        rest.remove(free[0])
    return order


def _independent(first: Pair, later: Sequence[Pair]) -> bool:
    """Whether `first` may be assigned before the values of the `later` ones are evaluated."""
    nest = [t for t in _nest(first[0]) if not _items(t)]
    if all(isinstance(t, ir.Name) for t in nest):
        return not any(ir.names(tuple(nest)) & ir.names(value) for _, value in later)
    return all(isinstance(value, (ir.Const, ir.Ref)) or _is_other(value, nest) for _, value in later)


def _is_other(value: ir.Expr, nest: list[ir.Expr]) -> bool:
    """A name that the targets do not set; what it holds is the same before and after a store."""
    return isinstance(value, ir.Name) and value not in nest


def _has_effect(value: ir.Expr) -> bool:
    return any(isinstance(n, (ir.Call, ir.Comprehension)) for n in ir.walk(value))


def _is_permutation(pairs: Sequence[Pair]) -> bool:
    """A swap or a rotation of names."""
    targets, values = [t for t, _ in pairs], [v for _, v in pairs]
    is_names = all(isinstance(e, ir.Name) for e in (*targets, *values))
    return is_names and len(set(targets)) == len(targets) and set(targets) == set(values)
