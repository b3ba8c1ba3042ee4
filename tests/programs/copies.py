"""Deep copies: what stands at several places is copied once, and is one array, list or object in the copy."""

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.normal(size=4),)


@dataclass
class Pair:
    a: Any
    b: Any


@dataclass(frozen=True, slots=True)
class Fixed:
    a: Any
    b: Any


@program(vector)
def deep_copy_of_one_array_twice(x):
    l = copy.deepcopy([x, x])
    l[1][1] = 7.0
    return np.sum(l[0] * x)


@program(vector)
def deep_copy_of_one_array_in_a_dict(x):
    a = x * 2.0
    d = copy.deepcopy({"a": a, "b": a})
    d["a"][1] = x[0] * x[2]
    return np.sum(d["b"] * x) + np.sum(a)


@program(vector)
def deep_copy_of_one_array_appended(x):
    a = x * 2.0
    l = []
    l.append(a)
    l.append(a)
    l.append(a * 1.0)
    m = copy.deepcopy(l)
    m[0][1] = 7.0
    return np.sum(m[1] * x) + np.sum(m[2] * l[0])


@program(vector)
def deep_copy_of_one_array_in_an_object(x):
    y = np.sin(x)
    p = Pair(y, x)
    p.b = y
    q = copy.deepcopy(p)
    q.a[1] = 7.0
    f = copy.deepcopy(Fixed(q.b, [q.b]))
    f.b[0][2] = x[0]
    return np.sum(q.b * x) + np.sum(f.a * x) + np.sum(p.a)


@program(vector)
def deep_copy_of_copies(x):
    y = x * 2.0
    l = [y, y]
    m = copy.deepcopy(l)
    n = copy.deepcopy([m, l])
    n[0][0][1] = 7.0
    n[1][0][0] = x[1]
    return np.sum(n[0][1] * x) + np.sum(n[1][1] * x) + np.sum(m[0] * l[1])


@program(vector)
def deep_copy_in_a_loop(x):
    y = x * 2.0
    s = 0.0
    for k in range(x.size):
        a, b = copy.deepcopy((y, y))
        a[0] = x[k] * k
        s = s + np.sum(b * x)
    return s


@program(vector)
def deep_copies_of_other_names(x):
    y = x * 2.0
    z = y
    v = x * 3.0
    w = v
    l = copy.deepcopy([z, w, y])
    l[0][1] = 7.0
    return np.sum(l[1] * x) + np.sum(l[2] * w) + np.sum(y)


@program(vector)
def deep_copy_of_an_array_and_a_view(x):
    y = x * 2.0
    l = copy.deepcopy([y, y[:2]])
    l[0][1] = 7.0
    return np.sum(l[1]) * x[0] + np.sum(l[0] * x)


@program(vector)
def copies_of_what_nobody_changes(x):
    f, none, name, cls, y = copy.deepcopy((np.sin, None, "a", Pair, x))
    p = cls(copy.copy(f)(y), none)
    return np.sum(p.a * y) if p.b is None and copy.copy(name) == "a" else np.sum(x)
