"""Layers with options drawn at random have torch's values and gradients to 1e-10 in float64.

A handful of draws for every function in each run, two hundred behind `-m slow`. srcad's gradients are those of the
NumPy text; test_functional_gradients compiles a spread.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from srcad_runtime import functional as F

import srcad
from tests.runtime.torch_values import agree, tensor, torch

T = pytest.importorskip("torch.nn.functional")
Rng = np.random.Generator
Options = dict[str, Any]
Drawn = tuple[Callable[..., Any], Callable[..., Any], list[np.ndarray]]  # ours, torch's, what both are given


def one_of(rng: Rng, *values: Any) -> Any:
    return values[rng.integers(len(values))]


def size(rng: Rng, low: int, high: int) -> Any:
    """A number, or a pair of them."""
    pair = tuple(int(n) for n in rng.integers(low, high, 2))
    return one_of(rng, pair[0], pair)


def conv2d(rng: Rng) -> Drawn:
    groups, dilation = one_of(rng, 1, 1, 2, 4), size(rng, 1, 3)
    padding = one_of(rng, size(rng, 0, 3), "same", "valid")
    stride = 1 if padding == "same" else size(rng, 1, 4)
    x = rng.normal(size=(2, 4, 7, 8))
    weight = rng.normal(size=(4 * int(rng.integers(1, 3)), 4 // groups, *rng.integers(1, 4, 2)))
    rest = (stride, padding, dilation, groups)
    return _affine(rng, weight.shape[0], F.conv2d, T.conv2d, x, weight, rest)


def conv1d(rng: Rng) -> Drawn:
    groups, dilation = one_of(rng, 1, 3), int(rng.integers(1, 3))
    padding = one_of(rng, int(rng.integers(0, 3)), "same", "valid")
    stride = 1 if padding == "same" else int(rng.integers(1, 4))
    weight = rng.normal(size=(6, 3 // groups, int(rng.integers(1, 4))))
    rest = (stride, padding, dilation, groups)
    return _affine(rng, 6, F.conv1d, T.conv1d, rng.normal(size=(2, 3, 9)), weight, rest)


def conv_transpose2d(rng: Rng) -> Drawn:
    groups = one_of(rng, 1, 2)
    stride, padding, dilation = size(rng, 2, 4), size(rng, 0, 2), size(rng, 1, 3)
    extra = one_of(rng, 0, 1, (0, 1))
    weight = rng.normal(size=(4, int(rng.integers(1, 4)), *rng.integers(2, 4, 2)))
    outputs = weight.shape[1] * groups
    x = rng.normal(size=(2, 4, 4, 5))

    def theirs(x: Any, w: Any, b: Any = None) -> Any:  # torch has the options in another order
        return T.conv_transpose2d(x, w, b, stride, padding, extra, groups, dilation)

    given = [x, weight]
    if rng.random() < 0.5:
        given.append(rng.normal(size=outputs))
        return (lambda x, w, b: F.conv_transpose2d(x, w, b, stride, padding, dilation, groups, extra)), theirs, given
    return (lambda x, w: F.conv_transpose2d(x, w, None, stride, padding, dilation, groups, extra)), theirs, given


def _affine(rng: Rng, outputs: int, mine: Any, theirs: Any, x: Any, weight: Any, rest: tuple[Any, ...]) -> Drawn:
    if rng.random() < 0.5:
        bias = rng.normal(size=outputs)
        return (lambda x, w, b: mine(x, w, b, *rest)), (lambda x, w, b: theirs(x, w, b, *rest)), [x, weight, bias]
    return (lambda x, w: mine(x, w, None, *rest)), (lambda x, w: theirs(x, w, None, *rest)), [x, weight]


def max_pool2d(rng: Rng) -> Drawn:
    kernel = (int(rng.integers(2, 4)), int(rng.integers(2, 4)))
    stride, padding = one_of(rng, None, size(rng, 1, 4)), size(rng, 0, 2)
    dilation, ceil = size(rng, 1, 3), one_of(rng, False, True)
    x = one_of(
        rng, rng.normal(size=(2, 3, 8, 7)), rng.integers(0, 4, (2, 3, 8, 7)).astype(float)
    )  # the second has ties
    return (
        lambda x: F.max_pool2d(x, kernel, stride, padding, dilation, ceil),
        lambda x: T.max_pool2d(x, kernel, stride, padding, dilation, ceil),
        [x],
    )


def avg_pool2d(rng: Rng) -> Drawn:
    kernel, stride, padding = size(rng, 2, 4), one_of(rng, None, size(rng, 1, 4)), size(rng, 0, 2)
    ceil, include = one_of(rng, False, True), one_of(rng, False, True)
    return (
        lambda x: F.avg_pool2d(x, kernel, stride, padding, ceil, include),
        lambda x: T.avg_pool2d(x, kernel, stride, padding, ceil, include),
        [rng.normal(size=(2, 3, 8, 7))],
    )


def adaptive_avg_pool2d(rng: Rng) -> Drawn:
    tiles = size(rng, 1, 7)
    x = rng.normal(size=(2, 3, 6, 7))
    return (lambda x: F.adaptive_avg_pool2d(x, tiles)), (lambda x: T.adaptive_avg_pool2d(x, tiles)), [x]


def layer_norm(rng: Rng) -> Drawn:
    shape, eps = one_of(rng, (5,), (4, 5), (3, 4, 5)), one_of(rng, 1e-5, 0.1)
    x, own = rng.normal(size=(2, 3, 4, 5)), rng.normal(size=(2, *shape))
    if rng.random() < 0.3:
        return (lambda x: F.layer_norm(x, shape, eps=eps)), (lambda x: T.layer_norm(x, shape, eps=eps)), [x]
    return (
        lambda x, w, b: F.layer_norm(x, shape, w, b, eps),
        lambda x, w, b: T.layer_norm(x, shape, w, b, eps),
        [x, *own],
    )


def group_norm(rng: Rng) -> Drawn:
    groups, eps = one_of(rng, 1, 2, 3, 6), one_of(rng, 1e-5, 0.1)
    x = rng.normal(size=(2, 6, *one_of(rng, (3,), (2, 3), (2, 1, 3))))
    return (
        lambda x, w, b: F.group_norm(x, groups, w, b, eps),
        lambda x, w, b: T.group_norm(x, groups, w, b, eps),
        [x, *rng.normal(size=(2, 6))],
    )


def batch_norm(rng: Rng) -> Drawn:
    training, eps = one_of(rng, False, True), one_of(rng, 1e-5, 0.1)
    mean, variance = rng.normal(size=3), rng.uniform(0.5, 2.0, 3)
    x = rng.normal(size=(4, 3, *one_of(rng, (), (5,), (2, 3))))
    return (
        lambda x, w, b: F.batch_norm(x, mean, variance, w, b, training, eps=eps),
        lambda x, w, b: T.batch_norm(x, tensor(mean), tensor(variance), w, b, training, eps=eps),
        [x, *rng.normal(size=(2, 3))],
    )


def attention(rng: Rng) -> Drawn:
    queries, keys = (5, 5) if rng.random() < 0.5 else (3, 6)
    heads = one_of(rng, (), (2,), (2, 3))
    q = rng.normal(size=(*heads, queries, 4))
    k, v = rng.normal(size=(*heads, keys, 4)), rng.normal(size=(*heads, keys, 3))
    causal = bool(rng.random() < 0.3)
    allowed = rng.random((queries, keys)) < 0.7
    allowed[:, 0] = True  # a row that may see nothing is zero here and nan in some releases of torch
    mask = None if causal else one_of(rng, None, allowed, rng.normal(size=(queries, keys)))
    return (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, mask, causal),
        lambda q, k, v: T.scaled_dot_product_attention(q, k, v, tensor(mask), is_causal=causal),
        [q, k, v],
    )


def linear(rng: Rng) -> Drawn:
    x = rng.normal(size=(*one_of(rng, (), (3,), (2, 3)), 4))
    return F.linear, T.linear, [x, rng.normal(size=(5, 4)), rng.normal(size=5)]


def embedding(rng: Rng) -> Drawn:
    indices, skipped = rng.integers(0, 5, size=(2, 7)), one_of(rng, None, 2)
    return (
        lambda w: F.embedding(indices, w, skipped),
        lambda w: T.embedding(tensor(indices), w, skipped),
        [rng.normal(size=(5, 3))],
    )


def activation(rng: Rng) -> Drawn:
    slope, alpha, beta = rng.uniform(0.1, 2.0, 3)
    axis, bound, kind = one_of(rng, 0, 1, -1), one_of(rng, 2.0, 20.0), one_of(rng, "none", "tanh")
    pairs = [
        (F.relu, T.relu),
        (lambda x: F.leaky_relu(x, slope), lambda x: T.leaky_relu(x, slope)),
        (lambda x: F.elu(x, alpha), lambda x: T.elu(x, alpha)),
        (lambda x: F.gelu(x, kind), lambda x: T.gelu(x, approximate=kind)),
        (F.silu, T.silu),
        (F.sigmoid, torch.sigmoid),
        (lambda x: F.softplus(x, beta, bound), lambda x: T.softplus(x, beta, bound)),
        (lambda x: F.softmax(x, axis), lambda x: T.softmax(x, axis)),
        (lambda x: F.log_softmax(x, axis), lambda x: T.log_softmax(x, axis)),
    ]
    mine, theirs = pairs[rng.integers(len(pairs))]
    return mine, theirs, [one_of(rng, 1.0, 10.0, 1000.0) * rng.normal(size=(4, 5))]


DRAWS: dict[str, Callable[[Rng], Drawn]] = {
    draw.__name__: draw
    for draw in (
        conv1d,
        conv2d,
        conv_transpose2d,
        max_pool2d,
        avg_pool2d,
        adaptive_avg_pool2d,
        layer_norm,
        group_norm,
        batch_norm,
        attention,
        linear,
        embedding,
        activation,
    )
}


def compare(drawn: Drawn, backend: str) -> None:
    """Value, and the gradient of the sum of the output times a random array."""
    ours, theirs, arrays = drawn
    inputs = [tensor(a, grad=True) for a in arrays]
    expected = theirs(*inputs)
    agree(ours(*[a.copy() for a in arrays]), expected)
    weights = np.random.default_rng(7).normal(size=tuple(expected.shape))
    (expected * tensor(weights)).sum().backward()
    value, pull = srcad.vjp(ours, *arrays, backend=backend)
    agree(value, expected)
    for mine, x in zip(pull(weights), inputs):
        agree(mine, x.grad)


def draw(name: str, seed: int) -> Drawn:
    """Options for which torch has an answer."""
    rng = np.random.default_rng((seed, len(name)))
    while True:
        drawn = DRAWS[name](rng)
        try:
            drawn[1](*map(tensor, drawn[2]))
            return drawn
        except RuntimeError:  # such as a kernel that is larger than the image
            continue


@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", DRAWS)
def test_options(name: str, seed: int) -> None:
    compare(draw(name, seed), "numpy")


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:Using padding='same'")
@pytest.mark.parametrize("name", DRAWS)
def test_many_options(name: str) -> None:
    for seed in range(100, 300):
        compare(draw(name, seed), "numpy")


def test_every_function_of_the_contract_is_drawn() -> None:
    here = inspect.getsource(inspect.getmodule(draw))
    assert not [name for name in F.__all__ if f"F.{name}" not in here and name not in ELSEWHERE]


ELSEWHERE = ("dropout", "one_hot", "embedding_pullback")  # random, no layer, an adjoint
