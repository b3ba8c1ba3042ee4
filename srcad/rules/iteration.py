"""What iterators and functions of iterables do, in Python: read in place of the library's own.

Generator functions here are taken from as the user's are (see `eval_generators`). What the originals take before they
give their first item is taken here, too; an item more than they take is never asked for.
"""

# ruff: noqa: D103

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any

import numpy as np

# ---- builtins ----


def numbered(items: Iterable[Any], start: int = 0) -> Iterator[Any]:
    k = start
    for item in items:
        yield k, item
        k += 1


def mapped(function: Callable[..., Any], items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        yield function(item)


def filtered(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if function(item):
            yield item


def true_ones(items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if item:
            yield item


def zipped_first(items: Iterable[Any], others: Sequence[Any]) -> Iterator[Any]:
    """``zip(items, others)``: it asks `items` first, and finds out then that `others` have come to their end."""
    k = 0
    for item in items:
        if k >= len(others):
            return
        yield item, others[k]
        k += 1


def zipped_last(others: Sequence[Any], items: Iterable[Any]) -> Iterator[Any]:
    """``zip(others, items)``: `items` are not asked once `others` have come to their end."""
    if len(others) == 0:
        return
    k = 0
    for item in items:
        yield others[k], item
        k += 1
        if k >= len(others):
            return


def zipped_before_range(items: Iterable[Any], start: int, count: int, step: int) -> Iterator[Any]:
    k = 0
    for item in items:
        if k >= count:
            return
        yield item, start + k * step
        k += 1


def zipped_after_range(start: int, count: int, step: int, items: Iterable[Any]) -> Iterator[Any]:
    if count <= 0:
        return
    k = 0
    for item in items:
        yield start + k * step, item
        k += 1
        if k >= count:
            return


def first(items: Iterable[Any], default: Any) -> Any:
    found = default
    for item in items:
        found = item
        break
    return found


def largest(items: Sequence[Any], key: Callable[[Any], Any]) -> Any:
    if len(items) == 0:
        raise ValueError("max() arg is an empty sequence")
    best = items[0]
    most = key(best)
    for item in items[1:]:
        value = key(item)
        if value > most:
            best = item
            most = value
    return best


def smallest(items: Sequence[Any], key: Callable[[Any], Any]) -> Any:
    if len(items) == 0:
        raise ValueError("min() arg is an empty sequence")
    best = items[0]
    least = key(best)
    for item in items[1:]:
        value = key(item)
        if value < least:
            best = item
            least = value
    return best


def in_order(values: Any, keys: Any, backwards: bool) -> Any:
    """`values`, an array, sorted by `keys`; equal ones keep their order, backwards too."""
    return values[_order(keys, backwards)]


def items_in_order(items: list[Any], keys: Any, backwards: bool) -> list[Any]:
    """A list of the same arrays, sorted by `keys`."""
    return [items[k] for k in _order(keys, backwards)]


def _order(keys: Any, backwards: bool) -> Any:
    if backwards:
        return len(keys) - 1 - np.argsort(keys[::-1], kind="mergesort")[::-1]
    return np.argsort(keys, kind="mergesort")


# ---- lists of unknown length: what Python's lists do in one go ----


def insert_item(items: list[Any], place: int, value: Any) -> None:
    place = max(place + len(items), 0) if place < 0 else min(place, len(items))
    items.append(value)
    for k in range(len(items) - 1, place, -1):
        items[k] = items[k - 1]
    items[place] = value


def pop_item(items: list[Any], place: int) -> Any:
    if place < 0:
        place = place + len(items)
    if place < 0 or place >= len(items):
        raise IndexError("pop index out of range")
    value = items[place]
    for k in range(place, len(items) - 1):
        items[k] = items[k + 1]
    items.pop()
    return value


def exchange_item(items: list[Any], place: int, value: Any) -> None:
    """``items[place] = value`` of arrays: those behind it are taken off and put back."""
    n = len(items)
    place = place + n if place < 0 else place
    if place < 0 or place >= n:
        raise IndexError("list assignment index out of range")
    behind = []
    for _ in range(place + 1, n):
        behind.append(items.pop())
    items.pop()
    items.append(value)
    for _ in range(place + 1, n):
        items.append(behind.pop())


def extend_items(items: list[Any], more: Iterable[Any]) -> None:
    for value in more:
        items.append(value)


def clear_items(items: list[Any]) -> None:
    while len(items) > 0:
        items.pop()


def reverse_items(items: list[Any]) -> None:
    for k in range(len(items) // 2):
        value = items[k]
        items[k] = items[len(items) - 1 - k]
        items[len(items) - 1 - k] = value


def repeated_items(items: Iterable[Any], count: int) -> list[Any]:
    """``[*items] * count``"""
    repeated = []
    for _ in range(count):
        for item in items:
            repeated.append(item)  # noqa: PERF402
    return repeated


def part_of(items: list[Any], lower: int | None, upper: int | None, step: int | None) -> list[Any]:
    """``items[lower:upper:step]``"""
    n = len(items)
    step = 1 if step is None else step
    if step == 0:
        raise ValueError("slice step cannot be zero")
    first, last = (0, n) if step > 0 else (-1, n - 1)
    start = (first if step > 0 else last) if lower is None else within(lower, n, first, last)
    stop = (last if step > 0 else first) if upper is None else within(upper, n, first, last)
    chosen = []
    for k in range(start, stop, step):
        chosen.append(items[k])
    return chosen


def within(place: int, n: int, first: int, last: int) -> int:
    """A bound of a slice as a position from the front."""
    return max(place + n, first) if place < 0 else min(place, last)


def write_items(items: list[Any], values: Any) -> None:
    for k in range(len(items)):
        items[k] = values[k]


# ---- numpy.vectorize ----


def vectorized(function: Callable[..., Any], *operands: Any) -> Any:
    shape = np.broadcast_shapes(*[np.shape(a) for a in operands])
    flat = [np.ravel(np.broadcast_to(a, shape)) for a in operands]
    size = flat[0].size
    if size == 0:
        raise ValueError("cannot call `vectorize` on size 0 inputs unless `otypes` is set")
    out = np.empty(size)
    for k in range(size):
        out[k] = function(*[a[k] for a in flat])
    return np.reshape(out, shape)


# ---- itertools ----


def chain(*iterables: Iterable[Any]) -> Iterator[Any]:
    for items in iterables:
        yield from items


def chain_from(iterables: Iterable[Iterable[Any]]) -> Iterator[Any]:
    for items in iterables:
        yield from items


def accumulate(items: Sequence[Any], function: Callable[[Any, Any], Any]) -> Iterator[Any]:
    if len(items) == 0:
        return
    total = items[0]
    yield total
    for item in items[1:]:
        total = function(total, item)
        yield total


def accumulate_from(items: Iterable[Any], function: Callable[[Any, Any], Any], initial: Any) -> Iterator[Any]:
    total = initial
    yield total
    for item in items:
        total = function(total, item)
        yield total


def pairwise(items: Sequence[Any]) -> Iterator[Any]:
    if len(items) < 2:
        return
    left = items[0]
    for right in items[1:]:
        yield left, right
        left = right


def product(left: Sequence[Any], right: Sequence[Any]) -> Iterator[Any]:
    for x in left:
        for y in right:
            yield x, y


def product_of_three(left: Sequence[Any], middle: Sequence[Any], right: Sequence[Any]) -> Iterator[Any]:
    for x in left:
        for y in middle:
            for z in right:
                yield x, y, z


def pairs(items: Sequence[Any]) -> Iterator[Any]:
    """``combinations(items, 2)``."""
    for i in range(len(items)):
        for j in range(i + 1, len(items)):
            yield items[i], items[j]


def pairs_below(count: int) -> Iterator[Any]:
    """``combinations(range(count), 2)``."""
    for i in range(count):
        for j in range(i + 1, count):
            yield i, j


def triples_below(count: int) -> Iterator[Any]:
    """``combinations(range(count), 3)``."""
    for i in range(count):
        for j in range(i + 1, count):
            for k in range(j + 1, count):
                yield i, j, k


def starmap(function: Callable[..., Any], items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        yield function(*item)


def takewhile(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if not function(item):
            return
        yield item


def dropwhile(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    going = False
    for item in items:
        if not going and not function(item):
            going = True
        if going:
            yield item


def filterfalse(function: Callable[[Any], Any], items: Iterable[Any]) -> Iterator[Any]:
    for item in items:
        if not function(item):
            yield item


def compress(items: Iterable[Any], selectors: Sequence[Any]) -> Iterator[Any]:
    for item, chosen in zip(items, selectors, strict=False):
        if chosen:
            yield item


def count(start: float = 0, step: float = 1) -> Iterator[Any]:
    k = start
    while True:
        yield k
        k = k + step


def cycle(items: Sequence[Any]) -> Iterator[Any]:
    while True:
        yield from items


def repeat(item: Any) -> Iterator[Any]:
    while True:
        yield item


def repeat_times(item: Any, times: int) -> Iterator[Any]:
    for _ in range(times):
        yield item


def upto(items: Iterable[Any], stop: int) -> Iterator[Any]:
    """``islice(items, stop)``: no item more is asked for than is given."""
    if stop <= 0:
        return
    k = 0
    for item in items:
        yield item
        k += 1
        if k >= stop:
            return


def between(items: Iterable[Any], start: int, stop: int, step: int) -> Iterator[Any]:
    """``islice(items, start, stop, step)``."""
    if stop <= 0:
        return
    k = 0
    for item in items:
        if k >= start and (k - start) % step == 0:
            yield item
        k += 1
        if k >= stop:
            return


def after(items: Iterable[Any], start: int, step: int) -> Iterator[Any]:
    """``islice(items, start, None, step)``."""
    k = 0
    for item in items:
        if k >= start and (k - start) % step == 0:
            yield item
        k += 1


# ---- next(iter(items)) ----

END = 2**62  # the position of an iterator that has come to its end, and stays there


def item(items: Sequence[Any], k: int) -> Any:
    if k >= len(items):
        raise StopIteration
    return items[k]


def item_or(items: Sequence[Any], k: int, default: Any) -> Any:
    return items[k] if k < len(items) else default


def following(items: Sequence[Any], k: int) -> int:
    return k + 1 if k < len(items) else 4611686018427387904


def behind(items: Sequence[Any], k: int) -> Iterator[Any]:
    """What is left, live: items that are added meanwhile are given, too."""
    while k < len(items):
        yield items[k]
        k += 1
