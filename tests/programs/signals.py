"""Filters, transforms and interpolation, as loops."""

import cmath
import math

import numpy as np
import scipy.fft
from scipy.interpolate import CubicSpline, PchipInterpolator, interp1d

from tests.programs.registry import program


@program(args=lambda rng: (rng.normal(size=10), rng.normal(size=3)), argnums=(0, 1))
def fir_filter(x, taps):
    y = np.zeros(len(x))
    for n in range(len(x)):
        for k in range(len(taps)):
            if n - k >= 0:
                y[n] += taps[k] * x[n - k]
    return y


@program(
    args=lambda rng: (rng.normal(size=12), np.array([0.2, 0.3, 0.1]), np.array([1.0, -0.5, 0.2])), argnums=(0, 1, 2)
)
def biquad_direct_form(x, b, a):
    z1 = 0.0
    z2 = 0.0
    energy = 0.0
    for sample in x:
        y = b[0] * sample + z1
        z1 = b[1] * sample - a[1] * y + z2
        z2 = b[2] * sample - a[2] * y
        energy += y * y
    return energy / a[0]


@program(args=lambda rng: (rng.normal(size=(5, 6)), rng.normal(size=(3, 2))), argnums=(0, 1))
def convolve_2d(image, kernel):
    h, w = image.shape
    kh, kw = kernel.shape
    out = np.zeros((h - kh + 1, w - kw + 1))
    for i in range(out.shape[0]):
        for j in range(out.shape[1]):
            for di in range(kh):
                for dj in range(kw):
                    out[i, j] += image[i + di, j + dj] * kernel[kh - 1 - di, kw - 1 - dj]
    return np.sum(out**2)


@program(args=lambda rng: (rng.normal(size=8),), argnums=0)
def power_spectrum_by_sums(x):
    n = len(x)
    power = np.zeros(n // 2 + 1)
    for k in range(n // 2 + 1):
        real = 0.0
        imag = 0.0
        for t in range(n):
            real += x[t] * math.cos(2.0 * math.pi * k * t / n)
            imag -= x[t] * math.sin(2.0 * math.pi * k * t / n)
        power[k] = real * real + imag * imag
    return np.log(power + 0.1)


@program(args=lambda rng: (rng.normal(size=8), rng.uniform(0.5, 1.5, 5)), argnums=(0, 1))
def power_spectrum_by_fft(x, weights):
    spectrum = np.fft.rfft(x)
    return np.sum(weights * (spectrum.real**2 + spectrum.imag**2))


@program(args=lambda rng: (rng.normal(size=8),), argnums=0)
def fft_in_place(x):
    n = x.size
    re = x.copy()
    im = np.zeros(n)
    j = 0
    for i in range(1, n):
        bit = n >> 1
        while j & bit:
            j ^= bit
            bit >>= 1
        j ^= bit
        if i < j:
            re[i], re[j] = re[j], re[i]
    width = 2
    while width <= n:
        for start in range(0, n, width):
            for k in range(width // 2):
                c = math.cos(-2.0 * math.pi * k / width)
                s = math.sin(-2.0 * math.pi * k / width)
                a, b = start + k, start + k + width // 2
                tr = c * re[b] - s * im[b]
                ti = s * re[b] + c * im[b]
                re[b] = re[a] - tr
                im[b] = im[a] - ti
                re[a] += tr
                im[a] += ti
        width *= 2
    return np.sum((re * re + im * im) * np.arange(1.0, n + 1.0))


@program(args=lambda rng: (rng.normal(size=9), 3), argnums=0)
def moving_average_running_sum(x, width):
    total = 0.0
    out = np.empty(len(x) - width + 1)
    for i in range(len(x)):
        total += x[i]
        if i >= width:
            total -= x[i - width]
        if i >= width - 1:
            out[i - width + 1] = total / width
    return out


@program(args=lambda rng: (rng.normal(size=14), rng.normal(size=14), 0.1), argnums=(0, 1, 2))
def least_mean_squares(x, wanted, rate):
    w = np.zeros(3)
    loss = 0.0
    for n in range(2, x.size):
        window = x[n - 2 : n + 1][::-1]
        error = wanted[n] - w @ window
        w += rate * error * window
        loss += error**2
    return loss


@program(args=lambda rng: (rng.normal(size=8),), argnums=0)
def haar_in_place(x):
    n = x.shape[0]
    root = math.sqrt(0.5)
    while n > 1:
        half = n // 2
        low = np.empty(half)
        high = np.empty(half)
        for i in range(half):
            low[i] = root * (x[2 * i] + x[2 * i + 1])
            high[i] = root * (x[2 * i] - x[2 * i + 1])
        x[:half] = low
        x[half:n] = high
        n = half
    return np.sum(np.arange(8.0) * x**2)


@program(args=lambda rng: (rng.normal(size=6), np.arange(5) + rng.uniform(0.2, 0.8, 5)), argnums=(0, 1))
def resample_linear(x, at):
    out = np.empty_like(at)
    for i in range(at.size):
        k = int(math.floor(at[i]))
        f = at[i] - k
        out[i] = (1.0 - f) * x[k] + f * x[k + 1]
    return np.sum(out * out)


@program(args=lambda rng: (rng.normal(size=8), 1.3), argnums=(0, 1))
def goertzel(x, omega):
    coefficient = 2.0 * math.cos(omega)
    s1 = s2 = 0.0
    for value in x:
        s0 = value + coefficient * s1 - s2
        s2, s1 = s1, s0
    return s1 * s1 + s2 * s2 - coefficient * s1 * s2


@program(args=lambda rng: (rng.normal(size=9), 0.7, 0.1), argnums=(0, 1, 2))
def envelope_follower(x, attack, release):
    level = 0.0
    levels = np.empty(len(x))
    for i in range(len(x)):
        target = abs(x[i])
        rate = attack if target > level else release
        level += rate * (target - level)
        levels[i] = level
    return levels


@program(args=lambda rng: (rng.normal(size=9),), argnums=0)
def median_of_three(x):
    y = x.copy()
    for i in range(1, len(x) - 1):
        a, b, c = x[i - 1], x[i], x[i + 1]
        y[i] = max(min(a, b), min(max(a, b), c))
    return np.sum(y**3)


@program(args=lambda rng: (rng.normal(size=7), rng.normal(size=7)), argnums=(0, 1))
def cross_correlation_both_ways(x, y):
    n = len(x)
    out = np.zeros(2 * n - 1)
    for lag in range(-n + 1, n):
        for i in range(max(0, lag), min(n, n + lag)):
            out[lag + n - 1] += x[i] * y[i - lag]
    return np.sum(np.tanh(out))


@program(args=lambda rng: (rng.normal(size=8), 0.4, 0.3), argnums=(0, 1, 2), backends=("numpy",))
def holt_smoothing_with_lists(x, alpha, beta):
    level = [x[0]]
    trend = [x[1] - x[0]]
    for value in x[1:]:
        level.append(alpha * value + (1.0 - alpha) * (level[-1] + trend[-1]))
        trend.append(beta * (level[-1] - level[-2]) + (1.0 - beta) * trend[-1])
    return level[-1] + trend[-1] + sum(level)


@program(args=lambda rng: (0.3, 0.8), argnums=(0, 1))
def transfer_function_magnitude(a, w):
    z = cmath.exp(1j * w)
    h = (1.0 + 0.5 * z) / (1.0 - a * z + 0.2 * z * z)
    return abs(h)


KNOTS = np.array([0.0, 0.7, 1.1, 2.0, 3.2])
POTENTIAL = CubicSpline(KNOTS, np.array([1.0, 0.2, -0.4, 0.3, 0.9]))
CAPACITY = PchipInterpolator(KNOTS, np.array([0.5, 0.6, 1.1, 1.2, 1.9]))


@program(args=lambda rng: (0.9, rng.uniform(0.1, 3.0, 6)), argnums=(0, 1))
def motion_in_a_tabulated_potential(start, points):
    position, speed = start, 0.2
    for _ in range(4):
        speed -= 0.1 * POTENTIAL(position, 1)
        position += 0.1 * speed
    return position + np.sum(CAPACITY(points) * POTENTIAL(points))


@program(args=lambda rng: (rng.uniform(0.2, 2.8, 5), rng.normal(size=5)), argnums=(0, 1))
def table_made_in_the_model(points, heights):
    curve = interp1d(KNOTS, heights * heights, fill_value="extrapolate")
    return np.sum(curve(points) ** 2) + curve(3.5)


@program(args=lambda rng: (rng.normal(size=(3, 4)),), argnums=0)
def cosine_and_sine_transforms(x):
    waves = scipy.fft.dct(x, axis=0) * scipy.fft.idst(x, 2, axis=1)
    return np.sum(waves**2) + np.sum(scipy.fft.dctn(x) * scipy.fft.idstn(x, 3, norm="ortho") ** 2)


@program(args=lambda rng: (rng.normal(size=8), rng.normal(size=3)), argnums=(0, 1))
def convolution_padded_to_a_power_of_two(x, taps):
    n = x.size + taps.size - 1
    m = 1 << (n - 1).bit_length()
    y = np.fft.irfft(np.fft.rfft(x, m) * np.fft.rfft(taps, m), m)[:n]
    return np.sum(y**3) * n.bit_length() if (x[0] * 2.0).is_integer() else np.sum(y**3) * (n * n).bit_length()


@program(args=lambda rng: (rng.normal(size=6),), argnums=0)
def half_a_spectrum_of_computed_length(x):
    m = 1
    while m < 2 * len(x):
        m *= 2
    spectrum = np.fft.rfft(x, m)
    return np.sum(np.abs(spectrum) ** 4) * 0.01


@program(args=lambda rng: (rng.normal(size=5), rng.normal(size=4)), argnums=(0, 1))
def warping_along_the_least_neighbour(a, b):
    n, m = len(a), len(b)
    D = np.full((n + 1, m + 1), 50.0)
    D[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            k = int(np.argmin([D[i - 1, j - 1], D[i - 1, j], D[i, j - 1]]))
            before = D[i - 1, j - 1] if k == 0 else D[i - 1, j] if k == 1 else D[i, j - 1]
            D[i, j] = (a[i - 1] - b[j - 1]) ** 2 + before
    return D[n, m]
