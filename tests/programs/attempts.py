"""Code inside ``try`` and ``with``: which statements ran, which handler, what was written before the error."""

import contextlib
import math
import warnings

import numpy as np

from tests.programs.registry import program


def numbers(rng):
    return (1.3, -0.4)


def vector(rng):
    return (np.array([0.7, -1.2, 0.3, 2.0, -0.5]),)


@program(numbers, argnums=(0, 1))
def handler_runs(x, y):
    try:
        z = math.log(y)
    except ValueError:
        z = x * y
    return z * x


@program(numbers, argnums=(0, 1))
def rebound_before_the_error(x, y):
    z = x * x
    try:
        z = z * y
        w = math.sqrt(y)
        z = z * w
    except ValueError:
        w = x
    return z * w


@program(numbers, argnums=(0, 1))
def else_and_finally(x, y):
    s = 0.0
    for v in (x, y):
        try:
            t = math.sqrt(v)
        except ValueError:
            t = v * v
        else:
            t = t * 3.0
        finally:
            s += t * v
    return s


@program(vector)
def error_in_the_middle_of_a_loop(x):
    s = x[0]
    k = 0
    try:
        for k in range(len(x)):
            s = s * 1.5 + math.log(x[k] + 1.0)
            s = s + x[k]
    except ValueError:
        s = s * x[k]
    return s


@program(vector)
def attempts_in_every_iteration(x):
    s = 0.0
    t = x[0]
    for v in x:
        try:
            t = math.sqrt(v) * t
            s += t
        except ValueError:
            s += v * t
            t = t + v
    return s * t


@program(vector)
def writes_before_the_error(x):
    y = x * 2.0
    try:
        y[0] = y[1] * y[2]
        y[1] = math.log(y[4])
        y[2] = 100.0
    except ValueError:
        y[3] = y[0] * x[4]
    return np.sum(y * y)


@program(vector)
def write_whose_value_raises(x):
    y = x * 2.0
    for k in range(len(x)):
        try:
            y[k] = y[k - 1] * math.sqrt(x[k])
        except ValueError:
            y[k] += x[k] ** 2
    return np.sum(y * np.arange(1.0, 6.0))


@program(vector)
def augmented_write_that_raises(x):
    y = x * 2.0
    for k in range(len(x)):
        try:
            y[0] += math.log(x[k]) * y[1]
        except ValueError:
            y[1] *= 1.5
    return y[0] * y[1]


@program(vector)
def index_out_of_range(x):
    y = x * x
    s = 0.0
    for k in range(4, 7):
        try:
            y[k] = x[k] * 3.0
            s += y[k]
        except IndexError:
            s += y[k - 5] * 2.0
    return s + np.sum(y)


def _log_or_fail(v):
    t = v * 2.0
    if v < 0.0:
        raise ValueError("negative")
    return t * np.log(v)


@program(vector)
def callee_raises(x):
    s = 0.0
    for v in x:
        try:
            s += _log_or_fail(v) * s + v
        except ValueError as error:
            reason = str(error)
            assert reason
            s = s - v * v
    return s


def _halvings(v):
    w = v
    count = 0
    while w > 0.1:
        w = w * 0.5
        count += 1
        if count > 3:
            raise RuntimeError("too many")
    return w * v


@program(vector)
def callee_with_a_loop_raises(x):
    s = 0.0
    w = x[0]
    for v in x:
        try:
            w = _halvings(v) + w * v
        except RuntimeError:
            w = w * v * 0.5
        s += w
    return s


@program(vector, backends=("numpy",))
def singular_matrix(x):
    a = np.outer(x, x)
    try:
        c = np.linalg.cholesky(a - 3.0 * np.eye(5))
    except np.linalg.LinAlgError:
        c = np.linalg.cholesky(a + 2.0 * np.eye(5))
    return np.sum(c * c * c)


@program(vector, backends=("numpy",))
def jitter_until_it_works(x):
    a = np.outer(x, x) - 0.3 * np.eye(5)
    s = 0.0
    for jitter in (0.0, 0.1, 0.5, 1.0):
        try:
            c = np.linalg.cholesky(a + jitter * np.eye(5))
            s = np.sum(np.log(np.diag(c)))
            break
        except np.linalg.LinAlgError:
            continue
    return s * x[0]


@program(numbers, argnums=(0, 1))
def returns_from_a_try(x, y):
    def safe(v):
        try:
            return math.sqrt(v) * x
        except ValueError:
            return v * v

    return safe(x) + safe(y) * 3.0


@program(numbers, argnums=(0, 1))
def several_handlers(x, y):
    def f(a, b):
        try:
            t = a / b
            return math.log(t) * a
        except ZeroDivisionError:
            return a * 5.0
        except (ValueError, OverflowError):
            return a * b

    return f(x, y) + f(y, 0.0) * 2.0 + f(x, x)


@program(numbers, argnums=(0, 1))
def nested_handlers(x, y):
    s = x
    try:
        try:
            s = s * y
            s = s + math.log(y)
        except ZeroDivisionError:
            s = s * 7.0
        finally:
            s = s + x * x
        s = s * 100.0
    except ValueError:
        s = s * x
    return s


@program(numbers, argnums=(0, 1))
def error_inside_a_handler(x, y):
    s = x
    try:
        try:
            s = math.sqrt(y)
        except ValueError:
            s = s * 2.0
            s = s + math.log(y)
            s = s * 3.0
        finally:
            s = s * y
    except ValueError:
        s = s * s
    return s


@program(numbers, argnums=(0, 1), raises=ValueError)
def raised_again(x, y):
    try:
        z = math.log(y)
    except ValueError:
        z = 0.0
        raise
    return z * x


@program(numbers, argnums=(0, 1), raises=ZeroDivisionError)
def not_caught(x, y):
    try:
        z = x / (y - y)
    except ValueError:
        z = y
    return z * x


@program(numbers, argnums=(0, 1))
def a_key_that_is_not_there(x, y):
    table = {"a": x, "b": x * y}
    s = 1.0
    for key in ("a", "c", "b"):
        try:
            s = s * table[key]
        except KeyError:
            s = s + y
    return s


@program(vector)
def list_grows_until_it_fails(x):
    logs = []
    for v in x:
        try:
            logs.append(math.log(v))
        except ValueError:
            logs.append(v)
            if len(logs) > 3:
                break
    s = 0.0
    for k in range(len(logs)):
        s += logs[k] * (k + 1.0)
    return s


@program(vector)
def raise_in_the_body(x):
    s = 0.0
    for v in x:
        try:
            if v < 0.0:
                raise ArithmeticError
            s += np.sqrt(v)
        except ArithmeticError:
            s -= v * v
    return s


@program(vector)
def two_names_at_once(x):
    a, b = x[0], x[2]
    try:
        a, b = b * 2.0, math.log(x[1])
    except ValueError:
        b = a * b
    return a * b


@program(vector)
def tested_inside_a_try(x):
    s = x[0]
    k = 0
    try:
        while math.sqrt(x[k] + 0.6) > 0.2:
            s = s * 0.5 + x[k]
            k += 1
    except ValueError:
        s = s * 2.0
    return s + k


@program(numbers, argnums=(0, 1))
def branch_tested_inside_a_try(x, y):
    z = x
    try:
        if math.log(y) > 0.0:
            z = z * 10.0
        else:
            z = z * 20.0
    except ValueError:
        z = z * y
    return z


@program(numbers, argnums=(0, 1))
def closure_changes_before_the_error(x, y):
    count = x

    def step(v):
        nonlocal count
        t = math.log(v)
        count = count * t
        return t

    s = 0.0
    for v in (x + 1.0, y, 2.0):
        try:
            s += step(v)
        except ValueError:
            s += v
    return s * count


@program(numbers, argnums=(0, 1))
def overflow(x, y):
    try:
        z = math.exp(1000.0 * x)
    except OverflowError:
        z = 7.0 * y
    return z * x


@program(vector, backends=("numpy",))
def floating_point_errors(x):
    s = 0.0
    with np.errstate(all="raise"):
        for v in x:
            try:
                s += np.log(v)
            except FloatingPointError:
                s += v * v
    return s


@program(vector)
def suppressed(x):
    s = x[0]
    for v in x:
        with contextlib.suppress(ValueError):
            s = s * 0.5
            s = s + math.log(v)
    return s


class Scaled:
    def __init__(self, factor):
        self.factor = factor

    def __enter__(self):
        return self.factor * 2.0

    def __exit__(self, kind, value, trace):
        self.factor = self.factor * 3.0


@program(numbers, argnums=(0, 1))
def a_context_of_the_users(x, y):
    scale = Scaled(x * y)
    with scale as s:
        z = s * x
    return z * scale.factor


@program(numbers, argnums=(0, 1))
def return_inside_a_context(x, y):
    scale = Scaled(x)

    def f(v):
        with scale as s:
            if v > 0.0:
                return s * v
            v = v * s
        return v + scale.factor

    return f(x) * f(y) + scale.factor


@program(numbers, argnums=(0, 1))
def warnings_are_caught(x, y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        z = np.log(x) * y
    return z * x


@program(numbers, argnums=(0, 1))
def only_finally(x, y):
    z = x
    try:
        z = z * y
        if z < 0.0:
            return z * 2.0
        z = z + 1.0
    finally:
        z = z * 3.0
    return z


def squared_or_key_error(x):
    try:
        if x < 0.0:
            raise ValueError("negative")
        return x**2
    except ValueError:
        raise KeyError("negative") from None


@program(lambda rng: (rng.normal(size=6),))
def error_that_becomes_another(v):
    total = 0.0
    for x in v:
        try:
            total += squared_or_key_error(x)
        except KeyError:
            total += x**3
    return total


# ---- loops that raise at their end ----


@program(vector, backends=("numpy", "numba"))
def lengths_that_differ_after_the_steps(x):
    t, u = x[0], x * 1.0
    try:
        for a, b in zip(x, x[1:], strict=True):
            t = t + a * b
    except ValueError:
        t = t * x[3]
    try:
        for k, (a, b) in enumerate(zip((x[0], x[1]), [x[2]], strict=True)):
            t = t + a * b
            u[k] = t
    except ValueError:
        t = t * x[2]
    try:
        for a, b in zip(x, x[::-1], strict=True):
            t = t + a * b
    except ValueError:
        t = t * 100.0
    return t * np.sum(u)


@program(vector, backends=("numpy", "numba"))
def lengths_that_differ_where_the_loop_is_left(x):
    t, y, z, other = x[0], x * 1.0, x[1:] * 2.0, x * 0.5
    for bound in (-100.0, 100.0):
        try:
            for a, b in zip(y, z, strict=True):
                t = t + a * b
                y = other
                if t > bound:
                    break
            else:
                t = t * 100.0
        except ValueError:
            t = t * x[3]
        else:
            t = t * x[2]
    return t


def _dot(x, y):
    s = 0.0
    for a, b in zip(x, y, strict=True):
        s += a * b
    return s


@program(vector, backends=("numpy",))
def lengths_that_differ_in_a_call(x):
    t = x[0]
    try:
        t = sum(a * b for a, b in zip(x, x[1:], strict=True))
    except ValueError:
        t = t * x[3]
    try:
        t += _dot(x, x[::2])
    except ValueError:
        t *= 3.0
    try:
        t += _dot(x, x * 2.0)
    except ValueError:
        t *= 5.0
    return t


class Least:
    def __init__(self, t):
        self.t, self.items = t, [t]

    def offer(self, v):
        w = math.sqrt(v)
        if w < self.t:
            self.t = w
            self.items[0] = w * 2.0
        return w


@program(vector, backends=("numpy",))
def changes_after_all_that_may_raise(x):
    best, r = Least(x[0] * x[0] + 1.0), 0.0
    for k in range(4):
        try:
            r = r + best.offer(x[k])
        except ValueError:
            r = r * best.t + x[k]
    return r * best.t + best.items[0]


# ---- expressions whose value nobody reads ----


def negative(rng):
    return (-1.3,)


@program(negative)
def tried_for_its_error_only(x):
    try:
        math.sqrt(x)
    except ValueError:
        return x * 2
    return x


@program(negative)
def tried_before_another_statement(x):
    try:
        math.sqrt(x)
        y = x
    except ValueError:
        y = 3.0 * x
    return y * x


@program(negative)
def errors_of_all_kinds_unread(x):
    s = 0.0
    try:
        1.0 / (x - x)
    except ZeroDivisionError:
        s += 2.0 * x
    try:
        math.log(x - x)
    except ValueError:
        s += 3.0 * x
    try:
        math.exp(x * -1000)
    except OverflowError:
        s += 4.0 * x
    try:
        math.sqrt(x) * x
    except ValueError:
        s += 5.0 * x
    try:
        x % (x - x)
    except ZeroDivisionError:
        s += 6.0 * x
    try:
        math.exp(x * x)
    except OverflowError:
        s += 7.0 * x
    return s * x


@program(negative, backends=("numpy",))
def errors_of_arrays_unread(x):
    s = 0.0
    try:
        np.linalg.inv(np.zeros((2, 2)) * x)
    except np.linalg.LinAlgError:
        s += 2.0 * x
    try:
        np.zeros(3) + np.zeros(2)
    except ValueError:
        s += 3.0 * x
    a = np.ones(4) * x
    try:
        a[int(x) + 7]
    except IndexError:
        s += 4.0 * x
    return s * x


@program(negative)
def errors_unread_in_containers_and_arguments(x):
    def second(a, b):
        return b

    s = 0.0
    try:
        [math.sqrt(x), 1.0]
    except ValueError:
        s += 2.0 * x
    try:
        s += (math.sqrt(x), x)[1]
    except ValueError:
        s += 3.0 * x
    try:
        s += second(math.log(x), x)
    except ValueError:
        s += 4.0 * x
    try:
        s += len([math.log(x)])
    except ValueError:
        s += 5.0 * x
    try:
        isinstance(math.sqrt(x), float)
    except ValueError:
        s += 6.0 * x
    try:
        f"{math.sqrt(x):.3f}"
    except ValueError:
        s += 7.0 * x
    try:
        if math.sqrt(x) > 1.0:
            pass
    except ValueError:
        s += 8.0 * x
    return s * x


@program(vector)
def errors_unread_in_a_loop(x):
    s = 0.0
    for v in x:
        try:
            math.log(v)
        except ValueError:
            s += 2.0 * v
            continue
        s += v * v
    return s


@program(negative, raises=ValueError)
def a_statement_that_raises(x):
    math.sqrt(x)
    return x


@program(negative, raises=ZeroDivisionError)
def a_quotient_that_raises(x):
    1.0 / (x - x)
    return x


@program(negative, raises=IndexError)
def an_element_that_is_not_there(x):
    a = np.ones(4) * x
    a[int(x) + 7]
    return x


@program(negative, raises=ValueError)
def an_unread_variable_that_raises(x):
    y = math.sqrt(x)
    z = y * 2.0
    return x * x


@program(negative, raises=ValueError)
def an_unread_variable_of_a_loop_that_raises(x):
    y = x
    for _ in range(3):
        y = math.sqrt(y)
    return x * x


@program(negative, raises=ValueError)
def an_unread_variable_that_raises_for_unknown_reasons(x):
    y = math.gamma(x * 0.0 - 1.0)
    return x * x


@program(negative)
def unread_and_infinite(x):
    math.exp(x * -math.inf)
    math.pow(x * x + 1.0, math.inf)
    y = math.atan2(x, 2.0) * math.inf
    for _ in range(2):
        y = 2.0 * y
    return x * x
