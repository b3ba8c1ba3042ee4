"""srcad_runtime.layers agree with torch.nn when the weights are copied across."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from srcad_runtime import functional, layers

import srcad
from tests.runtime.torch_values import agree, tensor, tensors, torch


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(2)


def load(module: Any, params: dict[str, Any], rename: dict[str, str] | None = None) -> Any:
    """Put parameters into a torch module of float64."""
    flat = {(rename or {}).get(k, k): tensor(v) for k, v in flatten(params).items()}
    module.double().load_state_dict(flat, strict=False)
    return module


def flatten(params: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    flat = {}
    for key, value in params.items():
        flat |= flatten(value, f"{prefix}{key}.") if isinstance(value, dict) else {prefix + key: value}
    return flat


def shaken(params: dict[str, Any], rng: np.random.Generator) -> dict[str, Any]:
    """The parameters with noise on all of them, biases of zero included."""
    return {k: shaken(v, rng) if isinstance(v, dict) else v + 0.1 * rng.normal(size=v.shape) for k, v in params.items()}


# ---- starting values ----


@pytest.mark.parametrize(
    ("name", "variance"),
    [
        ("he_normal", 2 / 90),
        ("he_uniform", 2 / 90),
        ("glorot_normal", 2 / (90 + 1800)),
        ("glorot_uniform", 2 / (90 + 1800)),
        ("lecun_normal", 1 / 90),
        ("lecun_uniform", 1 / 90),
    ],
)
def test_variance(name: str, variance: float, rng) -> None:
    weight = getattr(layers, name)(rng, (200, 10, 3, 3), np.float32)
    assert weight.shape == (200, 10, 3, 3) and weight.dtype == np.float32
    assert abs(weight.mean()) < 0.02 * np.sqrt(variance) * 3
    assert abs(weight.var() / variance - 1.0) < 0.05
    again = getattr(layers, name)(np.random.default_rng(2), (200, 10, 3, 3), np.float32)
    np.testing.assert_array_equal(weight, again)


@pytest.mark.parametrize("shape", [(4, 4), (3, 5), (6, 2), (4, 2, 3, 3)])
def test_orthogonal(shape: tuple, rng) -> None:
    m = layers.orthogonal(rng, shape).reshape(shape[0], -1)
    gram = m @ m.T if m.shape[0] <= m.shape[1] else m.T @ m
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_a_vector_has_no_fans(rng) -> None:
    with pytest.raises(ValueError, match=r"a weight of shape \(3,\) has no inputs and outputs"):
        layers.he_normal(rng, (3,))


# ---- feed-forward ----


def test_dense(rng) -> None:
    params = shaken(layers.dense_init(rng, 5, 4), rng)
    x = rng.normal(size=(3, 5))
    agree(layers.dense(params, x), load(torch.nn.Linear(5, 4), params)(tensor(x)))
    plain = layers.dense_init(rng, 5, 4, bias=False, dtype=np.float32)
    assert set(plain) == {"weight"}
    assert layers.dense(plain, x.astype(np.float32)).dtype == np.float32


def test_embedding(rng) -> None:
    params = layers.embedding_init(rng, 7, 3)
    indices = np.array([[1, 2], [6, 0]])
    agree(layers.embedding(params, indices), load(torch.nn.Embedding(7, 3), params)(tensor(indices)))


def test_convolutions(rng) -> None:
    x = rng.normal(size=(2, 4, 7, 6))
    params = shaken(layers.conv2d_init(rng, 4, 6, (3, 2), groups=2), rng)
    module = torch.nn.Conv2d(4, 6, (3, 2), 2, 1, groups=2)
    agree(layers.conv2d(params, x, 2, 1, groups=2), load(module, params)(tensor(x)))
    params = shaken(layers.conv_transpose2d_init(rng, 4, 6, 3), rng)
    agree(layers.conv_transpose2d(params, x, 2), load(torch.nn.ConvTranspose2d(4, 6, 3, 2), params)(tensor(x)))
    params = shaken(layers.conv1d_init(rng, 4, 6, 3), rng)
    module = torch.nn.Conv1d(4, 6, 3, padding=1)
    agree(layers.conv1d(params, x[..., 0], padding=1), load(module, params)(tensor(x[..., 0])))
    assert layers.flatten(x).shape == (2, 168)


def test_norms(rng) -> None:
    x = rng.normal(size=(5, 4, 6))
    params = shaken(layers.norm_init(6), rng)
    agree(layers.layer_norm(params, x), load(torch.nn.LayerNorm(6), params)(tensor(x)))
    params = shaken(layers.norm_init(4), rng)
    agree(layers.group_norm(params, x, 2), load(torch.nn.GroupNorm(2, 4), params)(tensor(x)))


def test_batch_norm_returns_its_next_state(rng) -> None:
    params, state = layers.batch_norm_init(4)
    params = shaken(params, rng)
    module = load(torch.nn.BatchNorm1d(4), params)
    for _ in range(3):
        x = rng.normal(size=(5, 4, 6)) + 1.0
        before = {k: v.copy() for k, v in state.items()}
        out, following = layers.batch_norm(params, state, x, training=True)
        agree(out, module(tensor(x)))
        np.testing.assert_array_equal(state["running_var"], before["running_var"])
        state = following
    agree(state["running_mean"], module.running_mean)
    agree(state["running_var"], module.running_var)
    out, same = layers.batch_norm(params, state, x)
    agree(out, module.eval()(tensor(x)))
    assert same is state


# ---- recurrent ----


@pytest.mark.parametrize("kind", ["rnn", "gru"])
def test_recurrent_sequence_and_cell(kind: str, rng) -> None:
    params = shaken(getattr(layers, f"{kind}_init")(rng, 3, 4), rng)
    x, h = rng.normal(size=(6, 2, 3)), rng.normal(size=(2, 4))
    module = load(getattr(torch.nn, kind.upper())(3, 4), params, {k: f"{k}_l0" for k in params})
    outputs, last = module(tensor(x), tensor(h[None]))
    mine, state = getattr(layers, kind)(params, x, h)
    agree(mine, outputs)
    agree(state, last[0])
    agree(getattr(layers, kind)(params, x)[0], module(tensor(x))[0])
    agree(getattr(layers, f"{kind}_cell")(params, x[0], h), outputs[0])


def test_lstm_sequence_and_cell(rng) -> None:
    params = shaken(layers.lstm_init(rng, 3, 4), rng)
    x, h, c = rng.normal(size=(6, 2, 3)), rng.normal(size=(2, 4)), rng.normal(size=(2, 4))
    module = load(torch.nn.LSTM(3, 4), params, {k: f"{k}_l0" for k in params})
    outputs, (h_last, c_last) = module(tensor(x), (tensor(h[None]), tensor(c[None])))
    mine, (h_mine, c_mine) = layers.lstm(params, x, h, c)
    agree(mine, outputs)
    agree(h_mine, h_last[0])
    agree(c_mine, c_last[0])
    agree(layers.lstm(params, x)[0], module(tensor(x))[0])
    agree(layers.lstm_cell(params, x[0], h, c)[0], outputs[0])


def test_lstm_starts_with_an_open_forget_gate(rng) -> None:
    params = layers.lstm_init(rng, 3, 4, dtype=np.float32)
    np.testing.assert_array_equal(params["bias_ih"], np.repeat([0.0, 1.0, 0.0, 0.0], 4))
    gate = params["weight_hh"][4:8]
    np.testing.assert_allclose(gate @ gate.T, np.eye(4), atol=1e-5)
    assert layers.lstm(params, np.ones((2, 1, 3), np.float32))[0].dtype == np.float32


def test_an_input_of_the_wrong_width_is_named(rng) -> None:
    with pytest.raises(ValueError, match=r"x \(6, 2, 5\) has 5 features, weight \(16, 3\) takes 3"):
        layers.lstm(layers.lstm_init(rng, 3, 4), np.ones((6, 2, 5)))


def test_weights_of_another_layer_are_named(rng) -> None:
    with pytest.raises(ValueError, match=r"weight_hh \(16, 4\) is not that of a layer with 3 gates"):
        layers.gru(layers.lstm_init(rng, 3, 4), np.ones((6, 2, 3)))
    params = layers.gru_init(rng, 3, 4)
    params["weight_ih"] = params["weight_ih"][:8]
    with pytest.raises(ValueError, match=r"weight_ih \(8, 3\) does not fit 3 gates of 4 units"):
        layers.gru_cell(params, np.ones((2, 3)), np.ones((2, 4)))


# ---- attention ----

NAMES = {"out_proj_weight": "out_proj.weight", "out_proj_bias": "out_proj.bias"}


@pytest.mark.parametrize("mask", ["none", "boolean", "causal"])
def test_multi_head_attention(mask: str, rng) -> None:
    params = shaken(layers.multi_head_attention_init(rng, 6), rng)
    query, key = rng.normal(size=(2, 5, 6)), rng.normal(size=(2, 5, 6))
    module = load(torch.nn.MultiheadAttention(6, 3, batch_first=True), params, NAMES)
    allowed = np.tri(5) > 0 if mask == "causal" else rng.uniform(size=(5, 5)) < 0.5
    allowed[:, 0] = True
    banned = None if mask == "none" else tensor(~allowed)  # torch.nn asks for the places that are not seen
    expected = module(*tensors(query, key, key), attn_mask=banned, need_weights=False)[0]
    given = allowed if mask == "boolean" else None
    agree(layers.multi_head_attention(params, query, key, key, 3, given, mask == "causal"), expected)


def test_heads_must_divide_the_features(rng) -> None:
    params = layers.multi_head_attention_init(rng, 6)
    with pytest.raises(ValueError, match="6 features do not divide by 4 heads"):
        layers.multi_head_attention(params, *np.ones((3, 1, 2, 6)), 4)


@pytest.mark.parametrize("norm_first", [True, False])
@pytest.mark.parametrize("activation", ["relu", "gelu"])
def test_transformer_block(norm_first: bool, activation: str, rng) -> None:
    params = shaken(layers.transformer_block_init(rng, 6, 11), rng)
    x = rng.normal(size=(2, 5, 6))
    options = {"activation": activation, "norm_first": norm_first, "batch_first": True, "dropout": 0.0}
    module = torch.nn.TransformerEncoderLayer(6, 2, 11, **options)
    names = {f"self_attn.{mine}": f"self_attn.{theirs}" for mine, theirs in NAMES.items()}
    load(module, params, names)
    agree(layers.transformer_block(params, x, 2, None, False, norm_first, activation), module(tensor(x)))
    dropped = layers.transformer_block(params, x, 2, p=0.5, training=True, rng=np.random.default_rng(0))
    assert not np.allclose(dropped, layers.transformer_block(params, x, 2, p=0.5))


def test_residual(rng: Any) -> None:
    """The block of convolutions that the name is from, values and gradients as in PyTorch."""
    params = shaken({name: layers.conv2d_init(rng, 3, 3, 3) for name in ("first", "second")}, rng)
    x = rng.normal(size=(2, 3, 5, 5))

    def pair(params: Any, x: Any, padding: int) -> Any:
        h = functional.relu(layers.conv2d(params["first"], x, padding=padding))
        return layers.conv2d(params["second"], h, padding=padding)

    def loss(params: Any, x: Any) -> Any:
        return np.sum(functional.relu(layers.residual(pair, params, x, padding=1)) ** 2)

    theirs, given = {k: {n: tensor(a).requires_grad_() for n, a in p.items()} for k, p in params.items()}, tensor(x)
    conv = torch.nn.functional.conv2d
    h = torch.relu(conv(given, theirs["first"]["weight"], theirs["first"]["bias"], padding=1))
    out = given + conv(h, theirs["second"]["weight"], theirs["second"]["bias"], padding=1)
    value = (torch.relu(out) ** 2).sum()
    value.backward()
    found, gradient = srcad.value_and_grad(loss, backend="numpy")(params, x)
    agree(np.asarray(found), value)
    for name, part in gradient.items():
        for key, leaf in part.items():
            agree(leaf, theirs[name][key].grad)


def test_positional_encoding() -> None:
    encoding = layers.positional_encoding(50, 7)
    for position, k in [(0, 0), (3, 1), (49, 2), (20, 6)]:
        angle = position / 10000.0 ** (2 * (k // 2) / 7)
        expected = np.sin(angle) if k % 2 == 0 else np.cos(angle)
        assert abs(encoding[position, k] - expected) < 1e-12
    assert layers.positional_encoding(3, 4, np.float32).dtype == np.float32
