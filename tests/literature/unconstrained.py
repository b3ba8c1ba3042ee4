"""Objectives in the manner of the CUTEst collection.

N. I. M. Gould, D. Orban, P. L. Toint, "CUTEst: a constrained and unconstrained testing environment", Computational
Optimization and Applications 60 (2015) 545-557; most are defined in N. Andrei, "An unconstrained optimization test
functions collection", Advanced Modeling and Optimization 10 (2008) 147-161 (the name is the one used there), or in
A. R. Conn, N. I. M. Gould, M. Lescrenier, P. L. Toint, "Performance of a multifrontal scheme for partially separable
optimization" (1994), or in W. Hock, K. Schittkowski, "Test Examples for Nonlinear Programming Codes" (1981).
"""

import math

import numpy as np

from tests.literature.registry import problem

ANDREI = "Andrei (2008)"
CUTEST = "CUTEst (Gould, Orban, Toint 2015)"
HOCK = "Hock, Schittkowski (1981)"


def vector(n, centre=0.5, spread=0.3):
    return lambda rng: (centre + spread * rng.standard_normal(n),)


@problem(f"{CUTEST}, ARWHEAD", vector(7))
def arwhead(x):
    return np.sum((x[:-1] ** 2 + x[-1] ** 2) ** 2 - 4.0 * x[:-1] + 3.0)


@problem(f"{CUTEST}, BDQRTIC", vector(9))
def bdqrtic(x):
    n = len(x)
    total = 0.0
    for i in range(n - 4):
        a = -4.0 * x[i] + 3.0
        b = x[i] ** 2 + 2.0 * x[i + 1] ** 2 + 3.0 * x[i + 2] ** 2 + 4.0 * x[i + 3] ** 2 + 5.0 * x[n - 1] ** 2
        total += a**2 + b**2
    return total


@problem(f"{CUTEST}, CHAINWOO: chained Wood, Toint", vector(8, -1.0))
def chained_wood(x):
    total = 1.0
    for i in range(0, len(x) - 3, 2):
        total += 100.0 * (x[i + 1] - x[i] ** 2) ** 2 + (1.0 - x[i]) ** 2
        total += 90.0 * (x[i + 3] - x[i + 2] ** 2) ** 2 + (1.0 - x[i + 2]) ** 2
        total += 10.0 * (x[i + 1] + x[i + 3] - 2.0) ** 2 + 0.1 * (x[i + 1] - x[i + 3]) ** 2
    return total


@problem(f"{ANDREI}, COSINE", vector(8))
def cosine(x):
    return np.sum(np.cos(-0.5 * x[1:] + x[:-1] ** 2))


@problem(f"{CUTEST}, CRAGGLVY: extended Cragg and Levy", vector(8, 1.0, 0.1))
def cragg_levy(x):
    total = 0.0
    for k in range(len(x) // 2 - 1):
        a, b, c, d = x[2 * k], x[2 * k + 1], x[2 * k + 2], x[2 * k + 3]
        total += (math.exp(a) - b) ** 4 + 100.0 * (b - c) ** 6
        total += (math.tan(c - d) + c - d) ** 4 + a**8 + (d - 1.0) ** 2
    return total


@problem(f"{ANDREI}, DIXMAANA", vector(9, 2.0))
def dixmaana(x):
    n = x.size
    m = n // 3
    alpha, beta, gamma, delta = 1.0, 0.0625, 0.0625, 0.0625
    f = 1.0 + alpha * np.sum(x**2)
    f += beta * np.sum(x[: n - 1] ** 2 * (x[1:] + x[1:] ** 2) ** 2)
    f += gamma * np.sum(x[: 2 * m] ** 2 * x[m:] ** 4)
    f += delta * np.sum(x[:m] * x[2 * m :])
    return f


@problem(f"{ANDREI}, DQDRTIC", vector(8, 3.0))
def dqdrtic(x):
    c = 100.0
    d = 100.0
    return np.sum(x[:-2] ** 2 + c * x[1:-1] ** 2 + d * x[2:] ** 2)


@problem(f"{CUTEST}, EDENSCH", vector(7))
def edensch(x):
    total = 16.0
    for i in range(len(x) - 1):
        total += (x[i] - 2.0) ** 4 + (x[i] * x[i + 1] - 2.0 * x[i + 1]) ** 2 + (x[i + 1] + 1.0) ** 2
    return total


@problem(
    f"{CUTEST}, EIGENALS: A = Q D Q^T as a least-squares problem",
    lambda rng: (rng.random(3), rng.random((3, 3))),
    argnums=(0, 1),
)
def eigenals(d, q):
    n = len(d)
    a = np.diag(np.arange(1.0, n + 1))
    residual = q.T @ np.diag(d) @ q - a
    orthogonality = q.T @ q - np.eye(n)
    return np.sum(np.triu(residual) ** 2) + np.sum(np.triu(orthogonality) ** 2)


@problem(f"{ANDREI}, ENGVAL1", vector(6, 2.0))
def engval1(x):
    f = 0.0
    for a, b in zip(x[:-1], x[1:]):
        f += (a * a + b * b) ** 2 - 4.0 * a + 3.0
    return f


@problem(f"{ANDREI}, FLETCHCR", vector(6))
def fletchcr(x):
    return sum(100.0 * (x[i + 1] - x[i] + 1.0 - x[i] ** 2) ** 2 for i in range(len(x) - 1))


@problem(f"{CUTEST}, GENROSE", vector(6))
def genrose(x):
    n = len(x)
    total = 1.0
    for i in range(1, n):
        total += 100.0 * (x[i] - x[i - 1] ** 2) ** 2
        total += (x[i] - 1.0) ** 2
    return total


@problem(f"{ANDREI}, LIARWHD", vector(6, 4.0))
def liarwhd(x):
    return np.sum(4.0 * (x**2 - x[0]) ** 2 + (x - 1.0) ** 2)


@problem(f"{CUTEST}, NONCVXU2", vector(8))
def noncvxu2(x):
    n = len(x)
    total = 0.0
    for i in range(n):
        j = (3 * i + 1) % n
        k = (7 * i + 2) % n
        s = x[i] + x[j] + x[k]
        total += s**2 + 4.0 * np.cos(s)
    return total


@problem(f"{ANDREI}, NONDIA", vector(6, -1.0))
def nondia(x):
    f = (x[0] - 1.0) ** 2
    f += 100.0 * (x[0] - x[0] ** 2) ** 2
    for i in range(1, x.shape[0]):
        f += 100.0 * (x[0] - x[i - 1] ** 2) ** 2
    return f


@problem(f"{CUTEST}, MOREBV as one vectorised residual", vector(7, 0.1, 0.05))
def morebv(x):
    n = x.shape[0]
    h = 1.0 / (n + 1)
    t = np.linspace(h, 1.0 - h, n)
    u = np.concatenate(([0.0], x, [0.0]))
    r = 2.0 * u[1:-1] - u[:-2] - u[2:] + 0.5 * h * h * (u[1:-1] + t + 1.0) ** 3
    return np.dot(r, r)


@problem(f"{CUTEST}, SINQUAD", vector(5, 0.4, 0.1))
def sinquad(x):
    last = x[-1]
    total = (x[0] - 1.0) ** 4
    for v in x[1:-1]:
        total += (np.sin(v - last) - x[0] ** 2 + v**2) ** 2
    return total + (last**2 - x[0] ** 2) ** 2


@problem(f"{CUTEST}, SPARSINE", vector(7))
def sparsine(x):
    n = x.size
    i = np.arange(n)
    weights = (i + 1) / 2.0
    s = np.zeros(n)
    for factor in (1, 2, 3, 5, 7, 11):
        s += np.sin(x[(factor * (i + 1) - 1) % n])
    return np.sum(weights * s**2)


@problem(f"{CUTEST}, TOINTGSS", vector(6, 3.0))
def tointgss(x):
    n = len(x)
    total = 0.0
    for i in range(n - 2):
        total += (10.0 / n + x[i + 2] ** 2) * (2.0 - math.exp(-((x[i] - x[i + 1]) ** 2) / (0.1 + x[i + 2] ** 2)))
    return total


@problem(f"{CUTEST}, TRIDIA", vector(6, 1.0))
def tridia(x):
    alpha, beta, gamma, delta = 2.0, 1.0, 1.0, 1.0
    i = np.arange(2, len(x) + 1)
    return gamma * (x[0] * delta - 1.0) ** 2 + np.sum(i * (alpha * x[1:] - beta * x[:-1]) ** 2)


@problem(f"{CUTEST}, FMINSURF: minimum surface", lambda rng: (rng.random((5, 5)),))
def minimum_surface(x):
    p = x.shape[0]
    total = 0.0
    for i in range(p - 1):
        for j in range(p - 1):
            a = 0.5 * (p - 1) ** 2 * (x[i, j] - x[i + 1, j + 1]) ** 2
            b = 0.5 * (p - 1) ** 2 * (x[i + 1, j] - x[i, j + 1]) ** 2
            total += math.sqrt(1.0 + a + b) / (p - 1) ** 2
    return total + np.mean(x) ** 2


@problem(f"{CUTEST}, BRATU2D: nonlinear elliptic residuals", lambda rng: (rng.random((4, 5)), 4.0), argnums=(0, 1))
def bratu_2d(u, lam):
    full = np.zeros((u.shape[0] + 2, u.shape[1] + 2))
    full[1:-1, 1:-1] = u
    h = 1.0 / (u.shape[1] + 1)
    laplacian = full[:-2, 1:-1] + full[2:, 1:-1] + full[1:-1, :-2] + full[1:-1, 2:] - 4.0 * u
    return laplacian + h**2 * lam * np.exp(u)


@problem(f"{CUTEST}, CHANDHEQ: Chandrasekhar's H equation", vector(6, 1.0, 0.1))
def chandrasekhar(h):
    n = len(h)
    x = (np.arange(n) + 1.0) / n
    w = np.full(n, 1.0 / n)
    c = 1.0
    kernel = x[:, None] / (x[:, None] + x[None, :])
    return h - 1.0 - 0.5 * c * h * (kernel @ (w * h))


@problem(
    f"{CUTEST}, METHANB8 in spirit: Rachford-Rice flash residual",
    lambda rng: (0.4, rng.dirichlet(np.ones(4)), np.array([3.0, 1.5, 0.6, 0.2])),
    argnums=(0, 1, 2),
)
def rachford_rice(v, z, k):
    return np.sum(z * (k - 1.0) / (1.0 + v * (k - 1.0)))


@problem(f"{HOCK}, problem 71 as an exact penalty", lambda rng: (np.array([1.0, 5.0, 4.9, 1.1]),))
def hs71(x):
    objective = x[0] * x[3] * (x[0] + x[1] + x[2]) + x[2]
    product = max(0.0, 25.0 - np.prod(x))
    sphere = abs(np.sum(x**2) - 40.0)
    return objective + 10.0 * product + 10.0 * sphere


@problem(f"{HOCK}, problem 100", lambda rng: (np.array([1.0, 2.0, 0.5, 4.0, 0.3, 1.0, 1.0]),))
def hs100(x):
    a, b, c, d, e, f, g = x
    return (
        (a - 10) ** 2 + 5 * (b - 12) ** 2 + c**4 + 3 * (d - 11) ** 2 + 10 * e**6 + 7 * f**2 + g**4
        - 4 * f * g - 10 * f - 8 * g
    )  # fmt: skip


@problem(f"{HOCK}, problem 112: chemical equilibrium", lambda rng: (0.1 + 0.05 * rng.random(10),))
def hs112(x):
    c = [-6.089, -17.164, -34.054, -5.914, -24.721, -14.986, -24.1, -10.708, -26.662, -22.179]
    total = np.sum(x)
    return np.sum([x[i] * (c[i] + np.log(x[i] / total)) for i in range(10)])


@problem("D. H. Ackley, A Connectionist Machine for Genetic Hillclimbing (1987)", vector(5))
def ackley(x):
    n = len(x)
    radius = -20.0 * np.exp(-0.2 * np.sqrt(np.sum(x**2) / n))
    return radius - np.exp(np.sum(np.cos(2.0 * np.pi * x)) / n) + 20.0 + np.e


@problem("A. O. Griewank, Journal of Optimization Theory and Applications 34 (1981)", vector(5, 2.0, 1.0))
def griewank(x):
    i = np.sqrt(np.arange(1, len(x) + 1))
    return 1.0 + np.sum(x**2) / 4000.0 - np.prod(np.cos(x / i))


@problem("Z. Michalewicz, Genetic Algorithms + Data Structures (1992)", vector(5, 1.5, 0.2))
def michalewicz(x):
    value = 0.0
    for i, v in enumerate(x):
        value -= np.sin(v) * np.sin((i + 1) * v**2 / np.pi) ** 20
    return value


@problem("A. Levy, A. Montalvo, Journal on Scientific Computing 6 (1985)", vector(4, 1.0, 0.8))
def levy(x):
    w = 1.0 + (x - 1.0) / 4.0
    first = np.sin(np.pi * w[0]) ** 2
    middle = np.sum((w[:-1] - 1.0) ** 2 * (1.0 + 10.0 * np.sin(np.pi * w[:-1] + 1.0) ** 2))
    return first + middle + (w[-1] - 1.0) ** 2 * (1.0 + np.sin(2.0 * np.pi * w[-1]) ** 2)


HARTMANN_A = np.array(
    [[10.0, 3, 17, 3.5, 1.7, 8], [0.05, 10, 17, 0.1, 8, 14], [3, 3.5, 1.7, 10, 17, 8], [17, 8, 0.05, 10, 0.1, 14]]
)
HARTMANN_P = 1e-4 * np.array(
    [
        [1312, 1696, 5569, 124, 8283, 5886],
        [2329, 4135, 8307, 3736, 1004, 9991],
        [2348, 1451, 3522, 2883, 3047, 6650],
        [4047, 8828, 8732, 5743, 1091, 381],
    ]
)


@problem("L. C. W. Dixon, G. P. Szegö, Towards Global Optimisation 2 (1978), Hartmann 6", lambda rng: (rng.random(6),))
def hartmann_6(x):
    alpha = (1.0, 1.2, 3.0, 3.2)
    value = 0.0
    for i in range(4):
        inner = 0.0
        for j in range(6):
            inner += HARTMANN_A[i, j] * (x[j] - HARTMANN_P[i, j]) ** 2
        value -= alpha[i] * np.exp(-inner)
    return value


@problem("M. J. D. Powell, Mathematical Programming 29 (1984), chained Himmelblau", vector(6, 1.0))
def himmelblau_chain(x):
    return np.sum((x[:-1] ** 2 + x[1:] - 11.0) ** 2 + (x[:-1] + x[1:] ** 2 - 7.0) ** 2)
