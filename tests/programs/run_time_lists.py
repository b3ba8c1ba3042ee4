"""Lists of unknown length that are sliced, joined, repeated and used as stacks; blocks of ``@contextmanager``."""

import contextlib

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.uniform(0.5, 1.5, size=6),)


@program(vector)
def slices(x):
    squares = []
    for v in x:
        if v > 0.0:
            squares.append(v * v)
    backwards, inner, last = squares[::-1], squares[1:-1], squares[-3::2]
    total = backwards[0] * inner[0] * last[-1]
    for i in range(len(x)):
        window = squares[max(0, i - 2) : i + 1]
        total += sum(window) / len(window)
    return total + sum(squares[len(squares) - 2 : 0 : -1]) ** 2


@program(vector)
def joined_and_extended(x):
    values = []
    for v in x:
        values.append(v)  # noqa: PERF402
    longer = values + [1.0, x[0] * 2.0]  # noqa: RUF005
    other = [3.0] + values  # noqa: RUF005
    values += longer
    values.extend([x[1], 2.0])
    values.extend(v * v for v in x)
    return sum(v * (i + 1) for i, v in enumerate(values)) + other[1] * longer[-1] + sum(other) ** 2


@program(vector)
def pooled_blocks(y):
    """Isotonic regression: neighbours that fall are pooled."""
    blocks = []
    for v in y:
        blocks.append([v, 1.0, 1])
        while len(blocks) > 1 and blocks[-2][0] > blocks[-1][0]:
            v2, w2, n2 = blocks.pop()
            v1, w1, n1 = blocks.pop()
            blocks.append([(v1 * w1 + v2 * w2) / (w1 + w2), w1 + w2, n1 + n2])
    fitted = []
    for v, _, n in blocks:
        fitted.extend([v] * n)
    return sum(v * v * (i + 1) for i, v in enumerate(fitted))


@program(vector)
def pairs_sliced_and_joined(x):
    history = []
    for i, v in enumerate(x):
        if v > 0.1:
            history.append((i, v * v))
    if not history:
        return 0.0
    history.extend([(7, x[0]), (8, x[1] * 3.0)])
    both = history[1:3] + history[::-1]
    return sum(i * v for i, v in both) + both[-1][1]


@program(vector)
def adaptive_simpson(c):
    def f(t):
        return sum(v * t**i for i, v in enumerate(c))

    def simpson(a, b):
        return (b - a) / 6.0 * (f(a) + 4.0 * f((a + b) / 2.0) + f(b))

    stack = [(0.0, 1.0, simpson(0.0, 1.0))]
    total = 0.0
    while stack:
        a, b, whole = stack.pop()
        m = (a + b) / 2.0
        left, right = simpson(a, m), simpson(m, b)
        if abs(left + right - whole) < 1e-4 or b - a < 0.1:
            total += left + right
        else:
            stack += [(a, m, left), (m, b, right)]
    return total**2


@contextlib.contextmanager
def doubled(s):
    t = s * 2.0
    try:
        yield t
    finally:
        t = 0.0


@contextlib.contextmanager
def counted(counts):
    yield
    counts[0] = counts[0] + 1.0


@program(vector)
def blocks_of_a_context_manager(x):
    counts = [x[1]]
    with doubled(x[0]) as k, counted(counts):
        total = np.sum(x * k)
    with counted(counts):
        total = total * k
    return total * counts[0]


class Length:
    def __init__(self, x, y):
        self.x, self.y = x, y

    def __abs__(self):
        return np.sqrt(self.x**2 + self.y**2)

    def __float__(self):
        return float(self.x * self.y)


@program(vector)
def functions_that_a_class_defines(x):
    v = Length(x[0], x[1] * x[2])
    return abs(v) * float(v)


@program(vector)
def slice_that_grows_while_its_list_shrinks(x):
    stack = [v * v for v in x if v > 0.1]
    tail = stack[1:]
    same = stack
    while stack:
        top = stack.pop()
        if len(same) > 2:
            tail += [top * same[-1]]
    return sum(v * (i + 1) for i, v in enumerate(tail))


@program(lambda rng: (rng.normal(size=6), 0.7), argnums=(0, 1))
def emptied_after_its_length_was_read(x, w):
    s = 0.0
    for _ in range(3):
        items = [np.sin(v * w) for v in x if v > -0.7]
        n, last = len(items), items[-1] * w
        while items:
            s = 0.9 * s + items.pop() * w
        for j in range(n):
            s = s * np.cos(w + j * s) + last
        w = w + 0.1 * s
    return s


@program(lambda rng: (rng.normal(size=6), 0.7), argnums=(0, 1))
def read_before_it_shrinks_under_another_name(x, w):
    s = 1.0
    for _ in range(3):
        items = [np.sin(v * w) for v in x if v > -0.7]
        other = items
        n, top = len(items), other[-1]
        other.pop()
        s = s * np.cos(top * n) + items[-1] * n
        w = w + 0.1 * s
    return s


@program(lambda rng: (rng.normal(size=6), 0.7), argnums=(0, 1))
def stack_machine(x, w):
    out = 0.0
    for _ in range(2):
        stack = []
        for i in range(len(x)):
            stack.append(x[i] * w + out)
            if i % 2 == 1:
                b = stack.pop()
                a = stack.pop()
                stack.append(a * b + len(stack) * w)
        out += stack[-1] * len(stack)
        w = w + 0.1 * np.sin(out)
    return out


def _product_with(items, k):
    first = 2.0 * items[0]
    return first * items[k]


@program(lambda rng: (rng.normal(size=3), 0.7), argnums=(0, 1))
def branch_that_would_raise(x, w):
    items = [x[0], w]
    s = _product_with(items, 5) if x[1] > 100.0 else _product_with(items, 1)
    for _ in range(2):
        if s > 50.0:
            s = {"a": s}["b"]
        s = s * np.sin(w)
    return s + items[0] * items[1]


@program(lambda rng: (rng.normal(size=3), 0.7), raises=IndexError)
def branch_that_raises(x, w):
    items = [x[0], w]
    s = _product_with(items, 5) if x[1] > -100.0 else _product_with(items, 1)
    return s * np.sin(w)


@program(lambda rng: (rng.normal(size=3), rng.normal(size=3), 2), (0, 1))
def slices_that_take_the_place_of_their_list(x, y, n):
    items = [x * x, y]
    for _ in range(n):
        items.append(y * x)
    items = items[1:]
    items.extend(items[:2])
    return items[-1][0] * x[1] + np.sum(items[0] * items[1])


@program(lambda rng: (rng.normal(size=3), 4), backends=("numpy",))  # compiled it takes long
def arrays_that_give_way_in_a_list(x, n):
    """Items taken before stay what they were; an empty loop puts nothing in."""
    items = [x * (k + 1.0) for k in range(n)]
    old = items[1]
    items[1] = x * x
    total = np.sum(old * items[0])
    for k in range(n - 9):
        items[k] = x
    for k in range(n):
        before = items[k]
        items[k] = before + items[-1]
        total += np.sum(before * items[k])
    items[-2] = x[:2] * total
    return np.sum(items[0] * items[-1]) + np.sum(items[-2])


@program(lambda rng: (rng.normal(size=3), rng.normal(size=(3, 3)), 3), (0, 1))
def states_in_a_list_that_take_turns(x, w, n):
    h = [np.zeros(3) for _ in range(n)]
    other = h
    for _ in range(2):
        for j in range(n - 1, -1, -1):
            other[j] = np.tanh(w @ h[j - 1] + x)
    return np.sum(h[0] * h[-1])


@program(vector, raises=IndexError)
def array_put_behind_the_end_of_a_list(x):
    items = [v * x for v in x]
    items[len(x)] = x
    return np.sum(items[0])


@program(lambda rng: (rng.normal(size=3), 4))
def lists_that_map_and_generators_give(x, n):
    items = list(map(lambda i: x[i % 3] * i, range(n)))
    more = list(map(lambda a, b: a * b, items, items[1:]))
    back = list(reversed(items))
    items[0] = x[1]
    back.append(x[0])
    some = list(v * v for v in x if v > 0.0)
    none = list(map(np.sin, x[:0]))
    rows = list(x * k for k in range(n) if k != 1)
    rows[0][1] = x[0] ** 2
    return sum(items) * items[-1] + sum(more) * back[0] * back[-2] + sum(some) + len(none) + np.sum(rows[0] * rows[1])


@program(lambda rng: (rng.normal(size=5), 4))
def list_that_grows_beside_its_next(x, n):
    older = []
    s = 0.0
    for scale in (1.0, 2.0):
        row = []
        for k in range(n):
            row.append(x[k] * scale)
        if scale == 1.0:
            older = row
    older.append(x[0])
    for v in row:
        s = s + v * v
    return s


@program(lambda rng: (rng.normal(size=5), 4))
def first_of_several_lists_is_popped(x, n):
    rows = []
    s = 0.0
    for scale in (1.0, 2.0):
        row = [x[k] * scale for k in range(n)]
        rows.append(row)
    s = s + rows[0].pop() * x[0]
    for v in row:
        s = s + v * v
    return s


@program(lambda rng: (rng.normal(size=4), rng.normal()), (0, 1), ("numpy",))
def integers_and_numbers_in_one_list(y, s):
    items = [np.array([0.7, 0.3])]
    for i in range(4):
        items.extend([items[-1] + np.array([y[(2 * i + 1) % 4], s]), np.full(2, i)])
    return np.sum(items[0] * items[-2] * items[5])


@program(lambda rng: (rng.normal(size=3), rng.normal(size=3), 2), (0, 1), ("numpy",))
def array_of_integers_on_one_path(w, u, steps):
    if w[0] > 100.0:
        u = np.full(3, steps)
    u = np.arctan2(np.mean(w, keepdims=True), 2.0 + np.abs(u[::-1]))
    return np.sum(u * u)
