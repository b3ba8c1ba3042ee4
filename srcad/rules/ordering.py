"""`heapq` and `bisect` in Python: the library's comparisons in their order, so that equal items keep their places."""

# ruff: noqa: D103

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any


def heappush(heap: list[Any], item: Any) -> None:
    heap.append(item)
    _rise(heap, 0, len(heap) - 1)


def heappop(heap: list[Any]) -> Any:
    last = heap.pop()
    if len(heap) == 0:
        return last
    found = heap[0]
    heap[0] = last
    _sink(heap, 0)
    return found


def heapreplace(heap: list[Any], item: Any) -> Any:
    found = heap[0]
    heap[0] = item
    _sink(heap, 0)
    return found


def heappushpop(heap: list[Any], item: Any) -> Any:
    if len(heap) > 0 and heap[0] < item:
        found = heap[0]
        heap[0] = item
        _sink(heap, 0)
        return found
    return item


def heapify(heap: list[Any]) -> None:
    for k in reversed(range(len(heap) // 2)):
        _sink(heap, k)


def nsmallest(n: int, items: Iterable[Any], key: Any = None) -> list[Any]:
    return sorted(items, key=key)[: max(n, 0)]


def nlargest(n: int, items: Iterable[Any], key: Any = None) -> list[Any]:
    return sorted(items, key=key, reverse=True)[: max(n, 0)]


def _rise(heap: list[Any], start: int, k: int) -> None:
    """The item at k goes up to below the first one, from `start` on, that is not greater."""
    while k > start and heap[k] < heap[(k - 1) // 2]:
        heap[k], heap[(k - 1) // 2] = heap[(k - 1) // 2], heap[k]
        k = (k - 1) // 2


def _sink(heap: list[Any], start: int) -> None:
    """The item at `start` goes down to a leaf, past the lesser child each time, and rises from there."""
    k = start
    while 2 * k + 1 < len(heap):
        child = 2 * k + 1
        if child + 1 < len(heap) and not heap[child] < heap[child + 1]:
            child += 1
        heap[k], heap[child] = heap[child], heap[k]
        k = child
    _rise(heap, start, k)


# ---- bisect ----


def bisect_left(a: Sequence[Any], x: Any, lo: int = 0, hi: Any = None, *, key: Any = None) -> int:
    first, last = lo, len(a) if hi is None else hi
    if lo < 0:
        raise ValueError("lo must be non-negative")
    while first < last:
        middle = (first + last) // 2
        if (a[middle] if key is None else key(a[middle])) < x:
            first = middle + 1
        else:
            last = middle
    return first


def bisect_right(a: Sequence[Any], x: Any, lo: int = 0, hi: Any = None, *, key: Any = None) -> int:
    first, last = lo, len(a) if hi is None else hi
    if lo < 0:
        raise ValueError("lo must be non-negative")
    while first < last:
        middle = (first + last) // 2
        if x < (a[middle] if key is None else key(a[middle])):
            last = middle
        else:
            first = middle + 1
    return first


def insort_left(a: list[Any], x: Any, lo: int = 0, hi: Any = None, *, key: Any = None) -> None:
    a.insert(bisect_left(a, x if key is None else key(x), lo, hi, key=key), x)


def insort_right(a: list[Any], x: Any, lo: int = 0, hi: Any = None, *, key: Any = None) -> None:
    a.insert(bisect_right(a, x if key is None else key(x), lo, hi, key=key), x)
