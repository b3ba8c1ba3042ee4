"""Gradients that srcad generates through functional, losses and layers agree with torch's autograd."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from srcad_runtime import functional as F
from srcad_runtime import layers, losses

import srcad
from tests.runtime.torch_values import agree, tensor, torch

T = pytest.importorskip("torch.nn.functional")
R = np.random.default_rng(4)
IMAGES, FILTERS = R.normal(size=(2, 4, 7, 6)), R.normal(size=(6, 2, 3, 2))
X, Y = R.normal(size=(2, 4, 5))
PROBABILITIES = F.softmax(Y)
LABELS = np.array([2, 0, -100, 1])
SIGNS = np.array([1, -1, 1, -1])
EXTREME = np.array([0.5, -0.5, 2.0, -3.0, 1000.0, -1000.0])
QKV = R.normal(size=(3, 2, 3, 5, 4))
MASK = R.uniform(size=(5, 5)) < 0.7
SPEECH = F.log_softmax(R.normal(size=(8, 2, 4)))
SPOKEN, STEPS, COUNTS = np.array([[1, 1, 2], [3, 2, 3]]), np.array([8, 7]), np.array([3, 2])


# ---- models: a function of arrays for srcad, the same for torch, and the arrays ----

Case = tuple[Callable[..., Any], Callable[..., Any], tuple[Any, ...]]
CASES: dict[str, Case] = {}


def case(theirs: Callable[..., Any], *args: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    def register(mine: Callable[..., Any]) -> Callable[..., Any]:
        CASES[mine.__name__] = mine, theirs, args
        return mine

    return register


@case(lambda x: (T.relu(x) * T.elu(x) + T.leaky_relu(x, 0.2)).sum(), X)
def rectifiers(x):
    return np.sum(F.relu(x) * F.elu(x) + F.leaky_relu(x, 0.2))


@case(lambda x: (T.gelu(x) * T.silu(x) + T.gelu(x, approximate="tanh")).sum(), X)
def smooth_rectifiers(x):
    return np.sum(F.gelu(x) * F.silu(x) + F.gelu(x, "tanh"))


@case(lambda x: (T.softplus(x) + torch.sigmoid(x) * T.softplus(x, 2.0, 5.0)).sum(), X)
def sigmoids(x):
    return np.sum(F.softplus(x) + F.sigmoid(x) * F.softplus(x, 2.0, 5.0))


@case(lambda x: (T.gelu(x) + T.silu(x) + T.softplus(x) + torch.sigmoid(x) + T.elu(x)).sum(), EXTREME)
def extreme_inputs(x):
    return np.sum(F.gelu(x) + F.silu(x) + F.softplus(x) + F.sigmoid(x) + F.elu(x))


@case(lambda x, y: (T.softmax(x, 0) * y + T.log_softmax(300.0 * x, -1) * y * y).sum(), X, Y)
def softmaxes(x, y):
    return np.sum(F.softmax(x, axis=0) * y + F.log_softmax(300.0 * x) * y * y)


@case(lambda x, w, b: (T.linear(x, w, b) ** 2).sum(), R.normal(size=(2, 4, 5)), R.normal(size=(3, 5)), R.normal(size=3))
def linear(x, w, b):
    y = F.linear(x, w, b)
    return np.sum(y * y)


@case(lambda w: (T.embedding(tensor(LABELS[[0, 1, 0, 3]]), w) ** 3).sum(), R.normal(size=(4, 3)))
def embedding(w):
    rows = F.embedding(np.array([2, 0, 2, 1]), w)
    return np.sum(rows**3)


@case(lambda x, w, b: (T.conv2d(x, w, b, (2, 1), (0, 2), (1, 2), 2) ** 2).sum(), IMAGES, FILTERS, R.normal(size=6))
def conv2d(x, w, b):
    y = F.conv2d(x, w, b, (2, 1), (0, 2), (1, 2), 2)
    return np.sum(y * y)


@case(lambda x, w: (T.conv1d(x, w, None, 2, 1, 1, 2) ** 2).sum(), IMAGES[:, :, 0], FILTERS[:, :, 0])
def conv1d(x, w):
    y = F.conv1d(x, w, None, 2, 1, 1, 2)
    return np.sum(y * y)


@case(lambda x, w: (T.conv_transpose2d(x, w, None, 2, 1) ** 2).sum(), IMAGES, R.normal(size=(4, 3, 3, 2)))
def conv_transpose2d(x, w):
    y = F.conv_transpose2d(x, w, None, 2, 1)
    return np.sum(y * y)


@case(lambda x: (T.max_pool2d(x, (3, 2), 2, 1) ** 2).sum() + (T.avg_pool2d(x, 3, 2, 1) ** 2).sum(), IMAGES)
def pooling(x):
    high, mean = F.max_pool2d(x, (3, 2), 2, 1), F.avg_pool2d(x, 3, 2, 1)
    return np.sum(high * high) + np.sum(mean * mean)


@case(lambda x: (T.adaptive_avg_pool2d(x, (3, 4)) ** 2).sum() + (T.adaptive_avg_pool2d(x, 1) ** 2).sum(), IMAGES)
def adaptive_pooling(x):
    tiles, whole = F.adaptive_avg_pool2d(x, (3, 4)), F.adaptive_avg_pool2d(x, 1)
    return np.sum(tiles * tiles) + np.sum(whole * whole)


@case(lambda x, w, b, y: (T.layer_norm(x, (5,), w, b) * y).sum(), X, R.normal(size=5), R.normal(size=5), Y)
def layer_norm(x, w, b, y):
    return np.sum(F.layer_norm(x, 5, w, b) * y)


@case(lambda x, w, b: (T.group_norm(x, 2, w, b) ** 3).sum(), IMAGES, R.normal(size=4), R.normal(size=4))
def group_norm(x, w, b):
    return np.sum(F.group_norm(x, 2, w, b) ** 3)


@case(lambda x, w, b: (T.batch_norm(x, None, None, w, b, True) ** 3).sum(), IMAGES, R.normal(size=4), R.normal(size=4))
def batch_norm(x, w, b):
    return np.sum(F.batch_norm(x, None, None, w, b, True) ** 3)


@case(lambda q, k, v: (T.scaled_dot_product_attention(q, k, v) ** 2).sum(), *QKV)
def attention(q, k, v):
    out = F.scaled_dot_product_attention(q, k, v)
    return np.sum(out * out)


@case(lambda q, k, v: (T.scaled_dot_product_attention(q, k, v, tensor(MASK)) ** 2).sum(), *QKV)
def masked_attention(q, k, v):
    out = F.scaled_dot_product_attention(q, k, v, MASK)
    return np.sum(out * out)


@case(lambda p, t: T.mse_loss(p, t) + T.l1_loss(p, t) + T.huber_loss(p, t, delta=0.7), X, Y)
def regression_losses(p, t):
    return losses.mse(p, t) + losses.mae(p, t) + losses.huber(p, t, 0.7)


@case(lambda p, t: torch.log(torch.cosh(p - t)).sum(), X, Y)
def log_cosh(p, t):
    return losses.log_cosh(p, t, reduction="sum")


@case(
    lambda z, t: T.binary_cross_entropy_with_logits(1e3 * z, t) + T.binary_cross_entropy(torch.sigmoid(z), t),
    X,
    PROBABILITIES,
)
def binary_losses(z, t):
    return losses.binary_cross_entropy_with_logits(1e3 * z, t) + losses.binary_cross_entropy(F.sigmoid(z), t)


@case(lambda z: T.cross_entropy(1e3 * z, tensor(LABELS)), X)
def sparse_labels(z):
    return losses.cross_entropy(1e3 * z, LABELS)


@case(lambda z: T.cross_entropy(z, tensor(LABELS), label_smoothing=0.1, reduction="none").sum() ** 2, X)
def smoothed_labels(z):
    return np.sum(losses.cross_entropy(z, LABELS, 0.1, reduction="none")) ** 2


@case(lambda z, q: T.cross_entropy(z, q, label_smoothing=0.1), X, PROBABILITIES)
def soft_labels(z, q):
    return losses.cross_entropy(z, q, 0.1)


@case(lambda z: T.cross_entropy(z, tensor(np.arange(42).reshape(2, 21)[:, :6] % 4)), IMAGES[:, :, 0])
def labels_of_positions(z):
    return losses.cross_entropy(z, np.arange(42).reshape(2, 21)[:, :6] % 4)


@case(lambda z, q: T.kl_div(T.log_softmax(z, -1), q, reduction="sum"), X, PROBABILITIES)
def kl_divergence(z, q):
    return losses.kl_divergence(F.log_softmax(z), q, None, "sum")


@case(lambda a, b: T.cosine_embedding_loss(a, b, tensor(SIGNS)) + T.triplet_margin_loss(a, b, 2.0 * a + b), X, Y)
def embedding_losses(a, b):
    return losses.cosine_embedding(a, b, SIGNS) + losses.triplet_margin(a, b, 2.0 * a + b)


@case(lambda z: T.ctc_loss(T.log_softmax(z, -1), tensor(SPOKEN), tuple(STEPS), tuple(COUNTS)), SPEECH)
def ctc(z):
    return losses.ctc(F.log_softmax(z), SPOKEN, STEPS, COUNTS)


NAMES = list(CASES)


@pytest.mark.parametrize("name", NAMES)
def test_gradient(name: str) -> None:
    check(name, "numpy")


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_gradient_numba(name: str) -> None:
    check(name, "numba")


def check(name: str, backend: str) -> None:
    mine, theirs, args = CASES[name]
    tensors = [tensor(a, grad=True) for a in args]
    expected = theirs(*tensors)
    expected.backward()
    argnums = tuple(range(len(inspect.signature(mine).parameters)))
    value, gradients = srcad.value_and_grad(mine, argnums, backend=backend)(*args)
    agree(value, expected)
    for gradient, t in zip(gradients, tensors):
        agree(gradient, t.grad)


# ---- layers ----


def run_lstm(params, x):
    outputs, (h, c) = layers.lstm(params, x)
    return np.sum(outputs * outputs) + np.sum(h * c)


def run_gru(params, x):
    outputs, h = layers.gru(params, x)
    return np.sum(outputs * outputs) + np.sum(h)


def run_rnn(params, x):
    outputs, h = layers.rnn(params, x)
    return np.sum(outputs * outputs) + np.sum(h)


BACKENDS = ["numpy", pytest.param("numba", marks=pytest.mark.slow)]


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize(("model", "kind"), [(run_rnn, "RNN"), (run_lstm, "LSTM"), (run_gru, "GRU")])
def test_gradient_of_a_recurrent_layer(model: Callable[..., Any], kind: str, backend: str) -> None:
    params = getattr(layers, f"{kind.lower()}_init")(np.random.default_rng(0), 3, 4)
    x = R.normal(size=(6, 2, 3))
    module = getattr(torch.nn, kind)(3, 4).double()
    module.load_state_dict({f"{k}_l0": tensor(v) for k, v in params.items()})
    outputs, state = module(tensor(x))
    loss = (outputs**2).sum() + ((state[0] * state[1]).sum() if kind == "LSTM" else state.sum())
    loss.backward()
    gradient = srcad.grad(model, backend=backend)(params, x)
    for key, value in gradient.items():
        agree(value, getattr(module, f"{key}_l0").grad)


def run_transformer(params, x):
    out = layers.transformer_block(params, x, 2, None, True, True, "gelu")
    return np.sum(out * out * out)


def test_gradient_of_a_transformer_block() -> None:
    params = layers.transformer_block_init(np.random.default_rng(0), 6, 11)
    x = R.normal(size=(2, 5, 6))
    srcad.check_grads(run_transformer, (params, x), argnums=(0, 1), modes=("rev",), backend="numpy")


def run_masked_attention(params, x, allowed):
    out = layers.multi_head_attention(params, x, x, x, 3, allowed)
    return np.sum(out * out * out)


@pytest.mark.parametrize("backend", BACKENDS)
def test_gradient_of_masked_attention(backend: str) -> None:
    """Also where a query may see one place only."""
    params = layers.multi_head_attention_init(np.random.default_rng(0), 6)
    x, allowed = R.normal(size=(2, 5, 6)), MASK | np.eye(5, dtype=bool)
    allowed[0] = [True, False, False, False, False]
    module = torch.nn.MultiheadAttention(6, 3, batch_first=True).double()
    names = {"out_proj_weight": "out_proj.weight", "out_proj_bias": "out_proj.bias"}
    module.load_state_dict({names.get(k, k): tensor(v) for k, v in params.items()})
    t = tensor(x, grad=True)
    out = module(t, t, t, attn_mask=tensor(~allowed), need_weights=False)[0]
    (out**3).sum().backward()
    theirs = dict(module.named_parameters())
    gradients, x_bar = srcad.grad(run_masked_attention, (0, 1), backend=backend)(params, x, allowed)
    agree(x_bar, t.grad)
    for key, value in gradients.items():
        agree(value, theirs[names.get(key, key)].grad)


def run_batch_norm(params, state, x):
    out, state = layers.batch_norm(params, state, x, True)
    return np.sum(out**3), state


def test_batch_norm_hands_its_state_on() -> None:
    params, state = layers.batch_norm_init(4)
    gradient, following = srcad.grad(run_batch_norm, has_aux=True, backend="numpy")(params, state, IMAGES)
    expected = layers.batch_norm(params, state, IMAGES, True)[1]
    np.testing.assert_allclose(following["running_var"], expected["running_var"], rtol=1e-12)
    assert set(gradient) == {"weight", "bias"}


# ---- second order ----


def small_network(w, x):
    hidden = F.max_pool2d(F.gelu(F.conv2d(x, w, None, 1, 1)), 2)
    return losses.cross_entropy(F.adaptive_avg_pool2d(hidden, 1).reshape(2, 6), np.array([1, 4]))


def test_hessian_vector_product_through_a_network() -> None:
    w, v = R.normal(size=(2, 6, 4, 3, 3))

    def loss(w: Any) -> Any:
        hidden = T.max_pool2d(T.gelu(T.conv2d(tensor(IMAGES), w, None, 1, 1)), 2)
        return T.cross_entropy(T.adaptive_avg_pool2d(hidden, 1).reshape(2, 6), tensor(np.array([1, 4])))

    expected = torch.autograd.functional.hvp(loss, tensor(w), tensor(v))[1]
    product = srcad.hvp(small_network, (w, IMAGES), (v, None), argnums=0, backend="numpy")
    agree(product[0] if isinstance(product, tuple) else product, expected)
