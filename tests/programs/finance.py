"""Prices, risks and likelihoods, as loops."""

import math

import numpy as np

from tests.programs.registry import program


def _normal_cdf(x):
    return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))


@program(args=lambda rng: (100.0, 95.0, 0.03, 0.25, 0.7), argnums=(0, 1, 2, 3, 4))
def black_scholes_call(spot, strike, rate, vol, expiry):
    d1 = (math.log(spot / strike) + (rate + 0.5 * vol**2) * expiry) / (vol * math.sqrt(expiry))
    d2 = d1 - vol * math.sqrt(expiry)
    return spot * _normal_cdf(d1) - strike * math.exp(-rate * expiry) * _normal_cdf(d2)


@program(args=lambda rng: (103.0, 0.02, 0.3, 6), argnums=(0, 1, 2))
def binomial_european(spot, rate, vol, n):
    dt = 1.0 / n
    up = math.exp(vol * math.sqrt(dt))
    p = (math.exp(rate * dt) - 1.0 / up) / (up - 1.0 / up)
    value = np.zeros(n + 1)
    for j in range(n + 1):
        value[j] = max(spot * up ** (2 * j - n) - 100.0, 0.0)
    for step in range(n - 1, -1, -1):
        for j in range(step + 1):
            value[j] = math.exp(-rate * dt) * (p * value[j + 1] + (1.0 - p) * value[j])
    return value[0]


@program(args=lambda rng: (98.7, 0.05, 0.35, 7), argnums=(0, 1, 2))
def binomial_american_put(spot, rate, vol, n):
    dt = 0.5 / n
    up = np.exp(vol * np.sqrt(dt))
    p = (np.exp(rate * dt) - 1.0 / up) / (up - 1.0 / up)
    prices = spot * up ** (2.0 * np.arange(n + 1) - n)
    value = np.maximum(104.0 - prices, 0.0)
    for step in range(n, 0, -1):
        prices = prices[:step] * up
        held = np.exp(-rate * dt) * (p * value[1 : step + 1] + (1.0 - p) * value[:step])
        value = np.maximum(held, 104.0 - prices)
    return value[0]


@program(args=lambda rng: (0.05, 0.1, 0.8, 0.5 * rng.normal(size=12)), argnums=(0, 1, 2, 3))
def garch_likelihood(omega, alpha, beta, returns):
    variance = omega / (1.0 - alpha - beta)
    total = 0.0
    for r in returns:
        total += 0.5 * (math.log(2.0 * math.pi * variance) + r * r / variance)
        variance = omega + alpha * r * r + beta * variance
    return total


@program(args=lambda rng: (np.array([4.0, 4.0, 4.0, 104.0]), 101.3), argnums=(0, 1))
def bond_yield_newton(flows, price):
    y = 0.05
    for _ in range(30):
        value = 0.0
        slope = 0.0
        for k in range(len(flows)):
            t = k + 1
            value += flows[k] / (1.0 + y) ** t
            slope -= t * flows[k] / (1.0 + y) ** (t + 1)
        change = (value - price) / slope
        y = y - change
        if abs(change) < 1e-14:
            break
    return 100.0 * y


def _asian(rng):
    return 100.0, 0.02, 0.2, rng.normal(size=(5, 6))


@program(args=_asian, argnums=(0, 1, 2))
def asian_monte_carlo(spot, rate, vol, z):
    paths, steps = z.shape
    dt = 1.0 / steps
    total = 0.0
    for i in range(paths):
        s = spot
        mean = 0.0
        for t in range(steps):
            s *= math.exp((rate - 0.5 * vol * vol) * dt + vol * math.sqrt(dt) * z[i, t])
            mean += s / steps
        if mean > 99.0:
            total += mean - 99.0
    return math.exp(-rate) * total / paths


def _heston(rng):
    return 100.0, 0.09, 1.5, 0.06, 0.3, -0.5, rng.normal(size=(6, 4)), rng.normal(size=(6, 4))


@program(args=_heston, argnums=(0, 1, 2, 3, 4, 5))
def heston_euler(spot, v0, kappa, theta, xi, rho, z1, z2):
    steps, paths = z1.shape
    dt = 0.5 / steps
    log_s = np.full(paths, np.log(spot))
    v = np.full(paths, v0)
    for t in range(steps):
        w = rho * z1[t] + np.sqrt(1.0 - rho**2) * z2[t]
        log_s += -0.5 * v * dt + np.sqrt(v * dt) * z1[t]
        v = np.abs(v + kappa * (theta - v) * dt + xi * np.sqrt(v * dt) * w)
    payoff = np.where(np.exp(log_s) > 95.0, np.exp(log_s) - 95.0, 0.0)
    return payoff.mean()


@program(args=lambda rng: (rng.uniform(0.1, 0.4, 4), rng.normal(size=(9, 4)) * 0.02), argnums=(0, 1))
def portfolio_sharpe(w, returns):
    w = w / np.sum(w)
    n, k = returns.shape
    series = np.zeros(n)
    for t in range(n):
        for j in range(k):
            series[t] += w[j] * returns[t, j]
    mean = series.mean()
    variance = 0.0
    for t in range(n):
        variance += (series[t] - mean) ** 2
    return mean / math.sqrt(variance / (n - 1)) * math.sqrt(252.0)


@program(args=lambda rng: (100.0 + np.cumsum(rng.normal(size=14)),), argnums=0)
def maximum_drawdown(prices):
    peak = prices[0]
    worst = 0.0
    for k in range(1, len(prices)):
        if prices[k] > peak:
            peak = prices[k]
        else:
            loss = 1.0 - prices[k] / peak
            if loss > worst:
                worst = loss
    return worst


@program(args=lambda rng: (0.2 * rng.normal(size=10), 0.94, 0.04), argnums=(0, 1, 2))
def ewma_value_at_risk(returns, decay, start):
    variance = np.empty(len(returns) + 1)
    variance[0] = start
    for t, r in enumerate(returns):
        variance[t + 1] = decay * variance[t] + (1.0 - decay) * r * r
    return 1.645 * np.sqrt(variance).sum()


@program(args=lambda rng: (0.03, 0.2, 0.05, 0.01, rng.normal(size=8)), argnums=(0, 1, 2, 3))
def vasicek_discount(r, speed, level, vol, z):
    integral = 0.0
    dt = 0.125
    for k in range(z.size):
        integral += r * dt
        r += speed * (level - r) * dt + vol * math.sqrt(dt) * z[k]
    return math.exp(-integral)


def _curve(rng):
    return np.array([0.5, 1.0, 2.0, 5.0]), np.array([0.010, 0.014, 0.021, 0.030]), 1.7


@program(args=_curve, argnums=(0, 1, 2))
def yield_curve_interpolation(times, rates, t):
    i = 0
    while i < len(times) - 2 and times[i + 1] < t:
        i += 1
    w = (t - times[i]) / (times[i + 1] - times[i])
    return math.exp(-t * ((1.0 - w) * rates[i] + w * rates[i + 1]))


@program(args=lambda rng: (100.0, 0.3, 0.4 * rng.normal(size=(4, 8))), argnums=(0, 1))
def barrier_knock_out(spot, vol, z):
    total = 0.0
    for path in z:
        s = spot
        for dz in path:
            s = s * math.exp(vol * 0.35 * dz)
            if s < 80.0:
                break
        else:
            total += math.log1p(math.exp((s - 100.0) / 5.0)) * 5.0
    return total / len(z)
