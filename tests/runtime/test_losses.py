"""srcad_runtime.losses has torch's values, weights, reductions and limits."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from srcad_runtime import ctc, losses
from srcad_runtime.functional import log_softmax, softmax

from tests.runtime.torch_values import agree, tensor, tensors, torch

F = pytest.importorskip("torch.nn.functional")
REDUCTIONS = ["mean", "sum", "none"]
CASES = list(itertools.product(REDUCTIONS, [False, True]))


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(1)


# ---- one number per element ----

PAIRS: dict[str, tuple[Callable[..., Any], Callable[..., Any]]] = {
    "mse": (losses.mse, F.mse_loss),
    "mae": (losses.mae, F.l1_loss),
    "huber": (lambda *a, **k: losses.huber(*a, delta=0.7, **k), lambda *a, **k: F.huber_loss(*a, delta=0.7, **k)),
    "bce_logits": (losses.binary_cross_entropy_with_logits, F.binary_cross_entropy_with_logits),
    "bce": (
        lambda p, t, **k: losses.binary_cross_entropy(probability(p), t, **k),
        lambda p, t, **k: F.binary_cross_entropy(tensor(probability(p.numpy())), t, **k),
    ),
}


def probability(x: np.ndarray) -> np.ndarray:
    """Between 0 and 1, both included."""
    return np.clip(0.5 + 0.25 * x, 0.0, 1.0)


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize(("reduction", "weighted"), CASES)
def test_elementwise_loss(name: str, reduction: str, weighted: bool, rng) -> None:
    prediction, target = 3.0 * rng.normal(size=(6, 5)), rng.uniform(size=(6, 5))
    prediction[0, :2] = 1000.0, -1000.0
    weight = rng.uniform(0.5, 2.0, size=(6, 5)) if weighted else None
    mine, theirs = PAIRS[name]
    expected = theirs(*tensors(prediction, target), weight=tensor(weight), reduction=reduction)
    agree(mine(prediction, target, weight=weight, reduction=reduction), expected)


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_pos_weight(reduction: str, rng) -> None:
    prediction, target, factor = rng.normal(size=(6, 5)), rng.uniform(size=(6, 5)), rng.uniform(1.0, 3.0, size=5)
    mine = losses.binary_cross_entropy_with_logits(prediction, target, None, reduction, factor)
    x, t, f = tensors(prediction, target, factor)
    agree(mine, F.binary_cross_entropy_with_logits(x, t, reduction=reduction, pos_weight=f))


def test_bernoulli_partial(rng) -> None:
    x, t = tensor(np.array([0.0, 1.0, 0.3, 0.9]), grad=True), tensor(np.array([1.0, 0.0, 0.2, 1.0]))
    F.binary_cross_entropy(x, t, reduction="sum").backward()
    mine = losses.bernoulli_cross_entropy_partial(x.detach().numpy(), t.numpy())
    agree(mine, x.grad, 1e-8)  # torch bounds the denominator by 1e-12 in single precision


def test_log_cosh(rng) -> None:
    error = rng.normal(size=7)
    agree(losses.log_cosh(error, 0.0 * error, reduction="none"), np.log(np.cosh(error)))
    big = losses.log_cosh(np.array([1000.0, -1000.0]), np.zeros(2), reduction="none")
    agree(big, np.full(2, 1000.0 - np.log(2.0)))


def test_hinge(rng) -> None:
    prediction, target = rng.normal(size=(2, 6)), np.sign(rng.normal(size=(2, 6)))
    expected = np.maximum(0.0, 1.0 - prediction * target)
    agree(losses.hinge(prediction, target), expected.mean())
    weight = rng.uniform(size=(2, 6))
    agree(losses.hinge(prediction, target, 1.0, weight, "sum"), (expected * weight).sum())


# ---- classes ----


@pytest.mark.parametrize(("reduction", "weighted"), CASES)
@pytest.mark.parametrize("smoothing", [0.0, 0.1])
@pytest.mark.parametrize("inner", [(), (2, 4)])
def test_cross_entropy(reduction: str, weighted: bool, smoothing: float, inner: tuple, rng) -> None:
    logits = 2.0 * rng.normal(size=(6, 5, *inner))
    logits[0] *= 500.0
    weight = rng.uniform(0.5, 2.0, size=5) if weighted else None
    labels = rng.integers(0, 5, size=(6, *inner))
    labels[2] = -100
    options = {"weight": tensor(weight), "reduction": reduction, "label_smoothing": smoothing}
    for target in (labels, softmax(rng.normal(size=logits.shape), 1)):
        mine = losses.cross_entropy(logits, target, smoothing, weight, reduction)
        agree(mine, F.cross_entropy(*tensors(logits, target), **options))


def test_cross_entropy_of_one_sample(rng) -> None:
    logits = rng.normal(size=5)
    for reduction in REDUCTIONS:
        expected = F.cross_entropy(*tensors(logits, np.array(3)), reduction=reduction)
        agree(losses.cross_entropy(logits, np.array(3), reduction=reduction), expected)


@pytest.mark.parametrize("weighted", [True, False])
@pytest.mark.parametrize("smoothing", [0.0, 0.2])
def test_cross_entropy_derivatives(weighted: bool, smoothing: float, rng) -> None:
    logits, v = rng.normal(size=(2, 6, 5))
    logits[0] *= 1000.0
    labels = np.array([0, 1, 2, -100, 4, 4])
    weight = rng.uniform(0.5, 2.0, size=5) if weighted else None

    def loss(z: Any) -> Any:
        options = {"weight": tensor(weight), "reduction": "sum", "label_smoothing": smoothing}
        return F.cross_entropy(z, tensor(labels), **options)

    z = tensor(logits, grad=True)
    loss(z).backward()
    agree(losses.sparse_cross_entropy_partials(logits, labels, smoothing, weight), z.grad)
    curvature = torch.autograd.functional.hvp(loss, tensor(logits), tensor(v))[1]
    agree(losses.sparse_cross_entropy_curvature(logits, labels, v, smoothing, weight), curvature)


def test_labels_must_be_classes() -> None:
    for wrong in (5, -1):
        with pytest.raises(IndexError, match="a label is not one of the 5 classes"):
            losses.cross_entropy(np.zeros((2, 5)), np.array([0, wrong]))
    with pytest.raises(ValueError, match="3 labels for 2 rows"):
        losses.cross_entropy(np.zeros((2, 5)), np.array([0, 1, 2]))
    with pytest.raises(ValueError, match="neither labels nor probabilities"):
        losses.cross_entropy(np.zeros((2, 5, 3, 3)), np.zeros((2, 3), np.int64))


@pytest.mark.parametrize("reduction", [*REDUCTIONS, "batchmean"])
@pytest.mark.filterwarnings("ignore:reduction")
def test_kl_divergence(reduction: str, rng) -> None:
    log_p, q = log_softmax(rng.normal(size=(4, 5))), softmax(rng.normal(size=(4, 5)))
    log_q = np.log(q)
    q[0, 0] = 0.0
    agree(losses.kl_divergence(log_p, q, None, reduction), F.kl_div(*tensors(log_p, q), reduction=reduction))
    mine = losses.kl_divergence(log_p, log_q, None, reduction, log_target=True)
    agree(mine, F.kl_div(*tensors(log_p, log_q), reduction=reduction, log_target=True))


# ---- embeddings ----


@pytest.mark.parametrize("reduction", REDUCTIONS)
def test_cosine_embedding(reduction: str, rng) -> None:
    a, b = rng.normal(size=(2, 6, 5))
    b[0] = 0.0
    sign = np.array([1, -1, 1, -1, 1, -1])
    expected = F.cosine_embedding_loss(*tensors(a, b, sign), 0.2, reduction=reduction)
    agree(losses.cosine_embedding(a, b, sign, 0.2, None, reduction), expected)


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("p", [1.0, 2.0, 3.0])
@pytest.mark.parametrize("swap", [True, False])
def test_triplet_margin(reduction: str, p: float, swap: bool, rng) -> None:
    anchor, near, far = rng.normal(size=(3, 6, 5))
    expected = F.triplet_margin_loss(*tensors(anchor, near, far), 1.0, p, swap=swap, reduction=reduction)
    agree(losses.triplet_margin(anchor, near, far, 1.0, p, None, reduction, swap=swap), expected)


# ---- sequences ----


@pytest.fixture
def speech(rng) -> tuple:
    """Log-probabilities of 6 classes in 12 steps, labels with repeats, one sample without labels, one too long."""
    log_probs, labels = log_softmax(rng.normal(size=(12, 4, 6))), rng.integers(1, 6, size=(4, 5))
    labels[0], labels[3] = 3, 2
    return log_probs, labels, np.array([12, 10, 12, 5]), np.array([5, 3, 0, 5])


@pytest.mark.parametrize("reduction", REDUCTIONS)
@pytest.mark.parametrize("zero_infinity", [True, False])
def test_ctc(reduction: str, zero_infinity: bool, speech) -> None:
    log_probs, labels, steps, counts = speech
    expected = F.ctc_loss(*tensors(log_probs, labels), tuple(steps), tuple(counts), 0, reduction, zero_infinity)
    agree(losses.ctc(*speech, 0, None, reduction, zero_infinity), expected)
    row = np.concatenate([label[:n] for label, n in zip(labels, counts)])
    agree(losses.ctc(log_probs, row, steps, counts, 0, None, reduction, zero_infinity), expected)


def test_ctc_with_another_blank(rng) -> None:
    log_probs, labels = log_softmax(rng.normal(size=(9, 2, 5))), rng.integers(0, 4, size=(2, 3))
    args = (*tensors(log_probs, labels), (9, 8), (3, 2), 4, "none")
    agree(losses.ctc(log_probs, labels, np.array([9, 8]), np.array([3, 2]), 4, None, "none"), F.ctc_loss(*args))


def test_ctc_gradient_reaches_the_logits(speech) -> None:
    _, labels, steps, counts = speech
    z = tensor(np.random.default_rng(5).normal(size=(12, 4, 6)), grad=True)
    log_probs = F.log_softmax(z, -1)
    F.ctc_loss(log_probs, tensor(labels), tuple(steps), tuple(counts), 0, "sum", True).backward()
    g = ctc.ctc_partials(log_probs.detach().numpy(), labels, steps, counts, 0, True)
    agree(g - np.exp(log_probs.detach().numpy()) * g.sum(-1, keepdims=True), z.grad)


def test_ctc_posteriors_add_up_to_one_in_each_step(speech) -> None:
    log_probs, labels, steps, counts = speech
    total = ctc.ctc_partials(log_probs, labels, steps, counts, 0, True).sum(axis=2)
    expected = -1.0 * (np.arange(12)[:, None] < steps)
    expected[:, 3] = 0.0  # the labelling that does not fit
    np.testing.assert_allclose(total, expected, atol=1e-12)


def test_ctc_at_extreme_log_probabilities(rng) -> None:
    log_probs = log_softmax(1000.0 * rng.normal(size=(8, 2, 4)))
    args = (log_probs, np.array([[1, 2], [3, 3]]), np.array([8, 8]), np.array([2, 2]))
    assert np.isfinite(losses.ctc(*args))
    assert np.isfinite(ctc.ctc_partials(*args)).all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"labels": np.array([[7, 1]])}, "a label is not one of the 4 classes"),
        ({"label_lengths": np.array([3])}, "do not hold the label_lengths"),
        ({"input_lengths": np.array([6])}, "not within the 5 steps"),
        ({"input_lengths": np.array([5, 5])}, "do not fit a batch of 1"),
        ({"labels": np.array([1, 2, 3])}, "neither"),
        ({"blank": 4}, "blank=4"),
    ],
)
def test_ctc_names_what_does_not_fit(change: dict, message: str) -> None:
    good = {
        "log_probs": log_softmax(np.zeros((5, 1, 4))),
        "labels": np.array([[1, 2]]),
        "input_lengths": np.array([5]),
        "label_lengths": np.array([2]),
    }
    with pytest.raises(ValueError, match=message):
        losses.ctc(**{**good, **change})


# ---- all of them ----

ALL = {
    "mse": losses.mse,
    "mae": losses.mae,
    "huber": losses.huber,
    "log_cosh": losses.log_cosh,
    "hinge": losses.hinge,
    "binary_cross_entropy": lambda p, t, **k: losses.binary_cross_entropy(np.clip(p, 0.1, 0.9), t, **k),
    "binary_cross_entropy_with_logits": losses.binary_cross_entropy_with_logits,
    "cross_entropy": losses.cross_entropy,
    "kl_divergence": losses.kl_divergence,
    "cosine_embedding": lambda p, t, **k: losses.cosine_embedding(p, t, np.ones(3), **k),
    "triplet_margin": lambda p, t, **k: losses.triplet_margin(p, t, t + 1, **k),
}


@pytest.mark.parametrize("name", ALL)
def test_float32_stays_and_a_reduction_must_exist(name: str, rng) -> None:
    prediction, target = rng.uniform(0.1, 0.9, size=(2, 3, 4)).astype(np.float32)
    for reduction in REDUCTIONS:
        assert ALL[name](prediction, target, reduction=reduction).dtype == np.float32
    with pytest.raises(ValueError, match="'avg' is not one of"):
        ALL[name](prediction, target, reduction="avg")


@pytest.mark.parametrize("name", [n for n in ALL if n not in ("cross_entropy", "triplet_margin")])
def test_a_target_of_another_rank_is_an_error(name: str) -> None:
    with pytest.raises(ValueError, match=r"target \(3,\) does not fit prediction \(3, 1\)"):
        ALL[name](np.full((3, 1), 0.5), np.full(3, 0.5))


@pytest.mark.parametrize("name", [n for n in ALL if n not in ("cosine_embedding", "triplet_margin")])
@pytest.mark.parametrize(
    ("predicted", "wanted"), [((4, 10), (4, 9)), ((4, 3), (4, 1)), ((1, 3), (4, 3)), ((2, 5, 6), (3, 5, 4))]
)
def test_a_target_of_another_shape_is_an_error(name: str, predicted: tuple, wanted: tuple) -> None:
    """Also where NumPy would broadcast, or where both have as many rows of classes."""
    with pytest.raises(ValueError) as caught:
        ALL[name](np.full(predicted, 0.5), np.full(wanted, 0.5))
    assert str(caught.value) == f"{name}: target {wanted} does not fit prediction {predicted}"


@pytest.mark.parametrize("name", [n for n in ALL if n not in ("cross_entropy", "cosine_embedding", "triplet_margin")])
def test_a_weight_makes_no_more_losses(name: str, rng) -> None:
    """(n,) beside (n, 1) would; (n, 1) beside (n, m) weighs rows."""
    prediction, target = rng.uniform(0.1, 0.9, size=(2, 4, 1))
    with pytest.raises(ValueError, match=r"weight \(4,\) does not fit losses of shape \(4, 1\)"):
        ALL[name](prediction, target, weight=np.ones(4))
    prediction, target = rng.uniform(0.1, 0.9, size=(2, 4, 3))
    rows = rng.uniform(size=(4, 1))
    wide = ALL[name](prediction, target, weight=rows * np.ones((4, 3)))
    np.testing.assert_allclose(ALL[name](prediction, target, weight=rows), wide, rtol=1e-14)


@pytest.mark.parametrize("name", ["mse", "mae", "huber", "log_cosh", "hinge", "binary_cross_entropy"])
def test_a_target_may_be_one_number(name: str, rng) -> None:
    prediction = rng.uniform(0.1, 0.9, size=(3, 2))
    assert ALL[name](prediction, 0.25) == ALL[name](prediction, np.full((3, 2), 0.25))


def test_float32_labels_and_ctc(rng) -> None:
    logits = rng.normal(size=(6, 5)).astype(np.float32)
    weight = np.ones(5, np.float32)
    for reduction, smoothing, w in itertools.product(REDUCTIONS, (0.0, 0.1), (None, weight)):
        value = losses.cross_entropy(logits, np.array([0, 1, 2, 3, 4, -100]), smoothing, w, reduction)
        assert value.dtype == np.float32
    log_probs = log_softmax(rng.normal(size=(6, 1, 4)).astype(np.float32))
    for reduction in REDUCTIONS:
        one = (np.array([[1, 2]]), np.array([6]), np.array([2]))
        assert losses.ctc(log_probs, *one, reduction=reduction).dtype == np.float32
        assert ctc.ctc_partials(log_probs, *one).dtype == np.float32
