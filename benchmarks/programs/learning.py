"""Models of machine learning: the mixture and the LSTM of ADBench, attention, a small convolutional network."""

import math

import numpy as np

from benchmarks.case import case


def _letters(rng, layers, length, width):
    return (
        rng.standard_normal((2 * layers, 4 * width)),
        rng.standard_normal((3, width)),
        rng.standard_normal((2 * layers, width)),
        (rng.random((length, width)) < 0.3).astype(float),
    )


@case(_letters, (0, 1), tiny=(2, 5, 3), small=(2, 64, 14), medium=(2, 1024, 14), large=(4, 4096, 64))
def lstm(main, extra, state, sequence):
    """ADBench's LSTM, whose weight matrices are diagonal. main: (2 layers, 4 width), rows alternate weight and bias."""
    layers, width = main.shape[0] // 2, main.shape[1] // 4
    state = state.copy()
    total = 0.0
    for t in range(sequence.shape[0] - 1):
        x = sequence[t] * extra[0]
        for i in range(layers):
            weight, bias = main[2 * i], main[2 * i + 1]
            hidden, cell = state[2 * i], state[2 * i + 1]
            forget = 1.0 / (1.0 + np.exp(-(x * weight[:width] + bias[:width])))
            ingate = 1.0 / (1.0 + np.exp(-(hidden * weight[width : 2 * width] + bias[width : 2 * width])))
            outgate = 1.0 / (1.0 + np.exp(-(x * weight[2 * width : 3 * width] + bias[2 * width : 3 * width])))
            change = np.tanh(hidden * weight[3 * width :] + bias[3 * width :])
            cell = cell * forget + ingate * change
            hidden = outgate * np.tanh(cell)
            state[2 * i], state[2 * i + 1] = hidden, cell
            x = hidden
        prediction = x * extra[1] + extra[2]
        normal = np.log(np.sum(np.exp(prediction)) + 2.0)
        total += np.sum(sequence[t + 1] * (prediction - normal))
    return -total / (width * (sequence.shape[0] - 1))


def _points(rng, n, d, k):
    return (
        rng.standard_normal(k),
        rng.random((k, d)),
        rng.standard_normal((k, d)),
        rng.standard_normal((k, d * (d - 1) // 2)),
        rng.standard_normal((n, d)),
        1.0,
        0,
    )


_MIXTURE = dict(tiny=(7, 3, 2), small=(1000, 2, 5), medium=(1000, 10, 25), large=(10_000, 20, 50))


@case(_points, (0, 1, 2, 3), group="products", parallel=True, **_MIXTURE)
def gmm(alphas, means, logs, lower, x, gamma, m):
    """Log posterior of a Gaussian mixture with a Wishart prior, as ADBench states it.

    Component k has the inverse covariance Q.T @ Q: exp(logs[k]) is Q's diagonal, lower[k] its columns below that.
    """
    n, d = x.shape
    k = alphas.shape[0]
    terms = np.empty((n, k))
    prior = 0.0
    for c in range(k):
        Q = np.diag(np.exp(logs[c]))
        start = 0
        for j in range(d - 1):
            Q[j + 1 :, j] = lower[c, start : start + d - 1 - j]
            start += d - 1 - j
        r = (x - means[c]) @ Q.T
        total = np.sum(logs[c])
        terms[:, c] = alphas[c] + total - 0.5 * np.sum(r * r, axis=1)
        prior += 0.5 * gamma * gamma * np.sum(Q * Q) - m * total
    largest = np.empty(n)
    for i in range(n):
        largest[i] = np.max(terms[i])
    likelihood = np.sum(largest + np.log(np.sum(np.exp(terms - largest.reshape(n, 1)), axis=1)))
    top = np.max(alphas)
    weights = top + np.log(np.sum(np.exp(alphas - top)))
    return likelihood - n * weights - prior + mixture_constant(n, d, k, gamma, m)


def mixture_constant(n, d, k, gamma, m):
    """What the posterior adds that depends on sizes only."""
    freedom = d + m + 1
    log_gamma = 0.25 * d * (d - 1) * math.log(math.pi)
    for j in range(1, d + 1):
        log_gamma += math.lgamma(0.5 * freedom + 0.5 * (1 - j))
    each = freedom * d * (math.log(gamma) - 0.5 * math.log(2.0)) - log_gamma
    return k * each - 0.5 * n * d * math.log(2.0 * math.pi)


def _tokens(rng, n, d):
    return rng.standard_normal((n, d)), rng.standard_normal((n, d)), rng.standard_normal((n, d))


@case(
    _tokens, (0, 1, 2), tiny=(5, 3), small=(64, 32), medium=(512, 64), large=(4096, 64), group="products", parallel=True
)
def attention(q, k, v):
    """Softmax attention, and half the sum of squares of what it gives."""
    scores = q @ k.T / math.sqrt(q.shape[1])
    weights = np.exp(scores - np.max(scores))
    weights = weights / np.sum(weights, axis=1).reshape(q.shape[0], 1)
    out = weights @ v
    return 0.5 * np.sum(out * out)


def _images(rng, batch, size, channels, filters):
    kernel = 0.3 * rng.standard_normal((3, 3, channels, filters))
    dense = 0.1 * rng.standard_normal((((size - 2) // 2) ** 2 * filters, 10))
    bias = 0.1 * rng.standard_normal(filters)
    return kernel, bias, dense, rng.standard_normal((batch, size, size, channels)), rng.integers(0, 10, batch)


_NETWORK = dict(tiny=(2, 6, 2, 3), small=(4, 14, 1, 8), medium=(16, 28, 1, 16), large=(64, 28, 8, 32))


@case(_images, (0, 1, 2), group="products", parallel=True, **_NETWORK)
def conv_net(kernel, bias, dense, x, labels):
    """A convolution, ReLU, 2 x 2 mean pooling, a dense layer, and the mean cross-entropy."""
    batch, size = x.shape[0], x.shape[1] - 2
    filters = kernel.shape[3]
    maps = np.empty((batch, size, size, filters))
    for i in range(size):
        for j in range(size):
            window = x[:, i : i + 3, j : j + 3, :].copy()
            maps[:, i, j, :] = window.reshape(batch, -1) @ kernel.reshape(-1, filters) + bias
    maps = np.maximum(maps, 0.0)
    pooled = 0.25 * (maps[:, ::2, ::2] + maps[:, 1::2, ::2] + maps[:, ::2, 1::2] + maps[:, 1::2, 1::2])
    logits = pooled.reshape(batch, -1) @ dense
    loss = 0.0
    for b in range(batch):
        top = np.max(logits[b])
        loss += top + np.log(np.sum(np.exp(logits[b] - top))) - logits[b, labels[b]]
    return loss / batch
