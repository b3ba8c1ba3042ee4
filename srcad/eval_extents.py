"""Extents that decide what the program is: it is made for those of the call at hand, where they are short.

``Point(*x)`` or a list of functions, one per element, need the number of elements. The evaluation begins again with the
extents known (`leaves.Extent`, baked in like any number that decides the structure); another length gets a program of
its own. The command line, which sees no call, has them from the types only (``x=f8[3]``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from srcad import ir, scope
from srcad.dims import Dim, symbol
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator, Restart
from srcad.eval_order import names_in
from srcad.eval_values import static
from srcad.leaves import Extent
from srcad.types import Num
from srcad.values import Dyn, Generator, Lazy, Value

FEW = 64  # items that are written out where their number decides the program


def settle(ev: Evaluator, value: Value, most: int = FEW, refusal: Unsupported | None = None) -> None:
    """Begin again with the number of items of `value` known, if it is that of arguments and at most `most`."""
    for text in sorted({text for count in _counts(ev, value) for text in count.symbols}):
        decide(ev, text, most, refusal)


def write_out(ev: Evaluator, value: Value, refusal: Unsupported) -> None:
    """Begin again with the comprehension written out that made a list, whose items then stand for themselves."""
    for name in names_in(value):
        site = ev.cx.made_by.get(name)
        if site is not None and ("unroll", site) not in ev.cx.decisions:
            raise Restart(("unroll", site), refusal)


def decide(ev: Evaluator, text: str, most: int = FEW, refusal: Unsupported | None = None) -> None:
    """Begin again with one extent known, ``x.shape[0]``, if it is an argument's or a captured array's."""
    found = _input(ev, text)
    if found is None:
        return
    own, axis = found
    path = (*own.path, Extent(axis))
    length = ev.cx.extents.get(text) if own.origin == "param" else _now(ev, own.origin, path)
    if length is not None and length <= most:
        raise Restart(("bake", own.origin, path), refusal)


def _now(ev: Evaluator, origin: str, path: tuple[Any, ...]) -> int | None:
    """An extent of a captured array; None where the file is not run."""
    try:
        return int(scope.read(ev.root, origin, path))
    except (LookupError, AttributeError):
        return None


def _input(ev: Evaluator, text: str) -> tuple[Any, int] | None:
    """The kernel's input that has an extent, and its axis."""
    for own in ev.cx.inputs:
        kind = ev.cx.types.get(own.name)
        for axis, dim in enumerate(kind.dims or () if isinstance(kind, Num) else ()):
            if dim == symbol(text):
                return own, axis
    return None


def _counts(ev: Evaluator, value: Value) -> Iterator[Dim]:
    """The linear forms that decide how many items there are."""
    if isinstance(value, Dyn) and isinstance(value.type, Num) and value.type.dims:
        if value.type.dims[0] is not None:
            yield value.type.dims[0]
    elif isinstance(value, Lazy) and value.kind == "range":
        for bound in value.args:
            if not static(ev, bound)[0] and isinstance(bound, Dyn) and isinstance(bound.type, Num):
                yield bound.type.number or Dim(0)
    elif isinstance(value, Lazy):
        for part in value.args:
            yield from _counts(ev, part)
    elif isinstance(value, Generator):
        source = value.expr.generators[0].iter
        if isinstance(source, ir.Name) and source.id in ev.state.frames[value.frame]:
            yield from _counts(ev, ev.state.frames[value.frame][source.id])
