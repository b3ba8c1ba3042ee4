# Derivative of softmax_cross_entropy, written by srcad.

import numpy as np
from srcad_runtime import add_at, tie_share


def softmax_cross_entropy_grad(logits, labels, out_bar=1.0):
    """Return softmax_cross_entropy(...) and its derivative with respect to logits.

    Shapes: logits (n, m), labels (5,).
    """
    # ---- forward sweep ----
    if labels.shape[0] != 5:
        raise ValueError("softmax_cross_entropy: shapes unlike those in the docstring")
    max2 = logits.max(axis=1, keepdims=True)
    shifted = logits - max2
    exp = np.exp(shifted)
    sum2 = exp.sum(axis=1, keepdims=True)
    log_p = shifted - np.log(sum2)
    out = -np.mean(log_p[np.arange(5), labels])

    # ---- reverse sweep ----
    # L4  return -np.mean(log_p[np.arange(5), labels])
    log_p_bar = np.zeros_like(log_p)
    add_at(log_p_bar, (np.arange(5), labels), -out_bar / labels.size)
    # L3  log_p = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    shifted_bar = log_p_bar.copy()
    sum2_bar = (-log_p_bar).sum(axis=1, keepdims=True) / sum2
    exp_bar = np.zeros_like(exp)
    exp_bar += sum2_bar
    shifted_bar += exp_bar * exp
    # L2  shifted = logits - np.max(logits, axis=1, keepdims=True)
    logits_bar = shifted_bar.copy()
    max2_bar = (-shifted_bar).sum(axis=1, keepdims=True)
    logits_bar += max2_bar * tie_share(logits, max2, 1)
    return out, logits_bar
