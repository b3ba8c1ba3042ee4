"""math.*, integers, float32, mixed types, zero-length and zero-dimensional arrays."""

import math

import numpy as np
from scipy import special

from tests.programs.registry import program


@program(args=lambda rng: (0.7,), argnums=0)
def math_functions_one(x):
    return math.sin(x) * math.cos(x) + math.tan(x) + math.exp(x) + math.log(x) + math.sqrt(x) + math.fabs(x)


@program(args=lambda rng: (0.4,), argnums=0)
def math_functions_two(x):
    return math.sinh(x) + math.cosh(x) * math.tanh(x) + math.asin(x) * math.acos(x) + math.atan(x) + math.expm1(x)


@program(args=lambda rng: (1.4,), argnums=0)
def math_functions_three(x):
    return (
        math.asinh(x) + math.acosh(x) + math.atanh(x / 3.0) + math.log2(x) + math.log10(x) + math.log1p(x) + math.erf(x)
    )


@program(args=lambda rng: (1.4, 0.6), argnums=(0, 1))
def math_functions_of_two(x, y):
    return (
        math.atan2(x, y) * math.hypot(x, y)
        + math.pow(x, y)
        + math.copysign(x, -y)
        + math.fmod(5.3, x)
        + math.degrees(y)
    )


@program(args=lambda rng: (1.4, 2.6), argnums=(0, 1))
def special_functions(x, y):
    return math.gamma(x) + math.lgamma(y) + math.erfc(x) + special.expit(x) * special.gammaln(y) + special.erf(x * y)


@program(args=lambda rng: (1.4, -0.6), argnums=(0, 1))
def builtin_abs_min_max_pow_round(x, y):
    return abs(y) * max(x, y, 0.5) + min(x, y) ** 2 + pow(x, 3) + round(x) * y + divmod(7, 2)[0] * x


@program(args=lambda rng: (7.3, 2.1), argnums=(0, 1))
def floor_division_and_remainder(x, y):
    return (x % y) * 2.0 + (x // y) * x + math.floor(x) * y - math.ceil(y) * x + int(x) * y + math.trunc(y)


@program(args=lambda rng: (1.3, 2, 3), argnums=0)
def integer_arithmetic_decides(x, a, b):
    c = (a * b + 7) // 3 % 5
    d = a**b - (c << 1) + (b & 1) | 4
    return x**c + d * x + (a / b) * x * x


@program(args=lambda rng: (1.3, -2), argnums=0)
def powers_of_every_kind(x, n):
    return x**3 + x**-1 + x**0.5 + x**n + 2.0**x + x**x + (x * x) ** 1.5


@program(args=lambda rng: (rng.normal(size=4), np.array([3, 1, 2, 0])), argnums=0)
def integer_array_inputs(x, n):
    weights = n * 2 + 1
    total = 0.0
    for i in range(len(n)):
        total += x[n[i]] * weights[i] / (n[i] + 1)
    return total * x[0]


@program(args=lambda rng: (rng.normal(size=4).astype(np.float32), np.float32(0.5)), argnums=(0, 1))
def float32_array_code(x, s):
    y = x * s + 1.0
    return np.sum(y * y) / 3


@program(args=lambda rng: (rng.normal(size=5).astype(np.float32), np.float32(0.3)), argnums=(0, 1))
def float32_loop_in_place(u, k):
    v = u.copy()
    for _ in range(3):
        for i in range(1, 4):
            v[i] = v[i] + k * (v[i - 1] - 2 * v[i] + v[i + 1])
    return v


@program(args=lambda rng: (rng.normal(size=4).astype(np.float32), 2), argnums=0)
def float32_from_a_python_number_on(x, n):
    total, best, scale = 0, 0.5, 1.5
    for v in x:
        total += v
    if n > 1:
        best = best * x[1]
        scale *= x[0] * x[2]
    return total, 2.0 * best, scale


@program(
    args=lambda rng: (rng.normal(size=4).astype(np.float32), rng.normal(size=4)), argnums=(0, 1), backends=("numpy",)
)
def float32_with_float64(x, y):
    z = x * y
    w = np.zeros(4, dtype=np.float32)
    w[:] = z
    return np.sum(w * x) + np.sum(z)


@program(args=lambda rng: (np.zeros(0), 1.5), argnums=(0, 1))
def zero_length_array(x, s):
    total = s * s
    for v in x:
        total += v
    y = np.concatenate((x * s, np.array([s])))
    return total + np.sum(x * x) + y[-1]


@program(args=lambda rng: (np.zeros((0, 3)), rng.normal(size=3)), argnums=(0, 1))
def zero_rows(a, w):
    return np.sum(a @ w) + np.sum(w * w)


@program(args=lambda rng: (rng.normal(size=1), rng.normal(size=(1, 1))), argnums=(0, 1))
def one_element_arrays(x, m):
    u = x.copy()
    for i in range(1, len(u) - 1):
        u[i] = u[i - 1]
    return x[0] * m[0, 0] + np.sum(u[1:]) + m.item() ** 2


@program(args=lambda rng: (np.array(1.3), np.array(0.4)), argnums=(0, 1))
def zero_dimensional_arrays(x, y):
    z = x * y + np.sin(x)
    return z * float(y)


@program(args=lambda rng: (np.float64(1.3), 2.0), argnums=(0, 1))
def numpy_scalars(x, y):
    z = np.float64(y) * x
    return np.sqrt(z) + z.item() + np.maximum(x, 1.0) * np.minimum(y, x)


@program(args=lambda rng: (1.3, rng.normal(size=3)), argnums=(0, 1))
def scalar_becomes_array(x, v):
    y = x
    y = y * v
    y = y + x
    s = y[0]
    s = s * y
    return s.sum()


@program(args=lambda rng: (0.8, 3), argnums=0)
def type_conversions(x, n):
    y = float(n) * x
    z = float(x) ** 2
    k = int(2.7) + bool(n)
    return y * z + k * np.float64(x)


@program(args=lambda rng: (2.5,), argnums=0)
def comparisons_as_numbers(x):
    big = x > 2.0
    return x * big + (x < 1.0) * 100.0 * x + (not big) * x * x


@program(args=lambda rng: (0.5, 40), argnums=0)
def series_of_a_function(x, terms):
    total = 0.0
    term = 1.0
    for n in range(terms):
        total += term
        term *= x / (n + 1)
        if abs(term) < 1e-18:
            break
    return math.log(total) * total


@program(args=lambda rng: (0.9, 0.4), argnums=(0, 1))
def arithmetic_geometric_mean(a, b):
    while abs(a - b) > 1e-15:
        a, b = 0.5 * (a + b), math.sqrt(a * b)
    return math.pi / (2.0 * a)


@program(args=lambda rng: (0.7, 1.2), argnums=(0, 1))
def continued_fraction(x, y):
    value = y
    for k in range(8, 0, -1):
        value = k + x / value
    return value


@program(args=lambda rng: (0.7, 0.3), argnums=(0, 1))
def complex_arithmetic_inside(x, y):
    z = complex(x, y)
    w = z * z + 1.0 / z
    return w.real * w.imag + abs(w)


@program(args=lambda rng: (0.35, 3), argnums=0)
def logistic_map_chaos(r, n):
    x = 0.4
    for _ in range(n * 10):
        x = 4.0 * r * x * (1.0 - x) * 2.0
    return x


@program(args=lambda rng: (1.2, 0.3, -0.5), argnums=(0, 1, 2))
def horner_with_star(x, *coefficients):
    total = 0.0
    for c in coefficients:
        total = total * x + c
    return total * x


@program(lambda rng: (rng.normal(size=5), 3))
def negative_powers_of_pythons_integers(x, n):
    k = np.arange(1, 6)
    mean = np.sum(x * x) * len(x) ** -1
    return mean + x[0] * x.shape[0] ** -2 + int(k[1]) ** -1 * x[1] + np.sum(x * (k**2 >> 1)) + (n << 2) * x[2]
