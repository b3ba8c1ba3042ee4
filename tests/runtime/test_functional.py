"""srcad_runtime.functional has torch.nn.functional's values, types and errors."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from srcad_runtime import activations, convolution, functional, normalization, pooling

from tests.runtime.torch_values import agree, tensor, tensors, torch

F = pytest.importorskip("torch.nn.functional")
EXTREME = np.array([0.0, -0.0, 1.0, -1.0, 20.0001, -20.0001, 40.0, -40.0, 1000.0, -1000.0])


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture
def images(rng: np.random.Generator) -> np.ndarray:
    return rng.normal(size=(3, 4, 9, 8))


# ---- activations ----

ACTIVATIONS = [
    ("relu", {}, {}),
    ("leaky_relu", {}, {}),
    ("leaky_relu", {"negative_slope": 0.2}, {}),
    ("elu", {}, {}),
    ("elu", {"alpha": 0.7}, {}),
    ("gelu", {}, {}),
    ("gelu", {"approximate": "tanh"}, {}),
    ("silu", {}, {}),
    ("softplus", {}, {}),
    ("softplus", {"beta": 2.0, "threshold": 5.0}, {}),
    ("sigmoid", {}, {}),
    ("softmax", {"axis": 0}, {"dim": 0}),
    ("softmax", {}, {"dim": -1}),
    ("log_softmax", {"axis": 1}, {"dim": 1}),
    ("log_softmax", {}, {"dim": -1}),
]


@pytest.mark.parametrize(("name", "options", "theirs"), ACTIVATIONS)
def test_activation(name: str, options: dict, theirs: dict, rng: np.random.Generator) -> None:
    x = np.stack([EXTREME, 3.0 * rng.normal(size=EXTREME.size)])
    f = getattr(F, name) if name != "sigmoid" else torch.sigmoid
    kept = {k: v for k, v in options.items() if k != "axis"}
    agree(getattr(functional, name)(x, **options), f(tensor(x), **kept, **theirs))


@pytest.mark.parametrize(("name", "options", "_"), ACTIVATIONS)
def test_activation_keeps_float32_and_is_finite(name: str, options: dict, _: dict) -> None:
    x = np.stack([EXTREME, EXTREME[::-1]]).astype(np.float32)
    out = getattr(functional, name)(x, **options)
    assert out.dtype == np.float32
    assert np.isfinite(out).all()


def test_sigmoid_is_accurate_in_its_tail() -> None:
    np.testing.assert_allclose(functional.sigmoid(np.array([-700.0])), np.exp(-700.0), rtol=1e-14)


@pytest.mark.parametrize("approximate", ["none", "tanh"])
def test_gelu_partial(approximate: str) -> None:
    x = tensor(np.concatenate([EXTREME, np.linspace(-6, 6, 25)]), grad=True)
    F.gelu(x, approximate=approximate).sum().backward()
    agree(activations.gelu_partial(x.detach().numpy(), approximate), x.grad)


# ---- linear, embedding, dropout ----


@pytest.mark.parametrize("shape", [(5,), (3, 5), (2, 3, 5)])
@pytest.mark.parametrize("bias", [True, False])
def test_linear(shape: tuple, bias: bool, rng: np.random.Generator) -> None:
    x, w, b = rng.normal(size=shape), rng.normal(size=(4, 5)), rng.normal(size=4) if bias else None
    agree(functional.linear(x, w, b), F.linear(*tensors(x, w, b)))


def test_linear_names_what_does_not_fit() -> None:
    with pytest.raises(ValueError, match=r"linear: x \(2, 3\) has 3 features, weight \(4, 5\) takes 5"):
        functional.linear(np.ones((2, 3)), np.ones((4, 5)))
    with pytest.raises(ValueError, match=r"linear: bias \(3,\) does not fit weight \(4, 5\)"):
        functional.linear(np.ones((2, 5)), np.ones((4, 5)), np.ones(3))


@pytest.mark.parametrize("indices", [np.array([2, 0, 2, 5]), np.array([[1, 1], [3, 2]]), np.zeros(0, np.int64)])
@pytest.mark.parametrize("padding", [None, 2])
def test_embedding(indices: np.ndarray, padding: int | None, rng: np.random.Generator) -> None:
    table = tensor(rng.normal(size=(6, 3)), grad=True)
    out = F.embedding(tensor(indices), table, padding)
    weight = table.detach().numpy()
    agree(functional.embedding(indices, weight, padding), out)
    g = rng.normal(size=out.shape)
    out.backward(tensor(g))
    agree(functional.embedding_pullback(indices, weight, g, padding), table.grad)


def test_embedding_pullback_counts_an_index_from_the_end_with_its_row() -> None:
    bar = functional.embedding_pullback(np.array([2, -1, 0]), np.zeros((3, 1)), np.ones((3, 1)))
    np.testing.assert_array_equal(bar, [[1.0], [0.0], [2.0]])


def test_dropout(rng: np.random.Generator) -> None:
    x = np.ones((200, 50), np.float32)
    out = functional.dropout(x, 0.25, True, rng)
    assert out.dtype == np.float32
    assert set(np.unique(out)) == {np.float32(0.0), np.float32(1.0 / 0.75)}
    assert abs((out == 0.0).mean() - 0.25) < 0.02
    np.testing.assert_array_equal(out, functional.dropout(x, 0.25, True, np.random.default_rng(0)))
    assert functional.dropout(x, 0.25, training=False) is x
    assert not functional.dropout(x, 1.0, True, rng).any()
    np.random.seed(0)
    assert 0.0 < functional.dropout(x).mean() < 2.0
    with pytest.raises(ValueError, match="dropout: p is a probability, not 1.5"):
        functional.dropout(x, 1.5)


# ---- convolutions ----

CONVOLUTIONS = [
    ((3, 3), 1, 0, 1, 1),
    ((3, 2), 2, 1, 1, 2),
    ((2, 3), (2, 1), (0, 2), (1, 2), 4),
    ((4, 3), 1, "same", 2, 1),
    ((1, 1), 1, "valid", 1, 1),
    ((1, 1), 3, 0, 1, 1),
]


@pytest.mark.parametrize(("kernel", "stride", "padding", "dilation", "groups"), CONVOLUTIONS)
@pytest.mark.filterwarnings("ignore:Using padding='same'")
def test_conv2d_and_its_pullbacks(kernel, stride, padding, dilation, groups, images, rng) -> None:
    options = (stride, padding, dilation, groups)
    w, b = rng.normal(size=(8, 4 // groups, *kernel)), rng.normal(size=8)
    x_, w_ = tensor(images, grad=True), tensor(w, grad=True)
    out = F.conv2d(x_, w_, tensor(b), *options)
    agree(functional.conv2d(images, w, b, *options), out)
    g = rng.normal(size=out.shape)
    out.backward(tensor(g))
    agree(convolution.conv2d_input_pullback(w, g, images.shape[2:], *options), x_.grad)
    agree(convolution.conv2d_weight_pullback(images, g, kernel, *options), w_.grad)


@pytest.mark.parametrize(("stride", "padding", "dilation", "groups"), [(1, 0, 1, 1), (2, 1, 2, 2), (1, "same", 1, 4)])
def test_conv1d(stride, padding, dilation, groups, images, rng) -> None:
    x, w, b = images[:, :, 0], rng.normal(size=(8, 4 // groups, 3)), rng.normal(size=8)
    options = (stride, padding, dilation, groups)
    agree(functional.conv1d(x, w, b, *options), F.conv1d(*tensors(x, w, b), *options))


@pytest.mark.parametrize(
    ("stride", "padding", "dilation", "groups", "extra"),
    [(1, 0, 1, 1, 0), (2, 1, 1, 2, 1), ((3, 2), (1, 0), (1, 2), 4, (1, 0))],
)
def test_conv_transpose2d(stride, padding, dilation, groups, extra, images, rng) -> None:
    w, b = rng.normal(size=(4, 2, 3, 2)), rng.normal(size=2 * groups)
    mine = functional.conv_transpose2d(images, w, b, stride, padding, dilation, groups, extra)
    agree(mine, F.conv_transpose2d(*tensors(images, w, b), stride, padding, extra, groups, dilation))


def test_convolutions_keep_float32(images, rng) -> None:
    x, w = images.astype(np.float32), rng.normal(size=(4, 4, 3, 3)).astype(np.float32)
    assert functional.conv2d(x, w, w[:, 0, 0, 0], 2, 1).dtype == np.float32
    assert functional.conv_transpose2d(x, w, w[0, :, 0, 0]).dtype == np.float32


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: functional.conv2d(np.ones((1, 3, 5, 5)), np.ones((2, 4, 3, 3))), "has 3 channels, but weight"),
        (lambda: functional.conv2d(np.ones((1, 4, 5, 5)), np.ones((3, 2, 3, 3)), groups=2), "do not divide by groups"),
        (lambda: functional.conv2d(np.ones((3, 5, 5)), np.ones((2, 3, 3, 3))), "do not have 4 axes"),
        (lambda: functional.conv2d(np.ones((1, 3, 2, 2)), np.ones((2, 3, 3, 3))), "does not fit images of"),
        (lambda: functional.conv2d(np.ones((1, 3, 5, 5)), np.ones((2, 3, 3, 3)), np.ones(3)), r"bias \(3,\)"),
        (lambda: functional.conv2d(np.ones((1, 3, 5, 5)), np.ones((2, 3, 3, 3)), None, 2, "same"), "needs stride 1"),
        (
            lambda: functional.conv2d(np.ones((1, 3, 5, 5)), np.ones((2, 3, 3, 3)), None, 1, "full"),
            "padding=full is neither",
        ),
        (lambda: functional.conv_transpose2d(np.ones((1, 3, 5, 5)), np.ones((2, 3, 3, 3))), "has 3 channels, weight"),
        (lambda: functional.max_pool2d(np.ones((1, 3, 2, 2)), 3), "kernel_size .* does not fit images"),
    ],
)
def test_what_does_not_fit_is_named(call, message) -> None:
    with pytest.raises(ValueError, match=message):
        call()


# ---- pooling ----


@pytest.mark.parametrize(
    "options",
    [(2,), (3, 2, 1), ((3, 2), (2, 1), (1, 0), 2), (3, 2, 1, 1, True), (2, 2, 0, 1, True), (3, 3, 1, 1, True), (1,)],
)
def test_max_pool2d_and_its_pullback(options, images, rng) -> None:
    x = np.round(images)  # with ties: the first one counts
    x_ = tensor(x, grad=True)
    out_ = F.max_pool2d(x_, *options)
    out = functional.max_pool2d(x, *options)
    agree(out, out_)
    g = rng.normal(size=out.shape)
    out_.backward(tensor(g))
    x_bar = pooling.max_pool2d_pullback(x, out, g, *options)
    agree(x_bar, x_.grad)
    v = rng.normal(size=x.shape)
    np.testing.assert_allclose((x_bar * v).sum(), (g * pooling.max_pool2d_pushforward(x, out, v, *options)).sum())


@pytest.mark.parametrize(
    "options",
    [
        (2,),
        (3, 2, 1),
        ((3, 2), (2, 1), (1, 0)),
        (3, 2, 1, True),
        (2, 2, 0, True),
        (3, 2, 1, True, False),
        (3, 2, 1, False, False),
    ],
)
def test_avg_pool2d_and_its_pullback(options, images, rng) -> None:
    x_ = tensor(images, grad=True)
    out_ = F.avg_pool2d(x_, *options)
    agree(functional.avg_pool2d(images, *options), out_)
    g = rng.normal(size=out_.shape)
    out_.backward(tensor(g))
    agree(pooling.avg_pool2d_pullback(g, images.shape[2:], *options), x_.grad)


@pytest.mark.parametrize("size", [1, (3, 5), (9, 8), (12, 3)])
def test_adaptive_avg_pool2d_and_its_pullback(size, images, rng) -> None:
    x_ = tensor(images, grad=True)
    out_ = F.adaptive_avg_pool2d(x_, size)
    agree(functional.adaptive_avg_pool2d(images, size), out_)
    g = rng.normal(size=out_.shape)
    out_.backward(tensor(g))
    agree(pooling.adaptive_avg_pool2d_pullback(g, images.shape[2:]), x_.grad)


# ---- normalisation ----


@pytest.mark.parametrize(("shape", "affine"), list(itertools.product([(8,), (9, 8)], [True, False])))
def test_layer_norm(shape, affine, images, rng) -> None:
    w, b = (rng.normal(size=shape), rng.normal(size=shape)) if affine else (None, None)
    agree(functional.layer_norm(images, shape, w, b), F.layer_norm(tensor(images), shape, *tensors(w, b)))
    agree(functional.layer_norm(images, 8, eps=0.1), F.layer_norm(tensor(images), (8,), eps=0.1))


def test_group_norm(images, rng) -> None:
    w, b = rng.normal(size=(2, 4))
    agree(functional.group_norm(images, 2, w, b), F.group_norm(tensor(images), 2, *tensors(w, b)))
    agree(functional.group_norm(images[..., 0], 4), F.group_norm(tensor(images[..., 0]), 4))


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("inner", [(), (5,), (9, 8)])
def test_batch_norm_and_statistics(training, inner, rng) -> None:
    x = rng.normal(size=(6, 4, *inner)) if inner else rng.normal(size=(6, 4))
    mean, var, w, b = rng.uniform(0.5, 2.0, size=(4, 4))
    mean_, var_ = tensors(mean, var)
    out = F.batch_norm(tensor(x), mean_, var_, *tensors(w, b), training)
    before = mean.copy()
    agree(functional.batch_norm(x, mean, var, w, b, training), out)
    np.testing.assert_array_equal(mean, before)
    if training:
        agree(normalization.batch_statistics(x, mean, var)[0], mean_)
        agree(normalization.batch_statistics(x, mean, var)[1], var_)


def test_norms_keep_float32(images) -> None:
    x, one = images.astype(np.float32), np.ones(4, np.float32)
    assert functional.batch_norm(x, one, one, one, one, True).dtype == np.float32
    assert functional.batch_norm(x, one, one, one, one).dtype == np.float32
    assert functional.layer_norm(x, (9, 8)).dtype == np.float32
    assert functional.group_norm(x, 2, one, one).dtype == np.float32


# ---- attention ----


@pytest.mark.parametrize("kind", ["none", "boolean", "added", "causal"])
def test_attention(kind: str, rng) -> None:
    q, k, v = rng.normal(size=(3, 2, 3, 5, 4))
    mask = None
    if kind == "boolean":
        mask = rng.uniform(size=(5, 5)) < 0.5
        mask[2] = False  # sees nothing: zeros
    if kind == "added":
        mask = rng.normal(size=(3, 5, 5))
        mask[1, 2] = -np.inf
    causal = kind == "causal"
    out = F.scaled_dot_product_attention(*tensors(q, k, v, mask), is_causal=causal)
    agree(functional.scaled_dot_product_attention(q, k, v, mask, causal), out)


def test_attention_of_other_lengths_and_float32(rng) -> None:
    q, k, v = rng.normal(size=(2, 3, 4)), rng.normal(size=(2, 6, 4)), rng.normal(size=(2, 6, 5))
    agree(functional.scaled_dot_product_attention(q, k, v), F.scaled_dot_product_attention(*tensors(q, k, v)))
    single = [a.astype(np.float32) for a in (q, k, v)]
    assert functional.scaled_dot_product_attention(*single).dtype == np.float32
    assert functional.scaled_dot_product_attention(*single, None, True).dtype == np.float32
    assert np.isfinite(functional.scaled_dot_product_attention(300.0 * q, 300.0 * k, v)).all()


# ---- imports ----


def test_nothing_heavy_is_imported_early() -> None:
    import subprocess
    import sys

    script = "import srcad_runtime, sys; assert not {'numba', 'scipy', 'srcad'} & set(sys.modules); "
    script += "srcad_runtime.unbroadcast; assert not {'numba', 'scipy', 'srcad'} & set(sys.modules); "
    script += "from srcad_runtime import functional, losses, unbroadcast; "
    script += "assert not {'numba', 'scipy.special', 'srcad'} & set(sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)
