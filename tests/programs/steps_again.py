"""Steps of explicit schemes: cheap enough to be run again in reverse, and what must survive that they run twice."""

import numpy as np

from tests.programs.registry import program


def line(rng):
    return rng.uniform(0.2, 0.9, 7), 0.3, 4


def two_lines(rng):
    return rng.uniform(0.2, 0.9, 6), rng.uniform(0.2, 0.9, 6), 3


@program(line, (0, 1))
def limited_slopes(q, c, steps):
    for _ in range(steps):
        before = q - np.roll(q, 1)
        after = np.roll(q, -1) - q
        slope = before * after * (before + after) / (before * before + after * after + 0.1)
        slope = np.where(before * after > 0.0, slope, 0.0)
        face = q + 0.5 * (1.0 - c) * slope
        q = q - c * (face - np.roll(face, 1))
    return np.sum(q * q)


@program(line, (0, 1))
def fluxes_in_arrays_of_their_own(q, c, steps):
    for _ in range(steps):
        flux = np.zeros(q.shape[0] + 1)
        flux[1:-1] = 0.5 * q[1:] * q[:-1] * q[1:]
        speed = q * q - c * q
        source = speed * q / (1.0 + speed * speed)
        q = q - c * (flux[1:] - flux[:-1]) + 0.1 * source * speed
    return np.sum(q * q)


@program(line, (0, 1))
def state_written_in_place(q, c, steps):
    for _ in range(steps):
        left = q[1:-1] * q[:-2]
        right = q[1:-1] * q[2:]
        both = left * right
        q[1:-1] += 0.1 * c * (both * left - right * both)
    return np.sum(q * q * q)


@program(line, (0, 1))
def temporaries_read_after_the_loop(q, c, steps):
    a = q * 2.0
    b = a * q
    for _ in range(steps):
        a = q * q
        b = a * q - c * a
        d = a * b
        q = q - 0.1 * d * b
    return np.sum(a * b * q)


@program(line, (0, 1))
def temporaries_that_were_read_before_the_loop(q, c, steps):
    a = q * c
    b = a * a * q
    s = np.sum(a * b * b)
    for _ in range(steps):
        a = q * q
        b = a * q - c * a
        d = a * b
        q = q - 0.1 * d * b
    return s * np.sum(q)


@program(lambda rng: (rng.uniform(0.2, 0.9, 5), 0.2, 0), (0, 1))
def no_step_and_temporaries_of_the_time_before(q, c, steps):
    a = q * c
    b = a * q
    for _ in range(steps):
        a = q * q
        b = a * q - c * a
        q = q - 0.1 * a * b
    return np.sum(a * b * q)


@program(two_lines, (0, 1))
def leapfrog_of_two_states(u, v, steps):
    for k in range(1, steps + 1):
        force = u * u * u - u
        drag = force * v
        heat = drag * force
        v = v - 0.1 * (force + drag / k)
        u = u + 0.1 * v * heat
    return np.sum(u * v)


@program(two_lines, (0, 1))
def the_state_before_under_another_name(u, v, steps):
    old = u
    for _ in range(steps):
        a = u * v
        b = a * a
        d = a * b - u
        new = u - 0.1 * d * b * old
        old = u
        u = new
    return np.sum(u * old)


@program(two_lines, (0, 1))
def states_that_change_places(u, v, steps):
    for _ in range(steps):
        a = u * v
        b = a * u
        d = a * b
        w = u + 0.1 * d * b
        u, v = v, w
    return np.sum(u * v)


@program(two_lines, (0, 1))
def state_that_shrinks(u, v, steps):
    for _ in range(steps):
        a = u[1:] * u[:-1]
        b = a * a
        d = a * b
        u = u[1:] - 0.1 * d * b
    return np.sum(u) * np.sum(v)


@program(two_lines, (0, 1))
def state_that_is_a_row_of_a_table(u, v, steps):
    table = np.zeros((steps + 1, u.shape[0]))
    table[0] = u
    for k in range(steps):
        a = table[k] * v
        b = a * a
        d = a * b
        table[k + 1] = table[k] - 0.1 * d * b
    return np.sum(table * table)


@program(two_lines, (0, 1))
def sum_on_the_way(u, v, steps):
    s = 0.0
    for _ in range(steps):
        a = u * v
        b = a * a
        d = a * b
        s = s + c_of(u)
        u = u - 0.1 * d * b
    return s * np.sum(u)


def c_of(u):
    return u[0] * u[-1]


@program(two_lines, (0, 1))
def backwards_with_a_counter(u, v, steps):
    for k in range(steps, 0, -1):
        a = u * v * k
        b = a * a
        d = a * b
        u = u - 0.01 * d * b / k
    return np.sum(u * u)


@program(two_lines, (0, 1))
def step_inside_another_loop(u, v, steps):
    total = 0.0
    for i in range(2):
        w = u * (i + 1.0)
        for _ in range(steps):
            a = w * v
            b = a * a
            d = a * b
            w = w - 0.1 * d * b
        total += np.sum(w * w)
    return total


@program(two_lines, (0, 1))
def stop_when_it_is_small(u, v, steps):
    for _ in range(steps):
        a = u * v
        b = a * a
        d = a * b
        if np.sum(d * d) < 1e-12:
            break
        u = u - 0.1 * d * b
    return np.sum(u * u)


@program(lambda rng: (rng.uniform(0.2, 0.9, (4, 5)), 0.2, 3), (0, 1))
def plane_with_fluxes(q, c, steps):
    for _ in range(steps):
        x = q[:, 1:] * q[:, :-1]
        y = q[1:, :] * q[:-1, :]
        z = x[1:, :] * y[:, 1:]
        q = q * 1.0
        q[1:, 1:] -= c * z * y[:, 1:] * x[1:, :]
    return np.sum(q * q)


@program(lambda rng: (rng.uniform(0.2, 0.9, 5).astype(np.float32), np.float32(0.2), 3), (0, 1))
def single_precision(q, c, steps):
    for _ in range(steps):
        a = q * q
        b = a * q - c * a
        d = a * b
        q = q - c * d * b
    return np.sum(q * q)
