"""Which types hold without assumptions.

Types (`Program.types`) hold under assumptions: a slice is taken to lie inside its axis, two extents that meet to be
equal. A loop that relied on that would read out of range where NumPy clips a slice or raises. `trusted` keeps what
follows without assumptions.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace

from srcad_runtime.compiled_names import SPECIAL

from srcad import ir, types
from srcad.dims import Dim, never_one
from srcad.program import Program
from srcad.signatures import SIGNATURES
from srcad.types import UNKNOWN, Abstract, Num, Seq, Struct

ONE = Dim(1)
# functions that numba compiles for scalars, and that NumPy applies element by element
ELEMENTWISE = SPECIAL | frozenset(
    """
    absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cbrt ceil conj conjugate copysign cos cosh deg2rad
    degrees divide equal exp exp2 expm1 fabs floor floor_divide fmax fmin fmod greater greater_equal hypot imag isfinite
    isinf isnan less less_equal log log10 log1p log2 logaddexp logaddexp2 logical_and logical_not logical_or logical_xor
    maximum minimum mod multiply negative not_equal positive power rad2deg radians real reciprocal remainder rint sign
    signbit sin sinh sqrt square subtract tan tanh true_divide trunc where
    """.split()
)
# other functions of which the extents of the result follow from those of their arguments
SHAPED = frozenset(
    """
    sum mean prod max min amax amin any all cumsum cumprod copy zeros_like ones_like full_like empty_like clip
    concatenate expand_dims swapaxes moveaxis flip stack sort argsort roll srcad_runtime.astype
    """.split()
)


def trusted(program: Program) -> dict[str, Abstract]:
    """The program's types with every extent and number forgotten that does not follow from the assignments alone."""
    known = dict(program.types)
    for seed in program.seeds:  # given from outside: that an extent is 1 is all that is relied on
        known[seed.name] = _ones(known.get(seed.name, UNKNOWN))
    sources = list(_sources(program.body))
    changed = True
    while changed:
        changed = False
        for name, value in sources:
            old = known.get(name, UNKNOWN)
            new = _agreed(old, value(known))
            if new != old:
                known[name], changed = new, True
    return known


Source = tuple[str, Callable[[Mapping[str, Abstract]], Abstract]]


def _sources(body: Sequence[ir.Stmt]) -> Iterator[Source]:
    """(variable, its new type given the types of the others) for everything that sets a variable."""
    for stmt in ir.walk(tuple(body)):
        if isinstance(stmt, ir.Assign) and stmt.value == ir.List(()):
            continue  # of any type
        if isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Name):
            yield stmt.target.id, _evaluated(stmt.value)
        elif isinstance(stmt, ir.Assign) and isinstance(stmt.target, ir.Tuple):
            yield from _unpacked(stmt.target, stmt.value)
        elif isinstance(stmt, (ir.For, ir.Augment)) and isinstance(stmt.target, ir.Name):
            yield stmt.target.id, _changed(stmt.target.id)
        elif isinstance(stmt, ir.Push):
            yield stmt.stack, _pushed(stmt.value)
        elif isinstance(stmt, ir.Pop) and isinstance(stmt.target, ir.Name):
            yield stmt.target.id, _popped(stmt.stack)


def _evaluated(expr: ir.Expr) -> Callable[[Mapping[str, Abstract]], Abstract]:
    spelt_out = _is_spelt_out(expr)
    return lambda known: evaluated(expr, known) if spelt_out else UNKNOWN


def evaluated(expr: ir.Expr, known: Mapping[str, Abstract]) -> Abstract:
    """The type of an expression, without what would only hold under an assumption: where NumPy would raise there is no
    value."""
    noted: types.Assumptions = []
    found = types.infer(expr, known, noted)
    sure = all(a.op == "=" or a.op == "==" and never_one(a.left) and never_one(a.right) for a in noted)
    return found if sure and _is_spelt_out(expr) else _forget(found)


@ir.kept
def _is_spelt_out(expr: ir.Expr) -> bool:
    """Whether the shape of every call follows from a rule; an answer found by trying may hold for the tries only."""
    paths = [n.fn.path if isinstance(n.fn, ir.Ref) else "" for n in ir.walk(expr) if isinstance(n, ir.Call)]
    return all(path in SIGNATURES or path.removeprefix("numpy.") in ELEMENTWISE | SHAPED for path in paths)


def _changed(name: str) -> Callable[[Mapping[str, Abstract]], Abstract]:
    """A counter, or ``x += e``: a number is another one, an array keeps its shape."""

    def value(known: Mapping[str, Abstract]) -> Abstract:
        old = known.get(name, UNKNOWN)
        return old if isinstance(old, Num) and old.dims else types.INT

    return value


def _unpacked(target: ir.Tuple, value: ir.Expr) -> Iterator[Source]:
    for k, item in enumerate(target.items):
        if isinstance(item, ir.Name):
            part = value.items[k] if isinstance(value, ir.Tuple) else None
            yield item.id, _evaluated(part) if part is not None else _item(value, k)


def _item(value: ir.Expr, k: int) -> Callable[[Mapping[str, Abstract]], Abstract]:
    def found(known: Mapping[str, Abstract]) -> Abstract:
        whole = evaluated(value, known) if _is_spelt_out(value) else UNKNOWN
        return whole.items[k] if isinstance(whole, Struct) and k < len(whole.items) else UNKNOWN

    return found


def _pushed(expr: ir.Expr) -> Callable[[Mapping[str, Abstract]], Abstract]:
    def value(known: Mapping[str, Abstract]) -> Abstract:
        found = evaluated(expr, known) if _is_spelt_out(expr) else UNKNOWN
        return Seq(found) if isinstance(found, Num) else UNKNOWN

    return value


def _popped(stack: str) -> Callable[[Mapping[str, Abstract]], Abstract]:
    def value(known: Mapping[str, Abstract]) -> Abstract:
        found = known.get(stack)
        return found.element if isinstance(found, Seq) else UNKNOWN

    return value


def _forget(t: Abstract) -> Abstract:
    if isinstance(t, Struct):
        return replace(t, items=tuple(map(_forget, t.items)))
    return replace(t, dims=t.dims and (None,) * len(t.dims), number=None) if isinstance(t, Num) else t


def _ones(t: Abstract) -> Abstract:
    if not isinstance(t, Num) or not t.dims:
        return t
    return replace(t, dims=tuple(d if d == ONE else None for d in t.dims))


def _agreed(old: Abstract, new: Abstract) -> Abstract:
    """`old`, without the extents and the number that `new` does not confirm. Rank and dtype are kept."""
    if isinstance(old, Seq):
        element = _agreed(old.element, new.element if isinstance(new, Seq) else UNKNOWN)
        return Seq(element) if isinstance(element, Num) else old
    if not isinstance(old, Num):
        return old
    if not isinstance(new, Num):
        new = UNKNOWN
    dims = old.dims
    if dims:
        same = new.dims if new.dims is not None and len(new.dims) == len(dims) else (None,) * len(dims)
        dims = tuple(d if d == e else None for d, e in zip(dims, same, strict=True))
    return replace(old, dims=dims, number=old.number if old.number == new.number else None)
