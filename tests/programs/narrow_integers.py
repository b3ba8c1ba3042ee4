"""Integers of 8, 16 and 32 bits beside floating numbers: they wrap where NumPy's do, in values and in derivatives."""

import math

import numpy as np

from tests.programs.registry import program


def pixels(rng):
    return rng.normal(size=3), np.array([3, 250, 7], np.uint8)


def small(rng):
    return rng.normal(size=3), np.array([100, -128, 20], np.int8)


def labels(rng):
    return rng.normal(size=3), np.array([70000, 2**31 - 1, 7], np.int32)


def large(rng):
    return rng.normal(size=3), np.array([4, 5, -6]) * 10**9


@program(pixels)
def differences_of_pixels(x, k):
    total = np.sum((k - k[::-1]) * x) + x[0] * (k[0] - k[1]) + x[1] * (0 - k[2])
    for i in range(1, len(k)):
        total += x[0] * abs(int(k[i]) - int(k[i - 1])) + x[i] * (k[i] - k[i - 1])
    return total


@program(pixels)
def counted_to_a_pixel(x, k):
    total = 0.0
    for i in range(k[0]):
        for j in range(k[2]):
            total += x[i] * (i - j) * (i - k[0])
    return total


@program(pixels)
@program(small, name="sums_and_products_that_wrap_of_8_bits")
@program(labels, name="sums_and_products_that_wrap_of_32_bits")
def sums_and_products_that_wrap(x, k):
    total = np.sum((k + k) * x) + np.sum(k * 2 * x) + np.sum((k << 1) * x) + np.sum((k // 2 - 5) * x)
    total += x[0] * (k[0] * k[1]) + x[1] * (3 * k[1]) + x[2] * (k[0] % 7 - 9)
    return total + np.sum(k * k * x) + np.dot(k, k) * x[0] + np.sum(np.diff(k) * x[1:]) + k.sum() * x[2]


@program(pixels)
@program(small, name="products_whose_order_matters_of_8_bits")
@program(labels, name="products_whose_order_matters_of_32_bits")
@program(large, name="products_whose_order_matters_of_64_bits")
def products_whose_order_matters(x, k):
    total = np.sum(k * (k * x)) + np.sum((k * x) * 3) + np.sum(k * (2 * x)) + np.max(k) * x[0] * 2
    total += np.sum(np.where(x > 5.0, x, -(k * x))) + np.sum(np.negative(k * x)) + np.sum(np.subtract(0, k * x))
    return total + np.sum(np.exp(-(k * x) * 1e-11)) + k[0] * (k[1] * x[2])


@program(pixels)
@program(small, name="minus_in_front_of_a_narrow_integer_of_8_bits")
def minus_in_front_of_a_narrow_integer(x, k):
    return np.sum(-k * x) + np.sum(x * -k) + x[0] * -k[0] + np.exp(-k[1] * x[1] * 0.01)


@program(pixels)
@program(small, name="written_in_place_of_8_bits")
@program(labels, name="written_in_place_of_32_bits")
def written_in_place(x, k):
    k *= 2
    k[1:] += k[:-1]
    k[0] -= 3
    last = k[2]
    last += k[0]
    last = -last
    return np.sum(k * x) + last * x[0] + (~k[0]) * x[1]


@program(pixels)
@program(labels, name="made_wide_first_of_32_bits")
def made_wide_first(x, k):
    a, b, c = k.astype(np.int64) - 10, k.astype(float) * 2 - 5, (k > 5) * 2
    return np.sum(a * x) + np.sum(b * x) + np.sum(c * x) + int(k[0]) * x[2] + (int(k.max()) - int(k[1] // 3)) * x[0]


@program(small)
def raised_to_narrow_powers(x, k):
    b = 1.0 + x * x
    return np.sum(b ** (k // 50)) + b[0] ** k[2] + np.sum(b ** np.array([-128, 1, 2], np.int8))


@program(lambda rng: (rng.normal(size=6), np.array([0, 2, 3, 6], np.int32)))
def rows_by_their_beginnings(x, starts):
    total = 0.0
    for r in range(3):
        for k in range(starts[r], starts[r + 1]):
            total += x[k] * x[starts[r]] * (starts[r] + 1) + x[k - starts[r]]
    return total


@program(lambda rng: (rng.normal(size=5), np.array([-5, 4, -3, -1, 2]), 3))
def remainders_with_the_sign_of_the_first(x, k, n):
    total = np.sum(x * np.fmod(k, n)) + np.sum(x * np.fmod(k, -4))
    for i in range(-n, n):
        total += x[0] * math.fmod(i, 4) + x[1] * np.fmod(i, 4)
    return total


@program(lambda rng: (rng.normal(size=3), np.array([8, 4, 250], np.uint8)))
@program(lambda rng: (rng.normal(size=3), np.array([8, 4, 70000], np.uint32)), name="divided_by_a_number_of_32_bits")
def divided_by_a_number(x, k):
    b = 1.5 + x * x
    return (
        np.sum(k / b) + k[0] / b[1] + np.sum(np.hypot(b, k)) + np.sum(np.arctan2(k, b)) + np.sum(b ** (-1.0 * k / 100))
    )


@program(lambda rng: (rng.normal(size=3), np.array([2, 4, 25], np.uint8)), backends=("numpy",))
def raised_to_a_number(x, k):
    return np.sum(k.astype(float) ** x) + np.sum(np.int32(k) ** x) + np.sum((x > 0.0) / (2.0 + x))


@program(pixels)
@program(lambda rng: (rng.normal(size=3), np.array([0, 2, 1], np.int32)), name="counted_labels_of_32_bits")
def counted_labels(x, k):
    count, best, total = 0, 0, 0
    for v in k:
        count = count + v
        total += v
    for i in range(3):
        if k[i] > best:
            best = k[i]
    return x[0] * count + x[1] * sum(k) + x[2] * total + x[0] * best


@program(pixels)
@program(labels, name="scaled_behind_products_of_32_bits")
def scaled_behind_products(x, k):
    return np.sum(k * k * x * 2.0) + np.sum(x - k * k * x * 0.5) + 1.0 - k[0] * k[0] * x[0] * 1e-18


@program(pixels)
def numbers_of_pythons_among_pixels(x, k):
    full, mixed = np.full(3, 30, np.uint8), np.array([30, k[0], 7], np.uint8)
    return (
        x[0] * np.maximum(k, 30)[0]
        + np.sum((full + mixed) * x)
        + np.sum(np.where(k > 50, k, 7) * x)
        + np.uint8(9) * x[2]
    )


@program(lambda rng: (rng.normal(size=4),))
def masks_and_their_negatives(x):
    m = x > 0.0
    return np.sum(np.exp(-(m * x))) + np.sum(np.negative(m * x)) + np.sum(np.subtract(0, m * x) * x)
