"""``target op= value`` stores what it gives back into the target: seen where the target has been rebound, calls a
setter, or is read-only. Then attributes that a class has no place for or keeps to itself, and what does not fit: calls
with too many arguments, unpackings of too few values."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.uniform(0.5, 2.0, size=4) * np.array([1, -1, 1, -1]),)


# ---- the value rebinds the target ----


@program(vector)
def the_value_rebinds_the_name(x):
    u = x * 1.0
    views = np.ones((2, 4))
    row = views[0]

    def other():
        nonlocal u, row
        u = x * 3.0
        row = views[1]
        return x

    u += other()
    row += other()
    row *= x
    return np.sum(u * x) + np.sum(views * x)


@program(vector)
def the_value_rebinds_the_name_sometimes(x):
    u = x * 1.0
    k = 0

    def other(c):
        nonlocal u
        if c > 0:
            u = x * 3.0
        return x

    u += other(x[0])
    u -= other(x[1])
    while k < 3:
        u += other(x[k])
        k += 1
    return np.sum(u * x)


@program(vector)
def the_value_replaces_the_item(x):
    arrays = [x * 1.0]
    lists = [[x[0]]]
    table = {"a": x * 1.0, "b": x[0]}

    def other():
        arrays[0] = x * 3.0
        lists[0] = [x[1]]
        return x

    arrays[0] += other()
    lists[0] += list(other()[2:3])
    table["a"] += table.pop("a")
    ordered = sum([(k + 1) * np.sum(v) for k, v in enumerate(table.values())])
    return np.sum(arrays[0]) + sum(lists[0]) * len(lists[0]) + ordered


class Stepper:
    def __init__(self, x):
        self.u = x * 1.0

    def step(self):
        self.u = self.u * 3.0
        return self.u


@program(vector)
def the_value_rebinds_the_attribute(x):
    s = Stepper(x)
    s.u += s.step()
    return np.sum(s.u * x)


# ---- setters ----


class Doubled:
    def __init__(self, u, first):
        self._u, self._items, self.n = u, [first], 0

    @property
    def u(self):
        return self._u

    @u.setter
    def u(self, value):
        self._u = value * 2.0
        self.n += 1

    @property
    def items(self):
        return self._items

    @items.setter
    def items(self, value):
        self._items = [*value, value[0] * 2.0]

    def __getitem__(self, key):
        return self._u[key]

    def __setitem__(self, key, value):
        self._u[key] = value * 5.0
        self.n += 10


@program(vector)
def setters_are_called(x):
    d = Doubled(x * 1.0, x[0])
    d.u *= x[0]
    d.u[1] += x[2]
    d.items += [x[1]]
    d[1:3] += x[0]
    d[0] *= x[1]
    return np.sum(d.u) + d.n * x[1] + sum(d.items) * len(d.items)


class Rows:
    def __init__(self, x):
        self.rows, self.n = [x * 1.0, x * 2.0], 0

    def __getitem__(self, k):
        return self.rows[k]

    def __setitem__(self, k, value):
        self.rows[k] = value
        self.n += 1


@program(vector)
def rows_set_by_a_class(x):
    r = Rows(x)
    for k in range(2):
        r[k] += x
    r[0] *= r[1]
    return np.sum(r[0]) + r.n * x[1]


# ---- targets that are read-only: changed, and then refused ----


class Pair(NamedTuple):
    a: object
    b: object


@dataclass(frozen=True)
class Frozen:
    a: object


class Shown:
    def __init__(self, u):
        self._u = u

    @property
    def u(self):
        return self._u


@program(vector, raises=TypeError)
def item_of_a_tuple(x):
    t = (x * 1.0,)
    t[0] *= 2.0
    return np.sum(t[0])


@program(vector, raises=AttributeError)
def field_of_a_named_tuple(x):
    p = Pair(x * 1.0, x[0])
    p.a *= 2.0
    return np.sum(p.a)


@program(vector, raises=AttributeError)
def field_of_a_frozen_dataclass(x):
    p = Frozen(x * 1.0)
    p.a *= 2.0
    return np.sum(p.a)


@program(vector, raises=AttributeError)
def property_without_a_setter(x):
    p = Shown(x * 1.0)
    p.u *= 2.0
    return np.sum(p.u)


@program(vector)
def written_before_it_is_refused(x):
    t, p, q, s = (x * 1.0, [x[0]]), Pair(x * 2.0, x[0]), Frozen(x * 3.0), Shown([x[1]])
    caught = 0
    try:
        t[0] *= 2.0
    except TypeError:
        caught += 1
    try:
        t[1] += [x[1]]
    except TypeError:
        caught += 1
    try:
        p.a *= 3.0
    except AttributeError:
        caught += 1
    try:
        q.a -= x
    except AttributeError:
        caught += 1
    try:
        s.u += [x[2]]
    except AttributeError:
        caught += 1
    return (np.sum(t[0] * x) + sum(t[1]) + np.sum(p.a) + np.sum(q.a * x) + sum(s.u)) * caught


@program(vector)
def popped_before_it_is_missing(x):
    table = {"a": x[0], "b": x[1]}
    try:
        s = table.pop("a") + table["c"]
    except KeyError:
        s = x[2]
    return len(table) * s


@program(vector)
def refused_on_a_branch_that_is_not_taken(x):
    p, q = Pair(x * 1.0, x[0]), Frozen(x)
    if x[0] > 100.0:
        p.a *= 2.0
    if x[0] > 100.0:
        p[0] *= 2.0
    if x[0] > 100.0:
        q.a = x
    return np.sum(p.a * x)


def _added_up(t, x, n):
    for _ in range(n):
        t[0] += x[0]
    return t[0]


@program(lambda rng: (*vector(rng), 0), argnums=0, backends=("numpy",))
def refused_in_a_loop_that_is_not_run(x, n):
    try:
        r = _added_up((x[2],), x, n)
    except TypeError:
        r = x[1]
    return r * x[3]


# ---- classes that say what op= does ----


class Total:
    def __init__(self, v):
        self.v = v

    def __add__(self, other):
        return Total(self.v + other)

    def __iadd__(self, other):
        self.v = self.v + 2.0 * other
        return self

    def __imul__(self, other):
        return Total(self.v * other)


@program(vector)
def items_that_say_how_they_are_added_to(x):
    totals = [Total(x[0]), Total(x[1])]
    table = {"a": Total(x[2])}
    first, entry = totals[0], table["a"]
    totals[0] += x[1]
    totals[1] *= x[2]
    table["a"] += x[3]
    for k in range(2):
        totals[k] += x[k]
    return totals[0].v * first.v + totals[1].v + table["a"].v * entry.v


# ---- places for attributes ----


class Slotted:
    __slots__ = ("a", "__hidden")

    def __init__(self, a):
        self.a, self.__hidden = a, a * 2.0

    def hidden(self):
        return self.__hidden


class OneMore(Slotted):
    __slots__ = "q"


class Open(Slotted):
    pass


class OpenBelow(Open):
    __slots__ = ("z",)


@program(vector)
def slots(x):
    s, o = OneMore(x * 1.0), OpenBelow(x * 2.0)
    s.q, o.z, o.new = x[0], x[1], x[2]
    try:
        s.new = x[3]
    except AttributeError:
        s.a = s.a * x[3]
    return np.sum(s.a * o.a) * s.q + o.z * o.new + np.sum(s.hidden() * o.hidden())


@program(vector, raises=AttributeError)
def no_slot(x):
    s = Slotted(x)
    s.b = x[0]
    return np.sum(s.a) * s.b


class Base:
    def __init__(self, x):
        self.__v = x[0]

    def base(self):
        return self.__v


class Derived(Base):
    def __init__(self, x):
        super().__init__(x)
        self.__v = x[1]

    def both(self, x):
        return self.base() * x[2] + (lambda t: t * self.__v)(x[3])


@program(vector)
def private_names_of_two_classes(x):
    d = Derived(x)
    return d.both(x) * d._Base__v


# ---- elements in a row ----


@program(vector)
def flat_array_is_evaluated_once(x):
    u, n = x * 1.0, 0

    def counted():
        nonlocal n
        n += 1
        return u

    counted().flat[0] += x[1]
    counted().flat[2] = x[0] * n
    return np.sum(u * x) * n


@program(vector)
def flat_array_is_evaluated_first(x):
    u = x * 1.0
    kept = [u]

    def rebinding():
        nonlocal u
        u = x * 3.0
        return x[0]

    u.flat[1] += rebinding()
    u.flat[2] = rebinding() * 2.0
    return np.sum(u * x) + np.sum(kept[0] * x)


# ---- calls and unpackings that do not fit ----


def _one(a):
    return a


def _named(a, b=1.0, *, c):
    return a * b * c


@program(vector)
def misfits_on_branches_that_are_not_taken(x):
    pair = (1, 2)
    if x[0] > 100.0:
        return _one(x[0], 3)
    if x[0] > 100.0:
        return _one()
    if x[0] > 100.0:
        return _one(3, b=2)
    if x[0] > 100.0:
        return _named(3, 2, 2, c=2)
    if x[0] > 100.0:
        return _named(3)
    if x[0] > 100.0:
        pair[0] = 3
    if x[0] > 100.0:
        return x.nothing
    if x[0] > 100.0:
        a, b = x[0], x[1], x[2]
    return x[0] * x[1] * pair[1]


@program(vector)
def misfits_that_are_caught(x):
    r = 1.0
    try:
        r = _one(x[0], 3)
    except TypeError:
        r += x[1]
    try:
        a, b = x[0], x[1], x[2]
    except ValueError:
        r += x[2]
    try:
        a, b, c = (x[0], x[1])
    except ValueError:
        r *= x[2]
    try:
        r = x.nothing
    except AttributeError:
        r *= x[3]
    return r


@program(vector, raises=ValueError)
def ends_of_too_few_values(x):
    a, *_, b = x[:1]
    return a * b


@program(vector)
def ends_of_enough_values(x):
    a, *middle, b = x
    c, *empty, d = x[:2]
    return a * b + len(middle) * c * d * (1.0 + sum(empty))
