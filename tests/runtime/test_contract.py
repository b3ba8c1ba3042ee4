"""Names, arguments and defaults that others rely on: optax's for optimizers and schedules, torch's for functions."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest
from srcad_runtime import callbacks, checkpoints, data, functional, losses, optimizers, schedules, scipy_bridge
from srcad_runtime.training import Trainer

OPTIMIZERS = """sgd rmsprop adagrad adadelta adam amsgrad adamw nadam lamb lion radam clip clip_by_global_norm
add_decayed_weights ema apply_if_finite MultiSteps""".split()
SCHEDULES = """constant_schedule exponential_decay cosine_decay_schedule warmup_cosine_decay_schedule
piecewise_constant_schedule linear_schedule polynomial_schedule cosine_onecycle_schedule""".split()


def arguments(f: Callable[..., Any]) -> list[tuple[str, Any, Any]]:
    """Name, default and kind of each parameter."""
    return [(p.name, p.default, p.kind) for p in inspect.signature(f).parameters.values() if p.name != "self"]


@pytest.mark.parametrize("name", OPTIMIZERS + SCHEDULES)
def test_optax_has_the_same_arguments(name: str) -> None:
    optax = pytest.importorskip("optax")
    ours = getattr(schedules if name in SCHEDULES else optimizers, name)
    for mine, theirs in zip(arguments(ours), arguments(getattr(optax, name)), strict=True):
        assert mine[0] == theirs[0] and mine[2] == theirs[2]
        assert mine[1] == theirs[1] or str(mine[1]) == str(theirs[1])


def spelt(f: Callable[..., Any]) -> str:
    """The signature without annotations: ``(x, p=0.5)``."""
    signature = inspect.signature(f)
    bare = [p.replace(annotation=inspect.Parameter.empty) for p in signature.parameters.values() if p.name != "self"]
    return str(signature.replace(parameters=bare, return_annotation=inspect.Signature.empty))


FUNCTIONS = {
    functional: {
        "linear": "(x, weight, bias=None)",
        "embedding": "(indices, weight, padding_idx=None)",
        "conv1d": "(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)",
        "conv2d": "(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1)",
        "conv_transpose2d": "(x, weight, bias=None, stride=1, padding=0, dilation=1, groups=1, output_padding=0)",
        "max_pool2d": "(x, kernel_size, stride=None, padding=0, dilation=1, ceil_mode=False)",
        "avg_pool2d": "(x, kernel_size, stride=None, padding=0, ceil_mode=False, count_include_pad=True)",
        "adaptive_avg_pool2d": "(x, output_size)",
        "layer_norm": "(x, normalized_shape, weight=None, bias=None, eps=1e-05)",
        "batch_norm": "(x, running_mean, running_var, weight=None, bias=None, training=False, momentum=0.1, eps=1e-05)",
        "group_norm": "(x, num_groups, weight=None, bias=None, eps=1e-05)",
        "dropout": "(x, p=0.5, training=True, rng=None)",
        "relu": "(x)",
        "leaky_relu": "(x, negative_slope=0.01)",
        "elu": "(x, alpha=1.0)",
        "gelu": "(x, approximate='none')",
        "silu": "(x)",
        "softplus": "(x, beta=1.0, threshold=20.0)",
        "sigmoid": "(x)",
        "softmax": "(x, axis=-1)",
        "log_softmax": "(x, axis=-1)",
        "scaled_dot_product_attention": "(q, k, v, attn_mask=None, is_causal=False)",
    },
    losses: {
        "mse": "(prediction, target, weight=None, reduction='mean')",
        "mae": "(prediction, target, weight=None, reduction='mean')",
        "huber": "(prediction, target, delta=1.0, weight=None, reduction='mean')",
        "log_cosh": "(prediction, target, weight=None, reduction='mean')",
        "binary_cross_entropy": "(prediction, target, weight=None, reduction='mean')",
        "binary_cross_entropy_with_logits": "(prediction, target, weight=None, reduction='mean', pos_weight=None)",
        "cross_entropy": "(logits, target, label_smoothing=0.0, weight=None, reduction='mean', ignore_index=-100)",
        "kl_divergence": "(prediction, target, weight=None, reduction='mean', log_target=False)",
        "hinge": "(prediction, target, margin=1.0, weight=None, reduction='mean')",
        "cosine_embedding": "(x1, x2, target, margin=0.0, weight=None, reduction='mean')",
        "triplet_margin": (
            "(anchor, positive, negative, margin=1.0, p=2.0, weight=None, reduction='mean', eps=1e-06, swap=False)"
        ),
        "ctc": (
            "(log_probs, labels, input_lengths, label_lengths, blank=0, weight=None, reduction='mean', "
            "zero_infinity=False)"
        ),
    },
    Trainer: {
        "__init__": (
            "(model, params, loss, optimizer, metrics=(), backend='auto', *, state=None, check_nan=False, "
            "value_and_grad=None)"
        ),
        "fit": (
            "(x, y=None, validation_data=None, epochs=1, batch_size=32, callbacks=(), seed=0, verbose='auto', *, "
            "shuffle=True)"
        ),
        "evaluate": "(x, y=None, batch_size=32)",
        "predict": "(x, batch_size=32)",
        "summary": "()",
        "save": "(path)",
        "restore": "(path)",
    },
    data: {"batches": "(arrays, batch_size, shuffle=True, seed=0, drop_last=False)"},
    checkpoints: {"save": "(path, tree, **metadata)", "load": "(path, like=None)"},
    scipy_bridge: {"minimize": "(loss, params, args=(), method='L-BFGS-B', *, backend='auto', **options)"},
}


@pytest.mark.parametrize(("home", "name"), [(home, name) for home in FUNCTIONS for name in FUNCTIONS[home]])
def test_signature(home: Any, name: str) -> None:
    assert spelt(getattr(home, name)) == FUNCTIONS[home][name]


@pytest.mark.parametrize(
    "name", [name for name in FUNCTIONS[functional] if name not in ("embedding", "conv_transpose2d")]
)
def test_torch_has_these_arguments_in_this_order(name: str) -> None:
    """Where torch tells them; it says `input` for x, `dim` for axis, `query` for q."""
    T = pytest.importorskip("torch.nn.functional")
    theirs = getattr(T, name)
    try:
        names = [p for p, default, _ in arguments(theirs) if p not in ("args", "kwargs")]
    except ValueError:
        line = " ".join((theirs.__doc__ or "").split("->")[0].split())
        names = [word.split("=")[0].strip() for word in line.partition("(")[2].rstrip(") ").split(",")]
    translated = {"input": "x", "dim": "axis", "query": "q", "key": "k", "value": "v"}
    known = [translated.get(word, word) for word in names if word]
    ours = [p for p, _, _ in arguments(getattr(functional, name))]
    both = [word for word in known if word in ours]
    assert [word for word in ours if word in known] == both
    assert not known or both


def test_callbacks_have_keras_names() -> None:
    names = "EarlyStopping ModelCheckpoint LearningRateScheduler ReduceLROnPlateau CSVLogger TensorBoard TerminateOnNaN"
    for name in (*names.split(), "LambdaCallback", "Callback"):
        assert inspect.isclass(getattr(callbacks, name))
    assert schedules.ReduceLROnPlateau is callbacks.ReduceLROnPlateau
