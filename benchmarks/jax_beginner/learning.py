"""Models of machine learning in JAX as first written."""

import math

import jax
import jax.numpy as jnp

from benchmarks.programs.learning import mixture_constant


def lstm(main, extra, state, sequence):
    layers, width = main.shape[0] // 2, main.shape[1] // 4

    def step(t, carry):
        state, total = carry
        x = sequence[t] * extra[0]
        for i in range(layers):
            weight, bias = main[2 * i], main[2 * i + 1]
            hidden, cell = state[2 * i], state[2 * i + 1]
            forget = jax.nn.sigmoid(x * weight[:width] + bias[:width])
            ingate = jax.nn.sigmoid(hidden * weight[width : 2 * width] + bias[width : 2 * width])
            outgate = jax.nn.sigmoid(x * weight[2 * width : 3 * width] + bias[2 * width : 3 * width])
            change = jnp.tanh(hidden * weight[3 * width :] + bias[3 * width :])
            cell = cell * forget + ingate * change
            hidden = outgate * jnp.tanh(cell)
            state = state.at[2 * i].set(hidden).at[2 * i + 1].set(cell)
            x = hidden
        prediction = x * extra[1] + extra[2]
        normal = jnp.log(jnp.sum(jnp.exp(prediction)) + 2.0)
        return state, total + jnp.sum(sequence[t + 1] * (prediction - normal))

    _, total = jax.lax.fori_loop(0, sequence.shape[0] - 1, step, (state, 0.0))
    return -total / (width * (sequence.shape[0] - 1))


def gmm(alphas, means, logs, lower, x, gamma, m):
    n, d = x.shape
    k = alphas.shape[0]
    terms = []
    prior = 0.0
    for c in range(k):
        Q = jnp.diag(jnp.exp(logs[c]))
        start = 0
        for j in range(d - 1):
            Q = Q.at[j + 1 :, j].set(lower[c, start : start + d - 1 - j])
            start += d - 1 - j
        r = (x - means[c]) @ Q.T
        total = jnp.sum(logs[c])
        terms.append(alphas[c] + total - 0.5 * jnp.sum(r * r, axis=1))
        prior += 0.5 * gamma * gamma * jnp.sum(Q * Q) - m * total
    likelihood = jnp.sum(jax.nn.logsumexp(jnp.stack(terms, axis=1), axis=1))
    return likelihood - n * jax.nn.logsumexp(alphas) - prior + _constant(n, d, k, gamma, m)


def _constant(n, d, k, gamma, m):
    at_one = mixture_constant(n, d, k, 1.0, m)
    return at_one + k * (d + m + 1) * d * jnp.log(gamma)


def attention(q, k, v):
    weights = jax.nn.softmax(q @ k.T / math.sqrt(q.shape[1]), axis=1)
    out = weights @ v
    return 0.5 * jnp.sum(out * out)


def conv_net(kernel, bias, dense, x, labels):
    batch, size = x.shape[0], x.shape[1] - 2
    filters = kernel.shape[3]
    flat = kernel.reshape(-1, filters)

    def cell(place, maps):
        i, j = place // size, place % size
        window = jax.lax.dynamic_slice(x, (0, i, j, 0), (batch, 3, 3, x.shape[3]))
        return maps.at[:, i, j, :].set(window.reshape(batch, -1) @ flat + bias)

    maps = jax.lax.fori_loop(0, size * size, cell, jnp.zeros((batch, size, size, filters)))
    maps = jnp.maximum(maps, 0.0)
    pooled = 0.25 * (maps[:, ::2, ::2] + maps[:, 1::2, ::2] + maps[:, ::2, 1::2] + maps[:, 1::2, 1::2])
    logits = jax.nn.log_softmax(pooled.reshape(batch, -1) @ dense)
    return -jnp.mean(logits[jnp.arange(batch), labels])
