"""recompute: what an iteration reads or adds cheaply is not recorded; what costs more, or changes, is."""

import numpy as np
import pytest

import srcad


def read_again(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        w = v * 2.0 - x[k]
        s += w * w * v
    return s


def divided(x, y):
    s = 0.0
    for k in range(len(x)):
        q = x[k] / y[k]
        s += q * q
    return s


def overwritten(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        s += x[k] * v * v
        y[k] = s
    return s


def selected(x, y):
    s = 0.0
    chosen = np.array([0, 1, 0])
    for k in range(len(x)):
        v = y[chosen]
        s += np.sum(v * v) * x[k]
    return s


def called(x, y):
    s = 0.0
    for k in range(len(x)):
        v = np.sin(y[k])
        s += v * v * x[k]
    return s


def written(x, y):
    s = 0.0
    for k in range(len(x)):
        v = x * y[k]
        v[0] = v[1] * v[2]
        s += np.sum(v * v * v)
    return s


def in_two_steps(x, y):
    s = 0.0
    for k in range(len(x)):
        j = len(x) - 1 - k
        v = y[j]
        s += v * v * x[j]
    return s


def of_what_is_kept(x, y):
    s = 0.0
    for k in range(len(x)):
        v = np.exp(x[k])
        w = v - y[k]
        s += v * w * w
    return s


def rolled(x, y):
    s = 0.0
    for k in range(len(x)):
        v = np.exp(x * y[k])
        w = np.roll(v, k)
        s += np.sum(v * v * w * w)
    return s


def of_what_is_written_later(x, y):
    s = 0.0
    for k in range(len(x)):
        v = np.exp(x * y[k])
        w = np.roll(v, k)
        s += np.sum(v * w * w)
        v[1] = s
        s += np.sum(v * w * v)
    return s


def around(x, y):
    for _ in range(2):
        for i in range(len(x)):
            for k in range(i):
                v = x[i] - x[k]
                w = x[i] + x[k]
                y[k] += v * v * w * w
        x *= 1.1
    return np.sum(y)


def around_in_as_many_loops(x, y):
    for _ in range(2):
        for k in range(len(x)):
            v = x[k] - 1.0
            y[k] += v * v * v
        x *= 1.1
    return np.sum(y)


def in_the_same_loop(x, y):
    for i in range(len(x)):
        for k in range(i):
            v = x[i] - x[k]
            w = x[i] + x[k]
            y[k] += v * v * w * w
            x[k] *= 1.1
    return np.sum(y)


def copied(x, y):
    s = 0.0
    for k in range(len(x) - 1):
        v = y[k : k + 2].copy()
        s += np.sum(v * v * v) * x[k]
    return s


def copied_and_written(x, y):
    s = 0.0
    for k in range(len(x) - 1):
        v = y[k : k + 2].copy()
        v[0] = v[1] * x[k]
        s += np.sum(v * v * v)
    return s


def copied_from_what_is_written(x, y):
    s = 0.0
    for k in range(len(x) - 1):
        v = y[k : k + 2].copy()
        s += np.sum(v * v * v) * x[k]
        y[k + 1] = s
    return s


def copied_from_what_has_another_name(x, y):
    s = 0.0
    z = y[::-1]
    for k in range(len(x) - 1):
        v = y[k : k + 2].copy()
        s += np.sum(v * v * v) * x[k]
        z[0] = s
    return s


def copied_around(x, y):
    s = 0.0
    for _ in range(2):
        for k in range(len(x) - 1):
            v = y[k : k + 2].copy()
            s += np.sum(v * v * v) * x[k]
        y[:] = y * x
    return s


def copied_by_a_counter_that_moves(x, y):
    s = 0.0
    k = 0
    while k < 2:
        v = y[k : k + 2].copy()
        s += np.sum(v * v * v) * x[k]
        k += 1
    return s


def copied_beyond_the_end(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[2 * k - 1 : k // 2 + 2].copy()
        s += np.sum(v * v * v) * x[k]
    return s


@pytest.mark.parametrize(
    "f, recorded",
    [
        (of_what_is_kept, ["v_saved"]),
        (rolled, ["v_saved"]),
        (of_what_is_written_later, ["v_saved", "w_saved"]),
        (around, []),
        (around_in_as_many_loops, ["v_saved"]),
        (in_the_same_loop, ["v_saved", "w_saved"]),
        (read_again, []),
        (divided, ["q_saved"]),
        (called, ["v_saved"]),
        (overwritten, ["v_saved"]),
        (selected, ["v_saved"]),
        (in_two_steps, []),
        (copied, []),
        (copied_and_written, ["v_saved"]),
        (copied_from_what_is_written, ["v_saved"]),
        (copied_from_what_has_another_name, ["v_saved"]),
        (copied_around, []),
        (copied_by_a_counter_that_moves, ["v_saved"]),
        (copied_beyond_the_end, []),
    ],
    ids=lambda p: getattr(p, "__name__", ""),
)
def test_what_is_recorded(f, recorded):
    text = srcad.differentiate(f, argnums=(0, 1), backend="numpy").source_for(np.ones(3), np.ones(3))
    found = [word for word in ("v_saved", "w_saved", "q_saved") if word in text]
    assert found == recorded


@pytest.mark.parametrize(
    "f",
    [
        of_what_is_kept,
        rolled,
        of_what_is_written_later,
        read_again,
        divided,
        called,
        overwritten,
        selected,
        written,
        in_two_steps,
        around,
        in_the_same_loop,
        copied,
        copied_and_written,
        copied_from_what_is_written,
        copied_from_what_has_another_name,
        copied_around,
        copied_by_a_counter_that_moves,
        copied_beyond_the_end,
    ],
)
def test_the_gradient_reads_what_was_computed(f):
    x, y = np.array([0.3, -1.2, 0.7]), np.array([0.9, 0.4, -0.6])
    gradient = srcad.grad(f, argnums=(0, 1), backend="numpy")(x, y)
    steps = 1e-20j * np.eye(3)
    moved = [f(x + e, y.astype(complex)).imag for e in steps], [f(x.astype(complex), y + e).imag for e in steps]
    np.testing.assert_allclose(gradient, np.array(moved) / 1e-20, rtol=1e-12)
