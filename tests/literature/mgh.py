"""The 35 problems of Moré, Garbow and Hillstrom, each as the sum of squares of its residuals.

J. J. Moré, B. S. Garbow, K. E. Hillstrom, "Testing unconstrained optimization software", ACM Transactions on
Mathematical Software 7 (1981) 17-41, section 3; the number in a citation is the problem's number there. Points are
near the standard starting points.
"""

import math

import numpy as np

from tests.literature.registry import problem


def source(number, origin):
    return f"Moré, Garbow, Hillstrom (1981), problem {number}: {origin}"


def near(*start):
    """The standard starting point, moved a little so that no term vanishes by luck."""
    return lambda rng: (np.array(start, dtype=float) + 0.01 * rng.standard_normal(len(start)),)


@problem(source(1, "Rosenbrock"), near(-1.2, 1.0))
def rosenbrock(x):
    f1 = 10.0 * (x[1] - x[0] ** 2)
    f2 = 1.0 - x[0]
    return f1**2 + f2**2


@problem(source(2, "Freudenstein and Roth"), near(0.5, -2.0))
def freudenstein_roth(x):
    x1, x2 = x
    f1 = -13.0 + x1 + ((5.0 - x2) * x2 - 2.0) * x2
    f2 = -29.0 + x1 + ((x2 + 1.0) * x2 - 14.0) * x2
    return f1 * f1 + f2 * f2


@problem(source(3, "Powell badly scaled"), near(0.0, 1.0))
def powell_badly_scaled(x):
    residuals = np.array([1e4 * x[0] * x[1] - 1.0, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])
    return residuals @ residuals


@problem(source(4, "Brown badly scaled"), near(1.0, 1.0))
def brown_badly_scaled(x):
    f = np.empty(3)
    f[0] = x[0] - 1e6
    f[1] = x[1] - 2e-6
    f[2] = x[0] * x[1] - 2.0
    return np.dot(f, f) * 1e-12


@problem(source(5, "Beale"), near(1.0, 1.0))
def beale(x):
    total = 0.0
    for i, y in enumerate((1.5, 2.25, 2.625), start=1):
        total += (y - x[0] * (1.0 - x[1] ** i)) ** 2
    return total


@problem(source(6, "Jennrich and Sampson"), near(0.3, 0.4))
def jennrich_sampson(x):
    i = np.arange(1, 11)
    f = 2.0 + 2.0 * i - (np.exp(i * x[0]) + np.exp(i * x[1]))
    return np.sum(f**2)


@problem(source(7, "helical valley, Fletcher and Powell"), near(-1.0, 0.5, 0.0))
def helical_valley(x):
    theta = math.atan(x[1] / x[0]) / (2.0 * math.pi)
    if x[0] < 0.0:
        theta += 0.5
    f1 = 10.0 * (x[2] - 10.0 * theta)
    f2 = 10.0 * (math.sqrt(x[0] ** 2 + x[1] ** 2) - 1.0)
    f3 = x[2]
    return f1**2 + f2**2 + f3**2


BARD = np.array([0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39])


@problem(source(8, "Bard"), near(1.0, 1.0, 1.0))
def bard(x):
    total = 0.0
    for i in range(1, 16):
        u, v = i, 16 - i
        w = min(u, v)
        total += (BARD[i - 1] - (x[0] + u / (v * x[1] + w * x[2]))) ** 2
    return total


GAUSSIAN = np.array(
    [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989, 0.3521, 0.2420, 0.1295, 0.0540, 0.0175]
    + [0.0044, 0.0009]
)


@problem(source(9, "Gaussian"), near(0.4, 1.0, 0.0))
def gaussian(x):
    t = (8.0 - np.arange(1, 16)) / 2.0
    f = x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2.0) - GAUSSIAN
    return np.sum(np.square(f))


MEYER = [34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147, 4427, 3820, 3307, 2872]


@problem(source(10, "Meyer"), lambda rng: (0.02, 4.0, 2.5), argnums=(0, 1, 2))
def meyer(a, b, c):
    """Scaled by 1e-10, with x = (a, 1000 b, 100 c)."""
    total = 0.0
    for i, y in enumerate(MEYER):
        t = 45.0 + 5.0 * (i + 1)
        total += (a * math.exp(1000.0 * b / (t + 100.0 * c)) - y) ** 2
    return 1e-10 * total


@problem(source(11, "Gulf research and development, Cox"), near(5.0, 2.5, 0.15))
def gulf(x):
    total = 0.0
    m = 20
    for i in range(m):
        t = (i + 1) / 100.0
        y = 25.0 + (-50.0 * math.log(t)) ** (2.0 / 3.0)
        f = np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t
        total += f * f
    return total


@problem(source(12, "Box three-dimensional"), near(0.0, 10.0, 20.0))
def box_three_dimensional(x):
    t = 0.1 * np.arange(1, 11)
    f = np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10.0 * t))
    return f @ f


@problem(source(13, "Powell singular"), near(3.0, -1.0, 0.0, 1.0))
def powell_singular(x):
    f1 = x[0] + 10.0 * x[1]
    f2 = 5.0**0.5 * (x[2] - x[3])
    f3 = (x[1] - 2.0 * x[2]) ** 2
    f4 = 10.0**0.5 * (x[0] - x[3]) ** 2
    return sum(f**2 for f in (f1, f2, f3, f4))


@problem(source(14, "Wood, Colville"), near(-3.0, -1.0, -3.0, -1.0))
def wood(x):
    f = [
        10.0 * (x[1] - x[0] ** 2),
        1.0 - x[0],
        np.sqrt(90.0) * (x[3] - x[2] ** 2),
        1.0 - x[2],
        np.sqrt(10.0) * (x[1] + x[3] - 2.0),
        (x[1] - x[3]) / np.sqrt(10.0),
    ]
    return sum([r * r for r in f])


KOWALIK_Y = (0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235, 0.0246)
KOWALIK_U = (4.0, 2.0, 1.0, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625)


@problem(source(15, "Kowalik and Osborne"), near(0.25, 0.39, 0.415, 0.39))
def kowalik_osborne(x):
    total = 0.0
    for y, u in zip(KOWALIK_Y, KOWALIK_U):
        total += (y - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])) ** 2
    return total


@problem(source(16, "Brown and Dennis"), near(25.0, 5.0, -5.0, -1.0))
def brown_dennis(x):
    total = 0.0
    for i in range(1, 21):
        t = i / 5.0
        total += ((x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2) ** 2
    return 1e-6 * total


OSBORNE_1 = np.array(
    [0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751, 0.718, 0.685, 0.658, 0.628, 0.603]
    + [0.580, 0.558, 0.538, 0.522, 0.506, 0.490, 0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411]
    + [0.406]
)


@problem(source(17, "Osborne 1"), lambda rng: (np.array([0.5, 1.5, -1.0, 0.01, 0.02]),))
def osborne_1(x):
    t = 10.0 * np.arange(33)
    model = x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4])
    return np.sum((OSBORNE_1 - model) ** 2)


@problem(source(18, "Biggs EXP6"), near(1.0, 2.0, 1.0, 1.0, 1.0, 1.0))
def biggs_exp6(x):
    total = 0.0
    for i in range(1, 14):
        t = 0.1 * i
        y = math.exp(-t) - 5.0 * math.exp(-10.0 * t) + 3.0 * math.exp(-4.0 * t)
        f = x[2] * math.exp(-t * x[0]) - x[3] * math.exp(-t * x[1]) + x[5] * math.exp(-t * x[4]) - y
        total += f**2
    return total


OSBORNE_2 = np.array(
    [1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746, 0.679, 0.608, 0.655, 0.616, 0.606]
    + [0.602, 0.626, 0.651, 0.724, 0.649, 0.649, 0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423]
    + [0.395, 0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653, 0.672, 0.708, 0.633, 0.668]
    + [0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739, 0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098]
    + [0.054]
)


@problem(source(19, "Osborne 2"), near(1.3, 0.65, 0.65, 0.7, 0.6, 3.0, 5.0, 7.0, 2.0, 4.5, 5.5))
def osborne_2(x):
    t = np.arange(65) / 10.0
    model = x[0] * np.exp(-t * x[4])
    for k in range(1, 4):
        model += x[k] * np.exp(-((t - x[7 + k]) ** 2) * x[4 + k])
    return np.sum((OSBORNE_2 - model) ** 2)


@problem(source(20, "Watson"), lambda rng: (0.1 * rng.standard_normal(6),))
def watson(x):
    n = len(x)
    total = 0.0
    for i in range(1, 30):
        t = i / 29.0
        slope = 0.0
        value = 0.0
        for j in range(2, n + 1):
            slope += (j - 1) * x[j - 1] * t ** (j - 2)
        for j in range(1, n + 1):
            value += x[j - 1] * t ** (j - 1)
        total += (slope - value**2 - 1.0) ** 2
    total += x[0] ** 2
    total += (x[1] - x[0] ** 2 - 1.0) ** 2
    return total


@problem(source(21, "extended Rosenbrock"), lambda rng: (np.tile([-1.2, 1.0], 4) + 0.01 * rng.standard_normal(8),))
def extended_rosenbrock(x):
    odd, even = x[::2], x[1::2]
    return np.sum(100.0 * (even - odd**2) ** 2 + (1.0 - odd) ** 2)


@problem(source(22, "extended Powell singular"), lambda rng: (np.tile([3.0, -1.0, 0.0, 1.0], 3) + 0.01,))
def extended_powell_singular(x):
    n = x.shape[0]
    f = np.zeros(n)
    for k in range(0, n, 4):
        f[k] = x[k] + 10.0 * x[k + 1]
        f[k + 1] = np.sqrt(5.0) * (x[k + 2] - x[k + 3])
        f[k + 2] = (x[k + 1] - 2.0 * x[k + 2]) ** 2
        f[k + 3] = np.sqrt(10.0) * (x[k] - x[k + 3]) ** 2
    return f @ f


@problem(source(23, "penalty I, Gill, Murray and Pitfield"), lambda rng: (0.3 * np.arange(1.0, 5.0),))
def penalty_1(x):
    f = np.sqrt(1e-5) * (x - 1.0)
    last = np.sum(x**2) - 0.25
    return np.sum(f**2) + last**2


@problem(source(24, "penalty II, Gill, Murray and Pitfield"), lambda rng: (0.5 + 0.1 * rng.standard_normal(5),))
def penalty_2(x):
    n = x.size
    a = 1e-5
    total = (x[0] - 0.2) ** 2
    for i in range(1, n):
        y = math.exp((i + 1) / 10.0) + math.exp(i / 10.0)
        total += a * (np.exp(x[i] / 10.0) + np.exp(x[i - 1] / 10.0) - y) ** 2
        total += a * (np.exp(x[i] / 10.0) - np.exp(-1.0 / 10.0)) ** 2
    weighted = 0.0
    for j in range(n):
        weighted += (n - j) * x[j] ** 2
    return total + (weighted - 1.0) ** 2


@problem(source(25, "variably dimensioned"), lambda rng: (1.0 - np.arange(1, 8) / 7.0,))
def variably_dimensioned(x):
    n = len(x)
    s = np.sum(np.arange(1, n + 1) * (x - 1.0))
    return np.sum((x - 1.0) ** 2) + s**2 + s**4


@problem(source(26, "trigonometric, Spedicato"), lambda rng: (0.1 + 0.1 * rng.random(8),))
def trigonometric(x):
    n = len(x)
    total = 0.0
    for i in range(n):
        f = n - sum(math.cos(xj) for xj in x) + (i + 1) * (1.0 - math.cos(x[i])) - math.sin(x[i])
        total += f * f
    return total


@problem(source(27, "Brown almost-linear"), lambda rng: (0.5 + 0.1 * rng.standard_normal(6),))
def brown_almost_linear(x):
    n = len(x)
    s = np.sum(x)
    f = x[:-1] + s - (n + 1)
    last = np.prod(x) - 1.0
    return f @ f + last**2


@problem(source(28, "discrete boundary value, Moré and Cosnard"), lambda rng: (-0.1 - 0.05 * rng.random(8),))
def discrete_boundary_value(x):
    n = len(x)
    h = 1.0 / (n + 1)
    t = np.arange(1, n + 1) * h
    padded = np.pad(x, 1)
    f = 2.0 * x - padded[:-2] - padded[2:] + h**2 * (x + t + 1.0) ** 3 / 2.0
    return np.sum(f * f)


@problem(source(29, "discrete integral equation, Moré and Cosnard"), lambda rng: (-0.1 - 0.05 * rng.random(6),))
def discrete_integral_equation(x):
    n = len(x)
    h = 1.0 / (n + 1)
    f = np.zeros(n)
    for i in range(n):
        ti = (i + 1) * h
        left = 0.0
        for j in range(i + 1):
            tj = (j + 1) * h
            left += tj * (x[j] + tj + 1.0) ** 3
        right = 0.0
        for j in range(i + 1, n):
            tj = (j + 1) * h
            right += (1.0 - tj) * (x[j] + tj + 1.0) ** 3
        f[i] = x[i] + h * ((1.0 - ti) * left + ti * right) / 2.0
    return np.sum(f**2)


@problem(source(30, "Broyden tridiagonal"), lambda rng: (-1.0 + 0.1 * rng.standard_normal(9),))
def broyden_tridiagonal(x):
    n = len(x)
    total = 0.0
    for i in range(n):
        before = x[i - 1] if i > 0 else 0.0
        after = x[i + 1] if i < n - 1 else 0.0
        total += ((3.0 - 2.0 * x[i]) * x[i] - before - 2.0 * after + 1.0) ** 2
    return total


@problem(source(31, "Broyden banded"), lambda rng: (-1.0 + 0.1 * rng.standard_normal(10),))
def broyden_banded(x):
    n = len(x)
    lower, upper = 5, 1
    total = 0.0
    for i in range(n):
        f = x[i] * (2.0 + 5.0 * x[i] ** 2) + 1.0
        for j in range(max(0, i - lower), min(n, i + upper + 1)):
            if j != i:
                f -= x[j] * (1.0 + x[j])
        total += f**2
    return total


@problem(source(32, "linear, full rank"), lambda rng: (rng.standard_normal(5), 8), argnums=0)
def linear_full_rank(x, m):
    n = len(x)
    s = np.sum(x)
    f = np.empty(m)
    f[:n] = x - 2.0 * s / m - 1.0
    f[n:] = -2.0 * s / m - 1.0
    return f @ f


@problem(source(33, "linear, rank 1"), lambda rng: (rng.standard_normal(5), 7), argnums=0)
def linear_rank_1(x, m):
    j = np.arange(1, len(x) + 1)
    f = np.arange(1, m + 1) * np.sum(j * x) - 1.0
    return np.sum(f**2)


@problem(source(34, "linear, rank 1 with zero columns and rows"), lambda rng: (rng.standard_normal(6), 8), argnums=0)
def linear_rank_1_zeros(x, m):
    n = len(x)
    inner = 0.0
    for j in range(1, n - 1):
        inner += (j + 1) * x[j]
    total = 2.0
    for i in range(1, m - 1):
        total += (i * inner - 1.0) ** 2
    return total


@problem(source(35, "Chebyquad, Fletcher"), lambda rng: (np.arange(1, 8) / 8.0 + 0.01 * rng.standard_normal(7),))
def chebyquad(x):
    n = len(x)
    f = np.zeros(n)
    for j in range(n):
        previous = 1.0
        current = 2.0 * x[j] - 1.0
        twice = 2.0 * current
        for i in range(n):
            f[i] += current
            following = twice * current - previous
            previous = current
            current = following
    for i in range(n):
        f[i] /= n
        if i % 2 == 1:
            f[i] += 1.0 / ((i + 1) ** 2 - 1.0)
    return np.sum(f * f)
