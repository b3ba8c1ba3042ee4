"""Ordinary differential equations: classical models under classical steppers."""

import math
from dataclasses import dataclass

import numpy as np

from tests.literature.registry import problem


@problem(
    "A. J. Lotka (1925), V. Volterra (1926); classical Runge-Kutta, Hairer, Nørsett, Wanner, Solving ODEs I, II.1",
    lambda rng: (np.array([1.1, 0.4, 0.4, 0.1]), np.array([10.0, 5.0]), 0.05, 40),
    argnums=(0, 1),
)
def lotka_volterra(theta, z0, h, steps):
    def rhs(z):
        a, b, c, d = theta
        return np.array([a * z[0] - b * z[0] * z[1], d * z[0] * z[1] - c * z[1]])

    z = z0
    path = np.zeros((steps + 1, 2))
    path[0] = z
    for k in range(steps):
        k1 = rhs(z)
        k2 = rhs(z + 0.5 * h * k1)
        k3 = rhs(z + 0.5 * h * k2)
        k4 = rhs(z + h * k3)
        z = z + h / 6.0 * (k1 + 2.0 * k2 + 2.0 * k3 + k4)
        path[k + 1] = z
    return path


@problem(
    "H. H. Robertson (1966); backward Euler with Newton's method, Hairer, Wanner, Solving ODEs II, IV.1",
    lambda rng: (np.array([0.04, 1.0, 3.0]), np.array([1.0, 0.3, 0.1]), 0.1, 10),
    argnums=(0, 1),
)
def robertson_backward_euler(k_scaled, y0, h, steps):
    k = np.array([k_scaled[0], 1e4 * k_scaled[1], 1e7 * k_scaled[2]])
    y = np.array([y0[0], 1e-4 * y0[1], y0[2]])
    for _ in range(steps):
        previous = y.copy()
        for _ in range(4):
            r1 = k[0] * y[0]
            r2 = k[1] * y[1] * y[2]
            r3 = k[2] * y[1] ** 2
            residual = y - previous - h * np.array([-r1 + r2, r1 - r2 - r3, r3])
            jacobian = np.eye(3) - h * np.array(
                [
                    [-k[0], k[1] * y[2], k[1] * y[1]],
                    [k[0], -k[1] * y[2] - 2.0 * k[2] * y[1], -k[1] * y[1]],
                    [0.0, 2.0 * k[2] * y[1], 0.0],
                ]
            )
            y = y - np.linalg.solve(jacobian, residual)
    return y


@problem(
    "B. van der Pol (1926); Rosenbrock's method ROS2, J. G. Verwer et al., SIAM J. Sci. Comput. 20 (1999)",
    lambda rng: (5.0, np.array([2.0, -0.5]), 0.02, 25),
    argnums=(0, 1),
)
def van_der_pol_ros2(mu, y0, h, steps):
    gamma = 1.0 + 1.0 / math.sqrt(2.0)

    def f(y):
        return np.array([y[1], mu * (1.0 - y[0] ** 2) * y[1] - y[0]])

    y = y0
    for _ in range(steps):
        jac = np.array([[0.0, 1.0], [-2.0 * mu * y[0] * y[1] - 1.0, mu * (1.0 - y[0] ** 2)]])
        m = np.eye(2) - gamma * h * jac
        k1 = np.linalg.solve(m, f(y))
        k2 = np.linalg.solve(m, f(y + h * k1) - 2.0 * k1)
        y = y + 1.5 * h * k1 + 0.5 * h * k2
    return np.sum(y**2)


@problem(
    "E. N. Lorenz, J. Atmos. Sci. 20 (1963); Heun's method",
    lambda rng: (10.0, 28.0, 8.0 / 3.0, np.array([1.0, 1.0, 1.1])),
    argnums=(0, 1, 2, 3),
)
def lorenz_63(sigma, rho, beta, state):
    def velocity(x, y, z):
        return sigma * (y - x), x * (rho - z) - y, x * y - beta * z

    h = 0.01
    x, y, z = state
    for _ in range(60):
        dx1, dy1, dz1 = velocity(x, y, z)
        dx2, dy2, dz2 = velocity(x + h * dx1, y + h * dy1, z + h * dz1)
        x += 0.5 * h * (dx1 + dx2)
        y += 0.5 * h * (dy1 + dy2)
        z += 0.5 * h * (dz1 + dz2)
    return x * x + y * y + z * z


@problem(
    "E. N. Lorenz, Predictability (1996), eq. 1; periodic indices by np.roll",
    lambda rng: (rng.standard_normal(8), 8.0),
    argnums=(0, 1),
)
def lorenz_96(x, forcing):
    def tendency(x):
        return (np.roll(x, -1) - np.roll(x, 2)) * np.roll(x, 1) - x + forcing

    h = 0.02
    for _ in range(15):
        k1 = tendency(x)
        k2 = tendency(x + 0.5 * h * k1)
        x = x + h * k2
    return x


@problem(
    "S. J. Aarseth, Gravitational N-Body Simulations (2003), softened; leapfrog of L. Verlet (1967)",
    lambda rng: (rng.standard_normal((4, 3)), 0.3 * rng.standard_normal((4, 3)), 1.0 + rng.random(4)),
    argnums=(0, 1, 2),
)
def n_body(position, velocity, mass):
    n = len(mass)
    dt, softening = 0.02, 0.1
    x = position.copy()
    v = velocity.copy()
    acceleration = np.zeros((n, 3))
    for _ in range(10):
        for half in range(2):
            acceleration[:] = 0.0
            for i in range(n):
                for j in range(n):
                    if i != j:
                        d = x[j] - x[i]
                        r2 = d @ d + softening**2
                        acceleration[i] += mass[j] * d / r2**1.5
            v += 0.5 * dt * acceleration
            if half == 0:
                x += dt * v
    kinetic = 0.5 * np.sum(mass[:, None] * v**2)
    return kinetic


@problem(
    "J. E. Jones, Proc. R. Soc. A 106 (1924): Lennard-Jones forces, minimum image, velocity Verlet",
    lambda rng: (
        np.stack(np.meshgrid([0.5, 1.7], [0.5, 1.7], [0.5, 1.7]), -1).reshape(-1, 3)
        + 0.05 * rng.standard_normal((8, 3)),
        1.0,
        1.0,
    ),
    argnums=(0, 1, 2),
)
def lennard_jones(x, epsilon, sigma):
    box = 2.8
    energy = 0.0
    for i in range(len(x)):
        for j in range(i + 1, len(x)):
            r2 = 0.0
            for k in range(3):
                d = x[i, k] - x[j, k]
                d -= box * round(d / box)
                r2 += d * d
            s6 = (sigma**2 / r2) ** 3
            energy += 4.0 * epsilon * (s6 * s6 - s6)
    return energy


@problem(
    "W. O. Kermack, A. G. McKendrick, Proc. R. Soc. A 115 (1927), SIR; forward Euler",
    lambda rng: (0.4, 0.1, 0.01),
    argnums=(0, 1, 2),
)
def sir_epidemic(beta, gamma, infected0):
    s, i, r = 1.0 - infected0, infected0, 0.0
    infections = []
    for _ in range(60):
        new = beta * s * i
        recovered = gamma * i
        s -= new
        i += new - recovered
        r += recovered
        infections.append(i)
    return max(infections) + r


@problem(
    "R. FitzHugh, Biophys. J. 1 (1961); J. Nagumo et al. (1962)",
    lambda rng: (0.7, 0.8, 12.5, 0.5),
    argnums=(0, 1, 2, 3),
)
def fitzhugh_nagumo(a, b, tau, current):
    v, w = -1.0, 1.0
    dt = 0.1
    spikes = 0.0
    for _ in range(200):
        dv = v - v**3 / 3.0 - w + current
        dw = (v + a - b * w) / tau
        v, w = v + dt * dv, w + dt * dw
        if v > 1.0:
            spikes += (v - 1.0) ** 2 * dt
    return spikes + v * w


@problem(
    "A. L. Hodgkin, A. F. Huxley, J. Physiol. 117 (1952)",
    lambda rng: (np.array([120.0, 36.0, 0.3]), 10.0),
    argnums=(0, 1),
)
def hodgkin_huxley(conductance, current):
    g_na, g_k, g_l = conductance
    v, m, h, n = -60.0, 0.05, 0.6, 0.32
    dt = 0.02
    for _ in range(150):
        alpha_m = 0.1 * (v + 40.0) / (1.0 - np.exp(-(v + 40.0) / 10.0))
        beta_m = 4.0 * np.exp(-(v + 65.0) / 18.0)
        alpha_h = 0.07 * np.exp(-(v + 65.0) / 20.0)
        beta_h = 1.0 / (1.0 + np.exp(-(v + 35.0) / 10.0))
        alpha_n = 0.01 * (v + 55.0) / (1.0 - np.exp(-(v + 55.0) / 10.0))
        beta_n = 0.125 * np.exp(-(v + 65.0) / 80.0)
        i_ion = g_na * m**3 * h * (v - 50.0) + g_k * n**4 * (v + 77.0) + g_l * (v + 54.4)
        v += dt * (current - i_ion)
        m += dt * (alpha_m * (1.0 - m) - beta_m * m)
        h += dt * (alpha_h * (1.0 - h) - beta_h * h)
        n += dt * (alpha_n * (1.0 - n) - beta_n * n)
    return v


@problem(
    "I. Prigogine, R. Lefever, J. Chem. Phys. 48 (1968), Brusselator; two-stage Gauss as a fixed point",
    lambda rng: (1.0, 2.5, np.array([1.2, 2.8])),
    argnums=(0, 1, 2),
)
def brusselator_gauss(a, b, z):
    h = 0.05
    r = np.sqrt(3.0) / 6.0
    A = np.array([[0.25, 0.25 - r], [0.25 + r, 0.25]])
    for _ in range(8):
        k = np.zeros((2, 2))
        for _ in range(6):
            stage = z + h * A @ k
            x, y = stage[:, 0], stage[:, 1]
            k = np.stack((a + x * x * y - (b + 1.0) * x, b * x - x * x * y), axis=1)
        z = z + 0.5 * h * np.sum(k, axis=0)
    return z


DOPRI_A = [
    [],
    [1 / 5],
    [3 / 40, 9 / 40],
    [44 / 45, -56 / 15, 32 / 9],
    [19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729],
    [9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656],
]
DOPRI_B = [35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84]


@problem(
    "J. R. Dormand, P. J. Prince, J. Comput. Appl. Math. 6 (1980); Arenstorf-like Kepler orbit", lambda rng: (0.3,)
)
def kepler_dormand_prince(eccentricity):
    y = np.array([1.0 - eccentricity, 0.0, 0.0, np.sqrt((1.0 + eccentricity) / (1.0 - eccentricity))])
    h = 0.05
    for _ in range(12):
        stages = []
        for row in DOPRI_A:
            point = y
            for coefficient, stage in zip(row, stages):
                point = point + h * coefficient * stage
            r3 = (point[0] ** 2 + point[1] ** 2) ** 1.5
            stages.append(np.array([point[2], point[3], -point[0] / r3, -point[1] / r3]))
        for weight, stage in zip(DOPRI_B, stages):
            y = y + h * weight * stage
    return y[0] ** 2 + 2.0 * y[1]


@problem(
    "E. Fehlberg, NASA TR R-315 (1969): embedded pair with step-size control", lambda rng: (2.0, 1.0), argnums=(0, 1)
)
def adaptive_step(rate, y0):
    t, y, h = 0.0, y0, 0.1
    while t < 1.0:
        if t + h > 1.0:
            h = 1.0 - t
        k1 = -rate * y * y
        k2 = -rate * (y + h * k1) ** 2
        low = y + h * k1
        high = y + 0.5 * h * (k1 + k2)
        error = abs(high - low)
        if error < 0.01:
            t += h
            y = high
        if error < 0.002:
            h *= 1.5
        else:
            h *= 0.7
    return y


@dataclass
class Pendulum:
    l1: float
    l2: float
    m1: float
    m2: float


@problem(
    "T. Shinbrot et al., Am. J. Phys. 60 (1992): the double pendulum",
    lambda rng: (Pendulum(1.0, 0.8, 1.0, 1.5), np.array([0.5, -0.3, 0.1, 0.2])),
    argnums=(0, 1),
)
def double_pendulum(p, state):
    g, dt = 9.81, 0.01
    t1, t2, w1, w2 = state
    for _ in range(25):
        d = t1 - t2
        den = 2.0 * p.m1 + p.m2 - p.m2 * math.cos(2.0 * d)
        a1 = -g * (2.0 * p.m1 + p.m2) * math.sin(t1) - p.m2 * g * math.sin(t1 - 2.0 * t2)
        a1 -= 2.0 * math.sin(d) * p.m2 * (w2**2 * p.l2 + w1**2 * p.l1 * math.cos(d))
        a2 = w1**2 * p.l1 * (p.m1 + p.m2) + g * (p.m1 + p.m2) * math.cos(t1) + w2**2 * p.l2 * p.m2 * math.cos(d)
        a2 *= 2.0 * math.sin(d)
        w1 += dt * a1 / (p.l1 * den)
        w2 += dt * a2 / (p.l2 * den)
        t1 += dt * w1
        t2 += dt * w2
    return p.l1 * math.sin(t1) + p.l2 * math.sin(t2)


@problem(
    "F. Verhulst (1838), Adams-Bashforth of order 3 with a history buffer",
    lambda rng: (1.3, 2.0, 0.2),
    argnums=(0, 1, 2),
)
def logistic_adams_bashforth(r, capacity, y):
    h = 0.1
    history = np.zeros(3)
    for k in range(20):
        slope = r * y * (1.0 - y / capacity)
        history[2] = history[1]
        history[1] = history[0]
        history[0] = slope
        if k < 2:
            y += h * slope
        else:
            y += h / 12.0 * (23.0 * history[0] - 16.0 * history[1] + 5.0 * history[2])
    return y


@problem(
    "R. M. Neal, MCMC using Hamiltonian dynamics (2011), section 2.3: one leapfrog trajectory",
    lambda rng: (rng.standard_normal(3), rng.standard_normal(3), 0.1),
    argnums=(0, 1, 2),
)
def hamiltonian_trajectory(q, p, step):
    precision = np.array([[2.0, 0.5, 0.0], [0.5, 1.0, 0.3], [0.0, 0.3, 1.5]])

    def gradient(q):
        return precision @ q + q**3

    p = p - 0.5 * step * gradient(q)
    for _ in range(7):
        q = q + step * p
        p = p - step * gradient(q)
    q = q + step * p
    p = p - 0.5 * step * gradient(q)
    return 0.5 * q @ precision @ q + 0.25 * np.sum(q**4) + 0.5 * p @ p


@problem(
    "P. E. Kloeden, E. Platen, Numerical Solution of SDEs (1992), 10.3: Milstein for geometric Brownian motion",
    lambda rng: (0.05, 0.2, 1.0, rng.standard_normal(30)),
    argnums=(0, 1, 2),
)
def milstein(mu, sigma, x, noise):
    dt = 1.0 / len(noise)
    for z in noise:
        dw = z * math.sqrt(dt)
        x += mu * x * dt + sigma * x * dw + 0.5 * sigma**2 * x * (dw**2 - dt)
    return x


@problem(
    "L. S. Pontryagin's adjoint for LQR: backward Riccati recursion, Bertsekas, Dynamic Programming (2005), 4.1",
    lambda rng: (np.array([[1.0, 0.1], [0.0, 1.0]]), np.array([[0.0], [0.1]]), np.diag([1.0, 0.1]), np.array([[0.5]])),
    argnums=(0, 1, 2, 3),
)
def riccati_lqr(A, B, Q, R):
    P = Q
    gains = []
    for _ in range(10):
        K = np.linalg.solve(R + B.T @ P @ B, B.T @ P @ A)
        P = Q + A.T @ P @ (A - B @ K)
        gains.append(K)
    x = np.array([1.0, 0.5])
    cost = 0.0
    for K in reversed(gains):
        u = -K @ x
        cost = cost + x @ Q @ x + u @ R @ u
        x = A @ x + B @ u
    return cost + x @ Q @ x
