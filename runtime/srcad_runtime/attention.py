"""Scaled dot-product attention (Vaswani et al., 2017)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from srcad_runtime.activations import softmax

Array = NDArray[Any]


def scaled_dot_product_attention(
    q: Array, k: Array, v: Array, attn_mask: Array | None = None, is_causal: bool = False
) -> Array:
    """``softmax(q @ k.T / sqrt(e) + mask) @ v``.

    Shapes: q (..., l, e), k (..., s, e), v (..., s, f), attn_mask broadcastable to (..., l, s); returns (..., l, f).
    A boolean mask is True where attention is allowed, any other is added to the scores. `is_causal` lets position i
    see positions 0 to i. A query that may see nothing gets zeros.
    """
    scores = q @ np.swapaxes(k, -1, -2) * q.shape[-1] ** -0.5
    if attn_mask is None and not is_causal:
        return softmax(scores, axis=-1) @ v
    allowed = np.ones((q.shape[-2], k.shape[-2]), np.bool_)
    if is_causal:
        allowed = np.tril(allowed)
    if attn_mask is not None and attn_mask.dtype == np.bool_:
        allowed = allowed & attn_mask
    elif attn_mask is not None:
        scores = scores + attn_mask
    return masked_softmax(scores, allowed) @ v


def masked_softmax(scores: Array, allowed: Array) -> Array:
    """`softmax` over the last axis among what is allowed: zero elsewhere, and zero where nothing is allowed.

    Shapes: scores (..., s), allowed boolean and broadcastable to it; returns scores' shape. A score of -inf is not
    allowed either.
    """
    scores = np.where(allowed, scores, -np.inf)
    top = np.max(scores, axis=-1, keepdims=True)
    e = np.exp(scores - np.where(top == -np.inf, 0.0, top))
    total = np.sum(e, axis=-1, keepdims=True)
    return e / np.where(total == 0.0, 1.0, total)
