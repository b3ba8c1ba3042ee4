"""Filters, time series, hidden states, and finance."""

import math

import numpy as np

from tests.literature.registry import problem


@problem(
    "R. E. Kalman, J. Basic Eng. 82 (1960): log-likelihood of a linear Gaussian model",
    lambda rng: (
        np.array([[1.0, 0.1], [0.0, 0.95]]),
        0.1 * np.eye(2),
        np.array([[1.0, 0.0]]),
        np.array([[0.5]]),
        rng.standard_normal((6, 1)),
    ),
    argnums=(0, 1, 2, 3),
)
def kalman_likelihood(F, Q, H, R, ys):
    x = np.zeros(2)
    P = np.eye(2)
    loglik = 0.0
    for y in ys:
        x = F @ x
        P = F @ P @ F.T + Q
        S = H @ P @ H.T + R
        innovation = y - H @ x
        K = P @ H.T @ np.linalg.inv(S)
        x = x + K @ innovation
        P = (np.eye(2) - K @ H) @ P
        loglik -= 0.5 * (np.log(np.linalg.det(2.0 * np.pi * S)) + innovation @ np.linalg.solve(S, innovation))
    return loglik


@problem(
    "H. E. Rauch, F. Tung, C. T. Striebel, AIAA J. 3 (1965): smoother with stored filter moments",
    lambda rng: (0.9, 0.3, 0.5, rng.standard_normal(7)),
    argnums=(0, 1, 2, 3),
)
def rts_smoother(a, q, r, ys):
    means, variances = [], []
    predicted_means, predicted_variances = [], []
    m, p = 0.0, 1.0
    for y in ys:
        m_pred, p_pred = a * m, a * a * p + q
        gain = p_pred / (p_pred + r)
        m = m_pred + gain * (y - m_pred)
        p = (1.0 - gain) * p_pred
        means.append(m)
        variances.append(p)
        predicted_means.append(m_pred)
        predicted_variances.append(p_pred)
    smooth = means[-1]
    total = smooth**2
    for t in range(len(ys) - 2, -1, -1):
        g = variances[t] * a / predicted_variances[t + 1]
        smooth = means[t] + g * (smooth - predicted_means[t + 1])
        total += smooth**2
    return total


@problem(
    "S. F. Schmidt (1966): extended Kalman filter of a pendulum; Särkkä, Bayesian Filtering and Smoothing, ex. 5.1",
    lambda rng: (rng.standard_normal(6), 0.1, 0.05),
    argnums=(0, 1, 2),
)
def extended_kalman(ys, q, r):
    g, dt = 9.8, 0.05
    m = np.array([1.0, 0.0])
    P = 0.1 * np.eye(2)
    Q = q * np.array([[dt**3 / 3.0, dt**2 / 2.0], [dt**2 / 2.0, dt]])
    energy = 0.0
    for y in ys:
        A = np.array([[1.0, dt], [-g * np.cos(m[0]) * dt, 1.0]])
        m = np.array([m[0] + m[1] * dt, m[1] - g * np.sin(m[0]) * dt])
        P = A @ P @ A.T + Q
        H = np.array([np.cos(m[0]), 0.0])
        S = H @ P @ H + r
        K = P @ H / S
        v = y - np.sin(m[0])
        m = m + K * v
        P = P - np.outer(K, K) * S
        energy += 0.5 * np.log(2.0 * np.pi * S) + 0.5 * v**2 / S
    return energy


@problem(
    "S. J. Julier, J. K. Uhlmann (1997): unscented transform with a Cholesky factor",
    lambda rng: (rng.standard_normal(3), np.eye(3) + 0.2, 1.5),
    argnums=(0, 1, 2),
)
def unscented_transform(mean, cov, kappa):
    n = len(mean)
    L = np.linalg.cholesky((n + kappa) * cov)
    points = [mean]
    for i in range(n):
        points.append(mean + L[:, i])
        points.append(mean - L[:, i])
    weights = np.full(2 * n + 1, 0.5 / (n + kappa))
    weights[0] = kappa / (n + kappa)
    images = np.zeros((2 * n + 1, 2))
    for k, p in enumerate(points):
        images[k, 0] = np.sin(p[0]) * p[1]
        images[k, 1] = p[2] ** 2
    mu = weights @ images
    centred = images - mu
    return centred.T @ (weights[:, None] * centred)


@problem(
    "L. R. Rabiner, Proc. IEEE 77 (1989), eqs. 91-93: scaled forward algorithm",
    lambda rng: (
        rng.dirichlet(np.ones(3)),
        rng.dirichlet(np.ones(3), 3),
        rng.dirichlet(np.ones(4), 3),
        rng.integers(0, 4, 8),
    ),
    argnums=(0, 1, 2),
)
def hmm_forward_scaled(pi, A, B, obs):
    alpha = pi * B[:, obs[0]]
    c = np.sum(alpha)
    alpha = alpha / c
    loglik = np.log(c)
    for t in range(1, len(obs)):
        alpha = (alpha @ A) * B[:, obs[t]]
        c = alpha.sum()
        alpha /= c
        loglik += np.log(c)
    return loglik


@problem(
    "L. R. Rabiner (1989), eqs. 19-21, in logarithms",
    lambda rng: (
        rng.standard_normal(3),
        rng.standard_normal((3, 3)),
        rng.standard_normal((3, 4)),
        rng.integers(0, 4, 6),
    ),
    argnums=(0, 1, 2),
)
def hmm_forward_log(start, transition, emission, obs):
    log_pi = start - np.log(np.sum(np.exp(start)))
    log_a = transition - np.log(np.sum(np.exp(transition), axis=1, keepdims=True))
    log_b = emission - np.log(np.sum(np.exp(emission), axis=1, keepdims=True))
    alpha = log_pi + log_b[:, obs[0]]
    for o in obs[1:]:
        scores = alpha[:, None] + log_a
        biggest = scores.max(axis=0)
        alpha = biggest + np.log(np.sum(np.exp(scores - biggest), axis=0)) + log_b[:, o]
    biggest = alpha.max()
    return biggest + np.log(np.exp(alpha - biggest).sum())


@problem(
    "A. J. Viterbi, IEEE Trans. Inf. Theory 13 (1967): score of the best path",
    lambda rng: (rng.standard_normal((3, 3)), rng.standard_normal((6, 3))),
    argnums=(0, 1),
)
def viterbi_score(transition, emission):
    score = emission[0].copy()
    for t in range(1, len(emission)):
        new = np.zeros(3)
        for j in range(3):
            best = score[0] + transition[0, j]
            for i in range(1, 3):
                candidate = score[i] + transition[i, j]
                if candidate > best:
                    best = candidate
            new[j] = best + emission[t, j]
        score = new
    return max(score)


@problem(
    "J. Lafferty, A. McCallum, F. Pereira, ICML (2001): negative log-likelihood of a linear-chain CRF",
    lambda rng: (rng.standard_normal((5, 3)), rng.standard_normal((3, 3)), np.array([0, 2, 1, 1, 0])),
    argnums=(0, 1),
)
def conditional_random_field(unary, pairwise, labels):
    score = unary[np.arange(5), labels].sum() + pairwise[labels[:-1], labels[1:]].sum()
    alpha = unary[0]
    for t in range(1, unary.shape[0]):
        alpha = np.logaddexp.reduce(alpha[:, None] + pairwise, axis=0) + unary[t]
    return np.logaddexp.reduce(alpha) - score


@problem(
    "T. Bollerslev, J. Econometrics 31 (1986): GARCH(1,1) likelihood",
    lambda rng: (0.1, 0.15, 0.8, 0.01 + rng.standard_normal(30)),
    argnums=(0, 1, 2),
)
def garch(omega, alpha, beta, returns):
    sigma2 = np.var(returns)
    loglik = 0.0
    for r in returns:
        loglik += -0.5 * (math.log(2.0 * math.pi) + math.log(sigma2) + r * r / sigma2)
        sigma2 = omega + alpha * r * r + beta * sigma2
    return -loglik


@problem(
    "D. B. Nelson, Econometrica 59 (1991): EGARCH(1,1)",
    lambda rng: (np.array([-0.1, 0.1, 0.9, -0.05]), rng.standard_normal(25)),
)
def egarch(theta, returns):
    omega, alpha, beta, gamma = theta
    n = len(returns)
    log_var = np.zeros(n)
    log_var[0] = np.log(returns.var())
    for t in range(1, n):
        z = returns[t - 1] / np.exp(0.5 * log_var[t - 1])
        log_var[t] = omega + alpha * (abs(z) - math.sqrt(2.0 / math.pi)) + gamma * z + beta * log_var[t - 1]
    return 0.5 * np.sum(log_var + returns**2 / np.exp(log_var))


@problem(
    "G. E. P. Box, G. M. Jenkins, Time Series Analysis (1970), 7.1: conditional sum of squares of ARMA(2,1)",
    lambda rng: (np.array([0.5, -0.2]), 0.3, rng.standard_normal(20)),
    argnums=(0, 1, 2),
)
def arma(phi, theta, y):
    residual = 0.0
    total = 0.0
    for t in range(2, y.size):
        prediction = phi[0] * y[t - 1] + phi[1] * y[t - 2] + theta * residual
        residual = y[t] - prediction
        total += residual**2
    return total


@problem(
    "P. R. Winters, Management Science 6 (1960): additive seasonal smoothing",
    lambda rng: (0.3, 0.1, 0.2, 5.0 + rng.standard_normal(16)),
    argnums=(0, 1, 2, 3),
)
def holt_winters(alpha, beta, gamma, y):
    period = 4
    level = np.mean(y[:period])
    trend = (y[period] - y[0]) / period
    season = y[:period] - level
    sse = 0.0
    for t in range(period, len(y)):
        s = season[t % period]
        sse += (y[t] - level - trend - s) ** 2
        last = level
        level = alpha * (y[t] - s) + (1.0 - alpha) * (level + trend)
        trend = beta * (level - last) + (1.0 - beta) * trend
        season[t % period] = gamma * (y[t] - level) + (1.0 - gamma) * s
    return sse


@problem(
    "A. G. Hawkes, Biometrika 58 (1971): exponential kernel, recursion of Y. Ogata (1981)",
    lambda rng: (0.5, 0.8, 1.5, np.cumsum(rng.exponential(1.0, 10))),
    argnums=(0, 1, 2, 3),
)
def hawkes(mu, alpha, beta, times):
    loglik = 0.0
    a = 0.0
    for i in range(len(times)):
        if i > 0:
            a = np.exp(-beta * (times[i] - times[i - 1])) * (1.0 + a)
        loglik += np.log(mu + alpha * a)
    horizon = times[-1]
    return loglik - mu * horizon - alpha / beta * np.sum(1.0 - np.exp(-beta * (horizon - times)))


@problem(
    "H. Sakoe, S. Chiba (1978); M. Cuturi, M. Blondel, ICML (2017), eq. 2: soft dynamic time warping",
    lambda rng: (rng.standard_normal(4), rng.standard_normal(5), 0.5),
    argnums=(0, 1, 2),
)
def soft_dtw(x, y, gamma):
    n, m = len(x), len(y)
    R = np.full((n + 1, m + 1), 1e6)
    R[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, m + 1):
            a, b, c = -R[i - 1, j] / gamma, -R[i - 1, j - 1] / gamma, -R[i, j - 1] / gamma
            top = max(a, b, c)
            soft = -gamma * (top + math.log(math.exp(a - top) + math.exp(b - top) + math.exp(c - top)))
            R[i, j] = (x[i - 1] - y[j - 1]) ** 2 + soft
    return R[n, m]


@problem(
    "F. Black, M. Scholes, J. Political Economy 81 (1973), eq. 13",
    lambda rng: (100.0, 95.0, 0.05, 0.2, 0.75),
    argnums=(0, 1, 2, 3, 4),
)
def black_scholes(s, k, r, sigma, t):
    def cdf(x):
        return 0.5 * (1.0 + math.erf(x / math.sqrt(2.0)))

    d1 = (math.log(s / k) + (r + 0.5 * sigma**2) * t) / (sigma * math.sqrt(t))
    d2 = d1 - sigma * math.sqrt(t)
    return s * cdf(d1) - k * math.exp(-r * t) * cdf(d2)


@problem(
    "S. L. Heston, Rev. Financial Studies 6 (1993); full-truncation Euler of R. Lord et al. (2010), pathwise Greeks",
    lambda rng: (100.0, 0.09, 2.0, 0.09, 0.2, -0.6, rng.standard_normal((12, 40)), rng.standard_normal((12, 40))),
    argnums=(0, 1, 2, 3, 4, 5),
)
def heston_monte_carlo(s0, v0, kappa, theta, xi, rho, z1, z2):
    steps, paths = z1.shape
    dt = 0.5 / steps
    log_s = np.full(paths, 1.0) * np.log(s0)
    v = np.full(paths, 1.0) * v0
    for k in range(steps):
        positive = np.maximum(v, 0.0)
        w = rho * z1[k] + np.sqrt(1.0 - rho**2) * z2[k]
        log_s = log_s + (0.02 - 0.5 * positive) * dt + np.sqrt(positive * dt) * z1[k]
        v = v + kappa * (theta - positive) * dt + xi * np.sqrt(positive * dt) * w
    payoff = np.maximum(np.exp(log_s) - 100.0, 0.0)
    return np.exp(-0.02 * 0.5) * np.mean(payoff)


@problem(
    "S. L. Heston (1993), eq. 17: call price by quadrature of the characteristic function",
    lambda rng: (np.array([2.0, 0.04, 0.3, -0.6, 0.05]),),
    backends=("numpy",),
)
def heston_characteristic(theta):
    kappa, long_run, xi, rho, v0 = theta
    s, k, t, r = 100.0, 100.0, 0.5, 0.02

    def phi(u):
        d = np.sqrt((rho * xi * 1j * u - kappa) ** 2 + xi**2 * (1j * u + u**2))
        g = (kappa - rho * xi * 1j * u - d) / (kappa - rho * xi * 1j * u + d)
        e = np.exp(-d * t)
        c = r * 1j * u * t + kappa * long_run / xi**2 * (
            (kappa - rho * xi * 1j * u - d) * t - 2.0 * np.log((1.0 - g * e) / (1.0 - g))
        )
        return np.exp(c + (kappa - rho * xi * 1j * u - d) / xi**2 * (1.0 - e) / (1.0 - g * e) * v0 + 1j * u * np.log(s))

    u = np.linspace(0.05, 40.0, 60)
    du = u[1] - u[0]
    p1 = np.real(np.exp(-1j * u * np.log(k)) * phi(u - 1j) / (1j * u * s * np.exp(r * t)))
    p2 = np.real(np.exp(-1j * u * np.log(k)) * phi(u) / (1j * u))
    return s * (0.5 + np.sum(p1) * du / np.pi) - k * np.exp(-r * t) * (0.5 + np.sum(p2) * du / np.pi)


@problem(
    "J. C. Cox, S. A. Ross, M. Rubinstein, J. Financial Economics 7 (1979): American put on a binomial tree",
    lambda rng: (100.0, 105.0, 0.03, 0.25, 1.0, 12),
    argnums=(0, 1, 2, 3, 4),
)
def american_put_binomial(s, k, r, sigma, t, steps):
    dt = t / steps
    up = math.exp(sigma * math.sqrt(dt))
    down = 1.0 / up
    p = (math.exp(r * dt) - down) / (up - down)
    values = np.zeros(steps + 1)
    for j in range(steps + 1):
        values[j] = max(k - s * up ** (2 * j - steps), 0.0)
    for n in range(steps - 1, -1, -1):
        for j in range(n + 1):
            held = math.exp(-r * dt) * (p * values[j + 1] + (1.0 - p) * values[j])
            values[j] = max(held, k - s * up ** (2 * j - n))
    return values[0]


@problem(
    "P. Glasserman, Monte Carlo Methods in Financial Engineering (2003), 7.2: pathwise Greeks of an Asian option",
    lambda rng: (100.0, 0.05, 0.3, rng.standard_normal((10, 30))),
    argnums=(0, 1, 2),
)
def asian_monte_carlo(s0, r, sigma, z):
    steps, paths = z.shape
    dt = 1.0 / steps
    increments = (r - 0.5 * sigma**2) * dt + sigma * np.sqrt(dt) * z
    prices = s0 * np.exp(np.cumsum(increments, axis=0))
    payoff = np.maximum(prices.mean(axis=0) - 100.0, 0.0)
    return np.exp(-r) * payoff.mean()


@problem(
    "P. S. Hagan et al., Wilmott Magazine (2002), eq. 2.17: SABR implied volatility",
    lambda rng: (0.3, 0.6, -0.3, 0.5, 0.04, 0.045),
    argnums=(0, 1, 2, 3, 4, 5),
)
def sabr(alpha, beta, rho, nu, f, k):
    log_fk = math.log(f / k)
    mean = (f * k) ** ((1.0 - beta) / 2.0)
    z = nu / alpha * mean * log_fk
    x = math.log((math.sqrt(1.0 - 2.0 * rho * z + z * z) + z - rho) / (1.0 - rho))
    a = 1.0 + (1.0 - beta) ** 2 / 24.0 * log_fk**2 + (1.0 - beta) ** 4 / 1920.0 * log_fk**4
    b = (1.0 - beta) ** 2 / 24.0 * alpha**2 / mean**2 + 0.25 * rho * beta * nu * alpha / mean
    b += (2.0 - 3.0 * rho**2) / 24.0 * nu**2
    return alpha / (mean * a) * z / x * (1.0 + b * 1.5)


@problem(
    "O. Vasicek, J. Financial Economics 5 (1977), eq. 27", lambda rng: (0.03, 0.5, 0.05, 0.02), argnums=(0, 1, 2, 3)
)
def vasicek_curve(r, kappa, theta, sigma):
    maturities = np.array([0.25, 1.0, 2.0, 5.0, 10.0])
    b = (1.0 - np.exp(-kappa * maturities)) / kappa
    a = (theta - sigma**2 / (2.0 * kappa**2)) * (b - maturities) - sigma**2 * b**2 / (4.0 * kappa)
    return (b * r - a) / maturities


@problem(
    "C. R. Nelson, A. F. Siegel, J. Business 60 (1987): least squares on yields",
    lambda rng: (np.array([0.05, -0.02, 0.01, 1.5]),),
)
def nelson_siegel(p):
    tau = np.array([0.5, 1.0, 2.0, 3.0, 5.0, 7.0, 10.0])
    observed = np.array([0.031, 0.033, 0.037, 0.040, 0.043, 0.045, 0.047])
    x = tau / p[3]
    loading = (1.0 - np.exp(-x)) / x
    fitted = p[0] + p[1] * loading + p[2] * (loading - np.exp(-x))
    return 1e4 * np.sum((fitted - observed) ** 2)


@problem(
    "S. Manaster, G. Koehler, J. Finance 37 (1982): implied volatility by Newton's method",
    lambda rng: (10.0, 100.0, 101.0),
    argnums=(0, 1, 2),
)
def implied_volatility(price, s, k):
    t, r = 1.0, 0.01
    sigma = math.sqrt(2.0 * abs(math.log(s / k) + r * t) / t) + 0.2
    for _ in range(20):
        d1 = (math.log(s / k) + (r + 0.5 * sigma**2) * t) / (sigma * math.sqrt(t))
        d2 = d1 - sigma * math.sqrt(t)
        value = s * 0.5 * math.erfc(-d1 / math.sqrt(2.0)) - k * math.exp(-r * t) * 0.5 * math.erfc(-d2 / math.sqrt(2.0))
        vega = s * math.sqrt(t / (2.0 * math.pi)) * math.exp(-0.5 * d1 * d1)
        step = (value - price) / vega
        sigma -= step
        if abs(step) < 1e-14:
            break
    return sigma


@problem(
    "H. Markowitz, J. Finance 7 (1952): mean-variance utility and risk parity of weights",
    lambda rng: (rng.standard_normal(4), rng.standard_normal((20, 4))),
    argnums=(0, 1),
)
def portfolio(logits, returns):
    weights = np.exp(logits) / np.exp(logits).sum()
    cov = np.cov(returns, rowvar=False)
    sigma = np.sqrt(weights @ cov @ weights)
    contribution = weights * (cov @ weights) / sigma
    parity = np.sum((contribution - sigma / 4.0) ** 2)
    return weights @ returns.mean(axis=0) / sigma - parity
