"""Loops over ``srcad.checkpoint``: what a stretch of steps changes, and what must survive that it runs twice."""

import numpy as np

import srcad
from tests.programs.registry import program


def field(rng):
    return rng.normal(size=7), 0.1, 11


def number(rng):
    return 0.4, 9, 3


@program(field, (0, 1))
def diffusion_in_place(u, k, steps):
    for _ in srcad.checkpoint(range(steps), every=4):
        u[1:-1] = u[1:-1] + k * np.sin(u[2:] - 2.0 * u[1:-1] + u[:-2])
    return np.sum(u * u)


@program(number)
def several_scalars_and_a_branch(x, steps, every):
    y = x * 2
    z = 0.0
    for i in srcad.checkpoint(range(2, steps), every):
        d = np.sin(y) * x + i * 0.01
        if d > 0.5:
            z = z + y * d
        for _ in range(3):
            x = x + 0.1 * d * y * x
        y = y - 0.1 * d * z
    return x * y * z + i


@program(lambda rng: (rng.normal(size=7), 10))
def two_buffers_swapped(u, n):
    v = np.zeros_like(u)
    for _ in srcad.checkpoint(range(n)):
        v[1:-1] = 0.5 * np.sin(u[1:-1]) * u[2:] + 0.3 * u[:-2]
        u, v = v, u
    return np.sum(u**2)


@program(lambda rng: (0.5 * rng.normal(size=(3, 3)), rng.normal(size=(5, 3))), (0, 1))
def recurrent_cell_over_an_array(w, xs):
    h = np.zeros(w.shape[0])
    for x in srcad.checkpoint(xs, every=2):
        h = np.tanh(w @ h + x)
    return np.sum(h)


@program(lambda rng: (rng.normal(size=5), 0))
def no_steps_at_all(x, n):
    y = x * 3.0
    for _ in srcad.checkpoint(range(n)):
        y = y * x
    return np.sum(y * y)


@program(lambda rng: (rng.normal(size=5), 3))
def fewer_steps_than_a_stretch(x, n):
    y = x * 3.0
    for _ in srcad.checkpoint(range(n), every=100):
        y = np.sin(y) * x
    return np.sum(y * y)


@program(lambda rng: (0.9, 40))
def broken_off(x, n):
    y = x
    for _ in srcad.checkpoint(range(n), every=5):
        y = np.sin(y) * 1.1
        if y < 0.8:
            break
    return y


@program(lambda rng: (0.9, 12))
def returns_from_the_loop(x, n):
    for i in srcad.checkpoint(range(n), every=5):
        x = np.sin(x) * 1.05
        if i == 7:
            return x * x
    return x


@program(lambda rng: (rng.normal(size=4), 7))
def read_before_and_overwritten_inside(x, n):
    y = x * 2.0
    s = np.sum(np.sin(y))
    for t in srcad.checkpoint(range(n), every=3):
        y = y * x + s
        s = s * 0.5 + y[t % 4] * 0.1
    y[0] = s * y[1]
    return np.sum(y * s)


@program(lambda rng: (rng.normal(size=6), 8))
def steps_of_a_nested_loop(x, n):
    for t in srcad.checkpoint(range(n), every=3):
        for _ in srcad.checkpoint(range(t), every=2):
            x = x + 0.1 * np.sin(x)
        x[t % 6] = x[0] * x[1]
    return np.sum(x**3)


@program(lambda rng: (rng.normal(size=6), 6))
def list_that_grows_inside(x, n):
    found = []
    y = x[0]
    for t in srcad.checkpoint(range(n), every=2):
        y = np.cos(y) * x[t]
        found.append(y * y)
    return sum(found)


@program(lambda rng: (rng.normal(size=6), 6))
def a_view_of_the_state(x, n):
    u = x * 1.0
    inner = u[1:-1]
    for _ in srcad.checkpoint(range(n), every=4):
        inner += 0.1 * np.sin(u[2:])
    return np.sum(u * u)


@program(lambda rng: (rng.normal(size=6), 6))
def state_in_a_dict(x, n):
    state = {"x": x * 1.0, "v": np.ones(6)}
    for _ in srcad.checkpoint(range(n), every=4):
        state["v"] = state["v"] - 0.1 * np.sin(state["x"])
        state["x"] = state["x"] + 0.1 * state["v"]
    return np.sum(state["x"] * state["v"])


@program(lambda rng: (0.7, 9))
def bounds_changed_inside(x, n):
    for _ in srcad.checkpoint(range(n), every=4):
        n = n - 1
        x = 0.3 * x * np.cos(x) + 0.1 * n
    return x


@program(lambda rng: (0.7, 6))
def prints_once(x, n):
    for t in srcad.checkpoint(range(n), every=2):
        print(t)
        x = x * np.cos(x)
    return x


@program(lambda rng: (rng.normal(size=5), 6))
def counted_down(x, n):
    y = 1.0
    for t in srcad.checkpoint(range(n - 1, 0, -1), every=2):
        y = y * np.sin(x[t - 1])
    return y


@program(lambda rng: (0.3, 50))
def inner_while(x, n):
    for _ in srcad.checkpoint(range(n), every=7):
        while x * x > 2.0:
            x = 0.4 * x
        x = x * 1.3 + 0.1 * np.sin(x)
    return x


def _products(a, low, high):
    if high - low < 1:
        return 0.0
    a[low] = a[low] * a[high]
    return a[low] + _products(a, low + 1, high)


@program(lambda rng: (rng.uniform(0.2, 0.9, size=5), 3), backends=("numpy",))
def recursion_that_writes(x, n):
    y = x * 1.0
    s = 0.0
    for t in srcad.checkpoint(range(n), every=2):
        s = s + _products(y, t, 4) * y[0]
    return s + np.sum(y * y)


@program(lambda rng: (rng.uniform(0.2, 0.9, size=5),))
def attempts_that_fail(x):
    y = x * 1.0
    s = 0.0
    for t in srcad.checkpoint(range(5), every=2):
        try:
            y[t] = y[t] * y[(t + 1) % 5]
            if y[t] > 0.2:
                raise ValueError
            s = s + y[t] ** 2
        except ValueError:
            y[t] = np.sin(y[t])
            s = s + 2 * y[t] * s
    return s * y[0] + np.sum(y)


@program(lambda rng: (rng.uniform(0.5, 1.2, size=5), 7))
def one_branch_or_the_other(x, n):
    y = x * 1.0
    for i in srcad.checkpoint(range(n), every=2):
        if i % 3 == 0:
            y = y * x
        else:
            y = np.sin(y) * y
    return np.sum(y)


@program(lambda rng: (rng.uniform(0.3, 0.9, 4), 5))
def temporary_that_was_read_before(u, n):
    a = u * u
    s = np.sum(a * a * u)
    for _ in srcad.checkpoint(range(n), every=2):
        a = np.sin(u) * u
        u = u - 0.1 * a * a
    return s * np.sum(u)
