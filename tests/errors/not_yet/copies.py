"""Copies and dictionaries of objects that are there before the call, and copies that may be of one array."""

import copy
import dataclasses

import numpy as np

import srcad
from tests.errors.registry import gradient, refused


@dataclasses.dataclass
class Fields:
    n: float = 2.0

    def as_dict(self, x):
        return dataclasses.asdict(self)["n"] * x[0]

    def as_tuple(self, x):
        return dataclasses.astuple(self)[0] * x[0]


class Plain:
    def __init__(self):
        self.n = 2.0

    def copied(self, x):
        other = copy.copy(self)
        other.n = x[0]
        return self.n * x[1]

    def dict_after(self, x):
        self.n = self.n + 1.0
        return self.__dict__["n"] * np.sum(x)

    def dict_before(self, x):
        attributes = self.__dict__
        self.n = 5.0
        return attributes["n"] * np.sum(x)

    def dict_in_a_loop(self, x):
        total = 0.0
        for k in range(3):
            total = total + self.__dict__["n"] * x[k]
            self.n = self.n + 1.0
        return total

    def dict_of_a_new_attribute(self, x):
        self.q = 3.0
        return np.sum(x * x) if "q" in self.__dict__ else np.sum(x)

    def keywords(self, x):
        self.n = 5.0
        return _scaled(x, **self.__dict__)

    def read_by_object(self, x):
        return object.__getattribute__(self, "n") * x[0]

    def set_by_object(self, x):
        done = object.__setattr__(self, "n", x[0])
        return self.n * x[1] if done is None else x[0]


class Copying:
    def __init__(self, n):
        self.n = n

    def __copy__(self):
        return Copying(3.0 * self.n)


def _scaled(x, n):
    return n * np.sum(x)


def vector():
    return (np.array([0.5, -1.0, 2.0]),)


plain, several = Plain(), [Plain()]

refused(vector, name="dict_of_fields")(Fields().as_dict)
refused(vector, name="tuple_of_fields")(Fields().as_tuple)
refused(vector, name="copy_of_self")(Plain().copied)
refused(vector, name="dict_after_a_change")(Plain().dict_after)
refused(vector, name="dict_before_a_change")(Plain().dict_before)
refused(vector, name="dict_in_a_loop")(Plain().dict_in_a_loop)
refused(vector, name="dict_of_a_new_attribute")(Plain().dict_of_a_new_attribute)
refused(vector, name="dict_as_keywords")(Plain().keywords)
refused(vector, name="attribute_read_by_object")(Plain().read_by_object)
refused(vector, name="attribute_set_by_object")(Plain().set_by_object)


@refused(lambda: (Plain(), *vector()), gradient(1))
def copy_of_an_argument(o, x):
    other = copy.copy(o)
    other.n = x[0]
    return o.n * x[1]


@refused(lambda: (Plain(), *vector()), gradient(1))
def deep_copy_of_an_argument(o, x):
    other = copy.deepcopy(o)
    other.n = x[0]
    return o.n * x[1]


@refused(vector)
def copy_of_a_captured_object(x):
    other = copy.copy(plain)
    other.n = x[0]
    return plain.n * x[1]


@refused(vector)
def deep_copy_of_a_list_of_objects(x):
    return copy.deepcopy(several)[0].n * x[1]


@refused(vector)
def copy_by_the_class(x):
    return copy.copy(Copying(x[0])).n


@refused(vector)
def copy_of_an_iterator(x):
    values = iter([x[0], x[1]])
    others = copy.copy(values)
    return next(values) * next(others)


@refused(vector)
def copy_of_a_random_generator(x):
    rng = np.random.default_rng(0)
    other = copy.deepcopy(rng)
    return rng.normal() * x[0] + other.normal() * x[1]


@refused(vector)
def copy_of_a_list_of_tuples(x):
    pairs = []
    k = 0.0
    while k < x[2]:
        pairs.append((x[0] * k, x[1]))
        k += 1.0
    more = copy.copy(pairs)
    more.append((x[2], x[2]))
    return len(pairs) * x[0] + sum(a * b for a, b in more)


@refused(vector)
def deep_copy_of_arrays_that_may_be_one(x):
    y = x * 2.0
    z = x * 1.0
    if x[0] > 0.0:
        z = y
    copies = copy.deepcopy([y, z])
    copies[0][1] = 7.0
    return np.sum(copies[1] * x)


@refused(vector)
def deep_copy_of_an_array_that_may_be_handed_on(x):
    y = x * 2.0
    copies = copy.deepcopy([y, np.ascontiguousarray(y)])
    copies[0][1] = 7.0
    return np.sum(copies[1] * x)


@refused(vector)
def deep_copies_in_a_gradient_within(x):
    def inner(v):
        y = v * 2.0
        z = v * 1.0
        if v[0] > 0.0:
            z = y
        copies = copy.deepcopy([y, z])
        copies[0][1] = 7.0
        return np.sum(copies[1] * v)

    return np.sum(srcad.grad(inner)(x) * x)


@refused(vector)
def deep_copy_with_a_memo(x):
    return np.sum(copy.deepcopy(x, {}) * x)
