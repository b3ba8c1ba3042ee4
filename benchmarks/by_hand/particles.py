"""Bodies and the sparse product by hand."""

import math

import numpy as np

from benchmarks.by_hand import compiled


@compiled
def _kick(x, v, mass, dt):
    n = x.shape[0]
    for i in range(n):
        for j in range(i + 1, n):
            dx, dy, dz = x[i, 0] - x[j, 0], x[i, 1] - x[j, 1], x[i, 2] - x[j, 2]
            square = dx * dx + dy * dy + dz * dz + 0.01
            force = dt / (square * math.sqrt(square))
            on_i, on_j = mass[j] * force, mass[i] * force
            v[i, 0] -= dx * on_i
            v[i, 1] -= dy * on_i
            v[i, 2] -= dz * on_i
            v[j, 0] += dx * on_j
            v[j, 1] += dy * on_j
            v[j, 2] += dz * on_j


@compiled
def _energy(x, v, mass):
    n = x.shape[0]
    energy = 0.0
    for i in range(n):
        energy += 0.5 * mass[i] * (v[i, 0] ** 2 + v[i, 1] ** 2 + v[i, 2] ** 2)
        for j in range(i + 1, n):
            dx, dy, dz = x[i, 0] - x[j, 0], x[i, 1] - x[j, 1], x[i, 2] - x[j, 2]
            energy -= mass[i] * mass[j] / math.sqrt(dx * dx + dy * dy + dz * dz + 0.01)
    return energy


@compiled
def nbody_primal(position, velocity, mass, dt, steps):
    x, v = position.copy(), velocity.copy()
    for _ in range(steps):
        _kick(x, v, mass, dt)
        for i in range(x.shape[0]):
            for c in range(3):
                x[i, c] += dt * v[i, c]
    return _energy(x, v, mass)


@compiled
def nbody(position, velocity, mass, dt, steps):
    """A kick is linear in the velocities: only the positions are recorded."""
    x, v = position.copy(), velocity.copy()
    n = x.shape[0]
    saved = np.empty((steps, n, 3))
    for t in range(steps):
        saved[t] = x
        _kick(x, v, mass, dt)
        for i in range(n):
            for c in range(3):
                x[i, c] += dt * v[i, c]
    value = _energy(x, v, mass)
    x_bar, v_bar, m_bar = np.zeros((n, 3)), np.empty((n, 3)), np.zeros(n)
    _energy_adjoint(x, v, mass, x_bar, v_bar, m_bar)
    for t in range(steps - 1, -1, -1):
        for i in range(n):
            for c in range(3):
                v_bar[i, c] += dt * x_bar[i, c]
        _kick_adjoint(saved[t], mass, dt, x_bar, v_bar, m_bar)
    return value, x_bar, v_bar, m_bar


@compiled
def _energy_adjoint(x, v, mass, x_bar, v_bar, m_bar):
    n = x.shape[0]
    for i in range(n):
        m_bar[i] += 0.5 * (v[i, 0] ** 2 + v[i, 1] ** 2 + v[i, 2] ** 2)
        for c in range(3):
            v_bar[i, c] = mass[i] * v[i, c]
        for j in range(i + 1, n):
            dx, dy, dz = x[i, 0] - x[j, 0], x[i, 1] - x[j, 1], x[i, 2] - x[j, 2]
            inverse = 1.0 / math.sqrt(dx * dx + dy * dy + dz * dz + 0.01)
            m_bar[i] -= mass[j] * inverse
            m_bar[j] -= mass[i] * inverse
            g = mass[i] * mass[j] * inverse * inverse * inverse
            x_bar[i, 0] += g * dx
            x_bar[i, 1] += g * dy
            x_bar[i, 2] += g * dz
            x_bar[j, 0] -= g * dx
            x_bar[j, 1] -= g * dy
            x_bar[j, 2] -= g * dz


@compiled
def _kick_adjoint(x, mass, dt, x_bar, v_bar, m_bar):
    n = x.shape[0]
    for i in range(n):
        for j in range(i + 1, n):
            dx, dy, dz = x[i, 0] - x[j, 0], x[i, 1] - x[j, 1], x[i, 2] - x[j, 2]
            inverse = 1.0 / (dx * dx + dy * dy + dz * dz + 0.01)
            force = dt * inverse * math.sqrt(inverse)
            on_i = dx * v_bar[i, 0] + dy * v_bar[i, 1] + dz * v_bar[i, 2]
            on_j = dx * v_bar[j, 0] + dy * v_bar[j, 1] + dz * v_bar[j, 2]
            m_bar[j] -= on_i * force
            m_bar[i] += on_j * force
            # force_bar = mass[i] * on_j - mass[j] * on_i, and d force / d square = -1.5 * force / square
            along = -3.0 * (mass[i] * on_j - mass[j] * on_i) * force * inverse
            gx = along * dx + force * (mass[i] * v_bar[j, 0] - mass[j] * v_bar[i, 0])
            gy = along * dy + force * (mass[i] * v_bar[j, 1] - mass[j] * v_bar[i, 1])
            gz = along * dz + force * (mass[i] * v_bar[j, 2] - mass[j] * v_bar[i, 2])
            x_bar[i, 0] += gx
            x_bar[i, 1] += gy
            x_bar[i, 2] += gz
            x_bar[j, 0] -= gx
            x_bar[j, 1] -= gy
            x_bar[j, 2] -= gz


@compiled
def spmv_primal(values, columns, rows, x):
    total = 0.0
    for i in range(rows.shape[0] - 1):
        y = 0.0
        for k in range(rows[i], rows[i + 1]):
            y += values[k] * x[columns[k]]
        total += y * y
    return total


@compiled
def spmv(values, columns, rows, x):
    """Rows are independent: each row's reverse sweep runs right behind its forward sweep."""
    total = 0.0
    v_bar, x_bar = np.empty_like(values), np.zeros_like(x)
    for i in range(rows.shape[0] - 1):
        y = 0.0
        for k in range(rows[i], rows[i + 1]):
            y += values[k] * x[columns[k]]
        total += y * y
        g = 2.0 * y
        for k in range(rows[i], rows[i + 1]):
            v_bar[k] = g * x[columns[k]]
            x_bar[columns[k]] += g * values[k]
    return total, v_bar, x_bar
