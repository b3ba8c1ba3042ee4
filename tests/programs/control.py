"""break, continue, else, early return, ternaries, match, walrus, asserts, and loops of every form."""

import math

import numpy as np

from tests.programs.registry import program


@program(args=lambda rng: (rng.uniform(0.5, 1.0, 9), 3.2), argnums=(0, 1))
def break_when_the_sum_is_reached(x, limit):
    total = 0.0
    for i in range(len(x)):
        if total + x[i] > limit:
            break
        total += x[i] * x[i] + 0.3
    return total * (limit - total)


@program(args=lambda rng: (rng.normal(size=9),), argnums=0)
def continue_skips_negative(x):
    total = 1.0
    for v in x:
        if v < 0.0:
            continue
        total = total * (1.0 + v)
    return total


@program(args=lambda rng: (rng.uniform(0.1, 0.5, 6),), argnums=0)
def for_else_not_broken(x):
    total = 0.0
    for i in range(6):
        if x[i] > 0.9:
            total = -1.0
            break
        total += x[i] ** 2
    else:
        total *= x[0]
    return total


@program(args=lambda rng: (rng.uniform(0.1, 0.5, 6), 0.7), argnums=(0, 1))
def while_else_broken(x, limit):
    i = 0
    total = 0.0
    while i < len(x):
        total += x[i]
        i += 1
        if total > limit:
            total = total * total
            break
    else:
        total = 0.0
    return total + i * x[i - 1]


@program(args=lambda rng: (0.8, 3), argnums=0)
def several_returns(x, kind):
    if kind == 0:
        return x
    y = x * x
    if kind == 1:
        return y
    elif kind == 2:
        y = np.sin(y)
    else:
        if x > 0.5:
            return y * math.exp(x)
    return y + x


@program(args=lambda rng: (rng.normal(size=(4, 5)),), argnums=0)
def return_from_nested_loops(a):
    total = 0.0
    for i in range(4):
        for j in range(5):
            total += a[i, j] ** 2
            if total > 6.0:
                return total * a[i, j] + i + j
    return total


@program(args=lambda rng: (rng.normal(size=(4, 5)),), argnums=0)
def break_inner_continue_outer(a):
    total = 0.0
    for i in range(4):
        if a[i, 0] > 1.0:
            continue
        row = 1.0
        for j in range(5):
            if a[i, j] < -1.0:
                break
            row *= 1.0 + 0.3 * a[i, j]
        total += row
    return total


@program(args=lambda rng: (1.7, 0.4), argnums=(0, 1))
def ternaries_and_boolean_operators(x, y):
    a = x if x > y else y
    b = a * y if (x > 1.0 and y > 1.0) or not x < 0.5 else a / y
    return b * (2.0 if a > b > 0.0 else 3.0)


@program(args=lambda rng: (0.9, 2), argnums=0)
def match_on_an_integer(x, kind):
    match kind:
        case 0:
            y = x
        case 1 | 2:
            y = x * x * math.sin(x)
        case _:
            y = -x
    return y * x


@program(args=lambda rng: (0.9, "cube"), argnums=0)
def match_on_a_string(x, kind):
    match kind:
        case "square":
            return x * x
        case "cube":
            return x * x * x
        case other:
            raise ValueError(other)


@program(args=lambda rng: (2.9,), argnums=0)
def walrus_in_a_while(x):
    total = 0.0
    while (y := math.sqrt(x)) > 1.1:
        total += y
        x = y
    return total * y


@program(args=lambda rng: (rng.normal(size=4),), argnums=0)
def asserts_and_prints_nothing_lost(x):
    assert x.ndim == 1, "one axis"
    y = np.exp(x)
    assert np.all(y > 0.0)
    if y[0] < 0.0:
        raise ValueError(f"negative: {y[0]}")
    return y @ y


@program(args=lambda rng: (3.7,), argnums=0)
def collatz_like_while(x):
    n = 27
    value = x
    while n != 1:
        if n % 2 == 0:
            n //= 2
            value = value * 0.5 + 0.1 * x
        else:
            n = 3 * n + 1
            value = math.sin(value) + x
    return value


@program(args=lambda rng: (0.4, 1.5), argnums=(0, 1))
def nested_while(x, y):
    total = 0.0
    i = 0
    while total < 3.0 and i < 20:
        inner = x
        while inner < y:
            inner = inner * 1.5
            total += 0.1 * inner * y
        total += inner - x
        i += 1
    return total


@program(args=lambda rng: (rng.normal(size=7),), argnums=0)
def loop_variable_used_after(x):
    total = 0.0
    for i in range(2, 7, 2):
        total += x[i] ** 2
    return total * x[i] + i


@program(args=lambda rng: (rng.normal(size=5),), argnums=0)
def ranges_with_computed_bounds(x):
    total = 0.0
    n = len(x)
    for i in range(n):
        for j in range(max(0, i - 1), min(n, i + 2)):
            for k in range(j, i + 1):
                total += x[i] * x[j] * x[k]
    return total


@program(args=lambda rng: (1.3, 4), argnums=0)
def bound_changes_inside_the_loop(x, n):
    y = x
    for i in range(n):
        n = 2
        y = y * y * 0.7
        i += 10
        y += i
    return y * n


@program(args=lambda rng: (rng.normal(size=5), True), argnums=0)
def flag_and_none(x, keep):
    scale = None
    if keep:
        scale = x[0]
    y = x[1] ** 2
    if scale is not None:
        y = y * scale
    return y


@program(args=lambda rng: (0.6, 2.0), argnums=(0, 1))
def branch_defines_a_name_used_later(x, y):
    if x > y:
        u = x * y
        w = u
    else:
        u = x + y
        w = u * u
    if w > 100.0:
        w = 100.0
    return u * w


@program(args=lambda rng: (0.6,), argnums=0)
def pass_and_docstring_and_del(x):
    """A docstring, a pass and a del change nothing."""
    y = x * x
    if y > 10.0:
        pass
    z = y + 1.0
    del y
    return z * z


@program(args=lambda rng: (-1.0,), argnums=0, raises=ValueError)
def raises_of_the_users_own(x):
    if x < 0.0:
        raise ValueError(f"x must not be negative, got {x}")
    return np.sqrt(x)


@program(args=lambda rng: (rng.normal(size=3), 3), argnums=0, raises=IndexError)
def raises_out_of_range(x, i):
    return x[i] * 2.0


@program(args=lambda rng: (rng.normal(size=(2, 3)), rng.normal(size=4)), argnums=(0, 1), raises=ValueError)
def raises_wrong_shapes(a, b):
    return np.sum(a @ b)


@program(args=lambda rng: (-0.5,), argnums=0, raises=ValueError)
def raises_a_domain_error(x):
    return math.sqrt(x)


@program(args=lambda rng: (0.5,), argnums=0, raises=AssertionError)
def raises_a_failed_assertion(x):
    assert x > 1.0, "x is too small"
    return x * x


@program(args=lambda rng: (1.2,), argnums=0)
def try_that_does_not_raise(x):
    try:
        y = math.log(x)
    except ValueError:
        y = 0.0
    return y * x


@program(args=lambda rng: (rng.normal(size=3),), argnums=0)
def with_errstate(x):
    with np.errstate(divide="ignore"):
        y = 1.0 / x
    return np.sum(y * y)


@program(lambda rng: (rng.normal(size=6), 0.3))
def match_with_guards_and_no_names(x, level):
    total = 0.0
    for k in range(6):
        match k % 3:
            case 0 if x[k] > level:
                total = total + x[k] * x[k]
            case 0 | 1 if x[k] < 0.0:
                total = total - 2.0 * x[k]
            case _ if k > 3:
                total = total * x[k]
            case _:
                total = total + np.sin(x[k])
    return total


@program(lambda rng: (rng.normal(size=6), 0.3))
def match_with_a_name_that_stays_bound(x, level):
    total = 0.0
    part = 0
    for k in range(6):
        match k % 4:
            case part if part > 1 and x[k] < 10.0 * level:
                total = total + x[k] * x[k]
            case 1:
                total = total - 2.0 * x[k]
            case _:
                total = total + np.sin(x[k])
        total = total + part * x[k]
    return total


@program(lambda rng: (rng.uniform(0.1, 0.4, 3), rng.uniform(0.2, 0.5, 3)), argnums=(0, 1))
def loops_inside_loops_whose_tests_are_sums(x, y):
    n = 0
    while n < 3 and sum(v * v for v in x) < 5.0:
        k = 0
        while k < 2 and sum(v for v in y) < 9.0:
            x = x * y[0] + 0.5
            k += 1
        n += 1
    return np.sum(x * x)


@program(lambda rng: (rng.uniform(0.1, 0.4, 3), 3.0), argnums=(0, 1))
def name_of_the_users_beside_a_test_that_is_a_sum(x, going):
    k = 0
    while k < 4 and sum(v * v for v in x) < 5.0:
        x = x + 0.5 * x[0]
        k += 1
    return np.sum(x) * going
