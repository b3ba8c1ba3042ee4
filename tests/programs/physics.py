"""Mechanics, waves, heat and flow, as loops."""

import math

import numpy as np

from tests.programs.registry import program


@program(args=lambda rng: (0.4, -0.2, 9.81, 1.3, 12), argnums=(0, 1, 2, 3))
def pendulum_rk4(theta, omega, g, length, steps):
    dt = 0.05
    for _ in range(steps):
        k1t, k1w = omega, -g / length * math.sin(theta)
        k2t, k2w = omega + 0.5 * dt * k1w, -g / length * math.sin(theta + 0.5 * dt * k1t)
        k3t, k3w = omega + 0.5 * dt * k2w, -g / length * math.sin(theta + 0.5 * dt * k2t)
        k4t, k4w = omega + dt * k3w, -g / length * math.sin(theta + dt * k3t)
        theta = theta + dt / 6.0 * (k1t + 2.0 * k2t + 2.0 * k3t + k4t)
        omega = omega + dt / 6.0 * (k1w + 2.0 * k2w + 2.0 * k3w + k4w)
    return 0.5 * length**2 * omega**2 + g * length * (1.0 - math.cos(theta))


def _bodies(rng):
    return rng.normal(size=(4, 3)), 0.3 * rng.normal(size=(4, 3)), rng.uniform(0.5, 2.0, 4), 4


@program(args=_bodies, argnums=(0, 1, 2))
def n_body_leapfrog(x, v, m, steps):
    n = m.shape[0]
    dt = 0.01
    a = np.zeros((n, 3))
    for step in range(steps):
        for i in range(n):
            for k in range(3):
                a[i, k] = 0.0
        for i in range(n):
            for j in range(n):
                if i != j:
                    r2 = 0.05
                    for k in range(3):
                        r2 += (x[j, k] - x[i, k]) ** 2
                    w = m[j] / (r2 * math.sqrt(r2))
                    for k in range(3):
                        a[i, k] += w * (x[j, k] - x[i, k])
        for i in range(n):
            for k in range(3):
                v[i, k] += dt * a[i, k]
                x[i, k] += dt * v[i, k]
    energy = 0.0
    for i in range(n):
        energy += 0.5 * m[i] * (v[i, 0] ** 2 + v[i, 1] ** 2 + v[i, 2] ** 2)
    return energy


@program(args=lambda rng: (rng.uniform(0.0, 0.3, (5, 2)) + np.arange(5)[:, None], 0.8, 1.1), argnums=(0, 1, 2))
def lennard_jones_triangle(x, epsilon, sigma):
    n = len(x)
    energy = 0.0
    for i in range(n):
        for j in range(i + 1, n):
            d = x[i] - x[j]
            s6 = (sigma**2 / np.dot(d, d)) ** 3
            energy += 4.0 * epsilon * (s6 * s6 - s6)
    return energy


@program(args=lambda rng: (rng.normal(size=10), rng.normal(size=10), 0.6, 7), argnums=(0, 1, 2))
def wave_three_buffers(u_old, u, c, steps):
    n = len(u)
    u_new = np.zeros(n)
    for _ in range(steps):
        for i in range(1, n - 1):
            u_new[i] = 2.0 * u[i] - u_old[i] + c * c * (u[i + 1] - 2.0 * u[i] + u[i - 1])
        u_old, u, u_new = u, u_new, u_old
    return np.sum(u**2) + 0.5 * np.sum(u_old)


@program(args=lambda rng: (1.5 + 0.4 * rng.normal(size=9), 0.1, 6), argnums=(0, 1))
def burgers_upwind(u, ratio, steps):
    for _ in range(steps):
        last = u[-1]
        for i in range(len(u) - 1, 0, -1):
            u[i] = u[i] - ratio * u[i] * (u[i] - u[i - 1])
        u[0] = u[0] - ratio * u[0] * (u[0] - last)
    return float(np.sum(u * np.arange(9)))


@program(args=lambda rng: (rng.normal(size=(6, 5)), 0.15, 3), argnums=(0, 1))
def heat_2d_slices(T, k, steps):
    for _ in range(steps):
        lap = T[2:, 1:-1] + T[:-2, 1:-1] + T[1:-1, 2:] + T[1:-1, :-2] - 4.0 * T[1:-1, 1:-1]
        T[1:-1, 1:-1] += k * lap
    return (T**3).sum()


@program(args=lambda rng: (12.7, 0.9, 0.02, 9.81), argnums=(0, 1, 2, 3))
def projectile_with_drag(speed, angle, drag, g):
    vx = speed * math.cos(angle)
    vy = speed * math.sin(angle)
    x = y = t = 0.0
    dt = 0.02
    while True:
        v = math.hypot(vx, vy)
        vx -= dt * drag * v * vx
        vy -= dt * (g + drag * v * vy)
        if y + dt * vy < 0.0:
            break
        x += dt * vx
        y += dt * vy
        t += dt
    fraction = -y / vy
    return x + fraction * vx + 0.1 * t


@program(args=lambda rng: (np.linspace(0.0, 5.0, 6) + 0.1 * rng.normal(size=6), 3.0, 0.9, 8), argnums=(0, 1, 2))
def spring_chain_verlet(x, k, rest, steps):
    n = x.size
    v = np.zeros_like(x)
    for _ in range(steps):
        force = np.zeros(n)
        for i in range(n - 1):
            stretch = x[i + 1] - x[i] - rest
            force[i] += k * stretch
            force[i + 1] -= k * stretch
        v += 0.05 * force
        x = x + 0.05 * v
    return np.dot(v, v) + x[-1] - x[0]


@program(args=lambda rng: (rng.normal(size=(5, 6)), 6), argnums=0)
def poisson_jacobi(f, sweeps):
    ny, nx = f.shape
    p = np.zeros((ny, nx))
    q = np.zeros((ny, nx))
    for _ in range(sweeps):
        for i in range(1, ny - 1):
            for j in range(1, nx - 1):
                q[i, j] = 0.25 * (p[i + 1, j] + p[i - 1, j] + p[i, j + 1] + p[i, j - 1] - f[i, j])
        p, q = q, p
    total = 0.0
    for i in range(ny):
        for j in range(nx):
            total += p[i, j] * p[i, j]
    return total


@program(args=lambda rng: (rng.normal(size=(5, 5)), 1.3, 4), argnums=(0, 1))
def red_black_sor(u, omega, sweeps):
    n = u.shape[0]
    for _ in range(sweeps):
        for colour in range(2):
            for i in range(1, n - 1):
                for j in range(1 + (i + colour) % 2, n - 1, 2):
                    average = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1])
                    u[i, j] += omega * (average - u[i, j])
    return np.sum(np.sin(u))


@program(args=lambda rng: (0.3, 0.0167 * 20), argnums=(0, 1))
def kepler_equation(mean_anomaly, eccentricity):
    E = mean_anomaly
    for _ in range(50):
        step = (E - eccentricity * math.sin(E) - mean_anomaly) / (1.0 - eccentricity * math.cos(E))
        E -= step
        if abs(step) < 1e-15:
            break
    return 2.0 * math.atan2(
        math.sqrt(1.0 + eccentricity) * math.sin(0.5 * E), math.sqrt(1.0 - eccentricity) * math.cos(0.5 * E)
    )


@program(args=lambda rng: (np.array([1.1, 0.4, -0.3]), 10.0, 28.0, 8.0 / 3.0), argnums=(0, 1, 2, 3))
def lorenz_midpoint(state, sigma, rho, beta):
    def slope(s):
        x, y, z = s
        return np.array([sigma * (y - x), x * (rho - z) - y, x * y - beta * z])

    dt = 0.01
    for _ in range(10):
        half = state + 0.5 * dt * slope(state)
        state = state + dt * slope(half)
    return state.sum()


@program(args=lambda rng: (rng.uniform(0.2, 0.8, 7), 0.7, 0.4), argnums=(0, 1, 2))
def ising_mean_field(m, coupling, field):
    n = len(m)
    for _ in range(8):
        for i in range(n):
            left = m[i - 1] if i > 0 else m[n - 1]
            right = m[i + 1] if i < n - 1 else m[0]
            m[i] = math.tanh(coupling * (left + right) + field)
    return np.mean(m)


@program(args=lambda rng: (rng.uniform(1.0, 2.0, 8), rng.uniform(1.0, 2.0, 7), 0.05), argnums=(0, 1, 2))
def shallow_water_staggered(h, hu, dt):
    n = h.shape[0]
    for _ in range(4):
        flux = np.empty(n - 1)
        for i in range(n - 1):
            depth = 0.5 * (h[i] + h[i + 1])
            flux[i] = hu[i] - dt * 9.81 * depth * (h[i + 1] - h[i])
        h[0] -= dt * flux[0]
        for i in range(1, n - 1):
            h[i] -= dt * (flux[i] - flux[i - 1])
        h[n - 1] += dt * flux[n - 2]
        hu[:] = flux
    return (h * h).sum() + hu[2]


@program(args=lambda rng: (rng.normal(size=6), rng.uniform(0.5, 1.5, 6), 0.3), argnums=(0, 1, 2))
def ray_through_layers(offsets, speeds, angle):
    time = 0.0
    p = math.sin(angle) / speeds[0]
    for k in range(len(speeds)):
        s = p * speeds[k]
        if s >= 0.99:
            s = 0.99 + 0.01 * math.tanh(s - 0.99)
        c = math.sqrt(1.0 - s * s)
        time += math.exp(0.1 * offsets[k]) / (speeds[k] * c)
    return time


@program(args=lambda rng: (rng.normal(size=8) * 0.1, 0.5), argnums=(0, 1))
def fermi_pasta_ulam(q, alpha):
    n = q.size
    p = np.zeros(n)
    for step in range(5):
        d = np.empty(n + 1)
        d[0] = q[0]
        d[1:n] = q[1:] - q[:-1]
        d[n] = -q[n - 1]
        force = d + alpha * d**2
        p += 0.1 * (force[1:] - force[:-1])
        q += 0.1 * p
    return 0.5 * np.sum(p * p) + np.sum(d**2) / 2 + alpha * np.sum(d**3) / 3
