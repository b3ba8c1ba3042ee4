"""Partial differential equations and lattice models."""

import math

import numpy as np

from tests.literature.registry import problem


@problem(
    "J. Crank, P. Nicolson (1947); tridiagonal elimination of L. H. Thomas, Press et al., Numerical Recipes, 2.4",
    lambda rng: (rng.random(7), 0.8),
    argnums=(0, 1),
)
def crank_nicolson(u, r):
    n = len(u)
    for _ in range(4):
        d = np.zeros(n)
        for i in range(n):
            left = u[i - 1] if i > 0 else 0.0
            right = u[i + 1] if i < n - 1 else 0.0
            d[i] = u[i] + 0.5 * r * (left - 2.0 * u[i] + right)
        c = np.zeros(n)
        b = 1.0 + r
        c[0] = -0.5 * r / b
        d[0] = d[0] / b
        for i in range(1, n):
            m = b + 0.5 * r * c[i - 1]
            c[i] = -0.5 * r / m
            d[i] = (d[i] + 0.5 * r * d[i - 1]) / m
        u = np.zeros(n)
        u[n - 1] = d[n - 1]
        for i in range(n - 2, -1, -1):
            u[i] = d[i] - c[i] * u[i + 1]
    return u


@problem(
    "R. Courant, K. Friedrichs, H. Lewy (1928): leapfrog for the wave equation",
    lambda rng: (rng.random(9), 0.7),
    argnums=(0, 1),
)
def wave_leapfrog(u0, courant):
    previous = u0.copy()
    current = u0.copy()
    energy = 0.0
    for _ in range(12):
        following = np.zeros_like(current)
        following[1:-1] = (
            2.0 * current[1:-1] - previous[1:-1] + courant**2 * (current[2:] - 2.0 * current[1:-1] + current[:-2])
        )
        previous, current = current, following
        energy += np.sum((current - previous) ** 2)
    return energy


@problem(
    "J. M. Burgers (1948); P. Lax, Comm. Pure Appl. Math. 7 (1954): Lax-Friedrichs fluxes",
    lambda rng: (np.sin(2.0 * np.pi * np.arange(12) / 12.0) + 0.05 * rng.random(12), 0.4),
    argnums=(0, 1),
)
def burgers_lax_friedrichs(u, ratio):
    for _ in range(8):
        right = np.roll(u, -1)
        flux = 0.5 * (0.5 * u**2 + 0.5 * right**2) - 0.5 / ratio * (right - u)
        u = u - ratio * (flux - np.roll(flux, 1))
    return u


@problem(
    "S. K. Godunov (1959); R. J. LeVeque, Finite Volume Methods (2002), 12.2: exact Riemann solver for Burgers",
    lambda rng: (np.cos(np.arange(10.0)) + 0.1 * rng.random(10),),
)
def burgers_godunov(u):
    n = len(u)
    dt_dx = 0.3
    for _ in range(5):
        flux = np.zeros(n)
        for i in range(n):
            left, right = u[i], u[(i + 1) % n]
            if left > right:
                speed = 0.5 * (left + right)
                flux[i] = 0.5 * left**2 if speed > 0.0 else 0.5 * right**2
            elif left > 0.0:
                flux[i] = 0.5 * left**2
            elif right < 0.0:
                flux[i] = 0.5 * right**2
            else:
                flux[i] = 0.0
        new = np.empty(n)
        for i in range(n):
            new[i] = u[i] - dt_dx * (flux[i] - flux[i - 1])
        u = new
    return np.sum(u**2)


@problem(
    "P. Lax, B. Wendroff, Comm. Pure Appl. Math. 13 (1960), with G. D. van Albada's limiter (1982)",
    lambda rng: (rng.random(10), 0.5),
    argnums=(0, 1),
)
def advection_limited(q, nu):
    for _ in range(6):
        jump = np.roll(q, -1) - q
        upwind = np.roll(jump, 1)
        theta = upwind * jump / (jump**2 + 1e-2)
        phi = (theta**2 + theta) / (theta**2 + 1.0)
        correction = 0.5 * nu * (1.0 - nu) * phi * jump
        q = q - nu * upwind - (correction - np.roll(correction, 1))
    return q


@problem(
    "A. J. C. Barré de Saint-Venant (1871); G. A. Sod's setting, HLL fluxes: A. Harten, P. Lax, B. van Leer (1983)",
    lambda rng: (1.0 + 0.3 * rng.random(8), 0.1 * rng.random(8)),
    argnums=(0, 1),
)
def shallow_water_hll(h, hu):
    g = 9.81
    dt_dx = 0.08
    n = h.size
    for _ in range(4):
        flux = np.zeros((n + 1, 2))
        for i in range(1, n):
            ul, ur = hu[i - 1] / h[i - 1], hu[i] / h[i]
            cl, cr = math.sqrt(g * h[i - 1]), math.sqrt(g * h[i])
            sl = min(ul - cl, ur - cr)
            sr = max(ul + cl, ur + cr)
            fl = (hu[i - 1], hu[i - 1] * ul + 0.5 * g * h[i - 1] ** 2)
            fr = (hu[i], hu[i] * ur + 0.5 * g * h[i] ** 2)
            wl = (h[i - 1], hu[i - 1])
            wr = (h[i], hu[i])
            for k in range(2):
                if sl >= 0.0:
                    flux[i, k] = fl[k]
                elif sr <= 0.0:
                    flux[i, k] = fr[k]
                else:
                    flux[i, k] = (sr * fl[k] - sl * fr[k] + sl * sr * (wr[k] - wl[k])) / (sr - sl)
        flux[0, 1] = 0.5 * g * h[0] ** 2
        flux[n, 1] = 0.5 * g * h[n - 1] ** 2
        h = h - dt_dx * (flux[1:, 0] - flux[:-1, 0])
        hu = hu - dt_dx * (flux[1:, 1] - flux[:-1, 1])
    return np.sum(h**2) + np.sum(hu**2)


@problem(
    "D. M. Young (1950): successive over-relaxation for Poisson's equation",
    lambda rng: (rng.random((6, 6)), 1.4),
    argnums=(0, 1),
)
def poisson_sor(f, omega):
    n = f.shape[0]
    u = np.zeros((n, n))
    h2 = 1.0 / (n - 1) ** 2
    for _ in range(5):
        for i in range(1, n - 1):
            for j in range(1, n - 1):
                gauss = 0.25 * (u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1] + h2 * f[i, j])
                u[i, j] = (1.0 - omega) * u[i, j] + omega * gauss
    return np.sum(u * f)


@problem("A. Brandt, Math. Comp. 31 (1977): a recursive multigrid V-cycle", lambda rng: (rng.random(15),))
def multigrid(f):
    def smooth(u, f, h2):
        for _ in range(2):
            for i in range(1, len(u) - 1):
                u[i] = 0.5 * (u[i - 1] + u[i + 1] + h2 * f[i])
        return u

    def cycle(u, f, h2, level):
        u = smooth(u, f, h2)
        if level == 0:
            return u
        n = len(u)
        r = np.zeros(n)
        r[1:-1] = f[1:-1] + (u[:-2] - 2.0 * u[1:-1] + u[2:]) / h2
        m = (n + 1) // 2
        coarse = np.zeros(m)
        for i in range(1, m - 1):
            coarse[i] = 0.25 * (r[2 * i - 1] + 2.0 * r[2 * i] + r[2 * i + 1])
        e = cycle(np.zeros(m), coarse, 4.0 * h2, level - 1)
        u[::2] += e
        u[1::2] += 0.5 * (e[:-1] + e[1:])
        return smooth(u, f, h2)

    padded = np.zeros(17)
    padded[1:-1] = f
    return np.sum(cycle(np.zeros(17), padded, 1.0 / 256.0, 2) ** 2)


@problem(
    "S. M. Allen, J. W. Cahn, Acta Metallurgica 27 (1979): explicit, periodic, energy",
    lambda rng: (rng.uniform(-1, 1, (5, 6)), 0.3),
    argnums=(0, 1),
)
def allen_cahn(u, epsilon):
    dt = 0.01
    for _ in range(5):
        laplacian = -4.0 * u
        for axis in (0, 1):
            for shift in (-1, 1):
                laplacian += np.roll(u, shift, axis=axis)
        u = u + dt * (epsilon**2 * laplacian + u - u**3)
    gradient_x = np.roll(u, -1, 0) - u
    gradient_y = np.roll(u, -1, 1) - u
    return np.sum(0.5 * epsilon**2 * (gradient_x**2 + gradient_y**2) + 0.25 * (u**2 - 1.0) ** 2)


@problem(
    "P. Gray, S. K. Scott (1984); J. E. Pearson, Science 261 (1993)",
    lambda rng: (0.5 + 0.3 * rng.random((5, 5)), 0.2 * rng.random((5, 5)), np.array([0.04, 0.06])),
    argnums=(0, 1, 2),
)
def gray_scott(u, v, theta):
    feed, kill = theta

    def laplace(z):
        padded = np.pad(z, 1, mode="wrap")
        return padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:] - 4.0 * z

    for _ in range(4):
        reaction = u * v * v
        u, v = u + 0.16 * laplace(u) - reaction + feed * (1.0 - u), v + 0.08 * laplace(v) + reaction - (feed + kill) * v
    return np.mean(v) + np.var(u)


@problem(
    "S. A. Orszag (1969): pseudo-spectral Burgers; J. P. Boyd, Chebyshev and Fourier Spectral Methods, chapter 4",
    lambda rng: (rng.standard_normal(8), 0.1),
    argnums=(0, 1),
    backends=("numpy",),
)
def burgers_spectral(u, nu):
    n = u.shape[0]
    k = np.fft.fftfreq(n, 1.0 / n)
    for _ in range(3):
        hat = np.fft.fft(u)
        ux = np.real(np.fft.ifft(1j * k * hat))
        uxx = np.real(np.fft.ifft(-(k**2) * hat))
        u = u + 0.02 * (nu * uxx - u * ux)
    return np.sum(u**4)


@problem(
    "Y. H. Qian, D. d'Humières, P. Lallemand, Europhys. Lett. 17 (1992): D2Q9 lattice Boltzmann, one relaxation time",
    lambda rng: (1.0 + 0.1 * rng.random((9, 4, 5)), 0.8),
    argnums=(0, 1),
)
def lattice_boltzmann(f, tau):
    ex = np.array([0, 1, 0, -1, 0, 1, -1, -1, 1])
    ey = np.array([0, 0, 1, 0, -1, 1, 1, -1, -1])
    w = np.array([4 / 9] + [1 / 9] * 4 + [1 / 36] * 4)
    for _ in range(3):
        rho = np.sum(f, axis=0)
        ux = np.einsum("i,ixy->xy", ex, f) / rho
        uy = np.einsum("i,ixy->xy", ey, f) / rho
        for i in range(9):
            eu = ex[i] * ux + ey[i] * uy
            feq = w[i] * rho * (1.0 + 3.0 * eu + 4.5 * eu**2 - 1.5 * (ux**2 + uy**2))
            f[i] = f[i] - (f[i] - feq) / tau
        for i in range(9):
            f[i] = np.roll(np.roll(f[i], ex[i], axis=0), ey[i], axis=1)
    return np.sum(f**2)


@problem(
    "O. C. Zienkiewicz, The Finite Element Method (1967): a bar of linear elements, assembled and solved",
    lambda rng: (1.0 + rng.random(5), rng.random(6)),
    argnums=(0, 1),
)
def finite_element_bar(stiffness, load):
    n = len(stiffness) + 1
    k_global = np.zeros((n, n))
    for e, k in enumerate(stiffness):
        k_local = k * np.array([[1.0, -1.0], [-1.0, 1.0]])
        for a in range(2):
            for b in range(2):
                k_global[e + a, e + b] += k_local[a, b]
    u = np.zeros(n)
    u[1:] = np.linalg.solve(k_global[1:, 1:], load[1:])
    return load @ u


@problem(
    "M. P. Bendsøe, O. Sigmund, Topology Optimization (2003), 1.2: compliance with penalised densities (SIMP)",
    lambda rng: (0.3 + 0.5 * rng.random(4),),
)
def truss_compliance(density):
    nodes = np.array([[0.0, 0.0], [1.0, 0.0], [0.0, 1.0], [1.0, 1.0]])
    bars = [(0, 3), (1, 3), (2, 3), (1, 2)]
    k = np.zeros((8, 8))
    for i, (a, b) in enumerate(bars):
        rho = density[i]
        d = nodes[b] - nodes[a]
        length = np.sqrt(d @ d)
        c = d / length
        block = rho**3 / length * np.outer(c, c)
        ia, ib = slice(2 * a, 2 * a + 2), slice(2 * b, 2 * b + 2)
        k[ia, ia] += block
        k[ib, ib] += block
        k[ia, ib] -= block
        k[ib, ia] -= block
    force = np.array([0.0, 0.0, 0.0, -1.0])
    free = k[4:, 4:] + 1e-3 * np.eye(4)
    return force @ np.linalg.solve(free, force)


@problem(
    "E. Ising (1925); mean-field iteration of P. Weiss, MacKay, Information Theory (2003), 33.1",
    lambda rng: (rng.standard_normal((5, 5)), rng.standard_normal(5), 0.4),
    argnums=(0, 1, 2),
)
def ising_mean_field(coupling, field, beta):
    j = 0.5 * (coupling + coupling.T)
    np.fill_diagonal(j, 0.0)
    m = np.zeros(5)
    for _ in range(12):
        m = 0.5 * m + 0.5 * np.tanh(beta * (j @ m + field))
    p = 0.5 * (1.0 + m)
    entropy = -np.sum(p * np.log(p) + (1.0 - p) * np.log(1.0 - p))
    return -0.5 * m @ j @ m - field @ m - entropy / beta


@problem(
    "L. I. Rudin, S. Osher, E. Fatemi, Physica D 60 (1992): total-variation denoising by gradient descent",
    lambda rng: (rng.random((5, 5)), 0.2),
    argnums=(0, 1),
)
def total_variation(image, weight):
    u = image.copy()
    for _ in range(4):
        dx = np.zeros_like(u)
        dy = np.zeros_like(u)
        dx[:, :-1] = np.diff(u, axis=1)
        dy[:-1] = np.diff(u, axis=0)
        size = np.sqrt(dx**2 + dy**2 + 1e-2)
        px, py = dx / size, dy / size
        divergence = px - np.roll(px, 1, axis=1) + py - np.roll(py, 1, axis=0)
        u += 0.1 * (weight * divergence - (u - image))
    return np.sum(u**3)


@problem(
    "K. S. Yee, IEEE Trans. Antennas Propag. 14 (1966): one-dimensional FDTD with permittivity",
    lambda rng: (1.0 + rng.random(10),),
)
def fdtd_1d(permittivity):
    n = len(permittivity)
    e = np.zeros(n)
    h = np.zeros(n - 1)
    recorded = 0.0
    for t in range(15):
        for i in range(n - 1):
            h[i] += 0.5 * (e[i + 1] - e[i])
        for i in range(1, n - 1):
            e[i] += 0.5 / permittivity[i] * (h[i] - h[i - 1])
        e[2] += math.exp(-(((t - 5) / 3.0) ** 2))
        recorded += e[n - 3] ** 2
    return recorded
