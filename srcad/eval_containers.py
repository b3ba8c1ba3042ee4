"""Containers of `collections` whose keys and lengths are known: dicts with defaults, and queues."""

from __future__ import annotations

import collections
import functools
from dataclasses import replace
from typing import Any

from srcad import ir
from srcad.errors import Unsupported
from srcad.eval_assign import plain, set_item
from srcad.eval_builtins import HANDLERS, Args, Kwargs, handles
from srcad.eval_core import Evaluator, list_site
from srcad.eval_sequences import items_of
from srcad.eval_values import constant, demand
from srcad.values import Box, Known, Ptr, Value, certain

# ---- dicts with defaults ----


@functools.cache
def _with_default(factory: Any) -> Any:
    """What makes a dict with this default, the same object every time."""
    return functools.partial(collections.defaultdict, factory)


def missing(ev: Evaluator, base: Ptr, box: Box, key: Any, loc: ir.Loc | None) -> Value | None:
    """What is read under a key that is not there: the default, which a `defaultdict` keeps; None if there is none."""
    if box.cls is collections.Counter:
        return constant(0)
    factory = box.cls.args[0] if isinstance(box.cls, functools.partial) and box.kind == "dict" else None
    if factory is None:
        return None
    value = ev.tuple_of([], "list", site=loc) if factory is list else constant(factory())
    set_item(ev, base, [plain(key)], value, loc)
    return ev.state.heap[base.id].items[-1]


def _filled(ev: Evaluator, cls: Any, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    made = HANDLERS["builtins.dict"](ev, args, kwargs, loc)
    assert isinstance(made, Ptr)
    ev.state.heap[made.id] = replace(ev.state.heap[made.id], cls=cls)
    return made


@handles("collections.OrderedDict")
def _ordered(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    return _filled(ev, collections.OrderedDict, args, kwargs, loc)


@handles("collections.defaultdict")
def _defaultdict(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    factory = args[0].value if args and isinstance(args[0], Known) else None
    if factory not in (float, int, list):
        raise Unsupported("cannot differentiate a defaultdict of this", loc, "Use float, int or list, or a dict.")
    return _filled(ev, _with_default(factory), args[1:], kwargs, loc)


@handles("collections.Counter")
def _counter(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    if args:
        raise Unsupported("cannot differentiate a Counter of items", loc, "Add up in a dict.")
    return _filled(ev, collections.Counter, [], kwargs, loc)


# ---- queues ----


@functools.cache
def _queue(limit: int | None) -> Any:
    return functools.partial(collections.deque, maxlen=limit)


@handles("collections.deque")
def _deque(ev: Evaluator, args: Args, kwargs: Kwargs, loc: ir.Loc | None) -> Value:
    given = dict(zip(("iterable", "maxlen"), args, strict=False)) | kwargs
    limit = demand(ev, given["maxlen"], "the length of a deque", loc) if "maxlen" in given else None
    items = items_of(ev, given["iterable"], loc) if "iterable" in given else []
    kept = items if limit is None else items[max(len(items) - limit, 0) :]
    return ev.tuple_of(kept, "list", cls=_queue(limit), site=list_site(ev, loc))


def is_queue(box: Box) -> bool:
    return box.kind == "list" and isinstance(box.cls, functools.partial)


def changed(ev: Evaluator, box: Box, name: str, args: list[Value], loc: ir.Loc | None) -> tuple[list[Value], Value]:
    """The items of a queue after a method of its own, and what the method gives."""
    limit, items = box.cls.keywords["maxlen"], list(box.items)
    if name in ("popleft", "pop"):
        if not items:
            raise certain(IndexError("pop from an empty deque"))
        value = items.pop(0 if name == "popleft" else -1)
        return items, value
    if name == "rotate":
        by = demand(ev, args[0], "how far a deque is rotated", loc) if args else 1
        rotated = collections.deque(items)
        rotated.rotate(by)
        return list(rotated), Known(None)
    more = items_of(ev, args[0], loc) if name.startswith("extend") else args
    left = name.endswith("left")
    queue = collections.deque(items, limit)
    for item in more:
        (queue.appendleft if left else queue.append)(item)
    return list(queue), Known(None)


METHODS = frozenset("append appendleft extend extendleft pop popleft rotate".split())
