"""Likelihoods, filters and estimators, as loops."""

import math

import numpy as np

from tests.programs.registry import program


@program(args=lambda rng: (rng.normal(size=9),), argnums=0)
def welford_variance(x):
    mean = 0.0
    m2 = 0.0
    n = 0
    for value in x:
        n += 1
        delta = value - mean
        mean += delta / n
        m2 += delta * (value - mean)
    return m2 / (n - 1)


def _logistic(rng):
    return rng.normal(size=4), rng.normal(size=(10, 4)), (rng.random(10) > 0.5).astype(float), 0.1


@program(args=_logistic, argnums=(0, 3))
def logistic_loss(w, x, y, penalty):
    total = 0.0
    for i in range(x.shape[0]):
        z = 0.0
        for j in range(w.shape[0]):
            z += x[i, j] * w[j]
        total += math.log1p(math.exp(-abs(z))) + max(z, 0.0) - y[i] * z
    return total / x.shape[0] + 0.5 * penalty * np.sum(w**2)


@program(args=lambda rng: (0.3, 0.2, 0.9, rng.normal(size=10)), argnums=(0, 1, 2, 3))
def kalman_scalar(q, r, phi, y):
    m = 0.0
    p = 1.0
    loglik = 0.0
    for k in range(len(y)):
        m = phi * m
        p = phi * phi * p + q
        s = p + r
        gain = p / s
        error = y[k] - m
        loglik -= 0.5 * (math.log(2.0 * math.pi * s) + error * error / s)
        m = m + gain * error
        p = (1.0 - gain) * p
    return loglik


def _kalman(rng):
    a = np.array([[1.0, 0.1], [-0.2, 0.95]])
    return a, 0.1 * np.eye(2), np.array([[1.0, 0.3]]), np.array([[0.4]]), rng.normal(size=(6, 1))


@program(args=_kalman, argnums=(0, 1, 2, 3, 4))
def kalman_matrix(A, Q, H, R, ys):
    m = np.zeros(2)
    P = np.eye(2)
    loss = 0.0
    for y in ys:
        m = A @ m
        P = A @ P @ A.T + Q
        S = H @ P @ H.T + R
        K = P @ H.T @ np.linalg.inv(S)
        e = y - H @ m
        loss += 0.5 * (e @ np.linalg.solve(S, e) + np.log(np.linalg.det(S)))
        m = m + K @ e
        P = P - K @ H @ P
    return loss


def _markov(rng):
    return rng.normal(size=(3, 3)), rng.normal(size=(3, 4)), rng.integers(0, 4, 7)


@program(args=_markov, argnums=(0, 1))
def hidden_markov_forward(transition, emission, symbols):
    n = transition.shape[0]
    T = np.exp(transition)
    for i in range(n):
        T[i] /= T[i].sum()
    E = np.exp(emission)
    for i in range(n):
        E[i, :] = E[i, :] / np.sum(E[i, :])
    alpha = np.full(n, 1.0 / n) * E[:, symbols[0]]
    loglik = 0.0
    for k in range(1, len(symbols)):
        scale = alpha.sum()
        loglik += np.log(scale)
        alpha = (alpha / scale) @ T * E[:, symbols[k]]
    return loglik + np.log(alpha.sum())


def _mixture(rng):
    return rng.normal(size=3), rng.normal(size=(3, 2)), 0.3 * rng.normal(size=(3, 2)), rng.normal(size=(6, 2))


@program(args=_mixture, argnums=(0, 1, 2, 3))
def gaussian_mixture(logits, means, log_scales, x):
    total = 0.0
    for i in range(x.shape[0]):
        terms = np.empty(3)
        for k in range(3):
            terms[k] = logits[k]
            for d in range(2):
                z = (x[i, d] - means[k, d]) * np.exp(-log_scales[k, d])
                terms[k] -= 0.5 * z * z + log_scales[k, d]
        top = terms.max()
        total += top + np.log(np.sum(np.exp(terms - top)))
    weights = logits - logits.max()
    return total - x.shape[0] * np.log(np.exp(weights).sum())


@program(args=lambda rng: (rng.normal(size=11), 3), argnums=0)
def autocorrelation(x, max_lag):
    n = len(x)
    x = x - np.mean(x)
    out = np.zeros(max_lag + 1)
    for lag in range(max_lag + 1):
        for t in range(n - lag):
            out[lag] += x[t] * x[t + lag]
    return out / out[0]


@program(args=lambda rng: (rng.normal(size=(7, 3)), rng.normal(size=7), 0.2), argnums=(0, 1, 2))
def ridge_normal_equations(X, y, penalty):
    n, k = X.shape
    A = np.zeros((k, k))
    b = np.zeros(k)
    for i in range(n):
        for r in range(k):
            b[r] += X[i, r] * y[i]
            for c in range(k):
                A[r, c] += X[i, r] * X[i, c]
    for r in range(k):
        A[r, r] += penalty
    w = np.linalg.solve(A, b)
    return np.sum((X @ w - y) ** 2) + penalty * (w @ w)


@program(args=lambda rng: (rng.normal(size=3) * 0.3, rng.normal(size=(6, 3)), rng.poisson(2.0, 6)), argnums=0)
def poisson_regression(w, x, counts):
    loss = 0.0
    for row, count in zip(x, counts):
        eta = row @ w
        loss += np.exp(eta) - count * eta + math.lgamma(count + 1.0)
    return loss


@program(args=lambda rng: (rng.normal(size=6), rng.normal(size=4), 0.4), argnums=(0, 1, 2))
def kernel_density(points, queries, width):
    density = np.zeros(queries.shape)
    for q in range(queries.size):
        for p in range(points.size):
            u = (queries[q] - points[p]) / width
            density[q] += math.exp(-0.5 * u * u)
    return np.log(density / (points.size * width)).sum()


@program(args=lambda rng: (np.array([0.5, -0.3]), 0.2, rng.normal(size=12)), argnums=(0, 1, 2))
def autoregressive_residuals(phi, mean, x):
    p = len(phi)
    total = 0.0
    for t in range(p, len(x)):
        predicted = mean
        for k in range(p):
            predicted += phi[k] * (x[t - 1 - k] - mean)
        total += (x[t] - predicted) ** 2
    return total


@program(args=lambda rng: (rng.uniform(0.2, 1.0, (4, 3)),), argnums=0)
def mutual_information(joint):
    p = joint / joint.sum()
    rows = p.sum(axis=1)
    cols = p.sum(axis=0)
    info = 0.0
    for i in range(p.shape[0]):
        for j in range(p.shape[1]):
            info += p[i, j] * math.log(p[i, j] / (rows[i] * cols[j]))
    return info


@program(args=lambda rng: (rng.normal(size=8), rng.normal(size=2), 4), argnums=(0, 1))
def expectation_maximisation(x, means, steps):
    for _ in range(steps):
        near = np.exp(-0.5 * (x[:, None] - means[None, :]) ** 2)
        weights = near / near.sum(axis=1, keepdims=True)
        means = (weights * x[:, None]).sum(axis=0) / weights.sum(axis=0)
    return means


@program(args=lambda rng: (rng.normal(size=7), 1.345), argnums=(0, 1))
def huber_location(x, k):
    centre = np.median(x)
    for _ in range(5):
        w = np.ones(x.shape[0])
        for i in range(x.shape[0]):
            r = abs(x[i] - centre)
            if r > k:
                w[i] = k / r
        centre = np.sum(w * x) / np.sum(w)
    return centre


@program(args=lambda rng: (1.3, 0.8, rng.uniform(0.2, 3.0, 6), np.array([1, 0, 1, 1, 0, 1])), argnums=(0, 1, 2))
def weibull_censored(shape, scale, t, seen):
    total = 0.0
    for i in range(t.size):
        hazard = (t[i] / scale) ** shape
        total -= hazard
        if seen[i]:
            total += math.log(shape / scale) + (shape - 1.0) * math.log(t[i] / scale)
    return total
