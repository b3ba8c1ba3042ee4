"""Compiled by Numba, the functions of the runtime have the values and the types they have in plain NumPy."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np
import pytest
from srcad_runtime import activations, attention, convolution, ctc, functional, losses, nopython, normalization, pooling

R = np.random.default_rng(3)
IMAGES = np.round(3.0 * R.normal(size=(2, 4, 7, 6)), 1)
KERNELS = R.normal(size=(6, 2, 3, 2))
POOLED = pooling.max_pool2d(IMAGES, (3, 2), 2, 1)
EDGES = np.array([[0.0, 20.5, -20.5, 1000.0, -1000.0, np.nan], [0.5, -0.5, 2.0, -2.0, 4.0, -4.0]])
LABELS = np.array([2, 0, -100, 1])
LOGITS, V = R.normal(size=(2, 4, 3))
WEIGHT = R.uniform(0.5, 2.0, size=3)
SPEECH = (activations.log_softmax(R.normal(size=(6, 3, 4))), np.array([[1, 1, 2], [3, 2, 3], [1, 1, 1]]))
LENGTHS = (np.array([6, 5, 3]), np.array([2, 3, 3]))

CASES: dict[str, tuple[Callable[..., Any], tuple[Any, ...]]] = {
    "erf": (lambda x: activations.erf(x), (EDGES,)),
    "relu": (lambda x: functional.relu(x), (EDGES,)),
    "leaky_relu": (lambda x: functional.leaky_relu(x, negative_slope=0.2), (EDGES,)),
    "elu": (lambda x: functional.elu(x), (EDGES,)),
    "gelu": (lambda x: functional.gelu(x), (EDGES,)),
    "gelu_tanh": (lambda x: functional.gelu(x, "tanh"), (EDGES,)),
    "gelu_partial": (lambda x: activations.gelu_partial(x), (EDGES,)),
    "gelu_tanh_partial": (lambda x: activations.gelu_partial(x, approximate="tanh"), (EDGES,)),
    "sigmoid": (lambda x: functional.sigmoid(x), (EDGES,)),
    "silu": (lambda x: functional.silu(x), (EDGES,)),
    "softplus": (lambda x: functional.softplus(x, 2.0), (EDGES,)),
    "softmax": (lambda x: functional.softmax(x, 1), (IMAGES,)),
    "log_softmax": (lambda x: functional.log_softmax(x), (300.0 * IMAGES,)),
    "masked_softmax": (lambda x, m: attention.masked_softmax(x, m), (IMAGES, np.tri(7, 6, -1) > 0)),
    "standardize": (lambda x: normalization.standardize(x, 1e-5), (IMAGES[0],)),
    "standardize_pullback": (
        lambda x, v: normalization.standardize_pullback(x, normalization.standardize(x, 1e-5), v, 1e-5),
        (IMAGES[0], IMAGES[1]),
    ),
    "linear": (lambda x, w, b: functional.linear(x, w, b), (IMAGES, R.normal(size=(3, 6)), WEIGHT)),
    "embedding": (lambda i, w: functional.embedding(i, w), (np.array([[1, 2], [-1, 0]]), R.normal(size=(4, 3)))),
    "embedding_pullback": (
        lambda i, w, g: functional.embedding_pullback(i, w, g, 2),
        (np.array([1, 2, 1, -1]), R.normal(size=(4, 3)), LOGITS),
    ),
    "conv2d": (
        lambda x, w, b: functional.conv2d(x, w, b, (2, 1), (0, 2), (1, 2), 2),
        (IMAGES, KERNELS, R.normal(size=6)),
    ),
    "conv2d_plain": (lambda x, w: functional.conv2d(x, w, padding=1), (IMAGES, R.normal(size=(3, 4, 3, 3)))),
    "conv2d_same": (lambda x, w: functional.conv2d(x, w, None, 1, "same", 1, 2), (IMAGES, KERNELS)),
    "conv2d_input": (
        lambda w, g: convolution.conv2d_input_pullback(w, g, (7, 6), 2, 1, 1, 2),
        (KERNELS, R.normal(size=(2, 6, 4, 4))),
    ),
    "conv2d_weight": (
        lambda x, g: convolution.conv2d_weight_pullback(x, g, (3, 2), 2, 1, 1, 2),
        (IMAGES, R.normal(size=(2, 6, 4, 4))),
    ),
    "conv1d": (lambda x, w: functional.conv1d(x, w, None, 2, 1, 1, 2), (IMAGES[:, :, 0], KERNELS[:, :, 0])),
    "conv_transpose2d": (
        lambda x, w, b: functional.conv_transpose2d(x, w, b, 2, 1),
        (IMAGES, R.normal(size=(4, 3, 3, 2)), WEIGHT),
    ),
    "max_pool2d": (lambda x: functional.max_pool2d(x, (3, 2), 2, 1), (IMAGES,)),
    "max_pool2d_default": (lambda x: functional.max_pool2d(x, 2, ceil_mode=True), (IMAGES,)),
    "max_pool2d_pullback": (
        lambda x, y, g: pooling.max_pool2d_pullback(x, y, g, (3, 2), 2, 1),
        (IMAGES, POOLED, R.normal(size=POOLED.shape)),
    ),
    "max_pool2d_pushforward": (
        lambda x, y, v: pooling.max_pool2d_pushforward(x, y, v, (3, 2), 2, 1),
        (IMAGES, POOLED, R.normal(size=IMAGES.shape)),
    ),
    "avg_pool2d": (lambda x: functional.avg_pool2d(x, (3, 2), 2, 1, True, False), (IMAGES,)),
    "avg_pool2d_pullback": (
        lambda g: pooling.avg_pool2d_pullback(g, (7, 6), 2),
        (R.normal(size=(2, 4, 3, 3)),),
    ),
    "adaptive_avg_pool2d": (lambda x: functional.adaptive_avg_pool2d(x, (3, 4)), (IMAGES,)),
    "adaptive_avg_pool2d_pullback": (
        lambda g: pooling.adaptive_avg_pool2d_pullback(g, (7, 6)),
        (R.normal(size=(2, 4, 3, 4)),),
    ),
    "bernoulli": (
        lambda p, t: losses.bernoulli_cross_entropy(p, t),
        (np.array([0.0, 1.0, 0.3]), np.array([1.0, 0.2, 0.4])),
    ),
    "bernoulli_partial": (
        lambda p, t: losses.bernoulli_cross_entropy_partial(p, t),
        (np.array([0.2, 0.3]), np.ones(2)),
    ),
    "sparse": (lambda z, y: losses.sparse_cross_entropy(z, y), (LOGITS, LABELS)),
    "sparse_weighted": (lambda z, y, w: losses.sparse_cross_entropy(z, y, 0.1, w), (LOGITS, LABELS, WEIGHT)),
    "sparse_partials": (lambda z, y: losses.sparse_cross_entropy_partials(z, y), (LOGITS, LABELS)),
    "sparse_partials_weighted": (
        lambda z, y, w: losses.sparse_cross_entropy_partials(z, y, 0.1, w),
        (LOGITS, LABELS, WEIGHT),
    ),
    "sparse_curvature": (
        lambda z, y, v, w: losses.sparse_cross_entropy_curvature(z, y, v, 0.1, w),
        (LOGITS, LABELS, V, WEIGHT),
    ),
    "label_sums": (lambda h, y: losses.label_sums(h, y, 0.1, -100), (LOGITS, LABELS)),
    "ctc_losses": (lambda p, y, s, n: ctc.ctc_losses(p, y, s, n), (*SPEECH, *LENGTHS)),
    "ctc_losses_row": (
        lambda p, y, s, n: ctc.ctc_losses(p, y, s, n, 0, True),
        (SPEECH[0], np.array([1, 1, 3, 2, 3, 1, 1, 1]), *LENGTHS),
    ),
    "ctc_partials": (lambda p, y, s, n: ctc.ctc_partials(p, y, s, n, 0, True), (*SPEECH, *LENGTHS)),
}


def single(args: tuple[Any, ...]) -> tuple[Any, ...]:
    return tuple(a.astype(np.float32) if a.dtype == np.float64 else a for a in args)


@pytest.mark.slow
@pytest.mark.parametrize("name", CASES)
def test_compiled(name: str) -> None:
    function, args = CASES[name]
    compiled = numba.njit(function)
    with np.errstate(all="ignore"):
        np.testing.assert_allclose(compiled(*args), function(*args), rtol=1e-12, atol=1e-13)
        out = compiled(*single(args))
        expected = function(*single(args))
    assert out.dtype == expected.dtype == np.float32
    np.testing.assert_allclose(out, expected, rtol=2e-5, atol=2e-5)


def test_compiled_code_finds_them() -> None:
    assert nopython.__all__
    double = numba.njit(lambda x: functional.relu(x) + functional.sigmoid(x))
    assert double(2.0) == 2.0 + functional.sigmoid(2.0)


@pytest.mark.slow
def test_errors_are_those_of_numpy() -> None:
    conv = numba.njit(lambda x, w: functional.conv2d(x, w))
    with pytest.raises(ValueError):
        conv(np.ones((1, 3, 5, 5)), np.ones((2, 4, 3, 3)))
    sparse = numba.njit(lambda z, y: losses.sparse_cross_entropy(z, y))
    with pytest.raises(IndexError):
        sparse(np.zeros((1, 3)), np.array([3]))


@pytest.mark.parametrize("kind", [np.int64, np.bool_, np.float32])
def test_linear_of_mixed_types_is_numpys(kind: Any) -> None:
    rng = np.random.default_rng(0)
    x, weight, bias = (10.0 * rng.normal(size=(2, 4, 3))).astype(kind), rng.normal(size=(5, 3)), rng.normal(size=5)
    compiled = numba.njit(lambda x, weight, bias: functional.linear(x, weight, bias))
    for args in ((x, weight, bias), (x, weight.astype(np.float32), bias), (x, weight, None)):
        found, expected = compiled(*args), functional.linear(*args)
        assert found.dtype == expected.dtype
        single = np.float32 in (args[0].dtype, args[1].dtype)  # NumPy multiplies in float32 what is to be float64
        np.testing.assert_allclose(found, expected, rtol=1e-6 if single else 1e-13)
