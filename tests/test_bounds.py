"""Index ranges: which programs are proven to stay inside their arrays, and which are not."""

from __future__ import annotations

import numpy as np
import pytest

from srcad import bounds
from tests.transforms.lowered import primal

X, W = np.ones(5), np.ones((3, 4))
ARGS = {"x": X, "w": W, "n": 5, "i": 2, "idx": np.array([0, 2, 1])}


def in_range(body: str) -> bool:
    """Whether the accesses of a function body, over `ARGS`, are proven."""
    lines = "\n".join("    " + line for line in body.splitlines())
    used = [name for name in ARGS if f"{name}" in body]
    text = f"import numpy as np\n\ndef f({', '.join(used)}):\n    s = 0.0\n{lines}\n    return s\n"
    return bounds.in_range(primal(text, tuple(ARGS[name] for name in used)))


@pytest.mark.parametrize(
    "body",
    [
        "for k in range(x.shape[0]):\n    s += x[k]",
        "for k in range(len(x)):\n    s += x[k]",
        "for k in range(1, x.shape[0] - 1):\n    s += x[k - 1] + x[k + 1]",
        "for k in range(x.shape[0] - 1, -1, -1):\n    s += x[k]",
        "for k in range(x.shape[0] - 2, 0, -1):\n    s += x[k - 1] * x[k + 1]",
        "for k in range(x.shape[0]):\n    s += x[x.shape[0] - 1 - k]",
        "for k in range(w.shape[0]):\n    for j in range(w.shape[1]):\n        s += w[k, j]",
        "for k in range(x.shape[0]):\n    for j in range(k):\n        s += x[j]",
        "for k in range(x.shape[0]):\n    x[k] = s",
        "s += x[1:3].sum() + x[...].sum()",
        "for k in range(w.shape[1]):\n    s += w[..., k].sum()",
        "for k in range(x.shape[0] // 2):\n    s += x[2 * k] + x[2 * k + 1]",
        "for k in range((x.shape[0] + 1) // 2):\n    s += x[2 * k]",
        "for k in range((x.shape[0] - 1) // 2):\n    s += x[2 * k + 2]",
        "for k in range(x.shape[0] // 3 - 1):\n    s += x[3 * k + 5]",
    ],
)
def test_proven(body: str) -> None:
    assert in_range(body)


@pytest.mark.parametrize(
    "body",
    [
        "for k in range(x.shape[0]):\n    s += x[k + 1]",
        "for k in range(x.shape[0]):\n    s += x[k - 1]",
        "for k in range(x.shape[0] + 1):\n    s += x[k]",
        "for k in range(-1, x.shape[0]):\n    s += x[k]",
        "for k in range(x.shape[0], -1, -1):\n    s += x[k]",
        "for k in range(x.shape[0] - 1, -2, -1):\n    s += x[k]",
        "for k in range(x.shape[0]):\n    s += x[x.shape[0] - k]",
        "for k in range(0, x.shape[0], 2):\n    s += x[k + 1]",
        "for k in range(0, x.shape[0], 2):\n    s += x[x.shape[0] - k]",
        "items = [s]\nfor k in range(n):\n    items.append(s)\nfor k in range(n):\n    s += items[k]",
        "for k in range(w.shape[0]):\n    s += w[0, k]",
        "for k in range(w.shape[1]):\n    for j in range(w.shape[0]):\n        s += w[k, j]",
        "for k in range(n):\n    s += x[k]",
        "for k in range(idx.shape[0]):\n    s += x[idx[k]]",
        "s += x[i]",
        "s += x[0]",
        "x[i] = s",
        "if np.sum(x) > 1.0:\n    s += x[i]",
        "if np.sum(x) > 1.0:\n    s += 1.0\nelse:\n    s += x[i]",
        "while s < 1.0:\n    s += x[i]",
        "for k in range(x.shape[0]):\n    s += x[k]\n    for j in range(k + 2):\n        s += x[j]",
        "with np.errstate(all='ignore'):\n    s += x[i]",
        "while s + x[i] < 1.0:\n    s += 2.0",
        "for k in range(w.shape[0]):\n    s += w[..., k].sum()",
        "for k in range(x.shape[0] // 2 + 1):\n    s += x[2 * k]",
        "for k in range((x.shape[0] + 1) // 2):\n    s += x[2 * k + 1]",
        "for k in range(x.shape[0] // 2):\n    s += x[3 * k]",
        "for k in range((x.shape[0] - 3) // 2, x.shape[0]):\n    s += x[k]",
        "for k in range(x.shape[0]):\n    s += x[2 * (x.shape[0] // 2) - x.shape[0] + k]",
        "for k in range(x.shape[0] // n):\n    s += x[k]",
    ],
)
def test_not_proven(body: str) -> None:
    assert not in_range(body)
