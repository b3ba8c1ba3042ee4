"""The mixture and the LSTM by hand: results of exp and tanh are stored once, products are BLAS calls."""

import math

import numpy as np

from benchmarks.by_hand import compiled
from benchmarks.programs.learning import mixture_constant

_constant = compiled(mixture_constant)


@compiled
def _gate(z):
    return 1.0 / (1.0 + math.exp(-z))


@compiled
def lstm_primal(main, extra, state, sequence):
    layers, width = main.shape[0] // 2, main.shape[1] // 4
    state = state.copy()
    x = np.empty(width)
    total = 0.0
    for t in range(sequence.shape[0] - 1):
        for j in range(width):
            x[j] = sequence[t, j] * extra[0, j]
        for i in range(layers):
            w, b, hidden, cell = main[2 * i], main[2 * i + 1], state[2 * i], state[2 * i + 1]
            for j in range(width):
                forget = _gate(x[j] * w[j] + b[j])
                ingate = _gate(hidden[j] * w[width + j] + b[width + j])
                outgate = _gate(x[j] * w[2 * width + j] + b[2 * width + j])
                change = math.tanh(hidden[j] * w[3 * width + j] + b[3 * width + j])
                cell[j] = cell[j] * forget + ingate * change
                hidden[j] = outgate * math.tanh(cell[j])
                x[j] = hidden[j]
        exponentials, gold, weighted = 2.0, 0.0, 0.0
        for j in range(width):
            y = x[j] * extra[1, j] + extra[2, j]
            exponentials += math.exp(y)
            gold += sequence[t + 1, j]
            weighted += sequence[t + 1, j] * y
        total += weighted - gold * math.log(exponentials)
    return -total / (width * (sequence.shape[0] - 1))


@compiled
def lstm(main, extra, state, sequence):
    layers, width, steps = main.shape[0] // 2, main.shape[1] // 4, sequence.shape[0] - 1
    # per step and layer: forget, ingate, outgate, change, tanh(cell), and cell and hidden as they were before
    saved = np.empty((steps, layers, 7, width))
    soft = np.empty((steps, width))  # the exponentials of the prediction
    norms = np.empty(steps)
    golds = np.empty(steps)
    state = state.copy()
    x = np.empty(width)
    total = 0.0
    for t in range(steps):
        for j in range(width):
            x[j] = sequence[t, j] * extra[0, j]
        for i in range(layers):
            w, b, hidden, cell, record = main[2 * i], main[2 * i + 1], state[2 * i], state[2 * i + 1], saved[t, i]
            for j in range(width):
                record[5, j] = cell[j]
                record[6, j] = hidden[j]
                forget = _gate(x[j] * w[j] + b[j])
                ingate = _gate(hidden[j] * w[width + j] + b[width + j])
                outgate = _gate(x[j] * w[2 * width + j] + b[2 * width + j])
                change = math.tanh(hidden[j] * w[3 * width + j] + b[3 * width + j])
                cell[j] = cell[j] * forget + ingate * change
                squashed = math.tanh(cell[j])
                hidden[j] = outgate * squashed
                x[j] = hidden[j]
                record[0, j], record[1, j], record[2, j] = forget, ingate, outgate
                record[3, j], record[4, j] = change, squashed
        exponentials, gold, weighted = 2.0, 0.0, 0.0
        for j in range(width):
            y = x[j] * extra[1, j] + extra[2, j]
            soft[t, j] = math.exp(y)
            exponentials += soft[t, j]
            gold += sequence[t + 1, j]
            weighted += sequence[t + 1, j] * y
        norms[t], golds[t] = exponentials, gold
        total += weighted - gold * math.log(exponentials)
    value = -total / (width * steps)

    main_bar, extra_bar = np.zeros_like(main), np.zeros_like(extra)
    state_bar = np.zeros((2 * layers, width))
    x_bar = np.empty(width)
    scale = -1.0 / (width * steps)
    for t in range(steps - 1, -1, -1):
        ratio = golds[t] / norms[t]
        last = saved[t, layers - 1]
        for j in range(width):
            y_bar = scale * (sequence[t + 1, j] - ratio * soft[t, j])
            extra_bar[1, j] += y_bar * last[2, j] * last[4, j]
            extra_bar[2, j] += y_bar
            x_bar[j] = y_bar * extra[1, j]
        for i in range(layers - 1, -1, -1):
            w, w_bar, b_bar = main[2 * i], main_bar[2 * i], main_bar[2 * i + 1]
            hidden_bar, cell_bar, record = state_bar[2 * i], state_bar[2 * i + 1], saved[t, i]
            below = saved[t, i - 1]  # for i = 0 not used
            for j in range(width):
                forget, ingate, outgate = record[0, j], record[1, j], record[2, j]
                change, squashed, hidden = record[3, j], record[4, j], record[6, j]
                x_in = below[2, j] * below[4, j] if i > 0 else sequence[t, j] * extra[0, j]
                h_bar = hidden_bar[j] + x_bar[j]
                c_bar = cell_bar[j] + h_bar * outgate * (1.0 - squashed * squashed)
                g_out = h_bar * squashed * outgate * (1.0 - outgate)
                g_forget = c_bar * record[5, j] * forget * (1.0 - forget)
                g_in = c_bar * change * ingate * (1.0 - ingate)
                g_change = c_bar * ingate * (1.0 - change * change)
                cell_bar[j] = c_bar * forget
                w_bar[j] += g_forget * x_in
                w_bar[width + j] += g_in * hidden
                w_bar[2 * width + j] += g_out * x_in
                w_bar[3 * width + j] += g_change * hidden
                b_bar[j] += g_forget
                b_bar[width + j] += g_in
                b_bar[2 * width + j] += g_out
                b_bar[3 * width + j] += g_change
                hidden_bar[j] = g_in * w[width + j] + g_change * w[3 * width + j]
                x_bar[j] = g_forget * w[j] + g_out * w[2 * width + j]
        for j in range(width):
            extra_bar[0, j] += x_bar[j] * sequence[t, j]
    return value, main_bar, extra_bar


@compiled
def _factor(logs, lower, Q):
    """Fill Q, whose upper part is zero, with one component's factor."""
    d = logs.shape[0]
    at = 0
    for j in range(d):
        Q[j, j] = math.exp(logs[j])
        for i in range(j + 1, d):
            Q[i, j] = lower[at]
            at += 1


@compiled
def _mixture_terms(alphas, means, logs, lower, x, gamma, m, factors, terms, residuals):
    """Fill terms (k, n) and, where there is room for them, all residuals (k, n, d). Return the prior."""
    n, d = x.shape
    keep = residuals.shape[0] > 1
    centred = np.empty((n, d))
    prior = 0.0
    for c in range(alphas.shape[0]):
        Q, r = factors[c], residuals[c if keep else 0]
        _factor(logs[c], lower[c], Q)
        total = logs[c].sum()
        for i in range(n):
            for j in range(d):
                centred[i, j] = x[i, j] - means[c, j]
        np.dot(centred, Q.T, r)
        for i in range(n):
            s = 0.0
            for j in range(d):
                s += r[i, j] * r[i, j]
            terms[c, i] = alphas[c] + total - 0.5 * s
        prior += 0.5 * gamma * gamma * (Q * Q).sum() - m * total
    return prior


@compiled
def _logsumexp_columns(terms):
    """Replace terms (k, n) by the softmax of its columns; return the sum of their log-sum-exp."""
    k, n = terms.shape
    top, total = terms[0].copy(), np.zeros(n)
    for c in range(1, k):
        for i in range(n):
            top[i] = max(top[i], terms[c, i])
    for c in range(k):
        for i in range(n):
            terms[c, i] = math.exp(terms[c, i] - top[i])
            total[i] += terms[c, i]
    value = 0.0
    for i in range(n):
        value += top[i] + math.log(total[i])
        total[i] = 1.0 / total[i]
    for c in range(k):
        for i in range(n):
            terms[c, i] *= total[i]
    return value


@compiled
def gmm_primal(alphas, means, logs, lower, x, gamma, m):
    n, d = x.shape
    k = alphas.shape[0]
    terms = np.empty((k, n))
    factors = np.zeros((k, d, d))
    prior = _mixture_terms(alphas, means, logs, lower, x, gamma, m, factors, terms, np.empty((1, n, d)))
    weights = alphas.copy().reshape(k, 1)
    likelihood = _logsumexp_columns(terms)
    return likelihood - n * _logsumexp_columns(weights) - prior + _constant(n, d, k, gamma, m)


@compiled
def gmm(alphas, means, logs, lower, x, gamma, m):
    n, d = x.shape
    k = alphas.shape[0]
    terms = np.empty((k, n))
    factors = np.zeros((k, d, d))
    residuals = np.empty((max(k, 2), n, d))
    prior = _mixture_terms(alphas, means, logs, lower, x, gamma, m, factors, terms, residuals)
    weights = alphas.copy().reshape(k, 1)
    value = _logsumexp_columns(terms) - n * _logsumexp_columns(weights) - prior + _constant(n, d, k, gamma, m)

    alphas_bar, means_bar = np.empty(k), np.zeros((k, d))
    logs_bar, lower_bar = np.empty_like(logs), np.empty_like(lower)
    centred, q_bar = np.empty((n, d)), np.empty((d, d))
    for c in range(k):
        Q, r, seed = factors[c], residuals[c], terms[c]
        share = 0.0
        for i in range(n):
            share += seed[i]
            for j in range(d):
                centred[i, j] = x[i, j] - means[c, j]
                r[i, j] *= -seed[i]
        np.dot(r.T, centred, q_bar)
        columns = np.zeros(d)
        for i in range(n):
            for j in range(d):
                columns[j] += r[i, j]
        for i in range(d):
            for j in range(i + 1):
                means_bar[c, j] -= Q[i, j] * columns[i]
        alphas_bar[c] = share - n * weights[c, 0]
        at = 0
        for j in range(d):
            diagonal = q_bar[j, j] - gamma * gamma * Q[j, j]
            logs_bar[c, j] = diagonal * Q[j, j] + share + m
            for i in range(j + 1, d):
                lower_bar[c, at] = q_bar[i, j] - gamma * gamma * Q[i, j]
                at += 1
    return value, alphas_bar, means_bar, logs_bar, lower_bar
