"""recompute: what an iteration reads or adds cheaply is not recorded; what costs more, or changes, is."""

import numpy as np
import pytest

import srcad


def read_again(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        w = v * 2.0 - x[k]
        s += w * w * v
    return s


def divided(x, y):
    s = 0.0
    for k in range(len(x)):
        q = x[k] / y[k]
        s += q * q
    return s


def overwritten(x, y):
    s = 0.0
    for k in range(len(x)):
        v = y[k]
        s += x[k] * v * v
        y[k] = s
    return s


@pytest.mark.parametrize(
    "f, recorded",
    [(read_again, []), (divided, ["q_saved"]), (overwritten, ["v_saved"])],
    ids=lambda p: getattr(p, "__name__", ""),
)
def test_what_is_recorded(f, recorded):
    text = srcad.differentiate(f, argnums=(0, 1), backend="numpy").source_for(np.ones(3), np.ones(3))
    found = [word for word in ("v_saved", "w_saved", "q_saved") if word in text]
    assert found == recorded
