"""Machine learning: cells, losses, likelihoods and training steps, written out."""

import math
from typing import NamedTuple

import numpy as np

from tests.literature.registry import problem


def sigmoid(x):
    return 1.0 / (1.0 + np.exp(-x))


def softmax(x):
    e = np.exp(x - x.max(axis=-1, keepdims=True))
    return e / e.sum(axis=-1, keepdims=True)


@problem(
    "D. E. Rumelhart, G. E. Hinton, R. J. Williams, Nature 323 (1986): XOR network",
    lambda rng: (rng.standard_normal((2, 3)), rng.standard_normal(3), rng.standard_normal(3), 0.1),
    argnums=(0, 1, 2, 3),
)
def xor_network(W, b, v, c):
    X = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])
    y = np.array([0.0, 1.0, 1.0, 0.0])
    h = sigmoid(X @ W + b)
    p = sigmoid(h @ v + c)
    return -np.mean(y * np.log(p) + (1.0 - y) * np.log(1.0 - p))


@problem(
    "J. L. Elman, Cognitive Science 14 (1990): character model, loss of next symbols",
    lambda rng: (
        0.5 * rng.standard_normal((4, 3)),
        0.5 * rng.standard_normal((3, 3)),
        0.5 * rng.standard_normal((3, 4)),
        np.array([0, 2, 1, 3, 0]),
    ),
    argnums=(0, 1, 2),
)
def elman_rnn(Wx, Wh, Wy, text):
    h = np.zeros(3)
    loss = 0.0
    for t in range(len(text) - 1):
        x = np.zeros(4)
        x[text[t]] = 1.0
        h = np.tanh(x @ Wx + h @ Wh)
        logits = h @ Wy
        loss += np.log(np.sum(np.exp(logits))) - logits[text[t + 1]]
    return loss


class Gates(NamedTuple):
    W: np.ndarray
    U: np.ndarray
    b: np.ndarray


@problem(
    "S. Hochreiter, J. Schmidhuber, Neural Computation 9 (1997); forget gate of F. Gers et al. (2000)",
    lambda rng: (
        Gates(0.5 * rng.standard_normal((3, 8)), 0.5 * rng.standard_normal((2, 8)), rng.standard_normal(8)),
        rng.standard_normal((5, 3)),
    ),
    argnums=(0, 1),
)
def lstm(p, xs):
    h, c = np.zeros(2), np.zeros(2)
    for x in xs:
        z = x @ p.W + h @ p.U + p.b
        i, f, g, o = np.split(z, 4)
        c = sigmoid(f) * c + sigmoid(i) * np.tanh(g)
        h = sigmoid(o) * np.tanh(c)
    return np.sum(h**2) + c[0]


@problem(
    "K. Cho et al., EMNLP (2014): gated recurrent unit over a batch",
    lambda rng: ({k: 0.5 * rng.standard_normal((5, 2)) for k in ("z", "r", "n")}, rng.standard_normal((4, 2, 3))),
    argnums=(0, 1),
)
def gru(params, xs):
    h = np.zeros((2, 2))
    for t in range(xs.shape[0]):
        both = np.concatenate([xs[t], h], axis=1)
        z = sigmoid(both @ params["z"])
        r = sigmoid(both @ params["r"])
        n = np.tanh(np.concatenate([xs[t], r * h], axis=1) @ params["n"])
        h = (1.0 - z) * n + z * h
    return np.sum(h * h)


@problem(
    "D. Bahdanau, K. Cho, Y. Bengio, ICLR (2015), eqs. 5-6: additive attention",
    lambda rng: (
        rng.standard_normal(3),
        rng.standard_normal((5, 4)),
        rng.standard_normal((3, 2)),
        rng.standard_normal((4, 2)),
        rng.standard_normal(2),
    ),
    argnums=(0, 1, 2, 3, 4),
)
def additive_attention(state, annotations, Wa, Ua, va):
    energies = np.array([va @ np.tanh(state @ Wa + annotations[j] @ Ua) for j in range(5)])
    weights = softmax(energies)
    return weights @ annotations


@problem(
    "A. Vaswani et al., NeurIPS (2017), eq. 1: causal multi-head attention with einsum",
    lambda rng: (rng.standard_normal((4, 6)), *(0.4 * rng.standard_normal((6, 6)) for _ in range(4))),
    argnums=(0, 1, 2, 3, 4),
    backends=("numpy", "numba"),
)
def multi_head_attention(x, Wq, Wk, Wv, Wo):
    t, d = x.shape
    heads = 2
    q = (x @ Wq).reshape(t, heads, d // heads)
    k = (x @ Wk).reshape(t, heads, d // heads)
    v = (x @ Wv).reshape(t, heads, d // heads)
    scores = np.einsum("ihd,jhd->hij", q, k) / math.sqrt(d // heads)
    mask = np.tril(np.ones((t, t)))
    scores = np.where(mask > 0.0, scores, -1e9)
    mixed = np.einsum("hij,jhd->ihd", softmax(scores), v).reshape(t, d)
    return np.sum((mixed @ Wo) ** 2)


@problem(
    "J. L. Ba, J. R. Kiros, G. E. Hinton, arXiv:1607.06450; D. Hendrycks, K. Gimpel, GELU (2016): transformer block",
    lambda rng: (
        rng.standard_normal((3, 4)),
        rng.standard_normal((4, 8)),
        rng.standard_normal((8, 4)),
        1.0 + 0.1 * rng.standard_normal(4),
    ),
    argnums=(0, 1, 2, 3),
)
def feed_forward_block(x, W1, W2, gain):
    centred = x - x.mean(axis=1, keepdims=True)
    normal = gain * centred / np.sqrt(np.mean(centred**2, axis=1, keepdims=True) + 1e-5)
    h = normal @ W1
    gelu = 0.5 * h * (1.0 + np.tanh(math.sqrt(2.0 / math.pi) * (h + 0.044715 * h**3)))
    return x + gelu @ W2


@problem(
    "Y. LeCun et al., Proc. IEEE 86 (1998): convolution, pooling and a linear layer in loops",
    lambda rng: (rng.standard_normal((6, 6)), rng.standard_normal((2, 3, 3)), rng.standard_normal((8, 3))),
    argnums=(0, 1, 2),
)
def convolutional_network(image, kernels, W):
    features = np.zeros((2, 4, 4))
    for c in range(2):
        for i in range(4):
            for j in range(4):
                features[c, i, j] = np.tanh(np.sum(image[i : i + 3, j : j + 3] * kernels[c]))
    pooled = np.zeros((2, 2, 2))
    for i in range(2):
        for j in range(2):
            pooled[:, i, j] = features[:, 2 * i : 2 * i + 2, 2 * j : 2 * j + 2].max(axis=(1, 2))
    logits = pooled.reshape(-1) @ W
    return np.log(np.sum(np.exp(logits))) - logits[1]


@problem(
    "S. Ioffe, C. Szegedy, ICML (2015), algorithm 1",
    lambda rng: (rng.standard_normal((6, 3)), rng.standard_normal(3), rng.standard_normal(3)),
    argnums=(0, 1, 2),
)
def batch_normalization(x, gamma, beta):
    m = x.shape[0]
    mean = x.sum(axis=0) / m
    var = ((x - mean) ** 2).sum(axis=0) / m
    y = gamma * (x - mean) / np.sqrt(var + 1e-5) + beta
    return np.maximum(y, 0.0)


@problem(
    "K. He et al., CVPR (2016): residual blocks as a loop over weights",
    lambda rng: (rng.standard_normal(4), 0.4 * rng.standard_normal((3, 4, 4)), 0.4 * rng.standard_normal((3, 4, 4))),
    argnums=(0, 1, 2),
)
def residual_network(x, W1, W2):
    for a, b in zip(W1, W2):
        x = x + b @ np.maximum(a @ x, 0.0)
    return np.sum(np.cos(x))


@problem(
    "D. P. Kingma, M. Welling, ICLR (2014), eq. 10: evidence lower bound with the reparametrisation trick",
    lambda rng: (
        0.4 * rng.standard_normal((5, 4)),
        0.4 * rng.standard_normal((2, 5)),
        rng.integers(0, 2, (6, 5)).astype(float),
        rng.standard_normal((6, 2)),
    ),
    argnums=(0, 1),
)
def variational_autoencoder(encoder, decoder, x, noise):
    stats = x @ encoder
    mu, log_var = stats[:, :2], stats[:, 2:]
    z = mu + np.exp(0.5 * log_var) * noise
    logits = z @ decoder
    reconstruction = np.sum(x * logits - np.logaddexp(0.0, logits), axis=1)
    kl = 0.5 * np.sum(mu**2 + np.exp(log_var) - log_var - 1.0, axis=1)
    return np.mean(kl - reconstruction)


@problem(
    "C. Blundell et al., ICML (2015): weight uncertainty, scale-mixture prior",
    lambda rng: (
        rng.standard_normal(3),
        rng.standard_normal(3),
        rng.standard_normal((8, 3)),
        rng.standard_normal(8),
        rng.standard_normal((4, 3)),
    ),
    argnums=(0, 1),
)
def bayes_by_backprop(mu, rho, X, y, noise):
    sigma = np.log1p(np.exp(rho))
    loss = 0.0
    for eps in noise:
        w = mu + sigma * eps
        log_q = np.sum(-np.log(sigma) - 0.5 * ((w - mu) / sigma) ** 2)
        wide = 0.75 * np.exp(-0.5 * w**2)
        narrow = 0.25 * np.exp(-0.5 * (w / 0.1) ** 2) / 0.1
        log_p = np.sum(np.log(wide + narrow))
        loss += log_q - log_p + 0.5 * np.sum((y - X @ w) ** 2)
    return loss / len(noise)


@problem(
    "D. J. Rezende, S. Mohamed, ICML (2015), eq. 10-12: planar flow",
    lambda rng: (
        rng.standard_normal((5, 2)),
        rng.standard_normal((3, 2)),
        0.3 * rng.standard_normal((3, 2)),
        rng.standard_normal(3),
    ),
    argnums=(1, 2, 3),
)
def planar_flow(z, w, u, b):
    log_det = np.zeros(z.shape[0])
    for k in range(3):
        a = z @ w[k] + b[k]
        psi = (1.0 - np.tanh(a) ** 2)[:, None] * w[k]
        log_det = log_det + np.log(np.abs(1.0 + psi @ u[k]))
        z = z + np.tanh(a)[:, None] * u[k]
    return np.mean(0.5 * np.sum(z**2, axis=1) - log_det)


@problem(
    "L. Dinh, J. Sohl-Dickstein, S. Bengio, ICLR (2017): affine coupling layers",
    lambda rng: (rng.standard_normal((6, 4)), [rng.standard_normal((2, 4)) * 0.3 for _ in range(2)]),
    argnums=(0, 1),
)
def real_nvp(x, weights):
    log_likelihood = np.zeros(len(x))
    for layer, w in enumerate(weights):
        if layer % 2 == 0:
            fixed, moved = x[:, :2], x[:, 2:]
        else:
            moved, fixed = x[:, :2], x[:, 2:]
        params = np.tanh(fixed @ w)
        scale, shift = params[:, :2], params[:, 2:]
        moved = moved * np.exp(scale) + shift
        log_likelihood += scale.sum(axis=1)
        x = np.hstack((fixed, moved)) if layer % 2 == 0 else np.hstack((moved, fixed))
    return np.mean(log_likelihood - 0.5 * np.sum(x**2, axis=1))


@problem(
    "R. T. Q. Chen et al., NeurIPS (2018): neural ordinary differential equation",
    lambda rng: (0.5 * rng.standard_normal((2, 4)), 0.5 * rng.standard_normal((4, 2)), np.array([1.5, 0.0])),
    argnums=(0, 1, 2),
)
def neural_ode(W1, W2, z):
    def field(z, t):
        return np.tanh(z**3 @ W1 + t) @ W2

    h = 0.1
    loss = 0.0
    for k in range(10):
        t = k * h
        k1 = field(z, t)
        k2 = field(z + 0.5 * h * k1, t + 0.5 * h)
        k3 = field(z + 0.5 * h * k2, t + 0.5 * h)
        k4 = field(z + h * k3, t + h)
        z = z + h / 6.0 * (k1 + 2 * k2 + 2 * k3 + k4)
        loss += np.sum((z - np.array([np.cos(t), np.sin(t)])) ** 2)
    return loss


@problem(
    "C. E. Rasmussen, C. K. I. Williams, Gaussian Processes for Machine Learning (2006), algorithm 2.1",
    lambda rng: (np.array([0.1, -0.2, -1.0]), rng.uniform(-2, 2, (7, 2)), rng.standard_normal(7)),
    argnums=(0, 1, 2),
)
def gaussian_process_likelihood(log_theta, X, y):
    length, signal, noise = np.exp(log_theta)
    d2 = np.sum((X[:, None, :] - X[None, :, :]) ** 2, axis=2)
    K = signal**2 * np.exp(-0.5 * d2 / length**2) + noise**2 * np.eye(len(y))
    L = np.linalg.cholesky(K)
    alpha = np.linalg.solve(L.T, np.linalg.solve(L, y))
    return 0.5 * y @ alpha + np.sum(np.log(np.diag(L))) + 0.5 * len(y) * np.log(2.0 * np.pi)


@problem(
    "Rasmussen, Williams (2006), section 4.2: Matérn 5/2 kernel in double loops, determinant and solve",
    lambda rng: (0.8, 1.2, 0.3, np.sort(rng.uniform(0, 3, 6)), rng.standard_normal(6)),
    argnums=(0, 1, 2),
)
def matern_likelihood(length, signal, noise, x, y):
    n = len(x)
    K = np.empty((n, n))
    for i in range(n):
        for j in range(n):
            r = math.sqrt(5.0) * abs(x[i] - x[j]) / length
            K[i, j] = signal**2 * (1.0 + r + r * r / 3.0) * math.exp(-r)
        K[i, i] += noise**2
    sign, logdet = np.linalg.slogdet(K)
    return -0.5 * (y @ np.linalg.inv(K) @ y) - 0.5 * logdet


@problem(
    "A. P. Dempster, N. M. Laird, D. B. Rubin (1977): mixture of Gaussians, Bishop, PRML, eq. 9.28",
    lambda rng: (
        rng.standard_normal(3),
        rng.standard_normal((3, 2)),
        0.3 * rng.standard_normal((3, 2)),
        rng.standard_normal((8, 2)),
    ),
    argnums=(0, 1, 2),
)
def gaussian_mixture(alpha, mu, log_sigma, X):
    total = 0.0
    for x in X:
        terms = np.empty(3)
        for k in range(3):
            z = (x - mu[k]) / np.exp(log_sigma[k])
            terms[k] = alpha[k] - 0.5 * np.sum(z**2) - np.sum(log_sigma[k])
        m = np.max(terms)
        total += m + np.log(np.sum(np.exp(terms - m)))
    return total - len(X) * np.log(np.sum(np.exp(alpha)))


@problem(
    "C. M. Bishop, Mixture density networks (1994)",
    lambda rng: (
        rng.standard_normal((1, 5)),
        0.5 * rng.standard_normal((5, 6)),
        rng.standard_normal(9),
        rng.standard_normal(9),
    ),
    argnums=(0, 1),
)
def mixture_density_network(W1, W2, x, y):
    out = np.tanh(x[:, None] @ W1) @ W2
    log_pi = out[:, :2] - np.log(np.exp(out[:, :2]).sum(axis=1, keepdims=True))
    mu, sigma = out[:, 2:4], np.exp(out[:, 4:])
    log_n = -0.5 * ((y[:, None] - mu) / sigma) ** 2 - np.log(sigma)
    return -np.mean(np.log(np.sum(np.exp(log_pi + log_n), axis=1)))


@problem(
    "T. Mikolov et al., NeurIPS (2013), eq. 4: skip-gram with negative sampling",
    lambda rng: (
        rng.standard_normal((6, 3)),
        rng.standard_normal((6, 3)),
        rng.integers(0, 6, (5, 2)),
        rng.integers(0, 6, (5, 3)),
    ),
    argnums=(0, 1),
)
def skip_gram(words, contexts, pairs, negatives):
    loss = 0.0
    for k in range(len(pairs)):
        center, outside = pairs[k]
        v = words[center]
        loss -= np.log(sigmoid(contexts[outside] @ v))
        for n in negatives[k]:
            loss -= np.log(sigmoid(-contexts[n] @ v))
    return loss


@problem(
    "Y. Koren, R. Bell, C. Volinsky, IEEE Computer 42 (2009), eq. 5: biased matrix factorisation",
    lambda rng: (
        rng.standard_normal((4, 2)),
        rng.standard_normal((5, 2)),
        rng.standard_normal(4),
        rng.standard_normal(5),
        rng.integers(0, 4, 9),
        rng.integers(0, 5, 9),
        rng.standard_normal(9),
    ),
    argnums=(0, 1, 2, 3),
)
def matrix_factorization(P, Q, bu, bi, users, items, ratings):
    prediction = np.sum(P[users] * Q[items], axis=1) + bu[users] + bi[items]
    loss = np.sum((ratings - prediction) ** 2)
    return loss + 0.1 * (np.sum(P**2) + np.sum(Q**2))


@problem(
    "C. Finn, P. Abbeel, S. Levine, ICML (2017), eq. 1: inner gradient steps by hand",
    lambda rng: (rng.standard_normal(3), 0.1, rng.standard_normal((6, 3)), rng.standard_normal(6)),
    argnums=(0, 1),
)
def meta_learning(theta, rate, X, y):
    w = theta
    for _ in range(3):
        residual = X[:3] @ w - y[:3]
        w = w - rate * 2.0 / 3.0 * X[:3].T @ residual
    return np.mean((X[3:] @ w - y[3:]) ** 2)


@problem(
    "S. Bai, J. Z. Kolter, V. Koltun, NeurIPS (2019): deep equilibrium by fixed-point iteration until convergence",
    lambda rng: (0.2 * rng.standard_normal((4, 4)), rng.standard_normal((3, 4)), rng.standard_normal(3)),
    argnums=(0, 1, 2),
)
def deep_equilibrium(W, U, x):
    z = np.zeros(4)
    for _ in range(100):
        new = np.tanh(z @ W + x @ U)
        if np.max(np.abs(new - z)) < 1e-14:
            break
        z = new
    return np.sum(z**2)


@problem(
    "J. Schulman et al., arXiv:1707.06347, eq. 7: clipped surrogate objective",
    lambda rng: (
        rng.standard_normal((3, 2)),
        rng.standard_normal((6, 3)),
        rng.integers(0, 2, 6),
        np.log(0.5) * np.ones(6),
        rng.standard_normal(6),
    ),
    argnums=(0,),
)
def ppo_objective(W, states, actions, old_log_prob, advantages):
    logits = states @ W
    log_probs = logits - np.log(np.sum(np.exp(logits), axis=1, keepdims=True))
    chosen = log_probs[np.arange(6), actions]
    ratio = np.exp(chosen - old_log_prob)
    clipped = np.clip(ratio, 0.8, 1.2)
    entropy = -np.sum(np.exp(log_probs) * log_probs, axis=1)
    return -np.mean(np.minimum(ratio * advantages, clipped * advantages)) - 0.01 * np.mean(entropy)


@problem(
    "J. Ho, A. Jain, P. Abbeel, NeurIPS (2020), eq. 14: denoising diffusion loss",
    lambda rng: (
        0.4 * rng.standard_normal((3, 5)),
        0.4 * rng.standard_normal((5, 2)),
        rng.standard_normal((6, 2)),
        rng.standard_normal((6, 2)),
        rng.integers(0, 10, 6),
    ),
    argnums=(0, 1),
)
def diffusion_loss(W1, W2, x0, noise, t):
    betas = np.linspace(1e-2, 0.2, 10)
    alpha_bar = np.cumprod(1.0 - betas)
    a = alpha_bar[t][:, None]
    xt = np.sqrt(a) * x0 + np.sqrt(1.0 - a) * noise
    inputs = np.concatenate((xt, t[:, None] / 10.0), axis=1)
    h = inputs @ W1
    predicted = (h * sigmoid(h)) @ W2
    return np.mean((predicted - noise) ** 2)


@problem(
    "A. van den Oord, Y. Li, O. Vinyals (2018); T. Chen et al., ICML (2020), eq. 1: NT-Xent",
    lambda rng: (rng.standard_normal((6, 3)), 0.5),
    argnums=(0, 1),
)
def contrastive_loss(z, temperature):
    unit = z / np.linalg.norm(z, axis=1, keepdims=True)
    similarity = unit @ unit.T / temperature
    n = len(z)
    loss = 0.0
    for i in range(n):
        positive = i + 3 if i < 3 else i - 3
        denominator = 0.0
        for k in range(n):
            if k != i:
                denominator += np.exp(similarity[i, k])
        loss += np.log(denominator) - similarity[i, positive]
    return loss / n


@problem(
    "T. N. Kipf, M. Welling, ICLR (2017), eq. 2: graph convolution",
    lambda rng: (
        rng.standard_normal((5, 3)),
        rng.standard_normal((3, 4)),
        rng.standard_normal((4, 2)),
        rng.integers(0, 2, (5, 5)).astype(float),
    ),
    argnums=(0, 1, 2, 3),
)
def graph_convolution(X, W0, W1, A):
    A_hat = 0.5 * (A + A.T) + np.eye(5)
    degree = A_hat.sum(axis=1)
    norm = A_hat / np.sqrt(np.outer(degree, degree))
    hidden = np.maximum(norm @ X @ W0, 0.0)
    return softmax(norm @ hidden @ W1)


@problem(
    "L. van der Maaten, G. Hinton, JMLR 9 (2008), eq. 4: t-SNE",
    lambda rng: (rng.standard_normal((5, 2)), rng.random((5, 5))),
    argnums=(0,),
)
def t_sne(y, affinity):
    p = affinity + affinity.T
    np.fill_diagonal(p, 0.0)
    p = p / np.sum(p)
    n = y.shape[0]
    q = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            if i != j:
                q[i, j] = 1.0 / (1.0 + np.sum((y[i] - y[j]) ** 2))
    q = q / np.sum(q)
    off = ~np.eye(n, dtype=bool)
    return np.sum(p[off] * np.log(p[off] / q[off]))


@problem(
    "G. E. Hinton, Neural Computation 14 (2002): free energy of a restricted Boltzmann machine",
    lambda rng: (
        rng.standard_normal((4, 3)),
        rng.standard_normal(4),
        rng.standard_normal(3),
        rng.integers(0, 2, (5, 4)).astype(float),
        rng.integers(0, 2, (5, 4)).astype(float),
    ),
    argnums=(0, 1, 2),
)
def boltzmann_free_energy(W, a, b, data, model):
    def free_energy(v):
        return -v @ a - np.sum(np.log1p(np.exp(v @ W + b)), axis=1)

    return np.mean(free_energy(data)) - np.mean(free_energy(model))


@problem(
    "A. Gu, T. Dao, arXiv:2312.00752, algorithm 2: selective state-space scan",
    lambda rng: (
        -rng.random((2, 3)),
        rng.standard_normal((5, 2)),
        rng.standard_normal((5, 3)),
        rng.standard_normal((5, 3)),
        rng.standard_normal((5, 2)),
    ),
    argnums=(0, 1, 2, 3, 4),
)
def selective_scan(A, x, B, C, delta):
    h = np.zeros((2, 3))
    y = np.zeros((5, 2))
    for t in range(5):
        dt = np.log1p(np.exp(delta[t]))[:, None]
        h = np.exp(dt * A) * h + dt * B[t][None, :] * x[t][:, None]
        y[t] = np.sum(h * C[t], axis=1)
    return y


@problem(
    "J. Su et al., arXiv:2104.09864, eq. 34: rotary position embedding",
    lambda rng: (rng.standard_normal((4, 6)), rng.standard_normal((4, 6))),
    argnums=(0, 1),
)
def rotary_scores(q, k):
    t, d = q.shape
    theta = 10000.0 ** (-np.arange(0, d, 2) / d)
    angle = np.arange(t)[:, None] * theta
    cos, sin = np.cos(angle), np.sin(angle)

    def rotate(x):
        out = np.empty_like(x)
        out[:, ::2] = x[:, ::2] * cos - x[:, 1::2] * sin
        out[:, 1::2] = x[:, ::2] * sin + x[:, 1::2] * cos
        return out

    return rotate(q) @ rotate(k).T


@problem(
    "A. Graves, G. Wayne, I. Danihelka, arXiv:1410.5401, eqs. 5-9: addressing of a neural Turing machine",
    lambda rng: (
        rng.standard_normal((5, 3)),
        rng.standard_normal(3),
        1.5,
        0.6,
        rng.standard_normal(3),
        1.4,
        np.full(5, 0.2),
    ),
    argnums=(0, 1, 2, 3, 4, 5),
)
def turing_machine_addressing(memory, key, beta, gate, shift, gamma, previous):
    similarity = np.zeros(5)
    for i in range(5):
        similarity[i] = memory[i] @ key / (np.linalg.norm(memory[i]) * np.linalg.norm(key) + 1e-8)
    content = softmax(beta * similarity)
    gated = gate * content + (1.0 - gate) * previous
    s = softmax(shift)
    shifted = np.zeros(5)
    for i in range(5):
        for j in range(-1, 2):
            shifted[i] += gated[(i - j) % 5] * s[j + 1]
    sharp = shifted**gamma
    return sharp / np.sum(sharp) @ memory


@problem(
    "D. P. Kingma, J. Ba, ICLR (2015), algorithm 1: loss after unrolled Adam, by its learning rate",
    lambda rng: (0.1, 0.9, 0.99, rng.standard_normal(3)),
    argnums=(0, 1, 2, 3),
)
def unrolled_adam(rate, beta1, beta2, w):
    target = np.array([1.0, -0.5, 2.0])
    m = np.zeros(3)
    v = np.zeros(3)
    for t in range(1, 8):
        g = 2.0 * (w - target) * np.array([1.0, 3.0, 0.5])
        m = beta1 * m + (1.0 - beta1) * g
        v = beta2 * v + (1.0 - beta2) * g**2
        w = w - rate * (m / (1.0 - beta1**t)) / (np.sqrt(v / (1.0 - beta2**t)) + 1e-8)
    return np.sum((w - target) ** 2)
