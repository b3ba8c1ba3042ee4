"""Variables that begin real and are complex later: numbers of the caller's, arrays in loops and branches, items."""

import numpy as np

from tests.programs.registry import program


def both(rng):
    return rng.normal(size=4), 0.7, 2


def none(rng):
    return rng.normal(size=4), 0.7, 0


@program(both, argnums=(0, 1), backends=("numpy",))
def a_split_step(z, s, n):
    psi = 1.0 * z
    for _ in range(n):
        psi = np.fft.ifft(np.exp(-1j * s * np.arange(4.0)) * np.fft.fft(psi))
    return np.sum(np.abs(psi + s) ** 2 * z)


program(none, argnums=(0, 1), backends=("numpy",), name="a_split_step_of_none")(a_split_step)


@program(both, argnums=(0, 1), backends=("numpy",))
def parts_of_what_became_complex(z, s, n):
    y = z * s
    for _ in range(n):
        y = y * (s + 1j)
    a = np.real(y)
    b = np.imag(y)
    return np.sum(np.abs(a * (1 + 2j) + z * b) ** 2) + np.sum(np.angle(y + 3.0))


@program(both, argnums=(0, 1), backends=("numpy",))
def complex_on_one_path(z, s, n):
    y = z
    if n > 1:
        y = y + 1j * s
    y = y * y
    y[0] += s
    y[1] = y[0] * z[0]
    return np.sum(np.abs(y + (2 + 1j)) ** 3)


@program(both, argnums=(0, 1), backends=("numpy",))
def written_while_real_and_after(z, s, n):
    y = np.zeros(4)
    y[:] = z * s
    k = 0
    while k < n:
        t = y * 1j if k % 2 == 0 else y
        y = t * z + s
        k += 1
    w = np.zeros_like(y)
    w[0] = y[0] * s
    w[1] = np.sum(y)
    return np.sum((np.conj(w) * w).real) + np.sum(np.sin(np.real(w)))


@program(both, argnums=(0, 1))
def a_number_that_turns_twice(z, s, n):
    t = s
    for k in range(n):
        for j in range(2):
            t = t * (z[j] + 1j)
            if k == 1:
                t = t.real
    return np.abs(t + 2.0) ** 2 * s


@program(both, argnums=(0, 1))
def the_callers_number_in_a_loop(z, s, n):
    for _ in range(n):
        s = s * (1j + z[0])
    return np.sum(np.abs(z * s + 1.0) ** 2)


@program(both, argnums=(0, 1))
def the_callers_number_on_one_path(z, s, n):
    if n > 1:
        s = 1j * s
    y = z * s
    return np.sum(np.real(y * (2 + 1j)) ** 3)


@program(both, argnums=(0, 1))
def the_callers_number_in_a_dictionary(z, s, n):
    d = {"a": s}
    for _ in range(n):
        d["a"] = d["a"] * (1j + s)
    return np.sum(np.abs(z * d["a"] + 2.0))


@program(both, argnums=(0, 1))
def the_callers_number_by_nonlocal(z, s, n):
    def turn(k):
        nonlocal s
        s = s * (1j if k else 2.0)

    for k in range(n):
        turn(k)
    return np.sum(np.abs(z * s + 1j) ** 2)


@program(both, argnums=(0, 1))
def numbers_in_a_list(z, s, n):
    items = []
    items.append(s * s)
    for _ in range(n):
        items.append(items[-1] * 1j)
    return np.sum(np.abs(z * sum(items) + 1j) ** 2)


@program(both, argnums=(0, 1))
def a_recursion(z, s, n):
    def turned(a, k):
        if k == 0:
            return a
        return turned(a * (1j + z[0]), k - 1)

    return np.sum(np.abs(z * turned(s, n) + 1.0) ** 2)


@program(both, argnums=(0, 1), backends=("numpy",))
def products_of_what_became_complex(z, s, n):
    m = np.outer(z, z) * s
    for _ in range(n):
        m = m @ (m + 1j * np.eye(4))
        m[0, 1] = m[1, 0] * s
    return np.abs(np.trace(m)) + np.sum(np.abs(m.T @ z + 1.0))


@program(both, argnums=(0, 1), backends=("numpy",))
def two_that_change_places(z, s, n):
    y, x = z * s, z
    for _ in range(n):
        x, y = y, x * (1j + s)
    return np.sum(np.real(x) ** 2 * np.imag(y) + np.abs(x + 1.5) * z)


@program(both, argnums=(0, 1), backends=("numpy",))
def the_callers_array(z, s, n):
    s = s * 2.0
    for _ in range(n):
        z = z + 1j * s
        s = s * s
    z[0] *= 2.0
    return np.sum(np.abs(z) ** 2) * s


@program(both, argnums=(0, 1), backends=("numpy",))
def a_complex_result(z, s, n):
    z[1] = s
    for _ in range(n):
        z = 1j * z
    return z


@program(both, argnums=(0, 1), backends=("numpy",))
def items_of_a_list(z, s, n):
    y = z * s
    items = []
    for _ in range(n):
        items.append(y)
        y = y * (1j + s)
    total = 0.0
    for _ in range(n):
        t = items.pop()
        total += np.sum(np.abs(np.real(t) * (1 + 2j) + z) ** 2)
    return total


@program(both, argnums=(0, 1), backends=("numpy",))
def two_that_are_exchanged(z, s, n):
    y, x = z * s, z * 1.0
    for _ in range(n):
        y = y * (1j + s)
        y, x = x, y
    return np.sum(np.abs(np.real(x) * (1 + 2j) + z) ** 2) + np.sum(np.real(y) * z)
