"""A triangle and its mirror image are one product: two calls become one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from srcad import ir, types
from srcad.dims import Dim
from srcad.transforms.products_calls import ADD

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
    text = call.args[4] if call.fn == ir.Ref(f"{ADD}_where") else None
    return str(text.value) if isinstance(text, ir.Const) else ""


def _symmetric(one: ir.Call, other: ir.Call) -> ir.Stmt | None:
    """``add_symmetric`` for ``c += s * a @ b`` and ``c += s * (a @ b).T`` in a triangle of c; None for others."""
    if _where(one) != "j <= i" or one.args[4:] != other.args[4:] or one.kwargs != other.kwargs:
        return None
    (c, scale, a, b, _, *by), (*rest, right, left) = one.args, other.args[:4]
    if rest != [c, scale] or not _turned(a, left) or not _turned(b, right):
        return None
    return ir.Do(replace(one, fn=ir.Ref(f"{ADD}_symmetric"), args=(c, scale, a, b, *by)))


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
    return ir.Do(replace(lower, fn=ir.Ref(f"{ADD}_mirrored"), args=(c, scale, a, b, *by)))
