"""Iterators that items are taken from one at a time; heaps and sorted lists; objects that can be called."""

import bisect
import heapq
from dataclasses import dataclass
from heapq import heappop, heappush

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=7),)


@program(vector)
def first_item_apart(x):
    items = iter(x)
    last = next(items)
    total = 0.0
    for v in items:
        total += (v - last) ** 2
        last = v
    return total


@program(vector)
def items_in_pairs(x):
    items = iter(x)
    total = 0.0
    for _ in range(3):
        a = next(items)
        b = next(items)
        total += a * b
    return total * next(items)


@program(vector)
def list_that_grows_under_its_iterator(x):
    grown = [x[0], x[1]]
    items = iter(grown)
    product = next(items)
    for v in items:
        product = product * v
        if len(grown) < 5:
            grown.append(v * x[2])
    return product


@program(vector)
def array_written_behind_and_before_its_iterator(x):
    y = x * 2.0
    items = iter(y)
    total = next(items) * 3.0
    y[0] = 5.0
    y[3] = y[1] * y[2]
    for k, v in enumerate(items):
        total += v * k
        if k < 5:
            y[k + 2] = y[k + 2] * v
    return total


@program(vector)
def default_behind_the_end(x):
    items = iter(x[:3])
    total = 0.0
    for k in range(5):
        total += next(items, x[5]) * (k + 1)
    return total


@program(vector)
def taken_on_some_paths(x):
    items = iter(x)
    total = 0.0
    while total < 2.0:
        v = next(items, 1.0)
        if v > 0:
            total += v * next(items, 1.0) ** 2
        else:
            total += 0.7 + 0.1 * v
    return total + sum(items)


@program(vector, backends=("numpy",))
def stopped_by_the_end(x):
    items = iter(x)
    total = 1.0
    try:
        while True:
            total = total * 1.1 + next(items)
    except StopIteration:
        total = total * 2.0
    return total


@program(vector)
def smallest_two_merged(x):
    heap = list(x * x)
    heapq.heapify(heap)
    cost = 0.0
    while len(heap) > 1:
        a = heappop(heap)
        b = heappop(heap)
        cost += a * b + b
        heappush(heap, a + b)
    return cost


@program(vector)
def heap_of_equal_items(x):
    heap = []
    for v in (x[0], x[1], x[0], x[0] * 1.0, x[2]):
        heappush(heap, v)
    a = heapq.heapreplace(heap, x[3])
    b = heapq.heappushpop(heap, x[4])
    return a * b + heap[0] ** 2 + heap[3] * heap[1] - sum(heapq.nlargest(2, x)) * heapq.nsmallest(3, x)[2]


@program(vector)
def running_median(x):
    ordered = []
    total = 0.0
    for v in x:
        bisect.insort(ordered, v)
        total += ordered[len(ordered) // 2] ** 2
    return total * ordered[bisect.bisect_left(ordered, 0.1) - 1]


@dataclass
class Dense:
    w: np.ndarray
    b: np.ndarray
    slope: float = 0.5

    def __call__(self, x):
        z = x @ self.w + self.b
        return np.where(z > 0.0, z, self.slope * z)


@program(
    lambda rng: (
        [Dense(rng.normal(size=(3, 4)), rng.normal(size=4)), Dense(rng.normal(size=(4, 2)), rng.normal(size=2), 0.1)],
        rng.normal(size=3),
    ),
    argnums=(0, 1),
)
def layers_that_are_called(layers, x):
    for layer in layers:
        x = layer(x)
    return np.sum(x * x)


@program(lambda rng: (rng.normal(size=(3, 4)),))
def elements_in_the_order_of_memory(m):
    total = 1.0
    for v in np.nditer(m):
        total = 0.9 * total + v * v
    return total


@program(vector)
def best_of_numbered_items(x):
    place, least = min(enumerate(x), key=lambda pair: pair[1])
    return x[0] * place + least**2


@program(lambda rng: (rng.normal(size=(4, 2)),))
def factor_that_vanishes(n):
    q, r = np.linalg.qr(n)
    flat = q @ np.ones(2) * 0.0
    return np.sum(flat + n[:, 0] * r[1, 1] ** 2)


@program(vector)
def ranges_turned_by_a_slice(x):
    n = len(x)
    back = range(1, n)[::-1]
    n = 2
    s = x[0]
    for i in back:
        s = s * 0.5 + x[i] * x[i - 1]
    for i in range(n)[::-1]:
        s = s * x[i]
    for i in back:
        s = s + x[i] * i
    return s
