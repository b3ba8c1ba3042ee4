"""Models of machine learning in JAX: one scan, batched products, library convolutions."""

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.jax_beginner.learning import _constant, attention

__all__ = ["attention", "conv_net", "gmm", "lstm"]


def lstm(main, extra, state, sequence):
    layers, width = main.shape[0] // 2, main.shape[1] // 4
    weights, biases = main[0::2].reshape(layers, 4, width), main[1::2].reshape(layers, 4, width)
    inputs = sequence[:-1] * extra[0]

    def layer(carry, params):
        x = carry
        weight, bias, hidden, cell = params
        gates = jnp.stack([x, hidden, x, hidden]) * weight + bias
        forget, ingate, outgate = jax.nn.sigmoid(gates[:3])
        cell = cell * forget + ingate * jnp.tanh(gates[3])
        hidden = outgate * jnp.tanh(cell)
        return hidden, (hidden, cell)

    def step(carry, x):
        hidden, cell = carry
        hiddens, cells = [], []
        for i in range(layers):
            x, (h, c) = layer(x, (weights[i], biases[i], hidden[i], cell[i]))
            hiddens.append(h)
            cells.append(c)
        return (jnp.stack(hiddens), jnp.stack(cells)), x

    _, last = jax.lax.scan(step, (state[0::2], state[1::2]), inputs)
    prediction = last * extra[1] + extra[2]
    normal = jnp.log(jnp.sum(jnp.exp(prediction), axis=1, keepdims=True) + 2.0)
    return -jnp.mean(sequence[1:] * (prediction - normal))


def gmm(alphas, means, logs, lower, x, gamma, m):
    n, d = x.shape
    k = alphas.shape[0]
    columns, rows = np.triu_indices(d, 1)  # column by column below the diagonal
    Q = jnp.zeros((k, d, d)).at[:, rows, columns].set(lower)
    Q = Q.at[:, np.arange(d), np.arange(d)].set(jnp.exp(logs))
    # Q (x - mean) for all components in one product: x @ Q.T - mean @ Q.T
    r = (x @ Q.reshape(k * d, d).T).reshape(n, k, d) - jnp.einsum("kij,kj->ki", Q, means)
    totals = jnp.sum(logs, axis=1)
    terms = alphas + totals - 0.5 * jnp.sum(r * r, axis=2)
    prior = 0.5 * gamma * gamma * jnp.sum(Q * Q) - m * jnp.sum(totals)
    likelihood = jnp.sum(jax.nn.logsumexp(terms, axis=1))
    return likelihood - n * jax.nn.logsumexp(alphas) - prior + _constant(n, d, k, gamma, m)


def conv_net(kernel, bias, dense, x, labels):
    batch = x.shape[0]
    maps = jax.lax.conv_general_dilated(x, kernel, (1, 1), "VALID", dimension_numbers=("NHWC", "HWIO", "NHWC"))
    maps = jax.nn.relu(maps + bias)
    half, filters = maps.shape[1] // 2, maps.shape[3]
    pooled = jnp.mean(maps.reshape(batch, half, 2, half, 2, filters), axis=(2, 4))
    logits = jax.nn.log_softmax(pooled.reshape(batch, -1) @ dense)
    return -jnp.mean(jnp.take_along_axis(logits, labels[:, None], axis=1))
