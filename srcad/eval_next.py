"""``next``: an iterator of a sequence is the sequence and a position, which belongs to the program's state.

A loop over an iterator from which items were taken runs over the rest. After a loop, an iterator counts as used up
(`eval_iter.consume`), although Python would go on behind a ``break``: taking from it once more is refused.
"""

from __future__ import annotations

from dataclasses import replace

from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_core import Evaluator
from srcad.eval_values import constant, residual, static
from srcad.rules import iteration
from srcad.types import INT, Num
from srcad.values import Dyn, Known, Lazy, Ptr, Value, certain

ORIGIN = constant(0)


def take(ev: Evaluator, iterator: Lazy, default: list[Value], loc: ir.Loc | None) -> Value:
    """The next item; behind the last one the default, if there is one, or StopIteration."""
    from srcad import eval_itertools
    from srcad.eval_iter import unrolled
    from srcad.eval_operators import binary

    if str(iterator.serial) in ev.state.frames.get("#used", {}):
        reason = "cannot differentiate an iterator that is taken from behind a loop over it"
        raise Unsupported(reason, loc, "Make it a list first.")
    source, position = iterator.args[0], _position(ev, iterator)
    known, k = static(ev, position)
    items = unrolled(ev, source) if known and not isinstance(source, Dyn) else None
    if items is not None:
        if k < len(items):
            _move(ev, iterator, constant(k + 1), loc)
            return items[k]
        if not default:
            raise certain(StopIteration())
        _move(ev, iterator, constant(iteration.END), loc)
        return default[0]
    if not isinstance(source, (Dyn, Ptr)):
        raise Unsupported("cannot differentiate next of such an iterator", loc, "Make it a list first.")
    found = eval_itertools.read(ev, iteration.item_or if default else iteration.item, [source, position, *default], loc)
    if isinstance(found, Dyn):
        found = ev.temp("item", found, loc)  # read before the position moves
    if not default and isinstance(source, Dyn) and isinstance(source.type, Num):  # no more will come
        _move(ev, iterator, binary(ev, "+", position, constant(1), loc), loc)
    else:
        _move(ev, iterator, eval_itertools.read(ev, iteration.following, [source, position], loc), loc)
    return found


def rest(ev: Evaluator, value: Value, loc: ir.Loc | None) -> Value:
    """What a consumer of an iterable gets: of iterators that were taken from, which are used up now, what is left."""
    from srcad.eval_builtins import HANDLERS
    from srcad.eval_generators import is_stream
    from srcad.eval_iter import ONE_SHOT, consume

    if not isinstance(value, Lazy) or value.kind not in ONE_SHOT:
        return value
    if value.kind == "iter" and _position(ev, value) != ORIGIN:
        consume(ev, value, loc)
        return _resumed(ev, value, loc)
    parts = tuple(rest(ev, arg, loc) for arg in value.args)
    if value.kind in ("zip", "enumerate", "map") and any(map(is_stream, parts)):
        return HANDLERS[f"builtins.{value.kind}"](ev, list(parts), {}, loc)  # type: ignore[no-any-return]
    return replace(value, args=parts)


def _resumed(ev: Evaluator, iterator: Lazy, loc: ir.Loc | None) -> Lazy:
    """Another iterator over what is left."""
    ev.cx.boxes += 1
    if skipped(ev, iterator) is None:
        return Lazy("iter", (left(ev, iterator, loc),), ev.cx.boxes)
    found = replace(iterator, serial=ev.cx.boxes)
    ev.state.frames["#objects"][_key(found)] = _position(ev, iterator)
    return found


def left(ev: Evaluator, iterator: Lazy, loc: ir.Loc | None) -> Value:
    """The items that an iterator still has."""
    position = _position(ev, iterator)
    return iterator.args[0] if position == ORIGIN else _behind(ev, iterator.args[0], position, loc)


def skipped(ev: Evaluator, iterator: Lazy) -> int | None:
    """How many items were taken from an iterator of a container, where that is known; None for one of an array."""
    known, k = static(ev, _position(ev, iterator))
    return k if known and not isinstance(iterator.args[0], Dyn) else None


def _behind(ev: Evaluator, source: Value, position: Value, loc: ir.Loc | None) -> Value:
    from srcad import eval_itertools
    from srcad.eval_index import index, slice_of

    if isinstance(source, Dyn) and isinstance(source.type, Num):
        return index(ev, source, [slice_of(ev, [position, None, None], loc)], loc)
    return eval_itertools.read(ev, iteration.behind, [source, position], loc)


def _key(iterator: Lazy) -> str:
    return f"iterator {iterator.serial}.position"


def begin(ev: Evaluator, iterator: Lazy) -> Lazy:
    ev.state.frames.setdefault("#objects", {})[_key(iterator)] = ORIGIN
    return iterator


def _position(ev: Evaluator, iterator: Lazy) -> Value:
    return ev.state.frames.get("#objects", {}).get(_key(iterator), ORIGIN)


def _move(ev: Evaluator, iterator: Lazy, position: Value, loc: ir.Loc | None) -> None:
    key = _key(iterator)
    if not isinstance(position, Known) and not static(ev, position)[0]:
        slot = ev.slot(f"position#{iterator.serial}", INT)
        ev.note_type(slot, INT)
        ev.put([(slot, residual(ev, position, loc))], loc, {("#objects", key)})
        position = Dyn(ir.Name(slot), INT)
    ev.state.frames["#objects"][key] = position
