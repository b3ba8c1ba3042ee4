"""Numbers, truth, text and containers as Python has them."""

import cmath
import enum
import math

import numpy as np

from tests.programs.registry import program


def vector(rng):
    return (rng.uniform(0.5, 2.0, size=4) * np.array([1, -1, 1, -1]),)


def positive(rng):
    return (rng.uniform(0.5, 2.0),)


def negative(rng):
    return (-rng.uniform(0.5, 2.0),)


def complex_vector(rng):
    return (rng.normal(size=3) + 1j * rng.normal(size=3),)


@program(negative)
def floor_mod(x):
    return x * (x // 0.3) + x % 0.7 + (-x) % -0.7 + math.fmod(x, 0.7) + np.fmod(x, 0.4) + np.remainder(x, 0.9)


@program(negative)
def quotient_and_rest(x):
    q, r = divmod(x, 0.7)
    return q * x + r * r


@program(positive)
def int_arith(x):
    n = 7
    a = -n // 2
    b = -n % 3
    c = n**2
    d = n / 2
    e = 2**-1
    f = n & 3 | 8 ^ 1
    g = n << 2 >> 1
    h = ~n
    return x * a + x * b * c + d * x * e + f * x + g + h * x


@program(positive)
def int_overflow(x):
    n = 1
    for i in range(70):
        n = n * 2
    return x * (n / 2**68)


@program(positive, backends=("numpy",))
def int_overflow_numpy(x):  # compiled code raises OverflowError
    n = np.int64(1)
    with np.errstate(all="ignore"):
        for i in range(62):
            n = n * np.int64(2)
        m = n + n
    return x * (1.0 if m < 0 else 3.0)


@program(negative)
def int_truncates(x):
    return x * int(x * 3) + x * int(-x * 3) + x * (x * 3 // 1)


@program(positive)
def bool_arith(x):
    b = x > 0.0
    return x * b + (x * 2) * (not b) + (b + b) * x + sum([x > 0, x > 1]) * x + True * x


@program(positive)
def bool_numpy(x):
    b = np.bool_(x > 0)
    return x * b + (b + b) * x


@program(vector)
def bool_array_arith(x):
    b = x > 0
    return np.sum(x * b) + np.sum((b + b) * x) + np.sum(~b * x) + np.sum(b) * x[0] + np.mean(b) * x[1]


@program(positive)
def chained(x):
    a = 1 < 2 < 3 != 4
    b = 0.0 < x < 3.0 > 1.0
    return x * a + x * x * b


@program(positive)
def power_cases(x):
    return x**2 + x**-1 + x**0.5 + 2**x + (-2.0) ** 2 + x**0 + (-x) ** 3 + (-x) ** 2 + -(x**2) + 2 ** -(x**2)


@program(positive)
def abs_sign(x):
    return abs(-x) * np.abs(x) + np.sign(-x) * x + math.copysign(x, -1.0) * x + math.fabs(-x) + np.copysign(-x, 3.0)


@program(positive)
def complex_scalar(x):
    z = complex(x, 2.0) * 1j
    w = cmath.exp(z) / z
    return w.real * abs(w) + (w * w.conjugate()).real + z.imag * w.imag


@program(positive)
def complex_power(x):
    z = (x + 1j) ** 2 + (x - 2j) ** 0.5
    return z.real + z.imag * abs(z)


@program(vector)
def where_nested(x):
    return np.sum(np.where(x > 0, np.where(x > 1, x * x, x), -x * x * x))


@program(vector)
def where_scalar_cond(x):
    c = x[0] > 0
    return np.sum(np.where(c, x, x * x)) + np.where(x[1] > 0, x[0], x[1] * x[2])


@program(vector)
def ternary_array(x):
    y = x if x[0] > 0 else x * x
    z = x * 2.0 if len(x) > 3 else x
    w = (x if x[1] > 0 else y) * z
    return np.sum(w)


@program(vector)
def array_and_or(x):
    m = (x > 0) & (x < 1.0) | (x < -1.0)
    return np.sum(x[m] ** 2) + np.sum(np.logical_and(x > 0, x < 1) * x) + np.sum(np.logical_not(m) * x)


@program(vector)
def any_all(x):
    return x[0] * (1.0 if np.any(x > 0) else 2.0) + x[1] * (1.0 if (x > 0).all() else 2.0)


@program(positive)
def string_formatting(x):
    s = f"{x:.3f} {3:>5} {'a'!r}"
    t = "%d items" % 3
    u = "{} {}".format(1, "b")
    return x * len(t) * len(u) + (x if u == "1 b" else 0.0) + (x if t == "3 items" else 0)


@program(positive)
def string_methods(x):
    mode = "Cosine".lower()
    y = math.cos(x) if mode.startswith("cos") else math.sin(x)
    return y * len(mode) + (x if "sin" in mode else 0.0) + (x if mode[0] == "c" else 0.0) * len(mode.split("i"))


@program(positive)
def is_none_static(x):
    def f(a, b=None, c=None):
        b = a if b is None else b
        return a * b * (1.0 if c is not None else 2.0)

    return f(x) + f(x, 3.0) + f(x, c=False)


@program(positive)
def truthiness(x):
    y = x
    if []:
        y = y * 2
    if [0]:
        y = y * 3
    if "":
        y = y * 5
    if {}:
        y = y * 7
    if ():
        y = y * 7
    if not None:
        y = y * 11
    if 0.0:
        y = y * 13
    if x:
        y = y * 17
    return y * x


@program(positive)
def eq_containers(x):
    y = x
    if (1, 2) == (1, 2):
        y *= 2
    if [1] == (1,):
        y *= 3
    if [1, 2] != [1, 2]:
        y *= 5
    if (1, 2) < (1, 3):
        y *= 7
    if "a" < "b":
        y *= 11
    if {"a": 1} == {"a": 1}:
        y *= 13
    if 1 == 1.0 == True:
        y *= 17
    return y


@program(positive)
def in_operator(x):
    y = x
    if 2 in (1, 2):
        y *= 2
    if 3 not in [1, 2]:
        y *= 3
    if "a" in {"a": 1}:
        y *= 5
    if 1.0 in {1: 2}:
        y *= 7
    if "b" in "abc":
        y *= 11
    if 3 in range(2, 5):
        y *= 13
    return y


@program(positive)
def float_int_identity(x):
    d = {1: x, 2.0: 3.0 * x}
    return d[1.0] * d[2] + d[True]


@program(vector)
def numpy_scalar_types(x):
    a = np.float32(x[0])
    b = x[0].astype(np.float64)
    c = float(x[1])
    d = np.float64(c) * 2
    e = x[2].item()
    return b * c * d * e + int(np.int32(3)) * x[0] + np.float64(3) * x[1]


@program(vector)
def reductions_bool_int(x):
    k = np.arange(4)
    return np.sum(k) * x[0] + np.mean(k) * x[1] + np.max(k) * x[2] + np.prod(k[1:]) * x[3] + k.sum() / 4 * x[0]


@program(vector)
def int_division_arrays(x):
    k = np.arange(1, 5)
    return np.sum(k / 2 * x) + np.sum(k // 2 * x) + np.sum(-k % 3 * x) + np.sum(k**2 * x) + np.sum(2.0**-k * x)


@program(vector)
def argmax_index(x):
    return x[np.argmax(x)] * x[x.argmin()] + x[np.argsort(x)][1] * x[0] + np.sort(x)[-1]


@program(vector)
def unique_counts(x):
    return np.sum(np.unique(x) ** 2) + len(np.unique(x)) * x[0]


@program(vector)
def clip_round(x):
    return np.sum(np.clip(x, -1.0, 1.0) * x) + np.sum(x.clip(min=0.0) * x) + np.sum(np.round(x * 3) * x)


@program(vector)
def negative_zero_index(x):
    i = -1
    j = -len(x)
    return x[i] * x[j] + x[i - 1] + x[True * 1] + x[np.int64(2)] * x[-2:][0]


@program(vector)
def ellipsis_newaxis(x):
    a = x[None, :] * x[:, np.newaxis]
    return np.sum(a[..., 0] * a[0, ...]) + a[..., None][1, 2, 0] + a[()].sum()


@program(vector)
def tuple_index_list_index(x):
    a = np.outer(x, x)
    i = (1, 2)
    return a[i] + np.sum(a[[1, 2]] * a[[0, 0], [1, 1]][0]) + a[1][2] * a[(slice(None), 1)][0]


@program(vector)
def bool_index_scalar(x):
    a = np.outer(x, x)
    m = np.array([True, False, True, False])
    return np.sum(a[m] ** 2) + np.sum(a[:, m] * 2) + np.sum(a[a > 0]) + np.sum(a[np.ix_(m, m)])


@program(vector)
def matmul_cases(x):
    a = np.outer(x, x) + np.eye(4)
    return (
        x @ a @ x + np.sum(a @ a) + np.sum((x @ a) * 2) + np.sum(np.stack([a, a]) @ x) + np.dot(x, x) + np.inner(x, x)
    )


@program(vector)
def dtype_mix(x):
    a = x.astype(np.float32) * np.float32(2.0)
    return np.sum(x) + 0.0 * len(a)


@program(positive)
def nested_functions_same_name(x):
    def f(t):
        def f(u):
            return u * 2

        return f(t) + 1

    return f(x) * f(f(x))


@program(positive)
def shadow_builtin(x):
    sum = x * 2
    max = lambda a, b: a * b
    abs = 3.0
    return sum * max(x, 2.0) * abs


@program(positive)
def shadow_module(x):
    np = 3.0
    return x * np


@program(positive)
def global_shadow_param(x, np=2.0):
    return x * np


@program(positive)
def star_kwargs(x):
    def f(a, *args, k=1.0, **kw):
        return a * k + sum(args) * kw.get("z", 1.0) + len(kw) * a

    return f(x, x * 2, x * 3, k=x, z=2.0, y=1.0) + f(x) + f(*(x, 1.0), **{"k": x * 5})


@program(positive)
def match_statement(x):
    def f(s):
        match s:
            case ("mul", a, b):
                return a * b
            case {"k": v}:
                return v * 2
            case [a, *rest]:
                return a + len(rest)
            case _:
                return 0.0

    return f(("mul", x, x)) + f({"k": x, "j": 1}) * f([x, 1, 2]) + f(None)


@program(vector)
def linspace_dep(x):
    a = np.linspace(x[0], x[1], 5)
    b = np.arange(3) * x[2]
    return np.sum(a * a) + np.sum(b)


@program(vector)
def arange_dep(x):
    return np.sum(np.arange(4) * x) + np.sum(np.arange(1.0, 3.0, 0.5) * x)


@program(positive)
def round_half_even(x):
    return x * round(2.5) + x * round(-0.5) + x * round(2.675, 2) + x * int(-2.7) + x * round(1234, -2)


@program(positive)
def float_str_static(x):
    return x * float("2.5") + x * int("12") + x * float("inf" if False else "1e3")


@program(positive)
def mod_negative_ints(x):
    i = -7
    s = 0.0
    for k in range(-3, 4):
        s += (k % 3) * x + (k // 2) * x * x + abs(k) * x
    return s * (i % 5) + divmod(i, 3)[0] * x + math.gcd(12, 18) * x + pow(2, 5) * x


@program(positive)
def among_constants(x):
    """A number of the run, looked up in a set, a list, a dict and an empty tuple; words and None are never it."""
    n = int(2.0 * x)
    total = x * x if n in {1, 2, 3} else 2.0 * x
    for k in range(5):
        if k in (0, n, 4):
            total = total + x ** (k + 1)
        if k not in {2: "here", 3: "there"} and n + k not in ("a", None, 3):
            total = total * 1.25
    return total if n not in () else 0.0 * x


class Kind(enum.IntEnum):
    LINEAR, SQUARE = 1, 2


KINDS = tuple(Kind)


@program(positive)
def members_of_an_enumeration(x):
    n = 1 if x > 0.1 else 2
    total = 0.0
    for kind in KINDS:
        total += x**kind + (3.0 * x if kind == n else 0.0)
    return total * KINDS[1] if n == KINDS[0] else x
