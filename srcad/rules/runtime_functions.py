"""Rules of `srcad_runtime`: layers and losses whose derivative is better written by hand than left to the chain rule.

Functions of `srcad_runtime` that have no rule here (or in `helpers`) are plain NumPy and are inlined.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from srcad_runtime import activations, attention, convolution, ctc, functional, losses, normalization, pooling

from srcad.rules.registry import at, elementwise, linear, pullback, pushforward
from srcad.rules.static import known

# ---- activations ----


@elementwise(activations.erf, domain=(-2, 2))
def erf(x):
    return 1.1283791670955126 * np.exp(-x * x)


@elementwise(activations.relu, domain=(-3, 3), kinks={0.0: 0.0})
def relu(x, out):
    return np.sign(out)  # of the type of x, which a comparison would not be


@elementwise(activations.leaky_relu, domain=(-3, 3))
def leaky_relu(x, negative_slope=0.01):
    return negative_slope + (1.0 - negative_slope) * np.sign(np.maximum(x, 0.0))


@elementwise(activations.elu, domain=(-3, 3), kinks={0.0: 1.0})
def elu(x, alpha=1.0, *, out):
    return np.where(x > 0.0, 1.0, out + alpha)


@elementwise(activations.gelu, domain=(-3, 3), kinks={1000.0: 1.0, -1000.0: 0.0})
def gelu(x, approximate="none"):
    return activations.gelu_partial(x, approximate)


@elementwise(activations.gelu_partial, domain=(-3, 3), kinks={1000.0: 0.0, -1000.0: 0.0})
def gelu_partial(x, approximate="none"):
    if approximate == "tanh":
        z = np.clip(x, -10.0, 10.0)
        t = np.tanh(0.7978845608028654 * (z + 0.044715 * z * z * z))
        slope = 0.7978845608028654 * (1.0 + 0.134145 * z * z)
        return (1.0 - t * t) * (slope + 0.10703222440890038 * z * z - z * t * slope * slope)
    z = np.clip(x, -40.0, 40.0)
    return 0.3989422804014327 * (2.0 - z * z) * np.exp(-0.5 * z * z)


@elementwise(activations.sigmoid, domain=(-3, 3), kinks={1000.0: 0.0, -1000.0: 0.0, 0.0: 0.25})
def sigmoid(x, out):
    return out * (1.0 - out)


@elementwise(activations.silu, domain=(-3, 3), kinks={1000.0: 1.0, -1000.0: 0.0})
def silu(x, out):
    s = activations.sigmoid(x)
    return s + out * (1.0 - s)


@elementwise(activations.softplus, domain=(-3, 3), kinks={1000.0: 1.0, -1000.0: 0.0})
def softplus(x, beta=1.0, threshold=20.0):
    return np.where(beta * x > threshold, 1.0, activations.sigmoid(beta * x))


def rows_and_columns(r):
    return [at(r(2, 3)), at(r(2, 3), 0), at(r(2, 3, 4), axis=1), at(r(3))]


@pullback(activations.softmax, examples=rows_and_columns)
def softmax_bar(x, axis=-1, *, out, out_bar):
    return out * (out_bar - np.sum(out_bar * out, axis=axis, keepdims=True))


@pushforward(activations.softmax)
def softmax_dot(x, axis=-1, *, out, x_dot):
    return out * (x_dot - np.sum(x_dot * out, axis=axis, keepdims=True))


@pullback(activations.log_softmax, examples=rows_and_columns)
def log_softmax_bar(x, axis=-1, *, out, out_bar):
    return out_bar - np.exp(out) * np.sum(out_bar, axis=axis, keepdims=True)


@pushforward(activations.log_softmax)
def log_softmax_dot(x, axis=-1, *, out, x_dot):
    return x_dot - np.sum(x_dot * np.exp(out), axis=axis, keepdims=True)


@pullback(attention.masked_softmax, examples=lambda r: [at(r(2, 3), r.mask(2, 3)), at(r(2, 3, 4), np.tri(3, 4) > 0)])
def masked_softmax_bar(scores, allowed, *, out, out_bar):
    return out * (out_bar - np.sum(out_bar * out, axis=-1, keepdims=True))


@pushforward(attention.masked_softmax)
def masked_softmax_dot(scores, allowed, *, out, scores_dot):
    return out * (scores_dot - np.sum(scores_dot * out, axis=-1, keepdims=True))


# ---- products and tables ----


@pullback(
    functional.linear,
    shapes="(n,k) (m,k) (m,)",
    wrt=("x", "weight", "bias"),
    examples=lambda r: [at(r(2, 3), r(4, 3), r(4)), at(r(3), r(4, 3), r(4)), at(r(2, 5, 3), r(4, 3), r(4))],
)
def linear_bar(x, weight, bias=None, *, out_bar):
    if x.ndim == 1:
        return out_bar @ weight, out_bar[:, None] * x, out_bar
    g = out_bar if x.ndim == 2 else out_bar.reshape(-1, weight.shape[0])
    rows = x if x.ndim == 2 else x.reshape(-1, weight.shape[1])
    return out_bar @ weight, g.T @ rows, 0.0 if bias is None else g.sum(axis=0)


@pushforward(functional.linear)
def linear_dot(x, weight, bias=None, *, out, x_dot, weight_dot, bias_dot):
    out_dot = 0.0 if known(bias_dot) else np.broadcast_to(bias_dot, out.shape)
    if not known(x_dot):
        out_dot = out_dot + x_dot @ weight.T
    if not known(weight_dot):
        out_dot = out_dot + x @ weight_dot.T
    return out_dot


@pullback(
    functional.embedding,
    wrt=("weight",),
    examples=lambda r: [at(np.array([2, 0, 2, -1]), r(4, 3)), at(np.array([[0, 1], [1, 1]]), r(2, 3))],
)
def embedding_bar(indices, weight, padding_idx=None, *, out_bar):
    return functional.embedding_pullback(indices, weight, out_bar, padding_idx)


@pushforward(functional.embedding)
def embedding_dot(indices, weight, padding_idx=None, *, weight_dot):
    return without_padding(weight_dot[indices], indices, padding_idx)


@pullback(
    functional.embedding_pullback,
    wrt=("g",),
    examples=lambda r: [at(np.array([2, 0, 2]), r(4, 3), r(3, 3)), at(np.array([2, 0, 2]), r(4, 3), r(3, 3), 2)],
)
def embedding_pullback_bar(indices, weight, g, padding_idx=None, *, out_bar):
    return without_padding(out_bar[indices], indices, padding_idx)


linear(functional.embedding_pullback, in_="g")


def without_padding(rows, indices, padding_idx):
    """`rows`, zero where the index is the padding's."""
    if padding_idx is None:
        return rows
    return np.where((indices != padding_idx)[..., None], rows, 0.0)


# ---- convolutions: each is a derivative of sum(g * conv2d(x, weight)) ----


def convolutions(r):
    x = r(2, 4, 5, 6)
    plain = [at(x, r(6, 4, 3, 2), r(6)), at(x, r(6, 4, 3, 2), r(6), 2, 1), at(x, r(4, 1, 2, 3), r(4), groups=4)]
    return [*plain, at(x, r(6, 2, 3, 2), r(6), (2, 1), (0, 2), (1, 2), 2), at(x, r(3, 4, 2, 3), r(3), padding="same")]


@pullback(convolution.conv2d, wrt=("x", "weight", "bias"), examples=convolutions)
def conv2d_bar(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, out_bar):
    size, kernel = (x.shape[2], x.shape[3]), (weight.shape[2], weight.shape[3])
    x_bar = convolution.conv2d_input_pullback(weight, out_bar, size, stride, padding, dilation, groups)
    weight_bar = convolution.conv2d_weight_pullback(x, out_bar, kernel, stride, padding, dilation, groups)
    return x_bar, weight_bar, 0.0 if bias is None else out_bar.sum(axis=(0, 2, 3))


@pushforward(convolution.conv2d)
def conv2d_dot(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, *, out, x_dot, weight_dot, bias_dot):
    out_dot = 0.0 if known(bias_dot) else np.broadcast_to(bias_dot.reshape(-1, 1, 1), out.shape)
    if not known(x_dot):
        out_dot = out_dot + convolution.conv2d(x_dot, weight, None, stride, padding, dilation, groups)
    if not known(weight_dot):
        out_dot = out_dot + convolution.conv2d(x, weight_dot, None, stride, padding, dilation, groups)
    return out_dot


@pullback(
    convolution.conv2d_input_pullback,
    wrt=("weight", "g"),
    examples=lambda r: [
        at(r(6, 4, 3, 2), r(2, 6, 3, 5), (5, 6)),
        at(r(6, 2, 3, 2), r(2, 6, 2, 8), (5, 6), (2, 1), (0, 2), (1, 2), 2),
    ],
)
def conv2d_input_pullback_bar(weight, g, size, stride=1, padding=0, dilation=1, groups=1, *, out_bar):
    kernel = (weight.shape[2], weight.shape[3])
    weight_bar = convolution.conv2d_weight_pullback(out_bar, g, kernel, stride, padding, dilation, groups)
    return weight_bar, convolution.conv2d(out_bar, weight, None, stride, padding, dilation, groups)


@pushforward(convolution.conv2d_input_pullback)
def conv2d_input_pullback_dot(weight, g, size, stride=1, padding=0, dilation=1, groups=1, *, weight_dot, g_dot):
    x_dot: Any = 0.0
    if not known(weight_dot):
        x_dot = convolution.conv2d_input_pullback(weight_dot, g, size, stride, padding, dilation, groups)
    if not known(g_dot):
        x_dot = x_dot + convolution.conv2d_input_pullback(weight, g_dot, size, stride, padding, dilation, groups)
    return x_dot


@pullback(
    convolution.conv2d_weight_pullback,
    wrt=("x", "g"),
    examples=lambda r: [
        at(r(2, 4, 5, 6), r(2, 6, 3, 5), (3, 2)),
        at(r(2, 4, 5, 6), r(2, 6, 2, 8), (3, 2), (2, 1), (0, 2), (1, 2), 2),
    ],
)
def conv2d_weight_pullback_bar(x, g, kernel, stride=1, padding=0, dilation=1, groups=1, *, out_bar):
    size = (x.shape[2], x.shape[3])
    x_bar = convolution.conv2d_input_pullback(out_bar, g, size, stride, padding, dilation, groups)
    return x_bar, convolution.conv2d(x, out_bar, None, stride, padding, dilation, groups)


@pushforward(convolution.conv2d_weight_pullback)
def conv2d_weight_pullback_dot(x, g, kernel, stride=1, padding=0, dilation=1, groups=1, *, x_dot, g_dot):
    weight_dot: Any = 0.0
    if not known(x_dot):
        weight_dot = convolution.conv2d_weight_pullback(x_dot, g, kernel, stride, padding, dilation, groups)
    if not known(g_dot):
        weight_dot = weight_dot + convolution.conv2d_weight_pullback(
            x, g_dot, kernel, stride, padding, dilation, groups
        )
    return weight_dot


# ---- pooling ----


def max_poolings(r):
    x = r.distinct(1, 2, 5, 6)
    return [at(x, 2), at(x, (3, 2), (2, 1), (1, 0), 2), at(x, 2, padding=1, ceil_mode=True), at(x, 1)]


@pullback(pooling.max_pool2d, examples=max_poolings)
def max_pool2d_bar(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, *, out, out_bar):
    return pooling.max_pool2d_pullback(x, out, out_bar, kernel_size, stride, padding, dilation, ceil_mode)


@pushforward(pooling.max_pool2d)
def max_pool2d_dot(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, *, out, x_dot):
    return pooling.max_pool2d_pushforward(x, out, x_dot, kernel_size, stride, padding, dilation, ceil_mode)


def max_poolings_of_adjoints(r):
    x = r.distinct(1, 2, 5, 6)
    overlapping = pooling.max_pool2d(x, 3, 2)
    return [at(x, pooling.max_pool2d(x, 2), r(1, 2, 2, 3), 2), at(x, overlapping, r(1, 2, 2, 2), 3, 2)]


def max_poolings_of_tangents(r):
    x = r.distinct(1, 2, 5, 6)
    return [at(x, pooling.max_pool2d(x, 2), r(1, 2, 5, 6), 2), at(x, pooling.max_pool2d(x, 3, 2), r(1, 2, 5, 6), 3, 2)]


# which element is the largest does not change by a little
@pullback(pooling.max_pool2d_pullback, wrt=("g",), inert=("x", "largest"), examples=max_poolings_of_adjoints)
def max_pool2d_pullback_bar(
    x, largest, g, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, *, out_bar
):
    return pooling.max_pool2d_pushforward(x, largest, out_bar, kernel_size, stride, padding, dilation, ceil_mode)


@pullback(pooling.max_pool2d_pushforward, wrt=("v",), examples=max_poolings_of_tangents)
def max_pool2d_pushforward_bar(
    x, largest, v, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False, *, out_bar
):
    return pooling.max_pool2d_pullback(x, largest, out_bar, kernel_size, stride, padding, dilation, ceil_mode)


linear(pooling.max_pool2d_pullback, in_="g")
linear(pooling.max_pool2d_pushforward, in_="v")


@pullback(
    pooling.avg_pool2d,
    examples=lambda r: [at(r(1, 2, 5, 6), 2), at(r(1, 2, 5, 6), (3, 2), (2, 1), (1, 0), True, False)],
)
def avg_pool2d_bar(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, *, out_bar):
    size = (x.shape[2], x.shape[3])
    return pooling.avg_pool2d_pullback(out_bar, size, kernel_size, stride, padding, ceil_mode, count_include_pad)


@pullback(
    pooling.avg_pool2d_pullback,
    examples=lambda r: [at(r(1, 2, 2, 3), (5, 6), 2), at(r(1, 2, 3, 5), (5, 6), (3, 2), (2, 1), (1, 0), True, False)],
)
def avg_pool2d_pullback_bar(
    g, size, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True, *, out_bar
):
    return pooling.avg_pool2d(out_bar, kernel_size, stride, padding, ceil_mode, count_include_pad)


@pullback(pooling.adaptive_avg_pool2d, examples=lambda r: [at(r(1, 2, 5, 6), 1), at(r(1, 2, 5, 6), (3, 4))])
def adaptive_avg_pool2d_bar(x, output_size, *, out_bar):
    return pooling.adaptive_avg_pool2d_pullback(out_bar, (x.shape[2], x.shape[3]))


@pullback(pooling.adaptive_avg_pool2d_pullback, examples=lambda r: [at(r(1, 2, 3, 4), (5, 6))])
def adaptive_avg_pool2d_pullback_bar(g, size, *, out_bar):
    return pooling.adaptive_avg_pool2d(out_bar, (g.shape[2], g.shape[3]))


linear(pooling.avg_pool2d, pooling.adaptive_avg_pool2d, in_="x")
linear(pooling.avg_pool2d_pullback, pooling.adaptive_avg_pool2d_pullback, in_="g")


# ---- normalisation ----


@pullback(normalization.standardize, examples=lambda r: [at(r(2, 3, 4), 1e-5), at(r(1, 2, 5), 0.1)])
def standardize_bar(x, eps, *, out, out_bar):
    return normalization.standardize_pullback(x, out, out_bar, eps)


@pushforward(normalization.standardize, wrt=("x",))
def standardize_dot(x, eps, *, out, x_dot):
    return normalization.standardize_pullback(x, out, x_dot, eps)


def standardized(r):
    return [at(x, normalization.standardize(x, 0.1), r(*x.shape), 0.1) for x in (r(2, 3, 4), r(1, 2, 5))]


@pullback(normalization.standardize_pullback, wrt=("x", "y", "v"), examples=standardized)
def standardize_pullback_bar(x, y, v, eps, *, out, out_bar):
    centred = x - np.mean(x, axis=(0, 2), keepdims=True)
    variance = np.mean(centred * centred, axis=(0, 2), keepdims=True) + eps
    scale = 1.0 / np.sqrt(variance)
    along = np.mean(out_bar * y, axis=(0, 2), keepdims=True)
    across = np.mean(v * y, axis=(0, 2), keepdims=True)
    x_bar = -centred * np.mean(out_bar * out, axis=(0, 2), keepdims=True) / variance
    return x_bar, -scale * (out_bar * across + v * along), normalization.standardize_pullback(x, y, out_bar, eps)


@pushforward(normalization.standardize_pullback)
def standardize_pullback_dot(x, y, v, eps, *, out, x_dot, y_dot, v_dot):
    centred = x - np.mean(x, axis=(0, 2), keepdims=True)
    variance = np.mean(centred * centred, axis=(0, 2), keepdims=True) + eps
    out_dot: Any = 0.0
    if not known(v_dot):
        out_dot = normalization.standardize_pullback(x, y, v_dot, eps)
    if not known(x_dot):
        out_dot = out_dot - out * np.mean(centred * x_dot, axis=(0, 2), keepdims=True) / variance
    if not known(y_dot):
        across = np.mean(v * y, axis=(0, 2), keepdims=True)
        moved = y_dot * across + y * np.mean(v * y_dot, axis=(0, 2), keepdims=True)
        out_dot = out_dot - moved / np.sqrt(variance)
    return out_dot


# ---- losses ----


@elementwise(losses.bernoulli_cross_entropy, domain=((0.1, 0.9), (0, 1)))
def bernoulli_cross_entropy(prediction, target):
    positive = np.maximum(np.log(prediction), -100.0)
    negative = np.maximum(np.log1p(-prediction), -100.0)
    return losses.bernoulli_cross_entropy_partial(prediction, target), negative - positive


def labelled_rows(r):
    labels = np.array([2, 0, -100, 1])
    plain = [at(r(4, 3), np.array([2, 0, 2, 1]), 0.0, r.positive(3)), at(r(4, 3), labels, 0.0, r.positive(3))]
    return [*plain, at(r(4, 3), labels, 0.1, r.positive(3)), at(r(4, 3), np.array([2, 0, 2, 1]), 0.1, None, 2)]


@pullback(losses.sparse_cross_entropy, wrt=("logits", "weight"), examples=labelled_rows)
def sparse_cross_entropy_bar(logits, labels, smoothing=0.0, weight=None, ignore_index=-100, *, out_bar):
    partials = losses.sparse_cross_entropy_partials(logits, labels, smoothing, weight, ignore_index)
    if weight is None:
        return out_bar[:, None] * partials, 0.0
    shares = -out_bar[:, None] * activations.log_softmax(logits, axis=1)
    return out_bar[:, None] * partials, losses.label_sums(shares, labels, smoothing, ignore_index)


@pushforward(losses.sparse_cross_entropy)
def sparse_cross_entropy_dot(logits, labels, smoothing=0.0, weight=None, ignore_index=-100, *, logits_dot, weight_dot):
    out_dot = 0.0
    if not known(logits_dot):
        partials = losses.sparse_cross_entropy_partials(logits, labels, smoothing, weight, ignore_index)
        out_dot = np.sum(partials * logits_dot, axis=1)
    if not known(weight_dot):
        out_dot = out_dot + losses.sparse_cross_entropy(logits, labels, smoothing, weight_dot, ignore_index)
    return out_dot


@pullback(losses.sparse_cross_entropy_partials, wrt=("logits", "weight"), examples=labelled_rows)
def sparse_cross_entropy_partials_bar(logits, labels, smoothing=0.0, weight=None, ignore_index=-100, *, out_bar):
    logits_bar = losses.sparse_cross_entropy_curvature(logits, labels, out_bar, smoothing, weight, ignore_index)
    if weight is None:
        return logits_bar, 0.0
    mean = np.sum(out_bar * activations.softmax(logits, axis=1), axis=1)
    return logits_bar, losses.label_sums(mean[:, None] - out_bar, labels, smoothing, ignore_index)


@pushforward(losses.sparse_cross_entropy_partials)
def sparse_cross_entropy_partials_dot(
    logits, labels, smoothing=0.0, weight=None, ignore_index=-100, *, logits_dot, weight_dot
):
    tangent = 0.0
    if not known(logits_dot):
        tangent = losses.sparse_cross_entropy_curvature(logits, labels, logits_dot, smoothing, weight, ignore_index)
    if not known(weight_dot):
        tangent = tangent + losses.sparse_cross_entropy_partials(logits, labels, smoothing, weight_dot, ignore_index)
    return tangent


def labellings(r):
    log_probs = activations.log_softmax(r(6, 3, 4))
    lengths = np.array([6, 5, 6]), np.array([2, 3, 0])
    row = at(log_probs, np.array([1, 1, 3, 2, 3]), *lengths)
    return [at(log_probs, np.array([[1, 1, 9], [3, 2, 3], [0, 0, 0]]), *lengths), row]


@pullback(ctc.ctc_losses, wrt=("log_probs",), examples=labellings)
def ctc_losses_bar(log_probs, labels, input_lengths, label_lengths, blank=0, zero_infinity=False, *, out_bar):
    partials = ctc.ctc_partials(log_probs, labels, input_lengths, label_lengths, blank, zero_infinity)
    return out_bar[:, None] * partials


@pushforward(ctc.ctc_losses, wrt=("log_probs",))
def ctc_losses_dot(log_probs, labels, input_lengths, label_lengths, blank=0, zero_infinity=False, *, log_probs_dot):
    partials = ctc.ctc_partials(log_probs, labels, input_lengths, label_lengths, blank, zero_infinity)
    return np.sum(partials * log_probs_dot, axis=(0, 2))


@pullback(ctc.ctc_partials, wrt=("log_probs",), examples=labellings)
def ctc_partials_bar(log_probs, labels, input_lengths, label_lengths, blank=0, zero_infinity=False, *, out_bar):
    return ctc.ctc_curvature(log_probs, labels, input_lengths, label_lengths, out_bar, blank, zero_infinity)


@pushforward(ctc.ctc_partials, wrt=("log_probs",))
def ctc_partials_dot(log_probs, labels, input_lengths, label_lengths, blank=0, zero_infinity=False, *, log_probs_dot):
    return ctc.ctc_curvature(log_probs, labels, input_lengths, label_lengths, log_probs_dot, blank, zero_infinity)
