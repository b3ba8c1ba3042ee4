"""Models of machine learning in PyTorch."""

import torch
from torch.nn.functional import conv2d, cross_entropy, scaled_dot_product_attention

from benchmarks.programs.learning import mixture_constant


def lstm(main, extra, state, sequence):
    layers, width = main.shape[0] // 2, main.shape[1] // 4
    hidden, cell = list(state[0::2]), list(state[1::2])
    outputs = []
    for x in sequence[:-1] * extra[0]:
        for i in range(layers):
            weight, bias = main[2 * i], main[2 * i + 1]
            gates = torch.cat([x, hidden[i], x, hidden[i]]) * weight + bias
            forget, ingate, outgate = torch.sigmoid(gates[: 3 * width]).split(width)
            cell[i] = cell[i] * forget + ingate * torch.tanh(gates[3 * width :])
            hidden[i] = outgate * torch.tanh(cell[i])
            x = hidden[i]
        outputs.append(x)
    prediction = torch.stack(outputs) * extra[1] + extra[2]
    normal = torch.log(torch.exp(prediction).sum(1, keepdim=True) + 2.0)
    return -(sequence[1:] * (prediction - normal)).mean()


def gmm(alphas, means, logs, lower, x, gamma, m):
    n, d = x.shape
    k = alphas.shape[0]
    columns, rows = torch.triu_indices(d, d, 1)
    Q = torch.diag_embed(torch.exp(logs))
    Q = Q.index_put((torch.arange(k)[:, None], rows[None], columns[None]), lower)
    r = (x @ Q.reshape(k * d, d).T).reshape(n, k, d) - torch.einsum("kij,kj->ki", Q, means)
    totals = logs.sum(1)
    terms = alphas + totals - 0.5 * (r * r).sum(2)
    prior = 0.5 * gamma**2 * (Q * Q).sum() - m * totals.sum()
    constant = mixture_constant(n, d, k, float(gamma), int(m))
    return torch.logsumexp(terms, 1).sum() - n * torch.logsumexp(alphas, 0) - prior + constant


def attention(q, k, v):
    out = scaled_dot_product_attention(q[None], k[None], v[None])[0]
    return 0.5 * (out * out).sum()


def conv_net(kernel, bias, dense, x, labels):
    maps = torch.relu(conv2d(x.permute(0, 3, 1, 2), kernel.permute(3, 2, 0, 1), bias))
    pooled = torch.nn.functional.avg_pool2d(maps, 2).permute(0, 2, 3, 1)
    return cross_entropy(pooled.reshape(x.shape[0], -1) @ dense, labels)
