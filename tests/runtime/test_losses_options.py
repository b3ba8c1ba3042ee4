"""Losses with options drawn at random have torch's values and gradients; at +-1000 too, where all must be finite."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from srcad_runtime import functional as F
from srcad_runtime import losses

import srcad
from tests.runtime.test_functional_options import one_of
from tests.runtime.torch_values import agree, tensor, torch

T = pytest.importorskip("torch.nn.functional")
Rng = np.random.Generator
Drawn = tuple[Callable[..., Any], Callable[..., Any], list[np.ndarray]]
SHAPE = (4, 5)


def scaled(rng: Rng, *shape: int) -> np.ndarray:
    """Numbers of ordinary size, or as large as +-1000."""
    x = rng.normal(size=shape or SHAPE)
    return one_of(rng, x, np.clip(1e3 * x, -1e3, 1e3), 1e3 * np.sign(x))


def reduction_of(rng: Rng) -> str:
    return one_of(rng, "mean", "sum", "none")


def weight_of(rng: Rng, *shape: int) -> Any:
    return one_of(rng, None, rng.uniform(0.5, 2.0, shape or SHAPE))


def _weighted(rng: Rng, mine: Any, theirs: Any, prediction: Any, target: Any) -> Drawn:
    weight, reduction = weight_of(rng), reduction_of(rng)
    return (
        lambda p: mine(p, target, weight=weight, reduction=reduction),
        lambda p: theirs(p, tensor(target), weight=tensor(weight), reduction=reduction),
        [prediction],
    )


def mse(rng: Rng) -> Drawn:
    return _weighted(rng, losses.mse, T.mse_loss, scaled(rng), rng.normal(size=SHAPE))


def mae(rng: Rng) -> Drawn:
    return _weighted(rng, losses.mae, T.l1_loss, scaled(rng), rng.normal(size=SHAPE))


def huber(rng: Rng) -> Drawn:
    delta = float(rng.uniform(0.2, 2.0))
    return _weighted(
        rng,
        lambda p, t, **k: losses.huber(p, t, delta, **k),
        lambda p, t, **k: T.huber_loss(p, t, delta=delta, **k),
        scaled(rng),
        rng.normal(size=SHAPE),
    )


def log_cosh(rng: Rng) -> Drawn:
    """Of which torch has no stable form: log(cosh(e)) = |e| + log1p(exp(-2 |e|)) - log(2)."""
    reduction, target = reduction_of(rng), rng.normal(size=SHAPE)

    def theirs(p: Any) -> Any:
        far = (p - tensor(target)).abs()
        each = far + torch.log1p(torch.exp(-2.0 * far)) - np.log(2.0)
        return each if reduction == "none" else getattr(each, reduction)()

    return (lambda p: losses.log_cosh(p, target, reduction=reduction)), theirs, [scaled(rng)]


def binary_cross_entropy(rng: Rng) -> Drawn:
    target = one_of(rng, rng.uniform(size=SHAPE), (rng.random(SHAPE) < 0.5).astype(float))
    return _weighted(
        rng,
        losses.binary_cross_entropy,
        T.binary_cross_entropy,
        rng.uniform(0.01, 0.99, SHAPE),
        target,
    )


def binary_cross_entropy_with_logits(rng: Rng) -> Drawn:
    target = one_of(rng, rng.uniform(size=SHAPE), (rng.random(SHAPE) < 0.5).astype(float))
    mine, theirs = losses.binary_cross_entropy_with_logits, T.binary_cross_entropy_with_logits
    return _weighted(rng, mine, theirs, scaled(rng), target)


def labels(rng: Rng) -> Drawn:
    smoothing, weight, reduction = one_of(rng, 0.0, 0.1), weight_of(rng, 5), reduction_of(rng)
    inner = one_of(rng, (), (3,))
    target = rng.integers(0, 5, (4, *inner))
    if rng.random() < 0.5:
        target[0] = -100
    return (
        lambda z: losses.cross_entropy(z, target, smoothing, weight, reduction),
        lambda z: T.cross_entropy(
            z, tensor(target), weight=tensor(weight), reduction=reduction, label_smoothing=smoothing
        ),
        [scaled(rng, 4, 5, *inner)],
    )


def probabilities(rng: Rng) -> Drawn:
    smoothing, weight, reduction = one_of(rng, 0.0, 0.1), weight_of(rng, 5), reduction_of(rng)
    target = F.softmax(rng.normal(size=SHAPE))
    return (
        lambda z: losses.cross_entropy(z, target, smoothing, weight, reduction),
        lambda z: T.cross_entropy(
            z, tensor(target), weight=tensor(weight), reduction=reduction, label_smoothing=smoothing
        ),
        [scaled(rng)],
    )


def kl_divergence(rng: Rng) -> Drawn:
    reduction, target = one_of(rng, "sum", "none", "batchmean"), F.softmax(rng.normal(size=SHAPE))
    return (
        lambda z: losses.kl_divergence(F.log_softmax(z), target, None, reduction),
        lambda z: T.kl_div(T.log_softmax(z, -1), tensor(target), reduction=reduction),
        [scaled(rng)],
    )


def hinge(rng: Rng) -> Drawn:
    reduction, target = reduction_of(rng), np.sign(rng.normal(size=SHAPE))

    def theirs(p: Any) -> Any:
        each = torch.clamp(1.0 - p * tensor(target), min=0.0)
        return each if reduction == "none" else getattr(each, reduction)()

    return (lambda p: losses.hinge(p, target, reduction=reduction)), theirs, [scaled(rng)]


def cosine_embedding(rng: Rng) -> Drawn:
    margin, reduction, sign = one_of(rng, 0.0, 0.3), reduction_of(rng), np.array([1, -1, -1, 1])
    return (
        lambda a, b: losses.cosine_embedding(a, b, sign, margin, None, reduction),
        lambda a, b: T.cosine_embedding_loss(a, b, tensor(sign), margin, reduction=reduction),
        [scaled(rng), scaled(rng)],
    )


def triplet_margin(rng: Rng) -> Drawn:
    margin, p, swap, reduction = one_of(rng, 0.5, 1.0), one_of(rng, 1.0, 2.0, 3.0), one_of(rng, 0, 1), reduction_of(rng)
    return (
        lambda a, b, c: losses.triplet_margin(a, b, c, margin, p, None, reduction, swap=bool(swap)),
        lambda a, b, c: T.triplet_margin_loss(a, b, c, margin, p, swap=bool(swap), reduction=reduction),
        [scaled(rng), scaled(rng), scaled(rng)],
    )


def ctc(rng: Rng) -> Drawn:
    spoken = rng.integers(1, 4, (2, 3))
    steps, counts = np.array([8, 7]), np.array([3, int(rng.integers(1, 4))])
    reduction = reduction_of(rng)
    z = rng.normal(size=(8, 2, 4)) * one_of(rng, 1.0, 50.0)
    return (
        lambda z: losses.ctc(F.log_softmax(z), spoken, steps, counts, 0, None, reduction),
        lambda z: T.ctc_loss(T.log_softmax(z, -1), tensor(spoken), tuple(steps), tuple(counts), reduction=reduction),
        [z],
    )


DRAWS = {
    draw.__name__: draw
    for draw in (
        mse,
        mae,
        huber,
        log_cosh,
        binary_cross_entropy,
        binary_cross_entropy_with_logits,
        labels,
        probabilities,
        kl_divergence,
        hinge,
        cosine_embedding,
        triplet_margin,
        ctc,
    )
}


def compare(drawn: Drawn) -> None:
    ours, theirs, arrays = drawn
    inputs = [tensor(a, grad=True) for a in arrays]
    expected = theirs(*inputs)
    value, pull = srcad.vjp(ours, *arrays, backend="numpy")
    agree(value, expected)
    assert np.isfinite(value).all()
    weights = np.random.default_rng(7).normal(size=tuple(expected.shape))
    (expected * tensor(weights)).sum().backward()
    for mine, x in zip(pull(weights if weights.shape else float(weights)), inputs):
        assert np.isfinite(mine).all()
        agree(mine, x.grad)


@pytest.mark.filterwarnings("ignore:reduction")
@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("name", DRAWS)
def test_options(name: str, seed: int) -> None:
    compare(DRAWS[name](np.random.default_rng((seed, len(name)))))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore:reduction")
@pytest.mark.parametrize("name", DRAWS)
def test_many_options(name: str) -> None:
    for seed in range(100, 200):
        compare(DRAWS[name](np.random.default_rng((seed, len(name)))))
